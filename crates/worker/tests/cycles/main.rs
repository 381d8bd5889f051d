//! Cycles from the outside: a directory, a job, and a target over HTTP.

mod brownfield;
mod counted;
mod counting;
mod drift;
mod faults;
mod guards;
mod history;
mod honest;
mod leavers;
mod limits;
mod operating;
mod outside;
mod paths;
mod plan;
mod quarantine;
mod reevaluation;
mod rehearsed;
mod together;
mod triggers;
mod unreliable;
mod versions;
mod world;

use model::{CycleKind, CycleStatus, ProvisioningAction, ProvisioningStatus};
use serde_json::json;
use testkit::{Fault, Switches};
use world::{World, writes};

const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[tokio::test]
async fn an_initial_cycle_and_what_follows() {
    let world = World::new(Switches::default()).await;
    let grace = world.user("grace", json!({"jobTitle": "Admiral"})).await;
    let ada =
        world.user("ada", json!({"givenName": "Ada", "surname": "Lovelace", "jobTitle": "Countess"})).await;
    world.directory.set_manager(&world.by, ada, Some(grace)).await.expect("a manager");
    let outsider = world.user("outsider", json!({})).await;
    let off = world.user("off", json!({"accountEnabled": false})).await;
    let group = world.group("Engineers", &[ada, grace, off]).await;
    world.assign(group).await;

    let report = world.run().await;
    assert_eq!((report.status, report.kind), (CycleStatus::Completed, CycleKind::Initial), "{report:?}");
    assert_eq!((report.counts.created, report.counts.skipped, report.counts.failed), (3, 2, 0), "{report:?}");
    let account = world.account("ada").expect("created");
    assert_eq!(account["active"], json!(true));
    assert_eq!(account["title"], json!("Countess"));
    assert_eq!(account[MANAGER]["manager"]["value"], world.account("grace").expect("created")["id"]);
    assert!(world.account("off").is_none() && world.account("outsider").is_none());
    assert_eq!(world.members("Engineers"), ["ada", "grace"]);
    assert!(world.log(outsider).await.is_empty());
    let skipped = world.log(off).await;
    assert_eq!(skipped[0].provisioning_status, ProvisioningStatus::Skipped);

    // Nothing has changed: nothing is sent but the question what the target can do.
    world.target.take_recorded();
    let report = world.run().await;
    assert_eq!(report.kind, CycleKind::Incremental);
    assert_eq!(world.target.take_recorded().len(), 1, "{report:?}");

    // One title: one PATCH with one operation.
    world.set(ada, json!({"jobTitle": "Analyst"})).await;
    let report = world.run().await;
    assert_eq!(report.counts.updated, 1, "{report:?}");
    let requests = world.target.take_recorded();
    let sent = writes(&requests);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].body["Operations"], json!([{"op": "replace", "path": "title", "value": "Analyst"}]));
    let log = world.log(ada).await;
    let last = log.last().expect("an entry");
    assert_eq!(last.modified_properties[0].old_value, Some(json!("Countess")));

    // Disabled: one PATCH of active, out of the group; enabled again: back.
    world.set(ada, json!({"accountEnabled": false})).await;
    let report = world.run().await;
    assert_eq!((report.counts.disabled, report.status), (1, CycleStatus::Completed), "{report:?}");
    assert_eq!(world.account("ada").expect("still there")["active"], json!(false));
    assert_eq!(world.members("Engineers"), ["grace"]);
    world.set(ada, json!({"accountEnabled": true, "jobTitle": "Poet"})).await;
    let report = world.run().await;
    assert_eq!(report.counts.failed, 0, "{report:?}");
    let account = world.account("ada").expect("still there");
    assert_eq!((&account["active"], &account["title"]), (&json!(true), &json!("Poet")));
    assert_eq!(world.members("Engineers"), ["ada", "grace"]);

    // Out of the group: disabled. Recycle bin: still disabled. Gone for good: deleted.
    world.directory.remove_member(&world.by, group, grace).await.expect("removed");
    let report = world.run().await;
    assert_eq!(report.counts.disabled, 1, "{report:?}");
    assert_eq!(world.account("grace").expect("still there")["active"], json!(false));
    world.directory.delete_user(&world.by, grace).await.expect("deleted");
    world.run().await;
    assert!(world.account("grace").is_some());
    world.directory.purge_object(&world.by, model::ObjectType::User, grace).await.expect("purged");
    let report = world.run().await;
    assert_eq!(report.counts.deleted, 1, "{report:?}");
    assert!(world.account("grace").is_none());
    assert_eq!(world.members("Engineers"), ["ada"]);
    let log = world.log(grace).await;
    let actions: Vec<_> = log.iter().map(|entry| entry.provisioning_action).collect();
    assert_eq!(
        actions,
        [ProvisioningAction::Create, ProvisioningAction::Disable, ProvisioningAction::Delete]
    );
    world.target.take_recorded();
    world.run().await;
    assert_eq!(writes(&world.target.take_recorded()).len(), 0);
}

