//! `/directoryObjects` and `/organization`.

use axum::extract::Path;
use axum::routing::get;
use serde_json::json;

use super::Routes;
use crate::call::{Call, guid};
use crate::error::{Answer, ApiError};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new().route("/directoryObjects/{id}", get(show)).route("/organization", get(organization))
}

async fn show(call: Call, Path(id): Path<String>) -> Answer {
    let found = call.directory.any_object(guid(&id)?).await?;
    if found.deleted.is_some() {
        return Err(ApiError::missing(format!("Resource '{id}' does not exist: it is in the recycle bin.")));
    }
    call.found("directoryObjects", render::typed(&found))
}

async fn organization(call: Call) -> Answer {
    call.query.only(&[])?;
    let shown = json!({"id": call.directory.id(), "displayName": "default", "verifiedDomains": []});
    Ok(page::list(&call, "organization", vec![shown], None, None))
}
