//! One request, with everything between it and its answer: turns, time-outs, retries, limits.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderValue, IF_MATCH, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Method, StatusCode};
use tokio::time::Instant;

use crate::address::{BaseUrl, Forbidden, NotFound, Resolver};
use crate::config::{Config, Retry, invalid};
use crate::counts::{Counters, RequestCounts};
use crate::failure::{ErrorCode, Failure, looks_like_html};
use crate::throttle::{Permit, Throttle};

const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/scim+json, application/json;q=0.9");
/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Text as it may stand in a path segment or a query value.
pub(crate) fn encode(text: &str) -> percent_encoding::PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

/// A request before it is sent.
pub(crate) struct Request {
    pub method: Method,
    /// Below the base URL, encoded, without a slash in front.
    pub path: String,
    /// Encoded, without a question mark.
    pub query: String,
    pub body: Option<Bytes>,
    pub if_match: Option<HeaderValue>,
}

/// An answer with a 2xx status.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub etag: Option<String>,
    pub location: Option<String>,
    pub body: Bytes,
}

/// The instant past which nothing may be on the wire. Asked anew for each attempt.
pub type Deadline = Arc<dyn Fn() -> std::time::Instant + Send + Sync>;

/// How far a request may go.
#[derive(Clone)]
pub(crate) struct Bounds {
    pub deadline: Option<Deadline>,
    /// Whether a target that asks for less is waited for.
    pub patient: bool,
}

/// What one attempt came to.
enum Attempt {
    Done(Answer),
    Failed(Failure),
}

pub(crate) struct Transport {
    client: Client,
    base: BaseUrl,
    throttle: Throttle,
    counters: Counters,
    retry: Retry,
    jitter: AtomicU64,
    max_response: usize,
    timeout: Duration,
}

