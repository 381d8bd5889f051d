//! Why a request to the target did not do what it should, and what to do about it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Map, Value};

use crate::document::member;

const LONGEST_REASON: usize = 2_000;

/// Stable names of failures, as provisioning logs show them; Entra's names where one fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum ErrorCode {
    /// 409, or 400 with scimType `uniqueness`: another resource already has that value.
    EntryConflict,
    /// 401: the credentials are missing, wrong or expired.
    Unauthorized,
    /// 403: the credentials are good, but may not do this.
    InsufficientRights,
    /// 404 for a resource that was there before.
    InvalidAnchor,
    /// 405: the target does not offer this method here.
    MethodNotAllowed,
    /// 412: the resource was changed in the meantime.
    PreconditionFailed,
    /// 413: the request's body is larger than the target takes.
    PayloadTooLarge,
    /// 429.
    TooManyRequests,
    /// 400 with a scimType about a missing value, or a resource without an identifier.
    MissingValues,
    /// 400 `invalidPath` or `noTarget`: the target does not know the attribute, or has no such value.
    SchemaAttributeNotFound,
    /// 400 `invalidFilter`, or filters answered with 501.
    InvalidFilter,
    /// Any other 4xx: the target refuses the request's content.
    UnprocessableEntity,
    /// 5xx.
    InternalServerError,
    /// 501: not built into the target.
    NotImplemented,
    /// 503: the target is overloaded or in maintenance.
    ServiceUnavailable,
    /// No answer within the time given.
    Timeout,
    /// The host name has no address.
    HostNotFound,
    /// No connection, or it broke.
    ConnectionFailed,
    /// The target's certificate is not trusted, or TLS failed.
    CertificateInvalid,
    /// The address is one that targets may not have (link-local, cloud metadata).
    AddressForbidden,
    /// The target answered with a redirect.
    Redirected,
    /// The answer is not SCIM.
    SystemForCrossDomainIdentityManagementServiceIncompatible,
    /// The target's settings cannot work.
    InvalidConfiguration,
    /// The time in which requests may start is over; nothing was sent.
    DeadlineExceeded,
}

