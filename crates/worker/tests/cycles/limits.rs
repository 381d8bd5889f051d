//! How many members go into one request.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use directory::{JobChange, JobSettings};
use model::{CycleStatus, TargetLimits};
use serde_json::{Value, json};
use testkit::{Fault, Recorded, Rule, Switches};
use uuid::Uuid;
use worker::ResetScope;

use crate::world::World;

/// How many members a request names.
pub fn members(request: &Recorded) -> usize {
    let operations = request.body["Operations"].as_array().map_or(&[][..], Vec::as_slice);
    let in_one = |it: &Value| it["value"].as_array().map_or(1, Vec::len);
    let of_members = |it: &&Value| it["path"].as_str().is_some_and(|path| path.starts_with("members"));
    operations.iter().filter(of_members).map(in_one).sum()
}

/// The numbers of members in the requests since the last look.
fn sizes(world: &World) -> Vec<usize> {
    world.target.take_recorded().iter().map(members).filter(|count| *count > 0).collect()
}

fn takes_four(status: u16) -> Rule {
    Rule::new(move |request| (members(request) > 4).then_some(Fault::Refuse(status, None)))
}

async fn people(world: &World, count: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for number in 0..count {
        let user = world.user(&format!("user{number}"), json!({})).await;
        world.assign(user).await;
        ids.push(user);
    }
    ids
}

async fn set(world: &World, limits: TargetLimits) {
    let job = world.directory.job(world.job.id).await.expect("there");
    let settings = JobSettings { limits, ..JobSettings::of(&job) };
    let change = JobChange { settings: Some(settings), ..JobChange::default() };
    world.directory.update_job(&world.by, world.job.id, &change).await.expect("saved");
}

#[tokio::test]
async fn what_a_target_takes_is_found_out_once() {
    for status in [413, 400] {
        let rule = Some(takes_four(status));
        let mut world = World::new(Switches { rule, ..Switches::default() }).await;
        let ids = people(&world, 30).await;
        let first = world.group("First", &ids).await;
        world.assign(first).await;
        let report = world.run().await;
        assert_eq!(report.counts.failed, 0, "{report:?}");
        assert_eq!(world.members("First").len(), 30);
        assert!(sizes(&world).iter().any(|count| *count > 4), "it was tried");
        assert_eq!(world.worker.state(world.job.id).await.expect("a state").members_taken, Some(3));

        world.worker.shutdown().await;
        world.restart();
        let group = world.group("Second", &ids).await;
        world.assign(group).await;
        for id in &ids[..20] {
            world.directory.remove_member(&world.by, first, *id).await.expect("removed");
        }
        world.run().await;
        assert_eq!((world.members("First").len(), world.members("Second").len()), (10, 30));
        let sizes = sizes(&world);
        assert!(sizes.iter().all(|count| *count <= 3), "{sizes:?}");

        // Who begins again from nothing finds out again.
        world.worker.restart(world.job.id, &[ResetScope::Full]).await.expect("restarted");
        assert_eq!(world.worker.state(world.job.id).await.expect("a state").members_taken, None);
    }
}

#[tokio::test]
async fn no_more_than_the_job_says() {
    let world = World::new(Switches::default()).await;
    set(&world, TargetLimits { members_per_request: NonZeroU32::new(7), ..TargetLimits::default() }).await;
    let ids = people(&world, 20).await;
    let group = world.group("First", &ids).await;
    world.assign(group).await;
    let report = world.run().await;
    assert_eq!(report.counts.failed, 0, "{report:?}");
    assert_eq!(world.members("First").len(), 20);
    assert_eq!(sizes(&world), [7, 7, 6]);
    assert_eq!(world.worker.state(world.job.id).await.expect("a state").members_taken, None);
}

#[tokio::test]
async fn a_slow_rate_holds_no_pause_up() {
    for already in [0, 10] {
        let world = World::new(Switches::default()).await;
        people(&world, already).await;
        world.run().await;
        // One request says what the target can; the next may go a minute later.
        set(&world, TargetLimits { requests_per_minute: NonZeroU32::new(1), ..TargetLimits::default() })
            .await;
        let user = world.user("late", json!({})).await;
        world.assign(user).await;
        world.target.take_recorded();
        let progress = world.worker.run_now(world.directory.id(), world.job.id, world.by.clone()).await;
        while world.target.take_recorded().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let began = Instant::now();
        world.worker.pause(world.job.id).await;
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        assert_eq!(progress.expect("a cycle").end().await.status, CycleStatus::Interrupted);
        set(&world, TargetLimits::default()).await;
        world.run().await;
        assert!(world.account("late").is_some());
    }
}
