//! The storage seam: realms of versioned objects, keys, edges, a change feed, and leases.
//!
//! The directory, every tenant of the service provider and every synchronization job keep their state in a
//! [`Realm`]: objects (an id, a version, a body of bytes), the keys they are found by, the edges between them
//! (memberships, managers: rows, never part of a document), and a feed of what changed, in the order of commit.
//!
//! Reads are methods of [`Store`]; a write is a value, a [`Transaction`], which a backend commits as a whole or
//! refuses as a whole. Nothing here knows SQL, and nothing may lean on there being a single writer: a backend
//! may answer [`Error::Serialization`] to any commit, and [`transact`] is the one place that tries again.

mod error;
pub mod keys;
mod names;
mod object;
mod overlay;
mod query;
mod retry;
mod transaction;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use error::{Error, Result};
pub use names::{EdgeKind, KeyName, Kind, Realm};
pub use object::{Edge, Key, Object};
pub use overlay::{MOST_WRITTEN, Overlay, Recorded};
pub use query::{
    Change, Changed, Changes, Cursor, EdgePage, EdgesOf, KeyRange, Order, PAGE_BYTES, Page, Position, Scan,
};
pub use retry::{commit, transact};
pub use transaction::{Committed, Expect, Fence, Op, Transaction};

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

/// A place where realms are kept. Cheap to share behind an `Arc`; every method may be called from any task.
#[async_trait::async_trait]
pub trait Store: Send + Sync + 'static {
    /// The object, or `None` where there is none of that kind and id in the realm.
    async fn get(&self, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>>;

    /// The objects of the first of those ids, in the order asked for, `None` for each that does not exist: of all ids,
    /// or, where the bodies reach [`PAGE_BYTES`], of fewer, but never of none.
    async fn get_many(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<Option<Object>>>;

    /// As [`Self::get_many`], of all ids, for callers who know that they ask for no more than fits into memory.
    async fn get_all(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<Option<Object>>> {
        let mut objects = self.get_many(realm, kind, ids).await?;
        while objects.len() < ids.len() {
            objects.extend(self.get_many(realm, kind, &ids[objects.len()..]).await?);
        }
        Ok(objects)
    }

    /// For each of those ids, in that order, whether there is an object of that kind.
    async fn exist(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>>;

    /// The objects that carry this key's name and value (unique or not), at most `limit`, in order of creation. For
    /// few: their bodies are read at once.
    async fn find(&self, realm: Realm, kind: Kind, key: &Key, limit: usize) -> Result<Vec<Object>>;

    /// The ids of the objects that carry a key in the range, each once, at most `limit`, in no order; all read at one
    /// instant.
    async fn ids(&self, realm: Realm, kind: Kind, range: KeyRange, limit: usize) -> Result<Vec<Uuid>>;

    /// One page of the objects of a kind. Pages that follow each other by [`Page::next`] neither lose nor repeat
    /// an object while others are written.
    async fn scan(&self, realm: Realm, kind: Kind, scan: Scan) -> Result<Page>;

    /// How many objects of a kind the realm holds: a counter kept with the writes, cheap at any size.
    async fn count(&self, realm: Realm, kind: Kind) -> Result<u64>;

    /// How many keys in the range the objects of a kind carry; no body is read.
    async fn count_keys(&self, realm: Realm, kind: Kind, range: KeyRange) -> Result<u64>;

    /// One page of the ids at the other end of an object's edges, in a stable order, at most `limit`.
    async fn edges(
        &self,
        realm: Realm,
        edge: EdgeKind,
        of: EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<EdgePage>;

    /// For each of these objects, which are of one kind, in that order, the first page of its edges, as [`Self::edges`]
    /// answers it; all read at one instant.
    async fn edges_of_each(
        &self,
        realm: Realm,
        edge: EdgeKind,
        kind: Kind,
        of: &[EdgesOf],
        limit: usize,
    ) -> Result<Vec<EdgePage>>;

    /// For each id in `to`, in that order, whether the edge from `from` to it exists.
    async fn has_edges(&self, realm: Realm, edge: EdgeKind, from: Uuid, to: &[Uuid]) -> Result<Vec<bool>>;

    /// How many edges of a kind the object has on that side.
    async fn count_edges(&self, realm: Realm, edge: EdgeKind, of: EdgesOf) -> Result<u64>;

    /// The position after the last change committed in the realm.
    async fn head(&self, realm: Realm) -> Result<Position>;

    /// The changes after a position, in the order of commit, at most `limit`. Complete: a change that commits
    /// later than a call never has a position before the one that the call returned.
    ///
    /// # Errors
    /// [`Error::PositionExpired`] when changes after that position have been pruned.
    async fn changes(&self, realm: Realm, after: &Position, limit: usize) -> Result<Changes>;

    /// The position before the first change that is kept and was made at that instant or later, by the clock of its writer;
    /// the head where there is none. Reading on from there never expires.
    async fn position_since(&self, realm: Realm, at: Timestamp) -> Result<Position>;

    /// Forgets the changes committed before `before`, up to the first that was not, and returns how many.
    async fn prune_changes(&self, realm: Realm, before: Timestamp) -> Result<u64>;

    /// Commits the whole transaction or refuses all of it. When this returns `Ok`, the change is durable.
    async fn commit(&self, transaction: Transaction) -> Result<Committed>;

    /// Removes a realm with everything in it. Removing one that does not exist does nothing. Positions in the feed
    /// of the removed realm expire, [`Position::START`] too when there were changes.
    async fn drop_realm(&self, realm: Realm) -> Result<()>;

    /// A counter that moves with every commit seen by this process: wakes a reader of the feed early. Only an
    /// accelerator; whoever needs to see changes of other processes polls as well.
    fn commits(&self) -> watch::Receiver<u64>;

    /// Takes the named lease until `now + ttl`, when it is free, expired, or already `holder`'s. `None` while
    /// somebody else holds it. Each change of holder gets a higher fencing token.
    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        ttl: std::time::Duration,
    ) -> Result<Option<Lease>>;

    /// Gives the lease back, if the token is still the current one.
    async fn release_lease(&self, lease: &Lease) -> Result<()>;

    /// Writes a consistent copy of the whole store to a file that does not exist yet, while others go on.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where copies are made by other means, which it names.
    async fn backup(&self, to: &std::path::Path) -> Result<()>;
}

/// A lease held: who may work on something until when, and the token that fences its writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is leased.
    pub name: String,
    /// Who holds it.
    pub holder: Uuid,
    /// Rises with every change of holder; goes into [`Transaction::fence`].
    pub token: u64,
    /// After this instant somebody else may take it.
    pub deadline: Timestamp,
}

impl Lease {
    /// The fence that makes a transaction fail once somebody else holds the lease.
    pub fn fence(&self) -> Fence {
        Fence { lease: self.name.clone(), token: self.token }
    }
}
