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
use jiff::Timestamp;
use model::{CycleReport, Job};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Routes, job_status};
use crate::call::{Call, from_value, guid, no_content, object};
use crate::error::{Answer, ApiError};
use crate::page;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/jobs", get(list))
        .route("/jobs/{job}", get(show).patch(update))
        .route("/jobs/{job}/settings", get(settings).patch(update))
        .route("/jobs/{job}/run", post(run))
        .route("/jobs/{job}/progress", get(progress))
        .route("/jobs/{job}/staged", get(staged))
        .route("/jobs/{job}/allow-deletes", post(allow_deletes))
        .route("/jobs/{job}/allowDeletes", post(allow_deletes))
}

pub(super) async fn job(call: &Call, id: &str) -> Result<Job, ApiError> {
    Ok(call.directory.job(guid(id)?).await?)
}

async fn list(call: Call) -> Answer {
    let mut shown = Vec::new();
    for job in call.directory.jobs().await? {
        shown.push(job_status::brief(&call, &job).await?);
    }
    Ok(Json(json!({"value": shown})).into_response())
}

async fn show(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    Ok(Json(job_status::whole(&call, &job).await?).into_response())
}

async fn settings(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    let mut shown = serde_json::to_value(JobSettings::of(&job)).unwrap_or_default();
    shown["interval"] = job.interval.to_string().into();
    shown["driftInterval"] = json!(job.drift_interval);
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
    let mut shown = job_status::brief(&call, &changed).await?;
    shown["reevaluation"] = json!(call.directory.reevaluated(&changed).await?);
    Ok(Json(shown).into_response())
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
    change_with(call, job, |job| merged(job, members.clone())).await
}

/// Changes the settings of a job; made anew where somebody has changed others meanwhile, which must stay changed.
pub(super) async fn change_with(
    call: &Call,
    job: &Job,
    make: impl Fn(&Job) -> Result<JobSettings, ApiError>,
) -> Result<Job, ApiError> {
    let mut job = job.clone();
    for _ in 0..TRIES {
        let change = JobChange {
            settings: Some(make(&job)?),
            settings_read: Some(JobSettings::of(&job)),
            ..JobChange::default()
        };
        match call.directory.update_job(&call.by, job.id, &change).await {
            Err(directory::Error::Changed(_)) => job = call.directory.job(job.id).await?,
            result => return Ok(result?),
        }
    }
    Err(directory::Error::Changed("settings of the job").into())
}

/// How often a change is made anew on what somebody else has changed meanwhile.
const TRIES: usize = 10;

/// A job's settings with those that the members name changed.
pub(crate) fn merged(job: &Job, members: Map<String, Value>) -> Result<JobSettings, ApiError> {
    let mut all = serde_json::to_value(JobSettings::of(job)).unwrap_or_default();
    merge(&mut all, members.into())?;
    from_value(all)
}

/// Puts the values that are given into the settings, which name everything that can be set.
fn merge(settings: &mut Value, given: Value) -> Result<(), ApiError> {
    match (settings, given) {
        (Value::Object(settings), Value::Object(given)) => {
            for (name, value) in given {
                let known: Vec<String> = settings.keys().cloned().collect();
                let Some(slot) = settings.get_mut(&name) else {
                    let shown: String = name.chars().take(60).collect();
                    return Err(ApiError::bad(format!(
                        "There is no setting '{shown}' here; there are: {}.",
                        known.join(", ")
                    )));
                };
                merge(slot, value)?;
            }
        }
        (slot, value) => *slot = value,
    }
    Ok(())
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

/// `{"stagedUntil": "2026-03-01T10:00:00Z"}` allows what was held back by then, and not what has joined the list since.
async fn allow_deletes(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let job = job(&call, &id).await?;
    let mut body = object(&body)?;
    let until: Option<Timestamp> = match body.remove("stagedUntil") {
        None | Some(Value::Null) => None,
        Some(until) => Some(from_value(until)?),
    };
    if let Some(name) = body.keys().next() {
        let shown: String = name.chars().take(60).collect();
        return Err(ApiError::bad(format!("'{shown}' is not known here; there is: stagedUntil.")));
    }
    call.directory.note_allowed(&call.by, job.id, until).await?;
    call.runner.allow_staged(job.id, until).await?;
    no_content()
}

async fn staged(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    let (found, next) = call.runner.staged(job.id, call.query.after.clone(), call.query.limit()).await?;
    let shown = found.iter().map(|change| json!(change)).collect();
    Ok(page::list(&call, "staged", shown, next.as_ref(), None))
}
