//! `/provost/v1/tenants`: tenants of the service provider and their tokens.

use administrators::{Area, Permission, Scope};
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use bytes::Bytes;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde_json::{Map, Value, json};
use tenant::{IssuedToken, NewToken, Settings, Tenant, Token};
use uuid::Uuid;

use super::Routes;
use crate::auth::denied;
use crate::call::{Call, guid, no_content, object};
use crate::error::{Answer, ApiError};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/tenants", get(list).post(create))
        .route("/tenants/{name}", get(show).patch(update).delete(remove))
        .route("/tenants/{name}/requests", get(requests))
        .route("/tenants/{name}/audits", get(audits))
        .route("/tenants/{name}/tokens", get(tokens).post(create_token))
        .route("/tenants/{name}/tokens/{id}", delete(revoke))
        .route("/tenants/{name}/tokens/{id}/rotate", post(rotate))
}

/// The tenant of that name or id.
pub(super) async fn tenant(call: &Call, name: &str) -> Result<Tenant, ApiError> {
    match Uuid::try_parse(name) {
        Ok(id) => Ok(call.tenants.get(id).await?),
        Err(_) => Ok(call.tenants.by_name(name).await?.as_ref().clone()),
    }
}

/// The addresses of a tenant's service provider: by host name, and by path.
pub(super) fn addresses(call: &Call, name: &str) -> (String, String) {
    let public = &call.addresses.public_url;
    let scheme = public.split_once("://").map_or("http", |(scheme, _)| scheme);
    (
        format!("{scheme}://{name}.{}/api/scim/v2", call.addresses.domain),
        format!("{public}/tenants/{name}/api/scim/v2"),
    )
}

async fn rendered(call: &Call, tenant: &Tenant) -> Result<Value, ApiError> {
    let (by_host, by_path) = addresses(call, &tenant.name);
    let store = call.directory.store();
    Ok(json!({
        "id": tenant.id,
        "name": tenant.name,
        "scimForAuthentication": tenant.scim_for_authentication,
        "settings": tenant.settings,
        "created": tenant.created,
        "scimBaseUrl": by_host,
        "pathBaseUrl": by_path,
        "users": store.count(tenant.realm(), store::Kind::User).await?,
        "groups": store.count(tenant.realm(), store::Kind::Group).await?,
    }))
}

/// The tenants that the caller may see, by name; those of which a text is a part of the name (`contains`).
async fn list(call: Call) -> Answer {
    call.query.only(&[])?;
    let search = call.query.option("contains").unwrap_or_default().to_lowercase();
    let mut found = call.tenants.list().await?;
    found.retain(|tenant| {
        tenant.name.contains(&search)
            && call.caller.may(Permission::read(Area::Tenant), Scope::Tenant { id: tenant.id })
    });
    let count = call.query.count.then_some(found.len() as u64);
    let (found, next) = page::of_all(&call, found, |tenant| tenant.name.clone().into_bytes());
    let mut shown = Vec::new();
    for tenant in &found {
        shown.push(rendered(&call, tenant).await?);
    }
    Ok(page::list(&call, "tenants", shown, next.as_ref(), count))
}