#[tokio::test]
async fn the_default_access_role_alone_does_not_count() {
    let world = World::new(Switches::default()).await;
    let plain = world.user("plain", json!({})).await;
    let request = directory::AssignmentRequest {
        resource: world.application.id,
        principal: plain,
        role: Some("00000000-0000-0000-0000-000000000000"),
    };
    world.directory.assign(&world.by, request).await.expect("assigned");
    let report = world.run().await;
    assert_eq!(report.counts.skipped, 1, "{report:?}");
    let log = world.log(plain).await;
    let reason = &log[0].error_information.as_ref().expect("a reason").reason;
    assert!(reason.starts_with("not effectively entitled"), "{reason}");
    // Once per change, not in each cycle.
    world.worker.restart(world.job.id, &[]).await.expect("restarted");
    world.run().await;
    assert_eq!(world.log(plain).await.len(), 1);
}

#[tokio::test]
async fn accounts_that_are_there_are_matched_and_brought_in_line() {
    for ignore_filter in [false, true] {
        let world = World::new(Switches { ignore_filter, ..Switches::default() }).await;
        world.target.plant("Users", json!({"userName": "ADA@example.com", "title": "old", "active": true}));
        world.target.plant("Users", json!({"userName": "stranger@example.com"}));
        let ada = world.user("ada", json!({"jobTitle": "Countess"})).await;
        world.assign(ada).await;
        let report = world.run().await;
        assert_eq!(report.counts.updated, 1, "{report:?}");
        assert_eq!(world.target.resources("Users").len(), 2);
        assert_eq!(world.account("ada").expect("matched")["title"], json!("Countess"));
    }
}

#[tokio::test]
async fn doubles_on_either_side_are_told_apart() {
    let world = World::new(Switches { accept_duplicates: true, ..Switches::default() }).await;
    world.target.plant("Users", json!({"userName": "ada@example.com"}));
    world.target.plant("Users", json!({"userName": "ada@example.com"}));
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    let report = world.run().await;
    assert_eq!(report.counts.failed, 1, "{report:?}");
    let code = world.log(ada).await[0].error_information.as_ref().expect("an error").error_code.clone();
    assert_eq!(code, "DuplicateTargetEntries");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_account() {
    let world = World::new(Switches { accept_duplicates: true, ..Switches::default() }).await;
    for name in ["a", "b", "c", "d"] {
        let user = world.user(name, json!({})).await;
        world.assign(user).await;
    }
    // Request 1 asks what the target can do, 2 lists it: every creation after that loses its answer.
    world.target.switch(|switches| switches.faults = (3..7).map(|at| (at, Fault::LoseAnswer)).collect());
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.failed), (4, 0), "{report:?}");
    assert_eq!(world.target.resources("Users").len(), 4);
}

#[tokio::test]
async fn failures_are_escrowed_and_tried_again() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    world.target.switch(|switches| switches.faults = [(3, Fault::Refuse(400, None))].into());
    let report = world.run().await;
    assert_eq!((report.counts.failed, report.status), (1, CycleStatus::Completed), "{report:?}");
    assert!(world.account("ada").is_none());
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.failed), (1, 0), "{report:?}");
    assert!(world.account("ada").is_some());
}

#[tokio::test]
async fn what_keeps_failing_is_tried_once_in_a_cycle() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    let refuse = |at| (at, Fault::Refuse(400, None));
    world.target.switch(|switches| switches.faults = (3..100).map(refuse).collect());
    assert_eq!(world.run().await.counts.failed, 1);
    // The search for the account is refused already.
    world.target.take_recorded();
    assert_eq!(world.run().await.counts.failed, 1);
    assert!(world.target.take_recorded().len() < 5);
    assert_eq!(world.log(ada).await.len(), 2);
}

#[tokio::test]
async fn an_account_deleted_behind_our_back_comes_again() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    let group = world.group("Engineers", &[ada]).await;
    world.assign(group).await;
    world.run().await;
    let id = world.account("ada").expect("created")["id"].as_str().unwrap_or_default().to_owned();
    assert!(world.target.uproot("Users", &id));
    world.set(ada, json!({"jobTitle": "Countess"})).await;
    let report = world.run().await;
    assert_eq!(report.counts.failed, 0, "{report:?}");
    assert_eq!(world.account("ada").expect("created again")["title"], json!("Countess"));
    assert!(world.members("Engineers").contains(&"ada".to_owned()));
}

