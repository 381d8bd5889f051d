//! What users and groups have in common: create, read, change, list, delete.

use std::iter;
use std::ops::Bound;

use bytes::Bytes;
use jiff::Timestamp;
use model::{DirectoryObject, ObjectType, Principal};
use scim::fold::fold_key;
use serde_json::{Map, Value};
use store::{Cursor, Expect, Key, KeyName, Order, Scan, Transaction, transact};
use uuid::Uuid;

use crate::attributes::merge;
use crate::audit::{Deed, category_of, differences, identity_of};
use crate::record::{decode_object, encode_object, kind_of, what_of};
use crate::{Directory, Error, Result};

/// Most objects that are read together in order to find those that a list keeps.
const MOST_LOOKED_AT: usize = 1000;

/// Which objects a list is made of.
#[derive(Clone, Debug)]
pub enum Selection {
    /// All that are not in the recycle bin, in order of creation.
    Live,
    /// All that are not in the recycle bin, in the order of a key, or of creation without one.
    Ordered {
        /// The key; objects without it are left out.
        by: Option<KeyName>,
        /// From the last to the first.
        descending: bool,
    },
    /// Those in the recycle bin, in the order in which they got there.
    Deleted,
    /// Those whose key has that value, without regard to case.
    Equal(KeyName, String),
    /// Those whose key starts with that text, without regard to case, in the order of the key.
    Prefix(KeyName, String),
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct ObjectPage {
    /// The objects.
    pub objects: Vec<DirectoryObject>,
    /// Where the next page starts; `None` when this was the last one.
    pub next: Option<Cursor>,
}

impl Selection {
    fn scan(&self, limit: usize) -> Scan {
        let (name, from, to) = match self {
            Self::Live => return Scan::first(limit),
            Self::Ordered { by, descending } => {
                let order = match by {
                    None => Order::Creation,
                    Some(name) => Order::Key { name: *name, from: Bound::Unbounded, to: Bound::Unbounded },
                };
                return Scan { order, descending: *descending, ..Scan::first(limit) };
            }
            Self::Deleted => (KeyName::DeletedAt, Bound::Unbounded, Bound::Unbounded),
            Self::Equal(name, value) => {
                let value = Bytes::from(fold_key(value));
                (*name, Bound::Included(value.clone()), Bound::Included(value))
            }
            Self::Prefix(name, value) => {
                let value = fold_key(value).into_bytes();
                // 0xff is in no UTF-8 text, so this is after every text with the prefix.
                let end = [value.as_slice(), &[0xff]].concat();
                (*name, Bound::Included(value.into()), Bound::Excluded(end.into()))
            }
        };
        Scan { order: Order::Key { name, from, to }, ..Scan::first(limit) }
    }
}

impl Directory {
    /// The user or group of that id, also one in the recycle bin; `None` where there is none.
    pub async fn find_object(&self, object_type: ObjectType, id: Uuid) -> Result<Option<DirectoryObject>> {
        let object = self.store.get(self.realm(), kind_of(object_type), id).await?;
        object.as_ref().map(decode_object).transpose()
    }

    /// The users or groups of those ids, in that order, also those in the recycle bin.
    pub async fn find_objects(
        &self,
        object_type: ObjectType,
        ids: &[Uuid],
    ) -> Result<Vec<Option<DirectoryObject>>> {
        let objects = self.store.get_all(self.realm(), kind_of(object_type), ids).await?;
        objects.iter().map(|object| object.as_ref().map(decode_object).transpose()).collect()
    }

    /// The user or group of that id.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for one in the recycle bin.
    pub async fn object(&self, object_type: ObjectType, id: Uuid) -> Result<DirectoryObject> {
        let object = self.find_object(object_type, id).await?.filter(|object| object.deleted.is_none());
        object.ok_or_else(|| Error::missing(what_of(object_type), id))
    }

    /// One page of the selected objects that `keep` holds on to. Pages are full except for the last one.
    pub async fn list_objects(
        &self,
        object_type: ObjectType,
        selection: &Selection,
        after: Option<Cursor>,
        limit: usize,
        keep: impl Fn(&DirectoryObject) -> bool,
    ) -> Result<ObjectPage> {
        self.fill(object_type, selection, after, limit.max(1), |object, _| keep(object)).await
    }

