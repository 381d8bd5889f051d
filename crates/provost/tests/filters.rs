//! Scoping filters and settings from the command line, and several administrators at once.

mod support;

use serde_json::{Value, json};
use support::{Server, Tenant, application, people};

fn plan(server: &Server) -> Value {
    server.run(&["job", "plan", "T"]).0
}

#[tokio::test]
async fn filters_come_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let tenant = Tenant::create(&server);
    server.ok(&["user", "import", people(folder.path(), 12).to_str().expect("ASCII")]);
    application(&server, folder.path(), &tenant.base_url, &tenant.token);
    assert_eq!(server.ok(&["job", "filter", "list", "T"])["value"], json!([]));

    // Every operator is taken, and decides.
    server.ok(&["user", "set", "user1@contoso.example", "employeeId=7", "mail=u1@x.example"]);
    for (filter, in_scope) in [
        ("displayName EQUALS \"Given1 Surname1\"", 1),
        ("department NOT EQUALS \"Sales\"", 0),
        ("accountEnabled IS TRUE", 12),
        ("accountEnabled IS FALSE", 0),
        ("mail IS NULL", 11),
        ("mail IS NOT NULL AND department EQUALS \"Sales\"", 1),
        ("givenName REGEX MATCH \"Given1[01]?\"", 3),
        ("givenName NOT REGEX MATCH \"Given1.*\"", 9),
        ("employeeId Greater_Than 6", 1),
        ("employeeId Greater_Than 7", 0),
        ("employeeId Greater_Than_OR_EQUALS 7", 1),
        ("userPrincipalName Includes \"user1\"", 3),
        ("userPrincipalName ENDS_WITH \"1@contoso.example\"", 2),
        ("employeeId & 5", 1),
        ("employeeId !& 5", 0),
    ] {
        server.ok(&["job", "filter", "add", "T", filter]);
        let listed = server.ok(&["job", "filter", "list", "T"]);
        let said = listed["value"][0]["expression"].as_str().expect("a text").to_owned();
        assert_eq!(plan(&server)["created"], json!(in_scope), "{filter}");
        server.ok(&["job", "filter", "remove", "T", &said]);
    }

    // One of several is enough; a name is taken once.
    server.ok(&["job", "filter", "add", "T", "givenName EQUALS \"Given1\"", "--title", "One"]);
    server.ok(&["job", "filter", "add", "T", "givenName EQUALS \"Given2\"", "--title", "Two"]);
    assert_eq!(plan(&server)["created"], json!(2));
    let (refused, status) = server.run(&["job", "filter", "add", "T", "givenName IS NULL", "--title", "one"]);
    assert_eq!((status, &refused["error"]["code"]), (1, &json!("Exists")), "{refused}");
    let shown = server.table(&["job", "filter", "list", "T"]);
    assert!(shown.contains("One") && shown.contains("givenName EQUALS \"Given2\""), "{shown}");
    let left = server.ok(&["job", "filter", "remove", "T", "Two"]);
    assert_eq!(left["left"], 1, "{left}");
    assert_eq!(server.run(&["job", "filter", "remove", "T", "Two"]).1, 1);
    assert_eq!(server.run(&["job", "filter", "remove", "T", "One", "--group"]).1, 1);
    server.ok(&["job", "filter", "add", "T", "displayName ENDS_WITH \" team\"", "--group"]);
    assert_eq!(
        server.ok(&["job", "filter", "list", "T", "--group"])["value"].as_array().map(Vec::len),
        Some(1)
    );

    // What nobody can mean is refused with the reason.
    for (filter, words) in [
        ("department LIKE \"Sales\"", "an operator is missing"),
        ("department EQUALS", "the value of department"),
    ] {
        let (refused, status) = server.run(&["job", "filter", "add", "T", filter]);
        assert_eq!(status, 2, "{refused}");
        assert!(refused["error"]["message"].as_str().is_some_and(|it| it.contains(words)), "{refused}");
    }
    for filter in
        ["departmnt EQUALS \"Sales\"", "givenName REGEX MATCH \"(\"", "employeeId Greater_Than \"x\""]
    {
        let (refused, status) = server.run(&["job", "filter", "add", "T", filter]);
        assert_eq!(status, 1, "{filter}: {refused}");
    }
}