impl Transport {
    pub fn new(config: &Config) -> Result<Self, Failure> {
        let base = BaseUrl::parse(&config.base_url, config.allow_link_local)?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, ACCEPTED);
        if let Some(header) = config.auth.header()? {
            headers.insert(AUTHORIZATION, header);
        }
        let mut builder = Client::builder()
            .default_headers(headers)
            .user_agent(concat!("Provost/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(config.connect_timeout.min(config.request_timeout))
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(config.max_concurrency.max(1))
            .dns_resolver(Arc::new(Resolver { allow_link_local: config.allow_link_local }));
        if base.local {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &config.extra_roots {
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|_| invalid("The extra root certificates are not valid PEM."))?;
            if roots.is_empty() {
                return Err(invalid("The extra root certificates hold no certificate in PEM form."));
            }
            builder = builder.tls_certs_merge(roots);
        }
        let client = builder.build().map_err(|error| {
            invalid(&format!("The HTTP client cannot be set up: {}.", innermost(&error.without_url())))
        })?;
        Ok(Self {
            client,
            base,
            throttle: Throttle::new(config.max_concurrency),
            counters: Counters::default(),
            retry: config.retry,
            jitter: AtomicU64::new(config.jitter_seed),
            max_response: config.max_response,
            timeout: config.request_timeout,
        })
    }

    pub fn counts(&self) -> RequestCounts {
        self.counters.read()
    }

    pub fn concurrency(&self) -> usize {
        self.throttle.limit()
    }

    /// Sends a request, and again where that is safe: whatever was certainly not carried out, and methods that may
    /// be carried out twice. No attempt starts or lasts past the deadline.
    pub async fn send(&self, request: &Request, bounds: &Bounds) -> Result<Answer, Failure> {
        let mut maybe_done = false;
        let sent = self.attempts(request, bounds, &mut maybe_done).await;
        // Whatever the last attempt came to, an earlier one may have been carried out.
        sent.map_err(|failure| Failure { outcome_unknown: maybe_done, ..failure })
    }

    async fn attempts(
        &self,
        request: &Request,
        bounds: &Bounds,
        maybe_done: &mut bool,
    ) -> Result<Answer, Failure> {
        let url = self.url(request);
        let mut attempt = 0;
        let mut throttled = None;
        let mut last: Option<Failure> = None;
        loop {
            attempt += 1;
            let (permit, timeout) = match self.turn(bounds.deadline.as_ref()).await {
                Ok(turn) => turn,
                Err(late) => return Err(last.unwrap_or(late)),
            };
            let failure = match self.attempt(request, &url, timeout, attempt).await {
                Attempt::Done(answer) => {
                    permit.succeeded();
                    return Ok(answer);
                }
                // An earlier attempt without an answer has deleted it.
                Attempt::Failed(failure)
                    if *maybe_done && failure.is_gone() && request.method == Method::DELETE =>
                {
                    return Ok(Answer {
                        status: StatusCode::NO_CONTENT,
                        etag: None,
                        location: None,
                        body: Bytes::new(),
                    });
                }
                Attempt::Failed(failure) => failure,
            };
            *maybe_done |= failure.outcome_unknown;
            let pause = failure.retry_after.unwrap_or_else(|| self.backoff(attempt));
            let again = if matches!(failure.code, ErrorCode::TooManyRequests | ErrorCode::ServiceUnavailable)
            {
                // Nothing was carried out, and the target says so: this is not one of the attempts that may fail.
                let since = *throttled.get_or_insert_with(Instant::now);
                permit.throttled(pause, self.retry.patience)
                    && since.elapsed() < self.retry.patience
                    && (bounds.patient || attempt < self.retry.attempts)
            } else {
                permit.answered();
                attempt < self.retry.attempts && Self::repeatable(request, &failure)
            };
            drop(permit);
            if !again || pause > self.retry.longest_wait {
                return Err(failure);
            }
            last = Some(failure);
            tokio::time::sleep(pause).await;
        }
    }

    /// The right to send now, and how long the request may take. The deadline moves while a lease is renewed.
    async fn turn(&self, deadline: Option<&Deadline>) -> Result<(Permit<'_>, Duration), Failure> {
        let Some(deadline) = deadline else { return Ok((self.throttle.enter().await, self.timeout)) };
        let enter = self.throttle.enter();
        tokio::pin!(enter);
        let permit = loop {
            let at = deadline();
            tokio::select! {
                biased;
                permit = &mut enter => break permit,
                () = tokio::time::sleep_until(at.into()) => if deadline() <= at {
                    return Err(too_late());
                },
            }
        };
        let left = deadline().saturating_duration_since(std::time::Instant::now());
        if left.is_zero() { Err(too_late()) } else { Ok((permit, self.timeout.min(left))) }
    }

    /// Whether sending once more may help and cannot harm.
    fn repeatable(request: &Request, failure: &Failure) -> bool {
        match failure.code {
            // A name or address that is wrong stays wrong; Test Connection should not dwell on it.
            ErrorCode::HostNotFound => false,
            _ => failure.retryable && (request.method != Method::POST || !failure.outcome_unknown),
        }
    }

    /// Exponential with jitter: between half of the step and the whole.
    fn backoff(&self, attempt: u32) -> Duration {
        let step = self.retry.first_pause.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let step = step.min(self.retry.longest_pause);
        // SplitMix64 over a shared counter: cheap, and the same sequence for the same seed.
        let mut random = self.jitter.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        random = (random ^ (random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        random = (random ^ (random >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let share = u32::try_from((random ^ (random >> 31)) >> 32).unwrap_or(u32::MAX);
        step / 2 + (step / 2).mul_f64(f64::from(share) / f64::from(u32::MAX))
    }

    fn url(&self, request: &Request) -> String {
        let own = self.base.query.as_deref().unwrap_or_default();
        let mut url = String::with_capacity(
            self.base.prefix.len() + request.path.len() + request.query.len() + own.len() + 3,
        );
        url.push_str(&self.base.prefix);
        url.push('/');
        url.push_str(&request.path);
        let mut sign = '?';
        for query in [own, &request.query] {
            if !query.is_empty() {
                url.push(sign);
                url.push_str(query);
                sign = '&';
            }
        }
        url
    }

    async fn attempt(&self, request: &Request, url: &str, timeout: Duration, attempt: u32) -> Attempt {
        let mut sending = self.client.request(request.method.clone(), url).timeout(timeout);
        if let Some(body) = &request.body {
            sending = sending.header(CONTENT_TYPE, SCIM_JSON).body(body.clone());
        }
        if let Some(version) = &request.if_match {
            sending = sending.header(IF_MATCH, version.clone());
        }
        self.counters.count(&request.method);
        let writes = request.method != Method::GET;
        let response = match sending.send().await {
            Ok(response) => response,
            Err(error) => return Attempt::Failed(explain(error, writes)),
        };
        let status = response.status();
        tracing::debug!(method = %request.method, path = request.path, %status, attempt, "target answered");
        let retry_after = retry_after(response.headers());
        let text = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let etag = text(ETAG).map(str::to_owned);
        let location = text(LOCATION).map(str::to_owned);
        let body = match self.read(response, writes).await {
            Ok(Some(body)) => body,
            // What counts is in the status: a change was made, or what was asked for was not.
            Ok(None) if writes || !status.is_success() => Bytes::new(),
            Ok(None) => {
                let failure = Failure::not_scim(format!(
                    "The answer is larger than {} MiB; it was not read.",
                    self.max_response >> 20
                ));
                return Attempt::Failed(Failure { status: Some(status.as_u16()), ..failure });
            }
            Err(failure) => {
                return Attempt::Failed(Failure { status: Some(status.as_u16()), ..failure });
            }
        };
        if status.is_success() {
            return Attempt::Done(Answer { status, etag, location, body });
        }
        let mut failure = if status.is_redirection() {
            redirected(status, location.as_deref())
        } else {
            Failure::from_answer(status, &body)
        };
        failure.retry_after = retry_after;
        // A gateway's 5xx says nothing about what happened behind it; 501 and 503 say that nothing did.
        failure.outcome_unknown =
            writes && matches!(failure.code, ErrorCode::InternalServerError | ErrorCode::Timeout);
        Attempt::Failed(failure)
    }

    /// The answer's body; none where it is too large.
    async fn read(&self, mut response: reqwest::Response, writes: bool) -> Result<Option<Bytes>, Failure> {
        let limit = u64::try_from(self.max_response).unwrap_or(u64::MAX);
        if response.content_length().is_some_and(|length| length > limit) {
            return Ok(None);
        }
        let first = match response.chunk().await {
            Ok(Some(first)) => first,
            Ok(None) => return Ok(Some(Bytes::new())),
            Err(error) => return Err(explain(error, writes)),
        };
        // Most answers are one chunk: no copy then.
        let mut whole: Option<Vec<u8>> = None;
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(Some(whole.map_or(first, Bytes::from))),
                Ok(Some(more)) => {
                    let whole = whole.get_or_insert_with(|| first.to_vec());
                    if whole.len() + more.len() > self.max_response {
                        return Ok(None);
                    }
                    whole.extend_from_slice(&more);
                }
                Err(error) => return Err(explain(error, writes)),
            }
        }
    }
}

/// The answer's body as JSON, or why it is not.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let reason = if looks_like_html(&answer.body) {
            "The target answered with a web page (HTML) instead of a SCIM message.".to_owned()
        } else if answer.body.is_empty() {
            format!("The target answered {} with an empty body where a SCIM message belongs.", answer.status)
        } else {
            let excerpt = crate::failure::describe(&answer.body);
            format!("The target's answer is not a SCIM message ({error}): {excerpt}.")
        };
        Failure { status: Some(answer.status.as_u16()), ..Failure::not_scim(reason) }
    })
}

