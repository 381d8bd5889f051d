//! What is stored: objects, the keys they are found by, the edges between them.

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{EdgeKind, KeyName, Kind, Realm};

/// An object as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Unique among the objects of its kind in its realm.
    pub id: Uuid,
    /// 1 when created, one more with every write of it and every change of the edges that start at it.
    pub version: u64,
    /// When it was created.
    pub created: Timestamp,
    /// When it, or an edge that starts at it, was last written.
    pub modified: Timestamp,
    /// The document, as written.
    pub body: Bytes,
}

/// One value an object is found by. A unique key belongs to at most one object of a kind in a realm; lookup keys
/// with the same name and value do not stand in its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// What the value is.
    pub name: KeyName,
    /// The value, already folded by the caller where case does not count. Ordered bytewise.
    pub value: Bytes,
    /// Whether another object of the kind may carry the same name and value.
    pub unique: bool,
}

impl Key {
    /// A key that only one object of a kind may carry.
    pub fn unique(name: KeyName, value: impl Into<Bytes>) -> Self {
        Self { name, value: value.into(), unique: true }
    }

    /// A key that many objects may carry.
    pub fn lookup(name: KeyName, value: impl Into<Bytes>) -> Self {
        Self { name, value: value.into(), unique: false }
    }

    /// The bytes of an instant that sort as the instants do.
    pub fn instant(at: Timestamp) -> Bytes {
        let sortable = at.as_microsecond().cast_unsigned() ^ (1 << 63);
        Bytes::copy_from_slice(&sortable.to_be_bytes())
    }
}

/// An edge between two objects of one realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The realm of both ends.
    pub realm: Realm,
    /// What the edge means.
    pub kind: EdgeKind,
    /// Where it starts.
    pub from: (Kind, Uuid),
    /// Where it ends.
    pub to: (Kind, Uuid),
}