    /// The same, where `keep` is told by which value of the key an object was found.
    pub(crate) async fn fill(
        &self,
        object_type: ObjectType,
        selection: &Selection,
        mut after: Option<Cursor>,
        limit: usize,
        keep: impl Fn(&DirectoryObject, &[u8]) -> bool,
    ) -> Result<ObjectPage> {
        let deleted = matches!(selection, Selection::Deleted);
        let mut objects: Vec<DirectoryObject> = Vec::new();
        let mut looked_at = limit;
        loop {
            let scan = selection.scan(looked_at).after(after.clone());
            let page = self.store.scan(self.realm(), kind_of(object_type), scan).await?;
            let missing = limit - objects.len();
            let mut kept = Vec::new();
            for (place, (object, value)) in iter::zip(&page.objects, &page.values).enumerate() {
                let object = decode_object(object)?;
                if object.deleted.is_some() == deleted && keep(&object, value) {
                    kept.push((place, object));
                }
            }
            if let Some((last, _)) = kept.get(missing - 1)
                && last + 1 < page.objects.len()
            {
                // The list goes on after the last one that fits, and only the store knows how that is said.
                looked_at = last + 1;
                continue;
            }
            objects.extend(kept.into_iter().map(|(_, object)| object));
            if page.next.is_none() || objects.len() >= limit {
                return Ok(ObjectPage { objects, next: page.next });
            }
            after = page.next;
            // Where few are kept, many are looked at together.
            looked_at = looked_at.max(limit - objects.len()).saturating_mul(2).min(MOST_LOOKED_AT);
        }
    }

    /// How many users or groups there are outside the recycle bin.
    pub async fn count_objects(&self, object_type: ObjectType) -> Result<u64> {
        let kind = kind_of(object_type);
        let mut count = self.store.count(self.realm(), kind).await?;
        let mut after = None;
        loop {
            let scan = Selection::Deleted.scan(1000).after(after);
            let page = self.store.scan(self.realm(), kind, scan).await?;
            count = count.saturating_sub(page.objects.len() as u64);
            if page.next.is_none() {
                return Ok(count);
            }
            after = page.next;
        }
    }

    /// Creates a user or group, with an id of our own or the one given.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an attribute that is missing, unknown or of the wrong type; [`Error::Conflict`] when
    /// the principal name or the id is taken.
    pub async fn create_object(
        &self,
        by: &Principal,
        object_type: ObjectType,
        id: Option<Uuid>,
        attributes: &Map<String, Value>,
    ) -> Result<DirectoryObject> {
        let mut transaction = self.draft();
        let created = self.draft_new(&mut transaction, by, object_type, id, attributes)?;
        let outcome = transact(self.store.as_ref(), async || Ok((transaction.clone(), ()))).await;
        let name = created.text("userPrincipalName").unwrap_or_default();
        outcome.map_err(|error| explain(error, object_type, created.id, name))?;
        Ok(created)
    }

    /// Adds a new object to a transaction, with its entry in the audit log.
    pub(crate) fn draft_new(
        &self,
        transaction: &mut Transaction,
        by: &Principal,
        object_type: ObjectType,
        id: Option<Uuid>,
        attributes: &Map<String, Value>,
    ) -> Result<DirectoryObject> {
        let mut attributes = merge(object_type, &Map::new(), attributes)?;
        defaults(object_type, &mut attributes);
        let object = DirectoryObject {
            object_type,
            id: id.unwrap_or_else(|| self.ids().next()),
            version: 1,
            created: transaction.at,
            deleted: None,
            attributes,
        };
        let activity = match object_type {
            ObjectType::User => "Add user",
            ObjectType::Group => "Add group",
        };
        let (body, keys) = encode_object(object_type, &object.attributes, None);
        transaction.put(self.realm(), kind_of(object_type), object.id, Expect::Absent, body, keys);
        let deed = Deed::new(activity, category_of(object_type), identity_of(&object));
        self.audit(transaction, by, deed.changing(differences(&Map::new(), &object.attributes)));
        Ok(object)
    }

