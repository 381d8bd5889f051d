//! When a failed object is tried again.

use jiff::{SignedDuration, Timestamp};
use model::{ErrorInformation, Escrow};
use uuid::Uuid;

/// After this long a failed object is given up.
pub const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(28 * 24);

const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// The escrow of an object that failed now in a cycle, after the escrow it was in already. `None` when it is given up.
///
/// Pauses double with each cycle from 5 minutes up to 24 hours; what a cycle tries several times fails once.
pub fn fail(before: Option<&Escrow>, error: ErrorInformation, now: Timestamp, cycle: Uuid) -> Option<Escrow> {
    let (since, attempts) = before.map_or((now, 1), |escrow| {
        let again = u32::from(escrow.cycle != Some(cycle));
        (escrow.since, escrow.attempts.saturating_add(again))
    });
    if now.duration_since(since) >= GIVE_UP_AFTER {
        return None;
    }
    let doublings = attempts.saturating_sub(1).min(16);
    let pause = FIRST_PAUSE.checked_mul(1 << doublings).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
    let due = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
    Some(Escrow { since, attempts, cycle: Some(cycle), due, error, references: None })
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
        let mut cycle = 1;
        let mut escrow = fail(None, error(), now, Uuid::from_u128(cycle)).expect("tried again");
        let mut last = SignedDuration::ZERO;
        loop {
            assert_eq!(escrow.since, start);
            let pause = escrow.due.duration_since(now);
            assert!(pause >= last && pause <= SignedDuration::from_hours(24));
            last = pause;
            now = escrow.due;
            cycle += 1;
            match fail(Some(&escrow), error(), now, Uuid::from_u128(cycle)) {
                Some(next) => {
                    let again = fail(Some(&next), error(), now, Uuid::from_u128(cycle));
                    assert_eq!(again.as_ref(), Some(&next), "once for each cycle");
                    escrow = next;
                }
                None => break,
            }
        }
        assert!(now.duration_since(start) >= GIVE_UP_AFTER);
        assert!(escrow.attempts > 28 && escrow.attempts < 50);
    }
}
