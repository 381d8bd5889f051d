//! What others changed in the target: found, and put right.

use model::{CycleStatus, DriftFinding, DriftKind, DriftReport, Guard, ProvisioningAction};
use serde_json::{Map, Value, json};
use testkit::{Fault, Rule, Switches};
use uuid::Uuid;

use crate::world::{World, writes};

impl World {
    /// One comparison, with what it found.
    async fn drift(&self, repair: bool) -> (DriftReport, Vec<DriftFinding>) {
        let progress = self.worker.drift(self.directory.id(), self.job.id, repair, self.by.clone()).await;
        let report = progress.expect("a comparison").end().await;
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.worker.drift_findings(self.job.id, after, 3).await.expect("a list");
            all.extend(page);
            after = next;
            if after.is_none() {
                let found = self.state().await.last_drift.expect("a report");
                assert_eq!((found.cycle_id, found.status), (report.cycle_id, report.status));
                assert_eq!(found.listed, all.len() as u64);
                return (found, all);
            }
        }
    }

    /// Nothing differs, to look at and to repair; nothing is written.
    async fn in_line(&self) {
        for repair in [false, true] {
            self.target.take_recorded();
            let (report, found) = self.drift(repair).await;
            assert_eq!((report.status, found.as_slice()), (CycleStatus::Completed, &[][..]), "{report:?}");
            let requests = self.target.take_recorded();
            assert!(writes(&requests).is_empty(), "{requests:?}");
        }
    }

    fn id(&self, name: &str) -> String {
        self.account(name).expect("an account")["id"].as_str().expect("an id").to_owned()
    }

    fn group_id(&self, name: &str) -> String {
        let groups = self.target.resources("Groups");
        let group = groups.iter().find(|it| it["displayName"] == name).expect("the group");
        group["id"].as_str().expect("an id").to_owned()
    }
}

const NAMES_OF_GROUPS: [&str; 2] = ["All", "Some"];

fn leave(group: &mut Map<String, Value>, id: &str) {
    group["members"].as_array_mut().expect("members").retain(|member| member["value"] != id);
}

const NAMES: [&str; 4] = ["ada", "grace", "alan", "edsger"];

async fn four(switches: Switches) -> (World, Vec<Uuid>) {
    let world = World::new(switches).await;
    let mut users = Vec::new();
    for name in NAMES {
        let user =
            world.user(name, json!({"jobTitle": "Engineer", "mail": format!("{name}@example.com")})).await;
        users.push(user);
    }
    world.directory.set_manager(&world.by, users[0], Some(users[1])).await.expect("a manager");
    let all = world.group("All", &users).await;
    let some = world.group("Some", &users[..2]).await;
    for group in [all, some] {
        world.assign(group).await;
    }
    world.settle().await;
    (world, users)
}

fn kinds(found: &[DriftFinding]) -> Vec<DriftKind> {
    found.iter().map(|finding| finding.kind).collect()
}

#[tokio::test]
async fn what_was_just_written_is_in_line() {
    let (world, _) = four(Switches::default()).await;
    world.in_line().await;
}

type Meddling = (DriftKind, fn(&World));

