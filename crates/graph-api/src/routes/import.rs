//! `/provost/v1/users/import` and `/groups/import`: files of comma-separated values.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use axum::routing::post;
use directory::import::{Leavers, Options, Report};
use futures::Stream;
use intake::Arrival;
use model::ObjectType;
use serde_json::{Value, json};

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

async fn users(call: Call, headers: HeaderMap, body: Body) -> Answer {
    import(call, &headers, body, ObjectType::User).await
}

async fn groups(call: Call, headers: HeaderMap, body: Body) -> Answer {
    import(call, &headers, body, ObjectType::Group).await
}

async fn import(call: Call, headers: &HeaderMap, body: Body, object_type: ObjectType) -> Answer {
    let options = options(&call)?;
    let file = spool(body).await?;
    let watched = Watched { size: size(&file)?, file, read: Arc::default() };
    let (read, size) = (Arc::clone(&watched.read), watched.size);
    let outcome = async move {
        let report = match object_type {
            ObjectType::User => call.directory.import_users(&call.by, watched, options).await,
            ObjectType::Group => call.directory.import_groups(&call.by, watched, options).await,
        };
        report.map_err(ApiError::from)
    };
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepted.contains("text/event-stream") {
        return Ok(Json(outcome.await?).into_response());
    }
    Ok(Sse::new(events(outcome, read, size)).into_response())
}

/// How often whoever follows an import is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// How far the import is, again and again, and at the end what came of it: the report, or the error in an event `error`.
fn events(
    outcome: impl Future<Output = Result<Report, ApiError>> + Send + 'static,
    read: Arc<AtomicU64>,
    size: u64,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let going = Some((Box::pin(outcome), tokio::time::interval(TELL_EVERY)));
    futures::stream::unfold(going, move |going| {
        let read = Arc::clone(&read);
        async move {
            let (mut outcome, mut ticks) = going?;
            tokio::select! {
                biased;
                outcome = &mut outcome => {
                    let event = match outcome {
                        Ok(report) => event("report", &json!(report)),
                        Err(error) => event("error", &error.body()),
                    };
                    Some((Ok(event), None))
                }
                _ = ticks.tick() => {
                    let far = json!({"read": read.load(Ordering::Relaxed), "size": size});
                    Some((Ok(event("progress", &far)), Some((outcome, ticks))))
                }
            }
        }
    })
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}

/// A file that says how much of it was read.
struct Watched {
    file: File,
    size: u64,
    read: Arc<AtomicU64>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The file cannot be kept or read again.
#[expect(clippy::needless_pass_by_value, reason = "it is an error mapper")]
fn failed(error: io::Error) -> ApiError {
    tracing::error!(%error, "a file to import cannot be kept");
    ApiError::new(
        StatusCode::INSUFFICIENT_STORAGE,
        "InsufficientStorage",
        "The server cannot keep the file while it imports it: its temporary folder is full or not writable.",
    )
}

fn size(file: &File) -> Result<u64, ApiError> {
    Ok(file.metadata().map_err(failed)?.len())
}

/// Writes the body to a temporary file: the upload is not slowed down by the import, nor kept in memory.
async fn spool(mut body: Body) -> Result<File, ApiError> {
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
