//! When an event that was not acknowledged is sent again, and when that has no end any more.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Random;

/// The pause after the first try; it doubles with each.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_hours(1);
/// The longest that an endpoint may ask to be left alone.
const LONGEST_ASKED: Duration = Duration::from_hours(24);
/// After so long without an acknowledgement of an event the webhook is disabled.
pub(crate) const GIVE_UP: SignedDuration = SignedDuration::from_hours(5 * 24);

/// How long to wait after that many tries, the first of which is 1: between half of the step and the whole, so that what
/// failed together is not tried together; or as long as the endpoint asked for, if that is longer.
pub(crate) fn pause(tries: u32, asked: Option<Duration>, random: &dyn Random) -> Duration {
    let step = FIRST.saturating_mul(1_u32 << tries.saturating_sub(1).min(16)).min(LONGEST);
    let half = step / 2;
    let jitter = Duration::from_micros(random.below(u64::try_from(half.as_micros()).unwrap_or(u64::MAX) + 1));
    (half + jitter).max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

/// Whether an event that failed for the first time then has been tried for long enough.
pub(crate) fn is_hopeless(first_failed: Timestamp, now: Timestamp) -> bool {
    now.duration_since(first_failed) >= GIVE_UP
}

#[cfg(test)]
mod tests {
    use testkit::SeededRandom;

    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_with_jitter() {
        let random = SeededRandom::new(7);
        let (mut shortest, mut longest) = (Duration::MAX, Duration::ZERO);
        for tries in 1..40_u32 {
            let step = Duration::from_secs(1 << (tries - 1).min(12)).min(LONGEST);
            for _ in 0..50 {
                let pause = pause(tries, None, &random);
                assert!(pause >= step / 2 && pause <= step, "{tries}: {pause:?}");
                if tries == 10 {
                    (shortest, longest) = (shortest.min(pause), longest.max(pause));
                }
            }
        }
        assert!(longest > shortest + Duration::from_secs(100), "{shortest:?} to {longest:?}");
    }

    #[test]
    fn an_endpoint_may_ask_for_longer_but_not_for_ever() {
        let random = SeededRandom::new(7);
        let asked = |seconds| pause(1, Some(Duration::from_secs(seconds)), &random);
        assert_eq!(asked(60), Duration::from_mins(1));
        assert!(asked(0) >= FIRST / 2);
        assert_eq!(asked(u64::MAX), LONGEST_ASKED);
    }
}
