//! One resource at a time: create, read, replace, PATCH, delete; entity tags; members.

use serde_json::json;

use crate::support::{Server, values};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

#[tokio::test]
async fn a_user_is_created_and_read_as_sent() {
    let server = Server::new().await;
    let sent = json!({
        "schemas": [USER], "userName": "  Åsa@Example.com ", "phoneNumbers": [{"value": "+47 (0) 12", "type": "work"}],
        "active": false, "password": "secret", "name": {"givenName": "Åsa"},
    });
    let created = server.post("/Users", &sent).await;
    let body = created.expect(201);
    assert_eq!(created.header("content-type"), "application/scim+json");
    let location = format!("http://localhost:8080/tenants/contoso/api/scim/v2/Users/{}", created.id());
    assert_eq!(created.header("location"), location);
    assert_eq!(body["meta"]["location"], location);
    assert_eq!(body["meta"]["resourceType"], "User");
    assert_eq!(created.header("etag"), body["meta"]["version"]);
    for name in ["userName", "phoneNumbers", "active", "name"] {
        assert_eq!(body[name], sent[name], "{name} is stored as sent");
    }
    assert!(body.get("password").is_none() && !created.text.contains("secret"));
    let read = server.get(&format!("/Users/{}", created.id())).await;
    assert_eq!(read.expect(200), body);
    let head = server.send("HEAD", &format!("/Users/{}", created.id()), &[], "").await;
    assert_eq!(head.status, 200);
    assert!(head.text.is_empty());
    assert_eq!(head.header("content-length"), read.text.len().to_string());
}

#[tokio::test]
async fn what_a_write_answers_is_what_is_read_afterwards() {
    let server = Server::new().await;
    server.clock.advance(jiff::SignedDuration::from_nanos(123_456_789));
    let created = server.post("/Users", &json!({"schemas": [USER], "userName": "a"})).await;
    let path = format!("/Users/{}", created.id());
    assert_eq!(server.get(&path).await.expect(200), created.expect(201));
    server.clock.advance(jiff::SignedDuration::from_nanos(1_001));
    let patched = server.patch(&path, &json!([{"op": "add", "path": "title", "value": "t"}])).await;
    assert_eq!(server.get(&path).await.expect(200), patched.expect(200));
}

#[tokio::test]
async fn user_names_are_unique_without_regard_to_case() {
    let server = Server::new().await;
    let holder = server.user("Straße@x").await;
    let detail = server
        .post("/Users", &json!({"schemas": [USER], "userName": "STRASSE@X"}))
        .await
        .refused(409, "uniqueness");
    for part in ["userName", "STRASSE@X", &*holder] {
        assert!(detail.contains(part), "{detail}");
    }
    let other = server.user("other").await;
    let renamed = json!([{"op": "replace", "path": "userName", "value": "strasse@x"}]);
    let detail = server.patch(&format!("/Users/{other}"), &renamed).await.refused(409, "uniqueness");
    assert!(detail.contains("strasse@x"), "{detail}");
    assert_eq!(server.get(&format!("/Users/{other}")).await.expect(200)["userName"], "other");
}

#[tokio::test]
async fn group_names_are_unique_unless_the_setting_says_otherwise() {
    let server = Server::new().await;
    server.group("Sales", &[]).await;
    let again = json!({"schemas": [GROUP], "displayName": "sales"});
    server.post("/Groups", &again).await.refused(409, "uniqueness");
    let by = crate::support::by();
    server
        .tenants
        .update(server.tenant.id, &by, |tenant| tenant.settings.unique_group_names = false)
        .await
        .expect("an update");
    // The key of the first one is written as it was; a group created from now on is free.
    server.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Marketing"})).await.expect(201);
    server.post("/Groups", &json!({"schemas": [GROUP], "displayName": "marketing"})).await.expect(201);
}

