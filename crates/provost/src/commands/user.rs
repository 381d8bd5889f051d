//! `provost user`.

use ::directory::known_attribute;
use model::ObjectType;
use serde_json::{Map, Value, json};

use super::{directory, id_of, import, read_file, user};
use crate::answer::{Answer, Failure, sheet, table, text};
use crate::cli::User;
use crate::client::{Client, escape, quote};

/// Runs the command.
pub async fn run(client: &Client, command: User) -> Result<Answer, Failure> {
    match command {
        User::Import { file, dry_run, atomic, snapshot, allow_leavers } => {
            let body = read_file(&file)?;
            let allowed = allow_leavers.map_or_else(String::new, |number| format!("&allowLeavers={number}"));
            let path = format!(
                "/provost/v1/users/import?dryRun={dry_run}&atomic={atomic}&snapshot={snapshot}{allowed}"
            );
            let report = directory::send(client, &path, &file, body).await?;
            Ok(directory::imported(report, "users", dry_run))
        }
        User::ImportSchedule(command) => import::run(client, command).await,
        User::List { text: wanted, top, deleted } => list(client, wanted.as_deref(), top, deleted).await,
        User::Show { user: name } => {
            let mut found = user(client, &name).await?;
            let manager = client.get(&format!("/v1.0/users/{}/manager", id_of(&found))).await;
            if let Ok(manager) = manager {
                found["manager"] = manager["userPrincipalName"].clone();
            }
            let shown = sheet(&found);
            Ok(Answer::done(found, shown))
        }
        User::Set { user: name, attributes } => set(client, &name, &attributes).await,
        User::Disable { user: name } => {
            let id = id_of(&user(client, &name).await?);
            client.patch(&format!("/v1.0/users/{id}"), &json!({"accountEnabled": false})).await?;
            Ok(Answer::done(json!({"id": id, "accountEnabled": false}), format!("{name} is disabled")))
        }
        User::Delete { user: name, permanent } => delete(client, &name, permanent).await,
        User::Restore { user: name } => {
            let id = deleted_user(client, &name).await?;
            client.post(&format!("/v1.0/directory/deletedItems/{id}/restore"), &json!({})).await?;
            Ok(Answer::done(json!({"id": id, "restored": true}), format!("{name} is back")))
        }
    }
}

async fn list(
    client: &Client,
    wanted: Option<&str>,
    top: Option<usize>,
    deleted: bool,
) -> Result<Answer, Failure> {
    let top = top.unwrap_or(usize::MAX);
    let base = if deleted { DELETED } else { "/v1.0/users" };
    let mut path = format!("{base}?$top={}", top.clamp(1, 999));
    if let Some(wanted) = wanted {
        let filter =
            format!("startswith(displayName,{0}) or startswith(userPrincipalName,{0})", quote(wanted));
        path.push_str("&$filter=");
        path.push_str(&escape(&filter));
    }
    let users = client.list(&path, top).await?;
    let shown = table(
        ["USER PRINCIPAL NAME", "NAME", "DEPARTMENT", "TITLE", "ENABLED"],
        users.iter().map(|user| {
            ["userPrincipalName", "displayName", "department", "jobTitle", "accountEnabled"]
                .map(|member| text(user, member))
        }),
    );
    Ok(Answer::done(json!({"value": users}), shown))
}

async fn set(client: &Client, name: &str, pairs: &[String]) -> Result<Answer, Failure> {
    let mut changes = Map::new();
    let mut manager = None;
    for pair in pairs {
        let (attribute, value) = pair.split_once('=').ok_or_else(|| {
            Failure::new("Usage", format!("{pair} sets nothing"), "write ATTRIBUTE=VALUE").usage()
        })?;
        if attribute == "manager" {
            manager = Some(value);
        } else {
            let (attribute, value) = assignment(attribute, value)?;
            changes.insert(attribute, value);
        }
    }
    let id = id_of(&user(client, name).await?);
    if !changes.is_empty() {
        client.patch(&format!("/v1.0/users/{id}"), &Value::Object(changes)).await?;
    }
    let reference = format!("/v1.0/users/{id}/manager/$ref");
    match manager {
        Some("") => client.delete(&reference).await?,
        Some(manager) => {
            let manager = id_of(&user(client, manager).await?);
            client.put(&reference, &json!({"@odata.id": client.reference("users", &manager)})).await?;
        }
        None => {}
    }
    let found = client.get(&format!("/v1.0/users/{id}")).await?;
    let shown = sheet(&found);
    Ok(Answer::done(found, shown))
}

/// Graph's name and value for what was typed; an empty value clears. What no attribute is called goes to the server as
/// it is, which refuses it.
fn assignment(attribute: &str, value: &str) -> Result<(String, Value), Failure> {
    let Some((name, kind)) = known_attribute(ObjectType::User, attribute) else {
        return Ok((attribute.to_owned(), json!(value)));
    };
    let value = kind.read(value).map_err(|reason| {
        Failure::new(
            "Usage",
            format!("{attribute}: {reason}"),
            format!("write {attribute}=VALUE with such a value, or {attribute}= to clear it"),
        )
        .usage()
    })?;
    Ok((name, value))
}

const DELETED: &str = "/v1.0/directory/deletedItems/microsoft.graph.user";

async fn delete(client: &Client, name: &str, permanent: bool) -> Result<Answer, Failure> {
    let id = match user(client, name).await {
        Ok(found) => {
            let id = id_of(&found);
            client.delete(&format!("/v1.0/users/{id}")).await?;
            id
        }
        // Deleting for good also takes one who is in the recycle bin already.
        Err(failure) if permanent && failure.code == "Request_ResourceNotFound" => {
            deleted_user(client, name).await?
        }
        Err(failure) => return Err(failure),
    };
    if permanent {
        client.delete(&format!("/v1.0/directory/deletedItems/{id}")).await?;
        return Ok(Answer::done(
            json!({"id": id, "deleted": "permanently"}),
            format!("{name} is gone for good"),
        ));
    }
    let shown = format!("{name} is in the recycle bin; `provost user restore` brings it back");
    Ok(Answer::done(json!({"id": id, "deleted": "recycleBin"}), shown))
}

async fn deleted_user(client: &Client, name: &str) -> Result<String, Failure> {
    let folded = name.to_lowercase();
    let mut found: Vec<String> = client
        .list(DELETED, usize::MAX)
        .await?
        .iter()
        .filter(|user| user["id"] == name || text(user, "userPrincipalName").to_lowercase() == folded)
        .map(id_of)
        .collect();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::new(
            "NotFound",
            format!("there is no user {name} in the recycle bin"),
            "`provost user list --deleted` shows who is",
        )),
        _ => Err(Failure::new(
            "Ambiguous",
            format!("several users {name} are in the recycle bin: {}", found.join(", ")),
            "name the one you mean by its id",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_set_under_the_names_and_in_the_words_of_files() {
        let set = |attribute, value| assignment(attribute, value).expect("it can be set");
        assert_eq!(set("accountenabled", "FALSE"), ("accountEnabled".to_owned(), json!(false)));
        assert_eq!(set("telephoneNumber", "+49 89 1"), ("businessPhones".to_owned(), json!(["+49 89 1"])));
        assert_eq!(set("mobile", ""), ("mobilePhone".to_owned(), Value::Null));
        assert_eq!(assignment("accountEnabled", "perhaps").expect_err("no boolean").status, 2);
    }
}
