//! A target that is read and not written to: what would be sent is remembered, and answered as a target would.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::document::{self, member};
use crate::failure::Failure;
use crate::path::Path;
use crate::wire::{Reply, Wire};

type Document = Map<String, Value>;

/// Endpoint of the type, and identifier.
type Name = (String, String);

/// Endpoint of the type, and a `userName`, folded.
type UserName = (String, String);

/// Carries what reads to the target and nothing else. What was changed reads as changed; of groups without members.
/// A `userName` belongs to one account (RFC 7643 section 4.1.1); a target's other reasons to refuse what is well-formed are
/// not known.
pub(crate) struct Rehearsal {
    target: Arc<dyn Wire>,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    /// What was written; none of what was deleted.
    resources: BTreeMap<Name, Option<Document>>,
    /// Which of it the target does not have.
    created: HashSet<Name>,
    /// Who of these has a `userName`.
    holders: HashMap<UserName, Name>,
    /// What nobody in the target has, who was asked.
    free: HashSet<UserName>,
}

impl Written {
    fn put(&mut self, name: Name, document: Option<Document>) {
        let user_name = |document: &Document| user_name(&name.0, document);
        let before = self.resources.get(&name).and_then(Option::as_ref).and_then(user_name);
        if let Some(before) = before.filter(|before| self.holders.get(before) == Some(&name)) {
            self.holders.remove(&before);
        }
        if let Some(now) = document.as_ref().and_then(user_name) {
            self.holders.insert(now, name.clone());
        }
        self.resources.insert(name, document);
    }

    /// What was written of a type.
    fn of(&self, endpoint: &str) -> impl Iterator<Item = (&Name, Option<&Document>)> {
        let first = (endpoint.to_owned(), String::new());
        let all = self.resources.range(first..).map(|(name, it)| (name, it.as_ref()));
        all.take_while(move |((of, _), _)| of == endpoint)
    }
}

impl Rehearsal {
    pub fn of(target: Arc<dyn Wire>) -> Self {
        Self { target, written: Mutex::default() }
    }

    /// Creates a resource at `endpoint`, the name of the type; `request` is what asks for it.
    async fn create(
        &self,
        endpoint: &str,
        mut document: Document,
        request: &Request<Bytes>,
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        if let Some(refusal) = self.meets(endpoint, &document, None, request, timeout).await? {
            return Ok(refusal);
        }
        let mut written = self.written.lock();
        // Somebody else may have come first while the target was asked.
        if let Some(wanted) = user_name(endpoint, &document).filter(|it| written.holders.contains_key(it)) {
            return Ok(taken(&wanted));
        }
        let name = member(&document, "userName").or(member(&document, "displayName")).cloned();
        // The same in each rehearsal, and telling nothing.
        let mut hasher = DefaultHasher::new();
        (name.map(|name| name.to_string()), member(&document, "externalId").map(Value::to_string))
            .hash(&mut hasher);
        let mut number = hasher.finish();
        let name = loop {
            let name = (endpoint.to_owned(), format!("new-{number:016x}"));
            if !written.resources.contains_key(&name) {
                break name;
            }
            number = number.wrapping_add(1);
        };
        document.insert("id".into(), name.1.clone().into());
        written.created.insert(name.clone());
        written.put(name, Some(document.clone()));
        Ok(reply(StatusCode::CREATED, Some(&Value::Object(document))))
    }

    /// The refusal of what a resource becomes, where another one than `own` has its `userName`.
    async fn meets(
        &self,
        endpoint: &str,
        document: &Document,
        own: Option<&Name>,
        request: &Request<Bytes>,
        timeout: Duration,
    ) -> Result<Option<Reply>, Failure> {
        let Some(wanted) = user_name(endpoint, document) else { return Ok(None) };
        {
            let written = self.written.lock();
            if let Some(holder) = written.holders.get(&wanted) {
                return Ok((Some(holder) != own).then(|| taken(&wanted)));
            }
            if written.free.contains(&wanted) {
                return Ok(None);
            }
        }
        let Some(search) = search(request, endpoint, document) else { return Ok(None) };
        let found = self.target.exchange(search, timeout).await?;
        if !found.status.is_success() {
            // A target that takes no filter does not tell. What stands in the way of each request is answered.
            let untold = matches!(found.status.as_u16(), 400 | 403 | 404 | 405 | 413 | 501);
            return Ok((!untold).then_some(found));
        }
        let mut body = object(found.body.as_ref());
        let mut written = self.written.lock();
        let held = resources(&mut body).iter().filter_map(Value::as_object).any(|it| {
            let name = (endpoint.to_owned(), identifier(it));
            user_name(endpoint, it).as_ref() == Some(&wanted)
                && Some(&name) != own
                && !written.resources.contains_key(&name)
        });
        if held {
            return Ok(Some(taken(&wanted)));
        }
        written.free.insert(wanted);
        Ok(None)
    }

