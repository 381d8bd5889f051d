//! What a job does over weeks: comparisons by its own schedule, what stops or kills them, limits of failures, and the
//! end of the recycle bin.

use std::sync::Arc;
use std::time::{Duration, Instant};

use directory::Retention;
use jiff::SignedDuration;
use model::{
    CycleKind, CycleStatus, DriftAction, FailureLimits, FixedClock, JobState, ObjectType, SecretKey,
};
use serde_json::json;
use store_memory::MemoryStore;
use testkit::{Fault, Rule, Switches};
use uuid::Uuid;

use crate::world::{World, writes};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

async fn timed() -> (World, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at("2026-01-01T00:00:00Z".parse().expect("an instant")));
    let world = World::at(Switches::default(), Arc::new(MemoryStore::new()), clock.clone()).await;
    (world, clock)
}

async fn until(world: &World, what: &str, holds: impl Fn(&JobState) -> bool) -> JobState {
    let start = Instant::now();
    loop {
        let state = world.state().await;
        if holds(&state) && world.worker.progress(world.job.id).is_none() {
            return state;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "waited too long: {what}: {state:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The schedule looks many times, and nothing comes of it.
async fn nothing_happens(world: &World) {
    let before = world.target.received();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.target.received(), before);
}

async fn pause(world: &World) {
    let change = directory::JobChange { started: Some(false), ..directory::JobChange::default() };
    world.directory.update_job(&world.by, world.job.id, &change).await.expect("paused");
    world.worker.pause(world.job.id).await;
}

fn title(world: &World, name: &str, title: &str) {
    let id = world.account(name).expect("an account")["id"].as_str().expect("an id").to_owned();
    world.target.alter("Users", &id, |user| drop(user.insert("title".to_owned(), json!(title))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comparisons_begin_by_themselves_where_all_is_well() {
    let (mut world, clock) = timed().await;
    let ada = world.user("ada", json!({"jobTitle": "Countess"})).await;
    world.assign(ada).await;
    // Cycles are far apart: what happens in between is a comparison.
    world
        .settings(|settings| {
            settings.interval = HOUR * 500;
            settings.drift_interval = Some(HOUR);
        })
        .await;
    world.start().await;
    let state = until(&world, "the first comparison", |state| state.last_drift.is_some()).await;
    let first = state.last_drift.expect("a report");
    assert_eq!((first.scheduled, first.repair, first.status), (true, false, CycleStatus::Completed));
    assert_eq!(state.last_cycle.expect("a cycle").counts.created, 1);

    title(&world, "ada", "Boss");
    clock.advance(HOUR - MINUTE);
    nothing_happens(&world).await;
    // A comparison by hand puts none off, and another process knows when the next is due.
    world
        .worker
        .drift(world.directory.id(), world.job.id, false, world.by.clone())
        .await
        .expect("one")
        .end()
        .await;
    world.worker.shutdown().await;
    world.restart();
    nothing_happens(&world).await;
    clock.advance(MINUTE);
    let by_itself = |state: &JobState| state.last_drift.as_ref().is_some_and(|it| it.scheduled);
    let state = until(&world, "the second comparison", by_itself).await;
    assert_eq!(state.last_drift.expect("a report").found.changed_attribute, 1);
    assert_eq!(world.account("ada").expect("there")["title"], json!("Boss"), "it only tells");

    world.settings(|settings| settings.drift_action = DriftAction::Repair).await;
    clock.advance(HOUR);
    until(&world, "a repair", |state| state.last_drift.as_ref().is_some_and(|it| it.repair)).await;
    assert_eq!(world.account("ada").expect("there")["title"], json!("Countess"));

    // Not while the job is paused; what was due by then is made up for once.
    pause(&world).await;
    title(&world, "ada", "Boss");
    clock.advance(HOUR * 5);
    nothing_happens(&world).await;
    let before = world.state().await.drift_began;
    world.start().await;
    until(&world, "it goes on", |state| state.drift_began > before).await;
    assert_eq!(world.account("ada").expect("there")["title"], json!("Countess"));
    nothing_happens(&world).await;

    // Not in quarantine.
    world.secret(SecretKey::SecretToken, "wrong").await;
    world.run().await;
    assert!(world.state().await.quarantine.is_some());
    clock.advance(HOUR * 2);
    nothing_happens(&world).await;
    world.secret(SecretKey::SecretToken, world.target.token()).await;
    let before = world.state().await.drift_began;
    world.run().await;
    until(&world, "well again", |state| state.drift_began > before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frequent_cycles_and_frequent_comparisons_leave_room_for_each_other() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    world
        .settings(|settings| {
            settings.interval = SignedDuration::from_secs(1);
            settings.drift_interval = Some(SignedDuration::from_secs(1));
        })
        .await;
    world.start().await;
    let mut seen = (None, None);
    for _ in 0..3 {
        let (cycle, drift) = seen;
        let state = until(&world, "both go on", |state| {
            state.drift_began > drift && state.last_cycle.as_ref().map(|it| it.started) > cycle
        });
        let state = state.await;
        seen = (state.last_cycle.map(|it| it.started), state.drift_began);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_asks_for_goes_before_what_the_schedule_does() {
    let (world, _) = drifted(Switches::default()).await;
    world.settings(|settings| settings.drift_interval = Some(HOUR)).await;
    // The first of its requests is not answered.
    world.target.switch(|switches| switches.rule = Some(late(|it| it.uri.contains("/Users?"))));
    world.start().await;
    let compares =
        async || world.worker.progress(world.job.id).is_some_and(|it| it.current().kind == CycleKind::Drift);
    while !compares().await {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(world.run().await.status, CycleStatus::Completed);
    // It is made up for.
    world.target.switch(|switches| switches.rule = None);
    until(&world, "the comparison", |state| state.drift_began.is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_that_cannot_be_made_is_tried_again_later() {
    let (world, clock) = timed().await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    world.settings(|settings| settings.interval = HOUR * 500).await;
    world.start().await;
    until(&world, "a cycle", |state| state.last_cycle.is_some()).await;
    world.target.switch(|switches| switches.rule = Some(Rule::new(|_| Some(Fault::Refuse(401, None)))));
    world.settings(|settings| settings.drift_interval = Some(HOUR * 24)).await;
    let state = until(&world, "a try", |state| state.last_drift.is_some()).await;
    let tried = state.last_drift.expect("a report");
    assert_eq!((tried.status, state.drift_began), (CycleStatus::Interrupted, None), "{tried:?}");
    assert_eq!(tried.error.expect("why").error_code, "Unauthorized");
    nothing_happens(&world).await;
    world.target.switch(|switches| switches.rule = None);
    clock.advance(HOUR);
    until(&world, "another try", |state| state.drift_began.is_some()).await;
}

/// Sixty people in a group, of whom others changed twenty and took five away.
async fn drifted(switches: Switches) -> (World, Vec<Uuid>) {
    let world = World::new(switches).await;
    let mut users = Vec::new();
    for number in 0..60 {
        users.push(world.user(&format!("u{number}"), json!({"jobTitle": "Engineer"})).await);
    }
    let group = world.group("Everyone", &users).await;
    world.assign(group).await;
    assert_eq!(world.run().await.counts.created, 61);
    for number in 0..25 {
        let name = format!("u{number}");
        if number % 5 == 0 {
            let id = world.account(&name).expect("there")["id"].as_str().expect("an id").to_owned();
            assert!(world.target.uproot("Users", &id));
            let group = world.target.resources("Groups")[0]["id"].as_str().expect("an id").to_owned();
            world.target.alter("Groups", &group, |it| {
                it["members"].as_array_mut().expect("members").retain(|member| member["value"] != id);
            });
        } else {
            title(&world, &name, "Boss");
        }
    }
    (world, users)
}

/// Everybody is there once and as the directory says, after a cycle and a repair.
async fn converges(world: &World) {
    world.target.switch(|switches| *switches = Switches::default());
    assert_eq!(world.run().await.status, CycleStatus::Completed);
    let repair = async || {
        let progress = world.worker.drift(world.directory.id(), world.job.id, true, world.by.clone()).await;
        progress.expect("a repair").end().await
    };
    assert_eq!(repair().await.status, CycleStatus::Completed);
    assert_eq!(world.target.count("Users"), 60);
    for number in 0..60 {
        let account = world.account(&format!("u{number}")).expect("there");
        assert_eq!((&account["title"], &account["active"]), (&json!("Engineer"), &json!(true)), "u{number}");
    }
    assert_eq!(world.members("Everyone").len(), 60);
    world.target.take_recorded();
    assert_eq!(
        (repair().await.status, world.run().await.status),
        (CycleStatus::Completed, CycleStatus::Completed)
    );
    assert!(writes(&world.target.take_recorded()).is_empty());
    let found = world.state().await.last_drift.expect("a report").found;
    assert_eq!(found, model::DriftCounts::default());
}

/// The requests that a target answers only after minutes, though it carries them out.
fn late(which: impl Fn(&testkit::Recorded) -> bool + Send + Sync + 'static) -> Rule {
    Rule::new(move |request| which(request).then_some(Fault::AnswerLate(Duration::from_mins(5))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_ends_a_comparison_within_seconds() {
    let list: fn(&testkit::Recorded) -> bool =
        |request| request.method == "GET" && request.uri.contains("/Users?");
    let one: fn(&testkit::Recorded) -> bool =
        |request| request.method == "GET" && request.uri.contains("/Users/");
    let change: fn(&testkit::Recorded) -> bool = |request| request.method == "PATCH";
    let creation: fn(&testkit::Recorded) -> bool = |request| request.method == "POST";
    for (repair, which) in [(false, list), (false, one), (true, one), (true, change), (true, creation)] {
        let (world, _) = drifted(Switches::default()).await;
        world.target.take_recorded();
        world.target.switch(|switches| switches.rule = Some(late(which)));
        let progress = world.worker.drift(world.directory.id(), world.job.id, repair, world.by.clone()).await;
        while !world.target.take_recorded().iter().any(which) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let asked = Instant::now();
        world.worker.pause(world.job.id).await;
        assert!(asked.elapsed() < Duration::from_millis(4_500), "{:?}", asked.elapsed());
        assert_eq!(progress.expect("a comparison").end().await.status, CycleStatus::Interrupted);
        let report = world.state().await.last_drift.expect("a report");
        assert_eq!((report.status, report.repair, report.error), (CycleStatus::Interrupted, repair, None));
        converges(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_that_is_killed_harms_nothing_and_is_made_up_for() {
    let delay = Some(Duration::from_millis(5));
    // So far a report has read, and a repair has written.
    for reads in [1, 10, 40] {
        let (world, _) = drifted(Switches { delay, ..Switches::default() }).await;
        let before = world.target.received();
        world.kill_drift_when(false, |target| target.received() >= before + reads).await;
        let requests = world.target.take_recorded();
        let from = requests.len() - usize::try_from(world.target.received() - before).expect("few");
        assert!(writes(&requests[from..]).is_empty(), "a report writes nothing");
        // The first question is what the target can.
        if reads > 1 {
            let report = world.state().await.last_drift.expect("what was begun");
            assert_eq!((report.status, report.listed), (CycleStatus::Interrupted, 0));
        }
        converges(&world).await;
    }
    // Of twenty-five that are to be put right.
    let repaired = |target: &testkit::ScimTarget| {
        let users = target.resources("Users");
        let wrong = users.iter().filter(|user| user["title"] == "Boss").count();
        users.len() - wrong - 35
    };
    for count in [1, 8, 20] {
        let (world, _) = drifted(Switches { delay, ..Switches::default() }).await;
        world.kill_drift_when(true, |target| repaired(target) >= count).await;
        converges(&world).await;
    }
}

#[tokio::test]
async fn limits_of_failures_are_the_jobs_own() {
    let refuse = Rule::new(|request| {
        let name = request.body["userName"].as_str().unwrap_or_default();
        (request.method == "POST" && name.starts_with("bad")).then_some(Fault::Refuse(400, None))
    });
    let reason = async |limits: FailureLimits| {
        let world = World::new(Switches { rule: Some(refuse.clone()), ..Switches::default() }).await;
        world.settings(|settings| settings.failure_limits = limits).await;
        for number in 0..10 {
            let name = if number < 3 { format!("bad{number}") } else { format!("u{number}") };
            let user = world.user(&name, json!({})).await;
            world.assign(user).await;
        }
        let report = world.run().await;
        assert_eq!(report.counts.failed, 3);
        world.state().await.quarantine.map(|quarantine| quarantine.reason)
    };
    let share = Some("EncounteredEscrowProportionThreshold".to_owned());
    let none = FailureLimits::default();
    assert_eq!(reason(none).await, None);
    assert_eq!(reason(FailureLimits { percent: Some(30), minimum: Some(3), ..none }).await, share);
    assert_eq!(reason(FailureLimits { percent: Some(31), minimum: Some(3), ..none }).await, None);
    assert_eq!(reason(FailureLimits { percent: Some(30), minimum: Some(4), ..none }).await, None);
    let base = Some("EncounteredBaseEscrowThreshold".to_owned());
    assert_eq!(reason(FailureLimits { objects: Some(3), ..none }).await, base);
    let total = Some("EncounteredTotalEscrowThreshold".to_owned());
    assert_eq!(reason(FailureLimits { total: Some(3), ..none }).await, total);
}

#[tokio::test]
async fn who_leaves_the_recycle_bin_after_thirty_days_loses_the_account() {
    // Also where the job slept for longer than changes are kept.
    for awake in [true, false] {
        let (world, clock) = timed().await;
        let keep = Retention::default();
        let [ada, grace] = [world.user("ada", json!({})).await, world.user("grace", json!({})).await];
        for user in [ada, grace] {
            world.assign(user).await;
        }
        world.run().await;
        world.directory.delete_user(&world.by, ada).await.expect("in the recycle bin");
        if awake {
            assert_eq!(world.run().await.counts.disabled, 1);
            assert_eq!(world.account("ada").expect("still there")["active"], json!(false));
        }
        for days in [29, 2] {
            world.installation.forget(&keep).await.expect("forgotten");
            assert!(world.directory.find_object(ObjectType::User, ada).await.expect("read").is_some());
            clock.advance(HOUR * 24 * days);
        }
        assert_eq!(world.installation.forget(&keep).await.expect("forgotten").users, 1);
        let report = world.run().await;
        assert_eq!(
            (report.status, report.counts.deleted),
            (CycleStatus::Completed, 1),
            "{awake}: {report:?}"
        );
        assert!(world.account("ada").is_none() && world.account("grace").is_some());
        assert!(
            world
                .log(ada)
                .await
                .last()
                .is_some_and(|entry| { entry.provisioning_action == model::ProvisioningAction::Delete })
        );
    }
}
