//! A SCIM target in memory, on a free port, that can be told to misbehave.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::document;

const MEDIA_TYPE: &str = "application/scim+json";

/// How the target behaves. The default is a correct server.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct Switches {
    /// Accepts the same `userName` (or group `displayName`) more than once.
    pub accept_duplicates: bool,
    /// Answers every list as if no filter had been given.
    pub ignore_filter: bool,
    /// Says in its `ServiceProviderConfig` that PATCH is not supported, and refuses it.
    pub refuse_patch: bool,
    /// Checks what a lenient server lets pass: a PATCH that takes somebody else's `userName`, a value filter that
    /// finds nothing, a member that does not exist.
    pub strict: bool,
    /// Keeps versions: says so in its `ServiceProviderConfig`, answers `ETag`, and takes `If-Match`.
    pub etags: bool,
    /// Leaves the id of an account that was deleted in the groups that it was a member of.
    pub keeps_members: bool,
    /// Takes bulk requests of creations, of so many operations at most.
    pub bulk: Option<usize>,
    /// Faults by what is asked, looked at for every request.
    pub rule: Option<Rule>,
    /// Waits this long before it answers.
    pub delay: Option<Duration>,
    /// Faults by the number of the request (the first is 1), each used once.
    pub faults: BTreeMap<u64, Fault>,
}

/// Decides about a request by what it asks.
#[derive(Clone)]
pub struct Rule(Arc<Decide>);

type Decide = dyn Fn(&Recorded) -> Option<Fault> + Send + Sync;

impl Rule {
    /// A rule that sees every request.
    pub fn new(rule: impl Fn(&Recorded) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self(Arc::new(rule))
    }

    /// What it makes of a request.
    pub fn decide(&self, request: &Recorded) -> Option<Fault> {
        (self.0)(request)
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Rule")
    }
}

/// What goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is not carried out; this status is answered, with `Retry-After` in seconds if given.
    Refuse(u16, Option<u64>),
    /// The request is not carried out, and the connection ends without an answer.
    HangUp,
    /// The request is carried out, and the answer is lost: a 502 as a broken proxy gives.
    LoseAnswer,
    /// The request is carried out, and answered only after this long.
    AnswerLate(Duration),
    /// The request is carried out, and answered with this status and text.
    Garble(u16, &'static str),
}

/// A request as received.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query.
    pub uri: String,
    /// The version that the request is for.
    pub if_match: Option<String>,
    /// The body, `null` where there was none.
    pub body: Value,
}

#[derive(Default)]
struct Inner {
    switches: Switches,
    /// By type (`Users`, `Groups`), then by id, in order of creation.
    resources: HashMap<String, BTreeMap<u64, Map<String, Value>>>,
    next_id: u64,
    received: u64,
    recorded: Vec<Recorded>,
}

/// A running target; it stops with the runtime of the test.
#[derive(Clone)]
pub struct ScimTarget {
    address: SocketAddr,
    token: Arc<str>,
    inner: Arc<Mutex<Inner>>,
}

impl ScimTarget {
    /// Starts a target on a free loopback port that accepts the token `secret`.
    pub async fn start(switches: Switches) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let inner = Inner { switches, ..Inner::default() };
        let target = Self {
            address: listener.local_addr()?,
            token: "secret".into(),
            inner: Arc::new(Mutex::new(inner)),
        };
        let router = Router::new().fallback(serve).with_state(target.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(target)
    }

    /// A target without a port, for a network of its own: see [`Self::answer`].
    pub fn detached(switches: Switches) -> Self {
        let inner = Inner { switches, ..Inner::default() };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: "secret".into(),
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// Answers a request at once, however it came. What was recorded of it is not kept.
    pub fn answer(&self, request: &axum::http::Request<Bytes>) -> Response {
        let answer = self.handle(request.method(), request.uri(), request.headers(), request.body());
        self.inner.lock().recorded.clear();
        answer.0
    }

    /// The base URL of its SCIM endpoint.
    pub fn base_url(&self) -> String {
        format!("http://{}/scim/v2", self.address)
    }

    /// The token that opens it.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Changes how it behaves from the next request on.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.inner.lock().switches);
    }

    /// Every resource of a type (`Users` or `Groups`), in order of creation.
    pub fn resources(&self, kind: &str) -> Vec<Map<String, Value>> {
        self.inner.lock().resources.get(kind).map(|all| all.values().cloned().collect()).unwrap_or_default()
    }

    /// How many resources of a type it holds.
    pub fn count(&self, kind: &str) -> u64 {
        self.inner.lock().resources.get(kind).map_or(0, |all| all.len() as u64)
    }

    /// Adds a resource behind everybody's back and returns its id.
    pub fn plant(&self, kind: &str, resource: Value) -> String {
        let Value::Object(resource) = resource else { return String::new() };
        self.inner.lock().insert(kind, resource)
    }

