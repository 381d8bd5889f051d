//! Guards through whole cycles: what is held back, what goes on, what is allowed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::Random as _;
use model::{
    CycleReport, CycleStatus, FixedClock, GuardKind, ObjectType, ProvisioningAction, ProvisioningEntry,
    StagedAction,
};
use serde_json::json;
use store_memory::MemoryStore;
use testkit::{Fault, Recorded, Rule, SeededRandom, Switches};
use uuid::Uuid;

use crate::world::{World, writes};

async fn people(world: &World, count: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for number in 0..count {
        let id = world.user(&format!("u{number}"), json!({})).await;
        world.assign(id).await;
        ids.push(id);
    }
    world.run().await;
    ids
}

async fn disable(world: &World, ids: &[Uuid]) {
    for id in ids {
        world.set(*id, json!({"accountEnabled": false})).await;
    }
}

fn code(report: &CycleReport) -> &str {
    report.error.as_ref().map_or("", |error| &error.error_code)
}

#[tokio::test]
async fn exactly_the_list_that_was_read_is_allowed() {
    let world = World::new(Switches::default()).await;
    let ids = people(&world, 20).await;
    disable(&world, &ids[..8]).await;
    let report = world.run().await;
    assert_eq!((report.counts.staged, code(&report)), (8, "TooManyDeletes"), "{report:?}");
    // Two are repaired: they leave the list. Everything else goes on.
    for id in &ids[..2] {
        world.set(*id, json!({"accountEnabled": true})).await;
    }
    world.set(ids[19], json!({"jobTitle": "Countess"})).await;
    let report = world.run().await;
    assert_eq!((report.counts.staged, report.counts.updated), (6, 1), "{report:?}");
    let staged = world.staged().await;
    assert_eq!(staged.len(), 6);
    for change in &staged {
        assert_eq!((change.action, change.kind), (StagedAction::Disable, GuardKind::Removals));
        assert_eq!(change.reason, "the account is disabled (accountEnabled is false)");
    }
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    assert!(world.staged().await.is_empty());
    // Those who come after the list was allowed are judged anew, and those six do not count with them.
    disable(&world, &ids[8..12]).await;
    let report = world.run().await;
    assert_eq!((report.counts.disabled, report.status), (10, CycleStatus::Completed), "{report:?}");
    // But for the day the four do.
    disable(&world, &ids[12..14]).await;
    let report = world.run().await;
    assert_eq!((report.counts.staged, report.counts.disabled), (2, 0), "{report:?}");
    assert!(report.error.expect("a reason").reason.contains("4 were in the 24 hours before"));
}

#[tokio::test]
async fn what_was_allowed_for_one_reason_is_not_allowed_for_another() {
    let world = World::new(Switches::default()).await;
    let ids = people(&world, 8).await;
    disable(&world, &ids).await;
    assert_eq!(world.run().await.counts.staged, 8);
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    // Allowed to be disabled, and now to be deleted.
    for id in &ids {
        world.directory.delete_user(&world.by, *id).await.expect("deleted");
        world.directory.purge_object(&world.by, ObjectType::User, *id).await.expect("purged");
    }
    let report = world.run().await;
    assert_eq!((report.counts.staged, report.counts.deleted), (8, 0), "{report:?}");
    assert!(world.staged().await.iter().all(|change| change.action == StagedAction::Delete));
}

#[tokio::test]
async fn a_slow_leak_is_found_over_the_day_also_after_a_restart() {
    let clock = Arc::new(FixedClock::at("2026-03-01T08:10:00Z".parse::<Timestamp>().expect("a moment")));
    let shared: Arc<dyn model::Clock> = Arc::<FixedClock>::clone(&clock);
    let mut world = World::at(Switches::default(), Arc::new(MemoryStore::new()), shared).await;
    let ids = people(&world, 20).await;
    for id in &ids[..5] {
        disable(&world, &[*id]).await;
        let report = world.run().await;
        assert_eq!((report.counts.disabled, report.status), (1, CycleStatus::Completed), "{report:?}");
        clock.advance(SignedDuration::from_hours(4));
        world.worker.shutdown().await;
        world.restart();
    }
    disable(&world, &ids[5..6]).await;
    let report = world.run().await;
    assert_eq!((report.counts.staged, code(&report)), (1, "TooManyDeletes"), "{report:?}");
    // That time goes by releases nothing.
    clock.advance(SignedDuration::from_hours(48));
    assert_eq!(world.run().await.counts.staged, 1);
    // A higher limit does.
    world.guards(|guards| (guards.removals.number, guards.removals.percent) = (Some(9), Some(90))).await;
    let report = world.run().await;
    assert_eq!((report.counts.disabled, report.status), (1, CycleStatus::Completed), "{report:?}");
    assert!(world.worker.state(world.job.id).await.expect("a state").quarantine.is_none());
    // The next day starts afresh.
    clock.advance(SignedDuration::from_hours(25));
    world.guards(|guards| *guards = model::Guards::default()).await;
    disable(&world, &ids[6..11]).await;
    assert_eq!(world.run().await.counts.disabled, 5);
}

