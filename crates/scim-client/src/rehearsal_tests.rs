//! What is rehearsed with a target reads as if it had been done there.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A target with these users, which finds them by `userName`, and lists two on a page.
struct Fixed {
    users: Vec<Value>,
    ignores_filters: bool,
    asked: AtomicUsize,
}

#[async_trait]
impl Wire for Fixed {
    async fn exchange(&self, request: Request<Bytes>, _: Duration) -> Result<Reply, Failure> {
        assert_eq!(request.method(), Method::GET, "a rehearsal writes nothing");
        self.asked.fetch_add(1, Ordering::Relaxed);
        let query = request.uri().query().unwrap_or_default();
        let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let (parent, last) = ends(request.uri().path());
        if parent == "Users" {
            let found = self.users.iter().find(|it| it["id"] == last.as_str());
            return Ok(found.map_or_else(gone, |it| reply(StatusCode::OK, Some(it))));
        }
        assert_eq!(request.uri().path(), "/scim/Users");
        let wanted = query.get("filter").filter(|_| !self.ignores_filters);
        let all: Vec<_> = self
            .users
            .iter()
            .filter(|it| wanted.is_none_or(|filter| *filter == format!("userName eq {}", it["userName"])))
            .collect();
        let start: usize = query.get("startIndex").map_or(1, |start| start.parse().expect("a number"));
        let page: Vec<_> = all.iter().skip(start - 1).take(2).collect();
        Ok(reply(StatusCode::OK, Some(&json!({"totalResults": all.len(), "Resources": page}))))
    }
}

struct World {
    rehearsal: Rehearsal,
    target: Arc<Fixed>,
}

impl World {
    fn new(users: Value) -> Self {
        Self::of(users, false)
    }

    fn of(users: Value, ignores_filters: bool) -> Self {
        let Value::Array(users) = users else { panic!("a list") };
        let target = Arc::new(Fixed { users, ignores_filters, asked: AtomicUsize::new(0) });
        Self { rehearsal: Rehearsal::of(Arc::<Fixed>::clone(&target)), target }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { Bytes::new() } else { bytes(&body) };
        let request = Request::builder().method(method).uri(format!("https://t.example/scim/{path}"));
        let answer = self.rehearsal.exchange(request.body(body).expect("a request"), Duration::from_secs(1));
        let answer = answer.await.expect("an answer");
        let body = answer.body.filter(|body| !body.is_empty());
        let body = body.map_or(Value::Null, |body| serde_json::from_slice(&body).expect("JSON"));
        (answer.status.as_u16(), body)
    }

    async fn patch(&self, id: &str, operations: Value) -> u16 {
        self.send(Method::PATCH, &format!("Users/{id}"), json!({"Operations": operations})).await.0
    }

    async fn user(&self, id: &str) -> Value {
        self.send(Method::GET, &format!("Users/{id}"), Value::Null).await.1
    }

    async fn list(&self, query: &str) -> Vec<Value> {
        let (_, body) = self.send(Method::GET, &format!("Users?{query}"), Value::Null).await;
        body["Resources"].as_array().cloned().expect("a list")
    }

    async fn find(&self, user_name: &str) -> Vec<Value> {
        self.list(&format!("filter=userName%20eq%20%22{user_name}%22")).await
    }
}

fn three() -> Value {
    json!([
        {"id": "1", "userName": "ada", "roles": [{"value": "old"}]},
        {"id": "2", "userName": "bob"},
        {"id": "3", "userName": "cleo"},
    ])
}

