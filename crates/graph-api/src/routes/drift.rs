//! `/provost/v1/jobs/{job}/drift`: what the target holds otherwise than the job left it.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Value, json};

use super::Routes;
use super::job_settings::job;
use crate::call::{Call, object};
use crate::error::{Answer, ApiError};
use crate::page;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/jobs/{job}/drift", get(report).post(compare))
        .route("/jobs/{job}/drift/findings", get(findings))
}

/// `{"repair": true}` puts right what differs.
async fn compare(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let job = job(&call, &id).await?;
    let mut body = object(&body)?;
    let repair = match body.remove("repair") {
        None => false,
        Some(Value::Bool(repair)) => repair,
        Some(_) => return Err(ApiError::bad("repair must be true or false.")),
    };
    if let Some(name) = body.keys().next() {
        let shown: String = name.chars().take(60).collect();
        return Err(ApiError::bad(format!("'{shown}' is not known here; there is: repair.")));
    }
    // Says what is missing before anything begins.
    call.directory.credentials(job.service_principal_id).await?;
    let report = call.runner.drift(job.id, repair, &call.by).await?;
    let mut shown = serde_json::to_value(&report).unwrap_or_default();
    shown["jobId"] = job.id.to_string().into();
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}

async fn report(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    let found = call.directory.job_state(job.id).await?.last_drift;
    let found = found.ok_or_else(|| ApiError::missing("The job's target has not been compared yet."))?;
    Ok(Json(json!(found)).into_response())
}

async fn findings(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    let (found, next) =
        call.runner.drift_findings(job.id, call.query.after.clone(), call.query.limit()).await?;
    let shown = found.iter().map(|finding| json!(finding)).collect();
    Ok(page::list(&call, "driftFindings", shown, next.as_ref(), None))
}
