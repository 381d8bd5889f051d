//! The installation as a whole: its configuration as a document, and copies of all of it.

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Server, Tenant, application, people};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ASCII")
}

fn write(dir: &Path, name: &str, content: &Value) -> String {
    let path = dir.join(name);
    std::fs::write(&path, content.to_string()).expect("the file can be written");
    text(&path).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_goes_from_one_installation_to_another() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("one"));
    let tenant = Tenant::create(&server);
    server.ok(&["user", "import", text(&people(dir.path(), 12))]);
    application(&server, dir.path(), &tenant.base_url, &tenant.token);
    server.ok(&["app", "assign", "T", "--user", "user3@contoso.example"]);
    let badge = json!({"id": "urn:example:badge", "name": "Badge", "attributes":
        [{"name": "number", "type": "integer", "mutability": "readWrite"}]});
    server.ok(&["tenant", "schema", "set", "contoso", &write(dir.path(), "badge.json", &badge)]);
    server.ok(&["tenant", "set", "contoso", "--strict", "on"]);
    assert_eq!(server.ok(&["job", "run", "T", "--wait"])["created"], 12);

    let file = dir.path().join("provost.json");
    let exported = server.ok(&["config", "export", "--output", text(&file)]);
    assert_eq!((&exported["applications"], &exported["tenants"]), (&json!(1), &json!(1)));
    let document = std::fs::read_to_string(&file).expect("the document");
    for secret in [&tenant.token, &tenant.base_url, &server.admin_token()] {
        assert!(!document.contains(secret.as_str()), "a secret is in the document");
    }
    let planned = server.ok(&["config", "apply", text(&file), "--plan"]);
    assert_eq!((&planned["changes"], &planned["applied"]), (&json!([]), &json!(false)));
    let shown = server.table(&["config", "apply", text(&file), "--plan"]);
    assert!(shown.contains("nothing to do"), "{shown}");

    // A changed mapping says how many objects are looked at again, and the next cycle looks at them.
    let mut changed: Value = serde_json::from_str(&document).expect("JSON");
    let mapped = &mut changed["applications"][0]["jobs"][0]["mappings"][0]["attributeMappings"];
    let mapped = mapped.as_array_mut().expect("mappings").iter_mut();
    let title = mapped.into_iter().find(|it| it["target"] == "title").expect("the title is mapped");
    title["source"] = json!({"expression": "ToUpper([jobTitle], )"});
    let changed = write(dir.path(), "changed.json", &changed);
    let planned = server.ok(&["config", "apply", &changed, "--plan"]);
    assert_eq!(planned["reevaluation"][0]["objects"], 12, "{planned}");
    assert_eq!(planned["changes"].as_array().map(Vec::len), Some(1), "{planned}");
    assert_eq!(server.ok(&["config", "apply", &changed])["applied"], true);
    assert_eq!(server.ok(&["job", "run", "T", "--wait"])["updated"], 12);
    assert_eq!(server.ok(&["config", "apply", text(&file)])["applied"], true);
    let shown = server.table(&["config", "export"]);
    assert_eq!(shown, document);

    // A new installation gets all of it but the secrets, and says so.
    let other = Server::start(&dir.path().join("two"));
    let (refused, status) = other.run(&["config", "apply", text(&file)]);
    assert_eq!(status, 1, "its users are not there yet: {refused}");
    assert_eq!(other.ok(&["app", "list"])["value"], json!([]));
    other.ok(&["user", "import", text(&dir.path().join("users.csv"))]);
    let applied = other.ok(&["config", "apply", text(&file)]);
    let due = applied["toDo"].as_array().expect("a list");
    assert_eq!(due.len(), 2, "a secret and a token: {applied}");
    assert_eq!(other.table(&["config", "export"]), document);
    assert_eq!(other.ok(&["tenant", "schema", "list", "contoso"])["value"][0]["id"], "urn:example:badge");

    // What is removed has to be asked for twice.
    let none = write(dir.path(), "none.json", &json!({"version": 1, "applications": []}));
    assert_eq!(other.ok(&["config", "apply", &none])["changes"], json!([]));
    let (planned, status) = other.run(&["config", "apply", &none, "--prune"]);
    assert_eq!((status, &planned["changes"][0]["action"]), (3, &json!("remove")), "{planned}");
    assert_eq!(other.table(&["config", "export"]), document);
    other.ok(&["config", "apply", &none, "--prune", "--yes"]);
    assert_eq!(other.ok(&["app", "list"])["value"], json!([]));
    let unknown = write(dir.path(), "unknown.json", &json!({"version": 1, "colour": 1}));
    let (refused, status) = other.run(&["config", "apply", &unknown]);
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(status == 1 && message.starts_with("colour: unknown field"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_resources_of_a_tenant_do_not_fit_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let tenant = Tenant::create(&server);
    server.ok(&["tenant", "create", "fabrikam"]);
    for name in ["ann", "bob"] {
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "externalId": "7"});
        let request = tenant.client.post(format!("{}/Users", tenant.base_url)).bearer_auth(&tenant.token);
        let request = request.header("content-type", "application/scim+json").body(user.to_string());
        assert_eq!(request.send().await.expect("an answer").status(), 201);
    }
    let before = server.table(&["config", "export"]);
    let document = |settings: Value| {
        json!({"version": 1, "applications": [{"name": "A", "template": "scim"}],
            "tenants": [{"name": "contoso", "settings": settings}]})
    };
    let unique = write(dir.path(), "unique.json", &document(json!({"uniqueExternalIds": true})));
    server.ok(&["config", "apply", &unique, "--plan"]);
    let (refused, status) = server.run(&["config", "apply", &unique]);
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(status == 1 && message.starts_with("tenants[contoso]: "), "{refused}");
    assert_eq!(server.table(&["config", "export"]), before, "nor is the application made");
    // What is not named goes, but for tenants that hold somebody.
    let none = write(dir.path(), "none.json", &json!({"version": 1, "tenants": []}));
    let (refused, status) = server.run(&["config", "apply", &none, "--prune", "--yes"]);
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(status == 1 && message.contains("'contoso' is not named"), "{refused}");
    let strict = write(dir.path(), "strict.json", &document(json!({"strict": true})));
    server.ok(&["config", "apply", &strict, "--prune", "--yes"]);
    assert_eq!(server.run(&["tenant", "show", "fabrikam"]).1, 1);
    assert_eq!(server.ok(&["tenant", "show", "contoso"])["settings"]["strict"], true);
    assert_eq!(server.ok(&["app", "list"])["value"][0]["displayName"], "A");
}

