//! The log says what was done, and a failure is not repeated before its time.

use model::{CycleStatus, ObjectType, ProvisioningAction, ProvisioningStatus, StepType};
use serde_json::json;
use testkit::{Fault, Recorded, Rule, Switches};

use crate::world::World;

/// Refuses every request with this method.
fn refuses(method: &'static str) -> Rule {
    Rule::new(move |request: &Recorded| (request.method == method).then_some(Fault::Refuse(400, None)))
}

fn count(requests: &[Recorded], method: &str, part: &str) -> usize {
    requests.iter().filter(|it| it.method == method && it.body.to_string().contains(part)).count()
}

#[tokio::test]
async fn an_account_that_is_matched_and_needs_nothing_is_not_called_updated() {
    let first = World::new(Switches::default()).await;
    let kim = first.user("kim", json!({"jobTitle": "pilot"})).await;
    first.assign(kim).await;
    first.run().await;
    let account = first.account("kim").expect("created");

    let second = World::new(Switches::default()).await;
    let kim = second.user("kim", json!({"jobTitle": "pilot"})).await;
    second.assign(kim).await;
    second.target.plant("Users", account.into());
    let report = second.run().await;
    assert_eq!((report.counts.unchanged, report.counts.updated), (1, 0), "{report:?}");
    let log = second.log(kim).await;
    let [entry] = &log[..] else { panic!("{log:?}") };
    assert_eq!(entry.provisioning_action, ProvisioningAction::Other);
    assert_eq!(entry.provisioning_status, ProvisioningStatus::Success);
    let matching = entry.provisioning_steps.iter();
    let mut matching = matching.filter(|it| it.provisioning_step_type == StepType::Matching);
    assert!(matching.any(|it| it.description.starts_with("matched by")), "{entry:?}");
}

#[tokio::test]
async fn a_mapping_that_fails_is_logged_with_the_steps_before_it() {
    let world = World::new(Switches::default()).await;
    world.map(&[("nickName", "FormatDateTime([displayName], , \"yyyy\", \"MM\")")]).await;
    let kim = world.user("kim", json!({"displayName": "no date"})).await;
    world.assign(kim).await;
    let report = world.run().await;
    assert_eq!(report.counts.failed, 1, "{report:?}");
    let log = world.log(kim).await;
    let steps: Vec<_> =
        log[0].provisioning_steps.iter().map(|it| (it.provisioning_step_type, it.status)).collect();
    let done = ProvisioningStatus::Success;
    let failed = (StepType::Processing, ProvisioningStatus::Failure);
    assert_eq!(steps[..3], [(StepType::Import, done), (StepType::Scoping, done), failed], "{log:?}");
}

#[tokio::test]
async fn one_that_fails_and_waits_for_a_manager_too_is_tried_when_it_is_due() {
    let world = World::new(Switches { rule: Some(refuses("POST")), ..Switches::default() }).await;
    let kim = world.user("kim", json!({})).await;
    let boss = world.user("boss", json!({})).await;
    world.directory.set_manager(&world.by, kim, Some(boss)).await.expect("a manager");
    world.assign(kim).await;
    for cycle in 1..=2 {
        let report = world.run().await;
        assert_eq!(report.counts.failed, 1, "{report:?}");
        let requests = world.target.take_recorded();
        assert_eq!(count(&requests, "POST", "kim@example.com"), 1, "cycle {cycle}");
    }
    // Whoever has the reference in the end has all of it.
    world.target.switch(|switches| switches.rule = None);
    world.assign(boss).await;
    world.run().await;
    let manager = &world.account("kim").expect("there")[crate::MANAGER]["manager"]["value"];
    assert_eq!(*manager, world.account("boss").expect("there")["id"]);
}

#[tokio::test]
async fn what_has_just_failed_is_not_tried_again_at_once() {
    let world = World::new(Switches::default()).await;
    let kim = world.user("kim", json!({})).await;
    world.assign(kim).await;
    world.run().await;
    world.target.switch(|switches| switches.rule = Some(refuses("PATCH")));
    world.set(kim, json!({"jobTitle": "pilot"})).await;
    world.target.take_recorded();
    world.run().await;
    assert_eq!(count(&world.target.take_recorded(), "PATCH", "pilot"), 1);
    // The next time somebody asks, it is.
    world.run().await;
    assert_eq!(count(&world.target.take_recorded(), "PATCH", "pilot"), 1);
}

#[tokio::test]
async fn a_token_that_the_target_repeats_in_a_bulk_answer_is_not_logged() {
    let answer = r#"{"Operations": [
        {"method": "POST", "bulkId": "0", "status": "400", "response": {"detail": "not for Bearer secret!"}},
        {"method": "POST", "bulkId": "1", "status": "400", "response": {"detail": "not for Bearer secret!"}}]}"#;
    let garbles = move |it: &Recorded| it.uri.ends_with("/Bulk").then_some(Fault::Garble(200, answer));
    let switches = Switches { bulk: Some(10), rule: Some(Rule::new(garbles)), ..Switches::default() };
    let world = World::new(switches).await;
    let users = [world.user("kim", json!({})).await, world.user("lee", json!({})).await];
    for user in users {
        world.assign(user).await;
    }
    assert_eq!(world.run().await.counts.failed, 2);
    for user in users {
        let log = serde_json::to_string(&world.log(user).await).expect("text");
        assert!(log.contains("not for Bearer ***!") && !log.contains("secret!"), "{log}");
    }
}

