//! When a failed object is tried again, and when a job is stopped for its failures.

use jiff::{SignedDuration, Timestamp};
use model::{ErrorInformation, Escrow};

/// After this long a failed object is given up.
pub const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(28 * 24);

const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// The escrow of an object that failed now, after the escrow it was in already. `None` when it is given up.
///
/// Pauses double from 5 minutes up to 24 hours.
pub fn fail(before: Option<&Escrow>, error: ErrorInformation, now: Timestamp) -> Option<Escrow> {
    let (since, attempts) =
        before.map_or((now, 1), |escrow| (escrow.since, escrow.attempts.saturating_add(1)));
    if now.duration_since(since) >= GIVE_UP_AFTER {
        return None;
    }
    let doublings = attempts.saturating_sub(1).min(16);
    let pause = FIRST_PAUSE.checked_mul(1 << doublings).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
    let due = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
    Some(Escrow { since, attempts, due, error })
}

/// How many objects a cycle failed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleFailures {
    /// Objects that failed, references left out.
    pub objects: u64,
    /// References that failed.
    pub references: u64,
    /// Objects in scope.
    pub in_scope: u64,
}

/// Below this many objects in scope, smaller numbers of failures count.
const SMALL: u64 = 12_500;

/// Graph's reason for the quarantine that the failures of a cycle call for; `None` for few failures.
pub fn too_many_failures(failures: CycleFailures) -> Option<&'static str> {
    let CycleFailures { objects, references, in_scope } = failures;
    let many = if in_scope < SMALL { (in_scope / 20).max(20) } else { 5_000 };
    let share = u128::from(objects) * 10 >= u128::from(in_scope) * 4;
    if (share && objects >= many) || objects >= 40_000 {
        return Some("EncounteredBaseEscrowThreshold");
    }
    (objects.saturating_add(references) >= 60_000).then_some("EncounteredTotalEscrowThreshold")
}

/// How long a job in quarantine waits after so many cycles in it (the first included).
pub fn quarantine_pause(series: u32) -> SignedDuration {
    SignedDuration::from_hours(match series {
        0 | 1 => 6,
        2 => 12,
        _ => 24,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> ErrorInformation {
        ErrorInformation {
            error_code: "Timeout".into(),
            error_category: "failure".into(),
            reason: "slow".into(),
            recommended_action: String::new(),
        }
    }

    #[test]
    fn pauses_grow_to_a_day_and_end_after_four_weeks() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("an instant");
        let mut now = start;
        let mut escrow = fail(None, error(), now).expect("tried again");
        let mut last = SignedDuration::ZERO;
        loop {
            assert_eq!(escrow.since, start);
            let pause = escrow.due.duration_since(now);
            assert!(pause >= last && pause <= SignedDuration::from_hours(24));
            last = pause;
            now = escrow.due;
            match fail(Some(&escrow), error(), now) {
                Some(next) => escrow = next,
                None => break,
            }
        }
        assert!(now.duration_since(start) >= GIVE_UP_AFTER);
        assert!(escrow.attempts > 28 && escrow.attempts < 50);
    }

    #[test]
    fn quarantine_as_published() {
        let of = |objects, references, in_scope| {
            too_many_failures(CycleFailures { objects, references, in_scope })
        };
        assert_eq!(of(19, 0, 19), None);
        assert_eq!(of(20, 0, 40), Some("EncounteredBaseEscrowThreshold"));
        assert_eq!(of(100, 0, 1_000), None);
        assert_eq!(of(400, 0, 1_000), Some("EncounteredBaseEscrowThreshold"));
        assert_eq!(of(4_999, 0, 12_500), None);
        assert_eq!(of(5_000, 0, 12_500), Some("EncounteredBaseEscrowThreshold"));
        assert_eq!(of(39_999, 20_000, 1_000_000), None);
        assert_eq!(of(40_000, 0, 1_000_000), Some("EncounteredBaseEscrowThreshold"));
        assert_eq!(of(30_000, 30_000, 1_000_000), Some("EncounteredTotalEscrowThreshold"));
    }
}
