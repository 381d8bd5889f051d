//! What an administrator configures of a tenant, by commands and over HTTP, and what its clients then meet.

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use support::{Server, Tenant, wait_until};

const URN: &str = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";

/// A call of the administration API.
async fn admin(server: &Server, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let token = server.admin_token();
    let request =
        reqwest::Client::new().request(method, format!("{}/provost/v1/tenants/contoso{path}", server.url));
    let request = request.bearer_auth(token).body(body.map(Value::to_string).unwrap_or_default());
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or_default())
}

/// A request of a client of the tenant, with a token.
async fn client(tenant: &Tenant, token: &str, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = tenant.client.request(method, format!("{}{path}", tenant.base_url)).bearer_auth(token);
    let request = request.header("content-type", "application/scim+json").body(body.to_string());
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_defines_changes_and_deletes_a_schema() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let tenant = Tenant::create(&server);
    let file = dir.path().join("schema.json");
    let set = |schema: &Value| {
        std::fs::write(&file, schema.to_string()).expect("the file can be written");
        server.run(&["tenant", "schema", "set", "contoso", file.to_str().expect("ASCII")])
    };
    let schema = |badge: Value| {
        json!({"id": URN, "name": "Contoso", "attributes": [badge, {"name": "pin",
        "mutability": "writeOnly", "returned": "never"}]})
    };
    let plain = schema(json!({"name": "badge", "type": "string"}));
    let (shown, status) = set(&plain);
    assert_eq!(
        (status, &shown["state"], &shown["resourceType"]),
        (0, &json!("ready"), &json!("User")),
        "{shown}"
    );
    let (listed, _) = server.run(&["tenant", "schema", "list", "contoso"]);
    assert_eq!(listed["value"], json!([shown]));
    assert_eq!(server.ok(&["tenant", "schema", "show", "contoso", URN]), shown);
    let table = server.table(&["tenant", "schema", "show", "contoso", URN]);
    assert!(table.contains("UNIQUENESS") && table.contains("writeOnly"), "{table}");
    // What is shown can be set again.
    assert_eq!(set(&shown), (shown.clone(), 0));

    // The URN is taken for POST, and PUT replaces.
    assert_eq!(admin(&server, Method::POST, "/schemas", Some(&plain)).await.0, 409);
    let address = format!("/schemas/{URN}");
    assert_eq!(admin(&server, Method::PUT, &address, Some(&plain)).await, (200, shown));
    let (status, refused) = admin(&server, Method::PUT, "/schemas/urn:a:b", Some(&plain)).await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("Request_BadRequest")));

    let create = async |name: &str, badge: &str| {
        let body = json!({"userName": name, URN: {"badge": badge, "pin": "1234"}});
        client(&tenant, &tenant.token, Method::POST, "/Users", &body).await
    };
    let (_, first) = create("ada", "7").await;
    let (_, second) = create("bob", "7").await;
    assert!(first[URN] == json!({"badge": "7"}), "{first}");
    let unique = schema(json!({"name": "badge", "type": "string", "uniqueness": "server"}));
    let (refused, status) = set(&unique);
    let words = refused["error"]["message"].as_str().expect("words");
    assert_eq!((status, &refused["error"]["code"]), (1, &json!("Request_Conflict")), "{refused}");
    for user in [&first, &second] {
        assert!(words.contains(user["id"].as_str().expect("an id")), "{words}");
    }
    let path = format!("/Users/{}", second["id"].as_str().expect("an id"));
    let change = json!({"Operations": [{"op": "replace", "path": format!("{URN}:badge"), "value": "8"}]});
    assert_eq!(client(&tenant, &tenant.token, Method::PATCH, &path, &change).await.0, 200);
    assert_eq!(set(&unique).1, 0);
    let (status, taken) = create("eve", "8").await;
    assert_eq!((status, &taken["scimType"]), (409, &json!("uniqueness")), "{taken}");
    let filter = format!("/Users?filter={URN}:badge%20eq%20%228%22");
    let (_, found) = client(&tenant, &tenant.token, Method::GET, &filter, &Value::Null).await;
    assert_eq!(found["Resources"][0]["userName"], "bob", "{found}");
    // All of it is there after a crash, the index too.
    let url = server.url.clone();
    server.kill();
    let server = Server::start(&dir.path().join("data"));
    assert_ne!(url, server.url);
    let tenant = tenant.moved_to(&server);
    let body = json!({"userName": "eve", URN: {"badge": "8"}});
    assert_eq!(client(&tenant, &tenant.token, Method::POST, "/Users", &body).await.0, 409);
    let (_, found) = client(&tenant, &tenant.token, Method::GET, &filter, &Value::Null).await;
    assert_eq!(found["totalResults"], 1, "{found}");

    server.ok(&["tenant", "schema", "delete", "contoso", URN]);
    let (_, shown) = client(&tenant, &tenant.token, Method::GET, &path, &Value::Null).await;
    assert!(shown.get(URN).is_none() && !shown["schemas"].to_string().contains(URN), "{shown}");
    let (refused, status) = server.run(&["tenant", "schema", "show", "contoso", URN]);
    assert_eq!((status, &refused["error"]["code"]), (1, &json!("Request_ResourceNotFound")));
    // Each of it is in the audit log, the refused change is not.
    let audits = server.ok(&["tenant", "audits", "contoso"]);
    let audits = audits["value"].as_array().expect("a list");
    let of = |activity: &str| audits.iter().filter(|entry| entry["activityDisplayName"] == activity).count();
    let counts = ["Add", "Update", "Delete"].map(|what| of(&format!("{what} schema extension")));
    assert_eq!(counts, [1, 1, 1]);
    assert_eq!(audits[0]["targetResources"][0]["displayName"], URN);
    let table = server.table(&["tenant", "audits", "contoso"]);
    assert!(table.contains("Delete schema extension") && table.contains("Global Administrator"), "{table}");
}

