//! Administrators by the command line, and what they open over HTTP, also after a restart.

mod support;

use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use support::Server;

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} of {value}"))
}

async fn document(response: reqwest::Response) -> Value {
    serde_json::from_slice(&response.bytes().await.expect("a whole body")).expect("JSON")
}

/// An access token for a client's secret, got as any client of OAuth 2.0 does.
async fn token(http: &Client, server: &Server, client: &str, secret: &str) -> (StatusCode, Value) {
    let about = format!("{}/default/v2.0/.well-known/openid-configuration", server.url);
    let about = document(http.get(about).send().await.expect("answered")).await;
    let request = http
        .post(text(&about, "token_endpoint"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .basic_auth(client, Some(secret))
        .body("grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default");
    let response = request.send().await.expect("answered");
    (response.status(), document(response).await)
}

async fn status(http: &Client, server: &Server, path: &str, token: &str) -> u16 {
    let request = http.get(format!("{}{path}", server.url)).bearer_auth(token);
    request.send().await.expect("answered").status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_administers_one_tenant_and_does_so_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let (server, http) = (Server::start(&data), Client::new());
    for tenant in ["contoso", "fabrikam"] {
        server.ok(&["tenant", "create", tenant]);
    }
    let create = ["admin", "create", "ci", "--tool", "--role", "tenant-administrator", "--tenant", "contoso"];
    let made = server.ok(&create);
    assert_eq!(made["roles"][0]["scope"]["name"], "contoso");
    let (client, secret) = (text(&made, "id"), text(&made, "secret"));
    let (answered, answer) = token(&http, &server, client, secret).await;
    assert_eq!((answered, &answer["expires_in"]), (StatusCode::OK, &json!(3600)));
    let access = text(&answer, "access_token").to_owned();
    let own = "/provost/v1/tenants/contoso/tokens";
    let others = "/provost/v1/tenants/fabrikam/tokens";
    assert_eq!(status(&http, &server, own, &access).await, 200);
    assert_eq!(status(&http, &server, others, &access).await, 403);
    let (answered, refused) = token(&http, &server, client, "wrong").await;
    assert_eq!((answered, &refused["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_client")));

    // The command line with the tool's own token.
    let mut command = server.plain(&["tenant", "list", "--json"]);
    let output = command.env("PROVOST_TOKEN", &access).output().expect("the command runs");
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (seen["value"].as_array().map(Vec::len), &seen["value"][0]["name"]),
        (Some(1), &json!("contoso"))
    );

    drop(server);
    let server = Server::start(&data);
    assert_eq!(server.ok(&["admin", "show", "ci"])["id"], client);
    assert_eq!(status(&http, &server, own, &access).await, 200, "issued before the restart");
    let second = server.ok(&["admin", "secret", "create", "ci", "--label", "next", "--expires", "90d"]);
    assert_eq!(token(&http, &server, client, text(&second, "secret")).await.0, StatusCode::OK);
    let secrets = server.ok(&["admin", "secret", "list", "ci"]);
    assert_eq!(secrets["value"].as_array().map(Vec::len), Some(2));
    server.ok(&["admin", "secret", "delete", "ci", text(&secrets["value"][0], "id")]);
    assert_eq!(status(&http, &server, own, &access).await, 401, "its secret is gone");
    assert_eq!(token(&http, &server, client, secret).await.0, StatusCode::UNAUTHORIZED);

    let revoke = ["admin", "revoke", "ci", "tenant-administrator"];
    assert_eq!(server.run(&revoke).1, 1, "not without the tenant");
    server.ok(&[&revoke[..], &["--tenant", "contoso"]].concat());
    let access = token(&http, &server, client, text(&second, "secret")).await.1;
    assert_eq!(status(&http, &server, own, text(&access, "access_token")).await, 403);
    let audits = server.ok(&["admin", "audits", "--top", "1"]);
    let last = &audits["value"][0];
    assert_eq!(last["activityDisplayName"], "Remove member from role");
    assert_eq!(last["initiatedBy"]["user"]["displayName"], "Global Administrator");
    server.ok(&["admin", "delete", "ci"]);
    assert!(server.table(&["admin", "list"]).contains("none"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_the_password_that_was_shown_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let (server, http) = (Server::start(&data), Client::new());
    let made = server.ok(&["admin", "create", "Ada", "--sign-in", "ada@contoso.example"]);
    let granted =
        server.ok(&["admin", "grant", "ADA@contoso.example", "reports-reader", "--directory", "default"]);
    assert_eq!(granted["scope"]["name"], "default");
    let sign_in = async |server: &Server, password: &str| {
        let body = json!({"signInName": "ada@contoso.example", "password": password}).to_string();
        let request = http.post(format!("{}/provost/v1/session", server.url)).body(body);
        request.header(CONTENT_TYPE, "application/json").send().await.expect("answered")
    };
    let response = sign_in(&server, text(&made, "password")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = response.headers()[SET_COOKIE].to_str().expect("text");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let read = async |server: &Server, path: &str| {
        let request = http.get(format!("{}{path}", server.url)).header(COOKIE, &cookie);
        request.send().await.expect("answered").status().as_u16()
    };
    assert_eq!(read(&server, "/v1.0/auditLogs/provisioning").await, 200);
    assert_eq!(read(&server, "/v1.0/users").await, 403);
    drop(server);
    let server = Server::start(&data);
    assert_eq!(read(&server, "/provost/v1/status").await, 200, "signed in before the restart");

    let file = dir.path().join("password");
    std::fs::write(&file, "correct horse battery\n").expect("writable");
    let file = file.to_str().expect("a path of ASCII");
    server.ok(&["admin", "set", "Ada", "--password-file", file]);
    assert_eq!(read(&server, "/provost/v1/status").await, 401, "another password ends the sessions");
    assert_eq!(sign_in(&server, "correct horse battery").await.status(), StatusCode::OK);
    server.ok(&["admin", "set", "Ada", "--enabled", "off"]);
    assert_eq!(sign_in(&server, "correct horse battery").await.status(), StatusCode::UNAUTHORIZED);
    assert!(server.table(&["admin", "list"]).contains("disabled"));

    assert_eq!(server.run(&["admin", "create", "ci", "--tool", "--tenant", "contoso"]).1, 2);
    // A role that cannot be given leaves no account behind.
    let refused = ["admin", "create", "Bob", "--sign-in", "bob", "--role", "tenant-administrator"];
    let (answer, code) = server.run(&refused);
    assert_eq!((&answer["error"]["code"], code), (&json!("Request_BadRequest"), 1));
    assert_eq!(server.ok(&["admin", "list"])["value"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrators_token_is_replaced_while_the_server_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let (server, http) = (Server::start(&dir.path().join("data")), Client::new());
    let old = server.admin_token();
    server.ok(&["admin-token", "reset"]);
    let new = server.admin_token();
    assert_eq!(status(&http, &server, "/v1.0/users", &old).await, 401);
    assert_eq!(status(&http, &server, "/v1.0/users", &new).await, 200);
    let me = server.ok(&["admin", "whoami"]);
    assert_eq!(
        (&me["displayName"], &me["credential"]),
        (&json!("Global Administrator"), &json!("adminToken"))
    );
    std::fs::remove_file(dir.path().join("data").join("admin-token")).expect("it is there");
    let (answer, code) = server.run(&["admin-token", "reset"]);
    assert_eq!((&answer["error"]["code"], code), (&json!("NoToken"), 1));
}
