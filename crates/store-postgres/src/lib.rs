//! The storage seam on PostgreSQL: any number of nodes share a database.
//!
//! Each node commits what has gathered in one transaction at a time ([`writer`]): what it needs is read in one round
//! trip, decided in memory ([`draft`]), and written in another. A transaction locks the rows of the realms that it writes
//! to before anything else, so that the numbers counted there, the places in the feed among them, are in the order of
//! commit whatever node commits. Nothing goes beyond what databases that speak PostgreSQL's protocol share: no advisory
//! locks, no notifications, no procedures.

mod address;
mod columns;
mod draft;
mod error;
mod lease;
mod long;
mod needs;
mod pipeline;
mod pool;
mod read;
mod realms;
mod scan;
mod schema;
mod tls;
mod write;
mod writer;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use store::{
    Changes, Committed, Cursor, EdgeKind, EdgePage, EdgesOf, Error, Key, KeyRange, Kind, Lease, Object, Page,
    Position, Realm, Result, Scan, Store, Transaction,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use address::Address;
use pool::Pool;
use realms::Sweeper;
use writer::Job;

/// Transactions that may wait for the writer; further callers wait to be let in.
const QUEUE: usize = 4096;

/// A store in a PostgreSQL database. Dropping it finishes what was begun, in the background; [`Self::close`] waits for that.
pub struct PostgresStore {
    pool: Pool,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    commits: watch::Receiver<u64>,
    writer: Mutex<Option<JoinHandle<()>>>,
    sweeper: Sweeper,
}

impl PostgresStore {
    /// Opens the store in a database, whose tables are made when there are none.
    ///
    /// # Errors
    /// [`Error::Unavailable`] while the database cannot be reached; [`Error::TooNew`] when a newer program has been
    /// there; [`Error::Backend`] when it refuses.
    pub async fn open(address: &Address) -> Result<Self> {
        let pool = Pool::new(address)?;
        schema::prepare(&pool).await?;
        let (commits, seen) = watch::channel(0);
        let (jobs, receiver) = mpsc::channel(QUEUE);
        let writer = tokio::spawn(writer::run(pool.clone(), receiver, commits));
        let sweeper = Sweeper::start(pool.clone());
        Ok(Self {
            pool,
            jobs: Mutex::new(Some(jobs)),
            commits: seen,
            writer: Mutex::new(Some(writer)),
            sweeper,
        })
    }

    /// Finishes what was begun, and lets go of the database. Calls after this answer [`Error::Closed`].
    pub async fn close(&self) -> Result<()> {
        self.jobs.lock().take();
        let writer = self.writer.lock().take();
        if let Some(writer) = writer {
            writer.await.map_err(|_| Error::Backend("the writing task ended in a panic".into()))?;
        }
        self.sweeper.end();
        self.pool.close();
        Ok(())
    }
}

#[async_trait::async_trait]
impl Store for PostgresStore {
    async fn get(&self, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>> {
        read::get(&self.pool, realm, kind, id).await
    }

    async fn get_many(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<Option<Object>>> {
        read::get_many(&self.pool, realm, kind, ids).await
    }

    async fn exist(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>> {
        read::exist(&self.pool, realm, kind, ids).await
    }

    async fn find(&self, realm: Realm, kind: Kind, key: &Key, limit: usize) -> Result<Vec<Object>> {
        read::find(&self.pool, realm, kind, key, limit).await
    }

    async fn ids(&self, realm: Realm, kind: Kind, range: KeyRange, limit: usize) -> Result<Vec<Uuid>> {
        scan::ids(&self.pool, realm, kind, &range, limit).await
    }

    async fn scan(&self, realm: Realm, kind: Kind, scan: Scan) -> Result<Page> {
        scan::page(&self.pool, realm, kind, &scan).await
    }

    async fn count(&self, realm: Realm, kind: Kind) -> Result<u64> {
        read::count(&self.pool, realm, kind).await
    }

    async fn count_keys(&self, realm: Realm, kind: Kind, range: KeyRange) -> Result<u64> {
        scan::count(&self.pool, realm, kind, &range).await
    }

    async fn edges(
        &self,
        realm: Realm,
        edge: EdgeKind,
        of: EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<EdgePage> {
        read::edges(&self.pool, realm, edge, of, after.as_ref(), limit).await
    }

    async fn edges_of_each(
        &self,
        realm: Realm,
        edge: EdgeKind,
        kind: Kind,
        of: &[EdgesOf],
        limit: usize,
    ) -> Result<Vec<EdgePage>> {
        read::edges_of_each(&self.pool, (realm, kind), edge, of, limit).await
    }

    async fn has_edges(&self, realm: Realm, edge: EdgeKind, from: Uuid, to: &[Uuid]) -> Result<Vec<bool>> {
        read::has_edges(&self.pool, realm, edge, from, to).await
    }

    async fn count_edges(&self, realm: Realm, edge: EdgeKind, of: EdgesOf) -> Result<u64> {
        read::count_edges(&self.pool, realm, edge, of).await
    }

    async fn head(&self, realm: Realm) -> Result<Position> {
        read::head(&self.pool, realm).await
    }

    async fn changes(&self, realm: Realm, after: &Position, limit: usize) -> Result<Changes> {
        read::changes(&self.pool, realm, after, limit).await
    }

    async fn position_since(&self, realm: Realm, at: Timestamp) -> Result<Position> {
        read::position_since(&self.pool, realm, at).await
    }

    async fn prune_changes(&self, realm: Realm, before: Timestamp) -> Result<u64> {
        realms::prune(&self.pool, realm, before).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Committed> {
        let jobs = self.jobs.lock().clone().ok_or(Error::Closed)?;
        let (job, answer) = Job::new(transaction);
        jobs.send(job).await.map_err(|_| Error::Closed)?;
        drop(jobs);
        answer.await.map_err(|_| Error::Closed)?
    }

    async fn drop_realm(&self, realm: Realm) -> Result<()> {
        realms::drop_realm(&self.pool, realm).await?;
        self.sweeper.wake();
        Ok(())
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.commits.clone()
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Lease>> {
        lease::acquire(&self.pool, name, holder, now, ttl).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        lease::release(&self.pool, lease).await
    }

    async fn backup(&self, _: &Path) -> Result<()> {
        Err(Error::Unsupported(
            "the data is in a PostgreSQL database, which is backed up by its own means: pg_dump, or the provider's".into(),
        ))
    }
}
