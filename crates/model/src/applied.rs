//! Which configuration the objects of a job have been brought in line with.

use serde::{Deserialize, Serialize};

/// A configuration of a job as it was applied, by type of object; `None` for a type that the job did not provision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Of users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Fingerprint>,
    /// Of groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Fingerprint>,
}

/// What decides about the objects of one type, as hashes: one for each way an object can stand, of exactly the
/// settings that can change what is to be done about an object that stands so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fingerprint {
    /// Of objects in scope with an account: what the account looks like, and who is in scope.
    pub kept: u64,
    /// Of objects out of scope with an account: what becomes of accounts that leave, and who is in scope.
    pub left: u64,
    /// Of objects out of scope without an account: who is in scope.
    pub absent: u64,
    /// Of objects in scope that have no account yet: how accounts are matched and created, and who is in scope.
    pub waiting: u64,
    /// Whether members of groups are provisioned.
    pub members: bool,
    /// Whom the scope reaches before anything else is asked of them.
    pub reach: Reach,
}

/// Whom the scope of a job reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reach {
    /// Whoever is assigned, and direct members of assigned groups.
    Assigned,
    /// Whoever is assigned, and members of assigned groups at any depth.
    Nested,
    /// Everyone.
    All,
}
