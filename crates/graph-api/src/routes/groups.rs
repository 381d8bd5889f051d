//! `/groups`.

use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use model::ObjectType;
use serde_json::Value;

use super::{Routes, objects};
use crate::call::{Call, guid, key_of_reference, no_content, object};
use crate::error::{Answer, ApiError};
use crate::render;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/groups", get(list).post(create))
        .route("/groups/$count", get(count))
        .route("/groups/{id}", get(show).patch(update).delete(delete))
}

async fn list(call: Call) -> Answer {
    objects::list(&call, ObjectType::Group).await
}

async fn count(call: Call) -> Answer {
    objects::count(&call, ObjectType::Group).await
}

/// Most members that a group is created with, as Graph has it.
const MAX_BOUND: usize = 20;

async fn create(call: Call, body: Bytes) -> Answer {
    let mut attributes = object(&body)?;
    let members = bound_members(&call, attributes.remove("members@odata.bind")).await?;
    attributes.remove("owners@odata.bind");
    let group = call.directory.create_object(&call.by, ObjectType::Group, None, &attributes).await?;
    if !members.is_empty() {
        call.directory.add_members(&call.by, group.id, &members).await?;
    }
    Ok(call.created("groups", render::object(&group)))
}

/// The objects that `members@odata.bind` names.
async fn bound_members(call: &Call, bound: Option<Value>) -> Result<Vec<(ObjectType, uuid::Uuid)>, ApiError> {
    let references = match bound {
        None => return Ok(Vec::new()),
        Some(Value::Array(references)) if references.len() <= MAX_BOUND => references,
        Some(_) => {
            return Err(ApiError::bad(format!(
                "members@odata.bind must be a list of at most {MAX_BOUND} references."
            )));
        }
    };
    let mut members = Vec::new();
    for reference in &references {
        let key = reference.as_str().and_then(key_of_reference).unwrap_or_default();
        let member = call.directory.any_object(guid(&key)?).await?;
        members.push((member.object_type, member.id));
    }
    Ok(members)
}

async fn show(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    objects::show(&call, &group).await
}

async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let mut change = object(&body)?;
    let members = bound_members(&call, change.remove("members@odata.bind")).await?;
    let group = call.directory.group(&id).await?;
    call.directory.update_object(&call.by, ObjectType::Group, group.id, &change).await?;
    if !members.is_empty() {
        call.directory.add_members(&call.by, group.id, &members).await?;
    }
    no_content()
}

async fn delete(call: Call, Path(id): Path<String>) -> Answer {
    let group = call.directory.group(&id).await?;
    call.directory.purge_object(&call.by, ObjectType::Group, group.id).await?;
    no_content()
}