/// What people see of an installation.
fn seen(server: &Server) -> Vec<Value> {
    [
        &["user", "list"][..],
        &["user", "list", "--deleted"],
        &["group", "show", "Desks"],
        &["tenant", "list"],
        &["token", "list", "contoso"],
        &["config", "export"],
        &["job", "status", "T"],
        &["log", "list", "T"],
    ]
    .map(|command| without_addresses(server.ok(command)))
    .to_vec()
}

/// Without where the server is reached, and when it was asked.
fn without_addresses(mut shown: Value) -> Value {
    match &mut shown {
        Value::Object(members) => {
            for name in ["scimBaseUrl", "pathBaseUrl", "nextCycle", "lastUsed"] {
                members.remove(name);
            }
            members.values_mut().for_each(|value| *value = without_addresses(value.take()));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = without_addresses(value.take())),
        _ => {}
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_server_at_work_is_restored_and_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("one.backup"));
    let target = Server::start(&dir.path().join("target"));
    let tenant = Tenant::create(&target);
    let server = Server::start(&data);
    server.ok(&["tenant", "create", "contoso"]);
    server.ok(&["user", "import", text(&people(dir.path(), 40))]);
    let groups = dir.path().join("groups.csv");
    std::fs::write(&groups, "displayName,memberUserPrincipalName\nDesks,user1@contoso.example\n")
        .expect("written");
    server.ok(&["group", "import", text(&groups)]);
    server.ok(&["user", "delete", "user7@contoso.example"]);
    application(&server, dir.path(), &tenant.base_url, &tenant.token);
    server.ok(&["job", "run", "T", "--wait"]);
    let before = seen(&server);

    let made = server.ok(&["backup", text(&copy)]);
    assert_eq!(made["bytes"], std::fs::metadata(&copy).expect("the backup").len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&copy).expect("the backup").permissions().mode() & 0o777, 0o600);
    }
    let (refused, status) = server.run(&["backup", text(&copy)]);
    assert_eq!((status, &refused["error"]["code"]), (1, &json!("File")), "none replaces another");
    assert_eq!(names(dir.path()), ["data", "groups.csv", "one.backup", "target", "token", "users.csv"]);
    assert!(names(&data).iter().all(|name| !name.starts_with(".backup")), "{:?}", names(&data));
    let (refused, status) = server.run(&["restore", text(&copy), "--replace"]);
    assert_eq!((status, &refused["error"]["code"]), (1, &json!("Locked")), "{refused}");

    // While somebody writes, and after the first is out of date.
    let writing = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..40 {
                server.ok(&[
                    "user",
                    "set",
                    &format!("user{}@contoso.example", 10 + n % 5),
                    &format!("city=Town {n}"),
                ]);
            }
        });
        let second = dir.path().join("two.backup");
        server.ok(&["backup", text(&second)]);
        writer.join().expect("it wrote");
        second
    });
    assert_ne!(seen(&server)[0], before[0]);
    server.kill();

    // Without a server, and of what a killed one has left.
    let third = dir.path().join("three.backup");
    let offline = Server::offline(&data);
    offline.ok(&["backup", text(&third)]);
    let fresh = dir.path().join("fresh");
    for (file, complete) in [(&writing, false), (&third, true)] {
        let restored = Server::offline(&fresh);
        restored.ok(&["restore", text(file), "--replace", "--master-key", text(&data.join("master-key"))]);
        std::fs::copy(data.join("admin-token"), fresh.join("admin-token")).expect("the token");
        let restored = Server::start(&fresh);
        let users = restored.ok(&["user", "list"])["value"].as_array().map(Vec::len);
        assert_eq!(users, Some(39));
        let last = restored.ok(&["user", "show", "user14@contoso.example"]);
        assert!(!complete || last["city"] == "Town 39", "{last}");
    }

    let (refused, status) = offline.run(&["restore", text(&copy)]);
    assert_eq!((status, &refused["error"]["code"]), (1, &json!("NotEmpty")), "{refused}");
    let restored = offline.ok(&["restore", text(&copy), "--replace"]);
    assert_eq!((&restored["users"], &restored["adminTokenKnown"]), (&json!(39), &json!(true)), "{restored}");
    assert!(Path::new(restored["replaced"].as_str().expect("kept")).exists());
    let server = Server::start(&data);
    assert_eq!(seen(&server), before);

    // It goes on where it was: nothing to do, and then what is new.
    let report = server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!(
        (&report["created"], &report["updated"], &report["failed"]),
        (&json!(0), &json!(0), &json!(0))
    );
    server.ok(&["user", "set", "user3@contoso.example", "jobTitle=Chief"]);
    assert_eq!(server.ok(&["job", "run", "T", "--wait"])["updated"], 1);
    assert_eq!(tenant.count().await, 39);
}

