//! What each command does. All but `serve`, `demo`, `expr` and the small ones talk to a running server.

use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use model::{Clock as _, SystemClock};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::answer::{Answer, Failure};
use crate::cli::{AdminToken, Arguments, Command, Moment};
use crate::client::{Client, escape};

mod admin;
pub mod app;
mod audit;
mod backup;
mod config;
mod connection;
mod directory;
mod drift;
mod expr;
mod filter;
mod gallery;
pub mod group;
mod guards;
mod import;
pub mod job;
pub mod log;
mod mapping;
mod object;
mod plan;
mod status;
mod table;
pub mod tenant;
pub mod user;
mod webhook;

/// Runs the command.
pub async fn run(arguments: Arguments) -> Result<Answer, Failure> {
    let data_dir = arguments.data_dir;
    let connect = || Client::connect(&data_dir);
    match arguments.command {
        Command::Serve(options) => crate::serve::run(&data_dir, &options).await,
        Command::Demo(options) => crate::demo::run(&options, arguments.json).await,
        Command::Expr(options) => expr::run(&options),
        Command::Tenant(command) => tenant::tenant(&connect()?, command).await,
        Command::Token(command) => tenant::token(&connect()?, command).await,
        Command::User(command) => user::run(&connect()?, command).await,
        Command::Group(command) => group::run(&connect()?, command).await,
        Command::Gallery(command) => gallery::run(&connect()?, command).await,
        Command::App(command) => app::run(&connect()?, command).await,
        Command::Job(command) => job::run(&connect()?, command).await,
        Command::Log(command) => log::run(&connect()?, command).await,
        Command::Backup(options) => backup::run(&data_dir, &options.file).await,
        Command::Restore(options) => crate::serve::copies::restore(&data_dir, &options).await,
        Command::Config(command) => config::run(&connect()?, command).await,
        Command::Admin(command) => admin::run(&connect()?, command).await,
        Command::AdminToken(AdminToken::Reset { database }) => admin::reset_token(&data_dir, &database).await,
        Command::Completion { shell } => Ok(completion(shell)),
        Command::DemoFiles { dir, users, groups } => demo_files(&dir, users, groups),
    }
}

/// The script that completes commands, options and their values, made of the commands that there are.
fn completion(shell: clap_complete::Shell) -> Answer {
    let mut script = Vec::new();
    let mut command = <Arguments as clap::CommandFactory>::command();
    clap_complete::generate(shell, &mut command, "provost", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Answer::done(json!({"shell": shell.to_string(), "script": script}), script)
}

fn demo_files(dir: &Path, users: usize, groups: usize) -> Result<Answer, Failure> {
    let files = crate::people::files(users, groups);
    let write = |name: &str, text: &str| {
        let file = dir.join(name);
        std::fs::write(&file, text).map_err(|error| {
            Failure::new("File", format!("{} cannot be written: {error}", file.display()), "check the path")
        })
    };
    write("users.csv", &files.users)?;
    write("groups.csv", &files.groups)?;
    Ok(Answer::done(json!({"users": users, "groups": groups}), format!("{users} users, {groups} groups")))
}

/// The one application of that name or id; the ids of its application object and of its job name it as well.
pub async fn service_principal(client: &Client, name: &str) -> Result<Value, Failure> {
    let all = client.list("/v1.0/servicePrincipals", usize::MAX).await?;
    if uuid::Uuid::parse_str(name).is_ok() && all.iter().all(|app| app["id"] != name) {
        let job = client.get(&format!("/provost/v1/jobs/{name}")).await.unwrap_or_default();
        let application = client.get(&format!("/v1.0/applications/{name}")).await.unwrap_or_default();
        let owns =
            |app: &Value| app["id"] == job["servicePrincipalId"] || app["appId"] == application["appId"];
        if let Some(found) = all.iter().find(|app| owns(app) || app["appId"] == name) {
            return Ok(found.clone());
        }
    }
    one_of(all, "application", name, "provost app list")
}

/// The one job of the application.
pub async fn job_of(client: &Client, name: &str) -> Result<(Value, String), Failure> {
    let principal = service_principal(client, name).await?;
    let id = id_of(&principal);
    let jobs = client.get(&format!("/v1.0/servicePrincipals/{id}/synchronization/jobs")).await?;
    let job = jobs["value"].as_array().and_then(|jobs| jobs.first()).ok_or_else(|| {
        Failure::new(
            "NoJob",
            format!("the application {name} has no synchronization job"),
            "`provost app create` makes an application with its job",
        )
    })?;
    let job = id_of(job);
    Ok((principal, job))
}

/// A user by principal name or id.
pub async fn user(client: &Client, name: &str) -> Result<Value, Failure> {
    client.get(&format!("/v1.0/users/{}", escape(name))).await.map_err(|failure| {
        if failure.code == "Request_ResourceNotFound" {
            Failure::new(
                "Request_ResourceNotFound",
                format!("there is no user {name}"),
                "`provost user list` shows the users; those in the recycle bin with --deleted",
            )
        } else {
            failure
        }
    })
}

/// A group by display name or id.
pub async fn group(client: &Client, name: &str) -> Result<Value, Failure> {
    let filter = escape(&format!("displayName eq {}", crate::client::quote(name)));
    let mut found = client.list(&format!("/v1.0/groups?$filter={filter}"), 100).await?;
    if found.is_empty() && uuid::Uuid::parse_str(name).is_ok() {
        found = vec![client.get(&format!("/v1.0/groups/{name}")).await?];
    }
    one_of(found, "group", name, "provost group list")
}

/// The id of an object of an answer.
pub fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap_or_default().to_owned()
}

