//! A change of configuration makes the next cycle look at what it can affect, and at nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use directory::{JobChange, Reevaluated};
use model::{
    AttributeMapping, CycleKind, CycleStatus, DeprovisionAction, MappingSource, ObjectType, Random as _,
    SyncScope,
};
use serde_json::{Value, json};
use store::{Expect, Kind, Realm, Scan, Store as _, Transaction};
use testkit::{Fault, Rule, SeededRandom, Switches};
use worker::ResetScope;

use crate::counted::{Counted, attribute, constant, direct, filter, take};
use crate::history::{Truth, step};
use crate::world::{World, writes};

#[tokio::test]
async fn a_change_of_one_attribute_reads_the_accounts_in_scope_only() {
    let (counted, ..) = Counted::with_people().await;
    counted.quiet().await;
    counted.map(ObjectType::User, |it| attribute(it, "title").source = constant("Engineer")).await;
    // The disabled one and those who are not assigned are left alone.
    assert_eq!(counted.due().await, 19);
    let cost = counted.cycle().await;
    assert_eq!((cost.users, cost.groups, cost.requests), (19, 0, 0), "{cost:?}");
    assert_eq!((cost.report.kind, cost.report.done), (CycleKind::Incremental, 19), "{cost:?}");
    counted.quiet().await;
    counted.map(ObjectType::User, |it| attribute(it, "title").source = constant("Poet")).await;
    let cost = counted.cycle().await;
    assert_eq!((cost.users, cost.groups, cost.writes), (19, 0, 19), "{cost:?}");
    assert_eq!(cost.report.counts.updated, 19, "{cost:?}");
    counted.quiet().await;
}

#[tokio::test]
async fn what_decides_nothing_is_not_looked_at() {
    let (counted, ..) = Counted::with_people().await;
    counted
        .map(ObjectType::User, |it| {
            it.name = "People".into();
            it.attribute_mappings.reverse();
        })
        .await;
    counted.settings(|it| it.guards.removals.number = Some(9)).await;
    counted.quiet().await;
}

#[tokio::test]
async fn a_change_of_the_groups_mapping_leaves_users_alone() {
    let (counted, ..) = Counted::with_people().await;
    let louder = MappingSource::Expression("Append([displayName], \"!\")".into());
    counted.map(ObjectType::Group, |it| attribute(it, "displayName").source = louder).await;
    assert_eq!(counted.due().await, 1);
    let cost = counted.cycle().await;
    // Read once more when the guard has judged the new name.
    assert_eq!((cost.users, cost.groups, cost.writes), (0, 2, 1), "{cost:?}");
    counted.quiet().await;
}

#[tokio::test]
async fn members_that_are_provisioned_again_follow_what_they_missed() {
    let (counted, users, group) = Counted::with_people().await;
    let mut members = None;
    counted.map(ObjectType::Group, |it| members = take(it, "members")).await;
    counted.quiet().await;
    let world = &counted.world;
    world.directory.remove_member(&world.by, group, users[0]).await.expect("removed");
    world.assign(users[0]).await;
    let guest = world.user("guest", json!({})).await;
    world.add(group, &[guest]).await;
    counted.cycle().await;
    let late = world.group("Late", &[guest]).await;
    world.assign(late).await;
    counted.cycle().await;
    assert_eq!((world.members("Engineers").len(), world.members("Late").len()), (19, 0));
    assert!(world.members("Engineers").contains(&"u0".to_owned()));
    counted.map(ObjectType::Group, |it| it.attribute_mappings.extend(members)).await;
    assert_eq!(counted.due().await, 2);
    let cost = counted.cycle().await;
    assert_eq!((cost.users, cost.groups), (0, 0), "{cost:?}");
    assert_eq!((world.members("Engineers").len(), world.members("Late").len()), (19, 1));
    assert!(!world.members("Engineers").contains(&"u0".to_owned()));
    counted.quiet().await;
}

