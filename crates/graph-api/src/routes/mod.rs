//! The routes, by subject.

mod administrators;
mod applications;
mod assignments;
mod backup;
mod batch;
mod configuration;
mod deleted;
mod delta;
mod directory_objects;
mod drift;
mod expressions;
mod extensions;
mod gallery;
mod groups;
mod import;
mod import_schedule;
mod job_settings;
mod job_status;
mod jobs;
mod log_file;
mod logs;
mod members;
mod oauth;
mod objects;
mod plan;
mod provisioned;
mod reevaluation;
mod schema;
mod scope;
mod secrets;
mod session;
mod tables;
mod target_attributes;
mod tenants;
mod users;
mod webhooks;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Shared;
use crate::auth::guard;
use crate::call::Call;
use crate::error::{Answer, ApiError, finish};
use crate::{body, openapi, path};

pub(crate) use gallery::template;
pub(crate) use job_settings::merged as merged_settings;
pub(crate) use tenants::with as tenant_settings;

type Routes = Router<Shared>;

/// Every route.
pub(crate) fn all(state: &Shared) -> Router {
    // The calls of a batch go through the same routes, which have no batch then.
    let inner = path::around(tree(state, Routes::new()).with_state(state.clone()));
    path::around(tree(state, batch::routes(inner)).with_state(state.clone()))
}

/// Every route but those of batches, which are given.
fn tree(state: &Shared, batch: Routes) -> Routes {
    let taken = |routes: Routes| {
        routes.layer(DefaultBodyLimit::disable()).layer(from_fn_with_state(state.clone(), body::take))
    };
    let guarded = |routes: Routes| {
        routes
            .fallback(unknown)
            .method_not_allowed_fallback(not_allowed)
            .layer(from_fn_with_state(state.clone(), guard))
    };
    Router::new()
        .nest("/v1.0", guarded(taken(graph().merge(batch.clone()))))
        .nest("/beta", guarded(taken(graph().merge(batch))))
        .nest("/provost/v1", guarded(taken(ours()).merge(large())))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/openapi.json", get(openapi_document))
        .fallback(unknown)
        .layer(from_fn_with_state(state.clone(), finish))
        // Beside the layer: its refusals have the form of RFC 6749.
        .merge(oauth::routes())
}

fn graph() -> Routes {
    Router::new()
        .merge(users::routes())
        .merge(groups::routes())
        .merge(members::routes())
        .merge(deleted::routes())
        .merge(delta::routes())
        .merge(directory_objects::routes())
        .merge(gallery::routes())
        .merge(applications::routes())
        .merge(assignments::routes())
        .merge(jobs::routes())
        .merge(schema::routes())
        .merge(expressions::routes())
        .merge(secrets::routes())
        .merge(logs::routes())
}

fn ours() -> Routes {
    Router::new()
        .merge(job_settings::routes())
        .merge(drift::routes())
        .merge(plan::routes())
        .merge(scope::routes())
        .merge(log_file::routes())
        .merge(tables::routes())
        .merge(reevaluation::routes())
        .merge(target_attributes::routes())
        .merge(tenants::routes())
        .merge(provisioned::routes())
        .merge(webhooks::routes())
        .merge(extensions::routes())
        .merge(administrators::routes())
        .merge(session::routes())
        .merge(backup::routes())
        .merge(import_schedule::routes())
        .route("/audits", get(logs::installation_audits))
        .route("/failures", get(logs::failures))
        .route("/status", get(status))
}

/// Calls that read their bodies themselves.
fn large() -> Routes {
    Router::new().merge(import::routes()).merge(configuration::routes())
}

/// The name of the one directory that there is.
pub(crate) const DIRECTORY_NAME: &str = "default";

/// The id of the directory of that name or id. The error is 404.
fn directory_id(state: &crate::State, name: &str) -> Result<Uuid, ApiError> {
    let id = state.directory.id();
    if name.eq_ignore_ascii_case(DIRECTORY_NAME) || Uuid::try_parse(name) == Ok(id) {
        return Ok(id);
    }
    let shown: String = name.chars().take(100).collect();
    Err(ApiError::missing(format!("There is no directory '{shown}': it is named {DIRECTORY_NAME}.")))
}

async fn unknown(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
    ApiError::missing(format!("Resource not found for the segment '{path}'."))
}

async fn not_allowed(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "Request_BadRequest",
        format!("The method is not allowed on '{path}'."),
    )
}

async fn openapi_document(State(state): State<Shared>) -> Json<Value> {
    Json(openapi::document(&state.addresses))
}

/// Ready while the store answers.
async fn ready(State(state): State<Shared>) -> Response {
    match state.directory.store().head(state.directory.realm()).await {
        Ok(_) => (StatusCode::OK, "ready\n").into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response(),
    }
}

async fn status(call: Call) -> Answer {
    let (directory, jobs) = (&call.directory, call.directory.jobs().await?);
    let mut running = 0;
    let mut quarantined = 0;
    for job in &jobs {
        running += usize::from(call.runner.progress(job.id).is_some());
        quarantined += usize::from(directory.job_state(job.id).await?.quarantine.is_some());
    }
    let body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "directoryId": directory.id(),
        "users": directory.count_objects(model::ObjectType::User).await?,
        "groups": directory.count_objects(model::ObjectType::Group).await?,
        "tenants": call.tenants.list().await?.len(),
        "jobs": {
            "all": jobs.len(),
            "started": jobs.iter().filter(|job| job.started).count(),
            "running": running,
            "quarantined": quarantined,
        },
        "sendsMail": call.sends_mail,
        "time": directory.clock().now().to_string(),
    });
    Ok(Json(body).into_response())
}