/// The one object with that display name or id; several are refused with their ids.
pub fn one_of(all: Vec<Value>, kind: &str, name: &str, list: &str) -> Result<Value, Failure> {
    let folded = name.to_lowercase();
    let mut found: Vec<Value> = all
        .into_iter()
        .filter(|object| {
            object["id"] == name
                || object["displayName"].as_str().is_some_and(|other| other.to_lowercase() == folded)
        })
        .collect();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::new("NotFound", format!("there is no {kind} {name}"), format!("see `{list}`"))),
        count => {
            let ids: Vec<String> = found.iter().map(id_of).collect();
            Err(Failure::new(
                "Ambiguous",
                format!("{count} {kind}s are called {name}: {}", ids.join(", ")),
                "name the one you mean by its id",
            ))
        }
    }
}

/// The moment that is meant, now.
pub fn instant(moment: Moment) -> Result<Timestamp, Failure> {
    match moment {
        Moment::At(at) => Ok(at),
        Moment::After(time) => SystemClock
            .now()
            .checked_add(time)
            .map_err(|_| Failure::new("Usage", "--expires is too far away", "take an earlier one").usage()),
    }
}

/// Reads a file that the user named.
pub fn read_file(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| {
        Failure::new("File", format!("{} cannot be read: {error}", file.display()), "check the path")
    })
}

/// Reads a password from a file that the user named: what stands in it, without the end of the line.
pub fn read_password(file: &Path) -> Result<SecretString, Failure> {
    let text = String::from_utf8(read_file(file)?).map_err(|_| {
        Failure::new(
            "File",
            format!("{} is not UTF-8", file.display()),
            "it holds the password as text, and nothing else",
        )
    })?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

/// Reads a JSON document from a file that the user named, or from standard input. `help` says what it looks like.
pub fn read_document(file: &Path, help: &str) -> Result<Value, Failure> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|error| {
            Failure::new(
                "File",
                format!("standard input cannot be read: {error}"),
                "write the document to a file, and name that",
            )
        })?;
        bytes
    } else {
        read_file(file)?
    };
    scim::json::parse(&bytes).map_err(|error| {
        Failure::new("File", format!("{} is not JSON: {}", file.display(), error.detail), help)
    })
}
