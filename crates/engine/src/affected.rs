//! What a change of configuration can affect, and how links are found that have not been brought in line with it.
//!
//! Whoever the scope reached when it was applied last has a link, also without an account: the reason why was worth a
//! line in the log. So a change of configuration finds what it touches among the links, but for those whom a wider
//! scope reaches for the first time.

use std::collections::BTreeSet;
use std::ops::Bound;

use model::{AppRole, Applied, DueChange, Fingerprint, Job, Link, LinkState, ObjectType, Reach};

use crate::fingerprint;

/// A set of objects of one type that a change of configuration can affect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Affected {
    /// Objects that have no account, out of scope or failing, whose link is not in line with the configuration.
    Unlinked,
    /// Objects out of scope that have an account, or are about to lose it, whose link is not in line.
    Left,
    /// Objects in scope that have an account, whose link is not in line.
    Kept,
    /// All that have a link, whatever it was brought in line with: while the type was not provisioned, nobody
    /// followed its changes.
    Linked,
    /// Those whom assignments reach and who have no link.
    Assigned,
    /// Every object of the directory.
    Everyone,
    /// The members of all groups that have an account.
    Memberships,
}

/// What a job applies, by type of object.
pub fn applied(job: &Job, roles: &[AppRole]) -> Applied {
    Applied {
        users: fingerprint(job, ObjectType::User, roles),
        groups: fingerprint(job, ObjectType::Group, roles),
    }
}

/// What the next cycle looks at because of what it is to apply, whatever has changed in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reevaluation {
    /// Every object: nothing was applied so far, or every user is reached for the first time, and with the users come
    /// the groups that they are members of.
    Everything,
    /// These objects.
    Sets {
        /// Of the users.
        users: BTreeSet<Affected>,
        /// Of the groups.
        groups: BTreeSet<Affected>,
    },
}

/// So many cycles in a row that each applied something else and did not end are not told apart.
const MOST_APPLIED: usize = 8;

impl Reevaluation {
    /// What a change of configuration can affect: from what objects may have been brought in line with to what is to
    /// be applied.
    pub fn between(before: &[Applied], after: &Applied) -> Self {
        if before.is_empty() || before.len() > MOST_APPLIED {
            return Self::Everything;
        }
        let of = |part: fn(&Applied) -> Option<&Fingerprint>| -> BTreeSet<Affected> {
            before.iter().flat_map(|before| affected(part(before), part(after))).collect()
        };
        let (users, groups) = (of(|it| it.users.as_ref()), of(|it| it.groups.as_ref()));
        if users.contains(&Affected::Everyone) { Self::Everything } else { Self::Sets { users, groups } }
    }

    /// The sets of both types; none where everything is affected.
    pub fn sets(&self) -> [(ObjectType, BTreeSet<Affected>); 2] {
        let (users, groups) = match self {
            Self::Everything => Default::default(),
            Self::Sets { users, groups } => (users.clone(), groups.clone()),
        };
        [(ObjectType::User, users), (ObjectType::Group, groups)]
    }
}

/// Which objects of a type a change can affect; a type that is not provisioned has none.
fn affected(before: Option<&Fingerprint>, after: Option<&Fingerprint>) -> BTreeSet<Affected> {
    let Some(after) = after else { return BTreeSet::new() };
    let reached = match after.reach {
        Reach::All => Affected::Everyone,
        Reach::Assigned | Reach::Nested => Affected::Assigned,
    };
    let differences = match before {
        None => {
            vec![(true, Affected::Linked), (true, reached), (after.members, Affected::Memberships)]
        }
        Some(before) => vec![
            (before.absent != after.absent || before.waiting != after.waiting, Affected::Unlinked),
            (before.left != after.left, Affected::Left),
            (before.kept != after.kept, Affected::Kept),
            (before.reach < after.reach, reached),
            (!before.members && after.members, Affected::Memberships),
        ],
    };
    differences.into_iter().filter_map(|(differs, set)| differs.then_some(set)).collect()
}

/// How the object of a link stands: which part of the configuration concerns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Unlinked,
    Left,
    Kept,
}

impl Standing {
    fn of(link: &Link) -> Self {
        match link.state {
            _ if link.target_id.is_none() => Self::Unlinked,
            LinkState::Disabled | LinkState::Released => Self::Left,
            // About to be removed.
            _ if link
                .due
                .as_ref()
                .is_some_and(|due| matches!(due.change, DueChange::Disable | DueChange::Delete)) =>
            {
                Self::Left
            }
            LinkState::Active | LinkState::Pending => Self::Kept,
        }
    }

    fn letter(self) -> u8 {
        match self {
            Self::Unlinked => b'0',
            Self::Left => b'l',
            Self::Kept => b'k',
        }
    }
}

/// The hash by which a link says that its object has been brought in line, as it stands and is entitled now.
pub fn hash_for(fingerprint: &Fingerprint, link: &Link, in_scope: bool) -> u64 {
    match Standing::of(link) {
        Standing::Unlinked if in_scope => fingerprint.waiting,
        Standing::Unlinked => fingerprint.absent,
        Standing::Left => fingerprint.left,
        Standing::Kept => fingerprint.kept,
    }
}

/// The hashes of links that are in line.
fn in_line(fingerprint: &Fingerprint, standing: Standing) -> Vec<u64> {
    match standing {
        Standing::Unlinked => vec![fingerprint.absent, fingerprint.waiting],
        Standing::Left => vec![fingerprint.left],
        Standing::Kept => vec![fingerprint.kept],
    }
}

fn type_letter(object_type: ObjectType) -> u8 {
    match object_type {
        ObjectType::User => b'u',
        ObjectType::Group => b'g',
    }
}

fn place(object_type: ObjectType, standing: Standing, hash: u64) -> Vec<u8> {
    let mut place = vec![type_letter(object_type), standing.letter()];
    place.extend(hash.to_be_bytes());
    place
}

/// By what a link is found when the configuration changes: type of object, how it stands, and the hash that was
/// applied; 10 bytes.
pub fn configuration_key(link: &Link) -> Vec<u8> {
    place(link.object_type, Standing::of(link), link.configuration)
}

/// A range of the values of [`configuration_key`].
pub type KeyBounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The ranges of [`configuration_key`] in which the links of a set lie (for memberships, those of the groups); none
/// for sets that are not of links.
pub fn key_ranges(object_type: ObjectType, set: Affected, fingerprint: &Fingerprint) -> Vec<KeyBounds> {
    let standing = match set {
        Affected::Unlinked => Standing::Unlinked,
        Affected::Left => Standing::Left,
        Affected::Kept => Standing::Kept,
        Affected::Memberships => {
            let end = |hash| Bound::Included(place(object_type, Standing::Kept, hash));
            return vec![(end(u64::MIN), end(u64::MAX))];
        }
        Affected::Linked => {
            let letter = type_letter(object_type);
            return vec![(Bound::Included(vec![letter]), Bound::Excluded(vec![letter + 1]))];
        }
        Affected::Assigned | Affected::Everyone => return Vec::new(),
    };
    let mut but = in_line(fingerprint, standing);
    but.sort_unstable();
    let mut from = Bound::Included(place(object_type, standing, u64::MIN));
    let mut ranges = Vec::with_capacity(but.len() + 1);
    for hash in but {
        let hash = place(object_type, standing, hash);
        ranges.push((from, Bound::Excluded(hash.clone())));
        from = Bound::Excluded(hash);
    }
    ranges.push((from, Bound::Included(place(object_type, standing, u64::MAX))));
    ranges
}

#[cfg(test)]
#[path = "affected_tests.rs"]
mod tests;
