//! `provost job plan`.

use serde_json::{Value, json};

use super::job::{cycle_status, cycle_text};
use super::{group, id_of, job_of, user};
use crate::answer::{Answer, Failure, table, text};
use crate::client::Client;

/// Plans the next cycle, or what these users and groups need.
pub async fn run(
    client: &Client,
    name: &str,
    (users, groups): (&[String], &[String]),
) -> Result<Answer, Failure> {
    let (_, job) = job_of(client, name).await?;
    let mut body = json!({});
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
    let shown = plan_text(&plan);
    Ok(Answer::done(plan, shown).with_status(status))
}

fn selected(before: &Value, id: String) -> Value {
    let before = before.as_array().cloned().unwrap_or_default();
    before.into_iter().chain([id.into()]).collect()
}

fn plan_text(plan: &Value) -> String {
    let changes = plan["changes"].as_array().cloned().unwrap_or_default();
    let summary = format!("a plan; nothing was written\n{}", cycle_text(plan));
    if changes.is_empty() {
        return summary;
    }
    let rows = changes.iter().map(|change| {
        let (source, status) = (&change["source"], text(change, "status"));
        let action = text(change, "action");
        let action = if status == "success" { action } else { format!("{action} ({status})") };
        [action, text(source, "identityType"), text(source, "displayName"), what(change)]
    });
    format!("{}\n\n{summary}", table(["action", "type", "name", "what"], rows))
}

fn what(change: &Value) -> String {
    let value = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let one =
        |it: &Value| format!("{}: {} -> {}", text(it, "attribute"), value(&it["old"]), value(&it["new"]));
    let modified = change["modified"].as_array().into_iter().flatten();
    let reason = text(&change["error"], "reason");
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    modified.map(one).chain(reason).collect::<Vec<_>>().join(", ")
}
