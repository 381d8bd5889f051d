//! The names that the RFCs fix: schema URNs, message URNs, media types.

/// Core user schema (RFC 7643 section 4.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// Core group schema (RFC 7643 section 4.2).
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// Enterprise extension of the user schema (RFC 7643 section 4.3).
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Schema of the service provider's configuration (RFC 7643 section 5).
pub const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// Schema of resource types (RFC 7643 section 6).
pub const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// Schema of schemas (RFC 7643 section 7).
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
/// Answer to a query (RFC 7644 section 3.4.2).
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Query by POST (RFC 7644 section 3.4.3).
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// PATCH request (RFC 7644 section 3.5.2).
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// Bulk request (RFC 7644 section 3.7).
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// Bulk answer (RFC 7644 section 3.7).
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// Error answer (RFC 7644 section 3.12).
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The media type of SCIM (RFC 7644 section 8.1); answers carry it.
pub const MEDIA_TYPE: &str = "application/scim+json";
/// Plain JSON, accepted on the way in.
pub const JSON_MEDIA_TYPE: &str = "application/json";

/// Whether a `Content-Type` or `Accept` value names SCIM's media type, JSON, or anything (`*/*`); parameters
/// are ignored.
pub fn is_media_type(value: &str) -> bool {
    value.split(',').any(|part| {
        let name = part.split(';').next().unwrap_or_default().trim();
        [MEDIA_TYPE, JSON_MEDIA_TYPE, "application/*", "*/*"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    })
}
