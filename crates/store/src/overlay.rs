//! A store over another one, which it reads and never writes: what is committed stays in memory. What is done over it
//! does everything but leave a trace; recorded, all of it can be committed below as one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::{Bound, RangeBounds as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Changes, Committed, Cursor, Edge, EdgeKind, EdgePage, EdgesOf, Error, Expect, Key, KeyName, KeyRange,
    Kind, Lease, Object, Op, Order, Page, Position, Realm, Result, Scan, Store, Transaction,
};

type Name = (Realm, Kind, Uuid);

/// An object that was written.
struct Written {
    /// As it is now; none where it was deleted.
    now: Option<(Object, Vec<Key>)>,
    /// Whether the store below has one.
    below: bool,
    /// The number of the commit that wrote it first: a scan that began before comes to it in its old place.
    since: u64,
}

/// An edge that is not as in the store below.
#[derive(Clone, Copy)]
struct Turned {
    present: bool,
    below: bool,
    kind: Kind,
}

#[derive(Default)]
struct Layer {
    commits: u64,
    objects: BTreeMap<Name, Written>,
    /// The keys of what was written.
    keys: BTreeSet<(Realm, Kind, KeyName, Bytes, Uuid)>,
    /// How many objects were written, by kind.
    sizes: BTreeMap<(Realm, Kind), usize>,
    /// By realm, kind of edge, whether seen from its end, the object it is seen from and the other one.
    edges: BTreeMap<(Realm, EdgeKind, bool, Uuid, Uuid), Turned>,
    /// The log, which nothing reads, as it was written: decoded it would be three times as large.
    entries: Vec<Bytes>,
    /// Whether there was more to write than fits.
    refused: bool,
    /// All that was done, where it is to be done below later.
    recorded: Option<Recorded>,
}

/// What was done over a store, to be done in it: the operations of all commits, in order, and the realms dropped.
#[derive(Default)]
pub struct Recorded {
    /// One transaction does it all, or is refused whole where the store is not as it was.
    pub ops: Vec<Op>,
    /// To be dropped once that is committed.
    pub dropped: Vec<Realm>,
}

/// Objects and entries of the log that are held: some hundred megabytes.
pub const MOST_WRITTEN: usize = 100_000;

/// The store, and what is written over it. Holds in memory what is written, up to [`MOST_WRITTEN`]: beyond that, commits
/// are refused.
///
/// It can do what a cycle, or a change of configuration, asks of a store: a realm's feed and its leases are those below,
/// unique keys are not looked at, and what would touch a whole realm is refused, or where it is recorded put off.
pub struct Overlay {
    below: Arc<dyn Store>,
    layer: Mutex<Layer>,
    /// One transaction at a time: each reads below before it writes here.
    committing: tokio::sync::Mutex<()>,
}

impl Overlay {
    /// Nothing is written yet.
    pub fn over(below: Arc<dyn Store>) -> Self {
        Self { below, layer: Mutex::default(), committing: tokio::sync::Mutex::default() }
    }

    /// As [`Self::over`], and what is committed is recorded.
    pub fn recording(below: Arc<dyn Store>) -> Self {
        let layer = Layer { recorded: Some(Recorded::default()), ..Layer::default() };
        Self { layer: Mutex::new(layer), ..Self::over(below) }
    }

