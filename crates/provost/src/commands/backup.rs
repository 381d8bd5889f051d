//! `provost backup`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::answer::{Answer, Failure};
use crate::client::Client;
use crate::progress;
use crate::serve::copies;

/// Writes a copy of the whole installation to a file, whole or not at all: from the server that runs, or from a data
/// directory that none uses.
pub async fn run(data_dir: &Path, file: &Path) -> Result<Answer, Failure> {
    let io = |error: std::io::Error| {
        Failure::new(
            "File",
            format!("{} cannot be written: {error}", file.display()),
            "choose another path, or give this user the right to write there and room on the disk",
        )
    };
    if file.exists() {
        let words = format!("{} is there already", file.display());
        return Err(Failure::new("File", words, "choose another name: a backup does not replace another"));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let apart = tempfile::Builder::new().prefix(".provost-backup-").tempdir_in(folder).map_err(io)?;
    let copy = apart.path().join("copy");
    let server = progress::wait("backing up".to_owned(), fetched(data_dir, &copy)).await;
    match server {
        // Nobody has the store open: it is copied as it is.
        Err(failure) if failure.code == "NoServer" && !is_remote() && copies::holds_store(data_dir) => {
            let _ = std::fs::remove_file(&copy);
            copies::backup(data_dir, &copy)?;
        }
        other => other?,
    }
    copies::verify(&copy)?;
    let (bytes, digest) = digest(&copy).map_err(io)?;
    let kept = tempfile::TempPath::try_from_path(&copy).and_then(|copy| Ok(copy.persist_noclobber(file)?));
    kept.map_err(io)?;
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    let words = format!(
        "{} holds the whole installation ({}), and was read again to the end\nhint: keep the master key beside \
         it, at another place ({} or PROVOST_MASTER_KEY): without it the secrets of the applications cannot be read",
        file.display(),
        indicatif::HumanBytes(bytes),
        data_dir.join("master-key").display()
    );
    Ok(Answer::done(json!({"file": file, "bytes": bytes, "sha256": digest, "holdsMasterKey": false}), words))
}

/// Whether the server is named by its address, and not by its data directory.
fn is_remote() -> bool {
    std::env::var("PROVOST_URL").is_ok_and(|url| !url.is_empty())
}

/// Has the server copy its store, and fetches the copy.
async fn fetched(data_dir: &Path, to: &Path) -> Result<(), Failure> {
    let client = Client::connect(data_dir)?;
    let mut response = client.fetch("/provost/v1/backup").await?;
    let announced = response.headers().get("content-digest").and_then(|value| value.to_str().ok());
    let announced = announced.unwrap_or_default().to_owned();
    let io = |error: std::io::Error| {
        Failure::new(
            "File",
            format!("the backup cannot be written: {error}"),
            "the file must not exist yet, and its disk needs space for the whole store",
        )
    };
    let mut file = create(to).map_err(io)?;
    let mut context = Context::new(&SHA256);
    loop {
        let piece = response.chunk().await.map_err(|error| {
            Failure::new(
                "ConnectionLost",
                format!("the server went away before all of the backup was here: {error}"),
                "no backup was made: run the command again",
            )
        })?;
        let Some(piece) = piece else { break };
        context.update(&piece);
        file.write_all(&piece).map_err(io)?;
    }
    file.sync_all().map_err(io)?;
    if format!("sha-256=:{}:", STANDARD.encode(context.finish())) == announced {
        return Ok(());
    }
    Err(Failure::new(
        "Backup",
        "what arrived is not what the server sent",
        "no backup was made: run it again",
    ))
}

/// Makes a file that only its owner may read.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Length and SHA-256 of a file, in hexadecimal digits as `sha256sum` shows them.
fn digest(path: &Path) -> std::io::Result<(u64, String)> {
    let (mut file, mut context, mut piece, mut length) =
        (File::open(path)?, Context::new(&SHA256), vec![0; 1 << 18], 0);
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            let mut digits = String::new();
            for byte in context.finish().as_ref() {
                let _ = write!(digits, "{byte:02x}");
            }
            return Ok((length, digits));
        }
        context.update(&piece[..count]);
        length += count as u64;
    }
}
