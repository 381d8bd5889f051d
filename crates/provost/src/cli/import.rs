//! `provost user import-schedule`.

use clap::{Args, Subcommand};
use jiff::SignedDuration;
use jiff::civil::Time;

use super::values::duration;

#[derive(Debug, Subcommand)]
pub enum ImportSchedule {
    /// Show what is imported when, and what came of it last
    #[command(after_help = "\
Example:
  provost user import-schedule show")]
    Show,
    /// Have a file imported by itself; it lies in the folder that `provost serve --import-dir` names
    #[command(after_help = "\
Examples:
  provost user import-schedule set users.csv --at 02:30 \\
      --time-zone Europe/Berlin
  provost user import-schedule set users.csv --every 6h --max-leavers 20 \\
      --max-leavers-percent 5

The file is the whole company: who is not in it is a leaver, and goes to the recycle bin unless too \
many would. It is taken once it has not changed for a while (--settle), and only if it is not the \
one that was imported last. Write it under another name and rename it, and half a file is never \
seen. docs/imports.md tells more.")]
    Set(SetImport),
    /// Have no file imported by itself any more
    #[command(after_help = "\
Example:
  provost user import-schedule off")]
    Off,
    /// Import the file now
    #[command(after_help = "\
Examples:
  provost user import-schedule run
  provost user import-schedule run --allow-leavers 25")]
    Run {
        /// Let that many go this time, whatever share they are
        #[arg(long, value_name = "N")]
        allow_leavers: Option<u64>,
    },
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("when").required(true).args(["every", "at"])))]
pub struct SetImport {
    /// The name of a file in the folder for imports
    pub file: String,
    /// Time between two imports, e.g. 6h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub every: Option<SignedDuration>,
    /// A time of day, e.g. 02:30
    #[arg(long, value_name = "HH:MM")]
    pub at: Option<Time>,
    /// The place whose time of day that is, e.g. Europe/Berlin
    #[arg(long, value_name = "ZONE", requires = "at", default_value = "UTC")]
    pub time_zone: String,
    /// The most users that may leave at once
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub max_leavers: u64,
    /// The same in percent of all users; five may always leave unless it is 0
    #[arg(long, value_name = "P", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub max_leavers_percent: u8,
    /// For how long the file must not have changed
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub settle: SignedDuration,
}
