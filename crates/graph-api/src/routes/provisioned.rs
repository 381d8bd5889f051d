//! `/provost/v1/tenants/{name}/users` and `/groups`: what clients have provisioned, as administrators read it.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::ObjectType;
use store::Cursor;

use super::Routes;
use super::tenants::{addresses, tenant};
use crate::call::Call;
use crate::error::{Answer, ApiError};
use crate::page;
use crate::provider::{Asked, Resources};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/tenants/{name}/users", get(async |call, path| list(call, path, ObjectType::User).await))
        .route("/tenants/{name}/groups", get(async |call, path| list(call, path, ObjectType::Group).await))
        .route("/tenants/{name}/users/{id}", get(async |call, path| show(call, path, ObjectType::User).await))
        .route("/tenants/{name}/groups/{id}/members", get(members))
        .route(
            "/tenants/{name}/groups/{id}",
            get(async |call, path| show(call, path, ObjectType::Group).await),
        )
}

/// A page of them: all, or those that a text is found in (`contains`).
async fn list(call: Call, Path(name): Path<String>, object_type: ObjectType) -> Answer {
    call.query.only(&[])?;
    let tenant = tenant(&call, &name).await?;
    let (after, base) = (after(&call)?, addresses(&call, &tenant.name).1);
    let found = call.provider.resources(tenant, object_type, asked(&call, &after, &base)).await?;
    Ok(shown(&call, found))
}

/// A page of the members of a group, as [`list`].
async fn members(call: Call, Path((name, id)): Path<(String, String)>) -> Answer {
    call.query.only(&[])?;
    let tenant = tenant(&call, &name).await?;
    let (after, base) = (after(&call)?, addresses(&call, &tenant.name).1);
    let found = call.provider.members(tenant, &id, asked(&call, &after, &base)).await?;
    Ok(shown(&call, found))
}

/// Where the page before ended, as the service provider said it.
fn after(call: &Call) -> Result<String, ApiError> {
    match &call.query.after {
        None => Ok(String::new()),
        Some(Cursor(token)) => String::from_utf8(token.to_vec())
            .map_err(|_| ApiError::bad("The $skiptoken is not one that this server gave.")),
    }
}

fn asked<'a>(call: &'a Call, after: &'a str, base: &'a str) -> Asked<'a> {
    let search = call.query.option("contains").map(str::trim).filter(|text| !text.is_empty());
    Asked { search, after, limit: call.query.limit(), base }
}

fn shown(call: &Call, found: Resources) -> Response {
    let next = found.next.map(|token| Cursor(token.into_bytes().into()));
    let count = found.total.filter(|_| call.query.count);
    page::list(call, "resources", found.resources, next.as_ref(), count)
}

async fn show(call: Call, Path((name, id)): Path<(String, String)>, object_type: ObjectType) -> Answer {
    let tenant = tenant(&call, &name).await?;
    let base = addresses(&call, &tenant.name).1;
    Ok(Json(call.provider.resource(tenant, object_type, &base, &id).await?).into_response())
}
