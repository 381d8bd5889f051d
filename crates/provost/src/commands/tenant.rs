//! `provost tenant` and `provost token`.

use serde_json::{Value, json};

use crate::answer::{Answer, Failure, moment, sheet, table, text};
use crate::cli::{Tenant, Token};
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
                        text(request, "target"),
                        status(request),
                        text(request, "durationMs"),
                        text(request, "client"),
                        notes(request),
                    ]
                }),
            );
            Ok(Answer::done(json!({"value": requests}), shown))
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
        Token::Create { tenant } => {
            let created = client.post(&tokens(&tenant), &json!({})).await?;
            Ok(issued(created))
        }
        Token::List { tenant } => {
            let list = client.list(&tokens(&tenant), usize::MAX).await?;
            let shown = table(
                ["ID", "LABEL", "CREATED", "EXPIRES", "LAST USED", "NOTE"],
                list.iter().map(|token| {
                    [
                        text(token, "id"),
                        text(token, "label"),
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
        [] => Err(Failure::new("NoToken", format!("the tenant {tenant} has no token"))
            .hint("`provost token create` makes one")),
        several => {
            let ids: Vec<String> = several.iter().map(super::id_of).collect();
            Err(Failure::new(
                "Ambiguous",
                format!("the tenant {tenant} has several tokens: {}", ids.join(", ")),
            )
            .hint("name the one to replace: `provost token rotate TENANT ID`"))
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