#[tokio::test]
async fn each_difference_is_found_and_put_right() {
    let meddlings: [Meddling; 7] = [
        (DriftKind::ChangedAttribute, |world| {
            world
                .target
                .alter("Users", &world.id("ada"), |it| drop(it.insert("title".into(), json!("Boss"))));
        }),
        (DriftKind::ChangedAttribute, |world| {
            world.target.alter("Users", &world.id("ada"), |it| drop(it.remove("title")));
        }),
        (DriftKind::ChangedAttribute, |world| {
            world
                .target
                .alter("Users", &world.id("alan"), |it| drop(it.insert("active".into(), json!(false))));
        }),
        (DriftKind::ChangedAttribute, |world| {
            let name = json!("Others");
            world
                .target
                .alter("Groups", &world.group_id("Some"), |it| drop(it.insert("displayName".into(), name)));
        }),
        (DriftKind::AccountGone, |world| {
            let id = world.id("ada");
            for group in NAMES_OF_GROUPS {
                world.target.alter("Groups", &world.group_id(group), |it| leave(it, &id));
            }
            assert!(world.target.uproot("Users", &id));
        }),
        (DriftKind::MemberMissing, |world| {
            let id = world.id("ada");
            world.target.alter("Groups", &world.group_id("All"), |it| leave(it, &id));
        }),
        (DriftKind::MemberAdded, |world| {
            let member = json!({"value": world.id("edsger")});
            world.target.alter("Groups", &world.group_id("Some"), |it| {
                it["members"].as_array_mut().expect("members").push(member);
            });
        }),
    ];
    for (number, (kind, meddle)) in meddlings.into_iter().enumerate() {
        let (world, users) = four(Switches::default()).await;
        meddle(&world);
        let before = world.state().await;
        world.target.take_recorded();
        let (report, found) = world.drift(false).await;
        assert_eq!(kinds(&found), [kind], "{number}: {found:?}");
        assert!(found[0].repairable && report.repairable == 1 && !report.repair, "{report:?}");
        assert!(writes(&world.target.take_recorded()).is_empty(), "{number}");
        // Nothing but the report is new.
        let mut after = world.state().await;
        after.last_drift = None;
        assert_eq!(after, before, "{number}");
        let (again, found_again) = world.drift(false).await;
        assert_eq!((again.found, found_again), (report.found, found), "{number}");

        let (report, found) = world.drift(true).await;
        assert_eq!(
            (report.status, kinds(&found)),
            (CycleStatus::Completed, vec![kind]),
            "{number}: {report:?}"
        );
        assert_eq!((report.repaired.failed, report.held_back), (0, false), "{number}: {report:?}");
        assert_eq!(world.account("ada").expect("an account")["title"], "Engineer", "{number}");
        assert_eq!(world.account("alan").expect("an account")["active"], true, "{number}");
        assert_eq!(world.members("All"), ["ada", "alan", "edsger", "grace"], "{number}");
        assert_eq!(world.members("Some"), ["ada", "grace"], "{number}");
        world.in_line().await;
        world.settle().await;
        if kind == DriftKind::AccountGone {
            let log = world.log(users[0]).await;
            assert_eq!(log.last().expect("an entry").provisioning_action, ProvisioningAction::Create);
        }
    }
}

#[tokio::test]
async fn a_target_that_cannot_be_listed_is_read_one_by_one() {
    let (world, _) = four(Switches::default()).await;
    world.target.switch(|switches| {
        switches.rule = Some(Rule::new(|request| {
            let list = request.method == "GET" && request.uri.contains("/Users?");
            list.then_some(Fault::Refuse(501, None))
        }));
    });
    world.target.alter("Users", &world.id("ada"), |it| drop(it.insert("title".into(), json!("Boss"))));
    let (report, found) = world.drift(false).await;
    assert_eq!(
        (kinds(&found), report.not_listed.len()),
        (vec![DriftKind::ChangedAttribute], 1),
        "{report:?}"
    );
}

#[tokio::test]
async fn what_is_the_same_by_the_schema_is_no_difference() {
    let (world, _) = four(Switches::default()).await;
    world.target.alter("Users", &world.id("ada"), |it| {
        it.insert("userName".into(), json!("ADA@Example.com"));
        it.insert("active".into(), json!("True"));
        it.insert("nickName".into(), json!("nobody asked"));
    });
    world.in_line().await;
}

