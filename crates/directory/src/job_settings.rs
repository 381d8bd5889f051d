//! The settings of a job.

use jiff::{SignedDuration, SpanRelativeTo};
use model::{
    DeprovisionAction, Deprovisioning, Dialect, DriftAction, FailureLimits, GuardKind, Guards, Job,
    SyncScope, TargetLimits, Trigger,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;

/// The settings of a job that people change, apart from its mappings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobSettings {
    /// Time between the starts of two cycles.
    #[serde(deserialize_with = "length")]
    pub interval: SignedDuration,
    /// What begins a cycle beside the interval.
    pub trigger: Trigger,
    /// Who is provisioned.
    pub scope: SyncScope,
    /// Whether members of nested groups count as assigned.
    pub nested_groups: bool,
    /// Whether an assignment with Default Access counts for nothing where the application defines roles.
    pub exclude_default_access: bool,
    /// Who gets mail on a failure.
    pub notification_mail: Option<String>,
    /// Whether they get it: an address stays known where they do not.
    pub notify: bool,
    /// How much may be taken away before somebody is asked.
    pub guards: Guards,
    /// How many failures are too many.
    pub failure_limits: FailureLimits,
    /// Time between two comparisons with the target that begin by themselves.
    #[serde(deserialize_with = "optional_length")]
    pub drift_interval: Option<SignedDuration>,
    /// What these do about what differs.
    pub drift_action: DriftAction,
    /// What happens to accounts that leave.
    pub deprovisioning: Deprovisioning,
    /// The form of requests.
    pub dialect: Dialect,
    /// What the target takes at most.
    pub limits: TargetLimits,
}

/// Shortest and longest interval between two cycles.
const INTERVALS: (SignedDuration, SignedDuration) =
    (SignedDuration::from_secs(1), SignedDuration::from_hours(24 * 30));

/// Longest time between two comparisons with the target.
const LONGEST_DRIFT: SignedDuration = SignedDuration::from_hours(24 * 366);

/// A length of time of ISO 8601, also in days and weeks, which have 24 hours each.
pub(crate) fn length<'de, D: Deserializer<'de>>(from: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(from)?;
    let span: Result<jiff::Span, _> = text.parse();
    span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| D::Error::custom("a length of time is written like PT40M or P1D"))
}

fn optional_length<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SignedDuration>, D::Error> {
    #[derive(Deserialize)]
    struct Length(#[serde(deserialize_with = "length")] SignedDuration);
    Ok(Option::<Length>::deserialize(from)?.map(|length| length.0))
}

impl JobSettings {
    /// The settings of a job.
    pub fn of(job: &Job) -> Self {
        Self {
            interval: job.interval,
            trigger: job.trigger,
            scope: job.scope,
            nested_groups: job.nested_groups,
            exclude_default_access: job.exclude_default_access,
            notification_mail: job.notification_mail.clone(),
            notify: job.notify,
            guards: job.guards,
            failure_limits: job.failure_limits,
            drift_interval: job.drift_interval,
            drift_action: job.drift_action,
            deprovisioning: job.deprovisioning,
            dialect: job.dialect,
            limits: job.limits,
        }
    }

    pub(crate) fn check(&self) -> crate::Result<()> {
        if self.interval < INTERVALS.0 || self.interval > INTERVALS.1 {
            return Err(Error::invalid("interval", "it must be between PT1S and P30D, e.g. PT40M"));
        }
        if self.drift_interval.is_some_and(|it| it < INTERVALS.0 || it > LONGEST_DRIFT) {
            return Err(Error::invalid(
                "driftInterval",
                "it must be between PT1S and P366D, e.g. P1D, or null for never",
            ));
        }
        self.check_failure_limits()?;
        if GuardKind::ALL
            .iter()
            .any(|kind| self.guards.of(*kind).percent.is_some_and(|percent| percent > 100))
        {
            return Err(Error::invalid("guards", "a percentage is between 0 and 100"));
        }
        if self.deprovisioning.group_out_of_scope == DeprovisionAction::Disable {
            return Err(Error::invalid(
                "deprovisioning",
                "a group cannot be disabled: groupOutOfScope is nothing or delete",
            ));
        }
        let plausible = |mail: &str| {
            mail.len() <= 254
                && !mail.contains(|char: char| char.is_whitespace() || char.is_control())
                && mail.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        };
        if self.notification_mail.as_deref().is_some_and(|mail| !plausible(mail)) {
            return Err(Error::invalid(
                "notificationMail",
                "it must be one mail address, such as it@example.com",
            ));
        }
        Ok(())
    }

    pub(crate) fn apply(self, job: &mut Job) {
        job.interval = self.interval;
        job.trigger = self.trigger;
        job.scope = self.scope;
        job.nested_groups = self.nested_groups;
        job.exclude_default_access = self.exclude_default_access;
        job.notification_mail = self.notification_mail;
        job.notify = self.notify;
        job.guards = self.guards;
        job.failure_limits = self.failure_limits;
        job.drift_interval = self.drift_interval;
        job.drift_action = self.drift_action;
        job.deprovisioning = self.deprovisioning;
        job.dialect = self.dialect;
        job.limits = self.limits;
    }

    fn check_failure_limits(&self) -> crate::Result<()> {
        let FailureLimits { percent, minimum, objects, total } = self.failure_limits;
        if percent.is_some_and(|percent| !(1..=100).contains(&percent)) {
            return Err(Error::invalid(
                "failureLimits.percent",
                "a percentage of failures is between 1 and 100",
            ));
        }
        let limits = [("minimum", minimum), ("objects", objects), ("total", total)];
        match limits.into_iter().find(|(_, limit)| *limit == Some(0)) {
            Some((name, _)) => {
                let reason =
                    "with 0 no failure at all would be too many; it is 1 or more, or null for the default";
                Err(Error::invalid(format!("failureLimits.{name}"), reason))
            }
            None => Ok(()),
        }
    }
}
