//! Pages while others write, against a model; many writers of one resource.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Server, encoded, values};

/// What happens between two pages.
#[derive(Clone, Debug)]
enum Step {
    Create(u8),
    Delete(usize),
    Rename(usize),
}

/// A query, whether users may be renamed while it is read, and which kinds of users it finds.
type Asked = (&'static str, &'static str, bool, fn(u8) -> bool);

const ALL: fn(u8) -> bool = |_| true;
const EVEN: fn(u8) -> bool = |kind| kind.is_multiple_of(2);

const QUERIES: [Asked; 14] = [
    ("", "", true, ALL),
    ("", "&sortBy=userName", false, ALL),
    ("", "&sortBy=userName&sortOrder=descending", false, ALL),
    ("", "&sortBy=meta.created&sortOrder=descending", true, ALL),
    ("", "&sortBy=title", true, ALL),
    ("", "&sortBy=title&sortOrder=descending", true, ALL),
    ("title eq \"even\"", "", true, EVEN),
    ("title eq \"even\"", "&sortBy=userName&sortOrder=descending", false, EVEN),
    ("displayName eq \"EVEN\"", "", true, EVEN),
    ("displayName sw \"ev\"", "&sortBy=userName", false, EVEN),
    ("emails.value sw \"even\"", "", true, EVEN),
    ("userName sw \"u\" and title pr", "", true, ALL),
    ("displayName eq \"even\" or externalId eq \"x\"", "", true, EVEN),
    ("title eq \"even\" or displayName eq \"even\"", "&sortBy=title", true, EVEN),
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<u8>().prop_map(Step::Create),
        any::<usize>().prop_map(Step::Delete),
        any::<usize>().prop_map(Step::Rename),
    ]
}

struct Model<'s> {
    server: &'s Server,
    /// Who is there, of which kind.
    users: Vec<(String, u8)>,
    made: usize,
}

impl Model<'_> {
    async fn create(&mut self, kind: u8) {
        // Names in no order of creation.
        let name = format!("u{:03}-{}", (self.made * 37) % 101, self.made);
        self.made += 1;
        let title = if EVEN(kind) { "even" } else { "odd" };
        let body = json!({"userName": name, "title": title, "displayName": title, "emails": [
            {"value": format!("{title}1@x")}, {"value": format!("{title}2@x")}]});
        let reply = self.server.post("/Users", &body).await;
        reply.expect(201);
        self.users.push((reply.id(), kind));
    }

    async fn take(&mut self, step: Step, renames: bool) {
        let place = |number: usize| number % self.users.len().max(1);
        match step {
            Step::Create(kind) => self.create(kind).await,
            Step::Delete(number) if !self.users.is_empty() => {
                let (id, _) = self.users.remove(place(number));
                self.server.delete(&format!("/Users/{id}")).await.expect(204);
            }
            Step::Rename(number) if renames && !self.users.is_empty() => {
                let (id, _) = &self.users[place(number)];
                self.made += 1;
                let name = format!("u{:03}-{}", (self.made * 53) % 101, self.made);
                let operations = json!([{"op": "replace", "path": "userName", "value": name}]);
                self.server.patch(&format!("/Users/{id}"), &operations).await.expect(200);
            }
            _ => {}
        }
    }

    fn matching(&self, finds: fn(u8) -> bool) -> BTreeSet<String> {
        self.users.iter().filter(|(_, kind)| finds(*kind)).map(|(id, _)| id.clone()).collect()
    }
}

