//! Messages on the wire: lists, searches, PATCH bodies for clients, bulk, the service provider's configuration.

mod bulk;
mod config;
mod list;
mod patch_op;
mod reference;

pub use bulk::{BulkMethod, BulkOperation, BulkReply, BulkRequest, BulkResponse};
pub use config::{
    AuthenticationScheme, BulkSupport, FilterSupport, Pagination, ServiceProviderConfig, Supported,
};
pub use list::{ListResponse, SearchRequest, SortOrder, attribute_names, whole_number};
pub use patch_op::PatchOp;
pub use reference::{bulk_reference, bulk_references, defer_references, resolve_references};

use serde_json::Value;

use crate::Map;
use crate::error::Error;
use crate::resource::kind_of;

/// A message as an object whose keys are spelled as the message has them, since names are compared without regard to
/// case. `what` names the message in the error, `invalidSyntax`.
fn named(what: &str, body: Value, names: &[&str]) -> Result<Map, Error> {
    let Value::Object(body) = body else {
        return Err(Error::syntax(format!("{what} is an object, not {}", kind_of(&body))));
    };
    let spelled = |key: String| {
        let known = names.iter().find(|name| name.eq_ignore_ascii_case(&key));
        known.map_or(key, |name| (*name).to_owned())
    };
    Ok(body.into_iter().map(|(key, value)| (spelled(key), value)).collect())
}
