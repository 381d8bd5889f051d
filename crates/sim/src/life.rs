//! A process that can die or freeze between any two steps.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use store::{
    Changes, Committed, Cursor, EdgeKind, EdgePage, EdgesOf, Key, KeyRange, Kind, Lease, Object, Page,
    Position, Realm, Result, Scan, Store, Transaction,
};
use store_memory::MemoryStore;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a process lives. Whatever it does goes through [`Life::step`], which a dead one never leaves.
pub struct Life {
    /// Steps until it dies; below zero it is dead.
    left: AtomicI64,
    frozen_until: Mutex<Option<Instant>>,
}

impl Life {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(i64::MAX), frozen_until: Mutex::new(None) })
    }

    /// Dies after so many more steps.
    pub fn end_after(&self, steps: u32) {
        self.left.store(i64::from(steps), Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        self.left.load(Ordering::Relaxed) < 0
    }

    /// Stands still for a while, as a machine that is suspended.
    pub fn freeze(&self, time: Duration) {
        *self.frozen_until.lock() = Some(Instant::now() + time);
    }

    /// One step; the point at which death comes.
    pub async fn step(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            self.left.store(-1, Ordering::Relaxed);
            std::future::pending::<()>().await;
        }
    }

    /// A step at which a frozen process stands still.
    async fn step_or_freeze(&self) {
        let until = *self.frozen_until.lock();
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
        self.step().await;
    }
}

/// The store as a process sees it that may die before a call, or after it without having seen the answer.
pub struct Mortal {
    pub store: Arc<MemoryStore>,
    pub life: Arc<Life>,
}

impl Mortal {
    async fn call<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        self.life.step_or_freeze().await;
        let answer = call.await;
        self.life.step_or_freeze().await;
        answer
    }
}

#[async_trait::async_trait]
impl Store for Mortal {
    async fn get(&self, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>> {
        self.call(self.store.get(realm, kind, id)).await
    }

    async fn get_many(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<Option<Object>>> {
        self.call(self.store.get_many(realm, kind, ids)).await
    }

    async fn exist(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>> {
        self.call(self.store.exist(realm, kind, ids)).await
    }

    async fn find(&self, realm: Realm, kind: Kind, key: &Key, limit: usize) -> Result<Vec<Object>> {
        self.call(self.store.find(realm, kind, key, limit)).await
    }

    async fn ids(&self, realm: Realm, kind: Kind, range: KeyRange, limit: usize) -> Result<Vec<Uuid>> {
        self.call(self.store.ids(realm, kind, range, limit)).await
    }

    async fn scan(&self, realm: Realm, kind: Kind, scan: Scan) -> Result<Page> {
        self.call(self.store.scan(realm, kind, scan)).await
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

    async fn edges_to_each(
        &self,
        realm: Realm,
        edge: EdgeKind,
        kind: Kind,
        to: &[Uuid],
        limit: usize,
    ) -> Result<Vec<EdgePage>> {
        self.call(self.store.edges_to_each(realm, edge, kind, to, limit)).await
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
