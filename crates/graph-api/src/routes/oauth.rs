//! OAuth 2.0 client credentials (RFC 6749 sections 2.3.1, 4.4 and 5), at the addresses where clients of Entra ID look.

use administrators::ACCESS_TOKEN_LIFETIME;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::Routes;
use crate::Shared;

/// Bytes of a token request at most.
const MAX_BODY: usize = 16 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{directory}/oauth2/v2.0/token", post(token))
        .route("/{directory}/oauth2/v2.0/authorize", get(authorize))
        .route("/{directory}/discovery/v2.0/keys", get(async || Json(json!({"keys": []}))))
        .route("/{directory}/v2.0/.well-known/openid-configuration", get(configuration))
}

/// A refusal as RFC 6749 section 5.2 words it.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: String,
    /// Whether the client showed itself by HTTP Basic, and is to be told so.
    basic: bool,
    retry_after: Option<u64>,
}

impl Refusal {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        let description = description.into();
        Self { status: StatusCode::BAD_REQUEST, error, description, basic: false, retry_after: None }
    }

    fn request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description});
        let mut response = uncached(self.status, body);
        if self.basic {
            let challenge = HeaderValue::from_static("Basic realm=\"provost\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// An answer that nothing on its way may keep.
fn uncached(status: StatusCode, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A client, and how it showed itself.
#[derive(Debug)]
struct Client {
    id: String,
    secret: SecretString,
    basic: bool,
}

/// The parameters of a form. The error is that one is there twice (RFC 6749 section 3.2).
fn parameters(body: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(body) {
        if all.iter().any(|(other, _)| *other == name) {
            let shown: String = name.chars().take(60).collect();
            return Err(Refusal::request(format!("The parameter '{shown}' is there twice.")));
        }
        // A parameter without a value is as if it were not there (section 3.1).
        if !value.is_empty() {
            all.push((name.into_owned(), value.into_owned()));
        }
    }
    Ok(all)
}

/// Who asks, by a form and the header Authorization.
fn client(form: &[(String, String)], authorization: Option<&str>) -> Result<Client, Refusal> {
    let given = |name: &str| form.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let Some(authorization) = authorization else {
        let (Some(id), Some(secret)) = (given("client_id"), given("client_secret")) else {
            return Err(Refusal::request("The parameters client_id and client_secret are needed."));
        };
        return Ok(Client { id: id.to_owned(), secret: secret.into(), basic: false });
    };
    let refused = |description: &str| Refusal {
        basic: true,
        ..Refusal::new("invalid_client", description).status(StatusCode::UNAUTHORIZED)
    };
    let (id, secret) =
        basic(authorization).ok_or_else(|| refused("The header Authorization is not of HTTP Basic."))?;
    if given("client_secret").is_some() || given("client_id").is_some_and(|other| other != id) {
        return Err(Refusal::request("The client shows itself in two ways: send its secret once."));
    }
    Ok(Client { id, secret, basic: true })
}

/// Id and secret of HTTP Basic, each encoded as in a form before.
fn basic(authorization: &str) -> Option<(String, SecretString)> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let decoded = BASE64.decode(credentials.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let plain = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    Some((plain(id)?, plain(secret)?.into()))
}

/// What is asked for, if it is what there is: everything that the roles of the client permit.
fn check_grant(form: &[(String, String)]) -> Result<(), Refusal> {
    let given = |name: &str| form.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    match given("grant_type") {
        Some("client_credentials") => {}
        Some(_) => {
            return Err(Refusal::new(
                "unsupported_grant_type",
                "The grant_type is client_credentials and no other.",
            ));
        }
        None => return Err(Refusal::request("The parameter grant_type is needed: client_credentials.")),
    }
    match given("scope") {
        Some(scope) if scope.split(' ').count() != 1 || !scope.ends_with("/.default") => Err(Refusal::new(
            "invalid_scope",
            "The scope is one that ends with /.default: what a client may do follows from its roles.",
        )),
        _ => Ok(()),
    }
}

/// The directory of that name or id.
fn check_directory(state: &Shared, name: &str) -> Result<(), Refusal> {
    super::directory_id(state, name).map(drop).map_err(|error| Refusal::request(error.message))
}

async fn token(
    State(state): State<Shared>,
    Path(directory): Path<String>,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Refusal> {
    check_directory(&state, &directory)?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(header::CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case(FORM) {
        return Err(Refusal::request(format!("A token is asked for with a body of Content-Type {FORM}.")));
    }
    let body: Bytes = state.intake.read(&mut body, MAX_BODY).await.map_err(|fault| {
        let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Refusal::request(format!("{fault}.")).status(status)
    })?;
    let form = parameters(&body)?;
    let client = client(&form, text(header::AUTHORIZATION))?;
    check_grant(&form)?;
    let issued = state.administrators.issue_access_token(&client.id, &client.secret).await;
    let issued = issued.map_err(|error| refused(&error, client.basic))?;
    Ok(uncached(
        StatusCode::OK,
        json!({
            "token_type": "Bearer",
            "expires_in": ACCESS_TOKEN_LIFETIME.as_secs(),
            "ext_expires_in": ACCESS_TOKEN_LIFETIME.as_secs(),
            "access_token": issued.secret.expose_secret(),
        }),
    ))
}

fn refused(error: &administrators::Error, basic: bool) -> Refusal {
    use administrators::Error;
    match error {
        Error::WrongCredentials => Refusal {
            basic,
            ..Refusal::new(
                "invalid_client",
                "There is no such client, it is disabled, or this is none of its secrets, or one that has expired.",
            )
            .status(StatusCode::UNAUTHORIZED)
        },
        Error::TooManyGuesses(wait) => Refusal {
            retry_after: Some(wait.as_secs().unsigned_abs().max(1)),
            ..Refusal::new("temporarily_unavailable", format!("There were {error}."))
                .status(StatusCode::TOO_MANY_REQUESTS)
        },
        other => {
            tracing::error!(error = %other, "an access token could not be issued");
            Refusal::new("server_error", "The server failed at this call; its log says why.")
                .status(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// People sign in elsewhere; clients of Entra ID insist on the address of a page for it.
async fn authorize() -> Refusal {
    Refusal::new(
        "unsupported_response_type",
        "Nobody is authorized here: tools ask for a token with client credentials, people sign in at the console.",
    )
}

async fn configuration(
    State(state): State<Shared>,
    Path(directory): Path<String>,
) -> Result<Json<Value>, Refusal> {
    check_directory(&state, &directory)?;
    let base = format!("{}/{}", state.addresses.public_url, state.directory.id());
    Ok(Json(json!({
        "issuer": format!("{base}/v2.0"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "scopes_supported": [format!("{}/.default", state.addresses.public_url)],
        "subject_types_supported": ["public"],
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str, authorization: Option<&str>) -> Result<Client, &'static str> {
        let form = parameters(form.as_bytes()).map_err(|refusal| refusal.error)?;
        let found = client(&form, authorization).map_err(|refusal| refusal.error)?;
        check_grant(&form).map_err(|refusal| refusal.error)?;
        Ok(found)
    }

    fn header(id_and_secret: &str) -> String {
        format!("Basic {}", BASE64.encode(id_and_secret))
    }

    #[test]
    fn a_client_shows_itself_in_the_body_or_by_basic() {
        let body =
            "grant_type=client_credentials&client_id=a&client_secret=b%2Bc&scope=https%3A%2F%2Fx%2F.default";
        let client = read(body, None).expect("whole");
        assert_eq!((&*client.id, client.secret.expose_secret(), client.basic), ("a", "b+c", false));
        let client = read("grant_type=client_credentials&client_id=a%20b", Some(&header("a+b:c%3Ad")));
        let client = client.expect("whole");
        assert_eq!((&*client.id, client.secret.expose_secret(), client.basic), ("a b", "c:d", true));
    }

    #[test]
    fn what_is_wrong_has_its_name() {
        let grant = "grant_type=client_credentials";
        for (form, authorization, error) in [
            ("", None, "invalid_request"),
            (grant, None, "invalid_request"),
            (&format!("{grant}&client_id=a&client_secret="), None, "invalid_request"),
            (&format!("{grant}&{grant}&client_id=a&client_secret=b"), None, "invalid_request"),
            ("client_id=a&client_secret=b", None, "invalid_request"),
            ("grant_type=password&client_id=a&client_secret=b", None, "unsupported_grant_type"),
            (&format!("{grant}&client_id=a&client_secret=b&scope=User.Read"), None, "invalid_scope"),
            (
                &format!("{grant}&client_id=a&client_secret=b&scope=x/.default+y/.default"),
                None,
                "invalid_scope",
            ),
            (&format!("{grant}&client_secret=b"), Some(header("a:b")), "invalid_request"),
            (&format!("{grant}&client_id=other"), Some(header("a:b")), "invalid_request"),
            (grant, Some("Basic !".to_owned()), "invalid_client"),
            (grant, Some("Bearer YTpi".to_owned()), "invalid_client"),
        ] {
            assert_eq!(read(form, authorization.as_deref()).err(), Some(error), "{form} {authorization:?}");
        }
    }
}
