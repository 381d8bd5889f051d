//! `/applications` and `/servicePrincipals`.

use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use serde_json::Value;
use store::Cursor;

use super::objects::MAX_EXPANDED;
use super::{Routes, objects};
use crate::call::{Call, from_value, guid, no_content, object};
use crate::error::{Answer, ApiError};
use crate::odata::{Operator, Part};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/applications", get(applications))
        .route("/applications/$count", get(count_applications))
        .route("/applications/{id}", get(application).patch(update_application))
        .route("/servicePrincipals", get(service_principals))
        .route("/servicePrincipals/$count", get(count_service_principals))
        .route("/servicePrincipals/{id}", get(service_principal).patch(update).delete(delete))
}

/// The display name that the filter asks for, to look it up by.
fn wanted_name(call: &Call) -> Option<String> {
    let conjuncts = call.query.filter.as_ref()?.conjuncts();
    let named = conjuncts.into_iter().find(|it| it.operator == Operator::Equal && it.path == "displayName");
    named.and_then(|it| it.value.as_str()).map(str::to_owned)
}

/// What `$search` looks at.
const SEARCHED: &[&str] = &["displayName"];
/// What `$filter` looks at.
const PROPERTIES: &[&str] = &[
    "id",
    "accountEnabled",
    "appDisplayName",
    "appId",
    "applicationTemplateId",
    "appRoles",
    "displayName",
    "servicePrincipalType",
    "tags",
];

/// Whether filter and search hold for an application.
fn keeps(call: &Call, shown: &Value) -> bool {
    call.query.search.as_ref().is_none_or(|search| search.matches(shown, SEARCHED))
        && call.query.filter.as_ref().is_none_or(|filter| filter.matches(shown))
}

/// A list of applications or service principals.
#[derive(Clone, Copy)]
enum Which {
    Applications,
    ServicePrincipals,
}

impl Which {
    /// The objects of a page that filter and search hold for, and where the next page starts.
    async fn page(
        self,
        call: &Call,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<Value>, Option<Cursor>), ApiError> {
        let name = wanted_name(call);
        let (found, next) = match self {
            Self::Applications => {
                let (found, next) = call.directory.applications(name.as_deref(), after, limit).await?;
                (found.iter().map(render::application).collect::<Vec<_>>(), next)
            }
            Self::ServicePrincipals => {
                let (found, next) = call.directory.service_principals(name.as_deref(), after, limit).await?;
                (found.iter().map(render::service_principal).collect(), next)
            }
        };
        Ok((found.into_iter().filter(|it| keeps(call, it)).collect(), next))
    }

    fn check(call: &Call) -> Result<(), ApiError> {
        call.query.only(&[Part::Filter, Part::Search])?;
        call.query.filter.as_ref().map_or(Ok(()), |filter| filter.check_names(PROPERTIES))?;
        call.query.search.as_ref().map_or(Ok(()), |search| search.check(SEARCHED))
    }

    async fn list(self, call: &Call) -> Answer {
        Self::check(call)?;
        let (mut shown, mut next) = (Vec::new(), call.query.after.clone());
        loop {
            let (found, after) = self.page(call, next, call.query.limit() - shown.len()).await?;
            shown.extend(found);
            next = after;
            if next.is_none() || shown.len() >= call.query.limit() {
                break;
            }
        }
        let count = if call.query.count { Some(self.count(call).await?) } else { None };
        let what = match self {
            Self::Applications => "applications",
            Self::ServicePrincipals => "servicePrincipals",
        };
        Ok(page::list(call, what, shown, next.as_ref(), count))
    }

    async fn count(self, call: &Call) -> Result<u64, ApiError> {
        Self::check(call)?;
        let (mut count, mut after) = (0, None);
        loop {
            let (found, next) = self.page(call, after, 1000).await?;
            count += found.len() as u64;
            after = next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }
}

async fn applications(call: Call) -> Answer {
    Which::Applications.list(&call).await
}

async fn count_applications(call: Call) -> Answer {
    Ok(objects::plain(Which::Applications.count(&call).await?))
}

async fn service_principals(call: Call) -> Answer {
    Which::ServicePrincipals.list(&call).await
}

async fn count_service_principals(call: Call) -> Answer {
    Ok(objects::plain(Which::ServicePrincipals.count(&call).await?))
}

async fn application(call: Call, Path(id): Path<String>) -> Answer {
    let found = call.directory.application(guid(&id)?).await?;
    call.found("applications", render::application(&found))
}

async fn service_principal(call: Call, Path(id): Path<String>) -> Answer {
    call.query.only(&[Part::Expand])?;
    let found = principal(&call, &id).await?;
    let mut shown = render::service_principal(&found);
    for expand in &call.query.expand {
        if expand.relation != "appRoleAssignedTo" {
            return Err(ApiError::unsupported(
                "'$expand' of a service principal supports appRoleAssignedTo.",
            ));
        }
        let (assigned, _) = call.directory.assigned_to(found.id, None, MAX_EXPANDED).await?;
        shown[&expand.relation] = expand.of(assigned.iter().map(objects::assignment).collect());
    }
    call.found("servicePrincipals", shown)
}

/// Graph changes the roles of an application; those of its service principal are the same.
async fn update_application(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let found = call.directory.application(guid(&id)?).await?;
    set_roles(&call, &found.app_id.to_string(), &body).await
}

async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    set_roles(&call, &id, &body).await
}

async fn set_roles(call: &Call, application: &str, body: &Bytes) -> Answer {
    let found = principal(call, application).await?;
    let mut body = object(body)?;
    let roles =
        body.remove("appRoles").ok_or_else(|| ApiError::bad("The body must have appRoles, a list."))?;
    if let Some(other) = body.keys().next() {
        let shown: String = other.chars().take(60).collect();
        return Err(ApiError::bad(format!("'{shown}' cannot be changed here; there is: appRoles.")));
    }
    let roles: Vec<model::AppRole> = from_value(roles)?;
    call.directory.set_app_roles(&call.by, found.id, &roles).await?;
    no_content()
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
