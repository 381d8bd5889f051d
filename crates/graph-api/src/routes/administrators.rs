//! `/provost/v1/administrators`: accounts, their roles and their secrets; the administrator's token.

use administrators::{
    Account, Administrator, AdministratorChange, ClientSecret, NewAccount, Role, RoleAssignment, Scope,
};
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::{delete, get, post};
use bytes::Bytes;
use jiff::Timestamp;
use scim::fold::fold_key;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Routes;
use crate::State;
use crate::call::{Call, from_value, guid, no_content, object};
use crate::error::{Answer, ApiError};
use crate::page;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/administrators", get(list).post(create))
        .route("/administrators/{id}", get(show).patch(update).delete(remove))
        .route("/administrators/{id}/roles", get(roles).post(grant))
        .route("/administrators/{id}/roles/{assignment}", delete(revoke))
        .route("/administrators/{id}/secrets", get(secrets).post(create_secret))
        .route("/administrators/{id}/secrets/{secret}", delete(delete_secret))
        .route("/admin-token/reset", post(reset_token))
}

/// Roles with the names of what they hold in; null for a tenant that is gone.
pub(super) async fn roles_shown(state: &State, roles: &[RoleAssignment]) -> Value {
    let mut shown = Vec::with_capacity(roles.len());
    for held in roles {
        let name = match held.scope {
            Scope::Installation => None,
            Scope::Directory { id } => (id == state.directory.id()).then(|| super::DIRECTORY_NAME.to_owned()),
            Scope::Tenant { id } => state.tenants.get(id).await.ok().map(|tenant| tenant.name),
        };
        let mut one =
            json!({"id": held.id, "role": held.role, "displayName": held.role.name(), "scope": held.scope});
        if held.scope != Scope::Installation {
            one["scope"]["name"] = name.into();
        }
        shown.push(one);
    }
    shown.into()
}

fn secret_shown(secret: &ClientSecret, now: Timestamp) -> Value {
    json!({
        "id": secret.id,
        "label": secret.label,
        "created": secret.created,
        "expires": secret.expires,
        "expired": secret.expires <= now,
        "lastUsed": secret.last_used,
    })
}

fn secrets_shown(call: &Call, secrets: &[ClientSecret]) -> Value {
    let now = call.directory.clock().now();
    secrets.iter().map(|secret| secret_shown(secret, now)).collect()
}

/// An account as it is answered: of what proves who it is, only what is no secret.
async fn shown(call: &Call, administrator: &Administrator) -> Value {
    let mut shown = json!({
        "id": administrator.id,
        "displayName": administrator.display_name,
        "enabled": administrator.enabled,
        "created": administrator.created,
        "roles": roles_shown(&call.state, &administrator.roles).await,
    });
    match &administrator.account {
        Account::Person { sign_in_name, password } => {
            shown["type"] = "person".into();
            shown["signInName"] = sign_in_name.as_str().into();
            shown["hasPassword"] = password.is_some().into();
        }
        Account::Tool { secrets } => {
            shown["type"] = "tool".into();
            shown["clientId"] = administrator.id.to_string().into();
            shown["secrets"] = secrets_shown(call, secrets);
        }
    }
    shown
}

/// Administrators by name; those of which a text is a part of a name or the client id (`contains`).
async fn list(call: Call) -> Answer {
    call.query.only(&[])?;
    let search = fold_key(call.query.option("contains").unwrap_or_default().trim());
    let mut found = call.administrators.list().await?;
    found.retain(|administrator| names(administrator).iter().any(|name| name.contains(&search)));
    let count = call.query.count.then_some(found.len() as u64);
    let key = |administrator: &Administrator| {
        // Names may be the same, ids are not.
        [fold_key(&administrator.display_name).as_bytes(), &[0], administrator.id.as_bytes()].concat()
    };
    let (found, next) = page::of_all(&call, found, key);
    let mut all = Vec::with_capacity(found.len());
    for administrator in &found {
        all.push(shown(&call, administrator).await);
    }
    Ok(page::list(&call, "administrators", all, next.as_ref(), count))
}

