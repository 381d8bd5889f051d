//! The target: what can be asked of it.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use model::Dialect;
use parking_lot::Mutex;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Map, Value};

use crate::capabilities::{Bulk, Capabilities};
use crate::config::{Config, invalid};
use crate::counts::RequestCounts;
use crate::dialect;
use crate::difference::Operation;
use crate::document;
use crate::failure::{ErrorCode, Failure};
use crate::kind::ResourceKind;
use crate::list::{Message, Page, PageToken, Position};
use crate::path::Path;
use crate::resource::Resource;
use crate::transport::{Answer, Bounds, Deadline, Request, Transport, encode, parse};
use crate::wire::Wire;

/// A SCIM service provider that is provisioned into. Clones share connections, throttling and counts.
#[derive(Clone)]
pub struct Target {
    shared: Arc<Shared>,
    bounds: Bounds,
}

struct Shared {
    transport: Transport,
    dialect: Dialect,
    page_size: usize,
    capabilities: Mutex<Option<Capabilities>>,
}

/// Which attributes of a resource are asked for (RFC 7644 section 3.9).
#[derive(Debug, Clone, Copy, Default)]
pub enum Select<'a> {
    /// All that the target returns by default; of groups without `members`, which may be many.
    #[default]
    Usual,
    /// Everything, members too.
    Everything,
    /// These, by their paths; the target adds `id`.
    Only(&'a [&'a str]),
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The resources that really carry the value asked for.
    pub resources: Vec<Resource>,
    /// True if the target returned others too: it ignores filters, and finding nothing means nothing.
    pub filter_ignored: bool,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Target").field("requests", &self.requests_sent()).finish_non_exhaustive()
    }
}

impl Target {
    /// Checks the settings; sends nothing.
    pub fn new(config: &Config) -> Result<Self, Failure> {
        Self::with_wire(config, None)
    }

