//! `/provost/v1/jobs/{job}/reevaluation`: how many objects a change of configuration makes the next cycle look at.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use directory::JobChange;
use model::Job;
use serde_json::{Map, Value};

use super::{Routes, job_settings};
use crate::call::{Call, object};
use crate::error::{Answer, ApiError};
use crate::schema;

/// How many objects the next cycle looks at because of what was just saved, where Graph's answer has no body.
const AFFECTED: HeaderName = HeaderName::from_static("provost-objects-affected");

pub(super) fn routes() -> Routes {
    Routes::new().route("/jobs/{job}/reevaluation", post(plan))
}

async fn plan(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let job = job_settings::job(&call, &id).await?;
    let unsaved = unsaved(&call, &job, object(&body)?)?;
    Ok(Json(call.directory.reevaluated(&unsaved).await?).into_response())
}

/// The job with settings as `PATCH /jobs/{job}` takes them, and `schema` in Graph's form, checked as if they were saved.
pub(super) fn unsaved(call: &Call, job: &Job, mut members: Map<String, Value>) -> Result<Job, ApiError> {
    let schema = members.remove("schema");
    let settings = Some(job_settings::merged(job, members)?);
    let mut change = JobChange { settings, ..JobChange::default() };
    if let Some(schema) = schema {
        let read = schema::import(&schema).map_err(ApiError::bad)?;
        (change.object_mappings, change.target) = (Some(read.mappings), read.target);
    }
    Ok(call.directory.planned(job, &change)?)
}

/// 204 for a configuration that was saved, with how many objects it affects.
pub(super) async fn no_content(call: &Call, job: &Job) -> Answer {
    let affected = call.directory.reevaluated(job).await?.objects;
    Ok((StatusCode::NO_CONTENT, [(AFFECTED, affected.to_string())]).into_response())
}
