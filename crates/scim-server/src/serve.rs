//! Every request's way: route, authentication, switch, rate, place, method.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State as Extracted};
use axum::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, ETAG, EXPECT, IF_MATCH, IF_NONE_MATCH, LOCATION, USER_AGENT,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use bytes::Bytes;
use futures::FutureExt;
use scim::message::{BulkRequest, SearchRequest};
use scim::{Definition, PatchRequest, Projection, Quirks};
use store::{Kind, Object, Realm};
use tenant::{Access, PatchAnswer, Scope, Tenant};
use uuid::Uuid;

use crate::answer::{self, Answer, Refusal};
use crate::body;
use crate::inspector::{Kept, Notes, Reason, SharedNotes, masked_target};
use crate::query;
use crate::render::Seen;
use crate::route::{self, Place, Route};
use crate::schemas::{Schemas, Type};
use crate::service::{Service, State};
use crate::stream::{self, Sink};
use crate::write::{Edit, Precondition, names_tag};

/// The service provider as a router: it answers every path, those that are not its own with 404.
pub fn router(service: Arc<Service>) -> Router {
    let serve =
        async |Extracted(service): Extracted<Arc<Service>>, request: Request| serve(service, request).await;
    Router::new().fallback(serve).with_state(service)
}

/// Whether a path is one of the service provider's, for a server that serves other things beside it.
pub fn is_scim(path: &str) -> bool {
    ["/api/scim", "/tenants/"].iter().any(|prefix| route::strip(path, prefix).is_some())
}

/// Answers a request; one whose path is none of the service provider's is answered 404.
pub async fn serve(service: Arc<Service>, request: Request) -> Response<Body> {
    let (parts, mut body) = request.into_parts();
    let head = parts.method == Method::HEAD;
    let answered = AssertUnwindSafe(handle(service, &parts, &mut body)).catch_unwind().await;
    let mut response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refusal.into_response(),
        Err(_) => defect().into_response(),
    };
    // Who waits for a go-ahead before the body has sent none of it.
    if !parts.headers.contains_key(EXPECT) {
        intake::drain(&mut body).await;
    }
    if head {
        if let Some(length) = response.body().size_hint().exact() {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        *response.body_mut() = Body::empty();
    }
    response
}

/// A request within a tenant.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) service: Arc<Service>,
    pub(crate) tenant: Arc<Tenant>,
    /// The token that opened it; discovery needs none.
    pub(crate) token: Option<Uuid>,
    pub(crate) state: Arc<State>,
    pub(crate) schemas: Arc<Schemas>,
    /// The URL of the tenant's service, without a final slash.
    pub(crate) base: Arc<str>,
    pub(crate) notes: SharedNotes,
}

impl Call {
    pub(crate) fn realm(&self) -> Realm {
        self.tenant.realm()
    }

    pub(crate) fn ty(&self, kind: Kind) -> &Type {
        self.schemas.ty(kind)
    }

    /// Records that an operation of a request failed, which is answered all the same.
    pub(crate) fn note_failure(&self, operation: usize, error: &scim::Error) {
        let at = || error.clone().at(&format!("operation {}", operation + 1));
        self.notes.lock().failed.get_or_insert_with(at);
    }

    /// Records the deviations that a request was accepted with.
    pub(crate) fn note(&self, quirks: &Quirks) {
        if !quirks.is_empty() {
            self.notes.lock().note(quirks);
        }
    }
}

