//! What can go wrong with administrators.

use jiff::SignedDuration;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was refused or failed. Nothing of it has happened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such account, role assignment or client secret.
    #[error("there is no {what} {id}")]
    NotFound {
        /// `administrator`, `role assignment`, `client secret`.
        what: &'static str,
        /// The id asked for.
        id: uuid::Uuid,
    },
    /// A value that cannot be taken.
    #[error("{property}: {reason}")]
    Invalid {
        /// The property.
        property: &'static str,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// Somebody else signs in by that name.
    #[error("an administrator signs in as {0} already")]
    NameTaken(String),
    /// The name and the password, or the client and its secret, do not belong together, or the account is disabled. Which
    /// of it is not said.
    #[error("the name or the password is wrong, or the account is disabled")]
    WrongCredentials,
    /// There were too many wrong guesses.
    #[error("too many wrong guesses: try again in {} s", .0.as_secs())]
    TooManyGuesses(SignedDuration),
    /// More passwords are being checked than the server has time for.
    #[error("the server is checking as many passwords as it can: try again in some seconds")]
    Busy,
    /// An access token that was good once.
    #[error("the access token expired at {0}: request another one")]
    Expired(jiff::Timestamp),
    /// Something stored cannot be read.
    #[error("a stored {what} cannot be read: {source}")]
    Damaged {
        /// What it should be.
        what: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(crate) fn invalid(property: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { property, reason: reason.into() }
    }
}
