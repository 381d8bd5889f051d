//! One try: an event as a signed request, and what the answer to it means.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use scim_client::{Failure, Wire, retry_after};
use serde_json::{Map, Value, json};
use tenant::Tenant;
use tokio::time::Instant;
use uuid::Uuid;

use crate::webhook::Stored;
use crate::{Delivery, Event, ResourceType, Secret, Try, Webhook, signature};

/// The time that an endpoint has for its answer, from connecting to the last byte.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);
/// Characters of an answer that are kept.
const SHOWN: usize = 500;

/// Where the resources of tenants are read.
#[async_trait]
pub trait Resources: Send + Sync + 'static {
    /// The address of a resource, as clients of the tenant have it.
    fn location(&self, tenant: &Tenant, resource_type: ResourceType, id: Uuid) -> String;

    /// A resource as clients get it, a group without its members; `None` where it is gone. The error says why it cannot be
    /// read.
    async fn resource(
        &self,
        tenant: &Tenant,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<Value>, String>;
}

/// What a try means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The event has arrived.
    Acknowledged,
    /// The endpoint wants no events any more.
    Gone,
    /// The event is to be sent again, not before the time that the endpoint asked for.
    Failed(Option<Duration>),
}

/// Who sends.
pub(crate) struct Sender<'s> {
    pub wire: &'s dyn Wire,
    pub resources: &'s dyn Resources,
    pub tenant: &'s Tenant,
    pub stored: &'s Stored,
    pub secrets: &'s [Secret],
}

impl Sender<'_> {
    /// Sends an event once.
    pub async fn send(&self, delivery: &Delivery, now: Timestamp) -> (Try, Verdict) {
        let began = Instant::now();
        let outcome = match self.request(delivery, now).await {
            Ok(request) => outcome(self.wire.exchange(request, TIMEOUT).await),
            Err(reason) => (None, Some(reason), None, Verdict::Failed(None)),
        };
        let (status, error, answer, verdict) = outcome;
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        (Try { at: now, duration_ms, status, error, answer }, verdict)
    }

    async fn request(&self, delivery: &Delivery, now: Timestamp) -> Result<Request<Bytes>, String> {
        let Stored { webhook, .. } = self.stored;
        let resource = match (delivery.event.resource_type, delivery.event.resource_id) {
            (Some(of), Some(id)) if webhook.include_resource => {
                self.resources.resource(self.tenant, of, id).await?
            }
            _ => None,
        };
        let body = payload(self.tenant, webhook, &delivery.event, self.resources, resource).to_string();
        let id = delivery.webhook_id();
        let timestamp = now.as_second();
        let signature = signature::header(self.secrets, &id, timestamp, body.as_bytes());
        Request::post(&webhook.url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(Bytes::from(body))
            .map_err(|error| format!("The request cannot be built: {error}."))
    }
}

/// The body: type, time and data, as Standard Webhooks recommends.
fn payload(
    tenant: &Tenant,
    webhook: &Webhook,
    event: &Event,
    resources: &dyn Resources,
    resource: Option<Value>,
) -> Value {
    let mut data = Map::new();
    data.insert("tenant".to_owned(), tenant.name.as_str().into());
    if let (Some(of), Some(id)) = (event.resource_type, event.resource_id) {
        data.insert("resourceType".to_owned(), of.name().into());
        data.insert("id".to_owned(), id.to_string().into());
        data.insert("location".to_owned(), resources.location(tenant, of, id).into());
    } else {
        data.insert("webhook".to_owned(), webhook.id.to_string().into());
    }
    if !event.added.is_empty() || !event.removed.is_empty() {
        data.insert("members".to_owned(), json!({"added": event.added, "removed": event.removed}));
    }
    if let Some(resource) = resource {
        data.insert("resource".to_owned(), resource);
    }
    json!({"type": event.event_type, "timestamp": event.occurred, "data": data})
}

type Outcome = (Option<u16>, Option<String>, Option<String>, Verdict);

/// What an answer means. Its status says it: what comes after need not be complete.
fn outcome(answer: Result<scim_client::Reply, Failure>) -> Outcome {
    let reply = match answer {
        Ok(reply) => reply,
        Err(failure) => {
            let status = failure.status.and_then(|status| StatusCode::from_u16(status).ok());
            return match status.map(|status| judge(status, &HeaderMap::new())) {
                Some((None, verdict)) => (failure.status, None, None, verdict),
                _ => (failure.status, Some(failure.reason.to_string()), None, Verdict::Failed(None)),
            };
        }
    };
    let (error, verdict) = judge(reply.status, &reply.headers);
    let answer = reply.body.as_deref().map(shown).filter(|text| !text.is_empty());
    (Some(reply.status.as_u16()), error, answer, verdict)
}

/// What a status means, and what is wrong with it.
fn judge(status: StatusCode, headers: &HeaderMap) -> (Option<String>, Verdict) {
    if status.is_success() {
        return (None, Verdict::Acknowledged);
    }
    if status == StatusCode::GONE {
        return (
            Some("The endpoint answered 410 Gone: it wants no events any more.".to_owned()),
            Verdict::Gone,
        );
    }
    let words = if status.is_redirection() {
        let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
        let to = if to.is_empty() { String::new() } else { format!(" to {}", shown(to.as_bytes())) };
        format!(
            "The endpoint answered {status}, a redirect{to}. Redirects are not followed: enter the address it leads to."
        )
    } else {
        format!("The endpoint answered {status}.")
    };
    (Some(words), Verdict::Failed(retry_after(headers)))
}

/// The beginning of a text from outside, fit to be shown.
fn shown(bytes: &[u8]) -> String {
    // A character has four bytes at most.
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN)]);
    let printable = |letter: char| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter };
    text.trim().chars().take(SHOWN).map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), http::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn every_success_acknowledges_and_gone_ends_it() {
        for status in [200, 201, 202, 204, 299] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(judge(status, &HeaderMap::new()), (None, Verdict::Acknowledged));
        }
        assert_eq!(judge(StatusCode::GONE, &HeaderMap::new()).1, Verdict::Gone);
        for status in [100, 301, 304, 400, 401, 404, 429, 500, 502, 503] {
            let status = StatusCode::from_u16(status).expect("a status");
            let (words, verdict) = judge(status, &HeaderMap::new());
            assert_eq!(verdict, Verdict::Failed(None), "{status}");
            assert!(words.expect("words").contains(status.as_str()));
        }
    }

    #[test]
    fn what_the_endpoint_asks_for_is_heard() {
        let asked = headers(&[(http::header::RETRY_AFTER, "120")]);
        let (_, verdict) = judge(StatusCode::TOO_MANY_REQUESTS, &asked);
        assert_eq!(verdict, Verdict::Failed(Some(Duration::from_mins(2))));
        let moved = headers(&[(LOCATION, "https://elsewhere.example/x")]);
        let (words, _) = judge(StatusCode::FOUND, &moved);
        assert!(words.expect("words").contains("to https://elsewhere.example/x."));
    }

    #[test]
    fn what_is_shown_is_short_and_printable() {
        assert_eq!(shown(b"  ok\x07 \n"), "ok\u{fffd}");
        assert_eq!(shown(b"a\x1b[31mb"), "a\u{fffd}[31mb");
        assert_eq!(shown(&"x".repeat(100_000).into_bytes()).len(), SHOWN);
        assert_eq!(shown(&[0xff, 0xfe]), "\u{fffd}\u{fffd}");
    }
}
