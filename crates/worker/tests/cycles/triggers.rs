//! What begins and ends a cycle: changes in the directory, pauses, changes that are no longer kept.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use model::{CycleKind, CycleStatus, SecretKey, Trigger};
use serde_json::json;
use testkit::{Fault, Recorded, Rule, Switches};
use uuid::Uuid;

use crate::world::{World, writes};

/// How long anything may take before a test fails instead of waiting on.
const LIMIT: Duration = Duration::from_secs(30);

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < LIMIT, "waited too long: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    start.elapsed()
}

/// A started job with nobody to provision, whose interval is a day.
async fn following(trigger: Trigger) -> World {
    let world = World::new(Switches::default()).await;
    world
        .settings(|settings| {
            settings.interval = SignedDuration::from_hours(24);
            settings.trigger = trigger;
        })
        .await;
    world.start().await;
    until("the initial cycle", async || world.state().await.watermark.is_some() && idle(&world)).await;
    world
}

fn idle(world: &World) -> bool {
    world.worker.progress(world.job.id).is_none()
}

#[tokio::test]
async fn a_change_begins_a_cycle_and_a_burst_begins_few() {
    let world = following(Trigger::OnChange).await;
    let start = Instant::now();
    let first = world.state().await.last_cycle.expect("a cycle").cycle_id;
    let mut users = Vec::new();
    for number in 0..50 {
        users.push(world.user(&format!("u{number}"), json!({})).await);
        world.assign(users[number]).await;
    }
    let burst = start.elapsed();
    let took = until("the accounts", async || world.target.count("Users") == 50).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    until("the end", async || idle(&world)).await;
    let state = world.state().await;
    let last = state.last_cycle.expect("a cycle");
    assert_eq!((last.kind, last.status), (CycleKind::Incremental, CycleStatus::Completed));
    assert_ne!(last.cycle_id, first);
    let part = directory::LogPart { limit: 100, ..directory::LogPart::default() };
    let log = world.directory.provisioning_log(&directory::LogFilter::default(), part, |_| true).await;
    let cycles: HashSet<Uuid> = log.expect("a log").entries.iter().map(|entry| entry.cycle_id).collect();
    let most = 2 + burst.as_millis() / 300;
    assert!((cycles.len() as u128) <= most, "{} cycles for a burst of {burst:?}", cycles.len());
    // The interval counts from here.
    assert!(state.next_run.expect("due").duration_since(last.started) >= SignedDuration::from_hours(24));
    world.target.take_recorded();
    // Nothing changed, nothing begins: not by the job's own writes either.
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(world.target.take_recorded().len(), 0);
    world.set(users[0], json!({"jobTitle": "x"})).await;
    until("the title", async || {
        world.account("u0").is_some_and(|account| account.get("title") == Some(&json!("x")))
    })
    .await;
}

#[tokio::test]
async fn by_the_schedule_alone_a_change_waits() {
    let world = following(Trigger::Schedule).await;
    let user = world.user("ada", json!({})).await;
    world.assign(user).await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(world.target.count("Users"), 0);
}

#[tokio::test]
async fn in_quarantine_and_paused_a_change_waits() {
    let world = following(Trigger::OnChange).await;
    world.secret(SecretKey::SecretToken, "wrong").await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    until("the quarantine", async || world.state().await.quarantine.is_some() && idle(&world)).await;
    let before = world.target.received();
    world.set(ada, json!({"jobTitle": "x"})).await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(world.target.received(), before, "it waits for its time");

    world.secret(SecretKey::SecretToken, world.target.token()).await;
    world.worker.restart(world.job.id, &[]).await.expect("restarted");
    until("the account", async || world.target.count("Users") == 1 && idle(&world)).await;
    let pause = directory::JobChange { started: Some(false), ..directory::JobChange::default() };
    world.directory.update_job(&world.by, world.job.id, &pause).await.expect("paused");
    world.worker.pause(world.job.id).await;
    world.target.take_recorded();
    world.set(ada, json!({"jobTitle": "y"})).await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(world.target.take_recorded().len(), 0);
}

