//! `/provost/v1/users/import/schedule`: the file of users that is imported by itself.

use axum::Json;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use directory::import::{ImportSchedule, Scheduled};
use serde_json::{Value, json};

use super::Routes;
use super::import::allowed;
use crate::call::{Call, from_value, no_content, object};
use crate::error::Answer;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/users/import/schedule", get(show).put(set).delete(remove))
        .route("/users/import/schedule/run", post(run))
}

fn shown(call: &Call, scheduled: Option<&Scheduled>) -> Value {
    json!({
        "folder": call.imports.path(),
        "schedule": scheduled.map(|it| &it.schedule),
        "next": scheduled.map(Scheduled::next),
        "last": scheduled.and_then(|it| it.last.as_ref()),
        "unchanged": scheduled.and_then(|it| it.unchanged),
    })
}

async fn show(call: Call) -> Answer {
    let scheduled = call.directory.import_schedule().await?;
    Ok(Json(shown(&call, scheduled.as_ref())).into_response())
}

async fn set(call: Call, body: Bytes) -> Answer {
    let schedule: ImportSchedule = from_value(object(&body)?.into())?;
    let scheduled = call.directory.set_import_schedule(&call.by, &schedule).await?;
    Ok(Json(shown(&call, Some(&scheduled))).into_response())
}

async fn remove(call: Call) -> Answer {
    call.directory.remove_import_schedule(&call.by).await?;
    no_content()
}

/// Imports the file now; with `allowLeavers=N` so many users may go.
async fn run(call: Call) -> Answer {
    let allowed = allowed(&call)?;
    let run = call.directory.run_import(&call.by, &call.imports, allowed).await?;
    Ok(Json(run).into_response())
}
