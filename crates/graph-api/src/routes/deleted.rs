//! `/directory/deletedItems`: the recycle bin.

use axum::extract::Path;
use axum::routing::{get, post};
use directory::{ObjectPage, Selection};
use model::{DirectoryObject, ObjectType};
use store::Cursor;

use super::{Routes, objects};
use crate::call::{Call, guid, no_content};
use crate::error::{Answer, ApiError};
use crate::odata::Part;
use crate::{page, render};

pub(super) fn routes() -> Routes {
    let routes = Routes::new()
        .route("/directory/deletedItems/{id}", get(show).delete(purge))
        .route("/directory/deletedItems/{id}/{type}", get(show_as))
        .route("/directory/deletedItems/{id}/restore", post(restore));
    // Groups are never in the recycle bin; who asks for them is told so.
    let types = [("user", ObjectType::User), ("group", ObjectType::Group)];
    types.into_iter().fold(routes, |routes, (name, object_type)| {
        ["microsoft.graph", "graph"].into_iter().fold(routes, |routes, namespace| {
            let path = format!("/directory/deletedItems/{namespace}.{name}");
            routes.route(&path, get(move |call: Call| async move { list(&call, object_type).await })).route(
                &format!("{path}/$count"),
                get(move |call: Call| async move { count(&call, object_type).await }),
            )
        })
    })
}

/// The type that a segment such as `microsoft.graph.user` names.
pub(super) fn object_type(name: &str) -> Result<ObjectType, ApiError> {
    match name.strip_prefix("microsoft.").unwrap_or(name) {
        "graph.user" => Ok(ObjectType::User),
        "graph.group" => Ok(ObjectType::Group),
        _ => {
            let shown: String = name.chars().take(100).collect();
            Err(ApiError::missing(format!("Resource not found for the segment '{shown}'.")))
        }
    }
}

fn check(call: &Call, object_type: ObjectType) -> Result<(), ApiError> {
    call.query.only(&[Part::Filter, Part::Search])?;
    objects::check(&call.query, object_type)
}

async fn list(call: &Call, object_type: ObjectType) -> Answer {
    check(call, object_type)?;
    let found = page(call, object_type, call.query.after.clone(), call.query.limit()).await?;
    let count = if call.query.count { Some(count_of(call, object_type).await?) } else { None };
    let shown = found.objects.iter().map(render::typed).collect();
    Ok(page::list(call, objects::set_of(object_type), shown, found.next.as_ref(), count))
}

async fn page(
    call: &Call,
    object_type: ObjectType,
    after: Option<Cursor>,
    limit: usize,
) -> Result<ObjectPage, ApiError> {
    let keep = |object: &DirectoryObject| objects::keeps(&call.query, object);
    Ok(call.directory.list_objects(object_type, &Selection::Deleted, after, limit, keep).await?)
}

async fn count_of(call: &Call, object_type: ObjectType) -> Result<u64, ApiError> {
    let (mut count, mut after) = (0, None);
    loop {
        let found = page(call, object_type, after, 1000).await?;
        count += found.objects.len() as u64;
        after = found.next;
        if after.is_none() {
            return Ok(count);
        }
    }
}

async fn count(call: &Call, object_type: ObjectType) -> Answer {
    check(call, object_type)?;
    Ok(objects::plain(count_of(call, object_type).await?))
}

async fn deleted(call: &Call, id: &str) -> Result<DirectoryObject, ApiError> {
    let found = call.directory.find_object(ObjectType::User, guid(id)?).await?;
    let found = found.filter(|user| user.deleted.is_some());
    found.ok_or_else(|| ApiError::missing(format!("Resource '{id}' does not exist in the recycle bin.")))
}

async fn show(call: Call, Path(id): Path<String>) -> Answer {
    let user = deleted(&call, &id).await?;
    call.found("directoryObjects", render::typed(&user))
}

async fn show_as(call: Call, Path((id, name)): Path<(String, String)>) -> Answer {
    let user = deleted(&call, &id).await?;
    if object_type(&name)? != user.object_type {
        return Err(ApiError::missing(format!("Resource '{id}' is not of the type '{name}'.")));
    }
    call.found("users", render::typed(&user))
}

async fn purge(call: Call, Path(id): Path<String>) -> Answer {
    let user = deleted(&call, &id).await?;
    call.directory.purge_object(&call.by, ObjectType::User, user.id).await?;
    no_content()
}

pub(super) async fn restore(call: Call, Path(id): Path<String>) -> Answer {
    let user = deleted(&call, &id).await?;
    let user = call.directory.restore_user(&call.by, user.id).await?;
    call.found("directoryObjects", render::typed(&user))
}
