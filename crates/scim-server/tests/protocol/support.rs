//! A tenant of the service provider, spoken to as a client would, and a store in memory below.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use model::{Clock, FixedClock, Ids, Principal, Random};
use scim_server::{Config, Limits, Service, router};
use serde_json::Value;
use store::Store;
use store_memory::{MemoryStore, Options};
use store_sqlite::SqliteStore;
use tenant::{NewToken, Tenant, Tenants};
use tower::ServiceExt;

/// Different bytes each time, the same in each run.
pub struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

pub struct Server {
    pub tenants: Arc<Tenants>,
    pub tenant: Tenant,
    pub clock: Arc<FixedClock>,
    pub token: String,
    pub service: Arc<Service>,
    pub router: Router,
    pub _directory: Option<tempfile::TempDir>,
}

/// An answer.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn id(&self) -> String {
        self.json()["id"].as_str().expect("an id").to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The body, of an answer with that status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks a SCIM error.
    pub fn refused(&self, status: u16, scim_type: &str) -> String {
        let body = self.expect(status);
        assert_eq!(self.header("content-type"), "application/scim+json");
        assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
        assert_eq!(body["status"], status.to_string());
        assert_eq!(body["scimType"].as_str().unwrap_or_default(), scim_type, "{body}");
        body["detail"].as_str().expect("a detail").to_owned()
    }
}

pub fn by() -> Principal {
    Principal::system("test")
}

impl Server {
    pub async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub async fn with(limits: Limits) -> Self {
        Self::over(MemoryStore::new(), limits).await
    }

    /// Over a store that commits out of order and refuses every third commit.
    pub async fn unruly() -> Self {
        let options = Options { seed: 7, reorder: true, fail_serialization_every: Some(3) };
        Self::over(MemoryStore::with(options), Limits::default()).await
    }

    /// Over a store on disk.
    pub async fn on_disk() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let store = SqliteStore::open(directory.path()).expect("a store");
        Self { _directory: Some(directory), ..Self::over(store, Limits::default()).await }
    }

    async fn over(store: impl Store, limits: Limits) -> Self {
        let store: Arc<dyn Store> = Arc::new(store);
        let clock = Arc::new(FixedClock::at("2026-11-24T00:00:00Z".parse().expect("an instant")));
        let random = Arc::new(Counting(AtomicU64::new(1)));
        let ids = Ids::new(clock.clone() as Arc<dyn Clock>, random.clone());
        let tenants = Arc::new(Tenants::new(store.clone(), clock.clone(), ids.clone(), random));
        let tenant = tenants.create("contoso", &by()).await.expect("a tenant");
        let token =
            tenants.create_token(tenant.id, NewToken::default(), &by()).await.expect("a token").secret;
        let config = Config { domain: Some("scim.example".to_owned()), limits, ..Config::default() };
        let service = Arc::new(Service::new(store, tenants.clone(), clock.clone(), ids, config));
        Self { tenants, tenant, clock, token, router: router(service.clone()), service, _directory: None }
    }

    /// Adds or replaces a schema extension.
    pub async fn extension(&self, schema: &Value) -> Result<bool, scim::Error> {
        let body = schema.as_object().expect("an object").clone();
        let id = schema["id"].as_str().expect("a URN");
        Ok(self.service.put_extension(self.tenant.id, body, Some(id), &by()).await?.1)
    }

    /// Changes the settings of the tenant.
    pub async fn settings(&self, change: fn(&mut tenant::Settings)) -> Result<Tenant, scim::Error> {
        let change = move |tenant: &mut Tenant| change(&mut tenant.settings);
        self.service.update_tenant(self.tenant.id, &by(), &change).await
    }

    /// Sends a request as it is.
    pub async fn raw(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// Sends a request to a path below the tenant's base with the tenant's token.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/tenants/contoso/api/scim/v2{path}"))
            .header("host", "localhost:8080")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/scim+json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.raw(request.body(body.into()).expect("a request")).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[], body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, &[], body.to_string()).await
    }

    /// Sends a PATCH of these operations.
    pub async fn patch(&self, path: &str, operations: &Value) -> Reply {
        let body = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations,
        });
        self.send("PATCH", path, &[], body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], Body::empty()).await
    }

    /// The codes of the deviations that the last request was accepted with, as the request log has them.
    pub fn accepted(&self) -> Vec<&'static str> {
        let requests = self.service.requests(self.tenant.id);
        let last = requests.last().expect("a request");
        last.quirks.iter().map(|(code, _)| *code).collect()
    }

    /// Creates a user.
    pub async fn user(&self, name: &str) -> String {
        let body = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name,
        });
        let reply = self.post("/Users", &body).await;
        reply.expect(201);
        reply.id()
    }

    /// Creates a group of these members.
    pub async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| serde_json::json!({ "value": id })).collect();
        let body = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": members,
        });
        let reply = self.post("/Groups", &body).await;
        reply.expect(201);
        reply.id()
    }
}

/// Percent-encodes a filter for a query.
pub fn encoded(filter: &str) -> String {
    filter
        .bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

/// The members of a group or the ids of a list.
pub fn values(list: &Value, key: &str) -> Vec<String> {
    let elements = list.as_array().map_or(&[][..], Vec::as_slice);
    elements.iter().filter_map(|element| element[key].as_str().map(str::to_owned)).collect()
}
