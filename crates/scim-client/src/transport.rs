//! One request, with everything between it and its answer: turns, time-outs, retries, limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, LOCATION};
use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time::Instant;

use crate::address::BaseUrl;
use crate::config::{Config, Retry, invalid};
use crate::connection::retry_after;
use crate::counts::{Counters, RequestCounts};
use crate::failure::{ErrorCode, Failure, conceal, looks_like_html, redirected};
use crate::rehearsal::Rehearsal;
use crate::throttle::{Permit, Throttle};
use crate::token::{Authorization, Token};
use crate::wire::{Http, Reply, WHOM, Wire};

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
    /// What the request was signed with.
    token: Option<Token>,
}

impl Answer {
    /// What a refusal within the answer says, as where each part of a request is answered by itself.
    pub fn refusal(&self, status: StatusCode, body: &[u8]) -> Failure {
        refusal(status, body, self.token.as_ref())
    }
}

/// The instant past which nothing may be on the wire. Asked anew for each attempt.
pub type Deadline = Arc<dyn Fn() -> Instant + Send + Sync>;

/// How far a request may go.
#[derive(Clone)]
pub(crate) struct Bounds {
    pub deadline: Option<Deadline>,
    /// Whether a target that asks for less is waited for.
    pub patient: bool,
    /// What takes the target's place, where nothing may be written there.
    pub rehearsal: Option<Arc<Rehearsal>>,
}

/// What one attempt came to.
enum Attempt {
    Done(Answer),
    Failed(Failure),
}

pub(crate) struct Transport {
    wire: Arc<dyn Wire>,
    authorization: Authorization,
    base: BaseUrl,
    throttle: Throttle,
    counters: Counters,
    retry: Retry,
    jitter: AtomicU64,
    max_response: usize,
    timeout: Duration,
}

impl Transport {
    /// Over HTTP, unless there is another wire.
    pub fn new(config: &Config, wire: Option<Arc<dyn Wire>>) -> Result<Self, Failure> {
        let base = BaseUrl::parse(&config.base_url, config.allow_link_local)?;
        let wire = match wire {
            Some(wire) => wire,
            None => Arc::new(Http::new(config, base.local, WHOM)?),
        };
        Ok(Self {
            wire,
            authorization: Authorization::new(config)?,
            base,
            throttle: Throttle::new(config.max_concurrency, config.requests_per_minute),
            counters: Counters::default(),
            retry: config.retry,
            jitter: AtomicU64::new(config.jitter_seed),
            max_response: config.max_response,
            timeout: config.request_timeout,
        })
    }