#[tokio::test]
async fn a_source_that_has_lost_its_users_removes_nobody() {
    for whole in [false, true] {
        let world = World::new(Switches::default()).await;
        let ids = people(&world, 20).await;
        world.guards(|guards| guards.removals.enabled = false).await;
        for id in &ids[..12] {
            world.directory.delete_user(&world.by, *id).await.expect("deleted");
            world.directory.purge_object(&world.by, ObjectType::User, *id).await.expect("purged");
        }
        if whole {
            world.worker.restart(world.job.id, &[]).await.expect("restarted");
        }
        let report = world.run().await;
        assert_eq!((report.counts.staged, report.counts.deleted), (12, 0), "{report:?}");
        assert_eq!(code(&report), "SourceShrank");
        assert_eq!(world.target.resources("Users").len(), 20);
        world.guards(|guards| guards.source.enabled = false).await;
        assert_eq!(world.run().await.counts.deleted, 12);
        assert_eq!(world.target.resources("Users").len(), 8);
    }
}

#[tokio::test]
async fn a_mass_rename_is_held_back_and_all_else_goes_on() {
    let world = World::new(Switches::default()).await;
    let ids = people(&world, 10).await;
    for (number, id) in ids.iter().enumerate().take(8) {
        let name = format!("v{number}@example.com");
        world.set(*id, json!({"userPrincipalName": name, "jobTitle": "Countess"})).await;
    }
    world.user("unassigned", json!({})).await;
    let newcomer = world.user("newcomer", json!({})).await;
    world.assign(newcomer).await;
    world.target.take_recorded();
    let report = world.run().await;
    assert_eq!((report.counts.staged, report.counts.created), (8, 1), "{report:?}");
    assert_eq!(code(&report), "TooManyRenames");
    // One request each: the title alone.
    assert_eq!(writes(&world.target.take_recorded()).len(), 9);
    for number in 0..8 {
        assert_eq!(world.account(&format!("u{number}")).expect("as before")["title"], "Countess");
    }
    let log = world.log(ids[0]).await;
    let staged = log.iter().find(|entry| entry.provisioning_action == ProvisioningAction::StagedDelete);
    let modified = &staged.expect("an entry").modified_properties;
    assert_eq!(modified[0].new_value, Some(json!("v0@example.com")));
    assert_eq!(world.staged().await[0].modified_properties[0].display_name, "userName");
    // Quiet while it waits.
    world.run().await;
    assert!(writes(&world.target.take_recorded()).is_empty());
    // Another name than the one in the list is judged anew.
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    world.set(ids[0], json!({"userPrincipalName": "w0@example.com"})).await;
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.staged, report.status), (8, 0, CycleStatus::Completed));
    assert!(world.account("w0").is_some() && world.account("v7").is_some());
}

#[tokio::test]
async fn few_renames_go_out_at_once_with_one_request_each() {
    let world = World::new(Switches::default()).await;
    let ids = people(&world, 3).await;
    world.set(ids[0], json!({"userPrincipalName": "v0@example.com", "jobTitle": "Countess"})).await;
    world.target.take_recorded();
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.status), (1, CycleStatus::Completed), "{report:?}");
    assert_eq!(writes(&world.target.take_recorded()).len(), 1);
    assert_eq!(world.account("v0").expect("renamed")["title"], "Countess");
}

