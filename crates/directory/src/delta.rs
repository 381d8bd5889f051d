//! The users or groups of a directory for whoever keeps a copy of them: all once, and then what changes.
//!
//! A first round lists everything from the position that the feed had before it began, so that what changes under way is
//! told afterwards; every later round tells the objects that the feed names, as they are by now. An object may be told
//! several times, and none is left out: whoever applies each entry ends with what the directory holds.

use std::collections::{BTreeSet, HashMap, HashSet};

use model::{DirectoryObject, ObjectType};
use store::{Change, Changed, Cursor, EdgeKind, EdgePage, EdgesOf, Kind, Object, PAGE_BYTES, Position, Scan};
use uuid::Uuid;

use crate::record::{decode_object, kind_of};
use crate::{Directory, Result};

/// What a reader keeps a copy of.
#[derive(Clone, Debug)]
pub struct DeltaScope {
    /// The type of the objects.
    pub object_type: ObjectType,
    /// Whether the managers of users, or the members of groups, are told as well.
    pub relations: bool,
    /// The only objects that matter; `None` for all. Meant for few.
    pub only: Option<Vec<Uuid>>,
}

/// How far a reader has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeltaState {
    /// In the first round.
    Listing {
        /// The feed as it was when the round began.
        since: Position,
        /// What is still to be listed.
        rest: Rest,
        /// A listed object with more relations than fitted, and where these go on.
        open: Option<(Uuid, Cursor)>,
    },
    /// Past it: what changed after this position is to be told.
    Following(Position),
}

/// What of a list is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The whole.
    All,
    /// What comes after this place.
    After(Cursor),
    /// Nothing.
    Nothing,
}

/// A part of what is to be told.
#[derive(Clone, Debug)]
pub struct DeltaPage {
    /// The objects, each once in a page unless its relations are told in parts.
    pub entries: Vec<DeltaEntry>,
    /// Where to read on.
    pub state: DeltaState,
    /// Whether there is more to read now.
    pub more: bool,
}

/// One object.
#[derive(Clone, Debug)]
pub struct DeltaEntry {
    /// Its id.
    pub id: Uuid,
    /// What there is of it.
    pub presence: Presence,
    /// Its relations: all of them in the first round (in parts where there are many), afterwards those that changed. A
    /// membership counts while it is kept, also of a user in the recycle bin, who gets it back.
    pub relations: Vec<DeltaRelation>,
}

/// What there is of an object.
#[derive(Clone, Debug)]
pub enum Presence {
    /// The object as it is.
    Live(Box<DirectoryObject>),
    /// It is in the recycle bin.
    Recycled,
    /// It was deleted for good.
    Gone,
}

/// A member of a group, or the manager of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaRelation {
    /// What the object at the other end is.
    pub object_type: ObjectType,
    /// Its id.
    pub id: Uuid,
    /// Whether the relation is there; `false` where it ended.
    pub holds: bool,
}

/// Most relations in a part of the first round.
const RELATIONS: usize = 1_000;
/// Changes that are read at a time: those of the other type are passed over.
const CHANGES: usize = 1_000;
/// How often the store is asked for one part. Where all that changed is of the other type, a part may be empty and yet not
/// the last one.
const READS: usize = 1_000;

/// An object of the first round, with its relations and where these go on.
struct Listed {
    object: Object,
    relations: Vec<DeltaRelation>,
    next: Option<Cursor>,
}

impl Listed {
    fn new(object: Object, page: EdgePage) -> Self {
        Self { object, relations: page.others.into_iter().filter_map(relation).collect(), next: page.next }
    }
}

impl DeltaScope {
    const fn edge(&self) -> EdgeKind {
        match self.object_type {
            ObjectType::User => EdgeKind::Manager,
            ObjectType::Group => EdgeKind::Member,
        }
    }

    fn matters(&self, id: Uuid) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&id))
    }
}

impl Directory {
    /// The state from which a first round begins.
    pub async fn delta_start(&self) -> Result<DeltaState> {
        let since = self.store.head(self.realm()).await?;
        Ok(DeltaState::Listing { since, rest: Rest::All, open: None })
    }

    /// The state from which only what changes from now on is told.
    pub async fn delta_now(&self) -> Result<DeltaState> {
        Ok(DeltaState::Following(self.store.head(self.realm()).await?))
    }

    /// What is to be told next, at most `limit` objects.
    ///
    /// # Errors
    /// [`store::Error::PositionExpired`] where the changes are no longer kept: the reader has to begin anew.
    pub async fn delta(&self, scope: &DeltaScope, state: DeltaState, limit: usize) -> Result<DeltaPage> {
        match state {
            DeltaState::Listing { since, rest, open } => {
                self.delta_listing(scope, (since, rest, open), limit.max(1)).await
            }
            DeltaState::Following(position) => self.delta_changes(scope, position, limit.max(1)).await,
        }
    }

