//! Connections: how they are opened, and those that read.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use store::{Error, Result};

use crate::backend;

/// Idle connections kept, as many as reads usually run at once; more are opened while more do.
const IDLE: usize = 6;

/// Page cache of each, in KiB: room for the inner pages of the trees of a million users.
const READ_CACHE: i64 = 6 * 1024;

/// Statements kept per connection; more than there are.
const STATEMENTS: usize = 96;

/// Opens a connection with the settings that all share. `cache` is its page cache in KiB: small, for the kernel caches
/// the file as well. Pages are not mapped into memory: that gained nothing that could be measured, counted once for
/// each connection in the resident memory, and would make a failing disk end the process.
pub(crate) fn open(path: &Path, cache: i64) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not depend on the values given: else every new value has the statement prepared again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -cache)?;
    connection.pragma_update(None, "temp_store", "FILE")?;
    Ok(connection)
}

/// Connections that only read. Each keeps its snapshot from read to read until something is committed: taking one
/// costs as much as a small read does.
pub(crate) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Reader>>,
    /// Rises when a commit begins and when it has ended: odd while one is under way.
    commits: AtomicU64,
    closed: AtomicBool,
}

struct Reader {
    connection: Connection,
    /// [`Pool::commits`] when its snapshot was taken; `None` while it has none.
    snapshot: Option<u64>,
}

/// A commit under way; it has ended, well or not, when this is dropped. Snapshots taken before are given up.
pub(crate) struct Commit<'p>(&'p Pool);

impl Drop for Commit<'_> {
    fn drop(&mut self) {
        self.0.commits.fetch_add(1, Ordering::AcqRel);
        self.0.release();
    }
}

/// Whether no commit is under way at that count.
fn is_still(commits: u64) -> bool {
    commits.is_multiple_of(2)
}

impl Reader {
    fn begin(&mut self, commits: u64) -> rusqlite::Result<()> {
        // While a commit is under way one snapshot may be from before it and another from after it: none is kept,
        // or a read could see less than the one before it.
        if self.snapshot != Some(commits) || !is_still(commits) {
            self.end()?;
            self.execute("BEGIN")?;
            self.snapshot = Some(commits);
        }
        Ok(())
    }

    fn end(&mut self) -> rusqlite::Result<()> {
        // A failure may have ended the transaction already.
        if self.snapshot.take().is_some() && !self.connection.is_autocommit() {
            self.execute("COMMIT")?;
        }
        Ok(())
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }
}

impl Pool {
    pub fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), commits: AtomicU64::new(0), closed: AtomicBool::new(false) }
    }

    /// Runs a read on a connection of its own; all its statements see one snapshot, in which everything is that was
    /// committed before the call or seen by an earlier read.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        let idle = self.idle.lock().pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader { connection: self.open().map_err(backend)?, snapshot: None },
        };
        reader.begin(self.commits.load(Ordering::Acquire)).map_err(backend)?;
        let answer = read(&reader.connection);
        if reader.connection.is_autocommit() || reader.snapshot != Some(self.commits.load(Ordering::Acquire))
        {
            reader.end().map_err(backend)?;
        }
        let mut idle = self.idle.lock();
        if idle.len() < IDLE && !self.closed.load(Ordering::Acquire) {
            idle.push(reader);
        }
        answer
    }

    /// A commit begins; it must have ended before whoever asked for it is told.
    pub fn commit(&self) -> Commit<'_> {
        self.commits.fetch_add(1, Ordering::AcqRel);
        Commit(self)
    }

    /// Gives up the snapshots that no read needs, which keep the log from starting anew.
    pub fn release(&self) {
        self.idle.lock().retain_mut(|reader| reader.end().is_ok());
    }

    /// A connection for a copy of the whole: its long read is nothing to keep a connection of the pool for, and one
    /// that only reads cannot write copies either.
    pub fn apart(&self) -> Result<Connection> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        open(&self.path, 1024).map_err(backend)
    }

    /// How many connections wait for a read.
    #[cfg(test)]
    pub fn idle(&self) -> usize {
        self.idle.lock().len()
    }

    /// Closes the idle connections and refuses reads from now on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.idle.lock().clear();
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let connection = open(&self.path, READ_CACHE)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}
