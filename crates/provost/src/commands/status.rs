//! What `provost job status` shows to people; `--json` has all of it.

use std::fmt::Write as _;

use serde_json::Value;

use super::drift;
use super::guards::{failures_text, guards_text, leaving_text};
use super::id_of;
use super::job::{count, cycle_text, error_text};
use crate::answer::{moment, text};

/// A job's settings, where it stands, and what it does next.
pub fn text_of(name: &str, job: &Value) -> String {
    let mut shown = format!("job         {}\nof          {name}\n", id_of(job));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(shown, "{name:<11} {}", value.replace('\n', "\n            "));
        }
    };
    let whom = if job["scope"] == "all" { "everybody in the directory" } else { "whoever is assigned" };
    line("status", &text(job, "status"));
    line("schedule", &schedule_text(job));
    line("for", whom);
    line("of these", &provisioned_text(job));
    if job["notify"] == true {
        line("mail to", &text(job, "notificationMail"));
    }
    line("guards", &guards_text(&job["guards"]));
    line("failures", &failures_text(&job["failureLimits"]));
    line("who leaves", &leaving_text(&job["deprovisioning"]));
    line("dialect", job["dialect"].as_str().filter(|dialect| *dialect != "rfc").unwrap_or_default());
    line("limits", &limits_text(job));
    let current = &job["currentCycle"];
    if !current.is_null() {
        let (done, total) = (count(current, "done"), count(current, "total"));
        line("running", &format!("since {}, {done} of {total} objects", moment(current, "started")));
    }
    let last = &job["lastCycle"];
    if last.is_null() {
        line("last cycle", "none yet");
    } else {
        line("last cycle", &format!("{}, {}", moment(last, "started"), cycle_text(last)));
    }
    line("quarantine", &quarantine_text(job));
    let why = &job["quarantine"]["error"];
    // The last cycle tells it above, unless that is another reason.
    if !why.is_null() && *why != last["error"] {
        line("", &error_text(why));
    }
    line("waiting", &waiting_text(&job["waiting"]));
    line("next cycle", &next_text(job));
    line("drift", &drift_text(name, job));
    shown
}

/// Whether users and groups are provisioned, and what is never sent.
fn provisioned_text(job: &Value) -> String {
    let one = |mapping: &Value| {
        let kind = format!("{}s", text(mapping, "sourceObject").to_lowercase());
        if mapping["enabled"] != true {
            return format!("no {kind}");
        }
        let never: Vec<&str> = ["create", "update", "delete"]
            .into_iter()
            .filter(|it| mapping["targetActions"][it] == false)
            .collect();
        let never = if never.is_empty() { String::new() } else { format!(" (never {})", never.join(", ")) };
        let filters = mapping["scopingFilters"].as_array().map_or(0, Vec::len);
        let filtered = if filters == 0 { "" } else { " who pass a filter (`provost job filter list`)" };
        format!("{kind}{filtered}{never}")
    };
    job["objectMappings"].as_array().into_iter().flatten().map(one).collect::<Vec<_>>().join(", ")
}

fn schedule_text(job: &Value) -> String {
    if job["started"] != true {
        return "not started; `provost job start` lets it run by itself".to_owned();
    }
    let on_change = if job["trigger"] == "onChange" { "with each change and " } else { "" };
    format!("a cycle {on_change}every {}", text(job, "interval"))
}

fn quarantine_text(job: &Value) -> String {
    let quarantine = &job["quarantine"];
    if quarantine.is_null() {
        return String::new();
    }
    let since = moment(quarantine, "seriesBegan");
    let outlook = match (job["started"] == true, moment(quarantine, "nextAttempt")) {
        (true, next) => format!("tried again at {next}"),
        (false, _) => "not tried again by itself".to_owned(),
    };
    format!("since {since} ({}), {outlook}", text(quarantine, "reason"))
}

/// Why a job does nothing by itself now, a line each; empty where it runs.
pub fn standing(job: &Value) -> String {
    let mut shown = String::new();
    if job["started"] != true {
        shown.push_str("the job is not started: it does nothing by itself (`provost job start`)\n");
    }
    let quarantine = quarantine_text(job);
    if !quarantine.is_empty() {
        let why = error_text(&job["quarantine"]["error"]);
        let _ = writeln!(shown, "the job is in quarantine {quarantine}\n{why}");
    }
    if job["lastCycle"].is_null() {
        shown.push_str("no cycle has run yet\n");
    }
    shown
}

