//! `/provost/v1/tenants/{name}/webhooks`: who is told what happens to a tenant's users and groups.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use store::{Cursor, Position};
use tenant::Tenant;
use uuid::Uuid;
use webhooks::{Changed, Created, Delivery, EventType, From, NewWebhook, Shown, Try};

use super::Routes;
use super::tenants::{MAX_OVERLAP, length, tenant};
use crate::call::{Call, guid, no_content, object};
use crate::error::{Answer, ApiError};
use crate::page;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/tenants/{name}/webhooks", get(list).post(create))
        .route("/tenants/{name}/webhooks/{id}", get(show).patch(update).delete(remove))
        .route("/tenants/{name}/webhooks/{id}/rotateSecret", post(rotate))
        .route("/tenants/{name}/webhooks/{id}/test", post(test))
        .route("/tenants/{name}/webhooks/{id}/replay", post(replay))
        .route("/tenants/{name}/webhooks/{id}/deliveries", get(deliveries))
        .route("/tenants/{name}/webhooks/{id}/deliveries/{delivery}/resend", post(resend))
}

/// The tenant and the id of a webhook that a call is about.
async fn place(call: &Call, name: &str, id: &str) -> Result<(Tenant, Uuid), ApiError> {
    Ok((tenant(call, name).await?, guid(id)?))
}

fn shown(Shown { webhook, progress, waiting }: &Shown) -> Value {
    let status = match (webhook.enabled, progress.failing_since) {
        (false, _) => "disabled",
        (true, Some(_)) => "failing",
        (true, None) => "working",
    };
    let disabled = webhook.disabled.as_ref();
    json!({
        "id": webhook.id,
        "tenantId": webhook.tenant_id,
        "url": webhook.url,
        "description": webhook.description,
        "events": webhook.events,
        "includeResource": webhook.include_resource,
        "enabled": webhook.enabled,
        "status": status,
        "disabledReason": disabled.map(|it| it.reason.as_str()),
        "disabledAt": disabled.map(|it| it.at),
        "failingSince": progress.failing_since,
        "holdUntil": progress.hold_until,
        "lastDelivered": progress.last_delivered,
        "missedChanges": progress.missed,
        "waiting": waiting,
        "created": webhook.created,
        "createdBy": webhook.created_by,
    })
}

fn delivery_shown(delivery: &Delivery) -> Value {
    let event = &delivery.event;
    let mut shown = json!({
        "id": delivery.id,
        "webhookId": delivery.webhook_id(),
        "eventType": event.event_type,
        "occurred": event.occurred,
        "resourceType": event.resource_type,
        "resourceId": event.resource_id,
        "members": {"added": event.added, "removed": event.removed},
        "state": delivery.state,
        "tries": delivery.tries,
        "nextTry": delivery.next_try.filter(|_| delivery.tries > 0),
    });
    if let Some(Try { at, duration_ms, status, error, answer }) = &delivery.last_try {
        shown["at"] = json!(at);
        shown["durationMs"] = (*duration_ms).into();
        shown["status"] = json!(status);
        shown["error"] = json!(error);
        shown["answer"] = json!(answer);
    }
    shown
}

/// What a body says of a webhook.
fn read(body: &Bytes) -> Result<Changed, ApiError> {
    let mut changed = Changed::default();
    for (name, value) in object(body)? {
        let wrong = |form: &str| ApiError::bad(format!("{name} is {form}.")).target(name.clone());
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| wrong("a text"));
        let flag = || value.as_bool().ok_or_else(|| wrong("true or false"));
        match name.as_str() {
            "url" => changed.url = Some(text()?),
            "description" => {
                changed.description = Some(if value.is_null() { String::new() } else { text()? });
            }
            "events" => changed.events = Some(events(&value)?),
            "includeResource" => changed.include_resource = Some(flag()?),
            "enabled" => changed.enabled = Some(flag()?),
            _ => {
                let shown: String = name.chars().take(60).collect();
                return Err(ApiError::bad(format!(
                    "'{shown}' cannot be set on a webhook: send url, description, events, includeResource or enabled."
                )));
            }
        }
    }
    Ok(changed)
}

/// The types of events, by name; none, or `*`: all.
fn events(value: &Value) -> Result<Vec<EventType>, ApiError> {
    let known = || EventType::ALL.map(EventType::name).join(", ");
    let wrong = || {
        ApiError::bad(format!("events is a list of {}; an empty one is all of them.", known()))
            .target("events")
    };
    let names = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(names) => names,
        _ => return Err(wrong()),
    };
    if names.iter().any(|name| name == "*") {
        return Ok(Vec::new());
    }
    names.iter().map(|name| name.as_str().and_then(EventType::named).ok_or_else(wrong)).collect()
}

/// A webhook with its secret, which is shown this once.
async fn secret(call: &Call, status: StatusCode, made: &Created) -> Answer {
    let webhook = &made.webhook;
    let mut answer = shown(&call.webhooks.get(webhook.tenant_id, webhook.id).await?);
    answer["secret"] = made.text().as_str().into();
    Ok((status, Json(answer)).into_response())
}

async fn list(call: Call, Path(name): Path<String>) -> Answer {
    let tenant = tenant(&call, &name).await?;
    let shown: Vec<Value> = call.webhooks.list(tenant.id).await?.iter().map(shown).collect();
    Ok(Json(json!({"value": shown})).into_response())
}

