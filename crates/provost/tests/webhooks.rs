//! An application is told of what happens to its users and groups.

mod support;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use serde_json::{Value, json};
use support::{Server, Tenant, wait_until};
use testkit::{Reaction, Received, Receiver};

/// A request of a client of the tenant.
async fn send(tenant: &Tenant, method: Method, path: &str, body: Value) -> Value {
    let request =
        tenant.client.request(method, format!("{}{path}", tenant.base_url)).bearer_auth(&tenant.token);
    let request = request.header("content-type", "application/scim+json").body(body.to_string());
    let response = request.send().await.expect("an answer");
    assert!(response.status().is_success(), "{path}: {}", response.status());
    serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or_default()
}

async fn create(tenant: &Tenant, name: &str) -> String {
    let made = send(tenant, Method::POST, "/Users", json!({"userName": name})).await;
    made["id"].as_str().expect("an id").to_owned()
}

async fn rename(tenant: &Tenant, id: &str, title: &str) {
    let change = json!({"Operations": [{"op": "replace", "path": "title", "value": title}]});
    send(tenant, Method::PATCH, &format!("/Users/{id}"), change).await;
}

/// Whether a request is signed by the secret, as whoever receives it finds out.
fn is_signed(request: &Received, secret: &str) -> bool {
    let key = BASE64.decode(secret.strip_prefix("whsec_").expect("the prefix")).expect("base64");
    let (id, time) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", &request.body].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed);
    let wanted = format!("v1,{}", BASE64.encode(tag));
    request.header("webhook-signature").split(' ').any(|signature| signature == wanted)
}

fn types(received: &[Received]) -> Vec<String> {
    received.iter().map(|request| request.json()["type"].as_str().expect("a type").to_owned()).collect()
}

fn list(server: &Server) -> Value {
    server.ok(&["tenant", "webhook", "list", "contoso"])["value"][0].clone()
}

