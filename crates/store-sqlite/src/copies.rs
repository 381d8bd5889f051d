//! Backups: whether one is whole, and how it takes the place of a store.

use std::fs::File;
use std::path::{Path, PathBuf};

use store::{Error, Result};

use crate::{FILE, backend, file_in, lock, private_dir, schema};

/// Reads all of a backup and finds out whether it is whole and of this program.
///
/// # Errors
/// [`Error::Backend`] when it is damaged, or no backup; [`Error::TooNew`].
pub fn verify(backup_file: &Path) -> Result<()> {
    let connection = opened(backup_file)?;
    let found: Vec<String> = connection
        .prepare("PRAGMA integrity_check(3)")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(backend)?;
    if found == ["ok"] {
        return Ok(());
    }
    Err(Error::Backend(format!("{} is damaged: {}", backup_file.display(), found.join("; "))))
}

/// Opens a backup that this program understands.
fn opened(backup_file: &Path) -> Result<rusqlite::Connection> {
    let (connection, format) = schema::open_to_read(backup_file)?;
    if format == 0 {
        return Err(Error::Backend(format!("{} is empty, not a backup", backup_file.display())));
    }
    if format > schema::STEPS.len() {
        let number = |format| u32::try_from(format).unwrap_or(u32::MAX);
        return Err(Error::TooNew { found: number(format), known: number(schema::STEPS.len()) });
    }
    Ok(connection)
}

/// Puts a backup in the place of a store that does not exist yet.
///
/// # Errors
/// [`Error::Backend`] when the data directory holds a store already or the backup is not one; [`Error::TooNew`];
/// [`Error::Locked`].
pub fn restore(backup_file: &Path, dir: &Path) -> Result<()> {
    let path = file_in(dir);
    if path.exists() {
        return Err(occupied(&path));
    }
    let connection = opened(backup_file)?;
    let claim = Claim::take(dir)?;
    let partial = path.with_extension("restoring");
    if partial.exists() {
        std::fs::remove_file(&partial).map_err(|error| not_restored(&path, &error))?;
    }
    schema::copy_to(&connection, &partial)?;
    std::fs::rename(&partial, &path).map_err(|error| not_restored(&path, &error))?;
    claim.sync()
}

fn occupied(path: &Path) -> Error {
    let why =
        std::io::Error::other("there is a store already; move it away, or restore to another --data-dir");
    not_restored(path, &why)
}

fn not_restored(path: &Path, error: &std::io::Error) -> Error {
    Error::Backend(format!("cannot restore to {}: {error}", path.display()))
}

/// A data directory that no server uses, for as long as this is held.
pub struct Claim {
    dir: PathBuf,
    _lock: File,
}

impl Claim {
    /// Claims a data directory, which is made where there is none.
    ///
    /// # Errors
    /// [`Error::Locked`] while a server uses it.
    pub fn take(dir: &Path) -> Result<Self> {
        private_dir(dir).map_err(|error| not_restored(dir, &error))?;
        Ok(Self { dir: dir.to_owned(), _lock: lock::take(dir)? })
    }

    /// Writes a copy of the store to a file that does not exist yet; the store is left as it is, in whatever format.
    pub fn backup(&self, to: &Path) -> Result<()> {
        let (connection, _) = schema::open_to_read(&file_in(&self.dir))?;
        schema::copy_to(&connection, to)
    }

    /// Puts the store of a directory of the same file system, which is closed, in the place of the one here, if there is
    /// one. That is kept beside it; the answer is where.
    ///
    /// # Errors
    /// [`Error::Backend`] where there is one and it is not to be replaced.
    pub fn install(&self, staged: &Path, replace: bool) -> Result<Option<PathBuf>> {
        let path = file_in(&self.dir);
        let failed = |error: std::io::Error| not_restored(&path, &error);
        let kept = match path.try_exists().map_err(failed)? {
            true if !replace => return Err(occupied(&path)),
            true => Some(self.set_aside(&path).map_err(failed)?),
            false => None,
        };
        std::fs::rename(file_in(staged), &path).map_err(failed)?;
        self.sync()?;
        Ok(kept)
    }

    /// Gives the store here another name beside its own. Its log must not be read as that of another.
    fn set_aside(&self, path: &Path) -> std::io::Result<PathBuf> {
        // A store that is damaged keeps its log.
        if let Ok(connection) = rusqlite::Connection::open(path) {
            let _ = connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()));
        }
        let mut names = (1_u32..).map(|number| self.dir.join(format!("{FILE}.replaced-{number}")));
        let kept = names.find(|name| !name.exists()).unwrap_or_default();
        for part in ["-wal", "-shm"] {
            let of = |path: &Path| PathBuf::from([path.as_os_str(), part.as_ref()].join("".as_ref()));
            if of(path).exists() {
                std::fs::rename(of(path), of(&kept))?;
            }
        }
        std::fs::hard_link(path, &kept).or_else(|_| std::fs::rename(path, &kept))?;
        Ok(kept)
    }

    /// Has the names in the directory on disk.
    fn sync(&self) -> Result<()> {
        #[cfg(unix)]
        File::open(&self.dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|error| not_restored(&self.dir, &error))?;
        Ok(())
    }
}
