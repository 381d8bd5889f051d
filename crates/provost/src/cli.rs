//! The command tree, with the help that a newcomer reads.

mod admin;
mod app;
mod backup;
mod config;
mod import;
mod job_settings;
mod mapping;
mod serve;
mod tenant;
mod values;

use std::path::PathBuf;

pub use admin::{Admin, AdminChanges, AdminKind, AdminRole, AdminSecret, AdminToken, Place};
pub use app::{App, Assign, ClientAuth, Connection, Oauth, Who};
pub use backup::{Backup, Restore};
use clap::{Args, Parser, Subcommand, ValueEnum};
pub use config::{Apply, Config};
pub use import::{ImportSchedule, SetImport};
use jiff::SignedDuration;
pub use job_settings::{DriftAction, GuardChange, JobSettings, Leaving, Matched};
pub use mapping::{JobAttribute, JobFilter, JobMapping, JobObject, MappingOptions, OnNull, word};
pub use serve::{Mail, Serve};
pub use tenant::{PatchAnswer, Switch, Tenant, TenantSchema, TenantSettings, Token};
pub use values::Moment;
use values::duration;

/// Automatic user provisioning, both ends of it.
///
/// Provost keeps accounts in applications in step with a directory of users and groups, and is itself the SCIM 2.0
/// endpoint that other provisioning services fill. Start with `provost demo`, or with `provost serve` and, beside it,
/// the other commands.
#[derive(Debug, Parser)]
#[command(name = "provost", version, arg_required_else_help = true, max_term_width = 110)]
#[command(after_help = "\
Examples:
  provost demo --exit                     the whole scenario, checked, in a minute
  provost serve                           and in a second terminal:
  provost user import users.csv
  provost tenant create contoso
  provost app create --template scim --name Contoso --tenant-url URL --secret-token-file token.txt
  provost app assign Contoso --all-users
  provost job run Contoso --wait

Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused by a safety limit.")]
pub struct Arguments {
    /// Print one JSON document to standard output, and everything else to standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// The directory in which the server keeps its data, its address and the administrator's token
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "PROVOST_DATA_DIR",
        default_value = "./provost-data"
    )]
    pub data_dir: PathBuf,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server: the provisioning service, the SCIM endpoint and the administration API
    Serve(Serve),
    /// Show the whole scenario on a throw-away data directory: import, assign, provision, change, compare
    Demo(Demo),
    /// Evaluate an attribute-mapping expression (needs no server)
    Expr(Expr),
    /// Tenants of the SCIM endpoint, each a customer of the application
    #[command(subcommand)]
    Tenant(Tenant),
    /// Tokens that open a tenant's SCIM endpoint
    #[command(subcommand)]
    Token(Token),
    /// Users of the directory
    #[command(subcommand)]
    User(User),
    /// Groups of the directory
    #[command(subcommand)]
    Group(Group),
    /// The gallery of application templates
    #[command(subcommand)]
    Gallery(Gallery),
    /// Applications that users are provisioned to, and who is assigned to them
    #[command(subcommand)]
    App(App),
    /// An application's synchronization job
    #[command(subcommand)]
    Job(Job),
    /// What happened to whom in the applications, and why; who changed what
    #[command(subcommand)]
    Log(Log),
    /// The configuration as one document, for version control
    #[command(subcommand)]
    Config(Config),
    /// Write a copy of the whole installation to a file, while it runs
    Backup(Backup),
    /// Make the data directory from such a copy
    Restore(Restore),
    /// Administrators: people who sign in and tools, what they may do and where
    #[command(subcommand)]
    Admin(Admin),
    /// The administrator's token of the installation, which the other commands use
    #[command(subcommand)]
    AdminToken(AdminToken),
    /// Print the completion script for a shell (bash, zsh, fish, elvish, powershell)
    Completions { shell: clap_complete::Shell },
    /// Write users.csv and groups.csv of an invented company into a directory
    #[command(hide = true)]
    DemoFiles {
        dir: PathBuf,
        #[arg(long, default_value_t = 1000)]
        users: usize,
        #[arg(long, default_value_t = 20)]
        groups: usize,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provost demo                            runs the scenario, then keeps serving for you to look around
  provost demo --exit --users 5000        for scripts: a larger company, and the exit status tells")]
pub struct Demo {
    /// How many users the directory gets
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(60..=200_000))]
    pub users: u32,
    /// End after the scenario, with status 0 only if the tenant holds what it should
    #[arg(long)]
    pub exit: bool,
    /// Delete a user in the tenant behind the engine's back before the comparison, which then has to find it
    #[arg(long)]
    pub sabotage: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provost expr 'Join(\" \", [givenName], [surname])' --attr givenName=Ada --attr surname=Lovelace
  provost expr 'Switch([accountEnabled], , \"True\", \"yes\", \"False\", \"no\")' --attr accountEnabled=True
  provost expr 'DateDiff(\"d\", Now(), CDate([employeeHireDate]))' --attr employeeHireDate=2027-01-01 --now 2026-12-01
  provost expr 'Lookup([department], \"costCentres\")' --attr department=Sales --table costCentres:Sales=4711

