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
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("ada")), "{refused}");
    assert_eq!(refused["client"], "Client/1");
    assert_eq!(refused["body"]["password"], "********");
    assert_eq!(created["body"]["active"], "True");
    assert!(
        created["quirks"][0]["code"].is_string() && created["quirks"][0]["detail"].is_string(),
        "{created}"
    );

    let table = server.table(&["tenant", "requests", "contoso"]);
    assert!(table.contains("STATUS") && table.contains("accepted: ") && !table.contains("secret"), "{table}");
}
