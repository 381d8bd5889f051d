//! `provost app`.

use std::fmt::Write as _;

use serde_json::{Value, json};
use uuid::Uuid;

use super::connection::Secrets;
use super::{group, id_of, job_of, service_principal, user};
use crate::answer::{Answer, Failure, table, text};
use crate::cli::{App, Assign};
use crate::client::{Client, escape};

/// Runs the command.
pub async fn run(client: &Client, command: App) -> Result<Answer, Failure> {
    match command {
        App::Create { template, name, connection } => {
            let secrets = Secrets::read(connection)?;
            let signs_in = secrets.has("SecretToken") || secrets.has("Oauth2ClientId");
            if secrets.has("BaseAddress") != signs_in {
                let hint = "give --tenant-url with --secret-token-file, or with --client-id, --client-secret-file and \
                            --token-url; or none of them, and `provost app set` later";
                return Err(Failure::new("Usage", "an address goes with what signs in there", hint).usage());
            }
            create(client, &template, &name, &secrets).await
        }
        App::Set { name, connection } => {
            let secrets = Secrets::read(connection)?;
            if secrets.is_empty() {
                let hint = "see `provost app set --help`";
                return Err(Failure::new("Usage", "there is nothing to change", hint).usage());
            }
            let principal = id_of(&service_principal(client, &name).await?);
            secrets.save(client, &principal).await?;
            let shown = format!("saved\nnext: `provost job test \"{name}\"` tries the connection");
            Ok(Answer::done(json!({"id": principal, "set": secrets.names()}), shown))
        }
        App::Delete { name } => {
            let principal = id_of(&service_principal(client, &name).await?);
            client.delete(&format!("/v1.0/servicePrincipals/{principal}")).await?;
            let shown = format!("{name} is gone, with its job and assignments; the accounts in it stay");
            Ok(Answer::done(json!({"id": principal, "deleted": true}), shown))
        }
        App::List => {
            let apps = client.list("/v1.0/servicePrincipals", usize::MAX).await?;
            let shown = table(
                ["NAME", "TEMPLATE", "ID"],
                apps.iter().map(|app| {
                    ["displayName", "applicationTemplateId", "id"].map(|member| text(app, member))
                }),
            );
            Ok(Answer::done(json!({"value": apps}), shown))
        }
        App::Show { name } => show(client, &name).await,
        App::Assign(options) => assign(client, options).await,
        App::Unassign(options) => unassign(client, options).await,
    }
}

async fn create(client: &Client, template: &str, name: &str, secrets: &Secrets) -> Result<Answer, Failure> {
    let path = format!("/v1.0/applicationTemplates/{}/instantiate", escape(template));
    let created = client.post(&path, &json!({"displayName": name})).await?;
    let principal = id_of(&created["servicePrincipal"]);
    let next = if secrets.is_empty() {
        format!(
            "`provost app set \"{name}\" --tenant-url URL --secret-token-file FILE`, before the job can run"
        )
    } else {
        format!("`provost job test \"{name}\"` tries the connection")
    };
    let job = match complete(client, &principal, template, secrets).await {
        Ok(job) => job,
        Err(failure) => {
            // Half an application would be in the way of the next try under the same name.
            client.delete(&format!("/v1.0/servicePrincipals/{principal}")).await?;
            return Err(failure);
        }
    };
    let document = json!({
        "id": principal,
        "displayName": name,
        "applicationId": created["application"]["id"],
        "servicePrincipalId": principal,
        "jobId": job["id"],
    });
    let shown = format!("application {name} with its job (not started)\nnext: {next}");
    Ok(Answer::done(document, shown))
}

/// Gives a new application its job and credentials.
async fn complete(
    client: &Client,
    principal: &str,
    template: &str,
    secrets: &Secrets,
) -> Result<Value, Failure> {
    let path = format!("/v1.0/servicePrincipals/{principal}/synchronization/jobs");
    let job = client.post(&path, &json!({"templateId": template})).await?;
    secrets.save(client, principal).await?;
    Ok(job)
}

async fn assignments(client: &Client, principal: &str) -> Result<Vec<Value>, Failure> {
    client.list(&format!("/v1.0/servicePrincipals/{principal}/appRoleAssignedTo"), usize::MAX).await
}

async fn show(client: &Client, name: &str) -> Result<Answer, Failure> {
    let mut app = service_principal(client, name).await?;
    let assigned = assignments(client, &id_of(&app)).await?;
    let (_, job) = job_of(client, name).await?;
    let job = client.get(&format!("/provost/v1/jobs/{job}")).await?;
    let mut shown = String::new();
    let _ = writeln!(
        shown,
        "name      {}\nid        {}\njob       {}",
        text(&app, "displayName"),
        id_of(&app),
        id_of(&job)
    );
    let roles = app["appRoles"].as_array().cloned().unwrap_or_default();
    let names: Vec<String> = roles.iter().map(|role| text(role, "displayName")).collect();
    let names = if names.is_empty() { "none of its own".to_owned() } else { names.join(", ") };
    let _ = writeln!(shown, "roles     {names}");
    let whom = if job["scope"] == "all" { "everybody in the directory" } else { "whoever is assigned" };
    let _ = writeln!(shown, "for       {whom}\n");
    let rows = assigned.iter().map(|one| {
        [
            text(one, "principalDisplayName"),
            text(one, "principalType"),
            role_name(&roles, &text(one, "appRoleId")),
        ]
    });
    shown.push_str(&match assigned.as_slice() {
        [] => "nobody is assigned".to_owned(),
        _ => table(["ASSIGNED", "TYPE", "ROLE"], rows),
    });
    app["assignments"] = assigned.into();
    app["job"] = job;
    Ok(Answer::done(app, shown))
}