    async fn delta_listing(
        &self,
        scope: &DeltaScope,
        (since, mut rest, mut open): (Position, Rest, Option<(Uuid, Cursor)>),
        limit: usize,
    ) -> Result<DeltaPage> {
        // Members are read of one group at a time, so that it is known where to go on when a part is full.
        let step = if scope.relations && scope.object_type == ObjectType::Group { 1 } else { limit };
        let (mut entries, mut relations, mut bytes) = (Vec::new(), 0, 0);
        for _ in 0..READS {
            let listed = if let Some((id, cursor)) = open.take() {
                self.delta_reopened(scope, id, cursor).await?
            } else {
                let room = step.min(limit - entries.len());
                let (objects, next) = self.delta_objects(scope, &rest, room).await?;
                rest = next;
                self.delta_related(scope, objects).await?
            };
            for one in listed {
                let object = decode_object(&one.object)?;
                bytes += one.object.body.len();
                relations += one.relations.len();
                if object.deleted.is_none() {
                    let id = object.id;
                    open = one.next.map(|cursor| (id, cursor));
                    let presence = Presence::Live(Box::new(object));
                    entries.push(DeltaEntry { id, presence, relations: one.relations });
                }
            }
            let ended = rest == Rest::Nothing && open.is_none();
            if ended || entries.len() >= limit || relations >= RELATIONS || bytes >= PAGE_BYTES {
                break;
            }
        }
        let more = rest != Rest::Nothing || open.is_some();
        let state =
            if more { DeltaState::Listing { since, rest, open } } else { DeltaState::Following(since) };
        Ok(DeltaPage { entries, state, more })
    }

    /// The next objects of the list.
    async fn delta_objects(
        &self,
        scope: &DeltaScope,
        rest: &Rest,
        limit: usize,
    ) -> Result<(Vec<Object>, Rest)> {
        let (realm, kind) = (self.realm(), kind_of(scope.object_type));
        let after = match rest {
            Rest::All => None,
            Rest::After(cursor) => Some(cursor.clone()),
            Rest::Nothing => return Ok((Vec::new(), Rest::Nothing)),
        };
        let Some(only) = &scope.only else {
            let page = self.store.scan(realm, kind, Scan::first(limit).after(after)).await?;
            return Ok((page.objects, page.next.map_or(Rest::Nothing, Rest::After)));
        };
        // Of a few objects by their ids, the place is how many have been listed.
        let place = after.map_or(Ok(0), |Cursor(bytes)| {
            let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
            number.ok_or(store::Error::InvalidCursor)
        })?;
        let wanted: Vec<Uuid> = only.iter().skip(place).take(limit).copied().collect();
        let found = self.store.get_many(realm, kind, &wanted).await?;
        let place = place.saturating_add(found.len());
        let rest =
            if place < only.len() { Rest::After(Cursor(place.to_string().into())) } else { Rest::Nothing };
        Ok((found.into_iter().flatten().collect(), rest))
    }

    /// The objects with their first relations, and where those go on.
    async fn delta_related(&self, scope: &DeltaScope, objects: Vec<Object>) -> Result<Vec<Listed>> {
        if !scope.relations {
            let alone = |object| Listed { object, relations: Vec::new(), next: None };
            return Ok(objects.into_iter().map(alone).collect());
        }
        let of: Vec<EdgesOf> = objects.iter().map(|object| EdgesOf::From(object.id)).collect();
        let kind = kind_of(scope.object_type);
        let found = self.store.edges_of_each(self.realm(), scope.edge(), kind, &of, RELATIONS).await?;
        Ok(objects.into_iter().zip(found).map(|(object, page)| Listed::new(object, page)).collect())
    }

    /// An object whose relations go on; nothing where it was deleted meanwhile, as the feed will tell.
    async fn delta_reopened(&self, scope: &DeltaScope, id: Uuid, cursor: Cursor) -> Result<Vec<Listed>> {
        let Some(object) = self.store.get(self.realm(), kind_of(scope.object_type), id).await? else {
            return Ok(Vec::new());
        };
        let of = EdgesOf::From(id);
        let page = self.store.edges(self.realm(), scope.edge(), of, Some(cursor), RELATIONS).await?;
        Ok(vec![Listed::new(object, page)])
    }