    async fn bulk(&self, request: &Request<Bytes>, timeout: Duration) -> Result<Reply, Failure> {
        let body = object(Some(request.body()));
        let operations = member(&body, "Operations").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut answers = Vec::with_capacity(operations.len());
        for operation in operations {
            let path = operation["path"].as_str().unwrap_or_default().trim_start_matches('/');
            let data = operation["data"].as_object().cloned().unwrap_or_default();
            let created = self.create(path, data, request, timeout).await?;
            let (status, response) = (created.status.as_str(), object(created.body.as_ref()));
            answers.push(
                json!({"method": "POST", "bulkId": operation["bulkId"], "status": status, "response": response}),
            );
        }
        Ok(reply(StatusCode::OK, Some(&json!({"Operations": answers}))))
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
        let version = request.headers().get(IF_MATCH);
        let found = self.target.exchange(read(request, request.uri().clone()), timeout).await?;
        if !found.status.is_success() {
            return Ok(Err(found));
        }
        if let (Some(version), Some(is)) = (version, found.headers.get(ETAG))
            && version != is
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
        let before = match self.current(&name, request, timeout).await? {
            Ok(document) => document,
            Err(refusal) => return Ok(refusal),
        };
        let mut body = object(Some(request.body()));
        let now = match *request.method() {
            Method::PATCH => {
                let mut document = before.clone();
                for operation in member(&body, "Operations").and_then(Value::as_array).into_iter().flatten() {
                    apply(&mut document, operation);
                }
                Some(document)
            }
            Method::PUT => {
                body.retain(|name, _| !["id", "members"].iter().any(|own| name.eq_ignore_ascii_case(own)));
                body.insert("id".into(), name.1.clone().into());
                Some(body)
            }
            _ => None,
        };
        if let Some(now) = &now
            && user_name(&name.0, now) != user_name(&name.0, &before)
            && let Some(refusal) = self.meets(&name.0, now, Some(&name), request, timeout).await?
        {
            return Ok(refusal);
        }
        self.written.lock().put(name, now);
        Ok(reply(StatusCode::NO_CONTENT, None))
    }

    /// An answer to a search, with what was written meanwhile.
    fn amend(&self, endpoint: &str, filter: &str, mut found: Reply) -> Reply {
        let Some((path, value)) = sought(filter) else { return found };
        let mut body = object(found.body.as_ref());
        let mut written = self.written.lock();
        let mut all = resources(&mut body);
        if all.is_empty() && path.to_string().eq_ignore_ascii_case("userName") {
            written.free.insert((endpoint.to_owned(), scim::fold::fold_key(&value)));
        }
        // What was not sought is a sign that filters are ignored, and stays.
        all.retain(|it| {
            let Some(fields) = it.as_object() else { return true };
            !written.resources.contains_key(&(endpoint.to_owned(), identifier(fields)))
                || !carries(fields, &path, &value)
        });
        let ours = written.of(endpoint).filter_map(|(_, it)| it).filter(|it| carries(it, &path, &value));
        all.extend(ours.cloned().map(Value::Object));
        body.retain(|name, _| !name.eq_ignore_ascii_case("totalResults"));
        body.insert("totalResults".into(), all.len().into());
        body.insert("Resources".into(), all.into());
        found.body = Some(bytes(&Value::Object(body)));
        found
    }