#[tokio::test]
async fn mass_removal_is_staged_until_it_is_allowed() {
    let world = World::new(Switches::default()).await;
    let mut users = Vec::new();
    for number in 0..10 {
        users.push(world.user(&format!("u{number}"), json!({})).await);
    }
    let group = world.group("Everyone", &users).await;
    let assignment = world.assign(group).await;
    world.run().await;
    world.directory.unassign(&world.by, assignment).await.expect("unassigned");
    let report = world.run().await;
    assert_eq!((report.counts.staged, report.counts.disabled), (11, 0), "{report:?}");
    assert_eq!(report.status, CycleStatus::Quarantined);
    let log = world.log(users[0]).await;
    assert_eq!(log.last().expect("an entry").provisioning_action, ProvisioningAction::StagedDelete);
    assert!(world.target.resources("Users").iter().all(|user| user["active"] == json!(true)));
    // Whoever comes later to those held back is in the log too, and nobody twice.
    let late = world.user("late", json!({})).await;
    let assignment = world.assign(late).await;
    let report = world.run().await;
    assert_eq!((report.counts.staged, report.counts.created), (11, 1), "{report:?}");
    world.directory.unassign(&world.by, assignment).await.expect("unassigned");
    let report = world.run().await;
    assert_eq!(report.counts.staged, 12, "{report:?}");
    for (user, entries) in [(users[0], 2), (late, 2)] {
        let log = world.log(user).await;
        assert_eq!(log.len(), entries, "{log:?}");
        assert_eq!(log[1].provisioning_action, ProvisioningAction::StagedDelete);
    }
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    let report = world.run().await;
    assert_eq!(
        (report.counts.disabled, report.counts.deleted, report.counts.staged),
        (11, 1, 0),
        "{report:?}"
    );
    assert!(world.target.resources("Users").iter().all(|user| user["active"] == json!(false)));
    assert!(world.worker.state(world.job.id).await.expect("a state").quarantine.is_none());
}

#[tokio::test]
async fn managers_who_come_later_are_filled_in() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    let grace = world.user("grace", json!({})).await;
    world.directory.set_manager(&world.by, ada, Some(grace)).await.expect("a manager");
    world.assign(ada).await;
    world.run().await;
    assert!(world.account("ada").expect("created").get(MANAGER).is_none());
    world.assign(grace).await;
    world.run().await;
    let manager = &world.account("ada").expect("still there")[MANAGER]["manager"]["value"];
    assert_eq!(*manager, world.account("grace").expect("created")["id"]);
}

#[tokio::test]
async fn a_wrong_token_puts_the_job_into_quarantine() {
    let world = World::new(Switches::default()).await;
    let wrong = [(model::SecretKey::SecretToken, secrecy::SecretString::from("wrong"))];
    world.directory.set_secrets(&world.by, world.application.id, &wrong).await.expect("secrets");
    let report = world.run().await;
    assert_eq!(report.status, CycleStatus::Quarantined);
    assert_eq!(report.error.expect("a reason").error_code, "Unauthorized");
    let state = world.worker.state(world.job.id).await.expect("a state");
    assert_eq!(state.quarantine.expect("in quarantine").series_count, 1);
}

#[tokio::test]
async fn a_url_without_scim_behind_it_blames_no_object() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    let url = world.target.base_url().replace("/scim/v2", "/nothing/here");
    let wrong = [(model::SecretKey::BaseAddress, secrecy::SecretString::from(url))];
    world.directory.set_secrets(&world.by, world.application.id, &wrong).await.expect("secrets");
    let report = world.run().await;
    assert_eq!((report.status, report.counts.failed), (CycleStatus::Quarantined, 0), "{report:?}");
    let error = report.error.expect("a reason");
    assert!(error.recommended_action.contains("tenant URL"), "{error:?}");
    // Put right, it goes on.
    let right = [(model::SecretKey::BaseAddress, secrecy::SecretString::from(world.target.base_url()))];
    world.directory.set_secrets(&world.by, world.application.id, &right).await.expect("secrets");
    let report = world.run().await;
    assert_eq!((report.status, report.counts.created), (CycleStatus::Completed, 1), "{report:?}");
    assert!(world.worker.state(world.job.id).await.expect("a state").quarantine.is_none());
}

