//! A target that holds the accounts already.

use model::{CycleKind, CycleStatus};
use serde_json::{Value, json};
use testkit::{Recorded, Rule, Switches};

use crate::world::{World, writes};

/// Users that are in the target, too: each with a title, every tenth with another one than in the directory.
async fn both_sides(switches: Switches, count: usize) -> World {
    let world = World::new(switches).await;
    let mut everyone = Vec::new();
    for number in 0..count {
        let name = format!("user{number}");
        everyone.push(world.user(&name, json!({"jobTitle": "Pilot"})).await);
        let title = if number % 10 == 0 { "Student" } else { "Pilot" };
        world.target.plant("Users", account(&name, title));
    }
    let group = world.group("Everyone", &everyone).await;
    world.assign(group).await;
    world
}

fn account(name: &str, title: &str) -> Value {
    let user_name = format!("{name}@example.com");
    json!({"userName": user_name, "displayName": name, "active": true, "title": title})
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
    assert_eq!(
        asked(&requests, |_| true),
        12 + 1 + 120,
        "and each account that is to be changed is looked at"
    );
    let titles = requests.iter().filter(|it| it.body.to_string().contains("\"title\"")).count();
    assert_eq!(titles, 120, "who differs is changed");
    assert_eq!(world.members("Everyone").len(), 1_200);
    world.target.take_recorded();
    world.run().await;
    assert!(writes(&world.target.take_recorded()).is_empty(), "and the second cycle is quiet");
}

#[tokio::test]
async fn nobody_keeps_an_account_that_went_or_changed_hands_since_it_was_read() {
    let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let rule = Rule::new(move |request| {
        if request.method == "PATCH" {
            let _ = sender.send(());
        }
        None
    });
    let world = both_sides(Switches { rule: Some(rule), ..Switches::default() }, 1_200).await;
    let id = |name: &str| world.account(name).expect("planted")["id"].as_str().expect("an id").to_owned();
    let (gone, renamed) = (id("user1"), id("user2"));
    // Everybody has been read when the first account is changed.
    let meanwhile = async {
        sent.recv().await.expect("a change");
        world.target.uproot("Users", &gone);
        world.target.alter("Users", &renamed, |account| {
            account.insert("userName".to_owned(), json!("stranger@example.com"));
        });
        world.target.plant("Users", account("user2", "Pilot"))
    };
    let (report, other) = tokio::join!(world.run(), meanwhile);
    assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
    let again = id("user1");
    assert_ne!(again, gone, "created, since it was gone");
    assert_eq!(id("user2"), other);
    let members = world.members("Everyone");
    assert_eq!(members.len(), 1_200);
    let group = world.target.resources("Groups").into_iter().next().expect("the group");
    let ids: Vec<&str> =
        group["members"].as_array().into_iter().flatten().filter_map(|it| it["value"].as_str()).collect();
    assert!(ids.contains(&again.as_str()) && ids.contains(&other.as_str()));
    assert!(!ids.contains(&renamed.as_str()), "whoever it is now, it is nobody of ours");
    let written = world.target.take_recorded();
    assert!(!written.iter().any(|it| it.method == "PATCH" && it.uri.ends_with(&format!("/{renamed}"))));
}
