//! `provost job plan`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::job::{cycle_status, summary};
use super::log::steps_text;
use super::{group, id_of, job_of, read_file, status, user};
use crate::answer::{Answer, Failure, listed, table, text};
use crate::client::Client;

/// Plans the next cycle, or what these users and groups need; as if the settings of a file were saved, where there is one.
pub async fn run(
    client: &Client,
    name: &str,
    (users, groups): (&[String], &[String]),
    with: Option<&Path>,
) -> Result<Answer, Failure> {
    let (_, job) = job_of(client, name).await?;
    let mut body = with.map_or_else(|| Ok(json!({})), settings)?;
    for one in users {
        let id = id_of(&user(client, one).await?);
        body["users"] = selected(&body["users"], id);
    }
    for one in groups {
        let id = id_of(&group(client, one).await?);
        body["groups"] = selected(&body["groups"], id);
    }
    let plan = client.post(&format!("/provost/v1/jobs/{job}/plan"), &body).await?;
    let status = cycle_status(&plan);
    let shown = if users.is_empty() && groups.is_empty() {
        plan_text(&plan)
    } else {
        let job = client.get(&format!("/provost/v1/jobs/{job}")).await.unwrap_or_default();
        format!("{}a plan; nothing was written\n{}", explained(&plan), status::standing(&job))
    };
    Ok(Answer::done(plan, shown).with_status(status))
}

/// The settings that a file holds.
fn settings(file: &Path) -> Result<Value, Failure> {
    let read: Result<Map<String, Value>, _> = serde_json::from_slice(&read_file(file)?);
    let settings = read.map_err(|error| {
        let shown = file.display();
        Failure::new(
            "Usage",
            format!("{shown} is no JSON object with settings: {error}"),
            "write settings such as {\"scope\": \"all\"}, and \"schema\" in Graph's form",
        )
        .usage()
    })?;
    // Who is planned is said by name.
    match settings.keys().find(|name| ["users", "groups"].contains(&name.as_str())) {
        Some(name) => Err(Failure::new(
            "Usage",
            format!("{name} is no setting"),
            "name who is planned with --user and --group",
        )
        .usage()),
        None => Ok(settings.into()),
    }
}

fn selected(before: &Value, id: String) -> Value {
    let before = before.as_array().cloned().unwrap_or_default();
    before.into_iter().chain([id.into()]).collect()
}

fn plan_text(plan: &Value) -> String {
    let changes = plan["changes"].as_array().cloned().unwrap_or_default();
    let summary = format!("a plan; nothing was written\n{}", summary(plan));
    if changes.is_empty() {
        return summary;
    }
    let rows = changes.iter().map(|change| {
        let (source, status) = (&change["source"], text(change, "status"));
        let action = text(change, "action");
        let action = if status == "success" { action } else { format!("{action} ({status})") };
        [action, text(source, "identityType"), text(source, "displayName"), what(change)]
    });
    format!(
        "{}\n\n{summary}\nhint: --user and --group show one with every step and value, --json all of it",
        table(["ACTION", "TYPE", "NAME", "CHANGES"], rows)
    )
}

/// What would become of each object, with the steps that lead there.
fn explained(plan: &Value) -> String {
    let mut shown = String::new();
    for change in plan["changes"].as_array().into_iter().flatten() {
        let (action, status) = (text(change, "action"), text(change, "status"));
        let result = match (action.as_str(), status.as_str()) {
            ("other", "success") => "nothing to do".to_owned(),
            ("other", "skipped") if change["target"]["id"].as_str().unwrap_or_default().is_empty() => {
                "no account".to_owned()
            }
            ("other", status) => status.to_owned(),
            (action, "success") => action.to_owned(),
            (action, status) => format!("{action} ({status})"),
        };
        let _ = writeln!(shown, "{}: {result}", text(&change["source"], "displayName"));
        let error = &change["error"];
        if !error.is_null() {
            let _ = writeln!(shown, "  {}: {}", text(error, "errorCode"), text(error, "reason"));
        }
        let advice = text(error, "recommendedAction");
        if !advice.is_empty() {
            let _ = writeln!(shown, "  to do: {advice}");
        }
        let steps = change["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        shown.push_str(&steps_text(steps));
        for one in change["modified"].as_array().into_iter().flatten() {
            let _ = writeln!(shown, "  {}", modified(one));
        }
    }
    shown
}

fn modified(one: &Value) -> String {
    let value = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (attribute, new) = (text(one, "attribute"), value(&one["new"]));
    if one["old"].is_null() {
        format!("{attribute}: {new}")
    } else {
        format!("{attribute}: {} -> {new}", value(&one["old"]))
    }
}

fn what(change: &Value) -> String {
    let modifications = change["modified"].as_array().into_iter().flatten();
    let reason = text(&change["error"], "reason");
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    // What is wrong comes before what there is no room for.
    let parts: Vec<String> = reason.into_iter().chain(modifications.map(modified)).collect();
    listed(&parts)
}
