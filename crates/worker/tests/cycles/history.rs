//! Random histories of a directory: after every cycle the target is as the directory says, and a second cycle
//! sends nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::{CycleStatus, Random as _};
use serde_json::json;
use testkit::{SeededRandom, Switches};
use uuid::Uuid;

use crate::MANAGER;
use crate::world::{World, writes};

/// What a person would say about a user.
#[derive(Default)]
struct Person {
    name: String,
    title: String,
    enabled: bool,
    binned: bool,
    manager: Option<Uuid>,
}

#[derive(Default)]
struct Truth {
    people: BTreeMap<Uuid, Person>,
    groups: BTreeMap<Uuid, (String, BTreeSet<Uuid>, Option<Uuid>)>,
}

impl Truth {
    fn entitled(&self, id: Uuid) -> bool {
        let Some(person) = self.people.get(&id) else { return false };
        let assigned = self
            .groups
            .values()
            .any(|(_, members, assignment)| assignment.is_some() && members.contains(&id));
        assigned && person.enabled && !person.binned
    }

    fn check(&self, world: &World, seed: u64) {
        for (id, person) in &self.people {
            let account = world.account(&person.name);
            if !self.entitled(*id) {
                let active = account.and_then(|account| account.get("active").cloned());
                assert_ne!(active, Some(json!(true)), "{}, seed {seed}", person.name);
                continue;
            }
            let account = account.unwrap_or_else(|| panic!("{} has no account, seed {seed}", person.name));
            assert_eq!(account["active"], json!(true), "{}, seed {seed}", person.name);
            assert_eq!(account["title"], json!(person.title), "{}, seed {seed}", person.name);
            let manager = person.manager.and_then(|manager| world.account(&self.people.get(&manager)?.name));
            let expected = manager.map(|manager| manager["id"].clone());
            let found = account.get(MANAGER).and_then(|it| it["manager"].get("value").cloned());
            assert_eq!(found, expected, "the manager of {}, seed {seed}", person.name);
        }
        let names: BTreeSet<String> =
            self.people.values().map(|person| format!("{}@example.com", person.name)).collect();
        for account in world.target.resources("Users") {
            let name = account["userName"].as_str().unwrap_or_default();
            assert!(names.contains(name), "{name} was deleted for good, seed {seed}");
        }
        for (name, members, assignment) in self.groups.values() {
            if assignment.is_none() {
                assert!(world.target.resources("Groups").iter().all(|group| group["displayName"] != *name));
                continue;
            }
            let mut expected: Vec<String> = members
                .iter()
                .filter(|id| self.entitled(**id))
                .map(|id| self.people[id].name.clone())
                .collect();
            expected.sort();
            assert_eq!(world.members(name), expected, "members of {name}, seed {seed}");
        }
    }
}

fn pick<T: Copy>(random: &SeededRandom, of: &[T]) -> Option<T> {
    let index = random.below(of.len().max(1) as u64);
    of.get(usize::try_from(index).unwrap_or_default()).copied()
}

async fn step(world: &World, truth: &mut Truth, random: &SeededRandom, number: usize) {
    let directory = &world.directory;
    let living: Vec<Uuid> =
        truth.people.iter().filter(|(_, person)| !person.binned).map(|(id, _)| *id).collect();
    let groups: Vec<Uuid> = truth.groups.keys().copied().collect();
    let user = pick(random, &living);
    let group = pick(random, &groups);
    match (random.below(12), user, group) {
        (0..=2, ..) | (_, None, _) => {
            let name = format!("p{number}");
            let id = world.user(&name, json!({"jobTitle": "new"})).await;
            if let Some(group) = group {
                world.add(group, &[id]).await;
                truth.groups.get_mut(&group).expect("a group").1.insert(id);
            }
            let title = "new".to_owned();
            truth.people.insert(id, Person { name, title, enabled: true, ..Person::default() });
        }
        (3, Some(id), _) => {
            let title = format!("title {number}");
            world.set(id, json!({"jobTitle": title})).await;
            truth.people.get_mut(&id).expect("a person").title = title;
        }
        (4, Some(id), _) => {
            let person = truth.people.get_mut(&id).expect("a person");
            person.enabled = !person.enabled;
            world.set(id, json!({"accountEnabled": person.enabled})).await;
        }
        (5, Some(id), _) => {
            directory.delete_user(&world.by, id).await.expect("deleted");
            truth.people.get_mut(&id).expect("a person").binned = true;
        }
        (6, ..) => {
            let binned = truth.people.iter().find(|(_, person)| person.binned).map(|(id, _)| *id);
            if let Some(id) = binned {
                directory.restore_user(&world.by, id).await.expect("restored");
                truth.people.get_mut(&id).expect("a person").binned = false;
            }
        }
        (7, ..) => {
            let binned = truth.people.iter().find(|(_, person)| person.binned).map(|(id, _)| *id);
            if let Some(id) = binned {
                directory.purge_object(&world.by, model::ObjectType::User, id).await.expect("purged");
                truth.people.remove(&id);
                for person in truth.people.values_mut() {
                    person.manager = person.manager.filter(|manager| *manager != id);
                }
                for (_, members, _) in truth.groups.values_mut() {
                    members.remove(&id);
                }
            }
        }
        (8, Some(id), Some(group)) => {
            let members = &mut truth.groups.get_mut(&group).expect("a group").1;
            if members.remove(&id) {
                directory.remove_member(&world.by, group, id).await.expect("removed");
            } else {
                members.insert(id);
                world.add(group, &[id]).await;
            }
        }
        (9, _, Some(group)) => {
            let assignment = &mut truth.groups.get_mut(&group).expect("a group").2;
            match assignment.take() {
                Some(id) => directory.unassign(&world.by, id).await.expect("unassigned"),
                None => *assignment = Some(world.assign(group).await),
            }
        }
        (_, Some(id), _) => {
            let manager = pick(random, &living).filter(|manager| *manager != id);
            directory.set_manager(&world.by, id, manager).await.expect("a manager");
            truth.people.get_mut(&id).expect("a person").manager = manager;
        }
    }
}

#[tokio::test]
async fn the_target_follows_any_history_of_the_directory() {
    for seed in 1..=3 {
        let random = SeededRandom::new(seed);
        let world = World::new(Switches::default()).await;
        let mut truth = Truth::default();
        for name in ["red", "green", "blue"] {
            let id = world.group(name, &[]).await;
            let assignment = Some(world.assign(id).await);
            truth.groups.insert(id, (name.to_owned(), BTreeSet::new(), assignment));
        }
        let mut number = 0;
        for round in 0..14 {
            for _ in 0..=random.below(8) {
                number += 1;
                step(&world, &mut truth, &random, number).await;
            }
            if round == 7 {
                world.worker.restart(world.job.id, &[]).await.expect("restarted");
            }
            let mut report = world.run().await;
            if report.status == CycleStatus::Quarantined {
                world.worker.allow_removals(world.job.id).await.expect("allowed");
                report = world.run().await;
            }
            assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
            truth.check(&world, seed);
            world.target.take_recorded();
            world.run().await;
            let requests = world.target.take_recorded();
            assert!(writes(&requests).is_empty(), "seed {seed}: {:?}", writes(&requests));
        }
    }
}
