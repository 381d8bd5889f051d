//! Clients as they are: each test is named after the client and what it does. What deviates from the RFCs is accepted
//! and shown in the request log.

use serde_json::{Value, json};

use crate::support::{Server, encoded, values};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[tokio::test]
async fn entra_disables_with_capital_op_and_string_boolean() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let body = server
        .patch(&path, &json!([{"op": "Replace", "path": "active", "value": "False"}]))
        .await
        .expect(200);
    assert_eq!(body["active"], false);
    assert_eq!(server.accepted(), ["operation-case", "boolean-as-string"]);
}

#[tokio::test]
async fn entra_replaces_an_email_that_is_not_there() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let operations = json!([{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "a@x"}]);
    let body = server.patch(&path, &operations).await.expect(200);
    assert_eq!(body["emails"], json!([{"type": "work", "value": "a@x"}]));
    assert_eq!(server.accepted(), ["operation-case", "element-created"]);
}

#[tokio::test]
async fn entra_sets_the_role_that_is_primary_as_a_string() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    for role in ["Reader", "Writer"] {
        let operations = json!([{"op": "Add", "path": "roles[primary eq \"True\"].value", "value": role}]);
        let body = server.patch(&path, &operations).await.expect(200);
        assert_eq!(body["roles"], json!([{"primary": true, "value": role}]));
    }
    assert_eq!(server.accepted(), ["operation-case", "literal-type"]);
}

#[tokio::test]
async fn entra_sends_the_manager_in_every_shape_and_takes_it_away_again() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let boss = server.user("boss").await;
    let set = async |value: Value| {
        let operations = json!([{"op": "Replace", "path": format!("{ENTERPRISE}:manager"), "value": value}]);
        server.patch(&path, &operations).await.expect(200)[ENTERPRISE]["manager"]["value"].clone()
    };
    for shape in [json!(boss), json!({"value": boss}), json!([{"value": boss}]), json!([boss])] {
        assert_eq!(set(shape.clone()).await, json!(boss), "{shape}");
        for nothing in [json!(""), json!(null), json!({"value": ""})] {
            assert_eq!(set(nothing.clone()).await, Value::Null, "{nothing}");
        }
    }
    let created = json!({"userName": "b", ENTERPRISE: {"manager": boss}});
    let body = server.post("/Users", &created).await.expect(201);
    assert_eq!(body[ENTERPRISE]["manager"], json!({"value": boss}));
    assert!(server.accepted().contains(&"plain-for-complex"));
}

#[tokio::test]
async fn entra_patches_without_path_by_dotted_and_qualified_keys() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let value = json!({"name.givenName": "A", format!("{ENTERPRISE}:department"): "D"});
    let body = server.patch(&path, &json!([{"op": "Add", "value": value}])).await.expect(200);
    assert_eq!((&body["name"]["givenName"], &body[ENTERPRISE]["department"]), (&json!("A"), &json!("D")));
    assert_eq!(server.accepted(), ["operation-case", "dotted-key", "qualified-key"]);
}

#[tokio::test]
async fn entra_removes_members_by_a_value_list() {
    let server = Server::new().await;
    let (a, b) = (server.user("a").await, server.user("b").await);
    let path = format!("/Groups/{}", server.group("g", &[&a, &b]).await);
    let operations = json!([{"op": "Remove", "path": "members", "value": [{"value": a}]}]);
    server.patch(&path, &operations).await.expect(204);
    assert_eq!(values(&server.get(&path).await.expect(200)["members"], "value"), [b]);
}

#[tokio::test]
async fn entra_adds_members_with_a_null_reference() {
    let server = Server::new().await;
    let a = server.user("a").await;
    let path = format!("/Groups/{}", server.group("g", &[]).await);
    let operations = json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": a}]}]);
    server.patch(&path, &operations).await.expect(204);
    assert_eq!(values(&server.get(&path).await.expect(200)["members"], "value"), [a]);
}

