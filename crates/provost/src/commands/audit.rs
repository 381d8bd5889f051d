//! `provost log audit`: who changed what in the directory and its configuration.

use serde_json::{Value, json};

use super::{group, id_of, job_of, user};
use crate::answer::{Answer, Failure, moment, table, text};
use crate::cli::Audited;
use crate::client::{Client, escape, quote};

/// The longest value shown; `--json` has all of it.
const LONGEST: usize = 60;

/// Runs the command.
pub async fn run(client: &Client, asked: Audited) -> Result<Answer, Failure> {
    let Audited { name, user: of_user, group: of_group, since, top } = asked;
    let mut clauses = Vec::new();
    let about = match (name, of_user, of_group) {
        (Some(name), ..) => Some(job_of(client, &name).await?.1),
        // Somebody who is gone is found by the id.
        (_, Some(name), _) => Some(match user(client, &name).await {
            Err(failure) if failure.code == "Request_ResourceNotFound" => deleted(client, &name).await?,
            found => id_of(&found?),
        }),
        (_, _, Some(name)) => Some(id_of(&group(client, &name).await?)),
        _ => None,
    };
    if let Some(about) = about {
        clauses.push(format!("targetResources/id eq {}", quote(&about)));
    }
    if let Some(since) = since {
        use model::Clock as _;
        clauses.push(format!("activityDateTime ge {}", model::SystemClock.now() - since));
    }
    let top = top.unwrap_or(usize::MAX);
    let mut path = format!("/v1.0/auditLogs/directoryAudits?$top={}", top.clamp(1, 999));
    if !clauses.is_empty() {
        path.push_str("&$filter=");
        path.push_str(&escape(&clauses.join(" and ")));
    }
    let audits = client.list(&path, top).await?;
    let shown = audits_text(&audits);
    Ok(Answer::done(json!({"value": audits}), shown))
}

/// The id of who is in the recycle bin; an id is taken for one that the log may have.
async fn deleted(client: &Client, name: &str) -> Result<String, Failure> {
    if uuid::Uuid::parse_str(name).is_ok() {
        return Ok(name.to_owned());
    }
    let found = client.list("/v1.0/directory/deletedItems/microsoft.graph.user?$top=999", usize::MAX).await?;
    let named =
        |it: &&Value| it["userPrincipalName"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name));
    found.iter().find(named).map(id_of).ok_or_else(|| {
        Failure::new(
            "Request_ResourceNotFound",
            format!("there is no user {name}, in the recycle bin neither"),
            "who is deleted for good is found by the id: `provost log audit` lists everybody",
        )
    })
}

/// Entries of an audit log, a line each.
pub fn audits_text(audits: &[Value]) -> String {
    let rows = audits.iter().map(|audit| {
        let target = &audit["targetResources"][0];
        [
            moment(audit, "activityDateTime"),
            text(audit, "activityDisplayName"),
            text(target, "displayName"),
            changed(&target["modifiedProperties"]),
            text(&audit["initiatedBy"]["user"], "displayName"),
        ]
    });
    table(["TIME", "ACTIVITY", "WHAT", "CHANGES", "BY"], rows)
}

/// What was changed, and into what.
fn changed(properties: &Value) -> String {
    let one = |property: &Value| {
        let value = text(property, "newValue");
        let shown: String = value.chars().take(LONGEST).collect();
        let more = if shown.len() < value.len() { "..." } else { "" };
        format!("{} {shown}{more}", text(property, "displayName"))
    };
    properties.as_array().into_iter().flatten().map(one).collect::<Vec<_>>().join(", ")
}
