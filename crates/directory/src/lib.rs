//! The identity side's objects and what can be done with them: users, groups, applications, assignments, jobs,
//! secrets, logs.
//!
//! A [`Directory`] is a realm of the store with the rules that hold in it. Every mutation names the principal that
//! asks for it and writes an entry of the audit log in the same transaction; a mutation that changes nothing
//! commits nothing, so that the change feed stays quiet.

mod applications;
mod assignments;
mod attributes;
mod audit;
mod credentials;
mod delta;
mod error;
mod gallery;
mod groups;
pub mod import;
mod installation;
mod job_settings;
mod jobs;
mod log;
mod objects;
mod record;
mod reevaluation;
mod references;
mod retention;
mod roles;
mod search;
mod secrets;
mod target;
mod users;

pub use applications::Instantiated;
pub use assignments::{AssignmentRequest, choose_role};
pub use attributes::{AttributeKind, GROUP_ATTRIBUTES, USER_ATTRIBUTES, known_attribute};
pub use credentials::{Credentials, OauthClient, SignIn};
pub use delta::{DeltaEntry, DeltaPage, DeltaRelation, DeltaScope, DeltaState, Presence, Rest};
pub use error::{Error, Result};
pub use gallery::{template, templates};
pub use installation::Installation;
pub use job_settings::JobSettings;
pub use jobs::{JobChange, disable_job, put_job, schema_tag};
pub use keyring::Keyring;
pub use log::{AuditFilter, LogFilter, LogPage, LogPart, decode_entry, entry_op, read_entry};
pub use objects::{ObjectPage, Selection};
pub use record::{decode_object, decode_record};
pub use reevaluation::Reevaluated;
pub use references::ReferencePage;
pub use retention::{Forgotten, Retention};
pub use search::{Phrase, SEARCHED};
pub use target::TargetChange;

use std::sync::Arc;

use model::{Clock, Ids, Random};
use store::{Realm, Store, Transaction};
use uuid::Uuid;

/// One directory: its users, groups, applications, jobs and logs. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    id: Uuid,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    random: Arc<dyn Random>,
    keys: Arc<Keyring>,
}

impl Directory {
    /// The directory of that id. Nothing is read or written: [`Installation`] creates directories.
    pub fn new(
        id: Uuid,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Ids,
        random: Arc<dyn Random>,
        keys: Arc<Keyring>,
    ) -> Self {
        Self { id, store, clock, ids, random, keys }
    }

    /// The same directory, read and written through another store, such as one over its own.
    #[must_use]
    pub fn through(&self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self.clone() }
    }

    /// The directory's id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The realm that the directory's objects live in.
    pub fn realm(&self) -> Realm {
        Realm(self.id)
    }

    /// The store that holds it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The clock it goes by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Where its identifiers come from.
    pub fn ids(&self) -> &Ids {
        &self.ids
    }

    fn draft(&self) -> Transaction {
        Transaction::new(self.clock.now())
    }
}

#[cfg(test)]
mod tests;