#[tokio::test]
async fn entra_asks_for_a_reference_by_id_and_manager() {
    let server = Server::new().await;
    let (a, boss) = (server.user("a").await, server.user("boss").await);
    let path = format!("/Users/{a}");
    let operations = json!([{"op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": boss}]);
    server.patch(&path, &operations).await.expect(200);
    let asked = async |manager: &str| {
        let filter = encoded(&format!("id eq \"{a}\" and manager eq \"{manager}\""));
        let qualified = encoded(&format!("id eq \"{a}\" and {ENTERPRISE}:manager eq \"{manager}\""));
        let bare = server.get(&format!("/Users?filter={filter}&attributes=id")).await.expect(200);
        let full = server.get(&format!("/Users?filter={qualified}&attributes=id")).await.expect(200);
        (bare["totalResults"].clone(), full["totalResults"].clone())
    };
    assert_eq!(asked(&boss).await, (json!(1), json!(1)));
    assert_eq!(asked(&a).await, (json!(0), json!(0)));
    let operations = json!([{"op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": ""}]);
    server.patch(&path, &operations).await.expect(200);
    assert_eq!(asked(&boss).await, (json!(0), json!(0)));
}

#[tokio::test]
async fn entra_tests_the_connection_with_a_filter_that_finds_nobody() {
    let server = Server::new().await;
    let filter = encoded("userName eq \"7b2e3d1c-0000-4000-8000-000000000000\"");
    let body = server.get(&format!("/Users?filter={filter}")).await.expect(200);
    assert_eq!((&body["totalResults"], &body["Resources"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn entra_reads_groups_without_members() {
    let server = Server::new().await;
    let a = server.user("a").await;
    server.group("g", &[&a]).await;
    let filter = encoded("displayName eq \"g\"");
    let body = server.get(&format!("/Groups?excludedAttributes=members&filter={filter}")).await.expect(200);
    let group = &body["Resources"][0];
    assert!(group.get("members").is_none());
    let path = format!("/Groups/{}?excludedAttributes=members", group["id"].as_str().expect("an id"));
    let body = server.get(&path).await.expect(200);
    assert_eq!((&body["displayName"], body.get("members")), (&json!("g"), None));
}

#[tokio::test]
async fn entra_patches_groups_without_and_users_with_an_answer() {
    let server = Server::new().await;
    let (user, group) = (server.user("a").await, server.group("g", &[]).await);
    let name = json!([{"op": "Replace", "path": "displayName", "value": "n"}]);
    let patched = server.patch(&format!("/Groups/{group}"), &name).await;
    assert_eq!((patched.status.as_u16(), patched.text.as_str()), (204, ""));
    assert_eq!(server.patch(&format!("/Users/{user}"), &name).await.expect(200)["displayName"], "n");
}

#[tokio::test]
async fn entra_names_schemas_that_do_not_fit() {
    let server = Server::new().await;
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let foreign = "urn:example:Other:2.0:User";
    let body = json!({"schemas": [core, foreign], "userName": "a", ENTERPRISE: {"department": "D"}});
    let body = server.post("/Users", &body).await.expect(201);
    assert_eq!(
        (&body["schemas"], &body[ENTERPRISE]["department"]),
        (&json!([core, ENTERPRISE]), &json!("D"))
    );
    assert_eq!(server.accepted(), ["schema-unknown", "schema-not-listed"]);
}

#[tokio::test]
async fn okta_looks_a_user_up_by_name_before_it_creates() {
    let server = Server::new().await;
    let id = server.user("Ann@x.example").await;
    for spaces in ["%20", "+"] {
        let path =
            format!("/Users?filter=userName{spaces}eq{spaces}%22ann%40x.example%22&startIndex=1&count=100");
        let found = server.get(&path).await.expect(200);
        assert_eq!(values(&found["Resources"], "id"), std::slice::from_ref(&id), "{spaces}");
    }
    let nobody = server.get("/Users?filter=userName%20eq%20%22bob%22&startIndex=1&count=100").await;
    assert_eq!(nobody.expect(200)["totalResults"], 0);
}

#[tokio::test]
async fn okta_disables_without_a_path() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let body = server.patch(&path, &json!([{"op": "replace", "value": {"active": false}}])).await.expect(200);
    assert_eq!(body["active"], false);
}

#[tokio::test]
async fn okta_puts_the_whole_user_back() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let mut body = server.get(&path).await.expect(200);
    body["active"] = json!(false);
    body["nickName"] = json!(null);
    let replaced = server.put(&path, &body).await.expect(200);
    assert_eq!((&replaced["active"], &replaced["userName"]), (&json!(false), &json!("a")));
    assert!(replaced.get("nickName").is_none());
    assert_eq!(server.accepted(), ["null-value"]);
}

#[tokio::test]
async fn okta_replaces_members_and_names_the_group_by_its_id() {
    let server = Server::new().await;
    let (a, b) = (server.user("a").await, server.user("b").await);
    let group = server.group("g", &[&a]).await;
    let path = format!("/Groups/{group}");
    server
        .patch(&path, &json!([{"op": "replace", "value": {"id": group, "displayName": "h"}}]))
        .await
        .expect(204);
    let operations = json!([{"op": "replace", "path": "members", "value": [{"value": b, "display": "b"}]}]);
    server.patch(&path, &operations).await.expect(204);
    let body = server.get(&path).await.expect(200);
    assert_eq!((&body["displayName"], values(&body["members"], "value")), (&json!("h"), vec![b]));
}

#[tokio::test]
async fn okta_creates_with_an_id_nulls_and_a_group_list() {
    let server = Server::new().await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "mine", "userName": "a", "nickName": null,
        "groups": [], "emails": [{"primary": true, "value": "a@x", "type": "work"}], "password": "p",
    });
    let created = server.post("/Users", &body).await;
    let body = created.expect(201);
    assert_ne!(body["id"], "mine");
    assert!(body.get("nickName").is_none() && body.get("groups").is_none());
    assert_eq!(server.accepted(), ["client-id", "null-value"]);
}

