//! The protocol of RFC 7644, as a client sees it.

mod clients;
mod lists;
mod resources;
mod security;
mod support;