#[tokio::test]
async fn a_mass_removal_of_members_is_held_back_before_any_leaves() {
    let world = World::new(Switches::default()).await;
    let ids = people(&world, 30).await;
    let (red, blue) = (world.group("Red", &ids).await, world.group("Blue", &ids[..10]).await);
    for group in [red, blue] {
        world.assign(group).await;
    }
    world.run().await;
    assert_eq!((world.members("Red").len(), world.members("Blue").len()), (30, 10));
    // Everybody stays assigned, but almost all leave the groups.
    for id in &ids[5..] {
        world.directory.remove_member(&world.by, red, *id).await.expect("removed");
    }
    world.directory.remove_member(&world.by, blue, ids[0]).await.expect("removed");
    let late = world.user("late", json!({})).await;
    world.add(red, &[late]).await;
    let report = world.run().await;
    assert_eq!(code(&report), "TooManyMembershipRemovals", "{report:?}");
    assert_eq!(
        (report.counts.staged, report.counts.created, report.counts.disabled),
        (2, 1, 0),
        "{report:?}"
    );
    // Who comes, comes.
    assert_eq!((world.members("Red").len(), world.members("Blue").len()), (31, 10));
    let staged = world.staged().await;
    let counts: Vec<u64> = staged.iter().map(|change| change.count).collect();
    assert_eq!((counts.iter().sum::<u64>(), staged.len()), (26, 2), "{staged:?}");
    assert!(staged.iter().all(|change| change.action == StagedAction::RemoveMembers));
    // Not a second line in the log for the same.
    let entries = world.log(red).await.len();
    assert_eq!(world.run().await.counts.staged, 2);
    assert_eq!(world.log(red).await.len(), entries);
    // One comes back, and the list is allowed; who leaves after that counts for itself.
    world.add(red, &[ids[5]]).await;
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    world.directory.remove_member(&world.by, blue, ids[1]).await.expect("removed");
    let report = world.run().await;
    assert_eq!(report.status, CycleStatus::Completed, "{report:?}");
    assert_eq!((world.members("Red").len(), world.members("Blue").len()), (7, 8));
    assert!(world.staged().await.is_empty());
    world.target.take_recorded();
    world.run().await;
    assert!(writes(&world.target.take_recorded()).is_empty());
    // Repaired and left again: nothing that was allowed once is allowed for good.
    world.add(red, &ids[5..]).await;
    world.run().await;
    assert_eq!(world.members("Red").len(), 31);
    for id in &ids[5..] {
        world.directory.remove_member(&world.by, red, *id).await.expect("removed");
    }
    assert_eq!(code(&world.run().await), "TooManyMembershipRemovals");
}

#[tokio::test]
async fn memberships_go_with_accounts_that_go_and_stay_with_those_that_are_held_back() {
    let world = World::new(Switches::default()).await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(world.user(&format!("u{number}"), json!({})).await);
    }
    let group = world.group("All", &ids).await;
    world.assign(group).await;
    world.run().await;
    // Out of the group is out of scope here: one removal each, and no membership besides.
    for id in &ids[..29] {
        world.directory.remove_member(&world.by, group, *id).await.expect("removed");
    }
    let report = world.run().await;
    assert_eq!((report.counts.staged, code(&report)), (29, "TooManyDeletes"), "{report:?}");
    assert_eq!(world.members("All").len(), 30);
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    let report = world.run().await;
    assert_eq!((report.counts.disabled, report.status), (29, CycleStatus::Completed), "{report:?}");
    assert_eq!(world.members("All"), ["u29"]);
    assert_eq!(world.run().await.status, CycleStatus::Completed);
}

#[tokio::test]
async fn what_joined_the_list_after_it_was_read_is_not_allowed_with_it() {
    let world = World::new(Switches::default()).await;
    let ids = people(&world, 20).await;
    disable(&world, &ids[..8]).await;
    world.run().await;
    let read = world.staged().await.iter().map(|change| change.since).max().expect("a list");
    disable(&world, &ids[8..15]).await;
    assert_eq!(world.run().await.counts.staged, 15);
    world.worker.allow_staged(world.job.id, Some(read)).await.expect("allowed");
    let report = world.run().await;
    assert_eq!((report.counts.disabled, report.counts.staged), (8, 7), "{report:?}");
}

#[tokio::test]
async fn a_mass_rename_at_first_sight_is_held_back() {
    let world = World::new(Switches::default()).await;
    let mut mappings = world.directory.job(world.job.id).await.expect("the job").object_mappings;
    for mapping in &mut mappings[0].attribute_mappings {
        mapping.matching_priority = match mapping.target_attribute_name.as_str() {
            "userName" => 2,
            "externalId" => 1,
            _ => 0,
        };
    }
    world.change_job(directory::JobChange { object_mappings: Some(mappings), ..Default::default() }).await;
    for number in 0..8 {
        let account = json!({"userName": format!("OLD{number}"), "externalId": format!("n{number}")});
        world.target.plant("Users", account);
        let user = world.user(&format!("u{number}"), json!({"mailNickname": format!("n{number}")})).await;
        world.assign(user).await;
    }
    let report = world.run().await;
    assert_eq!((report.counts.staged, code(&report)), (8, "TooManyRenames"), "{report:?}");
    let names: Vec<_> =
        world.target.resources("Users").iter().map(|user| user["userName"].to_string()).collect();
    assert!(names.iter().all(|name| name.starts_with("\"OLD")), "{names:?}");
    assert_eq!(world.target.resources("Users")[0]["displayName"], "u0");
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    assert_eq!(world.run().await.counts.updated, 8);
    assert!(world.account("u7").is_some());
}

