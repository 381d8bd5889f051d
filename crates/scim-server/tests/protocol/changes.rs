//! The change feed, as the application behind the service provider follows it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tenant::{NewToken, Scope};

use crate::support::{Server, by};

/// One page of the feed.
async fn page(server: &Server, query: &str) -> Value {
    server.get(&format!("/changes?{query}")).await.expect(200)
}

/// Everything after a position, in pages of that size, and the position after it.
async fn follow(server: &Server, mut after: String, count: usize) -> (Vec<Value>, String) {
    let mut all = Vec::new();
    loop {
        let page = page(server, &format!("after={after}&count={count}")).await;
        let changes = page["changes"].as_array().expect("a list");
        assert!(changes.len() <= count);
        all.extend(changes.iter().cloned());
        after = position(&page);
        if page["more"] == false {
            return (all, after);
        }
    }
}

fn position(page: &Value) -> String {
    page["position"].as_str().expect("a position").to_owned()
}

/// What happened to which resource.
fn what(changes: &[Value]) -> Vec<(&str, &str)> {
    assert!(changes.iter().all(|change| change["at"].is_string() && change["location"].is_string()));
    changes
        .iter()
        .map(|it| (it["change"].as_str().expect("text"), it["id"].as_str().expect("an id")))
        .collect()
}

#[tokio::test]
async fn what_happened_is_told_in_order_with_members_and_deletions() {
    let server = Server::new().await;
    let empty = page(&server, "").await;
    assert_eq!((&empty["changes"], &empty["more"]), (&json!([]), &json!(false)));
    let ada = server.user("ada").await;
    let group = server.group("Staff", &[&ada]).await;
    let replace = json!([{"op": "replace", "path": "title", "value": "Countess"}]);
    server.patch(&format!("/Users/{ada}"), &replace).await.expect(200);
    server.patch(&format!("/Users/{ada}"), &replace).await.expect(200);
    server.delete(&format!("/Users/{ada}")).await.expect(204);
    let expected = [
        ("created", &*ada),
        ("created", &group),
        ("memberAdded", &group),
        ("changed", &ada),
        ("memberRemoved", &group),
        ("deleted", &ada),
    ];
    for count in [1, 2, 100] {
        let (all, end) = follow(&server, String::new(), count).await;
        assert_eq!(what(&all), expected, "in pages of {count}");
        assert_eq!(all[0]["resourceType"], "User");
        assert_eq!(
            all[0]["location"],
            format!("http://localhost:8080/tenants/contoso/api/scim/v2/Users/{ada}")
        );
        assert_eq!(all[2]["resourceType"], "Group");
        assert_eq!(all[2]["member"]["value"], *ada);
        assert_eq!(all[4]["member"]["type"], "User");
        // Who has read everything goes on with what happens next.
        assert_eq!(page(&server, &format!("after={end}")).await["changes"], json!([]));
    }
    let now = position(&page(&server, "after=now").await);
    let bob = server.user("bob").await;
    assert_eq!(what(&follow(&server, now, 9).await.0), [("created", &*bob)]);
}

#[tokio::test]
async fn resources_come_with_their_last_change_when_asked_for() {
    let server = Server::new().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let group = server.group("Staff", &[&ada, &bob]).await;
    server.put(&format!("/Users/{ada}"), &json!({"userName": "ada", "title": "Countess"})).await.expect(200);
    server.delete(&format!("/Users/{bob}")).await.expect(204);
    assert!(page(&server, "").await["changes"][0].get("resource").is_none());
    let shown = page(&server, "include=resource").await;
    let with: Vec<&Value> =
        shown["changes"].as_array().unwrap().iter().filter(|it| it.get("resource").is_some()).collect();
    let [changed, removed] = with[..] else { panic!("one of each resource that is there, not {shown:#}") };
    assert_eq!((&changed["change"], &changed["id"]), (&json!("changed"), &json!(ada)));
    assert_eq!(changed["resource"], server.get(&format!("/Users/{ada}")).await.expect(200));
    assert_eq!(changed["resource"]["groups"][0]["value"], *group);
    assert_eq!((&removed["change"], &removed["id"]), (&json!("memberRemoved"), &json!(group)));
    assert_eq!(removed["resource"]["displayName"], "Staff");
    assert!(removed["resource"].get("members").is_none(), "members come one by one");
}

