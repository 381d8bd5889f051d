//! A transaction, step by step.

use jiff::Timestamp;
use store::{
    Change, Changed, Committed, Edge, EdgeKind, Error, Expect, Fence, Key, Kind, Object, Op, Realm, Result,
    Transaction,
};
use uuid::Uuid;

use crate::state::{self, Name, State, Stored, Undo, ends};

/// Commits the transaction under its ticket, or takes all of it back.
pub(crate) fn commit(state: &mut State, ticket: u64, transaction: &Transaction) -> Result<Committed> {
    // The precision of the backends that store microseconds.
    let at = Timestamp::from_microsecond(transaction.at.as_microsecond()).unwrap_or(transaction.at);
    let mut run = Run { state, ticket, at, undo: Vec::new(), feed: Vec::new() };
    let outcome = run.all(transaction);
    let Run { undo, feed, .. } = run;
    match outcome {
        Ok(changed) => {
            for (number, (realm, change)) in (1..).zip(feed) {
                state.feed.insert((realm, (ticket, number)), change);
            }
            state.in_flight.remove(&ticket);
            let versions = transaction.ops.iter().map(|op| version_after(state, op)).collect();
            let place = transaction.ops.last().map_or((0, 0), |op| state.head(name_of(op).0));
            Ok(Committed { versions, changed, position: state::position(place) })
        }
        Err(error) => {
            state.roll_back(undo);
            state.in_flight.remove(&ticket);
            Err(error)
        }
    }
}

/// The object that an operation is about; for an edge the one where it starts.
fn name_of(op: &Op) -> Name {
    match op {
        Op::Put { realm, kind, id, .. }
        | Op::Rekey { realm, kind, id, .. }
        | Op::Delete { realm, kind, id, .. }
        | Op::Require { realm, kind, id, .. } => (*realm, *kind, *id),
        Op::AddEdge(edge) | Op::RemoveEdge(edge) => (edge.realm, edge.from.0, edge.from.1),
        Op::ClearEdges { realm, from, .. } => (*realm, from.0, from.1),
    }
}

fn version_after(state: &State, op: &Op) -> Option<u64> {
    state.objects.get(&name_of(op)).map(|stored| stored.object.version)
}

struct Run<'a> {
    state: &'a mut State,
    ticket: u64,
    at: Timestamp,
    undo: Vec<Undo>,
    feed: Vec<(Realm, Change)>,
}