#[tokio::test]
async fn leavers_of_old_do_not_widen_the_guard() {
    let world = World::new(Switches::default()).await;
    let ids = people(&world, 40).await;
    disable(&world, &ids[..30]).await;
    world.run().await;
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    assert_eq!(world.run().await.counts.disabled, 30);
    // 20 % of 40 would be 8.
    disable(&world, &ids[30..36]).await;
    assert_eq!(world.run().await.counts.staged, 6);
}

#[tokio::test]
async fn whoever_asks_for_one_object_by_hand_has_judged_it() {
    let world = World::new(Switches::default()).await;
    let ids = people(&world, 10).await;
    let group = world.group("Red", &ids).await;
    world.assign(group).await;
    world.run().await;
    world.guards(|guards| (guards.removals.number, guards.memberships.number) = (Some(0), Some(0))).await;
    world.guards(|guards| guards.renames.number = Some(0)).await;
    disable(&world, &ids[..1]).await;
    world.set(ids[1], json!({"userPrincipalName": "v1@example.com"})).await;
    world.directory.remove_member(&world.by, group, ids[2]).await.expect("removed");
    let report = world.run().await;
    assert_eq!((report.counts.staged, report.counts.failed), (3, 0), "{report:?}");
    let (directory, job) = (world.directory.id(), world.job.id);
    for object in [(ObjectType::User, ids[0]), (ObjectType::User, ids[1]), (ObjectType::Group, group)] {
        world.worker.provision_on_demand(directory, job, object, world.by.clone()).await.expect("told");
    }
    assert_eq!(world.account("u0").expect("there")["active"], json!(false));
    assert!(world.account("v1").is_some());
    assert!(!world.members("Red").contains(&"u2".to_owned()));
    let report = world.run().await;
    assert_eq!((report.counts.staged, report.status), (0, CycleStatus::Completed), "{report:?}");
    assert!(world.staged().await.is_empty());
}

#[tokio::test]
async fn what_was_let_through_and_failed_counts_once() {
    let world = World::new(Switches::default()).await;
    let ids = people(&world, 20).await;
    let group = world.group("Red", &ids).await;
    world.assign(group).await;
    world.run().await;
    world.guards(|guards| guards.memberships.number = Some(3)).await;
    disable(&world, &ids[..4]).await;
    for id in &ids[10..13] {
        world.directory.remove_member(&world.by, group, *id).await.expect("removed");
    }
    let refuse = |request: &Recorded| (request.method == "PATCH").then_some(Fault::Refuse(400, None));
    world.target.switch(|switches| switches.rule = Some(Rule::new(refuse)));
    let report = world.run().await;
    assert_eq!((report.counts.failed, report.counts.staged), (5, 0), "{report:?}");
    world.target.switch(|switches| switches.rule = None);
    let report = world.run().await;
    assert_eq!((report.counts.disabled, report.counts.staged, report.counts.failed), (4, 0, 0), "{report:?}");
    assert_eq!(world.members("Red").len(), 13);
    let passed = world.worker.state(world.job.id).await.expect("a state").guards.passed;
    let count = |kind| passed.values().filter_map(|counts| counts.get(&kind)).sum::<u64>();
    assert_eq!((count(GuardKind::Removals), count(GuardKind::Memberships)), (4, 3));
}

#[tokio::test]
async fn killed_while_a_list_is_carried_out_the_rest_is_neither_lost_nor_judged_again() {
    let delay = Some(std::time::Duration::from_millis(20));
    let mut world = World::new(Switches::default()).await;
    let ids = people(&world, 200).await;
    disable(&world, &ids[..150]).await;
    assert_eq!(world.run().await.counts.staged, 150);
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    world.target.switch(|switches| switches.delay = delay);
    let progress =
        world.worker.run_now(world.directory.id(), world.job.id, world.by.clone()).await.expect("a job");
    let inactive =
        || world.target.resources("Users").iter().filter(|user| user["active"] == json!(false)).count();
    while inactive() < 10 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    world.worker.shutdown().await;
    drop(progress);
    let between = inactive();
    assert!(between < 150, "the stop must hit the middle");
    world.restart();
    world.target.switch(|switches| switches.delay = None);
    let report = world.run().await;
    assert_eq!((report.status, report.counts.staged), (CycleStatus::Completed, 0), "{report:?}");
    let inactive =
        world.target.resources("Users").iter().filter(|user| user["active"] == json!(false)).count();
    assert_eq!(inactive, 150);
}

