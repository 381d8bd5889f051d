//! `/provost/v1/jobs`: settings of our own, cycles now, progress, staged removals.

use std::convert::Infallible;

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use bytes::Bytes;
use directory::{JobChange, JobSettings};
use futures::StreamExt as _;
use model::{CycleReport, Job};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Routes;
use crate::call::{Call, from_value, guid, no_content, object};
use crate::error::{Answer, ApiError};
use crate::render;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/jobs", get(list))
        .route("/jobs/{job}", get(show).patch(update))
        .route("/jobs/{job}/settings", get(settings).patch(update))
        .route("/jobs/{job}/run", post(run))
        .route("/jobs/{job}/progress", get(progress))
        .route("/jobs/{job}/allow-deletes", post(allow_deletes))
        .route("/jobs/{job}/allowDeletes", post(allow_deletes))
}

pub(super) async fn job(call: &Call, id: &str) -> Result<Job, ApiError> {
    Ok(call.directory.job(guid(id)?).await?)
}

async fn rendered(call: &Call, job: &Job) -> Result<Value, ApiError> {
    let state = call.directory.job_state(job.id).await?;
    let mut shown = serde_json::to_value(job).unwrap_or_default();
    shown["interval"] = job.interval.to_string().into();
    // Tables have a call of their own.
    shown["tables"] = job.tables.keys().cloned().collect();
    let current = match call.runner.progress(job.id) {
        Some(mut reports) => reports.next().await,
        None => None,
    };
    shown["status"] = if current.is_some() { "Running" } else { render::job_code(job, &state) }.into();
    shown["currentCycle"] = json!(current);
    shown["lastCycle"] = json!(state.last_cycle);
    shown["nextRun"] = json!(state.next_run);
    shown["quarantine"] = json!(state.quarantine);
    shown["removalsAllowed"] = state.removals_allowed.into();
    Ok(shown)
}

async fn list(call: Call) -> Answer {
    let mut shown = Vec::new();
    for job in call.directory.jobs().await? {
        shown.push(rendered(&call, &job).await?);
    }
    Ok(Json(json!({"value": shown})).into_response())
}

async fn show(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    Ok(Json(rendered(&call, &job).await?).into_response())
}

async fn settings(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    let mut shown = serde_json::to_value(JobSettings::of(&job)).unwrap_or_default();
    shown["interval"] = job.interval.to_string().into();
    Ok(Json(shown).into_response())
}

async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let job = job(&call, &id).await?;
    let mut members = object(&body)?;
    let started = match members.remove("started") {
        None => None,
        Some(Value::Bool(started)) => Some(started),
        Some(_) => return Err(ApiError::bad("started must be true or false.")),
    };
    let mut changed = change(&call, &job, members).await?;
    if let Some(started) = started.filter(|it| *it != changed.started) {
        set_started(&call, job.id, started).await?;
        changed.started = started;
    }
    Ok(Json(rendered(&call, &changed).await?).into_response())
}

/// Starts or pauses a job's schedule, and the cycle that runs with it.
pub(super) async fn set_started(call: &Call, job: Uuid, started: bool) -> Result<(), ApiError> {
    let change = JobChange { started: Some(started), ..JobChange::default() };
    call.directory.update_job(&call.by, job, &change).await?;
    if started {
        call.runner.started(job).await?;
    } else {
        call.runner.paused(job).await;
    }
    Ok(())
}

/// Changes the settings that the members name.
pub(super) async fn change(call: &Call, job: &Job, members: Map<String, Value>) -> Result<Job, ApiError> {
    let mut all = serde_json::to_value(JobSettings::of(job)).unwrap_or_default();
    for (name, value) in members {
        let Some(slot) = all.get_mut(&name) else {
            let shown: String = name.chars().take(60).collect();
            return Err(ApiError::bad(format!(
                "A job has no setting '{shown}'; it has: interval, trigger, scope, nestedGroups, excludeDefaultAccess, \
                 notificationMail, removalThreshold, deprovisioning, started."
            )));
        };
        match (slot, value) {
            (Value::Object(slot), Value::Object(value)) => slot.extend(value),
            (slot, value) => *slot = value,
        }
    }
    let settings: JobSettings = from_value(all)?;
    let change = JobChange { settings: Some(settings), ..JobChange::default() };
    Ok(call.directory.update_job(&call.by, job.id, &change).await?)
}

async fn run(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    // Says what is missing before a cycle begins.
    call.directory.credentials(job.service_principal_id).await?;
    let report = call.runner.run(job.id, &call.by).await?;
    let mut shown = serde_json::to_value(&report).unwrap_or_default();
    shown["jobId"] = job.id.to_string().into();
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}

/// The reports of the cycle that runs, as server-sent events, to its end; of the last one where none runs.
async fn progress(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    let running = call.runner.progress(job.id);
    let reports = if let Some(reports) = running {
        reports
    } else {
        let last = call.directory.job_state(job.id).await?.last_cycle;
        futures::stream::iter(last).boxed()
    };
    let events = reports.map(|report| Ok::<_, Infallible>(event(&report)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

fn event(report: &CycleReport) -> Event {
    Event::default().data(serde_json::to_string(report).unwrap_or_default())
}

async fn allow_deletes(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    call.runner.allow_removals(job.id).await?;
    no_content()
}
