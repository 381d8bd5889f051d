//! The stored format: tables, format versions, and what is refused when a file is opened.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use store::{Error, Result};

use crate::backend;

/// Marks an SQLite file as ours ("Prov").
const APPLICATION_ID: i32 = 0x5072_6f76;

/// What makes format n of format n - 1, in order; the first makes format 1 of an empty file. Steps that have been
/// released are never changed.
pub(crate) const STEPS: &[&str] = &[include_str!("format_1.sql")];

/// The format of the file (0: empty), which is left as it is.
pub(crate) fn format_of(path: &Path) -> Result<usize> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(backend)?;
    // Not even what a program that crashed left in its log is tidied up before it is clear that the file is ours.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(backend)?;
    inspect(&connection, path)
}

/// Opens a backup, and returns its format.
pub(crate) fn open_to_read(path: &Path) -> Result<(Connection, usize)> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| Error::Backend(format!("cannot read {}: {error}", path.display())))?;
    let format = inspect(&connection, path)?;
    Ok((connection, format))
}

/// Looks at the file without changing it, and returns its format (0: empty).
fn inspect(connection: &Connection, path: &Path) -> Result<usize> {
    let foreign = |what: &str| {
        Error::Backend(format!(
            "{} is not a store of this program: {what}. Move the file away, or use another --data-dir",
            path.display()
        ))
    };
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = match pragma("application_id") {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(foreign("it is no SQLite database"));
        }
        other => other.map_err(backend)?,
    };
    let format = pragma("user_version").map_err(backend)?;
    if application == APPLICATION_ID {
        return usize::try_from(format).map_err(|_| foreign("its format has a negative number"));
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(backend)?;
    if application != 0 || tables != 0 {
        return Err(foreign("it is an SQLite database of another program"));
    }
    Ok(0)
}

/// Brings the store to the newest format, after keeping a copy of an older one. Returns where the copy is.
///
/// # Errors
/// [`Error::TooNew`] when the store was written by a newer program; it is left as it is.
pub(crate) fn migrate(
    connection: &mut Connection,
    path: &Path,
    found: usize,
    steps: &[&str],
) -> Result<Option<PathBuf>> {
    if found > steps.len() {
        let number = |format| u32::try_from(format).unwrap_or(u32::MAX);
        return Err(Error::TooNew { found: number(found), known: number(steps.len()) });
    }
    let mut kept = None;
    if found > 0 && found < steps.len() {
        let copy = free_name(path, found);
        tracing::info!(from = found, to = steps.len(), copy = %copy.display(), "migrating the store");
        copy_to(connection, &copy)?;
        kept = Some(copy);
    }
    for (format, step) in (1_i32..).zip(steps).skip(found) {
        let transaction = connection.transaction().map_err(backend)?;
        transaction.execute_batch(step).map_err(backend)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(backend)?;
        transaction.pragma_update(None, "user_version", format).map_err(backend)?;
        transaction.commit().map_err(backend)?;
    }
    Ok(kept)
}

/// Writes a consistent copy of the database to a new file, readable by nobody else, and returns when it is on disk.
pub(crate) fn copy_to(connection: &Connection, to: &Path) -> Result<()> {
    let failed =
        |what: &dyn std::fmt::Display| Error::Backend(format!("cannot write {}: {what}", to.display()));
    let name = to.to_str().ok_or_else(|| failed(&"the name is not valid UTF-8"))?;
    let file = new_private_file(to).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            failed(&"there is a file of that name already; choose another name or move it away")
        }
        _ => failed(&error),
    })?;
    let copied = connection.execute("VACUUM INTO ?1", [name]).map_err(|error| crate::explain(&error));
    copied.and_then(|_| file.sync_all().map_err(|error| error.to_string())).map_err(|why| {
        // Half a copy must not be taken for a whole one.
        let _ = std::fs::remove_file(to);
        failed(&why)
    })
}

fn new_private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn free_name(path: &Path, format: usize) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let first = path.with_file_name(format!("{name}.format-{format}"));
    let others = (2..).map(|number: u32| path.with_file_name(format!("{name}.format-{format}.{number}")));
    std::iter::once(first.clone()).chain(others).find(|candidate| !candidate.exists()).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(connection: &Connection) -> i32 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_older_format_is_migrated_after_a_copy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("provost.db");
        let old = &["CREATE TABLE thing(name TEXT); INSERT INTO thing VALUES ('kept')"][..];
        let new = &[old[0], "ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 7"][..];
        let mut connection = Connection::open(&path).unwrap();
        assert_eq!(inspect(&connection, &path).unwrap(), 0);
        assert_eq!(
            migrate(&mut connection, &path, 0, old).unwrap(),
            None,
            "nothing to keep of an empty file"
        );
        assert_eq!(inspect(&connection, &path).unwrap(), 1);

        let copy = migrate(&mut connection, &path, 1, new).unwrap().unwrap();
        assert_eq!(format(&connection), 2);
        let row =
            connection.query_row("SELECT name, size FROM thing", [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(row.unwrap(), ("kept".to_owned(), 7));
        let copy = Connection::open(copy).unwrap();
        assert_eq!(format(&copy), 1);
        assert!(copy.prepare("SELECT size FROM thing").is_err(), "the copy has the old format");
        assert_eq!(inspect(&copy, &path).unwrap(), 1, "the copy can be opened by the older program");
    }

    #[test]
    fn a_step_that_fails_leaves_the_older_format_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("provost.db");
        let steps = &["CREATE TABLE thing(name TEXT)", "CREATE TABLE other(name TEXT); SELECT broken"][..];
        let mut connection = Connection::open(&path).unwrap();
        assert!(migrate(&mut connection, &path, 0, steps).is_err());
        assert_eq!(format(&connection), 1);
        assert!(connection.prepare("SELECT name FROM other").is_err());
        // The copy of an earlier try is not written over.
        assert!(migrate(&mut connection, &path, 1, steps).is_err());
        assert!(migrate(&mut connection, &path, 1, steps).is_err());
        assert!(dir.path().join("provost.db.format-1").exists());
        assert!(dir.path().join("provost.db.format-1.2").exists());
    }
}
