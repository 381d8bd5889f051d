//! Who leaves, and what becomes of the account: every event with every choice, through real cycles.

use directory::JobChange;
use model::DeprovisionAction::{Delete, Disable, Nothing};
use model::{
    ClauseOperator, CycleStatus, DeprovisionAction, Deprovisioning, LinkOrigin, ObjectMapping, ObjectType,
    ProvisioningAction, ScopingClause, ScopingFilter,
};
use serde_json::{Value, json};
use testkit::Switches;
use uuid::Uuid;

use crate::world::{World, writes};

/// A role of the application that is not Default Access.
const ROLE: &str = "User";

/// Every way in which a user leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Unassigned,
    Filtered,
    RoleLost,
    Disabled,
    SoftDeleted,
    HardDeleted,
}

const EVENTS: [Event; 6] = [
    Event::Unassigned,
    Event::Filtered,
    Event::RoleLost,
    Event::Disabled,
    Event::SoftDeleted,
    Event::HardDeleted,
];

/// One user for each event, with an account.
struct Leavers {
    world: World,
    users: Vec<(Event, Uuid, Uuid)>,
}

/// Whether the event's user is a member of the group.
fn is_member(event: Event) -> bool {
    !matches!(event, Event::Unassigned | Event::RoleLost)
}

fn name(event: Event) -> String {
    format!("{event:?}").to_lowercase()
}

impl World {
    async fn mappings(&self, change: impl FnOnce(&mut Vec<ObjectMapping>)) {
        let mut mappings = self.directory.job(self.job.id).await.expect("the job").object_mappings;
        change(&mut mappings);
        self.change_job(JobChange { object_mappings: Some(mappings), ..JobChange::default() }).await;
    }

    async fn leaving(&self, change: impl FnOnce(&mut Deprovisioning)) {
        self.settings(|settings| change(&mut settings.deprovisioning)).await;
    }

    async fn unguarded(&self) {
        self.guards(|guards| {
            guards.removals.enabled = false;
            guards.source.enabled = false;
        })
        .await;
    }

    async fn purge(&self, user: Uuid) {
        self.directory.purge_object(&self.by, ObjectType::User, user).await.expect("purged");
    }

    async fn bin(&self, user: Uuid) {
        self.directory.delete_user(&self.by, user).await.expect("deleted");
    }
}

impl Leavers {
    async fn new() -> Self {
        let world = World::new(Switches::default()).await;
        world.unguarded().await;
        world
            .mappings(|mappings| {
                let clause = ScopingClause {
                    attribute: "jobTitle".to_owned(),
                    operator: ClauseOperator::Equals,
                    value: "in".to_owned(),
                };
                mappings[0].scoping_filters =
                    vec![ScopingFilter { name: String::new(), clauses: vec![clause] }];
            })
            .await;
        let role = world.application.app_roles.iter().find(|role| role.display_name == ROLE);
        let role = role.expect("a role").id.to_string();
        let mut users = Vec::new();
        for event in EVENTS {
            let id = world.user(&name(event), json!({"jobTitle": "in"})).await;
            let assignment = world.assign_role(id, &role).await;
            users.push((event, id, assignment));
        }
        // Its members are assigned through it, which must not keep those in scope who leave by being unassigned.
        let members = users.iter().filter(|(event, ..)| is_member(*event));
        let group = world.group("Everyone", &members.map(|(_, id, _)| *id).collect::<Vec<_>>()).await;
        world.assign_role(group, &role).await;
        Self { world, users }
    }

    async fn all_leave(&mut self) {
        let world = &self.world;
        for (event, id, assignment) in &self.users {
            world.set(*id, json!({"displayName": "changed on the way out"})).await;
            match event {
                Event::Unassigned => {
                    world.directory.unassign(&world.by, *assignment).await.expect("unassigned");
                }
                Event::RoleLost => {
                    world.directory.unassign(&world.by, *assignment).await.expect("unassigned");
                    world.assign_role(*id, "00000000-0000-0000-0000-000000000000").await;
                }
                Event::Filtered => world.set(*id, json!({"jobTitle": "out"})).await,
                Event::Disabled => world.set(*id, json!({"accountEnabled": false})).await,
                Event::SoftDeleted => world.bin(*id).await,
                Event::HardDeleted => {
                    world.bin(*id).await;
                    world.purge(*id).await;
                }
            }
        }
    }

