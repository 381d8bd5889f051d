//! `provost admin` and `provost admin-token`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::tenant::Switch;
use super::values::{Moment, moment};

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// List the administrators with their roles
    #[command(after_help = "\
Example:
  provost admin list")]
    List,
    /// Create an administrator: a person, who signs in, or a tool, which gets access tokens
    #[command(after_help = "\
Examples:
  provost admin create \"Ada Lovelace\" --sign-in ada@contoso.example \\
      --role application-administrator
  provost admin create \"Contoso IT\" --sign-in it@contoso.example \\
      --role tenant-administrator --tenant contoso
  provost admin create terraform --tool --role global-administrator \\
      --directory default

Without --password-file the command makes a password, which is shown once; a tool gets its first \
secret, which is shown once as well. docs/administrators.md tells what each role may do.")]
    Create {
        /// What people call it
        name: String,
        #[command(flatten)]
        kind: AdminKind,
        /// A file with the password; - for standard input
        #[arg(long, value_name = "FILE", conflicts_with = "tool")]
        password_file: Option<PathBuf>,
        /// Give it this role
        /// The role
        #[arg(long)]
        role: Option<AdminRole>,
        #[command(flatten)]
        place: Place,
    },
    /// Show an administrator, by display name, sign-in name or id
    #[command(after_help = "\
Example:
  provost admin show ada@contoso.example")]
    Show {
        /// The administrator, by display name, sign-in name or id
        admin: String,
    },
    /// Change an administrator; another password, or --enabled off, ends the sessions of a person
    #[command(after_help = "\
Examples:
  provost admin set ada@contoso.example --enabled off
  provost admin set ada@contoso.example --new-password")]
    #[command(override_usage = "provost admin set <ADMIN> <OPTION>...")]
    Set {
        /// The administrator, by display name, sign-in name or id
        admin: String,
        #[command(flatten)]
        changes: AdminChanges,
    },
    /// Delete an administrator; its sessions, secrets and access tokens open nothing any more
    #[command(after_help = "\
Example:
  provost admin delete ada@contoso.example")]
    Delete {
        /// The administrator, by display name, sign-in name or id
        admin: String,
    },
    /// Give an administrator a role, in the whole installation unless a directory or tenant is named
    #[command(after_help = "\
Examples:
  provost admin grant ada@contoso.example reports-reader --directory default
  provost admin grant terraform tenant-administrator --tenant contoso")]
    Grant {
        /// The administrator, by display name, sign-in name or id
        admin: String,
        /// The role
        role: AdminRole,
        #[command(flatten)]
        place: Place,
    },
    /// Take a role from an administrator, as it was given
    #[command(after_help = "\
Example:
  provost admin revoke terraform tenant-administrator --tenant contoso")]
    Revoke {
        /// The administrator, by display name, sign-in name or id
        admin: String,
        /// The role
        role: AdminRole,
        #[command(flatten)]
        place: Place,
    },
    /// Client secrets of a tool
    #[command(subcommand)]
    Secret(AdminSecret),
    /// List what was done to tenants and administrators, newest first
    #[command(after_help = "\
Example:
  provost admin audits --top 20")]
    Audits {
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100)]
        top: usize,
    },
    /// Show who the commands call as, and with which roles
    #[command(after_help = "\
Example:
  provost admin whoami")]
    Whoami,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct AdminKind {
    /// A person, with the name to sign in by, such as a mail address
    #[arg(long, value_name = "NAME")]
    pub sign_in: Option<String>,
    /// A tool
    #[arg(long)]
    pub tool: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct AdminChanges {
    /// What people call it
    #[arg(long)]
    pub name: Option<String>,
    /// The name to sign in by
    #[arg(long, value_name = "NAME")]
    pub sign_in: Option<String>,
    /// Whether it opens anything
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub enabled: Option<Switch>,
    /// A file with the password; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "new_password")]
    pub password_file: Option<PathBuf>,
    /// Make a password, which is shown once
    #[arg(long)]
    pub new_password: bool,
}

/// Where a role holds.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct Place {
    /// In this tenant
    #[arg(long)]
    pub tenant: Option<String>,
    /// In this directory
    #[arg(long)]
    pub directory: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AdminRole {
    /// Runs the installation: tenants, copies, health
    Operator,
    /// Everything
    GlobalAdministrator,
    /// Applications, jobs, assignments, secrets; reads users, groups and logs
    ApplicationAdministrator,
    /// The same
    CloudApplicationAdministrator,
    /// Reads logs and where the jobs stand
    ReportsReader,
    /// One tenant: settings, tokens, schema extensions
    TenantAdministrator,
}

#[derive(Debug, Subcommand)]
pub enum AdminSecret {
    /// Create one more secret, which is shown once; both are good until the old one is deleted
    #[command(after_help = "\
Example:
  provost admin secret create terraform --label 2027 --expires 90d")]
    Create {
        /// The tool, by display name or id
        tool: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
        /// When it stops to be valid: a date, a date and time, or a time from now; 180d if not given, two years at most
        #[arg(long, value_name = "WHEN", value_parser = moment)]
        expires: Option<Moment>,
    },
    /// List the secrets of a tool, without what is secret of them
    #[command(after_help = "\
Example:
  provost admin secret list terraform")]
    List {
        /// The tool, by display name or id
        tool: String,
    },
    /// Delete a secret: it opens nothing any more, and neither do access tokens that were got for it
    #[command(after_help = "\
Example:
  provost admin secret delete terraform 0198f0c2-7a51-7000-8000-2b1f3c5d7e91")]
    Delete {
        /// The tool, by display name or id
        tool: String,
        /// The id of the secret: see `provost admin secret list`
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum AdminToken {
    /// Make a new one and write it to DATA_DIR/admin-token; the old one opens nothing any more. A server that runs is asked
    /// with the old token: where that is lost, end the server first
    #[command(after_help = "\
Examples:
  provost admin-token reset
  # of an installation in a database; nodes of other data directories go on
  PROVOST_DATABASE_URL=postgres://... provost admin-token reset")]
    Reset {
        #[command(flatten)]
        database: super::Database,
    },
}
