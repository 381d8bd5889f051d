//! How many objects a change of configuration affects, as answers say.

use axum::http::{Request, StatusCode};
use model::{JobState, Link, LinkOrigin, LinkState, ObjectType, Shadow};
use serde_json::{Value, json};
use store::{Expect, Key, KeyName, Kind, Realm, Transaction};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::api::Api;

/// What a complete cycle leaves behind, with so many accounts of users that are not there any more.
pub(super) async fn complete(api: &Api, job: &str, accounts: u128) {
    let directory = &api.state.directory;
    let job = directory.job(job.parse().expect("an id")).await.expect("a job");
    let realm = Realm(job.id);
    let roles = directory.service_principal(job.service_principal_id).await.expect("the principal").app_roles;
    let applied = engine::applied(&job, &roles);
    let kept = applied.users.expect("mapped").kept;
    let state = JobState { watermark: Some(String::new()), applied: vec![applied], ..JobState::default() };
    let now = "2026-03-01T08:00:00Z".parse().expect("a timestamp");
    let mut transaction = Transaction::new(now);
    let body = serde_json::to_vec(&state).expect("JSON");
    transaction.put(realm, Kind::JobState, job.id, Expect::Any, body, vec![]);
    for number in 1..=accounts {
        let link = Link {
            source_id: Uuid::from_u128(number),
            object_type: ObjectType::User,
            source_name: "somebody".into(),
            target_id: Some(number.to_string()),
            origin: LinkOrigin::Created,
            state: LinkState::Active,
            shadow: Shadow::new(),
            kept: std::collections::BTreeMap::new(),
            target_version: None,
            configuration: kept,
            source_version: 1,
            unacknowledged: None,
            escrow: None,
            due: None,
            members_due: None,
            manager_due: false,
            referrers_due: false,
            counted: None,
            created: now,
        };
        let keys = vec![Key::lookup(KeyName::Configuration, engine::configuration_key(&link))];
        let body = serde_json::to_vec(&link).expect("JSON");
        transaction.put(realm, Kind::Link, link.source_id, Expect::Absent, body, keys);
    }
    directory.store().commit(transaction).await.expect("written");
}

/// Saves a schema; the status and the number in the header.
async fn save(api: &Api, method: &str, path: &str, schema: &Value) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", api.token))
        .body(axum::body::Body::from(schema.to_string()))
        .expect("a request");
    let response = api.router.clone().oneshot(request).await.expect("infallible");
    let affected = response.headers().get("provost-objects-affected").expect("the header");
    (response.status(), affected.to_str().expect("a text").to_owned())
}

#[tokio::test]
async fn answers_say_how_many_objects_are_affected() {
    let api = Api::new().await;
    let (app, job) = api.app("officespace").await;
    let path = format!("/v1.0/servicePrincipals/{app}/synchronization/jobs/{job}/schema");
    let (ours, plan) = (format!("/provost/v1/jobs/{job}"), format!("/provost/v1/jobs/{job}/reevaluation"));
    api.user("ann@x.com").await;
    // The job has never run.
    let changed = api.ok("PATCH", &ours, json!({"interval": "PT5S"})).await;
    assert_eq!(changed["reevaluation"], json!({"objects": 1, "everything": true}));

    complete(&api, &job, 7).await;
    let changed = api.ok("PATCH", &ours, json!({"interval": "PT6S"})).await;
    assert_eq!(changed["reevaluation"], json!({"objects": 0, "everything": false}));
    let mut schema = api.get(&path).await;
    assert_eq!(save(&api, "PUT", &path, &schema).await, (StatusCode::NO_CONTENT, "0".to_owned()));
    let attributes =
        schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"].as_array_mut();
    let title = attributes.into_iter().flatten().find(|it| it["targetAttributeName"] == "title");
    title.expect("mapped")["source"] = json!({"type": "Constant", "name": "x", "expression": "\"x\""});

    // Planned, and nothing is saved.
    let affected = json!({"objects": 7, "everything": false});
    assert_eq!(api.ok("POST", &plan, json!({"schema": schema})).await, affected);
    assert_eq!(api.ok("POST", &plan, Value::Null).await["objects"], 0);
    assert_eq!(api.ok("POST", &plan, json!({"scope": "all"})).await["everything"], true);
    assert_eq!(api.get(&ours).await["scope"], "assigned");
    assert_eq!(api.no("POST", &plan, json!({"scope": "some"})).await.0, 400);
    assert_eq!(api.no("POST", &plan, json!({"colour": 1})).await.0, 400);
    assert_eq!(api.no("POST", &plan, json!({"interval": "PT0S"})).await.0, 400);
    assert_eq!(api.no("POST", &plan, json!({"schema": 7})).await.0, 400);
    assert_eq!(api.no("POST", "/provost/v1/jobs/x/reevaluation", json!({})).await.0, 400);

    // What it would do object by object takes the same.
    let cycle = format!("{ours}/plan");
    api.ok("POST", &cycle, json!({"scope": "all", "schema": schema})).await;
    let id = Uuid::nil();
    api.ok("POST", &cycle, json!({"users": [id]})).await;
    let planned: Vec<String> =
        api.notes.0.lock().iter().filter(|it| it.starts_with("plan")).cloned().collect();
    assert_eq!(planned, ["plan 0 with scope All", "plan 1"]);
    for wrong in [json!({"colour": 1}), json!({"users": [id], "scope": "some"}), json!({"schema": 7})] {
        assert_eq!(api.no("POST", &cycle, wrong).await.0, 400);
    }
    assert_eq!(api.get(&ours).await["scope"], "assigned");

    assert_eq!(save(&api, "PATCH", &path, &schema).await, (StatusCode::NO_CONTENT, "7".to_owned()));
    assert_eq!(save(&api, "DELETE", &path, &Value::Null).await, (StatusCode::NO_CONTENT, "0".to_owned()));
}
