//! What administrators do with webhooks: make, list, change, delete, give another secret, try.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use keyring::Keyring;
use model::{Clock, Ids, ModifiedProperty, Principal, Random};
use scim_client::{Wire, check_url};
use secrecy::zeroize::Zeroizing;
use serde_json::Value;
use store::{Expect, Key, KeyName, Kind, Realm, Scan, Store, Transaction};
use tenant::{Tenant, Tenants};
use tokio::sync::{Mutex, Semaphore};
use uuid::Uuid;

use crate::records::{self, decode, put_delivery, put_progress, put_webhook};
use crate::send::{Resources, Sender, Verdict};
use crate::webhook::{MAX_SECRETS, Stored, StoredSecret};
use crate::{
    Delivery, DeliveryState, Error, Event, EventType, MAX_WEBHOOKS, Progress, Result, Secret, Webhook,
};

/// The longest address, in bytes.
const LONGEST_URL: usize = 2048;
/// The longest description, in bytes.
const LONGEST_DESCRIPTION: usize = 256;
/// Tests that are under way at a time, of all tenants.
const TESTS: usize = 8;

/// What the webhooks of an installation stand on.
pub struct WebhooksOptions {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// The tenants that they are of.
    pub tenants: Arc<Tenants>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Ids,
    /// What secrets are made of.
    pub random: Arc<dyn Random>,
    /// What secrets are encrypted with.
    pub keys: Arc<Keyring>,
    /// What carries events to endpoints.
    pub wire: Arc<dyn Wire>,
    /// Where events get the resources from that come with them.
    pub resources: Arc<dyn Resources>,
    /// Whether endpoints may have link-local and cloud metadata addresses.
    pub allow_link_local: bool,
}

/// The webhooks of an installation.
pub struct Webhooks {
    pub(crate) parts: WebhooksOptions,
    /// Held while one is made, so that they stay within their number.
    making: Mutex<()>,
    tests: Semaphore,
}

/// What a new webhook is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    /// Where events are sent.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// Which events are sent; none named: all.
    pub events: Vec<EventType>,
    /// Whether events come with the resource.
    pub include_resource: bool,
    /// Whether events are sent.
    pub enabled: bool,
}

/// What is to be changed of a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Where events are sent.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Which events are sent; none named: all.
    pub events: Option<Vec<EventType>>,
    /// Whether events come with the resource.
    pub include_resource: Option<bool>,
    /// Whether events are sent.
    pub enabled: Option<bool>,
}

/// A webhook, and how it fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The webhook.
    pub webhook: Webhook,
    /// How far it has come.
    pub progress: Progress,
    /// How many events are written down and not acknowledged.
    pub waiting: u64,
}

/// A webhook just made, or its secret. The secret is nowhere else: show it once.
#[derive(Debug)]
pub struct Created {
    /// The webhook.
    pub webhook: Webhook,
    /// What its endpoint is to be given.
    pub secret: Secret,
}

impl Webhooks {
    /// The webhooks kept in a store.
    pub fn new(parts: WebhooksOptions) -> Self {
        Self { parts, making: Mutex::new(()), tests: Semaphore::new(TESTS) }
    }

