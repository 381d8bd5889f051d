//! What the routes share: the store, the tenants, the resource types of each tenant.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use intake::Intake;
use model::{Clock, Ids};
use parking_lot::{Mutex, RwLock};
use scim::schema::Returned;
use scim::{Attribute, Definition};
use store::{Kind, Position, Store};
use tenant::{Tenant, Tenants};
use uuid::Uuid;

use crate::answer::Answer;
use crate::extension;
use crate::inspector::{InspectedRequest, Inspector};
use crate::room::Room;
use crate::turn::Turns;
use crate::walk::Place;

/// How the service provider is reached, and its limits.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The domain below which each tenant has a host name of its own; `None`: tenants are reached by path only.
    pub domain: Option<String>,
    /// Scheme and host under which the service is known outside, e.g. `https://scim.example.com`, without a final
    /// slash; `None`: as the request names it.
    pub public_url: Option<String>,
    /// Limits.
    pub limits: Limits,
    /// Where bodies come in, shared with whatever else is served by the same process.
    pub intake: Intake,
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
    states: RwLock<HashMap<Uuid, Arc<State>>>,
}

/// What is kept in memory of a tenant.
pub(crate) struct State {
    pub(crate) user: Type,
    pub(crate) group: Type,
    pub(crate) inspector: Inspector,
    bucket: Mutex<Bucket>,
    pages: Mutex<HashMap<PageKey, (Instant, Known)>>,
}

/// A query, a kind, and how many resources came before.
type PageKey = (u64, Kind, u64);

/// A resource type of a tenant.
pub(crate) struct Type {
    pub(crate) definition: Definition,
    /// Whether a stored document may leave as it is when a request names no attributes.
    pub(crate) plain: bool,
}

impl Type {
    fn new(definition: Definition) -> Self {
        let plain = definition
            .schemas()
            .flat_map(|schema| &schema.attributes)
            .filter(|attribute| attribute.name != "password")
            .all(leaves_by_default);
        Self { definition, plain }
    }
}

fn leaves_by_default(attribute: &Attribute) -> bool {
    matches!(attribute.returned, Returned::Default | Returned::Always)
        && attribute.sub_attributes.iter().all(leaves_by_default)
}

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
            room: Room::default(),
            states: RwLock::default(),
        }
    }

    /// The same service behind a listener that speaks TLS: its addresses begin with `https`.
    #[must_use]
    pub fn over_tls(self) -> Self {
        Self { scheme: "https", ..self }
    }

    /// Forgets what is kept in memory of a tenant: after its schema extensions changed, or after its deletion.
    pub fn forget(&self, tenant: Uuid) {
        self.states.write().remove(&tenant);
    }

    /// The last requests of a tenant that came in with a good token, the oldest first.
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

    pub(crate) async fn state(&self, tenant: &Tenant) -> Answer<Arc<State>> {
        if let Some(state) = self.states.read().get(&tenant.id) {
            return Ok(Arc::clone(state));
        }
        let extensions = extension::all(&*self.store, tenant.realm()).await?;
        let full = f64::from(tenant.settings.requests_per_second.max(1));
        let state = Arc::new(State {
            user: Type::new(Definition::user(&extensions)),
            group: Type::new(Definition::group(&[])),
            inspector: Inspector::default(),
            pages: Mutex::default(),
            bucket: Mutex::new(Bucket { filled: Instant::now(), left: full }),
        });
        Ok(Arc::clone(self.states.write().entry(tenant.id).or_insert(state)))
    }
}
