//! Counts every object once, and tells whoever watches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use model::{Counted, CycleCounts, CycleKind, CycleReport, CycleStatus, ErrorInformation, Outcome};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

/// The report of a cycle as it grows.
pub(crate) struct Tally {
    sender: watch::Sender<CycleReport>,
    outcomes: Mutex<HashMap<Uuid, Outcome>>,
    references: AtomicU64,
    began: Instant,
    earlier: u64,
}

impl Tally {
    pub fn new(sender: watch::Sender<CycleReport>) -> Self {
        let earlier = sender.borrow().duration_ms;
        Self {
            sender,
            outcomes: Mutex::default(),
            references: AtomicU64::new(0),
            began: Instant::now(),
            earlier,
        }
    }

    /// A report of a cycle that has just begun.
    pub fn begin(cycle_id: Uuid, kind: CycleKind, started: Timestamp) -> CycleReport {
        CycleReport {
            cycle_id,
            kind,
            counts: CycleCounts::default(),
            duration_ms: 0,
            status: CycleStatus::Running,
            started,
            total: 0,
            done: 0,
            error: None,
        }
    }

    /// Notes the outcomes of a batch.
    pub fn record(&self, batch: impl IntoIterator<Item = (Uuid, Outcome)>) {
        let mut outcomes = self.outcomes.lock();
        self.sender.send_modify(|report| {
            for (id, outcome) in batch {
                match outcomes.get(&id).copied() {
                    Some(before) if before >= outcome => {}
                    before => {
                        if let Some(before) = before {
                            *counter(&mut report.counts, before) -= 1;
                        } else {
                            report.done += 1;
                        }
                        *counter(&mut report.counts, outcome) += 1;
                        outcomes.insert(id, outcome);
                    }
                }
            }
            report.total = report.total.max(report.done);
            report.duration_ms = self.elapsed();
        });
    }

    /// Notes that references failed.
    pub fn references_failed(&self, count: u64) {
        self.references.fetch_add(count, Ordering::Relaxed);
    }

    /// How many references failed, in all tries.
    pub fn references(&self) -> u64 {
        self.references.load(Ordering::Relaxed)
    }

    /// What became of an object so far.
    pub fn outcome(&self, id: Uuid) -> Option<Outcome> {
        self.outcomes.lock().get(&id).copied()
    }

    pub fn expect(&self, total: u64) {
        self.sender.send_modify(|report| report.total = report.total.max(total));
    }

    /// As what an object counts with this outcome too, for its link.
    pub fn counted(&self, id: Uuid, outcome: Outcome) -> Counted {
        let outcome = self.outcome(id).map_or(outcome, |before| before.max(outcome));
        Counted { cycle: self.sender.borrow().cycle_id, outcome }
    }

    /// Goes on with the report of an interrupted cycle: of objects that nothing was done about only the numbers are
    /// known, the others come back by [`Self::record`].
    pub fn resume(&self, cycle_id: Uuid, counts: CycleCounts, started: Timestamp) {
        let CycleCounts { skipped, deleted, unchanged, .. } = counts;
        self.sender.send_modify(|report| {
            report.cycle_id = cycle_id;
            report.counts = CycleCounts { skipped, deleted, unchanged, ..CycleCounts::default() };
            report.done = skipped + deleted + unchanged;
            report.started = started;
        });
    }

    pub fn describe(&self, kind: CycleKind) {
        self.sender.send_modify(|report| report.kind = kind);
    }

    pub fn report(&self) -> CycleReport {
        self.sender.borrow().clone()
    }

    /// The report of a cycle that ends like this, without telling anybody yet.
    pub fn ended(&self, status: CycleStatus, error: Option<ErrorInformation>) -> CycleReport {
        let mut report = self.report();
        report.status = status;
        report.error = error;
        report.duration_ms = self.elapsed();
        report
    }

    pub fn publish(&self, report: CycleReport) {
        self.sender.send_replace(report);
    }

    fn elapsed(&self) -> u64 {
        self.earlier.saturating_add(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

fn counter(counts: &mut CycleCounts, outcome: Outcome) -> &mut u64 {
    match outcome {
        Outcome::Unchanged => &mut counts.unchanged,
        Outcome::Skipped => &mut counts.skipped,
        Outcome::Updated => &mut counts.updated,
        Outcome::Created => &mut counts.created,
        Outcome::Disabled => &mut counts.disabled,
        Outcome::Deleted => &mut counts.deleted,
        Outcome::Staged => &mut counts.staged,
        Outcome::Failed => &mut counts.failed,
    }
}
