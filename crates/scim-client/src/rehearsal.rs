//! A target that is read and not written to: what would be sent is remembered, and answered as a target would.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, Method, Request, StatusCode};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::document::{self, member};
use crate::failure::Failure;
use crate::path::Path;
use crate::wire::{Reply, Wire};

type Document = Map<String, Value>;

/// Endpoint of the type, and identifier.
type Name = (String, String);

/// Carries what reads to the target and nothing else. What was changed reads as changed; of groups without members.
/// A target's own reasons to refuse what is well-formed are not known.
pub(crate) struct Rehearsal {
    target: Arc<dyn Wire>,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    /// What was written; none of what was deleted.
    resources: HashMap<Name, Option<Document>>,
    /// Who has a `userName`, folded, by endpoint.
    holders: HashMap<(String, String), Name>,
}

impl Written {
    fn put(&mut self, name: Name, document: Option<Document>) {
        let user_name = |document: &Document| {
            let text = member(document, "userName")?.as_str()?;
            Some((name.0.clone(), scim::fold::fold_key(text)))
        };
        let before = self.resources.get(&name).and_then(Option::as_ref).and_then(user_name);
        if let Some(before) = before.filter(|before| self.holders.get(before) == Some(&name)) {
            self.holders.remove(&before);
        }
        if let Some(now) = document.as_ref().and_then(user_name) {
            self.holders.insert(now, name.clone());
        }
        self.resources.insert(name, document);
    }
}

impl Rehearsal {
    pub fn of(target: Arc<dyn Wire>) -> Self {
        Self { target, written: Mutex::default() }
    }

    fn create(&self, endpoint: &str, mut document: Document) -> (StatusCode, Document) {
        let mut written = self.written.lock();
        let name = member(&document, "userName").or(member(&document, "displayName")).cloned();
        if let Some(user_name) = member(&document, "userName").and_then(Value::as_str)
            && written.holders.contains_key(&(endpoint.to_owned(), scim::fold::fold_key(user_name)))
        {
            let detail = format!("userName {user_name:?} is taken.");
            return (StatusCode::CONFLICT, refusal(StatusCode::CONFLICT, "uniqueness", &detail));
        }
        // The same in each rehearsal, and telling nothing.
        let mut hasher = DefaultHasher::new();
        (name.map(|name| name.to_string()), member(&document, "externalId").map(Value::to_string))
            .hash(&mut hasher);
        let mut number = hasher.finish();
        let id = loop {
            let id = format!("new-{number:016x}");
            if !written.resources.contains_key(&(endpoint.to_owned(), id.clone())) {
                break id;
            }
            number = number.wrapping_add(1);
        };
        document.insert("id".into(), id.clone().into());
        written.put((endpoint.to_owned(), id), Some(document.clone()));
        (StatusCode::CREATED, document)
    }

    fn bulk(&self, body: &Document) -> Reply {
        let operations = member(body, "Operations").and_then(Value::as_array).cloned().unwrap_or_default();
        let answers: Vec<Value> = operations
            .into_iter()
            .map(|operation| {
                let path = operation["path"].as_str().unwrap_or_default().trim_start_matches('/');
                let data = operation["data"].as_object().cloned().unwrap_or_default();
                let (status, response) = self.create(path, data);
                json!({"method": "POST", "bulkId": operation["bulkId"], "status": status.as_str(), "response": response})
            })
            .collect();
        reply(StatusCode::OK, Some(&json!({"Operations": answers})))
    }

    /// What a resource is now, or the target's word that it is not.
    async fn current(
        &self,
        name: &Name,
        request: &Request<Bytes>,
        timeout: Duration,
    ) -> Result<Result<Document, Reply>, Failure> {
        if let Some(known) = self.written.lock().resources.get(name) {
            return Ok(known.clone().ok_or_else(gone));
        }
        let mut read = Request::new(Bytes::new());
        *read.method_mut() = Method::GET;
        *read.uri_mut() = request.uri().clone();
        *read.headers_mut() = request.headers().clone();
        let version = read.headers_mut().remove(IF_MATCH);
        read.headers_mut().remove(http::header::CONTENT_TYPE);
        let found = self.target.exchange(read, timeout).await?;
        if !found.status.is_success() {
            return Ok(Err(found));
        }
        if let (Some(version), Some(is)) = (version, found.headers.get(ETAG))
            && version != *is
        {
            let status = StatusCode::PRECONDITION_FAILED;
            let body = Value::Object(refusal(status, "", "The resource has another version."));
            return Ok(Err(reply(status, Some(&body))));
        }
        let mut document = object(found.body.as_ref());
        document.retain(|name, _| !name.eq_ignore_ascii_case("members"));
        Ok(Ok(document))
    }