    async fn all_return(&mut self) {
        let world = &self.world;
        let role = world.application.app_roles.iter().find(|role| role.display_name == ROLE);
        let role = role.expect("a role").id.to_string();
        for (event, id, _) in &self.users {
            match event {
                Event::Unassigned | Event::RoleLost => {
                    world.assign_role(*id, &role).await;
                }
                Event::Filtered => world.set(*id, json!({"jobTitle": "in"})).await,
                Event::Disabled => world.set(*id, json!({"accountEnabled": true})).await,
                Event::SoftDeleted => {
                    world.directory.restore_user(&world.by, *id).await.expect("restored");
                }
                Event::HardDeleted => {}
            }
        }
    }
}

/// What became of the account of an event's user: nothing, disable, delete.
fn fate(world: &World, event: Event) -> DeprovisionAction {
    match world.account(&name(event)) {
        None => Delete,
        Some(account) if account["active"] == json!(false) => Disable,
        Some(account) => {
            assert_eq!(account["displayName"], name(event), "whoever is left alone keeps what he had");
            Nothing
        }
    }
}

#[tokio::test]
async fn every_event_does_what_was_chosen_for_it_and_is_undone_when_people_return() {
    for choice in [Nothing, Disable, Delete] {
        let mut leavers = Leavers::new().await;
        leavers
            .world
            .leaving(|leaving| {
                (leaving.out_of_scope, leaving.disabled) = (choice, choice);
                (leaving.soft_deleted, leaving.hard_deleted) = (choice, choice);
            })
            .await;
        leavers.world.settle().await;
        assert_eq!(leavers.world.members("Everyone").len(), 4);
        leavers.all_leave().await;
        leavers.world.settle().await;
        for event in EVENTS {
            assert_eq!(fate(&leavers.world, event), choice, "{event:?}");
        }
        // Left alone is left alone in groups too; but who no longer exists is no member of anything.
        let members = leavers.world.members("Everyone");
        assert_eq!(members.len(), if choice == Nothing { 3 } else { 0 }, "{members:?}");
        leavers.all_return().await;
        leavers.world.settle().await;
        for event in &EVENTS[..5] {
            let account = leavers.world.account(&name(*event)).expect("back");
            assert_eq!(account["active"], json!(true), "{choice:?}, {event:?}");
            assert_eq!(account["displayName"], "changed on the way out", "{choice:?}, {event:?}");
        }
        let members = leavers.world.members("Everyone");
        assert_eq!(members.len(), 3, "{choice:?}: {members:?}");
    }
}

#[tokio::test]
async fn each_event_has_a_choice_of_its_own() {
    let mut leavers = Leavers::new().await;
    // The defaults.
    leavers.world.settle().await;
    leavers.all_leave().await;
    leavers.world.settle().await;
    let fates: Vec<_> = EVENTS.iter().map(|event| fate(&leavers.world, *event)).collect();
    assert_eq!(fates, [Disable, Disable, Disable, Disable, Disable, Delete]);
    // Other choices apply to those who have left already.
    leavers.world.leaving(|leaving| (leaving.disabled, leaving.soft_deleted) = (Delete, Nothing)).await;
    leavers.world.settle().await;
    let fates: Vec<_> = EVENTS.iter().map(|event| fate(&leavers.world, *event)).collect();
    // What was disabled is not enabled by being left alone.
    assert_eq!(fates, [Disable, Disable, Disable, Delete, Disable, Delete]);
    // The link stays: gone for good reaches the account that was disabled.
    let deleted = leavers.users.iter().find(|(event, ..)| *event == Event::SoftDeleted).expect("there").1;
    leavers.world.purge(deleted).await;
    leavers.world.settle().await;
    assert_eq!(fate(&leavers.world, Event::SoftDeleted), Delete);
}

