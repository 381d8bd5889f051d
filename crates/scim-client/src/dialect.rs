//! How operations are written down for a target.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::difference::{Operation, OperationKind};
use crate::path::Path;

const PATCH_OPERATIONS: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The form of requests that a target understands. Each dialect is another rendering of the same operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Dialect {
    /// RFC 7644 to the letter: lower-case `op`, typed values, one path for each change.
    #[default]
    Rfc,
}

impl Dialect {
    /// The body of a PATCH request (RFC 7644 section 3.5.2).
    pub fn patch_body(self, operations: &[Operation]) -> Vec<u8> {
        match self {
            Self::Rfc => serde_json::to_vec(&Envelope(operations)),
        }
        .expect("JSON values with string keys always serialize")
    }

    /// The filter that finds resources by one attribute.
    pub fn equality_filter(self, path: &Path, value: &str) -> String {
        match self {
            Self::Rfc => path.equals(value),
        }
    }
}

struct Envelope<'a>(&'a [Operation]);

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("schemas", &[PATCH_OPERATIONS])?;
        map.serialize_entry("Operations", &Operations(self.0))?;
        map.end()
    }
}

struct Operations<'a>(&'a [Operation]);

impl Serialize for Operations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for operation in self.0 {
            list.serialize_element(&Rfc(operation))?;
        }
        list.end()
    }
}

struct Rfc<'a>(&'a Operation);

impl Serialize for Rfc<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let name = match self.0.kind {
            OperationKind::Add => "add",
            OperationKind::Replace => "replace",
            OperationKind::Remove => "remove",
        };
        map.serialize_entry("op", name)?;
        if let Some(path) = &self.0.path {
            map.serialize_entry("path", path)?;
        }
        if let Some(value) = &self.0.value {
            map.serialize_entry("value", value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn rfc_bodies() {
        let body = Dialect::Rfc.patch_body(&[
            Operation::replace("active", json!(false)),
            Operation::remove(r#"members[value eq "7"]"#),
        ]);
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [
                {"op": "replace", "path": "active", "value": false},
                {"op": "remove", "path": "members[value eq \"7\"]"}
            ]
        });
        assert_eq!(body, expected);
    }
}