#[tokio::test]
async fn strangers_are_told_and_left_alone() {
    let (world, _) = four(Switches::default()).await;
    let stranger = world.target.plant("Users", json!({"userName": "root@example.com"}));
    let member = json!({"value": stranger});
    world.target.alter("Groups", &world.group_id("Some"), |it| {
        it["members"].as_array_mut().expect("members").push(member);
    });
    world.target.take_recorded();
    let (report, found) = world.drift(true).await;
    assert_eq!(kinds(&found), [DriftKind::UnknownAccount, DriftKind::MemberAdded], "{found:?}");
    assert_eq!((report.repairable, &found[0].display_name[..]), (0, "root@example.com"));
    assert_eq!((&found[0].target_id, found[0].source_id), (&stranger, None));
    assert!(writes(&world.target.take_recorded()).is_empty());
}

#[tokio::test]
async fn a_disabled_account_that_was_enabled_is_disabled_again() {
    let (world, users) = four(Switches::default()).await;
    world.set(users[0], json!({"accountEnabled": false})).await;
    world.settle().await;
    world.in_line().await;
    world.target.alter("Users", &world.id("ada"), |it| {
        it.insert("active".into(), json!(true));
        // Not this job's business while the account is disabled.
        it.insert("title".into(), json!("Boss"));
    });
    let (report, found) = world.drift(true).await;
    assert_eq!(
        (kinds(&found), report.repaired.disabled),
        (vec![DriftKind::ChangedAttribute], 1),
        "{report:?}"
    );
    assert_eq!(world.account("ada").expect("an account")["active"], false);
    world.in_line().await;
    // One that is gone is not created again.
    assert!(world.target.uproot("Users", &world.id("ada")));
    let (report, found) = world.drift(true).await;
    assert_eq!((kinds(&found), report.repaired.created), (vec![DriftKind::AccountGone], 0), "{report:?}");
    assert!(world.account("ada").is_none());
    world.in_line().await;
}

#[tokio::test]
async fn an_empty_tenant_is_not_filled_again_without_being_asked() {
    let world = World::new(Switches::default()).await;
    world.settings(|settings| settings.scope = model::SyncScope::All).await;
    for number in 0..12 {
        world.user(&format!("user{number}"), json!({})).await;
    }
    world.settle().await;
    for account in world.target.resources("Users") {
        assert!(world.target.uproot("Users", account["id"].as_str().expect("an id")));
    }
    world.target.take_recorded();
    let (report, _) = world.drift(false).await;
    assert_eq!((report.status, report.found.account_gone), (CycleStatus::Completed, 12));
    assert!(world.state().await.quarantine.is_none());
    let (report, _) = world.drift(true).await;
    assert_eq!((report.status, report.held_back), (CycleStatus::Quarantined, true), "{report:?}");
    assert_eq!(report.error.expect("why").error_code, "TooManyAccountsGone");
    assert!(writes(&world.target.take_recorded()).is_empty());
    assert!(world.state().await.quarantine.is_some_and(|quarantine| !quarantine.staged));
    // Somebody has judged that.
    world
        .guards(|guards| guards.removals = Guard { number: Some(50), percent: Some(100), ..guards.removals })
        .await;
    let (report, _) = world.drift(true).await;
    assert_eq!((report.status, report.repaired.created), (CycleStatus::Completed, 12), "{report:?}");
    world.in_line().await;
}

#[tokio::test]
async fn a_broken_base_url_is_not_an_empty_tenant() {
    let (world, _) = four(Switches::default()).await;
    let address = world.target.base_url();
    world.secret(model::SecretKey::BaseAddress, &format!("{address}/nowhere")).await;
    for repair in [false, true] {
        let (report, found) = world.drift(repair).await;
        assert_eq!((report.found.account_gone, found.len()), (0, 0), "{report:?}");
        assert_ne!(report.status, CycleStatus::Completed, "{report:?}");
    }
    world.secret(model::SecretKey::BaseAddress, &address).await;
    world.run().await;
    world.in_line().await;
}

