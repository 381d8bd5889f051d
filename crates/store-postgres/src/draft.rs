//! Transactions decided in memory, one after the other, over what was read for all of them. No I/O.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use store::{
    Changed, Committed, Edge, EdgeKind, Error, Expect, Key, KeyName, Kind, Op, Realm, Result, Transaction,
    keys,
};
use uuid::Uuid;

use crate::read;

/// What names an object.
pub(crate) type Name = (Realm, Kind, Uuid);

/// What names a key: realm, kind, name and value.
pub(crate) type KeyId = (Realm, Kind, KeyName, Bytes);

/// An edge, by the numbers of the objects where it starts and ends.
pub(crate) type EdgeId = (Realm, i64, EdgeKind, i64);

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub oid: i64,
    pub version: i64,
    /// As stored, see [`keys::encode`].
    pub keys: Bytes,
    /// When it was created, if that was now.
    pub created: Option<i64>,
    /// When it was last written, if that was now.
    pub modified: Option<i64>,
    /// What was written now.
    pub body: Option<Bytes>,
}

impl Row {
    /// An object as it was read.
    pub fn read(oid: i64, version: i64, keys: &[u8]) -> Self {
        Self { oid, version, keys: Bytes::copy_from_slice(keys), created: None, modified: None, body: None }
    }
}

/// The numbers that are counted in a realm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealmRow {
    pub rid: i64,
    pub head: i64,
    pub next_oid: i64,
}

/// What was read: everything that the transactions name.
#[derive(Clone, Default)]
pub(crate) struct Facts {
    pub realms: HashMap<Realm, RealmRow>,
    /// The tokens of leases that somebody holds.
    pub leases: HashMap<String, u64>,
    pub objects: HashMap<Name, Option<Row>>,
    /// Who holds which unique key.
    pub holders: HashMap<KeyId, Uuid>,
    pub edges: BTreeSet<EdgeId>,
    /// Which objects have these numbers.
    pub names: HashMap<(Realm, i64), (Kind, Uuid)>,
}

/// An entry of the feed.
pub(crate) struct Entry {
    pub realm: Realm,
    pub seq: i64,
    pub of: (Kind, Uuid),
    pub what: Changed,
    pub at: i64,
}

/// How to take a step back.
enum Undo {
    Realm(Realm, RealmRow),
    Object(Name, Option<Row>),
    Holder(KeyId, Option<Uuid>),
    Edge(EdgeId),
    Count((Realm, Kind), i64),
}

/// What was read, and what transactions have made of it.
pub(crate) struct Draft {
    /// As it was read.
    pub before: Facts,
    /// As it is to be.
    pub now: Facts,
    pub feed: Vec<Entry>,
    pub counts: HashMap<(Realm, Kind), i64>,
    /// The edges of `now` from their other end: where they end, kind, where they start.
    incoming: BTreeSet<(Realm, i64, EdgeKind, i64)>,
    undo: Vec<Undo>,
    at: i64,
}

/// The object that an operation is about; for an edge the one where it starts.
pub(crate) fn name_of(op: &Op) -> Name {
    match op {
        Op::Put { realm, kind, id, .. }
        | Op::Rekey { realm, kind, id, .. }
        | Op::Delete { realm, kind, id, .. }
        | Op::Require { realm, kind, id, .. } => (*realm, *kind, *id),
        Op::AddEdge(edge) | Op::RemoveEdge(edge) => (edge.realm, edge.from.0, edge.from.1),
        Op::ClearEdges { realm, from, .. } => (*realm, from.0, from.1),
    }
}

impl Draft {
    /// Nothing has happened yet.
    pub fn new(facts: Facts) -> Self {
        let incoming =
            facts.edges.iter().map(|(realm, from, kind, to)| (*realm, *to, *kind, *from)).collect();
        Self {
            before: facts.clone(),
            now: facts,
            feed: Vec::new(),
            counts: HashMap::new(),
            incoming,
            undo: Vec::new(),
            at: 0,
        }
    }

