//! What a target holds otherwise than a job left it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{CycleCounts, CycleStatus, ErrorInformation, ObjectType};

/// What is otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DriftKind {
    /// An attribute that this job exported has another value.
    ChangedAttribute,
    /// An account is gone.
    AccountGone,
    /// A group has a member that this job did not add.
    MemberAdded,
    /// A group lacks a member that this job added.
    MemberMissing,
    /// An account that no object of this job is linked to.
    UnknownAccount,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftFinding {
    /// What is otherwise.
    pub kind: DriftKind,
    /// The type of the account.
    pub object_type: ObjectType,
    /// The object in the directory; `None` for an account that nobody provisioned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<Uuid>,
    /// What people call it, in the directory or else in the target.
    pub display_name: String,
    /// The account in the target.
    pub target_id: String,
    /// The target attribute path; of members, `members`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// What this job left there; `[Redact]` where it may not be shown, null for nothing.
    pub expected: Value,
    /// What is there now.
    pub found: Value,
    /// Whether a repair puts it right.
    pub repairable: bool,
}

/// What came of a comparison of a job's target with what the job left there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftReport {
    /// Identifier of the run; in every log entry that it wrote.
    pub cycle_id: Uuid,
    /// Whether what differed was to be put right.
    pub repair: bool,
    /// Whether it began by itself, after the job's `drift_interval`.
    #[serde(default)]
    pub scheduled: bool,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How it ended; differences of one that did not complete are not all there are.
    pub status: CycleStatus,
    /// Accounts compared.
    pub compared: u64,
    /// Differences by their kind.
    pub found: DriftCounts,
    /// How many of them a repair puts right.
    pub repairable: u64,
    /// How many of them are in the list, the first ones.
    pub listed: u64,
    /// Accounts that could not be read.
    pub unread: u64,
    /// Groups with members of which the target shows none, as it shows none of any group.
    pub groups_without_members: u64,
    /// Types that the target does not list: accounts of these that nobody provisioned are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_listed: Vec<ObjectType>,
    /// What the repair did, by objects.
    pub repaired: CycleCounts,
    /// Whether a guard held the repair or a part of it back.
    pub held_back: bool,
    /// Why it did not complete, or else the first account that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorInformation>,
}

/// Differences by their kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names of the kinds")]
pub struct DriftCounts {
    pub changed_attribute: u64,
    pub account_gone: u64,
    pub member_added: u64,
    pub member_missing: u64,
    pub unknown_account: u64,
}

impl DriftCounts {
    /// Counts one more.
    pub fn add(&mut self, kind: DriftKind) {
        *match kind {
            DriftKind::ChangedAttribute => &mut self.changed_attribute,
            DriftKind::AccountGone => &mut self.account_gone,
            DriftKind::MemberAdded => &mut self.member_added,
            DriftKind::MemberMissing => &mut self.member_missing,
            DriftKind::UnknownAccount => &mut self.unknown_account,
        } += 1;
    }
}
