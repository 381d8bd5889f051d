//! Schema extensions of a tenant: every characteristic of an attribute, changes while resources have values, and what a
//! hostile definition or request makes of them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, by, encoded, values};

const URN: &str = "urn:example:params:hr:2.0:User";

/// An extension of users with these attributes.
fn hr(attributes: &Value) -> Value {
    json!({"id": URN, "name": "HR", "attributes": attributes})
}

fn user(name: &str, own: &Value) -> Value {
    json!({"userName": name, URN: own})
}

async fn found(server: &Server, filter: &str) -> Vec<String> {
    let body = server.get(&format!("/Users?filter={}", encoded(filter))).await.expect(200);
    values(&body["Resources"], "userName")
}

#[tokio::test]
async fn each_characteristic_is_discovered_enforced_and_honoured() {
    let server = Server::new().await;
    let attributes = json!([
        {"name": "badge", "type": "integer", "uniqueness": "server"},
        {"name": "level", "type": "string", "canonicalValues": ["junior", "senior"], "required": true},
        {"name": "fixed", "type": "string", "mutability": "immutable"},
        {"name": "given", "type": "string", "mutability": "readOnly"},
        {"name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never"},
        {"name": "asked", "type": "string", "returned": "request"},
        {"name": "tags", "type": "string", "multiValued": true, "caseExact": true, "indexed": true},
        {"name": "cars", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "plate", "type": "string", "required": true, "indexed": true},
            {"name": "since", "type": "dateTime"}, {"name": "primary", "type": "boolean"}]},
        {"name": "userName", "type": "string"}]);
    server.extension(&hr(&attributes)).await.expect("an extension");

    let schema = server.get(&format!("/Schemas/{URN}")).await.expect(200);
    let listed = schema["attributes"].as_array().expect("attributes");
    assert_eq!(listed[0]["uniqueness"], "server");
    assert_eq!(
        (&listed[1]["canonicalValues"], &listed[1]["required"]),
        (&json!(["junior", "senior"]), &json!(true))
    );
    assert_eq!((&listed[6]["caseExact"], &listed[6]["multiValued"]), (&json!(true), &json!(true)));
    assert_eq!(listed[7]["subAttributes"][0]["name"], "plate");
    assert!(!schema.to_string().contains("indexed"), "{schema}");
    let ty = server.get("/ResourceTypes/User").await.expect(200);
    assert_eq!(ty["schemaExtensions"][1], json!({"schema": URN, "required": false}));

    let own = json!({"badge": 7, "level": "Senior", "fixed": "f", "given": "g", "pin": "p", "asked": "a",
        "tags": ["X", "x"], "cars": [{"plate": "P", "since": "2026-01-01T00:00:00Z", "primary": true}],
        "userName": "other"});
    let created = server.post("/Users", &user("a", &own)).await;
    let shown = created.expect(201);
    let expected = json!({"badge": 7, "level": "Senior", "fixed": "f", "tags": ["X", "x"],
        "cars": [{"plate": "P", "since": "2026-01-01T00:00:00Z", "primary": true}], "userName": "other"});
    assert_eq!((&shown[URN], &shown["userName"]), (&expected, &json!("a")));
    assert_eq!(shown["schemas"][1], URN);
    let path = format!("/Users/{}", created.id());
    let asked =
        server.get(&format!("{path}?attributes={URN}:asked,{URN}:pin,{URN}:userName")).await.expect(200);
    assert_eq!(asked[URN], json!({"asked": "a", "userName": "other"}));
    let without = server.get(&format!("{path}?excludedAttributes={URN}")).await.expect(200);
    assert!(without.get(URN).is_none(), "{without}");

    for (own, word) in [
        (json!({"badge": 1.5, "level": "junior"}), "badge"),
        (json!({"badge": "x", "level": "junior"}), "badge"),
        (json!({"level": "chief"}), "junior, senior"),
        (json!({"badge": 8}), "level is required"),
        (json!({"level": "junior", "cars": [{"since": "2026-01-01T00:00:00Z"}]}), "cars.plate is required"),
        (json!({"level": "junior", "cars": [{"plate": "Q", "since": "soon"}]}), "dateTime"),
        (json!({"level": ["junior", "senior"]}), "one value"),
        (json!("text"), "object"),
    ] {
        let detail = server.post("/Users", &user("b", &own)).await.refused(400, "invalidValue");
        assert!(detail.contains(word), "{own}: {detail}");
        let bulk = json!({"Operations": [{"method": "POST", "path": "/Users", "bulkId": "b", "data": user("b", &own)}]});
        let reply = server.post("/Bulk", &bulk).await.expect(200);
        assert_eq!(reply["Operations"][0]["status"], "400", "{reply}");
    }
    // PUT and PATCH hold to the same.
    server
        .put(&path, &user("a", &json!({"level": "senior", "fixed": "other"})))
        .await
        .refused(400, "mutability");
    let kept = server.put(&path, &user("a", &json!({"level": "senior"}))).await.expect(200);
    assert_eq!(kept[URN], json!({"level": "senior", "fixed": "f"}));
    let one = |op: &str, at: &str, value: &Value| json!([{"op": op, "path": format!("{URN}:{at}"), "value": value}]);
    for (operation, kind) in [
        (one("replace", "fixed", &json!("x")), "mutability"),
        (one("replace", "given", &json!("x")), "mutability"),
        (one("replace", "level", &json!("chief")), "invalidValue"),
        (one("add", "badge", &json!("many")), "invalidValue"),
        (one("add", "cars", &json!([{"since": "2026-01-01T00:00:00Z"}])), "invalidValue"),
        (one("replace", "nothing", &json!(1)), "invalidPath"),
        (json!([{"op": "remove", "path": format!("{URN}:level")}]), "mutability"),
        (one("replace", "cars[plate eq \"nope\"].since", &json!("soon")), "invalidValue"),
    ] {
        server.patch(&path, &operation).await.refused(400, kind);
    }
    let changes = json!([
        {"op": "Add", "path": format!("{}:TAGS", URN.to_uppercase()), "value": "y"},
        {"op": "add", "path": format!("{URN}:cars"), "value": [{"plate": "P"}, {"plate": "Q"}]},
        {"op": "replace", "path": format!("{URN}:cars[plate eq \"q\"].primary"), "value": "True"},
        {"op": "add", "value": {format!("{URN}:badge"): 9, URN: {"asked": "now"}}}]);
    let patched = server.patch(&path, &changes).await.expect(200);
    assert_eq!(
        patched[URN],
        json!({"level": "senior", "fixed": "f", "tags": ["y"], "badge": 9,
        "cars": [{"plate": "P"}, {"plate": "Q", "primary": true}]})
    );
    // Filters and sorting by any of them, those that are not returned too.
    for (filter, matches) in [
        (format!("{URN}:badge eq 9"), true),
        (format!("{URN}:badge eq 9.0"), true),
        (format!("{URN}:badge eq \"9\""), true),
        (format!("{URN}:badge gt 8 and {URN}:level sw \"SEN\""), true),
        (format!("{URN}:tags eq \"y\""), true),
        (format!("{URN}:tags eq \"Y\""), false),
        (format!("{URN}:tags[value eq \"y\"]"), true),
        (format!("{URN}:cars.plate eq \"q\""), true),
        (format!("{URN}:cars[plate eq \"Q\" and primary eq true]"), true),
        (format!("{URN}:cars[plate eq \"P\" and primary eq true]"), false),
        ("badge eq 9".to_owned(), true),
        (format!("{URN}:asked eq \"now\""), true),
        (format!("{URN}:userName pr"), false),
        ("userName eq \"other\"".to_owned(), false),
        (format!("not ({URN}:badge eq 9)"), false),
        (format!("{URN}:badge eq 9 or {URN}:badge eq 10"), true),
    ] {
        assert_eq!(found(&server, &filter).await.len(), usize::from(matches), "{filter}");
    }
    server
        .get(&format!("/Users?filter={}", encoded(&format!("{URN}:badge co 9"))))
        .await
        .refused(400, "invalidFilter");
    server.user("z").await;
    let sorted = server.get(&format!("/Users?sortBy={URN}:badge&sortOrder=descending")).await.expect(200);
    assert_eq!(values(&sorted["Resources"], "userName"), ["z", "a"]);
    // The whole of it goes by its URN, but for what cannot change.
    server.patch(&path, &json!([{"op": "remove", "path": URN}])).await.refused(400, "mutability");
}

