//! `/provost/v1/session`: signing in, and who one is.

use administrators::{Caller, Credential, Error};
use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::Routes;
use super::administrators::roles_shown;
use crate::call::{Call, object};
use crate::error::{Answer, ApiError};
use crate::{Shared, State, cookie};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/session", get(show).post(sign_in).delete(sign_out))
        .route("/session/password", post(change_password))
        .route("/setup", get(setup))
}

fn secret(body: &Map<String, Value>, name: &str) -> Result<SecretString, ApiError> {
    let text = body.get(name).and_then(Value::as_str);
    text.map(SecretString::from).ok_or_else(|| ApiError::bad(format!("The body must have {name}, a text.")))
}

async fn shown(state: &State, caller: &Caller) -> Value {
    let mut shown = json!({
        "id": caller.principal.id,
        "displayName": caller.principal.display_name,
        "credential": match caller.credential {
            Credential::AdminToken => "adminToken",
            Credential::AccessToken => "accessToken",
            Credential::Session(_) => "session",
        },
        "roles": roles_shown(state, &caller.roles).await,
    });
    if let Credential::Session(session) = &caller.credential {
        shown["expires"] = session.expires.to_string().into();
        shown["csrfToken"] = session.csrf_token.clone().into();
    }
    shown
}

/// An answer with who is signed in now, which has the browser keep the session.
async fn opened(state: &State, (session, caller): (SecretString, Caller)) -> Response {
    let mut response = Json(shown(state, &caller).await).into_response();
    if let Some(cookie) = cookie::set(Some(&session), &state.addresses) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Signs in. The content type is one that pages of other sites cannot send without asking first.
async fn sign_in(
    axum::extract::State(state): axum::extract::State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Request_BadRequest",
            "Signing in takes a body of Content-Type application/json.",
        ));
    }
    let body = object(&body)?;
    let name = body.get("signInName").and_then(Value::as_str);
    let name = name.ok_or_else(|| ApiError::bad("The body must have signInName, a text."))?;
    let session = state.administrators.sign_in(name, &secret(&body, "password")?).await?;
    Ok(opened(&state, session).await)
}

/// What whoever opens a new installation has to be told before anybody can sign in.
async fn setup(axum::extract::State(state): axum::extract::State<Shared>) -> Answer {
    let needs_administrator = state.administrators.list().await?.is_empty();
    Ok(Json(json!({"needsAdministrator": needs_administrator})).into_response())
}

async fn show(call: Call) -> Answer {
    Ok(Json(shown(&call.state, &call.caller).await).into_response())
}

async fn sign_out(call: Call) -> Answer {
    let Credential::Session(session) = &call.caller.credential else {
        return Err(ApiError::bad("There is no session to end: the call was made with a token."));
    };
    if call.query.flag("everywhere")? {
        call.administrators.sign_out_everywhere(session.administrator, &call.by).await?;
    }
    call.administrators.sign_out(session.id).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = cookie::set(None, &call.addresses) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn change_password(call: Call, body: Bytes) -> Answer {
    let body = object(&body)?;
    let (current, new) = (secret(&body, "currentPassword")?, secret(&body, "newPassword")?);
    let Credential::Session(session) = &call.caller.credential else {
        return Err(ApiError::bad("A password is changed by whoever signed in with it."));
    };
    match call.administrators.change_password(session.administrator, &current, &new, &call.by).await {
        Ok(session) => Ok(opened(&call.state, session).await),
        Err(Error::WrongCredentials) => {
            Err(ApiError::bad("currentPassword is not the current password.").target("currentPassword"))
        }
        // It is the new one that cannot be.
        Err(error @ Error::Invalid { .. }) => Err(ApiError::from(error).target("newPassword")),
        Err(error) => Err(error.into()),
    }
}
