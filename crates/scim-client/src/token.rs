//! Access tokens by client credentials (RFC 6749 section 4.4): fetched, kept, renewed before they expire.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::form_urlencoded;

use crate::address;
use crate::config::{Auth, Config, bearer, invalid};
use crate::connection::{self, explain, retry_after};
use crate::failure::{ErrorCode, Failure, conceal, describe};

/// How errors call the token endpoint.
const ENDPOINT: &str = "the token endpoint";
/// The most bytes of its answer.
const MOST: usize = 64 << 10;
/// The longest time before its end at which a token is renewed.
const MARGIN: Duration = Duration::from_mins(1);

/// A client that is registered with the target's authorization server.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The token endpoint.
    pub token_url: String,
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub client_secret: SecretString,
    /// `scope`, where the server wants one.
    pub scope: Option<String>,
    /// How the client says who it is.
    pub authentication: ClientAuthentication,
}

/// How a client authenticates at the token endpoint (RFC 6749 section 2.3.1, names of RFC 7591 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuthentication {
    /// `client_secret_basic`: in the `Authorization` header, as every server must understand it.
    #[default]
    Basic,
    /// `client_secret_post`: in the body.
    Post,
}

/// What requests to a target sign in with.
pub(crate) enum Authorization {
    /// Nothing, or a token that is always the same.
    Fixed(Option<Token>),
    /// Tokens that expire.
    Renewed(Box<TokenSource>),
}

impl Authorization {
    pub fn new(config: &Config) -> Result<Self, Failure> {
        Ok(match &config.auth {
            Auth::None => Self::Fixed(None),
            Auth::Bearer(token) => {
                let header = bearer(token.expose_secret())?;
                Self::Fixed(Some(Token { header, obtained: None, renew: None }))
            }
            Auth::ClientCredentials(client) => Self::Renewed(Box::new(TokenSource::new(config, client)?)),
        })
    }

    /// What is good for now; not the token that the target has refused, named by when it was obtained.
    pub async fn token(&self, refused: Option<Instant>) -> Result<Option<Token>, Failure> {
        match self {
            Self::Fixed(token) => Ok(token.clone()),
            Self::Renewed(source) => source.token(refused).await.map(Some),
        }
    }
}

/// A client with the token that it has at present. Clones share it, so that the next target made of one need not
/// fetch another.
#[derive(Debug, Clone)]
pub struct OauthClient {
    credentials: ClientCredentials,
    state: Arc<Mutex<State>>,
}

impl OauthClient {
    /// A client without a token.
    pub fn new(credentials: ClientCredentials) -> Self {
        Self { credentials, state: Arc::default() }
    }

    /// Whether it has just these credentials.
    pub fn has(&self, other: &ClientCredentials) -> bool {
        let own = &self.credentials;
        let plain = |it: &ClientCredentials| {
            (it.token_url.clone(), it.client_id.clone(), it.scope.clone(), it.authentication)
        };
        plain(own) == plain(other) && own.client_secret.expose_secret() == other.client_secret.expose_secret()
    }
}

/// Where access tokens come from. One is fetched at a time, for all who wait for it.
pub(crate) struct TokenSource {
    client: Client,
    url: String,
    credentials: ClientCredentials,
    timeout: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Token>,
    /// The last failure, for those who waited while it happened.
    failed: Option<(Instant, Failure)>,
}

/// An access token as requests carry it.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub header: HeaderValue,
    /// When it was asked for, if it was: tells tokens apart, and whether a request had it from before.
    pub obtained: Option<Instant>,
    /// When it is to be renewed; never before the target refuses it where the server does not say.
    renew: Option<Instant>,
}

impl Token {
    /// The token itself, which must not show.
    pub fn secret(&self) -> &str {
        self.header.to_str().map_or("", |value| value.trim_start_matches("Bearer "))
    }
}

impl TokenSource {
    fn new(config: &Config, client: &OauthClient) -> Result<Self, Failure> {
        let credentials = &client.credentials;
        let place = address::check("token endpoint", &credentials.token_url, config.allow_link_local)?;
        let text = |value: &str, what: &str| match value {
            "" => Err(invalid(&format!("The {what} is empty."))),
            value if value.chars().any(char::is_control) => {
                Err(invalid(&format!("The {what} contains a line break or another control character.")))
            }
            _ => Ok(()),
        };
        text(&credentials.client_id, "client identifier")?;
        text(credentials.client_secret.expose_secret(), "client secret")?;
        Ok(Self {
            client: connection::client(config, place.local)?,
            url: place.url.into(),
            credentials: credentials.clone(),
            timeout: config.request_timeout,
            state: Arc::clone(&client.state),
        })
    }

