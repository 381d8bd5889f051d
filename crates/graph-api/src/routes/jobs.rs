//! `/servicePrincipals/{id}/synchronization`: templates and jobs.

use std::time::Duration;

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use directory::Credentials;
use model::{ApplicationTemplate, Job, ObjectType, ProvisioningEntry, ServicePrincipal};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::applications::principal;
use super::secrets::pairs;
use super::{Routes, job_settings};
use crate::call::{Call, guid, no_content, object};
use crate::error::{Answer, ApiError};
use crate::{ResetScope, directories, page, render, schema};

pub(super) fn routes() -> Routes {
    const BASE: &str = "/servicePrincipals/{id}/synchronization";
    Routes::new()
        .route(&format!("{BASE}/templates"), get(templates))
        .route(&format!("{BASE}/templates/{{template}}"), get(template))
        .route(&format!("{BASE}/jobs"), get(list).post(create))
        .route(&format!("{BASE}/jobs/validateCredentials"), post(validate_any))
        .route(&format!("{BASE}/jobs/{{job}}"), get(show).patch(update).delete(delete))
        .route(&format!("{BASE}/jobs/{{job}}/start"), post(start))
        .route(&format!("{BASE}/jobs/{{job}}/pause"), post(pause))
        .route(&format!("{BASE}/jobs/{{job}}/restart"), post(restart))
        .route(&format!("{BASE}/jobs/{{job}}/validateCredentials"), post(validate))
        .route(&format!("{BASE}/jobs/{{job}}/provisionOnDemand"), post(provision))
}

async fn templates(call: Call, Path(id): Path<String>) -> Answer {
    call.query.only(&[])?;
    let app = principal(&call, &id).await?;
    let found = app.application_template_id.as_deref().and_then(directory::template);
    let shown = found.map(|template| shown_template(&call, &app, template)).into_iter().collect();
    Ok(page::list(&call, "synchronizationTemplates", shown, None, None))
}

async fn template(call: Call, Path((id, wanted)): Path<(String, String)>) -> Answer {
    let (app, template) = template_of(&call, &id, &wanted).await?;
    call.found("synchronizationTemplates", shown_template(&call, &app, template))
}

/// The synchronization template of that id, in any case, which an application has one of.
pub(super) async fn template_of(
    call: &Call,
    app: &str,
    wanted: &str,
) -> Result<(ServicePrincipal, &'static ApplicationTemplate), ApiError> {
    let app = principal(call, app).await?;
    let its = app.application_template_id.as_deref().filter(|id| id.eq_ignore_ascii_case(wanted));
    let Some(template) = its.and_then(directory::template) else {
        let shown: String = wanted.chars().take(100).collect();
        return Err(ApiError::missing(format!("There is no template '{shown}' here."))
            .hint("synchronization/templates lists the template of the application."));
    };
    Ok((app, template))
}

fn shown_template(call: &Call, app: &ServicePrincipal, template: &ApplicationTemplate) -> Value {
    json!({
        "id": template.id,
        "applicationId": app.app_id,
        "default": true,
        "description": template.description,
        "discoverable": true,
        "factoryTag": template.id,
        "metadata": [],
        "schema": template_schema(call, app, template),
    })
}

/// The schema that jobs of a template begin with.
pub(super) fn template_schema(call: &Call, app: &ServicePrincipal, template: &ApplicationTemplate) -> Value {
    let directories = directories::both(
        call.directory.id(),
        app.id,
        &template.object_mappings,
        &model::TargetSchema::default(),
    );
    schema::export(&template.id, &template.object_mappings, &directories)
}

/// The job of that id that belongs to the application.
pub(super) async fn job_of(call: &Call, app: &str, job: &str) -> Result<Job, ApiError> {
    let app = principal(call, app).await?;
    // Graph's own ids of jobs are no GUIDs, so one that is none is simply not there.
    let id = Uuid::try_parse(job).unwrap_or_default();
    let found = call.directory.job(id).await?;
    if found.service_principal_id == app.id {
        return Ok(found);
    }
    Err(ApiError::missing(format!(
        "Resource '{job}' does not exist: the job belongs to another application."
    )))
}

async fn rendered(call: &Call, job: &Job) -> Result<Value, ApiError> {
    let state = call.directory.job_state(job.id).await?;
    let linked = call.runner.linked(job.id).await?;
    Ok(render::job(job, &state, &[("User", linked.users), ("Group", linked.groups)]))
}

async fn list(call: Call, Path(id): Path<String>) -> Answer {
    call.query.only(&[])?;
    let app = principal(&call, &id).await?;
    let mut shown = Vec::new();
    for job in call.directory.jobs_of(app.id).await? {
        shown.push(rendered(&call, &job).await?);
    }
    Ok(page::list(&call, "synchronizationJobs", shown, None, None))
}

/// An application has one job for each template; asking for it again answers the one there is.
async fn create(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let app = principal(&call, &id).await?;
    let body = object(&body)?;
    let wanted = body.get("templateId").and_then(Value::as_str).or(app.application_template_id.as_deref());
    let template =
        super::gallery::template(wanted.ok_or_else(|| ApiError::bad("The body must have templateId."))?)?;
    let there = call.directory.jobs_of(app.id).await?.into_iter().find(|job| job.template_id == template.id);
    let job = match there {
        Some(job) => job,
        None => call.directory.create_job(&call.by, app.id, template).await?,
    };
    let shown = rendered(&call, &job).await?;
    Ok(call.created("synchronizationJobs", shown))
}

async fn show(call: Call, Path((id, job)): Path<(String, String)>) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let shown = rendered(&call, &job).await?;
    call.found("synchronizationJobs", shown)
}

