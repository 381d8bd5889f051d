//! The service provider's configuration (RFC 7643 section 5, RFC 9865 section 4).

use serde::{Deserialize, Serialize};

use crate::urn;

/// Whether something is supported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Supported {
    /// Whether it is.
    pub supported: bool,
}

impl Supported {
    /// Supported.
    pub const YES: Self = Self { supported: true };
    /// Not supported.
    pub const NO: Self = Self { supported: false };
}

/// Bulk requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BulkSupport {
    /// Whether they are supported.
    pub supported: bool,
    /// Most operations of a request.
    pub max_operations: u64,
    /// Largest body in bytes.
    pub max_payload_size: u64,
}

/// Filters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FilterSupport {
    /// Whether they are supported.
    pub supported: bool,
    /// Most resources of an answer.
    pub max_results: u64,
}

/// Pages (RFC 9865).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pagination {
    /// By cursor.
    pub cursor: bool,
    /// By index.
    pub index: bool,
    /// `cursor` or `index`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_pagination_method: Option<String>,
    /// Resources of a page unless the request says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_page_size: Option<u64>,
    /// Most resources of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_page_size: Option<u64>,
    /// Seconds for which a cursor is good at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor_timeout: Option<u64>,
}

/// A way to sign in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthenticationScheme {
    /// `oauth`, `oauth2`, `oauthbearertoken`, `httpbasic`, `httpdigest`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// URL of its specification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_uri: Option<String>,
    /// URL of its documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_uri: Option<String>,
    /// Whether it is the preferred one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

/// What a service provider can do. What a foreign one leaves out reads as not supported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceProviderConfig {
    /// The schema URN.
    pub schemas: Vec<String>,
    /// Documentation for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_uri: Option<String>,
    /// PATCH.
    pub patch: Supported,
    /// Bulk requests.
    pub bulk: BulkSupport,
    /// Filters.
    pub filter: FilterSupport,
    /// Change of passwords.
    pub change_password: Supported,
    /// Sorting.
    pub sort: Supported,
    /// Entity tags.
    pub etag: Supported,
    /// Pages; only where RFC 9865 is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagination: Option<Pagination>,
    /// Ways to sign in.
    pub authentication_schemes: Vec<AuthenticationScheme>,
    /// What the service provider says about the resource itself.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub meta: serde_json::Value,
}

impl ServiceProviderConfig {
    /// With the schema URN and nothing supported.
    pub fn new() -> Self {
        Self { schemas: vec![urn::SERVICE_PROVIDER_CONFIG.to_owned()], ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn foreign_configurations_are_read() {
        let body = json!({"patch": {"supported": true}, "bulk": {"supported": true, "maxOperations": 10},
            "pagination": {"cursor": true, "index": false}, "x": 1});
        let config: ServiceProviderConfig = serde_json::from_value(body).unwrap();
        assert!(config.patch.supported && !config.etag.supported);
        assert_eq!((config.bulk.max_operations, config.bulk.max_payload_size), (10, 0));
        assert!(config.pagination.unwrap().cursor);
    }

    #[test]
    fn prints_the_names_of_the_rfc() {
        let body = serde_json::to_value(ServiceProviderConfig::new()).unwrap();
        for name in ["patch", "bulk", "filter", "changePassword", "sort", "etag", "authenticationSchemes"] {
            assert!(body.get(name).is_some(), "{name}");
        }
    }
}
