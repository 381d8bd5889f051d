//! The built-in directory as a source.

use std::sync::Arc;

use directory::{decode_object, decode_record};
use model::{AppRoleAssignment, DirectoryObject, ObjectType};
use store::{Changed, Cursor, EdgeKind, EdgesOf, Key, KeyName, Kind, Position, Realm, Scan, Store};
use uuid::Uuid;

use crate::{AssignmentPage, Change, Changes, Error, ObjectPage, RelationPage, Result, Source};

/// Relations and assignments read at once.
const PAGE: usize = 1_000;

/// The directory that the store keeps in a realm.
#[derive(Clone)]
pub struct BuiltIn {
    store: Arc<dyn Store>,
    realm: Realm,
}

impl BuiltIn {
    /// The directory in this realm.
    pub fn new(store: Arc<dyn Store>, realm: Realm) -> Self {
        Self { store, realm }
    }

    async fn relations(
        &self,
        edge: EdgeKind,
        of: EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<RelationPage> {
        let page = self.store.edges(self.realm, edge, of, after, limit).await?;
        let others =
            page.others.into_iter().filter_map(|(kind, id)| Some((object_type(kind)?, id))).collect();
        Ok(RelationPage { others, next: page.next })
    }
}

fn kind(object_type: ObjectType) -> Kind {
    match object_type {
        ObjectType::User => Kind::User,
        ObjectType::Group => Kind::Group,
    }
}

fn object_type(kind: Kind) -> Option<ObjectType> {
    match kind {
        Kind::User => Some(ObjectType::User),
        Kind::Group => Some(ObjectType::Group),
        _ => None,
    }
}

#[async_trait::async_trait]
impl Source for BuiltIn {
    async fn head(&self) -> Result<Position> {
        Ok(self.store.head(self.realm).await?)
    }

    async fn count(&self, object_type: ObjectType) -> Result<u64> {
        Ok(self.store.count(self.realm, kind(object_type)).await?)
    }

    async fn page(&self, object_type: ObjectType, after: Option<Cursor>, limit: usize) -> Result<ObjectPage> {
        let page = self.store.scan(self.realm, kind(object_type), Scan::first(limit).after(after)).await?;
        let objects = page.objects.iter().map(decode).collect::<Result<_>>()?;
        Ok(ObjectPage { objects, next: page.next })
    }

    async fn get(&self, object_type: ObjectType, ids: &[Uuid]) -> Result<Vec<Option<DirectoryObject>>> {
        let found = self.store.get_all(self.realm, kind(object_type), ids).await?;
        found.iter().map(|object| object.as_ref().map(decode).transpose()).collect()
    }

    async fn changes(&self, after: &Position, limit: usize) -> Result<Changes> {
        let page = self.store.changes(self.realm, after, limit).await?;
        let changes = page.changes.iter().filter_map(translate).collect();
        Ok(Changes { changes, position: page.position, more: page.more })
    }

    async fn members(&self, group: Uuid, after: Option<Cursor>, limit: usize) -> Result<RelationPage> {
        self.relations(EdgeKind::Member, EdgesOf::From(group), after, limit).await
    }

    async fn has_members(&self, group: Uuid, ids: &[Uuid]) -> Result<Vec<bool>> {
        Ok(self.store.has_edges(self.realm, EdgeKind::Member, group, ids).await?)
    }

    async fn groups_of(&self, id: Uuid) -> Result<Vec<Uuid>> {
        let mut groups = Vec::new();
        let mut after = None;
        loop {
            let page = self.relations(EdgeKind::Member, EdgesOf::To(id), after, PAGE).await?;
            groups.extend(page.others.into_iter().map(|(_, id)| id));
            after = page.next;
            if after.is_none() {
                return Ok(groups);
            }
        }
    }

    async fn managers(&self, users: &[Uuid]) -> Result<Vec<Option<Uuid>>> {
        let of: Vec<EdgesOf> = users.iter().copied().map(EdgesOf::From).collect();
        let found = self.store.edges_of_each(self.realm, EdgeKind::Manager, Kind::User, &of, 1).await?;
        Ok(found.into_iter().map(|page| page.others.first().map(|(_, id)| *id)).collect())
    }

    async fn reports(&self, manager: Uuid, after: Option<Cursor>, limit: usize) -> Result<RelationPage> {
        self.relations(EdgeKind::Manager, EdgesOf::To(manager), after, limit).await
    }

    async fn assignments(&self, service_principal: Uuid, after: Option<Cursor>) -> Result<AssignmentPage> {
        let key = Key::lookup(KeyName::ServicePrincipal, service_principal.to_string());
        let bound = std::ops::Bound::Included(key.value);
        let scan = Scan::by_key(KeyName::ServicePrincipal, bound.clone(), bound, PAGE).after(after);
        let page = self.store.scan(self.realm, Kind::AppRoleAssignment, scan).await?;
        let assignments = page.objects.iter().map(assignment).collect::<Result<_>>()?;
        Ok(AssignmentPage { assignments, next: page.next })
    }

    async fn assignment(&self, id: Uuid) -> Result<Option<AppRoleAssignment>> {
        let found = self.store.get(self.realm, Kind::AppRoleAssignment, id).await?;
        found.as_ref().map(assignment).transpose()
    }
}

fn decode(object: &store::Object) -> Result<DirectoryObject> {
    decode_object(object).map_err(|error| Error::Damaged(error.to_string()))
}

fn assignment(object: &store::Object) -> Result<AppRoleAssignment> {
    decode_record("assignment", object).map_err(|error| Error::Damaged(error.to_string()))
}

fn translate(change: &store::Change) -> Option<Change> {
    let id = change.id;
    match (change.kind, change.what) {
        (
            Kind::User | Kind::Group,
            Changed::EdgeAdded(edge, other, to) | Changed::EdgeRemoved(edge, other, to),
        ) => match edge {
            EdgeKind::Member => {
                Some(Change::Member { group: id, member_type: object_type(other)?, member: to })
            }
            EdgeKind::Manager => Some(Change::Manager(id)),
            EdgeKind::ExportedMember
            | EdgeKind::LeavingMember
            | EdgeKind::StagedMember
            | EdgeKind::ClearedMember => None,
        },
        (kind @ (Kind::User | Kind::Group), Changed::Created | Changed::Written) => {
            Some(Change::Written(object_type(kind)?, id))
        }
        (kind @ (Kind::User | Kind::Group), Changed::Deleted) => {
            Some(Change::Deleted(object_type(kind)?, id))
        }
        (Kind::AppRoleAssignment, Changed::Created | Changed::Written) => Some(Change::Assigned(id)),
        (Kind::AppRoleAssignment, Changed::Deleted) => Some(Change::Unassigned(id)),
        (Kind::Application | Kind::ServicePrincipal | Kind::Job, _) => Some(Change::Configuration(id)),
        _ => None,
    }
}
