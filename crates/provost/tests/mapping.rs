//! What an administrator maps and how, by commands, to targets that say what they have, that do not, and that lie.

mod support;

use serde_json::{Value, json};
use support::{Server, Tenant, application};
use testkit::{Fault, Rule, ScimTarget, Switches};

const URN: &str = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";

/// A server with the tenant `contoso`, whose users have attributes of its own, and the application `T` that fills it with
/// three users.
fn world(dir: &std::path::Path) -> (Server, Tenant) {
    let server = Server::start(&dir.join("data"));
    let tenant = Tenant::create(&server);
    let extension = json!({"id": URN, "attributes": [
        {"name": "badge", "type": "string"},
        {"name": "level", "type": "integer"},
        {"name": "vip", "type": "boolean"},
        {"name": "serial", "type": "string", "mutability": "readOnly"},
        {"name": "desk", "type": "complex", "subAttributes": [{"name": "floor", "type": "integer"}, {"name": "room"}]}]});
    let file = dir.join("extension.json");
    std::fs::write(&file, extension.to_string()).expect("written");
    server.ok(&["tenant", "schema", "set", "contoso", file.to_str().expect("ASCII")]);
    let people = support::people(dir, 3);
    server.ok(&["user", "import", people.to_str().expect("ASCII")]);
    application(&server, dir, &tenant.base_url, &tenant.token);
    (server, tenant)
}

fn set(server: &Server, target: &str, source: &str) -> (i32, String) {
    let (answer, status) = server.run(&["job", "mapping", "set", "T", target, source]);
    (status, answer["error"]["message"].as_str().unwrap_or_default().to_owned())
}

