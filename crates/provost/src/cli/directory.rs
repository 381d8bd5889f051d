//! `provost user` and `provost group`.

use std::path::PathBuf;

use clap::Subcommand;

use super::ImportSchedule;

#[derive(Debug, Subcommand)]
pub enum User {
    /// Import a CSV file: Entra's "Download users", or its bulk-create template
    #[command(after_help = "\
Examples:
  provost user import users.csv --dry-run
  provost user import users.csv
  # who would leave
  provost user import everybody.csv --snapshot --dry-run

The first line names the columns: userPrincipalName, displayName, objectId, accountEnabled, manager \
(a user principal name) and any other attribute of Graph's. Users are found by objectId, else by \
userPrincipalName. An empty cell clears the attribute; a column that is not there leaves it as it \
is.")]
    Import {
        /// The CSV file
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
    #[command(after_help = "\
Examples:
  # whose name or principal name begins with it
  provost user list ada
  # who is in the recycle bin
  provost user list --deleted")]
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
    #[command(after_help = "\
Example:
  provost user show ada@contoso.example")]
    Show {
        /// The user, by principal name or id
        user: String,
    },
    /// Set attributes: NAME=VALUE, NAME= to clear; manager=UPN sets the manager
    #[command(after_help = "\
Example:
  provost user set ada@contoso.example jobTitle=\"Chief Engineer\" mobile= \\
      manager=bob@contoso.example")]
    Set {
        /// The user, by principal name or id
        user: String,
        /// What to set: NAME=VALUE, NAME= to clear
        #[arg(required = true, value_name = "ATTR=VALUE")]
        attributes: Vec<String>,
    },
    /// Set accountEnabled to false
    #[command(after_help = "\
Example:
  provost user disable ada@contoso.example")]
    Disable {
        /// The user, by principal name or id
        user: String,
    },
    /// Move a user to the recycle bin
    #[command(after_help = "\
Examples:
  provost user delete ada@contoso.example
  provost user delete ada@contoso.example --permanent")]
    Delete {
        /// The user, by principal name or id
        user: String,
        /// Delete for good, also from the recycle bin
        #[arg(long)]
        permanent: bool,
    },
    /// Bring a user back from the recycle bin
    #[command(after_help = "\
Example:
  provost user restore ada@contoso.example")]
    Restore {
        /// The user, by principal name or id
        user: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Group {
    /// Import a CSV file with one row per membership
    #[command(after_help = "\
Example:
  provost group import groups.csv

The columns: displayName, mailNickname, description, memberUserPrincipalName. A group without \
members has one row without one. Memberships that the file does not name stay.")]
    Import {
        /// The CSV file
        file: PathBuf,
        /// Only say what would happen
        #[arg(long)]
        dry_run: bool,
        /// Import nothing when one row cannot be read
        #[arg(long)]
        atomic: bool,
    },
    /// List the groups
    #[command(after_help = "\
Example:
  provost group list")]
    List,
    /// Show a group with its members
    #[command(after_help = "\
Example:
  provost group show Engineering")]
    Show {
        /// The group, by name or id
        group: String,
    },
    /// Add a user to a group
    #[command(after_help = "\
Example:
  provost group add-member Engineering ada@contoso.example")]
    AddMember {
        /// The group, by name or id
        group: String,
        /// The user, by principal name or id
        user: String,
    },
    /// Remove a user from a group
    #[command(after_help = "\
Example:
  provost group remove-member Engineering ada@contoso.example")]
    RemoveMember {
        /// The group, by name or id
        group: String,
        /// The user, by principal name or id
        user: String,
    },
    /// Delete a group for good; its members stay users. There is no recycle bin for groups
    #[command(after_help = "\
Example:
  provost group delete Engineering")]
    Delete {
        /// The group, by name or id
        group: String,
    },
}
