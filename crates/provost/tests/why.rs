//! What the provisioning log answers to the questions that administrators ask.

mod support;

use support::{Server, Tenant};

fn file(folder: &std::path::Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("the file can be written");
    path.to_str().expect("a path of ASCII").to_owned()
}

#[tokio::test]
async fn the_log_says_why_somebody_has_no_account_and_what_happens_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let tenant = Tenant::create(&server);
    server.ok(&["tenant", "set", "contoso", "--unique-external-ids", "on"]);
    let names = ["outsider", "plain", "off", "left", "unmapped", "first", "second", "filtered"];
    let row = |name: &str| {
        let enabled = if name == "off" { "False" } else { "True" };
        let unit = match name {
            "filtered" => "Temps",
            // The target wants that to be unique.
            "first" | "second" => "Twins",
            other => other,
        };
        format!("{name}@c.example,{name},{name},{unit},{enabled}\n")
    };
    let header = "userPrincipalName,displayName,givenName,department,accountEnabled\n".to_owned();
    let rows = header + &names.map(row).concat();
    server.ok(&["user", "import", &file(folder.path(), "users.csv", &rows)]);
    let token = file(folder.path(), "token", &tenant.token);
    let create = ["app", "create", "--template", "officespace", "--name", "T"];
    server.ok(&[&create[..], &["--tenant-url", &tenant.base_url, "--secret-token-file", &token]].concat());
    for name in &names[2..] {
        server.ok(&["app", "assign", "T", "--user", &format!("{name}@c.example")]);
    }
    server.ok(&["app", "assign", "T", "--user", "plain@c.example", "--role", "Default Access"]);
    let breaks = r#"IIF([givenName]="unmapped", DateAdd("d", 1, [givenName]), [givenName])"#;
    server.ok(&["job", "mapping", "set", "T", "nickName", breaks]);
    server.ok(&["job", "mapping", "set", "T", "externalId", "[department]"]);
    server.ok(&["job", "filter", "add", "T", "department NOT EQUALS \"Temps\"", "--title", "no temps"]);

    assert_eq!(server.run(&["job", "run", "T", "--wait"]).1, 1);
    server.ok(&["user", "delete", "left@c.example"]);
    server.run(&["job", "run", "T", "--wait"]);

    let told = |name: &str, words: &[&str]| {
        let user = format!("{name}@c.example");
        let shown = server.table(&["log", "list", "T", "--user", &user, "--steps"]);
        for word in words {
            assert!(shown.contains(word), "{name}: {word:?} is not in\n{shown}");
        }
    };
    // Who never was in scope is not in the log; why, a plan of this user tells, and writes nothing.
    let planned = |name: &str, words: &[&str]| {
        let output = server.plain(&["job", "plan", "T", "--user", &format!("{name}@c.example")]).output();
        let shown = String::from_utf8_lossy(&output.expect("it runs").stdout).into_owned();
        for word in words {
            assert!(shown.contains(word), "{name}: {word:?} is not in\n{shown}");
        }
    };
    told(
        "outsider",
        &["no entry about outsider@c.example", "is not assigned", "job plan T --user", "not started"],
    );
    planned(
        "outsider",
        &["outsider@c.example: no account", "not assigned to the application", "provost app assign"],
    );
    told(
        "plain",
        &["skipped", "not effectively entitled", "Default Access role only", "to do: ", "--role ROLE"],
    );
    planned("plain", &["no account", "not effectively entitled"]);
    told(
        "off",
        &["skipped", "disabled (accountEnabled is false)", "no account, and none is wanted", "to do: "],
    );
    let filter = "scoping filters (no temps: department NOT EQUALS \"Temps\")";
    told("filtered", &["skipped", filter, "provost job filter list"]);
    planned("filtered", &["no account", filter]);
    planned("unmapped", &["failure", "the mapping of nickName failed", "to do: "]);
    planned("second", &["create", "failed in ", "EntryConflict: 409", "cycles try again after"]);
    planned("first", &["nothing to do", "linked to its account already"]);
    told("unmapped", &["failure", "the mapping of nickName failed: DateAdd", "to do: ", "waits after try"]);
    let second =
        ["failure", "EntryConflict: 409", "externalId \"Twins\" is taken", "to do: ", "waits after try"];
    told("second", &second);
    told(
        "left",
        &["disable success", "recycle bin", "started by", "active: true -> false", "log audit --user left"],
    );
    let audits = server.table(&["log", "audit", "--user", "left@c.example"]);
    assert!(audits.contains("Delete user") && audits.contains("Global Administrator"), "{audits}");
    let audits = server.table(&["log", "audit", "T"]);
    assert!(
        audits.contains("Update provisioning configuration") && audits.contains("objectMappings"),
        "{audits}"
    );

    // Somebody new with the name of who has left.
    let rows = "userPrincipalName,displayName,department\nleft@c.example,New,new\n";
    server.ok(&["user", "import", &file(folder.path(), "new.csv", rows)]);
    server.ok(&["app", "assign", "T", "--user", "left@c.example"]);
    server.run(&["job", "run", "T", "--wait"]);
    told("left", &["DuplicateSourceEntries", "is already the account of", "who has left", "to do: "]);

    // Held back: by whom, and how to let it go on.
    server.ok(&["job", "set", "T", "--threshold", "0"]);
    server.ok(&["user", "disable", "first@c.example"]);
    assert_eq!(server.run(&["job", "run", "T", "--wait"]).1, 3);
    told("first", &["stagedDelete skipped", "TooManyDeletes", "to do: ", "allow"]);
    let shown = server.table(&["job", "status", "T"]);
    assert!(shown.contains("quarantine") && shown.contains("TooManyDeletes"), "{shown}");
    planned(
        "first",
        &["disable", "held back by a guard in cycles since", "is in quarantine", "TooManyDeletes"],
    );
    let shown = server.table(&["job", "status", "T"]);
    for part in [
        "1 object held back by a guard",
        "objects failed; the first is tried again after",
        "next cycle  by hand",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    server.ok(&["job", "start", "T"]);
    let shown = server.table(&["job", "status", "T"]);
    assert!(shown.contains("tried again at"), "{shown}");

    // Nothing to match by, and a target that lets nobody in.
    server.ok(&["job", "pause", "T"]);
    server.ok(&["job", "mapping", "set", "T", "userName", "employeeId"]);
    server.ok(&["app", "assign", "T", "--user", "outsider@c.example"]);
    planned("outsider", &["ImportSkipped", "no value for any matching attribute (userName)", "to do: "]);
    server.ok(&["app", "unassign", "T", "--user", "outsider@c.example"]);
    let token = file(folder.path(), "wrong", "wrong");
    server.ok(&["app", "set", "T", "--secret-token-file", &token]);
    server.run(&["job", "run", "T", "--wait"]);
    told(
        "outsider",
        &["no entry about", "in quarantine since", "Unauthorized: 401", "hint: Renew the secret token"],
    );
    let shown = server.table(&["job", "status", "T"]);
    assert!(shown.contains("quarantine  since") && shown.contains("Renew the secret token"), "{shown}");
}