async fn handle(service: Arc<Service>, parts: &Parts, body: &mut Body) -> Answer {
    let host = route::host(&parts.uri, &parts.headers);
    let found = route::route(parts.uri.path(), host, service.config.domain.as_deref());
    let Some(route) = found else {
        return Err(Refusal::new(
            404,
            "this is not the URL of a tenant's SCIM service, which is /tenants/NAME/api/scim/v2",
        ));
    };
    let open =
        matches!(route.place, Place::ServiceProviderConfig | Place::Schemas(_) | Place::ResourceTypes(_))
            && !parts.headers.contains_key(AUTHORIZATION);
    let begun = Instant::now();
    let (tenant, scope, token) = if open {
        match service.tenants.by_name(&route.tenant).await {
            Ok(tenant) if tenant.settings.discovery_needs_token => return Err(no_token()),
            Ok(tenant) => (tenant, Scope::ReadOnly, None),
            Err(tenant::Error::NoTenant(_)) => return Err(no_such_tenant(Reason::NoToken)),
            Err(error) => return Err(error.into()),
        }
    } else {
        match authenticate(&service, &route, &parts.headers).await {
            Ok(Access { tenant, scope, token_id }) => (tenant, scope, Some(token_id)),
            Err(refusal) => {
                if refusal.error.status == 401 {
                    inspect_stranger(&service, &route, parts, &refusal, begun.elapsed()).await;
                }
                return Err(refusal);
            }
        }
    };
    let state = service.state(&tenant);
    let schemas = service.schemas(&state, tenant.id).await?;
    let base = service.base(&route.tenant, route.by_host, host).into();
    let call = Call { service, tenant, token, state, schemas, base, notes: SharedNotes::default() };
    let incoming = Incoming {
        method: parts.method.clone(),
        headers: &parts.headers,
        query: parts.uri.query().unwrap_or_default(),
        body,
    };
    let answered = AssertUnwindSafe(admitted(&call, scope, incoming, route.place)).catch_unwind().await;
    let answered = answered.unwrap_or_else(|_| Err(defect()));
    let outcome = answered.as_ref().map(Response::status);
    inspect(&call.service, &call.state, parts, &mut call.notes.lock(), outcome, begun.elapsed(), !open);
    answered
}

/// Serves a request whose token is good.
async fn admitted(call: &Call, scope: Scope, incoming: Incoming<'_>, place: Place<'_>) -> Answer {
    if !call.tenant.scim_for_authentication {
        return Err(Refusal::switched_off());
    }
    let limit = call.tenant.settings.requests_per_second;
    if !call.state.admits(limit) {
        return Err(Refusal::too_many_requests(limit));
    }
    if scope == Scope::ReadOnly && incoming.writes(place) {
        return Err(
            Refusal::new(403, "the token is read-only: use one that may write").because(Reason::ReadOnly)
        );
    }
    incoming.dispatch(call, place).await
}

/// Keeps what the inspector shows.
fn inspect(
    service: &Service,
    state: &State,
    parts: &Parts,
    notes: &mut Notes,
    outcome: Result<StatusCode, &Refusal>,
    duration: Duration,
    authenticated: bool,
) {
    let agent = parts.headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    let agent = agent.as_deref().unwrap_or_default();
    let (target, secrets) = masked_target(parts.uri.path(), parts.uri.query());
    let refused = outcome.err();
    let request = |agent| Kept {
        at: service.clock.now(),
        duration,
        method: parts.method.clone(),
        status: outcome.map_or_else(|refusal| refusal.error.status, |status| status.as_u16()),
        target,
        agent,
        told: notes.told(refused.map(|refusal| (&refusal.error, refusal.reason)), secrets),
    };
    state.inspector.push(authenticated, beginning(agent, 200), request);
    service.bound_inspectors();
}

/// Keeps a request whose token is not good, where the tenant that it names exists.
async fn inspect_stranger(
    service: &Service,
    route: &Route<'_>,
    parts: &Parts,
    refusal: &Refusal,
    duration: Duration,
) {
    let Ok(tenant) = service.tenants.by_name(&route.tenant).await else { return };
    let state = service.state(&tenant);
    inspect(service, &state, parts, &mut Notes::default(), Err(refusal), duration, false);
}

/// At most so many characters.
fn beginning(text: &str, most: usize) -> &str {
    // Nearly all are short.
    if text.len() <= most {
        return text;
    }
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

fn no_such_tenant(reason: Reason) -> Refusal {
    Refusal::unauthorized("there is no such tenant, or the token is not one of it", reason)
}

fn defect() -> Refusal {
    tracing::error!("a request ended in a panic");
    Refusal::new(500, "the request met a defect of the service; its log says more")
}

fn no_token() -> Refusal {
    Refusal::unauthorized("send the tenant's token as Authorization: Bearer TOKEN", Reason::NoToken)
}

/// What the request's token opens, which must be the tenant that the request names.
async fn authenticate(service: &Service, route: &Route<'_>, headers: &HeaderMap) -> Answer<Access> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(no_token());
    };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
        Refusal::unauthorized(
            "the Authorization header must be the word Bearer, a space, and the token",
            Reason::NotBearer,
        )
    })?;
    let access = service.tenants.authenticate(token).await?;
    if access.tenant.name != route.tenant {
        return Err(no_such_tenant(Reason::OtherTenant));
    }
    Ok(access)
}

/// A request once its tenant is known.
struct Incoming<'r> {
    method: Method,
    headers: &'r HeaderMap,
    query: &'r str,
    body: &'r mut Body,
}

