//! `/directory/deletedItems`: the recycle bin.

use axum::extract::Path;
use axum::routing::{get, post};
use directory::Selection;
use model::{DirectoryObject, ObjectType};

use super::Routes;
use crate::call::{Call, guid, no_content};
use crate::error::{Answer, ApiError};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/directory/deletedItems/microsoft.graph.user", get(users))
        .route("/directory/deletedItems/graph.user", get(users))
        .route("/directory/deletedItems/microsoft.graph.group", get(groups))
        .route("/directory/deletedItems/graph.group", get(groups))
        .route("/directory/deletedItems/{id}", get(show).delete(purge))
        .route("/directory/deletedItems/{id}/restore", post(restore))
}

async fn list(call: &Call, object_type: ObjectType, what: &str) -> Answer {
    let keep = |object: &DirectoryObject| {
        call.query.filter.as_ref().is_none_or(|filter| filter.matches(&render::object(object)))
    };
    let found = call
        .directory
        .list_objects(object_type, &Selection::Deleted, call.query.after.clone(), call.query.limit(), keep)
        .await?;
    let shown = found.objects.iter().map(render::typed).collect();
    Ok(page::list(call, what, shown, found.next.as_ref(), None))
}

async fn users(call: Call) -> Answer {
    list(&call, ObjectType::User, "users").await
}

async fn groups(call: Call) -> Answer {
    list(&call, ObjectType::Group, "groups").await
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
