//! Creations in one request, and what becomes of each.

use scim_client::{Config, ErrorCode, Failure, Resource, ResourceKind, Target, document};
use serde_json::{Map, Value, json};

use super::support::{Reply, Seen, Server, json as answer};

const USERS: ResourceKind = ResourceKind::Users;

fn documents(count: usize) -> Vec<Map<String, Value>> {
    let user = |n| document::build(USERS, [("userName", json!(format!("user{n}")))]).expect("valid");
    (0..count).map(user).collect()
}

/// A target that offers bulk requests, and has said so.
async fn target(
    (operations, bytes): (usize, usize),
    reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Server, Target) {
    let config = json!({"bulk": {"supported": true, "maxOperations": operations, "maxPayloadSize": bytes}});
    let server = Server::start(move |_, request| match request.method.as_str() {
        "GET" => answer(200, &config),
        _ => reply(request),
    })
    .await;
    let target = Target::new(&Config { ..server.config() }).expect("good settings");
    assert_eq!(target.together(), None, "nothing is known yet");
    target.capabilities().await.expect("read");
    (server, target)
}

/// As a target does that creates all, each with its user's name as id; the answers come backwards.
fn creates(request: &Seen) -> Reply {
    let body = request.json();
    let Some(operations) = body["Operations"].as_array() else {
        return answer(201, &json!({"id": format!("single-{}", body["userName"].as_str().expect("a name"))}));
    };
    let reply = |it: &Value| {
        let name = it["data"]["userName"].as_str().expect("a name");
        json!({"method": "POST", "bulkId": it["bulkId"], "status": "201", "version": "W/\"1\"",
               "location": format!("https://contoso/scim/v2/Users/{name}")})
    };
    let replies: Vec<Value> = operations.iter().rev().map(reply).collect();
    answer(
        200,
        &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], "Operations": replies}),
    )
}

fn ids(created: Vec<Result<Resource, Failure>>) -> Vec<String> {
    created.into_iter().map(|it| it.expect("created").id).collect()
}

fn sent(server: &Server) -> Vec<String> {
    server.seen().iter().skip(1).map(|it| it.target.trim_start_matches("/scim/v2").to_owned()).collect()
}

#[tokio::test]
async fn as_many_at_a_time_as_the_target_takes() {
    let (server, target) = target((4, 1 << 20), creates).await;
    assert_eq!(target.together(), Some(4));
    let created = target.create_together(USERS, &documents(9)).await;
    assert_eq!(created[0].as_ref().expect("created").etag.as_deref(), Some("W/\"1\""));
    let expected: Vec<String> =
        (0..9).map(|n| if n < 8 { format!("user{n}") } else { "single-user8".to_owned() }).collect();
    assert_eq!(ids(created), expected);
    assert_eq!(sent(&server), ["/Bulk", "/Bulk", "/Users"]);
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": (0..4).map(|n| json!({
            "method": "POST", "path": "/Users", "bulkId": n.to_string(),
            "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                     "userName": format!("user{n}"), "meta": {"resourceType": "User"}}
        })).collect::<Vec<_>>()
    });
    assert_eq!(server.seen()[1].json(), expected);
}

#[tokio::test]
async fn no_request_is_larger_than_the_target_takes() {
    for bytes in [1, 200, 500, 1_000, 1_001, 1_500] {
        let (server, target) = target((100, bytes), creates).await;
        let created = ids(target.create_together(USERS, &documents(12)).await);
        assert!(
            created.iter().enumerate().all(|(n, id)| id.trim_start_matches("single-") == format!("user{n}"))
        );
        let bulk: Vec<usize> =
            server.seen().iter().filter(|it| it.target.ends_with("/Bulk")).map(|it| it.body.len()).collect();
        assert!(bulk.iter().all(|length| *length <= bytes), "{bytes}: {bulk:?}");
        assert_eq!(bulk.is_empty(), bytes < 500, "{bytes}: {bulk:?}");
    }
}

