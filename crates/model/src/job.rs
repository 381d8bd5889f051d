//! A synchronization job: its configuration and its progress.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Applied, Dialect, DriftReport, ErrorInformation, GuardMemory, Guards, ObjectType, TargetLimits,
    TargetSchema,
};

/// A position of a change feed as text (base64url of the store's bytes).
pub type StoredPosition = String;

/// The configuration of a synchronization job (Graph `synchronizationJob` with its rule).
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Identifier; also the realm of the job's links.
    pub id: Uuid,
    /// The service principal it provisions.
    pub service_principal_id: Uuid,
    /// The template its rule was made from.
    pub template_id: String,
    /// Whether it runs by itself.
    pub started: bool,
    /// Time between the starts of two cycles.
    pub interval: SignedDuration,
    /// What begins a cycle beside the interval.
    #[serde(default)]
    pub trigger: Trigger,
    /// Who is provisioned.
    pub scope: SyncScope,
    /// Whether members of nested groups count as assigned.
    #[serde(default)]
    pub nested_groups: bool,
    /// Whether an assignment with Default Access counts, where the application defines roles.
    pub exclude_default_access: bool,
    /// Whose mail address is known, if anybody's, for mail on a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_mail: Option<String>,
    /// Whether mail is sent there.
    #[serde(default = "yes")]
    pub notify: bool,
    /// What happens to accounts that leave.
    #[serde(default)]
    pub deprovisioning: Deprovisioning,
    /// The form of requests.
    #[serde(default)]
    pub dialect: Dialect,
    /// What the target takes at most, as far as people know.
    #[serde(default)]
    pub limits: TargetLimits,
    /// How much may be taken away before somebody is asked.
    #[serde(default)]
    pub guards: Guards,
    /// How many failures are too many.
    #[serde(default)]
    pub failure_limits: FailureLimits,
    /// Time between the starts of two comparisons with the target; without it there are none but by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_interval: Option<SignedDuration>,
    /// What such a comparison does about what differs.
    #[serde(default)]
    pub drift_action: DriftAction,
    /// How users and groups are mapped.
    pub object_mappings: Vec<ObjectMapping>,
    /// The tables that expressions look values up in, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, LookupTable>,
    /// What is known of the target's attributes.
    #[serde(default, skip_serializing_if = "TargetSchema::is_empty")]
    pub target_schema: TargetSchema,
}

impl Job {
    /// Who gets mail on a failure, if anybody.
    pub fn notified(&self) -> Option<&str> {
        self.notification_mail.as_deref().filter(|_| self.notify)
    }
}

fn yes() -> bool {
    true
}

/// What begins a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// The interval alone.
    #[default]
    Schedule,
    /// A change in the directory, at once; and the interval, for what no change announces.
    OnChange,
}

/// What a comparison with the target that begins by itself does about what differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DriftAction {
    /// It tells.
    #[default]
    Report,
    /// It puts it right.
    Repair,
}

/// How many failures put a job into quarantine; what is `None` is as published for Entra ID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FailureLimits {
    /// So many percent of what is in scope are too many, 1 to 100; 40 by default.
    pub percent: Option<u8>,
    /// Fewer are few, whatever their share is; by default 5,000, and with fewer than 12,500 objects in scope the larger
    /// of 20 and 5 % of these.
    pub minimum: Option<u64>,
    /// So many objects are too many, whatever their share is; 40,000 by default.
    pub objects: Option<u64>,
    /// So many objects and references together are too many; 60,000 by default.
    pub total: Option<u64>,
}

/// A table that `Lookup` reads: texts, compared as they are, and the value of each.
pub type LookupTable = BTreeMap<String, String>;

/// Who is provisioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SyncScope {
    /// Everyone in the directory.
    All,
    /// Whoever is assigned.
    Assigned,
}

/// What happens to an account that leaves, by event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deprovisioning {
    /// Unassigned, fails a filter, lost the required role.
    pub out_of_scope: DeprovisionAction,
    /// `accountEnabled` is false.
    pub disabled: DeprovisionAction,
    /// In the recycle bin.
    pub soft_deleted: DeprovisionAction,
    /// Gone for good.
    pub hard_deleted: DeprovisionAction,
    /// A group object that left scope.
    pub group_out_of_scope: DeprovisionAction,
    /// Whether accounts that were there before this job, and matched, are let go of instead of disabled or deleted.
    pub unlink_matched: bool,
}

