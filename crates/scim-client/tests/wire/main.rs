//! The client against real servers on loopback.

mod dialects;
mod discovery;
mod failures;
mod oauth;
mod requests;
mod support;
mod tls;