#[tokio::test]
async fn onelogin_leaves_the_schemas_out() {
    let server = Server::new().await;
    let body = json!({"userName": "a", "USERTYPE": "x", ENTERPRISE: {"department": "D"}});
    let body = server.post("/Users", &body).await.expect(201);
    assert_eq!((&body["userType"], &body[ENTERPRISE]["department"]), (&json!("x"), &json!("D")));
    assert!(body["schemas"].as_array().expect("a list").contains(&json!(ENTERPRISE)));
    assert!(server.accepted().contains(&"schemas-missing"));
}

#[tokio::test]
async fn some_client_writes_names_in_another_case() {
    let server = Server::new().await;
    let urn = ENTERPRISE.to_uppercase();
    let body =
        json!({"SCHEMAS": [urn], "USERNAME": "a", "Name": {"GIVENNAME": "A"}, urn: {"Department": "D"}});
    let created = server.post("/Users", &body).await;
    let body = created.expect(201);
    assert_eq!(
        (&body["userName"], &body["name"]["givenName"], &body[ENTERPRISE]["department"]),
        (&json!("a"), &json!("A"), &json!("D"))
    );
    assert!(server.accepted().contains(&"name-case"));
    let path = format!("/USERS/{}?ATTRIBUTES=USERNAME", created.id());
    assert_eq!(server.get(&path).await.expect(200)["userName"], "a");
}

#[tokio::test]
async fn some_client_sends_one_value_where_a_list_is_meant() {
    let server = Server::new().await;
    let body = json!({"userName": "a", "emails": {"value": "a@x", "type": "work"}, "roles": "Reader"});
    let body = server.post("/Users", &body).await.expect(201);
    assert_eq!(body["emails"], json!([{"value": "a@x", "type": "work"}]));
    assert_eq!(body["roles"], json!([{"value": "Reader"}]));
    assert!(server.accepted().contains(&"single-for-list"));
}

