//! A file of users that is imported by itself, as a snapshot: when, and what came of it last.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::Principal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Expect, Key, KeyName, Kind, Object, transact};
use uuid::Uuid;

use super::folder::{Stamp, check_name};
use super::{Leavers, Report};
use crate::audit::{Category, Deed, identity, property};
use crate::job_settings::length;
use crate::record::{decode_record, encode};
use crate::{Directory, Error, Result};

/// What is imported, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportSchedule {
    /// The name of a file in the folder for imports.
    pub file: String,
    /// When.
    pub when: When,
    /// How many users may go at once.
    #[serde(default)]
    pub leavers: Leavers,
    /// For how long the file must not have changed before it is taken for complete.
    #[serde(default = "usual_settling", deserialize_with = "length")]
    pub settle: SignedDuration,
}

/// When a file is imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "when is {\"every\": \"PT6H\"} or {\"at\": \"02:30\", \"timeZone\": \"Europe/Berlin\"}"
)]
pub enum When {
    /// Again and again.
    #[serde(rename_all = "camelCase")]
    Every {
        /// Time between the beginnings of two imports.
        #[serde(deserialize_with = "length")]
        every: SignedDuration,
    },
    /// Once a day.
    #[serde(rename_all = "camelCase")]
    Daily {
        /// At that time of day.
        at: Time,
        /// Of the place with that IANA name.
        #[serde(default = "utc")]
        time_zone: String,
    },
}

fn utc() -> String {
    "UTC".to_owned()
}

fn usual_settling() -> SignedDuration {
    SignedDuration::from_secs(30)
}

/// Shortest and longest time between two imports.
const EVERY: (SignedDuration, SignedDuration) =
    (SignedDuration::from_secs(1), SignedDuration::from_hours(24 * 30));
/// The longest that a file is waited for to be complete.
const LONGEST_SETTLING: SignedDuration = SignedDuration::from_hours(1);

impl When {
    /// The first time that comes after a moment.
    pub(super) fn next(&self, after: Timestamp) -> Timestamp {
        match self {
            Self::Every { every } => after.saturating_add(*every).unwrap_or(Timestamp::MAX),
            Self::Daily { at, time_zone } => {
                // A zone that the system has forgotten since it was saved must not end all imports.
                let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
                let today = zone.to_datetime(after).date();
                let on = |date: jiff::civil::Date| zone.to_timestamp(date.to_datetime(*at)).ok();
                let days = [Some(today), today.tomorrow().ok()];
                let next = days.into_iter().flatten().filter_map(on).find(|moment| *moment > after);
                next.unwrap_or(Timestamp::MAX)
            }
        }
    }
}

impl ImportSchedule {
    fn check(&self) -> Result<()> {
        check_name(&self.file)?;
        self.leavers.check()?;
        match &self.when {
            When::Every { every } if *every < EVERY.0 || *every > EVERY.1 => {
                return Err(Error::invalid("when.every", "it must be between PT1S and P30D, e.g. PT6H"));
            }
            When::Daily { time_zone, .. } => {
                TimeZone::get(time_zone).map_err(|_| {
                    Error::invalid(
                        "when.timeZone",
                        "it is the IANA name of a place, such as Europe/Berlin or UTC",
                    )
                })?;
            }
            When::Every { .. } => {}
        }
        if self.settle.is_negative() || self.settle > LONGEST_SETTLING {
            return Err(Error::invalid("settle", "it must be between PT0S and PT1H"));
        }
        Ok(())
    }
}

/// How an import that began by itself ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ImportOutcome {
    /// All of the file was imported.
    Imported,
    /// More users would have gone than may; everything else was imported.
    Held,
    /// The file, or rows of it, could not be read, or were not there in time. Nobody was removed.
    Failed,
}

impl ImportOutcome {
    /// Whether somebody has to look after it.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Held | Self::Failed)
    }
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportRun {
    /// Identifier.
    pub id: Uuid,
    /// The file.
    pub file: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How.
    pub outcome: ImportOutcome,
    /// In words.
    pub message: String,
    /// Users created.
    pub created: u64,
    /// Users changed.
    pub updated: u64,
    /// Users moved to the recycle bin.
    pub deleted: u64,
    /// Users that are not in the file and stay.
    pub held: u64,
    /// Rows that could not be imported.
    pub failed: u64,
    /// Whether administrators were told, where they have to be.
    #[serde(default)]
    pub told: bool,
}

