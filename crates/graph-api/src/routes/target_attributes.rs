//! `/provost/v1/jobs/{id}/attributes`: the target's attributes that a job knows, one by one.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use bytes::Bytes;
use directory::{JobChange, TargetChange};
use engine::{Listed, TargetList};
use model::{Job, ObjectType};
use serde_json::{Value, json};

use super::Routes;
use crate::call::{Call, guid, no_content, object};
use crate::directories;
use crate::error::{Answer, ApiError};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/jobs/{job}/attributes", get(list).post(add))
        .route("/jobs/{job}/attributes/{object}/{name}", delete(remove))
}

async fn job(call: &Call, id: &str) -> Result<Job, ApiError> {
    Ok(call.directory.job(guid(id)?).await?)
}

/// `User` or `Group`, in any case.
fn object_type(name: &str) -> Result<ObjectType, ApiError> {
    match name.to_ascii_lowercase().as_str() {
        "user" => Ok(ObjectType::User),
        "group" => Ok(ObjectType::Group),
        _ => Err(ApiError::bad("The object must be 'User' or 'Group'.")),
    }
}

fn shown(object_type: ObjectType, listed: &Listed) -> Value {
    let mut shown = directories::target_attribute(listed, &listed.attribute.name);
    shown["object"] = json!(object_type);
    shown
}

async fn list(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    let mut all = Vec::new();
    for object_type in [ObjectType::User, ObjectType::Group] {
        all.extend(TargetList::of(&job, object_type).iter().map(|listed| shown(object_type, listed)));
    }
    Ok(Json(json!({"discoveredAt": job.target_schema.discovered_at, "value": all})).into_response())
}

async fn add(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let job = job(&call, &id).await?;
    let body = object(&body)?;
    if let Some(unknown) =
        body.keys().find(|key| *key != "object" && !directories::MEMBERS.contains(&key.as_str()))
    {
        let shown: String = unknown.chars().take(60).collect();
        let known = directories::MEMBERS.join(", ");
        return Err(ApiError::bad(format!("An attribute has no member '{shown}'; it has: object, {known}.")));
    }
    let body = Value::Object(body);
    let object_type = object_type(body["object"].as_str().unwrap_or("User"))?;
    let (attribute, _) = directories::read(&body)
        .map_err(|error| ApiError::bad(format!("The attribute cannot be added: {error}.")))?;
    let name = attribute.name.clone();
    let change =
        JobChange { target: vec![TargetChange::Add(object_type, attribute)], ..JobChange::default() };
    let job = call.directory.update_job(&call.by, job.id, &change).await?;
    let list = TargetList::of(&job, object_type);
    let added = list.attribute(&name).map(|listed| shown(object_type, listed));
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

async fn remove(call: Call, Path((id, object, name)): Path<(String, String, String)>) -> Answer {
    let job = job(&call, &id).await?;
    let change = TargetChange::Remove(object_type(&object)?, name);
    let change = JobChange { target: vec![change], ..JobChange::default() };
    call.directory.update_job(&call.by, job.id, &change).await?;
    no_content()
}