#[tokio::test]
async fn what_becomes_of_accounts_that_leave_concerns_those_that_left() {
    let (counted, ..) = Counted::with_people().await;
    counted.settings(|it| it.deprovisioning.disabled = DeprovisionAction::Delete).await;
    assert_eq!(counted.due().await, 1);
    let cost = counted.cycle().await;
    assert_eq!((cost.report.counts.deleted, cost.writes), (1, 1), "{cost:?}");
    assert!(counted.world.account("u19").is_none());
    counted.quiet().await;
    // It is found when it may come back, though it has no account.
    counted.settings(|it| it.exclude_default_access = false).await;
    counted.world.set(counted.user_id("u19").await, json!({"accountEnabled": true})).await;
    let cost = counted.cycle().await;
    assert_eq!(cost.report.counts.created, 1, "{cost:?}");
}

#[tokio::test]
async fn a_filter_that_is_taken_away_brings_back_those_whose_accounts_were_deleted() {
    let (counted, ..) = Counted::with_people().await;
    counted.settings(|it| it.deprovisioning.out_of_scope = DeprovisionAction::Delete).await;
    counted.cycle().await;
    counted.map(ObjectType::User, |it| it.scoping_filters = vec![filter("city", "City 0")]).await;
    // Those who are assigned: the others were not in scope, and are not.
    assert_eq!(counted.due().await, 20);
    let cost = counted.cycle().await;
    // The one that was disabled is out of scope by the filter now.
    assert_eq!(cost.report.counts.deleted, 4, "{cost:?}");
    assert_eq!(counted.world.members("Engineers").len(), 16);
    counted.quiet().await;
    counted.map(ObjectType::User, |it| it.scoping_filters.clear()).await;
    assert_eq!(counted.due().await, 20);
    let cost = counted.cycle().await;
    assert_eq!((cost.report.counts.created, cost.report.counts.failed), (3, 0), "{cost:?}");
    assert_eq!(counted.world.members("Engineers").len(), 19);
    counted.quiet().await;
}

#[tokio::test]
async fn nested_groups_bring_those_whom_they_reach() {
    let (counted, _, outer) = Counted::with_people().await;
    let guest = counted.world.user("guest", json!({})).await;
    let inner = counted.world.group("Inner", &[guest]).await;
    let group = ObjectType::Group;
    counted.world.directory.add_members(&counted.world.by, outer, &[(group, inner)]).await.expect("nested");
    counted.cycle().await;
    assert!(counted.world.account("guest").is_none());
    counted.settings(|it| it.nested_groups = true).await;
    // The twenty, and the guest.
    assert_eq!(counted.due().await, 21);
    let cost = counted.cycle().await;
    assert_eq!((cost.report.counts.created, cost.report.kind), (1, CycleKind::Incremental), "{cost:?}");
    assert_eq!(cost.groups, 0, "{cost:?}");
    counted.quiet().await;
    counted.settings(|it| it.nested_groups = false).await;
    assert_eq!(counted.due().await, 21);
    assert_eq!(counted.cycle().await.report.counts.disabled, 1);
}

#[tokio::test]
async fn everyone_is_looked_at_where_everyone_is_reached() {
    let (counted, ..) = Counted::with_people().await;
    counted.settings(|it| it.scope = SyncScope::All).await;
    let job = counted.job().await;
    let due = counted.world.directory.reevaluated(&job).await.expect("a number");
    assert_eq!(due, Reevaluated { objects: 26, everything: true });
    let cost = counted.cycle().await;
    assert_eq!((cost.report.counts.created, cost.report.kind), (5, CycleKind::Initial), "{cost:?}");
    counted.quiet().await;
    counted.settings(|it| (it.scope, it.guards.removals.enabled) = (SyncScope::Assigned, false)).await;
    assert_eq!(counted.due().await, 26);
    let cost = counted.cycle().await;
    assert_eq!((cost.report.counts.disabled, cost.report.kind), (5, CycleKind::Incremental), "{cost:?}");
    counted.quiet().await;
}

