//! `/auditLogs`.

use axum::extract::Path;
use axum::routing::get;
use directory::{AuditFilter, LogFilter};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Routes;
use crate::call::{Call, guid};
use crate::error::{Answer, ApiError};
use crate::odata::{Comparison, Operator};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/auditLogs/provisioning", get(provisioning))
        .route("/auditLogs/provisioning/{id}", get(entry))
        .route("/auditLogs/directoryAudits", get(audits))
        .route("/auditLogs/directoryaudits", get(audits))
}

/// The filter as comparisons that all must hold.
fn conditions(call: &Call) -> Result<Vec<&Comparison>, ApiError> {
    let Some(filter) = &call.query.filter else { return Ok(Vec::new()) };
    filter.only_conjuncts().ok_or_else(|| ApiError::unsupported("A filter of the log supports 'and' only."))
}

fn unsupported(condition: &Comparison) -> ApiError {
    let path: String = condition.path.chars().take(60).collect();
    ApiError::unsupported(format!("A filter of the log does not support '{path}' with this operator."))
}

fn text(condition: &Comparison) -> Result<&str, ApiError> {
    match (&condition.value, condition.operator) {
        (Value::String(text), Operator::Equal) => Ok(text),
        _ => Err(unsupported(condition)),
    }
}

/// The value that a text names, in any case.
fn named<T: DeserializeOwned>(condition: &Comparison) -> Result<T, ApiError> {
    let text = text(condition)?;
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_lowercase).collect();
    let name = Value::String(first + chars.as_str());
    serde_json::from_value(name).map_err(|_| {
        let shown: String = text.chars().take(60).collect();
        ApiError::bad(format!("Invalid filter clause: {} is never '{shown}'.", condition.path))
    })
}

fn instant(condition: &Comparison) -> Result<Timestamp, ApiError> {
    let text = condition.value.as_str().ok_or_else(|| unsupported(condition))?;
    let day = || format!("{text}T00:00:00Z").parse();
    text.parse().or_else(|_| day()).map_err(|_| {
        let shown: String = text.chars().take(60).collect();
        ApiError::bad(format!(
            "Invalid filter clause: '{shown}' is no date and time such as 2026-03-01T00:00:00Z."
        ))
    })
}

fn log_filter(call: &Call) -> Result<LogFilter, ApiError> {
    let mut filter = LogFilter::default();
    for condition in conditions(call)? {
        match condition.path.to_ascii_lowercase().as_str() {
            "serviceprincipal/id" | "targetsystem/id" => {
                filter.service_principal = Some(guid(text(condition)?)?);
            }
            "jobid" => filter.job = Some(guid(text(condition)?)?),
            "cycleid" => filter.cycle = Some(guid(text(condition)?)?),
            "sourceidentity/id" => {
                let id = text(condition)?;
                // A name is taken as well: who was deleted for good has no id that people know.
                match uuid::Uuid::try_parse(id) {
                    Ok(id) => filter.source = Some(id.to_string()),
                    Err(_) => filter.source_name = Some(id.to_owned()),
                }
            }
            "sourceidentity/displayname" => filter.source_name = Some(text(condition)?.to_owned()),
            "provisioningstatusinfo/status" | "statusinfo/status" => filter.status = Some(named(condition)?),
            "provisioningaction" | "action" => filter.action = Some(named(condition)?),
            "activitydatetime" => match condition.operator {
                Operator::Greater | Operator::GreaterOrEqual => filter.since = Some(instant(condition)?),
                Operator::Less | Operator::LessOrEqual => filter.until = Some(instant(condition)?),
                _ => return Err(unsupported(condition)),
            },
            _ => return Err(unsupported(condition)),
        }
    }
    Ok(filter)
}

async fn provisioning(call: Call) -> Answer {
    let filter = log_filter(&call)?;
    let found =
        call.directory.provisioning_log(&filter, call.query.after.clone(), call.query.limit()).await?;
    let shown = found.entries.iter().map(render::entry).collect();
    Ok(page::list(&call, "auditLogs/provisioning", shown, found.next.as_ref(), None))
}

async fn entry(call: Call, Path(id): Path<String>) -> Answer {
    let (directory, id) = (&call.directory, guid(&id)?);
    let found = directory.store().get(directory.realm(), store::Kind::ProvisioningEntry, id).await?;
    let found =
        found.ok_or_else(|| ApiError::missing(format!("Resource '{id}' does not exist in the log.")))?;
    call.found("auditLogs/provisioning", render::entry(&directory::decode_record("log entry", &found)?))
}

async fn audits(call: Call) -> Answer {
    let mut filter = AuditFilter::default();
    for condition in conditions(&call)? {
        match condition.path.to_ascii_lowercase().as_str() {
            "category" => filter.category = Some(text(condition)?.to_owned()),
            "targetresources/id" => filter.target = Some(text(condition)?.to_owned()),
            "activitydatetime" => match condition.operator {
                Operator::Greater | Operator::GreaterOrEqual => filter.since = Some(instant(condition)?),
                _ => return Err(unsupported(condition)),
            },
            _ => return Err(unsupported(condition)),
        }
    }
    let found = call.directory.audit_log(&filter, call.query.after.clone(), call.query.limit()).await?;
    let shown = found.entries.iter().map(render::audit).collect();
    Ok(page::list(&call, "auditLogs/directoryAudits", shown, found.next.as_ref(), None))
}
