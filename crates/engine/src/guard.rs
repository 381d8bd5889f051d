//! Guards against changes that nobody meant: mass removal, mass renaming, a source that has lost its users.
//!
//! A kind of change is judged whole, before any of it is exported, together with what was let through in the day
//! before: how a day is split into cycles makes no difference.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::{Guard, GuardKind, GuardMemory, Guards, Shadow};
use serde_json::Value;

use crate::{Changes, CompiledMapping};

/// The share of each kind unless the job says otherwise.
const PERCENT: u8 = 20;

/// The most of a kind in a day, as a number, unless the job says otherwise.
fn default_number(kind: GuardKind) -> u64 {
    match kind {
        GuardKind::Removals | GuardKind::Renames | GuardKind::Source => 500,
        GuardKind::Memberships => 5_000,
    }
}

/// Too few to be an accident, whatever the share.
fn always_allowed(kind: GuardKind) -> u64 {
    match kind {
        GuardKind::Removals | GuardKind::Renames | GuardKind::Source => 5,
        // A team of some size that moves is no accident.
        GuardKind::Memberships => 20,
    }
}

/// The most of a kind in a day, where there are `of` to begin with: the number or the share, whichever is less; the
/// share never counts for less than a few. `u64::MAX` where the guard is off.
fn limit(kind: GuardKind, guard: Guard, of: u64) -> u64 {
    if !guard.enabled {
        return u64::MAX;
    }
    let percent = u128::from(guard.percent.unwrap_or(PERCENT).min(100));
    let share = u64::try_from(u128::from(of) * percent / 100).unwrap_or(u64::MAX);
    share.max(always_allowed(kind)).min(guard.number.unwrap_or_else(|| default_number(kind)))
}

/// How many there have to be at least for the limit to reach as far as it can matter to so many changes: no more have
/// to be counted.
pub fn enough(kind: GuardKind, guard: Guard, changes: u64) -> u64 {
    let percent = u64::from(guard.percent.unwrap_or(PERCENT).min(100));
    let most = guard.number.unwrap_or_else(|| default_number(kind)).min(changes);
    if !guard.enabled || percent == 0 || most <= always_allowed(kind) {
        return 0;
    }
    most.saturating_mul(100).div_ceil(percent)
}

/// What a cycle is about to do of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// How many changes.
    pub due: u64,
    /// How many were let through in the day before (see [`let_through`]).
    pub earlier: u64,
    /// Of how many: linked accounts that are not disabled, exported memberships. [`enough`] of them will do.
    pub of: u64,
}

/// A kind of change of which nothing may be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub kind: GuardKind,
    /// What was planned.
    pub planned: Planned,
    /// The limit that it is past.
    pub limit: u64,
}

impl Refusal {
    /// The name of the error in logs, and of the quarantine's reason.
    pub fn code(&self) -> &'static str {
        match self.kind {
            GuardKind::Removals => "TooManyDeletes",
            GuardKind::Renames => "TooManyRenames",
            GuardKind::Memberships => "TooManyMembershipRemovals",
            GuardKind::Source => "SourceShrank",
        }
    }

    /// In words.
    pub fn reason(&self) -> String {
        let Planned { due, earlier, of } = self.planned;
        let limit = self.limit;
        let day =
            if earlier > 0 { format!(" ({earlier} were in the 24 hours before)") } else { String::new() };
        match self.kind {
            GuardKind::Removals => format!(
                "{due} accounts and groups would be disabled or deleted{day}; at most {limit} in a day are without \
                 being asked"
            ),
            GuardKind::Renames => format!(
                "{due} accounts and groups would get another name or matching value{day}; at most {limit} in a day \
                 do without being asked"
            ),
            GuardKind::Memberships => format!(
                "{due} members would be taken out of groups{day}; at most {limit} in a day are without being asked"
            ),
            GuardKind::Source => format!(
                "the directory has lost {due} of the {of} users who have an account; removals wait where it has lost \
                 more than {limit}"
            ),
        }
    }
}

/// Judges the plan of a cycle. A kind is refused whole or not at all.
pub fn judge(guards: &Guards, plan: &BTreeMap<GuardKind, Planned>) -> Vec<Refusal> {
    let refused = |(kind, planned): (&GuardKind, &Planned)| {
        let limit = limit(*kind, guards.of(*kind), planned.of);
        let past = planned.due > 0 && planned.due.saturating_add(planned.earlier) > limit;
        past.then_some(Refusal { kind: *kind, planned: *planned, limit })
    };
    plan.iter().filter_map(refused).collect()
}

/// The hour that a moment is in.
fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3_600)
}

/// How many changes of a kind count as let through before this moment: those of the last 24 hours (to the hour, rather
/// more than less), or those that counted when something of the kind was held back.
pub fn let_through(memory: &GuardMemory, kind: GuardKind, now: Timestamp) -> u64 {
    let recent = memory.passed.range(hour(now) - 24..).filter_map(|(_, counts)| counts.get(&kind));
    let recent = recent.fold(0_u64, |sum, count| sum.saturating_add(*count));
    recent.max(memory.held.get(&kind).copied().unwrap_or(0))
}

/// Notes that so many changes of a kind are let through, and nothing of it is held back any longer.
pub fn pass(memory: &mut GuardMemory, kind: GuardKind, count: u64, now: Timestamp) {
    memory.held.remove(&kind);
    memory.passed = memory.passed.split_off(&(hour(now) - 24));
    if count > 0 {
        let slot = memory.passed.entry(hour(now)).or_default().entry(kind).or_default();
        *slot = slot.saturating_add(count);
    }
}

