//! The request inspector: the last requests of each tenant, for whoever has to find out why a client fails.
//!
//! What is kept is bounded in number and bytes for each tenant, and in bytes for all together, so that tenants may be
//! many. Requests that came without a good token have a place of their own: they tell an administrator most, and must not
//! push out what the tenant's own clients did.

mod advice;
mod client;
mod mask;

pub(crate) use advice::Reason;
pub(crate) use mask::target as masked_target;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Method;
use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;
use scim::{Error, Quirks, ScimType};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// A request as it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedRequest {
    /// When it was answered.
    pub at: Timestamp,
    /// Whether it came with a good token of the tenant.
    pub authenticated: bool,
    /// Method.
    pub method: String,
    /// Path and query, at most 2,000 characters, with secrets masked.
    pub target: String,
    /// The client as it is known, by its `User-Agent` or else by what it does.
    pub client: String,
    /// The client as its `User-Agent` has it.
    pub user_agent: String,
    /// The body, with secrets masked, if it has at most 16 KiB; a text where it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// HTTP status of the answer.
    pub status: u16,
    /// The keyword of the SCIM error that it was answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim_type: Option<&'static str>,
    /// The body of the answer, where that was an error, or the one of the first operation of a bulk request that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What the administrator can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<&'static str>,
    /// From the head of the request to the head of the answer; shown in milliseconds.
    #[serde(rename = "durationMs", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// The deviations from the RFCs that were accepted, each as code and words.
    #[serde(serialize_with = "named")]
    pub quirks: Vec<(&'static str, String)>,
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let microseconds = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    serializer.serialize_f64(f64::from(microseconds) / 1000.0)
}

fn named<S: Serializer>(quirks: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(quirks.iter().map(|(code, detail)| json!({"code": code, "detail": detail})))
}

/// A request as it is kept: small, since there are many, and completed when somebody looks.
pub(crate) struct Kept {
    pub(crate) at: Timestamp,
    pub(crate) duration: Duration,
    pub(crate) method: Method,
    pub(crate) status: u16,
    pub(crate) target: Box<str>,
    pub(crate) agent: Arc<str>,
    /// What only some have.
    pub(crate) told: Option<Box<Told>>,
}

/// What there is to tell of a request beyond that it was served.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) refused: Option<(Error, &'static str)>,
    pub(crate) body: Option<Box<[u8]>>,
    pub(crate) quirks: Vec<(&'static str, String)>,
}

impl Kept {
    fn weight(&self) -> usize {
        let told = self.told.as_ref().map_or(0, |told| {
            let quirks: usize = told.quirks.iter().map(|(_, text)| text.len() + 64).sum();
            let refused = told.refused.as_ref().map_or(0, |(error, _)| error.detail.len());
            size_of::<Told>() + refused + told.body.as_ref().map_or(0, |body| body.len()) + quirks
        });
        size_of::<Self>() + self.target.len() + self.agent.len() + told
    }

    fn shown(&self, authenticated: bool) -> InspectedRequest {
        let told = self.told.as_deref();
        let refused = told.and_then(|told| told.refused.as_ref());
        let quirks = told.map(|told| told.quirks.clone()).unwrap_or_default();
        InspectedRequest {
            at: self.at,
            authenticated,
            method: self.method.to_string(),
            target: self.target.to_string(),
            client: client::recognized(&self.agent, &self.method, &self.target, &quirks),
            user_agent: self.agent.to_string(),
            body: told.and_then(|told| mask::shown(told.body.as_ref()?)),
            status: self.status,
            scim_type: refused.and_then(|(error, _)| error.scim_type).map(ScimType::as_str),
            answer: refused.map(|(error, _)| error.to_json()),
            cause: refused.map(|(error, _)| error.detail.clone()),
            fix: refused.map(|(_, fix)| *fix),
            duration: self.duration,
            quirks,
        }
    }
}

/// The most requests and bytes of a ring.
#[derive(Clone, Copy)]
struct Bounds {
    requests: usize,
    bytes: usize,
}

