//! Webhooks of tenants in a document: known by their addresses, and without secrets.

use model::Principal;
use webhooks::{Changed, NewWebhook, Shown, Webhooks};

use super::apply::at;
use super::document::{Webhook, cut};
use crate::error::ApiError;

/// The webhooks of a tenant as a document has them.
pub(super) async fn export(webhooks: &Webhooks, tenant: uuid::Uuid) -> Result<Vec<Webhook>, ApiError> {
    let shown = |Shown { webhook, .. }| {
        let webhooks::Webhook { url, description, events, include_resource, enabled, .. } = webhook;
        Webhook { url, description, events, include_resource, enabled }
    };
    let mut all: Vec<Webhook> = webhooks.list(tenant).await?.into_iter().map(shown).collect();
    all.sort_by(|one, other| one.url.cmp(&other.url));
    Ok(all)
}

/// Makes the webhooks of a tenant what a document says; the addresses of those that are new.
pub(super) async fn apply(
    webhooks: &Webhooks,
    tenant: &tenant::Tenant,
    wanted: &[Webhook],
    prune: bool,
    by: &Principal,
) -> Result<Vec<String>, ApiError> {
    let there = webhooks.list(tenant.id).await?;
    let mut named = Vec::new();
    let mut added = Vec::new();
    for wanted in wanted {
        let place = |error: webhooks::Error| at(&format!("webhooks[{}]", cut(&wanted.url)), error.into());
        let url = webhooks.checked_url(&wanted.url).map_err(place)?;
        if named.contains(&url) {
            return Err(super::document::wrong("webhooks", &format!("'{}' is named twice.", cut(&url))));
        }
        named.push(url.clone());
        let Webhook { description, events, include_resource, enabled, .. } = wanted.clone();
        if let Some(Shown { webhook, .. }) = there.iter().find(|it| it.webhook.url == url) {
            let change = Changed {
                url: None,
                description: Some(description),
                events: Some(events),
                include_resource: Some(include_resource),
                enabled: (webhook.enabled != enabled).then_some(enabled),
            };
            webhooks.update(tenant, webhook.id, &change, by).await.map_err(place)?;
        } else {
            let new = NewWebhook { url: url.clone(), description, events, include_resource, enabled };
            webhooks.create(tenant, new, by).await.map_err(place)?;
            added.push(url);
        }
    }
    if prune {
        for Shown { webhook, .. } in there.iter().filter(|it| !named.contains(&it.webhook.url)) {
            webhooks.delete(tenant, webhook.id, by).await?;
        }
    }
    Ok(added)
}
