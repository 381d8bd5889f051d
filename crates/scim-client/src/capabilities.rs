//! What the target says it can do (RFC 7643 section 5, RFC 9865 section 4).

use serde_json::{Map, Value};

use crate::document::member;

/// A target's `ServiceProviderConfig`, or careful assumptions where it has none.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent flags, as in the message they are read from")]
pub struct Capabilities {
    /// False if the target serves no `ServiceProviderConfig` and these are assumptions.
    pub discovered: bool,
    /// PATCH is understood; otherwise resources are replaced with PUT.
    pub patch: bool,
    /// Bulk requests, with their limits.
    pub bulk: Option<Bulk>,
    /// `filter` is understood; otherwise resources are listed and matched here.
    pub filter: bool,
    /// The most resources in an answer to a filter.
    pub max_results: Option<usize>,
    /// `sortBy` is understood.
    pub sort: bool,
    /// Versions are kept, `If-Match` is understood.
    pub etag: bool,
    /// Lists can be read with a cursor.
    pub cursor: bool,
    /// The most resources in a page.
    pub max_page_size: Option<usize>,
}

/// Limits of bulk requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bulk {
    /// The most operations in a request.
    pub max_operations: usize,
    /// The most bytes of a request.
    pub max_payload_size: usize,
}

impl Default for Capabilities {
    /// What every target that Entra ID provisions into has: PATCH and filters, and nothing else.
    fn default() -> Self {
        Self {
            discovered: false,
            patch: true,
            bulk: None,
            filter: true,
            max_results: None,
            sort: false,
            etag: false,
            cursor: false,
            max_page_size: None,
        }
    }
}

impl Capabilities {
    /// Reads a `ServiceProviderConfig`; what it does not say stays as assumed.
    pub(crate) fn from_json(config: &Map<String, Value>) -> Self {
        let assumed = Self::default();
        let part = |name: &str| member(config, name).and_then(Value::as_object);
        let flag = |name: &str, field: &str| {
            part(name).and_then(|part| member(part, field)).and_then(|value| match value {
                Value::Bool(flag) => Some(*flag),
                Value::String(text) => text.parse().ok(),
                _ => None,
            })
        };
        let number = |name: &str, field: &str| {
            part(name)
                .and_then(|part| member(part, field))
                .and_then(Value::as_u64)
                .filter(|number| *number > 0)
                .and_then(|number| usize::try_from(number).ok())
        };
        let bulk = match (number("bulk", "maxOperations"), number("bulk", "maxPayloadSize")) {
            (Some(max_operations), Some(max_payload_size)) if flag("bulk", "supported") == Some(true) => {
                Some(Bulk { max_operations, max_payload_size })
            }
            _ => None,
        };
        Self {
            discovered: true,
            patch: flag("patch", "supported").unwrap_or(assumed.patch),
            bulk,
            filter: flag("filter", "supported").unwrap_or(assumed.filter),
            max_results: number("filter", "maxResults"),
            sort: flag("sort", "supported").unwrap_or(assumed.sort),
            etag: flag("etag", "supported").unwrap_or(assumed.etag),
            cursor: flag("pagination", "cursor").unwrap_or(assumed.cursor),
            max_page_size: number("pagination", "maxPageSize"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Capabilities {
        Capabilities::from_json(value.as_object().expect("an object"))
    }

    #[test]
    fn a_full_configuration() {
        let found = read(&json!({
            "patch": {"supported": false},
            "bulk": {"supported": true, "maxOperations": 100, "maxPayloadSize": 1_048_576},
            "filter": {"supported": true, "maxResults": 200},
            "sort": {"supported": true}, "ETAG": {"Supported": "true"},
            "pagination": {"cursor": true, "index": true, "maxPageSize": 250}
        }));
        let expected = Capabilities {
            discovered: true,
            patch: false,
            bulk: Some(Bulk { max_operations: 100, max_payload_size: 1_048_576 }),
            filter: true,
            max_results: Some(200),
            sort: true,
            etag: true,
            cursor: true,
            max_page_size: Some(250),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn nonsense_changes_nothing() {
        let found =
            read(&json!({"patch": 7, "bulk": {"supported": true, "maxOperations": -1}, "filter": null}));
        assert_eq!(found, Capabilities { discovered: true, ..Capabilities::default() });
    }
}
