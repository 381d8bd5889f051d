//! `/$batch`: several calls in one.
//!
//! Each call goes through the routes that it would go through alone, with the credentials of the batch, so that nothing is
//! allowed here that is not allowed there (OData JSON Format 4.01 section 19).

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

use super::Routes;
use crate::call::{Call, object};
use crate::error::ApiError;

/// The route, which sends each call of a batch through `inner`. That has no batches: none stands within another.
pub(super) fn routes(inner: Router) -> Routes {
    let run = move |call: Call, headers: HeaderMap, body: Bytes| async move {
        let steps = read(&call, &headers, body)?;
        Ok::<_, ApiError>(Json(json!({"responses": answers(&inner, steps).await})))
    };
    Routes::new().route("/$batch", post(run))
}

/// Most calls of a batch, as Graph has it.
const MAX_STEPS: usize = 20;
/// Most bytes of all answers of a batch.
const MAX_ANSWERS: usize = 16 << 20;

/// One call of a batch.
#[derive(Debug)]
struct Step {
    id: String,
    after: Vec<String>,
    call: Result<Request, ApiError>,
}

/// The calls, each after those that it depends on.
fn read(call: &Call, headers: &HeaderMap, body: Bytes) -> Result<Vec<Step>, ApiError> {
    let mut members = object(&body)?;
    // The calls take their own shares of the memory for bodies.
    drop(body);
    let Some(Value::Array(requests)) = members.remove("requests") else {
        return Err(invalid("it must be {\"requests\": [{\"id\", \"method\", \"url\"}]}"));
    };
    if requests.len() > MAX_STEPS {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "MaximumValueExceeded",
            format!("Number of batch request steps exceeds the maximum value of {MAX_STEPS}."),
        ));
    }
    let mut steps = Vec::with_capacity(requests.len());
    for request in requests {
        let Value::Object(request) = request else { return Err(invalid("each request must be an object")) };
        steps.push(step(call, headers, request)?);
    }
    sorted(steps)
}

fn invalid(reason: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "BadRequest", format!("Invalid batch payload format: {reason}."))
        .hint("Nothing was done.")
}

fn step(call: &Call, headers: &HeaderMap, mut request: Map<String, Value>) -> Result<Step, ApiError> {
    let id = match request.get("id") {
        Some(Value::String(id)) if !id.is_empty() && id.len() <= 200 => id.clone(),
        _ => return Err(invalid("each request must have an id, a text")),
    };
    // The second name is what the client library for Python writes.
    let after = request.remove("dependsOn").or_else(|| request.remove("depends_on")).unwrap_or_default();
    let after = match after {
        Value::Null => Vec::new(),
        Value::Array(ids) => ids
            .into_iter()
            .map(|id| match id {
                Value::String(id) => Ok(id),
                _ => Err(invalid("dependsOn must be a list of ids")),
            })
            .collect::<Result<_, _>>()?,
        _ => return Err(invalid("dependsOn must be a list of ids")),
    };
    Ok(Step { id, after, call: inner_request(call, headers, request) })
}

/// The steps in an order in which each comes after those that it depends on, otherwise as they are given.
fn sorted(mut waiting: Vec<Step>) -> Result<Vec<Step>, ApiError> {
    for (place, step) in waiting.iter().enumerate() {
        if waiting[..place].iter().any(|other| same(&other.id, &step.id)) {
            return Err(invalid("two requests have the same id"));
        }
        if step.after.iter().any(|id| !waiting.iter().any(|other| same(&other.id, id))) {
            return Err(invalid("dependsOn names an id that no request has"));
        }
    }
    let mut sorted: Vec<Step> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = |step: &Step| step.after.iter().all(|id| sorted.iter().any(|done| same(&done.id, id)));
        let Some(next) = waiting.iter().position(ready) else {
            return Err(invalid("requests depend on each other in a circle"));
        };
        sorted.push(waiting.remove(next));
    }
    Ok(sorted)
}

