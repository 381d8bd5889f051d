//! Schema extensions that change, go and come again while resources have values, and hostile definitions.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::extensions::{URN, found, hr, user};
use crate::support::{Server, by, encoded};

#[tokio::test]
async fn what_becomes_unique_is_checked_and_indexed_where_values_are_there() {
    let server = Server::unruly().await;
    let define = async |characteristics: Value| {
        let mut attribute = json!({"name": "badge", "type": "string"});
        attribute
            .as_object_mut()
            .expect("an object")
            .extend(characteristics.as_object().expect("one").clone());
        server.extension(&hr(&json!([attribute]))).await
    };
    define(json!({})).await.expect("an extension");
    let mut ids = Vec::new();
    for number in 0..450 {
        let reply = server
            .post("/Users", &user(&format!("u{number}"), &json!({"badge": format!("B{number}")})))
            .await;
        reply.expect(201);
        ids.push(reply.id());
    }
    let twin = server.post("/Users", &user("twin", &json!({"badge": "b7"}))).await.id();
    let before = server.get(&format!("/Users/{}", ids[3])).await;

    let refused = define(json!({"uniqueness": "server"})).await.expect_err("two have it");
    assert_eq!((refused.status, refused.scim_type), (409, Some(scim::ScimType::Uniqueness)));
    for part in [&ids[7], &twin, "badge", "b7"] {
        assert!(refused.detail.contains(part), "{refused}");
    }
    // Nothing was changed: what was discovered is, and another may have the same value still.
    assert_eq!(
        server.get(&format!("/Schemas/{URN}")).await.expect(200)["attributes"][0]["uniqueness"],
        "none"
    );
    server.post("/Users", &user("third", &json!({"badge": "B7"}))).await.expect(201);
    assert_eq!(found(&server, &format!("{URN}:badge eq \"b7\"")).await, ["u7", "twin", "third"]);

    for name in ["twin", "third"] {
        let id = server
            .get(&format!("/Users?filter={}", encoded(&format!("userName eq \"{name}\""))))
            .await
            .expect(200);
        server
            .delete(&format!("/Users/{}", id["Resources"][0]["id"].as_str().expect("an id")))
            .await
            .expect(204);
    }
    define(json!({"uniqueness": "server"})).await.expect("all differ now");
    server.post("/Users", &user("late", &json!({"badge": "B449"}))).await.refused(409, "uniqueness");
    assert_eq!(found(&server, &format!("{URN}:badge eq \"b7\"")).await, ["u7"]);
    let after = server.get(&format!("/Users/{}", ids[3])).await;
    assert_eq!((after.expect(200), after.header("etag")), (before.expect(200), before.header("etag")));
    // Compared in another way it is another index; without uniqueness it is none that refuses.
    define(json!({"uniqueness": "server", "caseExact": true})).await.expect("another index");
    server.post("/Users", &user("late", &json!({"badge": "b449"}))).await.expect(201);
    assert_eq!(found(&server, &format!("{URN}:badge eq \"b449\"")).await, ["late"]);
    define(json!({"indexed": true})).await.expect("an index");
    server.post("/Users", &user("later", &json!({"badge": "b449"}))).await.expect(201);
    assert_eq!(found(&server, &format!("{URN}:badge eq \"b449\"")).await, ["u449", "late", "later"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_is_lost_and_none_escapes_while_an_index_is_built() {
    let server = Arc::new(Server::unruly().await);
    server.extension(&hr(&json!([{"name": "badge"}]))).await.expect("an extension");
    let mut ids = Vec::new();
    for number in 0..300 {
        ids.push(
            server
                .post("/Users", &user(&format!("u{number}"), &json!({"badge": format!("old{number}")})))
                .await
                .id(),
        );
    }
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (server, ids) = (Arc::clone(&server), ids.clone());
            tokio::spawn(async move {
                for (number, id) in ids.iter().enumerate().filter(|(number, _)| number % 4 == writer) {
                    let change = json!([{"op": "replace", "path": format!("{URN}:badge"), "value": format!("new{number}")}]);
                    server.patch(&format!("/Users/{id}"), &change).await.expect(200);
                    let body = user(&format!("late{number}"), &json!({"badge": format!("late{number}")}));
                    server.post("/Users", &body).await.expect(201);
                }
            })
        })
        .collect();
    for round in 0..6 {
        let kind = if round % 2 == 0 {
            json!({"name": "badge", "uniqueness": "server"})
        } else {
            json!({"name": "badge"})
        };
        server.extension(&hr(&json!([kind]))).await.expect("a change");
    }
    server.extension(&hr(&json!([{"name": "badge", "uniqueness": "server"}]))).await.expect("a change");
    for writer in writers {
        writer.await.expect("the writer ends");
    }
    for number in 0..300 {
        assert_eq!(found(&server, &format!("{URN}:badge eq \"new{number}\"")).await, [format!("u{number}")]);
        assert_eq!(
            found(&server, &format!("{URN}:badge eq \"late{number}\"")).await,
            [format!("late{number}")]
        );
        assert!(found(&server, &format!("{URN}:badge eq \"old{number}\"")).await.is_empty());
    }
    server.post("/Users", &user("x", &json!({"badge": "NEW7"}))).await.refused(409, "uniqueness");
}

#[tokio::test]
async fn a_change_that_resources_do_not_fit_is_refused_by_naming_one() {
    let server = Server::new().await;
    server
        .extension(&hr(&json!([{"name": "badge"}, {"name": "list", "multiValued": true}])))
        .await
        .expect("one");
    let id = server.post("/Users", &user("a", &json!({"badge": "seven", "list": ["x"]}))).await.id();
    let list = json!({"name": "list", "multiValued": true});
    for (attributes, word) in [
        (json!([{"name": "badge", "type": "integer"}, list]), "integer"),
        (json!([{"name": "badge", "multiValued": true}, list]), "list"),
        (json!([{"name": "badge"}, {"name": "list"}]), "list"),
        (json!([{"name": "badge", "canonicalValues": ["one"]}, list]), "one"),
        (json!([{"name": "badge"}, list, {"name": "more", "required": true}]), "more is required"),
    ] {
        let refused = server.extension(&hr(&attributes)).await.expect_err("it does not fit");
        assert_eq!(refused.status, 409, "{refused}");
        assert!(refused.detail.contains(&id) && refused.detail.contains(word), "{refused}");
    }
    for attributes in [json!([{"name": "Badge"}, list]), json!([{"name": "badge"}, {"name": "LIST"}])] {
        let refused = server.extension(&hr(&attributes)).await.expect_err("another spelling");
        assert!(refused.detail.contains("spelling"), "{refused}");
    }
    server.user("without").await;
    let fits = json!([{"name": "badge", "required": true, "canonicalValues": ["Seven", "eight"]}, list]);
    server.extension(&hr(&fits)).await.expect("it fits");
    server
        .patch(&format!("/Users/{id}"), &json!([{"op": "remove", "path": format!("{URN}:badge")}]))
        .await
        .refused(400, "mutability");
    // Not having the extension at all is allowed still.
    server.user("another").await;
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_every_resource() {
    let server = Server::new().await;
    let attributes = json!([{"name": "badge", "uniqueness": "server", "required": true},
        {"name": "pin", "mutability": "writeOnly", "returned": "never"}, {"name": "note"},
        {"name": "car", "type": "complex", "subAttributes": [{"name": "plate"}, {"name": "color"}]}]);
    server.extension(&hr(&attributes)).await.expect("an extension");
    let own = json!({"badge": "1", "pin": "p", "note": "n", "car": {"plate": "x", "color": "red"}});
    let path = format!("/Users/{}", server.post("/Users", &user("a", &own)).await.id());
    // An attribute and a part of one.
    let fewer = json!([{"name": "badge", "uniqueness": "server", "required": true},
        {"name": "pin", "mutability": "writeOnly", "returned": "never"},
        {"name": "car", "type": "complex", "subAttributes": [{"name": "plate"}]}]);
    server.extension(&hr(&fewer)).await.expect("fewer attributes");
    let shown = server.get(&path).await.expect(200);
    assert_eq!(shown[URN], json!({"badge": "1", "car": {"plate": "x"}}));
    // All of it, the values that nobody may see above all.
    let tenant = server.tenant.id;
    server.service.delete_extension(tenant, &URN.to_uppercase(), &by()).await.expect("a deletion");
    server.get(&format!("/Schemas/{URN}")).await.refused(404, "");
    let shown = server.get(&path).await.expect(200);
    assert!(shown.get(URN).is_none() && !shown["schemas"].to_string().contains(URN), "{shown}");
    server.put(&path, &user("a", &json!({"badge": 5}))).await.expect(200);
    assert!(found(&server, &format!("{URN}:badge pr")).await.is_empty());
    assert!(found(&server, &format!("schemas eq \"{URN}\"")).await.is_empty());
    // It comes again empty, of whatever types.
    server
        .extension(&hr(&json!([{"name": "badge", "type": "boolean"}, {"name": "pin"}])))
        .await
        .expect("again");
    assert!(server.get(&path).await.expect(200).get(URN).is_none());
    let again =
        server.service.delete_extension(tenant, "urn:nobody:x", &by()).await.expect_err("there is none");
    assert_eq!(again.status, 404);
    // Moved to groups it is gone from users.
    server
        .patch(&path, &json!([{"op": "add", "path": format!("{URN}:badge"), "value": true}]))
        .await
        .expect(200);
    let mut moved = hr(&json!([{"name": "badge", "type": "boolean"}]));
    moved["resourceType"] = json!("Group");
    server.extension(&moved).await.expect("moved");
    assert!(server.get(&path).await.expect(200).get(URN).is_none());
    server.post("/Groups", &json!({"displayName": "g", URN: {"badge": true}})).await.expect(201);
}

#[tokio::test]
async fn a_hostile_definition_is_refused_with_its_reason() {
    let server = Server::new().await;
    server.extension(&hr(&json!([{"name": "badge"}]))).await.expect("an extension");
    let nested = json!([{"name": "a", "type": "complex", "subAttributes": [
        {"name": "b", "type": "complex", "subAttributes": [{"name": "c"}]}]}]);
    let many: Vec<Value> = (0..257).map(|number| json!({"name": format!("a{number}")})).collect();
    let one = json!([{"name": "a"}]);
    for (id, attributes, word) in [
        ("urn:ietf:params:scim:schemas:core:2.0:User", one.clone(), "RFC"),
        ("URN:IETF:params:scim:schemas:extension:enterprise:2.0:USER", one.clone(), "RFC"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", one.clone(), "attribute userName"),
        ("urn:ietf:params:scim:schemas:core:2.0", json!([{"name": "User"}]), "attribute User"),
        (&format!("{URN}:badge"), one.clone(), "attribute badge"),
        ("urn:example:params:hr:2.0", json!([{"name": "user"}]), "attribute User"),
        ("not a urn", one.clone(), "URN"),
        ("urn:example:a[b]:c", one.clone(), "character"),
        ("urn:example:h", nested, "a.b"),
        ("urn:example:h", json!(many), "256"),
        ("urn:example:h", json!([{"name": "a"}, {"name": "A"}]), "twice"),
        ("urn:example:h", json!([{"name": "schemas"}]), "common"),
        ("urn:example:h", json!([{"name": "a.b"}]), "a.b"),
        ("urn:example:h", json!([{"name": "$ref"}]), "$ref"),
        (
            "urn:example:h",
            json!([{"name": "a", "type": "boolean", "uniqueness": "server"}]),
            "cannot be unique",
        ),
        ("urn:example:h", json!([]), "1 to 256"),
    ] {
        let schema = json!({"id": id, "attributes": attributes});
        let refused = server.extension(&schema).await.expect_err(id);
        assert_eq!(refused.status, 400, "{refused}");
        assert!(refused.detail.contains(word), "{id}: {refused}");
    }
    let described = |n: usize| json!({"name": format!("a{n}"), "description": "d".repeat(1000)});
    let large: Vec<Value> = (0..256).map(described).collect();
    let mut refused = None;
    for number in 0..5 {
        let id = format!("urn:example:large{number}");
        refused = server.extension(&json!({"id": id, "attributes": large})).await.err();
    }
    assert!(refused.expect("one is too many").detail.contains("bytes"));
    for number in 0..3 {
        let id = format!("urn:example:large{number}");
        server.service.delete_extension(server.tenant.id, &id, &by()).await.expect("a deletion");
    }
    assert_eq!(server.get("/Schemas").await.expect(200)["totalResults"], 4);
    // A URN that begins as another one, and names that differ from it in case only.
    server
        .extension(&json!({"id": format!("{URN}:more"), "attributes": [{"name": "badge"}]}))
        .await
        .expect("one more");
    let replaced = json!({"id": URN.to_uppercase(), "attributes": [{"name": "badge"}, {"name": "other"}]});
    assert!(!server.extension(&replaced).await.expect("the same one"), "it was not added");
    let more = format!("{URN}:more");
    let body =
        json!({"userName": "a", URN: {"badge": "1"}, &more: {"badge": "2"}, format!("{URN}:other"): "3"});
    let shown = server.post("/Users", &body).await.expect(201);
    assert_eq!((&shown[URN], &shown[&more]), (&json!({"badge": "1", "other": "3"}), &json!({"badge": "2"})));
    assert_eq!(found(&server, &format!("{URN}:more:badge eq \"2\" and {URN}:badge eq \"1\"")).await, ["a"]);
    for number in 2..50 {
        let schema = json!({"id": format!("urn:example:n{number}"), "attributes": [{"name": "a"}]});
        server.extension(&schema).await.expect("one of fifty");
    }
    let refused = server.extension(&json!({"id": "urn:example:n50", "attributes": [{"name": "a"}]})).await;
    assert!(refused.expect_err("one too many").detail.contains("50"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn administrators_who_define_at_once_do_not_undo_each_other() {
    let server = Arc::new(Server::unruly().await);
    let define = |id: String, fresh: bool| {
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let body = json!({"id": id, "attributes": [{"name": "a", "uniqueness": "server"}]});
            let body = body.as_object().expect("an object").clone();
            let id = (!fresh).then_some(&*id);
            server.service.put_extension(server.tenant.id, body, id, &by()).await
        })
    };
    let different: Vec<_> = (0..8).map(|number| define(format!("urn:example:n{number}"), false)).collect();
    let same: Vec<_> = (0..8).map(|_| define("urn:example:same".to_owned(), true)).collect();
    for one in different {
        assert!(one.await.expect("an answer").expect("an extension").1, "it was added");
    }
    let mut added = 0;
    for one in same {
        match one.await.expect("an answer") {
            Ok((_, fresh)) => added += usize::from(fresh),
            Err(refused) => assert_eq!(refused.status, 409, "{refused}"),
        }
    }
    assert_eq!(added, 1);
    let all = server.service.list_extensions(server.tenant.id).await.expect("a list");
    assert_eq!(all.len(), 9);
    // Each has an index of its own.
    let urns: Vec<String> = all.iter().map(|one| one["id"].as_str().expect("a URN").to_owned()).collect();
    let mut body = json!({"userName": "a"});
    for urn in &urns {
        body[urn] = json!({"a": "same"});
    }
    server.post("/Users", &body).await.expect(201);
    for urn in &urns {
        let other = json!({"userName": "b", urn: {"a": "SAME"}});
        let detail = server.post("/Users", &other).await.refused(409, "uniqueness");
        assert!(detail.starts_with(&format!("{urn}:a ")), "{detail}");
    }
}
