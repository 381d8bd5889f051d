//! SCIM errors (RFC 7644 section 3.12, RFC 9865 section 2.1) and their JSON bodies.

use serde_json::{Value, json};

use crate::urn;
use crate::words::words;

words! {
    /// The error keyword of a body (RFC 7644 table 9, RFC 9865).
    ScimType {
        /// The filter is malformed or the combination is not supported.
        InvalidFilter = "invalidFilter",
        /// The filter yields more results than the server is willing to work through.
        TooMany = "tooMany",
        /// A value that must be unique is in use.
        Uniqueness = "uniqueness",
        /// A readOnly, immutable or required attribute would have changed.
        Mutability = "mutability",
        /// The body is not structured as it must be.
        InvalidSyntax = "invalidSyntax",
        /// The path of a PATCH operation is malformed or names nothing.
        InvalidPath = "invalidPath",
        /// The path of a PATCH operation yields no value to work on.
        NoTarget = "noTarget",
        /// A required value is missing or a value has the wrong type.
        InvalidValue = "invalidValue",
        /// The protocol version is not supported.
        InvalidVers = "invalidVers",
        /// The request carries sensitive data in its URI.
        Sensitive = "sensitive",
        /// The cursor is not one of ours (RFC 9865).
        InvalidCursor = "invalidCursor",
        /// The cursor is too old (RFC 9865).
        ExpiredCursor = "expiredCursor",
        /// The count is negative or not served with cursors (RFC 9865).
        InvalidCount = "invalidCount",
    }
}

/// An error as it goes to the client: HTTP status, keyword and a sentence that says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// The keyword, where one applies.
    pub scim_type: Option<ScimType>,
    /// What happened, to which attribute, and what to do about it.
    pub detail: String,
}

impl Error {
    /// An error without a keyword.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    /// An error with the keyword and the status that belongs to it: 409 for `uniqueness`, 403 for `sensitive`,
    /// 400 for all others.
    pub fn of(scim_type: ScimType, detail: impl Into<String>) -> Self {
        let status = match scim_type {
            ScimType::Uniqueness => 409,
            ScimType::Sensitive => 403,
            _ => 400,
        };
        Self { status, scim_type: Some(scim_type), detail: detail.into() }
    }

    pub(crate) fn value(detail: impl Into<String>) -> Self {
        Self::of(ScimType::InvalidValue, detail)
    }

    pub(crate) fn syntax(detail: impl Into<String>) -> Self {
        Self::of(ScimType::InvalidSyntax, detail)
    }

    pub(crate) fn path(detail: impl Into<String>) -> Self {
        Self::of(ScimType::InvalidPath, detail)
    }

    pub(crate) fn mutability(detail: impl Into<String>) -> Self {
        Self::of(ScimType::Mutability, detail)
    }

    /// The same error with a prefix that says where it happened, e.g. `operation 2: `.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.detail = format!("{place}: {}", self.detail);
        self
    }

    /// The JSON body; `status` is a string there, as the RFC has it.
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "schemas": [urn::ERROR], "status": self.status.to_string() });
        if let Some(scim_type) = self.scim_type {
            body["scimType"] = scim_type.as_str().into();
        }
        body["detail"] = self.detail.as_str().into();
        body
    }

    /// Reads another server's error body for an answer with HTTP status `status`, whatever its shape: SCIM 2.0,
    /// the `Errors` list of SCIM 1.1, OAuth's `error_description`, or text. The detail is cut at 2,000 characters.
    pub fn from_body(status: u16, body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self::new(status, clip(String::from_utf8_lossy(body).trim()));
        };
        let inner = find(&value, "Errors").and_then(|errors| errors.get(0)).unwrap_or(&value);
        let scim_type = find(inner, "scimType").and_then(Value::as_str).and_then(ScimType::parse);
        let detail = ["detail", "description", "message", "error_description", "error"]
            .iter()
            .find_map(|key| find(inner, key).and_then(Value::as_str).filter(|text| !text.is_empty()))
            .map_or_else(|| clip(&value.to_string()), clip);
        Self { status, scim_type, detail }
    }
}

fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

/// The beginning of a foreign text: servers answer with whole HTML pages.
fn clip(text: &str) -> String {
    const LIMIT: usize = 2000;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_has_the_shape_of_the_rfc() {
        let body = Error::of(ScimType::Uniqueness, "userName is taken").to_json();
        assert_eq!(
            body,
            json!({"schemas": [urn::ERROR], "status": "409", "scimType": "uniqueness", "detail": "userName is taken"})
        );
    }

    #[test]
    fn reads_what_others_send() {
        let own = Error::of(ScimType::TooMany, "narrow it");
        assert_eq!(Error::from_body(400, own.to_json().to_string().as_bytes()), own);
        let v1 = Error::from_body(404, br#"{"Errors":[{"description":"gone","code":"404"}]}"#);
        assert_eq!((v1.status, v1.detail.as_str()), (404, "gone"));
        let odd = Error::from_body(409, br#"{"SCIMTYPE":"Uniqueness","Detail":"taken"}"#);
        assert_eq!((odd.scim_type, odd.detail.as_str()), (Some(ScimType::Uniqueness), "taken"));
        assert_eq!(Error::from_body(502, b" bad gateway\n").detail, "bad gateway");
        assert_eq!(Error::from_body(500, "\u{e9}".repeat(5000).as_bytes()).detail.chars().count(), 2003);
    }
}
