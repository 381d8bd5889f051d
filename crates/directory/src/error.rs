//! What can go wrong with an operation on the directory.

use uuid::Uuid;

/// A result of the directory.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was refused or failed. Nothing of a refused operation has happened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such object.
    #[error("there is no {what} '{id}' in this directory")]
    NotFound {
        /// `user`, `group`, `service principal`, ...
        what: &'static str,
        /// The id or name asked for.
        id: String,
    },
    /// Another object holds a value that must be unique.
    #[error("another {what} has the {attribute} '{value}' already: {holder}")]
    Conflict {
        /// What both objects are.
        what: &'static str,
        /// The attribute.
        attribute: &'static str,
        /// The value, as asked for.
        value: String,
        /// The id of the object that holds it.
        holder: Uuid,
    },
    /// A value that cannot be stored.
    #[error("{attribute}: {reason}")]
    Invalid {
        /// The attribute or parameter.
        attribute: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// A change was made from what somebody else has changed since.
    #[error("the {0} were changed by somebody else meanwhile")]
    Changed(&'static str),
    /// Something that is done once at a time is being done.
    #[error("{0}")]
    Busy(&'static str),
    /// A name that several objects have.
    #[error("several {what}s are named '{name}': {}; use an id", list(.ids))]
    Ambiguous {
        /// `user`, `group`, `service principal`, ...
        what: &'static str,
        /// The name asked for.
        name: String,
        /// The objects that have it.
        ids: Vec<Uuid>,
    },
    /// Credentials for the target that a job needs are not there yet.
    #[error("the application has no {0} yet: save it with the provisioning secrets first")]
    NoSecret(&'static str),
    /// The master key cannot be read, or is not the one that a secret was encrypted with.
    #[error(transparent)]
    MasterKey(#[from] keyring::Error),
    /// A stored document cannot be read.
    #[error("the stored {what} {id} cannot be read: {reason}")]
    Damaged {
        /// What it is.
        what: &'static str,
        /// Its id.
        id: Uuid,
        /// Why.
        reason: String,
    },
    /// The file that is imported cannot be read.
    #[error("the file cannot be read: {0}")]
    File(String),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(crate) fn invalid(attribute: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { attribute: attribute.into(), reason: reason.into() }
    }

    pub(crate) fn missing(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }
}

fn list(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ")
}
