//! What the RFCs ask for and no other test holds.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tenant::NewToken;

use crate::support::{Server, by, encoded, values};

#[tokio::test]
async fn plain_json_is_taken_and_scim_json_answered() {
    let server = Server::new().await;
    for (number, kind) in
        ["application/json", "Application/JSON; charset=utf-8", "application/scim+json"].iter().enumerate()
    {
        let request = Request::builder()
            .method("POST")
            .uri("/tenants/contoso/api/scim/v2/Users")
            .header("authorization", format!("Bearer {}", server.token))
            .header("content-type", *kind)
            .header("accept", "application/json")
            .body(Body::from(json!({"userName": format!("user{number}")}).to_string()))
            .expect("a request");
        let reply = server.raw(request).await;
        reply.expect(201);
        assert_eq!(reply.header("content-type"), "application/scim+json", "{kind}");
    }
}

#[tokio::test]
async fn the_root_is_queried_by_get_and_a_type_without_the_attribute_has_no_match() {
    let server = Server::new().await;
    let user = server.user("same").await;
    let group = server.group("same", &[]).await;
    let found = async |filter: &str| {
        let body = server.get(&format!("/?filter={}", encoded(filter))).await.expect(200);
        values(&body["Resources"], "id")
    };
    assert_eq!(found("userName eq \"same\" or displayName eq \"same\"").await, [user.clone(), group.clone()]);
    assert_eq!(found("userName eq \"same\"").await, [user]);
    assert_eq!(found("displayName pr").await, [group]);
}

#[tokio::test]
async fn discovery_is_neither_sorted_nor_paged() {
    let server = Server::new().await;
    for (path, total) in [("/Schemas", 3), ("/ResourceTypes", 2)] {
        let body =
            server.get(&format!("{path}?startIndex=2&count=1&sortBy=name&attributes=id")).await.expect(200);
        assert_eq!((&body["totalResults"], &body["startIndex"]), (&json!(total), &json!(1)));
        assert_eq!(body["Resources"].as_array().map(Vec::len), Some(total));
    }
}

#[tokio::test]
async fn a_patch_whose_second_operation_fails_changes_nothing() {
    let server = Server::new().await;
    let user = server.user("a").await;
    let path = format!("/Groups/{}", server.group("g", &[]).await);
    let before = server.get(&path).await.expect(200);
    let add = json!({"op": "add", "path": "members", "value": [{"value": user}]});
    let rename = json!({"op": "replace", "path": "displayName", "value": "h"});
    for (last, scim_type) in [
        (json!({"op": "replace", "path": "nonsense", "value": 1}), "invalidPath"),
        (json!({"op": "add", "path": "members", "value": [{"value": "nobody"}]}), "invalidValue"),
        (json!({"op": "remove", "path": "displayName"}), "mutability"),
    ] {
        server.patch(&path, &json!([add, rename, last])).await.refused(400, scim_type);
        assert_eq!(server.get(&path).await.expect(200), before);
    }
}

#[tokio::test]
async fn a_put_without_members_empties_the_group() {
    let server = Server::new().await;
    let user = server.user("a").await;
    let path = format!("/Groups/{}", server.group("g", &[&user]).await);
    let body = server.put(&path, &json!({"displayName": "g"})).await.expect(200);
    assert!(body.get("members").is_none());
    assert!(server.get(&format!("/Users/{user}")).await.expect(200).get("groups").is_none());
}

#[tokio::test]
async fn meta_tells_when_a_resource_was_made_and_last_changed() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let made = server.get(&path).await.expect(200)["meta"].clone();
    assert_eq!(made["created"], made["lastModified"]);
    server.clock.advance(jiff::SignedDuration::from_mins(1));
    let sent = json!({"userName": "b", "meta": {"created": "1999-01-01T00:00:00Z", "version": "x"}});
    let changed = server.put(&path, &sent).await.expect(200)["meta"].clone();
    assert_eq!((&changed["created"], &changed["location"]), (&made["created"], &made["location"]));
    assert_ne!(changed["lastModified"], made["lastModified"]);
    assert_ne!(changed["version"], made["version"]);
}

#[tokio::test]
async fn if_none_match_guards_a_write() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let body = json!({"userName": "b"}).to_string();
    server.send("PUT", &path, &[("if-none-match", "*")], body.clone()).await.refused(412, "");
    server.send("PUT", &path, &[("if-none-match", "W/\"other\"")], body).await.expect(200);
}

/// Whether an object has nothing that the attributes of a schema do not, and all that they require.
fn fits(object: &Value, attributes: &Value) {
    let attributes = attributes.as_array().expect("attributes");
    let object = object.as_object().expect("an object");
    for (key, value) in object {
        let Some(attribute) = attributes.iter().find(|attribute| attribute["name"] == *key) else {
            assert!(["schemas", "meta"].contains(&key.as_str()), "{key} is in no schema");
            continue;
        };
        assert_eq!(value.is_array(), attribute["multiValued"] == true, "{key}");
        if attribute["type"] == "complex" {
            let one = std::slice::from_ref(value);
            value
                .as_array()
                .map_or(one, Vec::as_slice)
                .iter()
                .for_each(|part| fits(part, &attribute["subAttributes"]));
        }
    }
    for attribute in attributes.iter().filter(|attribute| attribute["required"] == true) {
        let name = attribute["name"].as_str().expect("a name");
        assert!(object.contains_key(name), "{name} is required");
    }
}

