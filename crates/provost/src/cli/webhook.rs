//! `provost tenant webhook`.

use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;

use super::tenant::Switch;
use super::values::{Moment, duration, moment};

#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Add a webhook: an address that is told what happens to the tenant's users and groups from now on. Its secret is shown
    /// once
    #[command(after_help = "\
Examples:
  provost tenant webhook add contoso https://app.example.com/hooks
  provost tenant webhook add contoso https://app.example.com/leavers \\
      --event user.deleted --event user.updated --description Leavers
  # without the users and groups themselves: only what happened to which
  provost tenant webhook add contoso https://app.example.com/hooks \\
      --include-resource off

Events are signed as Standard Webhooks has it: docs/webhooks.md shows how they are verified.")]
    Add {
        /// The tenant, by name or id
        tenant: String,
        /// Where events are sent
        url: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// An event that is sent, such as user.created; several times for several, without it all
        #[arg(long = "event", value_name = "TYPE")]
        events: Vec<String>,
        /// Whether events come with the user or group as it is then; on unless it is said
        #[arg(long, value_name = "on|off", hide_possible_values = true)]
        include_resource: Option<Switch>,
        /// Do not send anything yet
        #[arg(long)]
        disabled: bool,
    },
    /// List the webhooks of a tenant, and how they fare
    #[command(after_help = "\
Example:
  provost tenant webhook list contoso")]
    List {
        /// The tenant, by name or id
        tenant: String,
    },
    /// Change a webhook. One that is enabled again goes on where it was
    #[command(override_usage = "provost tenant webhook set <TENANT> <WEBHOOK> <OPTION>...")]
    #[command(after_help = "\
Examples:
  provost tenant webhook set contoso https://app.example.com/hooks --enabled off
  provost tenant webhook set contoso https://app.example.com/hooks \\
      --url https://app.example.com/v2/hooks --all-events")]
    Set {
        #[command(flatten)]
        webhook: OneWebhook,
        #[command(flatten)]
        changes: WebhookChanges,
    },
    /// Give a webhook another secret, which is shown once; the one before signs as well for a while
    #[command(after_help = "\
Examples:
  # the old secret signs for a day more
  provost tenant webhook rotate contoso https://app.example.com/hooks
  # ... or no longer
  provost tenant webhook rotate contoso https://app.example.com/hooks \\
      --overlap 0s")]
    Rotate {
        #[command(flatten)]
        webhook: OneWebhook,
        /// How long the old secret signs as well, e.g. 1d, 2h, 30m
        #[arg(long, value_name = "TIME", default_value = "1d", value_parser = duration)]
        overlap: SignedDuration,
    },
    /// Send a test event, and show what came of it
    #[command(after_help = "\
Example:
  provost tenant webhook test contoso https://app.example.com/hooks

Ends with status 1 where it was not acknowledged.")]
    Test {
        #[command(flatten)]
        webhook: OneWebhook,
    },
    /// Send again what was sent: from a moment or a position on, or one event
    #[command(after_help = "\
Examples:
  # what happened in the last two hours
  provost tenant webhook replay contoso https://app.example.com/hooks --from 2h
  # one event, under the identifier that it had
  provost tenant webhook replay contoso https://app.example.com/hooks \\
      --delivery 0198f0c2-7a51-7000-8000-2b1f3c5d7e91
  # nothing of what waits, only what happens from now on
  provost tenant webhook replay contoso https://app.example.com/hooks --from now

What happens meanwhile comes after it, in order.")]
    Replay {
        #[command(flatten)]
        webhook: OneWebhook,
        #[command(flatten)]
        from: ReplayFrom,
    },
    /// Delete a webhook with its deliveries
    #[command(after_help = "\
Example:
  provost tenant webhook remove contoso https://app.example.com/hooks")]
    Remove {
        #[command(flatten)]
        webhook: OneWebhook,
    },
    /// List the last deliveries of a webhook, newest first; --json also has the answers
    #[command(after_help = "\
Examples:
  provost tenant webhook deliveries contoso https://app.example.com/hooks
  # what is not acknowledged yet
  provost tenant webhook deliveries contoso https://app.example.com/hooks \\
      --state waiting")]
    Deliveries {
        #[command(flatten)]
        webhook: OneWebhook,
        /// Only those in this state
        #[arg(long)]
        state: Option<DeliveryState>,
        /// Only those with this in type, resource, identifier or error
        #[arg(long, value_name = "TEXT")]
        contains: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct OneWebhook {
    /// The tenant, by name or id
    pub tenant: String,
    /// The webhook, by address or id
    pub webhook: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct WebhookChanges {
    /// Where events are sent
    #[arg(long)]
    pub url: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// An event that is sent, such as user.created; several times for several
    #[arg(long = "event", value_name = "TYPE")]
    pub events: Vec<String>,
    /// Send all events
    #[arg(long, conflicts_with = "events")]
    pub all_events: bool,
    /// Whether events come with the user or group as it is then
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub include_resource: Option<Switch>,
    /// Whether events are sent
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub enabled: Option<Switch>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ReplayFrom {
    /// From a date, a date and time, a time ago such as 2h, or now
    #[arg(long, value_name = "WHEN", value_parser = start)]
    pub from: Option<Start>,
    /// From a position that GET /changes of the tenant answered
    #[arg(long)]
    pub position: Option<String>,
    /// The event of one delivery: see `provost tenant webhook deliveries`
    #[arg(long, value_name = "ID")]
    pub delivery: Option<String>,
}

/// From when on.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// Now.
    Now,
    /// A moment, or so long ago.
    Moment(Moment),
}

fn start(text: &str) -> Result<Start, String> {
    if text == "now" {
        return Ok(Start::Now);
    }
    let wrong = |_| "it is written like 2027-01-01, 2027-01-01T08:00:00Z, 2h or now".to_owned();
    moment(text).map(Start::Moment).map_err(wrong)
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DeliveryState {
    Waiting,
    Delivered,
    Skipped,
    Failed,
}

impl DeliveryState {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}