#[tokio::test]
async fn one_object_on_demand_tells_every_step() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    let object = (model::ObjectType::User, ada);
    let job = world.job.id;
    let told = world
        .worker
        .provision_on_demand(world.directory.id(), job, object, world.by.clone())
        .await
        .expect("told");
    assert_eq!(told[0].provisioning_action, ProvisioningAction::Create);
    let steps: Vec<_> = told[0].provisioning_steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["import", "scoping", "matching", "processing", "export"]);
    assert!(world.account("ada").is_some());
    let again = world
        .worker
        .provision_on_demand(world.directory.id(), job, object, world.by.clone())
        .await
        .expect("told");
    assert_eq!(again.len(), 1);
    assert_eq!(world.target.resources("Users").len(), 1);
}

#[tokio::test]
async fn a_started_job_carries_changes_by_itself() {
    let mut world = World::new(Switches::default()).await;
    let change = directory::JobChange {
        started: Some(true),
        settings: Some(directory::JobSettings {
            interval: jiff::SignedDuration::from_secs(1),
            ..directory::JobSettings::of(&world.job)
        }),
        ..directory::JobChange::default()
    };
    world.directory.update_job(&world.by, world.job.id, &change).await.expect("started");
    for name in ["ada", "grace"] {
        let user = world.user(name, json!({})).await;
        world.assign(user).await;
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while world.account(name).is_none() {
            assert!(std::time::Instant::now() < deadline, "{name} was not provisioned");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        world.worker.shutdown().await;
        world.restart();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_no_account_is_there_twice() {
    killed(5, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_amid_bulk_requests_no_account_is_there_twice() {
    killed(30, Some(4)).await;
}

async fn killed(delay: u64, bulk: Option<usize>) {
    let delay = Some(std::time::Duration::from_millis(delay));
    let world = World::new(Switches { accept_duplicates: true, delay, bulk, ..Switches::default() }).await;
    let mut users = Vec::new();
    for number in 0..1_200 {
        users.push(world.user(&format!("u{number}"), json!({})).await);
    }
    let group = world.group("Everyone", &users).await;
    world.assign(group).await;
    for users in [1, 90, 300, 600, 900] {
        world.kill_at(users).await;
    }
    let between = world.target.resources("Users").len();
    let report = world.run().await;
    assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
    let mut names: Vec<String> =
        world.target.resources("Users").iter().map(|user| user["userName"].to_string()).collect();
    let total = names.len();
    names.sort();
    names.dedup();
    assert_eq!((total, names.len()), (1_200, 1_200), "{between} were there when the last run began");
    assert!(between > 0 && between < 1_200, "{between}: the kills must hit the middle of a cycle");
    assert_eq!(world.target.resources("Groups").len(), 1);
    assert_eq!(world.members("Everyone").len(), 1_200);
    world.target.take_recorded();
    world.run().await;
    assert_eq!(writes(&world.target.take_recorded()).len(), 0);
}

#[tokio::test]
async fn a_paused_cycle_goes_on_where_it_was() {
    let delay = Some(std::time::Duration::from_millis(10));
    let world = World::new(Switches { delay, ..Switches::default() }).await;
    let mut users = Vec::new();
    for number in 0..700 {
        users.push(world.user(&format!("u{number}"), json!({})).await);
    }
    let group = world.group("Everyone", &users).await;
    world.assign(group).await;
    let progress =
        world.worker.run_now(world.directory.id(), world.job.id, world.by.clone()).await.expect("a job");
    while world.target.resources("Users").len() < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let asked = std::time::Instant::now();
    world.worker.pause(world.job.id).await;
    assert!(asked.elapsed() < std::time::Duration::from_secs(5));
    assert_eq!(progress.end().await.status, CycleStatus::Interrupted);
    let there = world.target.resources("Users").len();
    assert!(there < 700, "{there}");
    let report = world.run().await;
    assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
    // Everybody once, also who was created before the pause.
    assert_eq!((report.counts.created, report.counts.unchanged, report.done), (701, 0, 701), "{report:?}");
    assert_eq!(world.target.resources("Users").len(), 700);
    assert_eq!(world.members("Everyone").len(), 700);
}

#[tokio::test]
async fn a_target_that_knows_no_patch_is_served_with_put() {
    let world = World::new(Switches { refuse_patch: true, ..Switches::default() }).await;
    let ada = world.user("ada", json!({})).await;
    let group = world.group("Engineers", &[ada]).await;
    world.assign(group).await;
    world.run().await;
    assert_eq!(world.members("Engineers"), ["ada"]);
    world.set(ada, json!({"jobTitle": "Countess"})).await;
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.failed), (1, 0), "{report:?}");
    let account = world.account("ada").expect("there");
    assert_eq!((&account["title"], &account["active"]), (&json!("Countess"), &json!(true)));
}

#[tokio::test]
async fn it_holds_on_a_store_that_reorders_and_refuses_commits() {
    let options = store_memory::Options { seed: 3, reorder: true, fail_serialization_every: Some(3) };
    let world =
        World::with(Switches::default(), std::sync::Arc::new(store_memory::MemoryStore::with(options))).await;
    let mut users = Vec::new();
    for number in 0..40 {
        users.push(world.user(&format!("u{number}"), json!({})).await);
        if number > 0 {
            let manager = users[number / 2];
            world.directory.set_manager(&world.by, users[number], Some(manager)).await.expect("a manager");
        }
    }
    let group = world.group("Everyone", &users).await;
    world.assign(group).await;
    let report = world.run().await;
    assert_eq!((report.status, report.counts.created), (CycleStatus::Completed, 41), "{report:?}");
    for (number, _) in users.iter().enumerate().skip(1) {
        let account = world.account(&format!("u{number}")).expect("created");
        let manager = world.account(&format!("u{}", number / 2)).expect("created");
        assert_eq!(account[MANAGER]["manager"]["value"], manager["id"]);
    }
    assert_eq!(world.members("Everyone").len(), 40);
    world.target.take_recorded();
    world.run().await;
    assert_eq!(writes(&world.target.take_recorded()).len(), 0);
}

#[tokio::test]
async fn members_of_nested_groups_count_where_the_job_says_so() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    let inner = world.group("Inner", &[ada]).await;
    let outer = world.group("Outer", &[]).await;
    // A circle must be harmless.
    let group = model::ObjectType::Group;
    world.directory.add_members(&world.by, outer, &[(group, inner)]).await.expect("nested");
    world.directory.add_members(&world.by, inner, &[(group, outer)]).await.expect("nested");
    world.assign(outer).await;
    world.run().await;
    assert!(world.account("ada").is_none());
    let settings = directory::JobSettings { nested_groups: true, ..directory::JobSettings::of(&world.job) };
    let change = directory::JobChange { settings: Some(settings), ..directory::JobChange::default() };
    world.directory.update_job(&world.by, world.job.id, &change).await.expect("changed");
    // A changed configuration is applied to everyone by the next cycle.
    world.run().await;
    assert!(world.account("ada").is_some());
    let grace = world.user("grace", json!({})).await;
    world.add(inner, &[grace]).await;
    world.run().await;
    assert!(world.account("grace").is_some());
    world.directory.remove_member(&world.by, inner, ada).await.expect("removed");
    let report = world.run().await;
    assert_eq!(report.counts.disabled, 1, "{report:?}");
}

#[tokio::test]
async fn a_group_that_comes_on_demand_joins_the_groups_it_is_a_member_of() {
    let world = World::new(Switches::default()).await;
    let outer = world.group("Outer", &[]).await;
    let inner = world.group("Inner", &[]).await;
    let group = model::ObjectType::Group;
    world.directory.add_members(&world.by, outer, &[(group, inner)]).await.expect("nested");
    world.assign(outer).await;
    world.run().await;
    let (directory, job, by) = (world.directory.id(), world.job.id, world.by.clone());
    world.assign(inner).await;
    world.worker.provision_on_demand(directory, job, (group, inner), by).await.expect("done");
    let groups = world.target.resources("Groups");
    let named = |name: &str| groups.iter().find(|it| it["displayName"] == name).expect("the group");
    assert_eq!(named("Outer")["members"][0]["value"], named("Inner")["id"]);
    world.target.take_recorded();
    world.run().await;
    assert_eq!(writes(&world.target.take_recorded()).len(), 0);
}

#[tokio::test]
async fn another_process_at_work_is_left_alone() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    let lease = format!("job/{}", world.job.id);
    let (other, ttl) = (uuid::Uuid::from_u128(99), std::time::Duration::from_mins(1));
    let now = model::Clock::now(&model::SystemClock);
    let held = world.store.acquire_lease(&lease, other, now, ttl).await.expect("a store").expect("free");
    let report = world.run().await;
    assert_eq!(report.status, CycleStatus::Interrupted);
    assert_eq!(report.error.expect("a reason").error_code, "JobIsRunning");
    assert!(world.account("ada").is_none());
    world.store.release_lease(&held).await.expect("released");
    assert_eq!(world.run().await.counts.created, 1);
}
