//! What goes wrong with newcomers: each gets a message that tells what to do, and nothing is lost.

mod support;

use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Server, Tenant};

/// Runs a command and answers its error.
fn failure(server: &Server, arguments: &[&str]) -> (String, String) {
    let (answer, status) = server.run(arguments);
    assert_eq!(status, 1, "{arguments:?} must fail: {answer}");
    let text = |member: &str| answer["error"][member].as_str().unwrap_or_default().to_owned();
    assert!(!text("code").is_empty() && !text("hint").is_empty(), "{answer}");
    (text("message"), text("hint"))
}

fn path(dir: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, text).expect("the file can be written");
    path.to_str().expect("a path of ASCII").to_owned()
}

fn application(server: &Server, dir: &tempfile::TempDir, name: &str, url: &str, token: &str) {
    let token = path(dir, "token", token);
    let create = ["app", "create", "--template", "scim", "--name", name, "--tenant-url", url];
    server.ok(&[&create[..], &["--secret-token-file", &token]].concat());
}

#[test]
fn without_a_server_a_command_says_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_provost"))
        .args(["user", "list", "--data-dir"])
        .arg(dir.path())
        .env_remove("PROVOST_URL")
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(words.contains("no server") && words.contains("provost serve"), "{words}");
    assert!(output.stdout.is_empty());
}

#[test]
fn an_address_that_is_none_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_provost"))
        .args(["user", "list"])
        .envs([("PROVOST_URL", "localhost:8080"), ("PROVOST_TOKEN", "x")])
        .output()
        .expect("the binary runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(words.contains("PROVOST_URL") && words.contains("http://"), "{words}");
}

#[test]
fn a_server_that_goes_away_in_the_middle_is_no_missing_server() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let server = std::thread::spawn(move || {
        use std::io::Read as _;
        let (mut connection, _) = listener.accept().expect("a connection");
        let _ = connection.read(&mut [0; 64]);
    });
    let output = Command::new(env!("CARGO_BIN_EXE_provost"))
        .args(["user", "list", "--json"])
        .envs([("PROVOST_URL", url.as_str()), ("PROVOST_TOKEN", "x")])
        .output()
        .expect("the binary runs");
    server.join().expect("it has answered nothing");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["error"]["code"], "ConnectionLost", "{answer}");
}

#[test]
fn a_server_that_is_gone_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let mut command = server.command(&["user", "list"]);
    server.kill();
    let output = command.output().expect("the binary runs");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["error"]["code"], "NoServer", "{answer}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn wrong_usage_ends_with_status_2() {
    for arguments in [&["user", "lisst"][..], &["app", "assign", "X"], &["expr"], &["demo", "--users", "3"]] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_provost")).args(arguments).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn wrong_usage_is_a_document_where_one_is_asked_for() {
    for arguments in [&["user", "lisst"][..], &["app", "assign", "X"], &["log", "list", "--since", "soon"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_provost"))
            .args(arguments)
            .arg("--json")
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let answer: Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!(answer["error"]["code"], "Usage", "{answer}");
        assert!(
            answer["error"]["message"].as_str().is_some_and(|words| !words.starts_with("error")),
            "{answer}"
        );
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn an_application_is_created_whole_or_not_at_all() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let (empty, token) = (path(&dir, "empty", "\n"), path(&dir, "token", "secret"));
    let create = |url: &str, file: &str| {
        let create = ["app", "create", "--template", "scim", "--name", "One", "--tenant-url", url];
        failure(&server, &[&create[..], &["--secret-token-file", file]].concat())
    };
    let (message, hint) = create("https://x.example/scim", &empty);
    assert!(message.contains("empty") && hint.contains("token"), "{message} / {hint}");
    let (message, _) = create("x.example", &token);
    assert!(message.contains("https://"), "{message}");
    assert_eq!(server.ok(&["app", "list"])["value"], serde_json::json!([]), "nothing is left of it");

    server.ok(&["app", "create", "--template", "scim", "--name", "One"]);
    let (message, hint) = failure(&server, &["job", "test", "One"]);
    assert!(message.contains("tenant URL") && hint.contains("provost app set"), "{message} / {hint}");
    let set = ["app", "set", "One", "--tenant-url", "http://127.0.0.1:9/scim", "--secret-token-file", &token];
    server.ok(&set);
    let (message, _) = failure(&server, &["job", "test", "One"]);
    assert!(message.contains("refused"), "{message}");
    server.ok(&["app", "delete", "One"]);
    assert_eq!(server.ok(&["app", "list"])["value"], serde_json::json!([]));
}

#[test]
fn every_refusal_says_what_to_do() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    server.ok(&["tenant", "create", "contoso"]);
    let users =
        path(&dir, "users.csv", "userPrincipalName,displayName\nada@x.example,Ada\nbob@x.example,Bob\n");
    let groups = path(&dir, "groups.csv", "displayName,memberUserPrincipalName\nTeam,ada@x.example\n");
    server.ok(&["user", "import", &users]);
    server.ok(&["group", "import", &groups]);
    server.ok(&["app", "create", "--template", "officespace", "--name", "App"]);
    server.ok(&["app", "assign", "App", "--user", "ada@x.example"]);
    for arguments in [
        &["tenant", "create", "contoso"][..],
        &["tenant", "create", "Not A Name"],
        &["tenant", "show", "nobody"],
        &["token", "revoke", "contoso", "0a0a0a0a-0000-4000-8000-000000000001"],
        &["user", "set", "ada@x.example", "shoeSize=43"],
        &["user", "set", "ada@x.example", "userPrincipalName=bob@x.example"],
        &["user", "delete", "nobody@x.example"],
        &["group", "import", &users],
        &["group", "add-member", "Team", "ada@x.example"],
        &["group", "remove-member", "Team", "bob@x.example"],
        &["app", "create", "--template", "nothing", "--name", "X"],
        &["app", "assign", "App", "--user", "ada@x.example"],
        &["app", "assign", "App", "--user", "bob@x.example", "--role", "Boss"],
        &["app", "unassign", "App", "--user", "bob@x.example"],
        &["job", "start", "App"],
        &["job", "restart", "App", "--reset-scope", "Everything"],
        &["job", "status", "Nothing"],
        &["job", "plan", "App", "--with", "no-such-file.json"],
        &["expr", "Joim([givenName])"],
    ] {
        let (message, hint) = failure(&server, arguments);
        assert!(!message.is_empty() && !hint.is_empty(), "{arguments:?}: {message} / {hint}");
    }
}

