//! A store behind a gate that every call passes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use store::{
    Changes, Committed, Cursor, EdgeKind, EdgePage, EdgesOf, Key, KeyRange, Kind, Lease, Object, Page,
    Position, Realm, Result, Scan, Store, Transaction,
};
use store_memory::MemoryStore;
use tokio::sync::watch;
use uuid::Uuid;

/// What happens at the gate.
#[async_trait::async_trait]
pub trait Gate: Send + Sync + 'static {
    /// A call comes, or its answer goes: it may be delayed, or never let through.
    async fn pass(&self) {}

    /// So many objects of a kind were read.
    fn read(&self, _kind: Kind, _objects: usize) {}
}

/// The store, and what stands before it.
#[derive(Default)]
pub struct Gated<G> {
    /// The store.
    pub store: Arc<MemoryStore>,
    /// What every call passes.
    pub gate: Arc<G>,
}

impl<G: Gate> Gated<G> {
    async fn call<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        self.gate.pass().await;
        let answer = call.await;
        self.gate.pass().await;
        answer
    }
}

#[async_trait::async_trait]
impl<G: Gate> Store for Gated<G> {
    async fn get(&self, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>> {
        let read = self.call(self.store.get(realm, kind, id)).await?;
        self.gate.read(kind, 1);
        Ok(read)
    }

    async fn get_many(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<Option<Object>>> {
        let read = self.call(self.store.get_many(realm, kind, ids)).await?;
        self.gate.read(kind, read.len());
        Ok(read)
    }

    async fn exist(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>> {
        self.call(self.store.exist(realm, kind, ids)).await
    }

    async fn find(&self, realm: Realm, kind: Kind, key: &Key, limit: usize) -> Result<Vec<Object>> {
        let read = self.call(self.store.find(realm, kind, key, limit)).await?;
        self.gate.read(kind, read.len());
        Ok(read)
    }

    async fn ids(&self, realm: Realm, kind: Kind, range: KeyRange, limit: usize) -> Result<Vec<Uuid>> {
        self.call(self.store.ids(realm, kind, range, limit)).await
    }

    async fn scan(&self, realm: Realm, kind: Kind, scan: Scan) -> Result<Page> {
        let page = self.call(self.store.scan(realm, kind, scan)).await?;
        self.gate.read(kind, page.objects.len());
        Ok(page)
    }

    async fn count(&self, realm: Realm, kind: Kind) -> Result<u64> {
        self.call(self.store.count(realm, kind)).await
    }

    async fn count_keys(&self, realm: Realm, kind: Kind, range: KeyRange) -> Result<u64> {
        self.call(self.store.count_keys(realm, kind, range)).await
    }

    async fn edges(
        &self,
        realm: Realm,
        edge: EdgeKind,
        of: EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<EdgePage> {
        self.call(self.store.edges(realm, edge, of, after, limit)).await
    }

    async fn edges_of_each(
        &self,
        realm: Realm,
        edge: EdgeKind,
        kind: Kind,
        of: &[EdgesOf],
        limit: usize,
    ) -> Result<Vec<EdgePage>> {
        self.call(self.store.edges_of_each(realm, edge, kind, of, limit)).await
    }

    async fn has_edges(&self, realm: Realm, edge: EdgeKind, from: Uuid, to: &[Uuid]) -> Result<Vec<bool>> {
        self.call(self.store.has_edges(realm, edge, from, to)).await
    }

    async fn count_edges(&self, realm: Realm, edge: EdgeKind, of: EdgesOf) -> Result<u64> {
        self.call(self.store.count_edges(realm, edge, of)).await
    }

    async fn head(&self, realm: Realm) -> Result<Position> {
        self.call(self.store.head(realm)).await
    }

    async fn changes(&self, realm: Realm, after: &Position, limit: usize) -> Result<Changes> {
        self.call(self.store.changes(realm, after, limit)).await
    }

    async fn position_since(&self, realm: Realm, at: Timestamp) -> Result<Position> {
        self.call(self.store.position_since(realm, at)).await
    }

    async fn prune_changes(&self, realm: Realm, before: Timestamp) -> Result<u64> {
        self.call(self.store.prune_changes(realm, before)).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Committed> {
        self.call(self.store.commit(transaction)).await
    }

    async fn drop_realm(&self, realm: Realm) -> Result<()> {
        self.call(self.store.drop_realm(realm)).await
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.store.commits()
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Lease>> {
        self.call(self.store.acquire_lease(name, holder, now, ttl)).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        self.call(self.store.release_lease(lease)).await
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        self.call(self.store.backup(to)).await
    }
}
