//! What can go wrong with a source.

/// A result of a source.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a source could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The changes after the position are no longer kept: everything has to be looked at again.
    #[error("the changes after the watermark are no longer kept")]
    PositionExpired,
    /// The store behind the built-in directory failed.
    #[error(transparent)]
    Store(store::Error),
    /// An object in the directory cannot be understood.
    #[error("the directory holds something that cannot be read: {0}")]
    Damaged(String),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::PositionExpired => Self::PositionExpired,
            other => Self::Store(other),
        }
    }
}