impl Incoming<'_> {
    /// Whether the request may change something.
    fn writes(&self, place: Place<'_>) -> bool {
        let searches = matches!(place, Place::Search | Place::UsersSearch | Place::GroupsSearch);
        !searches && !matches!(self.method, Method::GET | Method::HEAD)
    }

    fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    async fn dispatch(self, call: &Call, place: Place<'_>) -> Answer {
        match place {
            Place::User(id) => self.resource(call, Kind::User, id).await,
            Place::Group(id) => self.resource(call, Kind::Group, id).await,
            Place::Users => self.collection(call, Kind::User).await,
            Place::Groups => self.collection(call, Kind::Group).await,
            Place::UsersSearch => self.search(call, &[Kind::User]).await,
            Place::GroupsSearch => self.search(call, &[Kind::Group]).await,
            Place::Search => self.search(call, &[Kind::User, Kind::Group]).await,
            Place::Root if self.reads() => {
                call.search(&[Kind::User, Kind::Group], query::search(self.query)?).await
            }
            Place::Schemas(id) if self.reads() => {
                self.unfiltered()?;
                call.schemas(id)
            }
            Place::ResourceTypes(id) if self.reads() => {
                self.unfiltered()?;
                call.resource_types(id)
            }
            Place::ServiceProviderConfig if self.reads() => Ok(call.service_provider_config()),
            Place::Root | Place::Schemas(_) | Place::ResourceTypes(_) | Place::ServiceProviderConfig => {
                Err(Refusal::method("GET, HEAD"))
            }
            Place::Bulk if self.method == Method::POST => {
                let limit = call.service.config.limits.bulk_body;
                let bytes = self.read_body(call, limit).await?;
                call.bulk(BulkRequest::parse(scim::json::parse(&bytes)?)?).await
            }
            Place::Bulk => Err(Refusal::method("POST")),
            Place::Changes if self.method == Method::GET => call.changes(self.query).await,
            Place::Changes => Err(Refusal::method("GET")),
            Place::Me => Err(Refusal::new(
                501,
                "/Me is not served: the token stands for a provisioning client, not for a user of the tenant",
            )),
            Place::WrongVersion => Err(Refusal::of(
                scim::ScimType::InvalidVers,
                "this service speaks version 2 of SCIM: use /api/scim/v2",
            )),
            Place::Unknown => Err(Refusal::new(
                404,
                "SCIM knows Users, Groups, Schemas, ResourceTypes, ServiceProviderConfig, Bulk and .search here; \
                 the feed of changes is at /changes",
            )),
        }
    }

    /// A filter on discovery is refused (RFC 7644 section 4).
    fn unfiltered(&self) -> Answer<()> {
        if query::search(self.query)?.filter.is_some() {
            let words = "schemas and resource types cannot be filtered: ask without a filter";
            return Err(Refusal::new(403, words).because(Reason::FilteredDiscovery));
        }
        Ok(())
    }

    async fn read_body(self, call: &Call, limit: usize) -> Answer<Bytes> {
        let bytes = body::read(&call.service.config.intake, self.headers, self.body, limit).await?;
        call.notes.lock().body = Some(bytes.clone());
        Ok(bytes)
    }

    async fn search(self, call: &Call, kinds: &[Kind]) -> Answer {
        if self.method != Method::POST {
            return Err(Refusal::method("POST"));
        }
        let bytes = self.read_body(call, call.service.config.limits.body).await?;
        let search = SearchRequest::parse(scim::json::parse(&bytes)?)?;
        call.search(kinds, search).await
    }

    async fn collection(self, call: &Call, kind: Kind) -> Answer {
        let search = query::search(self.query)?;
        if self.reads() {
            return call.search(&[kind], search).await;
        }
        if self.method != Method::POST {
            return Err(Refusal::method("GET, HEAD, POST"));
        }
        let projection = projection(call, kind, &search)?;
        let bytes = self.read_body(call, limit(call, kind)).await?;
        let body = scim::Body::from_slice(&bytes, &call.ty(kind).definition)?;
        let projection = written(call, kind, projection, |projection, definition| {
            projection.after_writing(&body.resource, definition)
        });
        // What has just been made is in no group.
        let seen = Seen::alone(call.create(kind, body).await?);
        respond_seen(call, StatusCode::CREATED, seen, projection).await
    }

    async fn resource(self, call: &Call, kind: Kind, id: &str) -> Answer {
        let search = query::search(self.query)?;
        let when = Precondition {
            if_match: self.headers.get(IF_MATCH).and_then(text),
            if_none_match: self.headers.get(IF_NONE_MATCH).and_then(text),
        };
        match self.method {
            Method::GET | Method::HEAD => {
                let projection = projection(call, kind, &search)?;
                let seen = call.see(call.read(kind, id).await?).await?;
                if when.if_none_match.is_some_and(|tags| names_tag(tags, &seen.etag)) {
                    let mut response = answer::empty(StatusCode::NOT_MODIFIED);
                    answer::set(&mut response, ETAG, &seen.etag);
                    return Ok(response);
                }
                if when.if_match.is_some_and(|tags| !names_tag(tags, &seen.etag)) {
                    return Err(Refusal::new(
                        412,
                        format!("the resource has the version {}, which If-Match does not name", seen.etag),
                    ));
                }
                respond_seen(call, StatusCode::OK, seen, projection).await
            }
            Method::PUT => {
                let projection = projection(call, kind, &search)?;
                let bytes = self.read_body(call, limit(call, kind)).await?;
                let body = scim::Body::from_slice(&bytes, &call.ty(kind).definition)?;
                let projection = written(call, kind, projection, |projection, definition| {
                    projection.after_writing(&body.resource, definition)
                });
                let edit = Edit::Replace(body);
                let object = call.change(kind, id, &edit, when).await?;
                respond(call, StatusCode::OK, object, projection).await
            }
            Method::PATCH => {
                let projection = projection(call, kind, &search)?;
                let bytes = self.read_body(call, limit(call, kind)).await?;
                let request = PatchRequest::from_slice(&bytes)?;
                let object = call.change(kind, id, &Edit::Patch(&request), when).await?;
                if answers_patch_with_resource(call, kind) || projection.is_explicit() {
                    let projection = written(call, kind, projection, |projection, definition| {
                        projection.after_patching(&request, definition)
                    });
                    return respond(call, StatusCode::OK, object, projection).await;
                }
                let seen = call.see(object).await?;
                let mut response = answer::empty(StatusCode::NO_CONTENT);
                answer::set(&mut response, ETAG, &seen.etag);
                answer::set(&mut response, LOCATION, &call.location(kind, seen.object.id));
                Ok(response)
            }
            Method::DELETE => {
                call.delete(kind, id, when).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Refusal::method("GET, HEAD, PUT, PATCH, DELETE")),
        }
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

fn limit(call: &Call, kind: Kind) -> usize {
    let limits = &call.service.config.limits;
    if kind == Kind::Group { limits.group_body } else { limits.body }
}

fn answers_patch_with_resource(call: &Call, kind: Kind) -> bool {
    match call.tenant.settings.patch_answer {
        PatchAnswer::ByType => kind == Kind::User,
        PatchAnswer::Resource => true,
        PatchAnswer::NoContent => false,
    }
}

fn projection(call: &Call, kind: Kind, search: &SearchRequest) -> Answer<Projection> {
    let definition = &call.ty(kind).definition;
    Ok(Projection::of(&search.attributes, &search.excluded_attributes, definition)?)
}

/// The projection of the answer to a write, where that may be another one than of a read.
fn written(
    call: &Call,
    kind: Kind,
    projection: Projection,
    after: impl FnOnce(Projection, &Definition) -> Projection,
) -> Projection {
    let ty = call.ty(kind);
    if ty.plain { projection } else { after(projection, &ty.definition) }
}

async fn respond(call: &Call, status: StatusCode, object: Object, projection: Projection) -> Answer {
    let seen = call.see(object).await?;
    respond_seen(call, status, seen, projection).await
}

async fn respond_seen(call: &Call, status: StatusCode, seen: Seen, projection: Projection) -> Answer {
    let (kind, id, etag) = (seen.object.kind, seen.object.id, seen.etag.clone());
    let body = if kind == Kind::Group && projection.wants("members", &call.ty(kind).definition) {
        let call = call.clone();
        stream::body(async move |mut sink: Sink| {
            call.write_resource(&mut sink, &seen, &projection).await?;
            Ok(sink)
        })
        .await?
    } else {
        let mut sink = Sink::buffered();
        call.write_resource(&mut sink, &seen, &projection).await?;
        Body::from(sink.buffer)
    };
    let mut response = answer::bytes(status, body);
    answer::set(&mut response, ETAG, &etag);
    answer::set(&mut response, LOCATION, &call.location(kind, id));
    Ok(response)
}