#[tokio::test]
async fn whatever_people_do_no_day_sees_more_removals_than_the_limit() {
    const PEOPLE: usize = 30;
    for seed in 1..=3 {
        let random = SeededRandom::new(seed);
        let clock = Arc::new(FixedClock::at("2026-03-01T08:10:00Z".parse::<Timestamp>().expect("a moment")));
        let shared: Arc<dyn model::Clock> = Arc::<FixedClock>::clone(&clock);
        let world = World::at(Switches::default(), Arc::new(MemoryStore::new()), shared).await;
        let ids = people(&world, PEOPLE).await;
        let (mut off, mut done) = (vec![false; PEOPLE], Vec::new());
        let (mut passed, mut held) = (0, 0);
        for _ in 0..40 {
            clock.advance(SignedDuration::from_mins(i64::try_from(random.below(360)).expect("small")));
            for _ in 0..random.below(4) {
                let at = usize::try_from(random.below(PEOPLE as u64)).expect("small");
                // More leave than return.
                off[at] = random.below(4) > 0;
                world.set(ids[at], json!({"accountEnabled": !off[at]})).await;
            }
            let report = world.run().await;
            assert_eq!(report.counts.failed, 0, "seed {seed}: {report:?}");
            let now = model::Clock::now(&*clock);
            done.push((now, report.counts.disabled));
            let day: u64 = done
                .iter()
                .filter(|(at, _)| now.duration_since(*at) < SignedDuration::from_hours(24))
                .map(|(_, count)| count)
                .sum();
            assert!(day <= PEOPLE as u64 / 5, "seed {seed}: {day} in a day");
            passed += report.counts.disabled;
            held += u64::from(report.counts.staged > 0);
            // Whoever is back is active, whatever is held back.
            for (number, off) in off.iter().enumerate().filter(|(_, off)| !**off) {
                let account = world.account(&format!("u{number}")).expect("there");
                assert_eq!(account["active"], json!(!off), "seed {seed}: u{number}");
            }
        }
        assert!(passed > 0 && held > 0, "seed {seed}: {passed} passed, {held} cycles held something back");
    }
}

/// A target restored from an empty backup says of every account that it is gone.
#[tokio::test]
async fn an_emptied_target_is_not_filled_again_without_being_asked() {
    for repaired in [false, true] {
        let world = World::new(Switches::default()).await;
        let mut users = Vec::new();
        for number in 0..12 {
            let user = world.user(&format!("u{number}"), json!({})).await;
            world.assign(user).await;
            users.push(user);
        }
        world.run().await;
        let accounts = world.target.resources("Users");
        world.target.switch(|switches| {
            switches.rule = Some(Rule::new(|it: &Recorded| {
                let one = it.uri.contains("/Users/") || it.method == "POST";
                one.then_some(Fault::Refuse(404, None))
            }));
        });
        for user in &users {
            world.set(*user, json!({"jobTitle": "pilot"})).await;
        }
        for _ in 0..2 {
            let report = world.run().await;
            assert_eq!((report.status, report.counts.failed), (CycleStatus::Quarantined, 0), "{report:?}");
            assert_eq!(report.error.expect("why").error_code, "TooManyAccountsGone");
        }
        let quarantine = world.state().await.quarantine.expect("held back");
        assert!(quarantine.staged);
        let staged = world.staged().await;
        assert_eq!(staged.len(), 12);
        assert!(staged.iter().all(|it| it.action == StagedAction::Recreate && it.target_id.is_some()));
        let held = |entry: &&ProvisioningEntry| entry.provisioning_action == ProvisioningAction::StagedDelete;
        assert_eq!(world.log(users[0]).await.iter().filter(held).count(), 1);
        world.target.switch(|switches| switches.rule = None);
        if !repaired {
            for account in &accounts {
                assert!(world.target.uproot("Users", account["id"].as_str().expect("an id")));
            }
            world.worker.allow_staged(world.job.id, None).await.expect("allowed");
        }
        let report = world.run().await;
        assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
        let now = world.target.resources("Users");
        assert!(now.len() == 12 && now.iter().all(|it| it["title"] == "pilot"), "{now:?}");
        let same = now.iter().zip(&accounts).all(|(now, before)| now["id"] == before["id"]);
        assert_eq!(same, repaired);
        assert!(world.staged().await.is_empty() && world.state().await.quarantine.is_none());
        world.target.take_recorded();
        world.run().await;
        assert!(world.target.take_recorded().iter().all(|it| it.method == "GET"));
    }
}
