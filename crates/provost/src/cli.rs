//! The command tree, with the help that a newcomer reads.

mod admin;
mod app;
mod backup;
mod config;
mod directory;
mod import;
mod job;
mod job_settings;
mod log;
mod mapping;
mod serve;
mod tenant;
#[cfg(test)]
mod tests;
mod values;
mod webhook;

use std::path::PathBuf;

pub use admin::{Admin, AdminChanges, AdminKind, AdminRole, AdminSecret, AdminToken, Place};
pub use app::{App, Assign, ClientAuth, Connection, Oauth, Who};
pub use backup::{Backup, Restore};
use clap::{Args, Parser, Subcommand};
pub use config::{Apply, Config};
pub use directory::{Group, User};
pub use import::{ImportSchedule, SetImport};
pub use job::{Job, Scope, Subject, Table, Trigger};
pub use job_settings::{DriftAction, GuardChange, JobSettings, Leaving, Matched};
pub use log::{Audited, Format, Log, LogStatus};
pub use mapping::{JobAttribute, JobFilter, JobMapping, JobObject, MappingOptions, OnNull, word};
pub use serve::{Database, Mail, Serve};
pub use tenant::{PatchAnswer, Switch, Tenant, TenantSchema, TenantSettings, Token};
pub use values::Moment;
pub use webhook::{OneWebhook, ReplayFrom, Start, Webhook, WebhookChanges};

/// Automatic user provisioning, both ends of it.
///
/// Provost keeps accounts in applications in step with a directory of users and groups, and is itself the SCIM 2.0
/// endpoint that other provisioning services fill. Start with `provost demo`, or with `provost serve` and, beside it,
/// the other commands.
#[derive(Debug, Parser)]
#[command(name = "provost", version, arg_required_else_help = true, max_term_width = 110)]
#[command(after_help = "\
Examples:
  # the whole scenario, checked, in a minute
  provost demo --exit
  provost serve
  # in a second terminal:
  provost user import users.csv
  provost tenant create contoso
  provost app create --template scim --name Contoso --tenant-url URL \\
      --secret-token-file token.txt
  provost app assign Contoso --all-users
  provost job run Contoso --wait

Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused by a safety limit.")]
pub struct Arguments {
    /// Print one JSON document to standard output, and everything else to standard error
    #[arg(long, global = true, help_heading = "Options of every command")]
    pub json: bool,
    /// The directory in which the server keeps its data, its address and the administrator's token
    #[arg(
        long,
        global = true,
        help_heading = "Options of every command",
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
    /// Print the completion script of a shell
    #[command(
        visible_alias = "completions",
        after_help = "\
Examples:
  provost completion bash > ~/.local/share/bash-completion/completions/provost
  # and in .zshrc: fpath+=~/.zfunc; autoload -Uz compinit; compinit
  provost completion zsh > ~/.zfunc/_provost
  provost completion fish > ~/.config/fish/completions/provost.fish"
    )]
    Completion {
        /// Whose script
        shell: clap_complete::Shell,
    },
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
  # runs the scenario, then keeps serving for you to look around
  provost demo
  # for scripts: a larger company, and the exit status tells
  provost demo --exit --users 5000")]
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
  provost expr 'Join(\" \", [givenName], [surname])' --attr givenName=Ada \\
      --attr surname=Lovelace
  provost expr 'Switch([accountEnabled], , \"True\", \"yes\", \"False\", \"no\")' \\
      --attr accountEnabled=True
  provost expr 'DateDiff(\"d\", Now(), CDate([employeeHireDate]))' \\
      --attr employeeHireDate=2027-01-01 --now 2026-12-01
  provost expr 'Lookup([department], \"costCentres\")' --attr department=Sales \\
      --table costCentres:Sales=4711

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
pub enum Gallery {
    /// List the templates whose name holds the text
    #[command(after_help = "\
Examples:
  provost gallery list
  provost gallery list office")]
    List {
        /// Only those with this in their name
        text: Option<String>,
    },
}
