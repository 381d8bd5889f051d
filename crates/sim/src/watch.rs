//! What no request may do, checked when it reaches the target.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use parking_lot::Mutex;
use serde_json::Value;
use store::{Key, KeyName, Kind, Realm, Store as _};
use store_memory::MemoryStore;
use tokio::time::Instant;
use uuid::Uuid;

/// A decision may be so old when it reaches the target: retries, throttling, a cycle that was slow.
const OLDEST_DECISION: Duration = Duration::from_mins(20);

/// Who watches.
pub struct Watch {
    store: Arc<MemoryStore>,
    job: Uuid,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Since when each user has been entitled without a break.
    entitled: BTreeMap<Uuid, Instant>,
    writes: u64,
    violations: Vec<String>,
}

impl Watch {
    pub fn new(store: Arc<MemoryStore>, job: Uuid) -> Self {
        Self { store, job, inner: Mutex::default() }
    }

    /// Takes note of who is entitled from now on.
    pub fn entitled(&self, users: &BTreeSet<Uuid>) {
        let mut inner = self.inner.lock();
        inner.entitled.retain(|user, _| users.contains(user));
        for user in users {
            inner.entitled.entry(*user).or_insert_with(Instant::now);
        }
    }

    /// Requests that the target took to change something, so far.
    pub fn writes(&self) -> u64 {
        self.inner.lock().writes
    }

    pub fn violations(&self) -> Vec<String> {
        self.inner.lock().violations.clone()
    }

    /// Somebody provisioned an object on demand and was told so many entries about it.
    pub fn told(&self, object: Uuid, entries: usize) {
        if entries == 0 {
            self.inner
                .lock()
                .violations
                .push(format!("provisioning {object} on demand told nothing about it"));
        }
    }

    /// A request has reached the target.
    pub async fn delivered(&self, request: &Request<Bytes>, status: StatusCode) {
        if *request.method() == Method::GET || !status.is_success() {
            return;
        }
        self.inner.lock().writes += 1;
        if !removes(request) {
            return;
        }
        let Some(id) = request.uri().path().rsplit_once("/Users/").map(|(_, id)| id) else { return };
        let key = Key::unique(KeyName::TargetId, [b"u", id.as_bytes()].concat());
        let found = self.store.find(Realm(self.job), Kind::Link, &key, 1).await.unwrap_or_default();
        let mut inner = self.inner.lock();
        let Some(link) = found.first() else {
            let what =
                format!("{} takes an account away that is nobody's: {}", request.method(), request.uri());
            inner.violations.push(what);
            return;
        };
        if let Some(since) = inner.entitled.get(&link.id)
            && since.elapsed() > OLDEST_DECISION
        {
            let time = since.elapsed().as_secs();
            inner.violations.push(format!(
                "{} {} takes the account of {} away, who has been entitled for {time} s",
                request.method(),
                request.uri(),
                link.id
            ));
        }
    }
}

/// Whether a request deletes or disables an account.
fn removes(request: &Request<Bytes>) -> bool {
    if !request.uri().path().contains("/Users/") {
        return false;
    }
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let off = |value: &Value| matches!(value, Value::Bool(false));
    match *request.method() {
        Method::DELETE => true,
        Method::PUT => off(&body["active"]),
        _ => body["Operations"].as_array().into_iter().flatten().any(|operation| {
            let value = &operation["value"];
            (operation["path"] == "active" && off(value)) || off(&value["active"])
        }),
    }
}
