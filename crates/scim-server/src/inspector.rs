//! The request inspector: the last requests of each tenant, for whoever has to find out why a client fails.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use scim::Quirks;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// A request as it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedRequest {
    /// When it was answered.
    pub at: Timestamp,
    /// Method.
    pub method: String,
    /// Path and query, at most 2,000 characters.
    pub target: String,
    /// The client, as its `User-Agent` has it.
    pub client: String,
    /// The body, with passwords masked: of a request that was refused or had quirks, if it is JSON of at most 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Why it was refused and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// From the head of the request to the head of the answer; shown in milliseconds.
    #[serde(rename = "durationMs", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// The deviations from the RFCs that were accepted, each as code and words.
    #[serde(serialize_with = "named")]
    pub quirks: Vec<(&'static str, String)>,
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let microseconds = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    serializer.serialize_f64(f64::from(microseconds) / 1000.0)
}

fn named<S: Serializer>(quirks: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(quirks.iter().map(|(code, detail)| json!({"code": code, "detail": detail})))
}

/// The last requests of a tenant, the newest at the end.
#[derive(Default)]
pub(crate) struct Inspector(Mutex<VecDeque<InspectedRequest>>);

/// How many requests are kept.
const KEPT: usize = 100;
/// The largest body kept.
const BODY: usize = 64 * 1024;

impl Inspector {
    pub(crate) fn push(&self, request: InspectedRequest) {
        let mut requests = self.0.lock();
        if requests.len() == KEPT {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    pub(crate) fn list(&self) -> Vec<InspectedRequest> {
        self.0.lock().iter().cloned().collect()
    }
}

/// What is learnt of a request while it is served.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) quirks: Vec<(&'static str, String)>,
    pub(crate) body: Option<bytes::Bytes>,
}

/// Notes shared by the parts that serve a request.
pub(crate) type SharedNotes = Arc<Mutex<Notes>>;

impl Notes {
    /// Adds deviations, each once: a transaction that is tried again meets them again.
    pub(crate) fn note(&mut self, quirks: &Quirks) {
        for quirk in quirks {
            let entry = (quirk.code(), quirk.to_string());
            if !self.quirks.contains(&entry) {
                self.quirks.push(entry);
            }
        }
    }

    /// The body to show.
    pub(crate) fn shown_body(&self) -> Option<Value> {
        let body = self.body.as_ref().filter(|body| body.len() <= BODY)?;
        let mut value = serde_json::from_slice(body).ok()?;
        mask(&mut value);
        Some(value)
    }
}

/// Masks what must not be seen: the value of every key that contains `password`, and of a PATCH operation whose
/// path does.
fn mask(value: &mut Value) {
    let secret = |name: &str| name.to_ascii_lowercase().contains("password");
    match value {
        Value::Array(values) => values.iter_mut().for_each(mask),
        Value::Object(parts) => {
            let by_path = parts
                .iter()
                .any(|(key, path)| key.eq_ignore_ascii_case("path") && path.as_str().is_some_and(secret));
            for (key, value) in parts.iter_mut() {
                if secret(key) || (by_path && key.eq_ignore_ascii_case("value")) {
                    *value = Value::from("********");
                } else {
                    mask(value);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_wherever_they_are() {
        let mut body = json!({"Password": "a", "Operations": [
            {"op": "replace", "path": "password", "value": "b"}, {"value": {"password": "c", "title": "t"}}]});
        mask(&mut body);
        assert_eq!(
            body,
            json!({"Password": "********", "Operations": [
                {"op": "replace", "path": "password", "value": "********"},
                {"value": {"password": "********", "title": "t"}}]})
        );
    }
}
