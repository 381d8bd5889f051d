//! Bulk requests (RFC 7644 section 3.7) and the references between their operations.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

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
    #[serde(rename = "Operations", alias = "operations")]
    pub operations: Vec<BulkOperation>,
}

impl BulkRequest {
    /// A request with the message URN.
    pub fn new(operations: Vec<BulkOperation>) -> Self {
        Self { schemas: vec![urn::BULK_REQUEST.to_owned()], fail_on_errors: None, operations }
    }
}

/// One operation of a bulk request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkOperation {
    /// Method.
    pub method: BulkMethod,
    /// Name by which other operations refer to what this one creates; required for POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk_id: Option<String>,
    /// Entity tag that the resource must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `/Users` or `/Users/{id}`.
    pub path: String,
    /// Body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
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
    /// URL of the resource; absent when a create failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Method.
    pub method: BulkMethod,
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

const PREFIX: &str = "bulkId:";

/// The `bulkId` that a text refers to.
fn reference(text: &str) -> Option<&str> {
    text.split_at_checked(PREFIX.len())
        .and_then(|(prefix, id)| (prefix.eq_ignore_ascii_case(PREFIX) && !id.is_empty()).then_some(id))
}

/// The names to which a body (or a path's last segment) refers as `bulkId:name`, each once, in order.
pub fn bulk_references<'v>(data: &'v Value, path: &'v str) -> Vec<&'v str> {
    let mut found: Vec<&'v str> = path.rsplit('/').next().and_then(reference).into_iter().collect();
    collect(data, &mut found);
    let mut seen = std::collections::HashSet::new();
    found.retain(|name| seen.insert(*name));
    found
}

fn collect<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => {
            found.extend(reference(text));
            found.extend(within_filter(text).map(|(_, name)| name));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(parts) => parts.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// References in the filter of a PATCH path: `members[value eq "bulkId:x"]`. Range of the quoted text and name.
fn within_filter(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find("\"bulkId:")? + 1;
        let end = start + text[start..].find('"')?;
        from = end + 1;
        reference(&text[start..end]).map(|name| (start..end, name))
    })
}

/// Puts identifiers in place of `bulkId:name`; answers the names that `lookup` does not know.
pub fn resolve_references(data: &mut Value, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut unknown = Vec::new();
    resolve(data, lookup, &mut unknown);
    unknown
}

fn resolve(value: &mut Value, lookup: &dyn Fn(&str) -> Option<String>, unknown: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = reference(text) {
                match lookup(name) {
                    Some(id) => *text = id,
                    None => unknown.push(name.to_owned()),
                }
                return;
            }
            let mut resolved = text.clone();
            let found: Vec<_> = within_filter(text).map(|(range, name)| (range, name.to_owned())).collect();
            for (range, name) in found.into_iter().rev() {
                match lookup(&name) {
                    Some(id) => resolved.replace_range(range, &id),
                    None => unknown.push(name),
                }
            }
            *text = resolved;
        }
        Value::Array(values) => values.iter_mut().for_each(|value| resolve(value, lookup, unknown)),
        Value::Object(parts) => parts.values_mut().for_each(|value| resolve(value, lookup, unknown)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_and_resolved() {
        let mut data = json!({"members": [{"value": "bulkId:a"}, {"value": "BULKID:b"}, {"value": "bulkId:a"}],
            "Operations": [{"path": "members[value eq \"bulkId:c\" or value eq \"bulkId:d\"]"}], "x": "bulkId:"});
        assert_eq!(bulk_references(&data, "/Groups/bulkId:g"), ["g", "a", "b", "c", "d"]);
        let unknown = resolve_references(&mut data, &|name| (name != "b").then(|| format!("id-{name}")));
        assert_eq!(unknown, ["b"]);
        assert_eq!(data["members"][0]["value"], "id-a");
        assert_eq!(data["Operations"][0]["path"], "members[value eq \"id-c\" or value eq \"id-d\"]");
    }

    #[test]
    fn a_request_reads_and_prints() {
        let body = json!({"schemas": [urn::BULK_REQUEST], "failOnErrors": 1, "Operations": [
            {"method": "POST", "bulkId": "q", "path": "/Users", "data": {"userName": "x"}},
            {"method": "DELETE", "path": "/Users/1"}]});
        let request: BulkRequest = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(request.operations[0].method, BulkMethod::Post);
        assert_eq!(serde_json::to_value(&request).unwrap(), body);
        assert!(
            serde_json::from_value::<BulkRequest>(json!({"Operations": [{"method": "GET", "path": "/"}]}))
                .is_err()
        );
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
