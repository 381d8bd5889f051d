//! Targets that fail, lose answers and go their own ways: whatever they do, the end is right.

use std::sync::atomic::{AtomicBool, Ordering};

use model::{CycleStatus, ObjectType};
use serde_json::{Value, json};
use testkit::{Fault, Recorded, Rule, Switches};
use uuid::Uuid;

use crate::world::{World, writes};

const MEMBERS: usize = 9;

/// Loses the answers to PATCH, and does not let anybody look what came of it.
fn loses_patches() -> Rule {
    Rule::new(|request: &Recorded| match request.method.as_str() {
        "PATCH" => Some(Fault::LoseAnswer),
        "GET" if request.uri.split('?').next().is_some_and(|path| path.split('/').count() > 4) => {
            Some(Fault::Refuse(500, None))
        }
        _ => None,
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn strict() -> Switches {
    Switches { strict: true, ..Switches::default() }
}

async fn quiet(world: &World) {
    world.target.take_recorded();
    let report = world.run().await;
    let requests = world.target.take_recorded();
    assert!(writes(&requests).is_empty(), "{report:?} {:?}", writes(&requests));
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_taken_back_when_the_source_takes_it_back() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({"jobTitle": "old"})).await;
    let bob = world.user("bob", json!({})).await;
    let eve = world.user("eve", json!({})).await;
    let group = world.group("Engineers", &[ada, bob]).await;
    for id in [group, ada, bob, eve] {
        world.assign(id).await;
    }
    world.run().await;
    world.set(ada, json!({"jobTitle": "new"})).await;
    world.set(bob, json!({"accountEnabled": false})).await;
    world.add(group, &[eve]).await;
    world.target.switch(|switches| switches.rule = Some(loses_patches()));
    let report = world.run().await;
    assert!(report.counts.failed >= 3, "{report:?}");
    assert_eq!(world.account("ada").expect("there")["title"], json!("new"));
    assert_eq!(world.account("bob").expect("there")["active"], json!(false));
    assert!(world.members("Engineers").contains(&"eve".to_owned()));

    world.target.switch(|switches| switches.rule = None);
    world.set(ada, json!({"jobTitle": "old"})).await;
    world.set(bob, json!({"accountEnabled": true})).await;
    world.directory.remove_member(&world.by, group, eve).await.expect("removed");
    let report = world.run().await;
    assert_eq!((report.counts.failed, report.status), (0, CycleStatus::Completed), "{report:?}");
    assert_eq!(world.account("ada").expect("there")["title"], json!("old"));
    assert_eq!(world.account("bob").expect("there")["active"], json!(true));
    assert_eq!(world.members("Engineers"), ["ada", "bob"]);
    quiet(&world).await;
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_counts_and_is_logged() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({"jobTitle": "old"})).await;
    world.assign(ada).await;
    world.run().await;
    world.set(ada, json!({"jobTitle": "new"})).await;
    let lose = |request: &Recorded| (request.method == "PATCH").then_some(Fault::LoseAnswer);
    world.target.switch(|switches| switches.rule = Some(Rule::new(lose)));
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.failed), (1, 0), "{report:?}");
    let log = world.log(ada).await;
    let last = log.last().expect("an entry");
    assert_eq!(last.modified_properties.len(), 1, "{last:?}");
    assert_eq!(last.modified_properties[0].new_value, Some(json!("new")));
    quiet(&world).await;
}

#[tokio::test]
async fn a_member_that_the_target_does_not_take_holds_nobody_else_back() {
    let world = World::new(strict()).await;
    let mut ids = Vec::new();
    for number in 0..MEMBERS {
        ids.push(world.user(&format!("u{number}"), json!({})).await);
    }
    let group = world.group("Engineers", &[]).await;
    for id in ids.iter().chain([&group]) {
        world.assign(*id).await;
    }
    world.run().await;
    let gone = text(&world.account("u4").expect("there")["id"]);
    assert!(world.target.uproot("Users", &gone));
    world.add(group, &ids).await;
    let report = world.run().await;
    assert_eq!(report.status, CycleStatus::Completed, "{report:?}");
    assert_eq!(world.members("Engineers").len(), MEMBERS - 1, "{report:?}");
    let log = world.log(group).await;
    let error = log.last().and_then(|entry| entry.error_information.clone()).expect("a failure");
    assert!(error.reason.contains("1 members were not taken"), "{error:?}");
    // It comes back when its object changes.
    world.set(ids[4], json!({"jobTitle": "back"})).await;
    let report = world.run().await;
    assert_eq!(report.counts.failed, 0, "{report:?}");
    assert_eq!(world.members("Engineers").len(), MEMBERS);
}

