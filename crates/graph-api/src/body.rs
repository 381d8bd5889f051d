//! Bodies of calls, within limits.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use intake::Fault;

use crate::Shared;
use crate::error::ApiError;

/// Largest body of a call, in bytes; files to import are not bound by it.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Reads the body of a call before the call is made. What becomes of the bytes is for the handler to say, which holds
/// its share of the memory of all bodies for as long as it has them.
pub(crate) async fn take(State(state): State<Shared>, request: Request, next: Next) -> Response {
    let (parts, mut body) = request.into_parts();
    match state.intake.read(&mut body, MAX_BODY).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(fault) => {
            // Who waits for a go-ahead before the body has sent none of it.
            if !parts.headers.contains_key(header::EXPECT) {
                intake::drain(&mut body).await;
            }
            ApiError::from(fault).into_response()
        }
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let (code, hint) = match fault {
            Fault::TooLarge(_) => ("Request_EntityTooLarge", "Send it in parts."),
            Fault::TooSlow(_) => ("RequestTimeout", "Nothing was changed: send it again."),
            Fault::Broken(_) => ("Request_BadRequest", "Nothing was changed: send it again."),
            Fault::Busy => ("ServiceNotAvailable", "Nothing was changed: try again in some seconds."),
        };
        let mut words = fault.to_string();
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self::new(status, code, format!("{words}.")).hint(hint)
    }
}
