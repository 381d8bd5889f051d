//! `/applications` and `/servicePrincipals`.

use axum::extract::Path;
use axum::routing::get;
use serde_json::Value;

use super::Routes;
use crate::call::{Call, guid, no_content};
use crate::error::{Answer, ApiError};
use crate::odata::Operator;
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/applications", get(applications))
        .route("/applications/{id}", get(application))
        .route("/servicePrincipals", get(service_principals))
        .route("/servicePrincipals/{id}", get(service_principal).delete(delete))
}

/// The display name that the filter asks for, to look it up by.
fn wanted_name(call: &Call) -> Option<String> {
    let conjuncts = call.query.filter.as_ref()?.conjuncts();
    let named = conjuncts.into_iter().find(|it| it.operator == Operator::Equal && it.path == "displayName");
    named.and_then(|it| it.value.as_str()).map(str::to_owned)
}

/// Whether filter and search hold for an application.
fn keeps(call: &Call, shown: &Value) -> bool {
    let name = shown["displayName"].as_str().map(scim::fold::fold_key).unwrap_or_default();
    call.query.search.as_ref().is_none_or(|text| name.contains(text.as_str()))
        && call.query.filter.as_ref().is_none_or(|filter| filter.matches(shown))
}

async fn applications(call: Call) -> Answer {
    let name = wanted_name(&call);
    let (mut shown, mut after) = (Vec::new(), call.query.after.clone());
    loop {
        let wanted = call.query.limit() - shown.len();
        let (found, next) = call.directory.applications(name.as_deref(), after, wanted).await?;
        shown.extend(found.iter().map(render::application).filter(|it| keeps(&call, it)));
        if next.is_none() || shown.len() >= call.query.limit() {
            return Ok(page::list(&call, "applications", shown, next.as_ref(), None));
        }
        after = next;
    }
}

async fn application(call: Call, Path(id): Path<String>) -> Answer {
    let found = call.directory.application(guid(&id)?).await?;
    call.found("applications", render::application(&found))
}

async fn service_principals(call: Call) -> Answer {
    let name = wanted_name(&call);
    let (mut shown, mut after) = (Vec::new(), call.query.after.clone());
    loop {
        let wanted = call.query.limit() - shown.len();
        let (found, next) = call.directory.service_principals(name.as_deref(), after, wanted).await?;
        shown.extend(found.iter().map(render::service_principal).filter(|it| keeps(&call, it)));
        if next.is_none() || shown.len() >= call.query.limit() {
            return Ok(page::list(&call, "servicePrincipals", shown, next.as_ref(), None));
        }
        after = next;
    }
}

async fn service_principal(call: Call, Path(id): Path<String>) -> Answer {
    let found = principal(&call, &id).await?;
    call.found("servicePrincipals", render::service_principal(&found))
}

/// The service principal of that object id, client id or name.
pub(super) async fn principal(call: &Call, id: &str) -> Result<model::ServicePrincipal, ApiError> {
    Ok(call.directory.find_service_principal(id).await?)
}

async fn delete(call: Call, Path(id): Path<String>) -> Answer {
    let found = principal(&call, &id).await?;
    for job in call.directory.jobs_of(found.id).await? {
        call.runner.paused(job.id).await;
    }
    call.directory.delete_service_principal(&call.by, found.id).await?;
    no_content()
}
