//! Assignments of users and groups to applications.

use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use directory::AssignmentRequest;
use model::AppRoleAssignment;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::applications::principal;
use super::{Routes, objects};
use crate::call::{Call, guid, no_content, object};
use crate::error::{Answer, ApiError};
use crate::odata::Part;
use crate::page;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/servicePrincipals/{id}/appRoleAssignedTo", get(assigned_to).post(assign))
        .route("/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", get(show).delete(unassign))
        .route("/servicePrincipals/{id}/appRoleAssignments", get(assigned_to).post(assign))
        .route("/servicePrincipals/{id}/appRoleAssignments/{assignment}", get(show).delete(unassign))
        .route("/users/{id}/appRoleAssignments", get(of_user).post(assign_user))
        .route("/users/{id}/appRoleAssignments/{assignment}", get(show_of_user).delete(unassign_user))
        .route("/groups/{id}/appRoleAssignments", get(of_group).post(assign_group))
        .route("/groups/{id}/appRoleAssignments/{assignment}", get(show_of_group).delete(unassign_group))
}

/// Most assignments that are read at once: a filter or a count looks at all of them.
const ALL: usize = 100_000;

/// The assignments for which the filter holds.
fn kept(call: &Call, found: &[AppRoleAssignment]) -> Vec<Value> {
    let keep = |shown: &Value| call.query.filter.as_ref().is_none_or(|filter| filter.matches(shown));
    found.iter().map(objects::assignment).filter(keep).collect()
}

const PROPERTIES: &[&str] = &[
    "id",
    "appRoleId",
    "createdDateTime",
    "principalDisplayName",
    "principalId",
    "principalType",
    "resourceDisplayName",
    "resourceId",
];

fn check(call: &Call) -> Result<(), ApiError> {
    call.query.only(&[Part::Filter])?;
    call.query.filter.as_ref().map_or(Ok(()), |filter| filter.check_names(PROPERTIES))
}

/// The size of a page: a filter is applied to a page, so the page is a large one then.
fn size(call: &Call) -> usize {
    if call.query.filter.is_some() { ALL } else { call.query.limit() }
}

async fn assigned_to(call: Call, Path(id): Path<String>) -> Answer {
    check(&call)?;
    let app = principal(&call, &id).await?;
    let (found, next) = call.directory.assigned_to(app.id, call.query.after.clone(), size(&call)).await?;
    let count = if call.query.count {
        Some(kept(&call, &call.directory.assigned_to(app.id, None, ALL).await?.0).len() as u64)
    } else {
        None
    };
    Ok(page::list(&call, "appRoleAssignments", kept(&call, &found), next.as_ref(), count))
}

async fn of(call: &Call, id: Uuid) -> Answer {
    check(call)?;
    let (found, next) = call.directory.assignments_of(id, call.query.after.clone(), size(call)).await?;
    let count = if call.query.count {
        Some(kept(call, &call.directory.assignments_of(id, None, ALL).await?.0).len() as u64)
    } else {
        None
    };
    Ok(page::list(call, "appRoleAssignments", kept(call, &found), next.as_ref(), count))
}

async fn of_user(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    of(&call, user.id).await
}

async fn of_group(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    of(&call, group.id).await
}

async fn assign(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let app = principal(&call, &id).await?;
    let body = object(&body)?;
    let who = named(&body, "principalId")?;
    add(&call, &body, app.id, guid(who)?).await
}

async fn assign_user(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let user = call.directory.user(&id).await?;
    let body = object(&body)?;
    let app = guid(named(&body, "resourceId")?)?;
    add(&call, &body, app, user.id).await
}

async fn assign_group(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let group = call.directory.group(&id).await?;
    let body = object(&body)?;
    let app = guid(named(&body, "resourceId")?)?;
    add(&call, &body, app, group.id).await
}

fn named<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, ApiError> {
    body.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::bad(format!("The body must have {name}, a GUID as text.")))
}

async fn add(call: &Call, body: &Map<String, Value>, resource: Uuid, who: Uuid) -> Answer {
    if let Some(named) = body.get("resourceId").and_then(Value::as_str)
        && guid(named)? != resource
    {
        return Err(ApiError::bad("resourceId is another service principal than the one in the path."));
    }
    let role = match body.get("appRoleId") {
        None | Some(Value::Null) => None,
        Some(Value::String(role)) => Some(role.as_str()),
        Some(_) => return Err(ApiError::bad("appRoleId must be a GUID as text.")),
    };
    let request = AssignmentRequest { resource, principal: who, role };
    let made = call.directory.assign(&call.by, request).await.map_err(|error| match error {
        directory::Error::Conflict { .. } => {
            ApiError::bad("Permission being assigned already exists on the object.")
                .hint("Nothing has to be done: this role is assigned already.")
        }
        other => other.into(),
    })?;
    Ok(call.created("appRoleAssignments", objects::assignment(&made)))
}

/// The assignment of that id, where it belongs to the object in the path.
async fn found(
    call: &Call,
    assignment: &str,
    belongs: impl Fn(&AppRoleAssignment) -> bool,
) -> Result<AppRoleAssignment, ApiError> {
    let found = call.directory.assignment(guid(assignment)?).await?;
    if belongs(&found) {
        return Ok(found);
    }
    Err(ApiError::missing(format!("Resource '{assignment}' does not exist here.")))
}

async fn show(call: Call, Path((id, assignment)): Path<(String, String)>) -> Answer {
    let app = principal(&call, &id).await?;
    read(&call, &assignment, |it| it.resource_id == app.id).await
}

async fn show_of_user(call: Call, Path((id, assignment)): Path<(String, String)>) -> Answer {
    let user = call.directory.user(&id).await?;
    read(&call, &assignment, |it| it.principal_id == user.id).await
}

async fn show_of_group(call: Call, Path((id, assignment)): Path<(String, String)>) -> Answer {
    let group = call.directory.group(&id).await?;
    read(&call, &assignment, |it| it.principal_id == group.id).await
}

async fn read(call: &Call, assignment: &str, belongs: impl Fn(&AppRoleAssignment) -> bool) -> Answer {
    let found = found(call, assignment, belongs).await?;
    call.found("appRoleAssignments", objects::assignment(&found))
}

async fn unassign(call: Call, Path((id, assignment)): Path<(String, String)>) -> Answer {
    let app = principal(&call, &id).await?;
    remove(&call, &assignment, |it| it.resource_id == app.id).await
}

async fn unassign_user(call: Call, Path((id, assignment)): Path<(String, String)>) -> Answer {
    let user = call.directory.user(&id).await?;
    remove(&call, &assignment, |it| it.principal_id == user.id).await
}

async fn unassign_group(call: Call, Path((id, assignment)): Path<(String, String)>) -> Answer {
    let group = call.directory.group(&id).await?;
    remove(&call, &assignment, |it| it.principal_id == group.id).await
}

async fn remove(call: &Call, assignment: &str, belongs: impl Fn(&AppRoleAssignment) -> bool) -> Answer {
    let found = found(call, assignment, belongs).await?;
    call.directory.unassign(&call.by, found.id).await?;
    no_content()
}
