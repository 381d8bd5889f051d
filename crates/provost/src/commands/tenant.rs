//! `provost tenant` and `provost token`.

use serde_json::{Value, json};

use super::audit::audits_text;
use super::{instant, read_document};
use crate::answer::{Answer, Failure, cut, moment, plain, sheet, table, text};
use crate::cli::{PatchAnswer, Switch, Tenant, TenantSchema, TenantSettings, Token};
use crate::client::{Client, escape};

const TENANTS: &str = "/provost/v1/tenants";

/// Runs a command on tenants.
pub async fn tenant(client: &Client, command: Tenant) -> Result<Answer, Failure> {
    match command {
        Tenant::Create { name } => {
            let created = client.post(TENANTS, &json!({"name": name})).await?;
            let shown = format!(
                "tenant      {}\nTenant URL  {}\n       or   {}\ntoken       {}\n\nThe token is shown this once. Keep it as a \
                 secret.",
                text(&created, "tenant"),
                text(&created, "scimBaseUrl"),
                text(&created, "pathBaseUrl"),
                text(&created, "token"),
            );
            Ok(Answer::done(created, shown))
        }
        Tenant::List => {
            let tenants = client.list(TENANTS, usize::MAX).await?;
            let shown = table(
                ["NAME", "ID", "SCIM ADDRESS"],
                tenants
                    .iter()
                    .map(|tenant| [name_of(tenant), text(tenant, "id"), text(tenant, "scimBaseUrl")]),
            );
            Ok(Answer::done(json!({"value": tenants}), shown))
        }
        Tenant::Show { name } => {
            let tenant = client.get(&format!("{TENANTS}/{}", escape(&name))).await?;
            let shown = sheet(&tenant);
            Ok(Answer::done(tenant, shown))
        }
        Tenant::Set { name, settings } => {
            let changed = client.patch(&format!("{TENANTS}/{}", escape(&name)), &changes(&settings)).await?;
            let shown = sheet(&changed);
            Ok(Answer::done(changed, shown))
        }
        Tenant::Schema(command) => schema(client, command).await,
        Tenant::Webhook(command) => super::webhook::run(client, command).await,
        Tenant::Requests { name, errors, client: who } => {
            let mut path = format!("{TENANTS}/{}/requests?errors={errors}", escape(&name));
            if let Some(who) = who {
                path = format!("{path}&client={}", escape(&who));
            }
            let requests = client.list(&path, usize::MAX).await?;
            let shown = table(
                ["TIME", "METHOD", "TARGET", "STATUS", "MS", "CLIENT", "NOTES"],
                requests.iter().map(|request| {
                    [
                        moment(request, "at"),
                        text(request, "method"),
                        cut(&text(request, "target")),
                        status(request),
                        text(request, "durationMs"),
                        text(request, "client"),
                        notes(request),
                    ]
                }),
            );
            Ok(Answer::done(json!({"value": requests}), shown))
        }
        Tenant::Audits { name } => {
            let audits = client.list(&format!("{TENANTS}/{}/audits", escape(&name)), usize::MAX).await?;
            let shown = audits_text(&audits);
            Ok(Answer::done(json!({"value": audits}), shown))
        }
        Tenant::Delete { name } => {
            client.delete(&format!("{TENANTS}/{}", escape(&name))).await?;
            Ok(Answer::done(
                json!({"deleted": name}),
                format!("tenant {name} is gone, with everything in it"),
            ))
        }
    }
}

/// The settings that are to be changed, as the API takes them.
fn changes(given: &TenantSettings) -> Value {
    let on = |switch: Option<Switch>| switch.map(|switch| json!(switch.is_on()));
    let answer = given.patch_answer.map(|answer| match answer {
        PatchAnswer::ByType => json!("byType"),
        PatchAnswer::Resource => json!("resource"),
        PatchAnswer::NoContent => json!("noContent"),
    });
    let settings = [
        ("uniqueGroupNames", on(given.unique_group_names)),
        ("uniqueExternalIds", on(given.unique_external_ids)),
        ("strict", on(given.strict)),
        ("patchAnswer", answer),
        ("discoveryNeedsToken", on(given.discovery_needs_token)),
        ("requestsPerSecond", given.requests_per_second.map(Value::from)),
    ];
    let settings: serde_json::Map<String, Value> =
        settings.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut changes = json!({});
    if let Some(on) = on(given.scim_for_authentication) {
        changes["scimForAuthentication"] = on;
    }
    if !settings.is_empty() {
        changes["settings"] = settings.into();
    }
    changes
}

/// Runs a command on schema extensions.
async fn schema(client: &Client, command: TenantSchema) -> Result<Answer, Failure> {
    let schemas = |tenant: &str| format!("{TENANTS}/{}/schemas", escape(tenant));
    match command {
        TenantSchema::List { tenant } => {
            let list = client.list(&schemas(&tenant), usize::MAX).await?;
            let shown = table(
                ["URN", "NAME", "OF", "ATTRIBUTES", "STATE"],
                list.iter().map(|schema| {
                    [
                        text(schema, "id"),
                        text(schema, "name"),
                        text(schema, "resourceType"),
                        schema["attributes"].as_array().map_or(0, Vec::len).to_string(),
                        text(schema, "state"),
                    ]
                }),
            );
            Ok(Answer::done(json!({"value": list}), shown))
        }
        TenantSchema::Show { tenant, urn } => {
            let schema = client.get(&format!("{}/{}", schemas(&tenant), escape(&urn))).await?;
            let shown = attributes(&schema);
            Ok(Answer::done(schema, shown))
        }
        TenantSchema::Set { tenant, file } => {
            let help = "`provost tenant schema set --help` shows what a definition looks like";
            let definition = read_document(&file, help)?;
            let Some(urn) = definition["id"].as_str() else {
                return Err(Failure::new("File", format!("{} has no id", file.display()), help));
            };
            let schema = client.put(&format!("{}/{}", schemas(&tenant), escape(urn)), &definition).await?;
            let shown = attributes(&schema);
            Ok(Answer::done(schema, shown))
        }
        TenantSchema::Delete { tenant, urn } => {
            client.delete(&format!("{}/{}", schemas(&tenant), escape(&urn))).await?;
            Ok(Answer::done(json!({"deleted": urn}), format!("{urn} is gone, with all values of it")))
        }
    }
}

