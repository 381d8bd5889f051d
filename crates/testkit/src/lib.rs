//! What tests share: a SCIM target with faults on demand, and a seeded source of randomness.

mod document;
mod random;
mod target;

pub use random::SeededRandom;
pub use target::{Fault, Recorded, Rule, ScimTarget, Switches};
