//! Webhooks of tenants.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::api::Api;

const PATH: &str = "/provost/v1/tenants/contoso/webhooks";

async fn contoso() -> Api {
    let api = Api::new().await;
    api.ok("POST", "/provost/v1/tenants", json!({"name": "contoso"})).await;
    api
}

#[tokio::test]
async fn a_webhook_is_made_changed_and_deleted() {
    let api = contoso().await;
    let made = api
        .ok("POST", PATH, json!({"url": "https://App.example.com/hooks?key=1", "description": "The app"}))
        .await;
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_"), "{made}");
    let id = made["id"].as_str().expect("an id");
    let path = format!("{PATH}/{id}");
    let shown = api.get(&path).await;
    assert_eq!(shown["url"], "https://app.example.com/hooks?key=1");
    assert_eq!(
        (&shown["events"], &shown["includeResource"], &shown["status"]),
        (&json!([]), &json!(true), &json!("working"))
    );
    assert_eq!(api.get(PATH).await["value"], json!([shown]));

    let change = json!({"events": ["user.deleted", "user.created", "user.deleted"], "enabled": false, "includeResource": false});
    let changed = api.ok("PATCH", &path, change).await;
    assert_eq!(changed["events"], json!(["user.created", "user.deleted"]));
    assert_eq!((&changed["status"], &changed["description"]), (&json!("disabled"), &json!("The app")));
    let all = api.ok("PATCH", &path, json!({"events": ["*"]})).await;
    assert_eq!(all["events"], json!([]));
    let rotated = api.ok("POST", &format!("{path}/rotateSecret"), json!({"overlap": "P7D"})).await;
    assert_ne!(rotated["secret"], *secret);
    for path in [PATH, &path, "/provost/v1/tenants/contoso/audits"] {
        let (_, text) = api.raw("GET", path, "").await;
        assert!(!text.contains("whsec_") && !text.contains("sealed"), "{text}");
    }
    let audits = api.get("/provost/v1/tenants/contoso/audits").await;
    let activities: Vec<&Value> =
        audits["value"].as_array().expect("a list").iter().map(|it| &it["activityDisplayName"]).collect();
    assert_eq!(activities[..4], ["Rotate webhook secret", "Update webhook", "Update webhook", "Add webhook"]);
    assert_eq!(audits["value"][0]["targetResources"][0]["displayName"], "https://app.example.com/hooks");
    assert_eq!(audits["value"][0]["initiatedBy"]["user"]["displayName"], "Global Administrator");
    assert_eq!(api.get(&format!("{path}/deliveries?$count=true")).await["@odata.count"], 0);
    let replayed = api.ok("POST", &format!("{path}/replay"), json!({"from": "2026-02-01T00:00:00Z"})).await;
    assert_eq!(replayed["waiting"], 0);
    api.ok("POST", &format!("{path}/replay"), json!({"position": "now"})).await;

    api.ok("DELETE", &path, Value::Null).await;
    let missing = (404, "Request_ResourceNotFound".to_owned());
    for (method, rest) in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotateSecret"),
        ("POST", "/test"),
        ("GET", "/deliveries"),
    ] {
        assert_eq!(api.no(method, &format!("{path}{rest}"), Value::Null).await, missing, "{method} {rest}");
    }
}

#[tokio::test]
async fn a_test_is_sent_and_listed_whatever_comes_of_it() {
    let api = contoso().await;
    // Nobody listens at the port of what was just closed.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
    drop(listener);
    let made = api.ok("POST", PATH, json!({"url": url})).await;
    let path = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
    let tested = api.ok("POST", &format!("{path}/test"), Value::Null).await;
    assert_eq!(
        (&tested["state"], &tested["eventType"], &tested["tries"]),
        (&json!("failed"), &json!("webhook.test"), &json!(1))
    );
    assert!(tested["error"].as_str().is_some_and(|it| it.contains("refused the connection")), "{tested}");
    assert!(tested["webhookId"].as_str().is_some_and(|it| it.starts_with("msg_")));
    for _ in 0..2 {
        api.ok("POST", &format!("{path}/test"), Value::Null).await;
    }
    let first = api.get(&format!("{path}/deliveries?$top=2&$count=true")).await;
    assert_eq!((&first["@odata.count"], first["value"].as_array().map(Vec::len)), (&json!(3), Some(2)));
    let next = super::api::link(&first, "@odata.nextLink").expect("there is more");
    let rest = api.get(&next).await;
    assert_eq!(rest["value"][0]["id"], tested["id"], "the oldest comes last");
    assert!(rest["@odata.nextLink"].is_null());
    assert_eq!(api.get(&format!("{path}/deliveries?state=delivered")).await["value"], json!([]));
    let found = api.get(&format!("{path}/deliveries?contains=REFUSED")).await;
    assert_eq!(found["value"].as_array().map(Vec::len), Some(3));

    let again = format!("{path}/deliveries/{}/resend", tested["id"].as_str().expect("an id"));
    let resent = api.ok("POST", &again, Value::Null).await;
    assert_eq!((&resent["state"], &resent["webhookId"]), (&json!("waiting"), &tested["webhookId"]));
    assert_eq!(api.no("POST", &again, Value::Null).await, (409, "Request_Conflict".to_owned()));
    assert_eq!(api.get(&path).await["waiting"], 1);
}

