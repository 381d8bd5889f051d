//! `provost job`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{JobAttribute, JobFilter, JobMapping, JobObject, JobSettings};

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Subject {
    /// This user, by principal name or id
    #[arg(long, value_name = "UPN")]
    pub user: Option<String>,
    /// This group, by name or id
    #[arg(long)]
    pub group: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Job {
    /// Test Connection: ask the target for a user that cannot exist, and explain what is wrong
    #[command(after_help = "\
Example:
  provost job test OfficeSpace")]
    Test {
        /// The application, by name or id
        name: String,
    },
    /// Let the job run by itself
    #[command(after_help = "\
Example:
  provost job start OfficeSpace")]
    Start {
        /// The application, by name or id
        name: String,
    },
    /// Stop the job within seconds; a running cycle goes on later where it was
    #[command(after_help = "\
Example:
  provost job pause OfficeSpace")]
    Pause {
        /// The application, by name or id
        name: String,
    },
    /// Begin again, by default with everything but the links between users and accounts
    #[command(after_help = "\
Examples:
  # ends a quarantine, reads everybody again, retries failures
  provost job restart OfficeSpace
  # matches every account again, too
  provost job restart OfficeSpace --reset-scope Full")]
    Restart {
        /// The application, by name or id
        name: String,
        /// Watermark, Escrows, QuarantineState, ConnectorDataStore, ForceDeletes, Full; several with commas
        #[arg(long)]
        reset_scope: Option<String>,
    },
    /// Run one cycle now, or join the one that runs
    #[command(after_help = "\
Example:
  provost job run OfficeSpace --wait

With --wait the exit status tells how the cycle ended: 0 done, 1 objects failed or the job is in \
quarantine, 3 removals are held back by a guard.")]
    Run {
        /// The application, by name or id
        name: String,
        /// Wait for its end, with a progress bar on a terminal
        #[arg(long)]
        wait: bool,
    },
    /// Compare what the application holds with what the job left there, and list what differs
    #[command(after_help = "\
Examples:
  # reads and lists; nothing is changed
  provost job drift OfficeSpace
  # puts back what others changed, creates accounts again that are gone
  provost job drift OfficeSpace --repair
  # what was found last, by hand or by the job itself (job set --drift-interval)
  provost job drift OfficeSpace --last

Accounts that the job did not provision are listed and never touched, and neither are they as \
members of groups. Exit status: 0 nothing differs (or all was put right), 1 something differs or \
could not be compared, 3 a guard holds the repair back.")]
    Drift {
        /// The application, by name or id
        name: String,
        /// Put right what differs, as far as the mappings let values flow
        #[arg(long)]
        repair: bool,
        /// Only show what the last comparison found
        #[arg(long, conflicts_with = "repair")]
        last: bool,
    },
    /// Show settings, progress and the last cycle
    #[command(after_help = "\
Example:
  provost job status OfficeSpace")]
    Status {
        /// The application, by name or id
        name: String,
    },
    /// Provision one user or group now and show every step
    #[command(after_help = "\
Examples:
  provost job provision OfficeSpace --user ada@contoso.example
  provost job provision OfficeSpace --group Engineering")]
    Provision {
        /// The application, by name or id
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
  # everything that would change, with old and new values
  provost job plan OfficeSpace
  # why she gets an account or gets none, step by step
  provost job plan OfficeSpace --user ada@contoso.example
  # what would change with settings that are not saved
  provost job plan OfficeSpace --with scope-all.json

Exit status: 0 nothing would fail, 1 something would, 3 a guard would hold something back.")]
    Plan {
        /// The application, by name or id
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
    #[command(after_help = "\
Example:
  provost job staged OfficeSpace")]
    Staged {
        /// The application, by name or id
        name: String,
    },
    /// Allow exactly what the guards hold back now; the next cycle carries it out
    #[command(after_help = "\
Example:
  provost job allow-deletes OfficeSpace")]
    AllowDeletes {
        /// The application, by name or id
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
    #[command(override_usage = "provost job set <NAME> <OPTION>...")]
    #[command(after_help = "\
Examples:
  provost job set OfficeSpace --interval 20m --scope assigned \\
      --mail it@contoso.example --threshold 25
  # changes arrive within a second or two
  provost job set OfficeSpace --trigger on-change
  provost job set OfficeSpace --on-deleted nothing --on-purged disable
  provost job set OfficeSpace --guard memberships=1000 --guard renames=10% \\
      --guard source=off
  provost job set OfficeSpace --drift-interval 1d --drift-action repair
  provost job set OfficeSpace --failures percent=10 --failures minimum=5

Guards: what is past the lesser of a number and a percentage in a day is held back whole until \
somebody allows it. Unless set otherwise that is 500 or 20 % of the linked accounts, and for \
memberships 5000 or 20 % of the exported members; the percentage never counts for less than 5, for \
memberships 20.

Failures: the job goes into quarantine when those that wait for another try are 40 % of what is in \
scope, but no fewer than 5000 (with fewer than 12500 in scope: than 20 and than 5 % of these); or \
40000 objects; or 60000 objects and references. Unless set otherwise.")]
    Set {
        /// The application, by name or id
        name: String,
        #[command(flatten)]
        settings: Box<JobSettings>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Table {
    /// List the tables of a job
    #[command(after_help = "\
Example:
  provost job table list OfficeSpace")]
    List {
        /// The application, by name or id
        name: String,
    },
    /// Show the rows of a table
    #[command(after_help = "\
Example:
  provost job table show OfficeSpace costCentres")]
    Show {
        /// The application, by name or id
        name: String,
        /// The name of the table
        table: String,
    },
    /// Save a table whole, from a CSV file of two columns without headings: what is looked up, and its value
    #[command(after_help = "\
Example:
  printf 'Sales,4711\\nResearch,4712\\n' > centres.csv
  provost job table set OfficeSpace costCentres centres.csv

An expression reads it by name: Lookup([department], \"costCentres\", \"0000\"). The next cycle \
brings the accounts in line.")]
    Set {
        /// The application, by name or id
        name: String,
        /// The name of the table
        table: String,
        /// The rows as CSV
        file: PathBuf,
    },
    /// Delete a table that no expression uses
    #[command(after_help = "\
Example:
  provost job table delete OfficeSpace costCentres")]
    Delete {
        /// The application, by name or id
        name: String,
        /// The name of the table
        table: String,
    },
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
