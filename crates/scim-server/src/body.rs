//! Bodies of requests, within limits.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use scim::{Error, Map, ScimType, urn};
use serde_json::Value;

use crate::answer::{Answer, Refusal};

/// Reads a body of at most `limit` bytes of SCIM JSON. Errors: 415, 413, 400 when the client breaks off.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Answer<Bytes> {
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        let kind = kind.to_str().unwrap_or("?");
        if !urn::is_media_type(kind) {
            let kind: String = kind.chars().take(80).collect();
            return Err(Refusal::new(
                415,
                format!("the body is sent as {kind}; send application/scim+json or application/json"),
            ));
        }
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) => Err(Refusal::new(400, format!("the body did not arrive whole: {error}"))),
    }
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(413, format!("the body is larger than the {limit} bytes that are taken here"))
}

/// Reads JSON; the parser refuses more than 128 levels.
pub(crate) fn value(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).map_err(|error| {
        Error::of(ScimType::InvalidSyntax, format!("the body is not JSON as it must be: {error}"))
    })
}

/// Reads a JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Map, Error> {
    match value(body)? {
        Value::Object(map) => Ok(map),
        _ => Err(Error::of(ScimType::InvalidSyntax, "the body must be a JSON object")),
    }
}
