//! When a comparison with the target is due by itself.

use jiff::{SignedDuration, Timestamp};
use model::{CycleStatus, Job, JobState};

/// The longest pause before another try after a comparison that could not be made.
const RETRY: SignedDuration = SignedDuration::from_hours(1);

/// When a job's next comparison with its target begins by itself; `None` while none does: the job has no interval for
/// it, does not run by itself, is in quarantine, its cycles end early, or it has not looked at everybody yet.
///
/// One that was cut off is due at once. One by hand is none of these: it may have done less.
pub fn next_drift(job: &Job, state: &JobState) -> Option<Timestamp> {
    let interval = job.drift_interval?;
    let well = state.quarantine.is_none() && state.failing_since.is_none();
    let complete = state.watermark.is_some() && state.checkpoint.is_none();
    let last_cycle = state.last_cycle.as_ref().filter(|_| job.started && well && complete)?;
    let later = |at: Timestamp, by| at.saturating_add(by).unwrap_or(Timestamp::MAX);
    let regular = state.drift_began.map_or(last_cycle.started, |began| later(began, interval));
    let failed = |it: &&model::DriftReport| it.status == CycleStatus::Interrupted && it.error.is_some();
    let retry = state.last_drift.as_ref().filter(failed).map(|it| later(it.ended, interval.min(RETRY)));
    Some(retry.map_or(regular, |retry| retry.max(regular)))
}

/// Whether a comparison that is due goes before a cycle that is due as well: they take turns, so that neither waits for
/// ever.
pub fn drift_goes_first(due: Timestamp, state: &JobState) -> bool {
    state.last_cycle.as_ref().is_some_and(|last| last.started >= due)
}

#[cfg(test)]
mod tests {
    use model::{CycleCounts, CycleKind, CycleReport, DriftReport, ErrorInformation, Quarantine};
    use uuid::Uuid;

    use super::*;
    use crate::decide::tests::job;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn error() -> ErrorInformation {
        ErrorInformation {
            error_code: "HostNotFound".to_owned(),
            error_category: "failure".to_owned(),
            reason: "it is not there".to_owned(),
            recommended_action: String::new(),
        }
    }

    fn cycle(started: Timestamp) -> CycleReport {
        CycleReport {
            cycle_id: Uuid::nil(),
            kind: CycleKind::Incremental,
            counts: CycleCounts::default(),
            duration_ms: 0,
            status: CycleStatus::Completed,
            started,
            total: 0,
            done: 0,
            error: None,
        }
    }

    fn drift(started: Timestamp, status: CycleStatus, error: Option<ErrorInformation>) -> DriftReport {
        DriftReport {
            cycle_id: Uuid::nil(),
            repair: false,
            scheduled: true,
            started,
            ended: started,
            status,
            compared: 0,
            found: model::DriftCounts::default(),
            repairable: 0,
            listed: 0,
            unread: 0,
            groups_without_members: 0,
            not_listed: Vec::new(),
            repaired: CycleCounts::default(),
            held_back: false,
            error,
        }
    }

    #[test]
    fn a_comparison_is_due_after_its_interval_and_only_where_all_is_well() {
        let start = at("2026-01-01T00:00:00Z");
        let mut job = Job { started: true, drift_interval: Some(HOUR * 24), ..job() };
        let mut state = JobState {
            watermark: Some("x".to_owned()),
            last_cycle: Some(cycle(start)),
            ..JobState::default()
        };
        assert_eq!(next_drift(&job, &state), Some(start), "there was none yet");
        state.drift_began = Some(start);
        assert_eq!(next_drift(&job, &state), Some(start + HOUR * 24));
        // One that could not be made is tried again, one that was cut off goes on at once.
        state.drift_began = Some(start - HOUR * 24);
        state.last_drift = Some(drift(start, CycleStatus::Interrupted, Some(error())));
        assert_eq!(next_drift(&job, &state), Some(start + HOUR));
        state.last_drift = Some(drift(start, CycleStatus::Interrupted, None));
        assert_eq!(next_drift(&job, &state), Some(start));
        state.failing_since = Some(start);
        assert_eq!(next_drift(&job, &state), None);
        state.failing_since = None;
        let quarantine = Quarantine {
            reason: "TooManyDeletes".to_owned(),
            series_began: start,
            evaluated: start,
            series_count: 1,
            next_attempt: start,
            staged: true,
            error: error(),
        };
        state.quarantine = Some(quarantine);
        assert_eq!(next_drift(&job, &state), None);
        state.quarantine = None;
        state.checkpoint = Some("x".into());
        assert_eq!(next_drift(&job, &state), None);
        state.checkpoint = None;
        job.started = false;
        assert_eq!(next_drift(&job, &state), None);
        job.started = true;
        job.drift_interval = None;
        assert_eq!(next_drift(&job, &state), None);
    }

    #[test]
    fn comparisons_and_cycles_take_turns() {
        let start = at("2026-01-01T00:00:00Z");
        let state = JobState { last_cycle: Some(cycle(start)), ..JobState::default() };
        assert!(drift_goes_first(start, &state) && drift_goes_first(start - HOUR, &state));
        assert!(!drift_goes_first(start + HOUR, &state), "the cycle that is due has waited longer");
    }
}
