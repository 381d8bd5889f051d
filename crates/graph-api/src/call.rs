//! What every handler gets: the state, who calls, where, and the query options.

use std::sync::Arc;

use administrators::Caller;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use model::Principal;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::{Answer, ApiError};
use crate::odata::Query;
use crate::{Shared, State};

/// One call.
pub(crate) struct Call {
    pub state: Shared,
    pub by: Principal,
    /// Who calls, with roles.
    pub caller: Arc<Caller>,
    pub query: Query,
    pub uri: Uri,
}

impl FromRequestParts<Shared> for Call {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Arc<Caller>>().cloned().ok_or_else(|| {
            ApiError::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", "Access token is empty.")
        })?;
        let uri = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.clone(), |it| it.0.clone());
        let query = Query::parse(uri.query().unwrap_or_default())?;
        Ok(Self { state: state.clone(), by: caller.principal.clone(), caller, query, uri })
    }
}

impl std::ops::Deref for Call {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl Call {
    /// `v1.0`, `beta` or `provost`.
    pub fn version(&self) -> &str {
        self.uri.path().trim_start_matches('/').split('/').next().unwrap_or("v1.0")
    }

    /// The address of a resource of the version that is called.
    pub fn address(&self, path: &str) -> String {
        format!("{}/{}/{path}", self.addresses.public_url, self.version())
    }

    /// The `@odata.context` of an answer.
    pub fn context(&self, what: &str) -> String {
        self.address(&format!("$metadata#{what}"))
    }

    /// An answer with one object.
    pub fn entity(&self, status: StatusCode, what: &str, mut object: Value) -> Response {
        if let Value::Object(members) = &mut object {
            let mut all = Map::with_capacity(members.len() + 1);
            all.insert("@odata.context".to_owned(), self.context(&format!("{what}/$entity")).into());
            all.append(members);
            return (status, Json(Value::Object(all))).into_response();
        }
        (status, Json(object)).into_response()
    }

    /// An answer with an object that was created.
    pub fn created(&self, what: &str, object: Value) -> Response {
        self.entity(StatusCode::CREATED, what, object)
    }

    /// An answer with an object that was read.
    #[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
    pub fn found(&self, what: &str, object: Value) -> Answer {
        Ok(self.entity(StatusCode::OK, what, self.query.select(object)))
    }
}

/// 204.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
pub(crate) fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A body's JSON object without OData's annotations; an absent body is an empty object. The content type does not
/// matter.
pub(crate) fn object(body: &Bytes) -> Result<Map<String, Value>, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let value = scim::json::parse(body).map_err(|error| ApiError::bad(format!("{}.", error.detail)))?;
    match value {
        Value::Object(mut members) => {
            members.retain(|name, _| {
                !name.contains('@') || name == "@odata.id" || name.ends_with("@odata.bind")
            });
            Ok(members)
        }
        _ => Err(ApiError::bad("The body must be a JSON object.")),
    }
}

/// JSON as a type of ours.
pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| ApiError::bad(format!("The body cannot be read: {error}.")))
}

/// An id from a path or body.
pub(crate) fn guid(text: &str) -> Result<Uuid, ApiError> {
    Uuid::try_parse(text).map_err(|_| {
        let shown: String = text.chars().take(100).collect();
        ApiError::bad(format!("Invalid object identifier '{shown}'."))
            .hint("Ids are GUIDs, such as 8f0a1c9e-7f9f-4b41-9d1a-0d1f6d2f3a01: lists show them.")
    })
}

/// The key at the end of a reference, absolute or relative: `https://host/v1.0/directoryObjects/{id}`, `users('{id}')`.
pub(crate) fn key_of_reference(reference: &str) -> Option<String> {
    let last = reference.trim_end_matches('/').rsplit('/').next().filter(|last| !last.is_empty())?;
    let decoded = percent_encoding::percent_decode_str(last).decode_utf8().ok()?;
    let in_parentheses = decoded.strip_suffix(')').and_then(|rest| rest.split_once('('));
    match in_parentheses {
        Some((_, key)) => crate::path::key_value(key),
        None => Some(decoded.into_owned()),
    }
}

/// The key of the object that a body refers to.
pub(crate) fn referenced(members: &Map<String, Value>) -> Result<String, ApiError> {
    let reference = members.get("@odata.id").and_then(Value::as_str);
    reference.and_then(key_of_reference).ok_or_else(|| {
        ApiError::bad("The body must be {\"@odata.id\": \"https://.../directoryObjects/{id}\"}.")
    })
}
