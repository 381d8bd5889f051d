//! PATCH bodies for clients.

use serde_json::{Value, json};

use crate::patch::Op;
use crate::urn;

/// Builds a PATCH body, operation by operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PatchOp {
    operations: Vec<Value>,
}

impl PatchOp {
    /// Without operations.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value at a path, or an object of attributes without one.
    #[must_use]
    pub fn add(self, path: Option<&str>, value: Value) -> Self {
        self.push(Op::Add.as_str(), path, Some(value))
    }

    /// Replaces the value at a path, or attributes without one.
    #[must_use]
    pub fn replace(self, path: Option<&str>, value: Value) -> Self {
        self.push(Op::Replace.as_str(), path, Some(value))
    }

    /// Removes what is at a path.
    #[must_use]
    pub fn remove(self, path: &str) -> Self {
        self.push(Op::Remove.as_str(), Some(path), None)
    }

    /// Adds an operation as is, for dialects that write `Add` or give `remove` a value.
    #[must_use]
    pub fn push(mut self, op: &str, path: Option<&str>, value: Option<Value>) -> Self {
        let mut operation = json!({ "op": op });
        if let Some(path) = path {
            operation["path"] = path.into();
        }
        if let Some(value) = value {
            operation["value"] = value;
        }
        self.operations.push(operation);
        self
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The body.
    pub fn into_json(self) -> Value {
        json!({ "schemas": [urn::PATCH_OP], "Operations": self.operations })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::PatchRequest;

    #[test]
    fn what_is_built_parses_without_quirks() {
        let body = PatchOp::new()
            .add(None, json!({"title": "x"}))
            .replace(Some("name.givenName"), json!("y"))
            .remove("members[value eq \"1\"]");
        assert_eq!(body.len(), 3);
        let request = PatchRequest::parse(body.into_json()).unwrap();
        assert!(request.quirks.is_empty());
        assert_eq!(request.operations.len(), 3);
    }
}
