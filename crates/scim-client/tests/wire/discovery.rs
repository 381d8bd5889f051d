//! What targets say of their attributes, in the forms that real ones use and in ones that would do harm.

use super::support::{Reply, Seen, Server, json as answer};
use scim::schema::Type;
use scim_client::{Described, ErrorCode, Failure};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const BADGE: &str = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";

fn user() -> Value {
    json!({"id": USER, "attributes": [{"name": "userName", "type": "string", "required": true}]})
}

fn badge() -> Value {
    json!({"id": BADGE, "attributes": [{"name": "badge", "type": "integer"}]})
}

fn path(request: &Seen) -> String {
    let path = request.target.split('?').next().unwrap_or_default();
    path.trim_start_matches("/scim/v2/").to_owned()
}

/// What comes of a target that answers `/Schemas` so, and has no `/ResourceTypes`.
async fn schemas(body: &Value) -> Result<Option<Described>, Failure> {
    let body = body.clone();
    let server = Server::start(move |_, request| match path(request).as_str() {
        "Schemas" => answer(200, &body),
        // As some do for an address that they do not know.
        _ => answer(500, &json!({"status": "500"})),
    })
    .await;
    server.target().describe().await
}

fn names(described: Option<Described>) -> Vec<String> {
    let described = described.expect("described");
    let mut names = Vec::new();
    for resource in [&described.users, &described.groups] {
        names.extend(resource.attributes.iter().map(|it| it.name.clone()));
        for extension in &resource.extensions {
            names.extend(extension.attributes.iter().map(|it| format!("{}:{}", extension.id, it.name)));
        }
    }
    names
}

#[tokio::test]
async fn every_form_of_a_list_is_read() {
    let both = ["userName".to_owned(), format!("{BADGE}:badge")];
    let list = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 2,
        "Resources": [user(), badge()]});
    for body in [list, json!([user(), badge()]), json!({"resources": [badge(), user(), 7, {"id": 7}, {}]})] {
        assert_eq!(names(schemas(&body).await.expect("read")), both, "{body}");
    }
    assert_eq!(names(schemas(&user()).await.expect("read")), ["userName"]);
}

#[tokio::test]
async fn resource_types_say_whose_an_extension_is() {
    let server = Server::start(|_, request| match path(request).as_str() {
        "Schemas" => answer(
            200,
            &json!({"totalResults": 4, "Resources": [
                {"id": "urn:contoso:Account", "attributes": [{"name": "userName"}]},
                {"id": "urn:contoso:More", "attributes": [{"name": "more", "type": "complex",
                    "multiValued": true, "subAttributes": [{"name": "value", "type": "boolean"}]}]},
                {"id": GROUP, "attributes": [{"name": "displayName"}]},
                {"id": "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig", "attributes": [{"name": "patch"}]}]}),
        ),
        "ResourceTypes" => answer(
            200,
            &json!([{"name": "Account", "endpoint": "https://x/scim/v2/users/", "schema": "urn:contoso:account"},
                {"name": "Group", "endpoint": "/Groups", "schema": GROUP,
                 "schemaExtensions": [{"schema": "URN:contoso:More", "required": false}]}]),
        ),
        _ => answer(404, &Value::Null),
    })
    .await;
    let found = server.target().describe().await.expect("read").expect("described");
    assert_eq!((found.users.attributes.len(), found.users.extensions.len()), (1, 0));
    assert_eq!(found.groups.attributes[0].name, "displayName");
    let more = &found.groups.extensions[0];
    assert_eq!((more.id.as_str(), more.attributes.len()), ("urn:contoso:More", 1));
    assert_eq!(more.attributes[0].sub_attributes[0].kind, Type::Boolean);
}

#[tokio::test]
async fn pages_and_lists_of_names_are_followed() {
    let server = Server::start(|_, request| match path(request).as_str() {
        "Schemas" => {
            let resource = if request.query("startIndex").is_some() { badge() } else { json!({"id": USER}) };
            answer(200, &json!({"totalResults": "2", "Resources": [resource]}))
        }
        "ResourceTypes" => Reply::Answer(200, vec![], "<html>an app</html>".to_owned()),
        path if path.ends_with("core%3A2.0%3AUser") => answer(200, &user()),
        _ => answer(404, &Value::Null),
    })
    .await;
    let found = server.target().describe().await.expect("read");
    assert_eq!(names(found), ["userName".to_owned(), format!("{BADGE}:badge")]);
}

#[tokio::test]
async fn a_target_that_does_not_say_is_no_failure() {
    for status in [400, 403, 404, 405, 501] {
        let server = Server::start(move |_, _| answer(status, &Value::Null)).await;
        assert_eq!(server.target().describe().await.expect("no failure"), None, "{status}");
    }
    for body in
        ["<!doctype html><html></html>", "", "7", "{}", "[]", r#"{"Resources": [], "totalResults": 0}"#]
    {
        let server = Server::start(move |_, _| Reply::Answer(200, vec![], body.to_owned())).await;
        assert_eq!(server.target().describe().await.expect("no failure"), None, "{body}");
    }
    let server = Server::start(|_, _| answer(401, &Value::Null)).await;
    let failure = server.target().describe().await.expect_err("wrong credentials");
    assert_eq!(failure.code, ErrorCode::Unauthorized);
}

#[tokio::test]
async fn a_hostile_target_costs_little() {
    // The same page for ever, and a total that is never reached.
    let server = Server::start(|_, request| match path(request).as_str() {
        "Schemas" => answer(200, &json!({"totalResults": u64::MAX, "Resources": [user()]})),
        _ => answer(404, &Value::Null),
    })
    .await;
    assert_eq!(names(server.target().describe().await.expect("read")), ["userName"]);
    assert!(server.seen().len() <= 4, "{}", server.seen().len());

    // New pages for ever.
    let server = Server::start(|number, _| {
        let schema = json!({"id": format!("urn:x:{number}:User"), "attributes": [{"name": "a"}]});
        answer(200, &json!({"totalResults": 1_000_000, "Resources": [schema]}))
    })
    .await;
    assert!(server.target().describe().await.expect("read").is_some());
    assert!(server.seen().len() <= 50, "{}", server.seen().len());

    // Too large, by length and by never ending.
    let large = json!([{"id": USER, "attributes": [{"name": "x".repeat(5 << 20)}]}]);
    let failure = schemas(&large).await.expect_err("not read");
    assert!(failure.reason.contains("larger than 4 MiB"), "{}", failure.reason);
    let server = Server::start(|_, _| Reply::Endless).await;
    assert!(server.target().describe().await.is_err());

    // Too deep, and too many.
    let mut deep = json!({"name": "a"});
    for _ in 0..60 {
        deep = json!({"name": "a", "subAttributes": [deep]});
    }
    let many: Vec<Value> = (0..5_000).map(|number| json!({"name": format!("a{number}")})).collect();
    let wide = json!({"id": BADGE, "attributes": many});
    let found =
        schemas(&json!([{"id": USER, "attributes": [deep]}, wide])).await.expect("read").expect("described");
    assert_eq!(found.users.attributes[0].sub_attributes.len(), 0);
    assert!(found.users.extensions.iter().map(|it| it.attributes.len()).sum::<usize>() < 1_000);
    let bottomless = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let server = Server::start(move |_, _| Reply::Answer(200, vec![], bottomless.clone())).await;
    assert_eq!(server.target().describe().await.expect("no failure"), None);
}