    async fn token(&self, refused: Option<Instant>) -> Result<Token, Failure> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if let Some(token) = &state.token
            && token.renew.is_none_or(|renew| now < renew)
            && (refused.is_none() || refused != token.obtained)
        {
            return Ok(token.clone());
        }
        if let Some((when, failure)) = &state.failed
            && *when >= asked
        {
            return Err(failure.clone());
        }
        match self.fetch(now).await {
            Ok(token) => {
                *state = State { token: Some(token.clone()), failed: None };
                Ok(token)
            }
            Err(failure) => {
                *state = State { token: None, failed: Some((Instant::now(), failure.clone())) };
                Err(failure)
            }
        }
    }

    /// RFC 6749 section 4.4.2.
    fn request(&self) -> RequestBuilder {
        let ClientCredentials { client_id, client_secret, scope, authentication, .. } = &self.credentials;
        let mut request = self.client.post(&self.url).timeout(self.timeout);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = scope {
            form.append_pair("scope", scope);
        }
        match authentication {
            ClientAuthentication::Basic => {
                let encode =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                request = request.basic_auth(encode(client_id), Some(encode(client_secret.expose_secret())));
            }
            ClientAuthentication::Post => {
                form.append_pair("client_id", client_id);
                form.append_pair("client_secret", client_secret.expose_secret());
            }
        }
        request
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.finish())
    }

    async fn fetch(&self, now: Instant) -> Result<Token, Failure> {
        let secret = self.credentials.client_secret.expose_secret();
        let failed = |error| explain(error, ENDPOINT, false);
        let mut response = self.request().send().await.map_err(failed)?;
        let (status, pause) = (response.status(), retry_after(response.headers()));
        let body = connection::read(&mut response, MOST).await.map_err(failed)?;
        tracing::debug!(%status, "token endpoint answered");
        let body = body
            .ok_or_else(|| invalid("The token endpoint's answer is larger than 64 KiB; it was not read."))?;
        if status.is_success() {
            return granted(&body, now);
        }
        let location =
            response.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
        let failure = refused(status, location, &body);
        // Its words could hold what it was sent.
        let reason = conceal(&failure.reason, secret);
        Err(Failure { reason, retry_after: pause, ..failure })
    }
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    /// Seconds; some servers write them as text.
    expires_in: Option<Value>,
}

fn granted(body: &[u8], now: Instant) -> Result<Token, Failure> {
    // The reason would show a part of the token.
    let granted: Granted = serde_json::from_slice(body).map_err(|_| {
        invalid(
            "The token endpoint's answer is not what RFC 6749 section 5.1 asks for: JSON with access_token.",
        )
    })?;
    if let Some(other) = granted.token_type.filter(|it| !it.eq_ignore_ascii_case("Bearer")) {
        let shown: String = other.chars().take(40).collect();
        return Err(invalid(&format!(
            "The token endpoint gives tokens of the type {shown:?}; only bearer tokens can be sent."
        )));
    }
    let header = bearer(&granted.access_token)
        .map_err(|_| invalid("The access token that the token endpoint gave cannot be sent in a header."))?;
    let lifetime = granted.expires_in.and_then(|value| match value {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_u64(),
    });
    let renew = lifetime.and_then(|seconds| now.checked_add(usable(Duration::from_secs(seconds))));
    Ok(Token { header, obtained: Some(now), renew })
}

/// For how long a token is used, of how long it is valid: a request takes its time too.
fn usable(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(MARGIN.min(lifetime / 10))
}

/// RFC 6749 section 5.2.
#[derive(Deserialize)]
struct Refused {
    error: String,
    error_description: Option<String>,
}