#[tokio::test]
async fn values_that_may_not_be_shown_are_not() {
    let world = World::new(Switches::default()).await;
    world.map(&[("nickName", "Redact([jobTitle])")]).await;
    let user = world.user("ada", json!({"jobTitle": "top-secret"})).await;
    world.assign(user).await;
    world.settle().await;
    world.target.alter("Users", &world.id("ada"), |it| drop(it.insert("nickName".into(), json!("leaked"))));
    let (_, found) = world.drift(true).await;
    assert_eq!((&found[0].expected, &found[0].found), (&json!("[Redact]"), &json!("[Redact]")));
    assert_eq!(world.account("ada").expect("an account").get("nickName"), Some(&Value::from("top-secret")));
    world.in_line().await;
}

#[tokio::test]
async fn another_user_name_is_put_back_under_the_guard() {
    let (world, _) = four(Switches::default()).await;
    world
        .target
        .alter("Users", &world.id("ada"), |it| drop(it.insert("userName".into(), json!("x@example.com"))));
    world.guards(|guards| guards.renames = Guard { number: Some(0), ..guards.renames }).await;
    let (report, _) = world.drift(true).await;
    assert_eq!((report.held_back, report.repaired.staged), (true, 1), "{report:?}");
    world.guards(|guards| guards.renames = Guard::default()).await;
    world.run().await;
    assert!(world.account("ada").is_some());
    world.in_line().await;
}

#[tokio::test]
async fn a_group_that_lost_everybody_is_found_where_others_show_members() {
    let (world, _) = four(Switches::default()).await;
    let empty = |it: &mut Map<String, Value>| drop(it.remove("members"));
    world.target.alter("Groups", &world.group_id("All"), empty);
    world
        .target
        .alter("Groups", &world.group_id("All"), |it| drop(it.insert("displayName".into(), json!("X"))));
    let (report, found) = world.drift(false).await;
    assert_eq!((report.found.member_missing, report.found.changed_attribute), (4, 1), "{found:?}");
    assert_eq!((report.compared, report.groups_without_members), (6, 0), "{report:?}");
    world.drift(true).await;
    assert_eq!(world.members("All"), ["ada", "alan", "edsger", "grace"]);
    world.in_line().await;
    // None shows any: perhaps it never does.
    for group in NAMES_OF_GROUPS {
        world.target.alter("Groups", &world.group_id(group), empty);
    }
    let (report, found) = world.drift(true).await;
    assert_eq!((report.groups_without_members, report.compared, found.len()), (2, 6, 0), "{report:?}");
}

#[tokio::test]
async fn what_a_mapping_may_not_send_is_reported_only() {
    let (world, _) = four(Switches::default()).await;
    let job = world.directory.job(world.job.id).await.expect("the job");
    let mut mappings = job.object_mappings;
    mappings[0].target_actions.update = false;
    let change = directory::JobChange { object_mappings: Some(mappings), ..Default::default() };
    world.change_job(change).await;
    world.run().await;
    world.target.alter("Users", &world.id("ada"), |it| drop(it.insert("title".into(), json!("Boss"))));
    world.target.take_recorded();
    for _ in 0..2 {
        let (report, found) = world.drift(true).await;
        assert_eq!((kinds(&found), report.repairable), (vec![DriftKind::ChangedAttribute], 0));
        assert!(writes(&world.target.take_recorded()).is_empty());
    }
}

#[tokio::test]
async fn a_cycle_and_a_comparison_do_not_pass_for_each_other() {
    let (world, _) = four(Switches::default()).await;
    let (directory, job) = (world.directory.id(), world.job.id);
    let running = world.worker.drift(directory, job, false, world.by.clone()).await.expect("a comparison");
    let cycle = world.worker.run_now(directory, job, world.by.clone()).await;
    assert!(matches!(cycle, Err(worker::Error::Occupied)), "{cycle:?}");
    let repair = world.worker.drift(directory, job, true, world.by.clone()).await;
    assert!(matches!(repair, Err(worker::Error::Occupied)), "{repair:?}");
    let joined = world.worker.drift(directory, job, false, world.by.clone()).await.expect("the same");
    assert_eq!(joined.end().await.cycle_id, running.end().await.cycle_id);
    world.run().await;
}
