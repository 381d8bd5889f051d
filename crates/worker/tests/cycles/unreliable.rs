//! Targets with faults all the time: the end is the same as without any, and nothing happens on the way there that
//! should not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{CycleStatus, ObjectType};
use serde_json::{Map, Value, json};
use testkit::{Fault, Recorded, Rule, Switches};

use crate::limits::members;
use crate::world::{World, writes};

const PEOPLE: usize = 112;
/// Cycles in which the target has to be right, whatever goes wrong.
const CYCLES: usize = 6;

/// A number below 100 for a request: the same for the same seed, in whatever order requests come. Sent again, it gets
/// another.
struct Dice {
    seed: u64,
    sent: Mutex<HashMap<u64, u64>>,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self { seed, sent: Mutex::default() }
    }

    fn throw(&self, request: &Recorded) -> u64 {
        let hash = |what: &dyn Fn(&mut DefaultHasher)| {
            let mut hasher = DefaultHasher::new();
            what(&mut hasher);
            hasher.finish()
        };
        let one = hash(&|hasher| {
            (&request.method, &request.uri, request.body.to_string()).hash(hasher);
        });
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let times = sent.entry(one).or_default();
        *times += 1;
        hash(&|hasher| (self.seed, one, *times).hash(hasher)) % 100
    }
}

/// Five in a hundred requests meet each of these.
fn now_and_then(seed: u64, faults: Vec<Fault>) -> Rule {
    let dice = Dice::new(seed);
    Rule::new(move |request| faults.get(usize::try_from(dice.throw(request) / 5).ok()?).cloned())
}

/// No more than so many members in a request.
fn at_most(count: usize, status: u16) -> Rule {
    Rule::new(move |request| (members(request) > count).then_some(Fault::Refuse(status, None)))
}

