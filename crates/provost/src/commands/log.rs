//! `provost log`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{id_of, service_principal, user};
use crate::answer::{Answer, Failure, listed, moment, plain, table, text};
use crate::cli::{Format, Log, LogStatus};
use crate::client::{Client, escape, quote};

/// Runs the command.
pub async fn run(client: &Client, command: Log) -> Result<Answer, Failure> {
    let (name, about, status, since, top, steps, format) = match command {
        Log::Audit(asked) => return super::audit::run(client, asked).await,
        Log::List { name, user, status, since, top, steps, format } => {
            (name, user, status, since, top, steps, format)
        }
    };
    let mut clauses = Vec::new();
    let unexplained = about.as_ref().map(|about| nothing_about(about, name.as_deref()));
    let mut standing = String::new();
    let who = about.clone();
    if let Some(name) = name {
        let app = service_principal(client, &name).await?;
        standing = standing_of(client, &app).await;
        let id = id_of(&app);
        clauses.push(format!("servicePrincipal/id eq {}", quote(&id)));
    }
    if let Some(about) = about {
        // Somebody who is gone is found by the name or id that the log has.
        let id = match user(client, &about).await {
            Ok(found) => id_of(&found),
            Err(failure) if failure.code == "Request_ResourceNotFound" => about,
            Err(failure) => return Err(failure),
        };
        clauses.push(format!("sourceIdentity/id eq {}", quote(&id)));
    }
    if let Some(status) = status {
        let status = match status {
            LogStatus::Success => "success",
            LogStatus::Failure => "failure",
            LogStatus::Skipped => "skipped",
            LogStatus::Warning => "warning",
        };
        clauses.push(format!("provisioningStatusInfo/status eq {}", quote(status)));
    }
    if let Some(since) = since {
        use model::Clock as _;
        let from = model::SystemClock.now() - since;
        clauses.push(format!("activityDateTime ge {from}"));
    }
    let top = top.unwrap_or(usize::MAX);
    let mut path = format!("/v1.0/auditLogs/provisioning?$top={}", top.clamp(1, 999));
    if !clauses.is_empty() {
        path.push_str("&$filter=");
        path.push_str(&escape(&clauses.join(" and ")));
    }
    let entries = client.list(&path, top).await?;
    let shown = match format {
        Format::Table if entries.is_empty() => {
            let unexplained = unexplained.unwrap_or_default();
            format!("{unexplained}{standing}")
        }
        Format::Json => json!({"value": entries}).to_string(),
        Format::Csv => csv(&entries),
        // What cycles did follows from what somebody did before.
        Format::Table if steps && who.is_some() => {
            let hint = format!(
                "hint: `provost log audit --user {}` lists who changed the user",
                who.unwrap_or_default()
            );
            entries.iter().map(entry_text).chain([hint]).collect::<Vec<_>>().join("\n")
        }
        Format::Table if steps => entries.iter().map(entry_text).collect::<Vec<_>>().join("\n"),
        Format::Table => overview(&entries),
    };
    Ok(Answer::done(json!({"value": entries}), shown))
}

/// Why somebody may not be in the log at all.
fn nothing_about(about: &str, application: Option<&str>) -> String {
    let application = application.unwrap_or("APPLICATION");
    format!(
        "no entry about {about}: whoever is not assigned and never had an account gets none, nor does who did not \
         change\nhint: `provost job plan {application} --user {about}` says why, step by step, and writes nothing; `provost \
         app show {application}` lists who is assigned\n"
    )
}

/// Why the application's job does nothing at all now, if it does not; also an answer to why nothing is in the log.
async fn standing_of(client: &Client, app: &Value) -> String {
    let jobs = client.get(&format!("/v1.0/servicePrincipals/{}/synchronization/jobs", id_of(app))).await;
    let job = jobs.map(|jobs| id_of(&jobs["value"][0])).unwrap_or_default();
    match client.get(&format!("/provost/v1/jobs/{job}")).await {
        Ok(job) => super::status::standing(&job),
        Err(_) => String::new(),
    }
}