#[tokio::test]
async fn a_member_removed_behind_our_back_can_still_leave() {
    let world = World::new(strict()).await;
    let (ada, bob) = (world.user("ada", json!({})).await, world.user("bob", json!({})).await);
    let group = world.group("Engineers", &[ada, bob]).await;
    for id in [ada, bob, group] {
        world.assign(id).await;
    }
    world.run().await;
    let target = text(&world.target.resources("Groups")[0]["id"]);
    let ada_id = world.account("ada").expect("there")["id"].clone();
    world.target.alter("Groups", &target, |group| {
        group["members"].as_array_mut().expect("a list").retain(|member| member["value"] != ada_id);
    });
    for id in [ada, bob] {
        world.directory.remove_member(&world.by, group, id).await.expect("removed");
    }
    let report = world.run().await;
    assert_eq!(report.counts.failed, 0, "{report:?}");
    assert!(world.members("Engineers").is_empty());
}

#[tokio::test]
async fn a_group_deleted_behind_our_back_comes_again_in_the_same_cycle() {
    let world = World::new(strict()).await;
    let (ada, bob) = (world.user("ada", json!({})).await, world.user("bob", json!({})).await);
    let group = world.group("Engineers", &[ada]).await;
    for id in [ada, bob, group] {
        world.assign(id).await;
    }
    world.run().await;
    assert!(world.target.uproot("Groups", &text(&world.target.resources("Groups")[0]["id"])));
    world.add(group, &[bob]).await;
    let report = world.run().await;
    assert_eq!(report.counts.failed, 0, "{report:?}");
    assert_eq!(world.members("Engineers"), ["ada", "bob"]);
}

#[tokio::test]
async fn a_value_removed_behind_our_back_is_written_again() {
    let world = World::new(strict()).await;
    let ada = world.user("ada", json!({"mail": "ada@old.example", "jobTitle": "x"})).await;
    world.assign(ada).await;
    world.run().await;
    let id = text(&world.account("ada").expect("there")["id"]);
    world.target.alter("Users", &id, |user| {
        user.shift_remove("emails");
    });
    world.set(ada, json!({"mail": "ada@new.example", "jobTitle": "y"})).await;
    let report = world.run().await;
    assert_eq!(report.counts.failed, 0, "{report:?}");
    let account = world.account("ada").expect("there");
    assert_eq!((&account["emails"][0]["value"], &account["title"]), (&json!("ada@new.example"), &json!("y")));
}

#[tokio::test]
async fn names_that_change_hands_find_their_way_in_one_cycle() {
    let world = World::new(strict()).await;
    let names = ["ada", "bob", "eve", "joe"];
    let mut ids: Vec<Uuid> = Vec::new();
    for name in names {
        ids.push(world.user(name, json!({"jobTitle": name})).await);
        world.assign(ids[ids.len() - 1]).await;
    }
    world.run().await;
    let rename = |id: Uuid, name: &'static str| {
        let world = &world;
        async move { world.set(id, json!({"userPrincipalName": format!("{name}@example.com")})).await }
    };
    // Ada and Bob swap; Eve goes on, and somebody new takes her name; Joe is replaced by another Joe.
    rename(ids[0], "tmp").await;
    rename(ids[1], "ada").await;
    rename(ids[0], "bob").await;
    rename(ids[2], "eva").await;
    let eve = world.user("eve", json!({"jobTitle": "new eve"})).await;
    world.assign(eve).await;
    world.directory.delete_user(&world.by, ids[3]).await.expect("deleted");
    world.directory.purge_object(&world.by, ObjectType::User, ids[3]).await.expect("purged");
    let joe = world.user("joe", json!({"jobTitle": "new joe"})).await;
    world.assign(joe).await;
    let report = world.run().await;
    assert_eq!((report.counts.failed, report.status), (0, CycleStatus::Completed), "{report:?}");
    for (name, title) in
        [("ada", "bob"), ("bob", "ada"), ("eva", "eve"), ("eve", "new eve"), ("joe", "new joe")]
    {
        assert_eq!(world.account(name).unwrap_or_default().get("title"), Some(&json!(title)), "{name}");
    }
    assert_eq!(world.target.count("Users"), 5);
    quiet(&world).await;
}