#[tokio::test]
async fn a_page_of_large_resources_ends_early_and_the_feed_is_whole() {
    let limits = scim_server::Limits { page_bytes: 20_000, ..scim_server::Limits::default() };
    let server = Server::with(limits).await;
    for n in 0..120 {
        let user = json!({"userName": format!("u{n}"), "title": "x".repeat(2000)});
        server.post("/Users", &user).await.expect(201);
    }
    let first = page(&server, "include=resource&count=1000").await;
    assert_eq!(first["more"], true);
    let first_count = first["changes"].as_array().unwrap().len();
    assert!(first_count < 120, "{first_count}");
    let (rest, _) = follow(&server, position(&first), 1000).await;
    assert_eq!(first_count + rest.len(), 120);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_while_others_write_out_of_order() {
    let server = Server::unruly().await;
    let writers = async {
        let one = async |n: usize| {
            let mut ids = Vec::new();
            for m in 0..15 {
                let id = server.user(&format!("u{n}-{m}")).await;
                if m % 3 == 0 {
                    server.delete(&format!("/Users/{id}")).await.expect(204);
                }
                ids.push((id, m % 3 == 0));
            }
            ids
        };
        let ids: Vec<_> = futures::future::join_all((0..8).map(one)).await.into_iter().flatten().collect();
        server.user("the last").await;
        ids
    };
    let reader = async {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = page(&server, &format!("after={after}&count=3&include=resource&wait=PT5S")).await;
            after = position(&page);
            seen.extend(page["changes"].as_array().unwrap().iter().cloned());
            if seen.last().is_some_and(|last: &Value| last["resource"]["userName"] == "the last") {
                return seen;
            }
        }
    };
    let (ids, seen) = tokio::join!(writers, reader);
    let mut created = BTreeMap::new();
    let mut deleted = BTreeSet::new();
    for (at, (change, id)) in what(&seen).into_iter().enumerate() {
        match change {
            "created" => assert!(created.insert(id.to_owned(), at).is_none(), "{id} twice"),
            "deleted" => assert!(created.contains_key(id) && deleted.insert(id.to_owned())),
            other => panic!("{other}"),
        }
    }
    assert_eq!(created.len(), ids.len() + 1);
    for (id, gone) in &ids {
        assert!(created.contains_key(id));
        assert_eq!(deleted.contains(id), *gone);
    }
    assert_eq!(follow(&server, String::new(), 1000).await.0.len(), seen.len());
}

#[tokio::test]
async fn an_expired_position_says_to_read_everything_anew() {
    let server = Server::new().await;
    server.user("old").await;
    let old = position(&page(&server, "count=1").await);
    server.user("older than the feed").await;
    server.clock.advance(SignedDuration::from_hours(29 * 24));
    assert_eq!(server.service.prune_changes().await.expect("pruning"), 0);
    server.user("recent").await;
    let end = position(&page(&server, "after=now").await);
    server.clock.advance(SignedDuration::from_hours(2 * 24));
    assert_eq!(server.service.prune_changes().await.expect("pruning"), 2);
    for after in ["", &format!("after={old}")] {
        let detail = server.get(&format!("/changes?{after}")).await.refused(410, "expiredCursor");
        assert!(detail.contains("after=now") && detail.contains("anew"), "{detail}");
    }
    assert_eq!(page(&server, &format!("after={end}")).await["changes"], json!([]));
    // The position after the last change that went still holds.
    let rest = server.user("later").await;
    let (all, _) = follow(&server, end, 10).await;
    assert_eq!(what(&all), [("created", &*rest)]);
}