/// Of a tenant's own clients.
const OWN: Bounds = Bounds { requests: 100, bytes: 256 << 10 };
/// Of strangers, and of clients whose token is not good.
const STRANGERS: Bounds = Bounds { requests: 25, bytes: 32 << 10 };
/// Bytes of all tenants together.
const ALL: usize = 32 << 20;
/// The largest body kept.
const BODY: usize = 16 << 10;

/// Requests, the newest at the end.
#[derive(Default)]
struct Ring {
    requests: VecDeque<Kept>,
    bytes: usize,
}

impl Ring {
    fn push(&mut self, agent: &str, request: impl FnOnce(Arc<str>) -> Kept, bounds: Bounds) {
        // One client sends most of them.
        let last = self.requests.back().filter(|last| *last.agent == *agent);
        let request = request(last.map_or_else(|| agent.into(), |last| Arc::clone(&last.agent)));
        let weight = request.weight();
        self.trim(Bounds { requests: bounds.requests - 1, bytes: bounds.bytes.saturating_sub(weight) });
        self.bytes += weight;
        self.requests.push_back(request);
    }

    fn trim(&mut self, to: Bounds) {
        while self.requests.len() > to.requests || self.bytes > to.bytes {
            let Some(oldest) = self.requests.pop_front() else { break };
            self.bytes -= oldest.weight();
        }
    }
}

/// Bytes that the inspectors of all tenants hold.
#[derive(Clone, Default)]
pub(crate) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// Whether so much is held that tenants have to give something back.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) > ALL
    }
}

/// The last requests of a tenant.
pub(crate) struct Inspector {
    own: Mutex<Ring>,
    strangers: Mutex<Ring>,
    budget: Budget,
}

impl Inspector {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { own: Mutex::default(), strangers: Mutex::default(), budget }
    }

    /// Keeps a request of the client that calls itself `agent`, and forgets the oldest ones for it.
    pub(crate) fn push(&self, authenticated: bool, agent: &str, request: impl FnOnce(Arc<str>) -> Kept) {
        let (ring, bounds) = if authenticated { (&self.own, OWN) } else { (&self.strangers, STRANGERS) };
        self.change(ring, |ring| ring.push(agent, request, bounds));
    }

    /// Forgets the oldest requests beyond what each of so many tenants may keep when all together hold too much.
    pub(crate) fn give_back(&self, tenants: usize) {
        // Half of it all, so that it takes a while until it is too much again.
        let bytes = ALL / 2 / tenants.max(1);
        for (ring, bounds) in [(&self.own, OWN), (&self.strangers, STRANGERS)] {
            let share = bytes * bounds.bytes / (OWN.bytes + STRANGERS.bytes);
            self.change(ring, |ring| {
                ring.trim(Bounds { bytes: share.min(bounds.bytes), ..bounds });
                ring.requests.shrink_to_fit();
            });
        }
    }

    fn change(&self, ring: &Mutex<Ring>, change: impl FnOnce(&mut Ring)) {
        let mut ring = ring.lock();
        let before = ring.bytes;
        change(&mut ring);
        // One of the two is nothing.
        self.budget.0.fetch_add(ring.bytes.saturating_sub(before), Ordering::Relaxed);
        self.budget.0.fetch_sub(before.saturating_sub(ring.bytes), Ordering::Relaxed);
    }

    /// All of them, the oldest first.
    pub(crate) fn list(&self) -> Vec<InspectedRequest> {
        let shown = |ring: &Mutex<Ring>, authenticated| -> Vec<_> {
            ring.lock().requests.iter().map(|request| request.shown(authenticated)).collect()
        };
        let mut all = shown(&self.strangers, false);
        all.extend(shown(&self.own, true));
        all.sort_by_key(|request| request.at);
        all
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        self.give_back(usize::MAX);
    }
}