    /// Removes a resource behind everybody's back; whether it was there.
    pub fn uproot(&self, kind: &str, id: &str) -> bool {
        let Ok(id) = id.parse() else { return false };
        self.inner.lock().resources.get_mut(kind).is_some_and(|all| all.remove(&id).is_some())
    }

    /// Changes a resource behind everybody's back; whether it was there.
    pub fn alter(&self, kind: &str, id: &str, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        let Ok(id) = id.parse() else { return false };
        let mut inner = self.inner.lock();
        inner.resources.get_mut(kind).and_then(|all| all.get_mut(&id)).map(change).is_some()
    }

    /// The number of requests received so far.
    pub fn received(&self) -> u64 {
        self.inner.lock().received
    }

    /// The requests recorded since the last call, oldest first.
    pub fn take_recorded(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.inner.lock().recorded)
    }
}

impl Inner {
    fn insert(&mut self, kind: &str, mut resource: Map<String, Value>) -> String {
        self.next_id += 1;
        resource.insert("id".into(), json!(self.next_id.to_string()));
        self.resources.entry(kind.to_owned()).or_default().insert(self.next_id, resource);
        self.next_id.to_string()
    }

    fn answer(&mut self, method: &Method, uri: &Uri, body: Value) -> Response {
        let path = uri.path().trim_start_matches("/scim/v2").trim_matches('/');
        let (kind, id) = path.split_once('/').map_or((path, None), |(kind, id)| (kind, Some(id)));
        match (method.as_str(), kind, id) {
            ("GET", "ServiceProviderConfig", None) => ok(200, &self.configuration()),
            ("POST", "Bulk", None) => self.bulk(&body),
            (_, "Users" | "Groups", id) => {
                self.resource(method, kind, id, uri.query().unwrap_or_default(), body)
            }
            _ => error(404, None, "there is no such endpoint"),
        }
    }

