//! Settings of a target.

use std::num::NonZeroU32;
use std::time::Duration;

use model::Dialect;
use reqwest::header::HeaderValue;
use secrecy::SecretString;

use crate::failure::{ErrorCode, Failure};
use crate::token::OauthClient;

/// How requests sign in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Not at all; for endpoints behind another gate.
    None,
    /// A long-lived token (RFC 6750).
    Bearer(SecretString),
    /// Tokens of an authorization server (RFC 6749 section 4.4).
    ClientCredentials(OauthClient),
}

/// What this side shows of itself in TLS (mutual TLS).
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// The certificate and those that vouch for it, PEM.
    pub chain: String,
    /// Its private key, PEM, not encrypted.
    pub key: SecretString,
}

/// The `Authorization` header for a token, marked so that nothing prints it.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, Failure> {
    let token = token.trim();
    if token.is_empty() {
        return Err(invalid("The secret token is empty."));
    }
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim_start();
    // Checked here, as the header's own error would show the bytes.
    if token.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(invalid(
            "The secret token contains a space, a line break or a character outside ASCII; it was probably copied \
             with something around it.",
        ));
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| invalid("The secret token cannot be sent in a header."))?;
    value.set_sensitive(true);
    Ok(value)
}

pub(crate) fn invalid(why: &str) -> Failure {
    Failure::new(ErrorCode::InvalidConfiguration, why)
}

/// When and how long to try again.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// How often a request is sent in all; at least 1.
    pub attempts: u32,
    /// The first pause after a failure; it doubles from there, with jitter.
    pub first_pause: Duration,
    /// The longest pause of our own choice.
    pub longest_pause: Duration,
    /// The longest `Retry-After` that is waited for; a longer one ends the request with the failure.
    pub longest_wait: Duration,
    /// How long a target may do nothing but ask for less (429, 503) before requests end with that failure. Such
    /// answers do not count as attempts: nothing was carried out.
    pub patience: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(10),
            longest_wait: Duration::from_mins(1),
            patience: Duration::from_secs(90),
        }
    }
}

/// Everything that a target needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The SCIM base URL (tenant URL), such as `https://contoso.example.com/api/scim/v2`.
    pub base_url: String,
    /// How requests sign in.
    pub auth: Auth,
    /// The form of requests.
    pub dialect: Dialect,
    /// The time one attempt may take, from connecting to the last byte of the answer.
    pub request_timeout: Duration,
    /// The time to connect, TLS included; never more than `request_timeout`.
    pub connect_timeout: Duration,
    /// The most requests at the same time; throttling answers lower it for a while.
    pub max_concurrency: usize,
    /// The most requests in a minute, evenly spread.
    pub requests_per_minute: Option<NonZeroU32>,
    /// The most bytes of an answer.
    pub max_response: usize,
    /// Resources asked for in a page.
    pub page_size: usize,
    /// Whether link-local and cloud metadata addresses may be targets.
    pub allow_link_local: bool,
    /// Root certificates to trust besides the system's, PEM, any number in one text.
    pub extra_roots: Option<String>,
    /// The certificate that is shown to a target which asks for one.
    pub client_certificate: Option<ClientCertificate>,
    /// When to try again.
    pub retry: Retry,
    /// Seed of the jitter of pauses.
    pub jitter_seed: u64,
}

impl Config {
    /// A target with the usual settings.
    pub fn new(base_url: impl Into<String>, auth: Auth) -> Self {
        Self {
            base_url: base_url.into(),
            auth,
            dialect: Dialect::default(),
            request_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            max_concurrency: 32,
            requests_per_minute: None,
            max_response: 32 << 20,
            page_size: 500,
            allow_link_local: false,
            extra_roots: None,
            client_certificate: None,
            retry: Retry::default(),
            jitter_seed: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        for token in [" s3cret\n", "Bearer s3cret"] {
            let value = bearer(token).expect("taken");
            assert_eq!(value.to_str().expect("text"), "Bearer s3cret");
            assert!(!format!("{value:?}").contains("s3cret"));
        }
        for token in ["", "  ", "hush hush", "hu\nsh", "hushé"] {
            let failure = bearer(token).expect_err("refused");
            assert!(!failure.to_string().contains("hu"));
        }
        let config = Config::new("https://x", Auth::Bearer("s3cret".to_owned().into()));
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}
