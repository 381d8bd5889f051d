//! Bulk requests: references between operations, circles, errors.

use serde_json::json;

use crate::support::{Server, values};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[tokio::test]
async fn references_resolve_in_any_order_and_in_circles() {
    let server = Server::new().await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data":
                {"schemas": [GROUP], "displayName": "g", "members": [{"value": "bulkId:u"}, {"value": "bulkId:h"}]}},
            {"method": "POST", "path": "/Groups", "bulkId": "h", "data":
                {"schemas": [GROUP], "displayName": "h", "members": [{"value": "bulkId:g"}]}},
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"schemas": [USER], "userName": "u"}},
            {"method": "PATCH", "path": "/Users/bulkId:u", "data": {"Operations": [
                {"op": "add", "path": "title", "value": "t"}]}},
            {"method": "DELETE", "path": "/Users/nobody"},
        ],
    });
    let reply = server.post("/Bulk", &body).await.expect(200);
    assert_eq!(values(&reply["Operations"], "status"), ["201", "201", "201", "200", "404"], "{reply}");
    let last = |position: usize| {
        let location = reply["Operations"][position]["location"].as_str().expect("a location");
        location.rsplit('/').next().expect("an id").to_owned()
    };
    let group = server.get(&format!("/Groups/{}", last(0))).await.expect(200);
    let mut members = values(&group["members"], "value");
    members.sort();
    let mut expected = [last(1), last(2)];
    expected.sort();
    assert_eq!(members, expected);
    let other = server.get(&format!("/Groups/{}", last(1))).await.expect(200);
    assert_eq!(values(&other["members"], "value"), [last(0)]);
    assert_eq!(server.get(&format!("/Users/{}", last(2))).await.expect(200)["title"], "t");
}

#[tokio::test]
async fn circles_of_managers_are_opened() {
    let server = Server::new().await;
    let create = |name: &str, boss: &str| {
        let manager = json!({"department": "d", "manager": {"value": format!("bulkId:{boss}")}});
        json!({"method": "POST", "path": "/Users", "bulkId": name, "data":
            {"schemas": [USER, ENTERPRISE], "userName": name, ENTERPRISE: manager}})
    };
    let body =
        json!({"Operations": [create("a", "b"), create("b", "a"), create("self", "self"), create("c", "a")]});
    let reply = server.post("/Bulk", &body).await.expect(200);
    assert_eq!(values(&reply["Operations"], "status"), ["201"; 4], "{reply}");
    let mut users = Vec::new();
    for operation in reply["Operations"].as_array().expect("a list") {
        let (_, path) = operation["location"].as_str().and_then(|url| url.split_once("/v2")).expect("a URL");
        let user = server.get(path).await.expect(200);
        assert_eq!(
            (&user["meta"]["version"], &user[ENTERPRISE]["department"]),
            (&operation["version"], &json!("d"))
        );
        users.push(user);
    }
    for (user, boss) in [(0, 1), (1, 0), (2, 2), (3, 0)] {
        assert_eq!(users[user][ENTERPRISE]["manager"]["value"], users[boss]["id"], "{user}");
    }
}

#[tokio::test]
async fn a_create_of_a_circle_that_is_answered_as_failed_leaves_nothing() {
    let server = Server::new().await;
    let group = |name: &str, members: serde_json::Value| {
        json!({"method": "POST", "path": "/Groups", "bulkId": name, "data":
            {"schemas": [GROUP], "displayName": name, "members": members}})
    };
    let nobody = "00000000-0000-0000-0000-000000000000";
    let body = json!({"Operations": [
        group("a", json!([{"value": "bulkId:b"}, {"value": nobody}])), group("b", json!([{"value": "bulkId:a"}])),
    ]});
    let reply = server.post("/Bulk", &body).await.expect(200);
    // What refers to the one that failed is not what was asked for without it.
    assert_eq!(values(&reply["Operations"], "status"), ["400", "409"], "{reply}");
    assert!(values(&reply["Operations"], "location").is_empty(), "{reply}");
    assert_eq!(server.get("/Groups").await.expect(200)["totalResults"], 0);
}

#[tokio::test]
async fn nobody_is_left_with_a_manager_that_was_undone() {
    let server = Server::new().await;
    let kept = server.user("kept").await;
    let user = |name: &str, manager: &str, also: serde_json::Value| {
        let mut data = json!({"schemas": [USER, ENTERPRISE], "userName": name,
            ENTERPRISE: {"manager": {"value": manager}}});
        data.as_object_mut().expect("an object").extend(also.as_object().cloned().unwrap_or_default());
        json!({"method": "POST", "path": "/Users", "bulkId": name, "data": data})
    };
    // Together with the reference that has to wait it is more than is kept of a resource.
    let long = json!({"emails": [{"value": "bulkId:q", "display": "y".repeat(700_000)}], "nickName": "x".repeat(400_000)});
    let manages = json!({"Operations": [
        {"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": "bulkId:p"}]});
    let body = json!({"Operations": [
        {"method": "PATCH", "path": format!("/Users/{kept}"), "data": manages},
        user("p", "bulkId:q", long), user("q", "bulkId:p", json!({})), user("r", "bulkId:q", json!({})),
    ]});
    let before = server.get("/Users").await.expect(200)["totalResults"].clone();
    let manager = server.get(&format!("/Users/{kept}")).await.expect(200)[ENTERPRISE]["manager"].clone();
    let reply = server.post("/Bulk", &body).await.expect(200);
    assert_eq!(values(&reply["Operations"], "status"), ["409", "400", "409", "409"], "{reply}");
    assert_eq!(server.get("/Users").await.expect(200)["totalResults"], before);
    assert_eq!(server.get(&format!("/Users/{kept}")).await.expect(200)[ENTERPRISE]["manager"], manager);
}