docs/expressions.md describes the language and its functions.")]
pub struct Expr {
    /// For example: Join(" ", [givenName], [surname])
    pub expression: String,
    /// A source attribute; repeat a name for a multi-valued one; one not given is null
    #[arg(long = "attr", value_name = "NAME=VALUE")]
    pub attributes: Vec<String>,
    /// What Now() yields; the current time if not given
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// The value of an application role that the object has, for the functions of appRoleAssignments; repeatable
    #[arg(long = "role", value_name = "VALUE")]
    pub roles: Vec<String>,
    /// A row of a table, for Lookup; repeatable
    #[arg(long = "table", value_name = "TABLE:KEY=VALUE")]
    pub tables: Vec<String>,
    /// A value that the target has already, for SelectUniqueValue; repeatable
    #[arg(long = "taken", value_name = "VALUE")]
    pub taken: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// Import a CSV file: Entra's "Download users", or its bulk-create template
    #[command(after_help = "\
Examples:
  provost user import users.csv --dry-run
  provost user import users.csv
  provost user import everybody.csv --snapshot --dry-run     who would leave

The first line names the columns: userPrincipalName, displayName, objectId, accountEnabled,
manager (a user principal name) and any other attribute of Graph's. Users are found by objectId,
else by userPrincipalName. An empty cell clears the attribute; a column that is not there leaves
it as it is.")]
    Import {
        file: PathBuf,
        /// Only say what would happen
        #[arg(long)]
        dry_run: bool,
        /// Import nothing when one row cannot be read
        #[arg(long)]
        atomic: bool,
        /// The file is the whole company: users who are not in it go to the recycle bin, unless they are more than 500
        /// or 20 % of all (and more than five)
        #[arg(long)]
        snapshot: bool,
        /// Let that many go this time, whatever share they are; --dry-run --json names them
        #[arg(long, value_name = "N", requires = "snapshot")]
        allow_leavers: Option<u64>,
    },
    /// A snapshot that is imported by itself
    #[command(subcommand)]
    ImportSchedule(ImportSchedule),
    /// List the users
    List {
        /// Only those whose name begins like this
        text: Option<String>,
        /// At most so many; without it all
        #[arg(long, value_name = "N")]
        top: Option<usize>,
        /// Those in the recycle bin instead
        #[arg(long)]
        deleted: bool,
    },
    /// Show one user
    Show { user: String },
    /// Set attributes: NAME=VALUE, NAME= to clear; manager=UPN sets the manager
    #[command(after_help = "\
Example:
  provost user set ada@contoso.example jobTitle=\"Chief Engineer\" mobile= manager=bob@contoso.example")]
    Set {
        user: String,
        #[arg(required = true, value_name = "ATTR=VALUE")]
        attributes: Vec<String>,
    },
    /// Set accountEnabled to false
    Disable { user: String },
    /// Move a user to the recycle bin
    Delete {
        user: String,
        /// Delete for good, also from the recycle bin
        #[arg(long)]
        permanent: bool,
    },
    /// Bring a user back from the recycle bin
    Restore { user: String },
}

