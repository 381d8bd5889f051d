//! Resources as the target returns them.

use serde_json::{Map, Value};

use crate::document;

/// A resource of the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The target's identifier, never empty.
    pub id: String,
    /// The version for `If-Match`: the `ETag` header, else `meta.version`.
    pub etag: Option<String>,
    /// The whole resource as JSON, `id` and `meta` included.
    pub attributes: Map<String, Value>,
}

impl Resource {
    /// Takes a resource from a parsed body; none if it has no usable `id`. Numbers are taken for ids too.
    pub(crate) fn from_json(attributes: Map<String, Value>) -> Option<Self> {
        let id = match document::member(&attributes, "id")? {
            Value::String(id) if !id.is_empty() => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => return None,
        };
        let version = document::member(&attributes, "meta")
            .and_then(Value::as_object)
            .and_then(|meta| document::member(meta, "version"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        Some(Self { id, etag: version, attributes })
    }

    /// What a path names in this resource; see [`document::get`].
    pub fn get(&self, path: &str) -> Option<&Value> {
        document::get(&self.attributes, path)
    }
}