/// What is in a folder, in order.
fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_lag_behind_the_target_find_their_accounts() {
    let dir = tempfile::tempdir().expect("a directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("provost.backup"));
    let target = Server::start(&dir.path().join("target"));
    let tenant = Tenant::create(&target);
    let server = Server::start(&data);
    server.ok(&["user", "import", text(&people(dir.path(), 5))]);
    application(&server, dir.path(), &tenant.base_url, &tenant.token);
    server.ok(&["job", "run", "T", "--wait"]);
    server.ok(&["job", "start", "T"]);
    server.ok(&["backup", text(&copy)]);
    // What happens afterwards is lost here, and not in the target.
    let users = people(dir.path(), 9);
    server.ok(&["user", "import", text(&users)]);
    server.ok(&["user", "set", "user2@contoso.example", "jobTitle=Chief"]);
    server.ok(&["user", "disable", "user4@contoso.example"]);
    server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!(tenant.count().await, 9);
    server.kill();

    let offline = Server::offline(&data);
    let restored = offline.ok(&["restore", text(&copy), "--replace", "--pause-jobs"]);
    assert_eq!((&restored["pausedJobs"], &restored["startedJobs"]), (&json!(1), &json!(0)), "{restored}");
    let server = Server::start(&data);
    let (drift, status) = server.run(&["job", "drift", "T"]);
    assert_eq!(status, 1, "the comparison tells what is not as it was left: {drift}");
    // The directory's source says again how things are; accounts are found and not made twice.
    server.ok(&["user", "import", text(&users)]);
    server.ok(&["user", "disable", "user4@contoso.example"]);
    let report = server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!((&report["created"], &report["failed"]), (&json!(0), &json!(0)), "{report}");
    server.ok(&["job", "drift", "T", "--repair"]);
    assert_eq!(tenant.count().await, 9);
    assert_eq!(server.run(&["job", "drift", "T"]).1, 0, "nothing differs any more");
    let account = tenant.users().await.into_iter().find(|it| it["userName"] == "user2@contoso.example");
    assert_eq!(account.expect("an account")["title"], "Title 2");
}

#[test]
fn a_backup_without_its_key_says_whose_secrets_are_lost() {
    let dir = tempfile::tempdir().expect("a directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("provost.backup"));
    let server = Server::start(&data);
    application(&server, dir.path(), "https://target.example.com/scim", "sesame");
    server.ok(&["backup", text(&copy)]);
    drop(server);
    let other = dir.path().join("other");
    let offline = Server::offline(&other);
    let (refused, status) = offline.run(&["restore", text(&copy)]);
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(status == 1 && message.ends_with("cannot be read: T"), "{refused}");
    std::fs::write(dir.path().join("key"), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").expect("written");
    let key = dir.path().join("key");
    let (refused, _) = offline.run(&["restore", text(&copy), "--master-key", text(&key)]);
    assert_eq!(refused["error"]["code"], "MasterKey", "another one: {refused}");
    assert!(!names(&other).iter().any(|name| name.starts_with("provost.db") || name.starts_with(".restore")));
    let restored = offline.ok(&["restore", text(&copy), "--without-key"]);
    assert_eq!(restored["secretsToSave"], json!(["T"]));
    assert_eq!(restored["adminTokenKnown"], false);
    offline.ok(&["admin-token", "reset"]);
    let server = Server::start(&other);
    assert_eq!(server.ok(&["app", "list"])["value"][0]["displayName"], "T");
    assert_eq!(server.run(&["job", "test", "T"]).0["error"]["code"], "MasterKeyMismatch");
    let broken = dir.path().join("broken.backup");
    std::fs::write(&broken, &std::fs::read(&copy).expect("the backup")[..9000]).expect("written");
    let (refused, status) = Server::offline(&dir.path().join("third")).run(&["restore", text(&broken)]);
    assert_eq!((status, &refused["error"]["code"]), (1, &json!("Backup")), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn last_nights_file_is_imported_by_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let mails = testkit::MailServer::start().await;
    let url = mails.url();
    let mail = ["--smtp-url", &url, "--mail-from", "provost@example.com", "--mail-to", "ops@example.com"];
    let data = dir.path().join("data");
    let server = Server::start_with(&data, &mail);
    let schedule = |command: &[&str]| server.run(&[&["user", "import-schedule"], command].concat());
    let (shown, status) = schedule(&["show"]);
    assert_eq!((status, &shown["schedule"]), (0, &Value::Null), "{shown}");
    let folder = Path::new(shown["folder"].as_str().expect("a path"));
    assert_eq!(schedule(&["set", "../users.csv", "--every", "1s"]).1, 1);
    assert_eq!(schedule(&["set", "users.csv", "--every", "1s", "--at", "02:00"]).1, 2);
    assert_eq!(schedule(&["run"]).1, 1, "there is none");
    let daily = schedule(&["set", "users.csv", "--at", "02:30", "--time-zone", "Europe/Berlin"]).0;
    assert_eq!(daily["schedule"]["when"], json!({"at": "02:30:00", "timeZone": "Europe/Berlin"}), "{daily}");
    let (refused, status) = schedule(&["run"]);
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(status == 1 && message.contains("no file users.csv"), "{refused}");

    // Every second, and put into its place by a new name.
    schedule(&["set", "users.csv", "--every", "1s", "--settle", "1s", "--max-leavers", "3"]);
    let provide = |number: usize| {
        let file = people(dir.path(), number);
        std::fs::rename(&file, folder.join("users.csv")).expect("renamed");
    };
    let count = || server.ok(&["user", "list"])["value"].as_array().map_or(0, Vec::len);
    provide(20);
    support::wait_until("everybody", async || count() == 20).await;
    support::wait_until("a look at the same file", async || !schedule(&["show"]).0["unchanged"].is_null())
        .await;
    assert_eq!(schedule(&["show"]).0["last"]["created"], 20);
    provide(17);
    support::wait_until("leavers", async || count() == 17).await;
    assert_eq!(server.ok(&["user", "list", "--deleted"])["value"].as_array().map(Vec::len), Some(3));

    // More at once are held back, told by mail once, and allowed by number.
    provide(11);
    support::wait_until("a guard", async || schedule(&["show"]).0["last"]["outcome"] == "held").await;
    let held = schedule(&["show"]).0["last"].clone();
    assert_eq!((&held["held"], count()), (&json!(6), 17), "{held}");
    support::wait_until("a mail", async || !mails.received().is_empty()).await;
    let (run, status) = schedule(&["run"]);
    assert_eq!((status, &run["outcome"]), (3, &json!("held")), "{run}");
    let (run, status) = schedule(&["run", "--allow-leavers", "6"]);
    assert_eq!((status, &run["deleted"], count()), (0, &json!(6), 11), "{run}");
    let mail = &mails.received()[0];
    assert_eq!(mail.to, ["ops@example.com"]);
    assert_eq!(mail.header("subject"), "Import of users.csv: 6 users would leave at once, and are held back");
    assert!(mail.body().contains("run --allow-leavers 6"), "{}", mail.body());
    assert_eq!(schedule(&["off"]).1, 0);
    let audits = server.ok(&["log", "audit", "--top", "1"]);
    assert_eq!(audits["value"][0]["activityDisplayName"], "Remove import schedule", "{audits}");

    // By hand, the same guard and the same way past it.
    let file = people(dir.path(), 2);
    let (report, status) = server.run(&["user", "import", text(&file), "--snapshot", "--dry-run"]);
    assert_eq!((status, &report["held"]), (3, &json!(9)), "{report}");
    assert_eq!(report["leavers"].as_array().map(Vec::len), Some(9));
    let report = server.ok(&["user", "import", text(&file), "--snapshot", "--allow-leavers", "9"]);
    assert_eq!((&report["deleted"], count()), (&json!(9), 2), "{report}");
}
