//! Guards against accidental mass removal.

/// The most removals in a cycle unless the job says otherwise.
const DEFAULT_NUMBER: u64 = 500;

/// A removal too few to be an accident.
const ALWAYS_ALLOWED: u64 = 5;

/// Whether the removals of a cycle may be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They may.
    Allowed,
    /// None of them may: there are more than this many.
    Staged {
        /// The limit.
        limit: u64,
    },
}

/// The most removals of one cycle: 20 % of the linked accounts or the job's number (500), whichever is less; the
/// percentage never counts for less than 5.
pub fn removal_limit(linked: u64, number: Option<u64>) -> u64 {
    (linked / 5).max(ALWAYS_ALLOWED).min(number.unwrap_or(DEFAULT_NUMBER))
}

/// Judges the number of accounts that a cycle would disable or delete, of those linked before it.
pub fn judge_removals(removals: u64, linked: u64, number: Option<u64>) -> Verdict {
    let limit = removal_limit(linked, number);
    if removals > limit { Verdict::Staged { limit } } else { Verdict::Allowed }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lesser_of_share_and_number_and_five_always() {
        assert_eq!(removal_limit(1_000, None), 200);
        assert_eq!(removal_limit(50_000, None), 500);
        assert_eq!(removal_limit(3, None), 5);
        assert_eq!(removal_limit(1_000, Some(50)), 50);
        assert_eq!(removal_limit(1_000, Some(0)), 0);
        assert_eq!(judge_removals(201, 1_000, None), Verdict::Staged { limit: 200 });
        assert_eq!(judge_removals(200, 1_000, None), Verdict::Allowed);
        assert_eq!(judge_removals(0, 0, Some(0)), Verdict::Allowed);
    }

    proptest! {
        #[test]
        fn never_more_than_the_limits(removals in 0_u64..100_000, linked in 0_u64..1_000_000, number in proptest::option::of(0_u64..10_000)) {
            if judge_removals(removals, linked, number) == Verdict::Allowed {
                prop_assert!(removals <= number.unwrap_or(500));
                prop_assert!(removals <= 5 || removals * 5 <= linked);
            }
        }
    }
}
