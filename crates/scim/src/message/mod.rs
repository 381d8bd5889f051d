//! Messages on the wire: lists, searches, PATCH bodies for clients, bulk, the service provider's configuration.

mod bulk;
mod config;
mod list;
mod patch_op;

pub use bulk::{
    BulkMethod, BulkOperation, BulkReply, BulkRequest, BulkResponse, bulk_references, resolve_references,
};
pub use config::{
    AuthenticationScheme, BulkSupport, FilterSupport, Pagination, ServiceProviderConfig, Supported,
};
pub use list::{ListResponse, SearchRequest, SortOrder};
pub use patch_op::PatchOp;
