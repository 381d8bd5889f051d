//! Several calls in one.

use serde_json::{Value, json};

use super::api::Api;

async fn answers(api: &Api, requests: Value) -> Vec<Value> {
    let answered = api.ok("POST", "/v1.0/$batch", json!({"requests": requests})).await;
    answered["responses"].as_array().expect("a list").clone()
}

fn statuses(answers: &[Value]) -> Vec<(&str, u64)> {
    answers
        .iter()
        .map(|it| (it["id"].as_str().expect("an id"), it["status"].as_u64().expect("a status")))
        .collect()
}

#[tokio::test]
async fn each_call_is_answered_as_it_would_be_alone() {
    let api = Api::new().await;
    let ann = api.user("ann@x.com").await;
    let json = json!({"Content-Type": "application/json"});
    let answers = answers(
        &api,
        json!([
            {"id": "a", "method": "GET", "url": "/users?$filter=displayName eq 'ann'&$select=displayName"},
            {"id": "b", "method": "get", "url": format!("http://127.0.0.1:8080/beta/users/{ann}"),
                "headers": {"ConsistencyLevel": "eventual"}},
            {"id": "c", "method": "GET", "url": "users/$count"},
            {"id": "d", "method": "POST", "url": "/v1.0/users", "headers": json,
                "body": {"userPrincipalName": "bob@x.com", "displayName": "Bob"}},
            {"id": "e", "method": "PATCH", "url": format!("/users/{ann}"), "headers": json, "body": {"city": "Bonn"}},
            {"id": "f", "method": "DELETE", "url": "/users/nobody@x.com"},
            {"id": "g", "method": "GET", "url": "/users('ann@x.com')/manager", "headers": {"client-request-id": "x1"}},
        ]),
    )
    .await;
    let expected = [("a", 200), ("b", 200), ("c", 200), ("d", 201), ("e", 204), ("f", 404), ("g", 404)];
    assert_eq!(statuses(&answers), expected);
    assert_eq!(answers[0]["body"]["value"], json!([{"id": ann, "displayName": "ann"}]));
    assert_eq!(answers[0]["headers"]["Content-Type"], "application/json");
    assert_eq!(answers[1]["body"]["@odata.context"], "http://127.0.0.1:8080/beta/$metadata#users/$entity");
    assert_eq!(answers[2]["body"], "1");
    assert!(answers[4].get("body").is_none());
    assert_eq!(answers[5]["body"]["error"]["code"], "Request_ResourceNotFound");
    assert_eq!(answers[6]["body"]["error"]["innerError"]["client-request-id"], "x1");
    assert_eq!(api.get(&format!("/v1.0/users/{ann}")).await["city"], "Bonn");
    let log = api.get("/v1.0/auditLogs/directoryAudits").await;
    assert_eq!(log["value"][0]["initiatedBy"]["user"]["displayName"], "Global Administrator");
}

#[tokio::test]
async fn calls_wait_for_those_that_they_depend_on() {
    let api = Api::new().await;
    let user = json!({"userPrincipalName": "ann@x.com", "displayName": "Ann"});
    let answers = answers(
        &api,
        json!([
            {"id": "read", "method": "GET", "url": "/users/ann@x.com", "dependsOn": ["MAKE"]},
            {"id": "make", "method": "POST", "url": "/users", "body": user},
            {"id": "fail", "method": "GET", "url": "/users/nobody@x.com", "dependsOn": ["make"]},
            {"id": "never", "method": "DELETE", "url": "/users/ann@x.com", "dependsOn": ["read", "fail"]},
            {"id": "nor", "method": "DELETE", "url": "/users/ann@x.com", "dependsOn": ["never"]},
        ]),
    )
    .await;
    let expected = [("make", 201), ("read", 200), ("fail", 404), ("never", 424), ("nor", 424)];
    assert_eq!(statuses(&answers), expected);
    assert_eq!(answers[3]["body"]["error"]["code"], "FailedDependency");
    api.get("/v1.0/users/ann@x.com").await;
}

#[tokio::test]
async fn nothing_is_reached_by_a_batch_that_is_not_reached_alone() {
    let mut api = Api::new().await;
    let answers = answers(
        &api,
        json!([
            {"id": "1", "method": "POST", "url": "/$batch", "body": {"requests": []}},
            {"id": "2", "method": "GET", "url": "/provost/v1/tenants"},
            {"id": "3", "method": "GET", "url": "https://other.example/v1.0/users"},
            {"id": "4", "method": "GET", "url": "//other.example/v1.0/users"},
            {"id": "5", "method": "GET", "url": "/../provost/v1/tenants"},
            {"id": "6", "method": "GET", "url": "/users", "headers": {"Authorization": "Bearer none"}},
            {"id": "7", "method": "no method", "url": "/users"},
            {"id": "8", "method": "GET", "url": "/users", "headers": {"a b": "c"}},
            {"id": "9", "method": "GET"},
        ]),
    )
    .await;
    let expected = [404, 404, 400, 404, 404, 200, 400, 400, 404];
    assert_eq!(statuses(&answers).into_iter().map(|it| it.1).collect::<Vec<_>>(), expected);

    let one = |id: &str| json!({"id": id, "method": "GET", "url": "/users"});
    let after =
        |id: &str, other: &str| json!({"id": id, "method": "GET", "url": "/users", "dependsOn": [other]});
    let many: Vec<Value> = (0..21).map(|number| one(&number.to_string())).collect();
    for (requests, code) in [
        (json!(many), "MaximumValueExceeded"),
        (json!([one("a"), one("A")]), "BadRequest"),
        (json!([one("")]), "BadRequest"),
        (json!(["a"]), "BadRequest"),
        (json!([after("a", "b")]), "BadRequest"),
        (json!([after("a", "b"), after("b", "a")]), "BadRequest"),
        (json!([{"id": "a", "method": "GET", "url": "/users", "dependsOn": "b"}]), "BadRequest"),
        (json!({}), "BadRequest"),
    ] {
        let refused = api.no("POST", "/v1.0/$batch", json!({"requests": requests})).await;
        assert_eq!(refused, (400, code.to_owned()), "{requests}");
    }
    assert_eq!(api.ok("POST", "/beta/$batch", json!({"requests": []})).await, json!({"responses": []}));
    api.token = "none".to_owned();
    assert_eq!(api.no("POST", "/v1.0/$batch", json!({"requests": [one("a")]})).await.0, 401);
}