async fn read(
    server: &Server,
    kinds: Vec<u8>,
    query: usize,
    count: usize,
    by_cursor: bool,
    steps: Vec<Step>,
) {
    let (filter, order, renames, finds) = QUERIES[query];
    let mut model = Model { server, users: Vec::new(), made: 0 };
    for kind in kinds {
        model.create(kind).await;
    }
    let mut steps = steps.into_iter();
    let mut stayed = model.matching(finds);
    let mut read = Vec::new();
    let filter = if filter.is_empty() { String::new() } else { format!("&filter={}", encoded(filter)) };
    let mut place = if by_cursor { "cursor=".to_owned() } else { "startIndex=1".to_owned() };
    loop {
        let page = server.get(&format!("/Users?{place}&count={count}{filter}{order}")).await.expect(200);
        if let Some(total) = page["totalResults"].as_u64() {
            assert_total(total, model.matching(finds).len(), &page);
        }
        let ids = values(&page["Resources"], "id");
        assert!(ids.len() <= count);
        let ended = ids.is_empty();
        read.extend(ids);
        if by_cursor {
            let Some(next) = page["nextCursor"].as_str() else { break };
            place = format!("cursor={next}");
        } else if ended {
            break;
        } else {
            place = format!("startIndex={}", read.len() + 1);
        }
        for step in steps.by_ref().take(2) {
            model.take(step, renames).await;
        }
        stayed = stayed.intersection(&model.matching(finds)).cloned().collect();
    }
    let unique: BTreeSet<String> = read.iter().cloned().collect();
    assert_eq!(unique.len(), read.len(), "repeats nothing: {filter}{order}");
    let lost: Vec<_> = stayed.difference(&unique).collect();
    assert!(lost.is_empty(), "loses nothing: {filter}{order}: {lost:?}");
}

/// Nobody writes while a page is read, so that each tells how many match just then.
fn assert_total(total: u64, expected: usize, page: &Value) {
    assert_eq!(total, expected as u64, "{page}");
}