/// Graph changes a job's schedule this way.
async fn update(call: Call, Path((id, job)): Path<(String, String)>, body: Bytes) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let body = object(&body)?;
    if let Some(interval) = body.get("schedule").and_then(|it| it.get("interval")) {
        let members = Map::from_iter([("interval".to_owned(), interval.clone())]);
        job_settings::change(&call, &job, members).await?;
    }
    no_content()
}

async fn delete(call: Call, Path((id, job)): Path<(String, String)>) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    call.runner.paused(job.id).await;
    call.directory.delete_job(&call.by, job.id).await?;
    no_content()
}

async fn start(call: Call, Path((id, job)): Path<(String, String)>) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let keys = call.directory.secret_keys(job.service_principal_id).await?;
    if !keys.contains(&model::SecretKey::BaseAddress) {
        return Err(directory::Error::NoSecret("tenant URL (BaseAddress)").into());
    }
    job_settings::set_started(&call, job.id, true).await?;
    no_content()
}

async fn pause(call: Call, Path((id, job)): Path<(String, String)>) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    job_settings::set_started(&call, job.id, false).await?;
    no_content()
}

const RESET_SCOPES: &str = "Use Full, Watermark, Escrows, QuarantineState, ConnectorDataStore or ForceDeletes, several \
                            separated by commas; none means QuarantineState, Watermark, Escrows.";

async fn restart(call: Call, Path((id, job)): Path<(String, String)>, body: Bytes) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let body = object(&body)?;
    let criteria = match body.get("criteria").and_then(|it| it.get("resetScope")) {
        None | Some(Value::Null) => "",
        Some(Value::String(names)) => names,
        Some(_) => return Err(ApiError::bad("criteria.resetScope must be a text.").hint(RESET_SCOPES)),
    };
    let mut scopes = Vec::new();
    for name in criteria.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "None") {
        scopes.push(ResetScope::parse(name).ok_or_else(|| {
            let shown: String = name.chars().take(60).collect();
            ApiError::bad(format!("'{shown}' is no resetScope.")).hint(RESET_SCOPES)
        })?);
    }
    call.runner.restart(job.id, &scopes).await?;
    no_content()
}

async fn validate(call: Call, Path((id, job)): Path<(String, String)>, body: Bytes) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    test(&call, &job, &body).await
}

async fn validate_any(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let app = principal(&call, &id).await?;
    let job = call.directory.jobs_of(app.id).await?.into_iter().next();
    let job = job.ok_or_else(|| ApiError::missing(format!("The application '{id}' has no job.")))?;
    test(&call, &job, &body).await
}

/// How long Test Connection waits for what the target says of its attributes.
const DISCOVERY: Duration = Duration::from_secs(5);

async fn test(call: &Call, job: &Job, body: &Bytes) -> Answer {
    let body = object(body)?;
    let given = body.get("credentials").and_then(Value::as_array).cloned().unwrap_or_default();
    let saved = body.get("useSavedCredentials").and_then(Value::as_bool).unwrap_or(given.is_empty());
    let credentials = if saved {
        // Says what is missing before anything is tried.
        call.directory.credentials(job.service_principal_id).await?;
        None
    } else {
        let given: Vec<_> =
            pairs(&given)?.into_iter().map(|(key, value)| (key, SecretString::from(value))).collect();
        Some(Credentials::given(&given)?)
    };
    call.runner.test_connection(job.id, credentials).await?;
    if saved {
        // The connection works, whether or not the target describes itself, and in time.
        match tokio::time::timeout(DISCOVERY, super::schema::discovered(call, job)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::debug!(
                    code = error.code,
                    message = error.message,
                    "the target's attributes were not taken"
                );
            }
            Err(_) => tracing::debug!("the target was slow to describe itself"),
        }
    }
    no_content()
}

/// Most objects provisioned by one call, as Graph has it.
const MAX_SUBJECTS: usize = 5;

async fn provision(call: Call, Path((id, job)): Path<(String, String)>, body: Bytes) -> Answer {
    let job = job_of(&call, &id, &job).await?;
    let body = object(&body)?;
    let mut subjects = Vec::new();
    for parameter in body.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        for subject in parameter["subjects"].as_array().into_iter().flatten() {
            subjects.push(guid(subject["objectId"].as_str().unwrap_or_default())?);
        }
    }
    if subjects.is_empty() || subjects.len() > MAX_SUBJECTS {
        return Err(ApiError::bad(format!(
            "parameters must name 1 to {MAX_SUBJECTS} subjects, each {{\"objectId\": ID, \"objectTypeName\": \"User\"}}."
        )));
    }
    let mut entries = Vec::new();
    for id in subjects {
        // One that was deleted for good is still known to the job.
        let object_type = match call.directory.any_object(id).await {
            Ok(object) => object.object_type,
            Err(error) if error.is_not_found() => ObjectType::User,
            Err(error) => return Err(error.into()),
        };
        entries.extend(call.runner.provision(job.id, (object_type, id), &call.by).await?);
    }
    let report = json!({
        "steps": entries.iter().flat_map(steps).collect::<Vec<_>>(),
        "entries": entries.iter().map(render::entry).collect::<Vec<_>>(),
    });
    let answer = json!({
        "@odata.context": call.context("microsoft.graph.stringKeyStringValuePair"),
        "key": "ProvisioningSteps",
        "value": report.to_string(),
    });
    Ok((StatusCode::OK, Json(answer)).into_response())
}

fn steps(entry: &ProvisioningEntry) -> Vec<Value> {
    let step = |it: &model::ProvisioningStep| {
        json!({
            "type": it.provisioning_step_type,
            "name": it.name,
            "status": it.status,
            "description": it.description,
            "details": it.details,
        })
    };
    entry.provisioning_steps.iter().map(step).collect()
}