fn role_name(roles: &[Value], id: &str) -> String {
    let named = roles.iter().find(|role| role["id"] == id).map(|role| text(role, "displayName"));
    named.unwrap_or_else(|| if is_default(id) { "Default Access".to_owned() } else { id.to_owned() })
}

fn is_default(id: &str) -> bool {
    Uuid::parse_str(id).is_ok_and(|id| id == model::DEFAULT_ACCESS)
}

/// The role of that name, value or id; without one the first that people can be given, else Default Access.
fn role_id(app: &Value, wanted: Option<&str>) -> Result<String, Failure> {
    let roles = app["appRoles"].as_array().cloned().unwrap_or_default();
    let Some(wanted) = wanted else {
        let first = roles.iter().map(id_of).find(|id| !is_default(id));
        return Ok(first.unwrap_or_else(|| model::DEFAULT_ACCESS.to_string()));
    };
    let folded = wanted.to_lowercase();
    let matches = |role: &&Value| {
        role["id"] == wanted
            || ["displayName", "value"].iter().any(|member| text(role, member).to_lowercase() == folded)
    };
    if let Some(role) = roles.iter().find(matches) {
        return Ok(id_of(role));
    }
    if is_default(wanted) || folded == "default access" {
        return Ok(model::DEFAULT_ACCESS.to_string());
    }
    let names: Vec<String> = roles.iter().map(|role| text(role, "displayName")).collect();
    Err(Failure::new(
        "NoRole",
        format!("{} has no role {wanted}", text(app, "displayName")),
        format!("its roles: {}, Default Access", names.join(", ")),
    ))
}

async fn principal_id(client: &Client, options: &Assign) -> Result<Option<String>, Failure> {
    Ok(match (&options.who.user, &options.who.group) {
        (Some(name), _) => Some(id_of(&user(client, name).await?)),
        (_, Some(name)) => Some(id_of(&group(client, name).await?)),
        _ => None,
    })
}

async fn set_scope(client: &Client, name: &str, scope: &str) -> Result<Answer, Failure> {
    let (_, job) = job_of(client, name).await?;
    client.patch(&format!("/provost/v1/jobs/{job}"), &json!({"scope": scope})).await?;
    let shown = match scope {
        "all" => format!("{name} is for everybody in the directory"),
        _ => format!("{name} is for whoever is assigned"),
    };
    Ok(Answer::done(json!({"job": job, "scope": scope}), shown))
}

async fn assign(client: &Client, options: Assign) -> Result<Answer, Failure> {
    let Some(principal) = principal_id(client, &options).await? else {
        return set_scope(client, &options.name, "all").await;
    };
    let app = service_principal(client, &options.name).await?;
    let role = role_id(&app, options.role.as_deref())?;
    let body = json!({"principalId": principal, "resourceId": id_of(&app), "appRoleId": role});
    let created =
        client.post(&format!("/v1.0/servicePrincipals/{}/appRoleAssignedTo", id_of(&app)), &body).await?;
    let roles = app["appRoles"].as_array().cloned().unwrap_or_default();
    let shown = format!("assigned to {} with the role {}", options.name, role_name(&roles, &role));
    Ok(Answer::done(created, shown))
}

async fn unassign(client: &Client, options: Assign) -> Result<Answer, Failure> {
    let Some(principal) = principal_id(client, &options).await? else {
        return set_scope(client, &options.name, "assigned").await;
    };
    let app = service_principal(client, &options.name).await?;
    let role = options.role.as_deref().map(|role| role_id(&app, Some(role))).transpose()?;
    let mut removed = Vec::new();
    for one in assignments(client, &id_of(&app)).await? {
        let fits = role.as_deref().is_none_or(|role| one["appRoleId"] == role);
        if one["principalId"] == principal && fits {
            let path =
                format!("/v1.0/servicePrincipals/{}/appRoleAssignedTo/{}", id_of(&app), escape(&id_of(&one)));
            client.delete(&path).await?;
            removed.push(id_of(&one));
        }
    }
    if removed.is_empty() {
        return Err(Failure::new(
            "NotAssigned",
            format!("there is no such assignment to {}", options.name),
            "`provost app show` lists the assignments",
        ));
    }
    Ok(Answer::done(json!({"removed": removed}), format!("no longer assigned to {}", options.name)))
}
