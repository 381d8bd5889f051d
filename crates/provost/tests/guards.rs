//! What guards hold back, read and allowed from the command line.

mod support;

use serde_json::{Value, json};
use support::{Server, Tenant, application, people};

#[tokio::test]
async fn a_mass_removal_is_read_and_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let tenant = Tenant::create(&server);
    let file = people(folder.path(), 30);
    server.ok(&["user", "import", file.to_str().expect("a path of ASCII")]);
    application(&server, folder.path(), &tenant.base_url, &tenant.token);
    assert_eq!(server.run(&["job", "run", "T", "--wait"]).1, 0);
    assert_eq!(tenant.count().await, 30);
    assert_eq!(server.table(&["job", "staged", "T"]).trim(), "nothing is held back");

    // Everybody but a few is deleted.
    for number in 0..20 {
        server.ok(&["user", "delete", &format!("user{number}@contoso.example")]);
    }
    let (report, status) = server.run(&["job", "run", "T", "--wait"]);
    assert_eq!((&report["staged"], status), (&json!(20), 3), "{report}");
    assert_eq!(report["error"]["errorCode"], "TooManyDeletes");
    let active = async || tenant.users().await.iter().filter(|user| user["active"] == true).count();
    assert_eq!(active().await, 30);

    let staged = server.ok(&["job", "staged", "T"])["value"].as_array().cloned().expect("a list");
    assert_eq!(staged.len(), 20);
    let first: &Value = &staged[0];
    assert_eq!((&first["action"], &first["objectType"]), (&json!("disable"), &json!("User")), "{first}");
    assert_eq!(first["reason"], "the object is in the recycle bin (soft-deleted)");
    let shown = server.table(&["job", "staged", "T"]);
    let until = shown.split("--until ").nth(1).expect("how to allow these").trim();
    assert!(server.table(&["job", "status", "T"]).contains("quarantine"));

    // One more after the list was read.
    server.ok(&["user", "delete", "user20@contoso.example"]);
    server.run(&["job", "run", "T", "--wait"]);
    server.ok(&["job", "allow-deletes", "T", "--until", until]);
    let (report, status) = server.run(&["job", "run", "T", "--wait"]);
    assert_eq!((&report["disabled"], status), (&json!(21), 0), "one alone is let through: {report}");
    assert_eq!(active().await, 9);
    assert_eq!(server.ok(&["job", "staged", "T"])["value"], json!([]));

    let set = ["job", "set", "T", "--threshold", "0", "--on-deleted", "delete", "--guard", "renames=10%"];
    let changed = server.ok(&[&set[..], &["--matched-accounts", "unlink"]].concat());
    assert_eq!(changed["deprovisioning"]["softDeleted"], "delete");
    assert_eq!(changed["guards"]["removals"]["number"], 0);
    let shown = server.table(&["job", "status", "T"]);
    assert!(shown.contains("removals 0, renames 10 %"), "{shown}");
    assert!(shown.contains("deleted: delete") && shown.contains("matched accounts are unlinked"), "{shown}");
    // A choice applies to those who have left already, under the guard.
    let (report, status) = server.run(&["job", "run", "T", "--wait"]);
    assert_eq!((&report["staged"], status), (&json!(21), 3), "{report}");
    assert_eq!(server.run(&["job", "set", "T", "--on-group-unassigned", "disable"]).1, 1);
    assert_eq!(server.run(&["job", "set", "T", "--threshold-percent", "101"]).1, 1);
}

#[tokio::test]
async fn members_who_would_leave_a_group_are_read_and_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let tenant = Tenant::create(&server);
    let file = people(folder.path(), 30);
    server.ok(&["user", "import", file.to_str().expect("a path of ASCII")]);
    let rows: Vec<String> = (0..30).map(|number| format!("Team,user{number}@contoso.example")).collect();
    let file = folder.path().join("groups.csv");
    std::fs::write(&file, format!("displayName,memberUserPrincipalName\n{}\n", rows.join("\n")))
        .expect("written");
    let imported = server.ok(&["group", "import", file.to_str().expect("a path of ASCII")]);
    application(&server, folder.path(), &tenant.base_url, &tenant.token);
    assert_eq!(server.run(&["job", "run", "T", "--wait"]).1, 0);
    let members = async || tenant.all("/Groups").await[0]["members"].as_array().map_or(0, Vec::len);
    assert_eq!(members().await, 30, "{imported}");
    for number in 0..25 {
        server.ok(&["group", "remove-member", "Team", &format!("user{number}@contoso.example")]);
    }
    let (report, status) = server.run(&["job", "run", "T", "--wait"]);
    assert_eq!((&report["staged"], status), (&json!(1), 3), "{report}");
    assert_eq!(report["error"]["errorCode"], "TooManyMembershipRemovals");
    assert_eq!(members().await, 30);
    let shown = server.table(&["job", "staged", "T"]);
    assert!(shown.contains("take out 25 members (") && shown.contains("Team"), "{shown}");
    let until = shown.split("--until ").nth(1).expect("how to allow these").trim();
    server.ok(&["job", "allow-deletes", "T", "--until", until]);
    assert_eq!(server.run(&["job", "run", "T", "--wait"]).1, 0);
    assert_eq!(members().await, 5);
}
