//! Connections: how they are opened, and those that read.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use store::{Error, Result};

use crate::backend;

/// Idle connections kept; more are opened while more reads run at once.
const IDLE: usize = 8;

/// Statements kept per connection; more than there are.
const STATEMENTS: usize = 96;

/// Opens a connection with the settings that all share. `cache` is its page cache in KiB: small, for pages are read
/// through the memory map, which the kernel can take back.
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

/// Connections that only read.
pub(crate) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    closed: AtomicBool,
}

impl Pool {
    pub fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), closed: AtomicBool::new(false) }
    }

    /// Runs a read on a connection of its own.
    pub fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open().map_err(backend)?,
        };
        let answer = read(&connection);
        // One that a failure left within a transaction is not used again.
        if connection.is_autocommit() {
            let mut idle = self.idle.lock();
            if idle.len() < IDLE && !self.closed.load(Ordering::Acquire) {
                idle.push(connection);
            }
        }
        answer
    }

    /// Runs several statements of a read on one snapshot.
    pub fn snapshot<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.with(|connection| {
            let run = |sql| connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
            run("BEGIN").map_err(backend)?;
            let answer = read(connection);
            run("COMMIT").map_err(backend)?;
            answer
        })
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
        let connection = open(&self.path, 1024)?;
        connection.pragma_update(None, "mmap_size", 1_i64 << 40)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}
