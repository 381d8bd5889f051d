//! Entries of the audit log.

use model::{AuditEntry, DirectoryObject, Identity, ModifiedProperty, Principal};
use serde_json::{Map, Value};
use store::{Expect, Key, KeyName, Kind, Realm, Transaction, transact};
use uuid::Uuid;

use crate::record::encode;
use crate::{Directory, Error, Result, record};

/// What an audit entry says apart from who and when.
pub(crate) struct Deed {
    pub activity: &'static str,
    pub category: Category,
    pub target: Identity,
    pub changes: Vec<ModifiedProperty>,
}

/// Graph's categories of the audit log, as far as we write them.
#[derive(Clone, Copy)]
pub(crate) enum Category {
    User,
    Group,
    Application,
    Provisioning,
    Directory,
}

impl Category {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "UserManagement",
            Self::Group => "GroupManagement",
            Self::Application => "ApplicationManagement",
            Self::Provisioning => "ProvisioningManagement",
            Self::Directory => "DirectoryManagement",
        }
    }
}

impl Deed {
    /// Something done to an object.
    pub fn new(activity: &'static str, category: Category, target: Identity) -> Self {
        Self { activity, category, target, changes: Vec::new() }
    }

    /// With what it changed.
    pub fn changing(mut self, changes: Vec<ModifiedProperty>) -> Self {
        self.changes = changes;
        self
    }
}

impl Directory {
    /// Writes into the audit log that somebody took a copy of the whole installation.
    pub async fn note_backup(&self, by: &Principal) -> Result<()> {
        self.note(by, "Back up installation").await
    }

    /// Writes into the audit log that the installation was made from such a copy.
    pub async fn note_restore(&self, by: &Principal) -> Result<()> {
        self.note(by, "Restore installation").await
    }

    async fn note(&self, by: &Principal, activity: &'static str) -> Result<()> {
        let mut transaction = self.draft();
        let target = identity(self.id(), self.id().to_string(), "Directory");
        let deed = Deed::new(activity, Category::Directory, target);
        self.audit(&mut transaction, by, deed);
        transact(self.store().as_ref(), async || Ok::<_, Error>((transaction.clone(), ()))).await?;
        Ok(())
    }

    /// Adds the audit entry of a deed to the transaction that does it.
    pub(crate) fn audit(&self, transaction: &mut Transaction, by: &Principal, deed: Deed) {
        write(transaction, self.realm(), self.ids.next(), by, deed);
    }
}

/// Adds the audit entry of a deed, with that id, to the transaction that does it.
pub(crate) fn write(transaction: &mut Transaction, realm: Realm, id: Uuid, by: &Principal, deed: Deed) {
    let entry = AuditEntry {
        id,
        activity_date_time: transaction.at,
        activity_display_name: deed.activity.to_owned(),
        category: deed.category.name().to_owned(),
        initiated_by: by.clone(),
        target: deed.target,
        modified_properties: deed.changes,
    };
    let keys = vec![Key::lookup(KeyName::Source, entry.target.id.clone())];
    transaction.put(realm, Kind::AuditEntry, id, Expect::Absent, encode(&entry), keys);
}

/// How an audit or provisioning entry names an object.
pub(crate) fn identity(id: Uuid, name: impl Into<String>, identity_type: &str) -> Identity {
    Identity { id: id.to_string(), display_name: name.into(), identity_type: identity_type.to_owned() }
}

/// How an entry names a user or group.
pub(crate) fn identity_of(object: &DirectoryObject) -> Identity {
    identity(object.id, object.name(), &format!("{:?}", object.object_type))
}

/// What differs between two sets of attributes, by name.
pub(crate) fn differences(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<ModifiedProperty> {
    let gone = old
        .iter()
        .filter(|(name, _)| !new.contains_key(*name))
        .map(|(name, value)| (name, Some(value), None));
    let there = new
        .iter()
        .filter(|(name, value)| old.get(*name) != Some(*value))
        .map(|(name, value)| (name, old.get(name), Some(value)));
    gone.chain(there)
        .map(|(name, old, new)| ModifiedProperty {
            display_name: name.clone(),
            old_value: old.cloned(),
            new_value: new.cloned(),
        })
        .collect()
}

/// One changed property of a relation or setting.
pub(crate) fn property(name: &str, old: Option<Value>, new: Option<Value>) -> ModifiedProperty {
    ModifiedProperty { display_name: name.to_owned(), old_value: old, new_value: new }
}

/// The category that a user or group is administered under.
pub(crate) fn category_of(object_type: model::ObjectType) -> Category {
    match record::kind_of(object_type) {
        Kind::Group => Category::Group,
        _ => Category::User,
    }
}