    async fn delta_changes(
        &self,
        scope: &DeltaScope,
        mut position: Position,
        limit: usize,
    ) -> Result<DeltaPage> {
        let (realm, kind) = (self.realm(), kind_of(scope.object_type));
        let mut room = limit;
        for _ in 0..READS {
            let mut changes = self.store.changes(realm, &position, CHANGES).await?;
            let fitting = fitting(scope, &changes.changes, room);
            if fitting < changes.changes.len() {
                // Read again, since only the end of what was read has a position.
                changes = self.store.changes(realm, &position, fitting).await?;
            }
            let touched = touched(scope, &changes.changes);
            if touched.is_empty() && changes.more {
                position = changes.position;
                continue;
            }
            let ids: Vec<Uuid> = touched.iter().map(|(id, _)| *id).collect();
            let objects = self.store.get_many(realm, kind, &ids).await?;
            if objects.len() < ids.len() {
                // No more of them fit into memory at a time.
                room = objects.len();
                continue;
            }
            let entries = self.delta_entries(scope, touched, objects).await?;
            let state = DeltaState::Following(changes.position);
            return Ok(DeltaPage { entries, state, more: changes.more });
        }
        Ok(DeltaPage { entries: Vec::new(), state: DeltaState::Following(position), more: true })
    }

    async fn delta_entries(
        &self,
        scope: &DeltaScope,
        touched: Vec<(Uuid, BTreeSet<(Kind, Uuid)>)>,
        objects: Vec<Option<Object>>,
    ) -> Result<Vec<DeltaEntry>> {
        let mut entries = Vec::with_capacity(touched.len());
        for ((id, others), object) in touched.into_iter().zip(objects) {
            let object = object.as_ref().map(decode_object).transpose()?;
            let (presence, relations) = match object {
                None => (Presence::Gone, Vec::new()),
                Some(object) if object.deleted.is_some() => (Presence::Recycled, Vec::new()),
                Some(object) => {
                    let relations = if scope.relations {
                        self.delta_relations(scope, id, others).await?
                    } else {
                        Vec::new()
                    };
                    (Presence::Live(Box::new(object)), relations)
                }
            };
            entries.push(DeltaEntry { id, presence, relations });
        }
        Ok(entries)
    }

    /// What has become of the relations that changed. A user who is back from the recycle bin was forgotten with the
    /// manager, so that the manager of a user is always told.
    async fn delta_relations(
        &self,
        scope: &DeltaScope,
        id: Uuid,
        mut others: BTreeSet<(Kind, Uuid)>,
    ) -> Result<Vec<DeltaRelation>> {
        if scope.object_type == ObjectType::User {
            let of = EdgesOf::From(id);
            others.extend(self.store.edges(self.realm(), scope.edge(), of, None, 2).await?.others);
        }
        let ids: Vec<Uuid> = others.iter().map(|(_, id)| *id).collect();
        let held = self.store.has_edges(self.realm(), scope.edge(), id, &ids).await?;
        let told = others.into_iter().zip(held);
        Ok(told.filter_map(|(other, holds)| Some(DeltaRelation { holds, ..relation(other)? })).collect())
    }
}

/// What a change touches of the scope: an object, and the other end of a relation that came or went.
fn touch(scope: &DeltaScope, change: &Change) -> Option<(Uuid, Option<(Kind, Uuid)>)> {
    if change.kind != kind_of(scope.object_type) || !scope.matters(change.id) {
        return None;
    }
    match change.what {
        Changed::Created | Changed::Written | Changed::Deleted => Some((change.id, None)),
        Changed::EdgeAdded(edge, kind, id) | Changed::EdgeRemoved(edge, kind, id) => {
            (scope.relations && edge == scope.edge()).then_some((change.id, Some((kind, id))))
        }
    }
}

/// The objects that changes touch, in the order in which they do first, and the other ends of their relations.
fn touched(scope: &DeltaScope, changes: &[Change]) -> Vec<(Uuid, BTreeSet<(Kind, Uuid)>)> {
    let mut touched: Vec<(Uuid, BTreeSet<(Kind, Uuid)>)> = Vec::new();
    let mut places = HashMap::new();
    for (id, other) in changes.iter().filter_map(|change| touch(scope, change)) {
        let place = *places.entry(id).or_insert_with(|| {
            touched.push((id, BTreeSet::new()));
            touched.len() - 1
        });
        touched[place].1.extend(other);
    }
    touched
}

/// How many of the changes, from the first on, touch no more than so many objects.
fn fitting(scope: &DeltaScope, changes: &[Change], room: usize) -> usize {
    let mut seen = HashSet::new();
    let past = changes
        .iter()
        .position(|change| touch(scope, change).is_some_and(|(id, _)| seen.insert(id) && seen.len() > room));
    past.unwrap_or(changes.len())
}

/// The relation to an object; `None` where it is neither a user nor a group.
fn relation((kind, id): (Kind, Uuid)) -> Option<DeltaRelation> {
    let object_type = match kind {
        Kind::User => ObjectType::User,
        Kind::Group => ObjectType::Group,
        _ => return None,
    };
    Some(DeltaRelation { object_type, id, holds: true })
}

#[cfg(test)]
mod tests;