    fn configuration(&self) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": { "supported": !self.switches.refuse_patch },
            "bulk": {
                "supported": self.switches.bulk.is_some(),
                "maxOperations": self.switches.bulk.unwrap_or(0),
                "maxPayloadSize": 1_000_000
            },
            "filter": { "supported": true, "maxResults": 200 },
            "changePassword": { "supported": false },
            "sort": { "supported": false },
            "etag": { "supported": self.switches.etags },
            "authenticationSchemes": []
        })
    }

    /// Creations one after the other; the answers come in another order.
    fn bulk(&mut self, body: &Value) -> Response {
        let operations = body["Operations"].as_array().cloned().unwrap_or_default();
        if operations.len() > self.switches.bulk.unwrap_or(0) {
            return error(413, None, "too many operations");
        }
        let mut replies = Vec::new();
        for operation in operations {
            let kind = operation["path"].as_str().unwrap_or_default().trim_start_matches('/').to_owned();
            let Value::Object(resource) = operation["data"].clone() else {
                return error(400, Some("invalidSyntax"), "a resource is a JSON object");
            };
            let status = self.create(&kind, resource).status().as_u16().to_string();
            let location = (status == "201").then(|| format!("/scim/v2/{kind}/{}", self.next_id));
            let id = &operation["bulkId"];
            replies.push(json!({"method": "POST", "bulkId": id, "status": status, "location": location}));
        }
        replies.reverse();
        ok(200, &json!({"Operations": replies}))
    }

    /// The version of the resource at this place, where versions are kept: what it holds, in short.
    fn version(&self, path: &str) -> Option<String> {
        let (kind, id) = path.trim_start_matches("/scim/v2/").split_once('/')?;
        let found = self.resources.get(kind)?.get(&id.parse().ok()?).filter(|_| self.switches.etags)?;
        let mut hasher = DefaultHasher::new();
        Value::from(found.clone()).to_string().hash(&mut hasher);
        Some(format!("W/\"{}\"", hasher.finish()))
    }

    fn resource(
        &mut self,
        method: &Method,
        kind: &str,
        id: Option<&str>,
        query: &str,
        body: Value,
    ) -> Response {
        let Some(id) = id else {
            return match (method.as_str(), body) {
                ("GET", _) => self.list(kind, query),
                ("POST", Value::Object(resource)) => self.create(kind, resource),
                _ => error(400, Some("invalidSyntax"), "a resource is a JSON object"),
            };
        };
        let Switches { refuse_patch, strict, keeps_members, .. } = self.switches;
        if strict
            && method == Method::PATCH
            && let Some(refusal) = self.objection(kind, id, &body)
        {
            return refusal;
        }
        let all = self.resources.entry(kind.to_owned()).or_default();
        let Some((number, found)) = id.parse().ok().and_then(|id| Some((id, all.get_mut(&id)?))) else {
            return error(404, None, &format!("there is no resource {id}"));
        };
        match method.as_str() {
            "GET" => ok(200, &found.clone().into()),
            "DELETE" => {
                all.remove(&number);
                if !keeps_members {
                    self.end_memberships(id);
                }
                StatusCode::NO_CONTENT.into_response()
            }
            "PUT" => {
                let Value::Object(mut resource) = body else {
                    return error(400, Some("invalidSyntax"), "a resource is a JSON object");
                };
                resource.insert("id".into(), json!(id));
                *found = resource;
                ok(200, &found.clone().into())
            }
            "PATCH" if refuse_patch => error(501, None, "PATCH is not supported"),
            "PATCH" => {
                let mut changed = found.clone();
                for operation in body["Operations"].as_array().into_iter().flatten() {
                    if let Err(problem) = document::patch(&mut changed, operation) {
                        return error(400, Some("invalidPath"), &problem);
                    }
                }
                *found = changed;
                ok(200, &found.clone().into())
            }
            _ => error(405, None, "that method is not for a resource"),
        }
    }

    /// What a strict server says against a PATCH.
    fn objection(&self, kind: &str, id: &str, body: &Value) -> Option<Response> {
        let number: u64 = id.parse().ok()?;
        let all = self.resources.get(kind)?;
        let mut found = all.get(&number)?.clone();
        for operation in body["Operations"].as_array().into_iter().flatten() {
            let path = operation["path"].as_str().unwrap_or_default();
            if let Some((element, _)) = path.split_once(']')
                && !document::any(&found, &format!("{element}]"))
            {
                return Some(error(400, Some("noTarget"), &format!("nothing is at {path}")));
            }
            let strangers = |member: &&Value| {
                let id = member["value"].as_str().and_then(|id| id.parse().ok()).unwrap_or(0);
                !self.resources.values().any(|all| all.contains_key(&id))
            };
            let members =
                operation["value"].as_array().filter(|_| path == "members" && operation["op"] == "add");
            if let Some(stranger) = members.into_iter().flatten().find(strangers) {
                return Some(error(
                    400,
                    Some("invalidValue"),
                    &format!("there is no member {}", stranger["value"]),
                ));
            }
            document::patch(&mut found, operation).ok()?;
        }
        let attribute = if kind == "Users" { "userName" } else { "displayName" };
        let name = found.get(attribute)?.as_str()?;
        let taken = all.iter().any(|(other, it)| *other != number && document::equals(it, attribute, name));
        taken.then(|| error(409, Some("uniqueness"), &format!("{attribute} {name} is taken")))
    }

    fn end_memberships(&mut self, id: &str) {
        for group in self.resources.get_mut("Groups").into_iter().flat_map(BTreeMap::values_mut) {
            if let Some(Value::Array(members)) = group.get_mut("members") {
                members.retain(|member| member["value"] != id);
            }
        }
    }

    fn create(&mut self, kind: &str, resource: Map<String, Value>) -> Response {
        let attribute = if kind == "Users" { "userName" } else { "displayName" };
        let Some(name) = resource.get(attribute).and_then(Value::as_str) else {
            return error(400, Some("invalidValue"), &format!("{attribute} is missing"));
        };
        let taken = |all: &BTreeMap<_, _>| all.values().any(|other| document::equals(other, attribute, name));
        if !self.switches.accept_duplicates && self.resources.get(kind).is_some_and(taken) {
            return error(409, Some("uniqueness"), &format!("{attribute} {name} is taken"));
        }
        let id = self.insert(kind, resource.clone());
        let mut created = resource;
        created.insert("id".into(), json!(id));
        ok(201, &created.into())
    }

    fn list(&self, kind: &str, query: &str) -> Response {
        let mut parameters: HashMap<String, String> = query.split('&').filter_map(parameter).collect();
        let filter = parameters.remove("filter").filter(|_| !self.switches.ignore_filter);
        let condition = filter.as_deref().map(|filter| filter.split_once(" eq "));
        if condition == Some(None) {
            return error(400, Some("invalidFilter"), "only `attribute eq \"value\"` is understood");
        }
        let wanted = condition.flatten().map(|(attribute, literal)| {
            (attribute, serde_json::from_str::<String>(literal).unwrap_or_else(|_| literal.to_owned()))
        });
        let found: Vec<&Map<String, Value>> = self
            .resources
            .get(kind)
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter(|r| {
                wanted.as_ref().is_none_or(|(attribute, value)| document::equals(r, attribute, value))
            })
            .collect();
        let number = |name: &str, default: usize| {
            parameters.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let (start, count) = (number("startIndex", 1).max(1), number("count", 200).min(200));
        let page: Vec<_> = found.iter().skip(start - 1).take(count).collect();
        ok(
            200,
            &json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": found.len(),
                "startIndex": start,
                "itemsPerPage": page.len(),
                "Resources": page,
            }),
        )
    }
}

