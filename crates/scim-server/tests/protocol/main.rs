//! The protocol of RFC 7644, as a client sees it.

mod bulk;
mod changes;
mod clients;
mod lists;
mod resources;
mod rfc;
mod security;
mod support;
