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
mod webhooks;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use model::Principal;
use serde::Serialize;
use store::Lease;

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
    View { directory, tenants, webhooks: &state.webhooks, provider: state.provider.as_ref(), planned }
        .export()
        .await
}

/// Who applies a document: one at a time, who may be dead after a while.
const LEASE: &str = "configuration";
const LEASE_TIME: Duration = Duration::from_mins(5);

/// How often a document is applied anew because somebody else has changed something meanwhile.
const TRIES: usize = 10;

/// Makes the configuration what the document says, as far as it says something.
pub(crate) async fn apply(
    state: &State,
    by: &Principal,
    document: &Document,
    options: Options,
) -> Result<Outcome, ApiError> {
    if options.plan {
        return Staged::new(state, by, document, options).await?.outcome().await;
    }
    // Two documents at a time could make the same application twice.
    let store = state.directory.store();
    let (holder, now) = (state.directory.ids().next(), state.directory.clock().now());
    let lease = store.acquire_lease(LEASE, holder, now, LEASE_TIME).await?;
    let lease = lease.ok_or(directory::Error::Busy("another document of configuration is being applied"))?;
    let outcome = carry_out(state, by, document, options, &lease).await;
    store.release_lease(&lease).await?;
    outcome
}

async fn carry_out(
    state: &State,
    by: &Principal,
    document: &Document,
    options: Options,
    lease: &Lease,
) -> Result<Outcome, ApiError> {
    let mut tries = 0;
    loop {
        let staged = Staged::new(state, by, document, options).await?;
        let outcome = staged.outcome().await?;
        if outcome.changes.is_empty() {
            return Ok(outcome);
        }
        tries += 1;
        match staged.carry_out(lease).await {
            Err(error) if error.status == StatusCode::PRECONDITION_FAILED && tries < TRIES => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(Outcome { applied: true, ..outcome }),
        }
    }
}