#[tokio::test]
async fn requests_that_are_switched_off_are_never_sent() {
    for (choice, update, delete) in [(Disable, false, true), (Delete, true, false)] {
        let mut leavers = Leavers::new().await;
        leavers
            .world
            .leaving(|leaving| {
                (leaving.out_of_scope, leaving.disabled) = (choice, choice);
                (leaving.soft_deleted, leaving.hard_deleted) = (choice, choice);
            })
            .await;
        leavers.world.settle().await;
        leavers
            .world
            .mappings(|mappings| {
                mappings[0].target_actions.update = update;
                mappings[0].target_actions.delete = delete;
            })
            .await;
        leavers.world.settle().await;
        leavers.all_leave().await;
        leavers.world.target.take_recorded();
        leavers.world.run().await;
        let requests = leavers.world.target.take_recorded();
        let about_users = writes(&requests).into_iter().filter(|request| request.uri.contains("/Users"));
        assert_eq!(about_users.count(), 0, "{choice:?}: {requests:?}");
    }
}

#[tokio::test]
async fn a_target_without_active_gets_a_deletion_only_where_that_was_chosen() {
    let mut leavers = Leavers::new().await;
    leavers
        .world
        .mappings(|mappings| {
            mappings[0].attribute_mappings.retain(|mapping| mapping.target_attribute_name != "active");
        })
        .await;
    leavers.world.leaving(|leaving| leaving.disabled = Delete).await;
    leavers.world.settle().await;
    leavers.all_leave().await;
    leavers.world.settle().await;
    for event in EVENTS {
        let there = leavers.world.account(&name(event)).is_some();
        let deleted = matches!(event, Event::Disabled | Event::HardDeleted);
        assert_eq!(there, !deleted, "{event:?}");
    }
}

#[tokio::test]
async fn groups_leave_by_their_own_choice() {
    for choice in [Nothing, Delete] {
        let world = World::new(Switches::default()).await;
        world.unguarded().await;
        world.leaving(|leaving| (leaving.group_out_of_scope, leaving.hard_deleted) = (choice, choice)).await;
        let ada = world.user("ada", json!({})).await;
        let mut groups = Vec::new();
        for group in ["unassigned", "gone", "stays"] {
            let id = world.group(group, &[ada]).await;
            groups.push((id, world.assign(id).await));
        }
        world.settle().await;
        world.directory.unassign(&world.by, groups[0].1).await.expect("unassigned");
        world.directory.purge_object(&world.by, ObjectType::Group, groups[1].0).await.expect("gone");
        world.settle().await;
        let there: Vec<Value> =
            world.target.resources("Groups").iter().map(|it| it["displayName"].clone()).collect();
        let left = if choice == Delete { 1 } else { 3 };
        assert_eq!(there.len(), left, "{choice:?}: {there:?}");
        // Back again, with its members.
        world.assign(groups[0].0).await;
        world.settle().await;
        assert_eq!(world.members("unassigned"), ["ada"], "{choice:?}");
    }
}

#[tokio::test]
async fn who_was_never_linked_is_never_touched() {
    let world = World::new(Switches::default()).await;
    world.unguarded().await;
    world.leaving(|leaving| (leaving.out_of_scope, leaving.disabled) = (Delete, Delete)).await;
    for person in ["stranger", "off"] {
        world.target.plant("Users", json!({"userName": format!("{person}@example.com"), "active": true}));
    }
    let stranger = world.user("stranger", json!({})).await;
    let off = world.user("off", json!({"accountEnabled": false})).await;
    let fresh = world.user("fresh", json!({"accountEnabled": false})).await;
    for id in [off, fresh] {
        world.assign(id).await;
    }
    world.settle().await;
    world.bin(stranger).await;
    world.bin(off).await;
    world.settle().await;
    world.purge(off).await;
    world.settle().await;
    assert!(world.account("stranger").is_some() && world.account("off").is_some());
    // A disabled user is not created.
    assert!(world.account("fresh").is_none());
}