#[tokio::test]
async fn groups_that_are_provisioned_again_follow_what_they_missed() {
    for scope in [SyncScope::Assigned, SyncScope::All] {
        let (counted, users, group) = Counted::with_people().await;
        counted.settings(|it| it.scope = scope).await;
        let gone = counted.world.group("Gone", &users[..2]).await;
        counted.world.assign(gone).await;
        counted.cycle().await;
        assert_eq!(counted.world.members("Gone").len(), 2);
        counted.map(ObjectType::Group, |it| it.enabled = false).await;
        counted.quiet().await;
        let directory = &counted.world.directory;
        directory.remove_member(&counted.world.by, group, users[0]).await.expect("removed");
        directory.purge_object(&counted.world.by, ObjectType::Group, gone).await.expect("gone");
        let new = counted.world.group("New", &users[..3]).await;
        counted.world.assign(new).await;
        counted.cycle().await;
        counted.map(ObjectType::Group, |it| it.enabled = true).await;
        assert_eq!(counted.due().await, 3, "{scope:?}");
        let cost = counted.cycle().await;
        assert_eq!((cost.report.kind, cost.users), (CycleKind::Incremental, 0), "{cost:?}");
        assert_eq!(counted.world.members("Engineers").len(), 18);
        assert_eq!(counted.world.members("New").len(), 3);
        assert_eq!(counted.world.target.resources("Groups").len(), 2, "{scope:?}");
        counted.quiet().await;
    }
}

#[tokio::test]
async fn those_without_an_account_are_matched_when_matching_changes() {
    let counted = Counted::new(Switches::default()).await;
    let world = &counted.world;
    world.target.plant("Users", json!({"userName": "grace.hopper", "externalId": "grace", "active": true}));
    for name in ["ada", "grace"] {
        let user = world.user(name, json!({"mailNickname": name})).await;
        world.assign(user).await;
    }
    counted.map(ObjectType::User, |it| it.target_actions.create = false).await;
    let cost = counted.cycle().await;
    assert_eq!(cost.report.counts.skipped, 2, "{cost:?}");
    counted
        .map(ObjectType::User, |it| {
            take(it, "externalId");
            let external = direct("externalId", "mailNickname");
            it.attribute_mappings.push(AttributeMapping { matching_priority: 2, ..external });
        })
        .await;
    assert_eq!(counted.due().await, 2);
    let cost = counted.cycle().await;
    assert_eq!((cost.report.counts.updated, cost.report.counts.created), (1, 0), "{cost:?}");
    assert!(counted.world.account("grace").is_some());
    // The one that nobody matches can be created now.
    counted.map(ObjectType::User, |it| it.target_actions.create = true).await;
    assert_eq!(counted.due().await, 1);
    assert_eq!(counted.cycle().await.report.counts.created, 1);
    counted.quiet().await;
}

#[tokio::test]
async fn what_failed_is_tried_again_at_once_when_its_mapping_changes() {
    let counted = Counted::new(Switches::default()).await;
    let ada = counted.world.user("ada", json!({"jobTitle": "Countess"})).await;
    counted.world.assign(ada).await;
    let refuses = |request: &testkit::Recorded| {
        (request.body["title"] == "Countess").then_some(Fault::Refuse(400, None))
    };
    counted.world.target.switch(|switches| switches.rule = Some(Rule::new(refuses)));
    assert_eq!(counted.cycle().await.report.counts.failed, 1);
    counted.map(ObjectType::User, |it| attribute(it, "title").source = constant("Poet")).await;
    assert_eq!(counted.due().await, 1);
    let cost = counted.cycle().await;
    assert_eq!((cost.report.counts.created, cost.report.done), (1, 1), "{cost:?}");
    counted.quiet().await;
}

