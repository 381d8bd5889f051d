//! `provost config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Write the configuration as one document of JSON: applications with jobs, mappings, filters, tables and assignments,
    /// and tenants; by names, in a stable order, without secrets
    #[command(after_help = "\
Examples:
  provost config export > provost.json
  # replaces the file only once all of it is written
  provost config export --output provost.json

docs/configuration.md describes the document.")]
    Export {
        /// The file to write, instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Make the configuration what a document says; what the document does not mention stays as it is
    #[command(after_help = "\
Examples:
  # what would change, and how many objects are looked at again
  provost config apply provost.json --plan
  provost config apply provost.json
  provost config apply provost.json --prune --plan

All of it is applied, or nothing. Exit status: 0 applied, or nothing to do; 1 refused; 3 something \
would be removed and --yes is missing.")]
    Apply(Apply),
}

#[derive(Debug, Args)]
pub struct Apply {
    /// The document; - for standard input
    pub file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    pub plan: bool,
    /// Also remove what the document has a list of and does not name: applications, roles, jobs, assignments, tables,
    /// target attributes, tenants without users, schema extensions
    #[arg(long)]
    pub prune: bool,
    /// Remove it without being asked again
    #[arg(long, requires = "prune", conflicts_with = "plan")]
    pub yes: bool,
}