impl ErrorCode {
    /// The name in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EntryConflict => "EntryConflict",
            Self::Unauthorized => "Unauthorized",
            Self::InsufficientRights => "InsufficientRights",
            Self::InvalidAnchor => "InvalidAnchor",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::PreconditionFailed => "PreconditionFailed",
            Self::PayloadTooLarge => "PayloadTooLarge",
            Self::TooManyRequests => "TooManyRequests",
            Self::MissingValues => "MissingValues",
            Self::SchemaAttributeNotFound => "SchemaAttributeNotFound",
            Self::InvalidFilter => "InvalidFilter",
            Self::UnprocessableEntity => "UnprocessableEntity",
            Self::InternalServerError => "InternalServerError",
            Self::NotImplemented => "NotImplemented",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::Timeout => "Timeout",
            Self::HostNotFound => "HostNotFound",
            Self::ConnectionFailed => "ConnectionFailed",
            Self::CertificateInvalid => "CertificateInvalid",
            Self::AddressForbidden => "AddressForbidden",
            Self::Redirected => "Redirected",
            Self::SystemForCrossDomainIdentityManagementServiceIncompatible => {
                "SystemForCrossDomainIdentityManagementServiceIncompatible"
            }
            Self::InvalidConfiguration => "InvalidConfiguration",
            Self::DeadlineExceeded => "DeadlineExceeded",
        }
    }

    /// What an administrator should do.
    fn advice(self) -> &'static str {
        match self {
            Self::EntryConflict => {
                "Another account in the target has the same value. Match it (check the matching attributes), or \
                 change or remove one of the two."
            }
            Self::Unauthorized => {
                "Renew the secret token (or client secret) in the application's credentials."
            }
            Self::InsufficientRights => {
                "Give the token's account the right to do this in the target, and check that SCIM is switched on there."
            }
            Self::InvalidAnchor => {
                "The resource is gone in the target. It is matched or created again; check who deletes accounts there."
            }
            Self::MethodNotAllowed => {
                "The target does not support this kind of request here. Check the tenant URL, or switch off this \
                 action in the object mapping."
            }
            Self::PreconditionFailed => {
                "The resource was changed in the meantime; it is read and compared again."
            }
            Self::PayloadTooLarge => {
                "Lower the number of members or operations in a request for this target."
            }
            Self::TooManyRequests => "The target limits requests; lower the job's concurrency if this stays.",
            Self::MissingValues => {
                "Map an attribute to each required attribute of the target, or give a default value."
            }
            Self::SchemaAttributeNotFound => {
                "The target does not know this attribute. Remove its mapping, or correct the target attribute's name."
            }
            Self::InvalidFilter => "Choose a matching attribute by which the target can filter.",
            Self::UnprocessableEntity => {
                "The target refuses the content of the request. Check the mapped values against what its reason says."
            }
            Self::InternalServerError => {
                "The target failed inside; it is tried again. If it stays, show the reason to the target's vendor."
            }
            Self::NotImplemented => {
                "The target has not built this. Switch off the action, or ask the target's vendor."
            }
            Self::ServiceUnavailable => "The target is overloaded or in maintenance; it is tried again.",
            Self::Timeout => {
                "The target answers too slowly; it is tried again. Check its health and the network."
            }
            Self::HostNotFound => {
                "Check the host name in the tenant URL, and that this machine's DNS knows it."
            }
            Self::ConnectionFailed => {
                "Check that the target runs, that host and port are right, and that firewall and proxy let it through."
            }
            Self::CertificateInvalid => {
                "Check the target's certificate: name, dates, issuer. For a private certificate authority, add its \
                 root certificate to the application's settings. Check https against http too."
            }
            Self::AddressForbidden => {
                "Targets at link-local or cloud metadata addresses are refused, because a request there could leak \
                 the machine's secrets. Correct the tenant URL, or allow such addresses in the settings."
            }
            Self::Redirected => {
                "Put the address that the target really answers at into the tenant URL; redirects are not followed, \
                 because the token would go along."
            }
            Self::SystemForCrossDomainIdentityManagementServiceIncompatible => {
                "Check that the tenant URL is the SCIM base URL (often ending in /scim or /scim/v2), not a web page; \
                 if it is, show this to the target's vendor."
            }
            Self::InvalidConfiguration => "Correct the application's provisioning settings.",
            Self::DeadlineExceeded => "None: the object is done in the next run.",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A failed request. It holds neither credentials nor URLs with values in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Failure {
    /// The stable name.
    pub code: ErrorCode,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The `scimType` of the target's error (RFC 7644 section 3.12), if it gave one.
    pub scim_type: Option<Box<str>>,
    /// What happened, in the target's own words where it had some.
    pub reason: Box<str>,
    /// What to do about it.
    pub recommended_action: Cow<'static, str>,
    /// True if the same request may succeed later.
    pub retryable: bool,
    /// True if the request may have been carried out all the same: look before repeating it.
    pub outcome_unknown: bool,
    /// How long the target asked to wait.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure with the code's usual advice, neither retryable nor of unknown outcome.
    pub fn new(code: ErrorCode, reason: impl AsRef<str>) -> Self {
        Self {
            code,
            status: None,
            scim_type: None,
            reason: shorten(reason.as_ref()),
            recommended_action: Cow::Borrowed(code.advice()),
            retryable: matches!(
                code,
                ErrorCode::TooManyRequests
                    | ErrorCode::InternalServerError
                    | ErrorCode::ServiceUnavailable
                    | ErrorCode::Timeout
                    | ErrorCode::HostNotFound
                    | ErrorCode::ConnectionFailed
                    | ErrorCode::DeadlineExceeded
            ),
            outcome_unknown: false,
            retry_after: None,
        }
    }

    pub(crate) fn not_scim(reason: impl AsRef<str>) -> Self {
        Self::new(ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible, reason)
    }

    /// A target attribute's name that is none.
    pub fn invalid_path(error: &crate::path::Error) -> Self {
        Self {
            recommended_action: Cow::Borrowed(
                "Correct the target attribute's name in the attribute mappings.",
            ),
            ..Self::new(ErrorCode::SchemaAttributeNotFound, error.to_string())
        }
    }

    /// Reads an answer that is not a success.
    pub(crate) fn from_answer(status: StatusCode, body: &[u8]) -> Self {
        let parsed = serde_json::from_slice::<Map<String, Value>>(body).ok();
        let field =
            |name: &str| parsed.as_ref().and_then(|fields| member(fields, name)).and_then(Value::as_str);
        let scim_type = field("scimType").filter(|kind| !kind.is_empty());
        let reason = field("detail").or_else(|| field("message")).or_else(|| field("error_description"));
        let code = code_of(status, scim_type);
        let said = match reason {
            Some(reason) if !reason.trim().is_empty() => format!("{status}: {reason}"),
            _ => format!("{status}: {}", describe(body)),
        };
        Self { status: Some(status.as_u16()), scim_type: scim_type.map(Into::into), ..Self::new(code, said) }
    }

    /// Whether, as the answer to a query, it may be the filter that is refused: listing may work all the same.
    pub fn refuses_filter(&self) -> bool {
        matches!(
            self.code,
            ErrorCode::InvalidFilter
                | ErrorCode::NotImplemented
                | ErrorCode::UnprocessableEntity
                | ErrorCode::SchemaAttributeNotFound
                | ErrorCode::InsufficientRights
        )
    }

    /// True for 404: the resource, or the whole endpoint, is not there.
    pub fn is_gone(&self) -> bool {
        matches!(self.status, Some(404 | 410))
    }
}

fn code_of(status: StatusCode, scim_type: Option<&str>) -> ErrorCode {
    match (status.as_u16(), scim_type.unwrap_or_default()) {
        (409, _) | (400, "uniqueness") => ErrorCode::EntryConflict,
        (400, "invalidFilter") => ErrorCode::InvalidFilter,
        (400, "invalidPath" | "noTarget") => ErrorCode::SchemaAttributeNotFound,
        (401, _) => ErrorCode::Unauthorized,
        (403, _) => ErrorCode::InsufficientRights,
        (404 | 410, _) => ErrorCode::InvalidAnchor,
        (405, _) => ErrorCode::MethodNotAllowed,
        (408, _) => ErrorCode::Timeout,
        (412, _) => ErrorCode::PreconditionFailed,
        (413, _) => ErrorCode::PayloadTooLarge,
        (429, _) => ErrorCode::TooManyRequests,
        (501, _) => ErrorCode::NotImplemented,
        (503, _) => ErrorCode::ServiceUnavailable,
        (500.., _) => ErrorCode::InternalServerError,
        (300..400, _) => ErrorCode::Redirected,
        _ => ErrorCode::UnprocessableEntity,
    }
}

/// An answer that points elsewhere.
pub(crate) fn redirected(whom: &str, status: StatusCode, location: Option<&str>) -> Failure {
    // Only the origin and path: a redirect to a sign-in page carries secrets in its query.
    let place = location.map(|place| place.split(['?', '#']).next().unwrap_or_default());
    let reason = match place {
        Some(place) if !place.is_empty() => {
            format!("{} answered {status} and points to {}.", capital(whom), place.escape_debug())
        }
        _ => format!("{} answered {status}, a redirect, without saying where to.", capital(whom)),
    };
    Failure { status: Some(status.as_u16()), ..Failure::new(ErrorCode::Redirected, reason) }
}

fn capital(text: &str) -> String {
    text.get(..1).map_or_else(String::new, |first| first.to_ascii_uppercase() + &text[1..])
}

/// A text without a secret that somebody put into it.
pub(crate) fn conceal(text: &str, secret: &str) -> Box<str> {
    // What is this short is no secret, and stands in many words.
    if secret.len() < 6 { text.into() } else { text.replace(secret, "***").into() }
}

/// A body that should have been JSON, in a few words.
pub(crate) fn describe(body: &[u8]) -> String {
    const EXCERPT: usize = 160;
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT)]);
    let text = text.trim();
    if text.is_empty() {
        return "no explanation (the answer's body is empty)".to_owned();
    }
    if looks_like_html(body) {
        return "a web page (HTML) instead of a SCIM message".to_owned();
    }
    let excerpt: String = text.chars().take(EXCERPT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("`{excerpt}`")
}