#[tokio::test]
async fn changes_of_the_directory_in_the_same_cycle_are_not_lost() {
    let (counted, users, group) = Counted::with_people().await;
    counted
        .map(ObjectType::User, |it| attribute(it, "title").source = MappingSource::Direct("city".into()))
        .await;
    counted.world.set(users[0], json!({"city": "Rome"})).await;
    counted.world.set(users[1], json!({"accountEnabled": false})).await;
    counted.world.set(users[19], json!({"accountEnabled": true})).await;
    counted.world.directory.remove_member(&counted.world.by, group, users[2]).await.expect("removed");
    let guest = counted.world.user("guest", json!({"city": "Oslo"})).await;
    counted.world.add(group, &[guest]).await;
    let cost = counted.cycle().await;
    let counts = cost.report.counts;
    assert_eq!((counts.created, counts.disabled, counts.failed), (1, 2, 0), "{cost:?}");
    let title = |name: &str| counted.world.account(name).expect("there")["title"].clone();
    assert_eq!(
        [title("u0"), title("guest"), title("u3"), title("u19")],
        [json!("Rome"), json!("Oslo"), json!("City 0"), json!("City 1")]
    );
    // Whoever has left keeps the title of before.
    assert_eq!([title("u1"), title("u2")], [json!("Engineer"), json!("Engineer")]);
    assert_eq!(counted.world.members("Engineers").len(), 19);
    counted.quiet().await;
}

