//! The files that a server keeps in its data directory beside the store.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::answer::{Failure, UNFORESEEN};
use crate::client::{SERVER_FILE, ServerFile};
use crate::pin::Pin;

/// The file in the data directory that says which node this is; written after the store was made.
pub const NODE_FILE: &str = "node-id";

/// Makes the data directory, for its owner only.
pub fn prepare(data_dir: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data_dir).map_err(|error| {
        if data_dir.exists() {
            let words = format!("{} is a file, not a directory", data_dir.display());
            return Failure::new("File", words, "choose another --data-dir");
        }
        failure(data_dir, "created", &error)
    })
}

/// The folder that files are imported from: the one that was named, or one in the data directory, which is made.
pub fn import_dir(data_dir: &Path, named: Option<&Path>) -> Result<PathBuf, Failure> {
    let folder = match named {
        Some(folder) if folder.is_dir() => folder.to_owned(),
        Some(folder) => {
            return Err(Failure::new(
                "File",
                format!("{} is no folder", folder.display()),
                "make it, or choose another --import-dir",
            )
            .usage());
        }
        None => {
            let folder = data_dir.join("imports");
            prepare(&folder)?;
            folder
        }
    };
    std::path::absolute(&folder).map_err(|error| failure(&folder, "found", &error))
}

/// Tells the other commands where the server is and which certificate it shows.
pub fn write_server(data_dir: &Path, url: &str, certificate: Option<Pin>) -> Result<(), Failure> {
    let file = ServerFile { url: url.to_owned(), pid: std::process::id(), certificate };
    let text =
        serde_json::to_string(&file).map_err(|error| Failure::new("File", error.to_string(), UNFORESEEN))?;
    write_secret(&data_dir.join(SERVER_FILE), text.as_bytes())
}

/// Who this node is, also after a restart: its leases are its own again at once.
pub fn node_id(data_dir: &Path, ids: &model::Ids) -> Result<uuid::Uuid, Failure> {
    let file = data_dir.join(NODE_FILE);
    if let Some(id) = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()) {
        return Ok(id);
    }
    let id = ids.next();
    write_secret(&file, id.to_string().as_bytes())?;
    Ok(id)
}

/// Takes the address away, so that the other commands can tell that no server runs.
pub fn remove_server(data_dir: &Path) {
    let _ = fs::remove_file(data_dir.join(SERVER_FILE));
}

/// Writes a file whole or not at all, readable by its owner only.
pub fn write_secret(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let temporary = file.with_extension("new");
        let _ = fs::remove_file(&temporary);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&temporary)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        fs::rename(&temporary, file)
    };
    write().map_err(|error| failure(file, "written", &error))
}

fn failure(path: &Path, what: &str, error: &io::Error) -> Failure {
    Failure::new(
        "File",
        format!("{} cannot be {what}: {error}", path.display()),
        "give this user the right to it, or choose another --data-dir",
    )
}
