//! Settings of jobs, and what their guards hold back.

use std::num::NonZeroU32;

use serde_json::{Map, Value, json};

use crate::answer::{moment, plain, table, text};
use crate::cli::{DriftAction, GuardChange, JobSettings, Leaving, Matched, Scope, Switch, Trigger};

/// What `job set` asks for, as the settings' API takes it.
pub fn settings(given: JobSettings) -> Value {
    let mut settings = Map::new();
    if let Some(interval) = given.interval {
        settings.insert("interval".to_owned(), json!(interval.to_string()));
    }
    if let Some(trigger) = given.trigger {
        let trigger = match trigger {
            Trigger::Schedule => "schedule",
            Trigger::OnChange => "onChange",
        };
        settings.insert("trigger".to_owned(), json!(trigger));
    }
    if let Some(scope) = given.scope {
        let scope = match scope {
            Scope::All => "all",
            Scope::Assigned => "assigned",
        };
        settings.insert("scope".to_owned(), json!(scope));
    }
    let switches = [
        ("nestedGroups", given.nested_groups.map(Switch::is_on)),
        ("excludeDefaultAccess", given.default_access.map(|counts| !counts.is_on())),
    ];
    settings.extend(switches.into_iter().filter_map(|(name, on)| Some((name.to_owned(), json!(on?)))));
    if let Some(mail) = given.mail {
        let mail = Some(mail).filter(|mail| !mail.trim().is_empty());
        settings.insert("notify".to_owned(), json!(true));
        settings.insert("notificationMail".to_owned(), json!(mail));
    }
    if let Some(dialect) = given.dialect {
        settings.insert("dialect".to_owned(), json!(model::Dialect::from(dialect)));
    }
    let limits =
        [("membersPerRequest", given.members_per_request), ("requestsPerMinute", given.requests_per_minute)];
    let limit = |(name, limit): (&str, Option<u32>)| Some((name.to_owned(), json!(NonZeroU32::new(limit?))));
    let limits: Map<String, Value> = limits.into_iter().filter_map(limit).collect();
    if !limits.is_empty() {
        settings.insert("limits".to_owned(), limits.into());
    }
    let mut guards = Map::new();
    for (kind, change) in &given.guard {
        match change {
            GuardChange::Enabled(enabled) => set(&mut guards, kind, "enabled", json!(enabled)),
            GuardChange::Number(number) => set(&mut guards, kind, "number", json!(number)),
            GuardChange::Percent(percent) => set(&mut guards, kind, "percent", json!(percent)),
            GuardChange::Default => {
                for (member, value) in
                    [("enabled", json!(true)), ("number", Value::Null), ("percent", Value::Null)]
                {
                    set(&mut guards, kind, member, value);
                }
            }
        }
    }
    if let Some(limit) = given.threshold {
        set(&mut guards, "removals", "number", json!(limit.0));
    }
    if let Some(limit) = given.threshold_percent {
        set(&mut guards, "removals", "percent", json!(limit.0));
    }
    let failures: Map<String, Value> =
        given.failures.into_iter().map(|(kind, limit)| (kind, json!(limit.0))).collect();
    if let Some(every) = given.drift_interval {
        settings.insert("driftInterval".to_owned(), json!(every.0.map(|length| length.to_string())));
    }
    if let Some(action) = given.drift_action {
        let action = match action {
            DriftAction::Report => "report",
            DriftAction::Repair => "repair",
        };
        settings.insert("driftAction".to_owned(), json!(action));
    }
    let mut leaving = Map::new();
    let events = [
        ("outOfScope", given.on_unassigned),
        ("disabled", given.on_disabled),
        ("softDeleted", given.on_deleted),
        ("hardDeleted", given.on_purged),
        ("groupOutOfScope", given.on_group_unassigned),
    ];
    for (event, action) in events {
        if let Some(action) = action {
            let action = match action {
                Leaving::Nothing => "nothing",
                Leaving::Disable => "disable",
                Leaving::Delete => "delete",
            };
            leaving.insert(event.to_owned(), json!(action));
        }
    }
    if let Some(matched) = given.matched_accounts {
        leaving.insert("unlinkMatched".to_owned(), json!(matched == Matched::Unlink));
    }
    for (name, part) in [("guards", guards), ("deprovisioning", leaving), ("failureLimits", failures)] {
        if !part.is_empty() {
            settings.insert(name.to_owned(), part.into());
        }
    }
    Value::Object(settings)
}

fn set(guards: &mut Map<String, Value>, kind: &str, member: &str, value: Value) {
    let guard = guards.entry(kind).or_insert_with(|| json!({}));
    guard[member] = value;
}

/// The guards that are not as usual.
pub fn guards_text(guards: &Value) -> String {
    let mut parts = Vec::new();
    for (kind, guard) in guards.as_object().into_iter().flatten() {
        let (number, percent) = (&guard["number"], &guard["percent"]);
        if guard["enabled"] == false {
            parts.push(format!("{kind} off"));
            continue;
        }
        let mut limits = Vec::new();
        if !number.is_null() {
            limits.push(plain(number));
        }
        if !percent.is_null() {
            limits.push(format!("{} %", plain(percent)));
        }
        if !limits.is_empty() {
            parts.push(format!("{kind} {}", limits.join(" or ")));
        }
    }
    parts.join(", ")
}