    /// What was committed so far, where it is recorded.
    pub fn take_recorded(&self) -> Recorded {
        self.layer.lock().recorded.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether a commit was refused because no more fits: what is held is not all then.
    pub fn has_refused(&self) -> bool {
        self.layer.lock().refused
    }

    /// The entries of the log that were written.
    pub fn take_entries(&self) -> Vec<Bytes> {
        std::mem::take(&mut self.layer.lock().entries)
    }

    async fn apply(&self, at: Timestamp, op: Op) -> Result<(Option<u64>, bool)> {
        match op {
            Op::Put { kind: Kind::ProvisioningEntry, body, .. } => {
                self.layer.lock().entries.push(body);
                Ok((Some(1), true))
            }
            Op::Put { realm, kind, id, expect, body, keys } => {
                let before = self.get(realm, kind, id).await?;
                fits(kind, id, expect, before.as_ref())?;
                let version = before.as_ref().map_or(1, |before| before.version + 1);
                let created = before.as_ref().map_or(at, |before| before.created);
                let object = Object { kind, id, version, created, modified: at, body };
                self.write((realm, kind, id), before.is_some(), Some((object, keys)));
                Ok((Some(version), true))
            }
            Op::Delete { realm, kind, id, expect } => {
                let before = self.get(realm, kind, id).await?;
                fits(kind, id, expect, before.as_ref())?;
                if before.is_none() {
                    return Ok((None, false));
                }
                for edge in EdgeKind::ALL {
                    self.clear(realm, *edge, EdgesOf::From(id), kind).await?;
                    self.clear(realm, *edge, EdgesOf::To(id), kind).await?;
                }
                self.write((realm, kind, id), true, None);
                Ok((None, true))
            }
            Op::Require { realm, kind, id, expect } => {
                let found = self.get(realm, kind, id).await?;
                fits(kind, id, expect, found.as_ref())?;
                Ok((found.map(|found| found.version), false))
            }
            Op::AddEdge(edge) => self.turn(edge, true).await,
            Op::RemoveEdge(edge) => self.turn(edge, false).await,
            Op::ClearEdges { realm, edge, from: (kind, id) } => {
                let changed = self.clear(realm, edge, EdgesOf::From(id), kind).await?;
                Ok((None, changed))
            }
            Op::Rekey { .. } => Err(unsupported()),
        }
    }

    fn write(&self, name: Name, was_there: bool, now: Option<(Object, Vec<Key>)>) {
        let mut layer = self.layer.lock();
        let Layer { commits, objects, keys, sizes, .. } = &mut *layer;
        let (realm, kind, id) = name;
        let key = |key: &Key| (realm, kind, key.name, key.value.clone(), id);
        let written = objects.entry(name).or_insert_with(|| {
            *sizes.entry((realm, kind)).or_default() += 1;
            Written { now: None, below: was_there, since: *commits }
        });
        for old in written.now.iter().flat_map(|(_, keys)| keys) {
            keys.remove(&key(old));
        }
        keys.extend(now.iter().flat_map(|(_, keys)| keys).map(key));
        written.now = now;
    }

    async fn turn(&self, edge: Edge, present: bool) -> Result<(Option<u64>, bool)> {
        let Edge { realm, kind, from, to } = edge;
        let was = self.has_edges(realm, kind, from.1, &[to.1]).await? == [true];
        let below = self.below.has_edges(realm, kind, from.1, &[to.1]).await? == [true];
        let mut layer = self.layer.lock();
        layer.edges.insert((realm, kind, false, from.1, to.1), Turned { present, below, kind: to.0 });
        layer.edges.insert((realm, kind, true, to.1, from.1), Turned { present, below, kind: from.0 });
        Ok((None, was != present))
    }

    async fn clear(&self, realm: Realm, edge: EdgeKind, of: EdgesOf, kind: Kind) -> Result<bool> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.edges(realm, edge, of, after, 4_096).await?;
            all.extend(page.others);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for other in &all {
            let (from, to) = match of {
                EdgesOf::From(id) => ((kind, id), *other),
                EdgesOf::To(id) => (*other, (kind, id)),
            };
            self.turn(Edge { realm, kind: edge, from, to }, false).await?;
        }
        Ok(!all.is_empty())
    }

