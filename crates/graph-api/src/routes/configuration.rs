//! `/provost/v1/configuration`: the configuration as one document.

use axum::Json;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::get;

use super::Routes;
use crate::call::Call;
use crate::configuration::{self, Document, Options};
use crate::error::Answer;

/// Largest document, in bytes: one with many assignments is larger than the body of other calls.
const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

pub(super) fn routes() -> Routes {
    Routes::new().route("/configuration", get(export).post(apply))
}

async fn export(call: Call) -> Answer {
    Ok(Json(configuration::export(&call.state).await?).into_response())
}

/// With `plan=true` nothing is changed; with `prune=true` what the document has lists of and does not name is removed.
async fn apply(call: Call, mut body: Body) -> Answer {
    let options = Options { plan: call.query.flag("plan")?, prune: call.query.flag("prune")? };
    let body = call.intake.read(&mut body, MAX_DOCUMENT).await?;
    let document = Document::read(&body)?;
    let outcome = configuration::apply(&call.state, &call.by, &document, options).await?;
    Ok(Json(outcome).into_response())
}
