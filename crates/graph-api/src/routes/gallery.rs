//! `/applicationTemplates`.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use model::ApplicationTemplate;
use scim::fold::fold_key;
use serde_json::{Value, json};
use store::Cursor;

use super::{Routes, objects};
use crate::call::{Call, object};
use crate::error::{Answer, ApiError};
use crate::odata::Part;
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/applicationTemplates", get(list))
        .route("/applicationTemplates/$count", get(count))
        .route("/applicationTemplates/{id}", get(show))
        .route("/applicationTemplates/{id}/instantiate", post(instantiate))
}

/// What `$search` looks at.
const SEARCHED: &[&str] = &["displayName", "description", "id"];

/// What `$filter` looks at.
const PROPERTIES: &[&str] = &[
    "id",
    "appRoles",
    "categories",
    "description",
    "displayName",
    "homePageUrl",
    "logoUrl",
    "publisher",
    "supportedProvisioningTypes",
    "supportedSingleSignOnModes",
];

/// The templates that filter and search hold for.
fn found(call: &Call) -> Result<Vec<&'static ApplicationTemplate>, ApiError> {
    let query = &call.query;
    query.filter.as_ref().map_or(Ok(()), |filter| filter.check_names(PROPERTIES))?;
    query.search.as_ref().map_or(Ok(()), |search| search.check(SEARCHED))?;
    let found = directory::templates().iter().filter(|template| {
        let shown = render::template(template);
        query.search.as_ref().is_none_or(|search| search.matches(&shown, SEARCHED))
            && query.filter.as_ref().is_none_or(|filter| filter.matches(&shown))
    });
    Ok(found.collect())
}

async fn count(call: Call) -> Answer {
    call.query.only(&[Part::Filter, Part::Search])?;
    Ok(objects::plain(found(&call)?.len() as u64))
}

async fn list(call: Call) -> Answer {
    call.query.only(&[Part::Filter, Part::Search, Part::OrderBy, Part::Skip])?;
    let mut found = found(&call)?;
    if let Some(order) = &call.query.order_by {
        if !order.property.eq_ignore_ascii_case("displayName") {
            return Err(ApiError::unsupported("'$orderby' of the gallery supports displayName."));
        }
        found.sort_by_key(|template| fold_key(&template.display_name));
        if order.descending {
            found.reverse();
        }
    }
    let count = call.query.count.then_some(found.len() as u64);
    let start = start(&call)?.saturating_add(call.query.skip);
    let end = start.saturating_add(call.query.limit());
    let next = (end < found.len()).then(|| Cursor(end.to_string().into()));
    let shown = found.into_iter().skip(start).take(call.query.limit()).map(render::template).collect();
    Ok(page::list(&call, "applicationTemplates", shown, next.as_ref(), count))
}

/// Where the page starts: the gallery is short, so a cursor is a number.
fn start(call: &Call) -> Result<usize, ApiError> {
    let Some(Cursor(bytes)) = &call.query.after else { return Ok(0) };
    let number = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| store::Error::InvalidCursor.into())
}

pub(crate) fn template(id: &str) -> Result<&'static ApplicationTemplate, ApiError> {
    directory::template(id).ok_or_else(|| {
        let known: Vec<&str> = directory::templates().iter().map(|template| template.id.as_str()).collect();
        let shown: String = id.chars().take(100).collect();
        ApiError::missing(format!("There is no application template '{shown}'."))
            .hint(format!("The gallery has: {}.", known.join(", ")))
    })
}

async fn show(call: Call, Path(id): Path<String>) -> Answer {
    call.found("applicationTemplates", render::template(template(&id)?))
}

async fn instantiate(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let template = template(&id)?;
    let body = object(&body)?;
    let name = match body.get("displayName") {
        None | Some(Value::Null) => template.display_name.as_str(),
        Some(Value::String(name)) => name,
        Some(_) => return Err(ApiError::bad("displayName must be a text.")),
    };
    let made = call.directory.instantiate(&call.by, template, name).await?;
    let answer = json!({
        "@odata.context": call.context("microsoft.graph.applicationServicePrincipal"),
        "application": render::application(&made.application),
        "servicePrincipal": render::service_principal(&made.service_principal),
    });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}
