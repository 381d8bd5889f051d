//! The provisioning log and the audit log.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use model::{AuditEntry, ProvisioningAction, ProvisioningEntry, ProvisioningStatus};
use store::{Cursor, Expect, Key, KeyName, KeyRange, Kind, Object, Op, Realm, Scan};
use uuid::Uuid;

use crate::assignments::exactly;
use crate::record::{decode_record, encode};
use crate::{Directory, Error, Result};

/// Which entries of the provisioning log are wanted: all conditions hold.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// Of this application.
    pub service_principal: Option<Uuid>,
    /// Of this job.
    pub job: Option<Uuid>,
    /// Of this cycle.
    pub cycle: Option<Uuid>,
    /// About this object of the directory, by id.
    pub source: Option<String>,
    /// About objects of the directory that people call so (without regard to case).
    pub source_name: Option<String>,
    /// That ended so.
    pub status: Option<ProvisioningStatus>,
    /// That tried this.
    pub action: Option<ProvisioningAction>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
}

/// Which entries of the audit log are wanted: all conditions hold.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// About this object.
    pub target: Option<String>,
    /// Of this category.
    pub category: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
}

/// Which part of a log is wanted.
#[derive(Clone, Debug, Default)]
pub struct LogPart {
    /// Where an earlier page ended.
    pub after: Option<Cursor>,
    /// At most so many entries.
    pub limit: usize,
    /// From the oldest entry to the newest; else the newest comes first.
    pub oldest_first: bool,
}

/// One page of a log.
#[derive(Clone, Debug)]
pub struct LogPage<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Where the next page starts; `None` when this was the last one.
    pub next: Option<Cursor>,
}

/// The operation that writes an entry of the provisioning log into the directory it names, with the keys it is
/// found by. For the transactions of a cycle.
pub fn entry_op(entry: &ProvisioningEntry) -> Op {
    let mut keys = vec![
        Key::lookup(KeyName::ServicePrincipal, entry.service_principal.id.clone()),
        Key::lookup(KeyName::Cycle, entry.cycle_id.to_string()),
    ];
    if entry.provisioning_status != ProvisioningStatus::Success {
        keys.push(Key::lookup(KeyName::Status, status_name(entry.provisioning_status)));
    }
    if entry.provisioning_status == ProvisioningStatus::Failure {
        keys.push(failures_in(hour_of(entry.activity_date_time)));
    }
    if !entry.source_identity.id.is_empty() {
        keys.push(Key::lookup(KeyName::Source, entry.source_identity.id.clone()));
    }
    Op::Put {
        realm: Realm(entry.tenant_id),
        kind: Kind::ProvisioningEntry,
        id: entry.id,
        expect: Expect::Any,
        body: encode_entry(entry),
        keys,
    }
}

/// When the hour of a moment began.
fn hour_of(moment: Timestamp) -> Timestamp {
    let into =
        SignedDuration::from_nanos(i64::try_from(moment.as_nanosecond().rem_euclid(HOUR)).unwrap_or(0));
    moment.saturating_sub(into).unwrap_or(Timestamp::MIN)
}

const HOUR: i128 = SignedDuration::from_hours(1).as_nanos();

/// The key that entries about failures in an hour are counted by.
fn failures_in(hour: Timestamp) -> Key {
    Key::lookup(KeyName::FailureHour, Key::instant(hour))
}

/// What stands before an entry that is compressed. Earlier versions kept the JSON as it is.
const COMPRESSED: u8 = 1;

/// No byte that is compressed stands for more: a damaged entry does not fill the memory.
const MOST_COMPRESSED: usize = 256;

/// An entry of the provisioning log as it is stored. They are most of what a cycle writes, alike, and seldom read.
fn encode_entry(entry: &ProvisioningEntry) -> Bytes {
    let mut body = vec![COMPRESSED];
    body.extend(lz4_flex::compress_prepend_size(&encode(entry)));
    body.into()
}

/// An entry of the provisioning log that is stored so.
///
/// # Errors
/// What is wrong with it, where the program never stored it so.
pub fn decode_entry(body: &[u8]) -> std::result::Result<ProvisioningEntry, String> {
    match body.split_first() {
        Some((&COMPRESSED, compressed)) => {
            let (size, rest) =
                lz4_flex::block::uncompressed_size(compressed).map_err(|error| error.to_string())?;
            if size / MOST_COMPRESSED > rest.len() {
                return Err(format!("it says that it has {size} bytes, which it cannot"));
            }
            let json = lz4_flex::decompress(rest, size).map_err(|error| error.to_string())?;
            serde_json::from_slice(&json).map_err(|error| error.to_string())
        }
        _ => serde_json::from_slice(body).map_err(|error| error.to_string()),
    }
}

/// An entry of the provisioning log.
///
/// # Errors
/// [`Error::Damaged`].
pub fn read_entry(object: &Object) -> Result<ProvisioningEntry> {
    decode_entry(&object.body).map_err(|reason| Error::Damaged { what: "log entry", id: object.id, reason })
}

const fn status_name(status: ProvisioningStatus) -> &'static str {
    match status {
        ProvisioningStatus::Success => "success",
        ProvisioningStatus::Failure => "failure",
        ProvisioningStatus::Skipped => "skipped",
        ProvisioningStatus::Warning => "warning",
    }
}