    async fn change(
        &self,
        name: Name,
        request: &Request<Bytes>,
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        let mut document = match self.current(&name, request, timeout).await? {
            Ok(document) => document,
            Err(refusal) => return Ok(refusal),
        };
        let body = object(Some(request.body()));
        let now = match *request.method() {
            Method::PATCH => {
                for operation in member(&body, "Operations").and_then(Value::as_array).into_iter().flatten() {
                    apply(&mut document, operation);
                }
                Some(document)
            }
            Method::PUT => Some(body),
            _ => None,
        };
        self.written.lock().put(name, now);
        Ok(reply(StatusCode::NO_CONTENT, None))
    }

    /// An answer to a search, with what was written meanwhile.
    fn amend(&self, endpoint: &str, filter: &str, mut found: Reply) -> Reply {
        let Some((path, value)) = sought(filter) else { return found };
        let mut body = object(found.body.as_ref());
        let written = self.written.lock();
        let key = body.keys().find(|key| key.eq_ignore_ascii_case("Resources")).cloned();
        let mut resources = match key.and_then(|key| body.remove(&key)) {
            Some(Value::Array(resources)) => resources,
            _ => Vec::new(),
        };
        resources.retain(|it| {
            let id = it["id"].as_str().unwrap_or_default();
            !written.resources.contains_key(&(endpoint.to_owned(), id.to_owned()))
        });
        let ours =
            written.resources.iter().filter(|((of, _), _)| of == endpoint).filter_map(|(_, it)| it.as_ref());
        let ours = ours.filter(|it| carries(it, &path, &value));
        resources.extend(ours.cloned().map(Value::Object));
        body.retain(|name, _| !name.eq_ignore_ascii_case("totalResults"));
        body.insert("totalResults".into(), resources.len().into());
        body.insert("Resources".into(), resources.into());
        found.body = Some(bytes(&Value::Object(body)));
        found
    }
}

#[async_trait]
impl Wire for Rehearsal {
    async fn exchange(&self, request: Request<Bytes>, timeout: Duration) -> Result<Reply, Failure> {
        let (parent, last) = ends(request.uri().path());
        let is_type = |name: &str| matches!(name, "Users" | "Groups");
        let name = is_type(&parent).then(|| (parent, last.clone()));
        match (request.method().clone(), name) {
            (Method::GET, Some(name)) if self.written.lock().resources.contains_key(&name) => {
                let known = self.written.lock().resources.get(&name).cloned().flatten();
                Ok(known.map_or_else(gone, |known| reply(StatusCode::OK, Some(&Value::Object(known)))))
            }
            (Method::GET, None) if is_type(&last) => {
                let query = request.uri().query().unwrap_or_default().to_owned();
                let found = self.target.exchange(request, timeout).await?;
                let mut pairs = url::form_urlencoded::parse(query.as_bytes());
                match pairs.find(|(name, _)| name == "filter") {
                    Some((_, filter)) if found.status.is_success() => Ok(self.amend(&last, &filter, found)),
                    _ => Ok(found),
                }
            }
            (Method::GET, _) => self.target.exchange(request, timeout).await,
            (Method::POST, _) if last == "Bulk" => Ok(self.bulk(&object(Some(request.body())))),
            (Method::POST, _) => {
                let (status, answer) = self.create(&last, object(Some(request.body())));
                Ok(reply(status, Some(&Value::Object(answer))))
            }
            (_, Some(name)) => self.change(name, &request, timeout).await,
            (..) => Ok(gone()),
        }
    }
}

