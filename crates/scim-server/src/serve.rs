//! Every request's way in: route, authentication, switch, rate.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State as Extracted};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, EXPECT, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use futures::FutureExt;
use tenant::{Access, Scope};

use crate::answer::{Answer, Refusal};
use crate::call::Call;
use crate::dispatch::Incoming;
use crate::inspector::{Kept, Notes, Reason, SharedNotes, masked_target};
use crate::route::{self, Place, Route};
use crate::service::{Service, State};

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
