//! The client against real servers on loopback.

mod failures;
mod oauth;
mod requests;
mod support;
mod tls;