/// The last two segments of a path.
fn ends(path: &str) -> (String, String) {
    let decoded = |segment: Option<&str>| {
        percent_encoding::percent_decode_str(segment.unwrap_or_default()).decode_utf8_lossy().into_owned()
    };
    let mut segments = path.rsplit('/');
    let last = decoded(segments.next());
    (decoded(segments.next()), last)
}

/// Makes an operation in any dialect. Members are not kept.
fn apply(document: &mut Document, operation: &Value) {
    let removes = operation["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case("remove"));
    let value = if removes { &Value::Null } else { &operation["value"] };
    let mut set = |path: &str, value: &Value| {
        let Ok(path) = Path::parse(path) else { return };
        if path.attribute.eq_ignore_ascii_case("members") {
            return;
        }
        match value {
            // An addition carries a list with the whole value, `emails: [{"type": "work", "value": "a@b"}]`.
            Value::Array(added) => {
                let known = member(document, &path.attribute).and_then(Value::as_array).cloned();
                let all = known.unwrap_or_default().into_iter().chain(added.iter().cloned()).collect();
                document::set_path(document, &path, Value::Array(all));
            }
            value => document::set_path(document, &path, value.clone()),
        }
    };
    match (operation["path"].as_str(), value) {
        (Some(path), value) => set(path, value),
        (None, Value::Object(fields)) => fields.iter().for_each(|(path, value)| set(path, value)),
        (None, _) => {}
    }
}

/// What a search by equality is for: `userName eq "ada"`, `emails[type eq "work"].value eq "a@b"`, or, as RFC 7644 has
/// it, `emails[type eq "work" and value eq "a@b"]`.
fn sought(filter: &str) -> Option<(Path, String)> {
    let value = |at: usize| serde_json::from_str(filter[at + 4..].trim_end_matches(']')).ok();
    let found = filter.match_indices(" eq ").find_map(|(at, _)| Some((at, value(at)?)));
    let (at, value): (usize, String) = found?;
    let left = &filter[..at];
    let path = match left.rfind('[').filter(|open| !left[*open..].contains(']')) {
        None => left.to_owned(),
        Some(open) => match left.rfind(" and ") {
            Some(and) => format!("{}].{}", &left[..and], &left[and + 5..]),
            None => format!("{}.{}", &left[..open], &left[open + 1..]),
        },
    };
    Some((Path::parse(&path).ok()?, value))
}

fn carries(document: &Document, path: &Path, value: &str) -> bool {
    let texts = document::values(document, path);
    texts.iter().filter_map(|it| it.as_str()).any(|text| document::same_text(path, text, value))
}

fn object(body: Option<&Bytes>) -> Document {
    body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default()
}

fn bytes(value: &Value) -> Bytes {
    value.to_string().into()
}

fn reply(status: StatusCode, body: Option<&Value>) -> Reply {
    Reply { status, headers: HeaderMap::new(), body: Some(body.map(bytes).unwrap_or_default()) }
}

fn refusal(status: StatusCode, scim_type: &str, detail: &str) -> Document {
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:Error"]);
    Map::from_iter([
        ("schemas".to_owned(), schemas),
        ("status".to_owned(), status.as_str().into()),
        ("scimType".to_owned(), scim_type.into()),
        ("detail".to_owned(), detail.into()),
    ])
}

fn gone() -> Reply {
    let body = refusal(StatusCode::NOT_FOUND, "", "The resource would be gone by now.");
    reply(StatusCode::NOT_FOUND, Some(&Value::Object(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_are_understood_in_each_form() {
        let read = |filter| sought(filter).map(|(path, value)| (path.to_string(), value));
        let expected = |path: &str, value: &str| Some((path.to_owned(), value.to_owned()));
        assert_eq!(read(r#"userName eq "a eq \"b\"""#), expected("userName", r#"a eq "b""#));
        let mail = r#"emails[type eq "work"].value"#;
        assert_eq!(read(r#"emails[type eq "work"].value eq "a@b""#), expected(mail, "a@b"));
        assert_eq!(read(r#"emails[type eq "work" and value eq "a@b"]"#), expected(mail, "a@b"));
        assert_eq!(read("userName pr"), None);
    }
}