    /// The objects here that carry a key in the range, by its values.
    fn keyed<'a>(
        layer: &'a Layer,
        realm: Realm,
        kind: Kind,
        range: &'a KeyRange,
    ) -> impl Iterator<Item = (&'a Bytes, Uuid)> {
        let first = match &range.from {
            Bound::Included(value) | Bound::Excluded(value) => value.clone(),
            Bound::Unbounded => Bytes::new(),
        };
        layer
            .keys
            .range((realm, kind, range.name, first, Uuid::nil())..)
            .take_while(move |(of, its, name, ..)| (*of, *its, *name) == (realm, kind, range.name))
            .skip_while(|(.., value, _)| !(range.from.clone(), Bound::Unbounded).contains(value))
            .take_while(|(.., value, _)| (Bound::Unbounded, range.to.clone()).contains(value))
            .map(|(.., value, id)| (value, *id))
    }

    /// A page of what the store below has, as it is now. An object that was written before the scan began comes later.
    async fn page_below(&self, realm: Realm, kind: Kind, scan: Scan, began: u64) -> Result<Page> {
        let range = range_of(&scan.order);
        let mut page = self.below.scan(realm, kind, scan).await?;
        let layer = self.layer.lock();
        (page.objects, page.values) = iter::zip(page.objects, page.values)
            .filter_map(|(object, value)| match layer.objects.get(&(realm, kind, object.id)) {
                None => Some((object, value)),
                Some(written) if written.since <= began => None,
                Some(written) => {
                    let (object, keys) = written.now.as_ref()?;
                    let stays = |range: &KeyRange| keys.iter().any(|key| is_within(key, range));
                    range.as_ref().is_none_or(stays).then(|| (object.clone(), value))
                }
            })
            .collect();
        Ok(page)
    }

    /// A page of what was written before the scan began, or is new.
    fn page_here(&self, realm: Realm, kind: Kind, scan: &Scan, began: u64, after: &[u8]) -> Page {
        let layer = self.layer.lock();
        let (range, none) = (range_of(&scan.order), Bytes::new());
        let spots: Box<dyn Iterator<Item = (&Bytes, Uuid)>> = match &range {
            None => {
                let there = of_kind(&layer, realm, kind).filter(|(_, written)| written.now.is_some());
                Box::new(there.map(|(id, _)| (&none, id)))
            }
            Some(range) => Box::new(Self::keyed(&layer, realm, kind, range)),
        };
        let (last_value, last_id) = after.split_at(after.len().saturating_sub(16));
        let passed = |(value, id): &(&Bytes, Uuid)| {
            !after.is_empty() && (&value[..], &id.as_bytes()[..]) <= (last_value, last_id)
        };
        let object = |id: Uuid| {
            let written = layer.objects.get(&(realm, kind, id))?;
            let in_turn = written.since <= began || !written.below;
            written.now.as_ref().filter(|_| in_turn).map(|(object, _)| object.clone())
        };
        let place = |(value, id): (&Bytes, Uuid)| [value, &id.as_bytes()[..]].concat();
        let mut rest = spots.skip_while(passed);
        let mut page = Page { objects: Vec::new(), values: Vec::new(), next: None };
        let mut last = None;
        for spot in rest.by_ref() {
            last = Some(spot);
            if let Some(object) = object(spot.1) {
                page.objects.push(object);
                page.values.push(spot.0.clone());
            }
            if page.objects.len() >= scan.limit {
                break;
            }
        }
        page.next = last.filter(|_| rest.next().is_some()).map(|spot| cursor(HERE, began, &place(spot)));
        drop(rest);
        page
    }
}

const BELOW: u8 = 0;
const HERE: u8 = 1;

fn cursor(part: u8, began: u64, place: &[u8]) -> Cursor {
    Cursor([&[part][..], &began.to_be_bytes(), place].concat().into())
}

fn read(cursor: &Cursor) -> Result<(u8, u64, Bytes)> {
    let (part, rest) = cursor.0.split_first().ok_or(Error::InvalidCursor)?;
    let (began, place) = rest.split_first_chunk::<8>().ok_or(Error::InvalidCursor)?;
    Ok((*part, u64::from_be_bytes(*began), Bytes::copy_from_slice(place)))
}

fn of_kind(layer: &Layer, realm: Realm, kind: Kind) -> impl Iterator<Item = (Uuid, &Written)> {
    let range = (realm, kind, Uuid::nil())..=(realm, kind, Uuid::max());
    layer.objects.range(range).map(|((.., id), written)| (*id, written))
}

fn range_of(order: &Order) -> Option<KeyRange> {
    match order {
        Order::Creation => None,
        Order::Key { name, from, to } => Some(KeyRange { name: *name, from: from.clone(), to: to.clone() }),
    }
}

fn is_within(key: &Key, range: &KeyRange) -> bool {
    key.name == range.name && (range.from.clone(), range.to.clone()).contains(&key.value)
}

fn fits(kind: Kind, id: Uuid, expect: Expect, found: Option<&Object>) -> Result<()> {
    match (expect, found) {
        (Expect::Absent, Some(_)) => Err(Error::Exists { kind, id }),
        (Expect::Present | Expect::Version(_), None) => Err(Error::Missing { kind, id }),
        (Expect::Version(version), Some(found)) if found.version != version => {
            Err(Error::VersionMismatch { kind, id, found: found.version })
        }
        _ => Ok(()),
    }
}

fn unsupported() -> Error {
    Error::Backend("a plan does not do this".to_owned())
}

/// The side of an edge as it is kept here.
fn side(of: EdgesOf) -> (bool, Uuid) {
    match of {
        EdgesOf::From(id) => (false, id),
        EdgesOf::To(id) => (true, id),
    }
}

