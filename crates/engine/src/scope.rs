//! Who is entitled to an account.

use model::{DEFAULT_ACCESS, DirectoryObject, Job, SyncScope};
use uuid::Uuid;

use crate::{Filters, SourceView};

/// The rules of a job by which objects are in scope.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    sync: SyncScope,
    exclude_default_access: bool,
}

/// How an account leaves; what happens to it is set for each (`Deprovisioning`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// Unassigned, fails a filter, lost the required role.
    OutOfScope,
    /// `accountEnabled` is false.
    Disabled,
    /// In the recycle bin.
    SoftDeleted,
    /// Gone for good.
    HardDeleted,
}

/// Whether an object is to have an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entitlement {
    /// It is.
    InScope,
    /// It is not.
    OutOfScope {
        /// In which way; decides what happens to an account it has.
        leaving: Leaving,
        /// Whether somebody meant it to have one (it is assigned, or everyone is): such an object is worth a line
        /// in the log.
        assigned: bool,
        /// In words.
        reason: String,
        /// What to do if it is to be otherwise.
        advice: &'static str,
    },
}

impl Entitlement {
    /// Of an object that no longer exists.
    pub fn gone() -> Self {
        Self::OutOfScope {
            leaving: Leaving::HardDeleted,
            assigned: false,
            reason: "the object was deleted from the directory".to_owned(),
            advice: "None: it is gone for good.",
        }
    }

    /// Whether the object is to have an account.
    pub fn in_scope(&self) -> bool {
        matches!(self, Self::InScope)
    }

    /// Whether somebody meant the object to have an account, though it may be out of scope.
    pub fn is_meant(&self) -> bool {
        matches!(self, Self::InScope | Self::OutOfScope { assigned: true, .. })
    }

    /// What to do if it is to be otherwise; empty for an object in scope.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::InScope => "",
            Self::OutOfScope { advice, .. } => advice,
        }
    }

    /// Why not; empty for an object in scope.
    pub fn reason(&self) -> &str {
        match self {
            Self::InScope => "",
            Self::OutOfScope { reason, .. } => reason,
        }
    }
}

impl Scope {
    /// The rules of a job, for an application that defines roles of its own or does not.
    pub fn new(job: &Job, application_has_roles: bool) -> Self {
        Self { sync: job.scope, exclude_default_access: job.exclude_default_access && application_has_roles }
    }

    /// Judges one object by the roles of the assignments that reach it: its own, and those of groups it is a
    /// member of. No role at all means: not assigned.
    ///
    /// Of several reasons the weightiest is given: recycle bin, then assignment and filters, then
    /// `accountEnabled`; a user who is unassigned and disabled has left by being unassigned.
    pub fn judge(&self, object: &DirectoryObject, roles: &[Uuid], filters: &Filters) -> Entitlement {
        let everyone = self.sync == SyncScope::All;
        let assigned = everyone || !roles.is_empty();
        let out =
            |leaving, reason: String, advice| Entitlement::OutOfScope { leaving, assigned, reason, advice };
        if object.deleted.is_some() {
            let reason = "the object is in the recycle bin (soft-deleted)".to_owned();
            return out(Leaving::SoftDeleted, reason, RESTORE);
        }
        if !assigned {
            return out(Leaving::OutOfScope, "not assigned to the application".to_owned(), ASSIGN);
        }
        if !everyone && self.exclude_default_access && roles.iter().all(|role| *role == DEFAULT_ACCESS) {
            let reason = "not effectively entitled: assigned with the Default Access role only".to_owned();
            return out(Leaving::OutOfScope, reason, ANOTHER_ROLE);
        }
        // The filters look at the object as it is, before they decide about IsSoftDeleted.
        if let Err(failed) = filters.judge(&SourceView::new(object, !object.enabled())) {
            let reason = format!("does not pass the scoping filters ({failed})");
            return out(Leaving::OutOfScope, reason, OTHER_FILTER);
        }
        if !object.enabled() {
            let reason = "the account is disabled (accountEnabled is false)".to_owned();
            return out(Leaving::Disabled, reason, ENABLE);
        }
        Entitlement::InScope
    }
}

const RESTORE: &str = "None, if it is meant to be gone; else restore it (provost user restore USER).";
const ASSIGN: &str = "None, if nobody is meant to have an account by it; else assign it or a group that it is a direct \
                      member of (provost app assign NAME --user USER).";
const ANOTHER_ROLE: &str =
    "Assign it with a role of the application (provost app assign NAME --user USER --role ROLE).";
const OTHER_FILTER: &str = "None, if it is meant to be left out; else correct the attribute, or the filter (provost job \
                            filter list NAME).";
const ENABLE: &str =
    "None, if it is meant to be disabled; else enable it (provost user set USER accountEnabled=true).";