#[tokio::test]
async fn a_strange_answer_now_and_then_does_not_stop_the_job() {
    let world = World::new(Switches::default()).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(world.user(name, json!({"jobTitle": "old"})).await);
        world.assign(ids[ids.len() - 1]).await;
    }
    world.run().await;
    for id in &ids {
        world.set(*id, json!({"jobTitle": "new"})).await;
    }
    // Changes are answered with something that is not SCIM; the search for the new user once with a web page.
    let garble = |request: &Recorded| match request.method.as_str() {
        "PATCH" => Some(Fault::Garble(200, "done")),
        "GET" if request.uri.contains("odd") => Some(Fault::Garble(200, "<html>sorry</html>")),
        _ => None,
    };
    world.target.switch(|switches| switches.rule = Some(Rule::new(garble)));
    let even = world.user("even", json!({})).await;
    world.assign(even).await;
    let odd = world.user("odd", json!({})).await;
    world.assign(odd).await;
    let report = world.run().await;
    assert_eq!(report.status, CycleStatus::Completed, "{report:?}");
    assert_eq!((report.counts.updated, report.counts.created, report.counts.failed), (3, 1, 1), "{report:?}");
    assert_eq!(world.account("a").expect("there")["title"], json!("new"));
}

#[tokio::test]
async fn patch_that_is_announced_and_not_there_is_replaced_by_put() {
    for status in [404, 405, 501] {
        let world = World::new(Switches::default()).await;
        let refuse =
            move |request: &Recorded| (request.method == "PATCH").then_some(Fault::Refuse(status, None));
        world.target.switch(|switches| switches.rule = Some(Rule::new(refuse)));
        let ada = world.user("ada", json!({})).await;
        let group = world.group("Engineers", &[ada]).await;
        world.assign(group).await;
        let report = world.run().await;
        assert_eq!(report.counts.failed, 0, "{report:?}");
        world.set(ada, json!({"jobTitle": "Countess"})).await;
        let report = world.run().await;
        assert_eq!((report.counts.updated, report.counts.failed), (1, 0), "{report:?}");
        assert_eq!(world.account("ada").expect("there")["title"], json!("Countess"));
        assert_eq!(world.members("Engineers"), ["ada"]);
    }
}

#[tokio::test]
async fn objects_without_an_account_do_not_widen_the_guard() {
    let world = World::new(Switches::default()).await;
    let mut assignments = Vec::new();
    for number in 0..6 {
        let user = world.user(&format!("on{number}"), json!({})).await;
        assignments.push(world.assign(user).await);
    }
    for number in 0..40 {
        let user = world.user(&format!("off{number}"), json!({"accountEnabled": false})).await;
        world.assign(user).await;
    }
    world.run().await;
    for assignment in assignments {
        world.directory.unassign(&world.by, assignment).await.expect("unassigned");
    }
    let report = world.run().await;
    assert_eq!((report.counts.staged, report.status), (6, CycleStatus::Quarantined), "{report:?}");
}

#[tokio::test]
async fn objects_on_demand_at_once_do_not_disturb_each_other() {
    let world = World::new(Switches::default()).await;
    let mut ids = Vec::new();
    for number in 0..8 {
        let id = world.user(&format!("u{number}"), json!({})).await;
        world.assign(id).await;
        ids.push(id);
    }
    let demand = |id: Uuid| {
        world.worker.provision_on_demand(
            world.directory.id(),
            world.job.id,
            (ObjectType::User, id),
            world.by.clone(),
        )
    };
    let (cycle, demands) =
        futures::join!(world.run(), futures::future::join_all(ids.iter().map(|id| demand(*id))));
    assert_eq!((cycle.status, cycle.counts.failed), (CycleStatus::Completed, 0), "{cycle:?}");
    for demand in demands {
        demand.expect("done");
    }
    assert_eq!(world.target.count("Users"), 8);
}

#[tokio::test]
async fn managers_who_come_later_cost_no_second_request() {
    let world = World::new(Switches::default()).await;
    let mut ids = Vec::new();
    for number in 0..1_100 {
        let id = world.user(&format!("u{number}"), json!({})).await;
        if let Some(report) = ids.last() {
            world.directory.set_manager(&world.by, *report, Some(id)).await.expect("a manager");
        }
        ids.push(id);
        if number % 5 == 4 {
            ids.clear();
        }
    }
    let settings =
        directory::JobSettings { scope: model::SyncScope::All, ..directory::JobSettings::of(&world.job) };
    let change = directory::JobChange { settings: Some(settings), ..directory::JobChange::default() };
    world.directory.update_job(&world.by, world.job.id, &change).await.expect("changed");
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.unchanged), (1_100, 0), "{report:?}");
    let requests = world.target.take_recorded();
    assert!(requests.iter().all(|request| request.method != "PATCH"), "managers waited for");
}