#[tokio::test]
async fn matched_accounts_are_let_go_of_where_the_job_says_so() {
    let world = World::new(Switches::default()).await;
    world.unguarded().await;
    world.leaving(|leaving| leaving.unlink_matched = true).await;
    world.target.plant("Users", json!({"userName": "matched@example.com", "active": true}));
    let mut assignments = Vec::new();
    let mut ids = Vec::new();
    for person in ["matched", "created"] {
        let id = world.user(person, json!({})).await;
        ids.push(id);
        assignments.push(world.assign(id).await);
    }
    world.settle().await;
    for assignment in assignments {
        world.directory.unassign(&world.by, assignment).await.expect("unassigned");
    }
    let report = world.run().await;
    assert_eq!((report.counts.disabled, report.counts.skipped), (1, 1), "{report:?}");
    assert_eq!(world.account("matched").expect("as it was")["active"], json!(true));
    assert_eq!(world.account("created").expect("there")["active"], json!(false));
    let log = world.log(ids[0]).await;
    let last = log.last().expect("an entry");
    assert_eq!(last.provisioning_action, ProvisioningAction::Other);
    assert!(last.provisioning_steps.iter().any(|step| step.description.contains("no longer linked")));
    world.settle().await;
    // Whoever comes back is matched again.
    world.assign(ids[0]).await;
    world.settle().await;
    assert_eq!(world.target.resources("Users").len(), 2);
    let link = world.store.get(store::Realm(world.job.id), store::Kind::Link, ids[0]).await.expect("a store");
    let link: model::Link = serde_json::from_slice(&link.expect("linked").body).expect("a link");
    assert_eq!(link.origin, LinkOrigin::Matched);
}

#[tokio::test]
async fn a_newcomer_with_the_name_of_who_left_waits_until_that_account_is_gone() {
    let world = World::new(Switches::default()).await;
    let old = world.user("ada", json!({})).await;
    world.assign(old).await;
    world.settle().await;
    let before = world.account("ada").expect("there")["id"].clone();
    world.bin(old).await;
    world.settle().await;
    let new = world.user("ada", json!({"jobTitle": "Newcomer"})).await;
    world.assign(new).await;
    let report = world.run().await;
    assert_eq!((report.counts.failed, report.status), (1, CycleStatus::Completed), "{report:?}");
    // Nobody gets somebody else's account, and the log says what to do.
    assert_eq!(world.account("ada").expect("the old one")["id"], before);
    let log = world.log(new).await;
    let error = log.last().and_then(|entry| entry.error_information.clone()).expect("a reason");
    assert!(error.reason.contains("who has left"), "{error:?}");
    assert!(error.recommended_action.contains("for good"), "{error:?}");
    world.purge(old).await;
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.deleted, report.counts.failed), (1, 1, 0), "{report:?}");
    let account = world.account("ada").expect("the new one");
    assert!(account["id"] != before && account["title"] == "Newcomer");
    world.settle().await;
}

#[tokio::test]
async fn who_takes_the_name_of_one_who_left_reads_whose_account_has_it() {
    let world = World::new(Switches { strict: true, ..Switches::default() }).await;
    let old = world.user("ada", json!({})).await;
    let other = world.user("grace", json!({})).await;
    for user in [old, other] {
        world.assign(user).await;
    }
    world.settle().await;
    world.bin(old).await;
    world.settle().await;
    world.set(other, json!({"userPrincipalName": "ada@example.com"})).await;
    let sent = async || {
        world.target.take_recorded();
        let report = world.run().await;
        assert_eq!((report.counts.failed, report.status), (1, CycleStatus::Completed), "{report:?}");
        writes(&world.target.take_recorded()).len()
    };
    let first = sent().await;
    let second = sent().await;
    assert!(second < 5, "{first}, {second}");
    let log = world.log(other).await;
    let error = log.last().and_then(|entry| entry.error_information.clone()).expect("a reason");
    assert!(error.reason.contains("ada") && error.reason.contains(&old.to_string()), "{error:?}");
    assert!(error.reason.contains("who has left"), "{error:?}");
}
