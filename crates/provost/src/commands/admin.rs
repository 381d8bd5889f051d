//! `provost admin` and `provost admin-token`.

use std::path::Path;

use aws_lc_rs::rand;
use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::audit::audits_text;
use super::connection::read_secret;
use super::{id_of, instant};
use crate::answer::{Answer, Failure, UNFORESEEN, moment, sheet, table, text};
use crate::cli::{Admin, AdminChanges, AdminKind, AdminRole, AdminSecret, Database, Place};
use crate::client::{Client, escape};

const ADMINISTRATORS: &str = "/provost/v1/administrators";
/// What a password is made of: letters and digits that are not mistaken for each other. As many as a byte has values
/// in equal shares.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_LENGTH: usize = 24;

/// Runs a command on administrators.
pub async fn run(client: &Client, command: Admin) -> Result<Answer, Failure> {
    match command {
        Admin::List => {
            let all = client.list(ADMINISTRATORS, usize::MAX).await?;
            let rows = all.iter().map(|admin| {
                [
                    text(admin, "displayName"),
                    text(admin, "type"),
                    text(admin, "signInName"),
                    roles(admin),
                    state(admin),
                    id_of(admin),
                ]
            });
            let shown = table(["NAME", "TYPE", "SIGN-IN NAME", "ROLES", "STATE", "ID"], rows);
            Ok(Answer::done(json!({"value": all}), shown))
        }
        Admin::Create { role: None, place: Place { tenant, directory }, .. }
            if tenant.is_some() || directory.is_some() =>
        {
            let words = "--tenant and --directory say where a role holds, and no role is named";
            Err(Failure::new("Usage", words, "name it with --role").usage())
        }
        Admin::Create { name, kind, password_file, role, place } => {
            let password = match (&kind.sign_in, password_file) {
                (None, _) => None,
                (Some(_), Some(file)) => Some(Password::given(&file)?),
                (Some(_), None) => Some(Password::made()?),
            };
            create(client, name, kind, password, role.map(|role| (role, place))).await
        }
        Admin::Show { admin } => {
            let found = named(client, &admin).await?;
            let shown = sheet(&found);
            Ok(Answer::done(found, shown))
        }
        Admin::Set { admin, changes } => set(client, &admin, changes).await,
        Admin::Delete { admin } => {
            let found = named(client, &admin).await?;
            client.delete(&path_of(&found)).await?;
            let shown = format!("{} opens nothing any more", text(&found, "displayName"));
            Ok(Answer::done(json!({"deleted": id_of(&found)}), shown))
        }
        Admin::Grant { admin, role, place } => {
            let found = named(client, &admin).await?;
            let held = grant(client, &found, role, &place).await?;
            let shown = format!("{} is {}", text(&found, "displayName"), role_text(&held));
            Ok(Answer::done(held, shown))
        }
        Admin::Revoke { admin, role, place } => revoke(client, &admin, role, &place).await,
        Admin::Secret(command) => secret(client, command).await,
        Admin::Audits { top } => {
            let audits = client.list(&format!("/provost/v1/audits?$top={}", top.clamp(1, 999)), top).await?;
            let shown = audits_text(&audits);
            Ok(Answer::done(json!({"value": audits}), shown))
        }
        Admin::Whoami => {
            let me = client.get("/provost/v1/session").await?;
            let shown = format!("{}: {}", text(&me, "displayName"), roles(&me));
            Ok(Answer::done(me, shown))
        }
    }
}

/// A password, and whether somebody has to be told.
struct Password {
    text: String,
    is_new: bool,
}

impl Password {
    fn given(file: &Path) -> Result<Self, Failure> {
        Ok(Self { text: read_secret(file, "password")?, is_new: false })
    }

    fn made() -> Result<Self, Failure> {
        let mut bytes = [0; PASSWORD_LENGTH];
        rand::fill(&mut bytes)
            .map_err(|_| Failure::new("Random", "the operating system gives no randomness", UNFORESEEN))?;
        let text = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        Ok(Self { text, is_new: true })
    }

    /// Adds it to what is shown, where it was made for this.
    fn show(&self, answer: &mut Value, lines: &mut Vec<String>) {
        if self.is_new {
            answer["password"] = self.text.clone().into();
            lines.push(format!("password  {}\n\nThe password is shown this once.", self.text));
        }
    }
}