    /// Changes the attributes named in `change`; `null` removes a value. A change to what is there already writes
    /// nothing.
    pub async fn update_object(
        &self,
        by: &Principal,
        object_type: ObjectType,
        id: Uuid,
        change: &Map<String, Value>,
    ) -> Result<DirectoryObject> {
        let outcome = transact(self.store.as_ref(), async || {
            let mut object = self.object(object_type, id).await?;
            let attributes = merge(object_type, &object.attributes, change)?;
            let mut transaction = self.draft();
            let changes = differences(&object.attributes, &attributes);
            if changes.is_empty() {
                return Ok((transaction, object));
            }
            let version = object.version;
            object.attributes = attributes;
            object.version += 1;
            let (body, keys) = encode_object(object_type, &object.attributes, None);
            transaction.put(self.realm(), kind_of(object_type), id, Expect::Version(version), body, keys);
            let activity = match object_type {
                ObjectType::User => "Update user",
                ObjectType::Group => "Update group",
            };
            let deed = Deed::new(activity, category_of(object_type), identity_of(&object));
            self.audit(&mut transaction, by, deed.changing(changes));
            Ok((transaction, object))
        })
        .await;
        let asked = change.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default();
        outcome.map(|(object, _)| object).map_err(|error| explain(error, object_type, id, asked))
    }

    /// Deletes a user or group for good, with its memberships and assignments.
    pub async fn purge_object(&self, by: &Principal, object_type: ObjectType, id: Uuid) -> Result<()> {
        transact(self.store.as_ref(), async || {
            let object = self.find_object(object_type, id).await?;
            let object = object.ok_or_else(|| Error::missing(what_of(object_type), id))?;
            let mut transaction = self.draft();
            self.draft_purge(&mut transaction, by, &object).await?;
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(())
    }

    /// Deletes for good who has been in the recycle bin since before a moment, some at a time, and answers how many. Who is
    /// taken out of it meanwhile stays.
    pub(crate) async fn purge_deleted_before(&self, by: &Principal, before: Timestamp) -> Result<u64> {
        let to = Bound::Excluded(Key::instant(before));
        let order = Order::Key { name: KeyName::DeletedAt, from: Bound::Unbounded, to };
        let mut count = 0;
        loop {
            let (purged, _) = transact(self.store.as_ref(), async || {
                let scan = Scan { order: order.clone(), ..Scan::first(PURGED_AT_ONCE) };
                let page = self.store.scan(self.realm(), kind_of(ObjectType::User), scan).await?;
                let mut transaction = self.draft();
                for object in &page.objects {
                    self.draft_purge(&mut transaction, by, &decode_object(object)?).await?;
                }
                Ok::<_, Error>((transaction, page.objects.len()))
            })
            .await?;
            count += purged as u64;
            if purged < PURGED_AT_ONCE {
                return Ok(count);
            }
        }
    }

    /// Adds the end of an object, as it was read, to a transaction, with its entry in the audit log.
    async fn draft_purge(
        &self,
        transaction: &mut Transaction,
        by: &Principal,
        object: &DirectoryObject,
    ) -> Result<()> {
        let (object_type, id) = (object.object_type, object.id);
        for assignment in self.assignment_objects(&Key::lookup(KeyName::Principal, id.to_string())).await? {
            transaction.delete(self.realm(), assignment.kind, assignment.id, Expect::Any);
        }
        transaction.delete(self.realm(), kind_of(object_type), id, Expect::Version(object.version));
        let activity = match object_type {
            ObjectType::User => "Hard Delete user",
            ObjectType::Group => "Delete group",
        };
        let deed = Deed::new(activity, category_of(object_type), identity_of(object));
        self.audit(transaction, by, deed);
        Ok(())
    }
}

/// Users who leave the recycle bin in one transaction: others wait some milliseconds at most.
const PURGED_AT_ONCE: usize = 20;

/// Values that every object has though nobody gave them.
fn defaults(object_type: ObjectType, attributes: &mut Map<String, Value>) {
    let mut or = |name: &str, value: Value| {
        attributes.entry(name).or_insert(value);
    };
    match object_type {
        ObjectType::User => {
            or("accountEnabled", true.into());
            or("userType", "Member".into());
        }
        ObjectType::Group => {
            or("mailEnabled", false.into());
            or("securityEnabled", true.into());
        }
    }
}

/// A refusal of the store in terms of the object that was to be written.
pub(crate) fn explain(error: Error, object_type: ObjectType, id: Uuid, principal_name: &str) -> Error {
    let what = what_of(object_type);
    match error {
        Error::Store(store::Error::NotUnique { name: KeyName::UserName, holder, .. }) => {
            Error::Conflict { what, attribute: "userPrincipalName", value: principal_name.to_owned(), holder }
        }
        Error::Store(store::Error::Exists { id: holder, .. }) if holder == id => {
            Error::Conflict { what, attribute: "id", value: id.to_string(), holder }
        }
        other => other,
    }
}