impl LogFilter {
    /// The scan by the most selective key that the filter names.
    fn scan(&self, limit: usize) -> Scan {
        if let Some(source) = &self.source {
            return exactly(KeyName::Source, source.as_str(), limit);
        }
        if let Some(cycle) = self.cycle {
            return exactly(KeyName::Cycle, cycle.to_string(), limit);
        }
        match (self.status, self.service_principal) {
            (Some(status), _) if status != ProvisioningStatus::Success => {
                exactly(KeyName::Status, status_name(status), limit)
            }
            // Successes are found among all: an index of nearly everything would find nothing sooner.
            (_, Some(app)) => exactly(KeyName::ServicePrincipal, app.to_string(), limit),
            (_, None) => Scan::first(limit),
        }
    }

    fn keeps(&self, entry: &ProvisioningEntry) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, value: &T) -> bool {
            wanted.is_none_or(|wanted| wanted == value)
        }
        is(self.source.as_ref(), &entry.source_identity.id)
            && is(self.cycle.as_ref(), &entry.cycle_id)
            && is(self.job.as_ref(), &entry.job_id)
            && is(self.status.as_ref(), &entry.provisioning_status)
            && is(self.action.as_ref(), &entry.provisioning_action)
            && self.service_principal.is_none_or(|id| entry.service_principal.id == id.to_string())
            && self.source_name.as_ref().is_none_or(|name| {
                scim::fold::folds_to(&entry.source_identity.display_name, &scim::fold::fold_key(name))
            })
            && self.until.is_none_or(|until| entry.activity_date_time <= until)
    }
}

impl Directory {
    /// One page of the provisioning log: the entries that the filter names and `also` holds for.
    pub async fn provisioning_log(
        &self,
        filter: &LogFilter,
        part: LogPart,
        also: impl Fn(&ProvisioningEntry) -> bool,
    ) -> Result<LogPage<ProvisioningEntry>> {
        let early =
            |entry: &ProvisioningEntry| filter.since.is_some_and(|since| entry.activity_date_time < since);
        let keep = |entry: &ProvisioningEntry| filter.keeps(entry) && also(entry);
        self.log_page(Kind::ProvisioningEntry, read_entry, |limit| filter.scan(limit), part, early, keep)
            .await
    }

    /// How many entries tell of a failure in each of the last hours, the one that goes on included; the oldest first,
    /// with when it began.
    pub async fn failures_by_hour(&self, hours: u16) -> Result<Vec<(Timestamp, u64)>> {
        let last = hour_of(self.clock().now());
        let mut counted = Vec::with_capacity(hours.into());
        for ago in (0..hours).rev() {
            let hour = last.saturating_sub(SignedDuration::from_hours(ago.into())).unwrap_or(Timestamp::MIN);
            let range = KeyRange::exactly(failures_in(hour));
            counted.push((hour, self.store.count_keys(self.realm(), Kind::ProvisioningEntry, range).await?));
        }
        Ok(counted)
    }

    /// One page of the audit log: the entries that the filter names and `also` holds for.
    pub async fn audit_log(
        &self,
        filter: &AuditFilter,
        part: LogPart,
        also: impl Fn(&AuditEntry) -> bool,
    ) -> Result<LogPage<AuditEntry>> {
        let scan = |limit| match &filter.target {
            Some(target) => exactly(KeyName::Source, target.as_str(), limit),
            None => Scan::first(limit),
        };
        let early = |entry: &AuditEntry| filter.since.is_some_and(|since| entry.activity_date_time < since);
        let keep = |entry: &AuditEntry| {
            filter.category.as_ref().is_none_or(|it| *it == entry.category) && also(entry)
        };
        let read = |object: &Object| decode_record("log entry", object);
        self.log_page(Kind::AuditEntry, read, scan, part, early, keep).await
    }

    async fn log_page<T>(
        &self,
        kind: Kind,
        read: impl Fn(&Object) -> Result<T>,
        scan: impl Fn(usize) -> Scan,
        part: LogPart,
        early: impl Fn(&T) -> bool,
        keep: impl Fn(&T) -> bool,
    ) -> Result<LogPage<T>> {
        let LogPart { mut after, limit, oldest_first } = part;
        let limit = limit.max(1);
        let mut entries = Vec::new();
        loop {
            let scan = scan(limit - entries.len()).after(after);
            let scan = if oldest_first { scan } else { scan.descending() };
            let page = self.store.scan(self.realm(), kind, scan).await?;
            for object in &page.objects {
                let entry = read(object)?;
                match early(&entry) {
                    true if oldest_first => {}
                    true => return Ok(LogPage { entries, next: None }),
                    false if keep(&entry) => entries.push(entry),
                    false => {}
                }
            }
            if page.next.is_none() || entries.len() >= limit {
                return Ok(LogPage { entries, next: page.next });
            }
            after = page.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_is_refused_before_it_takes_memory() {
        let mut body = vec![COMPRESSED];
        body.extend(u32::MAX.to_le_bytes());
        body.extend([0; 16]);
        assert!(decode_entry(&body).is_err_and(|reason| reason.contains("which it cannot")));
        assert!(decode_entry(&[COMPRESSED]).is_err() && decode_entry(&[]).is_err());
    }
}
