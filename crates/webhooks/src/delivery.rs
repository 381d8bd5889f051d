//! An event on its way to a webhook, or there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Event;

/// An event that is sent, or was. Waiting ones are what there is to do, the others the last that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Identifier.
    pub id: Uuid,
    /// What `webhook-id` is made of: the same for each try, and where the event is sent once more.
    pub event_id: Uuid,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// When it failed for the first time since the webhook was enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failed: Option<Timestamp>,
    /// When it is tried again; before the first try, when it was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
    /// The last try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_try: Option<Try>,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryState {
    /// It is sent until it is acknowledged.
    Waiting,
    /// The endpoint acknowledged it.
    Delivered,
    /// It is not sent any more, since an administrator let the webhook go on from elsewhere.
    Skipped,
    /// A test that was not acknowledged; it is not tried again.
    Failed,
}

/// One request to an endpoint, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Try {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// The status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it is no acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The beginning of the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

impl Delivery {
    /// An event that is to be sent.
    pub(crate) fn new(id: Uuid, event_id: Uuid, event: Event, now: Timestamp) -> Self {
        Self {
            id,
            event_id,
            event,
            state: DeliveryState::Waiting,
            tries: 0,
            first_failed: None,
            next_try: Some(now),
            last_try: None,
        }
    }

    /// The identifier as the endpoint gets it.
    pub fn webhook_id(&self) -> String {
        format!("msg_{}", self.event_id.simple())
    }

    /// The delivery when it is over.
    pub(crate) fn ended(mut self, state: DeliveryState) -> Self {
        (self.state, self.next_try) = (state, None);
        self
    }
}
