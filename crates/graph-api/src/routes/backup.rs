//! `/provost/v1/backup`: the whole installation as one file.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Routes;
use crate::call::Call;
use crate::error::Answer;

pub(super) fn routes() -> Routes {
    Routes::new().route("/backup", get(make))
}

/// The store as it is at one moment, with its digest (RFC 9530) so that the client can tell that it has all of it. The key
/// that secrets are encrypted with is not in it.
async fn make(call: Call) -> Answer {
    let copy = call.backups.make(call.directory.store().as_ref()).await?;
    call.directory.note_backup(&call.by).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, copy.length.to_string()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"provost.backup\"".to_owned()),
        (
            header::HeaderName::from_static("content-digest"),
            format!("sha-256=:{}:", STANDARD.encode(copy.digest)),
        ),
    ];
    Ok((StatusCode::OK, headers, copy.into_body()).into_response())
}