/// No more than so many requests in a second.
fn a_second(most: usize) -> Rule {
    let window = Mutex::new((Instant::now(), 0));
    Rule::new(move |_| {
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.0.elapsed() >= Duration::from_secs(1) {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        (window.1 > most).then_some(Fault::Refuse(429, Some(1)))
    })
}

/// Lists by filter are refused.
fn no_filter(status: u16) -> Rule {
    Rule::new(move |request| {
        (request.method == "GET" && request.uri.contains("filter=")).then_some(Fault::Refuse(status, None))
    })
}

/// What the first of the rules says that says anything.
fn all(rules: Vec<Rule>) -> Rule {
    Rule::new(move |request| rules.iter().find_map(|rule| rule.decide(request)))
}

fn errors() -> Vec<Fault> {
    vec![Fault::Refuse(503, None), Fault::HangUp, Fault::LoseAnswer, Fault::Refuse(429, Some(0))]
}

/// What the target has: accounts by name, members of groups by name, and no identifiers.
fn state(world: &World) -> Value {
    let users = world.target.resources("Users");
    let names: BTreeMap<String, String> = users
        .iter()
        .map(|user| (user["id"].as_str().unwrap_or_default().to_owned(), user["userName"].to_string()))
        .collect();
    assert_eq!(names.values().collect::<BTreeSet<_>>().len(), users.len(), "nobody is there twice");
    let plain = |mut resource: Map<String, Value>| {
        // Where nobody is to be told apart from themselves in another world; schemas are no PATCH's affair.
        for attribute in ["id", "externalId", "schemas"] {
            resource.shift_remove(attribute);
        }
        if let Some(Value::Array(members)) = resource.get_mut("members") {
            let mut found: Vec<&String> =
                members.iter().filter_map(|member| names.get(member["value"].as_str()?)).collect();
            found.sort();
            let found = json!(found);
            resource.insert("members".into(), found);
        }
        let manager = resource.get_mut(crate::MANAGER).and_then(|it| it.get_mut("manager"));
        if let Some(manager) = manager {
            *manager = json!(manager["value"].as_str().and_then(|id| names.get(id)));
        }
        resource.sort_keys();
        Value::from(resource)
    };
    let sorted = |kind| {
        let mut all: Vec<Value> = world.target.resources(kind).into_iter().map(plain).collect();
        all.sort_by_cached_key(Value::to_string);
        all
    };
    json!({"users": sorted("Users"), "groups": sorted("Groups")})
}

/// Cycles until one has neither failed nor been interrupted.
async fn settle(world: &World, what: &str) {
    let mut reports = Vec::new();
    for _ in 0..CYCLES {
        let report = world.run().await;
        if report.status == CycleStatus::Completed && report.counts.failed == 0 {
            return;
        }
        reports.push((report.status, report.counts, report.error));
    }
    panic!("{what}: not settled after {CYCLES} cycles: {reports:?}");
}

/// Joiners, movers and leavers; what the target has in the end, and the accounts deleted there.
async fn a_year(switches: Switches) -> (Value, BTreeSet<String>) {
    let world = World::new(Switches { accept_duplicates: true, ..switches }).await;
    let mut ids = Vec::new();
    for number in 0..PEOPLE {
        let id = world.user(&format!("user{number}"), json!({"jobTitle": "junior"})).await;
        if let Some(manager) = ids.last() {
            world.directory.set_manager(&world.by, id, Some(*manager)).await.expect("a manager");
        }
        ids.push(id);
    }
    let everyone = world.group("Everyone", &ids).await;
    let some = world.group("Some", &ids[20..40]).await;
    for group in [everyone, some] {
        world.assign(group).await;
    }
    settle(&world, "joiners").await;

    for id in &ids[..25] {
        world.set(*id, json!({"jobTitle": "senior", "department": "Sales"})).await;
    }
    for id in &ids[25..30] {
        world.set(*id, json!({"accountEnabled": false})).await;
    }
    for id in &ids[30..33] {
        world.directory.remove_member(&world.by, some, *id).await.expect("removed");
    }
    world.add(some, &ids[90..100]).await;
    for id in &ids[108..] {
        world.directory.delete_user(&world.by, *id).await.expect("deleted");
        world.directory.purge_object(&world.by, ObjectType::User, *id).await.expect("purged");
    }
    let late = world.user("late", json!({})).await;
    world.add(everyone, &[late]).await;
    settle(&world, "movers and leavers").await;

    for id in &ids[25..30] {
        world.set(*id, json!({"accountEnabled": true})).await;
    }
    settle(&world, "returners").await;

    let deleted = world.target.take_recorded().into_iter().filter(|request| request.method == "DELETE");
    let deleted = deleted.map(|request| request.uri).collect();
    world.target.switch(|switches| switches.rule = None);
    world.run().await;
    let requests = world.target.take_recorded();
    let sent = writes(&requests);
    assert!(sent.is_empty(), "nothing is left to do: {sent:?}");
    (state(&world), deleted)
}

/// The end is the same as without faults.
async fn same_end(switches: Switches) {
    let ((expected, _), (found, deleted)) = futures::join!(a_year(Switches::default()), a_year(switches));
    for kind in ["users", "groups"] {
        let lists = (expected[kind].as_array().expect("a list"), found[kind].as_array().expect("a list"));
        for (expected, found) in lists.0.iter().zip(lists.1) {
            assert_eq!(expected, found);
        }
        assert_eq!(lists.0.len(), lists.1.len());
    }
    assert_eq!(deleted.len(), PEOPLE - 108, "{deleted:?}");
}

/// A test for each fault, so that its name tells which one it was.
macro_rules! same_end {
    ($($name:ident: $switches:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            same_end($switches).await;
        })*
    };
}

fn by(rule: Rule) -> Switches {
    Switches { rule: Some(rule), ..Switches::default() }
}

same_end! {
    some_answers_are_errors: by(now_and_then(1, vec![Fault::Refuse(500, None)]));
    some_connections_are_reset: by(now_and_then(2, vec![Fault::HangUp]));
    some_answers_are_lost: by(now_and_then(3, vec![Fault::LoseAnswer]));
    some_requests_are_too_many: by(now_and_then(4, vec![Fault::Refuse(429, Some(0))]));
    a_hundred_members_at_most_413: by(at_most(100, 413));
    a_hundred_members_at_most_400: by(at_most(100, 400));
    a_hundred_requests_a_second: by(a_second(100));
    no_patch: Switches { refuse_patch: true, ..Switches::default() };
    filters_are_refused_400: by(no_filter(400));
    filters_are_refused_501: by(no_filter(501));
    filters_are_ignored: Switches { ignore_filter: true, ..Switches::default() };
    bulk_with_everything_wrong: Switches { bulk: Some(20), ..by(now_and_then(5, errors())) };
    no_bulk_with_everything_wrong: by(now_and_then(6, errors()));
    no_patch_with_everything_wrong: Switches { refuse_patch: true, ..by(now_and_then(7, errors())) };
    no_filter_with_everything_wrong: by(all(vec![no_filter(400), now_and_then(8, errors())]));
    versions_with_everything_wrong: Switches { etags: true, ..by(now_and_then(9, errors())) };
    limits_with_everything_wrong: by(all(vec![at_most(100, 413), a_second(100), now_and_then(10, errors())]));
}

