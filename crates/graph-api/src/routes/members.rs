//! Relations: members of groups, managers, reports.

use std::collections::HashMap;

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse as _;
use axum::routing::{delete, get};
use bytes::Bytes;
use directory::ReferencePage;
use model::{DirectoryObject, ObjectType};
use serde_json::{Value, json};
use store::Cursor;
use uuid::Uuid;

use super::{Routes, users};
use crate::call::{Call, guid, no_content, object, referenced};
use crate::error::{Answer, ApiError};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/groups/{id}/members", get(members))
        .route("/groups/{id}/members/$count", get(count_members))
        .route("/groups/{id}/members/$ref", get(member_references).post(add_member))
        .route("/groups/{id}/members/{type}", get(members))
        .route("/groups/{id}/members/{member}/$ref", delete(remove_member))
        .route("/groups/{id}/transitiveMembers", get(transitive_members))
        .route("/groups/{id}/transitiveMembers/{type}", get(transitive_members))
        .route("/groups/{id}/memberOf", get(group_member_of))
        .route("/groups/{id}/memberOf/{type}", get(group_member_of))
        .route("/users/{id}/memberOf", get(user_member_of))
        .route("/users/{id}/memberOf/{type}", get(user_member_of))
        .route("/users/{id}/transitiveMemberOf", get(transitive_member_of))
        .route("/users/{id}/transitiveMemberOf/{type}", get(transitive_member_of))
        .route("/users/{id}/manager", get(manager))
        .route("/users/{id}/manager/$ref", get(manager_reference).put(set_manager).delete(clear_manager))
        .route("/users/{id}/directReports", get(reports))
        .route("/users/{id}/directReports/{type}", get(reports))
}

/// Most objects that a transitive list answers with.
const MAX_TRANSITIVE: usize = 100_000;

/// What stands for the parts in braces of a route: `id`, and `type` where only objects of one type are asked for.
type Keys = HashMap<String, String>;

fn key<'a>(keys: &'a Keys, name: &str) -> &'a str {
    keys.get(name).map_or("", String::as_str)
}

/// A relation of one object to others.
#[derive(Clone, Copy)]
enum Relation {
    Members(Uuid),
    TransitiveMembers(Uuid),
    MemberOf(Uuid),
    TransitiveMemberOf(Uuid),
    Reports(Uuid),
}

impl Relation {
    async fn page(self, call: &Call, after: Option<Cursor>) -> Result<ReferencePage, ApiError> {
        let (directory, limit) = (&call.directory, call.query.limit());
        let whole = |objects| ReferencePage { objects, next: None };
        Ok(match self {
            Self::Members(id) => directory.members(id, after, limit).await?,
            Self::MemberOf(id) => directory.member_of(id, after, limit).await?,
            Self::Reports(id) => directory.reports(id, after, limit).await?,
            Self::TransitiveMembers(id) => whole(directory.transitive_members(id, MAX_TRANSITIVE).await?),
            Self::TransitiveMemberOf(id) => whole(directory.transitive_member_of(id, MAX_TRANSITIVE).await?),
        })
    }

    /// A page of the objects of one type, or of all. Some clients stop at an empty page, so none comes before the end.
    async fn page_of(self, call: &Call, wanted: Option<ObjectType>) -> Result<ReferencePage, ApiError> {
        call.query.no_filter()?;
        let mut after = call.query.after.clone();
        loop {
            let mut found = self.page(call, after).await?;
            found.objects.retain(|object| wanted.is_none_or(|wanted| object.object_type == wanted));
            if !found.objects.is_empty() || found.next.is_none() {
                return Ok(found);
            }
            after = found.next;
        }
    }

    async fn list(self, call: &Call, keys: &Keys) -> Answer {
        let wanted = keys.get("type").map(|name| super::deleted::object_type(name)).transpose()?;
        let found = self.page_of(call, wanted).await?;
        let count = match (self, wanted) {
            (Self::Members(group), None) if call.query.count => {
                Some(call.directory.count_members(group).await?)
            }
            _ => None,
        };
        let shown = found.objects.iter().map(render::typed).collect();
        Ok(page::list(call, "directoryObjects", shown, found.next.as_ref(), count))
    }
}

/// An object as a reference to it.
fn reference(call: &Call, object: &DirectoryObject) -> Value {
    json!({"@odata.id": call.address(&format!("directoryObjects/{}", object.id))})
}

async fn members(call: Call, Path(keys): Path<Keys>) -> Answer {
    let group = call.directory.group(key(&keys, "id")).await?;
    Relation::Members(group.id).list(&call, &keys).await
}

async fn member_references(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    let found = Relation::Members(group.id).page_of(&call, None).await?;
    let shown = found.objects.iter().map(|object| reference(&call, object)).collect();
    Ok(page::list(&call, "Collection($ref)", shown, found.next.as_ref(), None))
}

async fn count_members(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    Ok(users::plain(call.directory.count_members(group.id).await?))
}

async fn add_member(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = object(&body)?;
    let group = call.directory.group(&id).await?;
    let member = call.directory.any_object(guid(&referenced(&body)?)?).await?;
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

async fn transitive_members(call: Call, Path(keys): Path<Keys>) -> Answer {
    let group = call.directory.group(key(&keys, "id")).await?;
    Relation::TransitiveMembers(group.id).list(&call, &keys).await
}

async fn user_member_of(call: Call, Path(keys): Path<Keys>) -> Answer {
    let user = call.directory.user(key(&keys, "id")).await?;
    Relation::MemberOf(user.id).list(&call, &keys).await
}

async fn group_member_of(call: Call, Path(keys): Path<Keys>) -> Answer {
    let group = call.directory.group(key(&keys, "id")).await?;
    Relation::MemberOf(group.id).list(&call, &keys).await
}

async fn transitive_member_of(call: Call, Path(keys): Path<Keys>) -> Answer {
    let user = call.directory.user(key(&keys, "id")).await?;
    Relation::TransitiveMemberOf(user.id).list(&call, &keys).await
}

async fn manager_of(call: &Call, id: &str) -> Result<DirectoryObject, ApiError> {
    let user = call.directory.user(id).await?;
    let manager = call.directory.manager(user.id).await?;
    manager.ok_or_else(|| {
        ApiError::missing("Resource 'manager' does not exist or one of its queried reference-property objects are not present.")
    })
}

async fn manager(call: Call, Path(id): Path<String>) -> Answer {
    let manager = manager_of(&call, &id).await?;
    call.found("directoryObjects", render::typed(&manager))
}

async fn manager_reference(call: Call, Path(id): Path<String>) -> Answer {
    let mut shown = json!({"@odata.context": call.context("$ref")});
    shown["@odata.id"] = reference(&call, &manager_of(&call, &id).await?)["@odata.id"].take();
    Ok(Json(shown).into_response())
}

async fn set_manager(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = object(&body)?;
    let user = call.directory.user(&id).await?;
    let manager = call.directory.user(&referenced(&body)?).await?;
    call.directory.set_manager(&call.by, user.id, Some(manager.id)).await?;
    no_content()
}

async fn clear_manager(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    call.directory.set_manager(&call.by, user.id, None).await?;
    no_content()
}

async fn reports(call: Call, Path(keys): Path<Keys>) -> Answer {
    let user = call.directory.user(key(&keys, "id")).await?;
    Relation::Reports(user.id).list(&call, &keys).await
}