#[tokio::test]
async fn each_answer_is_about_its_own_operation() {
    let (server, target) = target((100, 1 << 20), |request| {
        if !request.target.ends_with("/Bulk") {
            return creates(request);
        }
        answer(200, &json!({"operations": [
            {"bulkId": "6", "status": "429", "response": {"detail": "slowly"}},
            {"bulkId": "1", "status": "409", "response": {"detail": "user1 is taken", "scimType": "uniqueness"}},
            {"bulkId": "0", "status": 201, "response": {"id": "zero", "meta": {"version": "v"}}},
            {"bulkId": "2", "status": {"code": "500"}},
            {"bulkId": "3", "status": "201"},
            {"bulkId": "4", "status": "nonsense", "location": "/Users/4"},
            {"bulkId": "99", "status": "201", "location": "/Users/99"},
            {"status": "201", "location": "/Users/5"},
            {"bulkId": "7", "status": "400", "response": "no"},
            7
        ]}))
    })
    .await;
    let created = target.create_together(USERS, &documents(8)).await;
    let found: Vec<_> = created
        .iter()
        .map(|it| match it {
            Ok(resource) => (resource.id.as_str(), false),
            Err(failure) => (failure.code.as_str(), failure.outcome_unknown),
        })
        .collect();
    let unreadable = "SystemForCrossDomainIdentityManagementServiceIncompatible";
    let expected = [
        ("zero", false),
        ("EntryConflict", false),
        ("InternalServerError", true),
        (unreadable, true),
        (unreadable, true),
        (unreadable, true),
        ("single-user6", false),
        ("UnprocessableEntity", false),
    ];
    assert_eq!(found, expected);
    assert!(created[1].as_ref().expect_err("taken").reason.contains("user1 is taken"));
    assert_eq!(sent(&server), ["/Bulk", "/Users"]);
}

#[tokio::test]
async fn what_was_perhaps_carried_out_is_not_repeated() {
    for reply in [
        || Reply::Hang,
        || Reply::Answer(502, vec![], "<html>".to_owned()),
        || Reply::Answer(200, vec![], "sorry".to_owned()),
        || Reply::Answer(200, vec![], String::new()),
    ] {
        let (server, target) = target((100, 1 << 20), move |_| reply()).await;
        let created = target.create_together(USERS, &documents(3)).await;
        assert!(
            created.iter().all(|it| it.as_ref().is_err_and(|failure| failure.outcome_unknown)),
            "{created:?}"
        );
        assert_eq!(sent(&server), ["/Bulk"]);
    }
}

#[tokio::test]
async fn a_target_that_refuses_bulk_requests_gets_single_ones_from_then_on() {
    for status in [400, 403, 404, 405, 413, 501] {
        let (server, target) = target((100, 1 << 20), move |request| {
            if request.target.ends_with("/Bulk") {
                Reply::Answer(status, vec![], String::new())
            } else {
                creates(request)
            }
        })
        .await;
        let created = ids(target.create_together(USERS, &documents(3)).await);
        assert_eq!(created, ["single-user0", "single-user1", "single-user2"]);
        assert_eq!(target.together(), None);
        target.create_together(USERS, &documents(2)).await;
        assert_eq!(sent(&server), ["/Bulk", "/Users", "/Users", "/Users", "/Users", "/Users"]);
    }
}

#[tokio::test]
async fn who_may_not_sign_in_is_told_so_for_each() {
    let (server, target) = target((100, 1 << 20), |_| Reply::Answer(401, vec![], String::new())).await;
    for result in target.create_together(USERS, &documents(3)).await {
        let failure = result.expect_err("refused");
        assert_eq!((failure.code, failure.outcome_unknown), (ErrorCode::Unauthorized, false));
    }
    assert_eq!(sent(&server), ["/Bulk"]);
    assert_eq!(target.together(), Some(100));
}
