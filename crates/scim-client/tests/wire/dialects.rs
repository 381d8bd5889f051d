//! The bodies of each dialect, whole, as Microsoft's documentation and RFC 7644 show them.

use model::Dialect;
use scim_client::{Config, Operation, ResourceKind, Target, document};
use serde_json::{Map, Value, json};

use super::support::{Reply, Seen, Server, json as answer};

const USERS: ResourceKind = ResourceKind::Users;
const GROUPS: ResourceKind = ResourceKind::Groups;
const MAIL: &str = r#"emails[type eq "work"].value"#;
const PHONE: &str = r#"phoneNumbers[type eq "work"].value"#;
const NUMBER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";
const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

async fn server() -> Server {
    Server::start(|_, request| match request.method.as_str() {
        "GET" => answer(200, &json!({"totalResults": 0})),
        "POST" => answer(201, &json!({"id": "1"})),
        _ => Reply::Answer(204, vec![], String::new()),
    })
    .await
}

/// The one request that is sent to a target of that dialect.
async fn sent(dialect: Dialect, send: impl AsyncFnOnce(Target)) -> Seen {
    let server = server().await;
    send(Target::new(&Config { dialect, ..server.config() }).expect("good settings")).await;
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    seen[0].clone()
}

/// The body of the PATCH that turns `old` into `new`.
async fn change(dialect: Dialect, old: Value, new: Value) -> Value {
    let map = |value| serde_json::from_value::<Map<String, Value>>(value).expect("an object");
    let request = sent(dialect, async |target| {
        let operations = target.operations(&map(old), &map(new)).expect("valid paths");
        target.patch(USERS, "1", &operations, None).await.expect("taken");
    });
    request.await.json()
}

async fn member(dialect: Dialect, operations: impl Fn(&Target) -> Vec<Operation>) -> Value {
    let request = sent(dialect, async |target| {
        target.patch(GROUPS, "g", &operations(&target), None).await.expect("taken");
    });
    request.await.json()
}