#[tokio::test]
async fn reports_follow_a_manager_whose_account_comes_again() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    let boss = world.user("boss", json!({})).await;
    world.directory.set_manager(&world.by, ada, Some(boss)).await.expect("a manager");
    for id in [ada, boss] {
        world.assign(id).await;
    }
    world.run().await;
    assert!(world.target.uproot("Users", &text(&world.account("boss").expect("there")["id"])));
    world.set(boss, json!({"jobTitle": "Chief"})).await;
    // Everybody is looked at, the report before the manager.
    world.worker.restart(world.job.id, &[]).await.expect("restarted");
    let report = world.run().await;
    assert_eq!(report.counts.failed, 0, "{report:?}");
    let manager = &world.account("ada").expect("there")[crate::MANAGER]["manager"]["value"];
    assert_eq!(*manager, world.account("boss").expect("created again")["id"]);
    quiet(&world).await;
}

#[tokio::test]
async fn a_target_that_is_gone_ends_the_cycle_and_not_each_object() {
    let world = World::new(Switches::default()).await;
    let mut ids = Vec::new();
    for number in 0..120 {
        ids.push(world.user(&format!("u{number}"), json!({})).await);
    }
    let group = world.group("Engineers", &ids).await;
    world.assign(group).await;
    world.run().await;
    for id in &ids {
        world.set(*id, json!({"jobTitle": "new"})).await;
    }
    let dead = AtomicBool::new(false);
    let dies = move |request: &Recorded| {
        dead.fetch_or(request.method == "PATCH", Ordering::Relaxed);
        dead.load(Ordering::Relaxed).then_some(Fault::HangUp)
    };
    world.target.switch(|switches| switches.rule = Some(Rule::new(dies)));
    let report = world.run().await;
    assert_eq!(report.status, CycleStatus::Interrupted, "{report:?}");
    assert_eq!(report.error.as_ref().expect("the reason").error_code, "ConnectionFailed");
    assert!(report.counts.failed < 60, "{report:?}");

    world.target.switch(|switches| switches.rule = None);
    let report = world.run().await;
    assert_eq!((report.counts.failed, report.status), (0, CycleStatus::Completed), "{report:?}");
    assert!(world.target.resources("Users").iter().all(|user| user["title"] == "new"));
    quiet(&world).await;
}

#[tokio::test]
async fn strange_answers_between_good_ones_do_not_end_the_cycle() {
    let world = World::new(Switches::default()).await;
    let mut ids = Vec::new();
    for number in 0..90 {
        ids.push(world.user(&format!("u{number}"), json!({})).await);
        world.assign(ids[number]).await;
    }
    world.run().await;
    for id in &ids {
        world.set(*id, json!({"jobTitle": "new"})).await;
    }
    // No answer to a change comes through; every third account cannot be read to see what came of it.
    let strange = |request: &Recorded| {
        let number: u64 = request.uri.split('?').next()?.rsplit('/').next()?.parse().ok()?;
        match request.method.as_str() {
            "PATCH" => Some(Fault::LoseAnswer),
            "GET" if number.is_multiple_of(3) => Some(Fault::Garble(200, "<html>sorry</html>")),
            _ => None,
        }
    };
    world.target.switch(|switches| switches.rule = Some(Rule::new(strange)));
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.failed), (60, 30), "{report:?}");
    let reads = world.target.take_recorded().iter().filter(|it| it.method == "GET").count();
    assert!(reads < 120, "what could not be read is not read again: {reads}");
}

#[tokio::test]
async fn a_long_chain_of_names_moves_up_in_one_cycle() {
    const LENGTH: usize = 80;
    let world = World::new(strict()).await;
    let mut ids = Vec::new();
    for number in 0..LENGTH {
        let id = world.user(&format!("seat{number}"), json!({})).await;
        world.assign(id).await;
        ids.push(id);
    }
    world.run().await;
    world.guards(|guards| guards.renames.enabled = false).await;
    // Everybody moves up by one, and the target answers in an order of its own.
    for number in (0..LENGTH).rev() {
        let name = format!("seat{}@example.com", number + 1);
        world.set(ids[number], json!({"userPrincipalName": name})).await;
    }
    let report = world.run().await;
    assert_eq!((report.counts.failed, report.counts.updated), (0, LENGTH as u64), "{report:?}");
    quiet(&world).await;
}

