//! Tenants of the SCIM service provider, their settings, and the tokens that open them.
//!
//! A [`Tenant`] and its [`Token`]s live in the installation realm; the resources of a tenant live in a realm of
//! their own, [`Tenant::realm`]. A token is shown once, when it is made; what is kept is its hash.

mod error;
mod name;
mod notices;
mod secret;
mod tenants;
#[cfg(test)]
mod tests;
mod tokens;

pub use error::{Error, Result};
pub use name::check_name;
pub use notices::{Announcer, Notice, Recipients};
pub use tenants::{PatchAnswer, Settings, Tenant, Tenants};
pub use tokens::{Access, IssuedToken, NewToken, Scope, Token};
