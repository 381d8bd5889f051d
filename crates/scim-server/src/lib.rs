//! The SCIM 2.0 service provider over HTTP (RFC 7643, RFC 7644, RFC 9865).
//!
//! [`serve`] serves every tenant of an installation, by host name (`NAME.DOMAIN/api/scim/v2/...`) and, on any host,
//! by path (`/tenants/NAME/api/scim/v2/...`). What a tenant holds is in its realm of the store: documents as bytes,
//! without what is computed (`id`, `meta`, `groups`), which is spliced in on the way out; members of groups are
//! edges and leave page by page.

mod answer;
mod body;
mod build;
mod bulk;
mod call;
mod changes;
mod discovery;
mod dispatch;
mod document;
mod extension;
mod inspector;
mod list;
mod members;
mod paging;
mod plan;
mod query;
mod render;
mod review;
mod room;
mod route;
mod schemas;
mod serve;
mod service;
mod sorted;
mod stream;
mod turn;
mod walk;
mod write;

pub use extension::read_extension;
pub use inspector::InspectedRequest;
pub use review::Found;
pub use serve::{is_scim, router, serve};
pub use service::{Config, Limits, Service};