#[tokio::test]
async fn discovery_answers_fit_their_own_schemas() {
    let server = Server::new().await;
    for (path, name) in [
        ("/ServiceProviderConfig", "ServiceProviderConfig"),
        ("/ResourceTypes", "ResourceType"),
        ("/Schemas", "Schema"),
    ] {
        let urn = format!("urn:ietf:params:scim:schemas:core:2.0:{name}");
        let schema = server.get(&format!("/Schemas/{urn}")).await.expect(200);
        let answer = server.get(path).await.expect(200);
        let list = answer["Resources"].as_array().cloned().unwrap_or_else(|| vec![answer]);
        for resource in &list {
            assert_eq!(resource["schemas"], json!([urn]));
            assert_eq!(resource["meta"]["resourceType"], name);
            fits(resource, &schema["attributes"]);
        }
        assert!(
            list.iter().all(|resource| resource["id"] != schema["id"]),
            "only schemas of resources are listed"
        );
    }
}

#[tokio::test]
async fn what_is_returned_on_request_is_in_the_answer_to_its_write() {
    let server = Server::new().await;
    let urn = "urn:example:2.0:Badge";
    let attribute =
        |name: &str, returned: &str| json!({"name": name, "type": "string", "returned": returned});
    let schema = json!({"id": urn, "name": "Badge",
        "attributes": [attribute("open", "default"), attribute("kept", "request"), attribute("other", "request")]});
    server.extension(&schema).await.expect("an extension");
    let body = json!({"userName": "a", urn: {"open": "1", "kept": "2"}});
    let path = format!("/Users/{}", server.post("/Users", &body).await.id());
    assert_eq!(server.put(&path, &body).await.expect(200)[urn], json!({"open": "1", "kept": "2"}));
    for (operation, shown) in [
        (json!({"op": "add", "path": "title", "value": "t"}), json!({"open": "1"})),
        (
            json!({"op": "add", "path": format!("{urn}:kept"), "value": "3"}),
            json!({"open": "1", "kept": "3"}),
        ),
        (json!({"op": "replace", "value": {urn: {"other": "4"}}}), json!({"open": "1", "other": "4"})),
    ] {
        let answer = server.patch(&path, &json!([operation])).await.expect(200);
        assert_eq!(answer[urn], shown, "{operation}");
    }
    let operation = json!([{"op": "replace", "path": format!("{urn}:kept"), "value": "5"}]);
    let answer = server.patch(&format!("{path}?attributes=title"), &operation).await.expect(200);
    assert!(answer.get(urn).is_none(), "what is named in attributes is all that is returned");
    assert_eq!(server.get(&path).await.expect(200)[urn], json!({"open": "1"}));
}

#[tokio::test]
async fn a_patch_without_an_answer_says_where_and_which_version() {
    let server = Server::new().await;
    let group = server.group("g", &[]).await;
    let patch = json!([{"op": "replace", "path": "displayName", "value": "h"}]);
    let reply = server.patch(&format!("/Groups/{group}"), &patch).await;
    reply.expect(204);
    let meta = server.get(&format!("/Groups/{group}")).await.expect(200)["meta"].clone();
    assert_eq!(
        (reply.header("location"), reply.header("etag")),
        (meta["location"].as_str().expect("a URL"), meta["version"].as_str().expect("a version"))
    );
}

#[tokio::test]
async fn attributes_are_named_once_or_often_with_and_without_brackets() {
    let server = Server::new().await;
    let emails = json!([{"value": "a@x", "type": "work"}]);
    let body = json!({"userName": "a", "title": "t", "nickName": "n", "emails": emails});
    let path = format!("/Users/{}", server.post("/Users", &body).await.id());
    let names = async |query: &str| {
        let shown = server.get(&format!("{path}?{query}")).await.expect(200);
        let names = shown.as_object().expect("an object").keys();
        names.filter(|name| *name != "schemas" && *name != "id").cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("attributes=title&attributes=nickName,userName").await, "userName title nickName");
    assert_eq!(names("excludedAttributes=title,meta&excludedAttributes=nickName").await, "userName emails");
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let body = json!({"userName": "a", urn: {"department": "d", "division": "v"}});
    server.put(&path, &body).await.expect(200);
    for query in [format!("attributes={urn}:department"), "attributes=Department".to_owned()] {
        let shown = server.get(&format!("{path}?{query}")).await.expect(200);
        assert_eq!(shown[urn], json!({"department": "d"}), "{query}");
    }
    let sorted = server.get("/Users?sortBy=department&attributes=userName").await.expect(200);
    assert_eq!(sorted["totalResults"], 1);
    server.put(&path, &json!({"userName": "a", "emails": emails})).await.expect(200);
    assert_eq!(names("attributes=emails%5Btype%20eq%20%22work%22%5D").await, "emails");
}

