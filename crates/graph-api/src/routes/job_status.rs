//! A job with its settings and where it stands: what it did, what waits, and what it does next.

use directory::Reevaluated;
use futures::StreamExt as _;
use model::{CycleKind, Job, JobState, Waiting};
use serde_json::{Value, json};

use crate::call::Call;
use crate::error::ApiError;
use crate::render;

/// The settings, and what there is in a list of jobs.
pub(super) async fn brief(call: &Call, job: &Job) -> Result<Value, ApiError> {
    let state = call.directory.job_state(job.id).await?;
    let mut shown = serde_json::to_value(job).unwrap_or_default();
    shown["interval"] = job.interval.to_string().into();
    shown["driftInterval"] = json!(job.drift_interval);
    // Tables have a call of their own.
    shown["tables"] = job.tables.keys().cloned().collect();
    if let Value::Object(members) = &mut shown {
        // Long, and at `/attributes`.
        members.remove("targetSchema");
    }
    let app = call.directory.service_principal(job.service_principal_id).await?;
    shown["servicePrincipalDisplayName"] = app.display_name.into();
    let current = match call.runner.progress(job.id) {
        Some(mut reports) => reports.next().await,
        None => None,
    };
    shown["status"] = if current.is_some() { "Running" } else { render::job_code(job, &state) }.into();
    shown["currentCycle"] = json!(current);
    shown["lastCycle"] = json!(state.last_cycle);
    shown["lastDrift"] = json!(state.last_drift);
    shown["nextRun"] = json!(state.next_run);
    shown["nextDrift"] = json!(engine::next_drift(job, &state));
    shown["quarantine"] = json!(state.quarantine);
    shown["membersTaken"] = json!(state.members_taken);
    Ok(shown)
}

/// All of it, with what waits and what the next cycle looks at.
pub(super) async fn whole(call: &Call, job: &Job) -> Result<Value, ApiError> {
    let mut shown = brief(call, job).await?;
    let state = call.directory.job_state(job.id).await?;
    let waiting = call.runner.waiting(job.id).await?;
    shown["waiting"] = json!(waiting);
    shown["tenantUrl"] = json!(call.directory.tenant_url(job.service_principal_id).await?);
    shown["linked"] = json!(call.runner.linked(job.id).await?);
    shown["nextCycle"] = next_cycle(job, &state, &waiting, call.directory.reevaluated(job).await?);
    Ok(shown)
}

/// What the next cycle looks at, as far as it is known before it begins; `at` is null where it begins by hand only.
fn next_cycle(job: &Job, state: &JobState, waiting: &Waiting, configured: Reevaluated) -> Value {
    let everything = configured.everything || (waiting.more_changes && waiting.changes == 0);
    let kind = if everything { CycleKind::Initial } else { CycleKind::Incremental };
    json!({
        "at": state.next_run.filter(|_| job.started),
        "kind": kind,
        // One that was cut off goes on where it was.
        "goesOn": state.checkpoint.is_some(),
        "objects": configured.objects,
        "changes": waiting.changes,
        "retries": waiting.retries_due,
    })
}
