//! What is kept, and the transaction on it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use jiff::Timestamp;
use store::{Change, EdgeKind, Error, Key, KeyName, Kind, Object, Position, Realm, Result};
use uuid::Uuid;

/// What names an object.
pub(crate) type Name = (Realm, Kind, Uuid);

/// A place in the feed: the ticket of the transaction, and the number of the change within it.
pub(crate) type Place = (u64, u32);

/// An object with what only the store knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub object: Object,
    /// The order of creation; stands for the object in edges and keys.
    pub seq: u64,
    pub keys: Vec<Key>,
}

/// A lease, held or given back.
#[derive(Debug)]
pub(crate) struct LeaseRow {
    pub holder: Option<Uuid>,
    pub token: u64,
    pub deadline: Timestamp,
}

/// Everything the store holds.
#[derive(Default)]
pub(crate) struct State {
    pub objects: HashMap<Name, Stored>,
    pub names: HashMap<u64, Name>,
    pub order: BTreeSet<(Realm, Kind, u64)>,
    pub counts: HashMap<(Realm, Kind), u64>,
    pub keys: BTreeMap<(Realm, Kind, KeyName, Bytes, u64), bool>,
    pub edges_from: BTreeSet<(u64, EdgeKind, u64)>,
    pub edges_to: BTreeSet<(u64, EdgeKind, u64)>,
    pub feed: BTreeMap<(Realm, Place), Change>,
    pub horizon: HashMap<Realm, Place>,
    pub leases: HashMap<String, LeaseRow>,
    /// The transaction that touched an object last, also of objects that are gone.
    pub touched: HashMap<Name, u64>,
    /// The last ticket given out when a realm was dropped: older transactions come too late for it.
    pub dropped: HashMap<Realm, u64>,
    /// Tickets given out and not yet committed or refused: nothing at or after the lowest is readable in the feed.
    pub in_flight: BTreeSet<u64>,
    pub last_seq: u64,
    pub last_ticket: u64,
}

/// One step back.
pub(crate) enum Undo {
    Object(Name, Option<Box<Stored>>),
    Edge { from: u64, kind: EdgeKind, to: u64, was_there: bool },
}

impl State {
    /// The objects of that id, whatever their kind, in order of creation.
    pub fn seqs(&self, realm: Realm, id: Uuid) -> Vec<u64> {
        let mut seqs: Vec<u64> = Kind::ALL
            .iter()
            .filter_map(|kind| self.objects.get(&(realm, *kind, id)).map(|stored| stored.seq))
            .collect();
        seqs.sort_unstable();
        seqs
    }

    /// Puts or removes an object with its keys, and returns what was there.
    pub fn replace(&mut self, name: Name, new: Option<Stored>) -> Option<Stored> {
        let (realm, kind, _) = name;
        let old = self.objects.remove(&name);
        let count = self.counts.entry((realm, kind)).or_default();
        if let Some(old) = &old {
            *count -= 1;
            self.names.remove(&old.seq);
            self.order.remove(&(realm, kind, old.seq));
            for key in &old.keys {
                self.keys.remove(&(realm, kind, key.name, key.value.clone(), old.seq));
            }
        }
        if let Some(new) = new {
            *count += 1;
            self.names.insert(new.seq, name);
            self.order.insert((realm, kind, new.seq));
            for key in &new.keys {
                self.keys.insert((realm, kind, key.name, key.value.clone(), new.seq), key.unique);
            }
            self.objects.insert(name, new);
        }
        old
    }

    /// Adds or removes an edge, and returns whether it was there.
    pub fn set_edge(&mut self, from: u64, kind: EdgeKind, to: u64, present: bool) -> bool {
        if present {
            self.edges_to.insert((to, kind, from));
            !self.edges_from.insert((from, kind, to))
        } else {
            self.edges_to.remove(&(to, kind, from));
            self.edges_from.remove(&(from, kind, to))
        }
    }

    /// Takes back what a refused transaction has done.
    pub fn roll_back(&mut self, undo: Vec<Undo>) {
        for step in undo.into_iter().rev() {
            match step {
                Undo::Object(name, old) => {
                    self.replace(name, old.map(|old| *old));
                }
                Undo::Edge { from, kind, to, was_there } => {
                    self.set_edge(from, kind, to, was_there);
                }
            }
        }
    }

    /// The first place that is not readable yet.
    pub fn readable_before(&self) -> Place {
        (self.in_flight.first().copied().unwrap_or(self.last_ticket + 1), 0)
    }

    /// The last readable place of a realm's feed.
    pub fn head(&self, realm: Realm) -> Place {
        let last = self.feed.range((realm, (0, 0))..(realm, self.readable_before())).next_back();
        let horizon = self.horizon.get(&realm).copied().unwrap_or_default();
        last.map_or(horizon, |((_, place), _)| (*place).max(horizon))
    }

    /// Removes a realm with everything in it.
    pub fn drop_realm(&mut self, realm: Realm) {
        let names: Vec<Name> = self.objects.keys().filter(|name| name.0 == realm).copied().collect();
        for name in names {
            if let Some(stored) = self.replace(name, None) {
                for kind in EdgeKind::ALL {
                    for to in ends(&self.edges_from, stored.seq, *kind) {
                        self.set_edge(stored.seq, *kind, to, false);
                    }
                }
            }
        }
        self.touched.retain(|name, _| name.0 != realm);
        self.dropped.insert(realm, self.last_ticket);
        let had: Vec<Place> = self
            .feed
            .range((realm, (0, 0))..=(realm, (u64::MAX, u32::MAX)))
            .map(|((_, place), _)| *place)
            .collect();
        for place in &had {
            self.feed.remove(&(realm, *place));
        }
        if let Some(last) = had.last() {
            self.horizon.insert(realm, *last);
        }
    }
}

/// The other ends of the edges of a kind at an object.
pub(crate) fn ends(edges: &BTreeSet<(u64, EdgeKind, u64)>, of: u64, kind: EdgeKind) -> Vec<u64> {
    edges.range((of, kind, 0)..=(of, kind, u64::MAX)).map(|edge| edge.2).collect()
}

/// A place as a position, and back.
pub(crate) fn position(place: Place) -> Position {
    if place == (0, 0) {
        return Position::START;
    }
    let mut bytes = place.0.to_be_bytes().to_vec();
    bytes.extend(place.1.to_be_bytes());
    Position(bytes.into())
}

/// The place of a position.
pub(crate) fn place(position: &Position) -> Result<Place> {
    if position.0.is_empty() {
        return Ok((0, 0));
    }
    let (ticket, number) = position.0.split_first_chunk::<8>().ok_or(Error::InvalidCursor)?;
    let number: [u8; 4] = number.try_into().map_err(|_| Error::InvalidCursor)?;
    Ok((u64::from_be_bytes(*ticket), u32::from_be_bytes(number)))
}
