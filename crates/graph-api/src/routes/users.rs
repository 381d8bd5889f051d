//! `/users`.

use axum::extract::Path;
use axum::routing::{get, post};
use bytes::Bytes;
use model::ObjectType;
use serde_json::{Map, Value};

use super::{Routes, objects};
use crate::call::{Call, key_of_reference, no_content, object};
use crate::error::{Answer, ApiError};
use crate::render;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/users", get(list).post(create))
        .route("/users/$count", get(count))
        .route("/users/{id}", get(show).patch(update).delete(delete))
        .route("/users/{id}/restore", post(super::deleted::restore))
}

async fn list(call: Call) -> Answer {
    objects::list(&call, ObjectType::User).await
}

async fn count(call: Call) -> Answer {
    objects::count(&call, ObjectType::User).await
}

async fn create(call: Call, body: Bytes) -> Answer {
    let mut attributes = object(&body)?;
    let manager = bound_manager(&call, &mut attributes).await?;
    attributes.remove("passwordProfile");
    let user = call.directory.create_object(&call.by, ObjectType::User, None, &attributes).await?;
    if let Some(manager) = manager {
        call.directory.set_manager(&call.by, user.id, Some(manager)).await?;
    }
    Ok(call.created("users", render::object(&user)))
}

/// The user that `manager@odata.bind` names, taken out of the body.
async fn bound_manager(
    call: &Call,
    attributes: &mut Map<String, Value>,
) -> Result<Option<uuid::Uuid>, ApiError> {
    let Some(reference) = attributes.remove("manager@odata.bind") else { return Ok(None) };
    let key = reference.as_str().and_then(key_of_reference).unwrap_or_default();
    Ok(Some(call.directory.user(&key).await?.id))
}

async fn show(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    objects::show(&call, &user).await
}

async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let mut change = object(&body)?;
    let manager = bound_manager(&call, &mut change).await?;
    change.remove("passwordProfile");
    let user = call.directory.user(&id).await?;
    call.directory.update_object(&call.by, ObjectType::User, user.id, &change).await?;
    if let Some(manager) = manager {
        call.directory.set_manager(&call.by, user.id, Some(manager)).await?;
    }
    no_content()
}

async fn delete(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    call.directory.delete_user(&call.by, user.id).await?;
    no_content()
}
