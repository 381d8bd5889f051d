//! Changes on the condition that nothing else changed, settings for weeks, and where a job stands.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use model::{ErrorInformation, JobState, Quarantine};
use serde_json::{Value, json};
use store::{Expect, Kind, Realm, Transaction};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::api::Api;

/// Status and tag of a call, with what it is on condition of.
async fn call(
    api: &Api,
    method: &str,
    path: &str,
    condition: Option<&str>,
    body: &Value,
) -> (StatusCode, Option<String>) {
    let mut request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", api.token));
    if let Some(condition) = condition {
        request = request.header("if-match", condition);
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let response = api.router.clone().oneshot(request.body(Body::from(body)).expect("a request")).await;
    let response = response.expect("infallible");
    let tag = response.headers().get("etag").map(|tag| tag.to_str().expect("a text").to_owned());
    (response.status(), tag)
}

#[tokio::test]
async fn a_schema_is_replaced_on_the_condition_that_it_is_still_the_same() {
    let api = Api::new().await;
    let (app, job) = api.app("officespace").await;
    let path = format!("/v1.0/servicePrincipals/{app}/synchronization/jobs/{job}/schema");
    let (status, tag) = call(&api, "GET", &path, None, &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let read = tag.expect("a tag");
    let mut schema = api.get(&path).await;
    let mappings = &mut schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"];
    mappings.as_array_mut().expect("a list").retain(|it| it["targetAttributeName"] != "title");

    let done = StatusCode::NO_CONTENT;
    assert_eq!(call(&api, "PUT", &path, Some(&read), &schema).await.0, done);
    let changed = call(&api, "GET", &path, None, &Value::Null).await.1.expect("a tag");
    assert_ne!(changed, read);
    for method in ["PUT", "PATCH", "DELETE"] {
        let body = if method == "DELETE" { &Value::Null } else { &schema };
        assert_eq!(call(&api, method, &path, Some(&read), body).await.0, StatusCode::PRECONDITION_FAILED);
        assert_eq!(call(&api, method, &path, Some("\"x\""), body).await.0, StatusCode::PRECONDITION_FAILED);
        for wrong in ["x", "\"a\", \"b\"", "\"", ""] {
            assert_eq!(
                call(&api, method, &path, Some(wrong), body).await.0,
                StatusCode::BAD_REQUEST,
                "{wrong}"
            );
        }
    }
    assert_eq!(
        call(&api, "GET", &path, None, &Value::Null).await.1.as_ref(),
        Some(&changed),
        "nothing was changed"
    );
    // A setting is no part of it, and whoever sets no condition has none.
    api.ok("PATCH", &format!("/provost/v1/jobs/{job}"), json!({"interval": "PT5M"})).await;
    assert_eq!(call(&api, "PUT", &path, Some(&format!("W/{changed}")), &schema).await.0, done);
    assert_eq!(call(&api, "PUT", &path, Some("*"), &schema).await.0, done);
    assert_eq!(call(&api, "PUT", &path, None, &schema).await.0, done);
    assert_eq!(call(&api, "DELETE", &path, Some(&changed), &Value::Null).await.0, done);
    assert_eq!(call(&api, "GET", &path, None, &Value::Null).await.1, Some(read), "what it was at first");
}

#[tokio::test]
async fn settings_for_weeks_are_checked() {
    let api = Api::new().await;
    let (app, job) = api.app("scim").await;
    let path = format!("/provost/v1/jobs/{job}");
    let shown = api.get(&path).await;
    assert_eq!(shown["driftInterval"], Value::Null);
    assert_eq!(shown["driftAction"], "report");
    let none = json!({"percent": null, "minimum": null, "objects": null, "total": null});
    assert_eq!(shown["failureLimits"], none);
    let settings = json!({
        "interval": "P1D", "driftInterval": "P1W", "driftAction": "repair",
        "failureLimits": {"percent": 5, "total": 10},
    });
    let set = api.ok("PATCH", &path, settings).await;
    assert_eq!((&set["interval"], &set["driftInterval"]), (&json!("PT24H"), &json!("PT168H")));
    assert_eq!(set["failureLimits"], json!({"percent": 5, "minimum": null, "objects": null, "total": 10}));
    assert_eq!(api.get(&format!("{path}/settings")).await["driftInterval"], "PT168H");
    // Graph changes the interval in the same words.
    let graph = format!("/v1.0/servicePrincipals/{app}/synchronization/jobs/{job}");
    api.ok("PATCH", &graph, json!({"schedule": {"interval": "P2D"}})).await;
    assert_eq!(api.get(&path).await["interval"], "PT48H");
    for wrong in [
        json!({"driftInterval": "PT0S"}),
        json!({"driftInterval": "P400D"}),
        json!({"driftInterval": "P1M"}),
        json!({"driftInterval": "-P1D"}),
        json!({"driftInterval": 5}),
        json!({"driftAction": "delete"}),
        json!({"failureLimits": {"percent": 0}}),
        json!({"failureLimits": {"percent": 101}}),
        json!({"failureLimits": {"objects": 0}}),
        json!({"failureLimits": {"minimum": -1}}),
        json!({"failureLimits": {"share": 1}}),
        json!({"failureLimits": 5}),
    ] {
        assert_eq!(api.no("PATCH", &path, wrong.clone()).await.0, 400, "{wrong}");
    }
    let set =
        api.ok("PATCH", &path, json!({"driftInterval": null, "failureLimits": {"percent": null}})).await;
    assert_eq!((&set["driftInterval"], &set["failureLimits"]["total"]), (&Value::Null, &json!(10)));
}

#[tokio::test]
async fn a_job_tells_where_it_stands_and_what_comes_next() {
    let api = Api::new().await;
    let (app, job) = api.app("scim").await;
    api.user("ann@x.com").await;
    let path = format!("/provost/v1/jobs/{job}");
    let shown = api.get(&path).await;
    assert_eq!(shown["waiting"]["failed"], 0);
    assert_eq!(shown["linked"], json!({"users": 3, "groups": 1}));
    assert_eq!(
        shown["servicePrincipalDisplayName"],
        api.get(&format!("/v1.0/servicePrincipals/{app}")).await["displayName"]
    );
    // A user, and no group: one object.
    let next =
        json!({"at": null, "kind": "initial", "goesOn": false, "objects": 1, "changes": 0, "retries": 0});
    assert_eq!(shown["nextCycle"], next);

    let began: Timestamp = "2026-03-01T06:00:00Z".parse().expect("an instant");
    let hours = |hours| began + SignedDuration::from_hours(hours);
    let mut quarantine = json!(Quarantine {
        reason: "EncounteredQuarantineException".to_owned(),
        series_began: began,
        evaluated: hours(6),
        series_count: 2,
        next_attempt: hours(18),
        staged: false,
        error: ErrorInformation {
            error_code: "Unauthorized".to_owned(),
            error_category: "failure".to_owned(),
            reason: "no".to_owned(),
            recommended_action: String::new(),
        },
    });
    let put = async |quarantine: &Value| {
        let mut state = json!(JobState::default());
        state["quarantine"] = quarantine.clone();
        let id: Uuid = job.parse().expect("an id");
        let mut transaction = Transaction::new(began);
        transaction.put(Realm(id), Kind::JobState, id, Expect::Any, state.to_string(), vec![]);
        api.state.directory.store().commit(transaction).await.expect("written");
        let graph = format!("/v1.0/servicePrincipals/{app}/synchronization/jobs/{job}");
        api.get(&graph).await["status"]["quarantine"].clone()
    };
    let shown = put(&quarantine).await;
    assert_eq!(
        (&shown["seriesBegan"], &shown["currentBegan"], &shown["nextAttempt"]),
        (&json!("2026-03-01T06:00:00Z"), &json!("2026-03-01T12:00:00Z"), &json!("2026-03-02T00:00:00Z")),
    );
    // As it was written before the two were told apart.
    let members = quarantine.as_object_mut().expect("an object");
    let series = members.remove("seriesBegan").expect("there");
    members.remove("evaluated");
    members.insert("currentBegan".to_owned(), series);
    let shown = put(&quarantine).await;
    let both = json!("2026-03-01T06:00:00Z");
    assert_eq!((&shown["seriesBegan"], &shown["currentBegan"]), (&both, &both));
}
