//! Which of the events that wait may be sent now: an event never before an earlier one of the same resource.

use std::collections::HashSet;
use std::hash::Hash;

use jiff::Timestamp;

/// An event that waits, in the order in which they happened.
pub(crate) struct Waiting<R> {
    /// What it is about.
    pub resource: R,
    /// When it may be sent.
    pub due: Timestamp,
    /// Whether it is being sent.
    pub busy: bool,
}

/// What may be sent now, by its place in the list, and when it is to be looked at again where nothing else happens.
pub(crate) fn ready<R: Eq + Hash>(
    waiting: impl IntoIterator<Item = Waiting<R>>,
    now: Timestamp,
    most: usize,
) -> (Vec<usize>, Option<Timestamp>) {
    let mut seen = HashSet::new();
    let mut ready = Vec::new();
    let mut next: Option<Timestamp> = None;
    for (place, Waiting { resource, due, busy }) in waiting.into_iter().enumerate() {
        if !seen.insert(resource) || busy {
            continue;
        }
        if due > now {
            next = Some(next.map_or(due, |next| next.min(due)));
        } else if ready.len() < most {
            ready.push(place);
        }
    }
    (ready, next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("an instant")
    }

    #[test]
    fn one_that_waits_holds_up_its_own_resource_alone() {
        let waiting = |list: &[(char, i64, bool)]| {
            list.iter()
                .map(|(resource, due, busy)| Waiting { resource: *resource, due: at(*due), busy: *busy })
                .collect::<Vec<_>>()
        };
        let list = [
            ('a', 9, false),
            ('b', 0, true),
            ('a', 0, false),
            ('c', 0, false),
            ('b', 0, false),
            ('d', 7, false),
        ];
        assert_eq!(ready(waiting(&list), at(5), 9), (vec![3], Some(at(7))));
        assert_eq!(ready(waiting(&list), at(9), 9), (vec![0, 3, 5], None));
        assert_eq!(ready(waiting(&list), at(9), 1), (vec![0], None));
        assert_eq!(ready(waiting(&[]), at(9), 1), (vec![], None));
    }

    proptest! {
        #[test]
        fn what_is_ready_is_the_first_of_its_resource_and_due(
            list in proptest::collection::vec((0_u8..4, 0_i64..10, any::<bool>()), 0..20), now in 0_i64..10, most in 1_usize..6,
        ) {
            let waiting = list.iter().map(|(resource, due, busy)| Waiting { resource: *resource, due: at(*due), busy: *busy });
            let (found, next) = ready(waiting, at(now), most);
            prop_assert!(found.len() <= most);
            for place in &found {
                let (resource, due, busy) = list[*place];
                prop_assert!(due <= now && !busy);
                prop_assert!(list[..*place].iter().all(|(other, ..)| *other != resource));
            }
            // Who is first of its resource and idle is sent, or has no room, or is looked at in time.
            for (place, (resource, due, busy)) in list.iter().enumerate() {
                let first = list[..place].iter().all(|(other, ..)| other != resource);
                if first && !busy && !found.contains(&place) {
                    prop_assert!(found.len() == most || next.is_some_and(|next| next <= at(*due)));
                }
            }
        }
    }
}
