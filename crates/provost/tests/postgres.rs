//! A server on a PostgreSQL database, and several on one.
#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::{Server, Tenant, application, people, wait_until};
use testkit::{Postgres, Receiver, ScimTarget, Switches};

/// The master key of all nodes.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A node on a database, with a data directory of its own.
fn node(dir: &Path, url: &str) -> Server {
    Server::start_in(dir, &[], &[("PROVOST_DATABASE_URL", url), ("PROVOST_MASTER_KEY", KEY)])
}

/// Another node of the same installation, for which the administrator has brought the token.
fn another(dir: &Path, first: &Server, url: &str) -> Server {
    std::fs::create_dir_all(dir).expect("a directory");
    std::fs::write(dir.join("admin-token"), first.admin_token()).expect("a file");
    node(dir, url)
}

/// A node that does not start.
fn refused(dir: &Path, options: &[&str], variables: &[(&str, &str)]) -> (Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_provost"))
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir)
        .args(options)
        .env_remove("PROVOST_MASTER_KEY")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output();
    let Output { status, stdout, stderr } = output.expect("the binary runs");
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(!status.success(), "it starts: {said}");
    let document: Value = serde_json::from_slice(&stdout).expect("JSON");
    (document["error"].clone(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_on_a_database() {
    let directory = tempfile::tempdir().expect("a directory");
    let (dir, url) = (directory.path().join("node"), Postgres::shared().database());
    let server = node(&dir, &url);
    server.ok(&["user", "import", people(directory.path(), 400).to_str().expect("ASCII")]);
    let tenant = Tenant::create(&server);
    application(&server, directory.path(), &tenant.base_url, &tenant.token);
    let first = server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!((&first["created"], &first["failed"]), (&json!(400), &json!(0)), "{first}");
    assert_eq!(tenant.count().await, 400);
    let quiet = server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!((&quiet["created"], &quiet["updated"]), (&json!(0), &json!(0)), "{quiet}");
    server.ok(&["user", "set", "user7@contoso.example", "jobTitle=Captain"]);
    server.ok(&["user", "delete", "user8@contoso.example"]);
    let changed = server.ok(&["job", "run", "T", "--wait"]);
    let counts = (&changed["updated"], &changed["disabled"]);
    assert_eq!(counts, (&json!(1), &json!(1)), "{changed}");
    let users = tenant.users().await;
    let user = |name: &str| users.iter().find(|user| user["userName"] == name).cloned().unwrap_or_default();
    assert_eq!(user("user7@contoso.example")["title"], "Captain");
    assert_eq!(user("user8@contoso.example")["active"], false);

    // The data directory has only what is this node's, and what was written is there after a restart.
    assert!(!dir.join("provost.db").exists() && !dir.join("master-key").exists());
    server.terminate();
    assert_eq!(server.wait(), Some(0));
    let server = node(&dir, &url);
    assert_eq!(tenant.moved_to(&server).count().await, 400);
    let (answer, status) = server.run(&["backup", dir.join("copy").to_str().expect("ASCII")]);
    assert_eq!((status, &answer["error"]["code"]), (1, &json!("NotSupported")), "{answer}");
    assert!(answer["error"]["message"].as_str().expect("words").contains("pg_dump"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_one_runs_a_cycle_and_either_answers() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = Postgres::shared().database();
    let one = node(&directory.path().join("one"), &url);
    let two = another(&directory.path().join("two"), &one, &url);
    let target = ScimTarget::start(Switches::default()).await.expect("a free port");
    one.ok(&["user", "import", people(directory.path(), 300).to_str().expect("ASCII")]);
    assert_eq!(two.ok(&["user", "show", "user9@contoso.example"])["displayName"], "Given9 Surname9");
    application(&two, directory.path(), &target.base_url(), target.token());
    one.ok(&["job", "start", "T"]);
    wait_until("one of them provisions", async || target.count("Users") == 300).await;
    let ended = async || one.ok(&["job", "status", "T"])["lastCycle"]["status"] == "completed";
    wait_until("the cycle ends", ended).await;
    let posts = target.take_recorded().iter().filter(|request| request.method == "POST").count();
    assert_eq!(posts, 300, "each account is made once");
    // What one writes the other reads at once, and provisions too.
    one.ok(&["user", "set", "user9@contoso.example", "jobTitle=Captain"]);
    assert_eq!(two.ok(&["user", "show", "user9@contoso.example"])["jobTitle"], "Captain");
    two.ok(&["job", "run", "T", "--wait"]);
    let changed =
        target.resources("Users").into_iter().find(|user| user["userName"] == "user9@contoso.example");
    assert_eq!(changed.expect("the account")["title"], "Captain");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_one_sends_the_events_of_a_webhook_and_the_other_takes_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = Postgres::shared().database();
    let one = node(&directory.path().join("one"), &url);
    let tenant = Tenant::create(&one);
    let receiver = Receiver::start().await;
    one.ok(&["tenant", "webhook", "add", "contoso", &receiver.url("/")]);
    let create = async |tenant: &Tenant, name: &str| {
        let request = tenant.client.post(format!("{}/Users", tenant.base_url)).bearer_auth(&tenant.token);
        let request = request.header("content-type", "application/scim+json");
        let answer = request.body(json!({"userName": name}).to_string()).send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
    };
    create(&tenant, "first").await;
    wait_until("the first node sends", async || receiver.received().len() == 1).await;
    let two = another(&directory.path().join("two"), &one, &url);
    let through_two = tenant.moved_to(&two);
    for number in 0..40 {
        create(if number % 2 == 0 { &tenant } else { &through_two }, &format!("user{number}")).await;
    }
    wait_until("all is told", async || {
        receiver.received().len() >= 41
            && two.ok(&["tenant", "webhook", "list", "contoso"])["value"][0]["waiting"] == 0
    })
    .await;
    assert_eq!(receiver.received().len(), 41, "each event once");
    one.kill();
    create(&through_two, "last").await;
    wait_until("the second node sends", async || receiver.received().len() == 42).await;
    assert_eq!(receiver.received()[41].json()["data"]["resource"]["userName"], "last");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_in_a_cycle_is_taken_over() {
    const USERS: usize = 2_000;
    let directory = tempfile::tempdir().expect("a directory");
    let url = Postgres::shared().database();
    let one = node(&directory.path().join("one"), &url);
    let target = ScimTarget::start(Switches::default()).await.expect("a free port");
    one.ok(&["user", "import", people(directory.path(), USERS).to_str().expect("ASCII")]);
    application(&one, directory.path(), &target.base_url(), target.token());
    one.ok(&["job", "start", "T"]);
    wait_until("the cycle gets on", async || target.count("Users") >= 100).await;
    let two = another(&directory.path().join("two"), &one, &url);
    one.kill();
    assert!(target.count("Users") < USERS as u64, "it was killed within the cycle");
    wait_until("the other node goes on", async || target.count("Users") == USERS as u64).await;
    let ended = async || two.ok(&["job", "status", "T"])["lastCycle"]["status"] == "completed";
    wait_until("the cycle ends", ended).await;
    let names: std::collections::BTreeSet<String> =
        target.resources("Users").iter().map(|user| user["userName"].to_string()).collect();
    assert_eq!((names.len(), target.count("Users")), (USERS, USERS as u64), "none is there twice");
    let quiet = two.ok(&["job", "run", "T", "--wait"]);
    assert_eq!((&quiet["created"], &quiet["failed"]), (&json!(0), &json!(0)), "{quiet}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_ends_when_its_job_is_paused_on_another_node() {
    const USERS: usize = 4_000;
    let directory = tempfile::tempdir().expect("a directory");
    let url = Postgres::shared().database();
    let one = node(&directory.path().join("one"), &url);
    let target = ScimTarget::start(Switches::default()).await.expect("a free port");
    one.ok(&["user", "import", people(directory.path(), USERS).to_str().expect("ASCII")]);
    application(&one, directory.path(), &target.base_url(), target.token());
    one.ok(&["job", "start", "T"]);
    wait_until("the cycle begins", async || target.count("Users") > 0).await;
    let two = another(&directory.path().join("two"), &one, &url);
    two.ok(&["job", "pause", "T"]);
    let (answer, status) = two.run(&["job", "restart", "T"]);
    assert_eq!((status, &answer["error"]["code"]), (1, &json!("Conflict")), "it runs on the other: {answer}");
    let ended = async || two.ok(&["job", "status", "T"])["lastCycle"]["status"] == "interrupted";
    wait_until("the cycle ends", ended).await;
    let there = target.count("Users");
    assert!(there < USERS as u64, "it ended early");
    two.ok(&["job", "start", "T"]);
    wait_until("it goes on", async || target.count("Users") == USERS as u64).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_requests_are_told_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = Postgres::start();
    let mut server = node(directory.path(), &database.database());
    let tenant = Tenant::create(&server);
    let client = reqwest::Client::new();
    let asked = async |url: String, token: String| {
        let response = client.get(url).bearer_auth(token).send().await.expect("the server answers");
        let status = response.status().as_u16();
        let retry = response.headers().contains_key("retry-after");
        (status, retry, response.text().await.expect("a body"))
    };
    let users = async || asked(format!("{}/Users", tenant.base_url), tenant.token.clone()).await;
    let directory_users = async || asked(format!("{}/v1.0/users", server.url), server.admin_token()).await;
    assert_eq!((users().await.0, directory_users().await.0), (200, 200));
    database.stop();
    for (status, retry, body) in [users().await, directory_users().await] {
        assert_eq!((status, retry), (503, true), "{body}");
        assert!(body.contains("the database"), "{body}");
        assert!(!body.contains(database.password()), "{body}");
    }
    assert_eq!(asked(format!("{}/readyz", server.url), String::new()).await.0, 503);
    assert_eq!(asked(format!("{}/healthz", server.url), String::new()).await.0, 200);
    database.resume();
    wait_until("the server has its database again", async || users().await.0 == 200).await;
    let made = server.ok(&["tenant", "create", "fabrikam"]);
    assert!(made["token"].is_string(), "{made}");
    assert!(server.runs(), "nothing has ended it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_another_key_or_address_does_not_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = Postgres::shared().database();
    let _first = node(&directory.path().join("one"), &url);
    let two = directory.path().join("two");
    let (error, _) = refused(&two, &[], &[("PROVOST_DATABASE_URL", &url)]);
    assert_eq!(error["code"], "MasterKey", "{error}");
    assert!(error["hint"].as_str().expect("a hint").contains("PROVOST_MASTER_KEY"), "{error}");
    let other = KEY.replace("AAEC", "BBEC");
    let (error, _) = refused(&two, &[], &[("PROVOST_DATABASE_URL", &url), ("PROVOST_MASTER_KEY", &other)]);
    assert_eq!(error["code"], "MasterKey", "{error}");

    let replacing = [("PROVOST_DATABASE_URL", url.as_str()), ("PROVOST_MASTER_KEY", &other)];
    let third = Server::start_in(&directory.path().join("three"), &["--replace-master-key"], &replacing);
    let (error, _) = refused(&two, &[], &[("PROVOST_DATABASE_URL", &url), ("PROVOST_MASTER_KEY", KEY)]);
    assert_eq!(error["code"], "MasterKey", "it is another one now: {error}");
    drop(third);

    // Whatever is wrong with the URL, its password is not told.
    let password = Postgres::shared().password();
    let port = url.split(':').next_back().expect("a port").split('/').next().expect("a port");
    for (wrong, code) in [
        (url.replace("postgres://provost", "postgres://nobody"), "DatabaseUnavailable"),
        (url.replace("/test", "/other"), "DatabaseUnavailable"),
        (url.replace(port, "1"), "DatabaseUnavailable"),
        (url.replace("postgres://", "mysql://"), "DatabaseUrl"),
        (format!("{url}?sslmode={password}"), "DatabaseUrl"),
        (format!("{url}?sslmode=verify-full"), "DatabaseUnavailable"),
    ] {
        let (error, said) = refused(&two, &["--database-url", &wrong], &[("PROVOST_MASTER_KEY", KEY)]);
        assert_eq!(error["code"], code, "{said}");
        assert!(!said.contains(password), "{said}");
    }
    let help = Command::new(env!("CARGO_BIN_EXE_provost"))
        .args(["serve", "--help"])
        .env("PROVOST_DATABASE_URL", &url)
        .output()
        .expect("the binary runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.contains("PROVOST_DATABASE_URL") && !help.contains(password), "{help}");

    // One data directory is one node's.
    let variables = [("PROVOST_DATABASE_URL", url.as_str()), ("PROVOST_MASTER_KEY", KEY)];
    let (error, _) = refused(&directory.path().join("one"), &[], &variables);
    assert_eq!(error["code"], "Locked", "{error}");
}