async fn create(
    client: &Client,
    name: String,
    kind: AdminKind,
    password: Option<Password>,
    role: Option<(AdminRole, Place)>,
) -> Result<Answer, Failure> {
    let wanted = match &kind.sign_in {
        Some(sign_in) => {
            let password = password.as_ref().map(|password| &password.text);
            json!({"type": "person", "displayName": name, "signInName": sign_in, "password": password})
        }
        None => json!({"type": "tool", "displayName": name}),
    };
    let mut made = client.post(ADMINISTRATORS, &wanted).await?;
    let mut lines = vec![format!("id        {}", id_of(&made))];
    if let Some((role, place)) = role {
        match grant(client, &made, role, &place).await {
            Ok(held) => {
                lines.push(format!("role      {}", role_text(&held)));
                made["roles"] = json!([held]);
            }
            // Half of what was asked for is nothing that anybody asked for.
            Err(failure) => {
                client.delete(&path_of(&made)).await?;
                return Err(failure);
            }
        }
    }
    if kind.tool {
        let secret = client.post(&format!("{}/secrets", path_of(&made)), &json!({})).await?;
        lines.push(secret_text(&secret));
        made["secret"] = secret["secret"].clone();
        made["secrets"] = json!([listed(secret)]);
    }
    if let Some(password) = &password {
        password.show(&mut made, &mut lines);
    }
    Ok(Answer::done(made, lines.join("\n")))
}

async fn set(client: &Client, admin: &str, changes: AdminChanges) -> Result<Answer, Failure> {
    let AdminChanges { name, sign_in, enabled, password_file, new_password } = changes;
    let found = named(client, admin).await?;
    let password = match password_file {
        Some(file) => Some(Password::given(&file)?),
        None => new_password.then(Password::made).transpose()?,
    };
    let wanted = [
        ("displayName", name.map(Value::from)),
        ("signInName", sign_in.map(Value::from)),
        ("enabled", enabled.map(|switch| switch.is_on().into())),
        ("password", password.as_ref().map(|password| password.text.clone().into())),
    ];
    let wanted: serde_json::Map<String, Value> =
        wanted.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut changed = client.patch(&path_of(&found), &wanted.into()).await?;
    let mut lines = vec![sheet(&changed)];
    if let Some(password) = password {
        password.show(&mut changed, &mut lines);
    }
    Ok(Answer::done(changed, lines.join("\n")))
}

/// The one administrator of that display name, sign-in name or id.
async fn named(client: &Client, name: &str) -> Result<Value, Failure> {
    let all = client.list(ADMINISTRATORS, usize::MAX).await?;
    let folded = name.to_lowercase();
    let signs_in = |admin: &&Value| text(admin, "signInName").to_lowercase() == folded;
    match all.iter().find(signs_in) {
        Some(found) => Ok(found.clone()),
        None => super::one_of(all, "administrator", name, "provost admin list"),
    }
}

fn path_of(admin: &Value) -> String {
    format!("{ADMINISTRATORS}/{}", id_of(admin))
}

fn state(admin: &Value) -> String {
    if admin["enabled"] == true { String::new() } else { "disabled".to_owned() }
}

/// A role with where it holds.
fn role_text(held: &Value) -> String {
    let (role, scope) = (text(held, "displayName"), &held["scope"]);
    match scope["type"].as_str() {
        Some("installation") | None => role,
        Some(kind) => {
            let name = text(scope, "name");
            format!("{role} of {kind} {}", if name.is_empty() { text(scope, "id") } else { name })
        }
    }
}

fn roles(admin: &Value) -> String {
    let held = admin["roles"].as_array().into_iter().flatten();
    held.map(role_text).collect::<Vec<_>>().join("; ")
}

/// The role as the API writes it: `applicationAdministrator`.
fn role_name(role: AdminRole) -> String {
    let kebab = role.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut parts = kebab.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let (head, tail) = part.split_at(1);
        name + &head.to_ascii_uppercase() + tail
    })
}

fn scope(place: &Place) -> Value {
    match (&place.tenant, &place.directory) {
        (Some(tenant), _) => json!({"type": "tenant", "id": tenant}),
        (_, Some(directory)) => json!({"type": "directory", "id": directory}),
        _ => json!({"type": "installation"}),
    }
}

async fn grant(client: &Client, admin: &Value, role: AdminRole, place: &Place) -> Result<Value, Failure> {
    let wanted = json!({"role": role_name(role), "scope": scope(place)});
    client.post(&format!("{}/roles", path_of(admin)), &wanted).await
}

