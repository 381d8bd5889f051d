//! How directory objects and other records look in the store.

use bytes::Bytes;
use jiff::Timestamp;
use model::{DirectoryObject, ObjectType};
use scim::fold::fold_key;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Key, KeyName, Kind, Object};

use crate::search::search_values;
use crate::{Error, Result};

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    deleted: Option<Timestamp>,
    attributes: Map<String, Value>,
}

#[derive(Serialize)]
struct DocumentRef<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<Timestamp>,
    attributes: &'a Map<String, Value>,
}

/// The kind under which objects of a type are stored.
pub(crate) const fn kind_of(object_type: ObjectType) -> Kind {
    match object_type {
        ObjectType::User => Kind::User,
        ObjectType::Group => Kind::Group,
    }
}

/// `user` or `group`, for messages.
pub(crate) const fn what_of(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::User => "user",
        ObjectType::Group => "group",
    }
}

/// The user or group that a stored object of [`Kind::User`] or [`Kind::Group`] is.
pub fn decode_object(object: &Object) -> Result<DirectoryObject> {
    let object_type = match object.kind {
        Kind::User => ObjectType::User,
        Kind::Group => ObjectType::Group,
        other => {
            return Err(Error::Damaged {
                what: "object",
                id: object.id,
                reason: format!("{other:?} is neither a user nor a group"),
            });
        }
    };
    let document: Document = decode_record(what_of(object_type), object)?;
    Ok(DirectoryObject {
        object_type,
        id: object.id,
        version: object.version,
        created: object.created,
        deleted: document.deleted,
        attributes: document.attributes,
    })
}

/// A record other than a user or group, from its JSON document.
pub fn decode_record<T: DeserializeOwned>(what: &'static str, object: &Object) -> Result<T> {
    serde_json::from_slice(&object.body).map_err(|error| Error::Damaged {
        what,
        id: object.id,
        reason: error.to_string(),
    })
}

/// The JSON document of a record.
pub(crate) fn encode<T: Serialize>(record: &T) -> Bytes {
    serde_json::to_vec(record).expect("records have string keys only, so they serialise").into()
}

/// The document and the keys of a user or group.
pub(crate) fn encode_object(
    object_type: ObjectType,
    attributes: &Map<String, Value>,
    deleted: Option<Timestamp>,
) -> (Bytes, Vec<Key>) {
    let body = encode(&DocumentRef { deleted, attributes });
    if let Some(at) = deleted {
        return (body, vec![Key::lookup(KeyName::DeletedAt, Key::instant(at))]);
    }
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).map(fold_key);
    let mut keys = Vec::with_capacity(6);
    let mut add = |name: KeyName, value: Option<String>| keys.extend(value.map(|it| Key::lookup(name, it)));
    add(KeyName::DisplayName, text("displayName"));
    add(KeyName::Email, text("mail"));
    add(KeyName::MailNickname, text("mailNickname"));
    if object_type == ObjectType::User {
        add(KeyName::EmployeeId, text("employeeId"));
        keys.extend(text("userPrincipalName").map(|it| Key::unique(KeyName::UserName, it)));
    }
    keys.extend(search_values(attributes).into_iter().map(|it| Key::lookup(KeyName::Search, it)));
    (body, keys)
}
