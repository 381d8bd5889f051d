//! Backups on their way out.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use store::Store;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;

/// Where copies of the store are made, one at a time, for clients to fetch.
#[derive(Clone)]
pub struct Backups {
    folder: PathBuf,
    turn: Arc<Semaphore>,
}

/// How the folders of copies begin.
const PREFIX: &str = ".backup-";
/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// A copy of the store without a name: it is gone when nobody reads it any more.
pub(crate) struct Copy {
    file: File,
    /// How large it is, in bytes.
    pub length: u64,
    /// SHA-256 of it.
    pub digest: [u8; 32],
    _turn: OwnedSemaphorePermit,
}

impl Backups {
    /// Copies are made in this folder, which needs room for one. What a process that was killed has left there goes.
    pub fn in_folder(folder: &Path) -> Self {
        let left = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for folder in left.filter(|it| it.file_name().to_string_lossy().starts_with(PREFIX)) {
            if let Err(error) = std::fs::remove_dir_all(folder.path()) {
                tracing::warn!(%error, folder = %folder.path().display(), "half a backup cannot be removed");
            }
        }
        Self { folder: folder.to_owned(), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Copies the store as it is at one moment.
    pub(crate) async fn make(&self, store: &dyn Store) -> Result<Copy, ApiError> {
        let turn = Arc::clone(&self.turn).try_acquire_owned().map_err(|_| {
            ApiError::new(
                StatusCode::CONFLICT,
                "Request_Conflict",
                "A backup is being made or fetched already.",
            )
            .hint("Wait for its end; each takes as much room as the store.")
        })?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&self.folder).map_err(failed)?;
        let path = folder.path().join("copy");
        match store.backup(&path).await {
            Err(error @ (store::Error::Unsupported(_) | store::Error::Unavailable(_))) => {
                return Err(error.into());
            }
            made => made.map_err(failed)?,
        }
        let read = move || -> std::io::Result<Copy> {
            let mut file = File::open(&path)?;
            // Whoever has it open reads on; nothing is left behind whatever happens.
            drop(folder);
            let (mut context, mut piece, mut length) = (Context::new(&SHA256), vec![0; PIECE], 0);
            loop {
                let count = file.read(&mut piece)?;
                if count == 0 {
                    break;
                }
                context.update(&piece[..count]);
                length += count as u64;
            }
            file.seek(SeekFrom::Start(0))?;
            let mut digest = [0; 32];
            digest.copy_from_slice(context.finish().as_ref());
            Ok(Copy { file, length, digest, _turn: turn })
        };
        tokio::task::spawn_blocking(read).await.map_err(failed)?.map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> ApiError {
    tracing::error!(%error, "a backup could not be made");
    ApiError::new(
        StatusCode::INSUFFICIENT_STORAGE,
        "InsufficientStorage",
        "The backup cannot be made: see the server's log.",
    )
    .hint("The server needs as much free room in its data directory as the store has.")
}

impl Copy {
    /// The copy as a body, read as fast as it is fetched.
    pub fn into_body(self) -> Body {
        let pieces = futures::stream::try_unfold(self, async |mut copy| {
            let read = move || -> std::io::Result<Option<(Bytes, Self)>> {
                let mut piece = vec![0; PIECE];
                let count = copy.file.read(&mut piece)?;
                piece.truncate(count);
                Ok((count > 0).then_some((piece.into(), copy)))
            };
            tokio::task::spawn_blocking(read).await.map_err(std::io::Error::other)?
        });
        Body::from_stream(pieces)
    }
}
