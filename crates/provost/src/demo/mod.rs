//! `provost demo`: the whole scenario, through the HTTP API and the code of the other commands, and at its end a
//! comparison of the tenant with what the files and the changes say should be there.

mod company;
mod expect;
mod scim;
mod script;

use std::num::NonZeroUsize;
use std::path::Path;

use serde_json::{Value, json};

use crate::answer::{Answer, FAILED, Failure, UNFORESEEN, text};
use crate::cli::{self, Assign, Connection, Demo, Serve, Who};
use crate::client::Client;
use crate::commands::{app, group, job, log, tenant, user};
use crate::serve;

use company::{Company, Role};
use expect::Holdings;
use scim::Scim;

/// The name of the application in the demo's directory.
const APP: &str = "OfficeSpace Software";
/// Differences shown to people; the rest is counted.
const SHOWN: usize = 25;
/// Groups of the demo whatever its size.
const GROUPS: usize = 20;

/// Says what happens: to standard output, or with `--json` to standard error.
pub struct Narrator {
    json: bool,
}

impl Narrator {
    /// A heading.
    pub fn step(&self, words: &str) {
        self.say(&format!("\n== {words}"));
    }

    /// A line or several.
    pub fn say(&self, words: &str) {
        if self.json {
            eprintln!("{words}");
        } else {
            println!("{words}");
        }
    }
}

/// Runs the scenario and, unless told to end, keeps serving.
pub async fn run(options: &Demo, json: bool) -> Result<Answer, Failure> {
    let narrator = Narrator { json };
    let dir = tempfile::Builder::new().prefix("provost-demo-").tempdir().map_err(|error| {
        Failure::new(
            "File",
            format!("a throw-away directory cannot be made: {error}"),
            "set TMPDIR to a place with room",
        )
    })?;
    narrator.step("A server on a throw-away data directory");
    let server = serve::start(dir.path(), &server_options()).await?;
    narrator.say(&format!("listening on {}, data in {}", server.url(), dir.path().display()));
    let result = scenario(options, &narrator, dir.path()).await;
    if result.is_ok() && !options.exit {
        narrator.say(&format!(
            "\nThe server keeps running; look around with\n  provost --data-dir {0} user list\n  provost --data-dir {0} log list\n\
             and end it with Ctrl-C. The data goes with it.",
            dir.path().display()
        ));
        serve::signalled().await;
    }
    server.stop().await?;
    result
}

fn server_options() -> Serve {
    Serve {
        listen: "127.0.0.1:0".to_owned(),
        domain: "localhost".to_owned(),
        public_url: None,
        tls_cert: None,
        tls_key: None,
        max_connections: NonZeroUsize::new(1000).unwrap_or(NonZeroUsize::MIN),
        keep_changes: jiff::SignedDuration::from_hours(24),
        import_dir: None,
        allow_link_local: false,
        keep_log: jiff::SignedDuration::from_hours(24),
        keep_audit: jiff::SignedDuration::from_hours(24),
        database: cli::Database::default(),
        mail: cli::Mail::default(),
    }
}

async fn scenario(options: &Demo, narrator: &Narrator, dir: &Path) -> Result<Answer, Failure> {
    let client = Client::connect(dir)?;
    let (users, groups) = files(options.users);
    let mut company = Company::read(&users, &groups)?;

    narrator.step("The directory: users and groups from CSV files");
    import(&client, narrator, dir, &users, &groups).await?;

    narrator.step("The application's side: the tenant \"contoso\"");
    let created = tenant::tenant(&client, cli::Tenant::Create { name: "contoso".to_owned() }).await?.json;
    let (address, token) = (text(&created, "scimBaseUrl"), text(&created, "token"));
    narrator.say(&format!("Tenant URL {address}, and a token that is shown once"));

    narrator.step(&format!("{APP} from the gallery"));
    add_application(&client, narrator, dir, &address, &token).await?;
    assign(&client, narrator, &mut company).await?;

    narrator.step("The initial cycle");
    let mut cycles = vec![cycle(&client, narrator).await?];
    company.after_cycle();
    let scim = Scim::new(&text(&created, "pathBaseUrl"), &token)?;
    let first = compare(&client, narrator, &scim, &company).await?;

    narrator.step("A day in the company: names, leavers, joiners, moves");
    let shown = script::changes(&client, narrator, dir, &mut company).await?;
    narrator.step("The incremental cycle");
    cycles.push(cycle(&client, narrator).await?);
    company.after_cycle();

    narrator.step("The log of one user, step by step");
    show_log(&client, narrator, &shown).await?;
    narrator.step("Somebody with only the Default Access role");
    show_skipped(&client, narrator, &company).await?;

    if options.sabotage {
        sabotage(narrator, &scim, &company).await?;
    }
    narrator.step("Does the tenant hold what the files and the changes say?");
    let second = compare(&client, narrator, &scim, &company).await?;
    let differences = first.len() + second.len();
    let document = json!({
        "cycles": cycles,
        "differencesAfterInitialCycle": first,
        "differences": second,
    });
    let verdict = match differences {
        0 => "\nEverything is as it should be.".to_owned(),
        count => format!("\n{count} differences."),
    };
    let answer = Answer::done(document, verdict);
    Ok(if differences == 0 { answer } else { answer.with_status(FAILED) })
}

