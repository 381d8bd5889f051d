//! Bulk requests and their answers (RFC 7644 section 3.7).

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::named;
use crate::error::Error;
use crate::urn;
use crate::words::words;

words! {
    /// The HTTP method of an operation.
    BulkMethod {
        /// Create.
        Post = "POST",
        /// Replace.
        Put = "PUT",
        /// Change.
        Patch = "PATCH",
        /// Delete.
        Delete = "DELETE",
    }
}

/// A bulk request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkRequest {
    /// The message URN.
    #[serde(default)]
    pub schemas: Vec<String>,
    /// Errors after which the server stops; none for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_on_errors: Option<u64>,
    /// The operations.
    #[serde(rename = "Operations")]
    pub operations: Vec<BulkOperation>,
}

impl BulkRequest {
    /// A request with the message URN.
    pub fn new(operations: Vec<BulkOperation>) -> Self {
        Self { schemas: vec![urn::BULK_REQUEST.to_owned()], fail_on_errors: None, operations }
    }

    /// Reads a body: names in any case. The error is `invalidSyntax`, with the number of the operation, also where two
    /// creates have the same `bulkId`.
    pub fn parse(body: Value) -> Result<Self, Error> {
        let mut body = named("a bulk request", body, &["schemas", "failOnErrors", "Operations"])?;
        let Some(Value::Array(operations)) = body.shift_remove("Operations") else {
            return Err(Error::syntax("a bulk request has a list \"Operations\"; the request has none"));
        };
        body.insert("Operations".to_owned(), Value::Array(Vec::new()));
        let unread =
            |error: serde_json::Error| Error::syntax(format!("the body is no bulk request: {error}"));
        let mut request: Self = serde_json::from_value(body.into()).map_err(unread)?;
        let mut names = HashSet::new();
        for (position, operation) in operations.into_iter().enumerate() {
            let place = format!("operation {}", position + 1);
            let operation = BulkOperation::parse(operation).map_err(|error| error.at(&place))?;
            if operation.method == Some(BulkMethod::Post)
                && let Some(name) = operation.bulk_id.as_ref().filter(|name| !names.insert((*name).clone()))
            {
                let shown: String = name.chars().take(80).collect();
                let detail =
                    format!("the bulkId \"{shown}\" is taken by an operation before; give each its own");
                return Err(Error::syntax(detail).at(&place));
            }
            request.operations.push(operation);
        }
        Ok(request)
    }
}

/// One operation of a bulk request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkOperation {
    /// Method; none where it is missing or none of the four, so that the operation fails alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<BulkMethod>,
    /// Name by which other operations refer to what this one creates; required for POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk_id: Option<String>,
    /// Entity tag that the resource must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `/Users` or `/Users/{id}`; empty where there is none, so that the operation fails alone.
    #[serde(default)]
    pub path: String,
    /// Body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl BulkOperation {
    fn parse(operation: Value) -> Result<Self, Error> {
        let names = ["method", "bulkId", "version", "path", "data"];
        let mut operation = named("an operation", operation, &names)?;
        let method = operation.get("method").and_then(Value::as_str);
        if method.and_then(BulkMethod::parse).is_none() {
            operation.shift_remove("method");
        }
        serde_json::from_value(operation.into()).map_err(|error| Error::syntax(error.to_string()))
    }
}

/// A bulk answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BulkResponse {
    /// The message URN.
    #[serde(default)]
    pub schemas: Vec<String>,
    /// An answer for each operation that was tried.
    #[serde(rename = "Operations", alias = "operations", default)]
    pub operations: Vec<BulkReply>,
}

impl BulkResponse {
    /// An answer with the message URN.
    pub fn new(operations: Vec<BulkReply>) -> Self {
        Self { schemas: vec![urn::BULK_RESPONSE.to_owned()], operations }
    }
}

/// The answer to one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkReply {
    /// URL of the resource; absent only when a create failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Method; absent where the operation had none that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<BulkMethod>,
    /// Name that the operation gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk_id: Option<String>,
    /// Entity tag after the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// HTTP status; a string on the wire, read as a number and as SCIM 1.1's object too.
    #[serde(serialize_with = "print_status", deserialize_with = "read_status")]
    pub status: u16,
    /// Body; required for errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn print_status<S: serde::Serializer>(status: &u16, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&status.to_string())
}

fn read_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let inner = value.get("code").unwrap_or(&value);
    let status = inner.as_u64().or_else(|| inner.as_str()?.trim().parse().ok());
    status
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| (100..600).contains(status))
        .ok_or_else(|| serde::de::Error::custom("status is not an HTTP status"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_reads_and_prints() {
        let body = json!({"schemas": [urn::BULK_REQUEST], "failOnErrors": 1, "Operations": [
            {"method": "POST", "bulkId": "q", "path": "/Users", "data": {"userName": "x"}},
            {"method": "DELETE", "path": "/Users/1"}]});
        let request = BulkRequest::parse(body.clone()).unwrap();
        assert_eq!(request.operations[0].method, Some(BulkMethod::Post));
        assert_eq!(serde_json::to_value(&request).unwrap(), body);
        let other_case = json!({"FailOnErrors": 2, "operations": [{"Method": "delete", "PATH": "/Users/1"}]});
        let request = BulkRequest::parse(other_case).unwrap();
        assert_eq!((request.fail_on_errors, request.operations.len()), (Some(2), 1));
    }

    #[test]
    fn what_is_no_bulk_request_is_told_where() {
        let create = |name: &str| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {}});
        let refused = |body: Value| {
            let error = BulkRequest::parse(body).unwrap_err();
            assert_eq!(error.scim_type, Some(crate::ScimType::InvalidSyntax));
            error.detail
        };
        refused(json!([[], 1, []]));
        assert!(refused(json!({"schemas": []})).contains("Operations"));
        assert!(refused(json!({"Operations": [create("a"), 7]})).starts_with("operation 2: "));
        for method in [json!("GET"), json!(null), json!(7)] {
            let request = BulkRequest::parse(json!({"Operations": [{"method": method, "path": "/Users"}]}));
            assert_eq!(request.unwrap().operations[0].method, None);
        }
        let twice = refused(json!({"Operations": [create("a"), create("b"), create("a")]}));
        assert!(twice.starts_with("operation 3: ") && twice.contains("\"a\""), "{twice}");
    }

    #[test]
    fn statuses_are_read_in_every_shape() {
        for status in [json!("201"), json!(201), json!({"code": "201"})] {
            let reply: BulkReply =
                serde_json::from_value(json!({"method": "post", "status": status})).unwrap();
            assert_eq!(reply.status, 201);
        }
        let reply: BulkReply = serde_json::from_value(json!({"method": "PUT", "status": 204})).unwrap();
        assert_eq!(serde_json::to_value(reply).unwrap(), json!({"method": "PUT", "status": "204"}));
        assert!(serde_json::from_value::<BulkReply>(json!({"method": "PUT", "status": 7})).is_err());
    }
}