/// What is learnt of a request while it is served.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) quirks: Vec<(&'static str, String)>,
    pub(crate) body: Option<Bytes>,
    /// The first operation that failed of a request that was answered all the same.
    pub(crate) failed: Option<Error>,
}

/// Notes shared by the parts that serve a request.
pub(crate) type SharedNotes = Arc<Mutex<Notes>>;

impl Notes {
    /// Adds deviations, each once: a transaction that is tried again meets them again.
    pub(crate) fn note(&mut self, quirks: &Quirks) {
        for quirk in quirks {
            let entry = (quirk.code(), quirk.to_string());
            if !self.quirks.contains(&entry) {
                self.quirks.push(entry);
            }
        }
    }

    /// What there is to tell, with what a refusal was and the reason of it; `secrets` are those of the URL, which it must
    /// not repeat.
    pub(crate) fn told(
        &mut self,
        refusal: Option<(&Error, Option<Reason>)>,
        mut secrets: Vec<String>,
    ) -> Option<Box<Told>> {
        let body = self.body.take().filter(|body| body.len() <= BODY);
        let body = body.and_then(|body| mask::body(&body, &mut secrets));
        let mut quirks = mem::take(&mut self.quirks);
        if !secrets.is_empty() {
            for (_, text) in &mut quirks {
                *text = mask::words(text, &secrets);
            }
        }
        let failed = self.failed.take();
        let refused = refusal.or(failed.as_ref().map(|error| (error, None))).map(|(error, reason)| {
            let detail = mask::words(&error.detail, &secrets);
            (Error { detail, ..error.clone() }, advice::fix(error, reason))
        });
        let something = refused.is_some() || body.is_some() || !quirks.is_empty();
        something.then(|| Box::new(Told { refused, body, quirks }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(number: usize, target: &str) -> impl FnOnce(Arc<str>) -> Kept {
        move |agent| Kept {
            at: Timestamp::from_second(i64::try_from(number).unwrap()).unwrap(),
            duration: Duration::from_micros(1500),
            method: Method::GET,
            status: 200,
            target: target.into(),
            agent,
            told: None,
        }
    }

    fn held(inspector: &Inspector) -> usize {
        inspector.budget.0.load(Ordering::Relaxed)
    }

    #[test]
    fn strangers_push_out_nothing_of_the_tenants_own() {
        let inspector = Inspector::new(Budget::default());
        inspector.push(true, "curl/8", request(0, "/own"));
        for number in 1..10_000 {
            inspector.push(false, "curl/8", request(number, "/stranger"));
        }
        let all = inspector.list();
        assert_eq!((all.len(), &*all[0].target), (1 + STRANGERS.requests, "/own"));
        assert!(all[0].authenticated && !all[1].authenticated);
    }

    #[test]
    fn what_is_held_is_bounded_in_bytes_for_one_and_for_all() {
        let budget = Budget::default();
        let tenants: Vec<Inspector> = (0..2000).map(|_| Inspector::new(budget.clone())).collect();
        let long = "x".repeat(5000);
        let mut most = 0;
        for inspector in &tenants {
            for number in 0..100 {
                inspector.push(true, "curl/8", request(number, &long));
                inspector.push(false, "curl/8", request(number, &long));
                if budget.is_spent() {
                    most = most.max(held(inspector));
                    for tenant in &tenants {
                        tenant.give_back(tenants.len());
                    }
                }
            }
            let (own, strangers) = (inspector.own.lock().bytes, inspector.strangers.lock().bytes);
            assert!(own <= OWN.bytes && strangers <= STRANGERS.bytes, "{own} {strangers}");
        }
        assert!(most > ALL && most < ALL + 20_000, "{most}");
        let counted: usize = tenants.iter().map(|it| it.own.lock().bytes + it.strangers.lock().bytes).sum();
        assert_eq!(counted, held(&tenants[0]));
        let last = tenants.into_iter().next_back().unwrap();
        assert!(!last.list().is_empty());
        drop(last);
        assert_eq!(budget.0.load(Ordering::Relaxed), 0, "what is gone holds nothing");
    }
}
