//! `provost backup` and `provost restore`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  provost backup \"provost-$(date +%F).backup\"

All of it as it is at one moment, while the server goes on; also without a server, from its data \
directory. The file appears only once it is complete and was read again, readable for its owner \
only. Keep the master key apart from it. docs/backup.md tells more.")]
pub struct Backup {
    /// The file to write; it must not exist
    pub file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # to a new data directory
  provost restore provost-2026-11-28.backup --master-key master-key
  provost restore provost-2026-11-28.backup --replace --pause-jobs

The server must not run. What happened after the backup is not known then: import users and groups \
again, and see `provost job plan` and `provost job drift` before jobs run by themselves. \
docs/backup.md tells more.")]
pub struct Restore {
    /// What `provost backup` wrote
    pub file: PathBuf,
    /// Put it in the place of the store that is in the data directory, which is kept beside it
    #[arg(long)]
    pub replace: bool,
    /// The master key of the installation, where the data directory does not have it
    #[arg(long, value_name = "FILE")]
    pub master_key: Option<PathBuf>,
    /// Restore without the key: the secrets of the applications have to be saved again
    #[arg(long, conflicts_with = "master_key")]
    pub without_key: bool,
    /// Let no job run by itself until it is started again
    #[arg(long)]
    pub pause_jobs: bool,
}