/// Notes that changes of a kind are held back.
pub fn hold(memory: &mut GuardMemory, kind: GuardKind, earlier: u64) {
    memory.held.insert(kind, earlier);
}

/// Those of the changes by which people or programs would know the account no longer: values of `userName` and of
/// matching attributes that it has already, and that become others, not only in case.
pub fn renames(mapping: &CompiledMapping, changes: &Changes, shadow: &Shadow) -> Shadow {
    let identifying = |path: &str| {
        path.eq_ignore_ascii_case("userName")
            || mapping.matching_paths().any(|it| it.eq_ignore_ascii_case(path))
    };
    let other = |old: &Value, new: &Value| match (old, new) {
        (Value::Null, _) => false,
        (Value::String(old), Value::String(new)) => scim::fold::fold_key(old) != scim::fold::fold_key(new),
        (old, new) => old != new,
    };
    changes
        .iter()
        .filter(|(path, new)| identifying(path) && shadow.get(*path).is_some_and(|old| other(old, new)))
        .map(|(path, new)| (path.clone(), new.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guard(number: Option<u64>, percent: Option<u8>) -> Guard {
        Guard { enabled: true, number, percent }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn the_lesser_of_share_and_number_and_a_few_always() {
        let of = |count, number, percent| limit(GuardKind::Removals, guard(number, percent), count);
        assert_eq!(of(1_000, None, None), 200);
        assert_eq!(of(50_000, None, None), 500);
        assert_eq!(of(3, None, None), 5);
        assert_eq!(of(1_000, Some(50), None), 50);
        assert_eq!(of(1_000, Some(0), None), 0);
        assert_eq!(of(1_000, Some(900), Some(50)), 500);
        assert_eq!(of(1_000, None, Some(0)), 5);
        assert_eq!(limit(GuardKind::Memberships, Guard::default(), 10), 20);
        assert_eq!(limit(GuardKind::Memberships, Guard::default(), 1_000_000), 5_000);
        assert_eq!(limit(GuardKind::Removals, Guard { enabled: false, ..Guard::default() }, 1), u64::MAX);
    }

    #[test]
    fn each_kind_is_refused_by_itself() {
        let planned = |due| Planned { due, earlier: 0, of: 100 };
        let plan = [(GuardKind::Removals, planned(20)), (GuardKind::Renames, planned(21))].into();
        let refused = judge(&Guards::default(), &plan);
        assert_eq!(refused.iter().map(Refusal::code).collect::<Vec<_>>(), ["TooManyRenames"]);
        let earlier = [(GuardKind::Removals, Planned { earlier: 1, ..planned(20) })].into();
        assert!(judge(&Guards::default(), &earlier)[0].reason().contains("(1 were in the 24 hours before)"));
        assert!(judge(&Guards::default(), &[(GuardKind::Removals, planned(0))].into()).is_empty());
    }

    #[test]
    fn time_releases_nothing_that_is_held_back() {
        let mut memory = GuardMemory::default();
        pass(&mut memory, GuardKind::Removals, 7, at(0));
        assert_eq!(let_through(&memory, GuardKind::Removals, at(24 * 3_600)), 7);
        assert_eq!(let_through(&memory, GuardKind::Removals, at(25 * 3_600)), 0);
        assert_eq!(let_through(&memory, GuardKind::Renames, at(0)), 0);
        hold(&mut memory, GuardKind::Removals, 7);
        assert_eq!(let_through(&memory, GuardKind::Removals, at(1_000_000)), 7);
        pass(&mut memory, GuardKind::Removals, 0, at(1_000_000));
        assert_eq!(memory, GuardMemory::default());
    }

    proptest! {
        /// However the removals of some days come in, split into cycles at whatever moments, no 24 hours see more of
        /// them than the limit.
        #[test]
        fn no_day_sees_more_than_the_limit(
            cycles in proptest::collection::vec((0_i64..20_000, 0_u64..40, any::<bool>()), 1..60),
            of in 0_u64..500,
            number in proptest::option::of(0_u64..100),
            percent in proptest::option::of(0_u8..=100),
        ) {
            let guards = Guards { removals: guard(number, percent), ..Guards::default() };
            let most = limit(GuardKind::Removals, guards.removals, of);
            let (mut memory, mut now, mut waiting) = (GuardMemory::default(), 1_000_000, 0);
            let mut done: Vec<(i64, u64)> = Vec::new();
            for (pause, due, repaired) in cycles {
                now += pause;
                waiting = if repaired { due } else { waiting + due };
                let earlier = let_through(&memory, GuardKind::Removals, at(now));
                let plan = [(GuardKind::Removals, Planned { due: waiting, earlier, of })].into();
                if judge(&guards, &plan).is_empty() {
                    pass(&mut memory, GuardKind::Removals, waiting, at(now));
                    done.push((now, std::mem::take(&mut waiting)));
                } else {
                    hold(&mut memory, GuardKind::Removals, earlier);
                }
                let day: u64 = done.iter().filter(|(at, _)| *at > now - 86_400).map(|(_, count)| count).sum();
                prop_assert!(day <= most, "{day} of {most}");
                prop_assert!(memory.passed.len() <= 26);
            }
        }

        /// Counting no further than is enough changes no verdict.
        #[test]
        fn enough_is_enough(
            due in 0_u64..2_000, of in 0_u64..20_000, number in proptest::option::of(0_u64..2_000),
            percent in proptest::option::of(0_u8..=100), kind in proptest::sample::select(GuardKind::ALL.to_vec()),
        ) {
            let guard = guard(number, percent);
            let counted = of.min(enough(kind, guard, due));
            prop_assert_eq!(due > limit(kind, guard, of), due > limit(kind, guard, counted));
        }
    }
}