    /// What carries reads to the target, and remembers writes.
    pub fn rehearsal(&self) -> Rehearsal {
        Rehearsal::of(Arc::clone(&self.wire))
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
        let wire: &dyn Wire = match &bounds.rehearsal {
            Some(rehearsal) => &**rehearsal,
            None => &*self.wire,
        };
        let began = Instant::now();
        let mut attempt = 0;
        let mut throttled = None;
        let mut refused = None;
        let mut last: Option<Failure> = None;
        loop {
            attempt += 1;
            let Some((permit, signed)) = within(bounds.deadline.as_ref(), self.turn(refused)).await else {
                return Err(last.unwrap_or_else(too_late));
            };
            let token = match signed {
                Ok(token) => token,
                Err(failure) => {
                    drop(permit);
                    let pause = failure.retry_after.unwrap_or_else(|| self.backoff(attempt));
                    if attempt >= self.retry.attempts
                        || pause > self.retry.longest_wait
                        || !Self::repeatable(request, &failure)
                    {
                        return Err(failure);
                    }
                    last = Some(failure);
                    tokio::time::sleep(pause).await;
                    continue;
                }
            };
            let Some(timeout) = self.time_left(bounds.deadline.as_ref()) else {
                return Err(last.unwrap_or_else(too_late));
            };
            let failure = match self.attempt(request, &url, token.as_ref(), timeout, wire).await {
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
                        token: None,
                    });
                }
                Attempt::Failed(failure) => failure,
            };
            *maybe_done |= failure.outcome_unknown;
            // A token from before this request may have been withdrawn; one that was fetched for it has not.
            let obtained = token.and_then(|token| token.obtained).filter(|obtained| *obtained < began);
            if obtained.is_some() && refused.is_none() && failure.status == Some(401) {
                (refused, last, attempt) = (obtained, Some(failure), attempt - 1);
                permit.answered();
                continue;
            }
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

    /// The right to send now, and what to sign in with.
    async fn turn(&self, refused: Option<Instant>) -> (Permit<'_>, Result<Option<Token>, Failure>) {
        (self.throttle.enter().await, self.authorization.token(refused).await)
    }

    /// How long a request that starts now may take; none where it is too late.
    fn time_left(&self, deadline: Option<&Deadline>) -> Option<Duration> {
        let Some(deadline) = deadline else { return Some(self.timeout) };
        let left = deadline().saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| self.timeout.min(left))
    }

    /// Whether sending once more may help and cannot harm.
    fn repeatable(request: &Request, failure: &Failure) -> bool {
        match failure.code {
            // A name or address that is wrong stays wrong; Test Connection should not dwell on it.
            ErrorCode::HostNotFound => false,
            _ if failure.outcome_unknown => failure.retryable && Self::harmless_twice(request, failure),
            _ => failure.retryable,
        }
    }

    /// A creation makes two. A change that may still be on its way could undo what comes after it: whoever sent it looks
    /// later what came of it. A server that answers has done with it, a gateway need not have.
    fn harmless_twice(request: &Request, failure: &Failure) -> bool {
        match request.method {
            Method::POST => false,
            Method::PATCH | Method::PUT => failure.status == Some(500),
            _ => true,
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

    async fn attempt(
        &self,
        request: &Request,
        url: &str,
        token: Option<&Token>,
        timeout: Duration,
        wire: &dyn Wire,
    ) -> Attempt {
        let mut outgoing = http::Request::builder().method(request.method.clone()).uri(url);
        outgoing = outgoing.header(ACCEPT, ACCEPTED);
        if let Some(token) = token {
            outgoing = outgoing.header(AUTHORIZATION, token.header.clone());
        }
        if request.body.is_some() {
            outgoing = outgoing.header(CONTENT_TYPE, SCIM_JSON);
        }
        if let Some(version) = &request.if_match {
            outgoing = outgoing.header(IF_MATCH, version.clone());
        }
        let outgoing = match outgoing.body(request.body.clone().unwrap_or_default()) {
            Ok(outgoing) => outgoing,
            Err(error) => return Attempt::Failed(invalid(&format!("The request cannot be built: {error}."))),
        };
        self.counters.count(&request.method);
        let writes = request.method != Method::GET;
        let Reply { status, headers, body } = match wire.exchange(outgoing, timeout).await {
            Ok(reply) => reply,
            Err(failure) => return Attempt::Failed(failure),
        };
        tracing::debug!(method = %request.method, path = request.path, %status, "target answered");
        let retry_after = retry_after(&headers);
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let etag = text(ETAG).map(str::to_owned);
        let location = text(LOCATION).map(str::to_owned);
        let body = match body {
            Some(body) => body,
            // What counts is in the status: a change was made, or what was asked for was not.
            None if writes || !status.is_success() => Bytes::new(),
            None => {
                let failure = Failure::not_scim(format!(
                    "The answer is larger than {} MiB; it was not read.",
                    self.max_response >> 20
                ));
                return Attempt::Failed(Failure { status: Some(status.as_u16()), ..failure });
            }
        };
        if status.is_success() && writes && looks_like_html(&body) {
            // A page of somebody in between: the target may never have seen the request.
            let reason = "The target answered with a web page (HTML) instead of a SCIM message.";
            let failure = Failure { status: Some(status.as_u16()), ..Failure::not_scim(reason) };
            return Attempt::Failed(Failure { outcome_unknown: true, ..failure });
        }
        if status.is_success() {
            return Attempt::Done(Answer { status, etag, location, body, token: token.cloned() });
        }
        let mut failure = if status.is_redirection() {
            let failure = redirected(WHOM, status, location.as_deref());
            Failure { reason: unsigned(&failure.reason, token), ..failure }
        } else {
            refusal(status, &body, token)
        };
        failure.retry_after = retry_after;
        // A gateway's 5xx says nothing about what happened behind it; 501 and 503 say that nothing did.
        failure.outcome_unknown =
            writes && matches!(failure.code, ErrorCode::InternalServerError | ErrorCode::Timeout);
        Attempt::Failed(failure)
    }
}

/// What a target's refusal says, without the token, which it may repeat: also where an excerpt would cut it.
fn refusal(status: StatusCode, body: &[u8], token: Option<&Token>) -> Failure {
    let body = unsigned(&String::from_utf8_lossy(body), token);
    let failure = Failure::from_answer(status, body.as_bytes());
    Failure { reason: unsigned(&failure.reason, token), ..failure }
}

/// A text without the token.
fn unsigned(text: &str, token: Option<&Token>) -> Box<str> {
    token.map_or_else(|| text.into(), |token| conceal(text, token.secret()))
}

/// The answer's body as JSON, or why it is not.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let reason = if looks_like_html(&answer.body) {
            "The target answered with a web page (HTML) instead of a SCIM message.".to_owned()
        } else if answer.body.is_empty() {
            format!("The target answered {} with an empty body where a SCIM message belongs.", answer.status)
        } else {
            let body = unsigned(&String::from_utf8_lossy(&answer.body), answer.token.as_ref());
            let excerpt = crate::failure::describe(body.as_bytes());
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

/// What becomes of the work before the deadline, which moves while a lease is renewed; none where it comes first.
async fn within<T>(deadline: Option<&Deadline>, work: impl Future<Output = T>) -> Option<T> {
    let Some(deadline) = deadline else { return Some(work.await) };
    tokio::pin!(work);
    loop {
        let at = deadline();
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            () = tokio::time::sleep_until(at) => if deadline() <= at {
                return None;
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_unreserved_is_encoded() {
        assert_eq!(encode(r#"a"b\c+d&e#f%g ü/"#).to_string(), "a%22b%5Cc%2Bd%26e%23f%25g%20%C3%BC%2F");
    }
}
