//! A target that costs next to nothing: it takes everything, keeps what it was sent as bytes, and is as quick with a
//! million users as with none.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::watch;

const CONFIGURATION: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
"patch":{"supported":true},"bulk":{"supported":true,"maxOperations":1000,"maxPayloadSize":4194304},
"filter":{"supported":true,"maxResults":1000},"changePassword":{"supported":false},"sort":{"supported":false},
"etag":{"supported":false},"authenticationSchemes":[]}"#;

/// What it holds, and what it was asked.
#[derive(Default)]
struct Held {
    users: Resources,
    groups: Resources,
    requests: u64,
    /// When the last change of each user came in, by number.
    changed: HashMap<usize, Instant>,
}

/// Resources of a type; their numbers, from 1, are their ids.
#[derive(Default)]
struct Resources {
    /// Each without the brace it begins with.
    bodies: Vec<Box<[u8]>>,
    by_name: HashMap<String, usize>,
}

impl Resources {
    fn add(&mut self, body: &RawValue) -> Option<usize> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Named {
            user_name: Option<String>,
            display_name: Option<String>,
        }
        let named: Named = serde_json::from_str(body.get()).ok()?;
        let name = named.user_name.or(named.display_name)?;
        self.bodies.push(body.get().as_bytes()[1..].into());
        self.by_name.insert(name.to_lowercase(), self.bodies.len());
        Some(self.bodies.len())
    }

    fn write(&self, number: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(format!(r#"{{"id":"{number}","#).as_bytes());
        out.extend_from_slice(&self.bodies[number - 1]);
    }

    fn list(&self, total: usize, numbers: impl Iterator<Item = usize>) -> Vec<u8> {
        let mut out = format!(r#"{{"totalResults":{total},"Resources":["#).into_bytes();
        for (position, number) in numbers.enumerate() {
            if position > 0 {
                out.push(b',');
            }
            self.write(number, &mut out);
        }
        out.extend_from_slice(b"]}");
        out
    }
}

impl Held {
    fn of(&mut self, kind: &str) -> &mut Resources {
        if kind.trim_start_matches('/') == "Groups" { &mut self.groups } else { &mut self.users }
    }
}

type Shared = Arc<(Mutex<Held>, watch::Sender<()>)>;

/// The target, served by a thread of its own.
pub struct Target {
    shared: Shared,
    pub address: SocketAddr,
}

impl Target {
    pub fn start() -> Result<Self> {
        let shared: Shared = Arc::new((Mutex::default(), watch::Sender::new(())));
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let router = Router::new()
            .route("/ServiceProviderConfig", get(|| async { json(CONFIGURATION.into()) }))
            .route("/Bulk", post(bulk))
            .route("/{kind}", get(list).post(create))
            .route("/{kind}/{id}", get(read).patch(change).put(change).delete(change))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                axum::serve(listener, router).await
            })
        });
        Ok(Self { shared, address })
    }

    /// How many requests it has answered.
    pub fn requests(&self) -> u64 {
        self.shared.0.lock().requests
    }

    /// When the next change of a user arrives that is made from now on; `None` for one it does not hold.
    pub fn expect(&self, user_name: &str) -> Option<Expectation> {
        let mut held = self.shared.0.lock();
        let number = *held.users.by_name.get(&user_name.to_lowercase())?;
        held.changed.remove(&number);
        Some(Expectation { shared: Arc::clone(&self.shared), number })
    }
}

/// A change that is to arrive.
pub struct Expectation {
    shared: Shared,
    number: usize,
}

impl Expectation {
    /// Waits for it.
    pub async fn arrives(&self, limit: Duration) -> Result<Instant> {
        let mut news = self.shared.1.subscribe();
        let wait = async {
            loop {
                if let Some(at) = self.shared.0.lock().changed.get(&self.number) {
                    return *at;
                }
                let _ = news.changed().await;
            }
        };
        tokio::time::timeout(limit, wait).await.context("the change does not arrive")
    }
}

fn json(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "application/scim+json")], body).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    filter: Option<String>,
    start_index: Option<usize>,
    count: Option<usize>,
}

async fn list(
    State(shared): State<Shared>,
    Path(kind): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let mut held = shared.0.lock();
    held.requests += 1;
    let resources = held.of(&kind);
    if let Some(filter) = asked.filter {
        // `userName eq "..."`, of names without anything to be escaped.
        let name = filter.split('"').nth(1).unwrap_or_default().to_lowercase();
        let found = resources.by_name.get(&name).copied();
        return json(resources.list(found.iter().count(), found.into_iter()));
    }
    let start = asked.start_index.unwrap_or(1).max(1);
    let total = resources.bodies.len();
    let end = total.min(start.saturating_add(asked.count.unwrap_or(1000).min(1000)) - 1);
    json(resources.list(total, start..=end))
}

async fn read(State(shared): State<Shared>, Path((kind, id)): Path<(String, usize)>) -> Response {
    let mut held = shared.0.lock();
    held.requests += 1;
    let resources = held.of(&kind);
    if id == 0 || id > resources.bodies.len() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut out = Vec::new();
    resources.write(id, &mut out);
    json(out)
}

async fn create(State(shared): State<Shared>, Path(kind): Path<String>, body: Bytes) -> Response {
    let mut held = shared.0.lock();
    held.requests += 1;
    let made = serde_json::from_slice::<&RawValue>(&body).ok().and_then(|body| held.of(&kind).add(body));
    match made {
        Some(number) => (StatusCode::CREATED, json(format!(r#"{{"id":"{number}"}}"#).into())).into_response(),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn change(
    method: Method,
    State(shared): State<Shared>,
    Path((kind, id)): Path<(String, usize)>,
) -> StatusCode {
    let mut held = shared.0.lock();
    held.requests += 1;
    if kind == "Users" && method != Method::DELETE {
        held.changed.insert(id, Instant::now());
        shared.1.send_replace(());
    }
    StatusCode::NO_CONTENT
}

async fn bulk(State(shared): State<Shared>, body: Bytes) -> Response {
    #[derive(Deserialize)]
    struct Request<'a> {
        #[serde(rename = "Operations", borrow)]
        operations: Vec<Operation<'a>>,
    }
    #[derive(Deserialize)]
    struct Operation<'a> {
        path: &'a str,
        #[serde(rename = "bulkId")]
        id: &'a str,
        #[serde(borrow)]
        data: &'a RawValue,
    }
    #[derive(Serialize)]
    struct Made<'a> {
        method: &'static str,
        #[serde(rename = "bulkId")]
        id: &'a str,
        location: String,
        status: &'static str,
    }
    let mut held = shared.0.lock();
    held.requests += 1;
    let Ok(request) = serde_json::from_slice::<Request<'_>>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut made = Vec::with_capacity(request.operations.len());
    for operation in request.operations {
        let Some(number) = held.of(operation.path).add(operation.data) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let location = format!("http://localhost{}/{number}", operation.path);
        made.push(Made { method: "POST", id: operation.id, location, status: "201" });
    }
    match serde_json::to_string(&made) {
        Ok(made) => json(format!(r#"{{"Operations":{made}}}"#).into()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
