//! What can go wrong with webhooks.

use uuid::Uuid;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a webhook was not made, found or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such webhook of the tenant.
    #[error("there is no webhook {0} of this tenant")]
    NoWebhook(Uuid),
    /// There is no such delivery: the last ones are kept.
    #[error("there is no delivery {0} of this webhook: only the last ones are kept")]
    NoDelivery(Uuid),
    /// The event is waiting to be delivered already.
    #[error("the event of delivery {0} is waiting to be delivered")]
    Waiting(Uuid),
    /// A property cannot have that value.
    #[error("{reason}")]
    Invalid {
        /// Which one.
        property: &'static str,
        /// Why not, as a sentence.
        reason: String,
    },
    /// The tenant has as many as it may.
    #[error("the tenant has {0} webhooks, which is as many as there may be: delete one first")]
    TooMany(usize),
    /// Another webhook of the tenant has the address.
    #[error("another webhook of the tenant has this address: change that one")]
    UrlTaken,
    /// The feed no longer has what was asked for.
    #[error("the changes after this position are no longer kept")]
    Expired,
    /// What is encrypted cannot be read.
    #[error(transparent)]
    Key(#[from] keyring::Error),
    /// Something stored cannot be read.
    #[error("a stored {what} cannot be read: {reason}")]
    Damaged {
        /// What it should be.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// About the tenant.
    #[error(transparent)]
    Tenant(#[from] tenant::Error),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(crate) fn invalid(property: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { property, reason: reason.into() }
    }
}
