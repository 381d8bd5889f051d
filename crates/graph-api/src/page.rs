//! Lists, a page at a time.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use store::Cursor;

use crate::call::Call;

/// An answer with a page of objects. `count` is the number of all of them, where it was asked for.
pub(crate) fn list(
    call: &Call,
    what: &str,
    objects: Vec<Value>,
    next: Option<&Cursor>,
    count: Option<u64>,
) -> Response {
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), call.context(what).into());
    if let Some(count) = count {
        body.insert("@odata.count".to_owned(), count.into());
    }
    // An empty page ends the paging of some clients, and nothing comes after it here.
    if let Some(next) = next.filter(|_| !objects.is_empty()) {
        let token = crate::odata::skip_token(next);
        let link = format!(
            "{}{}?{}",
            call.addresses.public_url,
            call.uri.path(),
            call.query.with_skip_token(&token)
        );
        body.insert("@odata.nextLink".to_owned(), link.into());
    }
    let objects = objects.into_iter().map(|object| call.query.select(object)).collect();
    body.insert("value".to_owned(), Value::Array(objects));
    Json(Value::Object(body)).into_response()
}