impl Default for Deprovisioning {
    fn default() -> Self {
        Self {
            out_of_scope: DeprovisionAction::Disable,
            disabled: DeprovisionAction::Disable,
            soft_deleted: DeprovisionAction::Disable,
            hard_deleted: DeprovisionAction::Delete,
            group_out_of_scope: DeprovisionAction::Delete,
            unlink_matched: false,
        }
    }
}

/// What happens to an account that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeprovisionAction {
    /// It stays as it is.
    Nothing,
    /// It is disabled through the mapping of `IsSoftDeleted`.
    Disable,
    /// It is deleted.
    Delete,
}

/// How one type of object is mapped (Graph `objectMapping`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectMapping {
    /// What administrators see.
    pub name: String,
    /// The type of object in the directory; also decides the SCIM resource type.
    pub source_object: ObjectType,
    /// Whether objects of the type are provisioned at all.
    pub enabled: bool,
    /// Which requests may be sent.
    pub target_actions: TargetActions,
    /// Filters ORed; none means everyone passes.
    #[serde(default)]
    pub scoping_filters: Vec<ScopingFilter>,
    /// The attribute mappings, each target attribute at most once.
    pub attribute_mappings: Vec<AttributeMapping>,
}

/// Which requests may be sent (Graph `flowTypes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetActions {
    /// Accounts may be created.
    pub create: bool,
    /// Accounts may be changed.
    pub update: bool,
    /// Accounts may be deleted.
    pub delete: bool,
}

impl TargetActions {
    /// Every request may be sent.
    pub const ALL: Self = Self { create: true, update: true, delete: true };
}

/// Clauses ANDed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopingFilter {
    /// What administrators see.
    #[serde(default)]
    pub name: String,
    /// All must hold.
    pub clauses: Vec<ScopingClause>,
}

/// One condition on a source attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopingClause {
    /// The source attribute.
    pub attribute: String,
    /// How it is compared.
    pub operator: ClauseOperator,
    /// With what; unused by operators that take nothing.
    #[serde(default)]
    pub value: String,
}

/// Operators of scoping filters, with their published names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it; the semantics are with the evaluation in `engine`")]
pub enum ClauseOperator {
    #[serde(rename = "EQUALS")]
    Equals,
    #[serde(rename = "NOT EQUALS")]
    NotEquals,
    #[serde(rename = "IS TRUE")]
    IsTrue,
    #[serde(rename = "IS FALSE")]
    IsFalse,
    #[serde(rename = "IS NULL")]
    IsNull,
    #[serde(rename = "IS NOT NULL")]
    IsNotNull,
    #[serde(rename = "REGEX MATCH")]
    RegexMatch,
    #[serde(rename = "NOT REGEX MATCH")]
    NotRegexMatch,
    #[serde(rename = "Greater_Than")]
    GreaterThan,
    #[serde(rename = "Greater_Than_OR_EQUALS")]
    GreaterThanOrEquals,
    #[serde(rename = "Includes")]
    Includes,
    #[serde(rename = "ENDS_WITH")]
    EndsWith,
    #[serde(rename = "&")]
    BitsSet,
    #[serde(rename = "!&")]
    BitsNotSet,
}

impl ClauseOperator {
    /// Every operator.
    pub const ALL: [Self; 14] = [
        Self::Equals,
        Self::NotEquals,
        Self::IsTrue,
        Self::IsFalse,
        Self::IsNull,
        Self::IsNotNull,
        Self::RegexMatch,
        Self::NotRegexMatch,
        Self::GreaterThan,
        Self::GreaterThanOrEquals,
        Self::Includes,
        Self::EndsWith,
        Self::BitsSet,
        Self::BitsNotSet,
    ];

    /// Whether it compares with a value, rather than testing the attribute alone.
    pub const fn takes_value(self) -> bool {
        !matches!(self, Self::IsTrue | Self::IsFalse | Self::IsNull | Self::IsNotNull)
    }
}

/// How one target attribute gets its value (Graph `attributeMapping`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeMapping {
    /// A SCIM path: `userName`, `name.givenName`, `emails[type eq "work"].value`, `urn:...:User:department`.
    pub target_attribute_name: String,
    /// Where the value comes from.
    pub source: MappingSource,
    /// Used on creation when the source is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    /// When the value flows.
    #[serde(default)]
    pub flow_type: FlowType,
    /// Whether the value flows when it has not changed.
    #[serde(default)]
    pub flow_behavior: FlowBehavior,
    /// 1 for the first attribute to match by; 0 for attributes that do not match.
    #[serde(default)]
    pub matching_priority: u32,
    /// Whether a null source clears the target attribute, as far as this job exported it.
    #[serde(default)]
    pub flow_null: bool,
}