    /// Lets a transaction happen, or, where it is refused, leaves all as it was.
    pub fn apply(&mut self, transaction: &Transaction) -> Result<Committed> {
        self.at = transaction.at.as_microsecond();
        self.undo.clear();
        let entries = self.feed.len();
        let outcome = self.run(transaction);
        if outcome.is_err() {
            self.feed.truncate(entries);
            self.take_back();
        }
        outcome
    }

    fn run(&mut self, transaction: &Transaction) -> Result<Committed> {
        if let Some(fence) = &transaction.fence
            && self.now.leases.get(&fence.lease) != Some(&fence.token)
        {
            return Err(Error::Fenced { lease: fence.lease.clone() });
        }
        let changed = transaction.ops.iter().map(|op| self.step(op)).collect::<Result<Vec<_>>>()?;
        let version = |op| self.row(name_of(op)).map(|row| row.version.cast_unsigned());
        let versions = transaction.ops.iter().map(version).collect();
        let last = transaction.ops.last().and_then(|op| self.now.realms.get(&name_of(op).0));
        let position = read::position(last.map_or(0, |realm| realm.head));
        Ok(Committed { versions, changed, position })
    }

    fn take_back(&mut self) {
        while let Some(step) = self.undo.pop() {
            match step {
                Undo::Realm(realm, row) => drop(self.now.realms.insert(realm, row)),
                Undo::Object(name, row) => drop(self.now.objects.insert(name, row)),
                Undo::Holder(key, Some(holder)) => drop(self.now.holders.insert(key, holder)),
                Undo::Holder(key, None) => drop(self.now.holders.remove(&key)),
                Undo::Edge(edge) => self.toggle(edge),
                Undo::Count(of, delta) => *self.counts.entry(of).or_default() -= delta,
            }
        }
    }

    fn step(&mut self, op: &Op) -> Result<bool> {
        let name = name_of(op);
        match op {
            Op::Put { expect, body, keys, .. } => {
                self.expect(name, *expect)?;
                self.put(name, body, keys)?;
                Ok(true)
            }
            Op::Rekey { expect, keys, .. } => {
                self.expect(name, *expect)?;
                self.rekey(name, keys)
            }
            Op::Delete { expect, .. } => {
                self.expect(name, *expect)?;
                self.delete(name)
            }
            Op::Require { expect, .. } => {
                self.expect(name, *expect)?;
                Ok(false)
            }
            Op::AddEdge(edge) => self.add_edge(name, edge),
            Op::RemoveEdge(edge) => self.remove_edge(name, edge),
            Op::ClearEdges { edge, .. } => self.clear_edges(name, *edge),
        }
    }

    fn row(&self, name: Name) -> Option<&Row> {
        self.now.objects.get(&name).and_then(Option::as_ref)
    }

    fn set(&mut self, name: Name, row: Option<Row>) {
        let old = self.now.objects.insert(name, row).flatten();
        self.undo.push(Undo::Object(name, old));
    }

    fn expect(&self, (realm, kind, id): Name, expect: Expect) -> Result<()> {
        let version = self.row((realm, kind, id)).map(|row| row.version.cast_unsigned());
        match (expect, version) {
            (Expect::Absent, Some(_)) => Err(Error::Exists { kind, id }),
            (Expect::Present | Expect::Version(_), None) => Err(Error::Missing { kind, id }),
            (Expect::Version(expected), Some(found)) if expected != found => {
                Err(Error::VersionMismatch { kind, id, found })
            }
            _ => Ok(()),
        }
    }

    /// The realm's numbers, to be counted on.
    fn realm(&mut self, realm: Realm) -> Result<&mut RealmRow> {
        // Whoever removed the row of a realm by hand meets this.
        let row = self.now.realms.get_mut(&realm).ok_or(Error::Serialization)?;
        self.undo.push(Undo::Realm(realm, *row));
        Ok(row)
    }

