//! `provost job`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{group, guards, id_of, job_of, mapping, user};
use crate::answer::{Answer, FAILED, Failure, REFUSED, text};
use crate::cli::Job;
use crate::client::Client;
use crate::progress;

/// Runs the command.
pub async fn run(client: &Client, command: Job) -> Result<Answer, Failure> {
    match command {
        Job::Test { name } => test(client, &name).await,
        Job::Start { name } => {
            let job = act(client, &name, "start", &json!({})).await?;
            Ok(Answer::done(
                json!({"id": job, "started": true}),
                format!("{name} runs by itself from now on"),
            ))
        }
        Job::Pause { name } => {
            let job = act(client, &name, "pause", &json!({})).await?;
            Ok(Answer::done(json!({"id": job, "started": false}), format!("{name} is paused")))
        }
        Job::Restart { name, reset_scope } => {
            let body = match &reset_scope {
                Some(scope) => json!({"criteria": {"resetScope": scope}}),
                None => json!({}),
            };
            let job = act(client, &name, "restart", &body).await?;
            Ok(Answer::done(json!({"id": job, "restarted": true}), format!("{name} begins again")))
        }
        Job::Run { name, wait } => run_cycle(client, &name, wait).await,
        Job::Drift { name, last: true, .. } => super::drift::last(client, &name).await,
        Job::Drift { name, repair, .. } => super::drift::run(client, &name, repair).await,
        Job::Status { name } => {
            let (_, job) = job_of(client, &name).await?;
            let mut status = client.get(&format!("/provost/v1/jobs/{job}")).await?;
            let shown = super::status::text_of(&name, &status);
            status["name"] = name.into();
            Ok(Answer::done(status, shown))
        }
        Job::Provision { name, subject } => {
            let (id, kind) = match (&subject.user, &subject.group) {
                (Some(user_name), _) => (id_of(&user(client, user_name).await?), "User"),
                (_, Some(group_name)) => (id_of(&group(client, group_name).await?), "Group"),
                _ => {
                    return Err(Failure::new(
                        "Usage",
                        "nobody is named",
                        "name a user with --user or a group with --group",
                    )
                    .usage());
                }
            };
            provision(client, &name, &id, kind).await
        }
        Job::Plan { name, user, group, with } => {
            super::plan::run(client, &name, (&user, &group), with.as_deref()).await
        }
        Job::Mapping(command) => mapping::mapping(client, command).await,
        Job::Object(command) => super::object::run(client, command).await,
        Job::Filter(command) => super::filter::run(client, command).await,
        Job::Attribute(command) => mapping::attribute(client, command).await,
        Job::AllowDeletes { name, until } => {
            let (_, job) = job_of(client, &name).await?;
            client
                .post(&format!("/provost/v1/jobs/{job}/allowDeletes"), &json!({"stagedUntil": until}))
                .await?;
            let shown = "what is held back now goes out with the next cycle";
            Ok(Answer::done(json!({"id": job, "removalsAllowed": true}), shown))
        }
        Job::Table(command) => super::table::run(client, command).await,
        Job::Staged { name } => {
            let (_, job) = job_of(client, &name).await?;
            let found = client.list(&format!("/provost/v1/jobs/{job}/staged?$top=999"), usize::MAX).await?;
            let shown = guards::staged_text(&name, &found);
            Ok(Answer::done(json!({"value": found}), shown))
        }
        Job::Set { name, settings } => {
            let settings = guards::settings(*settings);
            let (_, job) = job_of(client, &name).await?;
            let changed = client.patch(&format!("/provost/v1/jobs/{job}"), &settings).await?;
            let shown =
                format!("the settings of {name} are saved; {}", affected_text(&changed["reevaluation"]));
            Ok(Answer::done(changed, shown))
        }
    }
}

/// What a saved configuration makes the next cycle do.
fn affected_text(reevaluation: &Value) -> String {
    match (count(reevaluation, "objects"), &reevaluation["everything"]) {
        (objects, Value::Bool(true)) => format!("the next cycle looks at everything: {objects} objects"),
        (0, _) => "no object is affected".to_owned(),
        (1, _) => "the next cycle looks at 1 object again".to_owned(),
        (objects, _) => format!("the next cycle looks at {objects} objects again"),
    }
}

async fn act(client: &Client, name: &str, action: &str, body: &Value) -> Result<String, Failure> {
    let (principal, job) = job_of(client, name).await?;
    let path = format!("/v1.0/servicePrincipals/{}/synchronization/jobs/{job}/{action}", id_of(&principal));
    client.post(&path, body).await?;
    Ok(job)
}

async fn test(client: &Client, name: &str) -> Result<Answer, Failure> {
    act(client, name, "validateCredentials", &json!({"useSavedCredentials": true})).await?;
    let shown = format!("the connection of {name} works: the address is a SCIM endpoint and takes the token");
    Ok(Answer::done(json!({"connected": true}), shown))
}

