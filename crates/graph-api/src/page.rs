//! Lists, a page at a time.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use store::Cursor;

use crate::call::Call;

/// The page of a list that is in memory, in the order of a key which no two have, and where the next one begins.
pub(crate) fn of_all<T>(
    call: &Call,
    mut all: Vec<T>,
    key: impl Fn(&T) -> Vec<u8>,
) -> (Vec<T>, Option<Cursor>) {
    all.sort_by_cached_key(&key);
    if let Some(Cursor(after)) = &call.query.after {
        all.retain(|one| key(one)[..] > after[..]);
    }
    let limit = call.query.limit();
    let next = (all.len() > limit).then(|| Cursor(key(&all[limit - 1]).into()));
    all.truncate(limit);
    (all, next)
}

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
