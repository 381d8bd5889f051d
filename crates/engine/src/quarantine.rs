//! When a job is in quarantine, when its next cycle is due there, and what administrators are told of it.

use jiff::{SignedDuration, Timestamp};
use model::{ErrorInformation, Quarantine, QuarantineEvent};

/// After this long in quarantine a job is disabled.
pub const QUARANTINE_LIMIT: SignedDuration = SignedDuration::from_hours(28 * 24);

/// A cause that may pass by itself has this long to do so.
const MAY_PASS: SignedDuration = SignedDuration::from_hours(24);

/// How a cycle ended, as far as quarantine goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CycleEnd<'a> {
    /// Everything was looked at, and few objects failed.
    Good,
    /// It was paused, or the process ended: it goes on where it was.
    CutOff,
    /// It ended early, of a cause that may pass by itself: a target that is not reached. After a day it is bad.
    Passing(&'a ErrorInformation),
    /// A guard holds changes back; all others were made.
    Staged(&'a ErrorInformation),
    /// It takes an administrator to put this right.
    Bad(&'a ErrorInformation),
}

/// Where a job stood before a cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before<'a> {
    /// The quarantine it was in.
    pub quarantine: Option<&'a Quarantine>,
    /// Since when its cycles end early.
    pub failing_since: Option<Timestamp>,
    /// Whether it runs by itself: it no longer may after [`QuarantineEvent::Disabled`].
    pub started: bool,
}

/// What follows from the end of a cycle.
#[derive(Clone, Debug, PartialEq)]
pub struct After {
    /// The quarantine that the job is in from now on.
    pub quarantine: Option<Quarantine>,
    /// Since when its cycles end early, outside of quarantine.
    pub failing_since: Option<Timestamp>,
    /// When the next cycle is due.
    pub next_run: Timestamp,
    /// What administrators are told: of several things, the one that tells most.
    pub event: Option<QuarantineEvent>,
}

/// What follows from a cycle that ended now like this. `regular` is when the next one would be due outside of quarantine.
pub fn after_cycle(
    Before { quarantine: before, failing_since, started }: Before<'_>,
    end: CycleEnd<'_>,
    now: Timestamp,
    regular: Timestamp,
) -> After {
    let since = failing_since.unwrap_or(now);
    let (quarantine, changed) = match (end, before) {
        (CycleEnd::Good, _) => {
            return After { quarantine: None, failing_since: None, next_run: regular, event: None };
        }
        (CycleEnd::Passing(_), None) if now.duration_since(since) < MAY_PASS => {
            return After { quarantine: None, failing_since: Some(since), next_run: regular, event: None };
        }
        (CycleEnd::CutOff, before) => {
            // The attempt that was due goes on; one that somebody made before does not bring the next one forward.
            let next_run = before.map_or(now, |before| before.next_attempt.max(now));
            return After { quarantine: before.cloned(), failing_since, next_run, event: None };
        }
        (CycleEnd::Passing(_), Some(before)) => (Quarantine { evaluated: now, ..before.clone() }, false),
        (CycleEnd::Bad(error) | CycleEnd::Staged(error) | CycleEnd::Passing(error), before) => {
            let staged = matches!(end, CycleEnd::Staged(_));
            let quarantine = Quarantine {
                reason: if staged { TOO_MANY_DELETES } else { reason(&error.error_code) }.to_owned(),
                series_began: before.map_or(now, |before| before.series_began),
                evaluated: now,
                series_count: before.map_or(0, |before| before.series_count),
                next_attempt: now,
                staged,
                error: error.clone(),
            };
            let changed = before.is_some_and(|before| {
                (&before.reason, &before.error.error_code) != (&quarantine.reason, &error.error_code)
            });
            (quarantine, changed)
        }
    };
    let series_count = quarantine.series_count.saturating_add(1);
    let next_attempt = match before {
        _ if quarantine.staged => regular,
        // Somebody tried before it was due, in vain: that costs no waiting.
        Some(before) if !changed && now < before.next_attempt => before.next_attempt,
        _ => now.saturating_add(pause(series_count)).unwrap_or(Timestamp::MAX).max(regular),
    };
    let quarantine = Quarantine { series_count, next_attempt, ..quarantine };
    let event = match before {
        None => Some(QuarantineEvent::Entered),
        Some(before) if started && outlasted(before, now) => Some(QuarantineEvent::Disabled),
        Some(_) => changed.then_some(QuarantineEvent::ReasonChanged),
    };
    After { quarantine: Some(quarantine), failing_since: None, next_run: next_attempt, event }
}

/// Whether a job has been in quarantine for so long that it is to be disabled.
pub fn outlasted(quarantine: &Quarantine, now: Timestamp) -> bool {
    now.duration_since(quarantine.series_began) >= QUARANTINE_LIMIT
}

/// How long a job in quarantine waits after so many cycles in it (the first included).
fn pause(series: u32) -> SignedDuration {
    SignedDuration::from_hours(match series {
        0 | 1 => 6,
        2 => 12,
        _ => 24,
    })
}

/// Graph's reason where a guard holds changes back; the error tells which guard.
const TOO_MANY_DELETES: &str = "TooManyDeletes";

/// Graph's name for why a job is in quarantine (`quarantineReason` of `synchronizationQuarantine`).
fn reason(code: &str) -> &str {
    match code {
        "EncounteredBaseEscrowThreshold"
        | "EncounteredTotalEscrowThreshold"
        | "EncounteredEscrowProportionThreshold" => code,
        _ => "EncounteredQuarantineException",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn error(code: &str) -> ErrorInformation {
        ErrorInformation {
            error_code: code.to_owned(),
            error_category: "failure".to_owned(),
            reason: "it says no".to_owned(),
            recommended_action: String::new(),
        }
    }

    fn of(quarantine: Option<&Quarantine>) -> Before<'_> {
        Before { quarantine, failing_since: None, started: true }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn the_schedule_thins_out_and_ends_after_four_weeks() {
        let start = at("2026-01-01T00:00:00Z");
        let unauthorized = error("Unauthorized");
        let mut now = start;
        let mut before: Option<Quarantine> = None;
        let mut hours = Vec::new();
        let mut events = Vec::new();
        loop {
            let bad = CycleEnd::Bad(&unauthorized);
            let after = after_cycle(of(before.as_ref()), bad, now, now + HOUR);
            hours.push(after.next_run.duration_since(now).as_hours());
            events.extend(after.event);
            let quarantine = after.quarantine.expect("still in quarantine");
            assert_eq!(quarantine.reason, "EncounteredQuarantineException");
            assert_eq!((quarantine.series_began, quarantine.next_attempt), (start, after.next_run));
            before = Some(quarantine);
            if after.event == Some(QuarantineEvent::Disabled) {
                break;
            }
            now = after.next_run;
        }
        assert_eq!(hours[..4], [6, 12, 24, 24]);
        assert!(hours[2..].iter().all(|hours| *hours == 24));
        assert_eq!(events, [QuarantineEvent::Entered, QuarantineEvent::Disabled]);
        let days = now.duration_since(start).as_hours() / 24;
        assert_eq!(days, 28, "disabled by the first cycle after four weeks");
        let stopped = Before { started: false, ..of(before.as_ref()) };
        let again = after_cycle(stopped, CycleEnd::Bad(&unauthorized), now, now);
        assert_eq!(again.event, None, "it is disabled once");
    }

    #[test]
    fn staged_removals_hold_nothing_else_back() {
        let now = at("2026-01-01T00:00:00Z");
        let after = after_cycle(of(None), CycleEnd::Staged(&error(TOO_MANY_DELETES)), now, now + HOUR);
        assert_eq!((after.next_run, after.event), (now + HOUR, Some(QuarantineEvent::Entered)));
        let before = after.quarantine;
        let later = now + HOUR;
        let after =
            after_cycle(of(before.as_ref()), CycleEnd::Bad(&error("Unauthorized")), later, later + HOUR);
        assert_eq!((after.next_run, after.event), (later + HOUR * 12, Some(QuarantineEvent::ReasonChanged)));
    }

    #[test]
    fn who_tries_early_in_vain_waits_no_longer_for_it() {
        let now = at("2026-01-01T00:00:00Z");
        let unauthorized = error("Unauthorized");
        let bad = CycleEnd::Bad(&unauthorized);
        let before = after_cycle(of(None), bad, now, now).quarantine;
        for end in [bad, CycleEnd::Passing(&unauthorized), CycleEnd::CutOff] {
            let after = after_cycle(of(before.as_ref()), end, now + HOUR, now + HOUR);
            assert_eq!((after.next_run, after.event), (now + HOUR * 6, None), "{end:?}");
        }
        let due = now + HOUR * 6;
        let after = after_cycle(of(before.as_ref()), CycleEnd::CutOff, due, due + HOUR);
        assert_eq!((after.next_run, after.quarantine), (due, before), "the attempt goes on");
    }

    #[test]
    fn a_job_that_seldom_runs_does_not_run_more_often_in_quarantine() {
        let now = at("2026-01-01T00:00:00Z");
        let after = after_cycle(of(None), CycleEnd::Bad(&error("Unauthorized")), now, now + HOUR * 168);
        assert_eq!(after.next_run, now + HOUR * 168);
    }

    #[test]
    fn what_may_pass_has_a_day() {
        let start = at("2026-01-01T00:00:00Z");
        let gone = error("HostNotFound");
        let mut standing = of(None);
        for hours in [0, 1, 23] {
            let now = start + HOUR * hours;
            let after = after_cycle(standing, CycleEnd::Passing(&gone), now, now + HOUR);
            assert_eq!((after.next_run, after.event, &after.quarantine), (now + HOUR, None, &None));
            assert_eq!(after.failing_since, Some(start));
            standing.failing_since = after.failing_since;
        }
        let good = after_cycle(standing, CycleEnd::Good, start + HOUR * 24, start + HOUR * 25);
        assert_eq!(good.failing_since, None);
        let now = start + HOUR * 24;
        let after = after_cycle(standing, CycleEnd::Passing(&gone), now, now + HOUR);
        assert_eq!((after.next_run, after.event), (now + HOUR * 6, Some(QuarantineEvent::Entered)));
        assert_eq!(after.quarantine.expect("in quarantine").error.error_code, "HostNotFound");
    }

    #[derive(Clone, Debug)]
    struct Turn {
        end: u8,
        wait: i64,
        by_hand: bool,
    }

    fn turns() -> impl Strategy<Value = Vec<Turn>> {
        let turn = (0_u8..7, 0_i64..5_000, prop::bool::weighted(0.3));
        prop::collection::vec(turn.prop_map(|(end, wait, by_hand)| Turn { end, wait, by_hand }), 1..200)
    }

    proptest! {
        /// A job is followed through any history: cycles end in any way, by the schedule or by hand.
        #[test]
        fn whatever_happens_the_rules_hold(turns in turns()) {
            let codes = ["Unauthorized", "CertificateInvalid", "TooManyDeletes", "TooManyRenames"];
            let errors = codes.map(error);
            let mut now = at("2026-01-01T00:00:00Z");
            let mut before: Option<Quarantine> = None;
            let mut next_run = now;
            let mut started = true;
            let mut failing_since = None;
            for turn in turns {
                let wait = SignedDuration::from_mins(turn.wait);
                now = if turn.by_hand || !started { now + wait } else { next_run.max(now) + wait / 100 };
                let end = match turn.end {
                    0 => CycleEnd::Good,
                    1 => CycleEnd::CutOff,
                    2 => CycleEnd::Passing(&errors[0]),
                    3 | 4 => CycleEnd::Bad(&errors[usize::from(turn.end) - 3]),
                    other => CycleEnd::Staged(&errors[usize::from(other) - 3]),
                };
                let standing = Before { quarantine: before.as_ref(), failing_since, started };
                let after = after_cycle(standing, end, now, now + HOUR);
                let passing = matches!(end, CycleEnd::Passing(_));
                prop_assert!(!(after.quarantine.is_some() && after.failing_since.is_some()));
                if before.is_none() && passing {
                    let long = failing_since.is_some_and(|since| now.duration_since(since) >= HOUR * 24);
                    prop_assert_eq!(after.quarantine.is_some(), long);
                }
                let event = after.event;
                match (&before, &after.quarantine) {
                    (None, Some(_)) => prop_assert_eq!(event, Some(QuarantineEvent::Entered)),
                    (_, None) => prop_assert_eq!(event, None),
                    (Some(old), Some(new)) => {
                        prop_assert_eq!(new.evaluated, if end == CycleEnd::CutOff { old.evaluated } else { now });
                        prop_assert_ne!(event, Some(QuarantineEvent::Entered));
                        prop_assert_eq!(old.series_began, new.series_began);
                        let cut = end == CycleEnd::CutOff;
                        let over = started && !cut && outlasted(new, now);
                        prop_assert_eq!(event == Some(QuarantineEvent::Disabled), over);
                        let differs = old.error.error_code != new.error.error_code;
                        prop_assert_eq!(event.is_some(), over || differs);
                        prop_assert_eq!(new.series_count, old.series_count + u32::from(!cut));
                    }
                }
                prop_assert!(end != CycleEnd::Good || after.quarantine.is_none());
                prop_assert!(!matches!(end, CycleEnd::Bad(_) | CycleEnd::Staged(_)) || after.quarantine.is_some());
                prop_assert!(after.next_run >= now);
                if let Some(new) = &after.quarantine {
                    // Never earlier than due: six hours after it began to be held back, and never brought forward.
                    prop_assert_eq!(after.next_run, new.next_attempt.max(now));
                    let early = before.as_ref().is_some_and(|old| now < old.next_attempt);
                    let held_back = !new.staged && end != CycleEnd::CutOff;
                    prop_assert!(!held_back || early || after.next_run >= now + HOUR * 6);
                    if let Some(old) = before.as_ref().filter(|_| early && !new.staged) {
                        prop_assert!(after.next_run >= old.next_attempt);
                    }
                }
                started &= event != Some(QuarantineEvent::Disabled);
                next_run = after.next_run;
                failing_since = after.failing_since;
                before = after.quarantine;
            }
        }
    }
}