fn origin(server: &Server, name: &str) -> Value {
    let list = server.ok(&["job", "attribute", "list", "T", name]);
    list["value"][0]["origin"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_of_the_targets_own_are_discovered_mapped_and_filled() {
    let dir = tempfile::tempdir().expect("a directory");
    let (server, tenant) = world(dir.path());
    let of = |name: &str| format!("{URN}:{name}");
    let (status, words) = set(&server, &of("badge"), "employeeId");
    assert!(status == 1 && words.contains(&format!("the target has no schema {URN}")), "{words}");

    server.ok(&["job", "test", "T"]);
    assert_eq!(origin(&server, &of("badge")), "discovered");
    let listed = server.ok(&["job", "attribute", "discover", "T"]);
    assert!(listed["discoveredAt"].is_string(), "{listed}");
    let table = server.table(&["job", "attribute", "list", "T", "contoso"]);
    assert!(
        table.contains("desk.floor") && table.contains("ReadOnly") && table.contains("discovered"),
        "{table}"
    );

    for (target, source) in [
        (of("badge"), r#"Append("B-", [jobTitle])"#),
        (of("level"), r#""7""#),
        (of("vip"), r#""True""#),
        (of("desk.floor"), r#""3""#),
        ("nickName".to_owned(), "[givenName]"),
    ] {
        assert_eq!(set(&server, &target, source), (0, String::new()), "{target}");
    }
    for (target, source, wanted) in [
        (of("bagde"), "jobTitle", "did you mean badge?"),
        (of("serial"), "jobTitle", "read-only"),
        (of("level"), r#""high""#, "is not a whole number"),
        (of("vip"), r#""maybe""#, "neither True nor False"),
        (of("desk"), "jobTitle", "name one of its parts (floor, room)"),
        (of("desk.flor"), "jobTitle", "did you mean floor?"),
        ("nickname".to_owned(), "[givenNam]", "did you mean [givenName]?"),
        ("groups".to_owned(), "jobTitle", "map members of groups"),
    ] {
        let (status, words) = set(&server, &target, source);
        assert!(status == 1 && words.contains(wanted), "{target}: {words}");
        assert!(words.contains("Provision Users"), "{words}");
    }

    server.ok(&["job", "run", "T", "--wait"]);
    let users = tenant.users().await;
    assert_eq!(users.len(), 3);
    for user in &users {
        let badge = format!("B-{}", user["title"].as_str().expect("a title"));
        assert_eq!(
            user[URN],
            json!({"badge": badge, "level": 7, "vip": true, "desk": {"floor": 3}}),
            "{user}"
        );
        assert_eq!(user["nickName"], user["name"]["givenName"]);
    }
    let again = server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!((&again["updated"], &again["created"]), (&json!(0), &json!(0)), "{again}");
}

#[test]
fn mappings_are_listed_changed_removed_and_carried_from_job_to_job() {
    let dir = tempfile::tempdir().expect("a directory");
    let (server, _) = world(dir.path());
    let find = |target: &str| {
        let list = server.ok(&["job", "mapping", "list", "T"]);
        let list = list["value"].as_array().expect("a list").clone();
        list.into_iter().find(|it| it["targetAttributeName"] == target).unwrap_or_default()
    };
    let before = find("title");
    server.ok(&[
        "job",
        "mapping",
        "set",
        "T",
        "TITLE",
        "--default",
        "none",
        "--flow",
        "ObjectAddOnly",
        "--null",
        "keep",
    ]);
    let after = find("title");
    assert_eq!(after["source"], before["source"]);
    assert_eq!((&after["defaultValue"], &after["flowNull"]), (&json!("none"), &json!(false)));
    for target in ["nickName", "title"] {
        assert_eq!(server.run(&["job", "mapping", "set", "T", target]).1, 2, "nothing is said of {target}");
    }
    assert_eq!(server.run(&["job", "mapping", "remove", "T", "nickName"]).1, 1);
    server.ok(&["job", "mapping", "remove", "T", "title"]);
    assert_eq!(find("title"), Value::Null);
    server.ok(&["job", "mapping", "set", "T", "displayName", "mailNickname", "--group"]);
    let table = server.table(&["job", "mapping", "list", "T", "--group"]);
    assert!(table.contains("mailNickname") && !table.contains("userName"), "{table}");

    let mine = format!("{URN}:mine");
    let add = ["job", "attribute", "add", "T", &mine, "--type", "dateTime", "--multi-valued"];
    server.ok(&add);
    assert_eq!(set(&server, &mine, "employeeHireDate").0, 0);
    let (refused, status) = server.run(&["job", "attribute", "remove", "T", &mine]);
    assert_eq!(status, 1, "it is mapped: {refused}");
    let exported = server.table(&["job", "mapping", "export", "T"]);
    let file = dir.path().join("schema.json");
    std::fs::write(&file, &exported).expect("written");
    server.ok(&["app", "create", "--template", "scim", "--name", "Other"]);
    server.ok(&["job", "mapping", "import", "Other", file.to_str().expect("ASCII")]);
    let lists = |name: &str| {
        [server.ok(&["job", "mapping", "list", name]), server.ok(&["job", "attribute", "list", name])]
            .map(|it| it["value"].clone())
    };
    assert_eq!(lists("T"), lists("Other"));
    server.ok(&["job", "mapping", "reset", "T"]);
    assert_eq!(find("title"), before);
    server.ok(&["job", "attribute", "remove", "T", &mine]);
    assert_eq!(server.run(&["job", "attribute", "remove", "T", &mine]).1, 1);
    std::fs::write(&file, "{").expect("written");
    assert_eq!(server.run(&["job", "mapping", "import", "Other", file.to_str().expect("ASCII")]).1, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_lies_about_its_attributes_does_no_harm() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let people = support::people(dir.path(), 2);
    server.ok(&["user", "import", people.to_str().expect("ASCII")]);
    let target = ScimTarget::start(Switches::default()).await.expect("a target");
    application(&server, dir.path(), &target.base_url(), target.token());
    let answers = |text: String| {
        let text: &'static str = Box::leak(text.into_boxed_str());
        target.switch(|it| {
            it.rule = Some(Rule::new(move |request| {
                request.uri.contains("/Schemas").then_some(Fault::Garble(200, text))
            }));
        });
    };
    // It has no /Schemas, and that is no error.
    let shown = server.table(&["job", "attribute", "discover", "T"]);
    assert!(shown.contains("does not say"), "{shown}");
    // Everything that the RFC has is something else, and some of it only the target's.
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let lies = ["userName", "active", "emails", "name", "displayName", "title"]
        .map(|name| json!({"name": name, "type": "integer", "mutability": "readOnly", "multiValued": true}));
    answers(json!([{"id": core, "attributes": lies}]).to_string());
    server.ok(&["job", "test", "T"]);
    assert_eq!(origin(&server, "userName"), "discovered");
    let cycle = server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!(cycle["created"], 2, "{cycle}");
    assert_eq!(set(&server, "title", "jobTitle"), (0, String::new()));
    // Too much of it: the connection works, and what was known stays.
    answers(json!([{"id": core, "attributes": [{"name": "x".repeat(5 << 20)}]}]).to_string());
    server.ok(&["job", "test", "T"]);
    let (refused, status) = server.run(&["job", "attribute", "discover", "T"]);
    let words = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(status == 1 && words.contains("larger than 4 MiB"), "{refused}");
    for text in [
        "[".repeat(100_000),
        "null".to_owned(),
        "<html></html>".to_owned(),
        r#"{"Resources":[[],{},{"id":"urn:x"}]}"#.to_owned(),
    ] {
        answers(text);
        server.ok(&["job", "test", "T"]);
        server.ok(&["job", "attribute", "discover", "T"]);
    }
    assert_eq!(origin(&server, "userName"), "discovered");
    server.ok(&["user", "set", "user1@contoso.example", "displayName=Renamed"]);
    let cycle = server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!((&cycle["updated"], &cycle["failed"]), (&json!(1), &json!(0)), "{cycle}");
}

/// A schema as Entra ID exports it, by its public documentation.
const ENTRA: &str = include_str!("entra-schema.json");

/// People in and out of the scope of that schema.
const PEOPLE: &str = "\
userPrincipalName,displayName,givenName,surname,jobTitle,department,country,employeeId,preferredLanguage,mail,manager
ann@x.example,Ann A,Ann,A,Seller,Sales,AT,,de-AT,ann@x.example,
bob@x.example,Bob B,Robert,B,,Engineering,US,42,en-US,bob@x.example,ann@x.example
cleo@x.example,Cleo C,Cleo,C,Seller,Sales,FR,7,fr-FR,cleo@x.example,
dan@x.example,Dan D,Dan,D,Builder,Engineering,DE,,de-DE,dan@x.example,
eve@x.example,Eve E,Eve,E,Seller,Sales,CH,,de-CH,eve@x.example,
";

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_entra_exports_is_imported_and_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"));
    let tenant = Tenant::create(&server);
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("ASCII").to_owned()
    };
    server.ok(&["user", "import", &write("people.csv", PEOPLE)]);
    let members =
        "displayName,memberUserPrincipalName\nTeam,ann@x.example\nTeam,bob@x.example\nTeam,cleo@x.example\n";
    server.ok(&["group", "import", &write("groups.csv", members)]);
    application(&server, dir.path(), &tenant.base_url, &tenant.token);
    // Accounts that are there before: one is found by its second, one by its third matching attribute.
    for account in [
        json!({"userName": "robert.old", "externalId": "42"}),
        json!({"userName": "eve.old", "emails": [{"type": "work", "value": "eve@x.example"}]}),
    ] {
        let request = tenant.client.post(format!("{}/Users", tenant.base_url)).bearer_auth(&tenant.token);
        let request = request.header("content-type", "application/scim+json").body(account.to_string());
        assert_eq!(request.send().await.expect("an answer").status(), 201);
    }

    let imported = server.ok(&["job", "mapping", "import", "T", &write("entra.json", ENTRA)]);
    let places: Vec<&str> = imported["notCarriedOver"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|note| note["path"].as_str().expect("a text"))
        .collect();
    assert_eq!(
        places,
        ["synchronizationRules[0].id", "directories[0].objects[0].attributes[18]"],
        "the rule's own name, and passwordProfile.password"
    );

    let cycle = server.ok(&["job", "run", "T", "--wait"]);
    let counts = (&cycle["created"], &cycle["updated"], &cycle["failed"]);
    assert_eq!(counts, (&json!(2), &json!(2), &json!(0)), "Ann and the group, Bob and Eve: {cycle}");
    let users = tenant.users().await;
    let user = |name: &str| {
        users.iter().find(|it| it["userName"] == name).unwrap_or_else(|| panic!("{name}: {users:?}"))
    };
    assert_eq!(users.len(), 3, "neither Cleo's country nor Dan's badge is in scope: {users:?}");
    let (ann, bob, eve) = (user("ann@x.example"), user("bob@x.example"), user("eve@x.example"));
    assert_eq!((&ann["locale"], &ann["nickName"]), (&json!("de_AT"), &json!("ann")), "{ann}");
    assert_eq!((&ann["timezone"], &ann["userType"]), (&json!("Europe/Vienna"), &json!("Member")), "{ann}");
    assert_eq!((&ann["active"], &ann["name"]["formatted"]), (&json!(true), &json!("Ann A")), "{ann}");
    assert_eq!((&bob["externalId"], &bob["locale"]), (&json!("42"), &json!("en_US")), "{bob}");
    assert_eq!(bob["nickName"], Value::Null, "it flows only on creation: {bob}");
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(bob[enterprise]["manager"]["value"], ann["id"], "{bob}");
    assert_eq!(eve["emails"][0]["value"], "eve@x.example", "{eve}");
    let groups = tenant.all("/Groups").await;
    assert_eq!((groups.len(), groups[0]["members"].as_array().map(Vec::len)), (1, Some(2)), "{groups:?}");

    // Ours is as good as theirs: it comes in whole, and changes nothing.
    let exported = server.table(&["job", "mapping", "export", "T"]);
    let again = server.ok(&["job", "mapping", "import", "T", &write("ours.json", &exported)]);
    assert_eq!(again["notCarriedOver"], json!([]), "{again}");
    assert_eq!(server.table(&["job", "mapping", "export", "T"]), exported);
    let cycle = server.ok(&["job", "run", "T", "--wait"]);
    assert_eq!(
        (&cycle["created"], &cycle["updated"], &cycle["failed"]),
        (&json!(0), &json!(0), &json!(0)),
        "{cycle}"
    );
    let unknown = ENTRA
        .replace("\"[surname]\"", "\"[lastName]\"")
        .replace("\"name\": \"surname\"", "\"name\": \"lastName\"");
    let (refused, status) = server.run(&["job", "mapping", "import", "T", &write("unknown.json", &unknown)]);
    let words = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(status == 1 && words.contains("name.familyName") && words.contains("[lastName]"), "{refused}");
}
