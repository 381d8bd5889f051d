//! `provost log`.

use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;

use super::values::duration;

#[derive(Debug, Subcommand)]
pub enum Log {
    /// List entries, newest first
    #[command(after_help = "\
Examples:
  provost log list OfficeSpace --status failure --since 1h
  # what happened to her account, and why
  provost log list --user ada@contoso.example --steps
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
        /// As a table for people, as JSON (the same as --json), or as CSV for spreadsheets
        #[arg(long, default_value = "table")]
        format: Format,
    },
    /// List who changed what, in the directory and in the jobs' configuration, newest first
    #[command(after_help = "\
Examples:
  # who disabled, deleted or changed her in the directory
  provost log audit --user ada@contoso.example
  # who changed the settings and mappings of its job
  provost log audit OfficeSpace --since 7d")]
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
