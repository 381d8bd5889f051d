//! What the routes share: the store, the tenants, the resource types of each tenant.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use intake::Intake;
use jiff::SignedDuration;
use model::{Clock, Ids};
use parking_lot::{Mutex, RwLock};
use store::{Kind, Position, Store};
use tenant::{Tenant, Tenants};
use tokio::sync::watch;
use uuid::Uuid;

use crate::build::Work;
use crate::inspector::{Budget, InspectedRequest, Inspector};
use crate::room::Room;
use crate::schemas::Schemas;
use crate::turn::Turns;
use crate::walk::Place;

/// How the service provider is reached, and its limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// The domain below which each tenant has a host name of its own; `None`: tenants are reached by path only.
    pub domain: Option<String>,
    /// Scheme and host under which the service is known outside, e.g. `https://scim.example.com`, without a final
    /// slash; `None`: as the request names it.
    pub public_url: Option<String>,
    /// Limits.
    pub limits: Limits,
    /// How long the changes of a tenant's resources are kept for whoever follows them.
    pub keep_changes: SignedDuration,
    /// Where bodies come in, shared with whatever else is served by the same process.
    pub intake: Intake,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            domain: None,
            public_url: None,
            limits: Limits::default(),
            keep_changes: SignedDuration::from_hours(30 * 24),
            intake: Intake::default(),
        }
    }
}

/// The most of everything.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the body of a request on users, and of a search.
    pub body: usize,
    /// Bytes of the body of a request on groups, which may name many members.
    pub group_body: usize,
    /// Bytes of the body of a bulk request.
    pub bulk_body: usize,
    /// Bytes of a stored resource, which does not include the members of a group.
    pub resource: usize,
    /// Operations of a bulk request.
    pub bulk_operations: usize,
    /// Resources of a page unless the request says otherwise.
    pub page: usize,
    /// Resources of a page at most.
    pub max_page: usize,
    /// Bytes of stored resources after which a page ends, though more were asked for: a thousand users of a megabyte
    /// each would be a gigabyte.
    pub page_bytes: usize,
    /// Resources that a query without an index may look at, before it is answered `tooMany`.
    pub work: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            group_body: 16 << 20,
            bulk_body: 16 << 20,
            resource: 1 << 20,
            bulk_operations: 1000,
            page: 100,
            max_page: 1000,
            page_bytes: 4 << 20,
            work: 250_000,
        }
    }
}

/// The service provider: what the routes share.
pub struct Service {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) config: Config,
    /// Of addresses, where the configuration has none.
    scheme: &'static str,
    pub(crate) turns: Turns,
    pub(crate) room: Room,
    pub(crate) states: RwLock<HashMap<Uuid, Arc<State>>>,
    /// What is being done to the resources of tenants, each by the version of its description that announced it.
    pub(crate) works: Mutex<HashMap<Uuid, (u64, Work)>>,
    /// Whether the server is about to end, so that nobody waits any longer.
    pub(crate) ending: watch::Sender<bool>,
    /// What the inspectors of all tenants hold.
    inspected: Budget,
}

/// What is kept in memory of a tenant.
pub(crate) struct State {
    pub(crate) schemas: RwLock<Option<Arc<Schemas>>>,
    pub(crate) inspector: Inspector,
    /// Requests that wait for a change.
    pub(crate) waiting: AtomicUsize,
    bucket: Mutex<Bucket>,
    pages: Mutex<HashMap<PageKey, (Instant, Known)>>,
}

/// A query, a kind, and how many resources came before.
type PageKey = (u64, Kind, u64);

/// What is known of a list where a page of it ended.
#[derive(Clone)]
pub(crate) struct Known {
    /// Where it goes on.
    pub(crate) place: Place,
    /// How many match, where that was counted, and when.
    pub(crate) total: Option<(u64, Position)>,
}

/// Requests that may still come: filled evenly, up to one second's worth.
struct Bucket {
    filled: Instant,
    left: f64,
}

impl State {
    /// Counts a request; whether it is within the tenant's rate.
    pub(crate) fn admits(&self, per_second: u32) -> bool {
        let per_second = f64::from(per_second.max(1));
        let mut bucket = self.bucket.lock();
        let now = Instant::now();
        let grown = now.duration_since(bucket.filled).as_secs_f64() * per_second;
        bucket.left = (bucket.left + grown).min(per_second);
        bucket.filled = now;
        let admitted = bucket.left >= 1.0;
        if admitted {
            bucket.left -= 1.0;
        }
        admitted
    }