impl ImportRun {
    pub(super) fn of(id: Uuid, file: &str, began: Timestamp, ended: Timestamp, report: &Report) -> Self {
        let (deleted, held) = (report.deleted.unwrap_or(0), report.held.unwrap_or(0));
        let Report { created, updated, failed, .. } = *report;
        let (outcome, message) = match (failed, held) {
            (0, 0) => (
                ImportOutcome::Imported,
                format!("{created} users created, {updated} changed, {deleted} moved to the recycle bin"),
            ),
            (0, held) => (
                ImportOutcome::Held,
                format!("{held} users are not in the file: more than may go at once, so all of them stay"),
            ),
            (failed, held) => {
                let first = report.errors.first().map_or_else(String::new, |error| {
                    let column =
                        if error.column.is_empty() { String::new() } else { format!(", {}", error.column) };
                    format!(" (first: line {}{column}: {})", error.line, error.reason)
                });
                let stay = if held > 0 {
                    format!("; {held} users are not in the file and stay")
                } else {
                    String::new()
                };
                (ImportOutcome::Failed, format!("{failed} rows could not be imported{first}{stay}"))
            }
        };
        let file = file.to_owned();
        Self {
            id,
            file,
            began,
            ended,
            outcome,
            message,
            created,
            updated,
            deleted,
            held,
            failed,
            told: false,
        }
    }

    /// An import that failed as a whole.
    pub(super) fn failed(id: Uuid, file: &str, at: Timestamp, message: String) -> Self {
        let run = Self::of(id, file, at, at, &Report::default());
        Self { outcome: ImportOutcome::Failed, message, ..run }
    }
}

/// The schedule of a directory with what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scheduled {
    /// What is imported, and when.
    pub schedule: ImportSchedule,
    /// Since when it is so.
    pub since: Timestamp,
    /// The last import.
    pub last: Option<ImportRun>,
    /// When the file was last due and found to be the one that was imported already.
    pub unchanged: Option<Timestamp>,
    /// The file that was imported last.
    pub imported: Option<Stamp>,
}

impl Scheduled {
    /// When the next import is due: an interval begins with an import at once.
    pub fn next(&self) -> Timestamp {
        let looked = self.last.as_ref().map(|last| last.began).max(self.unchanged);
        match (looked, &self.schedule.when) {
            (Some(looked), when) => when.next(looked),
            (None, When::Every { .. }) => self.since,
            (None, when) => when.next(self.since),
        }
    }
}

const NAME: &str = "import-schedule";

fn key() -> Key {
    Key::unique(KeyName::Name, NAME)
}

impl Directory {
    /// The file that is imported by itself; `None` where none is.
    pub async fn import_schedule(&self) -> Result<Option<Scheduled>> {
        Ok(self.stored_schedule().await?.map(|(_, scheduled)| scheduled))
    }

    async fn stored_schedule(&self) -> Result<Option<(Object, Scheduled)>> {
        let found = self.store.find(self.realm(), Kind::Setting, &key(), 1).await?;
        let Some(object) = found.into_iter().next() else { return Ok(None) };
        let scheduled = decode_record("import schedule", &object)?;
        Ok(Some((object, scheduled)))
    }

    /// Has a file imported by itself, in place of another. What came of the last import stays known.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what is wrong.
    pub async fn set_import_schedule(&self, by: &Principal, schedule: &ImportSchedule) -> Result<Scheduled> {
        schedule.check()?;
        let id = self.ids.next();
        let (scheduled, _) = transact(self.store.as_ref(), async || {
            let mut transaction = self.draft();
            let old = self.stored_schedule().await?;
            let (id, expect) = old
                .as_ref()
                .map_or((id, Expect::Absent), |(object, _)| (object.id, Expect::Version(object.version)));
            let old = old.map(|(_, scheduled)| scheduled);
            if let Some(same) = old.as_ref().filter(|old| old.schedule == *schedule) {
                return Ok((transaction, same.clone()));
            }
            let was = old.as_ref().map(|old| shown(&old.schedule));
            let other_file = old.as_ref().is_none_or(|old| old.schedule.file != schedule.file);
            let scheduled = Scheduled {
                schedule: schedule.clone(),
                since: transaction.at,
                imported: old.as_ref().and_then(|old| old.imported).filter(|_| !other_file),
                unchanged: None,
                last: old.and_then(|old| old.last),
            };
            transaction.put(self.realm(), Kind::Setting, id, expect, encode(&scheduled), vec![key()]);
            let deed = self.schedule_deed("Set import schedule", was, Some(shown(schedule)));
            self.audit(&mut transaction, by, deed);
            Ok::<_, Error>((transaction, scheduled))
        })
        .await?;
        Ok(scheduled)
    }

