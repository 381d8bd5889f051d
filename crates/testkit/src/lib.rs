//! What tests share: a SCIM target, a mail server and an endpoint of webhooks with faults on demand, a PostgreSQL server, a store behind a gate,
//! a comparison of stores, and a seeded source of randomness.

pub mod against_memory;
mod document;
mod gated;
mod mail_server;
#[cfg(unix)]
mod postgres;
mod random;
mod receiver;
mod target;

pub use gated::{Gate, Gated};
pub use mail_server::{MailServer, ReceivedMail};
#[cfg(unix)]
pub use postgres::Postgres;
pub use random::SeededRandom;
pub use receiver::{Reaction, Received, Receiver};
pub use target::{Fault, Recorded, Rule, ScimTarget, Switches};
