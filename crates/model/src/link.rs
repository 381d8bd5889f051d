//! What ties a source object to its account in a target.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{Due, ErrorInformation, MembersDue, ObjectType, Outcome};

/// The target's representation as last exported or read: values by target attribute path
/// (`name.givenName`, `emails[type eq "work"].value`). References hold the target id of what they refer to.
pub type Shadow = BTreeMap<String, Value>;

/// The engine's memory of one managed object of one job. Its id is the source object's id; the members that a
/// group has been given are edges between links, not part of the shadow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The source object.
    pub source_id: Uuid,
    /// User or group.
    pub object_type: ObjectType,
    /// What people call the source object, for logs after it is gone.
    pub source_name: String,
    /// The resource in the target; `None` until it is created or matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// The version that the account had when this job last wrote or read it, where the target keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_version: Option<String>,
    /// How the link came to be.
    pub origin: LinkOrigin,
    /// What the account is meant to be.
    pub state: LinkState,
    /// What the target holds, as far as this job wrote or read it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shadow: Shadow,
    /// Values that are not computed anew as long as what they are made from stays: of time, of chance, and those
    /// that were chosen to be unique; by target attribute path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, Kept>,
    /// The hash of the configuration that was last applied, of the part that concerns an object that stands as this
    /// one does (one of [`crate::Fingerprint`]'s); 0 for none.
    pub configuration: u64,
    /// The source object's version that was last applied.
    pub source_version: u64,
    /// When a creation was sent whose answer has not been recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unacknowledged: Option<Timestamp>,
    /// The failure that waits for another try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<Escrow>,
    /// What is to happen to the account once the guard has judged the cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// Set while members of the group are to leave it once the guard has judged the cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_due: Option<MembersDue>,
    /// Whether the object's manager was not in the target when it was exported, and has to be looked at again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub manager_due: bool,
    /// Whether the objects that refer to this one (reports, groups it is a member of) have to be looked at again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub referrers_due: bool,
    /// What the last cycle that did something about the object counted it as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// When the link was made.
    pub created: Timestamp,
}

/// A value that is kept, and from what it was computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// A hash of the mapping and of everything it read.
    pub inputs: u64,
    /// The value; null for none.
    pub value: Value,
}

/// As what an object counts in the report of a cycle, for a cycle that goes on after an interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// The cycle.
    pub cycle: Uuid,
    /// What became of the object.
    pub outcome: Outcome,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// How a link came to be: decides what may be done with the account later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LinkOrigin {
    /// Nothing is known in the target yet.
    None,
    /// This job created the account.
    Created,
    /// The account was there and was matched.
    Matched,
}

/// What the account behind a link is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LinkState {
    /// Not in the target yet: a creation waits or failed.
    Pending,
    /// In scope and in the target.
    Active,
    /// In the target, disabled.
    Disabled,
    /// Left alone though out of scope, as the job asks.
    Released,
}

/// An object whose export failed and waits for its retry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Escrow {
    /// When it failed first.
    pub since: Timestamp,
    /// In how many cycles it failed.
    pub attempts: u32,
    /// The cycle in which it failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle: Option<Uuid>,
    /// When it is tried again.
    pub due: Timestamp,
    /// Why it failed last.
    pub error: ErrorInformation,
    /// How many of its references failed, where nothing else of it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<u64>,
}
