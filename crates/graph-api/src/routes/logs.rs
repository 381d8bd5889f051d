//! `/auditLogs`.

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use directory::{AuditFilter, Directory, LogFilter, LogPart};
use jiff::Timestamp;
use model::{AuditEntry, ProvisioningEntry};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Routes;
use crate::call::{Call, guid};
use crate::error::{Answer, ApiError};
use crate::odata::{Comparison, Filter, Operator, Part};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/auditLogs/provisioning", get(provisioning))
        .route("/auditLogs/provisioning/{id}", get(entry))
        .route("/auditLogs/directoryAudits", get(audits))
        .route("/auditLogs/directoryaudits", get(audits))
}

/// The conditions that all must hold.
fn conditions(call: &Call) -> Vec<&Filter> {
    match &call.query.filter {
        None => Vec::new(),
        Some(Filter::And(parts)) => parts.iter().collect(),
        Some(filter) => vec![filter],
    }
}

/// What is left of a filter when `narrow` has taken the conditions that find entries by a key.
fn rest<'a>(
    call: &'a Call,
    properties: &[&str],
    mut narrow: impl FnMut(&Comparison) -> Result<bool, ApiError>,
) -> Result<Vec<&'a Filter>, ApiError> {
    let mut rest = Vec::new();
    for condition in conditions(call) {
        let comparison = match condition {
            Filter::Compare(comparison) => Some(comparison.clone()),
            // `list/any(x:x/id eq '...')` is found by what it compares.
            Filter::Any(list, Some(inner)) => match inner.as_ref() {
                Filter::Compare(inner) => {
                    Some(Comparison { path: format!("{list}/{}", inner.path), ..inner.clone() })
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(comparison) = comparison
            && narrow(&comparison)?
        {
            continue;
        }
        condition.check_names(properties)?;
        rest.push(condition);
    }
    Ok(rest)
}

/// The part of a log that the query asks for.
fn part(call: &Call) -> Result<LogPart, ApiError> {
    call.query.only(&[Part::Filter, Part::OrderBy])?;
    let oldest_first = match &call.query.order_by {
        None => false,
        Some(order) if order.property.eq_ignore_ascii_case("activityDateTime") => !order.descending,
        Some(_) => return Err(ApiError::unsupported("'$orderby' of a log supports activityDateTime.")),
    };
    Ok(LogPart { after: call.query.after.clone(), limit: call.query.limit(), oldest_first })
}

fn unsupported(condition: &Comparison) -> ApiError {
    let path: String = condition.path.chars().take(60).collect();
    ApiError::bad(format!("Invalid filter clause: {path} is compared with a text in quotes."))
}

fn text(condition: &Comparison) -> Result<&str, ApiError> {
    condition.value.as_str().ok_or_else(|| unsupported(condition))
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
    let text = text(condition)?;
    let day = || format!("{text}T00:00:00Z").parse();
    text.parse().or_else(|_| day()).map_err(|_| {
        let shown: String = text.chars().take(60).collect();
        ApiError::bad(format!(
            "Invalid filter clause: '{shown}' is no date and time such as 2026-03-01T00:00:00Z."
        ))
    })
}

const ENTRY: &[&str] = &[
    "id",
    "activityDateTime",
    "tenantId",
    "jobId",
    "cycleId",
    "changeId",
    "provisioningAction",
    "durationInMilliseconds",
    "initiatedBy",
    "sourceSystem",
    "targetSystem",
    "servicePrincipal",
    "sourceIdentity",
    "targetIdentity",
    "provisioningStatusInfo",
];

/// Takes a condition into the filter, where entries are found by it; `false` where each entry has to be looked at.
fn narrow(filter: &mut LogFilter, condition: &Comparison) -> Result<bool, ApiError> {
    let path = condition.path.to_ascii_lowercase();
    if path == "activitydatetime" {
        let at = instant(condition)?;
        match condition.operator {
            Operator::Greater | Operator::GreaterOrEqual => filter.since = filter.since.max(Some(at)),
            Operator::Less | Operator::LessOrEqual => {
                filter.until = Some(filter.until.map_or(at, |until| until.min(at)));
            }
            _ => {}
        }
        return Ok(matches!(condition.operator, Operator::GreaterOrEqual | Operator::LessOrEqual));
    }
    if condition.operator != Operator::Equal {
        return Ok(false);
    }
    Ok(match path.as_str() {
        "serviceprincipal/id" | "targetsystem/id" => {
            take(&mut filter.service_principal, guid(text(condition)?)?)
        }
        "jobid" => take(&mut filter.job, guid(text(condition)?)?),
        "cycleid" => take(&mut filter.cycle, guid(text(condition)?)?),
        "sourceidentity/id" => {
            let id = text(condition)?;
            // A name is taken as well: who was deleted for good has no id that people know.
            match uuid::Uuid::try_parse(id) {
                Ok(id) => take(&mut filter.source, id.to_string()),
                Err(_) => take(&mut filter.source_name, id.to_owned()),
            }
        }
        "sourceidentity/displayname" => take(&mut filter.source_name, text(condition)?.to_owned()),
        "provisioningstatusinfo/status" | "statusinfo/status" => take(&mut filter.status, named(condition)?),
        "provisioningaction" | "action" => take(&mut filter.action, named(condition)?),
        _ => false,
    })
}

/// Sets what entries are found by, unless another condition has set it to something else: each entry has to be looked
/// at then.
fn take<T: PartialEq>(wanted: &mut Option<T>, value: T) -> bool {
    if let Some(wanted) = wanted {
        return *wanted == value;
    }
    *wanted = Some(value);
    true
}

/// The entries that a call asks for.
pub(super) struct Wanted {
    /// What they are found by.
    pub filter: LogFilter,
    /// What each of them is looked at for.
    rest: Vec<Filter>,
}

impl Wanted {
    pub fn of(call: &Call) -> Result<Self, ApiError> {
        let mut filter = LogFilter::default();
        let rest = rest(call, ENTRY, |condition| narrow(&mut filter, condition))?;
        let rest = rest.into_iter().cloned().collect();
        Ok(Self { filter, rest })
    }

    /// Whether an entry that was found is one of them.
    pub fn takes(&self, entry: &ProvisioningEntry) -> bool {
        self.rest.is_empty() || {
            let shown = render::entry(entry);
            self.rest.iter().all(|condition| condition.matches(&shown))
        }
    }
}

async fn provisioning(call: Call) -> Answer {
    let wanted = Wanted::of(&call)?;
    let part = part(&call)?;
    let found = call.directory.provisioning_log(&wanted.filter, part, |entry| wanted.takes(entry)).await?;
    let shown = found.entries.iter().map(render::entry).collect();
    Ok(page::list(&call, "auditLogs/provisioning", shown, found.next.as_ref(), None))
}

async fn entry(call: Call, Path(id): Path<String>) -> Answer {
    let (directory, id) = (&call.directory, guid(&id)?);
    let found = directory.store().get(directory.realm(), store::Kind::ProvisioningEntry, id).await?;
    let found =
        found.ok_or_else(|| ApiError::missing(format!("Resource '{id}' does not exist in the log.")))?;
    call.found("auditLogs/provisioning", render::entry(&directory::read_entry(&found)?))
}

/// Hours that failures are counted in: a day.
const HOURS: u16 = 24;

/// The failures of the last day, by the hour.
pub(super) async fn failures(call: Call) -> Answer {
    call.query.only(&[])?;
    let counted = call.directory.failures_by_hour(HOURS).await?;
    let shown: Vec<Value> =
        counted.iter().map(|(hour, count)| json!({"hour": hour.to_string(), "count": count})).collect();
    Ok(Json(json!({"value": shown})).into_response())
}

const AUDIT: &[&str] = &[
    "id",
    "category",
    "correlationId",
    "result",
    "activityDisplayName",
    "activityDateTime",
    "loggedByService",
    "operationType",
    "initiatedBy",
    "targetResources",
];

/// As [`narrow`], for the audit log.
fn narrow_audits(filter: &mut AuditFilter, condition: &Comparison) -> Result<bool, ApiError> {
    Ok(match (condition.path.to_ascii_lowercase().as_str(), condition.operator) {
        ("category", Operator::Equal) => take(&mut filter.category, text(condition)?.to_owned()),
        ("targetresources/id", Operator::Equal) => take(&mut filter.target, text(condition)?.to_owned()),
        ("activitydatetime", operator) => {
            let at = instant(condition)?;
            if matches!(operator, Operator::Greater | Operator::GreaterOrEqual) {
                filter.since = filter.since.max(Some(at));
            }
            operator == Operator::GreaterOrEqual
        }
        _ => false,
    })
}

async fn audits(call: Call) -> Answer {
    audits_of(&call, &call.directory).await
}

/// What was done to tenants and administrators.
pub(super) async fn installation_audits(call: Call) -> Answer {
    audits_of(&call, &call.installation.audits()).await
}

async fn audits_of(call: &Call, directory: &Directory) -> Answer {
    let mut filter = AuditFilter::default();
    let rest = rest(call, AUDIT, |condition| narrow_audits(&mut filter, condition))?;
    let also = |entry: &AuditEntry| {
        rest.is_empty() || {
            let shown = render::audit(entry);
            rest.iter().all(|condition| condition.matches(&shown))
        }
    };
    let found = directory.audit_log(&filter, part(call)?, also).await?;
    let shown = found.entries.iter().map(render::audit).collect();
    Ok(page::list(call, "auditLogs/directoryAudits", shown, found.next.as_ref(), None))
}