#[tokio::test]
async fn hostile_positions_are_refused_and_those_of_others_too() {
    let server = Server::new().await;
    server.user("ada").await;
    let own = BASE64.decode(position(&page(&server, "").await)).expect("base64url");
    let other = server.tenants.create("fabrikam", &by()).await.expect("a tenant");
    let with = |head: &[u8], tail: &[u8]| BASE64.encode([head, tail].concat());
    let (id, tail) = own.split_at(16);
    for cursor in [
        "x".to_owned(),
        "%00".to_owned(),
        "%22%3E".to_owned(),
        BASE64.encode(tail),
        with(other.id.as_bytes(), tail),
        with(id, b"\x01"),
        with(id, &[0xff; 8]),
        with(id, &[0x80, 0, 0, 0, 0, 0, 0, 0]),
        with(id, &[1; 64]),
        "A".repeat(4000),
    ] {
        let reply = server.get(&format!("/changes?after={cursor}")).await;
        assert!(matches!(reply.status.as_u16(), 400 | 410), "{cursor}: {}", reply.text);
        reply.refused(
            reply.status.as_u16(),
            if reply.status == 410 { "expiredCursor" } else { "invalidCursor" },
        );
    }
    let foreign = with(other.id.as_bytes(), tail);
    server.get(&format!("/changes?after={foreign}")).await.refused(400, "invalidCursor");
    for query in ["count=x", "wait=20", "wait=-PT1S", "include=everything", "after=now&after=x"] {
        server.get(&format!("/changes?{query}")).await.refused(400, "invalidValue");
    }
    for query in ["count=-1", "count=0", "count=99999999", "after=", "include=", "unknown=1", "wait=PT0S"] {
        page(&server, query).await;
    }
    assert_eq!(page(&server, "count=0").await["more"], true);
}

#[tokio::test]
async fn a_read_only_token_follows_and_nothing_else_is_answered() {
    let server = Server::new().await;
    server.user("ada").await;
    for method in ["HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        let reply = server.send(method, "/changes", &[], "").await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET"), "{method}");
    }
    server.get("/changes/x").await.refused(404, "");
    let new = NewToken { scope: Scope::ReadOnly, ..NewToken::default() };
    let issued = server.tenants.create_token(server.tenant.id, new, &by()).await.expect("a token");
    let reader = Server { token: issued.secret, ..server };
    assert_eq!(page(&reader, "").await["changes"][0]["change"], "created");
    let stranger = Server { token: "x".to_owned(), ..reader };
    stranger.get("/changes").await.refused(401, "");
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_a_change_its_time_or_the_server() {
    let server = Server::new().await;
    let start = tokio::time::Instant::now();
    assert_eq!(page(&server, "wait=PT20S").await["changes"], json!([]));
    assert_eq!(start.elapsed().as_secs(), 20);
    // A change that is there already is not waited for, one that comes ends the wait.
    let waiting = async {
        let answer = page(&server, "after=now&wait=PT20S").await;
        (answer, tokio::time::Instant::now())
    };
    let writing = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        server.user("ada").await;
        tokio::time::Instant::now()
    };
    let ((answer, answered), written) = tokio::join!(waiting, writing);
    assert_eq!(answer["changes"][0]["change"], "created");
    assert!(answered - written <= Duration::from_millis(100), "{:?}", answered - written);
    let start = tokio::time::Instant::now();
    assert_eq!(page(&server, "wait=PT20S").await["changes"].as_array().unwrap().len(), 1);
    assert!(start.elapsed().is_zero());
    // More than a tenant may have are told so, and the end of the server ends all of them.
    let start = tokio::time::Instant::now();
    let waits = futures::future::join_all((0..33).map(|_| server.get("/changes?after=now&wait=PT50S")));
    let ending = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        server.service.end_waits();
    };
    let (replies, ()) = tokio::join!(waits, ending);
    let (ok, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!((ok.len(), refused.len()), (32, 1));
    refused[0].refused(429, "");
    assert!(start.elapsed() < Duration::from_secs(4));
    page(&server, "after=now&wait=PT50S").await;
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn who_waits_with_a_token_that_is_revoked_meanwhile_learns_nothing() {
    let server = Server::new().await;
    let issued =
        server.tenants.create_token(server.tenant.id, NewToken::default(), &by()).await.expect("a token");
    let authorization = format!("Bearer {}", issued.secret);
    let waiting = async {
        let request = axum::http::Request::builder()
            .uri("/tenants/contoso/api/scim/v2/changes?after=now&wait=PT20S")
            .header("authorization", &authorization)
            .body(axum::body::Body::empty());
        server.raw(request.expect("a request")).await
    };
    let others = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        server.tenants.revoke_token(issued.token.id, &by()).await.expect("a revocation");
        server.user("ada").await;
    };
    let (reply, ()) = tokio::join!(waiting, others);
    reply.refused(401, "");
    let off = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        server.tenants.update(server.tenant.id, &by(), |it| it.scim_for_authentication = false).await
    };
    let (reply, updated) = tokio::join!(server.get("/changes?after=now&wait=PT20S"), off);
    updated.expect("an update");
    reply.refused(403, "");
}
