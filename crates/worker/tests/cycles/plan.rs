//! Plans: what they say is what the run does, and nothing is written by them.

use std::collections::{BTreeMap, BTreeSet};

use directory::{JobChange, JobSettings};
use model::{CycleStatus, Dialect, ObjectType, ProvisioningAction, ProvisioningEntry, SyncScope};
use serde_json::{Value, json};
use store::{EdgeKind, EdgesOf, Kind, Realm, Scan};
use testkit::Switches;
use worker::Plan;

use crate::world::{World, writes};

pub async fn plan(world: &World) -> Plan {
    let plan = world.worker.plan(world.directory.id(), world.job.id, None, None, world.by.clone()).await;
    plan.expect("a plan")
}

pub fn all(plan: &Plan) -> Vec<ProvisioningEntry> {
    plan.entries.clone().into_iter().collect()
}

/// What entries say, whole but for identifiers: accounts go by the names of whom they are for.
fn told(world: &World, entries: &[ProvisioningEntry]) -> BTreeSet<String> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for user in world.target.resources("Users") {
        names.insert(user["id"].as_str().unwrap_or_default().into(), user["userName"].to_string());
    }
    for entry in entries {
        let name = json!(entry.source_identity.display_name).to_string();
        names.insert(entry.target_identity.id.clone(), name);
    }
    let told = |entry: &ProvisioningEntry| {
        let mut modified = BTreeSet::new();
        for it in &entry.modified_properties {
            let refers = it.display_name.ends_with("manager") || it.display_name.starts_with("members");
            let shown = |value: &Option<Value>| {
                let name =
                    value.as_ref().filter(|_| refers).and_then(Value::as_str).and_then(|id| names.get(id));
                name.cloned().unwrap_or_else(|| format!("{value:?}"))
            };
            modified.insert(format!(
                "{}: {} -> {}",
                it.display_name,
                shown(&it.old_value),
                shown(&it.new_value)
            ));
        }
        let code = entry.error_information.as_ref().map(|error| error.error_code.clone());
        let (action, status) = (entry.provisioning_action, entry.provisioning_status);
        format!("{} {action:?} {status:?} {code:?} {modified:?}", entry.source_identity.display_name)
    };
    entries.iter().map(told).collect()
}

fn assert_same(one: &BTreeSet<String>, two: &BTreeSet<String>) {
    let left: Vec<_> = one.difference(two).collect();
    let right: Vec<_> = two.difference(one).collect();
    assert!(left.is_empty() && right.is_empty(), "only the first: {left:#?}\nonly the second: {right:#?}");
}

