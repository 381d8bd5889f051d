//! Whoever applies what is told ends with what the directory holds, whatever changes meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use store::EdgesOf;

use super::*;
use crate::tests::{admin, directory, map, user};

/// A copy of the users or the groups of a directory, made of nothing but what was told.
#[derive(Debug, Default, PartialEq)]
struct Copy {
    objects: BTreeMap<Uuid, Map<String, Value>>,
    relations: BTreeMap<Uuid, BTreeSet<Uuid>>,
}

impl Copy {
    fn apply(&mut self, page: DeltaPage) {
        for entry in page.entries {
            let Presence::Live(object) = entry.presence else {
                self.objects.remove(&entry.id);
                self.relations.remove(&entry.id);
                continue;
            };
            self.objects.insert(entry.id, object.attributes);
            let held = self.relations.entry(entry.id).or_default();
            for relation in entry.relations {
                if relation.holds {
                    held.insert(relation.id)
                } else {
                    held.remove(&relation.id)
                };
            }
        }
    }

    /// What the directory holds.
    async fn of(directory: &Directory, scope: &DeltaScope) -> Self {
        let mut copy = Self::default();
        let scan = Scan::first(1000);
        let kind = kind_of(scope.object_type);
        for object in directory.store().scan(directory.realm(), kind, scan).await.expect("readable").objects {
            let decoded = decode_object(&object).expect("sound");
            if decoded.deleted.is_some() || !scope.matters(object.id) {
                continue;
            }
            copy.objects.insert(object.id, decoded.attributes);
            let (edge, of) = (scope.edge(), EdgesOf::From(object.id));
            let edges = directory.store().edges(directory.realm(), edge, of, None, 1000).await;
            let others = edges.expect("readable").others.into_iter().map(|(_, id)| id).collect();
            copy.relations.insert(object.id, others);
        }
        copy
    }
}

/// A reader and how far it has come.
struct Reader {
    scope: DeltaScope,
    state: DeltaState,
    copy: Copy,
}

impl Reader {
    async fn new(directory: &Directory, object_type: ObjectType, only: Option<Vec<Uuid>>) -> Self {
        let state = directory.delta_start().await.expect("readable");
        Self { scope: DeltaScope { object_type, relations: true, only }, state, copy: Copy::default() }
    }

    async fn read(&mut self, directory: &Directory, limit: usize) -> bool {
        let page = directory.delta(&self.scope, self.state.clone(), limit).await.expect("readable");
        assert!(page.entries.len() <= limit, "{} of {limit}", page.entries.len());
        let more = page.more;
        self.state = page.state.clone();
        self.copy.apply(page);
        more
    }

    async fn read_all(&mut self, directory: &Directory, limit: usize) {
        while self.read(directory, limit).await {}
    }
}

