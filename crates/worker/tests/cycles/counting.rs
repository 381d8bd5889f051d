//! A store that counts how many source objects are read.

use std::sync::atomic::{AtomicU64, Ordering};

use model::ObjectType;
use store::{
    Changes, Committed, Cursor, EdgeKind, EdgePage, EdgesOf, Key, KeyRange, Kind, Lease, Object, Page,
    Position, Realm, Result, Scan, Store, Transaction,
};
use store_memory::MemoryStore;
use tokio::sync::watch;
use uuid::Uuid;

#[derive(Default)]
pub struct Counting {
    inner: MemoryStore,
    users: AtomicU64,
    groups: AtomicU64,
}

impl Counting {
    fn note(&self, kind: Kind, read: usize) {
        let counter = match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
            _ => return,
        };
        counter.fetch_add(read as u64, Ordering::Relaxed);
    }

    /// How many users and groups have been read since this was asked last.
    pub fn take(&self, object_type: ObjectType) -> u64 {
        match object_type {
            ObjectType::User => self.users.swap(0, Ordering::Relaxed),
            ObjectType::Group => self.groups.swap(0, Ordering::Relaxed),
        }
    }
}

#[async_trait::async_trait]
impl Store for Counting {
    async fn get(&self, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>> {
        self.note(kind, 1);
        self.inner.get(realm, kind, id).await
    }

    async fn get_many(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<Option<Object>>> {
        let read = self.inner.get_many(realm, kind, ids).await?;
        self.note(kind, read.len());
        Ok(read)
    }

    async fn exist(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>> {
        self.inner.exist(realm, kind, ids).await
    }

    async fn find(&self, realm: Realm, kind: Kind, key: &Key, limit: usize) -> Result<Vec<Object>> {
        let read = self.inner.find(realm, kind, key, limit).await?;
        self.note(kind, read.len());
        Ok(read)
    }

    async fn ids(&self, realm: Realm, kind: Kind, range: KeyRange, limit: usize) -> Result<Vec<Uuid>> {
        self.inner.ids(realm, kind, range, limit).await
    }

    async fn scan(&self, realm: Realm, kind: Kind, scan: Scan) -> Result<Page> {
        let page = self.inner.scan(realm, kind, scan).await?;
        self.note(kind, page.objects.len());
        Ok(page)
    }

    async fn count(&self, realm: Realm, kind: Kind) -> Result<u64> {
        self.inner.count(realm, kind).await
    }

    async fn count_keys(&self, realm: Realm, kind: Kind, range: KeyRange) -> Result<u64> {
        self.inner.count_keys(realm, kind, range).await
    }

    async fn edges(
        &self,
        realm: Realm,
        edge: EdgeKind,
        of: EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<EdgePage> {
        self.inner.edges(realm, edge, of, after, limit).await
    }

    async fn edges_to_each(
        &self,
        realm: Realm,
        edge: EdgeKind,
        kind: Kind,
        to: &[Uuid],
        limit: usize,
    ) -> Result<Vec<EdgePage>> {
        self.inner.edges_to_each(realm, edge, kind, to, limit).await
    }

    async fn has_edges(&self, realm: Realm, edge: EdgeKind, from: Uuid, to: &[Uuid]) -> Result<Vec<bool>> {
        self.inner.has_edges(realm, edge, from, to).await
    }

    async fn count_edges(&self, realm: Realm, edge: EdgeKind, of: EdgesOf) -> Result<u64> {
        self.inner.count_edges(realm, edge, of).await
    }

    async fn head(&self, realm: Realm) -> Result<Position> {
        self.inner.head(realm).await
    }

    async fn changes(&self, realm: Realm, after: &Position, limit: usize) -> Result<Changes> {
        self.inner.changes(realm, after, limit).await
    }

    async fn prune_changes(&self, realm: Realm, before: jiff::Timestamp) -> Result<u64> {
        self.inner.prune_changes(realm, before).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Committed> {
        self.inner.commit(transaction).await
    }

    async fn drop_realm(&self, realm: Realm) -> Result<()> {
        self.inner.drop_realm(realm).await
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.inner.commits()
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: jiff::Timestamp,
        ttl: std::time::Duration,
    ) -> Result<Option<Lease>> {
        self.inner.acquire_lease(name, holder, now, ttl).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        self.inner.release_lease(lease).await
    }

    async fn backup(&self, to: &std::path::Path) -> Result<()> {
        self.inner.backup(to).await
    }
}
