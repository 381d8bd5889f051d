//! What goes over the wire, and what is made of the answers.

use super::support::{Reply, Seen, Server, json as answer};
use scim_client::{ErrorCode, Operation, PageToken, ResourceKind, Select, document};
use serde_json::{Value, json};

const USERS: ResourceKind = ResourceKind::Users;
const GROUPS: ResourceKind = ResourceKind::Groups;

fn list(resources: &[Value], total: usize) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
           "totalResults": total, "Resources": resources})
}

fn number(request: &Seen, name: &str) -> usize {
    request.query(name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_life_of_a_user() {
    let server = Server::start(|_, request| match request.method.as_str() {
        "POST" => answer(201, &json!({"id": "a/b ü", "userName": "ana", "meta": {"version": "W/\"1\""}})),
        "PATCH" | "DELETE" => Reply::Answer(204, vec![], String::new()),
        "PUT" => Reply::Answer(200, vec![("etag", "W/\"2\"".to_owned())], r#"{"id":"a/b ü"}"#.to_owned()),
        _ => answer(200, &json!({"id": "a/b ü", "userName": "ana"})),
    })
    .await;
    let target = server.target();
    let body = document::build(USERS, [("userName", json!("ana"))]).expect("valid");
    let user = target.create(USERS, &body).await.expect("created");
    assert_eq!((user.id.as_str(), user.etag.as_deref()), ("a/b ü", Some("W/\"1\"")));
    let operations = [Operation::replace("title", json!("x"))];
    assert_eq!(target.patch(USERS, &user.id, &operations, user.etag.as_deref()).await, Ok(None));
    let version = target.replace(USERS, &user.id, &body, None).await.expect("replaced");
    assert_eq!(version.as_deref(), Some("W/\"2\""));
    let read =
        target.get(USERS, &user.id, Select::Only(&["userName", r#"emails[type eq "work"].value"#])).await;
    assert_eq!(read.expect("read").get("userName"), Some(&json!("ana")));
    target.delete(USERS, &user.id, None).await.expect("deleted");

    let counts = target.requests_sent();
    assert_eq!((counts.total(), counts.writes(), counts.get), (5, 4, 1));
    let seen = server.seen();
    let path = "/scim/v2/Users/a%2Fb%20%C3%BC";
    let lines: Vec<_> = seen.iter().map(|request| format!("{} {}", request.method, request.target)).collect();
    let expected = [
        "POST /scim/v2/Users".to_owned(),
        format!("PATCH {path}"),
        format!("PUT {path}"),
        format!("GET {path}?attributes=userName,emails"),
        format!("DELETE {path}"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(seen[0].header("content-type"), Some("application/scim+json"));
    assert!(seen[0].header("accept").is_some_and(|accept| accept.starts_with("application/scim+json")));
    assert_eq!(seen[0].header("authorization"), Some("Bearer s3cret"));
    assert_eq!(seen[0].json()["meta"]["resourceType"], "User");
    assert_eq!(seen[1].header("if-match"), Some("W/\"1\""));
    assert_eq!(seen[1].json()["Operations"], json!([{"op": "replace", "path": "title", "value": "x"}]));
}

#[tokio::test]
async fn no_more_requests_than_the_target_takes_in_a_minute() {
    let server = Server::start(|_, _| answer(200, &json!({"id": "1"}))).await;
    let mut config = server.config();
    config.requests_per_minute = std::num::NonZeroU32::new(3_000);
    let target = scim_client::Target::new(&config).expect("good settings");
    let began = std::time::Instant::now();
    let reads = (0..6).map(|_| target.get(USERS, "1", Select::Usual));
    assert!(futures::future::join_all(reads).await.iter().all(Result::is_ok));
    assert!(began.elapsed() >= std::time::Duration::from_millis(100));
}

#[tokio::test]
async fn members_of_a_group() {
    let server = Server::start(|_, _| Reply::Answer(204, vec![], String::new())).await;
    let target = server.target();
    let mut operations = target.add_members(["1", "2"]);
    operations.extend(target.remove_members(["3"]));
    target.patch(GROUPS, "g", &operations, None).await.expect("changed");
    let expected = json!([
        {"op": "add", "path": "members", "value": [{"value": "1"}, {"value": "2"}]},
        {"op": "remove", "path": "members[value eq \"3\"]"}
    ]);
    assert_eq!(server.seen()[0].json()["Operations"], expected);
}

#[tokio::test]
async fn identifiers_cannot_leave_their_path() {
    let server = Server::start(|_, _| Reply::Answer(204, vec![], String::new())).await;
    for id in ["", ".", ".."] {
        let failure = server.target().delete(USERS, id, None).await.expect_err("refused");
        assert_eq!(failure.code, ErrorCode::InvalidAnchor);
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn special_characters_survive_the_filter() {
    let server = Server::start(|_, request| {
        let filter = request.query("filter").expect("a filter");
        let literal = filter.strip_prefix("userName eq ").expect("an equality");
        let value: String = serde_json::from_str(literal).expect("a JSON string");
        answer(200, &list(&[json!({"id": "1", "userName": value})], 1))
    })
    .await;
    let target = server.target();
    for value in ["a\"b", "a\\b", "a+b@x", "a&b=c", "a#b", "100%25", "Łukasz 😀", "a b\tc", "", "'\u{0}"] {
        let found = target.find(USERS, "userName", value).await.expect("found");
        assert_eq!(found.resources[0].get("userName"), Some(&json!(value)), "{value:?}");
        assert!(!found.filter_ignored);
    }
    assert!(server.seen().iter().all(|request| request.query("excludedAttributes").is_none()));
}

#[tokio::test]
async fn strangers_are_not_found() {
    let users = list(
        &[
            json!({"id": "1", "userName": "BOB@x", "emails": [{"type": "home", "value": "ana@x"}]}),
            json!({"id": "2", "userName": "carl@x", "emails": [{"type": "work", "value": "Ana@X"}]}),
            json!({"id": "3"}),
        ],
        3,
    );
    let server = Server::start(move |_, _| answer(200, &users)).await;
    let target = server.target();
    let found = target.find(USERS, r#"emails[type eq "work"].value"#, "ana@x").await.expect("an answer");
    assert_eq!(found.resources.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["2"]);
    assert!(found.filter_ignored);
    let filter = server.seen()[0].query("filter");
    assert_eq!(filter.as_deref(), Some(r#"emails[type eq "work" and value eq "ana@x"]"#));
    let found = target.find(USERS, "userName", "bob@x").await.expect("an answer");
    assert_eq!(found.resources.len(), 1);
    let failure = target.find(USERS, "user name", "bob@x").await.expect_err("no such path");
    assert_eq!(failure.code, ErrorCode::SchemaAttributeNotFound);
}

#[tokio::test]
async fn a_case_of_external_id_is_no_ignored_filter() {
    let server =
        Server::start(|_, _| answer(200, &list(&[json!({"id": "1", "externalId": "ABC"})], 1))).await;
    let found = server.target().find(GROUPS, "externalId", "abc").await.expect("an answer");
    assert!(found.resources.is_empty() && !found.filter_ignored);
    assert_eq!(server.seen()[0].query("excludedAttributes").as_deref(), Some("members"));
}

async fn read_all(
    server: &Server,
    page_size: usize,
    read_capabilities: bool,
) -> Result<Vec<String>, ErrorCode> {
    let mut config = server.config();
    config.page_size = page_size;
    let target = scim_client::Target::new(&config).expect("good settings");
    if read_capabilities {
        target.capabilities().await.expect("capabilities");
    }
    let mut ids = Vec::new();
    let mut next = Some(PageToken::first());
    while let Some(token) = next {
        let page = target.list(USERS, Select::Usual, token).await.map_err(|failure| failure.code)?;
        ids.extend(page.resources.into_iter().map(|user| user.id));
        next = page.next;
    }
    Ok(ids)
}

fn users(from: usize, to: usize) -> Vec<Value> {
    (from..to).map(|number| json!({"id": number.to_string()})).collect()
}

#[tokio::test]
async fn pages_by_index() {
    let server = Server::start(|_, request| {
        let (start, count) = (number(request, "startIndex"), number(request, "count").min(3));
        answer(200, &list(&users(start, (start + count).min(8)), 7))
    })
    .await;
    assert_eq!(read_all(&server, 100, false).await.expect("read").len(), 7);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn pages_by_cursor_where_announced() {
    let server = Server::start(|_, request| {
        if request.target.ends_with("/ServiceProviderConfig") {
            return answer(200, &json!({"pagination": {"cursor": true, "maxPageSize": 2}}));
        }
        assert_eq!(number(request, "count"), 2);
        match request.query("cursor").as_deref() {
            Some("") => answer(200, &json!({"Resources": users(0, 2), "nextCursor": "a+b/="})),
            Some("a+b/=") => answer(200, &json!({"Resources": users(2, 3)})),
            other => panic!("cursor {other:?}"),
        }
    })
    .await;
    assert_eq!(read_all(&server, 100, true).await.expect("read"), ["0", "1", "2"]);
}

#[tokio::test]
async fn a_total_that_counts_the_page_does_not_cut_the_list() {
    let server = Server::start(|_, request| {
        let start = number(request, "startIndex");
        let page = users(start, (start + 2).min(6));
        answer(200, &list(&page, page.len()))
    })
    .await;
    assert_eq!(read_all(&server, 2, false).await.expect("read").len(), 5);
}

#[tokio::test]
async fn a_list_that_never_ends_ends() {
    let same = Server::start(|_, _| answer(200, &list(&users(0, 2), 1_000_000))).await;
    let code = ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible;
    assert_eq!(read_all(&same, 2, false).await, Err(code));
    assert_eq!(same.seen().len(), 2);
    let circle = Server::start(|number, request| {
        if request.target.ends_with("/ServiceProviderConfig") {
            return answer(200, &json!({"pagination": {"cursor": true}}));
        }
        let page = number % 3;
        answer(200, &json!({"Resources": users(page, page + 1), "nextCursor": page.to_string()}))
    })
    .await;
    assert_eq!(read_all(&circle, 2, true).await, Err(code));
    // A list of exactly one page from a target without paging is no circle.
    let whole = Server::start(|_, _| answer(200, &list(&users(0, 2), 2))).await;
    assert_eq!(read_all(&whole, 2, false).await.expect("read").len(), 2);
}

#[tokio::test]
async fn a_created_resource_without_a_body_has_its_location() {
    let place = "https://elsewhere.example.com/scim/v2/Users/4%202?x#y".to_owned();
    let server =
        Server::start(move |_, _| Reply::Answer(201, vec![("location", place.clone())], String::new())).await;
    let body = document::build(USERS, []).expect("valid");
    assert_eq!(server.target().create(USERS, &body).await.expect("created").id, "4 2");
}

#[tokio::test]
async fn a_query_of_the_tenant_url_goes_along() {
    let server = Server::start(|_, _| answer(200, &list(&[], 0))).await;
    let mut config = server.config();
    config.base_url.push_str("?tenant=a%26b");
    let target = scim_client::Target::new(&config).expect("good settings");
    target.find(USERS, "userName", "x").await.expect("an answer");
    assert!(server.seen()[0].target.starts_with("/scim/v2/Users?tenant=a%26b&filter="));
}
