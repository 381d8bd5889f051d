//! `/jobs/{id}/schema`: the mappings in Graph's form.

use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use directory::JobChange;
use serde_json::Value;

use super::jobs::job_of;
use super::{Routes, reevaluation};
use crate::call::{Call, object};
use crate::error::{Answer, ApiError};
use crate::schema;

pub(super) fn routes() -> Routes {
    Routes::new().route(
        "/servicePrincipals/{id}/synchronization/jobs/{job}/schema",
        get(show).put(replace).patch(replace).delete(reset),
    )
}

async fn show(call: Call, Path((id, job)): Path<(String, String)>) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    call.found("synchronizationSchema", schema::export(&job.template_id, &job.object_mappings))
}

async fn replace(call: Call, Path((id, job)): Path<(String, String)>, body: Bytes) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let mappings = schema::import(&Value::Object(object(&body)?)).map_err(ApiError::bad)?;
    let change = JobChange { object_mappings: Some(mappings), ..JobChange::default() };
    let job = call.directory.update_job(&call.by, job.id, &change).await?;
    reevaluation::no_content(&call, &job).await
}

async fn reset(call: Call, Path((id, job)): Path<(String, String)>) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let template = super::gallery::template(&job.template_id)?;
    let change =
        JobChange { object_mappings: Some(template.object_mappings.clone()), ..JobChange::default() };
    let job = call.directory.update_job(&call.by, job.id, &change).await?;
    reevaluation::no_content(&call, &job).await
}
