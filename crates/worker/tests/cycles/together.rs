//! Targets that take bulk requests: accounts are created together, with the same end.

use model::CycleStatus;
use serde_json::json;
use testkit::{Fault, Recorded, Rule, Switches};
use uuid::Uuid;

use crate::world::{World, writes};

const COUNT: u64 = 25;

async fn world(switches: Switches) -> (World, Vec<Uuid>) {
    let world = World::new(Switches { bulk: Some(10), accept_duplicates: true, ..switches }).await;
    let mut ids = Vec::new();
    for number in 0..COUNT {
        let user = world.user(&format!("user{number}"), json!({})).await;
        world.assign(user).await;
        ids.push(user);
    }
    (world, ids)
}

fn on_bulk(fault: Fault) -> Rule {
    Rule::new(move |request: &Recorded| request.uri.ends_with("/Bulk").then(|| fault.clone()))
}

/// Everyone is there once, and nothing is left to do.
async fn complete(world: &World) {
    assert_eq!(world.target.count("Users"), COUNT);
    for number in 0..COUNT {
        world.account(&format!("user{number}")).expect("there");
    }
    world.target.take_recorded();
    let report = world.run().await;
    assert!(writes(&world.target.take_recorded()).is_empty(), "{report:?}");
}

#[tokio::test]
async fn accounts_are_created_together() {
    let (world, ids) = world(Switches::default()).await;
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.failed), (COUNT, 0), "{report:?}");
    let requests = world.target.take_recorded();
    let writes: Vec<_> = writes(&requests).iter().map(|request| request.uri.as_str()).collect();
    assert_eq!(writes, ["/scim/v2/Bulk"; 3]);
    // Each is linked to its own account.
    world.set(ids[7], json!({"jobTitle": "seventh"})).await;
    world.run().await;
    assert_eq!(world.account("user7").expect("there")["title"], json!("seventh"));
    complete(&world).await;
}

#[tokio::test]
async fn lost_answers_make_no_second_accounts() {
    for fault in [Fault::LoseAnswer, Fault::Garble(200, "sorry"), Fault::Garble(200, r#"{"Operations": []}"#)]
    {
        let (world, _) = world(Switches { rule: Some(on_bulk(fault)), ..Switches::default() }).await;
        let report = world.run().await;
        assert_eq!((report.counts.created, report.counts.failed), (COUNT, 0), "{report:?}");
        complete(&world).await;
    }
}

#[tokio::test]
async fn a_target_that_refuses_after_all_gets_single_requests() {
    for status in [404, 413, 501] {
        let rule = Some(on_bulk(Fault::Refuse(status, None)));
        let (world, _) = world(Switches { rule, ..Switches::default() }).await;
        let report = world.run().await;
        assert_eq!(
            (report.status, report.counts.created, report.counts.failed),
            (CycleStatus::Completed, COUNT, 0),
            "{report:?}"
        );
        complete(&world).await;
    }
}

#[tokio::test]
async fn requests_that_never_arrive_are_made_good() {
    let (world, _) = world(Switches { rule: Some(on_bulk(Fault::HangUp)), ..Switches::default() }).await;
    world.run().await;
    assert!(world.target.resources("Users").is_empty());
    world.target.switch(|switches| switches.rule = None);
    for _ in 0..2 {
        world.run().await;
    }
    complete(&world).await;
}

#[tokio::test]
async fn an_account_that_is_taken_is_matched() {
    let (world, _) = world(Switches::default()).await;
    world.target.switch(|switches| switches.accept_duplicates = false);
    // Nobody sees it until the name turns out to be taken.
    world.target.plant("Users", json!({"userName": "user3@example.com", "title": "theirs"}));
    let hidden = std::sync::atomic::AtomicBool::new(true);
    let rule = Rule::new(move |request: &Recorded| {
        if request.uri.ends_with("/Bulk") {
            hidden.store(false, std::sync::atomic::Ordering::Relaxed);
        }
        let list = request.method == "GET" && request.uri.contains("/Users?");
        let empty = r#"{"totalResults": 0, "Resources": []}"#;
        (list && hidden.load(std::sync::atomic::Ordering::Relaxed)).then_some(Fault::Garble(200, empty))
    });
    world.target.switch(|switches| switches.rule = Some(rule));
    let report = world.run().await;
    assert_eq!(report.counts.failed, 0, "{report:?}");
    assert_eq!(report.counts.created, COUNT - 1, "{report:?}");
    complete(&world).await;
}
