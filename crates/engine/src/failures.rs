//! When a job fails on too much.

use model::FailureLimits;

/// How many objects a job fails on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// Objects that wait for another try; those of which only references failed are left out.
    pub objects: u64,
    /// References that failed.
    pub references: u64,
    /// Objects in scope.
    pub in_scope: u64,
}

/// Below this many objects in scope, smaller numbers of failures count.
const SMALL: u64 = 12_500;

/// The smallest number of failures that is many by default.
const FEWEST: u64 = 20;

/// So many objects are too many by default, whatever their share is.
const OBJECTS: u64 = 40_000;

/// So many objects and references are too many by default.
const TOTAL: u64 = 60_000;

/// Whether so many failures are a large share of what is in scope.
pub fn is_large_share(limits: FailureLimits, objects: u64, in_scope: u64) -> bool {
    u128::from(objects) * 100 >= u128::from(in_scope) * u128::from(limits.percent.unwrap_or(40))
}

/// Fewer failures than this are few, however many objects are in scope.
pub fn fewest_failures(limits: FailureLimits) -> u64 {
    let FailureLimits { percent: _, minimum, objects, total } = limits;
    minimum.unwrap_or(FEWEST).min(objects.unwrap_or(OBJECTS)).min(total.unwrap_or(TOTAL)).max(1)
}

/// Fewer failures than this are few, whatever their share is.
fn few_failures(limits: FailureLimits, in_scope: u64) -> u64 {
    limits.minimum.unwrap_or(if in_scope < SMALL { (in_scope / 20).max(FEWEST) } else { 5_000 }).max(1)
}

/// Graph's reason for the quarantine that failures call for; `None` for few of them.
pub fn too_many_failures(limits: FailureLimits, failures: Failures) -> Option<&'static str> {
    let Failures { objects, references, in_scope } = failures;
    if objects >= limits.objects.unwrap_or(OBJECTS) {
        return Some("EncounteredBaseEscrowThreshold");
    }
    if objects.saturating_add(references) >= limits.total.unwrap_or(TOTAL) {
        return Some("EncounteredTotalEscrowThreshold");
    }
    let many = is_large_share(limits, objects, in_scope) && objects >= few_failures(limits, in_scope);
    many.then_some("EncounteredEscrowProportionThreshold")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHARE: Option<&str> = Some("EncounteredEscrowProportionThreshold");
    const BASE: Option<&str> = Some("EncounteredBaseEscrowThreshold");
    const ALL: Option<&str> = Some("EncounteredTotalEscrowThreshold");

    fn judged(limits: FailureLimits, objects: u64, references: u64, in_scope: u64) -> Option<&'static str> {
        too_many_failures(limits, Failures { objects, references, in_scope })
    }

    #[test]
    fn many_failures_as_published() {
        let of =
            |objects, references, in_scope| judged(FailureLimits::default(), objects, references, in_scope);
        assert_eq!(of(19, 0, 19), None);
        assert_eq!(of(20, 0, 40), SHARE);
        assert_eq!(of(20, 0, 51), None, "less than 40 %");
        assert_eq!(of(100, 0, 1_000), None);
        assert_eq!(of(400, 0, 1_000), SHARE);
        assert_eq!(of(4_999, 0, 12_500), None);
        assert_eq!(of(5_000, 0, 12_500), SHARE);
        assert_eq!(of(5_000, 0, 12_501), None);
        assert_eq!(of(39_999, 20_000, 1_000_000), None);
        assert_eq!(of(40_000, 0, 1_000_000), BASE);
        assert_eq!(of(30_000, 30_000, 1_000_000), ALL);
        assert_eq!(of(0, 59_999, 10), None, "references alone");
        assert_eq!(of(0, 60_000, 10), ALL);
    }

    #[test]
    fn limits_of_a_job_take_the_place_of_each_default() {
        let of = FailureLimits::default();
        assert_eq!(judged(FailureLimits { percent: Some(10), ..of }, 20, 0, 200), SHARE);
        assert_eq!(judged(FailureLimits { percent: Some(100), ..of }, 199, 0, 200), None);
        assert_eq!(judged(FailureLimits { minimum: Some(2), ..of }, 2, 0, 5), SHARE);
        assert_eq!(judged(FailureLimits { minimum: Some(500), ..of }, 400, 0, 400), None);
        assert_eq!(judged(FailureLimits { objects: Some(3), ..of }, 3, 0, 1_000), BASE);
        assert_eq!(judged(FailureLimits { total: Some(3), ..of }, 1, 2, 1_000), ALL);
    }

    proptest! {
        /// What is too much stays too much with more failures, and is never below the smallest number there is.
        #[test]
        fn more_failures_are_never_fewer(
            percent in prop::option::of(1_u8..=100),
            numbers in prop::array::uniform3(prop::option::of(1_u64..100)),
            (objects, references, in_scope) in (0_u64..200, 0_u64..200, 0_u64..200),
        ) {
            let [minimum, base, total] = numbers;
            let limits = FailureLimits { percent, minimum, objects: base, total };
            if judged(limits, objects, references, in_scope).is_some() {
                prop_assert!(judged(limits, objects + 1, references, in_scope).is_some());
                prop_assert!(objects + references >= fewest_failures(limits));
            }
        }
    }
}