/// What an administrator is known by, as it is compared.
fn names(administrator: &Administrator) -> [String; 2] {
    let other = match &administrator.account {
        Account::Person { sign_in_name, .. } => fold_key(sign_in_name.as_str()),
        Account::Tool { .. } => administrator.id.to_string(),
    };
    [fold_key(&administrator.display_name), other]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type", deny_unknown_fields)]
enum New {
    Person { display_name: String, sign_in_name: String, password: Option<String> },
    Tool { display_name: String },
}

async fn create(call: Call, body: Bytes) -> Answer {
    let (name, account) = match from_value(object(&body)?.into())? {
        New::Person { display_name, sign_in_name, password } => {
            (display_name, NewAccount::Person { sign_in_name, password: password.map(SecretString::from) })
        }
        New::Tool { display_name } => (display_name, NewAccount::Tool),
    };
    let made = call.administrators.create(&name, account, &call.by).await?;
    Ok((StatusCode::CREATED, Json(shown(&call, &made).await)).into_response())
}

async fn show(call: Call, Path(id): Path<String>) -> Answer {
    let found = call.administrators.get(guid(&id)?).await?;
    Ok(Json(shown(&call, &found).await).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    display_name: Option<String>,
    enabled: Option<bool>,
    sign_in_name: Option<String>,
    password: Option<String>,
}

async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let Change { display_name, enabled, sign_in_name, password } = from_value(object(&body)?.into())?;
    let password = password.map(SecretString::from);
    let change = AdministratorChange { display_name, enabled, sign_in_name, password };
    let changed = call.administrators.update(guid(&id)?, change, &call.by).await?;
    Ok(Json(shown(&call, &changed).await).into_response())
}

async fn remove(call: Call, Path(id): Path<String>) -> Answer {
    call.administrators.delete(guid(&id)?, &call.by).await?;
    no_content()
}

async fn roles(call: Call, Path(id): Path<String>) -> Answer {
    let found = call.administrators.get(guid(&id)?).await?;
    Ok(Json(json!({"value": roles_shown(&call.state, &found.roles).await})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    role: Role,
    scope: Option<Named>,
}

/// A scope, with a name or an id.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", deny_unknown_fields)]
enum Named {
    Installation,
    Directory { id: String },
    Tenant { id: String },
}

/// The scope that is meant, which has to be there.
async fn scope(call: &Call, named: Option<Named>) -> Result<Scope, ApiError> {
    Ok(match named {
        None | Some(Named::Installation) => Scope::Installation,
        Some(Named::Directory { id }) => Scope::Directory { id: super::directory_id(&call.state, &id)? },
        Some(Named::Tenant { id }) => Scope::Tenant { id: super::tenants::tenant(call, &id).await?.id },
    })
}

async fn grant(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let Grant { role, scope: named } = from_value(object(&body)?.into())?;
    let scope = scope(&call, named).await?;
    let held = call.administrators.grant(guid(&id)?, role, scope, &call.by).await?;
    let shown = roles_shown(&call.state, &[held]).await;
    Ok((StatusCode::CREATED, Json(shown[0].clone())).into_response())
}

async fn revoke(call: Call, Path((id, assignment)): Path<(String, String)>) -> Answer {
    call.administrators.revoke(guid(&id)?, guid(&assignment)?, &call.by).await?;
    no_content()
}

async fn secrets(call: Call, Path(id): Path<String>) -> Answer {
    let found = call.administrators.get(guid(&id)?).await?;
    let secrets = match &found.account {
        Account::Tool { secrets } => secrets_shown(&call, secrets),
        Account::Person { .. } => json!([]),
    };
    Ok(Json(json!({"value": secrets})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    label: Option<String>,
    expires: Option<Timestamp>,
}

async fn create_secret(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let NewSecret { label, expires } = from_value(object(&body)?.into())?;
    let id: Uuid = guid(&id)?;
    let made = call.administrators.create_secret(id, &label.unwrap_or_default(), expires, &call.by).await?;
    let mut shown = secret_shown(&made.kept, call.directory.clock().now());
    shown["clientId"] = id.to_string().into();
    shown["secret"] = made.secret.expose_secret().into();
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

async fn delete_secret(call: Call, Path((id, secret)): Path<(String, String)>) -> Answer {
    call.administrators.delete_secret(guid(&id)?, guid(&secret)?, &call.by).await?;
    no_content()
}

async fn reset_token(call: Call) -> Answer {
    let token = call.administrators.reset_admin_token(&call.by).await?;
    Ok((StatusCode::CREATED, Json(json!({"token": token.0.expose_secret()}))).into_response())
}
