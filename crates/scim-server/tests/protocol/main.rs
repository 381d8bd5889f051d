//! The protocol of RFC 7644, as a client sees it.

mod bulk;
mod changes;
mod clients;
mod extensions;
mod lists;
mod paging;
mod redefinitions;
mod resources;
mod review;
mod rfc;
mod security;
mod settings;
mod support;