/// Makes a tenant with its first token.
async fn create(call: Call, body: Bytes) -> Answer {
    let body = object(&body)?;
    let name = body.get("name").or_else(|| body.get("tenant")).and_then(Value::as_str);
    let name = name.ok_or_else(|| ApiError::bad("The body must have name, a text."))?;
    let tenant = call.tenants.create(name, &call.by).await?;
    let token = call.tenants.create_token(tenant.id, NewToken::default(), &call.by).await?;
    let (by_host, by_path) = addresses(&call, &tenant.name);
    let answer = json!({
        "id": tenant.id,
        "tenant": tenant.name,
        "scimBaseUrl": by_host,
        "pathBaseUrl": by_path,
        "token": token.secret,
        "tokenId": token.token.id,
    });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn show(call: Call, Path(name): Path<String>) -> Answer {
    let tenant = tenant(&call, &name).await?;
    Ok(Json(rendered(&call, &tenant).await?).into_response())
}

async fn update(call: Call, Path(name): Path<String>, body: Bytes) -> Answer {
    let old = tenant(&call, &name).await?;
    let mut body = object(&body)?;
    if let Some(name) = body.remove("name") {
        return renamed(&call, &old, &name, &body).await;
    }
    let mut on = None;
    let mut settings = Map::new();
    for (name, value) in body {
        match (name.as_str(), value) {
            ("scimForAuthentication", Value::Bool(value)) => on = Some(value),
            ("scimForAuthentication", _) => {
                return Err(ApiError::bad("scimForAuthentication is true or false."));
            }
            ("settings", Value::Object(members)) => settings = members,
            (name, _) => return Err(unknown(name, &["name", "scimForAuthentication", "settings"])),
        }
    }
    with(&old.settings, &settings)?;
    // What protects the others from a tenant is not the tenant's to say.
    if settings.contains_key(RATE) && !call.caller.may(Permission::write(Area::Tenants), Scope::Installation)
    {
        return Err(denied(
            "requestsPerSecond is set by an Operator or a Global Administrator of the installation.",
        ));
    }
    let change = |tenant: &mut Tenant| {
        tenant.scim_for_authentication = on.unwrap_or(tenant.scim_for_authentication);
        if let Ok(settings) = with(&tenant.settings, &settings) {
            tenant.settings = settings;
        }
    };
    let changed = call.provider.update(old.id, &call.by, &change).await?;
    Ok(Json(rendered(&call, &changed).await?).into_response())
}

/// Renames a tenant, which is done by itself: clients have to be told the new address.
async fn renamed(call: &Call, old: &Tenant, name: &Value, rest: &Map<String, Value>) -> Answer {
    let name = name.as_str().ok_or_else(|| ApiError::bad("name is a text.").target("name"))?;
    if !rest.is_empty() {
        return Err(
            ApiError::bad("A tenant is renamed by a call of its own: send name alone.").target("name")
        );
    }
    let renamed = call.tenants.rename(old.id, name, &call.by).await?;
    Ok(Json(rendered(call, &renamed).await?).into_response())
}

fn unknown(name: &str, known: &[&str]) -> ApiError {
    let shown: String = name.chars().take(60).collect();
    ApiError::bad(format!("'{shown}' cannot be set on a tenant: send {}.", known.join(", ")))
}

/// The setting that bounds how often a tenant's clients may ask.
const RATE: &str = "requestsPerSecond";

/// Most requests a second that a tenant can be given.
const MAX_RATE: u32 = 1_000_000;

/// The settings with some of them changed.
pub(crate) fn with(settings: &Settings, changes: &Map<String, Value>) -> Result<Settings, ApiError> {
    let mut settings = settings.clone();
    for (name, value) in changes {
        let mut members = serde_json::to_value(&settings).unwrap_or_default();
        let Some(slot) = members.get_mut(name) else {
            let known: Vec<&str> =
                members.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
            return Err(unknown(name, &known));
        };
        *slot = value.clone();
        settings = serde_json::from_value(members)
            .map_err(|error| ApiError::bad(format!("settings.{name} cannot be that: {error}.")))?;
    }
    if (1..=MAX_RATE).contains(&settings.requests_per_second) {
        return Ok(settings);
    }
    Err(ApiError::bad(format!("settings.requestsPerSecond is between 1 and {MAX_RATE}."))
        .hint("To let no client in, set scimForAuthentication to false."))
}

async fn remove(call: Call, Path(name): Path<String>) -> Answer {
    let tenant = tenant(&call, &name).await?;
    call.tenants.delete(tenant.id, &call.by).await?;
    call.provider.forget(tenant.id);
    no_content()
}

/// The last requests of the tenant's clients: all, or those that were refused (`errors`), or of one client (`client`).
async fn requests(call: Call, Path(name): Path<String>) -> Answer {
    let tenant = tenant(&call, &name).await?;
    let errors = call.query.flag("errors")?;
    let client = call.query.option("client").map(str::to_lowercase);
    let is_wanted = |request: &Value| {
        let is = |member: &str, text: &str| {
            request[member].as_str().is_some_and(|name| name.to_lowercase().contains(text))
        };
        (!errors
            || request["cause"].is_string()
            || request["status"].as_u64().is_some_and(|status| status >= 400))
            && client.as_deref().is_none_or(|text| is("client", text) || is("userAgent", text))
    };
    let shown: Vec<Value> = call.provider.requests(tenant.id).into_iter().filter(is_wanted).collect();
    Ok(Json(json!({"value": shown})).into_response())
}

/// The most entries of a tenant's audit log that are shown.
const AUDITS: usize = 1000;

/// What administrators did to the tenant, the newest first.
async fn audits(call: Call, Path(name): Path<String>) -> Answer {
    let tenant = tenant(&call, &name).await?;
    let entries = call.tenants.audits(tenant.id, AUDITS).await?;
    let shown: Vec<Value> = entries.iter().map(render::audit).collect();
    Ok(Json(json!({"value": shown})).into_response())
}

fn token_shown(token: &Token, now: Timestamp) -> Value {
    let mut shown = serde_json::to_value(token).unwrap_or_default();
    shown["expiresSoon"] = token.ends_soon(now).into();
    shown["expired"] = token.expires.is_some_and(|expires| expires <= now).into();
    shown
}

/// The tokens that open something still.
async fn tokens(call: Call, Path(name): Path<String>) -> Answer {
    let tenant = tenant(&call, &name).await?;
    let now = call.directory.clock().now();
    let live = call.tenants.tokens(tenant.id).await?.into_iter();
    let live = live.filter(|token| token.expires.is_none_or(|expires| expires > now));
    let shown: Vec<Value> = live.map(|token| token_shown(&token, now)).collect();
    Ok(Json(json!({"value": shown})).into_response())
}

#[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
fn issued(made: &IssuedToken) -> Answer {
    let answer = json!({"id": made.token.id, "token": made.secret, "expires": made.token.expires});
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn create_token(call: Call, Path(name): Path<String>, body: Bytes) -> Answer {
    let tenant = tenant(&call, &name).await?;
    let body = object(&body)?;
    let label = match body.get("label") {
        None | Some(Value::Null) => "",
        Some(label) => label.as_str().ok_or_else(|| ApiError::bad("label must be a text."))?,
    };
    if label.len() > 256 {
        return Err(ApiError::bad("label is longer than 256 bytes."));
    }
    if label.chars().any(char::is_control) {
        return Err(ApiError::bad("label has a control character."));
    }
    let scope = match body.get("scope") {
        None | Some(Value::Null) => tenant::Scope::default(),
        Some(scope) => serde_json::from_value(scope.clone())
            .map_err(|_| ApiError::bad("scope is readWrite or readOnly."))?,
    };
    let expires =
        match body.get("expires") {
            None | Some(Value::Null) => None,
            Some(expires) => Some(serde_json::from_value(expires.clone()).map_err(|_| {
                ApiError::bad("expires must be a date and time such as 2027-01-01T00:00:00Z.")
            })?),
        };
    let now = call.directory.clock().now();
    if let Some(expires) = expires.filter(|expires: &Timestamp| *expires <= now) {
        return Err(ApiError::bad(format!(
            "expires is {expires}, which has passed: the token would open nothing."
        )));
    }
    let new = NewToken { label: label.to_owned(), scope, expires };
    issued(&call.tenants.create_token(tenant.id, new, &call.by).await?)
}

/// The token of that id that belongs to the tenant.
async fn token(call: &Call, name: &str, id: &str) -> Result<Token, ApiError> {
    let tenant = tenant(call, name).await?;
    let token = call.tenants.get_token(guid(id)?).await?;
    if token.tenant_id == tenant.id {
        return Ok(token);
    }
    Err(ApiError::missing(format!("There is no token {} of this tenant.", token.id)))
}

/// Longest time that an old token lives beside the new one.
pub(super) const MAX_OVERLAP: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A length of time in ISO 8601; a day has 24 hours.
pub(super) fn length(value: &Value) -> Option<SignedDuration> {
    let span: Span = value.as_str()?.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

async fn rotate(call: Call, Path((name, id)): Path<(String, String)>, body: Bytes) -> Answer {
    let token = token(&call, &name, &id).await?;
    let body = object(&body)?;
    let overlap = match body.get("overlap") {
        None | Some(Value::Null) => SignedDuration::from_hours(24),
        Some(overlap) => length(overlap)
            .ok_or_else(|| ApiError::bad("overlap must be a length of time such as PT24H or P1D."))?,
    };
    if overlap.is_negative() || overlap > MAX_OVERLAP {
        return Err(ApiError::bad("overlap must be between PT0S and a year."));
    }
    issued(&call.tenants.rotate_token(token.id, overlap, &call.by).await?)
}

async fn revoke(call: Call, Path((name, id)): Path<(String, String)>) -> Answer {
    let token = token(&call, &name, &id).await?;
    call.tenants.revoke_token(token.id, &call.by).await?;
    no_content()
}