    /// The same, with something else than HTTP in between.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn over(wire: Arc<dyn Wire>, config: &Config) -> Result<Self, Failure> {
        Self::with_wire(config, Some(wire))
    }

    fn with_wire(config: &Config, wire: Option<Arc<dyn Wire>>) -> Result<Self, Failure> {
        let shared = Shared {
            transport: Transport::new(config, wire)?,
            dialect: config.dialect,
            page_size: config.page_size.max(1),
            capabilities: Mutex::new(None),
        };
        Ok(Self {
            shared: Arc::new(shared),
            bounds: Bounds { deadline: None, patient: true, rehearsal: None },
        })
    }

    /// The same target, of which no request starts or lasts past the deadline (such as a lease's end, which moves
    /// while the lease is renewed).
    #[must_use]
    pub fn with_deadline(&self, deadline: Deadline) -> Self {
        Self { bounds: Bounds { deadline: Some(deadline), ..self.bounds.clone() }, ..self.clone() }
    }

    /// The same target for somebody who waits for an answer now: one that asks for less is not waited for long.
    #[must_use]
    pub(crate) fn impatient(&self) -> Self {
        Self { bounds: Bounds { patient: false, ..self.bounds.clone() }, ..self.clone() }
    }

    /// The same target for a rehearsal: reads reach it, writes do not. They are answered as a target would, with made-up
    /// identifiers for what is created, and read back from the answer on.
    #[must_use]
    pub fn rehearsing(&self) -> Self {
        let rehearsal = Some(Arc::new(self.shared.transport.rehearsal()));
        Self { bounds: Bounds { rehearsal, ..self.bounds.clone() }, ..self.clone() }
    }

    /// Requests sent by all clones so far.
    pub fn requests_sent(&self) -> RequestCounts {
        self.shared.transport.counts()
    }

    /// How many requests may run at once at present.
    pub fn concurrency(&self) -> usize {
        self.shared.transport.concurrency()
    }

    /// Reads `ServiceProviderConfig`. A target without one gets careful assumptions; wrong credentials, an
    /// unreachable or a failing target is a failure. What was read also chooses how lists are paged.
    pub async fn capabilities(&self) -> Result<Capabilities, Failure> {
        // Whether a target can be worked with at all is to be known soon.
        let request = Self::request(Method::GET, "ServiceProviderConfig".to_owned());
        let found = match self.impatient().send(request).await {
            Ok(answer) => match parse::<Map<String, Value>>(&answer) {
                Ok(config) => Capabilities::from_json(&config),
                Err(_) => Capabilities::default(),
            },
            Err(failure) => match failure.status {
                Some(400 | 403..=405 | 406 | 410 | 501) => Capabilities::default(),
                _ => return Err(failure),
            },
        };
        *self.shared.capabilities.lock() = Some(found.clone());
        Ok(found)
    }

    /// The resources that carry a value, by `attribute eq "value"`. What comes back is compared here: a target that
    /// ignores the filter must not have strangers matched.
    pub async fn find(
        &self,
        kind: ResourceKind,
        attribute_path: &str,
        value: &str,
    ) -> Result<Found, Failure> {
        let path = Path::parse(attribute_path).map_err(|error| Failure::invalid_path(&error))?;
        let filter = dialect::equality_filter(self.shared.dialect, &path, value);
        let mut query = format!("filter={}", encode(&filter));
        select(&mut query, kind, Select::Usual)?;
        let answer =
            self.send(Request { query, ..Self::request(Method::GET, kind.endpoint().to_owned()) }).await?;
        let message = Message::from_json(parse(&answer)?)?;
        let mut found = Found::default();
        for resource in message.resources {
            let texts = document::values(&resource.attributes, &path);
            let texts: Vec<String> = texts.into_iter().filter_map(document::text).collect();
            if texts.iter().any(|text| document::same_text(&path, text, value)) {
                found.resources.push(resource);
            } else if !texts.iter().any(|text| caseless::canonical_caseless_match_str(text, value)) {
                found.filter_ignored = true;
            }
        }
        Ok(found)
    }

    /// One page of all resources of a kind; start with [`PageToken::first`] and go on with the page's `next`. Pages
    /// may overlap when the target changes meanwhile; a target that serves the same page twice is a failure.
    pub async fn list(
        &self,
        kind: ResourceKind,
        attributes: Select<'_>,
        page: PageToken,
    ) -> Result<Page, Failure> {
        let (cursor, most) = {
            let known = self.shared.capabilities.lock();
            let known = known.as_ref();
            (
                known.is_some_and(|known| known.cursor),
                known.and_then(|known| known.max_page_size.or(known.max_results)),
            )
        };
        let count = self.shared.page_size.min(most.unwrap_or(usize::MAX));
        let mut query = match &page.position {
            Position::Start if cursor => "cursor=".to_owned(),
            Position::Start => "startIndex=1".to_owned(),
            Position::Index(start) => format!("startIndex={start}"),
            Position::Cursor(cursor) => format!("cursor={}", encode(cursor)),
        };
        write!(query, "&count={count}").expect("writing to a string");
        select(&mut query, kind, attributes)?;
        let answer =
            self.send(Request { query, ..Self::request(Method::GET, kind.endpoint().to_owned()) }).await?;
        Message::from_json(parse(&answer)?)?.into_page(count, page)
    }

    /// One resource by the target's identifier.
    pub async fn get(
        &self,
        kind: ResourceKind,
        id: &str,
        attributes: Select<'_>,
    ) -> Result<Resource, Failure> {
        let mut query = String::new();
        select(&mut query, kind, attributes)?;
        let answer =
            self.send(Request { query, ..Self::request(Method::GET, resource_path(kind, id)?) }).await?;
        resource(&answer)
    }

    /// Creates a resource. A request whose outcome is unknown is not repeated: the failure says so, look for the
    /// resource before creating it again.
    pub async fn create(
        &self,
        kind: ResourceKind,
        document: &Map<String, Value>,
    ) -> Result<Resource, Failure> {
        let body = Some(to_bytes(&dialect::complete(self.shared.dialect, kind, document)));
        let answer =
            self.send(Request { body, ..Self::request(Method::POST, kind.endpoint().to_owned()) }).await?;
        resource(&answer).or_else(|failure| match answer.location.as_deref().and_then(id_of_location) {
            Some(id) => Ok(Resource { id, etag: answer.etag, attributes: Map::new() }),
            // The account exists now, whatever the answer looks like.
            None => Err(Failure { outcome_unknown: true, ..failure }),
        })
    }

    /// The operations that make `changes` (path to new value, null clears) to a resource of which the flat values
    /// `old` are known, in the form that the target understands.
    pub fn operations(
        &self,
        old: &Map<String, Value>,
        changes: &Map<String, Value>,
    ) -> Result<Vec<Operation>, Failure> {
        dialect::operations(self.shared.dialect, old, changes).map_err(|error| Failure::invalid_path(&error))
    }

    /// The operations that add members to a group.
    pub fn add_members<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Vec<Operation> {
        dialect::add_members(ids)
    }

    /// The operations that take members out of a group.
    pub fn remove_members<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Vec<Operation> {
        dialect::remove_members(self.shared.dialect, ids)
    }

    /// Changes a resource; its new version, if the target tells. `version` becomes `If-Match`.
    pub async fn patch(
        &self,
        kind: ResourceKind,
        id: &str,
        operations: &[Operation],
        version: Option<&str>,
    ) -> Result<Option<String>, Failure> {
        let body = Some(dialect::patch_body(self.shared.dialect, operations).into());
        self.change(Method::PATCH, kind, id, body, version).await
    }

    /// Replaces a resource as a whole; its new version, if the target tells. `version` becomes `If-Match`.
    pub async fn replace(
        &self,
        kind: ResourceKind,
        id: &str,
        document: &Map<String, Value>,
        version: Option<&str>,
    ) -> Result<Option<String>, Failure> {
        self.change(Method::PUT, kind, id, Some(to_bytes(document)), version).await
    }

    /// Deletes a resource. One that is gone already is a failure with code `InvalidAnchor`, unless an earlier attempt
    /// of this very call may have deleted it.
    pub async fn delete(&self, kind: ResourceKind, id: &str, version: Option<&str>) -> Result<(), Failure> {
        let if_match = version.map(header).transpose()?;
        let request = Request { if_match, ..Self::request(Method::DELETE, resource_path(kind, id)?) };
        self.send(request).await.map(|_| ())
    }

    async fn change(
        &self,
        method: Method,
        kind: ResourceKind,
        id: &str,
        body: Option<Bytes>,
        version: Option<&str>,
    ) -> Result<Option<String>, Failure> {
        let if_match = version.map(header).transpose()?;
        let request = Request { body, if_match, ..Self::request(method, resource_path(kind, id)?) };
        let answer = self.send(request).await?;
        // The change was made: the status says so, whatever the body looks like.
        Ok(answer.etag.clone().or_else(|| resource(&answer).ok()?.etag))
    }

    /// A cheap request for one resource at most, to see whether the endpoint answers in SCIM at all.
    pub(crate) async fn probe_list(&self, kind: ResourceKind) -> Result<(), Failure> {
        let query = "startIndex=1&count=1".to_owned();
        let answer =
            self.send(Request { query, ..Self::request(Method::GET, kind.endpoint().to_owned()) }).await?;
        Message::from_json(parse(&answer)?).map(|_| ())
    }

    pub(crate) fn request(method: Method, path: String) -> Request {
        Request { method, path, query: String::new(), body: None, if_match: None }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.shared.dialect
    }

    /// What the target takes of bulk requests, where it is known to take any.
    pub(crate) fn bulk(&self) -> Option<Bulk> {
        self.shared.capabilities.lock().as_ref()?.bulk
    }

    pub(crate) fn forget_bulk(&self) {
        if let Some(known) = self.shared.capabilities.lock().as_mut() {
            known.bulk = None;
        }
    }

    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Failure> {
        self.shared.transport.send(&request, &self.bounds).await
    }
}

