//! What Provost keeps: directory objects, applications, jobs, mappings, links, log entries; clock, randomness,
//! ids. Types with their serialised form, without behaviour that needs I/O.

mod application;
mod clock;
mod ids;
mod job;
mod link;
mod log;
mod notice;
mod object;
mod principal;

pub use application::{
    AppRole, AppRoleAssignment, Application, ApplicationTemplate, DEFAULT_ACCESS, ServicePrincipal,
};
pub use clock::{Clock, FixedClock, SystemClock};
pub use ids::{Ids, Random};
pub use job::{
    AttributeMapping, ClauseOperator, CycleCounts, CycleKind, CycleReport, CycleStatus, DeprovisionAction,
    Deprovisioning, FlowBehavior, FlowType, Job, JobState, LookupTable, MappingSource, ObjectMapping,
    Outcome, Quarantine, ScopingClause, ScopingFilter, SecretKey, StoredPosition, SyncScope, TargetActions,
    Trigger,
};
pub use link::{Counted, Escrow, Kept, Link, LinkOrigin, LinkState, Shadow};
pub use log::{
    AuditEntry, ErrorInformation, Identity, ModifiedProperty, ProvisioningAction, ProvisioningEntry,
    ProvisioningStatus, ProvisioningStep, StepType,
};
pub use notice::{JobNotice, QuarantineEvent};
pub use object::{DirectoryObject, ObjectType, alias};
pub use principal::Principal;
