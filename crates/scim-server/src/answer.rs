//! Answers and refusals: everything that leaves is SCIM JSON.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use scim::{Error, ScimType, urn};
use serde::Serialize;
use store::{KeyName, Kind};
use uuid::Uuid;

use crate::document;
use crate::inspector::Reason;

/// An HTTP answer, or why there is none.
pub(crate) type Answer<T = Response<Body>> = Result<T, Refusal>;

/// A SCIM error, with a header where the status asks for one.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    header: Option<(&'static str, &'static str)>,
    /// What the store refused a write for, for whoever knows what was asked.
    pub(crate) cause: Option<Cause>,
    /// Why, for the inspector, where status and keyword do not tell.
    pub(crate) reason: Option<Reason>,
}

/// What the store refuses a write for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A unique key that another resource holds.
    Taken(Box<Taken>),
    /// A resource that is not there, or no longer.
    Missing(Uuid),
    /// The description of the tenant's resources that the request was read by is no longer the current one.
    Redefined,
}

/// A unique key, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) key: KeyName,
    pub(crate) value: Bytes,
    pub(crate) holder: Uuid,
    pub(crate) kind: Kind,
}

impl Refusal {
    pub(crate) fn new(status: u16, detail: impl Into<String>) -> Self {
        Error::new(status, detail).into()
    }

    pub(crate) fn of(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Error::of(scim_type, detail).into()
    }

    /// 401: says what is wrong with the token (RFC 6750 section 3).
    pub(crate) fn unauthorized(detail: impl Into<String>, reason: Reason) -> Self {
        let challenge = if reason == Reason::NoToken {
            r#"Bearer realm="SCIM""#
        } else {
            r#"Bearer realm="SCIM", error="invalid_token""#
        };
        Self::new(401, detail).header("www-authenticate", challenge).because(reason)
    }

    /// The same refusal with the reason that the inspector shows.
    #[must_use]
    pub(crate) fn because(self, reason: Reason) -> Self {
        Self { reason: Some(reason), ..self }
    }

    fn header(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// 403: "SCIM for Authentication" is off.
    pub(crate) fn switched_off() -> Self {
        Self::new(
            403,
            "\"SCIM for Authentication\" is switched off for this tenant; an administrator can switch it on",
        )
        .because(Reason::SwitchedOff)
    }

    /// 405, with the methods that the place knows.
    pub(crate) fn method(allowed: &'static str) -> Self {
        Self::new(405, format!("this place knows the methods {allowed}")).header("allow", allowed)
    }

    /// 429, to be tried again in a second.
    pub(crate) fn too_many_requests(limit: u32) -> Self {
        let words = format!(
            "more than {limit} requests a second: try again in a second, or raise the tenant's limit"
        );
        Self::new(429, words).header("retry-after", "1")
    }

    /// 429: too many requests of a tenant wait for changes.
    pub(crate) fn waiting(limit: usize) -> Self {
        let words =
            format!("{limit} requests of this tenant wait for changes already: let one end, or do not wait");
        Self::new(429, words).header("retry-after", "1")
    }

    /// 503, to be tried again in some seconds.
    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new(503, detail).header("retry-after", "5")
    }

    /// The request has to be read again, by the description that holds now.
    pub(crate) fn redefined() -> Self {
        let refusal = Self::new(503, "the schemas of the tenant are being changed: try again");
        Self { cause: Some(Cause::Redefined), ..refusal }
    }

    /// Whether it is that.
    pub(crate) fn is_redefined(&self) -> bool {
        self.cause == Some(Cause::Redefined)
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        let id: String = id.chars().take(80).collect();
        Self::new(404, format!("there is no {what} {id} in this tenant"))
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let status = StatusCode::from_u16(self.error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(status, &self.error.to_json());
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, header: None, cause: None, reason: None }
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::InvalidCursor | store::Error::PositionExpired => Self::of(
                ScimType::InvalidCursor,
                "the cursor is not one that this query was answered with: start again without a cursor",
            ),
            store::Error::Exists { kind: Kind::SchemaExtension, .. }
            | store::Error::Missing { kind: Kind::SchemaExtension, .. } => Self::redefined(),
            store::Error::Missing { kind, id } => {
                let refusal = Self::not_found(&format!("{kind:?}"), &id.to_string());
                Self { cause: Some(Cause::Missing(id)), ..refusal }
            }
            store::Error::NotUnique { kind, name, value, holder } => {
                let attribute = document::attribute_of(name);
                let refusal =
                    Self::of(ScimType::Uniqueness, format!("{attribute} is taken by the {kind:?} {holder}"));
                let taken = Taken { key: name, value, holder, kind };
                Self { cause: Some(Cause::Taken(Box::new(taken))), ..refusal }
            }
            store::Error::Serialization | store::Error::VersionMismatch { .. } => {
                Self::new(503, "too many others write the same resource: try again")
            }
            store::Error::Unavailable(words) => {
                tracing::error!(reason = words, "the database does not answer");
                Self::busy("the database of the service cannot be reached: try again in some seconds")
            }
            store::Error::Closed => Self::new(503, "the service is shutting down: try again in a moment"),
            other => {
                tracing::error!(error = %other, "storage failed");
                Self::new(500, "storage failed; the log of the service says why")
            }
        }
    }
}

impl From<tenant::Error> for Refusal {
    fn from(error: tenant::Error) -> Self {
        match error {
            tenant::Error::Malformed => Self::unauthorized(error.to_string(), Reason::Malformed),
            tenant::Error::Unknown => Self::unauthorized(error.to_string(), Reason::Unknown),
            tenant::Error::Expired(_) => Self::unauthorized(error.to_string(), Reason::Expired),
            tenant::Error::Store(error) => error.into(),
            tenant::Error::NoTenant(_) => Self::new(404, error.to_string()),
            other => {
                tracing::error!(error = %other, "a tenant could not be read");
                Self::new(500, "the tenant cannot be read; the log of the service says why")
            }
        }
    }
}

/// An answer with a body of SCIM's media type.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response<Body> {
    serde_json::to_vec(value).map_or_else(
        |error| Refusal::new(500, format!("the answer could not be written: {error}")).into_response(),
        |body| bytes(status, body),
    )
}

/// An answer with a body that is SCIM JSON already.
pub(crate) fn bytes(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(urn::MEDIA_TYPE));
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Sets a header to a value that we made; one that is no header value is left out.
pub(crate) fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