#[tokio::test]
async fn a_target_that_is_not_there_is_not_asked_with_each_change() {
    let world = following(Trigger::OnChange).await;
    let hang_up = |_: &Recorded| Some(Fault::HangUp);
    world.target.switch(|switches| switches.rule = Some(Rule::new(hang_up)));
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    let failed =
        async || world.state().await.last_cycle.is_some_and(|last| last.error.is_some()) && idle(&world);
    until("a cycle that ends early", failed).await;
    let before = world.target.received();
    for number in 0..10 {
        world.set(ada, json!({"jobTitle": number.to_string()})).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    assert_eq!(world.target.received(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_processes_one_does_the_work() {
    let world = following(Trigger::OnChange).await;
    let other = world.another(Uuid::from_u128(2));
    world.target.switch(|switches| switches.delay = Some(Duration::from_millis(20)));
    for number in 0..30 {
        let user = world.user(&format!("u{number}"), json!({})).await;
        world.assign(user).await;
    }
    until("the accounts", async || world.target.count("Users") == 30).await;
    let ended = async || idle(&world) && other.progress(world.job.id).is_none();
    until("the end", ended).await;
    let posts = world.target.take_recorded().into_iter().filter(|request| request.method == "POST").count();
    assert_eq!(posts, 30, "nobody is sent twice");
    other.shutdown().await;
}

#[tokio::test]
async fn changes_that_are_no_longer_kept_lead_to_a_look_at_everything_by_the_links() {
    let world = World::new(Switches::default()).await;
    let mut users = Vec::new();
    for number in 0..3 {
        users.push(world.user(&format!("u{number}"), json!({})).await);
        world.assign(users[number]).await;
    }
    world.run().await;
    world.set(users[0], json!({"jobTitle": "x"})).await;
    world.directory.delete_user(&world.by, users[1]).await.expect("deleted");
    let far = "2200-01-01T00:00:00Z".parse().expect("an instant");
    let pruned = world.store.prune_changes(world.directory.realm(), far).await.expect("pruned");
    assert!(pruned > 0);
    world.target.take_recorded();
    let report = world.run().await;
    assert_eq!((report.kind, report.status), (CycleKind::Initial, CycleStatus::Completed), "{report:?}");
    assert_eq!((report.counts.updated, report.counts.disabled), (1, 1), "{report:?}");
    assert_eq!(writes(&world.target.take_recorded()).len(), 2, "the links are kept");
    assert_eq!(world.run().await.kind, CycleKind::Incremental);
}

/// Pauses a cycle while the target takes half a minute for such requests.
async fn pause_during(slow: fn(&Recorded) -> bool) {
    let world = World::new(Switches::default()).await;
    let mut users = Vec::new();
    for number in 0..40 {
        users.push(world.user(&format!("u{number}"), json!({})).await);
    }
    let group = world.group("Everyone", &users).await;
    world.assign(group).await;
    let reached = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = Arc::clone(&reached);
    let rule = Rule::new(move |request| {
        let hit = slow(request);
        seen.fetch_or(hit, std::sync::atomic::Ordering::SeqCst);
        hit.then_some(Fault::AnswerLate(Duration::from_secs(30)))
    });
    world.target.switch(|switches| switches.rule = Some(rule));
    let progress = world.worker.run_now(world.directory.id(), world.job.id, world.by.clone()).await;
    let progress = progress.expect("a job");
    until("the request", async || reached.load(std::sync::atomic::Ordering::SeqCst)).await;
    let asked = Instant::now();
    world.worker.pause(world.job.id).await;
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(progress.end().await.status, CycleStatus::Interrupted);
    world.target.switch(|switches| switches.rule = None);
    let report = world.run().await;
    assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
    assert_eq!((world.target.count("Users"), world.members("Everyone").len()), (40, 40));
}

#[tokio::test]
async fn a_pause_does_not_wait_for_creations() {
    pause_during(|request| request.method == "POST").await;
}

#[tokio::test]
async fn a_pause_does_not_wait_for_searches() {
    pause_during(|request| request.method == "GET" && request.uri.contains("/Users")).await;
}

#[tokio::test]
async fn a_pause_does_not_wait_for_members() {
    pause_during(|request| request.method == "PATCH" && request.uri.contains("/Groups")).await;
}

#[tokio::test]
async fn a_pause_does_not_wait_for_what_the_target_says_of_itself() {
    pause_during(|request| request.uri.contains("ServiceProviderConfig")).await;
}
