//! `provost tenant webhook`.

use jiff::Timestamp;
use model::{Clock as _, SystemClock};
use serde_json::{Map, Value, json};

use super::id_of;
use crate::answer::{Answer, FAILED, Failure, cut, moment, plain, table, text};
use crate::cli::{Moment, OneWebhook, ReplayFrom, Start, Webhook, WebhookChanges};
use crate::client::{Client, escape};

/// Runs a command on webhooks.
pub async fn run(client: &Client, command: Webhook) -> Result<Answer, Failure> {
    match command {
        Webhook::Add { tenant, url, description, events, include_resource, disabled } => {
            let mut wanted = json!({"url": url, "events": events, "enabled": !disabled});
            if let Some(description) = description {
                wanted["description"] = description.into();
            }
            if let Some(switch) = include_resource {
                wanted["includeResource"] = switch.is_on().into();
            }
            Ok(secret(client.post(&webhooks(&tenant), &wanted).await?))
        }
        Webhook::List { tenant } => {
            let list = client.list(&webhooks(&tenant), usize::MAX).await?;
            let shown = table(
                ["ID", "ADDRESS", "EVENTS", "STATUS", "WAITING", "LAST DELIVERED", "NOTE"],
                list.iter().map(|webhook| {
                    [
                        text(webhook, "id"),
                        cut(&text(webhook, "url")),
                        events(webhook),
                        text(webhook, "status"),
                        text(webhook, "waiting"),
                        moment(webhook, "lastDelivered"),
                        note(webhook),
                    ]
                }),
            );
            Ok(Answer::done(json!({"value": list}), shown))
        }
        Webhook::Set { webhook, changes } => {
            let path = path(client, &webhook).await?;
            let changed = client.patch(&path, &body(&changes)).await?;
            let shown = crate::answer::sheet(&changed);
            Ok(Answer::done(changed, shown))
        }
        Webhook::Rotate { webhook, overlap } => {
            let path = format!("{}/rotateSecret", path(client, &webhook).await?);
            Ok(secret(client.post(&path, &json!({"overlap": overlap.to_string()})).await?))
        }
        Webhook::Test { webhook } => {
            let path = format!("{}/test", path(client, &webhook).await?);
            Ok(tested(client.post(&path, &json!({})).await?))
        }
        Webhook::Replay { webhook, from } => replay(client, &webhook, from).await,
        Webhook::Remove { webhook } => {
            client.delete(&path(client, &webhook).await?).await?;
            let words = format!("{} is told of nothing any more", webhook.webhook);
            Ok(Answer::done(json!({"deleted": webhook.webhook}), words))
        }
        Webhook::Deliveries { webhook, state, contains } => {
            let state = state.map_or("", |state| state.name());
            let contains = escape(&contains.unwrap_or_default());
            let path = path(client, &webhook).await?;
            let path = format!("{path}/deliveries?state={state}&contains={contains}&$top=999");
            let list = client.list(&path, usize::MAX).await?;
            Ok(Answer::done(json!({"value": list}), deliveries(&list)))
        }
    }
}

fn webhooks(tenant: &str) -> String {
    format!("/provost/v1/tenants/{}/webhooks", escape(tenant))
}

/// The path of a webhook that is named by its address or its id.
async fn path(client: &Client, named: &OneWebhook) -> Result<String, Failure> {
    let all = webhooks(&named.tenant);
    let list = client.list(&all, usize::MAX).await?;
    let slash = format!("{}/", named.webhook);
    let is_meant = |webhook: &&Value| {
        [webhook["id"].as_str(), webhook["url"].as_str()].contains(&Some(&*named.webhook))
            || webhook["url"].as_str() == Some(&*slash)
    };
    match list.iter().find(is_meant) {
        Some(webhook) => Ok(format!("{all}/{}", id_of(webhook))),
        None => Err(Failure::new(
            "NoWebhook",
            format!("the tenant {} has no webhook {}", named.tenant, named.webhook),
            "`provost tenant webhook list TENANT` shows the ids and addresses of its webhooks",
        )),
    }
}