    /// Has no file imported by itself any more.
    pub async fn remove_import_schedule(&self, by: &Principal) -> Result<()> {
        transact(self.store.as_ref(), async || {
            let mut transaction = self.draft();
            let (object, old) =
                self.stored_schedule().await?.ok_or_else(|| Error::missing("import schedule", NAME))?;
            transaction.delete(self.realm(), Kind::Setting, object.id, Expect::Version(object.version));
            let deed = self.schedule_deed("Remove import schedule", Some(shown(&old.schedule)), None);
            self.audit(&mut transaction, by, deed);
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(())
    }

    fn schedule_deed(&self, activity: &'static str, old: Option<Value>, new: Option<Value>) -> Deed {
        let target = identity(self.id(), self.id().to_string(), "Directory");
        Deed::new(activity, Category::Directory, target).changing(vec![property("schedule", old, new)])
    }

    /// Writes down what came of an import, unless the schedule is gone by now.
    pub(super) async fn note_import(&self, run: &ImportRun, imported: Option<Stamp>) -> Result<()> {
        self.change_schedule(|scheduled| {
            scheduled.last = Some(run.clone());
            scheduled.imported = imported.or(scheduled.imported);
        })
        .await
    }

    /// Writes down that the file was due and is the one that was imported already.
    pub(super) async fn note_unchanged(&self, at: Timestamp) -> Result<()> {
        self.change_schedule(|scheduled| scheduled.unchanged = Some(at)).await
    }

    /// Writes down that administrators were told what came of an import.
    pub async fn note_import_told(&self, run: Uuid) -> Result<()> {
        self.change_schedule(|scheduled| {
            if let Some(last) = scheduled.last.as_mut().filter(|last| last.id == run) {
                last.told = true;
            }
        })
        .await
    }

    async fn change_schedule(&self, change: impl Fn(&mut Scheduled) + Send + Sync) -> Result<()> {
        transact(self.store.as_ref(), async || {
            let mut transaction = self.draft();
            if let Some((object, mut scheduled)) = self.stored_schedule().await? {
                change(&mut scheduled);
                let (expect, body) = (Expect::Version(object.version), encode(&scheduled));
                transaction.put(self.realm(), Kind::Setting, object.id, expect, body, vec![key()]);
            }
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(())
    }
}

fn shown(schedule: &ImportSchedule) -> Value {
    serde_json::to_value(schedule).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn times_of_day_are_those_of_a_place() {
        let daily = |at: &str, zone: &str| {
            serde_json::from_value::<When>(serde_json::json!({"at": at, "timeZone": zone}))
                .expect("a time of day")
        };
        for (after, at, zone, next) in [
            ("2026-01-10T01:00:00Z", "02:30", "UTC", "2026-01-10T02:30:00Z"),
            ("2026-01-10T02:30:00Z", "02:30", "UTC", "2026-01-11T02:30:00Z"),
            ("2026-01-10T01:00:00Z", "02:30", "Europe/Berlin", "2026-01-10T01:30:00Z"),
            ("2026-07-10T01:00:00Z", "02:30", "Europe/Berlin", "2026-07-11T00:30:00Z"),
            // The hour that is left out in spring, and the one that comes twice in autumn: once each.
            ("2026-03-28T12:00:00Z", "02:30", "Europe/Berlin", "2026-03-29T01:30:00Z"),
            ("2026-10-24T12:00:00Z", "02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"),
            ("2026-10-25T00:30:00Z", "02:30", "Europe/Berlin", "2026-10-26T01:30:00Z"),
        ] {
            assert_eq!(daily(at, zone).next(instant(after)), instant(next), "{after} {at} {zone}");
        }
        let every: When = serde_json::from_value(serde_json::json!({"every": "PT6H"})).expect("an interval");
        assert_eq!(every.next(instant("2026-01-10T01:00:00Z")), instant("2026-01-10T07:00:00Z"));
        let error = serde_json::from_value::<When>(serde_json::json!({"at": "noon"})).expect_err("no time");
        assert!(error.to_string().contains("02:30"), "{error}");
    }
}
