//! Relations: members of groups, managers, reports.

use axum::extract::Path;
use axum::routing::{delete, get};
use bytes::Bytes;
use directory::ReferencePage;
use model::ObjectType;

use super::{Routes, users};
use crate::call::{Call, guid, no_content, object, referenced};
use crate::error::{Answer, ApiError};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/groups/{id}/members", get(members))
        .route("/groups/{id}/members/$count", get(count_members))
        .route("/groups/{id}/members/$ref", get(members).post(add_member))
        .route("/groups/{id}/members/{member}/$ref", delete(remove_member))
        .route("/groups/{id}/transitiveMembers", get(transitive_members))
        .route("/groups/{id}/memberOf", get(group_member_of))
        .route("/users/{id}/memberOf", get(user_member_of))
        .route("/users/{id}/transitiveMemberOf", get(transitive_member_of))
        .route("/users/{id}/manager", get(manager))
        .route("/users/{id}/manager/$ref", get(manager).put(set_manager).delete(clear_manager))
        .route("/users/{id}/directReports", get(reports))
}

/// Most objects that a transitive list answers with.
const MAX_TRANSITIVE: usize = 100_000;

fn related(call: &Call, found: &ReferencePage, count: Option<u64>) -> Answer {
    call.query.no_filter()?;
    let shown = found.objects.iter().map(render::typed).collect();
    Ok(page::list(call, "directoryObjects", shown, found.next.as_ref(), count))
}

async fn members(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    let found = call.directory.members(group.id, call.query.after.clone(), call.query.limit()).await?;
    let count = if call.query.count { Some(call.directory.count_members(group.id).await?) } else { None };
    related(&call, &found, count)
}

async fn count_members(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    Ok(users::plain(call.directory.count_members(group.id).await?))
}

async fn add_member(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = object(&body)?;
    let group = call.directory.group(&id).await?;
    let member = call.directory.any_object(guid(referenced(&body)?)?).await?;
    let added = call.directory.add_members(&call.by, group.id, &[(member.object_type, member.id)]).await?;
    if added == 0 {
        return Err(ApiError::bad(
            "One or more added object references already exist for the following modified properties: 'members'.",
        )
        .hint("Nothing has to be done: it is a member already."));
    }
    no_content()
}

async fn remove_member(call: Call, Path((id, member)): Path<(String, String)>) -> Answer {
    let group = call.directory.group(&id).await?;
    call.directory.remove_member(&call.by, group.id, guid(&member)?).await?;
    no_content()
}

async fn transitive_members(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    let objects = call.directory.transitive_members(group.id, MAX_TRANSITIVE).await?;
    related(&call, &ReferencePage { objects, next: None }, None)
}

async fn user_member_of(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    let found = call.directory.member_of(user.id, call.query.after.clone(), call.query.limit()).await?;
    related(&call, &found, None)
}

async fn group_member_of(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    let found = call.directory.member_of(group.id, call.query.after.clone(), call.query.limit()).await?;
    related(&call, &found, None)
}

async fn transitive_member_of(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    let objects = call.directory.transitive_member_of(user.id, MAX_TRANSITIVE).await?;
    related(&call, &ReferencePage { objects, next: None }, None)
}

async fn manager(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    let manager = call.directory.manager(user.id).await?;
    let manager = manager.ok_or_else(|| {
        ApiError::missing("Resource 'manager' does not exist or one of its queried reference-property objects are not present.")
    })?;
    call.found("directoryObjects", render::typed(&manager))
}

async fn set_manager(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = object(&body)?;
    let user = call.directory.user(&id).await?;
    let manager = call.directory.object(ObjectType::User, guid(referenced(&body)?)?).await?;
    call.directory.set_manager(&call.by, user.id, Some(manager.id)).await?;
    no_content()
}

async fn clear_manager(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    call.directory.set_manager(&call.by, user.id, None).await?;
    no_content()
}

async fn reports(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    let found = call.directory.reports(user.id, call.query.after.clone(), call.query.limit()).await?;
    related(&call, &found, None)
}
