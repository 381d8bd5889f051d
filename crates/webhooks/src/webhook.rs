//! A webhook: where events go, and how far it has come.

use jiff::Timestamp;
use keyring::{Keyring, Sealed};
use model::Principal;
use serde::{Deserialize, Serialize};
use store::{Position, Realm};
use uuid::Uuid;

use crate::signature::Secret;
use crate::{EventType, Result};

/// The most webhooks of a tenant.
pub const MAX_WEBHOOKS: usize = 20;
/// The most secrets that sign at a time.
pub(crate) const MAX_SECRETS: usize = 3;

/// An endpoint that is told what happens to a tenant's resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Identifier, also of its realm.
    pub id: Uuid,
    /// The tenant.
    pub tenant_id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// What it is for, in the administrator's words.
    pub description: String,
    /// Which events are sent; none named: all.
    pub events: Vec<EventType>,
    /// Whether events come with the resource as it is when they are sent.
    pub include_resource: bool,
    /// Whether events are sent.
    pub enabled: bool,
    /// Why it was disabled, where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: Principal,
}

/// That a webhook was disabled because of what its endpoint did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disabled {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl Webhook {
    /// The realm of its progress and its deliveries.
    pub fn realm(&self) -> Realm {
        Realm(self.id)
    }

    /// Whether it is told of events of that type.
    pub fn wants(&self, event: EventType) -> bool {
        self.events.is_empty() || self.events.contains(&event)
    }

    /// The address as logs may show it: a query may have a secret in it.
    pub fn shown_url(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }
}

/// The stored form, with the secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    #[serde(flatten)]
    pub webhook: Webhook,
    /// The newest first.
    pub secrets: Vec<StoredSecret>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredSecret {
    sealed: Sealed,
    /// From when on it no longer signs; the newest has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
}

impl StoredSecret {
    pub fn seal(secret: &Secret, webhook: Uuid, keys: &Keyring, random: &dyn model::Random) -> Self {
        Self { sealed: keys.seal(secret.bytes(), &context(webhook), random), ends: None }
    }
}

impl Stored {
    /// The secrets that sign at an instant.
    pub fn secrets(&self, keys: &Keyring, now: Timestamp) -> Result<Vec<Secret>> {
        let live = self.secrets.iter().filter(|secret| secret.ends.is_none_or(|ends| ends > now));
        live.map(|secret| Ok(Secret::of(keys.open(&secret.sealed, &context(self.webhook.id))?))).collect()
    }
}

/// Binds a ciphertext to its webhook.
fn context(webhook: Uuid) -> String {
    format!("provost/webhook/{webhook}")
}

/// How far a webhook has come, and how it fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The place in the feed up to which events are written down.
    #[serde(with = "place")]
    pub position: Position,
    /// Since when no event was acknowledged, though some were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// When an event was acknowledged last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivered: Option<Timestamp>,
    /// Until when the endpoint asked to be left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_until: Option<Timestamp>,
    /// When it was found that the feed no longer had the changes that were due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Timestamp>,
}

/// A position as base64.
mod place {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
    use serde::{Deserialize as _, Deserializer, Serializer, de};
    use store::Position;

    pub fn serialize<S: Serializer>(position: &Position, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&position.0))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Position, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text).map_err(de::Error::custom)?;
        Ok(Position(bytes.into()))
    }
}
