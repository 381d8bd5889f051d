//! Mappings that ask for more than the object has: the target, the application's roles, tables, time and chance.

use std::collections::BTreeMap;

use directory::{AssignmentRequest, JobChange};
use model::{AttributeMapping, CycleStatus, LookupTable, MappingSource, ProvisioningStatus};
use serde_json::{Value, json};
use testkit::{Fault, Rule, Switches};
use uuid::Uuid;

use crate::world::{World, writes};

impl World {
    /// Maps a user's target attributes by these expressions, beside what the template maps.
    pub async fn map(&self, expressions: &[(&str, &str)]) {
        let job = self.directory.job(self.job.id).await.expect("the job");
        let mut mappings = job.object_mappings;
        for (path, text) in expressions {
            let users = &mut mappings[0].attribute_mappings;
            users.retain(|mapping| mapping.target_attribute_name != *path);
            users.push(AttributeMapping {
                target_attribute_name: (*path).to_owned(),
                source: MappingSource::Expression((*text).to_owned()),
                matching_priority: 0,
                ..users[1].clone()
            });
        }
        self.change_job(JobChange { object_mappings: Some(mappings), ..JobChange::default() }).await;
    }

    pub async fn change_job(&self, change: JobChange) {
        self.directory.update_job(&self.by, self.job.id, &change).await.expect("a valid change");
    }

    pub async fn assign_role(&self, principal: Uuid, role: &str) -> Uuid {
        let request = AssignmentRequest { resource: self.application.id, principal, role: Some(role) };
        self.directory.assign(&self.by, request).await.expect("assigned").id
    }

    /// One cycle, in which nothing fails, and another, in which nothing is written.
    pub async fn settle(&self) {
        let report = self.run().await;
        assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
        self.target.take_recorded();
        self.run().await;
        let requests = self.target.take_recorded();
        assert!(writes(&requests).is_empty(), "{requests:?}");
    }

    fn nick(&self, name: &str) -> Value {
        self.account(name).expect("an account").get("nickName").cloned().unwrap_or_default()
    }
}

const UNIQUE: &str = r#"SelectUniqueValue(Join(".", [givenName], [surname]), Join(".", [givenName], [surname], "2"),
    Join(".", [givenName], [surname], "3"))"#;

async fn three_of_one_name(switches: Switches) -> World {
    let world = World::new(switches).await;
    world.map(&[("nickName", UNIQUE)]).await;
    world.target.plant("Users", json!({"userName": "stranger@example.com", "nickName": "ada.byron"}));
    for name in ["one", "two"] {
        let user = world.user(name, json!({"givenName": "Ada", "surname": "Byron"})).await;
        world.assign(user).await;
    }
    world
}

fn nicks(world: &World) -> Vec<Value> {
    let mut nicks = vec![world.nick("one"), world.nick("two")];
    nicks.sort_by_key(ToString::to_string);
    nicks
}

#[tokio::test]
async fn a_unique_value_is_free_in_the_target_and_in_the_batch() {
    let world = three_of_one_name(Switches::default()).await;
    world.settle().await;
    assert_eq!(nicks(&world), ["Ada.Byron.2", "Ada.Byron.3"]);
    // Another title is no reason to look for another value.
    let one = world.directory.user("one@example.com").await.expect("a user").id;
    world.set(one, json!({"jobTitle": "Countess"})).await;
    world.settle().await;
    assert_eq!(nicks(&world), ["Ada.Byron.2", "Ada.Byron.3"]);
    // Another name is; the object's own account is in nobody's way.
    world.set(one, json!({"surname": "King"})).await;
    world.settle().await;
    assert_eq!(world.nick("one"), "Ada.King");
}

#[tokio::test]
async fn a_unique_value_is_found_without_filters() {
    let world = three_of_one_name(Switches { ignore_filter: true, ..Switches::default() }).await;
    world.settle().await;
    assert_eq!(nicks(&world), ["Ada.Byron.2", "Ada.Byron.3"]);
}

#[tokio::test]
async fn an_account_that_was_there_keeps_its_unique_value() {
    let world = World::new(Switches::default()).await;
    world.map(&[("nickName", UNIQUE)]).await;
    world.target.plant("Users", json!({"userName": "one@example.com", "nickName": "Ada.Byron"}));
    let user = world.user("one", json!({"givenName": "Ada", "surname": "Byron"})).await;
    world.assign(user).await;
    world.settle().await;
    assert_eq!(world.nick("one"), "Ada.Byron");
}

