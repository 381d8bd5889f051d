//! What Provost keeps: directory objects, applications, jobs, mappings, links, log entries; clock, randomness,
//! ids. Types with their serialised form, without behaviour that needs I/O.

mod application;
mod applied;
mod clock;
mod drift;
mod guard;
mod ids;
mod job;
mod link;
mod log;
mod notice;
mod object;
mod principal;
mod target;
mod target_schema;
mod waiting;

pub use application::{
    AppRole, AppRoleAssignment, Application, ApplicationTemplate, DEFAULT_ACCESS, ServicePrincipal,
};
pub use applied::{Applied, Fingerprint, Reach};
pub use clock::{Clock, FixedClock, SystemClock};
pub use drift::{DriftCounts, DriftFinding, DriftKind, DriftReport};
pub use guard::{
    Due, DueChange, Guard, GuardKind, GuardMemory, Guards, MembersDue, StagedAction, StagedChange, Verdict,
};
pub use ids::{Ids, Random};
pub use job::{
    AttributeMapping, ClauseOperator, CycleCounts, CycleKind, CycleReport, CycleStatus, DeprovisionAction,
    Deprovisioning, DriftAction, FailureLimits, FlowBehavior, FlowType, Job, JobState, LookupTable,
    MappingSource, ObjectMapping, Outcome, Quarantine, ScopingClause, ScopingFilter, StoredPosition,
    SyncScope, TargetActions, Trigger,
};
pub use link::{Counted, Escrow, Kept, Link, LinkOrigin, LinkState, Shadow};
pub use log::{
    AuditEntry, ErrorInformation, Identity, ModifiedProperty, ProvisioningAction, ProvisioningEntry,
    ProvisioningStatus, ProvisioningStep, StepType,
};
pub use notice::{JobNotice, QuarantineEvent};
pub use object::{DirectoryObject, ObjectType, alias};
pub use principal::Principal;
pub use target::{Dialect, SecretKey, TargetLimits};
pub use target_schema::{
    AttributeOrigin, AttributeType, Mutability, TargetAttribute, TargetAttributes, TargetSchema,
};
pub use waiting::{Linked, Waiting};