    fn put(&mut self, name: Name, body: &Bytes, given: &[Key]) -> Result<()> {
        let (realm, kind, id) = name;
        let new = keys::distinct(given);
        let old = self.row(name).cloned();
        self.exchange_keys(name, old.as_ref(), &new)?;
        let (oid, version, created, what) = match old {
            Some(old) => (old.oid, old.version + 1, old.created, Changed::Written),
            None => (self.new_oid(name)?, 1, Some(self.at), Changed::Created),
        };
        let (keys, body) = (keys::encode(&new).into(), Some(body.clone()));
        self.set(name, Some(Row { oid, version, keys, created, modified: Some(self.at), body }));
        self.note(realm, (kind, id), what)
    }

    fn new_oid(&mut self, (realm, kind, id): Name) -> Result<i64> {
        let row = self.realm(realm)?;
        let oid = row.next_oid;
        row.next_oid += 1;
        // A number that is taken back is given out again: the name is then another's.
        self.now.names.insert((realm, oid), (kind, id));
        self.count((realm, kind), 1);
        Ok(oid)
    }

    fn count(&mut self, of: (Realm, Kind), delta: i64) {
        *self.counts.entry(of).or_default() += delta;
        self.undo.push(Undo::Count(of, delta));
    }

    fn rekey(&mut self, name: Name, given: &[Key]) -> Result<bool> {
        let Some(old) = self.row(name).cloned() else { return Ok(false) };
        let new = keys::distinct(given);
        self.exchange_keys(name, Some(&old), &new)?;
        self.set(name, Some(Row { keys: keys::encode(&new).into(), ..old }));
        Ok(true)
    }

    fn exchange_keys(&mut self, (realm, kind, id): Name, old: Option<&Row>, new: &[Key]) -> Result<()> {
        let old = old.map_or_else(|| Ok(Vec::new()), |row| keys::decode(&row.keys))?;
        let key_id = |key: &Key| (realm, kind, key.name, key.value.clone());
        for key in new.iter().filter(|key| key.unique && !old.contains(key)) {
            let held = self.now.holders.get(&key_id(key)).filter(|holder| **holder != id);
            if let Some(holder) = held.copied() {
                return Err(Error::NotUnique { kind, name: key.name, value: key.value.clone(), holder });
            }
        }
        for key in old.iter().filter(|key| key.unique && !new.contains(key)) {
            self.hold(key_id(key), None);
        }
        for key in new.iter().filter(|key| key.unique && !old.contains(key)) {
            self.hold(key_id(key), Some(id));
        }
        Ok(())
    }

    fn hold(&mut self, key: KeyId, holder: Option<Uuid>) {
        let old = match holder {
            Some(holder) => self.now.holders.insert(key.clone(), holder),
            None => self.now.holders.remove(&key),
        };
        self.undo.push(Undo::Holder(key, old));
    }

    fn delete(&mut self, name: Name) -> Result<bool> {
        let (realm, kind, id) = name;
        let Some(row) = self.row(name).cloned() else { return Ok(false) };
        for (edge, from) in self.ending_at(realm, row.oid) {
            if from != row.oid
                && let Some(other) = self.now.names.get(&(realm, from)).copied()
            {
                self.note(realm, other, Changed::EdgeRemoved(edge, kind, id))?;
                self.bump((realm, other.0, other.1));
            }
            self.change_edge((realm, from, edge, row.oid));
        }
        for edge in EdgeKind::ALL {
            for to in self.starting_at(realm, row.oid, *edge) {
                self.change_edge((realm, row.oid, *edge, to));
            }
        }
        self.exchange_keys(name, Some(&row), &[])?;
        self.set(name, None);
        self.count((realm, kind), -1);
        self.note(realm, (kind, id), Changed::Deleted)?;
        Ok(true)
    }