impl Run<'_> {
    fn all(&mut self, transaction: &Transaction) -> Result<Vec<bool>> {
        if let Some(fence) = &transaction.fence {
            self.check_fence(fence)?;
        }
        for op in &transaction.ops {
            self.check_order(name_of(op))?;
        }
        let changed = transaction.ops.iter().map(|op| self.one(op)).collect::<Result<Vec<_>>>()?;
        Ok(changed)
    }

    fn one(&mut self, op: &Op) -> Result<bool> {
        match op {
            Op::Put { realm, kind, id, expect, body, keys } => {
                let name = (*realm, *kind, *id);
                self.expect(name, *expect)?;
                self.put(name, body.clone(), keys)
            }
            Op::Rekey { realm, kind, id, expect, keys } => {
                let name = (*realm, *kind, *id);
                self.expect(name, *expect)?;
                self.rekey(name, keys)
            }
            Op::Delete { realm, kind, id, expect } => {
                let name = (*realm, *kind, *id);
                self.expect(name, *expect)?;
                self.delete(name)
            }
            Op::Require { realm, kind, id, expect } => {
                self.expect((*realm, *kind, *id), *expect)?;
                Ok(false)
            }
            Op::AddEdge(edge) => self.add_edge(edge),
            Op::RemoveEdge(edge) => {
                let from = self.seq((edge.realm, edge.from.0, edge.from.1));
                let to = self.seq((edge.realm, edge.to.0, edge.to.1));
                match (from, to) {
                    (Some(from), Some(to)) if self.state.edges_from.contains(&(from, edge.kind, to)) => {
                        self.remove_edge(from, edge.kind, to)?;
                        self.bump(from)?;
                        Ok(true)
                    }
                    _ => Ok(false),
                }
            }
            Op::ClearEdges { realm, edge, from } => {
                let Some(from) = self.seq((*realm, from.0, from.1)) else { return Ok(false) };
                let others = ends(&self.state.edges_from, from, *edge);
                for to in &others {
                    self.remove_edge(from, *edge, *to)?;
                }
                if !others.is_empty() {
                    self.bump(from)?;
                }
                Ok(!others.is_empty())
            }
        }
    }

    fn check_fence(&self, fence: &Fence) -> Result<()> {
        let held = self.state.leases.get(&fence.lease);
        if held.is_some_and(|row| row.holder.is_some() && row.token == fence.token) {
            return Ok(());
        }
        Err(Error::Fenced { lease: fence.lease.clone() })
    }

    /// The feed is ordered by ticket, and must not contradict the order in which an object was written.
    fn check_order(&self, name: Name) -> Result<()> {
        let later = self.state.touched.get(&name).is_some_and(|last| *last > self.ticket);
        let dropped = self.state.dropped.get(&name.0).is_some_and(|last| *last >= self.ticket);
        if later || dropped { Err(Error::Serialization) } else { Ok(()) }
    }

    fn expect(&self, (realm, kind, id): Name, expect: Expect) -> Result<()> {
        let found = self.state.objects.get(&(realm, kind, id)).map(|stored| stored.object.version);
        match (expect, found) {
            (Expect::Absent, Some(_)) => Err(Error::Exists { kind, id }),
            (Expect::Present | Expect::Version(_), None) => Err(Error::Missing { kind, id }),
            (Expect::Version(wanted), Some(found)) if wanted != found => {
                Err(Error::VersionMismatch { kind, id, found })
            }
            _ => Ok(()),
        }
    }

    fn seq(&self, name: Name) -> Option<u64> {
        self.state.objects.get(&name).map(|stored| stored.seq)
    }

    fn replace(&mut self, name: Name, new: Option<Stored>) -> Result<()> {
        self.check_order(name)?;
        self.state.touched.insert(name, self.ticket);
        let old = self.state.replace(name, new);
        self.undo.push(Undo::Object(name, old.map(Box::new)));
        Ok(())
    }

    fn put(&mut self, name: Name, body: bytes::Bytes, keys: &[Key]) -> Result<bool> {
        let (realm, kind, id) = name;
        let distinct = self.distinct(name, keys)?;
        let old =
            self.state.objects.get(&name).map(|old| (old.seq, old.object.version + 1, old.object.created));
        let (seq, version, created) = old.unwrap_or_else(|| {
            self.state.last_seq += 1;
            (self.state.last_seq, 1, self.at)
        });
        let object = Object { kind, id, version, created, modified: self.at, body };
        self.replace(name, Some(Stored { object, seq, keys: distinct }))?;
        self.note(realm, kind, id, if version == 1 { Changed::Created } else { Changed::Written });
        Ok(true)
    }

    fn rekey(&mut self, name: Name, keys: &[Key]) -> Result<bool> {
        let Some(old) = self.state.objects.get(&name).cloned() else { return Ok(false) };
        let distinct = self.distinct(name, keys)?;
        self.replace(name, Some(Stored { keys: distinct, ..old }))?;
        Ok(true)
    }

    /// Each name and value once; none that is unique and another object's.
    fn distinct(&self, name: Name, keys: &[Key]) -> Result<Vec<Key>> {
        let mut distinct: Vec<Key> = Vec::with_capacity(keys.len());
        for key in keys {
            match distinct.iter_mut().find(|other| other.name == key.name && other.value == key.value) {
                Some(same) => same.unique |= key.unique,
                None => distinct.push(key.clone()),
            }
        }
        for key in distinct.iter().filter(|key| key.unique) {
            self.check_unique(name, key)?;
        }
        Ok(distinct)
    }

    fn check_unique(&self, (realm, kind, id): Name, key: &Key) -> Result<()> {
        let lowest = (realm, kind, key.name, key.value.clone(), 0);
        let highest = (realm, kind, key.name, key.value.clone(), u64::MAX);
        for (found, unique) in self.state.keys.range(lowest..=highest) {
            let holder = self.state.names.get(&found.4).map(|name| name.2);
            if let Some(holder) = holder.filter(|holder| *unique && *holder != id) {
                return Err(Error::NotUnique { kind, name: key.name, value: key.value.clone(), holder });
            }
        }
        Ok(())
    }

    fn delete(&mut self, name: Name) -> Result<bool> {
        let (realm, kind, id) = name;
        let Some(seq) = self.seq(name) else { return Ok(false) };
        for edge in EdgeKind::ALL {
            for from in ends(&self.state.edges_to, seq, *edge) {
                if from == seq {
                    self.set_edge(seq, *edge, seq, false);
                } else {
                    self.remove_edge(from, *edge, seq)?;
                    self.bump(from)?;
                }
            }
            for to in ends(&self.state.edges_from, seq, *edge) {
                self.set_edge(seq, *edge, to, false);
            }
        }
        self.replace(name, None)?;
        self.note(realm, kind, id, Changed::Deleted);
        Ok(true)
    }

    fn add_edge(&mut self, edge: &Edge) -> Result<bool> {
        let seq_of =
            |(kind, id): (Kind, Uuid)| self.seq((edge.realm, kind, id)).ok_or(Error::Missing { kind, id });
        let (from, to) = (seq_of(edge.from)?, seq_of(edge.to)?);
        if self.set_edge(from, edge.kind, to, true) {
            return Ok(false);
        }
        self.note(edge.realm, edge.from.0, edge.from.1, Changed::EdgeAdded(edge.kind, edge.to.0, edge.to.1));
        self.bump(from)?;
        Ok(true)
    }

    /// Sets or removes an edge, and returns whether it was there.
    fn set_edge(&mut self, from: u64, kind: EdgeKind, to: u64, present: bool) -> bool {
        let was_there = self.state.set_edge(from, kind, to, present);
        self.undo.push(Undo::Edge { from, kind, to, was_there });
        was_there
    }

    /// Removes an edge that is there, with its entry in the feed.
    fn remove_edge(&mut self, from: u64, kind: EdgeKind, to: u64) -> Result<()> {
        self.set_edge(from, kind, to, false);
        let name = |seq| self.state.names.get(&seq).copied();
        // Both ends exist: an object goes together with its edges.
        let (Some((realm, from_kind, from_id)), Some((_, to_kind, to_id))) = (name(from), name(to)) else {
            return Err(Error::Backend("an edge ends at no object".into()));
        };
        self.note(realm, from_kind, from_id, Changed::EdgeRemoved(kind, to_kind, to_id));
        Ok(())
    }

    /// Counts a change of the edges that start at the object as a write of it.
    fn bump(&mut self, seq: u64) -> Result<()> {
        let found =
            self.state.names.get(&seq).and_then(|name| Some((*name, self.state.objects.get(name)?.clone())));
        let Some((name, mut stored)) = found else { return Ok(()) };
        stored.object.version += 1;
        stored.object.modified = self.at;
        self.replace(name, Some(stored))
    }

    fn note(&mut self, realm: Realm, kind: Kind, id: Uuid, what: Changed) {
        if kind.in_feed() {
            self.feed.push((realm, Change { kind, id, what, at: self.at }));
        }
    }
}
