//! A target that holds the accounts already.

use model::{CycleKind, CycleStatus};
use serde_json::json;
use testkit::{Recorded, Switches};

use crate::world::{World, writes};

/// Users that are in the target, too: each with a title, every tenth with another one than in the directory.
async fn both_sides(switches: Switches, count: usize) -> World {
    let world = World::new(switches).await;
    let mut everyone = Vec::new();
    for number in 0..count {
        let name = format!("user{number}");
        everyone.push(world.user(&name, json!({"jobTitle": "Pilot"})).await);
        let title = if number % 10 == 0 { "Student" } else { "Pilot" };
        let account = json!({"userName": format!("{name}@example.com"), "active": true, "title": title});
        world.target.plant("Users", account);
    }
    let group = world.group("Everyone", &everyone).await;
    world.assign(group).await;
    world
}

fn asked(requests: &[Recorded], what: impl Fn(&Recorded) -> bool) -> usize {
    requests.iter().filter(|it| it.method == "GET" && it.uri.contains("/Users") && what(it)).count()
}

#[tokio::test]
async fn accounts_are_found_by_pages_without_a_query_for_each() {
    let world = both_sides(Switches::default(), 1_200).await;
    let report = world.run().await;
    assert_eq!((report.status, report.kind), (CycleStatus::Completed, CycleKind::Initial), "{report:?}");
    assert_eq!((report.counts.created, report.counts.failed), (1, 0), "the group alone: {report:?}");
    let requests = world.target.take_recorded();
    assert_eq!(
        asked(&requests, |it| it.uri.contains("startIndex=")),
        12,
        "pages of 200, which is what it gives, once to match and once to confirm"
    );
    assert_eq!(asked(&requests, |it| it.uri.contains("filter=")), 1, "to see what a query costs");
    assert_eq!(asked(&requests, |_| true), 12 + 1 + 120, "and each account that is to be changed is looked at");
    let titles = requests.iter().filter(|it| it.body.to_string().contains("\"title\"")).count();
    assert_eq!(titles, 120, "who differs is changed");
    assert_eq!(world.members("Everyone").len(), 1_200);
    world.target.take_recorded();
    world.run().await;
    assert!(writes(&world.target.take_recorded()).is_empty(), "and the second cycle is quiet");
}