    /// Where a list that was read up to a place goes on, if it was read lately. Who reads a list by `startIndex` to
    /// its end pays for each page what the first one costs, and loses nothing when others delete meanwhile.
    pub(crate) fn page_at(&self, query: u64, kind: Kind, skip: u64) -> Option<Known> {
        let pages = self.pages.lock();
        let (read_at, known) = pages.get(&(query, kind, skip))?;
        (read_at.elapsed() < PAGE_KEPT).then(|| known.clone())
    }

    pub(crate) fn keep_page(&self, query: u64, kind: Kind, skip: u64, known: Known) {
        let mut pages = self.pages.lock();
        if pages.len() >= PAGES {
            pages.retain(|_, (read_at, _)| read_at.elapsed() < PAGE_KEPT);
            if pages.len() >= PAGES {
                pages.clear();
            }
        }
        pages.insert((query, kind, skip), (Instant::now(), known));
    }
}

/// How long the place where a page ended is remembered.
const PAGE_KEPT: Duration = Duration::from_mins(1);
/// How many such places a tenant has.
const PAGES: usize = 1000;

impl Service {
    /// A service provider over a store.
    pub fn new(
        store: Arc<dyn Store>,
        tenants: Arc<Tenants>,
        clock: Arc<dyn Clock>,
        ids: Ids,
        config: Config,
    ) -> Self {
        Self {
            store,
            tenants,
            clock,
            ids,
            config,
            scheme: "http",
            turns: Turns::default(),
            ending: watch::Sender::new(false),
            room: Room::default(),
            states: RwLock::default(),
            works: Mutex::default(),
            inspected: Budget::default(),
        }
    }

    /// The same service behind a listener that speaks TLS: its addresses begin with `https`.
    #[must_use]
    pub fn over_tls(self) -> Self {
        Self { scheme: "https", ..self }
    }

    /// Answers the requests that wait for a change, and lets none wait any more: before the server ends.
    pub fn end_waits(&self) {
        self.ending.send_replace(true);
    }

    /// Forgets the changes of all tenants that are older than [`Config::keep_changes`], and returns how many.
    pub async fn prune_changes(&self) -> Result<u64, tenant::Error> {
        let kept = self.config.keep_changes;
        let before = self.clock.now().checked_sub(kept).unwrap_or(jiff::Timestamp::MIN);
        let mut pruned = 0;
        for tenant in self.tenants.list().await? {
            pruned += self.store.prune_changes(tenant.realm(), before).await?;
        }
        Ok(pruned)
    }

    /// Forgets what is kept in memory of a tenant, after its deletion.
    pub fn forget(&self, tenant: Uuid) {
        self.states.write().remove(&tenant);
    }

    /// Keeps what the inspectors of all tenants hold within its bound, which is looked at with each request.
    pub(crate) fn bound_inspectors(&self) {
        if self.inspected.is_spent() {
            let states = self.states.read();
            states.values().for_each(|state| state.inspector.give_back(states.len()));
        }
    }

    /// The last requests of a tenant, the oldest first.
    pub fn requests(&self, tenant: Uuid) -> Vec<InspectedRequest> {
        self.states.read().get(&tenant).map(|state| state.inspector.list()).unwrap_or_default()
    }

    /// The URL of a tenant's service, without a final slash.
    pub(crate) fn base(&self, tenant: &str, by_host: bool, host: Option<&str>) -> String {
        let public = self.config.public_url.as_deref();
        if by_host {
            let scheme =
                public.and_then(|url| url.split_once("://")).map_or(self.scheme, |(scheme, _)| scheme);
            return format!("{scheme}://{}/api/scim/v2", host.unwrap_or("localhost"));
        }
        match public {
            Some(url) => format!("{url}/tenants/{tenant}/api/scim/v2"),
            None => {
                format!("{}://{}/tenants/{tenant}/api/scim/v2", self.scheme, host.unwrap_or("localhost"))
            }
        }
    }

    pub(crate) fn state(&self, tenant: &Tenant) -> Arc<State> {
        if let Some(state) = self.states.read().get(&tenant.id) {
            return Arc::clone(state);
        }
        let full = f64::from(tenant.settings.requests_per_second);
        let state = Arc::new(State {
            schemas: RwLock::default(),
            inspector: Inspector::new(self.inspected.clone()),
            waiting: AtomicUsize::new(0),
            pages: Mutex::default(),
            bucket: Mutex::new(Bucket { filled: Instant::now(), left: full }),
        });
        Arc::clone(self.states.write().entry(tenant.id).or_insert(state))
    }
}