#[tokio::test]
async fn an_operation_without_a_method_that_is_known_fails_alone() {
    let server = Server::new().await;
    let body = json!({"Operations": [
        {"method": "GET", "path": "/Users"}, {"path": "/Users", "bulkId": "x"}, {"method": null},
        {"method": "post", "path": "/Users", "bulkId": "u", "data": {"userName": "u"}},
    ]});
    let reply = server.post("/Bulk", &body).await.expect(200);
    assert_eq!(values(&reply["Operations"], "status"), ["400", "400", "400", "201"], "{reply}");
    assert_eq!(reply["Operations"][0]["response"]["scimType"], "invalidSyntax");
}

#[tokio::test]
async fn a_thousand_operations_on_one_group_are_all_there() {
    let server = Server::new().await;
    let group = server.group("g", &[]).await;
    let mut operations = Vec::new();
    for number in 0..500 {
        let name = format!("u{number}");
        operations
            .push(json!({"method": "PATCH", "path": format!("/Groups/{group}"), "data": {"Operations": [
            {"op": "add", "path": "members", "value": [{"value": format!("bulkId:{name}")}]}]}}));
        operations
            .push(json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {"userName": name}}));
    }
    let reply = server.post("/Bulk", &json!({"Operations": operations})).await.expect(200);
    let statuses = values(&reply["Operations"], "status");
    assert!(statuses.len() == 1000 && statuses.iter().all(|status| status.starts_with("20")), "{statuses:?}");
    let members = server.get(&format!("/Groups/{group}")).await.expect(200);
    assert_eq!(values(&members["members"], "value").len(), 500);
    // As many errors make no large answer.
    let gone: Vec<_> =
        (0..1000).map(|number| json!({"method": "DELETE", "path": format!("/Users/{number}")})).collect();
    let reply = server.post("/Bulk", &json!({"Operations": gone})).await;
    assert!(reply.text.len() < 1 << 20, "{}", reply.text.len());
}

#[tokio::test]
async fn a_circle_that_is_cut_short_by_errors_leaves_nothing_half_done() {
    let server = Server::new().await;
    server.user("b").await;
    let user = |name: &str, boss: &str| {
        let manager = json!({"manager": {"value": format!("bulkId:{boss}")}});
        json!({"method": "POST", "path": "/Users", "bulkId": name, "data":
            {"schemas": [USER, ENTERPRISE], "userName": name, ENTERPRISE: manager}})
    };
    let body = json!({"failOnErrors": 1, "Operations": [user("a", "b"), user("b", "a")]});
    let reply = server.post("/Bulk", &body).await.expect(200);
    assert_eq!(values(&reply["Operations"], "status"), ["409", "409"], "{reply}");
    assert_eq!(server.get("/Users").await.expect(200)["totalResults"], 1);
}

#[tokio::test]
async fn replies_say_which_resource_unless_a_create_failed() {
    let server = Server::new().await;
    let (kept, gone) = (server.user("kept").await, server.user("gone").await);
    let title = json!({"Operations": [{"op": "add", "path": "id", "value": "t"}]});
    let body = json!({"Operations": [
        {"method": "DELETE", "path": format!("/Users/{gone}")},
        {"method": "PATCH", "path": format!("/Users/{kept}"), "data": title},
        {"method": "PUT", "path": "/Users/nobody", "data": {"userName": "x"}},
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "KEPT"}},
    ]});
    let reply = server.post("/Bulk", &body).await.expect(200);
    assert_eq!(values(&reply["Operations"], "status"), ["204", "400", "404", "409"], "{reply}");
    let base = "http://localhost:8080/tenants/contoso/api/scim/v2/Users";
    let places = [format!("{base}/{gone}"), format!("{base}/{kept}"), format!("{base}/nobody")];
    assert_eq!(values(&reply["Operations"], "location"), places);
    assert_eq!(reply["Operations"][3]["location"], json!(null));
}

#[tokio::test]
async fn it_stops_after_the_errors_it_was_told() {
    let server = Server::new().await;
    let gone = json!({"method": "DELETE", "path": "/Users/nobody"});
    let user = json!({"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "u"}});
    let body = json!({"failOnErrors": 1, "Operations": [gone, user]});
    let reply = server.post("/Bulk", &body).await.expect(200);
    assert_eq!(reply["Operations"].as_array().expect("a list").len(), 1);
    assert_eq!(server.get("/Users").await.expect(200)["totalResults"], 0);
    let user = json!({"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "bulkId:x"}});
    let reply = server.post("/Bulk", &json!({"Operations": [user]})).await.expect(200);
    assert_eq!(reply["Operations"][0]["status"], "409");
}
