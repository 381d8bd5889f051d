//! What the next cycle would do, read from the command line.

mod support;

use serde_json::json;
use support::{Server, Tenant, application, people};

#[tokio::test]
async fn a_plan_tells_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let tenant = Tenant::create(&server);
    let file = people(folder.path(), 30);
    server.ok(&["user", "import", file.to_str().expect("a path of ASCII")]);
    application(&server, folder.path(), &tenant.base_url, &tenant.token);

    let (plan, status) = server.run(&["job", "plan", "T"]);
    assert_eq!((&plan["created"], status), (&json!(30), 0), "{plan}");
    let changes = plan["changes"].as_array().expect("changes");
    assert_eq!(changes.len(), 30);
    assert_eq!(
        (&changes[0]["action"], &changes[0]["source"]["identityType"]),
        (&json!("create"), &json!("User"))
    );
    let modified = changes[0]["modified"].as_array().expect("differences");
    assert!(modified.iter().any(|it| it["attribute"] == "userName" && it["old"].is_null()), "{modified:?}");
    assert_eq!(tenant.count().await, 0);
    assert_eq!(server.ok(&["log", "list", "T"])["value"], json!([]));
    let (one, _) = server.run(&["job", "plan", "T", "--user", "user3@contoso.example"]);
    assert_eq!((&one["created"], one["changes"].as_array().map(Vec::len)), (&json!(1), Some(1)), "{one}");

    // With settings that are not saved.
    let file = folder.path().join("settings.json");
    let file = file.to_str().expect("a path of ASCII");
    std::fs::write(file, r#"{"scope": "assigned"}"#).expect("written");
    let (with, status) = server.run(&["job", "plan", "T", "--with", file]);
    assert_eq!((&with["created"], status), (&json!(0), 0), "{with}");
    assert_eq!(server.run(&["job", "plan", "T"]).0["created"], json!(30));
    for wrong in [r#"{"scope": "some"}"#, r#"{"users": []}"#, "[]", ""] {
        std::fs::write(file, wrong).expect("written");
        assert_ne!(server.run(&["job", "plan", "T", "--with", file]).1, 0, "{wrong}");
    }

    let (report, _) = server.run(&["job", "run", "T", "--wait"]);
    assert_eq!(report["created"], plan["created"]);

    // A guard would hold these back: the exit status says so, and nothing is held back yet.
    for number in 0..20 {
        server.ok(&["user", "delete", &format!("user{number}@contoso.example")]);
    }
    let (plan, status) = server.run(&["job", "plan", "T"]);
    assert_eq!((&plan["staged"], status), (&json!(20), 3), "{plan}");
    assert_eq!(plan["error"]["errorCode"], "TooManyDeletes");
    assert_eq!(server.ok(&["job", "staged", "T"])["value"], json!([]));
    assert_eq!(server.run(&["job", "plan", "nobody"]).1, 1);
}