#[test]
fn a_snapshot_that_would_remove_too_many_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let all = support::people(dir.path(), 20);
    server.ok(&["user", "import", all.to_str().expect("ASCII")]);
    let one = path(&dir, "one.csv", "userPrincipalName,displayName\nuser0@contoso.example,Given0 Surname0\n");
    let (report, status) = server.run(&["user", "import", "--snapshot", &one]);
    assert_eq!((status, &report["held"], &report["deleted"]), (3, &19.into(), &0.into()), "{report}");
    assert_eq!(server.ok(&["user", "list"])["value"].as_array().map(Vec::len), Some(20));
}

#[test]
fn a_lost_master_key_or_token_is_explained() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    drop(Server::start(&data));
    let provost = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provost"));
        command.args(arguments).arg("--data-dir").arg(&data).stdin(Stdio::null());
        command.output().expect("the binary runs")
    };
    let old = std::fs::read(data.join("admin-token")).expect("readable");
    std::fs::remove_file(data.join("admin-token")).expect("it is there");
    let output = provost(&["user", "list"]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("admin-token reset"), "{words}");
    assert_eq!(provost(&["admin-token", "reset"]).status.code(), Some(0));
    assert_ne!(std::fs::read(data.join("admin-token")).expect("readable"), old);
    let server = Server::start(&data);
    server.ok(&["user", "list"]);
    drop(server);

    let key = data.join("master-key");
    let kept = std::fs::read(&key).expect("readable");
    std::fs::remove_file(&key).expect("it is there");
    let output = provost(&["serve", "--listen", "127.0.0.1:0"]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(words.contains("master-key is missing") && words.contains("backup"), "{words}");
    std::fs::write(&key, kept).expect("writable");
    Server::start(&data).ok(&["user", "list"]);

    let store = std::fs::File::options().write(true).open(data.join("provost.db")).expect("it is there");
    store.set_len(0).expect("writable");
    // Also where somebody keeps the token in another place.
    let token = data.join("admin-token");
    for tokenless in [false, true] {
        if tokenless {
            std::fs::remove_file(&token).expect("it is there");
        }
        let output = provost(&["serve", "--listen", "127.0.0.1:0"]);
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(words.contains("its data is lost") && words.contains("backup"), "{words}");
    }
    for name in ["provost.db", "provost.db-wal", "provost.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    Server::start(&data).ok(&["user", "list"]);
}

#[test]
fn the_connection_test_explains_each_failure() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let tenant = Tenant::create(&server);
    application(&server, &dir, "right", &tenant.base_url, &tenant.token);
    server.ok(&["job", "test", "right"]);

    application(&server, &dir, "wrong-token", &tenant.base_url, "not-the-token");
    let (message, hint) = failure(&server, &["job", "test", "wrong-token"]);
    assert!(format!("{message} {hint}").to_lowercase().contains("token"), "{message} / {hint}");

    application(&server, &dir, "not-scim", &format!("{}/healthz", server.url), &tenant.token);
    let (message, hint) = failure(&server, &["job", "test", "not-scim"]);
    assert!(format!("{message} {hint}").contains("SCIM"), "{message} / {hint}");

    application(&server, &dir, "unreachable", "http://127.0.0.1:9/scim", &tenant.token);
    let (message, hint) = failure(&server, &["job", "test", "unreachable"]);
    assert!(message.contains("refused") && hint.contains("host and port"), "{message} / {hint}");
}