fn check(cases: u32, by_cursor: bool, server: impl AsyncFn() -> Server) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // In an order that is made anew for each page, places by number shift: cursors are for that.
    let queries: Vec<usize> =
        (0..QUERIES.len()).filter(|query| by_cursor || QUERIES[*query].1.is_empty()).collect();
    let given = (
        proptest::collection::vec(any::<u8>(), 0..24),
        proptest::sample::select(queries),
        1..6_usize,
        proptest::collection::vec(step(), 0..16),
    );
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&given, |(kinds, query, count, steps)| {
        runtime.block_on(async { read(&server().await, kinds, query, count, by_cursor, steps).await });
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn whatever_is_written_meanwhile_cursors_neither_lose_nor_repeat() {
    check(150, true, Server::unruly);
}

#[test]
fn whatever_is_written_meanwhile_cursors_neither_lose_nor_repeat_on_disk() {
    check(12, true, Server::on_disk);
}

#[test]
fn whatever_is_written_meanwhile_reading_on_by_start_index_loses_nothing() {
    check(100, false, Server::unruly);
}

#[test]
fn whatever_is_written_meanwhile_reading_on_by_start_index_loses_nothing_on_disk() {
    check(8, false, Server::on_disk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writers_of_one_user_none_is_lost() {
    for server in [Server::unruly().await, Server::on_disk().await] {
        let id = server.user("busy").await;
        let path = format!("/Users/{id}");
        let add = async |number: usize| {
            let email = json!([{"op": "add", "path": "emails", "value": [{"value": format!("{number}@x")}]}]);
            server.patch(&path, &email).await.expect(200);
        };
        futures::future::join_all((0..50).map(add)).await;
        let user = server.get(&path).await.expect(200);
        let found: BTreeSet<String> = values(&user["emails"], "value").into_iter().collect();
        assert_eq!(found, (0..50).map(|number| format!("{number}@x")).collect());
        // By PUT of what was read, which has to say so.
        let count = async |_| {
            loop {
                let user = server.get(&path).await;
                let mut body = user.json();
                let before: u32 = body["nickName"].as_str().unwrap_or("0").parse().expect("a number");
                body["nickName"] = (before + 1).to_string().into();
                let guard = [("if-match", user.header("etag"))];
                match server.send("PUT", &path, &guard, body.to_string()).await.status.as_u16() {
                    200 => break,
                    status => assert_eq!(status, 412),
                }
            }
        };
        futures::future::join_all((0..10).map(count)).await;
        assert_eq!(server.get(&path).await.expect(200)["nickName"], "10");
    }
}

#[tokio::test]
async fn a_rare_match_is_found_at_full_pace_and_the_cursor_is_exact() {
    let server = Server::new().await;
    let mut rare = Vec::new();
    for number in 0..900 {
        let title = if number % 300 == 299 { "rare" } else { "usual" };
        let user = json!({"userName": format!("user{number}"), "title": title});
        let reply = server.post("/Users", &user).await;
        if title == "rare" {
            rare.push(reply.id());
        }
    }
    let mut cursor = String::new();
    let mut found = Vec::new();
    loop {
        let path = format!("/Users?cursor={cursor}&count=1&filter={}", encoded("title eq \"rare\""));
        let page = server.get(&path).await.expect(200);
        found.extend(values(&page["Resources"], "id"));
        let Some(next) = page["nextCursor"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(found, rare);
}

#[tokio::test]
async fn a_beginning_is_looked_up_and_more_than_may_be_looked_at_is_read_by_cursor() {
    let limits = scim_server::Limits { work: 200, ..scim_server::Limits::default() };
    let server = Server::with(limits).await;
    for number in 0..500 {
        let user = json!({"userName": format!("user{number:03}"), "displayName": "Same"});
        server.post("/Users", &user).await.expect(201);
    }
    let total = async |filter: &str| {
        let page = server.get(&format!("/Users?count=3&filter={}", encoded(filter))).await;
        if page.status == 200 {
            page.json()["totalResults"].clone()
        } else {
            page.refused(400, "tooMany").into()
        }
    };
    assert_eq!(total("userName sw \"USER01\"").await, 10);
    assert_eq!(total("userName sw \"user1\" and displayName eq \"same\"").await, Value::from(100));
    assert!(total("displayName eq \"same\"").await.is_string());
    for filter in ["displayName eq \"same\"", "displayName sw \"sa\"", "displayName co \"am\""] {
        let mut cursor = String::new();
        let mut found = BTreeSet::new();
        loop {
            let path = format!("/Users?cursor={cursor}&count=150&filter={}", encoded(filter));
            let page = server.get(&path).await.expect(200);
            for id in values(&page["Resources"], "id") {
                assert!(found.insert(id), "{filter} repeats nothing");
            }
            let Some(next) = page["nextCursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(found.len(), 500, "{filter}");
    }
}

#[tokio::test]
async fn all_types_are_read_by_cursor() {
    let server = Server::new().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(server.user(&format!("user{number}")).await);
    }
    for number in 0..4 {
        ids.push(server.group(&format!("group{number}"), &[]).await);
    }
    for count in [1, 2, 5, 9] {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = server.post("/.search", &json!({"cursor": cursor, "count": count})).await.expect(200);
            assert_eq!(page["totalResults"], 9);
            found.extend(values(&page["Resources"], "id"));
            let Some(next) = page["nextCursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(found, ids, "pages of {count}");
    }
}

#[tokio::test]
async fn an_id_is_exact_by_whatever_way_it_comes_in() {
    let server = Server::new().await;
    let id = loop {
        let id = server.user(&format!("user{}", server.get("/Users").await.json()["totalResults"])).await;
        if id.to_uppercase() != id {
            break id;
        }
    };
    let other = id.to_uppercase();
    assert!(server.get(&format!("/Users/{other}")).await.refused(404, "").contains(&id));
    server.delete(&format!("/Users/{other}")).await.refused(404, "");
    let found = server.get(&format!("/Users?filter={}", encoded(&format!("id eq \"{other}\"")))).await;
    assert_eq!(found.expect(200)["totalResults"], 0);
    let group = json!({"displayName": "g", "members": [{"value": other}]});
    server.post("/Groups", &group).await.refused(400, "invalidValue");
}