    /// The same webhooks of those tenants, read and written through another store, such as one over their own.
    #[must_use]
    pub fn through(&self, store: Arc<dyn Store>, tenants: Arc<Tenants>) -> Self {
        let WebhooksOptions { clock, ids, random, keys, wire, resources, allow_link_local, .. } = &self.parts;
        Self::new(WebhooksOptions {
            store,
            tenants,
            clock: Arc::clone(clock),
            ids: ids.clone(),
            random: Arc::clone(random),
            keys: Arc::clone(keys),
            wire: Arc::clone(wire),
            resources: Arc::clone(resources),
            allow_link_local: *allow_link_local,
        })
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.parts.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Makes a webhook, which is told of what happens from now on.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooMany`], [`Error::UrlTaken`].
    pub async fn create(&self, tenant: &Tenant, new: NewWebhook, by: &Principal) -> Result<Created> {
        let url = self.checked_url(&new.url)?;
        check_description(&new.description)?;
        let _alone = self.making.lock().await;
        if self.of(tenant.id).await?.len() >= MAX_WEBHOOKS {
            return Err(Error::TooMany(MAX_WEBHOOKS));
        }
        let id = self.parts.ids.next();
        let secret = Secret::generate(&*self.parts.random);
        let now = self.now();
        let webhook = Webhook {
            id,
            tenant_id: tenant.id,
            url,
            description: new.description,
            events: ordered(new.events),
            include_resource: new.include_resource,
            enabled: new.enabled,
            disabled: None,
            created: now,
            created_by: by.clone(),
        };
        let sealed = StoredSecret::seal(&secret, id, &self.parts.keys, &*self.parts.random);
        let progress = Progress { position: self.store().head(tenant.realm()).await?, ..Progress::default() };
        let mut transaction = Transaction::new(now);
        transaction.require(Realm::INSTALLATION, Kind::Tenant, tenant.id, Expect::Present);
        let stored = Stored { webhook, secrets: vec![sealed] };
        put_webhook(&mut transaction, &stored, Expect::Absent);
        put_progress(&mut transaction, id, &progress, Expect::Absent);
        self.audit(&mut transaction, "Add webhook", by, tenant, &stored.webhook, Vec::new())?;
        match store::commit(self.store(), transaction).await {
            Ok(_) => Ok(Created { webhook: stored.webhook, secret }),
            Err(store::Error::NotUnique { .. }) => Err(Error::UrlTaken),
            Err(store::Error::Missing { .. }) => Err(tenant::Error::NoTenant(tenant.name.clone()).into()),
            Err(error) => Err(error.into()),
        }
    }

    /// The webhooks of a tenant, in the order they were made.
    pub async fn list(&self, tenant: Uuid) -> Result<Vec<Shown>> {
        let mut shown = Vec::new();
        for (stored, _) in self.of(tenant).await? {
            shown.push(self.show(stored.webhook).await?);
        }
        Ok(shown)
    }

    /// A webhook of a tenant. The error is [`Error::NoWebhook`].
    pub async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Shown> {
        self.show(self.stored(tenant, id).await?.0.webhook).await
    }

    pub(crate) async fn show(&self, webhook: Webhook) -> Result<Shown> {
        let (progress, _) = records::progress(self.store(), webhook.id).await?;
        let waiting = records::count_waiting(self.store(), webhook.id).await?;
        Ok(Shown { webhook, progress, waiting })
    }

    async fn of(&self, tenant: Uuid) -> Result<Vec<(Stored, u64)>> {
        let key = Key::lookup(KeyName::Tenant, tenant.as_bytes().to_vec());
        let found = self.store().find(Realm::INSTALLATION, Kind::Webhook, &key, usize::MAX).await?;
        found.iter().map(|object| Ok((decode("webhook", object)?, object.version))).collect()
    }

    /// The webhooks of all tenants to which events are sent.
    pub(crate) async fn enabled(&self) -> Result<Vec<Uuid>> {
        let mut enabled = Vec::new();
        let mut after = None;
        loop {
            let scan = Scan::first(1000).after(after);
            let page = self.store().scan(Realm::INSTALLATION, Kind::Webhook, scan).await?;
            for object in &page.objects {
                let webhook: Webhook = decode("webhook", object)?;
                enabled.extend(webhook.enabled.then_some(webhook.id));
            }
            after = page.next;
            if after.is_none() {
                return Ok(enabled);
            }
        }
    }

    pub(crate) async fn stored(&self, tenant: Uuid, id: Uuid) -> Result<(Stored, u64)> {
        let found = self.read(id).await?.filter(|(stored, _)| stored.webhook.tenant_id == tenant);
        found.ok_or(Error::NoWebhook(id))
    }

    pub(crate) async fn read(&self, id: Uuid) -> Result<Option<(Stored, u64)>> {
        let object = self.store().get(Realm::INSTALLATION, Kind::Webhook, id).await?;
        object.map(|object| Ok((decode("webhook", &object)?, object.version))).transpose()
    }

    /// Changes a webhook. One that is enabled goes on where it was, and tries at once what waits.
    ///
    /// # Errors
    /// [`Error::NoWebhook`], [`Error::Invalid`], [`Error::UrlTaken`].
    pub async fn update(&self, tenant: &Tenant, id: Uuid, change: &Changed, by: &Principal) -> Result<Shown> {
        let url = change.url.as_deref().map(|url| self.checked_url(url)).transpose()?;
        if let Some(description) = &change.description {
            check_description(description)?;
        }
        let outcome = store::transact(self.store(), async || {
            let (mut stored, version) = self.stored(tenant.id, id).await?;
            let before = stored.webhook.clone();
            let webhook = &mut stored.webhook;
            webhook.url = url.clone().unwrap_or(before.url.clone());
            webhook.description = change.description.clone().unwrap_or(before.description.clone());
            webhook.events = ordered(change.events.clone().unwrap_or(before.events.clone()));
            webhook.include_resource = change.include_resource.unwrap_or(before.include_resource);
            webhook.enabled = change.enabled.unwrap_or(before.enabled);
            if change.enabled.is_some() {
                webhook.disabled = None;
            }
            let mut transaction = Transaction::new(self.now());
            if *webhook != before {
                let changes = differences(&before, webhook);
                self.announce(&mut transaction, id, webhook.enabled && !before.enabled).await?;
                self.audit(&mut transaction, "Update webhook", by, tenant, webhook, changes)?;
                put_webhook(&mut transaction, &stored, Expect::Version(version));
            }
            Ok::<_, Error>((transaction, stored.webhook))
        });
        match outcome.await {
            Ok((webhook, _)) => self.show(webhook).await,
            Err(Error::Store(store::Error::NotUnique { .. })) => Err(Error::UrlTaken),
            Err(error) => Err(error),
        }
    }

    /// Lets whoever sends find out, by the version of the progress, that the webhook was changed; and, where it was enabled,
    /// what waits be tried now, and as long as if it were for the first time.
    async fn announce(&self, transaction: &mut Transaction, id: Uuid, enabled: bool) -> Result<()> {
        let (mut progress, expect) = records::progress(self.store(), id).await?;
        if enabled {
            (progress.failing_since, progress.hold_until) = (None, None);
            for (delivery, version) in records::waiting(self.store(), id).await? {
                let due = Delivery { first_failed: None, next_try: Some(transaction.at), ..delivery };
                put_delivery(transaction, id, &due, Expect::Version(version));
            }
        }
        put_progress(transaction, id, &progress, expect);
        Ok(())
    }

    /// Deletes a webhook with its deliveries. The error is [`Error::NoWebhook`].
    pub async fn delete(&self, tenant: &Tenant, id: Uuid, by: &Principal) -> Result<()> {
        store::transact(self.store(), async || {
            let (stored, version) = self.stored(tenant.id, id).await?;
            let mut transaction = Transaction::new(self.now());
            transaction.delete(Realm::INSTALLATION, Kind::Webhook, id, Expect::Version(version));
            self.audit(&mut transaction, "Delete webhook", by, tenant, &stored.webhook, Vec::new())?;
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        self.store().drop_realm(Realm(id)).await?;
        Ok(())
    }

    /// Gives a webhook another secret. The one before signs as well for a while. The error is [`Error::NoWebhook`].
    pub async fn rotate(
        &self,
        tenant: &Tenant,
        id: Uuid,
        overlap: SignedDuration,
        by: &Principal,
    ) -> Result<Created> {
        let secret = Secret::generate(&*self.parts.random);
        let sealed = StoredSecret::seal(&secret, id, &self.parts.keys, &*self.parts.random);
        let (webhook, _) = store::transact(self.store(), async || {
            let (mut stored, version) = self.stored(tenant.id, id).await?;
            let now = self.now();
            let end = now.saturating_add(overlap.max(SignedDuration::ZERO)).unwrap_or(Timestamp::MAX);
            for old in &mut stored.secrets {
                old.ends = Some(old.ends.map_or(end, |ends| ends.min(end)));
            }
            stored.secrets.retain(|old| old.ends.is_none_or(|ends| ends > now));
            stored.secrets.insert(0, sealed.clone());
            stored.secrets.truncate(MAX_SECRETS);
            let mut transaction = Transaction::new(now);
            put_webhook(&mut transaction, &stored, Expect::Version(version));
            self.audit(&mut transaction, "Rotate webhook secret", by, tenant, &stored.webhook, Vec::new())?;
            Ok::<_, Error>((transaction, stored.webhook))
        })
        .await?;
        Ok(Created { webhook, secret })
    }

    /// Sends an event of the type `webhook.test` and tells what came of it; enabled or not, it is sent once. The error is
    /// [`Error::NoWebhook`].
    pub async fn test(&self, tenant: &Tenant, id: Uuid) -> Result<Delivery> {
        let (stored, _) = self.stored(tenant.id, id).await?;
        let _place = self.tests.acquire().await;
        let now = self.now();
        let event = Event {
            event_type: EventType::Test,
            occurred: now,
            resource_type: None,
            resource_id: None,
            added: Vec::new(),
            removed: Vec::new(),
        };
        let event_id = self.parts.ids.next();
        let mut delivery = Delivery::new(event_id, event_id, event, now);
        let secrets = stored.secrets(&self.parts.keys, now)?;
        let sender = Sender {
            wire: &*self.parts.wire,
            resources: &*self.parts.resources,
            tenant,
            stored: &stored,
            secrets: &secrets,
        };
        let (done, verdict) = sender.send(&delivery, now).await;
        (delivery.tries, delivery.last_try) = (1, Some(done));
        let arrived = verdict == Verdict::Acknowledged;
        let delivery = delivery.ended(if arrived { DeliveryState::Delivered } else { DeliveryState::Failed });
        let mut transaction = Transaction::new(now);
        transaction.require(Realm::INSTALLATION, Kind::Webhook, id, Expect::Present);
        put_delivery(&mut transaction, id, &delivery, Expect::Absent);
        match store::commit(self.store(), transaction).await {
            Ok(_) => Ok(delivery),
            Err(store::Error::Missing { .. }) => Err(Error::NoWebhook(id)),
            Err(error) => Err(error.into()),
        }
    }

    /// An address in its normal form. The error is [`Error::Invalid`].
    pub fn checked_url(&self, url: &str) -> Result<String> {
        let refused = |reason: String| Error::Invalid { property: "url", reason };
        let url = check_url("address of the webhook", url, self.parts.allow_link_local)
            .map_err(|failure| refused(failure.reason.to_string()))?;
        if url.len() > LONGEST_URL {
            return Err(refused(format!("The address of the webhook is longer than {LONGEST_URL} bytes.")));
        }
        url.parse::<http::Uri>()
            .map_err(|error| refused(format!("The address of the webhook cannot be used: {error}.")))?;
        Ok(url)
    }

    pub(crate) fn audit(
        &self,
        transaction: &mut Transaction,
        activity: &str,
        by: &Principal,
        tenant: &Tenant,
        webhook: &Webhook,
        changes: Vec<ModifiedProperty>,
    ) -> Result<()> {
        Ok(self.parts.tenants.audit(transaction, activity, by, tenant, webhook.shown_url(), changes)?)
    }
}

impl Created {
    /// The secret as its endpoint takes it.
    pub fn text(&self) -> Zeroizing<String> {
        self.secret.text()
    }
}

fn check_description(description: &str) -> Result<()> {
    if description.len() > LONGEST_DESCRIPTION {
        let reason = format!("The description is longer than {LONGEST_DESCRIPTION} bytes.");
        return Err(Error::invalid("description", reason));
    }
    if description.chars().any(char::is_control) {
        return Err(Error::invalid("description", "The description has a control character."));
    }
    Ok(())
}

/// Each type once. All of them are what none stands for: a type that is new later is sent as well.
fn ordered(mut events: Vec<EventType>) -> Vec<EventType> {
    events.sort_unstable();
    events.dedup();
    if events.len() == EventType::ALL.len() { Vec::new() } else { events }
}

/// What differs, for the audit log. Addresses are shown as logs may show them.
fn differences(before: &Webhook, after: &Webhook) -> Vec<ModifiedProperty> {
    let properties = |of: &Webhook| {
        [
            ("url", Value::from(of.shown_url())),
            ("description", of.description.as_str().into()),
            ("events", of.events.iter().map(|event| event.name()).collect::<Vec<_>>().into()),
            ("includeResource", of.include_resource.into()),
            ("enabled", of.enabled.into()),
        ]
    };
    let pairs = properties(before).into_iter().zip(properties(after));
    pairs
        .filter(|((_, old), (_, new))| old != new)
        .map(|((name, old), (_, new))| ModifiedProperty {
            display_name: name.to_owned(),
            old_value: Some(old),
            new_value: Some(new),
        })
        .collect()
}