#[test]
fn searches_are_understood_in_each_form() {
    let read = |filter| sought(filter).map(|(path, value)| (path.to_string(), value));
    let expected = |path: &str, value: &str| Some((path.to_owned(), value.to_owned()));
    assert_eq!(read(r#"userName eq "a eq \"b\"""#), expected("userName", r#"a eq "b""#));
    let mail = r#"emails[type eq "work"].value"#;
    assert_eq!(read(r#"emails[type eq "work"].value eq "a@b""#), expected(mail, "a@b"));
    assert_eq!(read(r#"emails[type eq "work" and value eq "a@b"]"#), expected(mail, "a@b"));
    assert_eq!(read("userName pr"), None);
}

#[tokio::test]
async fn a_list_is_replaced_or_joined() {
    let world = World::new(three());
    let roles = |operation: &str| json!([{"op": operation, "path": "roles", "value": [{"value": "new"}]}]);
    world.patch("1", roles("Add")).await;
    assert_eq!(world.user("1").await["roles"], json!([{"value": "old"}, {"value": "new"}]));
    world.patch("1", roles("add")).await;
    assert_eq!(world.user("1").await["roles"].as_array().map(Vec::len), Some(2));
    world.patch("1", roles("replace")).await;
    assert_eq!(world.user("1").await["roles"], json!([{"value": "new"}]));
    world.patch("1", json!([{"op": "replace", "value": {"roles": [{"value": "last"}]}}])).await;
    assert_eq!(world.user("1").await["roles"], json!([{"value": "last"}]));
    world.patch("1", json!([{"op": "Remove", "path": "roles[value eq \"last\"]"}])).await;
    assert_eq!(world.user("1").await.get("roles"), None);
}

#[tokio::test]
async fn what_was_replaced_as_a_whole_is_found_with_its_identifier() {
    let world = World::new(three());
    let whole = json!({"userName": "ada", "ID": "other", "title": "Countess"});
    assert_eq!(world.send(Method::PUT, "Users/1", whole).await.0, 204);
    assert_eq!(world.find("ada").await, [json!({"userName": "ada", "title": "Countess", "id": "1"})]);
}

#[tokio::test]
async fn a_name_belongs_to_one_account() {
    let world = World::new(three());
    let post = async |name: &str| world.send(Method::POST, "Users", json!({"userName": name})).await.0;
    assert_eq!((post("bob").await, post("new").await, post("NEW").await), (409, 201, 409));
    let rename = |name: &str| json!([{"op": "replace", "path": "userName", "value": name}]);
    assert_eq!((world.patch("1", rename("cleo")).await, world.patch("1", rename("new")).await), (409, 409));
    assert_eq!(world.user("1").await["userName"], "ada");
    // Its own in another case is no other name; one that was given up is free.
    assert_eq!((world.patch("1", rename("ADA")).await, world.patch("1", rename("eve")).await), (204, 204));
    assert_eq!((post("ada").await, post("eve").await), (201, 409));
    world.send(Method::DELETE, "Users/2", Value::Null).await;
    assert_eq!(post("bob").await, 201);
    let bulk = ["cleo", "dan", "dan"].map(|name| json!({"path": "/Users", "data": {"userName": name}}));
    let (_, answer) = world.send(Method::POST, "Bulk", json!({"Operations": bulk})).await;
    let statuses: Vec<_> =
        answer["Operations"].as_array().into_iter().flatten().map(|it| it["status"].clone()).collect();
    assert_eq!(statuses, ["409", "201", "409"]);
}

#[tokio::test]
async fn a_name_that_was_looked_for_is_not_asked_about_again() {
    let world = World::new(three());
    assert!(world.find("new").await.is_empty());
    let asked = world.target.asked.load(Ordering::Relaxed);
    assert_eq!(world.send(Method::POST, "Users", json!({"userName": "New"})).await.0, 201);
    assert_eq!(world.target.asked.load(Ordering::Relaxed), asked);
}

#[tokio::test]
async fn lists_hold_what_was_written() {
    let world = World::new(three());
    world.patch("1", json!([{"op": "replace", "path": "title", "value": "Countess"}])).await;
    world.send(Method::DELETE, "Users/2", Value::Null).await;
    let (_, new) = world.send(Method::POST, "Users", json!({"userName": "new"})).await;
    let first = world.list("startIndex=1&count=2").await;
    assert_eq!((&first[0]["title"], &first[1]), (&json!("Countess"), &json!({"id": "2"})));
    let second = world.list("startIndex=3&count=2").await;
    assert_eq!((second[0]["id"].as_str(), &second[1]), (Some("3"), &new));
    // Every page but the last is as long as the target's.
    assert_eq!((first.len(), second.len()), (2, 2));
    world.send(Method::DELETE, &format!("Users/{}", new["id"].as_str().expect("an id")), Value::Null).await;
    assert_eq!(world.list("startIndex=3&count=2").await.len(), 1);
}

#[tokio::test]
async fn a_target_that_ignores_filters_is_seen_to_also_when_all_it_holds_was_written() {
    let world = World::of(json!([{"id": "1", "userName": "ada"}]), true);
    world.patch("1", json!([{"op": "replace", "path": "title", "value": "Countess"}])).await;
    assert_eq!(world.find("bob").await.len(), 1);
    assert_eq!(world.find("ada").await.len(), 1);
}
