//! The client against real servers on loopback.

mod failures;
mod requests;
mod support;