/// True if a body starts like a web page.
pub(crate) fn looks_like_html(body: &[u8]) -> bool {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(body.len());
    let head = body[start..].strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&body[start..]);
    [b"<!doctype".as_slice(), b"<html", b"<head", b"<body", b"<!--"]
        .iter()
        .any(|tag| head.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}

fn shorten(text: &str) -> Box<str> {
    match text.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Failure {
        Failure::from_answer(StatusCode::from_u16(status).expect("a status"), body.as_bytes())
    }

    #[test]
    fn the_targets_own_words() {
        let failure = answer(409, r#"{"detail":"userName is taken","scimType":"uniqueness","status":"409"}"#);
        assert_eq!(failure.code, ErrorCode::EntryConflict);
        assert_eq!(failure.scim_type.as_deref(), Some("uniqueness"));
        assert!(failure.reason.contains("userName is taken"));
        assert!(!failure.retryable);
    }

    #[test]
    fn codes() {
        let of = |status, body| answer(status, body).code;
        assert_eq!(of(400, r#"{"scimType":"uniqueness"}"#), ErrorCode::EntryConflict);
        assert_eq!(of(400, r#"{"scimType":"noTarget"}"#), ErrorCode::SchemaAttributeNotFound);
        assert_eq!(of(400, "{}"), ErrorCode::UnprocessableEntity);
        assert_eq!(of(418, ""), ErrorCode::UnprocessableEntity);
        assert_eq!(of(502, "<html>"), ErrorCode::InternalServerError);
        assert_eq!(of(503, ""), ErrorCode::ServiceUnavailable);
        assert!(answer(502, "").retryable);
    }

    #[test]
    fn bodies_that_are_no_scim_error() {
        assert!(answer(500, "\n <!DOCTYPE html><p>").reason.contains("web page"));
        assert!(answer(500, "").reason.contains("empty"));
        assert!(answer(500, "[1,2]").reason.contains("[1,2]"));
        assert!(answer(400, &"x".repeat(100_000)).reason.len() < 1_000);
        assert!(answer(400, &format!(r#"{{"detail":"{}"}}"#, "ü".repeat(50_000))).reason.len() < 5_000);
    }

    #[test]
    fn a_failure_stays_small() {
        assert!(size_of::<Failure>() <= 120, "{}", size_of::<Failure>());
    }
}