/// A failure without the status, which is not the target's.
fn refused(status: StatusCode, location: Option<&str>, body: &[u8]) -> Failure {
    if status.is_redirection() {
        let mut failure = crate::failure::redirected(ENDPOINT, status, location);
        failure.status = None;
        failure.recommended_action =
            "Enter the address that the token endpoint really answers at; redirects are not \
                                      followed, because the client secret would go along."
                .into();
        return failure;
    }
    let said = serde_json::from_slice::<Refused>(body).ok();
    let reason = match &said {
        Some(Refused { error, error_description }) => {
            let description = error_description.as_deref().unwrap_or_default();
            let colon = if description.is_empty() { "" } else { ": " };
            printable(&format!("The token endpoint answered {status}: {error}{colon}{description}"))
        }
        None => format!("The token endpoint answered {status}: {}", describe(body)),
    };
    let (code, advice) = advice(status, said.as_ref().map(|said| said.error.as_str()));
    let failure = Failure::new(code, reason);
    Failure {
        recommended_action: advice.map_or(failure.recommended_action.clone(), Cow::Borrowed),
        ..failure
    }
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn advice(status: StatusCode, error: Option<&str>) -> (ErrorCode, Option<&'static str>) {
    let (code, advice) = match (status.as_u16(), error) {
        (429, _) => return (ErrorCode::TooManyRequests, None),
        (503, _) => return (ErrorCode::ServiceUnavailable, None),
        (500.., _) => (
            ErrorCode::InternalServerError,
            "The token endpoint failed inside; it is tried again. If it stays, ask whoever runs it.",
        ),
        (_, Some("invalid_client")) => (
            ErrorCode::Unauthorized,
            "Check the client identifier and enter the client secret again; it may have expired or been rotated. Some \
             servers want it in the body: choose client_secret_post then.",
        ),
        (_, Some("unauthorized_client" | "unsupported_grant_type")) => (
            ErrorCode::Unauthorized,
            "Allow the client credentials grant for this client in the target's authorization server.",
        ),
        (_, Some("invalid_scope")) => {
            (ErrorCode::InvalidConfiguration, "Correct the scope, or leave it out if the server needs none.")
        }
        (400, Some("invalid_request")) => (
            ErrorCode::InvalidConfiguration,
            "The server misses something in the request: often a scope, or the client in the body (client_secret_post).",
        ),
        (401 | 403, _) | (_, Some("access_denied" | "invalid_grant")) => (
            ErrorCode::Unauthorized,
            "Check the client identifier and secret, and what the client may do in the target's authorization server.",
        ),
        _ => (
            ErrorCode::InvalidConfiguration,
            "Check the address of the token endpoint (Oauth2TokenExchangeUri): it often ends in /token.",
        ),
    };
    (code, Some(advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_before_its_end() {
        let of = |seconds| usable(Duration::from_secs(seconds)).as_secs();
        assert_eq!((of(3600), of(600), of(100), of(0)), (3540, 540, 90, 0));
    }

    #[tokio::test]
    async fn answers_of_token_endpoints() {
        let now = Instant::now();
        let renew = |body: &str| granted(body.as_bytes(), now).map(|token| token.renew);
        assert_eq!(renew(r#"{"access_token":"t","token_type":"bearer"}"#), Ok(None));
        let soon = Some(now + Duration::from_secs(90));
        assert_eq!(renew(r#"{"access_token":"t","expires_in":100}"#), Ok(soon));
        assert_eq!(renew(r#"{"access_token":"t","token_type":"Bearer","expires_in":"100"}"#), Ok(soon));
        assert_eq!(renew(r#"{"access_token":"t","expires_in":18446744073709551615}"#), Ok(None));
        assert_eq!(renew(r#"{"access_token":"t","expires_in":-5}"#), Ok(None));
        for bad in [
            "",
            "<html>",
            "{}",
            r#"{"access_token":7}"#,
            r#"{"access_token":"s3cret hush"}"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":"s3cret","token_type":"mac"}"#,
        ] {
            let failure = renew(bad).expect_err(bad);
            assert_eq!(failure.code, ErrorCode::InvalidConfiguration, "{bad}");
            assert!(!failure.to_string().contains("s3cret"), "{failure}");
        }
    }

    #[test]
    fn refusals_are_explained() {
        let of = |status, body: &str| {
            refused(StatusCode::from_u16(status).expect("a status"), None, body.as_bytes())
        };
        for (status, body, code, word) in [
            (401, r#"{"error":"invalid_client"}"#, ErrorCode::Unauthorized, "invalid_client"),
            (
                400,
                r#"{"error":"invalid_client","error_description":"gone"}"#,
                ErrorCode::Unauthorized,
                "gone",
            ),
            (400, r#"{"error":"unauthorized_client"}"#, ErrorCode::Unauthorized, "unauthorized_client"),
            (400, r#"{"error":"invalid_scope"}"#, ErrorCode::InvalidConfiguration, "invalid_scope"),
            (403, "no", ErrorCode::Unauthorized, "`no`"),
            (404, "<!doctype html>", ErrorCode::InvalidConfiguration, "web page"),
            (405, "", ErrorCode::InvalidConfiguration, "405"),
            (502, "", ErrorCode::InternalServerError, "502"),
            (503, "", ErrorCode::ServiceUnavailable, "503"),
        ] {
            let failure = of(status, body);
            assert_eq!((failure.code, failure.status), (code, None), "{status} {body}");
            assert!(failure.reason.contains(word), "{failure}");
            assert!(!failure.recommended_action.is_empty());
        }
        assert!(!of(400, r#"{"error":"a\nb\u0007"}"#).reason.contains(char::is_control));
    }
}