/// The status of an entry, in Graph's form or as we keep it.
pub fn status_of(entry: &Value) -> String {
    let graph = text(&entry["provisioningStatusInfo"], "status");
    if graph.is_empty() { text(entry, "provisioningStatus") } else { graph }
}

fn reason_of(entry: &Value) -> String {
    let graph = &entry["provisioningStatusInfo"]["errorInformation"];
    let error = if graph.is_null() { &entry["errorInformation"] } else { graph };
    if !error.is_null() {
        return format!("{}: {}", text(error, "errorCode"), text(error, "reason"));
    }
    changed_attributes(entry).join(", ")
}

/// The names of the attributes that changed, each once.
fn changed_attributes(entry: &Value) -> Vec<String> {
    let modified = entry["modifiedProperties"].as_array().into_iter().flatten();
    let mut names: Vec<String> = modified.map(|one| text(one, "displayName")).collect();
    names.dedup();
    names
}

fn cells(entry: &Value) -> [String; 5] {
    [
        moment(entry, "activityDateTime"),
        text(entry, "provisioningAction"),
        status_of(entry),
        text(&entry["sourceIdentity"], "displayName"),
        reason_of(entry),
    ]
}

fn overview(entries: &[Value]) -> String {
    let row = |entry| {
        let [time, action, status, object, reason] = cells(entry);
        let reason = if status == "success" { listed(&changed_attributes(entry)) } else { reason };
        [time, action, status, object, reason]
    };
    table(["TIME", "ACTION", "STATUS", "OBJECT", "REASON OR CHANGED ATTRIBUTES"], entries.iter().map(row))
}

fn csv(entries: &[Value]) -> String {
    let mut out = String::from("time,action,status,object,reason\n");
    for entry in entries {
        let row = cells(entry).map(|cell| csv_cell(&cell));
        let _ = writeln!(out, "{}", row.join(","));
    }
    out
}

/// A cell of a CSV file. What a spreadsheet would take for a formula gets an apostrophe before it.
fn csv_cell(text: &str) -> String {
    let guarded =
        if text.starts_with(['=', '+', '-', '@', '\t']) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// One entry with its steps, for people.
pub fn entry_text(entry: &Value) -> String {
    let [time, action, status, object, reason] = cells(entry);
    let by = text(&entry["initiatedBy"], "displayName");
    let by = if by.is_empty() { by } else { format!("  (started by {by})") };
    let mut shown = format!("{time}  {action} {status}  {object}{by}\n");
    let modified = entry["modifiedProperties"].as_array().cloned().unwrap_or_default();
    // The names of changed attributes follow with their values.
    if modified.is_empty() && !reason.is_empty() {
        let _ = writeln!(shown, "  {reason}");
    }
    let advice = text(&entry["provisioningStatusInfo"]["errorInformation"], "recommendedAction");
    if !advice.is_empty() {
        let _ = writeln!(shown, "  to do: {advice}");
    }
    let steps = entry["provisioningSteps"].as_array().cloned().unwrap_or_default();
    shown.push_str(&steps_text(&steps));
    for one in &modified {
        let _ = writeln!(
            shown,
            "  {}: {} -> {}",
            text(one, "displayName"),
            shown_value(&one["oldValue"]),
            shown_value(&one["newValue"])
        );
    }
    shown
}

/// Steps, one a line.
pub fn steps_text(steps: &[Value]) -> String {
    let mut shown = String::new();
    for step in steps {
        let kind = [text(step, "provisioningStepType"), text(step, "type"), text(step, "name")];
        let kind = kind.into_iter().find(|kind| !kind.is_empty()).unwrap_or_default();
        let _ = writeln!(shown, "  {kind:<20} {:<8} {}", text(step, "status"), text(step, "description"));
    }
    shown
}

fn shown_value(value: &Value) -> String {
    if value.is_null() { "(none)".to_owned() } else { plain(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_become_formulas() {
        assert_eq!(csv_cell("=1+1"), "'=1+1");
        assert_eq!(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
