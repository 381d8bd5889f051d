//! A write, as a value.

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Edge, EdgeKind, Key, Kind, Position, Realm};

/// Everything that is to happen at once, or not at all. Operations take effect in order; a later one sees what an
/// earlier one did.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The instant that the transaction's objects and changes carry.
    pub at: Timestamp,
    /// Refuse the whole unless this lease is still held.
    pub fence: Option<Fence>,
    /// What is to happen.
    pub ops: Vec<Op>,
}

/// Proof of a lease: the commit fails with [`crate::Error::Fenced`] unless the token is the lease's current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The name of the lease.
    pub lease: String,
    /// The token it was acquired with.
    pub token: u64,
}

/// What has to hold of an object before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It does not exist ([`crate::Error::Exists`]).
    Absent,
    /// It exists ([`crate::Error::Missing`]).
    Present,
    /// It exists and has this version ([`crate::Error::VersionMismatch`]).
    Version(u64),
    /// Nothing.
    Any,
}

/// One step of a transaction.
#[derive(Clone, Debug)]
pub enum Op {
    /// Writes an object whole, with all its keys: keys that it had and that are not given are gone.
    Put {
        /// The realm.
        realm: Realm,
        /// The kind.
        kind: Kind,
        /// The id.
        id: Uuid,
        /// What must hold.
        expect: Expect,
        /// The document.
        body: Bytes,
        /// All keys.
        keys: Vec<Key>,
    },
    /// Gives an object other keys and leaves all else as it is: the document, the version, the times, the feed. For keys
    /// that are computed anew from a document that has not changed.
    Rekey {
        /// The realm.
        realm: Realm,
        /// The kind.
        kind: Kind,
        /// The id.
        id: Uuid,
        /// What must hold. [`Expect::Any`] makes it succeed where there is no object.
        expect: Expect,
        /// All keys.
        keys: Vec<Key>,
    },
    /// Deletes an object with its keys and every edge that starts or ends at it. Each edge that ended at it counts
    /// as a change of the object where it started.
    Delete {
        /// The realm.
        realm: Realm,
        /// The kind.
        kind: Kind,
        /// The id.
        id: Uuid,
        /// What must hold. [`Expect::Any`] makes deleting nothing succeed.
        expect: Expect,
    },
    /// Checks without writing.
    Require {
        /// The realm.
        realm: Realm,
        /// The kind.
        kind: Kind,
        /// The id.
        id: Uuid,
        /// What must hold.
        expect: Expect,
    },
    /// Adds an edge between two objects that exist; one that is there already stays, without an entry in the feed.
    AddEdge(Edge),
    /// Removes an edge; one that is not there is no error and leaves no entry in the feed.
    RemoveEdge(Edge),
    /// Removes every edge of the kind that starts at the object; its version rises by one if there was any.
    ClearEdges {
        /// The realm.
        realm: Realm,
        /// The kind of edge.
        edge: EdgeKind,
        /// Where the edges start.
        from: (Kind, Uuid),
    },
}

impl Transaction {
    /// An empty transaction at an instant.
    pub fn new(at: Timestamp) -> Self {
        Self { at, fence: None, ops: Vec::new() }
    }

    /// The same transaction, fenced.
    #[must_use]
    pub fn fenced(mut self, fence: Fence) -> Self {
        self.fence = Some(fence);
        self
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Adds an [`Op::Put`].
    pub fn put(
        &mut self,
        realm: Realm,
        kind: Kind,
        id: Uuid,
        expect: Expect,
        body: impl Into<Bytes>,
        keys: Vec<Key>,
    ) -> &mut Self {
        self.ops.push(Op::Put { realm, kind, id, expect, body: body.into(), keys });
        self
    }

    /// Adds an [`Op::Rekey`].
    pub fn rekey(&mut self, realm: Realm, kind: Kind, id: Uuid, expect: Expect, keys: Vec<Key>) -> &mut Self {
        self.ops.push(Op::Rekey { realm, kind, id, expect, keys });
        self
    }

    /// Adds an [`Op::Delete`].
    pub fn delete(&mut self, realm: Realm, kind: Kind, id: Uuid, expect: Expect) -> &mut Self {
        self.ops.push(Op::Delete { realm, kind, id, expect });
        self
    }

    /// Adds an [`Op::Require`].
    pub fn require(&mut self, realm: Realm, kind: Kind, id: Uuid, expect: Expect) -> &mut Self {
        self.ops.push(Op::Require { realm, kind, id, expect });
        self
    }

    /// Adds an [`Op::AddEdge`].
    pub fn add_edge(&mut self, edge: Edge) -> &mut Self {
        self.ops.push(Op::AddEdge(edge));
        self
    }

    /// Adds an [`Op::RemoveEdge`].
    pub fn remove_edge(&mut self, edge: Edge) -> &mut Self {
        self.ops.push(Op::RemoveEdge(edge));
        self
    }

    /// Adds an [`Op::ClearEdges`].
    pub fn clear_edges(&mut self, realm: Realm, edge: EdgeKind, from: (Kind, Uuid)) -> &mut Self {
        self.ops.push(Op::ClearEdges { realm, edge, from });
        self
    }
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// For each operation, in order, the version that its object has after the transaction (for an edge: the
    /// object where it starts); `None` for one that is gone or was never there.
    pub versions: Vec<Option<u64>>,
    /// For each operation, in order, whether it changed anything. A put always does, and so does a rekey of
    /// an object that exists.
    pub changed: Vec<bool>,
    /// The feed of the realm of the last operation, after this transaction. Reading on from here misses nothing
    /// that commits later; it may still show changes of this transaction, where others were under way.
    pub position: Position,
}