/// Ids are compared without regard to case.
fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

/// What may not stand in an address, and is often not escaped in the text of one.
const UNESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The address of a call: relative to the version of the batch or to the server, or absolute.
fn address(call: &Call, headers: &HeaderMap, url: &str) -> Result<Uri, ApiError> {
    let elsewhere = || {
        let shown: String = url.chars().take(100).collect();
        ApiError::bad(format!("'{shown}' is not an address of this API."))
            .hint("Take an address relative to the batch, such as /users.")
    };
    // By which name the batch was called, the calls in it may be.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = [call.addresses.public_url.clone(), format!("https://{host}"), format!("http://{host}")];
    let absolute = own.iter().find_map(|own| url.strip_prefix(own.as_str()).filter(|it| it.starts_with('/')));
    let relative = absolute.unwrap_or(url).split('#').next().unwrap_or_default().trim_start_matches('/');
    if absolute.is_none() && relative.split(['?', '/']).next().is_some_and(|first| first.contains(':')) {
        return Err(elsewhere());
    }
    let versioned = ["v1.0/", "beta/"].iter().any(|version| relative.starts_with(version));
    let version = if versioned { String::new() } else { format!("{}/", call.version()) };
    let escaped = utf8_percent_encode(relative, UNESCAPED);
    format!("/{version}{escaped}").parse().map_err(|_| elsewhere())
}

/// Headers of a batch that say nothing of the calls in it.
const OF_THE_BATCH: &[HeaderName] = &[
    header::ACCEPT,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::TRANSFER_ENCODING,
];
/// Headers that a call does not give itself: who calls is said by the batch, and how long it is by nobody.
const NOT_OF_A_STEP: &[HeaderName] = &[
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::EXPECT,
    header::HOST,
    header::TRANSFER_ENCODING,
];

