//! What reads ask for and answer.

use std::ops::Bound;

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{EdgeKind, Key, KeyName, Kind, Object};

/// Bytes of bodies after which a page of objects ends, however many were asked for: with the object that reaches them.
/// Objects may have a megabyte each, and what a reader asks for by number is bounded in memory so.
pub const PAGE_BYTES: usize = 1 << 20;

/// In what order, from where and how many objects a scan returns.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The order of the objects.
    pub order: Order,
    /// From the last object to the first.
    pub descending: bool,
    /// Continue after an earlier page; only with the order and direction that the page was read with.
    pub after: Option<Cursor>,
    /// Leave out this many objects first.
    pub offset: u64,
    /// At most this many objects; fewer where their bodies reach [`PAGE_BYTES`].
    pub limit: usize,
}

impl Scan {
    /// The first page in order of creation.
    pub fn first(limit: usize) -> Self {
        Self { order: Order::Creation, descending: false, after: None, offset: 0, limit }
    }

    /// The objects that carry a key in the range, in the order of its values, then of creation.
    pub fn by_key(name: KeyName, from: Bound<Bytes>, to: Bound<Bytes>, limit: usize) -> Self {
        Self { order: Order::Key { name, from, to }, ..Self::first(limit) }
    }

    /// The same scan, continued after an earlier page.
    #[must_use]
    pub fn after(mut self, cursor: Option<Cursor>) -> Self {
        self.after = cursor;
        self
    }

    /// The same scan, last object first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }
}

/// A range of the values of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The key.
    pub name: KeyName,
    /// The lowest value.
    pub from: Bound<Bytes>,
    /// The highest value.
    pub to: Bound<Bytes>,
}

impl KeyRange {
    /// One value.
    pub fn exactly(key: Key) -> Self {
        Self { name: key.name, from: Bound::Included(key.value.clone()), to: Bound::Included(key.value) }
    }

    /// The values that begin with these bytes.
    pub fn beginning_with(name: KeyName, prefix: &[u8]) -> Self {
        let mut above = prefix.to_vec();
        while above.pop_if(|last| *last == u8::MAX).is_some() {}
        let to = match above.last_mut() {
            Some(last) => {
                *last += 1;
                Bound::Excluded(Bytes::from(above))
            }
            None => Bound::Unbounded,
        };
        Self { name, from: Bound::Included(Bytes::copy_from_slice(prefix)), to }
    }
}

/// The order of a scan.
#[derive(Clone, Debug)]
pub enum Order {
    /// As the objects were created.
    Creation,
    /// By the value of a key; objects without it are left out, one with several values in the range comes once
    /// for each.
    Key {
        /// The key.
        name: KeyName,
        /// The lowest value.
        from: Bound<Bytes>,
        /// The highest value.
        to: Bound<Bytes>,
    },
}

/// Where a scan goes on. Opaque to everyone but the backend that made it; safe to hand to a client and take back
/// (a cursor that was tampered with is refused as [`crate::Error::InvalidCursor`] or reads a page elsewhere).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Bytes);

/// One page of a scan.
#[derive(Clone, Debug)]
pub struct Page {
    /// The objects, in the order asked for.
    pub objects: Vec<Object>,
    /// For each of them the value of the key that it was found by; empty in order of creation.
    pub values: Vec<Bytes>,
    /// Where the next page starts; `None` when this was the last one.
    pub next: Option<Cursor>,
}

/// Which end of the edges is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgesOf {
    /// The edges that start at this object.
    From(Uuid),
    /// The edges that end at this object.
    To(Uuid),
}

/// One page of the other ends of an object's edges.
#[derive(Clone, Debug)]
pub struct EdgePage {
    /// Kind and id of the objects at the other end.
    pub others: Vec<(Kind, Uuid)>,
    /// Where the next page starts; `None` when this was the last one.
    pub next: Option<Cursor>,
}

/// A place in the feed of a realm. Opaque; only the realm's own backend orders positions.
#[derive(Clone, Debug, PartialEq, Eq, Default, Hash)]
pub struct Position(pub Bytes);

impl Position {
    /// Before the first change.
    pub const START: Self = Self(Bytes::new());
}

/// A part of the feed.
#[derive(Clone, Debug)]
pub struct Changes {
    /// What changed, in the order of commit.
    pub changes: Vec<Change>,
    /// Where to read on. Never before the position that was asked for.
    pub position: Position,
    /// Whether more changes were there already when this was read.
    pub more: bool,
}

/// One entry of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The kind of the object that changed (for an edge: of the object where it starts).
    pub kind: Kind,
    /// The object that changed.
    pub id: Uuid,
    /// What happened to it.
    pub what: Changed,
    /// When, by the clock of the writer.
    pub at: Timestamp,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Created.
    Created,
    /// Written, and there before.
    Written,
    /// Deleted. Its edges are gone; each one that ended at it has an entry of its own before this one.
    Deleted,
    /// An edge to that object was added.
    EdgeAdded(EdgeKind, Kind, Uuid),
    /// An edge to that object was removed.
    EdgeRemoved(EdgeKind, Kind, Uuid),
}