/// An extension with its attributes as a table.
fn attributes(schema: &Value) -> String {
    let mut rows = Vec::new();
    collect(&schema["attributes"], "", &mut rows);
    format!(
        "{}\n{} of {}, {}\n\n{}",
        text(schema, "id"),
        text(schema, "name"),
        text(schema, "resourceType"),
        text(schema, "state"),
        table(["ATTRIBUTE", "TYPE", "REQUIRED", "MUTABILITY", "RETURNED", "UNIQUENESS", "INDEXED"], rows)
    )
}

fn collect(attributes: &Value, parent: &str, rows: &mut Vec<[String; 7]>) {
    for attribute in attributes.as_array().into_iter().flatten() {
        let path = format!("{parent}{}", text(attribute, "name"));
        let many = if attribute["multiValued"] == true { "list of " } else { "" };
        let indexed = attribute["indexed"] == true || attribute["uniqueness"] != "none";
        rows.push([
            path.clone(),
            format!("{many}{}", text(attribute, "type")),
            text(attribute, "required"),
            text(attribute, "mutability"),
            text(attribute, "returned"),
            text(attribute, "uniqueness"),
            plain(&indexed.into()),
        ]);
        collect(&attribute["subAttributes"], &format!("{path}."), rows);
    }
}

/// The status of an answer, with the keyword of the error.
fn status(request: &Value) -> String {
    format!("{} {}", text(request, "status"), text(request, "scimType")).trim_end().to_owned()
}

/// Why a request was refused, what to do about it, and what was accepted of it.
fn notes(request: &Value) -> String {
    let quirks = request["quirks"].as_array().into_iter().flatten();
    let mut notes: Vec<String> = quirks.map(|quirk| format!("accepted: {}", text(quirk, "detail"))).collect();
    if let Some(cause) = request["cause"].as_str() {
        notes.push(format!("cause: {cause}"));
        notes.push(format!("fix: {}", text(request, "fix")));
    }
    notes.join("; ")
}

fn name_of(tenant: &Value) -> String {
    let name = text(tenant, "name");
    if name.is_empty() { text(tenant, "tenant") } else { name }
}

/// Runs a command on tokens.
pub async fn token(client: &Client, command: Token) -> Result<Answer, Failure> {
    let tokens = |tenant: &str| format!("{TENANTS}/{}/tokens", escape(tenant));
    match command {
        Token::Create { tenant, label, expires, read_only } => {
            let expires = expires.map(instant).transpose()?;
            let scope = if read_only { "readOnly" } else { "readWrite" };
            let wanted = json!({"label": label, "expires": expires, "scope": scope});
            Ok(issued(client.post(&tokens(&tenant), &wanted).await?))
        }
        Token::List { tenant } => {
            let list = client.list(&tokens(&tenant), usize::MAX).await?;
            let shown = table(
                ["ID", "LABEL", "SCOPE", "CREATED", "EXPIRES", "LAST USED", "NOTE"],
                list.iter().map(|token| {
                    [
                        text(token, "id"),
                        text(token, "label"),
                        text(token, "scope"),
                        moment(token, "created"),
                        moment(token, "expires"),
                        moment(token, "lastUsed"),
                        if token["expiresSoon"] == true {
                            "expires soon: rotate it".to_owned()
                        } else {
                            String::new()
                        },
                    ]
                }),
            );
            Ok(Answer::done(json!({"value": list}), shown))
        }
        Token::Rotate { tenant, id, overlap } => {
            let id = match id {
                Some(id) => id,
                None => only_token(client, &tokens(&tenant), &tenant).await?,
            };
            let path = format!("{}/{}/rotate", tokens(&tenant), escape(&id));
            let created = client.post(&path, &json!({"overlap": overlap.to_string()})).await?;
            Ok(issued(created))
        }
        Token::Revoke { tenant, id } => {
            client.delete(&format!("{}/{}", tokens(&tenant), escape(&id))).await?;
            Ok(Answer::done(json!({"revoked": id}), format!("token {id} opens nothing any more")))
        }
    }
}

async fn only_token(client: &Client, path: &str, tenant: &str) -> Result<String, Failure> {
    let live = client.list(path, usize::MAX).await?;
    match live.as_slice() {
        [one] => Ok(super::id_of(one)),
        [] => Err(Failure::new(
            "NoToken",
            format!("the tenant {tenant} has no token"),
            "`provost token create` makes one",
        )),
        several => {
            let ids: Vec<String> = several.iter().map(super::id_of).collect();
            Err(Failure::new(
                "Ambiguous",
                format!("the tenant {tenant} has several tokens: {}", ids.join(", ")),
                "name the one to replace: `provost token rotate TENANT ID`",
            ))
        }
    }
}

fn issued(created: Value) -> Answer {
    let shown = format!(
        "id     {}\ntoken  {}\n\nThe token is shown this once. Keep it as a secret.",
        text(&created, "id"),
        text(&created, "token")
    );
    Answer::done(created, shown)
}