    /// A page of a list, with what was written meanwhile: at the end what is new. A page does not get shorter, since
    /// who reads on counts: of what is gone the identifier stays.
    fn amend_page(&self, endpoint: &str, query: &HashMap<String, String>, mut found: Reply) -> Reply {
        let written = self.written.lock();
        if written.of(endpoint).next().is_none() {
            return found;
        }
        let mut body = object(found.body.as_ref());
        let is_last = is_last(query, &body);
        let mut all = resources(&mut body);
        for it in all.iter_mut().filter_map(Value::as_object_mut) {
            let id = identifier(it);
            match written.resources.get(&(endpoint.to_owned(), id.clone())) {
                None => {}
                Some(Some(now)) => it.clone_from(now),
                Some(None) => *it = Map::from_iter([("id".to_owned(), id.into())]),
            }
        }
        if is_last {
            let new = written.of(endpoint).filter(|(name, _)| written.created.contains(*name));
            all.extend(new.filter_map(|(_, it)| it.cloned()).map(Value::Object));
        }
        body.insert("Resources".into(), all.into());
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
                let query = request.uri().query().unwrap_or_default();
                let query: HashMap<_, _> =
                    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
                let found = self.target.exchange(request, timeout).await?;
                Ok(match query.get("filter") {
                    _ if !found.status.is_success() => found,
                    Some(filter) => self.amend(&last, filter, found),
                    None => self.amend_page(&last, &query, found),
                })
            }
            (Method::GET, _) => self.target.exchange(request, timeout).await,
            (Method::POST, _) if last == "Bulk" => self.bulk(&request, timeout).await,
            (Method::POST, _) => {
                let document = object(Some(request.body()));
                self.create(&last, document, &request, timeout).await
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

/// The request that reads at another place what a write is for.
fn read(request: &Request<Bytes>, uri: Uri) -> Request<Bytes> {
    let mut read = Request::new(Bytes::new());
    *read.uri_mut() = uri;
    *read.headers_mut() = request.headers().clone();
    read.headers_mut().remove(IF_MATCH);
    read.headers_mut().remove(CONTENT_TYPE);
    read
}

/// The search for who has the `userName` that a write gives away.
fn search(request: &Request<Bytes>, endpoint: &str, document: &Document) -> Option<Request<Bytes>> {
    let (path, own) = (request.uri().path(), format!("/{endpoint}"));
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let base = path.strip_suffix(&own).or_else(|| parent.strip_suffix(&own)).unwrap_or(parent);
    let filter = format!("userName eq {}", member(document, "userName")?);
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", &filter).finish();
    // A blank as every target reads it.
    let query = query.replace('+', "%20");
    let own = request.uri().query().map(|own| format!("{own}&")).unwrap_or_default();
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = format!("{base}/{endpoint}?{own}{query}").parse().ok();
    Some(read(request, Uri::from_parts(parts).ok()?))
}

/// Whether a target has nothing after this page, as who reads it will take it.
fn is_last(query: &HashMap<String, String>, body: &Document) -> bool {
    if member(body, "nextCursor").and_then(Value::as_str).is_some_and(|next| !next.is_empty()) {
        return false;
    }
    if query.get("cursor").is_some_and(|cursor| !cursor.is_empty()) {
        return true;
    }
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<u64>().ok());
    let start = number("startIndex").unwrap_or(1).max(1);
    let length = member(body, "Resources").and_then(Value::as_array).map_or(0, Vec::len) as u64;
    let total = member(body, "totalResults").and_then(Value::as_u64).unwrap_or(0);
    // Some targets give the size of the page as the total.
    let suspicious = length > 0 && number("count") == Some(length) && total <= length;
    start.saturating_add(length) > total && !suspicious
}

/// Makes an operation in any dialect. Members are not kept.
fn apply(document: &mut Document, operation: &Value) {
    let is = |name: &str| operation["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case(name));
    let (adds, value) = (is("add"), if is("remove") { &Value::Null } else { &operation["value"] });
    let mut set = |path: &str, value: &Value| {
        let Ok(path) = Path::parse(path) else { return };
        if path.attribute.eq_ignore_ascii_case("members") {
            return;
        }
        let value = match value {
            // What is added joins what is there, `emails: [{"type": "work", "value": "a@b"}]`.
            Value::Array(added) if adds => {
                let known = document::get_path(document, &path).and_then(Value::as_array);
                let mut all = known.cloned().unwrap_or_default();
                all.extend(added.iter().filter(|it| !all.contains(it)).cloned().collect::<Vec<_>>());
                Value::Array(all)
            }
            value => value.clone(),
        };
        document::set_path(document, &path, value);
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
    let mut texts = document::values(document, path).filter_map(Value::as_str);
    texts.any(|text| document::same_text(path, text, value))
}

/// The `userName` of a resource of the type with this endpoint.
fn user_name(endpoint: &str, document: &Document) -> Option<UserName> {
    let text = member(document, "userName")?.as_str()?;
    Some((endpoint.to_owned(), scim::fold::fold_key(text)))
}

/// The identifier of a resource in an answer. Numbers are taken for identifiers too.
fn identifier(document: &Document) -> String {
    match member(document, "id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    }
}

/// Takes the resources out of a list.
fn resources(body: &mut Document) -> Vec<Value> {
    let key = body.keys().find(|key| key.eq_ignore_ascii_case("Resources")).cloned();
    match key.and_then(|key| body.shift_remove(&key)) {
        Some(Value::Array(resources)) => resources,
        _ => Vec::new(),
    }
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

fn taken((_, user_name): &UserName) -> Reply {
    let detail = format!("userName {user_name:?} is taken.");
    reply(StatusCode::CONFLICT, Some(&Value::Object(refusal(StatusCode::CONFLICT, "uniqueness", &detail))))
}

fn gone() -> Reply {
    let body = refusal(StatusCode::NOT_FOUND, "", "The resource would be gone by now.");
    reply(StatusCode::NOT_FOUND, Some(&Value::Object(body)))
}

#[cfg(test)]
#[path = "rehearsal_tests.rs"]
mod tests;