fn resource(answer: &Answer) -> Result<Resource, Failure> {
    let fields = parse::<Map<String, Value>>(answer)?;
    let found = Resource::from_json(fields);
    found.map(|found| with_etag(found, answer)).ok_or_else(|| Failure {
        status: Some(answer.status.as_u16()),
        ..Failure::not_scim("The target's answer holds a resource without `id`.")
    })
}

fn with_etag(found: Resource, answer: &Answer) -> Resource {
    match &answer.etag {
        Some(etag) => Resource { etag: Some(etag.clone()), ..found },
        None => found,
    }
}

fn to_bytes(document: &Map<String, Value>) -> Bytes {
    serde_json::to_vec(document).expect("JSON values with string keys always serialize").into()
}

/// `Users/<id>`. Identifiers come from the target; ones that a URL cannot hold must not become another path.
fn resource_path(kind: ResourceKind, id: &str) -> Result<String, Failure> {
    if matches!(id, "" | "." | "..") {
        let reason = format!("The target's identifier {id:?} cannot stand in a URL.");
        return Err(Failure::new(ErrorCode::InvalidAnchor, reason));
    }
    Ok(format!("{}/{}", kind.endpoint(), encode(id)))
}

/// The identifier at the end of a `Location`, where a target returns a created resource without its body.
pub(crate) fn id_of_location(location: &str) -> Option<String> {
    let path = location.split(['?', '#']).next()?.trim_end_matches('/');
    let segment = path.rsplit('/').next()?;
    let id = percent_encoding::percent_decode_str(segment).decode_utf8().ok()?;
    (!id.is_empty()).then(|| id.into_owned())
}

fn header(version: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(version).map_err(|_| invalid("The resource's version cannot be sent in If-Match."))
}

fn select(query: &mut String, kind: ResourceKind, attributes: Select<'_>) -> Result<(), Failure> {
    let start = if query.is_empty() { "" } else { "&" };
    match attributes {
        Select::Usual if kind == ResourceKind::Groups => {
            query.push_str(start);
            query.push_str("excludedAttributes=members");
        }
        Select::Usual | Select::Everything => {}
        Select::Only(paths) => {
            query.push_str(start);
            query.push_str("attributes=");
            for (index, path) in paths.iter().enumerate() {
                // Filters have no place in `attributes`; the whole attribute comes then.
                let path = Path::parse(path).map_err(|error| Failure::invalid_path(&error))?;
                let name = if path.filter.is_empty() { path.to_string() } else { path.attribute_path() };
                if index > 0 {
                    query.push(',');
                }
                write!(query, "{}", encode(&name)).expect("writing to a string");
            }
        }
    }
    Ok(())
}
