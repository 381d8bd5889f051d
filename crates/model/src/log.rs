//! Entries of the provisioning log and the audit log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::Principal;

/// One object's way through a cycle (Graph `provisioningObjectSummary`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningEntry {
    /// Identifier of the entry.
    pub id: Uuid,
    /// When it happened.
    pub activity_date_time: Timestamp,
    /// The directory.
    pub tenant_id: Uuid,
    /// The job.
    pub job_id: Uuid,
    /// The cycle.
    pub cycle_id: Uuid,
    /// Entries that belong to one change share it.
    pub change_id: Uuid,
    /// What was done or tried.
    pub provisioning_action: ProvisioningAction,
    /// How it ended.
    pub provisioning_status: ProvisioningStatus,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_information: Option<ErrorInformation>,
    /// How long it took.
    pub duration_in_milliseconds: u64,
    /// Who started it.
    pub initiated_by: Principal,
    /// The application.
    pub service_principal: Identity,
    /// The object in the directory.
    pub source_identity: Identity,
    /// The object in the target; without an id while it has none.
    pub target_identity: Identity,
    /// The steps, in order.
    pub provisioning_steps: Vec<ProvisioningStep>,
    /// What was changed in the target.
    pub modified_properties: Vec<ModifiedProperty>,
}

/// What was done or tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProvisioningAction {
    /// An account was created.
    Create,
    /// An account was changed (also: matched and brought in line).
    Update,
    /// An account was deleted.
    Delete,
    /// An account would have been deleted or disabled, but a guard holds it back.
    StagedDelete,
    /// An account was disabled.
    Disable,
    /// Anything else: an object that was skipped, a remark on the cycle.
    Other,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProvisioningStatus {
    /// Done.
    Success,
    /// Not done; it is tried again.
    Failure,
    /// Nothing to do, for the reason given.
    Skipped,
    /// Done, with a remark.
    Warning,
}

/// A failure in words an administrator can act on (Graph `provisioningErrorInfo`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorInformation {
    /// One of Entra's names where one fits, e.g. `DuplicateTargetEntries`.
    pub error_code: String,
    /// `failure`, `nonServiceFailure` or `success`.
    pub error_category: String,
    /// What happened: the target's own words where it said any.
    pub reason: String,
    /// What to do about it.
    #[serde(default)]
    pub recommended_action: String,
}

/// One end of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The object's id there; empty when it has none.
    pub id: String,
    /// What people call it.
    pub display_name: String,
    /// `User`, `Group`, `ServicePrincipal`.
    pub identity_type: String,
}

/// The steps of an object's way through a cycle, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StepType {
    /// The object is read from the directory.
    Import,
    /// Is it entitled?
    Scoping,
    /// Which account in the target is it?
    Matching,
    /// Mapping and difference.
    Processing,
    /// Manager and members become target ids.
    ReferenceResolution,
    /// The request to the target.
    Export,
}

/// One step (Graph `provisioningStep`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningStep {
    /// `import`, `scoping`, ...
    pub name: String,
    /// Which step.
    pub provisioning_step_type: StepType,
    /// How it ended.
    pub status: ProvisioningStatus,
    /// One sentence for people.
    pub description: String,
    /// What was seen and decided, by name.
    #[serde(default)]
    pub details: Value,
}

/// A target attribute that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModifiedProperty {
    /// The target attribute path.
    pub display_name: String,
    /// Before; `None` when there was no value.
    pub old_value: Option<Value>,
    /// After; `None` when the value was removed.
    pub new_value: Option<Value>,
}

/// A change of configuration: who and what (Graph `directoryAudit`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Identifier of the entry.
    pub id: Uuid,
    /// When.
    pub activity_date_time: Timestamp,
    /// What was done, e.g. `Add user`.
    pub activity_display_name: String,
    /// `UserManagement`, `GroupManagement`, `ApplicationManagement`, `ProvisioningManagement`, ...
    pub category: String,
    /// Who.
    pub initiated_by: Principal,
    /// To what.
    pub target: Identity,
    /// What changed; secrets only by name.
    #[serde(default)]
    pub modified_properties: Vec<ModifiedProperty>,
}
