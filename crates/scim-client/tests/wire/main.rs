//! The client against real servers on loopback.

mod bulk;
mod dialects;
mod discovery;
mod failures;
mod oauth;
mod requests;
mod support;
mod tls;