/// Everything that the store holds of the job and its directory, and how far their feeds are.
async fn content(world: &World) -> BTreeSet<String> {
    let mut content = BTreeSet::new();
    for realm in [Realm(world.job.id), world.directory.realm(), Realm::INSTALLATION] {
        content.insert(format!("{:?}", world.store.head(realm).await.expect("a head")));
        for kind in Kind::ALL {
            let mut after = None;
            loop {
                let page =
                    world.store.scan(realm, *kind, Scan::first(500).after(after)).await.expect("a page");
                for object in page.objects {
                    for edge in EdgeKind::ALL {
                        let of = EdgesOf::From(object.id);
                        let edges = world.store.edges(realm, *edge, of, None, 10_000).await.expect("edges");
                        content.insert(format!("{:?} {edge:?} {:?}", object.id, edges.others));
                    }
                    content.insert(format!("{realm:?} {object:?}"));
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
    }
    content
}

/// Plans twice, runs, and compares: entries, counts, and that the plans left no trace.
pub async fn planned_and_run(world: &World) -> Plan {
    let before = content(world).await;
    world.target.take_recorded();
    let planned = plan(world).await;
    let again = plan(world).await;
    assert!(writes(&world.target.take_recorded()).is_empty(), "a plan writes nothing to the target");
    assert!(content(world).await == before, "a plan writes nothing to the store");
    assert_same(&told(world, &all(&planned)), &told(world, &all(&again)));
    let said = told(world, &all(&planned));
    assert_eq!(planned.report.counts, again.report.counts);
    let report = world.run().await;
    let mut log = Vec::new();
    let mut after = None;
    loop {
        let scan = Scan::first(500).after(after);
        let page = world.store.scan(world.directory.realm(), Kind::ProvisioningEntry, scan).await;
        let page = page.expect("the log");
        log.extend(page.objects.iter().map(|it| directory::read_entry(it).expect("an entry")));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    log.retain(|entry| entry.cycle_id == report.cycle_id);
    // What the plan named was named before the run: only what is new in the target goes by another name.
    assert_same(&said, &told(world, &log));
    assert_eq!(planned.entries.len(), log.len());
    assert_eq!((planned.report.counts, planned.report.status), (report.counts, report.status));
    assert_eq!(planned.report.error, report.error);
    planned
}

#[tokio::test]
async fn the_run_does_what_the_plan_said() {
    everything(Switches::default(), Dialect::Rfc).await;
    everything(Switches { strict: true, ..Switches::default() }, Dialect::Rfc).await;
}

#[tokio::test]
async fn the_run_does_what_the_plan_said_whatever_the_target_is_like() {
    everything(Switches { ignore_filter: true, ..Switches::default() }, Dialect::Rfc).await;
    everything(Switches { refuse_patch: true, ..Switches::default() }, Dialect::Rfc).await;
    everything(Switches { bulk: Some(5), ..Switches::default() }, Dialect::Rfc).await;
    everything(Switches { etags: true, ..Switches::default() }, Dialect::Rfc).await;
    everything(Switches { keeps_members: true, ..Switches::default() }, Dialect::Rfc).await;
    everything(Switches::default(), Dialect::Entra2020).await;
}

/// Every kind of change, planned and run.
async fn everything(switches: Switches, dialect: Dialect) {
    let world = World::new(switches).await;
    world.settings(|settings| settings.dialect = dialect).await;
    world.guards(|guards| (guards.removals.number, guards.removals.percent) = (Some(10), Some(90))).await;
    world.target.plant("Users", json!({"userName": "there@example.com", "title": "old", "active": true}));
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(world.user(&format!("u{number}"), json!({"jobTitle": "Clerk"})).await);
    }
    let there = world.user("there", json!({"jobTitle": "new"})).await;
    ids.push(there);
    world.directory.set_manager(&world.by, ids[1], Some(ids[0])).await.expect("a manager");
    let everyone = world.group("Everyone", &ids).await;
    let gone = world.group("Gone", &ids[..3]).await;
    world.assign(everyone).await;
    world.assign(gone).await;

    // All at once: accounts, a match, groups with members, a manager created in the same cycle.
    let planned = planned_and_run(&world).await;
    assert_eq!(
        (planned.report.counts.created, planned.report.counts.updated),
        (22, 1),
        "{:?}",
        planned.report
    );
    assert_eq!(world.members("Gone").len(), 3);

    // And every kind of change at once.
    world.set(ids[2], json!({"jobTitle": "Countess"})).await;
    world.set(ids[3], json!({"accountEnabled": false})).await;
    world.set(ids[4], json!({"userPrincipalName": "renamed@example.com"})).await;
    world.directory.remove_member(&world.by, everyone, ids[5]).await.expect("removed");
    world.directory.delete_user(&world.by, ids[6]).await.expect("deleted");
    world.directory.purge_object(&world.by, ObjectType::User, ids[6]).await.expect("purged");
    world.directory.purge_object(&world.by, ObjectType::Group, gone).await.expect("purged");
    let new = world.user("new", json!({})).await;
    world.directory.set_manager(&world.by, ids[7], Some(new)).await.expect("a manager");
    world.add(everyone, &[new]).await;
    // A name that another one gives up.
    world.set(ids[8], json!({"userPrincipalName": "elsewhere@example.com"})).await;
    let heir = world.user("u8", json!({})).await;
    world.add(everyone, &[heir]).await;
    let planned = planned_and_run(&world).await;
    let actions: Vec<_> = all(&planned).iter().map(|entry| entry.provisioning_action).collect();
    assert_eq!(actions[0], ProvisioningAction::Delete, "deletions come first");
    assert!(
        planned.report.counts.disabled >= 2 && planned.report.counts.created == 2,
        "{:?}",
        planned.report
    );

    // A guard: the plan says so, and stages nothing.
    for id in &ids[8..19] {
        world.set(*id, json!({"accountEnabled": false})).await;
    }
    let planned = planned_and_run(&world).await;
    assert_eq!((planned.report.counts.staged, planned.report.status), (11, CycleStatus::Quarantined));
    world.worker.allow_staged(world.job.id, None).await.expect("allowed");
    assert_eq!(planned_and_run(&world).await.report.counts.disabled, 11);

    // Nothing is left to do.
    assert!(planned_and_run(&world).await.entries.is_empty());
}

#[tokio::test]
async fn a_name_that_an_account_has_whom_matching_does_not_find_is_planned_as_taken() {
    let world = World::new(Switches { strict: true, ..Switches::default() }).await;
    let mut mappings = world.directory.job(world.job.id).await.expect("the job").object_mappings;
    for (path, priority) in [("userName", 0), ("externalId", 1)] {
        crate::counted::attribute(&mut mappings[0], path).matching_priority = priority;
    }
    world.change_job(JobChange { object_mappings: Some(mappings), ..JobChange::default() }).await;
    world.target.plant("Users", json!({"userName": "ADA@example.com", "externalId": "another"}));
    let mut users = Vec::new();
    for name in ["ada", "grace", "hedy"] {
        users.push(world.user(name, json!({"mailNickname": name})).await);
        world.assign(users[users.len() - 1]).await;
    }
    let planned = planned_and_run(&world).await;
    assert_eq!((planned.report.counts.created, planned.report.counts.failed), (2, 1), "{:?}", planned.report);
    // A new name that somebody has is refused as well.
    world.set(users[1], json!({"userPrincipalName": "ada@example.net"})).await;
    world.target.plant("Users", json!({"userName": "ada@example.net", "externalId": "third"}));
    planned_and_run(&world).await;
}

#[tokio::test]
async fn an_account_that_is_gone_behind_our_back_is_planned_anew() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    world.assign(ada).await;
    world.run().await;
    world.target.uproot("Users", world.account("ada").expect("created")["id"].as_str().expect("an id"));
    world.set(ada, json!({"jobTitle": "Countess"})).await;
    planned_and_run(&world).await;
    assert_eq!(world.account("ada").expect("created")["title"], json!("Countess"));
}

#[tokio::test]
async fn a_selection_is_planned_alone() {
    let world = World::new(Switches::default()).await;
    let ada = world.user("ada", json!({})).await;
    let grace = world.user("grace", json!({})).await;
    world.assign(ada).await;
    world.assign(grace).await;
    let before = content(&world).await;
    let objects = [(ObjectType::User, ada)];
    let planned =
        world.worker.plan(world.directory.id(), world.job.id, None, Some(&objects), world.by.clone()).await;
    let planned = planned.expect("a plan");
    assert_eq!((planned.report.counts.created, planned.entries.len()), (1, 1), "{planned:?}");
    assert!(world.target.resources("Users").is_empty());
    assert!(content(&world).await == before);
}

#[tokio::test]
async fn what_is_not_saved_yet_is_planned_as_if_it_were() {
    let world = World::new(Switches::default()).await;
    for name in ["ada", "grace"] {
        let user = world.user(name, json!({"jobTitle": name})).await;
        world.assign(user).await;
    }
    world.user("hedy", json!({})).await;
    world.run().await;
    let job = world.directory.job(world.job.id).await.expect("the job");
    let mut mappings = job.object_mappings.clone();
    crate::counted::attribute(&mut mappings[0], "title").source = crate::counted::constant("Countess");
    let mut settings = JobSettings::of(&job);
    settings.scope = SyncScope::All;
    let change =
        JobChange { settings: Some(settings), object_mappings: Some(mappings), ..JobChange::default() };
    let unsaved = world.directory.planned(&job, &change).expect("a valid change");
    let before = content(&world).await;
    let planned =
        world.worker.plan(world.directory.id(), job.id, Some(&unsaved), None, world.by.clone()).await;
    let planned = planned.expect("a plan");
    assert!(content(&world).await == before, "nothing is saved");
    assert_eq!((planned.report.counts.created, planned.report.counts.updated), (1, 2), "{planned:?}");
    assert!(plan(&world).await.entries.is_empty());
    world.change_job(change).await;
    let saved = planned_and_run(&world).await;
    assert_same(&told(&world, &all(&planned)), &told(&world, &all(&saved)));
}

#[tokio::test]
async fn a_plan_does_not_disturb_a_cycle_that_runs() {
    let world = World::new(Switches::default()).await;
    for number in 0..200 {
        let id = world.user(&format!("u{number}"), json!({})).await;
        world.assign(id).await;
    }
    let cycle = world.worker.run_now(world.directory.id(), world.job.id, world.by.clone()).await;
    let (planned, report) = tokio::join!(plan(&world), cycle.expect("a cycle").end());
    assert_eq!((report.status, report.counts.created), (CycleStatus::Completed, 200));
    assert_eq!(planned.report.counts.failed, 0, "{:?}", planned.report);
    assert_eq!(world.target.resources("Users").len(), 200);
    assert!(plan(&world).await.entries.is_empty());
}

#[tokio::test]
async fn the_run_draws_what_the_plan_drew() {
    let world = World::new(Switches::default()).await;
    world.map(&[("nickName", "Guid()")]).await;
    for name in ["ada", "bob"] {
        let user = world.user(name, json!({})).await;
        world.assign(user).await;
        let drawn = |plan: &Plan| -> Vec<_> {
            let all = all(plan).into_iter().flat_map(|entry| entry.modified_properties);
            all.filter(|it| it.display_name == "nickName").filter_map(|it| it.new_value).collect()
        };
        let planned = drawn(&plan(&world).await);
        assert_eq!(planned.len(), 1);
        world.run().await;
        assert_eq!(world.account(name).expect("created")["nickName"], planned[0]);
    }
    let accounts = world.target.resources("Users");
    assert_ne!(accounts[0]["nickName"], accounts[1]["nickName"]);
}