#[tokio::test]
async fn some_client_asks_for_pages_out_of_bounds() {
    let limits = scim_server::Limits { max_page: 2, ..scim_server::Limits::default() };
    let server = Server::with(limits).await;
    for name in ["a", "b", "c"] {
        server.user(name).await;
    }
    for (query, start, items) in [("startIndex=0", 1, 2), ("count=0", 1, 0), ("count=1000000", 1, 2)] {
        let page = server.get(&format!("/Users?{query}")).await.expect(200);
        let numbers = ["totalResults", "startIndex", "itemsPerPage"].map(|name| page[name].clone());
        assert_eq!(numbers, [json!(3), json!(start), json!(items)], "{query}");
        assert_eq!(values(&page["Resources"], "id").len(), items, "{query}");
    }
}

#[tokio::test]
async fn some_client_writes_filters_in_its_own_way() {
    let server = Server::new().await;
    let user = json!({"userName": "a", "active": true, "displayName": "A B"});
    server.post("/Users", &user).await.expect(201);
    for (filter, quirk) in [
        ("active+eq+true", None),
        ("active%20eq%20True", Some("literal-case")),
        ("active%20eq%20%22True%22", Some("literal-type")),
        ("userName%20eq%20%22%22a%22%22", Some("doubled-quotes")),
        ("displayName+eq+%22a+b%22", None),
        ("displayName%20EQ%20%22a%20b%22%20AND%20active%20Pr", None),
    ] {
        let found = server.get(&format!("/Users?filter={filter}")).await.expect(200);
        assert_eq!(found["totalResults"], 1, "{filter}");
        assert_eq!(server.accepted(), quirk.into_iter().collect::<Vec<_>>(), "{filter}");
    }
}

#[tokio::test]
async fn strict_client_asks_for_the_resource_after_a_group_patch() {
    let server = Server::new().await;
    let path = format!("/Groups/{}", server.group("g", &[]).await);
    let operations = json!([{"op": "replace", "path": "displayName", "value": "h"}]);
    let body = server.patch(&format!("{path}?attributes=displayName"), &operations).await.expect(200);
    assert_eq!(body["displayName"], "h");
}

#[tokio::test]
async fn strict_tenant_refuses_what_no_schema_has() {
    let server = Server::new().await;
    server.post("/Users", &json!({"userName": "a", "shoeSize": 42})).await.expect(201);
    let strict = |tenant: &mut tenant::Tenant| tenant.settings.strict = true;
    server.tenants.update(server.tenant.id, &crate::support::by(), strict).await.expect("an update");
    let reply = server.post("/Users", &json!({"userName": "b", "shoeSize": 42})).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text.contains("shoeSize"));
}

#[tokio::test]
async fn the_inspector_shows_what_a_client_did_and_what_was_accepted() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let operations = json!([{"op": "Replace", "path": "active", "value": "False"},
        {"op": "add", "path": "password", "value": "geheim"}]);
    server.patch(&path, &operations).await.expect(200);
    server.get("/Users/nobody").await.expect(404);
    let requests = server.service.requests(server.tenant.id);
    let [created, patched, missing] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((created.method.as_str(), created.status), ("POST", 201));
    assert_eq!(created.body.as_ref().expect("a body")["userName"], "a");
    let codes: Vec<&str> = patched.quirks.iter().map(|(code, _)| *code).collect();
    assert!(codes.contains(&"operation-case") && codes.contains(&"boolean-as-string"), "{codes:?}");
    let shown = patched.body.as_ref().expect("a body").to_string();
    assert!(shown.contains("False") && !shown.contains("geheim"), "{shown}");
    assert_eq!(missing.status, 404);
    assert!(missing.cause.as_ref().is_some_and(|cause| cause.contains("nobody")));
}

#[tokio::test]
async fn the_inspector_shows_an_operation_of_a_bulk_request_that_failed() {
    let server = Server::new().await;
    server.user("ada").await;
    let create =
        |name: &str| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {"userName": name}});
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [create("bob"), create("ada")]});
    server.post("/Bulk", &bulk).await.expect(200);
    let requests = server.service.requests(server.tenant.id);
    let last = requests.last().expect("a request");
    assert_eq!((last.status, last.scim_type), (200, Some("uniqueness")));
    assert!(last.cause.as_ref().is_some_and(|cause| cause.starts_with("operation 2: ")), "{last:?}");
}