    /// The known edges that end at an object: kind, and where they start.
    fn ending_at(&self, realm: Realm, oid: i64) -> Vec<(EdgeKind, i64)> {
        let (Some(first), Some(last)) = (EdgeKind::ALL.first(), EdgeKind::ALL.last()) else {
            return Vec::new();
        };
        let all = (realm, oid, *first, i64::MIN)..=(realm, oid, *last, i64::MAX);
        self.incoming.range(all).map(|(_, _, kind, from)| (*kind, *from)).collect()
    }

    /// Where the known edges of a kind end that start at an object.
    fn starting_at(&self, realm: Realm, oid: i64, edge: EdgeKind) -> Vec<i64> {
        let all = (realm, oid, edge, i64::MIN)..=(realm, oid, edge, i64::MAX);
        self.now.edges.range(all).map(|(_, _, _, to)| *to).collect()
    }

    /// Adds an edge that is not there, or removes one that is.
    fn change_edge(&mut self, edge: EdgeId) {
        self.toggle(edge);
        self.undo.push(Undo::Edge(edge));
    }

    fn toggle(&mut self, edge: EdgeId) {
        let (realm, from, kind, to) = edge;
        let reverse = (realm, to, kind, from);
        if self.now.edges.remove(&edge) {
            self.incoming.remove(&reverse);
        } else {
            self.now.edges.insert(edge);
            self.incoming.insert(reverse);
        }
    }

    fn add_edge(&mut self, name: Name, edge: &Edge) -> Result<bool> {
        let end = |(kind, id): (Kind, Uuid)| {
            let row = self.row((edge.realm, kind, id)).ok_or(Error::Missing { kind, id });
            row.map(|row| row.oid)
        };
        let id = (edge.realm, end(edge.from)?, edge.kind, end(edge.to)?);
        if self.now.edges.contains(&id) {
            return Ok(false);
        }
        self.change_edge(id);
        self.note(edge.realm, edge.from, Changed::EdgeAdded(edge.kind, edge.to.0, edge.to.1))?;
        self.bump(name);
        Ok(true)
    }

    fn remove_edge(&mut self, name: Name, edge: &Edge) -> Result<bool> {
        let end = |(kind, id): (Kind, Uuid)| self.row((edge.realm, kind, id)).map(|row| row.oid);
        let (Some(from), Some(to)) = (end(edge.from), end(edge.to)) else { return Ok(false) };
        let id = (edge.realm, from, edge.kind, to);
        if !self.now.edges.contains(&id) {
            return Ok(false);
        }
        self.change_edge(id);
        self.note(edge.realm, edge.from, Changed::EdgeRemoved(edge.kind, edge.to.0, edge.to.1))?;
        self.bump(name);
        Ok(true)
    }

    fn clear_edges(&mut self, name: Name, edge: EdgeKind) -> Result<bool> {
        let Some(oid) = self.row(name).map(|row| row.oid) else { return Ok(false) };
        let ends = self.starting_at(name.0, oid, edge);
        for to in &ends {
            if let Some((kind, id)) = self.now.names.get(&(name.0, *to)).copied() {
                self.note(name.0, (name.1, name.2), Changed::EdgeRemoved(edge, kind, id))?;
            }
            self.change_edge((name.0, oid, edge, *to));
        }
        if !ends.is_empty() {
            self.bump(name);
        }
        Ok(!ends.is_empty())
    }

    /// Counts a change of the edges that start at the object as a write of it.
    fn bump(&mut self, name: Name) {
        if let Some(row) = self.row(name).cloned() {
            let modified = Some(self.at);
            self.set(name, Some(Row { version: row.version + 1, modified, ..row }));
        }
    }

    fn note(&mut self, realm: Realm, of: (Kind, Uuid), what: Changed) -> Result<()> {
        if of.0.in_feed() {
            let row = self.realm(realm)?;
            row.head += 1;
            let seq = row.head;
            self.feed.push(Entry { realm, seq, of, what, at: self.at });
        }
        Ok(())
    }
}
