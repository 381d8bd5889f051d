//! What can go wrong with storage.

use bytes::Bytes;
use uuid::Uuid;

use crate::{KeyName, Kind};

/// A result of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a read or a commit failed. Nothing of a refused transaction has happened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object exists although the transaction expects it not to.
    #[error("{kind:?} {id} exists already")]
    Exists {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: Uuid,
    },
    /// The object, or the end of an edge, does not exist.
    #[error("{kind:?} {id} does not exist")]
    Missing {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: Uuid,
    },
    /// Somebody else wrote the object in between. Read it again and decide again.
    #[error("{kind:?} {id} has version {found}, not the expected one: it was changed in between")]
    VersionMismatch {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: Uuid,
        /// The version it has.
        found: u64,
    },
    /// Another object of the kind holds this unique key.
    #[error("another {kind:?} ({holder}) holds the same {name:?}")]
    NotUnique {
        /// The kind of both objects.
        kind: Kind,
        /// The key.
        name: KeyName,
        /// Its value.
        value: Bytes,
        /// The object that holds it.
        holder: Uuid,
    },
    /// The transaction met another one. Nothing is wrong with it; [`crate::transact`] tries again.
    #[error("the transaction met another one and must be tried again")]
    Serialization,
    /// The lease that fences the transaction has been taken by somebody else, or was given back.
    #[error("the lease {lease} is no longer held: another process has taken the work over")]
    Fenced {
        /// The name of the lease.
        lease: String,
    },
    /// Changes after that position are no longer kept.
    #[error("the changes after that position are no longer kept")]
    PositionExpired,
    /// The cursor is not one of this backend's.
    #[error("the cursor is not valid here")]
    InvalidCursor,
    /// Another process has the store open.
    #[error("{0}")]
    Locked(String),
    /// The store was written by a newer version of the program.
    #[error("the store has format {found}, this program knows formats up to {known}: use the newer program")]
    TooNew {
        /// The format found.
        found: u32,
        /// The newest format that this program knows.
        known: u32,
    },
    /// The store cannot be read or written: the disk is full, a file is damaged, the connection is gone.
    #[error("storage failed: {0}")]
    Backend(String),
    /// The database does not answer. Whether a write that was under way has taken effect is not known.
    #[error("{0}")]
    Unavailable(String),
    /// The backend does not do this; the text says what does.
    #[error("{0}")]
    Unsupported(String),
    /// The store was closed while the call waited.
    #[error("the store is closed")]
    Closed,
}