fn body(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

#[tokio::test]
async fn disabling_a_user() {
    for (dialect, operation) in [
        (Dialect::Rfc, json!({"op": "replace", "path": "active", "value": false})),
        (Dialect::Entra2020, json!({"op": "replace", "path": "active", "value": false})),
        (Dialect::EntraLegacy, json!({"op": "Replace", "path": "active", "value": "False"})),
    ] {
        let found = change(dialect, json!({"active": true}), json!({"active": false})).await;
        assert_eq!(found, body(&json!([operation])), "{dialect:?}");
    }
}

#[tokio::test]
async fn a_value_for_the_first_time() {
    for (dialect, operation) in [
        (Dialect::Rfc, json!({"op": "replace", "path": "nickName", "value": "Babs"})),
        (Dialect::Entra2020, json!({"op": "add", "path": "nickName", "value": "Babs"})),
        (Dialect::EntraLegacy, json!({"op": "Add", "path": "nickName", "value": "Babs"})),
    ] {
        let found = change(dialect, json!({"title": "x"}), json!({"nickName": "Babs"})).await;
        assert_eq!(found, body(&json!([operation])), "{dialect:?}");
    }
}

#[tokio::test]
async fn several_attributes() {
    let old = json!({"displayName": "a", MAIL: "a@x", "name.givenName": "a", "name.familyName": "a",
                     "externalId": "a", NUMBER: "1", MANAGER: "7"});
    let new = json!({"displayName": "b", MAIL: "b@x", "name.givenName": "b", "name.familyName": "b",
                     "externalId": "b", NUMBER: "2", MANAGER: "8"});
    let rfc = json!([
        {"op": "replace", "path": "displayName", "value": "b"},
        {"op": "replace", "path": MAIL, "value": "b@x"},
        {"op": "replace", "path": "name.givenName", "value": "b"},
        {"op": "replace", "path": "name.familyName", "value": "b"},
        {"op": "replace", "path": "externalId", "value": "b"},
        {"op": "replace", "path": NUMBER, "value": "2"},
        {"op": "replace", "path": MANAGER, "value": {"value": "8"}}
    ]);
    assert_eq!(change(Dialect::Rfc, old.clone(), new.clone()).await, body(&rfc));
    let flag = json!([
        {"op": "replace", "path": MAIL, "value": "b@x"},
        {"op": "replace", "value": {
            "displayName": "b", "name.givenName": "b", "name.familyName": "b", "externalId": "b",
            NUMBER: "2", MANAGER: "8"
        }}
    ]);
    assert_eq!(change(Dialect::Entra2020, old.clone(), new.clone()).await, body(&flag));
    let legacy = json!([
        {"op": "Replace", "path": "displayName", "value": "b"},
        {"op": "Replace", "path": MAIL, "value": "b@x"},
        {"op": "Replace", "path": "name.givenName", "value": "b"},
        {"op": "Replace", "path": "name.familyName", "value": "b"},
        {"op": "Replace", "path": "externalId", "value": "b"},
        {"op": "Replace", "path": NUMBER, "value": "2"},
        {"op": "Replace", "path": MANAGER, "value": "8"}
    ]);
    assert_eq!(change(Dialect::EntraLegacy, old, new).await, body(&legacy));
}

#[tokio::test]
async fn values_that_come_and_go() {
    let old = json!({"title": "x", PHONE: "1"});
    let new = json!({"title": null, PHONE: null, MAIL: "a@x", "nickName": "n", NUMBER: "1", "active": true});
    let rfc = json!([
        {"op": "remove", "path": "title"},
        {"op": "remove", "path": "phoneNumbers[type eq \"work\"]"},
        {"op": "add", "path": "emails", "value": [{"type": "work", "value": "a@x"}]},
        {"op": "replace", "path": "nickName", "value": "n"},
        {"op": "replace", "path": NUMBER, "value": "1"},
        {"op": "replace", "path": "active", "value": true}
    ]);
    assert_eq!(change(Dialect::Rfc, old.clone(), new.clone()).await, body(&rfc));
    let flag = json!([
        {"op": "remove", "path": "title"},
        {"op": "remove", "path": PHONE},
        {"op": "add", "path": MAIL, "value": "a@x"},
        {"op": "add", "value": {"nickName": "n", NUMBER: "1", "active": true}}
    ]);
    assert_eq!(change(Dialect::Entra2020, old.clone(), new.clone()).await, body(&flag));
    let legacy = json!([
        {"op": "Remove", "path": "title"},
        {"op": "Remove", "path": PHONE},
        {"op": "Add", "path": MAIL, "value": "a@x"},
        {"op": "Add", "path": "nickName", "value": "n"},
        {"op": "Add", "path": NUMBER, "value": "1"},
        {"op": "Add", "path": "active", "value": "True"}
    ]);
    assert_eq!(change(Dialect::EntraLegacy, old, new).await, body(&legacy));
}

#[tokio::test]
async fn members_of_groups() {
    let added = |op: &str| json!([{"op": op, "path": "members", "value": [{"value": "1"}, {"value": "2"}]}]);
    let by_filter = json!([
        {"op": "remove", "path": "members[value eq \"1\"]"},
        {"op": "remove", "path": "members[value eq \"a\\\"b\"]"}
    ]);
    let by_value = json!([{"op": "Remove", "path": "members", "value": [{"value": "1"}, {"value": "a\"b"}]}]);
    for (dialect, op, removed) in [
        (Dialect::Rfc, "add", &by_filter),
        (Dialect::Entra2020, "add", &by_filter),
        (Dialect::EntraLegacy, "Add", &by_value),
    ] {
        let found = member(dialect, |target| target.add_members(["1", "2"])).await;
        assert_eq!(found, body(&added(op)), "{dialect:?}");
        let found = member(dialect, |target| target.remove_members(["1", "a\"b"])).await;
        assert_eq!(found, body(removed), "{dialect:?}");
    }
}

#[tokio::test]
async fn new_resources() {
    let user =
        document::build(USERS, [("userName", json!("ana")), ("active", json!(true)), (MAIL, json!("a@x"))]);
    let user = user.expect("valid");
    let group = document::build(GROUPS, [("displayName", json!("G"))]).expect("valid");
    for dialect in [Dialect::Rfc, Dialect::Entra2020, Dialect::EntraLegacy] {
        let entra = dialect != Dialect::Rfc;
        let found = sent(dialect, async |target| drop(target.create(USERS, &user).await)).await.json();
        let mut schemas = vec!["urn:ietf:params:scim:schemas:core:2.0:User"];
        let mut mail = json!({"type": "work", "value": "a@x"});
        if entra {
            schemas.push("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User");
            mail["primary"] = json!(true);
        }
        let expected = json!({"schemas": schemas, "userName": "ana", "active": true, "emails": [mail],
                              "meta": {"resourceType": "User"}});
        assert_eq!(found, expected, "{dialect:?}");
        let found = sent(dialect, async |target| drop(target.create(GROUPS, &group).await)).await.json();
        let mut schemas = vec!["urn:ietf:params:scim:schemas:core:2.0:Group"];
        if entra {
            schemas.push("http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group");
        }
        let expected = json!({"schemas": schemas, "displayName": "G", "meta": {"resourceType": "Group"}});
        assert_eq!(found, expected, "{dialect:?}");
    }
}

#[tokio::test]
async fn filters() {
    for (dialect, path, expected) in [
        (Dialect::Rfc, "userName", r#"userName eq "a\"b""#),
        (Dialect::EntraLegacy, "userName", r#"userName eq "a\"b""#),
        (Dialect::Rfc, MAIL, r#"emails[type eq "work" and value eq "a\"b"]"#),
        (Dialect::Entra2020, MAIL, r#"emails[type eq "work"].value eq "a\"b""#),
        (Dialect::EntraLegacy, MAIL, r#"emails[type eq "work"].value eq "a\"b""#),
    ] {
        let request = sent(dialect, async |target| drop(target.find(USERS, path, "a\"b").await)).await;
        assert_eq!(request.query("filter").as_deref(), Some(expected), "{dialect:?}");
    }
}
