//! Bodies of requests, within limits.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use scim::{Error, Map, ScimType, urn};
use serde_json::Value;

use crate::answer::{Answer, Refusal};

/// How long a client may take to send a body.
const ARRIVES_WITHIN: Duration = Duration::from_mins(2);
/// How much of a body that nobody wants is taken off a connection, and for how long.
const DRAINED: usize = 64 << 20;
const DRAINED_WITHIN: Duration = Duration::from_secs(10);

/// Reads a body of at most `limit` bytes of SCIM JSON. Errors: 415, 413, 400 when the client breaks off, 408 when it
/// takes too long.
pub(crate) async fn read(headers: &HeaderMap, body: &mut Body, limit: usize) -> Answer<Bytes> {
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
    match tokio::time::timeout(ARRIVES_WITHIN, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Ok(Err(error)) => Err(Refusal::new(400, format!("the body did not arrive whole: {error}"))),
        Err(_) => Err(Refusal::new(
            408,
            format!("the body did not arrive within {} seconds: send it again", ARRIVES_WITHIN.as_secs()),
        )),
    }
}

/// Takes what is left of a body off the connection, within limits. A connection that is closed while the client still
/// sends is reset, and most clients then report the reset and not the answer.
pub(crate) async fn drain(body: &mut Body) {
    if body.is_end_stream() {
        return;
    }
    let all = async {
        let mut left = DRAINED;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // What did not come in time is given up like what is too much.
    let _ = tokio::time::timeout(DRAINED_WITHIN, all).await;
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(413, format!("the body is larger than the {limit} bytes that are taken here"))
}

/// Reads a JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Map, Error> {
    match scim::json::parse(body)? {
        Value::Object(map) => Ok(map),
        _ => Err(Error::of(ScimType::InvalidSyntax, "the body must be a JSON object")),
    }
}
