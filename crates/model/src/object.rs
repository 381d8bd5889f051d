//! Users and groups of a directory.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What an object of the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ObjectType {
    /// A user.
    User,
    /// A group.
    Group,
}

/// A user or a group of a directory, with Graph's attribute names. Relations (members, manager) are not
/// attributes: they are edges.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryObject {
    /// User or group.
    pub object_type: ObjectType,
    /// Graph's `id`, Entra's `objectId`.
    pub id: Uuid,
    /// Rises with every change of the object or of the relations that start at it.
    pub version: u64,
    /// When it was created.
    pub created: Timestamp,
    /// When it was moved to the recycle bin, if it is there.
    pub deleted: Option<Timestamp>,
    /// Attributes by Graph's names; nothing is kept for an attribute without a value.
    pub attributes: Map<String, Value>,
}

impl DirectoryObject {
    /// The value of an attribute under Graph's or Entra's name for it, in any case; `None` when it has none.
    pub fn attribute(&self, name: &str) -> Option<Value> {
        attribute(&self.attributes, self.id, name)
    }

    /// A string attribute by Graph's exact name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }

    /// `accountEnabled`; an object that does not say is enabled.
    pub fn enabled(&self) -> bool {
        self.attributes.get("accountEnabled").and_then(Value::as_bool).unwrap_or(true)
    }

    /// What people call it: a user's principal name, a group's display name, else the id.
    pub fn name(&self) -> String {
        self.text("userPrincipalName")
            .or_else(|| self.text("displayName"))
            .map_or_else(|| self.id.to_string(), str::to_owned)
    }
}

fn attribute(attributes: &Map<String, Value>, id: Uuid, name: &str) -> Option<Value> {
    if let Some(value) = attributes.get(name) {
        return Some(value.clone());
    }
    let canonical = alias(name);
    match canonical {
        "id" => return Some(Value::String(id.to_string())),
        "businessPhones[0]" => {
            return attributes.get("businessPhones")?.as_array()?.first().cloned();
        }
        _ => {}
    }
    if let Some(value) = attributes.get(canonical) {
        return Some(value.clone());
    }
    attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(canonical)).map(|(_, value)| value.clone())
}

/// Graph's name for an attribute that is also known by another one (the one table for mappings, files and Graph).
/// Names without an alias come back as they are.
pub fn alias(name: &str) -> &str {
    const ALIASES: &[(&str, &str)] = &[
        ("objectId", "id"),
        ("telephoneNumber", "businessPhones[0]"),
        ("mobile", "mobilePhone"),
        ("physicalDeliveryOfficeName", "officeLocation"),
        ("facsimileTelephoneNumber", "faxNumber"),
    ];
    ALIASES.iter().find(|(from, _)| from.eq_ignore_ascii_case(name)).map_or(name, |(_, to)| to)
}
