//! Random histories of a directory: after every cycle the target is as the directory says, and a second cycle
//! sends nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::{CycleStatus, Random as _};
use serde_json::json;
use testkit::{Fault, Rule, SeededRandom, Switches};
use uuid::Uuid;

use crate::MANAGER;
use crate::world::{World, writes};

/// What a person would say about a user.
#[derive(Default)]
pub struct Person {
    name: String,
    title: String,
    enabled: bool,
    binned: bool,
    manager: Option<Uuid>,
}

#[derive(Default)]
pub struct Truth {
    pub people: BTreeMap<Uuid, Person>,
    pub groups: BTreeMap<Uuid, (String, BTreeSet<Uuid>, Option<Uuid>)>,
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

pub async fn step(world: &World, truth: &mut Truth, random: &SeededRandom, number: usize) {
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

/// Two people change their names: the second takes the first one's, and the first takes the second one's or a new
/// one.
async fn rename(world: &World, truth: &mut Truth, random: &SeededRandom, number: usize) {
    let entitled: Vec<Uuid> = truth.people.keys().copied().filter(|id| truth.entitled(*id)).collect();
    let (Some(one), Some(two)) = (pick(random, &entitled), pick(random, &entitled)) else { return };
    if one == two {
        return;
    }
    let name = |id: Uuid, name: String| async move {
        world.set(id, json!({"userPrincipalName": format!("{name}@example.com")})).await;
    };
    let passing = format!("r{number}");
    let (first, second) = (truth.people[&one].name.clone(), truth.people[&two].name.clone());
    name(one, passing.clone()).await;
    name(two, first.clone()).await;
    let last = if random.below(2) == 0 { passing } else { second };
    name(one, last.clone()).await;
    truth.people.get_mut(&one).expect("a person").name = last;
    truth.people.get_mut(&two).expect("a person").name = first;
}

/// Now and then a request is refused, or carried out without anybody being told.
fn unreliable(seed: u64) -> Rule {
    let random = SeededRandom::new(seed);
    Rule::new(move |_| match random.below(30) {
        0 => Some(Fault::Refuse(503, None)),
        1 => Some(Fault::Refuse(400, None)),
        2 | 3 => Some(Fault::LoseAnswer),
        4 => Some(Fault::Garble(200, "sorry")),
        _ => None,
    })
}

/// What a cycle said about those that failed.
async fn failures(world: &World, truth: &Truth, report: &model::CycleReport) -> Vec<String> {
    let mut reasons = Vec::new();
    for id in truth.people.keys().chain(truth.groups.keys()) {
        for entry in world.log(*id).await {
            if entry.cycle_id == report.cycle_id
                && let Some(error) = entry.error_information
            {
                reasons.push(format!("{}: {}", entry.source_identity.display_name, error.reason));
            }
        }
    }
    reasons
}

/// One history; with an unreliable target, each change first meets it, and then one that has recovered.
async fn follow(seed: u64, rounds: u64, faulty: bool, bulk: Option<usize>) {
    let random = SeededRandom::new(seed);
    let world = World::new(Switches { strict: true, bulk, ..Switches::default() }).await;
    let mut truth = Truth::default();
    for name in ["red", "green", "blue"] {
        let id = world.group(name, &[]).await;
        let assignment = Some(world.assign(id).await);
        truth.groups.insert(id, (name.to_owned(), BTreeSet::new(), assignment));
    }
    let mut number = 0;
    for round in 0..rounds {
        for part in [faulty, false] {
            for _ in 0..=random.below(8) {
                number += 1;
                step(&world, &mut truth, &random, number).await;
            }
            if part {
                world.target.switch(|switches| switches.rule = Some(unreliable(seed + round)));
                world.run().await;
                world.target.switch(|switches| switches.rule = None);
            }
        }
        rename(&world, &mut truth, &random, number).await;
        if round == 7 {
            world.worker.restart(world.job.id, &[]).await.expect("restarted");
        }
        let mut report = world.run().await;
        if report.status == CycleStatus::Quarantined {
            world.worker.allow_staged(world.job.id, None).await.expect("allowed");
            report = world.run().await;
        }
        let outcome = (report.status, report.counts.failed);
        assert_eq!(
            outcome,
            (CycleStatus::Completed, 0),
            "seed {seed}: {:?}",
            failures(&world, &truth, &report).await
        );
        truth.check(&world, seed);
        world.target.take_recorded();
        world.run().await;
        let requests = world.target.take_recorded();
        assert!(writes(&requests).is_empty(), "seed {seed}: {:?}", writes(&requests));
    }
}

#[tokio::test]
async fn the_target_follows_any_history_of_the_directory() {
    for seed in 1..=3 {
        follow(seed, 14, false, None).await;
    }
}

#[tokio::test]
async fn whatever_an_unreliable_target_did_the_end_is_right() {
    for seed in 1..=3 {
        follow(seed, 5, true, None).await;
    }
}

#[tokio::test]
async fn bulk_requests_change_nothing_of_that() {
    for (seed, most) in [(11, 3), (12, 4), (13, 100)] {
        follow(seed, 4, true, Some(most)).await;
    }
}
