//! What was sent, and sending it again.

use jiff::Timestamp;
use model::{ModifiedProperty, Principal};
use store::{Expect, Kind, Position, Scan, Transaction};
use tenant::Tenant;
use uuid::Uuid;

use crate::records::{self, decode, put_delivery, put_progress};
use crate::{Delivery, DeliveryState, Error, Progress, Result, Shown, Webhooks};

/// From where a webhook is to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// From what happens from now on: what waits is left out.
    Now,
    /// From a moment.
    Moment(Timestamp),
    /// From a position of the tenant's feed.
    Position(Position),
}

impl Webhooks {
    /// Lets a webhook go on from elsewhere in the feed. What waits is skipped, as far as it does not come again from there;
    /// what comes again has new identifiers, for endpoints leave out what they know.
    ///
    /// # Errors
    /// [`Error::NoWebhook`]; [`Error::Expired`] where the feed does not go back so far.
    pub async fn replay(&self, tenant: &Tenant, id: Uuid, from: &From, by: &Principal) -> Result<Shown> {
        let realm = tenant.realm();
        let position = match from {
            From::Now => self.store().head(realm).await?,
            From::Moment(at) => self.store().position_since(realm, *at).await?,
            From::Position(position) => {
                self.store().changes(realm, position, 0).await.map_err(expired)?;
                position.clone()
            }
        };
        let said = match from {
            From::Now => "now".to_owned(),
            From::Moment(at) => at.to_string(),
            From::Position(_) => "position".to_owned(),
        };
        let (webhook, _) = store::transact(self.store(), async || {
            let (stored, _) = self.stored(tenant.id, id).await?;
            let (before, expect) = records::progress(self.store(), id).await?;
            let mut transaction = Transaction::new(self.now());
            transaction.require(store::Realm::INSTALLATION, Kind::Webhook, id, Expect::Present);
            let progress = Progress { position: position.clone(), hold_until: None, missed: None, ..before };
            put_progress(&mut transaction, id, &progress, expect);
            for (delivery, version) in records::waiting(self.store(), id).await? {
                let skipped = delivery.ended(DeliveryState::Skipped);
                put_delivery(&mut transaction, id, &skipped, Expect::Version(version));
            }
            let change = ModifiedProperty {
                display_name: "from".to_owned(),
                old_value: None,
                new_value: Some(said.as_str().into()),
            };
            self.audit(&mut transaction, "Replay webhook", by, tenant, &stored.webhook, vec![change])?;
            Ok::<_, Error>((transaction, stored.webhook))
        })
        .await?;
        self.show(webhook).await
    }

    /// Sends the event of a delivery once more, under the identifier that it had.
    ///
    /// # Errors
    /// [`Error::NoWebhook`], [`Error::NoDelivery`]; [`Error::Waiting`] where it is on its way already.
    pub async fn resend(
        &self,
        tenant: &Tenant,
        id: Uuid,
        delivery: Uuid,
        by: &Principal,
    ) -> Result<Delivery> {
        let again = self.parts.ids.next();
        let (delivery, _) = store::transact(self.store(), async || {
            let (stored, _) = self.stored(tenant.id, id).await?;
            let found = self.store().get(stored.webhook.realm(), Kind::WebhookDelivery, delivery).await?;
            let old: Delivery = decode("delivery", &found.ok_or(Error::NoDelivery(delivery))?)?;
            let all = records::waiting(self.store(), id).await?;
            if all.iter().any(|(other, _)| other.event_id == old.event_id) {
                return Err(Error::Waiting(delivery));
            }
            let mut transaction = Transaction::new(self.now());
            let new = Delivery::new(again, old.event_id, old.event, transaction.at);
            transaction.require(store::Realm::INSTALLATION, Kind::Webhook, id, Expect::Present);
            put_delivery(&mut transaction, id, &new, Expect::Absent);
            // Whoever sends finds by its version that there is something new.
            let (progress, expect) = records::progress(self.store(), id).await?;
            put_progress(&mut transaction, id, &progress, expect);
            let change = ModifiedProperty {
                display_name: "event".to_owned(),
                old_value: None,
                new_value: Some(new.webhook_id().into()),
            };
            self.audit(&mut transaction, "Replay webhook", by, tenant, &stored.webhook, vec![change])?;
            Ok::<_, Error>((transaction, new))
        })
        .await?;
        Ok(delivery)
    }

    /// The deliveries that are kept, the newest first: all that wait, and the last of those that are over. The error is
    /// [`Error::NoWebhook`].
    pub async fn deliveries(&self, tenant: Uuid, id: Uuid) -> Result<Vec<Delivery>> {
        let (stored, _) = self.stored(tenant, id).await?;
        let mut deliveries = Vec::new();
        let mut after = None;
        loop {
            let scan = Scan::first(1000).after(after).descending();
            let page = self.store().scan(stored.webhook.realm(), Kind::WebhookDelivery, scan).await?;
            for object in &page.objects {
                deliveries.push(decode("delivery", object)?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(deliveries);
            }
        }
    }
}

fn expired(error: store::Error) -> Error {
    match error {
        store::Error::PositionExpired => Error::Expired,
        store::Error::InvalidCursor => {
            Error::invalid("position", "That is no position of this tenant's feed.")
        }
        other => other.into(),
    }
}