fn objects(count: u64) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

/// What waits, a line each.
fn waiting_text(waiting: &Value) -> String {
    let mut lines = Vec::new();
    let mut line = |member: &str, words: &str| {
        let number = count(waiting, member);
        if number > 0 {
            lines.push(format!("{} {words}", objects(number)));
        }
    };
    let next = moment(waiting, "nextRetry");
    line(
        "failed",
        &format!("failed; the first is tried again after {next} (`provost log list --status failure`)"),
    );
    line("staged", "held back by a guard (`provost job staged`)");
    line("references", "without the manager, who has no account yet");
    line("unanswered", "with a request that was not answered; the target is asked what came of it");
    if lines.is_empty() && waiting.is_object() { "nothing".to_owned() } else { lines.join("\n") }
}

/// What the next cycle does, and when.
fn next_text(job: &Value) -> String {
    let next = &job["nextCycle"];
    if next.is_null() {
        return String::new();
    }
    let when = match (job["started"] == true, moment(next, "at")) {
        (false, _) => "by hand (`provost job run`)".to_owned(),
        (true, at) if at.is_empty() => "at once".to_owned(),
        (true, at) => format!("at {at}"),
    };
    let number = count(next, "objects");
    let what = if next["kind"] == "initial" {
        let goes_on = if next["goesOn"] == true { ", from where the last one was cut off" } else { "" };
        format!("it looks at everything: {}{goes_on}", objects(number))
    } else {
        let changes = count(next, "changes");
        let more = if job["waiting"]["moreChanges"] == true { " and more" } else { "" };
        let mut parts = Vec::new();
        if changes > 0 {
            let changes = if changes == 1 { "1 change".to_owned() } else { format!("{changes} changes") };
            parts.push(format!("{changes} in the directory{more}"));
        }
        if number > 0 {
            parts.push(format!("{} for another configuration", objects(number)));
        }
        if count(next, "retries") > 0 {
            parts.push(format!("{} once more", objects(count(next, "retries"))));
        }
        if parts.is_empty() {
            "nothing to look at so far".to_owned()
        } else {
            format!("it looks at {}", parts.join(", "))
        }
    };
    format!("{when}; {what}\n`provost job plan` shows what it would do to whom")
}

/// The last comparison with the target, and when the next one begins by itself.
fn drift_text(name: &str, job: &Value) -> String {
    let (last, every) = (&job["lastDrift"], text(job, "driftInterval"));
    let mut lines = Vec::new();
    if !every.is_empty() {
        let does = if job["driftAction"] == "repair" { "repaired" } else { "reported" };
        let next = match moment(job, "nextDrift") {
            at if !at.is_empty() => format!("the next at {at}"),
            _ if job["started"] != true => "none while the job is not started".to_owned(),
            _ if !job["quarantine"].is_null() => "none while the job is in quarantine".to_owned(),
            _ => "the first after a complete cycle".to_owned(),
        };
        lines.push(format!("{does} every {every}, {next}"));
    }
    if !last.is_null() {
        let by = if last["scheduled"] == true { "by itself" } else { "by hand" };
        let summary = drift::summary(last);
        lines.push(format!("last {by} at {}, {}: {summary}", moment(last, "started"), text(last, "status")));
        lines.push(format!("`provost job drift \"{name}\" --last` lists it"));
    }
    lines.join("\n")
}

/// What the application is known to take at most.
fn limits_text(job: &Value) -> String {
    let set = job["limits"]["membersPerRequest"].as_u64();
    let most = [set, job["membersTaken"].as_u64()].into_iter().flatten().min();
    let parts = [
        (most, "members in a request"),
        (job["limits"]["requestsPerMinute"].as_u64(), "requests in a minute"),
    ];
    let parts = parts.into_iter().filter_map(|(limit, what)| limit.map(|limit| format!("{limit} {what}")));
    parts.collect::<Vec<_>>().join(", ")
}