/// A cycle that is stopped in the middle, by a pause.
async fn interrupted(counted: &Counted, writes_before: usize) {
    let world = &counted.world;
    world.target.take_recorded();
    let progress = world.worker.run_now(world.directory.id(), world.job.id, world.by.clone()).await;
    let mut seen = 0;
    while seen < writes_before {
        seen += writes(&world.target.take_recorded()).len();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.worker.pause(world.job.id).await;
    assert_eq!(progress.expect("a job").end().await.status, CycleStatus::Interrupted);
}

async fn many(number: usize) -> Counted {
    let counted = Counted::new(Switches::default()).await;
    let mut users = Vec::new();
    for number in 0..number {
        users.push(counted.world.user(&format!("u{number}"), json!({"jobTitle": "Engineer"})).await);
    }
    let group = counted.world.group("Everyone", &users).await;
    counted.world.assign(group).await;
    counted.cycle().await;
    counted.world.target.switch(|switches| switches.delay = Some(Duration::from_millis(5)));
    counted
}

fn titles(world: &World) -> Vec<(String, usize)> {
    let mut titles = std::collections::BTreeMap::new();
    for user in world.target.resources("Users") {
        *titles.entry(user["title"].as_str().unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    titles.into_iter().collect()
}

#[tokio::test]
async fn an_interrupted_pass_goes_on_with_what_is_left() {
    let counted = many(1_200).await;
    counted.map(ObjectType::User, |it| attribute(it, "title").source = constant("Poet")).await;
    interrupted(&counted, 600).await;
    let left = counted.due().await;
    assert!(left > 0 && left < 1_200, "{left}");
    let cost = counted.cycle().await;
    assert!(cost.users <= left && cost.writes as u64 <= left, "{left} were left: {cost:?}");
    assert_eq!(titles(&counted.world), [("Poet".to_owned(), 1_200)]);
    counted.quiet().await;
}

#[tokio::test]
async fn a_configuration_that_is_taken_back_in_the_middle_is_taken_back_everywhere() {
    let counted = many(700).await;
    let before = counted.job().await.object_mappings;
    counted.map(ObjectType::User, |it| attribute(it, "title").source = constant("Poet")).await;
    interrupted(&counted, 20).await;
    counted.save(JobChange { object_mappings: Some(before), ..JobChange::default() }).await;
    let cost = counted.cycle().await;
    assert!(cost.writes < 700, "{cost:?}");
    assert_eq!(titles(&counted.world), [("Engineer".to_owned(), 700)]);
    counted.quiet().await;
}

#[tokio::test]
async fn what_was_provisioned_on_demand_is_taken_back_too() {
    let (counted, users, _) = Counted::with_people().await;
    let before = counted.job().await.object_mappings;
    counted.map(ObjectType::User, |it| attribute(it, "title").source = constant("Poet")).await;
    let world = &counted.world;
    let object = (ObjectType::User, users[0]);
    let told = world.worker.provision_on_demand(world.directory.id(), world.job.id, object, world.by.clone());
    told.await.expect("told");
    assert_eq!(world.account("u0").expect("there")["title"], json!("Poet"));
    counted.save(JobChange { object_mappings: Some(before), ..JobChange::default() }).await;
    assert_eq!(counted.due().await, 1);
    assert_eq!(counted.cycle().await.users, 1);
    assert_eq!(counted.world.account("u0").expect("there")["title"], json!("Engineer"));
    counted.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_the_pass_goes_on() {
    let counted = many(600).await;
    let world = &counted.world;
    counted.map(ObjectType::User, |it| attribute(it, "title").source = constant("Poet")).await;
    world.kill_when(|target| target.resources("Users").iter().any(|user| user["title"] == "Poet")).await;
    assert_eq!(titles(world).len(), 2, "the kill must hit the middle of the pass");
    let cost = counted.cycle().await;
    assert_eq!((cost.report.kind, cost.report.counts.failed), (CycleKind::Incremental, 0), "{cost:?}");
    assert_eq!(titles(world), [("Poet".to_owned(), 600)]);
    counted.quiet().await;
}

/// One of the changes that an administrator may make; each of them may be made again, and is undone by another.
async fn reconfigure(counted: &Counted, choice: u64) {
    let users = ObjectType::User;
    match choice {
        0 => counted.settings(|it| it.nested_groups = !it.nested_groups).await,
        1 => {
            let other = if counted.job().await.scope == SyncScope::All {
                SyncScope::Assigned
            } else {
                SyncScope::All
            };
            counted.settings(|it| it.scope = other).await;
        }
        2 => {
            let next = |action| match action {
                DeprovisionAction::Nothing => DeprovisionAction::Disable,
                DeprovisionAction::Disable => DeprovisionAction::Delete,
                DeprovisionAction::Delete => DeprovisionAction::Nothing,
            };
            counted
                .settings(|it| {
                    it.deprovisioning.out_of_scope = next(it.deprovisioning.out_of_scope);
                    it.deprovisioning.disabled = next(it.deprovisioning.disabled);
                })
                .await;
        }
        3 => counted.map(users, |it| it.scoping_filters = vec![filter("jobTitle", "new")]).await,
        4 => counted.map(users, |it| it.scoping_filters.clear()).await,
        5 => counted.map(users, |it| attribute(it, "title").source = constant("Poet")).await,
        6 => {
            let title = || MappingSource::Direct("jobTitle".into());
            counted.map(users, |it| attribute(it, "title").source = title()).await;
        }
        7 => counted.map(ObjectType::Group, |it| it.enabled = !it.enabled).await,
        8 => counted.map(users, |it| it.target_actions.update = !it.target_actions.update).await,
        9 => counted.map(users, |it| it.target_actions.create = !it.target_actions.create).await,
        10 => counted.map(users, |it| it.target_actions.delete = !it.target_actions.delete).await,
        _ => {
            counted
                .map(ObjectType::Group, |it| {
                    if take(it, "members").is_none() {
                        it.attribute_mappings.push(direct("members", "members"));
                    }
                })
                .await;
        }
    }
}

/// Whatever is changed in the directory and in the configuration: when everything is looked at, there is nothing left
/// to be sent.
#[tokio::test]
async fn a_look_at_everything_finds_nothing_that_was_left_out() {
    for seed in 1..=6 {
        let random = SeededRandom::new(seed);
        let counted = Counted::new(Switches::default()).await;
        let world = &counted.world;
        let mut truth = Truth::default();
        let mut done = Vec::new();
        for number in 0..2 {
            let group = world.group(&format!("g{number}"), &[]).await;
            let assignment = world.assign(group).await;
            truth.groups.insert(group, (format!("g{number}"), BTreeSet::new(), Some(assignment)));
        }
        for round in 0..12 {
            for number in 0..random.below(5) {
                let number = usize::try_from(round * 10 + number).expect("small");
                step(world, &mut truth, &random, number).await;
            }
            for _ in 0..random.below(3) {
                let choice = random.below(12);
                done.push(choice);
                reconfigure(&counted, choice).await;
            }
            world.worker.allow_staged(world.job.id, None).await.expect("allowed");
            let cost = counted.cycle().await;
            assert_eq!(cost.report.counts.failed, 0, "seed {seed}, {done:?}: {cost:?}");
        }
        counted.quiet().await;
        world.worker.restart(world.job.id, &[ResetScope::Watermark]).await.expect("restarted");
        world.worker.allow_staged(world.job.id, None).await.expect("allowed");
        let cost = counted.cycle().await;
        assert!(cost.sent.is_empty(), "seed {seed}, {done:?}: {:?}", cost.sent);
        assert_eq!((cost.report.kind, cost.report.counts.failed), (CycleKind::Initial, 0), "seed {seed}");
    }
}

#[tokio::test]
async fn the_target_is_read_for_those_who_come_into_scope_only() {
    let counted = Counted::new(Switches::default()).await;
    counted.map(ObjectType::User, |it| it.scoping_filters = vec![filter("city", "Oslo")]).await;
    let mut users = Vec::new();
    for number in 0..1_100 {
        users.push(counted.world.user(&format!("u{number}"), json!({"city": "Rome"})).await);
    }
    let group = counted.world.group("Everyone", &users).await;
    counted.world.assign(group).await;
    assert_eq!(counted.cycle().await.report.counts.skipped, 1_100);
    counted.map(ObjectType::User, |it| it.scoping_filters = vec![filter("city", "Turin")]).await;
    assert_eq!(counted.due().await, 1_100);
    let cost = counted.cycle().await;
    assert_eq!((cost.report.counts.skipped, cost.requests), (1_100, 0), "{cost:?}");
    counted.map(ObjectType::User, |it| it.scoping_filters = vec![filter("city", "Rome")]).await;
    let cost = counted.cycle().await;
    assert_eq!((cost.report.counts.created, cost.report.counts.failed), (1_100, 0), "{cost:?}");
    // One request for each, a few for pages and members, none to search.
    assert!(cost.requests < 1_150, "{}", cost.requests);
    assert_eq!(counted.world.members("Everyone").len(), 1_100);
    counted.quiet().await;
}

/// A state and links as they were written before links carried hashes by how their object stands.
#[tokio::test]
async fn an_older_state_leads_to_a_look_at_everything_once() {
    let (counted, ..) = Counted::with_people().await;
    let realm = Realm(counted.world.job.id);
    let mut transaction = Transaction::new(model::Clock::now(&model::SystemClock));
    let states = counted.store.scan(realm, Kind::JobState, Scan::first(9)).await.expect("the state");
    for object in states.objects {
        let mut state: Value = serde_json::from_slice(&object.body).expect("JSON");
        state.as_object_mut().expect("an object").remove("applied");
        state["configuration"] = json!(7);
        let body = serde_json::to_vec(&state).expect("JSON");
        transaction.put(realm, Kind::JobState, object.id, Expect::Present, body, vec![]);
    }
    let links = counted.store.scan(realm, Kind::Link, Scan::first(99)).await.expect("links");
    for object in &links.objects {
        let mut link: Value = serde_json::from_slice(&object.body).expect("JSON");
        link["configuration"] = json!(7);
        let body = serde_json::to_vec(&link).expect("JSON");
        transaction.put(realm, Kind::Link, object.id, Expect::Present, body, vec![]);
    }
    counted.store.commit(transaction).await.expect("written");
    let cost = counted.cycle().await;
    assert_eq!((cost.report.kind, cost.writes), (CycleKind::Initial, 0), "{cost:?}");
    counted.quiet().await;
    counted.map(ObjectType::User, |it| attribute(it, "title").source = constant("Engineer")).await;
    assert_eq!(counted.due().await, 19);
    assert_eq!(counted.cycle().await.users, 19);
}
