//! `/servicePrincipals/{id}/synchronization/secrets`: written, never read back.

use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use directory::JobSettings;
use model::{DeprovisionAction, Job, SecretKey, SyncScope};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::applications::principal;
use super::{Routes, job_settings};
use crate::call::{Call, no_content, object};
use crate::error::{Answer, ApiError};
use crate::page;

pub(super) fn routes() -> Routes {
    Routes::new().route("/servicePrincipals/{id}/synchronization/secrets", get(keys).put(save))
}

async fn keys(call: Call, Path(id): Path<String>) -> Answer {
    call.query.only(&[])?;
    let app = principal(&call, &id).await?;
    let keys = call.directory.secret_keys(app.id).await?;
    let shown = keys.iter().map(|key| json!({"key": key, "value": ""})).collect();
    Ok(page::list(
        &call,
        "Collection(microsoft.graph.synchronizationSecretKeyStringValuePair)",
        shown,
        None,
        None,
    ))
}

async fn save(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let app = principal(&call, &id).await?;
    let body = object(&body)?;
    let given = body.get("value").and_then(Value::as_array).filter(|pairs| pairs.len() <= 100);
    let given = given
        .ok_or_else(|| ApiError::bad("The body must be {\"value\": [{\"key\": ..., \"value\": ...}]}."))?;
    let secrets = pairs(given)?;
    apply_settings(&call, app.id, &secrets).await?;
    let secrets: Vec<_> = secrets.into_iter().map(|(key, value)| (key, SecretString::from(value))).collect();
    call.directory.set_secrets(&call.by, app.id, &secrets).await?;
    no_content()
}

/// Reads keys and values as Graph writes them.
pub(super) fn pairs(given: &[Value]) -> Result<Vec<(SecretKey, String)>, ApiError> {
    let mut secrets = Vec::new();
    for pair in given {
        let name = &pair["key"];
        let key: SecretKey = serde_json::from_value(name.clone()).map_err(|_| {
            let shown: String = name.to_string().chars().take(60).collect();
            let known: Vec<String> = SecretKey::ALL.iter().map(|key| format!("{key:?}")).collect();
            ApiError::bad(format!("{shown} is no key of a secret; the keys are {}.", known.join(", ")))
        })?;
        let value = match &pair["value"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Bool(flag) => flag.to_string(),
            _ => return Err(ApiError::bad(format!("The value of {key:?} must be a text."))),
        };
        secrets.push((key, value));
    }
    Ok(secrets)
}

/// Three of Graph's keys are no secrets but settings of the application's jobs.
async fn apply_settings(
    call: &Call,
    app: uuid::Uuid,
    secrets: &[(SecretKey, String)],
) -> Result<(), ApiError> {
    for job in call.directory.jobs_of(app).await? {
        job_settings::change_with(call, &job, |job| settings_of(job, secrets)).await?;
    }
    Ok(())
}

/// The settings of a job with what the keys say.
fn settings_of(job: &Job, secrets: &[(SecretKey, String)]) -> Result<JobSettings, ApiError> {
    let mut settings = JobSettings::of(job);
    for (key, value) in secrets {
        match key {
            SecretKey::SyncAll => {
                let all = value.eq_ignore_ascii_case("true");
                settings.scope = if all { SyncScope::All } else { SyncScope::Assigned };
            }
            SecretKey::SkipOutOfScopeDeletions => {
                let action = &mut settings.deprovisioning.out_of_scope;
                if value.eq_ignore_ascii_case("true") {
                    *action = DeprovisionAction::Nothing;
                } else if *action == DeprovisionAction::Nothing {
                    *action = DeprovisionAction::Disable;
                }
            }
            SecretKey::SyncNotificationSettings => notify(&mut settings, value)?,
            _ => {}
        }
    }
    Ok(settings)
}

/// `{"Enabled": true, "Recipients": "a@example.com", "DeleteThresholdEnabled": true, "DeleteThresholdValue": 50}`
fn notify(settings: &mut JobSettings, value: &str) -> Result<(), ApiError> {
    if value.trim().is_empty() {
        return Ok(());
    }
    let value: Value = serde_json::from_str(value)
        .map_err(|_| ApiError::bad("SyncNotificationSettings must be a JSON object as text."))?;
    let on = |name: &str| value[name].as_bool().unwrap_or(false);
    let mail = value["Recipients"].as_str().map(str::trim).filter(|mail| !mail.is_empty());
    settings.notification_mail = mail.map(str::to_owned);
    settings.notify = on("Enabled");
    settings.guards.removals.number =
        value["DeleteThresholdValue"].as_u64().filter(|_| on("DeleteThresholdEnabled"));
    Ok(())
}
