//! `/provost/v1/tenants/{name}/schemas`: schema extensions of a tenant.

use axum::Json;
use axum::extract::Path;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use scim::Map;
use serde_json::{Value, json};

use super::Routes;
use super::tenants::tenant;
use crate::call::{Call, no_content};
use crate::error::{Answer, ApiError};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/tenants/{name}/schemas", get(list).post(create))
        .route("/tenants/{name}/schemas/{urn}", get(show).put(replace).delete(remove))
}

async fn list(call: Call, Path(name): Path<String>) -> Answer {
    let tenant = tenant(&call, &name).await?;
    Ok(Json(json!({"value": call.provider.extensions(tenant.id).await?})).into_response())
}

async fn show(call: Call, Path((name, urn)): Path<(String, String)>) -> Answer {
    let tenant = tenant(&call, &name).await?;
    Ok(Json(call.provider.extension(tenant.id, &urn).await?).into_response())
}

async fn create(call: Call, Path(name): Path<String>, body: Bytes) -> Answer {
    put(&call, &name, None, &body).await
}

async fn replace(call: Call, Path((name, urn)): Path<(String, String)>, body: Bytes) -> Answer {
    put(&call, &name, Some(&urn), &body).await
}

async fn put(call: &Call, name: &str, urn: Option<&str>, body: &Bytes) -> Answer {
    let tenant = tenant(call, name).await?;
    let (shown, added) = call.provider.put_extension(tenant.id, definition(body)?, urn, &call.by).await?;
    if !added {
        return Ok(Json(shown).into_response());
    }
    let urn = utf8_percent_encode(shown["id"].as_str().unwrap_or_default(), NON_ALPHANUMERIC).to_string();
    let location = HeaderValue::try_from(call.address(&format!("v1/tenants/{}/schemas/{urn}", tenant.name)));
    let mut response = (StatusCode::CREATED, Json(shown)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Read so that no name stands twice: of two rules for one attribute nobody can say which was meant.
fn definition(body: &Bytes) -> Result<Map, ApiError> {
    match scim::json::parse(body)? {
        Value::Object(members) => Ok(members),
        _ => Err(ApiError::bad("The body must be a JSON object: a schema as /Schemas shows it.")),
    }
}

async fn remove(call: Call, Path((name, urn)): Path<(String, String)>) -> Answer {
    let tenant = tenant(&call, &name).await?;
    call.provider.delete_extension(tenant.id, &urn, &call.by).await?;
    no_content()
}