#[tokio::test]
async fn strangers_in_answers_to_a_filter_are_not_linked() {
    for known in [1, 3, 6] {
        let world = World::new(Switches { ignore_filter: true, ..Switches::default() }).await;
        for number in 0..5 {
            let stranger = json!({"userName": format!("stranger{number}@example.com"), "title": "theirs"});
            world.target.plant("Users", stranger);
        }
        for number in 0..known {
            let user = world.user(&format!("user{number}"), json!({"jobTitle": "ours"})).await;
            world.assign(user).await;
        }
        let report = world.run().await;
        assert_eq!((report.counts.created, report.counts.failed), (known, 0), "{report:?}");
        let users = world.target.resources("Users");
        assert_eq!(users.iter().filter(|user| user["title"] == "theirs").count(), 5, "{users:?}");
        let requests = world.target.take_recorded();
        assert!(writes(&requests).iter().all(|request| request.method == "POST"));
    }
}

#[tokio::test]
async fn an_address_that_answers_404_to_everything_drops_no_link() {
    for configured in [true, false] {
        let world = World::new(Switches::default()).await;
        let mut ids = Vec::new();
        for number in 0..12 {
            ids.push(world.user(&format!("user{number}"), json!({})).await);
        }
        let group = world.group("Engineers", &ids).await;
        world.assign(group).await;
        world.run().await;
        let before = state(&world);
        // The document that says what the target can may be left where everything else is gone.
        let nothing = move |request: &Recorded| {
            let answers = configured && request.uri.ends_with("/ServiceProviderConfig");
            (!answers).then_some(Fault::Refuse(404, None))
        };
        world.target.switch(|switches| switches.rule = Some(Rule::new(nothing)));
        for id in &ids[..6] {
            world.set(*id, json!({"jobTitle": "new"})).await;
        }
        world.directory.delete_user(&world.by, ids[11]).await.expect("deleted");
        world.directory.purge_object(&world.by, ObjectType::User, ids[11]).await.expect("purged");
        world.directory.remove_member(&world.by, group, ids[9]).await.expect("removed");
        for _ in 0..2 {
            let report = world.run().await;
            let done = report.counts.updated + report.counts.disabled + report.counts.deleted;
            assert_eq!((done, report.counts.created), (0, 0), "{report:?}");
            let error = if configured {
                // So few failures do not stop the job.
                assert_eq!(report.status, CycleStatus::Completed, "{report:?}");
                world.log(ids[0]).await.pop().and_then(|entry| entry.error_information)
            } else {
                assert_eq!(report.status, CycleStatus::Quarantined, "{report:?}");
                report.error
            };
            let error = error.expect("a reason");
            assert!(error.recommended_action.contains("tenant URL"), "{error:?}");
        }
        assert_eq!(state(&world), before);
        // Where it answers again, every account is still known: nothing is created or searched for.
        world.target.switch(|switches| switches.rule = None);
        world.target.take_recorded();
        let report = world.run().await;
        assert_eq!((report.status, report.counts.failed), (CycleStatus::Completed, 0), "{report:?}");
        let requests = world.target.take_recorded();
        assert!(!requests.iter().any(|request| request.method == "POST" || request.uri.contains("filter=")));
        assert_eq!((world.target.count("Users"), report.counts.deleted), (11, 1), "{report:?}");
        assert_eq!(world.account("user9").expect("there")["active"], json!(false));
        assert_eq!(world.members("Engineers").len(), 10, "{:?}", world.members("Engineers"));
    }
}