fn inner_request(
    call: &Call,
    headers: &HeaderMap,
    mut request: Map<String, Value>,
) -> Result<Request, ApiError> {
    let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut inner = Request::new(Body::empty());
    *inner.method_mut() = Method::from_bytes(text("method").to_ascii_uppercase().as_bytes())
        .map_err(|_| ApiError::bad("A request of a batch must have a method, such as GET."))?;
    *inner.uri_mut() = address(call, headers, text("url"))?;
    let of_caller = headers.iter().filter(|(name, _)| !OF_THE_BATCH.contains(name));
    inner.headers_mut().extend(of_caller.map(|(name, value)| (name.clone(), value.clone())));
    if let Some(Value::Object(given)) = request.remove("headers") {
        for (name, value) in given {
            let value = value.as_str().and_then(|value| HeaderValue::try_from(value).ok());
            let (Ok(name), Some(value)) = (HeaderName::try_from(&name), value) else {
                return Err(ApiError::bad("headers of a request of a batch must be names with texts."));
            };
            if !NOT_OF_A_STEP.contains(&name) {
                inner.headers_mut().insert(name, value);
            }
        }
    }
    let body = request.remove("body").unwrap_or_default();
    *inner.body_mut() = Body::from(bytes_of(body, &media_type(inner.headers()))?);
    Ok(inner)
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

/// The body of a call: JSON as it is, a text as it is, all else in base64url.
fn bytes_of(body: Value, media_type: &str) -> Result<Vec<u8>, ApiError> {
    match body {
        Value::Null => Ok(Vec::new()),
        Value::String(text) if media_type.starts_with("text/") => Ok(text.into_bytes()),
        Value::String(text) if !is_json(media_type) => {
            let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
            URL_SAFE_NO_PAD.decode(text).map_err(|_| {
                ApiError::bad(
                    "The body of a request must be JSON, or a text in base64 where it is of another type.",
                )
            })
        }
        json => Ok(json.to_string().into_bytes()),
    }
}

/// Makes the calls one after the other; whoever depends on a call that failed is not called.
async fn answers(inner: &Router, steps: Vec<Step>) -> Vec<Value> {
    let (mut failed, mut answers, mut room) =
        (Vec::<String>::new(), Vec::with_capacity(steps.len()), MAX_ANSWERS);
    for step in steps {
        let response = if step.after.iter().any(|id| failed.iter().any(|it| same(it, id))) {
            let message = "A request that this one depends on has failed.";
            ApiError::new(StatusCode::FAILED_DEPENDENCY, "FailedDependency", message).into_response()
        } else {
            match step.call {
                Ok(request) => inner.clone().oneshot(request).await.into_response(),
                Err(error) => error.into_response(),
            }
        };
        if !response.status().is_success() {
            failed.push(step.id.clone());
        }
        answers.push(answer(step.id, response, &mut room).await);
    }
    answers
}

/// An answer as a batch has it.
async fn answer(id: String, response: Response, room: &mut usize) -> Value {
    let (mut parts, body) = response.into_parts();
    let mut shown = json!({"id": id, "status": parts.status.as_u16()});
    if let Ok(bytes) = to_bytes(body, *room).await {
        *room -= bytes.len();
        if !bytes.is_empty() {
            shown["body"] = value_of(&bytes, &media_type(&parts.headers));
        }
    } else {
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        shown["status"] = StatusCode::INSUFFICIENT_STORAGE.as_u16().into();
        shown["body"] = json!({"error": {
            "code": "ResponseTooLarge",
            "message": "The answers are larger than those of a batch may be. What this request changes is changed: \
                        read the rest outside of a batch.",
        }});
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((canonical(name), Value::String(value.to_str().ok()?.to_owned()))));
    shown["headers"] = Value::Object(headers.collect());
    shown
}

/// The name of a header in the spelling that clients look for: there, names are keys and not without case.
fn canonical(name: &HeaderName) -> String {
    let capital = |part: &str| {
        let mut part = part.to_owned();
        if let Some(first) = part.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        part
    };
    name.as_str().split('-').map(capital).collect::<Vec<_>>().join("-")
}

fn value_of(bytes: &[u8], media_type: &str) -> Value {
    if is_json(media_type)
        && let Ok(value) = serde_json::from_slice(bytes)
    {
        return value;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if media_type.starts_with("text/") => text.into(),
        _ => URL_SAFE.encode(bytes).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_texts_or_base64() {
        for (body, media_type, bytes) in [
            (json!({"a": 1}), "application/json", &b"{\"a\":1}"[..]),
            (json!({"a": 1}), "", b"{\"a\":1}"),
            (json!("a"), "application/json", b"\"a\""),
            (json!("a,b"), "text/csv", b"a,b"),
            (json!("_-8="), "image/png", &[255, 239]),
            (json!("/+8="), "image/png", &[255, 239]),
            (Value::Null, "image/png", b""),
        ] {
            let read = bytes_of(body.clone(), media_type).unwrap_or_else(|error| panic!("{body}: {error:?}"));
            assert_eq!(read, bytes, "{body} as {media_type}");
        }
        assert!(bytes_of(json!("a,b"), "image/png").is_err());
        assert_eq!(value_of(&[255, 239], "image/png"), "_-8=");
        assert_eq!(value_of(b"a", "text/plain"), "a");
        assert_eq!(value_of(b"[1]", "application/scim+json"), json!([1]));
    }

    #[tokio::test]
    async fn answers_have_room_or_say_that_they_have_none() {
        let mut room = 10;
        let shown = answer("1".to_owned(), (StatusCode::OK, "12345678").into_response(), &mut room).await;
        assert_eq!((&shown["status"], &shown["body"], room), (&json!(200), &json!("12345678"), 2));
        let shown = answer("2".to_owned(), (StatusCode::OK, "123").into_response(), &mut room).await;
        assert_eq!(shown["status"], 507);
        assert_eq!((&shown["body"]["error"]["code"], room), (&json!("ResponseTooLarge"), 2));
    }
}