fn turned(layer: &Layer, realm: Realm, edge: EdgeKind, of: EdgesOf) -> impl Iterator<Item = (Uuid, &Turned)> {
    let (end, id) = side(of);
    let range = (realm, edge, end, id, Uuid::nil())..=(realm, edge, end, id, Uuid::max());
    layer.edges.range(range).map(|((.., other), turned)| (*other, turned))
}

#[async_trait::async_trait]
impl Store for Overlay {
    async fn get(&self, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>> {
        if let Some(written) = self.layer.lock().objects.get(&(realm, kind, id)) {
            return Ok(written.now.as_ref().map(|(object, _)| object.clone()));
        }
        self.below.get(realm, kind, id).await
    }

    async fn get_many(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<Option<Object>>> {
        let mut found = self.below.get_many(realm, kind, ids).await?;
        let layer = self.layer.lock();
        for (id, found) in ids.iter().zip(&mut found) {
            if let Some(written) = layer.objects.get(&(realm, kind, *id)) {
                *found = written.now.as_ref().map(|(object, _)| object.clone());
            }
        }
        Ok(found)
    }

    async fn exist(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>> {
        let mut found = self.below.exist(realm, kind, ids).await?;
        let layer = self.layer.lock();
        for (id, found) in ids.iter().zip(&mut found) {
            if let Some(written) = layer.objects.get(&(realm, kind, *id)) {
                *found = written.now.is_some();
            }
        }
        Ok(found)
    }

    async fn find(&self, realm: Realm, kind: Kind, key: &Key, limit: usize) -> Result<Vec<Object>> {
        let ids = self.ids(realm, kind, KeyRange::exactly(key.clone()), limit).await?;
        Ok(self.get_all(realm, kind, &ids).await?.into_iter().flatten().collect())
    }

    async fn ids(&self, realm: Realm, kind: Kind, range: KeyRange, limit: usize) -> Result<Vec<Uuid>> {
        let written = self.layer.lock().sizes.get(&(realm, kind)).copied().unwrap_or_default();
        let mut ids = self.below.ids(realm, kind, range.clone(), limit.saturating_add(written)).await?;
        let layer = self.layer.lock();
        ids.retain(|id| !layer.objects.contains_key(&(realm, kind, *id)));
        let mut here: Vec<Uuid> = Self::keyed(&layer, realm, kind, &range).map(|(_, id)| id).collect();
        here.sort_unstable();
        here.dedup();
        ids.extend(here);
        ids.truncate(limit);
        Ok(ids)
    }

    async fn scan(&self, realm: Realm, kind: Kind, scan: Scan) -> Result<Page> {
        if scan.descending || scan.offset > 0 {
            return Err(unsupported());
        }
        let (part, began, place) = match &scan.after {
            None => (BELOW, self.layer.lock().commits, Bytes::new()),
            Some(cursor) => read(cursor)?,
        };
        if part == HERE {
            return Ok(self.page_here(realm, kind, &scan, began, &place));
        }
        let after = (!place.is_empty()).then_some(Cursor(place));
        let mut page = self.page_below(realm, kind, scan.after(after), began).await?;
        page.next = Some(match page.next {
            Some(next) => cursor(BELOW, began, &next.0),
            None => cursor(HERE, began, &[]),
        });
        Ok(page)
    }

    async fn count(&self, realm: Realm, kind: Kind) -> Result<u64> {
        let below = self.below.count(realm, kind).await?;
        let layer = self.layer.lock();
        let (mut more, mut fewer) = (0, 0);
        for (_, written) in of_kind(&layer, realm, kind) {
            more += u64::from(written.now.is_some());
            fewer += u64::from(written.below);
        }
        Ok((below + more).saturating_sub(fewer))
    }

    /// Of keys that an object has one of, as links do.
    async fn count_keys(&self, realm: Realm, kind: Kind, range: KeyRange) -> Result<u64> {
        Ok(self.ids(realm, kind, range, usize::MAX).await?.len() as u64)
    }

    async fn edges(
        &self,
        realm: Realm,
        edge: EdgeKind,
        of: EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<EdgePage> {
        let (part, _, place) = after.as_ref().map_or(Ok((BELOW, 0, Bytes::new())), read)?;
        if part == BELOW {
            let after = (!place.is_empty()).then_some(Cursor(place));
            let mut page = self.below.edges(realm, edge, of, after, limit).await?;
            let layer = self.layer.lock();
            let (end, id) = side(of);
            page.others.retain(|(_, other)| {
                layer.edges.get(&(realm, edge, end, id, *other)).is_none_or(|turned| turned.present)
            });
            let more = turned(&layer, realm, edge, of).any(|(_, it)| it.present && !it.below);
            page.next = match page.next {
                Some(next) => Some(cursor(BELOW, 0, &next.0)),
                None => more.then(|| cursor(HERE, 0, &[])),
            };
            return Ok(page);
        }
        let layer = self.layer.lock();
        let added = turned(&layer, realm, edge, of).filter(|(_, it)| it.present && !it.below);
        let mut rest = added.filter(|(other, _)| place.is_empty() || other.as_bytes()[..] > place[..]);
        let others: Vec<(Kind, Uuid)> = rest.by_ref().take(limit).map(|(id, it)| (it.kind, id)).collect();
        let last = others.last().filter(|_| rest.next().is_some());
        let next = last.map(|(_, id)| cursor(HERE, 0, id.as_bytes()));
        Ok(EdgePage { others, next })
    }

    async fn edges_of_each(
        &self,
        realm: Realm,
        edge: EdgeKind,
        kind: Kind,
        of: &[EdgesOf],
        limit: usize,
    ) -> Result<Vec<EdgePage>> {
        // Of the directory, which a plan does not write to.
        self.below.edges_of_each(realm, edge, kind, of, limit).await
    }

    async fn has_edges(&self, realm: Realm, edge: EdgeKind, from: Uuid, to: &[Uuid]) -> Result<Vec<bool>> {
        let mut found = self.below.has_edges(realm, edge, from, to).await?;
        let layer = self.layer.lock();
        for (to, found) in to.iter().zip(&mut found) {
            if let Some(turned) = layer.edges.get(&(realm, edge, false, from, *to)) {
                *found = turned.present;
            }
        }
        Ok(found)
    }

    async fn count_edges(&self, realm: Realm, edge: EdgeKind, of: EdgesOf) -> Result<u64> {
        let below = self.below.count_edges(realm, edge, of).await?;
        let layer = self.layer.lock();
        let (mut more, mut fewer) = (0, 0);
        for (_, turned) in turned(&layer, realm, edge, of) {
            more += u64::from(turned.present);
            fewer += u64::from(turned.below);
        }
        Ok((below + more).saturating_sub(fewer))
    }

    async fn head(&self, realm: Realm) -> Result<Position> {
        self.below.head(realm).await
    }

    async fn changes(&self, realm: Realm, after: &Position, limit: usize) -> Result<Changes> {
        self.below.changes(realm, after, limit).await
    }

    async fn position_since(&self, realm: Realm, at: Timestamp) -> Result<Position> {
        self.below.position_since(realm, at).await
    }

    async fn prune_changes(&self, _: Realm, _: Timestamp) -> Result<u64> {
        Err(unsupported())
    }

    /// What a refused transaction did before the operation that was refused stays: a cycle's are never refused but for
    /// their first.
    async fn commit(&self, transaction: Transaction) -> Result<Committed> {
        let _alone = self.committing.lock().await;
        {
            let mut layer = self.layer.lock();
            if layer.objects.len() + layer.entries.len() >= MOST_WRITTEN {
                layer.refused = true;
                return Err(Error::Backend("a plan holds no more changes than it does now".to_owned()));
            }
            layer.commits += 1;
        }
        let position = match transaction.ops.last() {
            Some(Op::Put { realm, .. } | Op::Delete { realm, .. }) => self.below.head(*realm).await?,
            _ => Position::START,
        };
        let mut committed = Committed { versions: Vec::new(), changed: Vec::new(), position };
        for op in transaction.ops {
            if let Some(recorded) = &mut self.layer.lock().recorded {
                recorded.ops.push(op.clone());
            }
            let (version, changed) = self.apply(transaction.at, op).await?;
            committed.versions.push(version);
            committed.changed.push(changed);
        }
        Ok(committed)
    }

    async fn drop_realm(&self, realm: Realm) -> Result<()> {
        match &mut self.layer.lock().recorded {
            Some(recorded) => recorded.dropped.push(realm),
            None => return Err(unsupported()),
        }
        Ok(())
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.below.commits()
    }

    /// Nobody else is here: the lease of a cycle that runs below is left alone.
    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Lease>> {
        let deadline = now.checked_add(ttl).unwrap_or(Timestamp::MAX);
        Ok(Some(Lease { name: name.to_owned(), holder, token: 0, deadline }))
    }

    async fn release_lease(&self, _: &Lease) -> Result<()> {
        Ok(())
    }

    async fn backup(&self, _: &Path) -> Result<()> {
        Err(unsupported())
    }
}