async fn create(call: Call, Path(name): Path<String>, body: Bytes) -> Answer {
    let tenant = tenant(&call, &name).await?;
    let Changed { url, description, events, include_resource, enabled } = read(&body)?;
    let new = NewWebhook {
        url: url.ok_or_else(|| ApiError::bad("The body must have url, a text.").target("url"))?,
        description: description.unwrap_or_default(),
        events: events.unwrap_or_default(),
        include_resource: include_resource.unwrap_or(true),
        enabled: enabled.unwrap_or(true),
    };
    let made = call.webhooks.create(&tenant, new, &call.by).await?;
    secret(&call, StatusCode::CREATED, &made).await
}

async fn show(call: Call, Path((name, id)): Path<(String, String)>) -> Answer {
    let (tenant, id) = place(&call, &name, &id).await?;
    Ok(Json(shown(&call.webhooks.get(tenant.id, id).await?)).into_response())
}

async fn update(call: Call, Path((name, id)): Path<(String, String)>, body: Bytes) -> Answer {
    let (tenant, id) = place(&call, &name, &id).await?;
    let changed = call.webhooks.update(&tenant, id, &read(&body)?, &call.by).await?;
    Ok(Json(shown(&changed)).into_response())
}

async fn remove(call: Call, Path((name, id)): Path<(String, String)>) -> Answer {
    let (tenant, id) = place(&call, &name, &id).await?;
    call.webhooks.delete(&tenant, id, &call.by).await?;
    no_content()
}

async fn rotate(call: Call, Path((name, id)): Path<(String, String)>, body: Bytes) -> Answer {
    let (tenant, id) = place(&call, &name, &id).await?;
    let body = object(&body)?;
    let overlap = match body.get("overlap") {
        None | Some(Value::Null) => SignedDuration::from_hours(24),
        Some(overlap) => length(overlap).ok_or_else(|| {
            ApiError::bad("overlap must be a length of time such as PT24H or P1D.").target("overlap")
        })?,
    };
    if overlap.is_negative() || overlap > MAX_OVERLAP {
        return Err(ApiError::bad("overlap must be between PT0S and a year.").target("overlap"));
    }
    let made = call.webhooks.rotate(&tenant, id, overlap, &call.by).await?;
    secret(&call, StatusCode::OK, &made).await
}

/// Sends a test event, and answers what came of it.
async fn test(call: Call, Path((name, id)): Path<(String, String)>) -> Answer {
    let (tenant, id) = place(&call, &name, &id).await?;
    Ok(Json(delivery_shown(&call.webhooks.test(&tenant, id).await?)).into_response())
}

/// Goes on from a moment (`from`), or from a position of `GET /changes` (`position`), or from `now`.
async fn replay(call: Call, Path((name, id)): Path<(String, String)>, body: Bytes) -> Answer {
    let (tenant, id) = place(&call, &name, &id).await?;
    let from = from(&object(&body)?, &tenant)?;
    Ok(Json(shown(&call.webhooks.replay(&tenant, id, &from, &call.by).await?)).into_response())
}

fn from(body: &Map<String, Value>, tenant: &Tenant) -> Result<From, ApiError> {
    match (body.get("from"), body.get("position")) {
        (Some(moment), None) => serde_json::from_value(moment.clone()).map(From::Moment).map_err(|_| {
            ApiError::bad("from is a date and time such as 2027-01-01T00:00:00Z.").target("from")
        }),
        (None, Some(position)) if position == "now" => Ok(From::Now),
        (None, Some(position)) => {
            let foreign = || {
                ApiError::bad(
                    "position is not one of this tenant's feed: send the position of an answer of GET /changes as it was, or \
                     \"now\".",
                )
                .target("position")
            };
            let bytes = position.as_str().and_then(|text| BASE64.decode(text).ok()).ok_or_else(foreign)?;
            let position = bytes.strip_prefix(tenant.id.as_bytes()).ok_or_else(foreign)?;
            Ok(From::Position(Position(position.to_vec().into())))
        }
        _ => Err(ApiError::bad("The body must have either from, a date and time, or position.")),
    }
}

/// The last deliveries, the newest first: all, or those in a state (`state`), or those that a text is found in (`contains`).
async fn deliveries(call: Call, Path((name, id)): Path<(String, String)>) -> Answer {
    call.query.only(&[])?;
    let (tenant, id) = place(&call, &name, &id).await?;
    let state = call.query.option("state").filter(|state| !state.is_empty());
    let text = call.query.option("contains").unwrap_or_default().trim().to_lowercase();
    let mut found: Vec<Value> =
        call.webhooks.deliveries(tenant.id, id).await?.iter().map(delivery_shown).collect();
    found.retain(|delivery| {
        let has = |name: &str| delivery[name].as_str().is_some_and(|it| it.to_lowercase().contains(&text));
        state.is_none_or(|state| delivery["state"] == state)
            && (text.is_empty() || ["eventType", "resourceId", "webhookId", "error"].into_iter().any(has))
    });
    let count = call.query.count.then_some(found.len() as u64);
    if let Some(Cursor(after)) = &call.query.after {
        // A later one has a greater id.
        found.retain(|delivery| delivery["id"].as_str().is_some_and(|id| id.as_bytes() < after.as_ref()));
    }
    let limit = call.query.limit();
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().and_then(|delivery| delivery["id"].as_str()).filter(|_| more);
    let next = last.map(|id| Cursor(id.as_bytes().to_vec().into()));
    Ok(page::list(&call, "deliveries", found, next.as_ref(), count))
}

/// Sends the event of a delivery once more.
async fn resend(call: Call, Path((name, id, delivery)): Path<(String, String, String)>) -> Answer {
    let (tenant, id) = place(&call, &name, &id).await?;
    let again = call.webhooks.resend(&tenant, id, guid(&delivery)?, &call.by).await?;
    Ok((StatusCode::CREATED, Json(delivery_shown(&again))).into_response())
}