fn body(changes: &WebhookChanges) -> Value {
    let WebhookChanges { url, description, events, all_events, include_resource, enabled } = changes;
    let mut body = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("url", url.as_deref().map(Value::from));
    set("description", description.as_deref().map(Value::from));
    set("events", (*all_events || !events.is_empty()).then(|| json!(events)));
    set("includeResource", include_resource.map(|switch| switch.is_on().into()));
    set("enabled", enabled.map(|switch| switch.is_on().into()));
    body.into()
}

async fn replay(client: &Client, webhook: &OneWebhook, from: ReplayFrom) -> Result<Answer, Failure> {
    let path = path(client, webhook).await?;
    if let Some(delivery) = from.delivery {
        let again =
            client.post(&format!("{path}/deliveries/{}/resend", escape(&delivery)), &json!({})).await?;
        let words = format!("{} is sent again as {}", text(&again, "eventType"), text(&again, "webhookId"));
        return Ok(Answer::done(again, words));
    }
    let body = match (from.from, from.position) {
        (Some(Start::Now), _) => json!({"position": "now"}),
        (Some(Start::Moment(moment)), _) => json!({"from": ago(moment)?}),
        (None, position) => json!({"position": position}),
    };
    let shown = client.post(&format!("{path}/replay"), &body).await?;
    let words = format!("{} goes on from there", text(&shown, "url"));
    Ok(Answer::done(shown, words))
}

/// The moment that is meant: a length of time is one before now.
fn ago(moment: Moment) -> Result<Timestamp, Failure> {
    match moment {
        Moment::At(at) => Ok(at),
        Moment::After(time) => SystemClock
            .now()
            .checked_sub(time)
            .map_err(|_| Failure::new("Usage", "--from is too long ago", "take a later one").usage()),
    }
}

fn secret(made: Value) -> Answer {
    let shown = format!(
        "id       {}\naddress  {}\nsecret   {}\n\nThe secret is shown this once. Give it to whoever verifies what is sent there.",
        text(&made, "id"),
        text(&made, "url"),
        text(&made, "secret"),
    );
    Answer::done(made, shown)
}

fn tested(delivery: Value) -> Answer {
    let took = format!("{} ms", text(&delivery, "durationMs"));
    let status = plain(&delivery["status"]);
    let arrived = delivery["state"] == "delivered";
    let mut words = if arrived {
        format!("acknowledged with {status} after {took}")
    } else {
        format!("not acknowledged after {took}: {}", text(&delivery, "error"))
    };
    if let Some(answer) = delivery["answer"].as_str() {
        words = format!("{words}\nanswer: {answer}");
    }
    Answer::done(delivery, words).with_status(if arrived { 0 } else { FAILED })
}

fn events(webhook: &Value) -> String {
    let names = plain(&webhook["events"]);
    if names.is_empty() { "all".to_owned() } else { names }
}

/// What an administrator has to know of a webhook.
fn note(webhook: &Value) -> String {
    let mut notes = Vec::new();
    if let Some(reason) = webhook["disabledReason"].as_str() {
        notes.push(format!("disabled {}: {reason}", moment(webhook, "disabledAt")));
    }
    if webhook["missedChanges"].is_string() {
        notes.push(format!("changes before {} were no longer kept", moment(webhook, "missedChanges")));
    }
    notes.join("; ")
}

fn deliveries(list: &[Value]) -> String {
    let rows = list.iter().map(|delivery| {
        let resource = [text(delivery, "resourceType"), text(delivery, "resourceId")].join(" ");
        [
            text(delivery, "id"),
            moment(delivery, if delivery["at"].is_null() { "occurred" } else { "at" }),
            text(delivery, "eventType"),
            resource.trim().to_owned(),
            text(delivery, "state"),
            text(delivery, "tries"),
            text(delivery, "status"),
            text(delivery, "durationMs"),
            moment(delivery, "nextTry"),
            cut(&text(delivery, "error")),
        ]
    });
    table(["ID", "TIME", "EVENT", "RESOURCE", "STATE", "TRIES", "STATUS", "MS", "NEXT TRY", "ERROR"], rows)
}
