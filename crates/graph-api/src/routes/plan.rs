//! `/provost/v1/jobs/{job}/plan`: what the next cycle would do.

use std::cell::Cell;

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use model::{CycleReport, ModifiedProperty, ObjectType, ProvisioningEntry};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use uuid::Uuid;

use super::job_settings::job;
use super::{Routes, reevaluation};
use crate::call::{Call, guid, object};
use crate::error::{Answer, ApiError};
use crate::runner::PlannedEntries;

/// Most objects of a selection.
const MAX_SELECTED: usize = 1_000;

pub(super) fn routes() -> Routes {
    Routes::new().route("/jobs/{job}/plan", post(plan))
}

/// The report that the cycle would have, and every change. A selection is planned as if provisioned on demand; what else
/// is said are settings and `schema`, planned as if they were saved.
async fn plan(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let job = job(&call, &id).await?;
    let mut body = object(&body)?;
    let selection = match (ids(&body, "users")?, ids(&body, "groups")?) {
        (None, None) => None,
        (users, groups) => {
            let of = |object_type| move |id| (object_type, id);
            let users = users.into_iter().flatten().map(of(ObjectType::User));
            Some(users.chain(groups.into_iter().flatten().map(of(ObjectType::Group))).collect::<Vec<_>>())
        }
    };
    if selection.as_ref().is_some_and(|selected| selected.len() > MAX_SELECTED) {
        return Err(ApiError::bad(format!("A selection may have {MAX_SELECTED} objects.")));
    }
    body.retain(|name, _| !["users", "groups"].contains(&name.as_str()));
    let unsaved = (!body.is_empty()).then(|| reevaluation::unsaved(&call, &job, body)).transpose()?;
    let selected = selection.is_some();
    let (report, entries) = call.runner.plan(job.id, unsaved, selection, &call.by).await?;
    Ok(Json(Planned { report, changes: Changes(Cell::new(Some(entries)), selected) }).into_response())
}

#[derive(Serialize)]
struct Planned {
    #[serde(flatten)]
    report: CycleReport,
    changes: Changes,
}

/// Written one by one, once: together they would take several times the answer's size. Of a selection with their steps.
struct Changes(Cell<Option<PlannedEntries>>, bool);

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.take().into_iter().flatten().map(|entry| change(&entry, self.1)))
    }
}

fn ids(body: &serde_json::Map<String, Value>, name: &str) -> Result<Option<Vec<Uuid>>, ApiError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(ids)) => {
            ids.iter().map(|id| guid(id.as_str().unwrap_or_default())).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(ApiError::bad(format!("{name} must be a list of ids."))),
    }
}

fn change(entry: &ProvisioningEntry, steps: bool) -> Value {
    let modified = |it: &ModifiedProperty| json!({"attribute": it.display_name, "old": it.old_value, "new": it.new_value});
    let mut shown = json!({
        "action": entry.provisioning_action,
        "status": entry.provisioning_status,
        "source": entry.source_identity,
        "target": entry.target_identity,
        "error": entry.error_information,
        "modified": entry.modified_properties.iter().map(modified).collect::<Vec<_>>(),
    });
    if steps {
        shown["steps"] = json!(entry.provisioning_steps);
    }
    shown
}