async fn revoke(client: &Client, admin: &str, role: AdminRole, place: &Place) -> Result<Answer, Failure> {
    let found = named(client, admin).await?;
    let wanted = scope(place);
    let is_meant = |held: &&Value| {
        let scope = &held["scope"];
        let same = |value: &Value| value.as_str().is_some_and(|text| Some(text) == wanted["id"].as_str());
        held["role"] == role_name(role)
            && scope["type"] == wanted["type"]
            && (wanted["id"].is_null() || same(&scope["id"]) || same(&scope["name"]))
    };
    let held = found["roles"].as_array().into_iter().flatten().find(is_meant).ok_or_else(|| {
        let held = roles(&found);
        let held = if held.is_empty() { "no role".to_owned() } else { held };
        Failure::new(
            "NotFound",
            format!("{} has no such role: {held}", text(&found, "displayName")),
            "name the tenant or directory that it was given in: --tenant NAME, --directory NAME",
        )
    })?;
    client.delete(&format!("{}/roles/{}", path_of(&found), id_of(held))).await?;
    let shown = format!("{} is no longer {}", text(&found, "displayName"), role_text(held));
    Ok(Answer::done(json!({"revoked": id_of(held)}), shown))
}

fn secret_text(secret: &Value) -> String {
    format!(
        "client    {}\nsecret    {}\nexpires   {}\n\nThe secret is shown this once.",
        text(secret, "clientId"),
        text(secret, "secret"),
        moment(secret, "expires")
    )
}

/// A secret as lists have it.
fn listed(mut secret: Value) -> Value {
    if let Some(members) = secret.as_object_mut() {
        members.retain(|name, _| name != "secret" && name != "clientId");
    }
    secret
}

async fn secret(client: &Client, command: AdminSecret) -> Result<Answer, Failure> {
    match command {
        AdminSecret::Create { tool, label, expires } => {
            let found = named(client, &tool).await?;
            let wanted = json!({"label": label, "expires": expires.map(instant).transpose()?});
            let made = client.post(&format!("{}/secrets", path_of(&found)), &wanted).await?;
            let shown = format!("id        {}\n{}", id_of(&made), secret_text(&made));
            Ok(Answer::done(made, shown))
        }
        AdminSecret::List { tool } => {
            let found = named(client, &tool).await?;
            let list = client.list(&format!("{}/secrets", path_of(&found)), usize::MAX).await?;
            let rows = list.iter().map(|secret| {
                let note = if secret["expired"] == true { "expired" } else { "" };
                let (created, expires) = (moment(secret, "created"), moment(secret, "expires"));
                let used = moment(secret, "lastUsed");
                [id_of(secret), text(secret, "label"), created, expires, used, note.to_owned()]
            });
            let shown = table(["ID", "LABEL", "CREATED", "EXPIRES", "LAST USED", "NOTE"], rows);
            Ok(Answer::done(json!({"value": list}), shown))
        }
        AdminSecret::Delete { tool, id } => {
            let found = named(client, &tool).await?;
            client.delete(&format!("{}/secrets/{}", path_of(&found), escape(&id))).await?;
            Ok(Answer::done(json!({"deleted": id}), format!("the secret {id} opens nothing any more")))
        }
    }
}

/// Replaces the administrator's token: in the store, or where a server has that, by asking the server.
pub async fn reset_token(data_dir: &Path, database: &Database) -> Result<Answer, Failure> {
    match crate::serve::reset_admin_token(data_dir, database).await {
        Err(failure) if failure.code == "Locked" => {
            let made =
                Client::of_data_dir(data_dir)?.post("/provost/v1/admin-token/reset", &json!({})).await?;
            crate::serve::write_token(data_dir, &text(&made, "token"))?;
        }
        done => done?,
    }
    let file = data_dir.join(crate::client::TOKEN_FILE);
    let shown = format!("the new token is in {}; the old one opens nothing any more", file.display());
    Ok(Answer::done(json!({"tokenFile": file}), shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_named_as_the_api_does() {
        for role in AdminRole::value_variants() {
            let named: Result<administrators::Role, _> = serde_json::from_value(role_name(*role).into());
            assert!(named.is_ok(), "{role:?}");
        }
    }

    #[test]
    fn a_password_that_is_made_is_long_and_another_each_time() {
        let (one, two) = (Password::made().expect("made"), Password::made().expect("made"));
        assert_eq!(one.text.len(), PASSWORD_LENGTH);
        assert_ne!(one.text, two.text);
    }
}
