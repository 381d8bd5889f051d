//! From place and method to an answer.

use axum::body::Body;
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use bytes::Bytes;
use scim::message::{BulkRequest, SearchRequest};
use scim::{Definition, PatchRequest, Projection};
use store::{Kind, Object};
use tenant::PatchAnswer;

use crate::answer::{self, Answer, Refusal};
use crate::body;
use crate::call::Call;
use crate::inspector::Reason;
use crate::query;
use crate::render::Seen;
use crate::route::Place;
use crate::stream::{self, Sink};
use crate::write::{Edit, Precondition, names_tag};

/// A request once its tenant is known.
pub(crate) struct Incoming<'r> {
    pub(crate) method: Method,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) query: &'r str,
    pub(crate) body: &'r mut Body,
}

impl Incoming<'_> {
    /// Whether the request may change something.
    pub(crate) fn writes(&self, place: Place<'_>) -> bool {
        let searches = matches!(place, Place::Search | Place::UsersSearch | Place::GroupsSearch);
        !searches && !matches!(self.method, Method::GET | Method::HEAD)
    }

    fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    pub(crate) async fn dispatch(self, call: &Call, place: Place<'_>) -> Answer {
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

pub(crate) async fn respond(
    call: &Call,
    status: StatusCode,
    object: Object,
    projection: Projection,
) -> Answer {
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
