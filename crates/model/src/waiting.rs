//! What a job has made, and what of it waits for a later cycle.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many accounts and groups a job is linked with in the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Linked {
    /// Of users.
    pub users: u64,
    /// Of groups.
    pub groups: u64,
}

/// What of a job waits, and for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Objects that failed and wait for another try (escrowed).
    pub failed: u64,
    /// How many of them the next cycle tries, if it begins when it is due; one by hand tries all.
    pub retries_due: u64,
    /// When the first of them is tried again, unless the object or the configuration changes before.
    pub next_retry: Option<Timestamp>,
    /// Users whose manager has no account yet.
    pub references: u64,
    /// Users and groups of which a guard holds something back.
    pub staged: u64,
    /// Objects of which a request was not answered: the next cycle looks in the target for what came of it.
    pub unanswered: u64,
    /// Changes in the directory that no cycle has seen yet, counted up to 1,000.
    pub changes: u64,
    /// Whether there are more of them.
    pub more_changes: bool,
}