#[tokio::test]
async fn a_unique_attribute_has_one_holder_whom_the_refusal_names() {
    let server = Server::new().await;
    let attributes = json!([
        {"name": "badge", "type": "string", "uniqueness": "global"},
        {"name": "cards", "type": "string", "multiValued": true, "caseExact": true, "uniqueness": "server"},
        {"name": "number", "type": "integer", "uniqueness": "server"}]);
    server.extension(&hr(&attributes)).await.expect("an extension");
    let create = async |name: &str, own: Value| server.post("/Users", &user(name, &own)).await;
    let first = create("a", json!({"badge": "Straße 1", "cards": ["C1", "C2"], "number": 5})).await;
    first.expect(201);
    for (own, path, value) in [
        (json!({"badge": "STRASSE 1"}), "badge", "STRASSE 1"),
        (json!({"cards": ["C3", "C2"]}), "cards", "C2"),
        (json!({"number": 5.0}), "number", "5.0"),
    ] {
        let detail = create("b", own).await.refused(409, "uniqueness");
        let named = format!("{URN}:{path} \"{value}\" is taken by the User {}", first.id());
        assert!(detail.starts_with(&named), "{detail}");
    }
    create("b", json!({"badge": "2", "cards": ["c1"], "number": 6})).await.expect(201);
    // No value, and the empty one, are not a value that others have.
    for name in ["c", "d"] {
        create(name, json!({"badge": ""})).await.expect(201);
    }
    assert_eq!(found(&server, &format!("{URN}:badge eq \"\"")).await, ["c", "d"]);
    // By PUT, PATCH and bulk too; what is given up is free.
    let path = format!("/Users/{}", create("e", json!({})).await.id());
    server.put(&path, &user("e", &json!({"number": 5}))).await.refused(409, "uniqueness");
    let add = json!([{"op": "add", "path": format!("{URN}:cards"), "value": ["C1"]}]);
    server.patch(&path, &add).await.refused(409, "uniqueness");
    let twice = ["f", "g"].map(|name| {
        json!({"method": "POST", "path": "/Users", "bulkId": name, "data": user(name, &json!({"number": 70}))})
    });
    let reply = server.post("/Bulk", &json!({"Operations": twice})).await.expect(200);
    let mut statuses = values(&reply["Operations"], "status");
    statuses.sort();
    assert_eq!(statuses, ["201", "409"], "{reply}");
    server
        .patch(&format!("/Users/{}", first.id()), &json!([{"op": "remove", "path": format!("{URN}:cards")}]))
        .await
        .expect(200);
    server.patch(&path, &add).await.expect(200);
    server.delete(&format!("/Users/{}", first.id())).await.expect(204);
    server.put(&path, &user("e", &json!({"number": 5, "cards": ["C1"]}))).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_writes_of_one_unique_value_one_succeeds() {
    let server = Arc::new(Server::unruly().await);
    server.extension(&hr(&json!([{"name": "badge", "uniqueness": "server"}]))).await.expect("an extension");
    let writes: Vec<_> = (0..16)
        .map(|number| {
            let server = Arc::clone(&server);
            let body = user(&format!("u{number}"), &json!({"badge": "one"}));
            tokio::spawn(async move { server.post("/Users", &body).await.status.as_u16() })
        })
        .collect();
    let mut created = 0;
    for write in writes {
        match write.await.expect("an answer") {
            201 => created += 1,
            status => assert_eq!(status, 409),
        }
    }
    assert_eq!(created, 1);
}

#[tokio::test]
async fn groups_have_extensions_of_their_own() {
    let server = Server::new().await;
    let urn = "urn:example:params:hr:2.0:Group";
    let schema = json!({"id": urn, "resourceType": "Group", "attributes": [
        {"name": "center", "type": "integer", "uniqueness": "server"}, {"name": "secret", "returned": "never"}]});
    server.extension(&schema).await.expect("an extension");
    let ty = server.get("/ResourceTypes/Group").await.expect(200);
    assert_eq!(ty["schemaExtensions"], json!([{"schema": urn, "required": false}]));
    let member = server.user("m").await;
    let body =
        json!({"displayName": "g", "members": [{"value": member}], urn: {"center": 4711, "secret": "s"}});
    let created = server.post("/Groups", &body).await;
    assert_eq!(created.expect(201)[urn], json!({"center": 4711}));
    let other = json!({"displayName": "h", urn: {"center": 4711}});
    server.post("/Groups", &other).await.refused(409, "uniqueness");
    let filter = encoded(&format!("{urn}:center eq 4711 and members eq \"{member}\""));
    let list = server.get(&format!("/Groups?filter={filter}")).await.expect(200);
    assert_eq!(values(&list["Resources"], "displayName"), ["g"]);
    assert!(list["Resources"][0]["members"][0]["value"] == *member && !list.to_string().contains("secret"));
    // A user has none of it.
    let user = server.post("/Users", &json!({"userName": "u", urn: {"center": 1}})).await.expect(201);
    assert!(user.get(urn).is_none());
}

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

#[tokio::test]
async fn an_equality_on_an_indexed_attribute_is_a_look_up() {
    let limits = scim_server::Limits { work: 3, ..scim_server::Limits::default() };
    let server = Server::with(limits).await;
    server.extension(&hr(&json!([{"name": "badge"}, {"name": "plain"}]))).await.expect("an extension");
    for number in 0..210 {
        let own = json!({"badge": format!("B{number}"), "plain": format!("P{number}")});
        server.post("/Users", &user(&format!("u{number}"), &own)).await.expect(201);
    }
    // More than may be looked at in a query, but not when the index is built.
    let filter = |name: &str| format!("/Users?filter={}", encoded(&format!("{URN}:{name} eq \"{name}\"")));
    for name in ["badge", "plain"] {
        server.get(&filter(name)).await.refused(400, "tooMany");
    }
    server
        .extension(&hr(&json!([{"name": "badge", "indexed": true}, {"name": "plain"}])))
        .await
        .expect("an index");
    assert_eq!(found(&server, &format!("{URN}:badge eq \"b5\"")).await, ["u5"]);
    assert_eq!(found(&server, &format!("{URN}:plain eq \"P5\" and badge eq \"B5\"")).await, ["u5"]);
    server.get(&filter("plain")).await.refused(400, "tooMany");
    // Who has it no longer is not found by it.
    server
        .extension(&hr(&json!([{"name": "badge"}, {"name": "plain", "indexed": true}])))
        .await
        .expect("another");
    server.get(&filter("badge")).await.refused(400, "tooMany");
    assert_eq!(found(&server, &format!("{URN}:plain eq \"p5\"")).await, ["u5"]);
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
async fn a_secret_called_password_is_not_spliced_out() {
    let server = Server::new().await;
    let attributes = json!([{"name": "password", "mutability": "writeOnly", "returned": "never"}]);
    server.extension(&hr(&attributes)).await.expect("an extension");
    let created = server.post("/Users", &user("a", &json!({"password": "geheim"}))).await;
    assert!(!created.text.contains("geheim"), "{}", created.text);
    for path in [format!("/Users/{}", created.id()), "/Users".to_owned(), format!("/Users?attributes={URN}")]
    {
        assert!(!server.get(&path).await.text.contains("geheim"), "{path}");
    }
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

#[tokio::test]
async fn uniqueness_by_setting_is_made_to_hold() {
    let server = Server::new().await;
    let create = async |path: &str, name: &str, id: &str| {
        let body = json!({"userName": name, "displayName": name, "externalId": id});
        server.post(path, &body).await
    };
    let (first, second) = (create("/Users", "a", "E1").await, create("/Users", "b", "E1").await);
    create("/Groups", "g", "E1").await.expect(201);
    let refused =
        server.settings(|settings| settings.unique_external_ids = true).await.expect_err("two have it");
    assert_eq!(refused.status, 409);
    for part in [first.id(), second.id(), "externalId".to_owned(), "E1".to_owned()] {
        assert!(refused.detail.contains(&part), "{refused}");
    }
    assert!(!server.tenants.get(server.tenant.id).await.expect("a tenant").settings.unique_external_ids);
    create("/Users", "c", "E1").await.expect(201);
    for name in ["b", "c"] {
        let filter = encoded(&format!("userName eq \"{name}\""));
        let list = server.get(&format!("/Users?filter={filter}")).await.expect(200);
        server
            .delete(&format!("/Users/{}", list["Resources"][0]["id"].as_str().expect("an id")))
            .await
            .expect(204);
    }
    server.settings(|settings| settings.unique_external_ids = true).await.expect("all differ");
    create("/Users", "d", "E1").await.refused(409, "uniqueness");
    create("/Groups", "h", "E1").await.refused(409, "uniqueness");
    // Off and on again, with groups of one name in between.
    server.settings(|settings| settings.unique_group_names = false).await.expect("a change");
    create("/Groups", "G", "E2").await.expect(201);
    let refused =
        server.settings(|settings| settings.unique_group_names = true).await.expect_err("two have it");
    assert!(refused.detail.contains("displayName"), "{refused}");
    server.settings(|settings| settings.unique_external_ids = false).await.expect("a change");
    create("/Users", "d", "E1").await.expect(201);
}

#[tokio::test]
async fn discovery_is_closed_where_the_tenant_wants_it() {
    let server = Server::new().await;
    let open = async |path: &str| {
        let uri = format!("/tenants/contoso/api/scim/v2{path}");
        let request =
            axum::http::Request::builder().uri(uri).body(axum::body::Body::empty()).expect("a request");
        server.raw(request).await
    };
    let places = ["/Schemas", "/ResourceTypes/User", "/ServiceProviderConfig"];
    for place in places {
        open(place).await.expect(200);
    }
    server.settings(|settings| settings.discovery_needs_token = true).await.expect("a change");
    for place in places {
        let reply = open(place).await;
        reply.refused(401, "");
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
        server.get(place).await.expect(200);
    }
}
