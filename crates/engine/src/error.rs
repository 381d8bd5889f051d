//! What can be wrong with a configuration.

/// A part of a job's configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigurationError {
    /// Where: the object mapping, and the target attribute or the clause in it.
    pub place: String,
    /// What is wrong, with the position in an expression or path, and what would be right.
    pub message: String,
}

impl ConfigurationError {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}