/// One thing that happens, to objects that are chosen by number.
#[derive(Clone, Debug)]
enum Step {
    AddUser,
    AddGroup,
    Rename(bool, usize),
    Delete(usize),
    Restore(usize),
    Purge(bool, usize),
    Join(usize, usize),
    Leave(usize, usize),
    Manager(usize, Option<usize>),
    Read(bool, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let one = || 0..6_usize;
    prop_oneof![
        Just(Step::AddUser),
        Just(Step::AddGroup),
        (any::<bool>(), one()).prop_map(|(group, one)| Step::Rename(group, one)),
        one().prop_map(Step::Delete),
        one().prop_map(Step::Restore),
        (any::<bool>(), one()).prop_map(|(group, one)| Step::Purge(group, one)),
        (one(), one()).prop_map(|(group, user)| Step::Join(group, user)),
        (one(), one()).prop_map(|(group, user)| Step::Leave(group, user)),
        (one(), prop::option::of(one())).prop_map(|(user, manager)| Step::Manager(user, manager)),
        (any::<bool>(), 1..4_usize).prop_map(|(group, limit)| Step::Read(group, limit)),
        (any::<bool>(), 1..4_usize).prop_map(|(group, limit)| Step::Read(group, limit)),
    ]
}

/// Does what the step says, where it can be done.
async fn happen(
    directory: &Directory,
    step: &Step,
    number: usize,
    users: &mut Vec<Uuid>,
    groups: &mut Vec<Uuid>,
) {
    let by = admin();
    let at = |list: &[Uuid], place: usize| list.get(place).copied().unwrap_or_default();
    let (of, list) = match step {
        Step::Rename(true, _) | Step::Purge(true, _) => (ObjectType::Group, groups.clone()),
        _ => (ObjectType::User, users.clone()),
    };
    let refused = match step {
        Step::AddUser => {
            users.push(user(directory, &format!("u{number}@x.com")).await.id);
            None
        }
        Step::AddGroup => {
            let attributes = map(json!({"displayName": format!("g{number}")}));
            let made = directory.create_object(&by, ObjectType::Group, None, &attributes).await;
            groups.push(made.expect("valid").id);
            None
        }
        Step::Rename(_, one) => {
            let change = map(json!({"displayName": format!("n{number}")}));
            directory.update_object(&by, of, at(&list, *one), &change).await.err()
        }
        Step::Delete(one) => directory.delete_user(&by, at(users, *one)).await.err(),
        Step::Restore(one) => directory.restore_user(&by, at(users, *one)).await.err(),
        Step::Purge(_, one) => directory.purge_object(&by, of, at(&list, *one)).await.err(),
        Step::Join(group, one) => {
            let member = (ObjectType::User, at(users, *one));
            directory.add_members(&by, at(groups, *group), &[member]).await.err()
        }
        Step::Leave(group, one) => {
            directory.remove_member(&by, at(groups, *group), at(users, *one)).await.err()
        }
        Step::Manager(one, manager) => {
            let manager = manager.map(|manager| at(users, manager));
            directory.set_manager(&by, at(users, *one), manager).await.err()
        }
        Step::Read(..) => None,
    };
    if let Some(error) = refused {
        let expected = error.is_not_found() || matches!(error, crate::Error::Invalid { .. });
        assert!(expected, "{step:?}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_copy_ends_equal_to_the_directory(steps in prop::collection::vec(step(), 1..60), limit in 1..4_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let directory = directory().await;
            let (mut users, mut groups) = (Vec::new(), Vec::new());
            for number in 0..3 {
                happen(&directory, &Step::AddUser, number, &mut users, &mut groups).await;
                happen(&directory, &Step::AddGroup, number, &mut users, &mut groups).await;
            }
            let some = vec![users[0], users[2], Uuid::from_u128(7)];
            let mut readers = [
                Reader::new(&directory, ObjectType::User, None).await,
                Reader::new(&directory, ObjectType::Group, None).await,
                Reader::new(&directory, ObjectType::User, Some(some)).await,
            ];
            for (number, step) in steps.iter().enumerate() {
                happen(&directory, step, number + 10, &mut users, &mut groups).await;
                if let Step::Read(group, limit) = step {
                    readers[usize::from(*group)].read(&directory, *limit).await;
                    readers[2].read(&directory, *limit).await;
                }
            }
            for reader in &mut readers {
                reader.read_all(&directory, limit).await;
                // What changed during the first round is told by the next one.
                reader.read_all(&directory, limit).await;
                assert_eq!(reader.copy, Copy::of(&directory, &reader.scope).await);
            }
        });
    }
}

#[tokio::test]
async fn members_of_a_large_group_are_told_in_parts() {
    let directory = directory().await;
    let attributes = map(json!({"displayName": "All"}));
    let all = directory.create_object(&admin(), ObjectType::Group, None, &attributes).await.expect("valid");
    let mut members = Vec::new();
    for number in 0..2_500 {
        members.push((ObjectType::User, user(&directory, &format!("u{number}@x.com")).await.id));
    }
    directory.add_members(&admin(), all.id, &members).await.expect("valid");
    let later = directory.create_object(&admin(), ObjectType::Group, None, &attributes).await.expect("valid");

    let mut reader = Reader::new(&directory, ObjectType::Group, None).await;
    let mut parts = 1;
    while reader.read(&directory, 100).await {
        parts += 1;
    }
    assert_eq!((parts, reader.copy.relations[&all.id].len()), (3, 2_500));
    assert!(reader.copy.objects.contains_key(&later.id));

    // The group goes while its members are told.
    let mut reader = Reader::new(&directory, ObjectType::Group, None).await;
    reader.read(&directory, 100).await;
    directory.purge_object(&admin(), ObjectType::Group, all.id).await.expect("there");
    reader.read_all(&directory, 100).await;
    reader.read_all(&directory, 100).await;
    assert_eq!(reader.copy, Copy::of(&directory, &reader.scope).await);
}
