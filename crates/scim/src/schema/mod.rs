//! Schemas: attributes and their characteristics (RFC 7643 sections 2, 7), and their JSON form.

mod common;
mod definition;
mod read;
mod resource_type;
mod service;
mod standard;
#[cfg(test)]
mod tests;
mod validate;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use common::common_attributes;
pub use definition::{Definition, Extension, Located, Target};
pub use resource_type::{ResourceType, SchemaExtension};
pub use service::{resource_type, schema_of_schemas, service_provider_config};
pub use standard::{enterprise_user, group, user};

use crate::urn;
use crate::words::words;

words! {
    /// Data type of an attribute (RFC 7643 section 2.3).
    Type {
        /// UTF-8 text.
        String = "string",
        /// `true` or `false`.
        Boolean = "boolean",
        /// A number with or without a fraction.
        Decimal = "decimal",
        /// A whole number.
        Integer = "integer",
        /// An xsd:dateTime, compared as the instant it names.
        DateTime = "dateTime",
        /// A URI.
        Reference = "reference",
        /// Base64.
        Binary = "binary",
        /// An object with sub-attributes.
        Complex = "complex",
    } else String
}

words! {
    /// Who may write an attribute and when (RFC 7643 section 7).
    Mutability {
        /// Only the server writes it.
        ReadOnly = "readOnly",
        /// Anyone may write it.
        ReadWrite = "readWrite",
        /// It may be written once.
        Immutable = "immutable",
        /// It may be written and is never returned.
        WriteOnly = "writeOnly",
    } else ReadWrite
}

words! {
    /// When an attribute is returned (RFC 7643 section 7).
    Returned {
        /// In each answer.
        Always = "always",
        /// In no answer.
        Never = "never",
        /// Unless the request says otherwise.
        Default = "default",
        /// Only where the request names it.
        Request = "request",
    } else Default
}

words! {
    /// Where a value must be unique (RFC 7643 section 7).
    Uniqueness {
        /// Nowhere.
        None = "none",
        /// Among the resources of a tenant and type.
        Server = "server",
        /// Everywhere.
        Global = "global",
    } else None
}

const fn string_type() -> Type {
    Type::String
}

const fn read_write() -> Mutability {
    Mutability::ReadWrite
}

const fn returned_default() -> Returned {
    Returned::Default
}

const fn not_unique() -> Uniqueness {
    Uniqueness::None
}

/// An attribute or sub-attribute definition. What a foreign schema leaves out reads as the RFC's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the characteristics are the RFC's")]
pub struct Attribute {
    /// Name in the case in which it is stored and returned.
    pub name: String,
    /// Data type.
    #[serde(rename = "type", default = "string_type")]
    pub kind: Type,
    /// Whether the value is a list.
    #[serde(default)]
    pub multi_valued: bool,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether a resource must have it.
    #[serde(default)]
    pub required: bool,
    /// Whether upper and lower case differ in comparison.
    #[serde(default)]
    pub case_exact: bool,
    /// Who may write it.
    #[serde(default = "read_write")]
    pub mutability: Mutability,
    /// When it is returned.
    #[serde(default = "returned_default")]
    pub returned: Returned,
    /// Where it is unique.
    #[serde(default = "not_unique")]
    pub uniqueness: Uniqueness,
    /// Suggested values; for an administrator's extension the only ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<String>,
    /// What a reference may refer to: resource types, `external`, `uri`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
    /// Whether an equality in a filter is to be answered by a look-up: ours, no characteristic of the RFC, and not shown
    /// to clients. What is unique is indexed without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indexed: bool,
    /// Parts of a complex attribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// An optional, single-valued readWrite attribute.
    pub fn new(name: &str, kind: Type, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            multi_valued: false,
            description: description.to_owned(),
            required: false,
            case_exact: kind == Type::Binary,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: Vec::new(),
            reference_types: Vec::new(),
            indexed: false,
            sub_attributes: Vec::new(),
        }
    }

    /// A string attribute.
    pub fn string(name: &str, description: &str) -> Self {
        Self::new(name, Type::String, description)
    }

    /// A complex attribute.
    pub fn complex(name: &str, description: &str, sub_attributes: Vec<Self>) -> Self {
        Self { sub_attributes, ..Self::new(name, Type::Complex, description) }
    }

    /// The same as a list.
    #[must_use]
    pub fn multi(self) -> Self {
        Self { multi_valued: true, ..self }
    }

    /// The same, required.
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, compared with regard to case.
    #[must_use]
    pub fn exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    /// The same with another mutability.
    #[must_use]
    pub fn mutability(self, mutability: Mutability) -> Self {
        Self { mutability, ..self }
    }

    /// The same with another rule for when it is returned.
    #[must_use]
    pub fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    /// The same with a uniqueness.
    #[must_use]
    pub fn unique(self, uniqueness: Uniqueness) -> Self {
        Self { uniqueness, ..self }
    }

    /// The same with canonical values.
    #[must_use]
    pub fn canonical(self, values: &[&str]) -> Self {
        Self { canonical_values: values.iter().map(|&value| value.to_owned()).collect(), ..self }
    }

    /// The same with reference types.
    #[must_use]
    pub fn refers_to(self, types: &[&str]) -> Self {
        Self { reference_types: types.iter().map(|&kind| kind.to_owned()).collect(), ..self }
    }

    /// Whether an index is kept of its values.
    pub fn is_indexed(&self) -> bool {
        self.indexed || self.is_unique()
    }

    /// Whether only one resource may have a value.
    pub fn is_unique(&self) -> bool {
        self.uniqueness != Uniqueness::None
    }

    /// The definition as a client sees it: without what is ours.
    fn shown(&self) -> Self {
        let sub_attributes = self.sub_attributes.iter().map(Self::shown).collect();
        Self { indexed: false, sub_attributes, ..self.clone() }
    }

    /// A sub-attribute by its name in any case.
    pub fn sub(&self, name: &str) -> Option<&Self> {
        self.sub_attributes.iter().find(|sub| sub.name.eq_ignore_ascii_case(name))
    }

    /// The sub-attribute that stands for a complex value in comparisons and in plain values: `value`.
    pub fn value_sub(&self) -> Option<&Self> {
        self.sub("value")
    }
}

/// A schema (RFC 7643 section 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema {
    /// URN.
    pub id: String,
    /// Human-readable name.
    #[serde(default)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Attributes.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// A top-level attribute by its name in any case, by a linear search; use a [`Definition`] for many look-ups.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// The resource that `/Schemas/{id}` answers. `base` is the URL of the service, without a final slash.
    pub fn to_json(&self, base: &str) -> Value {
        let attributes: Vec<Attribute> = self.attributes.iter().map(Attribute::shown).collect();
        json!({
            "schemas": [urn::SCHEMA],
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "attributes": attributes,
            "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", self.id) },
        })
    }
}
