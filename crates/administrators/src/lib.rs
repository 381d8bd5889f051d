//! Accounts that administer an installation: their roles, how they sign in, and what that opens.
//!
//! An [`Administrator`] is a person, who signs in with a password and gets a session, or a tool, which gets access
//! tokens for a client secret (OAuth 2.0 client credentials). Neither is a user of a directory. What either may do
//! follows from its [`RoleAssignment`]s, which are read anew with each call: [`Caller::may`] decides, and nothing else.
//! All of it lives in the realm of the installation; of secrets and passwords only hashes are kept.

mod access_token;
mod account;
mod admin_token;
mod caller;
mod client_secret;
mod error;
mod guesses;
mod manage;
mod password;
mod record;
mod role;
mod secret;
mod session;
#[cfg(test)]
mod tests;

pub use access_token::{AccessToken, LIFETIME as ACCESS_TOKEN_LIFETIME};
pub use account::{Account, Administrator, AdministratorChange, ClientSecret, NewAccount};
pub use admin_token::AdminToken;
pub use caller::{Caller, Credential};
pub use client_secret::IssuedSecret;
pub use error::{Error, Result};
pub use role::{Access, Area, Permission, Role, RoleAssignment, Scope};
pub use session::{ABSOLUTE_LIFETIME, IDLE_LIFETIME, Session};

use std::sync::Arc;

use aws_lc_rs::hmac;
use model::{Clock, Ids, Random};
use store::Store;

/// The administrators of an installation.
pub struct Administrators {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    random: Arc<dyn Random>,
    /// Signs access tokens, and ties what a page sends to the session that it belongs to.
    signing: hmac::Key,
    passwords: password::Hasher,
    guesses: guesses::Guesses,
}

impl Administrators {
    /// The administrators kept in a store. `signing` is the same for all processes of an installation and after every
    /// restart, or what was issued opens nothing any more.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Ids,
        random: Arc<dyn Random>,
        signing: &[u8; 32],
    ) -> Self {
        Self {
            store,
            clock,
            ids,
            passwords: password::Hasher::new(Arc::clone(&random)),
            random,
            signing: hmac::Key::new(hmac::HMAC_SHA256, signing),
            guesses: guesses::Guesses::default(),
        }
    }
}