#[tokio::test]
async fn a_deleted_account_leaves_its_groups_first() {
    let world = World::new(Switches { keeps_members: true, ..Switches::default() }).await;
    let users = [world.user("kim", json!({})).await, world.user("lee", json!({})).await];
    let loner = world.user("loner", json!({})).await;
    let team = world.group("Team", &users).await;
    world.assign(team).await;
    world.assign(loner).await;
    world.run().await;
    assert_eq!(world.target.resources("Groups")[0]["members"].as_array().map(Vec::len), Some(2));
    for user in [users[0], loner] {
        world.directory.delete_user(&world.by, user).await.expect("deleted");
        world.directory.purge_object(&world.by, ObjectType::User, user).await.expect("purged");
    }
    world.target.take_recorded();
    let report = world.run().await;
    assert_eq!((report.status, report.counts.deleted), (CycleStatus::Completed, 2), "{report:?}");
    let group = &world.target.resources("Groups")[0];
    assert_eq!(group["members"].as_array().map(Vec::len), Some(1), "{group:?}");
    let requests = world.target.take_recorded();
    let sent: Vec<_> =
        requests.iter().filter(|it| it.method != "GET").map(|it| (&*it.method, &*it.uri)).collect();
    let methods: Vec<_> = sent.iter().map(|(method, _)| *method).collect();
    assert_eq!(methods, ["PATCH", "DELETE", "DELETE"], "{sent:?}");
    assert!(world.state().await.quarantine.is_none());
    // The log of the group says whom it lost.
    assert!(world.log(team).await.iter().any(|it| !it.modified_properties.is_empty()));
    world.run().await;
    assert!(world.target.take_recorded().iter().all(|it| it.method == "GET"));
}

#[tokio::test]
async fn members_that_a_matched_group_has_already_are_not_added_again() {
    let first = World::new(Switches::default()).await;
    let [ada, grace] = [first.user("ada", json!({})).await, first.user("grace", json!({})).await];
    let team = first.group("Team", &[ada, grace]).await;
    first.assign(team).await;
    first.run().await;

    let second = World::new(Switches::default()).await;
    let mut ids = Vec::new();
    for name in ["ada", "grace"] {
        ids.push(second.user(name, json!({})).await);
        second.target.plant("Users", first.account(name).expect("created").into());
    }
    let kim = second.user("kim", json!({})).await;
    second.target.plant("Users", json!({"userName": "stranger@example.com"}));
    let id = |name: &str| second.account(name).expect("an account")["id"].clone();
    let members = json!([{"value": id("ada")}, {"value": id("grace")}, {"value": id("stranger")}]);
    second.target.plant("Groups", json!({"displayName": "Team", "members": members}));
    let team = second.group("Team", &[ids[0], kim]).await;
    second.assign(team).await;
    second.assign(ids[1]).await;
    let report = second.run().await;
    assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
    let requests = second.target.take_recorded();
    let patches: Vec<_> = requests
        .iter()
        .filter(|it| it.method == "PATCH" && it.body.to_string().contains("members"))
        .collect();
    let added = json!([{"value": id("kim")}]);
    let [patch] = &patches[..] else { panic!("{patches:?}") };
    assert_eq!(patch.body["Operations"], json!([{"op": "add", "path": "members", "value": added}]));
    // Who is there without our doing stays, a stranger as well as one whom the job knows.
    assert_eq!(second.members("Team"), ["ada", "grace", "kim", "stranger"]);
    // Whom it took over leaves like whom it added.
    second.directory.remove_member(&second.by, team, ids[0]).await.expect("removed");
    second.run().await;
    assert_eq!(second.members("Team"), ["grace", "kim", "stranger"]);
}

#[tokio::test]
async fn what_is_tried_several_times_in_a_cycle_fails_once() {
    let world = World::new(Switches { rule: Some(Rule::new(taken)), ..Switches::default() }).await;
    let kim = world.user("kim", json!({})).await;
    world.assign(kim).await;
    for tries in 1..=2 {
        world.run().await;
        let log = world.log(kim).await;
        let steps = &log.last().expect("an entry").provisioning_steps;
        let outlook = format!("waits after try {tries} ");
        assert!(steps.iter().any(|step| step.description.starts_with(&outlook)), "{tries}: {steps:?}");
    }
}

/// Says of every new account that there is one of that name.
fn taken(request: &Recorded) -> Option<Fault> {
    (request.method == "POST").then_some(Fault::Refuse(409, None))
}