#[tokio::test]
async fn put_replaces_everything_and_writes_nothing_when_nothing_changes() {
    let server = Server::new().await;
    let id = server.user("a").await;
    let path = format!("/Users/{id}");
    let body = json!({"schemas": [USER], "userName": "a", "title": "Boss", "id": "ignored"});
    let first = server.put(&path, &body).await;
    assert_eq!(first.expect(200)["title"], "Boss");
    let second = server.put(&path, &body).await;
    assert_eq!(second.expect(200)["meta"]["version"], first.json()["meta"]["version"]);
    let without = server.put(&path, &json!({"schemas": [USER], "userName": "a"})).await.expect(200);
    assert!(without.get("title").is_none());
    server.put(&path, &json!({"schemas": [USER]})).await.refused(400, "invalidValue");
    server.put("/Users/00000000-0000-0000-0000-000000000000", &body).await.refused(404, "");
}

#[tokio::test]
async fn patch_changes_and_a_patch_without_change_keeps_the_version() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let title = json!([{"op": "add", "path": "title", "value": "Boss"}]);
    let first = server.patch(&path, &title).await;
    assert_eq!(first.expect(200)["title"], "Boss");
    let second = server.patch(&path, &title).await;
    assert_eq!(second.expect(200)["meta"]["version"], first.json()["meta"]["version"]);
    server
        .patch(&path, &json!([{"op": "replace", "path": "nonsense", "value": 1}]))
        .await
        .refused(400, "invalidPath");
    server
        .patch(&path, &json!([{"op": "replace", "path": "id", "value": "x"}]))
        .await
        .refused(400, "mutability");
    server.patch(&path, &json!([{"op": "remove"}])).await.refused(400, "noTarget");
}

#[tokio::test]
async fn deleted_is_gone_and_so_are_the_memberships() {
    let server = Server::new().await;
    let user = server.user("a").await;
    let group = server.group("g", &[&user]).await;
    server.delete(&format!("/Users/{user}")).await.expect(204);
    server.get(&format!("/Users/{user}")).await.refused(404, "");
    server.delete(&format!("/Users/{user}")).await.refused(404, "");
    assert!(server.get(&format!("/Groups/{group}")).await.expect(200).get("members").is_none());
    server.user("a").await;
}

#[tokio::test]
async fn preconditions_are_honoured() {
    let server = Server::new().await;
    let path = format!("/Users/{}", server.user("a").await);
    let etag = server.get(&path).await.header("etag").to_owned();
    assert!(etag.starts_with("W/\""), "{etag}");
    let unchanged = server.send("GET", &path, &[("if-none-match", &etag)], "").await;
    assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""));
    let body = json!({"schemas": [USER], "userName": "a", "title": "1"}).to_string();
    server.send("PUT", &path, &[("if-match", &etag)], body.clone()).await.expect(200);
    server.send("PUT", &path, &[("if-match", &etag)], body.clone()).await.refused(412, "");
    server.send("DELETE", &path, &[("if-match", &etag)], "").await.refused(412, "");
    server.send("DELETE", &path, &[("if-match", "*")], "").await.expect(204);
}

#[tokio::test]
async fn members_are_added_removed_and_listed() {
    let server = Server::new().await;
    let (a, b) = (server.user("a").await, server.user("b").await);
    let inner = server.group("inner", &[&a]).await;
    let outer = server.group("outer", &[&a, &inner]).await;
    let path = format!("/Groups/{outer}");
    let group = server.get(&path).await.expect(200);
    assert_eq!(values(&group["members"], "type").len(), 2);
    assert!(group["members"][0]["$ref"].as_str().expect("a URL").contains("/api/scim/v2/"));
    let added =
        server.patch(&path, &json!([{"op": "add", "path": "members", "value": [{"value": b}]}])).await;
    added.expect(204);
    assert_ne!(added.header("etag"), group["meta"]["version"]);
    let again =
        server.patch(&path, &json!([{"op": "add", "path": "members", "value": [{"value": b}]}])).await;
    assert_eq!(again.header("etag"), added.header("etag"), "adding a member twice changes nothing");
    let remove = json!([{"op": "remove", "path": format!("members[value eq \"{a}\"]")}]);
    server.patch(&path, &remove).await.expect(204);
    let left = values(&server.get(&path).await.expect(200)["members"], "value");
    assert!(left.contains(&b) && left.contains(&inner) && left.len() == 2);
    let by_type = json!([{"op": "remove", "path": "members[type eq \"Group\"]"}]);
    server.patch(&path, &by_type).await.expect(204);
    assert_eq!(values(&server.get(&path).await.expect(200)["members"], "value"), std::slice::from_ref(&b));
    let replaced = json!({"schemas": [GROUP], "displayName": "outer", "members": [{"value": a}]});
    let replaced = server.put(&path, &replaced).await.expect(200);
    assert_eq!(values(&replaced["members"], "value"), std::slice::from_ref(&a));
    server.patch(&path, &json!([{"op": "remove", "path": "members"}])).await.expect(204);
    assert!(server.get(&path).await.expect(200).get("members").is_none());
}

