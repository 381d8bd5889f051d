//! Schema extensions of a tenant: every characteristic of an attribute.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, encoded, values};

pub const URN: &str = "urn:example:params:hr:2.0:User";

/// An extension of users with these attributes.
pub fn hr(attributes: &Value) -> Value {
    json!({"id": URN, "name": "HR", "attributes": attributes})
}

/// A user with attributes of the extension.
pub fn user(name: &str, own: &Value) -> Value {
    json!({"userName": name, URN: own})
}

/// The names of the users that a filter finds.
pub async fn found(server: &Server, filter: &str) -> Vec<String> {
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
    // What is returned on request is in the answer to the write that names it, and in no other.
    let expected = json!({"badge": 7, "level": "Senior", "fixed": "f", "asked": "a", "tags": ["X", "x"],
        "cars": [{"plate": "P", "since": "2026-01-01T00:00:00Z", "primary": true}], "userName": "other"});
    assert_eq!((&shown[URN], &shown["userName"]), (&expected, &json!("a")));
    assert_eq!(shown["schemas"][1], URN);
    let path = format!("/Users/{}", created.id());
    assert!(server.get(&path).await.expect(200)[URN].get("asked").is_none());
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
        json!({"level": "senior", "fixed": "f", "tags": ["y"], "badge": 9, "asked": "now",
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
        (json!({"number": 5.0}), "number", "5"),
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
