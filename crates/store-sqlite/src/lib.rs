//! The storage seam on SQLite: one file in a data directory, one process at a time, one thread that writes and
//! commits what has gathered, any number that read.

mod apply;
mod cache;
mod copies;
mod garbage;
mod jobs;
mod lock;
mod pool;
mod read;
mod scan;
mod schema;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use store::{
    Changes, Committed, Cursor, EdgeKind, EdgePage, EdgesOf, Error, Key, KeyRange, Kind, Lease, Object, Page,
    Position, Realm, Result, Scan, Store, Transaction,
};
use tokio::sync::{Semaphore, mpsc, watch};
use uuid::Uuid;

pub use copies::{Claim, restore, verify};
use pool::Pool;
use writer::{Job, Work, Writer};

/// The name of the database in the data directory.
const FILE: &str = "provost.db";

/// Jobs that may wait for the writer; further callers wait to be let in.
const QUEUE: usize = 4096;

/// Reads of more objects than this go to a thread that may block, and so many of these at once.
const INLINE: usize = 100;
const BLOCKING: usize = 4;

/// Why a job failed: refused for what it asks, or because SQLite could not do it.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Refused(#[from] Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// What SQLite says, for people.
fn explain(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => {
            "the disk is full: make room where the data directory is".into()
        }
        _ => error.to_string(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn backend(error: rusqlite::Error) -> Error {
    Error::Backend(explain(&error))
}

/// A store in a data directory. Dropping it finishes what was begun; [`Self::close`] does so without blocking the
/// task.
pub struct SqliteStore {
    pool: Arc<Pool>,
    blocking: Arc<Semaphore>,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    commits: watch::Receiver<u64>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Free once the writer is done.
    lock: Mutex<Option<File>>,
}

impl SqliteStore {
    /// Opens the store of a data directory, made when it does not exist; an older format is migrated, after a copy of
    /// the file is kept beside it.
    ///
    /// # Errors
    /// [`Error::Locked`] while another process has it open; [`Error::TooNew`] when a newer program wrote it;
    /// [`Error::Backend`] when it cannot be read or written, or is no store of this program.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::open_with(dir, None)
    }

    /// As [`Self::open`]; the database does not grow beyond so many pages.
    fn open_with(dir: &Path, pages: Option<i64>) -> Result<Self> {
        let path = file_in(dir);
        let failed =
            |error: std::io::Error| Error::Backend(format!("cannot open {}: {error}", path.display()));
        private_dir(dir).and_then(|()| private_file(&path)).map_err(failed)?;
        let lock = lock::take(dir)?;
        let format = schema::format_of(&path)?;
        let mut connection = pool::open(&path, 8192).map_err(backend)?;
        prepare(&connection, pages).map_err(backend)?;
        schema::migrate(&mut connection, &path, format, schema::STEPS)?;

        let (commits, seen) = watch::channel(0);
        let log = path.with_file_name(format!("{FILE}-wal"));
        let pool = Arc::new(Pool::new(path));
        let writer = Writer::new(connection, Arc::clone(&pool), commits, log).map_err(backend)?;
        let (jobs, receiver) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(receiver))
            .map_err(|error| Error::Backend(format!("cannot start the writing thread: {error}")))?;
        Ok(Self {
            pool,
            blocking: Arc::new(Semaphore::new(BLOCKING)),
            jobs: Mutex::new(Some(jobs)),
            commits: seen,
            writer: Mutex::new(Some(thread)),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Finishes what was begun, empties the log into the database, and lets go of the data directory. Calls after
    /// this answer [`Error::Closed`].
    pub async fn close(&self) -> Result<()> {
        let (thread, lock) = self.stop();
        let wait = move || {
            let ended = thread.is_none_or(|thread| thread.join().is_ok());
            drop(lock);
            if ended { Ok(()) } else { Err(Error::Backend("the writing thread ended in a panic".into())) }
        };
        tokio::task::spawn_blocking(wait).await.map_err(|_| Error::Closed)?
    }

    fn stop(&self) -> (Option<JoinHandle<()>>, Option<File>) {
        self.pool.close();
        self.jobs.lock().take();
        (self.writer.lock().take(), self.lock.lock().take())
    }

    /// Has the writer do something, and waits until that is on disk.
    async fn write<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Work<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        let jobs = self.jobs.lock().clone().ok_or(Error::Closed)?;
        let (job, answer) = Job::new(run);
        jobs.send(job).await.map_err(|_| Error::Closed)?;
        drop(jobs);
        let given_up = || {
            // Without an answer: the store was closed, or SQLite could not even begin (which is in the log).
            let open = self.jobs.lock().is_some();
            if open { Error::Backend("the write could not begin".into()) } else { Error::Closed }
        };
        answer.await.map_err(|_| given_up())?
    }

    /// Reads much, on a thread that may block.
    async fn read_much<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.blocking.clone().acquire_owned().await.map_err(|_| Error::Closed)?;
        let pool = self.pool.clone();
        let run = move || {
            let _permit = permit;
            pool.read(read)
        };
        tokio::task::spawn_blocking(run).await.map_err(|_| Error::Closed)?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        let (thread, _lock) = self.stop();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// The database file in a data directory.
pub fn file_in(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Opens a file, made readable by nobody else when it does not exist.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a directory, readable by nobody else, when it does not exist.
fn private_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

/// Settings of the connection that writes.
fn prepare(connection: &rusqlite::Connection, pages: Option<i64>) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Where a savepoint keeps the pages it changes, for taking them back: in a file it costs more than the writes.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Nobody else writes; what waits is only the emptying of the log, for readers, and it can wait for another time.
    connection.busy_timeout(Duration::from_millis(200))?;
    if let Some(pages) = pages {
        connection.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl Store for SqliteStore {
    async fn get(&self, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>> {
        self.pool.read(|connection| read::get(connection, realm, kind, id))
    }

    async fn get_many(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<Option<Object>>> {
        if ids.len() <= INLINE {
            return self.pool.read(|connection| read::get_many(connection, realm, kind, ids));
        }
        let ids = ids.to_vec();
        self.read_much(move |connection| read::get_many(connection, realm, kind, &ids)).await
    }

    async fn exist(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>> {
        if ids.len() <= INLINE {
            return self.pool.read(|connection| read::exist(connection, realm, kind, ids));
        }
        let ids = ids.to_vec();
        self.read_much(move |connection| read::exist(connection, realm, kind, &ids)).await
    }

    async fn find(&self, realm: Realm, kind: Kind, key: &Key, limit: usize) -> Result<Vec<Object>> {
        if limit <= INLINE {
            return self.pool.read(|connection| read::find(connection, realm, kind, key, limit));
        }
        let key = key.clone();
        self.read_much(move |connection| read::find(connection, realm, kind, &key, limit)).await
    }

    async fn ids(&self, realm: Realm, kind: Kind, range: KeyRange, limit: usize) -> Result<Vec<Uuid>> {
        if limit <= INLINE {
            return self.pool.read(|connection| scan::ids(connection, realm, kind, &range, limit));
        }
        self.read_much(move |connection| scan::ids(connection, realm, kind, &range, limit)).await
    }

    async fn scan(&self, realm: Realm, kind: Kind, scan: Scan) -> Result<Page> {
        if scan.limit <= INLINE && scan.offset <= INLINE as u64 {
            return self.pool.read(|connection| scan::page(connection, realm, kind, &scan));
        }
        self.read_much(move |connection| scan::page(connection, realm, kind, &scan)).await
    }

    async fn count(&self, realm: Realm, kind: Kind) -> Result<u64> {
        self.pool.read(|connection| read::count(connection, realm, kind))
    }

    async fn count_keys(&self, realm: Realm, kind: Kind, range: KeyRange) -> Result<u64> {
        self.read_much(move |connection| scan::count(connection, realm, kind, &range)).await
    }

    async fn edges(
        &self,
        realm: Realm,
        edge: EdgeKind,
        of: EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<EdgePage> {
        let run = move |connection: &rusqlite::Connection| {
            read::edges(connection, realm, edge, of, after.as_ref(), limit)
        };
        if limit <= INLINE { self.pool.read(run) } else { self.read_much(run).await }
    }

    async fn edges_of_each(
        &self,
        realm: Realm,
        edge: EdgeKind,
        kind: Kind,
        of: &[EdgesOf],
        limit: usize,
    ) -> Result<Vec<EdgePage>> {
        let run = move |connection: &rusqlite::Connection, of: &[EdgesOf]| {
            of.iter().map(|of| read::first_edges(connection, (realm, kind), edge, *of, limit)).collect()
        };
        if of.len() <= INLINE && limit <= INLINE {
            return self.pool.read(|connection| run(connection, of));
        }
        let of = of.to_vec();
        self.read_much(move |connection| run(connection, &of)).await
    }

    async fn has_edges(&self, realm: Realm, edge: EdgeKind, from: Uuid, to: &[Uuid]) -> Result<Vec<bool>> {
        if to.len() <= INLINE {
            return self.pool.read(|connection| read::has_edges(connection, realm, edge, from, to));
        }
        let to = to.to_vec();
        self.read_much(move |connection| read::has_edges(connection, realm, edge, from, &to)).await
    }

    async fn count_edges(&self, realm: Realm, edge: EdgeKind, of: EdgesOf) -> Result<u64> {
        self.read_much(move |connection| read::count_edges(connection, realm, edge, of)).await
    }

    async fn head(&self, realm: Realm) -> Result<Position> {
        self.pool.read(|connection| read::head(connection, realm))
    }

    async fn changes(&self, realm: Realm, after: &Position, limit: usize) -> Result<Changes> {
        if limit <= INLINE {
            return self.pool.read(|connection| read::changes(connection, realm, after, limit));
        }
        let after = after.clone();
        self.read_much(move |connection| read::changes(connection, realm, &after, limit)).await
    }

    async fn position_since(&self, realm: Realm, at: Timestamp) -> Result<Position> {
        self.read_much(move |connection| read::position_since(connection, realm, at)).await
    }

    async fn prune_changes(&self, realm: Realm, before: Timestamp) -> Result<u64> {
        let mut pruned = 0;
        loop {
            let (removed, more) = self.write(move |work| jobs::prune(work, realm, before)).await?;
            pruned += removed;
            if !more {
                return Ok(pruned);
            }
        }
    }

    async fn commit(&self, transaction: Transaction) -> Result<Committed> {
        self.write(move |work| apply::apply(work.connection, work.cache, &transaction)).await
    }

    async fn drop_realm(&self, realm: Realm) -> Result<()> {
        self.write(move |work| jobs::drop_realm(work, realm)).await
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
        let name = name.to_owned();
        self.write(move |work| jobs::acquire(work, &name, holder, now, ttl)).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        let lease = lease.clone();
        self.write(move |work| jobs::release(work, &lease)).await
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        let to = to.to_owned();
        let pool = self.pool.clone();
        let run = move || pool.apart().and_then(|connection| schema::copy_to(&connection, &to));
        tokio::task::spawn_blocking(run).await.map_err(|_| Error::Closed)?
    }
}

#[cfg(test)]
mod tests;
