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

use super::Routes;
use crate::call::{Call, object};
use crate::error::{Answer, ApiError};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/applicationTemplates", get(list))
        .route("/applicationTemplates/{id}", get(show))
        .route("/applicationTemplates/{id}/instantiate", post(instantiate))
}

async fn list(call: Call) -> Answer {
    let found = directory::templates().iter().filter(|template| {
        let text = fold_key(&format!("{}\n{}\n{}", template.display_name, template.description, template.id));
        let searched = call.query.search.as_ref().is_none_or(|wanted| text.contains(wanted.as_str()));
        searched
            && call.query.filter.as_ref().is_none_or(|filter| filter.matches(&render::template(template)))
    });
    let shown: Vec<Value> = found.map(render::template).collect();
    let count = call.query.count.then_some(shown.len() as u64);
    Ok(page::list(&call, "applicationTemplates", shown, None, count))
}

pub(super) fn template(id: &str) -> Result<&'static ApplicationTemplate, ApiError> {
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
