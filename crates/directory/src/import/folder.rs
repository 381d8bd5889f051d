//! The folder that files are imported from by themselves: the only place that the directory reads for somebody who is not
//! at the machine.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{Error, Result};

/// Largest file, in bytes, as for one that is sent.
const MAX_FILE: u64 = 2 * 1024 * 1024 * 1024;

/// A folder, and whoever imports from it at the moment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ImportFolder {
    path: PathBuf,
    turn: Arc<Mutex<()>>,
}

/// By what a file is known to be the same as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// When it was written last.
    pub modified: Timestamp,
}

impl ImportFolder {
    /// The folder of that path, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), turn: Arc::default() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One import at a time; `None` while another goes on.
    pub(super) fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.turn).try_lock_owned().ok()
    }

    /// What the file of that name is known by. The error says in words why there is no such file.
    pub(super) fn stamp(&self, name: &str) -> Result<Stamp, String> {
        let path = self.path.join(name);
        // A link could lead out of the folder, and a pipe would be waited for.
        let about = std::fs::symlink_metadata(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("there is no file {name} in the folder for imports"),
            _ => format!("{name} in the folder for imports cannot be read: {error}"),
        })?;
        if !about.is_file() {
            return Err(format!("{name} in the folder for imports is no plain file"));
        }
        if about.len() > MAX_FILE {
            return Err(format!("{name} is larger than 2 GiB"));
        }
        let modified = about.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        Ok(Stamp { size: about.len(), modified: modified.unwrap_or(Timestamp::UNIX_EPOCH) })
    }

    /// A copy of the file, which nobody changes while it is read. The error says in words what is wrong, also when
    /// somebody has changed the file while it was copied.
    pub(super) fn copy(&self, name: &str, stamp: Stamp) -> Result<File, String> {
        let failed = |error: io::Error| format!("{name} in the folder for imports cannot be read: {error}");
        let mut from = File::open(self.path.join(name)).map_err(failed)?;
        let mut copy = tempfile::tempfile().map_err(failed)?;
        let bytes = io::copy(&mut io::Read::take(&mut from, MAX_FILE + 1), &mut copy).map_err(failed)?;
        if bytes != stamp.size || self.stamp(name)? != stamp {
            return Err(format!("{name} was changed while it was read"));
        }
        copy.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(copy)
    }
}

/// Refuses what is not the plain name of a file.
pub(super) fn check_name(name: &str) -> Result<()> {
    let plain = !name.is_empty()
        && name.len() <= 200
        && !name.starts_with('.')
        && !name.contains(|letter: char| letter.is_control() || matches!(letter, '/' | '\\' | ':'));
    if plain {
        return Ok(());
    }
    Err(Error::invalid(
        "file",
        "it is the name of a file in the folder for imports, such as users.csv, without a path",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_of_the_folder_are_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = ImportFolder::new(dir.path().join("imports"));
        assert!(folder.stamp("users.csv").is_err_and(|error| error.contains("no file users.csv")));
        std::fs::create_dir(folder.path()).expect("made");
        std::fs::write(dir.path().join("secret"), "secret").expect("written");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(dir.path().join("secret"), folder.path().join("link.csv"))
                .expect("linked");
            assert!(folder.stamp("link.csv").is_err_and(|error| error.contains("no plain file")));
        }
        for name in ["../secret", "a/b", "", ".", "..", ".hidden", "c:x", "a\\b", "a\nb"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        check_name("Users 2026-11.csv").expect("a name");
        let path = folder.path().join("users.csv");
        std::fs::write(&path, "one").expect("written");
        let stamp = folder.stamp("users.csv").expect("a file");
        assert_eq!(stamp.size, 3);
        folder.copy("users.csv", stamp).expect("it is the same");
        std::fs::write(&path, "three").expect("written");
        assert!(folder.copy("users.csv", stamp).is_err_and(|error| error.contains("changed")));
    }
}
