//! `provost group`.

use serde_json::json;

use super::{directory, group, id_of, read_file, user};
use crate::answer::{Answer, Failure, sheet, table, text};
use crate::cli::Group;
use crate::client::Client;

/// Runs the command.
pub async fn run(client: &Client, command: Group) -> Result<Answer, Failure> {
    match command {
        Group::Import { file, dry_run, atomic } => {
            let path = format!("/provost/v1/groups/import?dryRun={dry_run}&atomic={atomic}");
            let report = directory::send(client, &path, &file, read_file(&file)?).await?;
            Ok(directory::imported(report, "groups", dry_run))
        }
        Group::List => {
            let groups = client.list("/v1.0/groups", usize::MAX).await?;
            let shown = table(
                ["NAME", "NICKNAME", "DESCRIPTION", "ID"],
                groups.iter().map(|group| {
                    ["displayName", "mailNickname", "description", "id"].map(|member| text(group, member))
                }),
            );
            Ok(Answer::done(json!({"value": groups}), shown))
        }
        Group::Show { group: name } => {
            let mut found = group(client, &name).await?;
            let members = client.list(&format!("/v1.0/groups/{}/members", id_of(&found)), usize::MAX).await?;
            let rows = table(
                ["MEMBER", "NAME", "ID"],
                members
                    .iter()
                    .map(|member| ["userPrincipalName", "displayName", "id"].map(|name| text(member, name))),
            );
            let rows = if members.is_empty() { "no members".to_owned() } else { rows };
            let shown = format!("{}\n{rows}", sheet(&found));
            found["members"] = members.into();
            Ok(Answer::done(found, shown))
        }
        Group::AddMember { group: name, user: member } => {
            let (group, member_id) =
                (id_of(&group(client, &name).await?), id_of(&user(client, &member).await?));
            let reference = client.reference("directoryObjects", &member_id);
            client
                .post(&format!("/v1.0/groups/{group}/members/$ref"), &json!({"@odata.id": reference}))
                .await?;
            Ok(Answer::done(
                json!({"group": group, "added": member_id}),
                format!("{member} is a member of {name}"),
            ))
        }
        Group::RemoveMember { group: name, user: member } => {
            let (group, member_id) =
                (id_of(&group(client, &name).await?), id_of(&user(client, &member).await?));
            client.delete(&format!("/v1.0/groups/{group}/members/{member_id}/$ref")).await?;
            let shown = format!("{member} is no longer a member of {name}");
            Ok(Answer::done(json!({"group": group, "removed": member_id}), shown))
        }
        Group::Delete { group: name } => {
            let id = id_of(&group(client, &name).await?);
            client.delete(&format!("/v1.0/groups/{id}")).await?;
            Ok(Answer::done(json!({"id": id, "deleted": true}), format!("{name} is deleted for good")))
        }
    }
}