#[tokio::test]
async fn a_password_cannot_be_asked_for() {
    let server = Server::new().await;
    let user = json!({"userName": "a", "password": "geheim"});
    let id = server.post("/Users", &user).await.id();
    let asked = server.get(&format!("/Users/{id}?attributes=password,userName")).await;
    assert!(asked.expect(200).get("password").is_none() && !asked.text.contains("geheim"));
    for filter in ["password eq \"geheim\"", "password pr"] {
        let found = server.get(&format!("/Users?filter={}", encoded(filter))).await.expect(200);
        assert_eq!(found["totalResults"], 0, "{filter}");
    }
}

#[tokio::test]
async fn a_bulk_request_beyond_its_limits_is_refused_whole() {
    let limits =
        scim_server::Limits { bulk_operations: 2, bulk_body: 1000, ..scim_server::Limits::default() };
    let server = Server::with(limits).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    let bulk = &config["bulk"];
    assert_eq!((&bulk["maxOperations"], &bulk["maxPayloadSize"]), (&json!(2), &json!(1000)));
    let create =
        |name: &str| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {"userName": name}});
    let many = json!({"Operations": [create("a"), create("b"), create("c")]});
    assert!(server.post("/Bulk", &many).await.refused(413, "").contains('2'));
    let large = json!({"Operations": [create(&"x".repeat(1000))]});
    assert!(server.post("/Bulk", &large).await.refused(413, "").contains("1000"));
    assert_eq!(server.get("/Users").await.expect(200)["totalResults"], 0);
}

#[tokio::test]
async fn a_bulk_operation_that_lacks_a_part_fails_alone() {
    let server = Server::new().await;
    let create = |name: &str| json!({"method": "POST", "path": "/Users", "data": {"userName": name}});
    let mut named = create("b");
    named["bulkId"] = json!("b");
    let nowhere = json!({"method": "DELETE"});
    let reply = server.post("/Bulk", &json!({"Operations": [create("a"), nowhere, named]})).await.expect(200);
    assert_eq!(values(&reply["Operations"], "status"), ["400", "400", "201"], "{reply}");
    assert_eq!(reply["Operations"][0]["response"]["scimType"], "invalidSyntax");
    assert_eq!(values(&server.get("/Users").await.expect(200)["Resources"], "userName"), ["b"]);
}

#[tokio::test]
async fn a_bulk_operation_holds_to_its_version() {
    let server = Server::new().await;
    let user = server.user("a").await;
    let path = format!("/Users/{user}");
    let version = server.get(&path).await.expect(200)["meta"]["version"].clone();
    let change = |version: &Value, title: &str| {
        let data = json!({"Operations": [{"op": "add", "path": "title", "value": title}]});
        json!({"method": "PATCH", "path": path, "version": version, "data": data})
    };
    let body = json!({"Operations": [change(&version, "first"), change(&version, "second")]});
    let reply = server.post("/Bulk", &body).await.expect(200);
    assert_eq!(values(&reply["Operations"], "status"), ["200", "412"], "{reply}");
    assert_eq!(server.get(&path).await.expect(200)["title"], "first");
}

#[tokio::test]
async fn cursors_are_taken_by_post_with_any_count() {
    let server = Server::new().await;
    for name in ["a", "b", "c"] {
        server.user(name).await;
    }
    let page = async |count: i64, cursor: &str| {
        server.post("/Users/.search", &json!({"cursor": cursor, "count": count})).await.expect(200)
    };
    for none in [0, -1] {
        let page = page(none, "").await;
        assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(3), &json!(0)));
    }
    let first = page(2, "").await;
    let next = first["nextCursor"].as_str().expect("a cursor");
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    assert!(next.bytes().all(unreserved), "{next}");
    let second = page(100, next).await;
    assert_eq!(values(&second["Resources"], "userName"), ["c"]);
    for page in [&first, &second] {
        assert!(page.get("previousCursor").is_none() && page.get("startIndex").is_none());
    }
    assert!(second.get("nextCursor").is_none(), "there is no page after the last one");
    let none = server.get("/Users?count=1").await.expect(200);
    assert!(none.get("nextCursor").is_none(), "pages go by index unless a cursor is given");
}

#[tokio::test]
async fn a_cursor_opens_nothing_in_another_tenant() {
    let server = Server::new().await;
    for name in ["a", "b"] {
        server.user(name).await;
    }
    let first = server.get("/Users?cursor=&count=1").await.expect(200);
    let cursor = first["nextCursor"].as_str().expect("a cursor");
    let other = server.tenants.create("fabrikam", &by()).await.expect("a tenant");
    let token = server.tenants.create_token(other.id, NewToken::default(), &by()).await.expect("a token");
    let request = Request::builder()
        .uri(format!("/tenants/fabrikam/api/scim/v2/Users?cursor={cursor}&count=1"))
        .header("authorization", format!("Bearer {}", token.secret))
        .body(Body::empty())
        .expect("a request");
    server.raw(request).await.refused(400, "invalidCursor");
}
