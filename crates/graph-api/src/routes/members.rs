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

use super::{Routes, objects};
use crate::call::{Call, guid, key_of_reference, no_content, object, referenced};
use crate::error::{Answer, ApiError};
use crate::odata::Part;
use crate::{page, render};

pub(super) fn routes() -> Routes {
    let routes = Routes::new()
        .route(
            "/groups/{id}/members/$ref",
            get(member_references).post(add_member).delete(remove_referenced_member),
        )
        .route("/groups/{id}/members/{member}/$ref", delete(remove_member))
        .route("/users/{id}/manager", get(manager))
        .route("/users/{id}/manager/$ref", get(manager_reference).put(set_manager).delete(clear_manager));
    RELATIONS.iter().fold(routes, |routes, &(owner, name, relation)| {
        let list = move |call: Call, Path(keys): Path<Keys>| async move {
            relation(owned(&call, owner, &keys).await?).list(&call, wanted(&keys)?).await
        };
        let count = move |call: Call, Path(keys): Path<Keys>| async move {
            let relation = relation(owned(&call, owner, &keys).await?);
            Ok::<_, ApiError>(objects::plain(relation.count(&call, wanted(&keys)?).await?))
        };
        let path = format!("/{}/{{id}}/{name}", objects::set_of(owner));
        routes
            .route(&path, get(list))
            .route(&format!("{path}/$count"), get(count))
            .route(&format!("{path}/{{type}}"), get(list))
            .route(&format!("{path}/{{type}}/$count"), get(count))
    })
}

/// The relation of the object with an id.
type RelationOf = fn(Uuid) -> Relation;

/// The relations that are lists: of what, by which name.
const RELATIONS: &[(ObjectType, &str, RelationOf)] = &[
    (ObjectType::Group, "members", Relation::Members),
    (ObjectType::Group, "transitiveMembers", Relation::TransitiveMembers),
    (ObjectType::Group, "memberOf", Relation::MemberOf),
    (ObjectType::Group, "transitiveMemberOf", Relation::TransitiveMemberOf),
    (ObjectType::User, "memberOf", Relation::MemberOf),
    (ObjectType::User, "transitiveMemberOf", Relation::TransitiveMemberOf),
    (ObjectType::User, "directReports", Relation::Reports),
];

/// What stands for the parts in braces of a route: `id`, and `type` where only objects of one type are asked for.
type Keys = HashMap<String, String>;

/// The id of the object whose relation is asked for.
async fn owned(call: &Call, owner: ObjectType, keys: &Keys) -> Result<Uuid, ApiError> {
    let key = keys.get("id").map_or("", String::as_str);
    Ok(match owner {
        ObjectType::User => call.directory.user(key).await?.id,
        ObjectType::Group => call.directory.group(key).await?.id,
    })
}

/// The one type that is asked for.
fn wanted(keys: &Keys) -> Result<Option<ObjectType>, ApiError> {
    keys.get("type").map(|name| super::deleted::object_type(name)).transpose()
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
    async fn page(self, call: &Call, after: Option<Cursor>, limit: usize) -> Result<ReferencePage, ApiError> {
        let directory = &call.directory;
        Ok(match self {
            Self::Members(id) => directory.members(id, after, limit).await?,
            Self::MemberOf(id) => directory.member_of(id, after, limit).await?,
            Self::Reports(id) => directory.reports(id, after, limit).await?,
            Self::TransitiveMembers(id) => directory.transitive_members(id, after, limit).await?,
            Self::TransitiveMemberOf(id) => directory.transitive_member_of(id, after, limit).await?,
        })
    }

    /// A page of the objects that are asked for: of one type or of all. Some clients stop at an empty page, so none comes
    /// before the end.
    async fn page_of(
        self,
        call: &Call,
        wanted: Option<ObjectType>,
        mut after: Option<Cursor>,
        limit: usize,
    ) -> Result<ReferencePage, ApiError> {
        loop {
            let mut found = self.page(call, after, limit).await?;
            found.objects.retain(|object| {
                wanted.is_none_or(|wanted| object.object_type == wanted)
                    && objects::keeps(&call.query, object)
            });
            if !found.objects.is_empty() || found.next.is_none() {
                return Ok(found);
            }
            after = found.next;
        }
    }

    async fn list(self, call: &Call, wanted: Option<ObjectType>) -> Answer {
        check(call, wanted)?;
        let found = self.page_of(call, wanted, call.query.after.clone(), call.query.limit()).await?;
        let count = if call.query.count { Some(self.count(call, wanted).await?) } else { None };
        let shown = found.objects.iter().map(render::typed).collect();
        Ok(page::list(call, "directoryObjects", shown, found.next.as_ref(), count))
    }

    async fn count(self, call: &Call, wanted: Option<ObjectType>) -> Result<u64, ApiError> {
        check(call, wanted)?;
        if let (Self::Members(group), None, None, None) =
            (self, wanted, &call.query.filter, &call.query.search)
        {
            return Ok(call.directory.count_members(group).await?);
        }
        let (mut count, mut after) = (0, None);
        loop {
            let found = self.page_of(call, wanted, after, 1000).await?;
            count += found.objects.len() as u64;
            after = found.next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }
}

/// Refuses query options that a relation does not take, and properties that none of its objects has.
fn check(call: &Call, wanted: Option<ObjectType>) -> Result<(), ApiError> {
    call.query.only(&[Part::Filter, Part::Search])?;
    match wanted {
        Some(wanted) => objects::check(&call.query, wanted),
        None => objects::check(&call.query, ObjectType::User)
            .or_else(|_| objects::check(&call.query, ObjectType::Group)),
    }
}

/// An object as a reference to it.
fn reference(call: &Call, object: &DirectoryObject) -> Value {
    json!({"@odata.id": call.address(&format!("directoryObjects/{}", object.id))})
}

async fn member_references(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    check(&call, None)?;
    let relation = Relation::Members(group.id);
    let found = relation.page_of(&call, None, call.query.after.clone(), call.query.limit()).await?;
    let shown = found.objects.iter().map(|object| reference(&call, object)).collect();
    Ok(page::list(&call, "Collection($ref)", shown, found.next.as_ref(), None))
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

/// The member is named by `@id`, an address: some clients have no other way.
async fn remove_referenced_member(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    let member = call.query.option("@id").and_then(key_of_reference);
    let member =
        member.ok_or_else(|| ApiError::bad("Name the member by @id=https://.../directoryObjects/{id}."))?;
    call.directory.remove_member(&call.by, group.id, guid(&member)?).await?;
    no_content()
}

async fn remove_member(call: Call, Path((id, member)): Path<(String, String)>) -> Answer {
    let group = call.directory.group(&id).await?;
    call.directory.remove_member(&call.by, group.id, guid(&member)?).await?;
    no_content()
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
