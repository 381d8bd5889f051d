//! `provost job object`: whether users and groups are provisioned, and which requests may be sent.

use serde_json::{Value, json};

use super::mapping::{edit, object_mapping, object_mappings, schema_path};
use super::{id_of, job_of};
use crate::answer::{Answer, Failure, table, text};
use crate::cli::{JobObject, Switch};
use crate::client::Client;

/// Graph's names of kinds of requests.
const ACTIONS: [&str; 3] = ["Add", "Update", "Delete"];

/// Runs the command.
pub async fn run(client: &Client, command: JobObject) -> Result<Answer, Failure> {
    let (JobObject::List { name } | JobObject::Set { name, .. }) = &command;
    let (principal, job) = job_of(client, name).await?;
    let path = schema_path(&id_of(&principal), &job);
    match command {
        JobObject::List { .. } => {
            let mut schema = client.get(&path).await?;
            let all: Vec<Value> = object_mappings(&mut schema).iter().map(summary).collect();
            let rows = all.iter().map(|it| ["object", "enabled", "requests"].map(|member| text(it, member)));
            let shown = table(["OBJECT", "PROVISIONED", "REQUESTS"], rows);
            Ok(Answer::done(json!({"value": all}), shown))
        }
        JobObject::Set { group, enabled, create, update, delete, .. } => {
            let changed = edit(client, &path, |schema| {
                let mapping = object_mapping(schema, group)?;
                if let Some(enabled) = enabled {
                    mapping["enabled"] = enabled.is_on().into();
                }
                let now = text(mapping, "flowTypes");
                let allowed = |(action, switch): (&'static str, Option<Switch>)| {
                    let was = now.split(',').any(|it| it.trim().eq_ignore_ascii_case(action));
                    switch.map_or(was, Switch::is_on).then_some(action)
                };
                let actions: Vec<&str> =
                    ACTIONS.into_iter().zip([create, update, delete]).filter_map(allowed).collect();
                mapping["flowTypes"] =
                    if actions.is_empty() { "None".into() } else { actions.join(", ").into() };
                Ok(summary(mapping))
            })
            .await?;
            let is = if changed["enabled"] == true { "are provisioned" } else { "are not provisioned" };
            let shown =
                format!("{}s {is}; requests: {}", text(&changed, "object"), text(&changed, "requests"));
            Ok(Answer::done(changed, shown))
        }
    }
}

fn summary(mapping: &Value) -> Value {
    json!({
        "object": mapping["sourceObjectName"],
        "enabled": mapping["enabled"],
        "requests": mapping["flowTypes"],
    })
}
