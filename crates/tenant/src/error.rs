//! What can go wrong with tenants and tokens.

use jiff::Timestamp;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a tenant or a token was not made, found or accepted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name cannot be part of a host name, or is reserved.
    #[error("\"{name}\" cannot be the name of a tenant: {reason}")]
    InvalidName {
        /// The name as given, at most 80 characters of it.
        name: String,
        /// What is wrong with it and what to choose instead.
        reason: &'static str,
    },
    /// Another tenant has the name.
    #[error("there is a tenant \"{0}\" already: choose another name, or delete that one first")]
    NameTaken(String),
    /// There is no such tenant.
    #[error("there is no tenant {0}")]
    NoTenant(String),
    /// There is no such token.
    #[error("there is no token {0}")]
    NoToken(uuid::Uuid),
    /// The text is not a token of this program: cut off, mistyped, or of another program.
    #[error(
        "the token is not a whole SCIM token of this service (provost_scim_...): check that all of it was copied"
    )]
    Malformed,
    /// The token is not, or no longer, known.
    #[error("the token is not known here: it was revoked, or belongs to another service")]
    Unknown,
    /// The token was valid once.
    #[error("the token expired at {0}: make or rotate a token and give the client the new one")]
    Expired(Timestamp),
    /// Something stored cannot be read.
    #[error("a stored {what} cannot be read: {source}")]
    Damaged {
        /// What it should be.
        what: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// Administrators could not be told by mail.
    #[error(transparent)]
    Mail(#[from] mail::Error),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Whether the client's token is to blame: the answer is 401.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Malformed | Self::Unknown | Self::Expired(_))
    }
}
