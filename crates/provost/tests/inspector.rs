//! The request inspector: an administrator sees why a client fails.

mod support;

use serde_json::{Value, json};
use support::{Server, Tenant};

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_a_deviation_are_shown_with_their_bodies() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let tenant = Tenant::create(&server);
    assert_eq!(server.ok(&["tenant", "requests", "contoso"])["value"], json!([]));

    let send = async |body: Value| {
        let request = tenant.client.post(format!("{}/Users", tenant.base_url)).bearer_auth(&tenant.token);
        let request =
            request.header("user-agent", "Client/1").header("content-type", "application/scim+json");
        request.body(body.to_string()).send().await.expect("an answer").status().as_u16()
    };
    let user = |active: Value| {
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada", "active": active,
            "password": "secret"})
    };
    assert_eq!(send(user(json!("True"))).await, 201);
    assert_eq!(send(user(json!(true))).await, 409);
    tenant.count().await;

    let shown = server.ok(&["tenant", "requests", "contoso"]);
    let [read, refused, created] = shown["value"].as_array().map(Vec::as_slice).expect("a list") else {
        panic!("three requests, not {shown}")
    };
    assert_eq!((&read["method"], &read["status"]), (&json!("GET"), &json!(200)));
    assert!(read.get("body").is_none() && read["durationMs"].is_number(), "{read}");
    assert!(refused["cause"].as_str().is_some_and(|cause| cause.contains("ada")), "{refused}");
    assert!(refused["fix"].as_str().is_some_and(|fix| fix.contains("match")), "{refused}");
    assert_eq!((&refused["scimType"], &refused["answer"]["status"]), (&json!("uniqueness"), &json!("409")));
    assert_eq!((&refused["client"], &refused["userAgent"]), (&json!("Client"), &json!("Client/1")));
    assert_eq!(refused["body"]["password"], "********");
    assert_eq!(created["body"]["active"], "True");
    assert!(
        created["quirks"][0]["code"].is_string() && created["quirks"][0]["detail"].is_string(),
        "{created}"
    );

    let table = server.table(&["tenant", "requests", "contoso"]);
    assert!(table.contains("STATUS") && table.contains("accepted: ") && !table.contains("secret"), "{table}");

    assert!(table.contains("fix: ") && table.contains("409 uniqueness"), "{table}");

    // A client that is shut out is what an administrator looks for first.
    let stranger = tenant.client.get(format!("{}/Users?access_token=hunter2", tenant.base_url));
    let stranger =
        stranger.bearer_auth("provost_scim_wrong").header("user-agent", "Okta SCIM Client 1.0.0\u{9b}");
    assert_eq!(stranger.send().await.expect("an answer").status(), 401);
    let found = |arguments: &[&str]| {
        let shown = server.ok(&[&["tenant", "requests", "contoso"][..], arguments].concat());
        shown["value"].as_array().expect("a list").clone()
    };
    assert_eq!((found(&[]).len(), found(&["--errors"]).len()), (4, 2));
    let [shut_out] = &found(&["--client", "okta"])[..] else { panic!("one request of Okta's") };
    assert_eq!((&shut_out["authenticated"], &shut_out["status"]), (&json!(false), &json!(401)));
    assert!(shut_out["fix"].as_str().is_some_and(|fix| fix.contains("provost_scim_")), "{shut_out}");
    assert!(
        !shut_out.to_string().contains("wrong") && !shut_out.to_string().contains("hunter2"),
        "{shut_out}"
    );
    let table = server.table(&["tenant", "requests", "contoso", "--errors"]);
    assert!(!table.chars().any(|letter| letter.is_control() && letter != '\n'), "{table:?}");
}