#[tokio::test]
async fn when_all_values_are_taken_the_log_says_so() {
    let world = World::new(Switches::default()).await;
    world.map(&[("nickName", r#"SelectUniqueValue("a", "b")"#)]).await;
    let mut users = Vec::new();
    for name in ["one", "two", "three"] {
        let user = world.user(name, json!({})).await;
        world.assign(user).await;
        users.push(user);
    }
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.failed), (2, 1), "{report:?}");
    let mut failures = Vec::new();
    for user in users {
        let log = world.log(user).await;
        failures.extend(log.into_iter().filter(|it| it.provisioning_status == ProvisioningStatus::Failure));
    }
    let error = failures[0].error_information.as_ref().expect("an error");
    assert_eq!(
        error.reason,
        "the mapping of nickName failed: SelectUniqueValue: the target has all 2 values that the rules yield already; \
         add a rule"
    );
}

#[tokio::test]
async fn time_and_chance_do_not_keep_cycles_busy() {
    let world = World::new(Switches::default()).await;
    world.map(&[("nickName", r#"Join(" ", [jobTitle], Guid())"#), ("locale", "Now()")]).await;
    let user = world.user("ada", json!({"jobTitle": "Countess"})).await;
    world.assign(user).await;
    world.settle().await;
    let before = world.account("ada").expect("an account");
    world.set(user, json!({"department": "Science"})).await;
    world.settle().await;
    let after = world.account("ada").expect("an account");
    assert_eq!((&before["nickName"], &before["locale"]), (&after["nickName"], &after["locale"]));
    world.set(user, json!({"jobTitle": "Analyst"})).await;
    world.settle().await;
    let changed = world.account("ada").expect("an account");
    assert!(changed["nickName"].as_str().is_some_and(|nick| nick.starts_with("Analyst ")));
    assert_eq!(after["locale"], changed["locale"]);
}

#[tokio::test]
async fn a_lost_answer_does_not_draw_lots_again() {
    let first_post = std::sync::atomic::AtomicBool::new(true);
    let rule = Rule::new(move |request| {
        let lose = request.method == "POST" && first_post.swap(false, std::sync::atomic::Ordering::SeqCst);
        lose.then_some(Fault::LoseAnswer)
    });
    let world = World::new(Switches { rule: Some(rule), ..Switches::default() }).await;
    world.map(&[("nickName", "Guid()")]).await;
    let user = world.user("ada", json!({})).await;
    world.assign(user).await;
    world.settle().await;
    let sent = world.nick("ada");
    world.set(user, json!({"jobTitle": "Countess"})).await;
    world.settle().await;
    assert_eq!(world.nick("ada"), sent);
}

fn roles(world: &World, name: &str) -> Vec<String> {
    let account = world.account(name).expect("an account");
    let values = account.get("roles").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut values: Vec<String> =
        values.iter().filter_map(|role| role["value"].as_str().map(str::to_owned)).collect();
    values.sort();
    values
}

#[tokio::test]
async fn roles_follow_the_assignments() {
    let world = World::new(Switches { strict: true, ..Switches::default() }).await;
    world
        .map(&[
            ("roles", "AppRoleAssignmentsComplex([appRoleAssignments])"),
            ("userType", "SingleAppRoleAssignment([appRoleAssignments])"),
        ])
        .await;
    world.target.plant("Users", json!({"userName": "ada@example.com", "roles": [{"value": "theirs"}]}));
    let ada = world.user("ada", json!({})).await;
    let bob = world.user("bob", json!({})).await;
    let group = world.group("Managers", &[bob]).await;
    world.assign_role(ada, "User").await;
    let admin = world.assign_role(ada, "Admin").await;
    world.assign_role(group, "Manager").await;
    world.settle().await;
    assert_eq!(roles(&world, "ada"), ["admin", "theirs", "user"]);
    assert_eq!(world.account("ada").expect("an account")["userType"], "user");
    assert_eq!(roles(&world, "bob"), ["manager"]);
    world.directory.unassign(&world.by, admin).await.expect("unassigned");
    world.assign_role(ada, "Manager").await;
    world.settle().await;
    assert_eq!(roles(&world, "ada"), ["manager", "theirs", "user"]);

    world.map(&[("roles", "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])")]).await;
    world.settle().await;
    assert_eq!(roles(&world, "ada"), ["manager", "user"]);
}

#[tokio::test]
async fn tables_are_read_and_their_changes_exported() {
    let world = World::new(Switches::default()).await;
    let table = |value: &str| {
        let rows = LookupTable::from([("Science".to_owned(), value.to_owned())]);
        JobChange { tables: BTreeMap::from([("centres".to_owned(), Some(rows))]), ..JobChange::default() }
    };
    world.change_job(table("4711")).await;
    world.map(&[("nickName", r#"Lookup([department], "centres", "none")"#)]).await;
    for (name, department) in [("ada", "Science"), ("bob", "Sales")] {
        let user = world.user(name, json!({"department": department})).await;
        world.assign(user).await;
    }
    world.settle().await;
    assert_eq!((world.nick("ada"), world.nick("bob")), (json!("4711"), json!("none")));
    world.change_job(table("4712")).await;
    world.settle().await;
    assert_eq!((world.nick("ada"), world.nick("bob")), (json!("4712"), json!("none")));
    let gone = JobChange { tables: BTreeMap::from([("centres".to_owned(), None)]), ..JobChange::default() };
    let error = world.directory.update_job(&world.by, world.job.id, &gone).await.expect_err("it is in use");
    assert!(error.to_string().contains("the job has no tables"), "{error}");
}

#[tokio::test]
async fn what_is_redacted_is_nowhere_in_the_log() {
    let rule = Rule::new(|request| {
        let refused = request.body["nickName"] == "hunter2";
        refused
            .then_some(Fault::Garble(400, r#"{"status": "400", "detail": "nickName hunter2 is too short"}"#))
    });
    let world = World::new(Switches { rule: Some(rule), ..Switches::default() }).await;
    world.map(&[("nickName", "Redact([faxNumber])")]).await;
    let good = world.user("good", json!({"faxNumber": "correct horse"})).await;
    let bad = world.user("bad", json!({"faxNumber": "hunter2"})).await;
    for user in [good, bad] {
        world.assign(user).await;
    }
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.failed), (1, 1), "{report:?}");
    world.set(good, json!({"faxNumber": "battery staple"})).await;
    world.run().await;
    assert_eq!(world.nick("good"), "battery staple");
    let mut told = String::new();
    for user in [good, bad] {
        told += &serde_json::to_string(&world.log(user).await).expect("plain data");
        let link =
            world.store.get(store::Realm(world.job.id), store::Kind::Link, user).await.expect("the store");
        let link: Value = serde_json::from_slice(&link.expect("a link").body).expect("JSON");
        told += &link["escrow"].to_string();
    }
    for secret in ["hunter2", "correct horse", "battery staple"] {
        assert!(!told.contains(secret), "{told}");
    }
    assert!(told.contains("nickName [Redact] is too short"), "{told}");
}