/// Where a mapped value comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "value")]
pub enum MappingSource {
    /// A source attribute (`manager` and `members` are references).
    Direct(String),
    /// Always this value.
    Constant(Value),
    /// An expression.
    Expression(String),
    /// Left as it is; the default is written if the target is empty.
    None,
}

/// When a value flows (Graph `attributeFlowType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "Graph's names")]
pub enum FlowType {
    #[default]
    Always,
    ObjectAddOnly,
    MultiValueAddOnly,
    ValueAddOnly,
    AttributeAddOnly,
}

/// Whether a value flows when it has not changed (Graph `attributeFlowBehavior`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "Graph's names")]
pub enum FlowBehavior {
    #[default]
    FlowWhenChanged,
    FlowAlways,
}

/// The progress of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobState {
    /// Up to where the source's changes have been exported; `None` before the initial cycle is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watermark: Option<StoredPosition>,
    /// Where an interrupted initial cycle goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Value>,
    /// The configurations that objects may have been brought in line with: of the last complete cycle, and of those
    /// that began since and did not end. Empty before there was one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<Applied>,
    /// When the next cycle is to start by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run: Option<Timestamp>,
    /// The last cycle that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_cycle: Option<CycleReport>,
    /// Set while the job is in quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
    /// What chance is made of until a cycle has completed: what is planned and what is run draw the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<[u8; 32]>,
    /// The members in one request that the target took after it had refused more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_taken: Option<usize>,
    /// What the guards have let through lately.
    pub guards: GuardMemory,
    /// Since when its cycles end early, of causes that may pass by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// What came of the last comparison with the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_drift: Option<DriftReport>,
    /// When the last comparison with the target that began by itself and came to its end had begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_began: Option<Timestamp>,
}

/// Why and since when a job is in quarantine (Graph `synchronizationQuarantine`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    /// Graph's reason, e.g. `EncounteredBaseEscrowThreshold`, `TooManyDeletes`.
    pub reason: String,
    /// When it began.
    #[serde(alias = "currentBegan")]
    pub series_began: Timestamp,
    /// When it was last found to be called for.
    #[serde(default)]
    pub evaluated: Timestamp,
    /// Cycles that failed since.
    pub series_count: u32,
    /// When the next cycle may run.
    pub next_attempt: Timestamp,
    /// Whether a guard holds changes back, and nothing else: cycles go on by the schedule.
    #[serde(default)]
    pub staged: bool,
    /// What happened.
    pub error: ErrorInformation,
}

/// Whether everything is looked at, or what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CycleKind {
    /// Every object.
    Initial,
    /// What changed since the watermark, and what a change of configuration can affect.
    Incremental,
    /// What the target holds, compared with what this job left there.
    Drift,
}

/// How a cycle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CycleStatus {
    /// It runs.
    Running,
    /// Everything was looked at (objects may have failed: see the counts).
    Completed,
    /// It stopped before its end and goes on where it was.
    Interrupted,
    /// The job went into quarantine.
    Quarantined,
}

/// What became of an object in a cycle, the weightiest last: an object counts by the weightiest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Outcome {
    Unchanged,
    Skipped,
    Updated,
    Created,
    Disabled,
    Deleted,
    Staged,
    Failed,
}

/// Source objects (users and groups), each counted once by the first that applies of: failed, staged, deleted,
/// disabled, created, updated, skipped, unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct CycleCounts {
    pub created: u64,
    pub updated: u64,
    pub disabled: u64,
    pub deleted: u64,
    pub skipped: u64,
    pub failed: u64,
    pub staged: u64,
    pub unchanged: u64,
}

/// What a cycle did, also while it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleReport {
    /// Identifier of the cycle; in every log entry it wrote.
    pub cycle_id: Uuid,
    /// What it looked at.
    pub kind: CycleKind,
    /// What was done.
    #[serde(flatten)]
    pub counts: CycleCounts,
    /// How long it took.
    pub duration_ms: u64,
    /// How it ended.
    pub status: CycleStatus,
    /// When it started.
    pub started: Timestamp,
    /// Objects to look at, as far as known.
    pub total: u64,
    /// Objects looked at.
    pub done: u64,
    /// Why it did not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorInformation>,
}
