//! Guards against changes that nobody meant: their limits, and what a job remembers of what they let through.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{ModifiedProperty, ObjectType};

/// What is guarded, each counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GuardKind {
    /// Accounts disabled, accounts deleted, groups deleted.
    Removals,
    /// Changes of `userName` or of a matching attribute.
    Renames,
    /// Members taken out of groups whose accounts stay.
    Memberships,
    /// Users that the source no longer has, of those with an account.
    Source,
}

impl GuardKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Removals, Self::Renames, Self::Memberships, Self::Source];
}

/// The limits of a job, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Guards {
    /// Accounts disabled or deleted, groups deleted, of the linked accounts.
    pub removals: Guard,
    /// Accounts renamed, of the linked accounts.
    pub renames: Guard,
    /// Members taken out of groups, of all members that were exported.
    pub memberships: Guard,
    /// Users that the source no longer has, of those with an account.
    pub source: Guard,
}

impl Guards {
    /// The limits of one kind.
    pub fn of(&self, kind: GuardKind) -> Guard {
        match kind {
            GuardKind::Removals => self.removals,
            GuardKind::Renames => self.renames,
            GuardKind::Memberships => self.memberships,
            GuardKind::Source => self.source,
        }
    }
}

/// The most of one kind in a day, as a number and as a share; the lesser counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guard {
    /// Whether anything is held back at all.
    pub enabled: bool,
    /// The most as a number; `None`: the default of the kind.
    pub number: Option<u64>,
    /// The most in percent, 0 to 100; `None`: the default of the kind.
    pub percent: Option<u8>,
}

impl Default for Guard {
    fn default() -> Self {
        Self { enabled: true, number: None, percent: None }
    }
}

/// A change of one account that waits for the guard's verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// What is to happen.
    pub change: DueChange,
    /// Why, in words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// What the guard, or an administrator, has said about exactly this change.
    pub verdict: Verdict,
}

/// Members of a group wait for the guard's verdict. Who they are, edges between the links say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MembersDue {
    /// When somebody was held back last, if anybody was.
    pub staged: Option<Timestamp>,
}

/// What waits for the guard's verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "value")]
pub enum DueChange {
    /// The account is disabled.
    Disable,
    /// The account or the group is deleted.
    Delete,
    /// Attributes by which people or programs know it change to these values, by target attribute path.
    Rename(BTreeMap<String, Value>),
    /// The account is gone in the target: its link is dropped, and the object matched or created again.
    Recreate,
}

impl DueChange {
    /// As what it is counted.
    pub fn kind(&self) -> GuardKind {
        match self {
            Self::Disable | Self::Delete | Self::Recreate => GuardKind::Removals,
            Self::Rename(_) => GuardKind::Renames,
        }
    }
}

/// How far the judgement of a guarded change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It will be judged at the end of the cycle.
    Waiting,
    /// It is held back.
    Staged,
    /// The guard let it through, or an administrator allowed it.
    Cleared,
}

/// What a job remembers of what its guards let through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GuardMemory {
    /// What was let through, by the hour (seconds since 1970 divided by 3600) and the kind.
    pub passed: BTreeMap<i64, BTreeMap<GuardKind, u64>>,
    /// For each kind that something is held back of: what had been let through in the day before. Time alone
    /// releases nothing.
    pub held: BTreeMap<GuardKind, u64>,
}

/// What is held back of one object, for an administrator to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StagedChange {
    /// The object in the directory.
    pub id: Uuid,
    /// User or group.
    pub object_type: ObjectType,
    /// What people call it.
    pub display_name: String,
    /// Its account.
    pub target_id: Option<String>,
    /// What would happen.
    pub action: StagedAction,
    /// The guard that holds it back.
    pub kind: GuardKind,
    /// Why it would happen.
    pub reason: String,
    /// Since when it is held back; of members, since when all of them are.
    pub since: Timestamp,
    /// How many changes it counts for: members of a group, else 1.
    pub count: u64,
    /// Old and new values of a rename; the first members that would leave, as old values.
    pub modified_properties: Vec<ModifiedProperty>,
}

/// What would happen if it were not held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum StagedAction {
    Delete,
    Disable,
    Rename,
    Recreate,
    RemoveMembers,
}