#[tokio::test]
async fn a_member_and_a_membership_have_what_the_schemas_say() {
    let server = Server::new().await;
    let user = server.user("a").await;
    let group = server.group("g", &[&user]).await;
    for (urn, name, element) in [
        (GROUP, "members", server.get(&format!("/Groups/{group}")).await.expect(200)["members"][0].clone()),
        (USER, "groups", server.get(&format!("/Users/{user}")).await.expect(200)["groups"][0].clone()),
    ] {
        let schema = server.get(&format!("/Schemas/{urn}")).await.expect(200);
        let attributes = schema["attributes"].as_array().expect("a list");
        let attribute = attributes.iter().find(|attribute| attribute["name"] == name).expect("an attribute");
        let mut described = values(&attribute["subAttributes"], "name");
        let mut returned: Vec<String> = element.as_object().expect("an object").keys().cloned().collect();
        described.sort();
        returned.sort();
        assert_eq!(described, returned, "{name}");
    }
}

#[tokio::test]
async fn members_that_do_not_exist_are_named() {
    let server = Server::new().await;
    let path = format!("/Groups/{}", server.group("g", &[]).await);
    for id in ["00000000-0000-0000-0000-000000000001", "nobody"] {
        let add = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
        let detail = server.patch(&path, &add).await.refused(400, "invalidValue");
        assert!(detail.contains(id), "{detail}");
    }
}

#[tokio::test]
async fn a_users_groups_and_entity_tag_follow_the_memberships() {
    let server = Server::new().await;
    let user = server.user("a").await;
    let path = format!("/Users/{user}");
    let before = server.get(&path).await;
    assert!(before.json().get("groups").is_none());
    let group = server.group("g", &[&user]).await;
    let joined = server.get(&path).await;
    let groups = &joined.json()["groups"];
    assert_eq!((&groups[0]["value"], &groups[0]["display"]), (&json!(group), &json!("g")));
    assert_ne!(joined.header("etag"), before.header("etag"));
    let other = server.user("b").await;
    let add = json!([{"op": "add", "path": "members", "value": [{"value": other}]}]);
    server.patch(&format!("/Groups/{group}"), &add).await.expect(204);
    assert_eq!(
        server.get(&path).await.header("etag"),
        joined.header("etag"),
        "others' memberships are not the user's"
    );
    server.delete(&format!("/Groups/{group}")).await.expect(204);
    assert_eq!(server.get(&path).await.header("etag"), before.header("etag"));
}

#[tokio::test]
async fn attributes_select_what_is_returned() {
    let server = Server::new().await;
    let user = server.user("a").await;
    let group = server.group("g", &[&user]).await;
    let body = server.get(&format!("/Users/{user}?attributes=userName")).await.expect(200);
    assert_eq!(body.as_object().expect("an object").len(), 3, "{body}");
    let body = server.get(&format!("/Users/{user}?excludedAttributes=groups,meta")).await.expect(200);
    assert!(body.get("groups").is_none() && body.get("meta").is_none() && body["userName"] == "a");
    let body = server.get(&format!("/Groups/{group}?excludedAttributes=members")).await.expect(200);
    assert!(body.get("members").is_none() && body["displayName"] == "g");
    let body = server.get(&format!("/Groups/{group}?attributes=members.value")).await.expect(200);
    assert_eq!(body["members"], json!([{"value": user}]));
}

