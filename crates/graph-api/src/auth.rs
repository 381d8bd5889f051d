//! Who calls, and whether they may.

use std::sync::Arc;

use administrators::{Area, Caller, Credential, Permission, Role, Scope};
use axum::RequestExt as _;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::error::ApiError;
use crate::permissions::{self, Needs};
use crate::{Shared, cookie};

/// The header by which a page of ours shows that a change is meant.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// Lets a call through to those who may make it, and notes who does. An address that is no route is for the fallback to
/// answer, but to administrators only.
pub(crate) async fn guard(State(state): State<Shared>, mut request: Request, next: Next) -> Response {
    match admitted(&state, &mut request).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(Arc::new(caller));
            unstored(next.run(request).await)
        }
        Ok(None) => unstored(next.run(request).await),
        Err(refused) => refused.into_response(),
    }
}

/// What an administrator is answered is for nobody who shares a cache, and some of it is answered once.
fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Who makes a call that may be made; `None` where nobody needs to be known.
async fn admitted(state: &Shared, request: &mut Request) -> Result<Option<Caller>, ApiError> {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let needs = route.as_deref().map(|route| permissions::needs(request.method(), route));
    if needs == Some(Some(Needs::Nothing)) {
        return Ok(None);
    }
    let caller = authenticated(state, request.headers()).await?;
    if let Credential::Session(session) = &caller.credential
        && !matches!(*request.method(), Method::GET | Method::HEAD)
    {
        let shown = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok());
        if !shown.is_some_and(|shown| state.administrators.is_csrf_token(session, shown)) {
            return Err(denied("A change made with a session has to carry the session's csrfToken.")
                .hint("Send what GET /provost/v1/session answers as csrfToken in the header X-CSRF-Token."));
        }
    }
    match needs {
        None | Some(Some(Needs::SignIn | Needs::Nothing)) => Ok(Some(caller)),
        Some(Some(needs)) => {
            let place = place(state, request, needs).await?;
            if permissions::allows(needs, &caller, place) { Ok(Some(caller)) } else { Err(lacking(needs)) }
        }
        Some(None) => {
            tracing::error!(
                ?route,
                "a route is not classified in permissions.rs: it is refused to everybody"
            );
            Err(denied("Nobody may make this call."))
        }
    }
}

/// Who shows a credential: a bearer token, or the cookie of a session.
async fn authenticated(state: &Shared, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let refused =
        |message: &str| ApiError::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message);
    if let Some(token) = bearer(headers) {
        return state.administrators.authenticate(token.expose_secret()).await?.ok_or_else(|| {
            refused("Access token validation failure: this is no token of an administrator of this server.")
        });
    }
    if let Some(session) = cookie::session(headers, &state.addresses) {
        return state
            .administrators
            .of_session(session.expose_secret())
            .await?
            .ok_or_else(|| refused("The session has ended: sign in again."));
    }
    Err(refused("Access token is empty: send `Authorization: Bearer TOKEN`."))
}

fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| SecretString::from(token.trim()))
}

/// Where a call takes place.
async fn place(state: &Shared, request: &mut Request, needs: Needs) -> Result<Scope, ApiError> {
    let (Needs::Permission(Permission { area, .. }) | Needs::Anywhere(Permission { area, .. })) = needs
    else {
        return Ok(Scope::Installation);
    };
    let params = request.extract_parts::<RawPathParams>().await.ok();
    let named = params.as_ref().and_then(|params| params.iter().find(|(name, _)| *name == "name"));
    let tenant = match named {
        Some((_, name)) if matches!(area, Area::Tenant | Area::TenantLogs) => tenant_id(state, name).await?,
        _ => None,
    };
    Ok(permissions::place(area, state.directory.id(), tenant))
}

async fn tenant_id(state: &Shared, name: &str) -> Result<Option<Uuid>, ApiError> {
    let found = match Uuid::try_parse(name) {
        Ok(id) => state.tenants.get(id).await.map(|tenant| tenant.id),
        Err(_) => state.tenants.by_name(name).await.map(|tenant| tenant.id),
    };
    match found {
        Ok(id) => Ok(Some(id)),
        Err(tenant::Error::NoTenant(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn denied(message: &str) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "Authorization_RequestDenied", message)
}

/// The refusal that says which roles would do. It is the same whether what was named is there or not.
fn lacking(needs: Needs) -> ApiError {
    let error = denied("Insufficient privileges to complete the operation.");
    let (Needs::Permission(permission) | Needs::Anywhere(permission)) = needs else { return error };
    let place = match permission.area {
        Area::Directory | Area::Applications | Area::Logs | Area::Status => {
            "this directory or the installation"
        }
        Area::Tenant | Area::TenantLogs => "this tenant or the installation",
        Area::Tenants
        | Area::InstallationLogs
        | Area::Configuration
        | Area::Backup
        | Area::Administrators => "the installation",
    };
    let roles: Vec<&str> =
        Role::ALL.into_iter().filter(|role| role.permits(permission)).map(Role::name).collect();
    error.hint(format!("It takes one of these roles in {place}: {}.", roles.join(", ")))
}