#[tokio::test]
async fn what_is_wrong_is_refused_at_its_property() {
    let api = contoso().await;
    api.ok("POST", "/provost/v1/tenants", json!({"name": "fabrikam"})).await;
    let made = api.ok("POST", PATH, json!({"url": "https://app.example.com/hooks"})).await;
    let id = made["id"].as_str().expect("an id");
    for (body, property) in [
        (json!({}), "url"),
        (json!({"url": 1}), "url"),
        (json!({"url": "http://169.254.169.254/"}), "url"),
        (json!({"url": "https://app.example.com/hooks"}), "url"),
        (json!({"url": "https://b.example.com", "events": ["user.renamed"]}), "events"),
        (json!({"url": "https://b.example.com", "events": "all"}), "events"),
        (json!({"url": "https://b.example.com", "enabled": "yes"}), "enabled"),
        (json!({"url": "https://b.example.com", "description": "x".repeat(300)}), "description"),
        (json!({"url": "https://b.example.com", "description": "a\u{7}"}), "description"),
    ] {
        let (status, refused) = api.call("POST", PATH, body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body} {refused}");
        assert_eq!(refused["error"]["innerError"]["target"], property, "{body} {refused}");
    }
    assert_eq!(api.no("POST", PATH, json!({"url": "https://b.example.com", "colour": 1})).await.0, 400);
    for (body, property) in [
        (json!({"from": "soon"}), Some("from")),
        (json!({"position": "AAAA"}), Some("position")),
        (json!({"position": 7}), Some("position")),
        (json!({}), None),
        (json!({"from": "2026-01-01T00:00:00Z", "position": "now"}), None),
    ] {
        let (status, refused) = api.call("POST", &format!("{PATH}/{id}/replay"), body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body} {refused}");
        assert_eq!(refused["error"]["innerError"]["target"].as_str(), property, "{body}");
    }
    for overlap in ["soon", "-PT1S", "P400D"] {
        let refused = api.no("POST", &format!("{PATH}/{id}/rotateSecret"), json!({"overlap": overlap})).await;
        assert_eq!(refused.0, 400, "{overlap}");
    }
    // One of another tenant is none.
    let other = format!("/provost/v1/tenants/fabrikam/webhooks/{id}");
    for (method, rest) in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("POST", "/rotateSecret"),
        ("GET", "/deliveries"),
    ] {
        assert_eq!(api.no(method, &format!("{other}{rest}"), Value::Null).await.0, 404, "{method} {rest}");
    }
}

#[tokio::test]
async fn webhooks_are_part_of_the_configuration_without_secrets() {
    let api = contoso().await;
    let configuration = "/provost/v1/configuration";
    api.ok("POST", PATH, json!({"url": "https://a.example.com/", "events": ["user.created"]})).await;
    let (_, text) = api.raw("GET", configuration, "").await;
    assert!(!text.contains("secret") && !text.contains("sealed"), "{text}");
    let mut document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        document["tenants"][0]["webhooks"],
        json!([{"url": "https://a.example.com/", "events": ["user.created"]}])
    );
    assert_eq!(api.ok("POST", configuration, document.clone()).await["changes"], json!([]));

    document["tenants"][0]["webhooks"] = json!([
        {"url": "https://A.example.com", "enabled": false},
        {"url": "https://b.example.com/hooks", "description": "B", "includeResource": false},
    ]);
    document["tenants"]
        .as_array_mut()
        .expect("a list")
        .push(json!({"name": "fabrikam", "webhooks": [{"url": "https://c.example.com/"}]}));
    let planned = api.ok("POST", &format!("{configuration}?plan=true"), document.clone()).await;
    let (_, after) = api.raw("GET", configuration, "").await;
    assert_eq!(after, text, "a plan changes nothing");
    let outcome = api.ok("POST", configuration, document.clone()).await;
    assert_eq!(outcome["changes"], planned["changes"]);
    let to_do = outcome["toDo"].to_string();
    assert!(to_do.contains("https://b.example.com/hooks") && to_do.contains("webhook rotate"), "{to_do}");
    let list = api.get(PATH).await;
    assert_eq!(list["value"].as_array().map(Vec::len), Some(2));
    assert_eq!((&list["value"][0]["enabled"], &list["value"][0]["events"]), (&json!(false), &json!([])));
    assert_eq!(list["value"][1]["description"], "B");
    assert_eq!(
        api.get("/provost/v1/tenants/fabrikam/webhooks").await["value"][0]["url"],
        "https://c.example.com/"
    );
    assert_eq!(
        api.ok("POST", configuration, document.clone()).await["changes"],
        json!([]),
        "it is as the document says"
    );

    document["tenants"][0]["webhooks"] = json!([]);
    api.ok("POST", &format!("{configuration}?prune=true"), document.clone()).await;
    assert_eq!(api.get(PATH).await["value"], json!([]));
    for (webhooks, words) in [
        (json!([{"url": "nowhere"}]), "tenants[contoso]"),
        (json!([{"url": "https://a.example.com"}, {"url": "https://a.example.com/"}]), "named twice"),
        (json!([{"url": "https://a.example.com", "secret": "x"}]), "unknown field"),
        (json!([{"url": "https://a.example.com", "events": ["x"]}]), "user.created"),
    ] {
        document["tenants"][0]["webhooks"] = webhooks;
        let (status, refused) = api.call("POST", configuration, document.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
        assert!(
            refused["error"]["message"].as_str().is_some_and(|it| it.contains(words)),
            "{words}: {refused}"
        );
    }
}
