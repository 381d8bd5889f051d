//! What tests share: a SCIM target and a mail server with faults on demand, a PostgreSQL server, a store behind a gate,
//! a comparison of stores, and a seeded source of randomness.

pub mod against_memory;
mod document;
mod gated;
mod mail_server;
#[cfg(unix)]
mod postgres;
mod random;
mod target;

pub use gated::{Gate, Gated};
pub use mail_server::{MailServer, ReceivedMail};
#[cfg(unix)]
pub use postgres::Postgres;
pub use random::SeededRandom;
pub use target::{Fault, Recorded, Rule, ScimTarget, Switches};
