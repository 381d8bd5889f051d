//! Who calls.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Shared;
use crate::error::ApiError;

/// Lets a call through that carries an administrator's token, and notes whose it is.
pub(crate) async fn authenticate(State(state): State<Shared>, mut request: Request, next: Next) -> Response {
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned());
    let refused = |message: &str| {
        ApiError::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message).into_response()
    };
    let Some(token) = token else {
        return refused("Access token is empty: send `Authorization: Bearer TOKEN`.");
    };
    match state.installation.authenticate(&token).await {
        Ok(Some(principal)) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Ok(None) => {
            refused("Access token validation failure: this is no token of an administrator of this server.")
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}
