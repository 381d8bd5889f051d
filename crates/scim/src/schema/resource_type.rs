//! Resource types as `/ResourceTypes` answers them (RFC 7643 section 6).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::urn;

/// An extension of a resource type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaExtension {
    /// URN of the extension.
    pub schema: String,
    /// Whether each resource must have it.
    #[serde(default)]
    pub required: bool,
}

/// A resource type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceType {
    /// Identifier, the same as the name.
    #[serde(default)]
    pub id: String,
    /// Name, e.g. `User`; what `meta.resourceType` says.
    #[serde(default)]
    pub name: String,
    /// Path below the base URL, e.g. `/Users`.
    #[serde(default)]
    pub endpoint: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// URN of the core schema.
    #[serde(default)]
    pub schema: String,
    /// Extensions.
    #[serde(default)]
    pub schema_extensions: Vec<SchemaExtension>,
}

impl ResourceType {
    /// The resource that `/ResourceTypes/{id}` answers. `base` is the URL of the service, without a final slash.
    pub fn to_json(&self, base: &str) -> Value {
        json!({
            "schemas": [urn::RESOURCE_TYPE],
            "id": self.id,
            "name": self.name,
            "endpoint": self.endpoint,
            "description": self.description,
            "schema": self.schema,
            "schemaExtensions": self.schema_extensions,
            "meta": {
                "resourceType": "ResourceType",
                "location": format!("{base}/ResourceTypes/{}", self.id),
            },
        })
    }
}
