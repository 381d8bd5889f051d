//! Where everything is kept: in the data directory, or in a database that several nodes share. With `copies` the only
//! place that names a concrete store.

use std::path::Path;
use std::sync::Arc;

use keyring::Keyring;
use model::Random;
use secrecy::SecretString;
use store::{Error, Store};
use store_postgres::{Address, PostgresStore};
use store_sqlite::{Claim, SqliteStore};

use super::files::NODE_FILE;
use crate::answer::Failure;
use crate::cli::Database;
use crate::client::TOKEN_FILE;

/// Where the key that secrets are encrypted with may be: a variable, or a file in the data directory.
pub(super) const MASTER_KEY: &str = "PROVOST_MASTER_KEY";
pub(super) const MASTER_KEY_FILE: &str = "master-key";

/// An open store.
pub enum Backend {
    /// A file in the data directory, which this process has to itself.
    Sqlite(Arc<SqliteStore>),
    /// A database, and the data directory with the files of this node.
    Postgres { store: Arc<PostgresStore>, _claim: Claim },
}

impl Backend {
    /// Opens the store of a data directory.
    pub fn sqlite(data_dir: &Path) -> Result<Self, Failure> {
        let store = SqliteStore::open(data_dir).map_err(|error| opening(data_dir, &error))?;
        Ok(Self::Sqlite(Arc::new(store)))
    }

    /// Opens the store of a database, and claims the data directory for this node.
    pub async fn postgres(data_dir: &Path, url: &SecretString, database: &Database) -> Result<Self, Failure> {
        let claim = Claim::take(data_dir).map_err(|error| opening(data_dir, &error))?;
        let password = database.password()?;
        let address = Address::parse(url, password.as_ref()).map_err(|words| {
            Failure::new(
                "DatabaseUrl",
                format!("the URL of the database cannot be used: {words}"),
                "it looks like this: postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full, with special \
                 characters of the password as %40 (docs/postgresql.md)",
            )
            .usage()
        })?;
        let opened = PostgresStore::open(&address).await;
        let store = opened.map_err(|error| reaching(&address, &error))?;
        Ok(Self::Postgres { store: Arc::new(store), _claim: claim })
    }

    /// The store, whichever it is.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Postgres { store, .. } => store.clone(),
        }
    }

    /// Closes the store.
    pub async fn close(&self) -> Result<(), Failure> {
        let closed = match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres { store, .. } => store.close().await,
        };
        closed.map_err(|error| {
            Failure::new(
                "Store",
                format!("the store did not close well: {error}"),
                "what is committed is kept: start the server again, and see that the disk has space",
            )
        })
    }
}

/// Refuses a store without a byte beside files that are written once the store holds something (an administrator may have
/// put the token elsewhere): a copy that went wrong, or a full disk, must not look like a new beginning.
pub fn not_emptied(data_dir: &Path) -> Result<(), Failure> {
    let store = store_sqlite::file_in(data_dir);
    let empty = store.metadata().is_ok_and(|about| about.len() == 0);
    if empty && [TOKEN_FILE, NODE_FILE].iter().any(|name| data_dir.join(name).exists()) {
        let words =
            format!("{} is empty, though the directory has been in use: its data is lost", store.display());
        return Err(Failure::new(
            "StoreEmpty",
            words,
            "put the file back from a backup; to begin anew without the data, delete the empty file, which makes a new store",
        ));
    }
    Ok(())
}

/// The key of a data directory, which is made where there is no store yet.
pub fn keyring(data_dir: &Path, random: &dyn Random) -> Result<Keyring, Failure> {
    let file = data_dir.join(MASTER_KEY_FILE);
    let keys = match std::env::var(MASTER_KEY) {
        Ok(text) => Keyring::parse(&text),
        Err(_) if !file.exists() && store_sqlite::file_in(data_dir).exists() => {
            let file = file.display();
            let words = format!("{file} is missing: without it the secrets in the store cannot be read");
            return Err(Failure::new(
                "MasterKey",
                words,
                format!(
                    "put it back from a backup, or set PROVOST_MASTER_KEY; if it is lost, make a new one with \
                 `openssl rand -base64 32 > {file}` and save the tokens of the applications again with `provost app set`"
                ),
            ));
        }
        Err(_) => Keyring::load_or_create(&file, random),
    };
    keys.map_err(unusable)
}

/// The key of an installation in a database, which its nodes share: none is made here, where no other node would have it.
pub fn shared_keyring(data_dir: &Path) -> Result<Keyring, Failure> {
    let text = std::env::var(MASTER_KEY).or_else(|_| std::fs::read_to_string(data_dir.join(MASTER_KEY_FILE)));
    let text = text.map_err(|_| {
        let words = "there is no master key: the nodes of an installation in a database share one";
        let hint = "set PROVOST_MASTER_KEY for each node to that of the installation; for a new one make it with \
                    `openssl rand -base64 32`, and keep a copy";
        Failure::new("MasterKey", words, hint)
    })?;
    Keyring::parse(&text).map_err(unusable)
}

#[expect(clippy::needless_pass_by_value, reason = "it is an error mapper")]
fn unusable(error: keyring::Error) -> Failure {
    Failure::new(
        "MasterKey",
        error.to_string(),
        "this user needs the right to the data directory and to master-key in it; keep a copy of that file",
    )
}

/// Why the store of a data directory could not be opened.
pub fn opening(data_dir: &Path, error: &Error) -> Failure {
    let place = data_dir.display();
    match error {
        Error::Locked(words) => Failure::new(
            "Locked",
            words.clone(),
            "the other commands reach the server that runs with the same --data-dir",
        ),
        Error::TooNew { .. } => Failure::new(
            "TooNew",
            format!("{place}: {error}"),
            "start the version of provost that last used this directory, or a newer one",
        ),
        _ => Failure::new(
            "Store",
            format!("the store in {place} cannot be opened: {error}"),
            "nothing was changed: give this user the right to write there, or room on the disk; a file that is damaged \
             has to come back from a copy, or move it away to begin anew",
        ),
    }
}

/// Why the store in a database could not be opened.
fn reaching(address: &Address, error: &Error) -> Failure {
    let (code, hint) = match error {
        Error::TooNew { .. } => {
            ("TooNew", "start the version of provost that the other nodes run, or a newer one")
        }
        Error::Unavailable(_) => (
            "DatabaseUnavailable",
            "see that the database runs and can be reached from here, and that user, password and name of the database in \
             --database-url are right",
        ),
        _ => (
            "Database",
            "nothing was changed: docs/postgresql.md tells what the database has to be prepared with",
        ),
    };
    Failure::new(code, format!("{address}: {error}"), hint)
}