fn deliveries(server: &Server, url: &str) -> Vec<Value> {
    let found = server.ok(&["tenant", "webhook", "deliveries", "contoso", url]);
    found["value"].as_array().cloned().expect("a list")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_in_order_and_signed() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    create(&tenant, "before").await;
    let receiver = Receiver::start().await;
    let url = receiver.url("/hooks?key=1");
    let made = server.ok(&["tenant", "webhook", "add", "contoso", &url, "--description", "The app"]);
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(made["events"], json!([]));

    let ada = create(&tenant, "ada").await;
    rename(&tenant, &ada, "Countess").await;
    let group = json!({"displayName": "G", "members": [{"value": ada}]});
    let group = send(&tenant, Method::POST, "/Groups", group).await["id"].as_str().expect("an id").to_owned();
    send(&tenant, Method::DELETE, &format!("/Users/{ada}"), Value::Null).await;
    send(&tenant, Method::DELETE, &format!("/Groups/{group}"), Value::Null).await;
    wait_until("all is told", async || receiver.received().len() >= 6).await;

    let received = receiver.received();
    assert!(received.iter().all(|request| is_signed(request, &secret)));
    assert!(received.iter().all(|request| request.line == "POST /hooks?key=1 HTTP/1.1"));
    let of = |id: &str| -> Vec<String> {
        let about = received.iter().filter(|request| request.json()["data"]["id"] == id).cloned();
        types(&about.collect::<Vec<_>>())
    };
    assert_eq!(of(&ada), ["user.created", "user.updated", "user.deleted"]);
    assert_eq!(of(&group), ["group.created", "group.updated", "group.deleted"]);
    let ids: BTreeSet<&str> = received.iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!(ids.len(), 6, "each event has an identifier of its own");
    let named =
        |kind: &str| received.iter().find(|request| request.json()["type"] == kind).expect("told").json();
    let created = named("group.created");
    assert_eq!(created["data"]["members"]["added"], json!([{"type": "User", "value": ada}]));
    assert_eq!(created["data"]["location"], format!("{}/Groups/{group}", tenant.base_url));
    assert_eq!(created["data"]["tenant"], "contoso");
    assert_eq!(named("group.updated")["data"]["members"]["removed"][0]["value"], *ada);
    assert!(named("user.deleted")["data"].get("resource").is_none());

    // With a resource, of chosen types alone, and without one.
    server.ok(&["tenant", "webhook", "set", "contoso", &url, "--event", "user.created"]);
    let bob = create(&tenant, "bob").await;
    rename(&tenant, &bob, "x").await;
    let eve = create(&tenant, "eve").await;
    wait_until("both are told", async || receiver.received().len() >= 8).await;
    let received = receiver.received();
    assert_eq!(types(&received[6..]), ["user.created", "user.created"]);
    let about =
        |id: &str| received.iter().find(|request| request.json()["data"]["id"] == *id).expect("told").json();
    assert_eq!(about(&bob)["data"]["resource"]["userName"], "bob");
    assert_eq!(about(&eve)["data"]["resource"]["userName"], "eve");

    // Both secrets sign after a rotation; the test is answered at once.
    let rotated = server.ok(&["tenant", "webhook", "rotate", "contoso", &url]);
    let second = rotated["secret"].as_str().expect("a secret");
    assert_ne!(second, secret);
    receiver.answer(|_| Reaction::Full(202, vec![], "thanks".to_owned()));
    let tested = server.ok(&["tenant", "webhook", "test", "contoso", &url]);
    assert_eq!((&tested["status"], &tested["answer"]), (&json!(202), &json!("thanks")), "{tested}");
    let last = receiver.received().pop().expect("a request");
    assert!(is_signed(&last, &secret) && is_signed(&last, second));
    assert_eq!(last.json()["type"], "webhook.test");
    let third = server.ok(&["tenant", "webhook", "rotate", "contoso", &url, "--overlap", "0s"]);
    server.ok(&["tenant", "webhook", "test", "contoso", &url]);
    let last = receiver.received().pop().expect("a request");
    assert!(!is_signed(&last, &secret) && !is_signed(&last, second));
    assert!(is_signed(&last, third["secret"].as_str().expect("a secret")));

    let kept = deliveries(&server, &url);
    assert_eq!(kept[0]["eventType"], "webhook.test");
    assert_eq!(kept.len(), 10);
    assert!(kept.iter().all(|delivery| delivery["state"] == "delivered"), "{kept:?}");
    let shown = server.table(&["tenant", "webhook", "deliveries", "contoso", &url]);
    assert!(shown.contains("user.deleted") && shown.contains("NEXT TRY"), "{shown}");
    let listed = server.table(&["tenant", "webhook", "list", "contoso"]);
    assert!(listed.contains("working") && listed.contains("user.created"), "{listed}");
    for word in [&secret, second, "whsec_"] {
        assert!(!server.ok(&["tenant", "webhook", "list", "contoso"]).to_string().contains(word));
        assert!(!server.ok(&["tenant", "audits", "contoso"]).to_string().contains(word));
        assert!(!std::fs::read(dir.path().join("provost.db")).is_ok_and(|file| contains(&file, word)));
    }
    let audits = server.ok(&["tenant", "audits", "contoso"]).to_string();
    for word in ["Add webhook", "Update webhook", "Rotate webhook secret"] {
        assert!(audits.contains(word), "{audits}");
    }
    assert!(!audits.contains("key=1"), "a query may have a secret in it");
    server.ok(&["tenant", "webhook", "remove", "contoso", &url]);
    assert_eq!(server.ok(&["tenant", "webhook", "list", "contoso"])["value"], json!([]));
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_sent_again_and_holds_up_nobody_else_also_after_a_crash() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    let (sick, well) = (Receiver::start().await, Receiver::start().await);
    sick.answer(|_| Reaction::Full(500, vec![], "<html>broken\u{1b}</html>".to_owned()));
    for receiver in [&sick, &well] {
        server.ok(&["tenant", "webhook", "add", "contoso", &receiver.url("/"), "--include-resource", "off"]);
    }
    let first = create(&tenant, "first").await;
    rename(&tenant, &first, "x").await;
    let second = create(&tenant, "second").await;
    wait_until("the other one is told", async || well.received().len() == 3).await;
    wait_until("it is tried several times", async || sick.received().len() >= 4).await;
    let tried = types(&sick.received());
    assert!(
        !tried.contains(&"user.updated".to_owned()),
        "no event overtakes an earlier one of its user: {tried:?}"
    );
    let failing = &deliveries(&server, &sick.url("/"))[..];
    let of_first =
        failing.iter().find(|it| it["resourceId"] == *first && it["tries"] != 0).expect("it was tried");
    assert_eq!((&of_first["state"], &of_first["status"]), (&json!("waiting"), &json!(500)), "{of_first}");
    assert_eq!(of_first["answer"], "<html>broken\u{fffd}</html>");
    assert!(
        of_first["nextTry"].is_string() && of_first["error"].as_str().is_some_and(|it| it.contains("500"))
    );
    let shown = server.ok(&["tenant", "webhook", "list", "contoso"])["value"][0].clone();
    assert_eq!((&shown["status"], &shown["waiting"]), (&json!("failing"), &json!(3)), "{shown}");

    server.kill();
    let server = Server::start(dir.path());
    let tenant = tenant.moved_to(&server);
    let third = create(&tenant, "third").await;
    sick.answer(|_| Reaction::Status(200));
    wait_until("all is acknowledged", async || list(&server)["waiting"] == 0 && well.received().len() >= 4)
        .await;
    wait_until("the last one is there", async || {
        sick.received().iter().any(|request| request.json()["data"]["id"] == *third)
    })
    .await;
    let received = sick.received();
    let mut by_id: HashMap<&str, Vec<&Received>> = HashMap::new();
    for request in &received {
        by_id.entry(request.header("webhook-id")).or_default().push(request);
    }
    assert_eq!(by_id.len(), 4, "each event keeps its identifier over tries and crash");
    for tries in by_id.values() {
        let told = |request: &Received| {
            let body = request.json();
            (body["type"].clone(), body["timestamp"].clone(), body["data"]["id"].clone())
        };
        assert!(tries.iter().all(|request| told(request) == told(tries[0])));
    }
    let of_first = received.iter().filter(|request| request.json()["data"]["id"] == *first);
    let order = types(&of_first.cloned().collect::<Vec<_>>());
    assert!(order.is_sorted() && order.last().is_some_and(|it| it == "user.updated"), "{order:?}");
    assert!(well.received().iter().any(|request| request.json()["data"]["id"] == *second));
    assert_eq!(list(&server)["status"], "working");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_can_do_nothing_to_the_server() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    let elsewhere = Receiver::start().await;
    let location = format!("location: {}", elsewhere.url("/"));
    let reactions = [
        Reaction::Silence,
        Reaction::Drip(200),
        Reaction::Drip(500),
        Reaction::Flood(200),
        Reaction::Flood(503),
        Reaction::HangUp,
        Reaction::Full(307, vec![location], String::new()),
    ];
    let mut receivers = Vec::new();
    for reaction in reactions {
        let receiver = Receiver::start().await;
        receiver.answer(move |_| reaction.clone());
        server.ok(&["tenant", "webhook", "add", "contoso", &receiver.url("/")]);
        receivers.push(receiver);
    }
    let well = Receiver::start().await;
    server.ok(&["tenant", "webhook", "add", "contoso", &well.url("/")]);
    let memory = server.memory();
    let begun = std::time::Instant::now();
    for number in 0..200 {
        create(&tenant, &format!("user{number}")).await;
    }
    assert!(begun.elapsed() < Duration::from_mins(1), "nobody waits for an endpoint");
    wait_until("the one that is well has all", async || well.received().len() >= 200).await;
    let flooded = &receivers[3];
    wait_until("a status is an acknowledgement, whatever follows", async || {
        deliveries(&server, &flooded.url("/")).iter().filter(|it| it["state"] == "delivered").count() > 20
    })
    .await;
    let last = |receiver: &Receiver| {
        let found = deliveries(&server, &receiver.url("/"));
        found.into_iter().find(|delivery| delivery["error"].is_string())
    };
    for (receiver, word) in [
        (&receivers[0], "within the time"),
        (&receivers[4], "503"),
        (&receivers[5], "broke"),
        (&receivers[6], "redirect"),
    ] {
        wait_until(word, async || last(receiver).is_some()).await;
        let failed = last(receiver).expect("a failure");
        assert!(failed["error"].as_str().is_some_and(|it| it.contains(word)), "{word}: {failed}");
    }
    wait_until("a slow body does not undo an acknowledgement", async || {
        deliveries(&server, &receivers[1].url("/"))
            .iter()
            .any(|it| it["state"] == "delivered" && it["status"] == 200)
    })
    .await;
    assert_eq!(elsewhere.received().len(), 0, "redirects are not followed");
    if let (Some(before), Some(after)) = (memory, server.memory()) {
        assert!(after < before + (100 << 20), "{before} bytes, then {after}");
    }
    assert!(server.runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_is_left_alone_and_goes_on_where_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    let receiver = Receiver::start().await;
    let url = receiver.url("/");
    server.ok(&["tenant", "webhook", "add", "contoso", &url]);
    receiver.answer(|_| Reaction::Status(410));
    let first = create(&tenant, "first").await;
    wait_until("it is disabled", async || list(&server)["enabled"] == false).await;
    let shown = list(&server);
    assert!(shown["disabledReason"].as_str().is_some_and(|it| it.contains("410 Gone")), "{shown}");
    assert_eq!(shown["status"], "disabled");
    let audits = server.ok(&["tenant", "audits", "contoso"]);
    assert_eq!(audits["value"][0]["activityDisplayName"], "Disable webhook");
    let asked = receiver.received().len();
    let second = create(&tenant, "second").await;
    // A test is sent all the same.
    let (tested, status) = server.run(&["tenant", "webhook", "test", "contoso", &url]);
    assert_eq!((status, &tested["state"]), (1, &json!("failed")), "{tested}");
    assert_eq!(receiver.received().len(), asked + 1);

    receiver.answer(|_| Reaction::Status(204));
    server.ok(&["tenant", "webhook", "set", "contoso", &url, "--enabled", "on"]);
    wait_until("what happened meanwhile is told", async || {
        let told = receiver.received();
        [&first, &second]
            .iter()
            .all(|id| told.iter().skip(asked + 1).any(|it| it.json()["data"]["id"] == ***id))
    })
    .await;
    assert!(list(&server)["disabledReason"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_asks_for_time_gets_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    let receiver = Receiver::start().await;
    server.ok(&["tenant", "webhook", "add", "contoso", &receiver.url("/")]);
    let mut asked = false;
    let at = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
    let noted = std::sync::Arc::clone(&at);
    receiver.answer(move |_| {
        noted.lock().push(std::time::Instant::now());
        if std::mem::replace(&mut asked, true) {
            return Reaction::Status(200);
        }
        Reaction::Full(429, vec!["retry-after: 4".to_owned()], String::new())
    });
    create(&tenant, "a").await;
    wait_until("it was asked once", async || !at.lock().is_empty()).await;
    create(&tenant, "b").await;
    wait_until("both are told", async || at.lock().len() == 3).await;
    let at = at.lock();
    assert!(at[1] - at[0] >= Duration::from_secs(4), "also another event waits: {:?}", at[1] - at[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_sent_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    let receiver = Receiver::start().await;
    let url = receiver.url("/");
    server.ok(&["tenant", "webhook", "add", "contoso", &url]);
    let replay = |arguments: &[&str]| {
        server.run(&[&["tenant", "webhook", "replay", "contoso", &url], arguments].concat())
    };
    let changes = async || {
        let request = tenant.client.get(format!("{}/changes", tenant.base_url)).bearer_auth(&tenant.token);
        let body = request.send().await.expect("an answer").bytes().await.expect("a body");
        serde_json::from_slice::<Value>(&body).expect("JSON")["position"]
            .as_str()
            .expect("a position")
            .to_owned()
    };
    let first = create(&tenant, "first").await;
    let middle = changes().await;
    let second = create(&tenant, "second").await;
    wait_until("both are told", async || receiver.received().len() == 2).await;
    wait_until("both are acknowledged", async || list(&server)["waiting"] == 0).await;

    assert_eq!(replay(&["--from", "1h"]).1, 0);
    wait_until("both are told again", async || receiver.received().len() == 4).await;
    assert_eq!(replay(&["--position", &middle]).1, 0);
    wait_until("the second is told again", async || receiver.received().len() == 5).await;
    let ids: Vec<String> = receiver
        .received()
        .iter()
        .map(|request| request.json()["data"]["id"].as_str().expect("an id").to_owned())
        .collect();
    // Of two users there is no order.
    assert_eq!(BTreeSet::from_iter(&ids[2..4]), BTreeSet::from_iter([&first, &second]));
    assert_eq!(ids[4], second);
    let known: BTreeSet<String> =
        receiver.received().iter().map(|request| request.header("webhook-id").to_owned()).collect();
    assert_eq!(known.len(), 5, "what is replayed has new identifiers");

    wait_until("all is acknowledged", async || list(&server)["waiting"] == 0).await;
    let delivery = deliveries(&server, &url).pop().expect("the first one");
    let (again, status) = replay(&["--delivery", delivery["id"].as_str().expect("an id")]);
    assert_eq!((status, &again["webhookId"]), (0, &delivery["webhookId"]));
    wait_until("one is told again", async || receiver.received().len() == 6).await;
    let last = receiver.received().pop().expect("a request");
    assert_eq!((last.header("webhook-id"), &last.json()["data"]["id"]), (&*ids_of(&delivery), &json!(first)));

    // What waits is left out by going on from now.
    receiver.answer(|_| Reaction::Status(500));
    create(&tenant, "third").await;
    wait_until("it fails", async || list(&server)["status"] == "failing").await;
    assert_eq!(replay(&["--from", "now"]).1, 0);
    assert_eq!(list(&server)["waiting"], 0);
    assert_eq!(deliveries(&server, &url)[0]["state"], "skipped");
    receiver.answer(|_| Reaction::Status(200));
    let told = receiver.received().len();
    let fourth = create(&tenant, "fourth").await;
    wait_until("it goes on", async || {
        receiver.received().iter().skip(told).any(|it| it.json()["data"]["id"] == *fourth)
    })
    .await;

    for (arguments, code) in [
        (&["--position", "AAAA"][..], "Request_BadRequest"),
        (&["--delivery", "00000000-0000-0000-0000-000000000000"], "Request_ResourceNotFound"),
    ] {
        let (refused, status) = replay(arguments);
        assert_eq!((status, &refused["error"]["code"]), (1, &json!(code)), "{refused}");
        assert!(refused["error"]["hint"].is_string());
    }
    assert_eq!(replay(&[]).1, 2);
    assert_eq!(replay(&["--from", "soon"]).1, 2);
}

fn ids_of(delivery: &Value) -> String {
    delivery["webhookId"].as_str().expect("an id").to_owned()
}