#[test]
fn a_broken_row_is_reported_and_the_others_are_imported() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let file = path(
        &dir,
        "users.csv",
        "userPrincipalName,displayName,accountEnabled\n\
         ada@contoso.example,Ada,True\n\
         bob@contoso.example,Bob,perhaps\n\
         ,Nobody,True\n\
         cyd@contoso.example,Cyd,True\n",
    );
    let (report, status) = server.run(&["user", "import", &file]);
    assert_eq!(status, 1, "{report}");
    let errors = report["errors"].as_array().expect("a list of rows");
    let lines: Vec<u64> = errors.iter().filter_map(|error| error["line"].as_u64()).collect();
    assert_eq!(lines, [3, 4], "{report}");
    assert!(errors.iter().all(|error| error["reason"].as_str().is_some_and(|reason| !reason.is_empty())));
    let users = server.ok(&["user", "list"]);
    assert_eq!(users["value"].as_array().map(Vec::len), Some(2), "{users}");

    let atomic = path(
        &dir,
        "atomic.csv",
        "userPrincipalName,displayName,accountEnabled\ndan@contoso.example,Dan,True\n,Nobody,True\n",
    );
    let (report, status) = server.run(&["user", "import", "--atomic", &atomic]);
    assert_eq!(status, 1, "{report}");
    assert_eq!(server.ok(&["user", "list"])["value"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_principal_name_that_is_taken_is_reported() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let file = path(
        &dir,
        "users.csv",
        "userPrincipalName,displayName,objectId\n\
         ada@contoso.example,Ada,0a0a0a0a-0000-4000-8000-000000000001\n\
         bob@contoso.example,Bob,0a0a0a0a-0000-4000-8000-000000000002\n\
         ADA@contoso.example,Other,0a0a0a0a-0000-4000-8000-000000000003\n",
    );
    let (report, status) = server.run(&["user", "import", &file]);
    assert_eq!(status, 1, "{report}");
    let reason = report["errors"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("line 2") && reason.contains("userPrincipalName"), "{report}");
    assert_eq!(server.ok(&["user", "show", "ada@contoso.example"])["displayName"], "Ada");
    let (message, _) =
        failure(&server, &["user", "set", "bob@contoso.example", "userPrincipalName=ada@contoso.example"]);
    assert!(message.contains("userPrincipalName") && message.contains("already"), "{message}");
    assert_eq!(server.ok(&["user", "show", "bob@contoso.example"])["displayName"], "Bob");
}

#[test]
fn a_store_that_another_process_holds_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(dir.path());
    let output = Command::new(env!("CARGO_BIN_EXE_provost"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path())
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("hint: ") && words.contains("--data-dir"), "{words}");
    // The one that runs goes on.
    server.ok(&["user", "list"]);
}

#[test]
fn names_that_fit_nothing_or_several_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let (message, hint) = failure(&server, &["user", "show", "nobody@contoso.example"]);
    assert!(message.contains("nobody@contoso.example") && hint.contains("user list"), "{message} / {hint}");
    for _ in 0..2 {
        server.ok(&["app", "create", "--template", "scim", "--name", "Twice"]);
    }
    let (message, hint) = failure(&server, &["job", "status", "Twice"]);
    assert!(message.contains("2 applications") && hint.contains("id"), "{message} / {hint}");
}
