//! `provost tenant` and `provost token`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;

use super::values::{Moment, duration, moment};
use super::webhook::Webhook;

#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Create a tenant and its first token, which is shown once
    #[command(after_help = "\
Examples:
  provost tenant create contoso
  provost tenant create contoso --json | jq -r .token > token.txt")]
    Create {
        /// Its name, a part of its address: lower-case letters, digits and hyphens
        name: String,
    },
    /// List the tenants
    #[command(after_help = "\
Example:
  provost tenant list")]
    List,
    /// Show a tenant with its addresses and settings
    #[command(after_help = "\
Example:
  provost tenant show contoso")]
    Show {
        /// The tenant, by name or id
        name: String,
    },
    /// Change the switch or the settings of a tenant
    #[command(override_usage = "provost tenant set <NAME> <OPTION>...")]
    #[command(after_help = "\
Examples:
  provost tenant set contoso --scim-for-authentication off
  provost tenant set contoso --strict on --requests-per-second 50
  provost tenant set contoso --unique-external-ids on

What is made unique is checked in the users and groups that are there: where two have the same value \
the command fails, names both, and nothing is changed.")]
    Set {
        /// The tenant, by name or id
        name: String,
        #[command(flatten)]
        settings: TenantSettings,
    },
    /// Schema extensions: attributes of the tenant's own for its users or groups
    #[command(subcommand)]
    Schema(TenantSchema),
    /// Webhooks: addresses that are told what happens to the tenant's users and groups
    #[command(subcommand)]
    Webhook(Webhook),
    /// List the last requests of a tenant's clients, newest first: what was refused, why, what to do about it, and what was
    /// accepted although it deviates from the RFCs; --json also has the bodies
    #[command(after_help = "\
Examples:
  # what was refused, with cause and fix
  provost tenant requests contoso --errors
  # what one client did
  provost tenant requests contoso --client entra

Passwords and tokens are masked. Requests whose token is not good are shown as well, the last few of \
them.")]
    Requests {
        /// The tenant, by name or id
        name: String,
        /// Only those that were refused
        #[arg(long)]
        errors: bool,
        /// Only those of a client with this in its name or User-Agent
        #[arg(long, value_name = "TEXT")]
        client: Option<String>,
    },
    /// List what administrators did to a tenant, newest first
    #[command(after_help = "\
Example:
  provost tenant audits contoso")]
    Audits {
        /// The tenant, by name or id
        name: String,
    },
    /// Delete a tenant with all its users, groups and tokens
    #[command(after_help = "\
Example:
  provost tenant delete contoso")]
    Delete {
        /// The tenant, by name or id
        name: String,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct TenantSettings {
    /// Whether the endpoint accepts SCIM at all; off, it answers 403
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub scim_for_authentication: Option<Switch>,
    /// Whether two groups may not have the same displayName
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub unique_group_names: Option<Switch>,
    /// Whether two users, or two groups, may not have the same externalId
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub unique_external_ids: Option<Switch>,
    /// Whether unknown attributes are refused instead of ignored
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub strict: Option<Switch>,
    /// What a PATCH is answered with: by type, users 200 with the resource and groups 204; or always the one or the other
    #[arg(long)]
    pub patch_answer: Option<PatchAnswer>,
    /// Whether /Schemas, /ResourceTypes and /ServiceProviderConfig are answered only with a token
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub discovery_needs_token: Option<Switch>,
    /// The most requests a second; more are answered 429
    #[arg(long, value_name = "N")]
    pub requests_per_second: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

impl Switch {
    /// Whether it is on.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PatchAnswer {
    ByType,
    Resource,
    NoContent,
}

#[derive(Debug, Subcommand)]
pub enum TenantSchema {
    /// List the schema extensions of a tenant
    #[command(after_help = "\
Example:
  provost tenant schema list contoso")]
    List {
        /// The tenant, by name or id
        tenant: String,
    },
    /// Show a schema extension; --json has it as `set` takes it
    #[command(after_help = "\
Example:
  provost tenant schema show contoso \\
      urn:ietf:params:scim:schemas:extension:contoso:2.0:User")]
    Show {
        /// The tenant, by name or id
        tenant: String,
        /// The URN of the extension
        urn: String,
    },
    /// Add a schema extension, or replace the one with the same URN
    #[command(after_help = "\
Example:
  provost tenant schema set contoso badge.json

with a file such as
  {\"id\": \"urn:ietf:params:scim:schemas:extension:contoso:2.0:User\",
   \"name\": \"Contoso\", \"resourceType\": \"User\",
   \"attributes\": [
     {\"name\": \"badge\", \"type\": \"string\", \"uniqueness\": \"server\"},
     {\"name\": \"costCenter\", \"type\": \"integer\", \"indexed\": true},
     {\"name\": \"level\", \"type\": \"string\",
      \"canonicalValues\": [\"junior\", \"senior\"]}]}

It is a schema as in RFC 7643 section 7, with resourceType (User or Group), and with indexed for \
attributes that clients filter by. It takes effect when the users or groups that are there have been \
checked: where one does not fit, or two have the same value of a unique attribute, the command fails \
and names them, and nothing is changed.")]
    Set {
        /// The tenant, by name or id
        tenant: String,
        /// The definition as JSON; - for standard input
        file: PathBuf,
    },
    /// Delete a schema extension with all values that users or groups have of it
    #[command(after_help = "\
Example:
  provost tenant schema delete contoso \\
      urn:ietf:params:scim:schemas:extension:contoso:2.0:User")]
    Delete {
        /// The tenant, by name or id
        tenant: String,
        /// The URN of the extension
        urn: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Create one more token, which is shown once
    #[command(after_help = "\
Examples:
  provost token create contoso --label Okta
  provost token create contoso --label audit --read-only --expires 90d
  provost token create contoso --expires 2027-01-01")]
    Create {
        /// The tenant, by name or id
        tenant: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
        /// When it stops to be valid: a date, a date and time, or a time from now such as 90d; without it never
        #[arg(long, value_name = "WHEN", value_parser = moment)]
        expires: Option<Moment>,
        /// It may read and change nothing
        #[arg(long)]
        read_only: bool,
    },
    /// List the tokens of a tenant, without their secrets
    #[command(after_help = "\
Example:
  provost token list contoso")]
    List {
        /// The tenant, by name or id
        tenant: String,
    },
    /// Replace a token by a new one, and keep the old one valid for a while
    #[command(after_help = "\
Examples:
  # the old one stays valid for a day
  provost token rotate contoso
  # ... or not at all
  provost token rotate contoso --overlap 0s")]
    Rotate {
        /// The tenant, by name or id
        tenant: String,
        /// The token to replace; needed when several are live
        id: Option<String>,
        /// How long the old token stays valid, e.g. 1d, 2h, 30m
        #[arg(long, value_name = "TIME", default_value = "1d", value_parser = duration)]
        overlap: SignedDuration,
    },
    /// Make a token invalid at once
    #[command(after_help = "\
Example:
  provost token revoke contoso 0198f0c2-7a51-7000-8000-2b1f3c5d7e91")]
    Revoke {
        /// The tenant, by name or id
        tenant: String,
        /// The id of the token: see `provost token list`
        id: String,
    },
}