/// When failures put the job into quarantine, where that is not as usual.
pub fn failures_text(limits: &Value) -> String {
    let of = |name: &str, words: &str| limits[name].as_u64().map(|limit| format!("{limit}{words}"));
    let share = match (of("percent", " % of what is in scope"), of("minimum", "")) {
        (Some(share), Some(least)) => Some(format!("{share}, no fewer than {least}")),
        (Some(share), None) => Some(share),
        (None, Some(least)) => Some(format!("40 % of what is in scope, no fewer than {least}")),
        (None, None) => None,
    };
    let parts = [share, of("objects", " objects"), of("total", " objects and references")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("quarantine from {}", parts.join(", or ")) }
}

/// What happens to accounts that leave.
pub fn leaving_text(leaving: &Value) -> String {
    let events = [
        ("unassigned", "outOfScope"),
        ("disabled", "disabled"),
        ("deleted", "softDeleted"),
        ("purged", "hardDeleted"),
        ("groups unassigned", "groupOutOfScope"),
    ];
    let mut parts: Vec<String> =
        events.iter().map(|(event, member)| format!("{event}: {}", text(leaving, member))).collect();
    if leaving["unlinkMatched"] == true {
        parts.push("matched accounts are unlinked".to_owned());
    }
    parts.join(", ")
}

/// What the guards hold back, for people.
pub fn staged_text(name: &str, staged: &[Value]) -> String {
    if staged.is_empty() {
        return "nothing is held back".to_owned();
    }
    let rows = staged.iter().map(|change| {
        [
            text(change, "objectType"),
            text(change, "displayName"),
            what(change),
            text(change, "reason"),
            moment(change, "since"),
        ]
    });
    let last =
        staged.iter().filter_map(|change| change["since"].as_str()?.parse::<jiff::Timestamp>().ok()).max();
    let until = last.map(|last| format!(" --until {last}")).unwrap_or_default();
    let shown = table(["TYPE", "NAME", "WHAT", "WHY", "HELD SINCE"], rows);
    format!("{}\nallow exactly these with: provost job allow-deletes \"{name}\"{until}", shown.trim_end())
}

fn what(change: &Value) -> String {
    let modified = change["modifiedProperties"].as_array().cloned().unwrap_or_default();
    match change["action"].as_str() {
        Some("rename") => {
            let one = |it: &Value| {
                format!("{}: {} -> {}", text(it, "displayName"), text(it, "oldValue"), text(it, "newValue"))
            };
            format!("rename {}", modified.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        Some("recreate") => "create again (gone in the target)".to_owned(),
        Some("removeMembers") => {
            let names: Vec<String> = modified.iter().take(5).map(|it| text(it, "oldValue")).collect();
            let count = text(change, "count");
            let more = if modified.len() > names.len() { ", ..." } else { "" };
            format!("take out {count} members ({}{more})", names.join(", "))
        }
        _ => text(change, "action"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Arguments, Command, Job};

    fn set(arguments: &[&str]) -> Value {
        let all = ["provost", "job", "set", "x"].iter().chain(arguments);
        match Arguments::try_parse_from(all).expect("arguments").command {
            Command::Job(Job::Set { settings: given, .. }) => settings(*given),
            _ => panic!("another command"),
        }
    }

    #[test]
    fn settings_have_names_that_people_know() {
        assert_eq!(
            set(&["--threshold", "25", "--threshold-percent", "default"]),
            json!({"guards": {"removals": {"number": 25, "percent": null}}})
        );
        assert_eq!(
            set(&["--guard", "renames=10%", "--guard", "renames=50", "--guard", "source=off"]),
            json!({"guards": {"renames": {"percent": 10, "number": 50}, "source": {"enabled": false}}})
        );
        assert_eq!(
            set(&["--on-unassigned", "nothing", "--on-purged", "delete", "--matched-accounts", "unlink"]),
            json!({"deprovisioning": {"outOfScope": "nothing", "hardDeleted": "delete", "unlinkMatched": true}})
        );
        assert_eq!(
            set(&["--failures", "percent=10%", "--failures", "minimum=3", "--failures", "total=default"]),
            json!({"failureLimits": {"percent": 10, "minimum": 3, "total": null}})
        );
        assert_eq!(
            set(&["--drift-interval", "1d", "--drift-action", "repair"]),
            json!({"driftInterval": "PT24H", "driftAction": "repair"})
        );
        assert_eq!(
            set(&["--nested-groups", "on", "--default-access", "off"]),
            json!({"nestedGroups": true, "excludeDefaultAccess": true})
        );
        assert_eq!(set(&["--drift-interval", "never"]), json!({"driftInterval": null}));
        for wrong in [
            ["--guard", "names=5"],
            ["--guard", "renames"],
            ["--threshold", "-1"],
            ["--guard", "source=x"],
            ["--failures", "percent"],
            ["--failures", "share=5"],
            ["--failures", "total=x"],
            ["--drift-interval", "sometimes"],
        ] {
            assert!(
                Arguments::try_parse_from(["provost", "job", "set", "x"].iter().chain(&wrong)).is_err(),
                "{wrong:?}"
            );
        }
        assert!(Arguments::try_parse_from(["provost", "job", "set", "x"]).is_err());
    }
}