/// The files of the repository, or larger and smaller companies of the same kind.
fn files(users: u32) -> (String, String) {
    if users == 1000 {
        return (
            include_str!("../../data/users.csv").to_owned(),
            include_str!("../../data/groups.csv").to_owned(),
        );
    }
    let made = crate::people::files(users as usize, GROUPS);
    (made.users, made.groups)
}

/// Writes a file into the data directory for a command to read.
fn file(dir: &Path, name: &str, content: &str) -> Result<std::path::PathBuf, Failure> {
    let path = dir.join(name);
    std::fs::write(&path, content).map_err(|error| {
        Failure::new(
            "File",
            format!("{} cannot be written: {error}", path.display()),
            "see that the folder for temporary files has space and can be written",
        )
    })?;
    Ok(path)
}

/// A command that has to succeed; what it says goes into the narration.
fn held(narrator: &Narrator, answer: &Answer) -> Result<(), Failure> {
    if answer.status == 0 {
        narrator.say(answer.text.trim_end());
        return Ok(());
    }
    Err(Failure::new("Demo", answer.text.trim_end(), UNFORESEEN))
}

async fn import(
    client: &Client,
    narrator: &Narrator,
    dir: &Path,
    users: &str,
    groups: &str,
) -> Result<(), Failure> {
    let file_of = |name, content| file(dir, name, content);
    let users = cli::User::Import {
        file: file_of("users.csv", users)?,
        dry_run: false,
        atomic: false,
        snapshot: false,
        allow_leavers: None,
    };
    held(narrator, &user::run(client, users).await?)?;
    let groups = cli::Group::Import { file: file_of("groups.csv", groups)?, dry_run: false, atomic: false };
    held(narrator, &group::run(client, groups).await?)
}

async fn add_application(
    client: &Client,
    narrator: &Narrator,
    dir: &Path,
    address: &str,
    token: &str,
) -> Result<(), Failure> {
    let secret = file(dir, "contoso-token", token)?;
    let create = cli::App::Create {
        template: "officespace".to_owned(),
        name: APP.to_owned(),
        connection: Connection {
            tenant_url: Some(address.to_owned()),
            secret_token_file: Some(secret.clone()),
            ..Connection::default()
        },
    };
    let created = app::run(client, create).await;
    let _ = std::fs::remove_file(secret);
    held(narrator, &created?)?;
    held(narrator, &job::run(client, cli::Job::Test { name: APP.to_owned() }).await?)
}

fn assignment(user: Option<&str>, group: Option<&str>, role: Option<&str>) -> Assign {
    Assign {
        name: APP.to_owned(),
        who: Who { user: user.map(str::to_owned), group: group.map(str::to_owned), all_users: false },
        role: role.map(str::to_owned),
    }
}

