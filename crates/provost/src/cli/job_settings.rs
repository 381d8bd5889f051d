//! What `provost job set` takes.

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::values::duration;
use super::{Scope, Switch, Trigger};

#[derive(Debug, Args)]
pub struct JobSettings {
    /// Time between two cycles, e.g. PT40M or 40m
    #[arg(long, value_name = "TIME", value_parser = duration, group = "what")]
    pub interval: Option<SignedDuration>,
    /// What begins a cycle: the interval alone, or a change in the directory at once, too
    #[arg(long, group = "what")]
    pub trigger: Option<Trigger>,
    /// Who is provisioned
    #[arg(long, group = "what")]
    pub scope: Option<Scope>,
    /// Whether members of groups in an assigned group count as assigned
    #[arg(long, value_name = "on|off", hide_possible_values = true, group = "what")]
    pub nested_groups: Option<Switch>,
    /// Whether an assignment with the Default Access role counts, where the application has roles of its own
    #[arg(long, value_name = "on|off", hide_possible_values = true, group = "what")]
    pub default_access: Option<Switch>,
    /// Who gets mail when the job goes into quarantine, when changes are held back, and when it is disabled; ""
    /// for nobody
    #[arg(long, value_name = "ADDRESS", group = "what")]
    pub mail: Option<String>,
    /// The most accounts disabled or deleted and groups deleted in a day; "default" for 500
    #[arg(long, value_name = "N", group = "what")]
    pub threshold: Option<Limit>,
    /// The same in percent of the linked accounts, whichever is less; "default" for 20
    #[arg(long, value_name = "P", group = "what")]
    pub threshold_percent: Option<Limit>,
    /// A guard on, off, or with other limits: removals, renames, memberships or source = on, off, N, P% or default
    #[arg(long, value_name = "KIND=LIMIT", value_parser = guard, group = "what")]
    pub guard: Vec<(String, GuardChange)>,
    /// When failures put the job into quarantine: percent=P of what is in scope, but no fewer than minimum=N; or objects=N,
    /// or total=N objects and references; N or default
    #[arg(long, value_name = "KIND=LIMIT", value_parser = failures, group = "what")]
    pub failures: Vec<(String, Limit)>,
    /// Compare the application with what the job left there every so often, e.g. 1d; "never" for by hand only
    #[arg(long, value_name = "TIME", value_parser = optional_duration, group = "what")]
    pub drift_interval: Option<Every>,
    /// What such a comparison does about differences
    #[arg(long, group = "what")]
    pub drift_action: Option<DriftAction>,
    /// What happens to users who are unassigned, fail a filter or lose their role
    #[arg(long, value_name = "ACTION", group = "what")]
    pub on_unassigned: Option<Leaving>,
    /// What happens to users whose account is disabled in the directory
    #[arg(long, value_name = "ACTION", group = "what")]
    pub on_disabled: Option<Leaving>,
    /// What happens to users in the recycle bin
    #[arg(long, value_name = "ACTION", group = "what")]
    pub on_deleted: Option<Leaving>,
    /// What happens to users and groups that are deleted for good
    #[arg(long, value_name = "ACTION", group = "what")]
    pub on_purged: Option<Leaving>,
    /// What happens to groups that are unassigned or fail a filter: nothing or delete
    #[arg(long, value_name = "ACTION", group = "what")]
    pub on_group_unassigned: Option<Leaving>,
    /// Accounts that were there before the job and were matched: removed like others, or unlinked and left alone
    #[arg(long, group = "what")]
    pub matched_accounts: Option<Matched>,
    /// The form of requests: as the RFCs say, or as Entra ID sends them, to test an endpoint
    #[arg(long, group = "what")]
    pub dialect: Option<Dialect>,
    /// The most members of a group in one request; 0 to find out
    #[arg(long, value_name = "N", group = "what")]
    pub members_per_request: Option<u32>,
    /// The most requests in a minute; 0 for no limit but the application's own answers
    #[arg(long, value_name = "N", group = "what")]
    pub requests_per_minute: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Dialect {
    /// RFC 7644 to the letter
    Rfc,
    /// Entra ID with the flag aadOptscim062020
    #[value(name = "entra-2020")]
    Entra2020,
    /// Entra ID without the flag
    EntraLegacy,
}

impl From<Dialect> for model::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Rfc => Self::Rfc,
            Dialect::Entra2020 => Self::Entra2020,
            Dialect::EntraLegacy => Self::EntraLegacy,
        }
    }
}

/// A length of time, or never.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Every(pub Option<SignedDuration>);

fn optional_duration(text: &str) -> Result<Every, String> {
    if text == "never" {
        return Ok(Every(None));
    }
    duration(text).map(|length| Every(Some(length))).map_err(|error| format!("{error}, or \"never\""))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DriftAction {
    /// List them
    Report,
    /// Put them right
    Repair,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Leaving {
    Nothing,
    Disable,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Matched {
    Remove,
    Unlink,
}

/// A number, or the default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit(pub Option<u64>);

impl std::str::FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "default" => Ok(Self(None)),
            number => number
                .parse()
                .map(|number| Self(Some(number)))
                .map_err(|_| "a number, or \"default\"".to_owned()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GuardChange {
    Enabled(bool),
    Number(u64),
    Percent(u64),
    Default,
}

fn guard(text: &str) -> Result<(String, GuardChange), String> {
    let (kind, limit) = text.split_once('=').ok_or("write KIND=LIMIT, such as renames=50")?;
    if !["removals", "renames", "memberships", "source"].contains(&kind) {
        return Err("there are guards of removals, renames, memberships and source".to_owned());
    }
    let wrong = |_| "a limit is on, off, a number, a percentage such as 10%, or default".to_owned();
    let change = match (limit, limit.strip_suffix('%')) {
        ("on", _) => GuardChange::Enabled(true),
        ("off", _) => GuardChange::Enabled(false),
        ("default", _) => GuardChange::Default,
        (_, Some(percent)) => GuardChange::Percent(percent.trim().parse().map_err(wrong)?),
        (number, None) => GuardChange::Number(number.parse().map_err(wrong)?),
    };
    Ok((kind.to_owned(), change))
}

fn failures(text: &str) -> Result<(String, Limit), String> {
    let (kind, limit) = text.split_once('=').ok_or("write KIND=LIMIT, such as percent=10")?;
    if !["percent", "minimum", "objects", "total"].contains(&kind) {
        return Err("there are limits of percent, minimum, objects and total".to_owned());
    }
    let limit = if kind == "percent" { limit.strip_suffix('%').unwrap_or(limit).trim() } else { limit };
    Ok((kind.to_owned(), limit.parse()?))
}