#[tokio::test]
async fn a_group_of_many_is_read_whole() {
    let server = Server::new().await;
    let mut members = Vec::new();
    for number in 0..2500 {
        members.push(server.user(&format!("user{number}")).await);
    }
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let group = server.group("big", &members).await;
    let read = values(&server.get(&format!("/Groups/{group}")).await.expect(200)["members"], "value");
    let unique: std::collections::HashSet<&String> = read.iter().collect();
    assert_eq!((read.len(), unique.len()), (2500, 2500));
    let listed = server.get("/Groups").await.expect(200);
    assert_eq!(listed["Resources"][0]["members"].as_array().expect("members").len(), 2500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_creates_of_one_name_one_succeeds() {
    let server = std::sync::Arc::new(Server::unruly().await);
    let creates = (0..64).map(|number| {
        let server = std::sync::Arc::clone(&server);
        let name = if number % 2 == 0 { "same@x" } else { "SAME@X" };
        tokio::spawn(async move {
            server.post("/Users", &json!({"schemas": [USER], "userName": name})).await.status.as_u16()
        })
    });
    let mut statuses = Vec::new();
    for create in creates.collect::<Vec<_>>() {
        statuses.push(create.await.expect("an answer"));
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 63);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_patches_of_one_user_lose_nothing() {
    let server = std::sync::Arc::new(Server::unruly().await);
    let path = format!("/Users/{}", server.user("a").await);
    let names = ["title", "nickName", "locale", "userType", "displayName", "timezone", "preferredLanguage"];
    let patches = names.map(|name| {
        let (server, path) = (std::sync::Arc::clone(&server), path.clone());
        tokio::spawn(async move {
            for round in 0..10 {
                let value = format!("{name}{round}");
                let operations = json!([{"op": "replace", "path": name, "value": value}]);
                server.patch(&path, &operations).await.expect(200);
            }
        })
    });
    for patch in patches {
        patch.await.expect("an answer");
    }
    let user = server.get(&path).await.expect(200);
    for name in names {
        assert_eq!(user[name], format!("{name}9"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_changes_of_one_groups_members_lose_nothing() {
    let server = std::sync::Arc::new(Server::unruly().await);
    let mut users = Vec::new();
    for number in 0..32 {
        users.push(server.user(&format!("user{number}")).await);
    }
    let path = format!("/Groups/{}", server.group("g", &[&users[0]]).await);
    let adds = users.iter().cloned().map(|user| {
        let (server, path) = (std::sync::Arc::clone(&server), path.clone());
        tokio::spawn(async move {
            let add = json!([{"op": "add", "path": "members", "value": [{"value": user}]}]);
            server.patch(&path, &add).await.expect(204);
        })
    });
    for add in adds.collect::<Vec<_>>() {
        add.await.expect("an answer");
    }
    assert_eq!(values(&server.get(&path).await.expect(200)["members"], "value").len(), 32);
}

#[tokio::test]
async fn an_administrators_schema_is_discovered_enforced_and_returned() {
    let server = Server::new().await;
    let urn = "urn:example:2.0:Badge";
    let schema = json!({"id": urn, "name": "Badge", "attributes": [
        {"name": "number", "type": "integer", "multiValued": false, "required": false, "mutability": "readWrite",
         "returned": "default", "uniqueness": "none"},
        {"name": "secret", "type": "string", "multiValued": false, "required": false, "mutability": "readWrite",
         "returned": "request", "uniqueness": "none"}]});
    let by = crate::support::by();
    server.extension(&schema).await.expect("an extension");
    assert_eq!(server.get(&format!("/Schemas/{urn}")).await.expect(200)["name"], "Badge");
    let user = json!({"userName": "a", urn: {"number": 7, "secret": "s"}});
    let created = server.post("/Users", &user).await;
    assert_eq!(created.expect(201)[urn], json!({"number": 7, "secret": "s"}));
    let path = format!("/Users/{}", created.id());
    assert_eq!(server.get(&path).await.expect(200)[urn], json!({"number": 7}));
    assert_eq!(
        server.get(&format!("{path}?attributes={urn}:secret")).await.expect(200)[urn],
        json!({"secret": "s"})
    );
    let wrong = json!({"userName": "b", urn: {"number": "seven"}});
    server.post("/Users", &wrong).await.refused(400, "invalidValue");
    server.service.delete_extension(server.tenant.id, urn, &by).await.expect("a deletion");
    server.get(&format!("/Schemas/{urn}")).await.refused(404, "");
}
