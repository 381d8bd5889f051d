//! The configuration as one document that goes through version control: read, planned, applied.
//!
//! A plan is an application of which nothing stays: both make the changes by the calls that make single ones, over a store
//! that keeps them in memory, and compare the documents before and after. What is applied is then committed as a whole; only
//! what the service provider has to look at resources for is changed one by one, before it where resources can refuse it.

mod apply;
mod difference;
mod document;
mod export;
mod mappings;
mod staged;
mod tenants;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use model::Principal;
use serde::Serialize;

use crate::State;
use crate::error::ApiError;
use difference::Change;
pub(crate) use document::Document;
use export::View;
#[cfg(test)]
pub(crate) use mappings::Mapping;
use staged::Staged;

/// What a document changes, or would.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// Whether anything was written.
    applied: bool,
    /// What differs, in the order of the document.
    changes: Vec<Change>,
    /// How many objects the next cycles look at because of it.
    reevaluation: Vec<Reevaluation>,
    /// What a document cannot do, and somebody has to.
    to_do: Vec<String>,
}

/// How many objects the next cycle of a job looks at.
#[derive(Debug, Serialize)]
struct Reevaluation {
    application: String,
    template: String,
    #[serde(flatten)]
    due: directory::Reevaluated,
}

/// How a document is applied.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Only say what would change.
    pub plan: bool,
    /// Remove what the document does not name, of what it has a list of.
    pub prune: bool,
}

/// The configuration as it is.
pub(crate) async fn export(state: &State) -> Result<Document, ApiError> {
    let (directory, tenants, planned) = (&state.directory, &state.tenants, &BTreeMap::new());
    View { directory, tenants, provider: state.provider.as_ref(), planned }.export().await
}

/// How often a document is applied anew because somebody else has changed something meanwhile.
const TRIES: usize = 10;

/// Makes the configuration what the document says, as far as it says something.
pub(crate) async fn apply(
    state: &State,
    by: &Principal,
    document: &Document,
    options: Options,
) -> Result<Outcome, ApiError> {
    let mut tries = 0;
    loop {
        let staged = Staged::new(state, by, document, options).await?;
        let outcome = staged.outcome().await?;
        if options.plan || outcome.changes.is_empty() {
            return Ok(outcome);
        }
        tries += 1;
        match staged.carry_out().await {
            Err(error) if error.status == StatusCode::PRECONDITION_FAILED && tries < TRIES => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(Outcome { applied: true, ..outcome }),
        }
    }
}
