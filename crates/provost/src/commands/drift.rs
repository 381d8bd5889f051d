//! `provost job drift`: what the target holds otherwise than the job left it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::job::{count, error_text};
use super::job_of;
use crate::answer::{Answer, FAILED, Failure, REFUSED, moment, plain, table, text};
use crate::client::Client;
use crate::progress;

/// Lines shown on a terminal; `--json` has all that are kept.
const SHOWN: usize = 100;

/// Runs a comparison to its end and shows what it found.
pub async fn run(client: &Client, name: &str, repair: bool) -> Result<Answer, Failure> {
    let (_, job) = job_of(client, name).await?;
    let path = format!("/provost/v1/jobs/{job}/drift");
    let begun = client.post(&path, &json!({"repair": repair})).await?;
    // One that has ended already has no progress to be shown.
    let _ = progress::follow(client, &job).await;
    let report = client.get(&path).await?;
    if report["cycleId"] != begun["cycleId"] {
        let hint = "run it again; another comparison, or the end of the server, came in between";
        return Err(Failure::new("Interrupted", "the comparison did not come to its end", hint));
    }
    found(client, name, &path, report).await
}

/// Shows what the last comparison found.
pub async fn last(client: &Client, name: &str) -> Result<Answer, Failure> {
    let (_, job) = job_of(client, name).await?;
    let path = format!("/provost/v1/jobs/{job}/drift");
    let report = client.get(&path).await.map_err(|failure| match failure.code.as_str() {
        "Request_ResourceNotFound" => {
            let hint = format!("`provost job drift \"{name}\"` compares it now and changes nothing");
            Failure { hint, ..failure }
        }
        _ => failure,
    })?;
    found(client, name, &path, report).await
}

async fn found(client: &Client, name: &str, path: &str, mut report: Value) -> Result<Answer, Failure> {
    let findings = client.list(&format!("{path}/findings?$top=999"), usize::MAX).await?;
    let when = moment(&report, "started");
    let by = if report["scheduled"] == true { "by the job itself" } else { "by hand" };
    let shown = format!("compared {when}, {by}\n{}", shown(name, &report, &findings));
    let status = status(&report);
    report["findings"] = findings.into();
    Ok(Answer::done(report, shown).with_status(status))
}

/// What differs of what the job is responsible for; accounts that nobody provisioned are no fault of the target's.
fn differences(report: &Value) -> u64 {
    ["changedAttribute", "accountGone", "memberAdded", "memberMissing"]
        .iter()
        .map(|kind| count(&report["found"], kind))
        .sum()
}

/// 0 nothing differs any longer, 1 something does or could not be compared, 3 a guard holds the repair back.
fn status(report: &Value) -> u8 {
    let left = if report["repair"] == true {
        differences(report).saturating_sub(count(report, "repairable")) + count(&report["repaired"], "failed")
    } else {
        differences(report)
    };
    if report["heldBack"] == true {
        REFUSED
    } else if left > 0 || count(report, "unread") > 0 || report["status"] != "completed" {
        FAILED
    } else {
        0
    }
}

fn shown(name: &str, report: &Value, findings: &[Value]) -> String {
    let mut shown = String::new();
    if !findings.is_empty() {
        let rows = findings.iter().take(SHOWN).map(|finding| {
            [
                what(finding),
                text(finding, "displayName"),
                text(finding, "targetId"),
                text(finding, "attribute"),
                value(&finding["expected"]),
                value(&finding["found"]),
            ]
        });
        shown = table(["WHAT", "NAME", "ACCOUNT", "ATTRIBUTE", "EXPECTED", "FOUND"], rows);
        shown = format!("{}\n", shown.trim_end());
    }
    let more = (differences(report) + count(&report["found"], "unknownAccount")).saturating_sub(SHOWN as u64);
    if more > 0 {
        let _ = writeln!(shown, "and {more} more: --json lists up to 10000");
    }
    shown.push_str(&summary(report));
    for (member, what) in [("unread", "accounts could not be read"), ("groupsWithoutMembers", GROUPS)] {
        if count(report, member) > 0 {
            let _ = write!(shown, "\n{} {what}", count(report, member));
        }
    }
    if report["notListed"].as_array().is_some_and(|types| !types.is_empty()) {
        shown.push_str("\nthe target does not list all its accounts: who is unknown to it cannot be told");
    }
    if report["repair"] != true && count(report, "repairable") > 0 {
        let _ = write!(
            shown,
            "\nhint: provost job drift \"{name}\" --repair puts {} of them right",
            count(report, "repairable")
        );
    }
    if !report["error"].is_null() {
        let _ = write!(shown, "\n{}", error_text(&report["error"]));
    }
    shown
}

/// How many accounts were compared, what differed and what was done about it, in a line.
pub fn summary(report: &Value) -> String {
    let (compared, unknown) = (count(report, "compared"), count(&report["found"], "unknownAccount"));
    let mut shown = format!("{compared} accounts compared: {} differences", differences(report));
    if unknown > 0 {
        let _ = write!(shown, ", {unknown} accounts that the job did not provision");
    }
    if report["repair"] == true {
        let repaired = &report["repaired"];
        let done: Vec<String> = ["created", "updated", "disabled", "deleted", "staged", "failed"]
            .iter()
            .filter(|what| count(repaired, what) > 0)
            .map(|what| format!("{} {what}", count(repaired, what)))
            .collect();
        let done = if done.is_empty() { "nothing".to_owned() } else { done.join(", ") };
        let _ = write!(shown, "; repaired: {done}");
    }
    shown
}

const GROUPS: &str = "groups show no members, as no group of the target does: their members are not compared";

fn what(finding: &Value) -> String {
    match finding["kind"].as_str() {
        Some("changedAttribute") => "changed",
        Some("accountGone") => "gone",
        Some("memberAdded") => "member added",
        Some("memberMissing") => "member missing",
        Some("unknownAccount") => "unknown account",
        _ => "?",
    }
    .to_owned()
}

/// A value; of a member, its name.
fn value(value: &Value) -> String {
    match value {
        Value::Object(member) if member.contains_key("display") => {
            member["display"].as_str().or(member["value"].as_str()).unwrap_or_default().to_owned()
        }
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_status_says_what_is_left() {
        let report = |repair: bool, found: u64, repairable: u64, failed: u64| {
            json!({
                "repair": repair, "status": "completed", "repairable": repairable, "unread": 0, "heldBack": false,
                "found": {"changedAttribute": found, "unknownAccount": 3}, "repaired": {"failed": failed},
            })
        };
        assert_eq!(status(&report(false, 0, 0, 0)), 0);
        assert_eq!(status(&report(false, 2, 2, 0)), 1);
        assert_eq!(status(&report(true, 2, 2, 0)), 0);
        assert_eq!(status(&report(true, 2, 1, 0)), 1);
        assert_eq!(status(&report(true, 2, 2, 1)), 1);
        let held = json!({"repair": true, "status": "quarantined", "heldBack": true});
        assert_eq!(status(&held), 3);
        assert_eq!(status(&json!({"repair": false, "status": "interrupted"})), 1);
    }
}
