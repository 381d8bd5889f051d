//! Import of users and groups from files of comma-separated values.
//!
//! A file is read as a stream and applied in transactions of some hundred rows; only what changes is written. A
//! row that cannot be imported is reported with line, column and reason, and the others are imported.

mod columns;
mod encoding;
mod folder;
mod groups;
mod managers;
mod names;
mod records;
mod scheduled;
mod scheduler;
mod snapshot;
mod users;

#[cfg(test)]
mod tests;

use std::io::{BufReader, Read};

use model::ModifiedProperty;
use serde::Serialize;

use crate::{Error, Result};
use encoding::Decoded;
pub use folder::{ImportFolder, Stamp};
use records::Records;
pub use scheduled::{ImportOutcome, ImportRun, ImportSchedule, Scheduled, When};
pub use scheduler::ImportScheduler;
pub use snapshot::Leavers;

/// How a file is imported.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Only say what would happen.
    pub dry_run: bool,
    /// Import all rows or none. Holds the whole file in memory.
    pub atomic: bool,
    /// The file names everybody: users that it does not name go to the recycle bin, unless rows failed or there are
    /// more of them than this lets pass. Only of user files.
    pub snapshot: Option<Leavers>,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Objects created.
    pub created: u64,
    /// Objects changed.
    pub updated: u64,
    /// Objects that were as the file says.
    pub unchanged: u64,
    /// Rows that were not imported, or not in full.
    pub failed: u64,
    /// Users moved to the recycle bin; only of snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<u64>,
    /// Users that a snapshot does not name and that were kept all the same: rows failed, or there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<u64>,
    /// The names of the first 1,000 of those who were moved, or would be, or were kept all the same; only of snapshots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leavers: Vec<String>,
    /// The first 1,000 of the changes that a dry run would make, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PlannedChange>,
    /// Memberships added; only of group files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_added: Option<u64>,
    /// What is wrong with the first 1,000 of the rows that failed.
    pub errors: Vec<RowError>,
    /// Columns that mean nothing here.
    pub ignored_columns: Vec<String>,
    /// Whether anything was written: not in a dry run, nor when an atomic import failed.
    pub imported: bool,
}

/// What an import would do to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedChange {
    /// The line where the row starts, from 1.
    pub line: u64,
    /// What it is.
    pub action: PlannedAction,
    /// The name of the user or group.
    pub name: String,
    /// The attributes that would differ.
    pub modified_properties: Vec<ModifiedProperty>,
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PlannedAction {
    /// It is not there yet.
    Create,
    /// It is there, and other than the file says.
    Update,
    /// A group gets a member.
    AddMember,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// The line where the row starts, from 1.
    pub line: u64,
    /// The column's name, or empty where the row as a whole is meant.
    pub column: String,
    /// What is wrong, and what to do about it.
    pub reason: String,
}

/// Most rows of which the report says what is wrong.
const MAX_ERRORS: usize = 1000;
/// Rows of a transaction: many, as the keys of users lie far apart and each transaction writes every page it touches.
const BATCH: usize = 1000;

impl Report {
    fn fail(&mut self, line: u64, column: impl Into<String>, reason: impl Into<String>) {
        self.failed += 1;
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(RowError { line, column: column.into(), reason: reason.into() });
        }
    }

    fn fail_with(&mut self, line: u64, error: Error) {
        match error {
            Error::Invalid { attribute, reason } => self.fail(line, attribute, reason),
            Error::Conflict { attribute, value, holder, .. } => {
                self.fail(line, attribute, format!("'{value}' belongs to another object already: {holder}"));
            }
            other => self.fail(line, "", other.to_string()),
        }
    }

    /// Says what a dry run would do, as far as there is room.
    fn foresee(&mut self, changes: Vec<PlannedChange>) {
        let room = MAX_ERRORS.saturating_sub(self.changes.len());
        self.changes.extend(changes.into_iter().take(room));
    }

    fn finish(&mut self, options: Options) {
        self.errors.sort_by_key(|error| error.line);
        let refused = options.atomic && self.failed > 0;
        if refused {
            (self.created, self.updated) = (0, 0);
            self.members_added = self.members_added.map(|_| 0);
        }
        self.imported = !(options.dry_run || refused);
    }
}

type Reader<R> = Records<BufReader<Decoded<R>>>;

/// Starts to read a file.
fn open<R: Read>(file: R) -> Result<Reader<R>> {
    let mut file = Decoded::new(file).map_err(broken)?;
    if file.start().map_err(broken)?.starts_with(b"PK\x03\x04") {
        return Err(Error::File("it is a spreadsheet or an archive: save it as \"CSV UTF-8\"".to_owned()));
    }
    Ok(Records::new(BufReader::with_capacity(64 * 1024, file)))
}

#[expect(clippy::needless_pass_by_value, reason = "it is an error mapper")]
fn broken(error: std::io::Error) -> Error {
    Error::File(error.to_string())
}