async fn run_cycle(client: &Client, name: &str, wait: bool) -> Result<Answer, Failure> {
    let (_, job) = job_of(client, name).await?;
    let begun = client.post(&format!("/provost/v1/jobs/{job}/run"), &json!({})).await?;
    if !wait {
        return Ok(Answer::done(begun, "the cycle runs; `provost job status` tells how far it is"));
    }
    let report = progress::follow(client, &job).await?;
    let status = cycle_status(&report);
    let shown = cycle_text(&report);
    Ok(Answer::done(report, shown).with_status(status))
}

pub fn count(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or(0)
}

/// 0 done, 1 objects failed or the job is in quarantine, 3 removals staged.
pub fn cycle_status(report: &Value) -> u8 {
    if count(report, "staged") > 0 {
        REFUSED
    } else if count(report, "failed") > 0 || report["status"] != "completed" {
        FAILED
    } else {
        0
    }
}

pub fn error_text(error: &Value) -> String {
    format!(
        "{}: {}\nhint: {}",
        text(error, "errorCode"),
        text(error, "reason"),
        text(error, "recommendedAction")
    )
}

const COUNTS: [&str; 8] =
    ["created", "updated", "disabled", "deleted", "skipped", "failed", "staged", "unchanged"];

/// What a cycle did or would do, and what kept it from its end.
pub fn summary(report: &Value) -> String {
    let counts: Vec<String> = COUNTS
        .iter()
        .filter(|name| count(report, name) > 0)
        .map(|name| format!("{} {name}", count(report, name)))
        .collect();
    let seconds = std::time::Duration::from_millis(count(report, "durationMs")).as_secs_f64();
    let what = match counts.as_slice() {
        [] if report["status"] == "completed" => "nothing to do".to_owned(),
        [] => "nothing was exported".to_owned(),
        _ => counts.join(", "),
    };
    let (kind, status) = (text(report, "kind"), text(report, "status"));
    let mut shown = format!("{kind} cycle {status} in {seconds:.1} s: {what}");
    if !report["error"].is_null() {
        let _ = write!(shown, "\n{}", error_text(&report["error"]));
    }
    shown
}

/// A cycle's report in a few lines, with where to read on.
pub fn cycle_text(report: &Value) -> String {
    let hint = if !report["error"].is_null() {
        ""
    } else if count(report, "staged") > 0 {
        "\nhint: something is held back; read it with `provost job staged`, then `provost job allow-deletes`, or repair \
         the cause"
    } else if count(report, "failed") > 0 {
        "\nhint: `provost log list --status failure` says why"
    } else if report["status"] == "interrupted" {
        "\nhint: `provost job run` goes on where it was"
    } else {
        ""
    };
    format!("{}{hint}", summary(report))
}

async fn provision(client: &Client, name: &str, id: &str, kind: &str) -> Result<Answer, Failure> {
    let (principal, job) = job_of(client, name).await?;
    let path =
        format!("/v1.0/servicePrincipals/{}/synchronization/jobs/{job}/provisionOnDemand", id_of(&principal));
    let body = json!({"parameters": [{"subjects": [{"objectId": id, "objectTypeName": kind}]}]});
    let mut answer = client.post(&path, &body).await?;
    // Graph wraps the report as a key and a text.
    if let Some(inner) = answer["value"].as_str().and_then(|text| serde_json::from_str(text).ok()) {
        answer = inner;
    }
    let steps =
        answer["steps"].as_array().or(answer["provisioningSteps"].as_array()).cloned().unwrap_or_default();
    let failed = steps.iter().any(|step| step["status"] == "failure");
    let shown = super::log::steps_text(&steps);
    let status = if failed { FAILED } else { 0 };
    Ok(Answer::done(answer, shown).with_status(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_says_how_many_objects_are_affected() {
        let text = |objects: u64, everything: bool| {
            affected_text(&json!({"objects": objects, "everything": everything}))
        };
        assert_eq!(text(0, false), "no object is affected");
        assert_eq!(text(1, false), "the next cycle looks at 1 object again");
        assert_eq!(text(1_200, false), "the next cycle looks at 1200 objects again");
        assert_eq!(text(3, true), "the next cycle looks at everything: 3 objects");
    }

    #[test]
    fn the_exit_status_says_how_a_cycle_ended() {
        let report = |failed: u64, staged: u64, status: &str| json!({"failed": failed, "staged": staged, "status": status});
        assert_eq!(cycle_status(&report(0, 0, "completed")), 0);
        assert_eq!(cycle_status(&report(1, 0, "completed")), 1);
        assert_eq!(cycle_status(&report(0, 0, "quarantined")), 1);
        assert_eq!(cycle_status(&report(2, 3, "quarantined")), 3);
    }
}
