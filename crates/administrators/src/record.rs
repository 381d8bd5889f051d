//! How accounts and what happens to them look in the store.

use model::{AuditEntry, Identity, ModifiedProperty, Principal};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Expect, Key, KeyName, Kind, Object, Realm, Transaction};
use uuid::Uuid;

use crate::{Account, Administrator, Administrators, Error, Result};

/// Something done to an account, for the audit log.
pub(crate) struct Deed {
    pub activity: &'static str,
    pub changes: Vec<ModifiedProperty>,
    /// Whether whoever is signed in to the account has to sign in again.
    pub ends_sessions: bool,
}

impl Deed {
    pub fn new(activity: &'static str) -> Self {
        Self { activity, changes: Vec::new(), ends_sessions: false }
    }

    pub fn changing(mut self, name: &str, old: Option<Value>, new: Option<Value>) -> Self {
        let changed = ModifiedProperty { display_name: name.to_owned(), old_value: old, new_value: new };
        self.changes.push(changed);
        self
    }

    pub fn ending_sessions(mut self) -> Self {
        self.ends_sessions = true;
        self
    }
}

/// The key of the name that somebody signs in by.
pub(crate) fn name_key(sign_in_name: &str) -> Key {
    Key::unique(KeyName::UserName, scim::fold::fold_key(sign_in_name))
}

pub(crate) fn put(
    transaction: &mut Transaction,
    administrator: &Administrator,
    expect: Expect,
) -> Result<()> {
    let keys = match &administrator.account {
        Account::Person { sign_in_name, .. } => vec![name_key(sign_in_name)],
        Account::Tool { .. } => Vec::new(),
    };
    let body = encode("administrator", administrator)?;
    transaction.put(Realm::INSTALLATION, Kind::Administrator, administrator.id, expect, body, keys);
    Ok(())
}

pub(crate) fn encode<T: Serialize>(what: &'static str, value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|source| Error::Damaged { what, source })
}

pub(crate) fn decode<T: DeserializeOwned>(what: &'static str, object: &Object) -> Result<T> {
    serde_json::from_slice(&object.body).map_err(|source| Error::Damaged { what, source })
}

impl Administrators {
    /// Adds an entry of the audit log to the transaction that does what it tells.
    pub(crate) fn audit(
        &self,
        transaction: &mut Transaction,
        by: &Principal,
        (id, name): (Uuid, &str),
        deed: Deed,
    ) -> Result<()> {
        let entry = AuditEntry {
            id: self.ids.next(),
            activity_date_time: transaction.at,
            activity_display_name: deed.activity.to_owned(),
            category: "RoleManagement".to_owned(),
            initiated_by: by.clone(),
            target: Identity {
                id: id.to_string(),
                display_name: name.to_owned(),
                identity_type: "Administrator".to_owned(),
            },
            modified_properties: deed.changes,
        };
        let keys = vec![Key::lookup(KeyName::Source, entry.target.id.clone())];
        let body = encode("entry of the audit log", &entry)?;
        transaction.put(Realm::INSTALLATION, Kind::AuditEntry, entry.id, Expect::Absent, body, keys);
        Ok(())
    }
}
