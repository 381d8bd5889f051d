//! Relations between objects: members and managers.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use model::{DirectoryObject, ObjectType, Principal};
use serde_json::Value;
use store::{Cursor, Edge, EdgeKind, EdgesOf, Kind, transact};
use uuid::Uuid;

use crate::audit::{Category, Deed, identity_of, property};
use crate::record::{kind_of, what_of};
use crate::{Directory, Error, Result};

/// One page of the objects at the other end of a relation.
#[derive(Clone, Debug)]
pub struct ReferencePage {
    /// The objects that are not in the recycle bin.
    pub objects: Vec<DirectoryObject>,
    /// Where the next page starts; `None` when this was the last one.
    pub next: Option<Cursor>,
}

/// Most objects that are looked at for a transitive list.
const MAX_REACHED: usize = 200_000;

impl Directory {
    /// One page of the direct members of a group.
    pub async fn members(&self, group: Uuid, after: Option<Cursor>, limit: usize) -> Result<ReferencePage> {
        self.related(EdgeKind::Member, EdgesOf::From(group), after, limit).await
    }

    /// One page of the groups that an object is a direct member of.
    pub async fn member_of(
        &self,
        member: Uuid,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<ReferencePage> {
        self.related(EdgeKind::Member, EdgesOf::To(member), after, limit).await
    }

    /// How many direct members a group has, those in the recycle bin included: their membership is kept.
    pub async fn count_members(&self, group: Uuid) -> Result<u64> {
        Ok(self.store.count_edges(self.realm(), EdgeKind::Member, EdgesOf::From(group)).await?)
    }

    /// The manager of a user, unless it is in the recycle bin.
    pub async fn manager(&self, user: Uuid) -> Result<Option<DirectoryObject>> {
        let page = self.related(EdgeKind::Manager, EdgesOf::From(user), None, 1).await?;
        Ok(page.objects.into_iter().next())
    }

    /// One page of the users whose manager this is.
    pub async fn reports(&self, manager: Uuid, after: Option<Cursor>, limit: usize) -> Result<ReferencePage> {
        self.related(EdgeKind::Manager, EdgesOf::To(manager), after, limit).await
    }

    async fn related(
        &self,
        edge: EdgeKind,
        of: EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<ReferencePage> {
        let limit = limit.max(1);
        let mut after = after;
        let mut objects = Vec::new();
        loop {
            let page = self.store.edges(self.realm(), edge, of, after, limit - objects.len()).await?;
            objects.extend(self.resolve(&page.others).await?);
            if page.next.is_none() || objects.len() >= limit {
                return Ok(ReferencePage { objects, next: page.next });
            }
            after = page.next;
        }
    }

    /// The users and groups of those ids in that order, without those that are gone or in the recycle bin.
    async fn resolve(&self, others: &[(Kind, Uuid)]) -> Result<Vec<DirectoryObject>> {
        let mut objects = vec![None; others.len()];
        for object_type in [ObjectType::User, ObjectType::Group] {
            let wanted: Vec<usize> =
                (0..others.len()).filter(|&place| others[place].0 == kind_of(object_type)).collect();
            let ids: Vec<Uuid> = wanted.iter().map(|&place| others[place].1).collect();
            if ids.is_empty() {
                continue;
            }
            for (place, object) in wanted.into_iter().zip(self.find_objects(object_type, &ids).await?) {
                objects[place] = object.filter(|object| object.deleted.is_none());
            }
        }
        Ok(objects.into_iter().flatten().collect())
    }

    /// One page of the users and groups below a group at any depth, each once; nesting in a circle is harmless.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are more than can be looked at.
    pub async fn transitive_members(
        &self,
        group: Uuid,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<ReferencePage> {
        self.closure(group, EdgesOf::From, after, limit).await
    }

    /// One page of the groups above an object at any depth, each once.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are more than can be looked at.
    pub async fn transitive_member_of(
        &self,
        member: Uuid,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<ReferencePage> {
        self.closure(member, EdgesOf::To, after, limit).await
    }

    /// The objects that are reached over memberships, in the order of their ids: a page goes on after the last one, whatever
    /// changed meanwhile.
    async fn closure(
        &self,
        start: Uuid,
        side: impl Fn(Uuid) -> EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<ReferencePage> {
        let last = after.map(|Cursor(bytes)| Uuid::from_slice(&bytes)).transpose();
        let last = last.map_err(|_| store::Error::InvalidCursor)?;
        let reached = self.reached(start, side).await?;
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let rest: Vec<(Kind, Uuid)> =
            reached.range((from, Bound::Unbounded)).map(|(id, kind)| (*kind, *id)).collect();
        let (limit, mut taken, mut objects) = (limit.max(1), 0, Vec::new());
        while objects.len() < limit && taken < rest.len() {
            let others = &rest[taken..rest.len().min(taken + limit - objects.len())];
            objects.extend(self.resolve(others).await?);
            taken += others.len();
        }
        let next = rest[..taken].last().filter(|_| taken < rest.len());
        let next = next.map(|(_, id)| Cursor(id.as_bytes().to_vec().into()));
        Ok(ReferencePage { objects, next })
    }

    /// What is reached over memberships, without where it starts.
    async fn reached(&self, start: Uuid, side: impl Fn(Uuid) -> EdgesOf) -> Result<BTreeMap<Uuid, Kind>> {
        let mut reached = BTreeMap::new();
        let mut waiting = VecDeque::from([start]);
        while let Some(at) = waiting.pop_front() {
            let mut after = None;
            loop {
                let page = self.store.edges(self.realm(), EdgeKind::Member, side(at), after, 1000).await?;
                for (kind, id) in page.others {
                    if id != start && reached.insert(id, kind).is_none() && kind == Kind::Group {
                        waiting.push_back(id);
                    }
                }
                if reached.len() > MAX_REACHED {
                    let reason = format!("more than {MAX_REACHED} objects are reached through nested groups");
                    return Err(Error::invalid("members", reason));
                }
                if page.next.is_none() {
                    break;
                }
                after = page.next;
            }
        }
        Ok(reached)
    }

    /// Adds members to a group, all or none; those that it has already stay. Answers how many were new.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a group or member that does not exist or is in the recycle bin.
    pub async fn add_members(
        &self,
        by: &Principal,
        group: Uuid,
        members: &[(ObjectType, Uuid)],
    ) -> Result<usize> {
        let (added, _) = transact(self.store.as_ref(), async || {
            let object = self.object(ObjectType::Group, group).await?;
            let ids: Vec<Uuid> = members.iter().map(|(_, id)| *id).collect();
            let there = self.store.has_edges(self.realm(), EdgeKind::Member, group, &ids).await?;
            let mut transaction = self.draft();
            let mut added = 0;
            for (&(object_type, id), there) in members.iter().zip(there) {
                if there {
                    continue;
                }
                if id == group {
                    return Err(Error::invalid("members", "a group cannot be a member of itself"));
                }
                let member = self.object(object_type, id).await?;
                added += 1;
                transaction.add_edge(self.member_edge(group, object_type, id));
                self.audit_member(&mut transaction, by, "Add member to group", &object, &member);
            }
            Ok((transaction, added))
        })
        .await?;
        Ok(added)
    }

    /// Removes a member from a group.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is no member.
    pub async fn remove_member(&self, by: &Principal, group: Uuid, member: Uuid) -> Result<()> {
        transact(self.store.as_ref(), async || {
            let object = self.object(ObjectType::Group, group).await?;
            let there = self.store.has_edges(self.realm(), EdgeKind::Member, group, &[member]).await?;
            if !there.first().copied().unwrap_or(false) {
                return Err(Error::missing("member", member));
            }
            let member = self.any_object(member).await?;
            let mut transaction = self.draft();
            transaction.remove_edge(self.member_edge(group, member.object_type, member.id));
            self.audit_member(&mut transaction, by, "Remove member from group", &object, &member);
            Ok((transaction, ()))
        })
        .await?;
        Ok(())
    }

    /// The user or, where there is none, the group of that id, also one in the recycle bin.
    pub async fn any_object(&self, id: Uuid) -> Result<DirectoryObject> {
        if let Some(user) = self.find_object(ObjectType::User, id).await? {
            return Ok(user);
        }
        let group = self.find_object(ObjectType::Group, id).await?;
        group.ok_or_else(|| Error::missing("user or group", id))
    }

    /// Sets the manager of a user, or with `None` removes it. Answers whether that changed anything.
    pub async fn set_manager(&self, by: &Principal, user: Uuid, manager: Option<Uuid>) -> Result<bool> {
        let (changed, _) = transact(self.store.as_ref(), async || {
            let object = self.object(ObjectType::User, user).await?;
            let mut transaction = self.draft();
            let changed = self.draft_manager(&mut transaction, by, &object, manager).await?;
            Ok::<_, Error>((transaction, changed))
        })
        .await?;
        Ok(changed)
    }

    /// Adds the change of a manager to a transaction, if it is one.
    pub(crate) async fn draft_manager(
        &self,
        transaction: &mut store::Transaction,
        by: &Principal,
        user: &DirectoryObject,
        manager: Option<Uuid>,
    ) -> Result<bool> {
        let of = EdgesOf::From(user.id);
        let page = self.store.edges(self.realm(), EdgeKind::Manager, of, None, 2).await?;
        let old = page.others.first().map(|(_, id)| *id);
        if old == manager {
            return Ok(false);
        }
        if let Some(id) = manager {
            if id == user.id {
                return Err(Error::invalid("manager", "nobody is their own manager"));
            }
            self.object(ObjectType::User, id).await?;
        }
        let edge = |to: Uuid| Edge {
            realm: self.realm(),
            kind: EdgeKind::Manager,
            from: (Kind::User, user.id),
            to: (Kind::User, to),
        };
        for (_, old) in page.others {
            transaction.remove_edge(edge(old));
        }
        if let Some(new) = manager {
            transaction.add_edge(edge(new));
        }
        let id = |id: Uuid| Value::String(id.to_string());
        let change = property("manager", old.map(id), manager.map(id));
        let deed = Deed::new("Update user", Category::User, identity_of(user)).changing(vec![change]);
        self.audit(transaction, by, deed);
        Ok(true)
    }

    pub(crate) fn member_edge(&self, group: Uuid, object_type: ObjectType, member: Uuid) -> Edge {
        Edge {
            realm: self.realm(),
            kind: EdgeKind::Member,
            from: (Kind::Group, group),
            to: (kind_of(object_type), member),
        }
    }

    pub(crate) fn audit_member(
        &self,
        transaction: &mut store::Transaction,
        by: &Principal,
        activity: &'static str,
        group: &DirectoryObject,
        member: &DirectoryObject,
    ) {
        let named = Value::String(format!("{} {}", what_of(member.object_type), member.name()));
        let change = property("members", None, Some(named));
        let deed = Deed::new(activity, Category::Group, identity_of(group)).changing(vec![change]);
        self.audit(transaction, by, deed);
    }
}

/// The only object found under a name.
pub(crate) fn only_one<T>(
    what: &'static str,
    name: &str,
    found: Vec<T>,
    id: impl Fn(&T) -> Uuid,
) -> Result<T> {
    if found.len() > 1 {
        return Err(Error::Ambiguous { what, name: name.to_owned(), ids: found.iter().map(id).collect() });
    }
    found.into_iter().next().ok_or_else(|| Error::missing(what, name))
}
