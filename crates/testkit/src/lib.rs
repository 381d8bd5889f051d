//! What tests share: a SCIM target and a mail server with faults on demand, a store behind a gate, and a seeded source of
//! randomness.

mod document;
mod gated;
mod mail_server;
mod random;
mod target;

pub use gated::{Gate, Gated};
pub use mail_server::{MailServer, ReceivedMail};
pub use random::SeededRandom;
pub use target::{Fault, Recorded, Rule, ScimTarget, Switches};