fn too_late() -> Failure {
    Failure::new(
        ErrorCode::DeadlineExceeded,
        "The time in which requests may start is over; nothing was sent.",
    )
}

fn redirected(status: StatusCode, location: Option<&str>) -> Failure {
    // Only the origin and path: a redirect to a sign-in page carries secrets in its query.
    let place = location.map(|place| place.split(['?', '#']).next().unwrap_or_default());
    let reason = match place {
        Some(place) if !place.is_empty() => {
            format!("The target answered {status} and points to {}.", place.escape_debug())
        }
        _ => format!("The target answered {status}, a redirect, without saying where to."),
    };
    Failure { status: Some(status.as_u16()), ..Failure::new(ErrorCode::Redirected, reason) }
}

/// What went wrong when there was no (whole) answer. Errors of connecting mean that nothing was sent.
fn explain(error: reqwest::Error, writes: bool) -> Failure {
    let (connecting, timeout, building) = (error.is_connect(), error.is_timeout(), error.is_builder());
    let error = error.without_url();
    if building {
        return invalid(&format!("The request cannot be built: {}.", innermost(&error)));
    }
    let failure = match cause(&error) {
        Some(failure) => failure,
        None if timeout && connecting => {
            Failure::new(ErrorCode::Timeout, "No connection to the target within the time given.")
        }
        None if timeout => {
            Failure::new(ErrorCode::Timeout, "No complete answer from the target within the time given.")
        }
        None if connecting => Failure::new(
            ErrorCode::ConnectionFailed,
            format!("No connection to the target: {}.", innermost(&error)),
        ),
        None => Failure::new(
            ErrorCode::ConnectionFailed,
            format!(
                "The connection to the target broke before the answer was complete: {}.",
                innermost(&error)
            ),
        ),
    };
    Failure { outcome_unknown: !connecting && writes, ..failure }
}

/// The first cause in the chain that has a name of its own.
fn cause(error: &reqwest::Error) -> Option<Failure> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = name_cause(error) {
            return Some(found);
        }
        // An io::Error hides what it wraps from `source`, and TLS errors are wrapped in two.
        let mut wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        while let Some(inner) = wrapped {
            if let Some(found) = name_cause(inner) {
                return Some(found);
            }
            wrapped = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        }
        next = error.source();
    }
    None
}

fn name_cause(error: &(dyn std::error::Error + 'static)) -> Option<Failure> {
    if let Some(forbidden) = error.downcast_ref::<Forbidden>() {
        return Some(Failure::new(ErrorCode::AddressForbidden, forbidden.to_string()));
    }
    if let Some(missing) = error.downcast_ref::<NotFound>() {
        return Some(Failure::new(ErrorCode::HostNotFound, missing.to_string()));
    }
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        let reason = format!("No secure connection to the target: {tls}.");
        return Some(Failure::new(ErrorCode::CertificateInvalid, reason));
    }
    let refused =
        error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
    refused.then(|| {
        Failure::new(
            ErrorCode::ConnectionFailed,
            "The target's machine refused the connection: nothing listens there.",
        )
    })
}

fn innermost(error: &reqwest::Error) -> String {
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
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
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

    #[test]
    fn everything_but_unreserved_is_encoded() {
        assert_eq!(encode(r#"a"b\c+d&e#f%g ü/"#).to_string(), "a%22b%5Cc%2Bd%26e%23f%25g%20%C3%BC%2F");
    }
}