#[tokio::test]
async fn who_stepped_aside_in_vain_is_not_forgotten() {
    let world = World::new(strict()).await;
    let (ada, bob) = (world.user("ada", json!({})).await, world.user("bob", json!({})).await);
    for id in [ada, bob] {
        world.assign(id).await;
    }
    world.run().await;
    let name = async |id: Uuid, name: &str| {
        world.set(id, json!({"userPrincipalName": format!("{name}@example.com")})).await;
    };
    for (id, to) in [(ada, "passing"), (bob, "ada"), (ada, "bob")] {
        name(id, to).await;
    }
    // Who steps aside gets no answer, and then may not take the new name.
    let stuck = |request: &Recorded| {
        let moves = request.body.to_string().contains("moving-");
        let fault = if moves { Fault::LoseAnswer } else { Fault::Refuse(409, None) };
        (request.method == "PATCH").then_some(fault)
    };
    world.target.switch(|switches| switches.rule = Some(Rule::new(stuck)));
    let report = world.run().await;
    assert_eq!(report.counts.failed, 2, "{report:?}");
    assert!(world.account("ada").is_none(), "it stepped aside");

    world.target.switch(|switches| switches.rule = None);
    for (id, to) in [(ada, "passing"), (bob, "bob"), (ada, "ada")] {
        name(id, to).await;
    }
    world.run().await;
    assert!(world.account("ada").is_some() && world.account("bob").is_some());
    quiet(&world).await;
}

#[tokio::test]
async fn what_is_due_of_a_type_that_is_no_longer_mapped_does_not_hold_cycles_up() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    let group = world.group("Engineers", &[ada]).await;
    world.assign(group).await;
    let blind = |request: &Recorded| match request.method.as_str() {
        "POST" if request.uri.contains("Groups") => Some(Fault::LoseAnswer),
        "GET" if request.uri.contains("Engineers") => Some(Fault::Refuse(500, None)),
        _ => None,
    };
    let late = std::sync::Arc::new(AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&late);
    world.target.switch(|switches| {
        switches.rule = Some(Rule::new(move |request: &Recorded| {
            let created = request.method == "POST" && request.uri.contains("Groups");
            let known = seen.fetch_or(created, Ordering::Relaxed);
            blind(request).filter(|_| created || known)
        }));
    });
    let report = world.run().await;
    assert_eq!(report.counts.failed, 1, "{report:?}");
    let mut mappings = world.job.object_mappings.clone();
    for mapping in mappings.iter_mut().filter(|mapping| mapping.source_object == ObjectType::Group) {
        mapping.enabled = false;
    }
    let change = directory::JobChange { object_mappings: Some(mappings), ..directory::JobChange::default() };
    world.directory.update_job(&world.by, world.job.id, &change).await.expect("changed");
    let report = world.run().await;
    assert_eq!((report.counts.failed, report.status), (0, CycleStatus::Completed), "{report:?}");
}

#[tokio::test]
async fn a_creation_that_found_its_name_taken_meanwhile_is_not_looked_for_again() {
    let world = World::new(Switches::default()).await;
    let bob = world.user("bob", json!({"mailNickname": "bob"})).await;
    world.assign(bob).await;
    world.run().await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    // The creation does not come through, and before anybody looks, Bob's account is called like Ada.
    let target = world.target.clone();
    let id = text(&world.account("bob").expect("there")["id"]);
    let lose = |request: &Recorded| (request.method == "POST").then_some(Fault::HangUp);
    world.target.switch(|switches| switches.rule = Some(Rule::new(lose)));
    let rename = async {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        target.alter("Users", &id, |user| {
            user.insert("userName".into(), json!("ada@example.com"));
        });
    };
    let (report, ()) = futures::join!(world.run(), rename);
    assert_eq!(report.counts.failed, 1, "{report:?}");
    let log = world.log(ada).await;
    let code = &log.last().and_then(|entry| entry.error_information.as_ref()).expect("a failure").error_code;
    assert_eq!(code, "DuplicateSourceEntries");
    let link = world.store.get(store::Realm(world.job.id), store::Kind::Link, ada).await.expect("a read");
    let link: model::Link = serde_json::from_slice(&link.expect("a link").body).expect("a link");
    assert_eq!(link.unacknowledged, None, "or each cycle would wait for it");
}
