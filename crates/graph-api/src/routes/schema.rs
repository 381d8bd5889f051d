//! `/jobs/{id}/schema`: the mappings in Graph's form, and the attributes of both ends.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::routing::{get, post};
use bytes::Bytes;
use directory::{JobChange, TargetChange, schema_tag};
use model::{Job, TargetSchema};
use serde_json::Value;

use super::jobs::{job_of, template_of, template_schema};
use super::{Routes, reevaluation};
use crate::call::{Call, object};
use crate::error::{Answer, ApiError};
use crate::{directories, page, schema};

pub(super) fn routes() -> Routes {
    const BASE: &str = "/servicePrincipals/{id}/synchronization/jobs/{job}/schema";
    const TEMPLATE: &str = "/servicePrincipals/{id}/synchronization/templates/{template}/schema";
    Routes::new()
        .route(TEMPLATE, get(show_of_template))
        .route(&format!("{TEMPLATE}/directories"), get(list_of_template))
        .route(&format!("{TEMPLATE}/directories/{{directory}}"), get(show_directory_of_template))
        .route(BASE, get(show).put(replace).patch(replace).delete(reset))
        .route(&format!("{BASE}/directories"), get(list))
        .route(&format!("{BASE}/directories/{{directory}}"), get(show_directory))
        .route(&format!("{BASE}/directories/{{directory}}/discover"), post(discover))
}

/// What of a schema has no place in a job, where Graph's answer has no body: a JSON list of path, reason and how many more.
const NOT_CARRIED_OVER: HeaderName = HeaderName::from_static("provost-not-carried-over");

fn both(call: &Call, job: &Job) -> Vec<Value> {
    let (source, target) = (call.directory.id(), job.service_principal_id);
    directories::both(source, target, &job.object_mappings, &job.target_schema)
}

async fn show(call: Call, Path((id, job)): Path<(String, String)>) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let shown = schema::export(&job.template_id, &job.object_mappings, &both(&call, &job));
    let mut answer = call.found("synchronizationSchema", shown)?;
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", schema_tag(&job))) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    Ok(answer)
}

/// The schema that jobs of a template begin with; it changes with Provost alone.
async fn show_of_template(call: Call, Path((id, template)): Path<(String, String)>) -> Answer {
    let (app, template) = template_of(&call, &id, &template).await?;
    call.found("synchronizationSchema", template_schema(&call, &app, template))
}

async fn list_of_template(call: Call, Path((id, template)): Path<(String, String)>) -> Answer {
    call.query.only(&[])?;
    let directories = directories_of_template(&call, &id, &template).await?;
    Ok(page::list(&call, "directoryDefinitions", directories, None, None))
}

async fn show_directory_of_template(
    call: Call,
    Path((id, template, directory)): Path<(String, String, String)>,
) -> Answer {
    let directories = directories_of_template(&call, &id, &template).await?;
    call.found("directoryDefinitions", of_id(directories, &directory)?)
}

async fn directories_of_template(call: &Call, id: &str, template: &str) -> Result<Vec<Value>, ApiError> {
    let (app, template) = template_of(call, id, template).await?;
    let mappings = &template.object_mappings;
    Ok(directories::both(call.directory.id(), app.id, mappings, &TargetSchema::default()))
}

/// What a change was made from, where the caller says so: the tag that reading it answered (RFC 9110 section 13.1.1).
fn read(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let tag = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    match tag {
        _ if text == "*" => Ok(None),
        Some(tag) if !tag.contains('"') => Ok(Some(tag.to_owned())),
        _ => Err(ApiError::bad("If-Match must be the one ETag of the schema that was read, or *.")),
    }
}

async fn replace(
    call: Call,
    Path((id, job)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let body = Value::Object(object(&body)?);
    let imported = schema::import(&body).map_err(ApiError::bad)?;
    let change = JobChange {
        object_mappings: Some(imported.mappings),
        target: imported.target,
        schema_read: read(&headers)?,
        ..JobChange::default()
    };
    let job = call.directory.update_job(&call.by, job.id, &change).await?;
    let mut answer = reevaluation::no_content(&call, &job).await?;
    if let Some(notes) = imported.notes.to_header().and_then(|it| HeaderValue::try_from(it).ok()) {
        answer.headers_mut().insert(NOT_CARRIED_OVER, notes);
    }
    Ok(answer)
}

async fn reset(call: Call, Path((id, job)): Path<(String, String)>, headers: HeaderMap) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let template = super::gallery::template(&job.template_id)?;
    let object_mappings = Some(template.object_mappings.clone());
    let change = JobChange { object_mappings, schema_read: read(&headers)?, ..JobChange::default() };
    let job = call.directory.update_job(&call.by, job.id, &change).await?;
    reevaluation::no_content(&call, &job).await
}

async fn list(call: Call, Path((id, job)): Path<(String, String)>) -> Answer {
    call.query.only(&[])?;
    let job = job_of(&call, &id, &job).await?;
    Ok(page::list(&call, "directoryDefinitions", both(&call, &job), None, None))
}

async fn show_directory(call: Call, Path((id, job, directory)): Path<(String, String, String)>) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    call.found("directoryDefinitions", directory_of(&call, &job, &directory)?)
}

async fn discover(call: Call, Path((id, job, directory)): Path<(String, String, String)>) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    directory_of(&call, &job, &directory)?;
    let job = if directory == job.service_principal_id.to_string() {
        // Says what is missing before anything is tried.
        call.directory.credentials(job.service_principal_id).await?;
        discovered(&call, &job).await?
    } else {
        job
    };
    call.found("directoryDefinitions", directory_of(&call, &job, &directory)?)
}

fn directory_of(call: &Call, job: &Job, id: &str) -> Result<Value, ApiError> {
    of_id(both(call, job), id)
}

fn of_id(directories: Vec<Value>, id: &str) -> Result<Value, ApiError> {
    let found = directories.into_iter().find(|it| it["id"] == id);
    found.ok_or_else(|| {
        let shown: String = id.chars().take(100).collect();
        ApiError::missing(format!("The schema has no directory '{shown}'."))
            .hint("The ids are in directories of the synchronization schema.")
    })
}

/// The job with what its target says of its attributes, where it says anything.
pub(super) async fn discovered(call: &Call, job: &Job) -> Result<Job, ApiError> {
    let Some(found) = call.runner.discover(job.id).await? else { return Ok(job.clone()) };
    if job.target_schema.discovered_at.is_some() && job.target_schema.discovered == found {
        return Ok(job.clone());
    }
    let change = JobChange { target: vec![TargetChange::Discovered(found)], ..JobChange::default() };
    Ok(call.directory.update_job(&call.by, job.id, &change).await?)
}
