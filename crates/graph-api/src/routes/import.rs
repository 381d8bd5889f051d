//! `/provost/v1/users/import` and `/groups/import`: files of comma-separated values.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};

use axum::Json;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use directory::import::{Leavers, Options};
use intake::Arrival;

use super::Routes;
use crate::call::Call;
use crate::error::{Answer, ApiError};

/// Largest file, in bytes; it goes to a temporary file on its way.
const MAX_FILE: u64 = 2 * 1024 * 1024 * 1024;

pub(super) fn routes() -> Routes {
    Routes::new().route("/users/import", post(users)).route("/groups/import", post(groups))
}

fn options(call: &Call) -> Result<Options, ApiError> {
    Ok(Options {
        dry_run: call.query.flag("dryRun")?,
        atomic: call.query.flag("atomic")?,
        snapshot: if call.query.flag("snapshot")? {
            Some(allowed(call)?.map_or_else(Leavers::default, Leavers::exactly))
        } else {
            None
        },
    })
}

/// `allowLeavers=N`: that so many users may go this time, whatever share they are.
pub(super) fn allowed(call: &Call) -> Result<Option<u64>, ApiError> {
    let number = |text: &str| {
        text.parse().map_err(|_| ApiError::bad("allowLeavers is a number of users, such as 25."))
    };
    call.query.option("allowLeavers").map(number).transpose()
}

async fn users(call: Call, body: Body) -> Answer {
    let options = options(&call)?;
    let file = spool(body).await?;
    let report = call.directory.import_users(&call.by, file, options).await?;
    Ok(Json(report).into_response())
}

async fn groups(call: Call, body: Body) -> Answer {
    let options = options(&call)?;
    let file = spool(body).await?;
    let report = call.directory.import_groups(&call.by, file, options).await?;
    Ok(Json(report).into_response())
}

/// Writes the body to a temporary file: the upload is not slowed down by the import, nor kept in memory.
async fn spool(mut body: Body) -> Result<File, ApiError> {
    let failed = |error: std::io::Error| {
        tracing::error!(%error, "a file to import cannot be kept");
        ApiError::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "InsufficientStorage",
            "The server cannot keep the file while it imports it: its temporary folder is full or not writable.",
        )
    };
    let mut file = tempfile::tempfile().map_err(failed)?;
    let mut arrival = Arrival::new(&mut body);
    let mut size = 0;
    while let Some(chunk) = arrival.next().await? {
        size += chunk.len() as u64;
        if size > MAX_FILE {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Request_EntityTooLarge",
                "The file is larger than 2 GiB: import it in parts.",
            ));
        }
        file.write_all(&chunk).map_err(failed)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok(file)
}
