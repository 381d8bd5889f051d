//! The HTTP client, and what is read from it: who is connected to, whom is trusted, what went wrong.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Client;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use rustls::AlertDescription;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;

use crate::address::{Forbidden, NotFound, Resolver};
use crate::config::{ClientCertificate, Config, invalid};
use crate::failure::{ErrorCode, Failure};

/// A client with the settings of a target. Redirects are never followed, as credentials would go along; proxies of
/// the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) are asked unless the place is this machine.
pub(crate) fn client(config: &Config, local: bool) -> Result<Client, Failure> {
    let mut builder = Client::builder()
        .user_agent(concat!("Provost/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(config.connect_timeout.min(config.request_timeout))
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30))
        .pool_idle_timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(config.max_concurrency.max(1))
        .dns_resolver(Arc::new(Resolver { allow_link_local: config.allow_link_local }));
    if local {
        builder = builder.no_proxy();
    }
    if let Some(pem) = &config.extra_roots {
        let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
            .map_err(|_| invalid("The trusted certificates are not valid PEM."))?;
        if roots.is_empty() {
            return Err(invalid("The trusted certificates hold no certificate in PEM form."));
        }
        builder = builder.tls_certs_merge(roots);
    }
    if let Some(certificate) = &config.client_certificate {
        builder = builder.identity(identity(certificate)?);
    }
    builder.build().map_err(|error| {
        let reason = innermost(&error.without_url());
        invalid(&match &config.client_certificate {
            Some(_) => format!("The certificates cannot be used: {reason}."),
            None => format!("The HTTP client cannot be set up: {reason}."),
        })
    })
}

fn identity(certificate: &ClientCertificate) -> Result<reqwest::Identity, Failure> {
    let key = certificate.key.expose_secret();
    if !certificate.chain.contains("-----BEGIN CERTIFICATE-----") {
        return Err(invalid("The client certificate holds no certificate in PEM form."));
    }
    if key.contains("ENCRYPTED") {
        return Err(invalid("The client certificate's key is encrypted; enter it without a passphrase."));
    }
    let pem = Zeroizing::new(format!("{}\n{key}", certificate.chain));
    // The error could show a part of the key.
    reqwest::Identity::from_pem(pem.as_bytes()).map_err(|_| {
        invalid("The client certificate and its key are not a certificate and a key in PEM form.")
    })
}

/// The answer's body; none where it is larger than the limit, in bytes.
pub(crate) async fn read(
    response: &mut reqwest::Response,
    limit: usize,
) -> Result<Option<Bytes>, reqwest::Error> {
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |it| it > limit)) {
        return Ok(None);
    }
    let Some(first) = response.chunk().await? else { return Ok(Some(Bytes::new())) };
    // Most answers are one chunk: no copy then.
    let mut whole: Option<Vec<u8>> = None;
    while let Some(more) = response.chunk().await? {
        let whole = whole.get_or_insert_with(|| first.to_vec());
        if whole.len() + more.len() > limit {
            return Ok(None);
        }
        whole.extend_from_slice(&more);
    }
    Ok(Some(whole.map_or(first, Bytes::from)).filter(|body| body.len() <= limit))
}

/// What went wrong when there was no (whole) answer. Errors of connecting mean that nothing was sent.
pub(crate) fn explain(error: reqwest::Error, whom: &str, writes: bool) -> Failure {
    let (connecting, timeout, building) = (error.is_connect(), error.is_timeout(), error.is_builder());
    let error = error.without_url();
    if building {
        return invalid(&format!("The request cannot be built: {}.", innermost(&error)));
    }
    let failure = match cause(&error, whom) {
        Some(failure) => failure,
        None if timeout && connecting => {
            Failure::new(ErrorCode::Timeout, format!("No connection to {whom} within the time given."))
        }
        None if timeout => {
            Failure::new(ErrorCode::Timeout, format!("No complete answer from {whom} within the time given."))
        }
        None if connecting => Failure::new(
            ErrorCode::ConnectionFailed,
            format!("No connection to {whom}: {}.", innermost(&error)),
        ),
        None => Failure::new(
            ErrorCode::ConnectionFailed,
            format!("The connection to {whom} broke before the answer was complete: {}.", innermost(&error)),
        ),
    };
    Failure { outcome_unknown: !connecting && writes, ..failure }
}

/// The first cause in the chain that has a name of its own.
fn cause(error: &reqwest::Error, whom: &str) -> Option<Failure> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = name_cause(error, whom) {
            return Some(found);
        }
        // An io::Error hides what it wraps from `source`, and TLS errors are wrapped in two.
        let mut wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        while let Some(inner) = wrapped {
            if let Some(found) = name_cause(inner, whom) {
                return Some(found);
            }
            wrapped = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        }
        next = error.source();
    }
    None
}

fn name_cause(error: &(dyn std::error::Error + 'static), whom: &str) -> Option<Failure> {
    if let Some(forbidden) = error.downcast_ref::<Forbidden>() {
        return Some(Failure::new(ErrorCode::AddressForbidden, forbidden.to_string()));
    }
    if let Some(missing) = error.downcast_ref::<NotFound>() {
        return Some(Failure::new(ErrorCode::HostNotFound, missing.to_string()));
    }
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(insecure(tls, whom));
    }
    let refused =
        error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
    refused.then(|| {
        Failure::new(
            ErrorCode::ConnectionFailed,
            format!("The machine of {whom} refused the connection: nothing listens there."),
        )
    })
}

fn insecure(error: &rustls::Error, whom: &str) -> Failure {
    use AlertDescription as Alert;
    let reason = format!("No secure connection to {whom}: {error}.");
    let failure = Failure::new(ErrorCode::CertificateInvalid, reason);
    match error {
        // What the other side says of a certificate is about ours.
        rustls::Error::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::DecryptError
            | Alert::AccessDenied,
        ) => Failure {
            recommended_action:
                "Enter a client certificate with its key that the target accepts (issuer, dates, \
                                 purpose) in the application's provisioning settings."
                    .into(),
            ..failure
        },
        _ => failure,
    }
}

pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = error.to_string();
        next = error.source();
    }
    text.trim_end_matches('.').to_owned()
}

/// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3). A date counts from the answer's own `Date`, so
/// that clocks which differ do no harm; without one it says nothing usable.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let now = jiff::fmt::rfc2822::parse(headers.get(DATE)?.to_str().ok()?).ok()?.timestamp();
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    }

    #[test]
    fn retry_after_in_both_forms() {
        let date = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");
        let of = |value| retry_after(&headers(&[date, ("retry-after", value)]));
        assert_eq!(of("115"), Some(Duration::from_secs(115)));
        assert_eq!(of("Wed, 21 Oct 2026 07:29:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(of("Wed, 21 Oct 2026 07:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(of("soon"), None);
        assert_eq!(of("-5"), None);
        assert_eq!(retry_after(&headers(&[("retry-after", "Wed, 21 Oct 2026 07:29:30 GMT")])), None);
    }
}
