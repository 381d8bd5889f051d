//! The protocol of RFC 7644, as a client sees it.

mod bulk;
mod clients;
mod lists;
mod paging;
mod resources;
mod rfc;
mod security;
mod support;