fn parameter(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=')?;
    Some((name.to_owned(), decode(value)))
}

/// Undoes percent-encoding; `+` is a blank, as in a form.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| {
            byte.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok())
        };
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()).zip(hex(rest.next())).map_or(b'?', |(high, low)| high << 4 | low),
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn serve(
    State(target): State<ScimTarget>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (answer, delay) = target.handle(&method, &uri, &headers, &body);
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    answer
}

impl ScimTarget {
    fn handle(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> (Response, Option<Duration>) {
        let mut inner = self.inner.lock();
        inner.received += 1;
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let if_match = text(header::IF_MATCH);
        let recorded = Recorded {
            method: method.to_string(),
            uri: uri.to_string(),
            if_match: if_match.clone(),
            body: body.clone(),
        };
        let ruled = inner.switches.rule.as_ref().and_then(|rule| rule.decide(&recorded));
        inner.recorded.push(recorded);
        let mut delay = inner.switches.delay;
        if text(header::AUTHORIZATION) != Some(format!("Bearer {}", self.token)) {
            return (error(401, None, "the token is not known here"), delay);
        }
        let number = inner.received;
        let fault = inner.switches.faults.remove(&number).or(ruled);
        if fault == Some(Fault::HangUp) {
            // The server ends the connection of a handler that does not come back; no hook is called, nothing printed.
            std::panic::resume_unwind(Box::new("hung up on request"));
        }
        if let Some(Fault::Refuse(status, after)) = fault {
            let mut refusal = error(status, None, "refused on request");
            if let Some(after) = after {
                refusal.headers_mut().insert(header::RETRY_AFTER, after.into());
            }
            return (refusal, delay);
        }
        let mut answer =
            match if_match.filter(|tag| inner.version(uri.path()).is_some_and(|version| version != *tag)) {
                Some(tag) => error(412, None, &format!("the version is no longer {tag}")),
                None => inner.answer(method, uri, body),
            };
        let created =
            (answer.status() == StatusCode::CREATED).then(|| format!("{}/{}", uri.path(), inner.next_id));
        let version = inner.version(created.as_deref().unwrap_or(uri.path()));
        if let Some(version) = version.and_then(|version| version.parse().ok()) {
            answer.headers_mut().insert(header::ETAG, version);
        }
        match fault {
            Some(Fault::LoseAnswer) => answer = error(502, None, "the answer was lost"),
            Some(Fault::AnswerLate(late)) => delay = Some(late),
            Some(Fault::Garble(status, text)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                answer = (status, text).into_response();
            }
            _ => {}
        }
        (answer, delay)
    }
}

fn ok(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body.to_string()).into_response()
}

fn error(status: u16, scim_type: Option<&str>, detail: &str) -> Response {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(),
        "detail": detail,
    });
    if let Some(scim_type) = scim_type {
        body["scimType"] = json!(scim_type);
    }
    ok(status, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_creates_finds_patches_and_refuses_as_told() {
        let target = ScimTarget::start(Switches::default()).await.unwrap();
        let client = reqwest::Client::new();
        let users = format!("{}/Users", target.base_url());
        let post = || {
            client
                .post(&users)
                .bearer_auth("secret")
                .json(&json!({ "userName": "O'Brien+1@x.example" }))
                .send()
        };
        assert_eq!(post().await.unwrap().status(), 201);
        assert_eq!(post().await.unwrap().status(), 409);
        let found: Value = client
            .get(format!("{users}?filter=userName%20eq%20%22o'brien%2B1@x.example%22"))
            .bearer_auth("secret")
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(found["totalResults"], 1);
        let patch = json!({ "Operations": [
            { "op": "add", "path": "emails[type eq \"work\"].value", "value": "a@b" },
            { "op": "replace", "path": "name.givenName", "value": "Ann" },
        ] });
        let id = found["Resources"][0]["id"].as_str().unwrap();
        client.patch(format!("{users}/{id}")).bearer_auth("secret").json(&patch).send().await.unwrap();
        let stored = &target.resources("Users")[0];
        assert_eq!(stored["emails"], json!([{ "type": "work", "value": "a@b" }]));
        assert_eq!(stored["name"], json!({ "givenName": "Ann" }));
        target.switch(|switches| switches.faults = BTreeMap::from([(5, Fault::Refuse(429, Some(1)))]));
        let refused = client.get(&users).bearer_auth("secret").send().await.unwrap();
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["retry-after"]),
            (429, &"1".parse().unwrap())
        );
        assert_eq!(client.get(&users).send().await.unwrap().status(), 401);
    }
}
