//! How webhooks, progress and deliveries are stored.

use std::ops::Bound;

use aws_lc_rs::digest;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Expect, Key, KeyName, Kind, Object, Realm, Scan, Store, Transaction};
use uuid::Uuid;

use crate::webhook::Stored;
use crate::{Delivery, DeliveryState, Error, Progress, Result};

/// The value of [`KeyName::Status`] of a delivery that waits.
const WAITING: &[u8] = b"waiting";

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("what is kept has names for keys")
}

pub(crate) fn decode<T: DeserializeOwned>(what: &'static str, object: &Object) -> Result<T> {
    serde_json::from_slice(&object.body)
        .map_err(|error| Error::Damaged { what, reason: format!("{} ({error})", object.id) })
}

/// The key by which no two webhooks of a tenant have one address.
pub(crate) fn url_key(tenant: Uuid, url: &str) -> Key {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(tenant.as_bytes());
    hash.update(url.as_bytes());
    Key::unique(KeyName::Name, hash.finish().as_ref().to_vec())
}

pub(crate) fn put_webhook(transaction: &mut Transaction, stored: &Stored, expect: Expect) {
    let webhook = &stored.webhook;
    let keys = vec![
        Key::lookup(KeyName::Tenant, webhook.tenant_id.as_bytes().to_vec()),
        url_key(webhook.tenant_id, &webhook.url),
    ];
    transaction.put(Realm::INSTALLATION, Kind::Webhook, webhook.id, expect, encode(stored), keys);
}

pub(crate) fn put_progress(
    transaction: &mut Transaction,
    webhook: Uuid,
    progress: &Progress,
    expect: Expect,
) {
    let body = encode(progress);
    transaction.put(Realm(webhook), Kind::WebhookProgress, webhook, expect, body, Vec::new());
}

pub(crate) fn put_delivery(
    transaction: &mut Transaction,
    webhook: Uuid,
    delivery: &Delivery,
    expect: Expect,
) {
    let waits = delivery.state == DeliveryState::Waiting;
    let keys = if waits { vec![Key::lookup(KeyName::Status, WAITING)] } else { Vec::new() };
    transaction.put(Realm(webhook), Kind::WebhookDelivery, delivery.id, expect, encode(delivery), keys);
}

/// The progress of a webhook, and its version.
pub(crate) async fn progress(store: &dyn Store, webhook: Uuid) -> Result<(Progress, Expect)> {
    match store.get(Realm(webhook), Kind::WebhookProgress, webhook).await? {
        Some(object) => Ok((decode("progress", &object)?, Expect::Version(object.version))),
        None => Ok((Progress::default(), Expect::Absent)),
    }
}

/// The deliveries that wait, in the order in which they are to be sent, each with its version.
pub(crate) async fn waiting(store: &dyn Store, webhook: Uuid) -> Result<Vec<(Delivery, u64)>> {
    let value = || Bound::Included(Bytes::from_static(WAITING));
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let scan = Scan::by_key(KeyName::Status, value(), value(), 500).after(after);
        let page = store.scan(Realm(webhook), Kind::WebhookDelivery, scan).await?;
        for object in &page.objects {
            found.push((decode("delivery", object)?, object.version));
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// How many deliveries wait.
pub(crate) async fn count_waiting(store: &dyn Store, webhook: Uuid) -> Result<u64> {
    let range = store::KeyRange::exactly(Key::lookup(KeyName::Status, WAITING));
    Ok(store.count_keys(Realm(webhook), Kind::WebhookDelivery, range).await?)
}