#[tokio::test]
async fn administrators_at_once_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let tenant = Tenant::create(&server);
    application(&server, folder.path(), &tenant.base_url, &tenant.token);
    let targets = ["nickName", "profileUrl", "locale", "timezone", "userType"];
    let commands: Vec<Vec<String>> = targets
        .iter()
        .map(|target| ["job", "mapping", "set", "T", target, "city"].map(str::to_owned).to_vec())
        .chain((0..5).map(|number| {
            let filter = format!("city EQUALS \"{number}\"");
            ["job", "filter", "add", "T", &filter].map(str::to_owned).to_vec()
        }))
        .chain(
            [
                "--interval=20m",
                "--mail=it@x.example",
                "--threshold=9",
                "--trigger=on-change",
                "--failures=percent=9",
            ]
            .map(|setting| ["job", "set", "T", setting].map(str::to_owned).to_vec()),
        )
        .collect();
    let started: Vec<_> = commands
        .iter()
        .map(|command| {
            let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            let mut command = server.command(&arguments);
            command.stdout(std::process::Stdio::piped()).spawn().expect("it starts")
        })
        .collect();
    for (child, command) in started.into_iter().zip(&commands) {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let mapped = server.ok(&["job", "mapping", "list", "T"]);
    for target in targets {
        let all = mapped["value"].as_array().expect("a list");
        assert!(
            all.iter().any(|it| it["targetAttributeName"] == target && it["source"]["name"] == "city"),
            "{target}"
        );
    }
    assert_eq!(server.ok(&["job", "filter", "list", "T"])["value"].as_array().map(Vec::len), Some(5));
    let job = server.ok(&["job", "status", "T"]);
    assert_eq!(
        (&job["interval"], &job["notificationMail"], &job["trigger"]),
        (&json!("PT20M"), &json!("it@x.example"), &json!("onChange")),
    );
    assert_eq!(
        (&job["guards"]["removals"]["number"], &job["failureLimits"]["percent"]),
        (&json!(9), &json!(9))
    );
}

#[tokio::test]
async fn limits_of_failures_are_set_and_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let tenant = Tenant::create(&server);
    application(&server, folder.path(), &tenant.base_url, &tenant.token);
    server.ok(&[
        "job",
        "set",
        "T",
        "--failures",
        "percent=10%",
        "--failures",
        "minimum=5",
        "--failures",
        "objects=100",
    ]);
    let shown = server.table(&["job", "status", "T"]);
    let wanted = "failures    quarantine from 10 % of what is in scope, no fewer than 5, or 100 objects";
    assert!(shown.contains(wanted), "{shown}");
    for wrong in ["percent=101", "percent=0", "minimum=0", "objects=0", "total=0"] {
        let (refused, status) = server.run(&["job", "set", "T", "--failures", wrong]);
        assert_eq!(status, 1, "{wrong}: {refused}");
        assert!(
            refused["error"]["message"].as_str().is_some_and(|it| it.contains("failureLimits")),
            "{refused}"
        );
    }
    assert_eq!(server.run(&["job", "set", "T", "--failures", "share=1"]).1, 2);
    let set =
        server.ok(&["job", "set", "T", "--failures", "percent=default", "--failures", "minimum=default"]);
    assert_eq!(
        set["failureLimits"],
        json!({"percent": null, "minimum": null, "objects": 100, "total": null})
    );

    // Groups are left alone, no account is deleted, and others are not touched by that.
    server.ok(&["job", "object", "set", "T", "--group", "--enabled", "off"]);
    let set = server.ok(&["job", "object", "set", "T", "--delete", "off"]);
    assert_eq!(set, json!({"object": "User", "enabled": true, "requests": "Add, Update"}));
    let all = server.ok(&["job", "object", "list", "T"]);
    assert_eq!(
        (&all["value"][1]["enabled"], &all["value"][1]["requests"]),
        (&json!(false), &json!("Add, Update, Delete"))
    );
    let shown = server.table(&["job", "status", "T"]);
    assert!(shown.contains("of these    users (never delete), no groups"), "{shown}");
    assert_eq!(server.run(&["job", "object", "set", "T"]).1, 2);

    // A group is deleted for good.
    let file = folder.path().join("groups.csv");
    std::fs::write(&file, "displayName\nTeam\n").expect("written");
    server.ok(&["group", "import", file.to_str().expect("ASCII")]);
    server.ok(&["group", "delete", "Team"]);
    assert_eq!(server.ok(&["group", "list"])["value"], json!([]));
    assert_eq!(server.run(&["group", "delete", "Team"]).1, 1);
}
