//! Bodies of requests, within limits.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use bytes::Bytes;
use intake::{Fault, Intake};
use scim::urn;

use crate::answer::{Answer, Refusal};

/// Reads a body of at most `limit` bytes of SCIM JSON. Errors: 415, and those of [`Fault`].
pub(crate) async fn read(
    intake: &Intake,
    headers: &HeaderMap,
    body: &mut Body,
    limit: usize,
) -> Answer<Bytes> {
    let unsupported = |name, what: &str, instead: &str| {
        let value = headers.get(name)?.to_str().unwrap_or("?");
        let value: String = value.chars().take(80).collect();
        Some(Refusal::new(415, format!("the body is sent {what} {value}; send {instead}")))
    };
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or("?"));
    let refusal = if kind.is_some_and(|kind| !urn::is_media_type(kind)) {
        unsupported(CONTENT_TYPE, "as", "application/scim+json or application/json")
    } else if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        unsupported(CONTENT_ENCODING, "with the encoding", "it as it is")
    } else {
        None
    };
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    Ok(intake.read(body, limit).await?)
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy => Self::busy(fault.to_string()),
            fault => Self::new(fault.status(), fault.to_string()),
        }
    }
}