/// Assigns the departments, and two contractors: one with a role, one with Default Access only.
async fn assign(client: &Client, narrator: &Narrator, company: &mut Company) -> Result<(), Failure> {
    let names: Vec<String> = company.groups.keys().cloned().collect();
    for name in &names {
        app::run(client, cli::App::Assign(assignment(None, Some(name), Some("User")))).await?;
        company.assigned.insert(name.clone());
    }
    narrator.say(&format!("{} groups assigned with the role User", names.len()));
    for (role, words) in [(Role::Proper, "User"), (Role::DefaultAccess, "Default Access")] {
        let contractor = company.people.values_mut().find(|person| {
            person.direct_role.is_none()
                && person.get("department").is_empty()
                && person.get("accountEnabled") == "True"
        });
        let Some(contractor) = contractor else { continue };
        contractor.direct_role = Some(role);
        let name = contractor.get("userPrincipalName").to_owned();
        app::run(client, cli::App::Assign(assignment(Some(&name), None, Some(words)))).await?;
        narrator.say(&format!("{name} assigned with the role {words}"));
    }
    Ok(())
}

async fn cycle(client: &Client, narrator: &Narrator) -> Result<Value, Failure> {
    let answer = job::run(client, cli::Job::Run { name: APP.to_owned(), wait: true }).await?;
    held(narrator, &answer)?;
    Ok(answer.json)
}

async fn entries(client: &Client, name: &str) -> Result<Vec<Value>, Failure> {
    let list = cli::Log::List {
        name: Some(APP.to_owned()),
        user: Some(name.to_owned()),
        status: None,
        since: None,
        top: Some(20),
        steps: true,
        format: cli::Format::Table,
    };
    let answer = log::run(client, list).await?;
    Ok(answer.json["value"].as_array().cloned().unwrap_or_default())
}

async fn show_log(client: &Client, narrator: &Narrator, name: &str) -> Result<(), Failure> {
    let found = entries(client, name).await?;
    if found.is_empty() {
        return Err(Failure::new(
            "Demo",
            format!("the provisioning log says nothing about {name}"),
            UNFORESEEN,
        ));
    }
    for entry in found.iter().rev() {
        narrator.say(&log::entry_text(entry));
    }
    narrator.say("provisioned once more, on demand, with every step:");
    let subject = cli::Subject { user: Some(name.to_owned()), group: None };
    held(narrator, &job::run(client, cli::Job::Provision { name: APP.to_owned(), subject }).await?)
}

async fn show_skipped(client: &Client, narrator: &Narrator, company: &Company) -> Result<(), Failure> {
    let person = company.people.values().find(|person| person.direct_role == Some(Role::DefaultAccess));
    let Some(person) = person else { return Ok(()) };
    let name = person.get("userPrincipalName");
    let found = entries(client, name).await?;
    let skipped = found.iter().find(|entry| log::status_of(entry) == "skipped");
    let skipped = skipped.ok_or_else(|| {
        Failure::new("Demo", format!("the log does not say that {name} was skipped"), UNFORESEEN)
    })?;
    narrator.say(&log::entry_text(skipped));
    Ok(())
}

async fn sabotage(narrator: &Narrator, scim: &Scim, company: &Company) -> Result<(), Failure> {
    let victim = company.individuals().into_iter().next_back();
    let name = victim
        .and_then(|id| company.people.get(&id).map(|person| person.get("userPrincipalName").to_owned()));
    let Some(name) = name else { return Ok(()) };
    if let Some(id) = scim.user_id(&name).await? {
        scim.delete_user(&id).await?;
        narrator.step("Sabotage");
        narrator.say(&format!("{name} was deleted in the tenant, behind the engine's back"));
    }
    Ok(())
}

/// Compares object by object, attribute by attribute, and tells every difference.
async fn compare(
    client: &Client,
    narrator: &Narrator,
    scim: &Scim,
    company: &Company,
) -> Result<Vec<String>, Failure> {
    let groups = group::run(client, cli::Group::List).await?.json;
    let ids = groups["value"].as_array().into_iter().flatten();
    let ids = ids.map(|group| (text(group, "displayName"), text(group, "id"))).collect();
    let expected = Holdings::expected(company, &ids);
    let (actual, mut found) = Holdings::actual(&scim.all("Users").await?, &scim.all("Groups").await?);
    found.extend(expect::differences(&expected, &actual));
    narrator.say(&format!(
        "compared {} users and {} groups, {} values: {} differences",
        expected.users.len(),
        expected.groups.len(),
        expected.values(),
        found.len()
    ));
    for difference in found.iter().take(SHOWN) {
        narrator.say(&format!("  {difference}"));
    }
    if found.len() > SHOWN {
        narrator.say(&format!("  ... and {} more", found.len() - SHOWN));
    }
    Ok(found)
}