#[derive(Debug, Subcommand)]
pub enum Group {
    /// Import a CSV file with one row per membership
    #[command(after_help = "\
Example:
  provost group import groups.csv

The columns: displayName, mailNickname, description, memberUserPrincipalName. A group without
members has one row without one. Memberships that the file does not name stay.")]
    Import {
        file: PathBuf,
        /// Only say what would happen
        #[arg(long)]
        dry_run: bool,
        /// Import nothing when one row cannot be read
        #[arg(long)]
        atomic: bool,
    },
    /// List the groups
    List,
    /// Show a group with its members
    Show { group: String },
    /// Add a user to a group
    AddMember { group: String, user: String },
    /// Remove a user from a group
    RemoveMember { group: String, user: String },
    /// Delete a group for good; its members stay users. There is no recycle bin for groups
    Delete { group: String },
}

#[derive(Debug, Subcommand)]
pub enum Gallery {
    /// List the templates whose name holds the text
    List { text: Option<String> },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Subject {
    #[arg(long, value_name = "UPN")]
    pub user: Option<String>,
    #[arg(long)]
    pub group: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Job {
    /// Test Connection: ask the target for a user that cannot exist, and explain what is wrong
    Test { name: String },
    /// Let the job run by itself
    Start { name: String },
    /// Stop the job within seconds; a running cycle goes on later where it was
    Pause { name: String },
    /// Begin again, by default with everything but the links between users and accounts
    #[command(after_help = "\
Examples:
  provost job restart OfficeSpace                        ends a quarantine, reads everybody again, retries failures
  provost job restart OfficeSpace --reset-scope Full     matches every account again, too")]
    Restart {
        name: String,
        /// Watermark, Escrows, QuarantineState, ConnectorDataStore, ForceDeletes, Full; several with commas
        #[arg(long)]
        reset_scope: Option<String>,
    },
    /// Run one cycle now, or join the one that runs
    #[command(after_help = "\
Example:
  provost job run OfficeSpace --wait

With --wait the exit status tells how the cycle ended: 0 done, 1 objects failed or the job is in
quarantine, 3 removals are held back by a guard.")]
    Run {
        name: String,
        /// Wait for its end, with a progress bar on a terminal
        #[arg(long)]
        wait: bool,
    },
    /// Compare what the application holds with what the job left there, and list what differs
    #[command(after_help = "\
Examples:
  provost job drift OfficeSpace             reads and lists; nothing is changed
  provost job drift OfficeSpace --repair    puts back what others changed, creates accounts again that are gone
  provost job drift OfficeSpace --last      what was found last, by hand or by the job itself (job set --drift-interval)

Accounts that the job did not provision are listed and never touched, and neither are they as members of groups. Exit
status: 0 nothing differs (or all was put right), 1 something differs or could not be compared, 3 a guard holds the repair
back.")]
    Drift {
        name: String,
        /// Put right what differs, as far as the mappings let values flow
        #[arg(long)]
        repair: bool,
        /// Only show what the last comparison found
        #[arg(long, conflicts_with = "repair")]
        last: bool,
    },
    /// Show settings, progress and the last cycle
    Status { name: String },
    /// Provision one user or group now and show every step
    Provision {
        name: String,
        #[command(flatten)]
        subject: Subject,
    },
    /// What values accounts get: the attribute mappings
    #[command(subcommand)]
    Mapping(JobMapping),
    /// Whether users and groups are provisioned, and which requests may be sent
    #[command(subcommand)]
    Object(JobObject),
    /// Who of the assigned is in scope: the scoping filters
    #[command(subcommand)]
    Filter(JobFilter),
    /// What attributes the target has, which mappings are checked against
    #[command(subcommand)]
    Attribute(JobAttribute),
    /// Show what the next cycle would do, deletions first, or why somebody gets an account or gets none; nothing is
    /// written
    #[command(after_help = "\
Examples:
  provost job plan OfficeSpace                             everything that would change, with old and new values
  provost job plan OfficeSpace --user ada@contoso.example  why she gets an account or gets none, step by step
  provost job plan OfficeSpace --with scope-all.json       what would change with settings that are not saved

Exit status: 0 nothing would fail, 1 something would, 3 a guard would hold something back.")]
    Plan {
        name: String,
        /// Only this user
        #[arg(long, value_name = "UPN")]
        user: Vec<String>,
        /// Only this group with its members
        #[arg(long, value_name = "NAME")]
        group: Vec<String>,
        /// As if the settings in this file of JSON were saved: {"scope": "all"}, and "schema" in Graph's form
        #[arg(long, value_name = "FILE")]
        with: Option<PathBuf>,
    },
    /// List what the guards hold back: who, what would happen, and why; deletions first
    Staged { name: String },
    /// Allow exactly what the guards hold back now; the next cycle carries it out
    AllowDeletes {
        name: String,
        /// Only what was held back at that moment: what `job staged` showed, and not what has joined it since
        #[arg(long, value_name = "TIME")]
        until: Option<jiff::Timestamp>,
    },
    /// Tables that expressions look values up in
    #[command(subcommand)]
    Table(Table),
    /// Change settings
    #[command(group(clap::ArgGroup::new("what").required(true).multiple(true)))]
    #[command(after_help = "\
Examples:
  provost job set OfficeSpace --interval 20m --scope assigned --mail it@contoso.example --threshold 25
  provost job set OfficeSpace --trigger on-change        changes arrive within a second or two
  provost job set OfficeSpace --on-deleted nothing --on-purged disable
  provost job set OfficeSpace --guard memberships=1000 --guard renames=10% --guard source=off
  provost job set OfficeSpace --drift-interval 1d --drift-action repair
  provost job set OfficeSpace --failures percent=10 --failures minimum=5

Guards: what is past the lesser of a number and a percentage in a day is held back whole until somebody
allows it. Unless set otherwise that is 500 or 20 % of the linked accounts, and for memberships 5000 or
20 % of the exported members; the percentage never counts for less than 5, for memberships 20.

Failures: the job goes into quarantine when those that wait for another try are 40 % of what is in scope,
but no fewer than 5000 (with fewer than 12500 in scope: than 20 and than 5 % of these); or 40000 objects;
or 60000 objects and references. Unless set otherwise.")]
    Set {
        name: String,
        #[command(flatten)]
        settings: Box<JobSettings>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Table {
    /// List the tables of a job
    List { name: String },
    /// Show the rows of a table
    Show { name: String, table: String },
    /// Save a table whole, from a CSV file of two columns without headings: what is looked up, and its value
    #[command(after_help = "\
Example:
  printf 'Sales,4711\\nResearch,4712\\n' > centres.csv
  provost job table set OfficeSpace costCentres centres.csv

An expression reads it by name: Lookup([department], \"costCentres\", \"0000\"). The next cycle brings the
accounts in line.")]
    Set { name: String, table: String, file: PathBuf },
    /// Delete a table that no expression uses
    Delete { name: String, table: String },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Trigger {
    Schedule,
    OnChange,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Scope {
    All,
    Assigned,
}

#[derive(Debug, Subcommand)]
pub enum Log {
    /// List entries, newest first
    #[command(after_help = "\
Examples:
  provost log list OfficeSpace --status failure --since 1h
  provost log list --user ada@contoso.example --steps     what happened to her account, and why
  provost log list --since 7d --format csv > log.csv")]
    List {
        /// Only those of this application
        name: Option<String>,
        /// Only those about this user
        #[arg(long, value_name = "UPN")]
        user: Option<String>,
        /// Only those that ended so
        #[arg(long)]
        status: Option<LogStatus>,
        /// Only the newer ones, e.g. 1h, 7d
        #[arg(long, value_name = "TIME", value_parser = duration)]
        since: Option<SignedDuration>,
        /// At most so many; without it all
        #[arg(long, value_name = "N")]
        top: Option<usize>,
        /// With the steps of each entry
        #[arg(long)]
        steps: bool,
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// List who changed what, in the directory and in the jobs' configuration, newest first
    #[command(after_help = "\
Examples:
  provost log audit --user ada@contoso.example    who disabled, deleted or changed her in the directory
  provost log audit OfficeSpace --since 7d        who changed the settings and mappings of its job")]
    Audit(Audited),
}

#[derive(Debug, Args)]
pub struct Audited {
    /// Only the job of this application
    pub name: Option<String>,
    /// Only this user
    #[arg(long, value_name = "UPN", conflicts_with_all = ["name", "group"])]
    pub user: Option<String>,
    /// Only this group
    #[arg(long, conflicts_with = "name")]
    pub group: Option<String>,
    /// Only the newer ones, e.g. 1h, 7d
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub since: Option<SignedDuration>,
    /// At most so many; without it all
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogStatus {
    Success,
    Failure,
    Skipped,
    Warning,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Format {
    Table,
    Json,
    Csv,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_of_commands_is_sound() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