#[test]
fn wrong_definitions_are_told_apart_from_wrong_usage() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    server.ok(&["tenant", "create", "contoso"]);
    let file = dir.path().join("schema.json");
    let name = file.to_str().expect("ASCII");
    for (text, word) in [
        ("{", "not JSON"),
        ("{}", "has no id"),
        ("{\"id\": \"urn:a:b\", \"attributes\": [{\"name\": \"x\", \"type\": \"strng\"}]}", "type of x"),
        ("{\"id\": \"urn:a:b\", \"attributes\": []}", "1 to 256"),
        (
            "{\"id\": \"urn:a:b\", \"resourceType\": \"Device\", \"attributes\": [{\"name\": \"x\"}]}",
            "User or Group",
        ),
    ] {
        std::fs::write(&file, text).expect("written");
        let (refused, status) = server.run(&["tenant", "schema", "set", "contoso", name]);
        assert_eq!(status, 1, "{refused}");
        assert!(
            refused["error"]["message"].as_str().is_some_and(|it| it.contains(word)),
            "{text}: {refused}"
        );
        assert!(refused["error"]["hint"].is_string(), "{refused}");
    }
    assert_eq!(server.run(&["tenant", "schema", "set", "contoso", "nowhere.json"]).1, 1);
    for usage in [
        &["tenant", "set", "contoso"][..],
        &["tenant", "set", "contoso", "--strict", "maybe"],
        &["tenant", "set", "contoso", "--requests-per-second", "many"],
        &["token", "create", "contoso", "--expires", "soon"],
        &["tenant", "schema", "set", "contoso"],
    ] {
        assert_eq!(server.run(usage).1, 2, "{usage:?}");
    }
    assert_eq!(server.run(&["tenant", "set", "contoso", "--requests-per-second", "0"]).1, 1);
    assert_eq!(server.run(&["token", "create", "contoso", "--expires", "2020-01-01"]).1, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_setting_is_set_and_holds() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let tenant = Tenant::create(&server);
    let shown = server.ok(&["tenant", "show", "contoso"]);
    assert_eq!(
        shown["settings"],
        json!({"uniqueGroupNames": true, "uniqueExternalIds": false, "strict": false, "patchAnswer": "byType",
            "discoveryNeedsToken": false, "requestsPerSecond": 100_000})
    );
    let set = |arguments: &[&str]| server.run(&[&["tenant", "set", "contoso"], arguments].concat());
    let send = async |method: Method, path: &str, body: Value| {
        client(&tenant, &tenant.token, method, path, &body).await
    };
    let make = async |path: &str, name: &str| {
        send(Method::POST, path, json!({"userName": name, "displayName": name, "externalId": "E"})).await
    };

    assert_eq!(set(&["--scim-for-authentication", "off"]).1, 0);
    assert_eq!(make("/Users", "a").await.0, 403);
    assert_eq!(set(&["--scim-for-authentication", "on"]).1, 0);
    let (_, first) = make("/Users", "a").await;
    let (_, second) = make("/Users", "b").await;
    let (refused, status) = set(&["--unique-external-ids", "on", "--strict", "on"]);
    let words = refused["error"]["message"].as_str().expect("words");
    assert!(status == 1 && words.contains("externalId"), "{refused}");
    for user in [&first, &second] {
        assert!(words.contains(user["id"].as_str().expect("an id")), "{words}");
    }
    assert_eq!(server.ok(&["tenant", "show", "contoso"])["settings"]["strict"], false, "all or nothing");
    send(Method::DELETE, &format!("/Users/{}", second["id"].as_str().expect("an id")), Value::Null).await;
    assert_eq!(set(&["--unique-external-ids", "on"]).1, 0);
    assert_eq!(make("/Users", "b").await.0, 409);

    make("/Groups", "g").await;
    let group =
        async |id: &str| send(Method::POST, "/Groups", json!({"displayName": "G", "externalId": id})).await;
    assert_eq!(group("1").await.0, 409);
    assert_eq!(set(&["--unique-group-names", "off"]).1, 0);
    assert_eq!(group("1").await.0, 201);
    assert_eq!(set(&["--unique-group-names", "on"]).1, 1);

    let path = format!("/Users/{}", first["id"].as_str().expect("an id"));
    let patch = |title: &str| json!({"Operations": [{"op": "replace", "path": "title", "value": title}]});
    assert_eq!(send(Method::PATCH, &path, patch("x")).await.0, 200);
    assert_eq!(set(&["--patch-answer", "no-content"]).1, 0);
    assert_eq!(send(Method::PATCH, &path, patch("y")).await.0, 204);
    assert_eq!(set(&["--strict", "on"]).1, 0);
    let (status, _) = send(Method::POST, "/Users", json!({"userName": "c", "unknown": 1})).await;
    assert_eq!(status, 400);

    let open = async || {
        tenant.client.get(format!("{}/Schemas", tenant.base_url)).send().await.expect("an answer").status()
    };
    assert_eq!(open().await, 200);
    assert_eq!(set(&["--discovery-needs-token", "on"]).1, 0);
    assert_eq!(open().await, 401);
    assert_eq!(send(Method::GET, "/Schemas", Value::Null).await.0, 200);

    let audits = server.ok(&["tenant", "audits", "contoso"]);
    let changes = &audits["value"][0]["targetResources"][0]["modifiedProperties"];
    assert_eq!(changes[0]["displayName"], "settings.discoveryNeedsToken", "{changes}");
    assert_eq!(changes.as_array().map(Vec::len), Some(1));

    assert_eq!(set(&["--requests-per-second", "1"]).1, 0);
    let mut refused = false;
    for _ in 0..20 {
        refused |= send(Method::GET, "/Users?count=0", Value::Null).await.0 == 429;
    }
    assert!(refused, "of twenty requests at once some are too many");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_have_a_label_an_end_and_a_scope() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let tenant = Tenant::create(&server);
    let create = |arguments: &[&str]| server.ok(&[&["token", "create", "contoso"], arguments].concat());
    let reader = create(&["--label", "audit", "--read-only", "--expires", "90d"]);
    let short = create(&["--label", "short", "--expires", "PT1S"]);
    let secret = |made: &Value| made["token"].as_str().expect("a token").to_owned();
    let user = json!({"userName": "a"});
    assert_eq!(client(&tenant, &secret(&reader), Method::POST, "/Users", &user).await.0, 403);
    assert_eq!(client(&tenant, &secret(&reader), Method::GET, "/Users", &Value::Null).await.0, 200);
    let search = json!({"filter": "userName eq \"a\""});
    assert_eq!(client(&tenant, &secret(&reader), Method::POST, "/Users/.search", &search).await.0, 200);

    let listed = || server.ok(&["token", "list", "contoso"])["value"].as_array().cloned().expect("a list");
    let of = |list: &[Value], made: &Value| list.iter().find(|token| token["id"] == made["id"]).cloned();
    wait_until("the use is noted", async || {
        of(&listed(), &reader).is_some_and(|it| it["lastUsed"].is_string())
    })
    .await;
    let shown = of(&listed(), &reader).expect("it is listed");
    assert_eq!((&shown["label"], &shown["scope"]), (&json!("audit"), &json!("readOnly")));
    assert!(shown["expires"].is_string() && shown["created"].is_string());
    let table = server.table(&["token", "list", "contoso"]);
    for word in ["LABEL", "SCOPE", "EXPIRES", "LAST USED", "audit", "readOnly"] {
        assert!(table.contains(word), "{table}");
    }
    assert!(!table.contains(&secret(&reader)));
    wait_until("the short one ends", async || {
        client(&tenant, &secret(&short), Method::GET, "/Users", &Value::Null).await.0 == 401
    })
    .await;
    assert!(of(&listed(), &short).is_none());

    // Rotated with an overlap both open it, without one only the new one does.
    let id = reader["id"].as_str().expect("an id");
    let second = server.ok(&["token", "rotate", "contoso", id, "--overlap", "1h"]);
    let third_of = second["id"].as_str().expect("an id");
    let reads =
        async |token: &Value| client(&tenant, &secret(token), Method::GET, "/Users", &Value::Null).await.0;
    assert_eq!((reads(&reader).await, reads(&second).await), (200, 200));
    let third = server.ok(&["token", "rotate", "contoso", third_of, "--overlap", "0s"]);
    assert_eq!((reads(&second).await, reads(&third).await), (401, 200));
    let shown = of(&listed(), &third).expect("it is listed");
    assert_eq!((&shown["label"], &shown["scope"]), (&json!("audit"), &json!("readOnly")), "as the first one");
    server.ok(&["token", "revoke", "contoso", third["id"].as_str().expect("an id")]);
    assert_eq!(reads(&third).await, 401);
    let (refused, status) = server.run(&["token", "rotate", "contoso"]);
    assert_eq!((status, &refused["error"]["code"]), (1, &json!("Ambiguous")), "the first two are live");
}
