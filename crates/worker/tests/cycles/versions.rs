//! Targets that keep versions: nobody else's change is overwritten unseen.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use testkit::{Fault, Recorded, Rule, Switches};
use uuid::Uuid;

use crate::world::{World, writes};

fn versions() -> Switches {
    Switches { etags: true, ..Switches::default() }
}

async fn users(world: &World, count: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for number in 0..count {
        let user = world.user(&format!("user{number}"), json!({"jobTitle": "old"})).await;
        world.assign(user).await;
        ids.push(user);
    }
    world.run().await;
    world.target.take_recorded();
    ids
}

/// Somebody else changes an attribute of every account.
fn meddle(world: &World, attribute: &str, value: &str) {
    for account in world.target.resources("Users") {
        let id = account["id"].as_str().expect("an id");
        world.target.alter("Users", id, |account| drop(account.insert(attribute.into(), json!(value))));
    }
}

fn asked(requests: &[Recorded]) -> Vec<(&str, bool)> {
    requests
        .iter()
        .filter(|request| !request.uri.ends_with("ServiceProviderConfig"))
        .map(|request| (request.method.as_str(), request.if_match.is_some()))
        .collect()
}

#[tokio::test]
async fn changes_are_for_the_version_that_was_left() {
    let world = World::new(versions()).await;
    let ids = users(&world, 1).await;
    for title in ["new", "newer"] {
        world.set(ids[0], json!({"jobTitle": title})).await;
        let report = world.run().await;
        assert_eq!(report.counts.updated, 1, "{report:?}");
        assert_eq!(asked(&world.target.take_recorded()), [("PATCH", true)]);
    }
    // Nobody asks for versions that are not there.
    world.target.switch(|switches| switches.etags = false);
    world.set(ids[0], json!({"jobTitle": "newest"})).await;
    world.run().await;
    assert_eq!(asked(&world.target.take_recorded()), [("PATCH", false)]);
}

#[tokio::test]
async fn what_somebody_else_changed_is_read_and_compared_again() {
    let world = World::new(versions()).await;
    let ids = users(&world, 1).await;
    meddle(&world, "nickName", "theirs");
    world.set(ids[0], json!({"jobTitle": "new"})).await;
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.failed), (1, 0), "{report:?}");
    assert_eq!(asked(&world.target.take_recorded()), [("PATCH", true), ("GET", false), ("PATCH", true)]);
    let account = world.account("user0").expect("there");
    assert_eq!((&account["title"], &account["nickName"]), (&json!("new"), &json!("theirs")));
    // They were quicker with the very same.
    meddle(&world, "title", "newer");
    world.set(ids[0], json!({"jobTitle": "newer"})).await;
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.failed), (1, 0), "{report:?}");
    assert_eq!(asked(&world.target.take_recorded()), [("PATCH", true), ("GET", false)]);
    world.run().await;
    assert!(writes(&world.target.take_recorded()).is_empty());
}

#[tokio::test]
async fn it_is_read_again_once() {
    let world = World::new(versions()).await;
    let ids = users(&world, 1).await;
    let never = |request: &Recorded| (request.method == "PATCH").then_some(Fault::Refuse(412, None));
    world.target.switch(|switches| switches.rule = Some(Rule::new(never)));
    world.set(ids[0], json!({"jobTitle": "new"})).await;
    let report = world.run().await;
    assert_eq!(report.counts.failed, 1, "{report:?}");
    let requests = world.target.take_recorded();
    for one_try in asked(&requests).chunks(3) {
        assert_eq!(one_try, [("PATCH", true), ("GET", false), ("PATCH", true)]);
    }
    world.target.switch(|switches| switches.rule = None);
    let report = world.run().await;
    assert_eq!(report.counts.updated, 1, "{report:?}");
    assert_eq!(world.account("user0").expect("there")["title"], json!("new"));
}

#[tokio::test]
async fn versions_that_mean_nothing_are_left_alone() {
    const COUNT: usize = 150;
    let world = World::new(versions()).await;
    let ids = users(&world, COUNT).await;
    // As where a user gets a new version with each group.
    meddle(&world, "groups", "changed");
    for id in ids {
        world.set(id, json!({"jobTitle": "new"})).await;
    }
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.failed), (COUNT as u64, 0), "{report:?}");
    let requests = world.target.take_recorded();
    let patches = writes(&requests).len();
    // 16 times in vain, and whatever was on its way then.
    assert!((COUNT + 16..=COUNT + 16 + 32).contains(&patches), "{patches}");
    assert!(world.target.resources("Users").iter().all(|account| account["title"] == "new"));
}

#[tokio::test]
async fn whole_resources_are_replaced_as_they_were_read() {
    let world = World::new(Switches { refuse_patch: true, ..versions() }).await;
    let ids = users(&world, 1).await;
    let first = AtomicBool::new(true);
    let once = move |request: &Recorded| {
        (request.method == "PUT" && first.swap(false, Ordering::Relaxed)).then_some(Fault::Refuse(412, None))
    };
    world.target.switch(|switches| switches.rule = Some(Rule::new(once)));
    world.set(ids[0], json!({"jobTitle": "new"})).await;
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.failed), (1, 0), "{report:?}");
    let expected = [("GET", false), ("PUT", true), ("GET", false), ("PUT", true)];
    assert_eq!(asked(&world.target.take_recorded()), expected);
    assert_eq!(world.account("user0").expect("there")["title"], json!("new"));
}

#[tokio::test]
async fn a_group_whose_members_changed_can_be_renamed() {
    let world = World::new(versions()).await;
    let ids = users(&world, 3).await;
    let group = world.group("Engineers", &ids[..1]).await;
    world.assign(group).await;
    world.run().await;
    world.add(group, &ids[1..]).await;
    world.run().await;
    world.target.take_recorded();
    let change = json!({"displayName": "Builders"});
    let Value::Object(change) = change else { unreachable!("an object") };
    let kind = model::ObjectType::Group;
    world.directory.update_object(&world.by, kind, group, &change).await.expect("renamed");
    world.run().await;
    assert_eq!(asked(&world.target.take_recorded()), [("PATCH", true)]);
    assert_eq!(world.members("Builders").len(), 3);
}
