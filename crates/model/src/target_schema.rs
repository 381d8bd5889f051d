//! What is known of the attributes that a job's target has.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ObjectType;

/// An attribute or sub-attribute of the target (Graph `attributeDefinition`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetAttribute {
    /// A SCIM path: `userName`, `name.givenName`, `emails.value`, `urn:...:User:department`. One of a value of a list,
    /// `emails[type eq "work"].value`, stands for that path alone.
    pub name: String,
    /// What values it takes.
    #[serde(rename = "type", default)]
    pub kind: AttributeType,
    /// Whether it has several values.
    #[serde(default, skip_serializing_if = "is_false")]
    pub multi_valued: bool,
    /// Whether upper and lower case differ in comparison.
    #[serde(default, skip_serializing_if = "is_false")]
    pub case_exact: bool,
    /// Whether an object must have it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Who writes it.
    #[serde(default)]
    pub mutability: Mutability,
    /// The types of objects that a reference refers to: `User`, `Group`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl TargetAttribute {
    /// An attribute of which nothing but name and type is known.
    pub fn new(name: impl Into<String>, kind: AttributeType) -> Self {
        Self {
            name: name.into(),
            kind,
            multi_valued: false,
            case_exact: false,
            required: false,
            mutability: Mutability::ReadWrite,
            references: Vec::new(),
        }
    }
}

/// What values an attribute takes: Graph's `attributeType`, and the two types of SCIM that Graph has no name for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum AttributeType {
    #[default]
    String,
    Boolean,
    Integer,
    Decimal,
    DateTime,
    Reference,
    Binary,
    /// An object with sub-attributes.
    Complex,
}

/// Who writes an attribute (Graph `mutability`, RFC 7643 section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mutability {
    /// Anyone.
    #[default]
    ReadWrite,
    /// The target alone.
    ReadOnly,
    /// Whoever creates the object, once.
    Immutable,
    /// Anyone, and nobody reads it.
    WriteOnly,
}

/// How an attribute came to be known. A later one says more than an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttributeOrigin {
    /// RFC 7643 defines it: core or enterprise schema.
    Default,
    /// The target described it.
    Discovered,
    /// An administrator said so.
    Added,
}

/// Attributes of the target's users and groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TargetAttributes {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user: Vec<TargetAttribute>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<TargetAttribute>,
}

impl TargetAttributes {
    /// Those of one type of object.
    pub fn of(&self, object_type: ObjectType) -> &[TargetAttribute] {
        match object_type {
            ObjectType::User => &self.user,
            ObjectType::Group => &self.group,
        }
    }

    /// Those of one type of object, to be changed.
    pub fn of_mut(&mut self, object_type: ObjectType) -> &mut Vec<TargetAttribute> {
        match object_type {
            ObjectType::User => &mut self.user,
            ObjectType::Group => &mut self.group,
        }
    }
}

/// What is known of a target's attributes beside those that RFC 7643 defines, which every job starts with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TargetSchema {
    /// When the target was asked last, if it described itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovered_at: Option<Timestamp>,
    /// What the target said; replaced as a whole when it is asked again.
    pub discovered: TargetAttributes,
    /// What administrators said, which stands above what the target says.
    pub added: TargetAttributes,
}

impl TargetSchema {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
