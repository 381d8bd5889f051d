//! The client against real servers on loopback.

mod discovery;
mod failures;
mod requests;
mod support;
