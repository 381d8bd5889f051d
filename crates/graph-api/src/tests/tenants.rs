//! Tenants, their settings, tokens and schema extensions.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::api::{Api, link};

#[tokio::test]
async fn tenants_have_tokens() {
    let api = Api::new().await;
    let made = api.ok("POST", "/provost/v1/tenants", json!({"name": "contoso"})).await;
    assert_eq!(made["scimBaseUrl"], "http://contoso.localhost:8080/api/scim/v2");
    assert_eq!(made["pathBaseUrl"], "http://127.0.0.1:8080/tenants/contoso/api/scim/v2");
    assert!(made["token"].is_string() && made["tokenId"].is_string());
    for wrong in [json!({"name": "contoso"}), json!({"name": "Not A Label"}), json!({})] {
        assert_eq!(api.no("POST", "/provost/v1/tenants", wrong).await.0, 400);
    }
    let tokens = "/provost/v1/tenants/contoso/tokens";
    let id = made["tokenId"].as_str().expect("an id");
    for wrong in ["soon", "-PT1S", "P2Y", "P400D"] {
        let refused = api.no("POST", &format!("{tokens}/{id}/rotate"), json!({"overlap": wrong})).await;
        assert_eq!(refused.0, 400, "{wrong}");
    }
    let day = api.ok("POST", &format!("{tokens}/{id}/rotate"), json!({"overlap": "P1D"})).await;
    let list = api.get(tokens).await;
    assert_eq!(
        (&list["value"][0]["expires"], &list["value"][1]["id"]),
        (&json!("2026-03-02T08:00:00Z"), &day["id"])
    );
    api.ok("DELETE", &format!("{tokens}/{id}"), Value::Null).await;
    let id = day["id"].as_str().expect("an id");
    let new = api.ok("POST", &format!("{tokens}/{id}/rotate"), json!({"overlap": "PT0S"})).await;
    assert!(new["token"].is_string());
    assert_eq!(api.get(tokens).await["value"][0]["id"], new["id"]);
    assert!(!api.raw("GET", tokens, "").await.1.contains("hash"));
    let id = new["id"].as_str().expect("an id");
    api.ok("DELETE", &format!("{tokens}/{id}"), Value::Null).await;
    assert_eq!(api.get(tokens).await["value"], json!([]));
    let changed =
        api.ok("PATCH", "/provost/v1/tenants/contoso", json!({"scimForAuthentication": false})).await;
    assert_eq!(changed["scimForAuthentication"], false);
    for (settings, word) in [
        (json!({"requestsPerSecond": 0}), "requestsPerSecond"),
        (json!({"requestsPerSecond": -1}), "requestsPerSecond"),
        (json!({"strict": "yes"}), "strict"),
        (json!({"patchAnswer": "never"}), "byType"),
        (json!({"stict": true}), "uniqueGroupNames"),
    ] {
        let refused =
            api.call("PATCH", "/provost/v1/tenants/contoso", json!({"settings": settings.clone()})).await;
        assert_eq!(refused.0, StatusCode::BAD_REQUEST, "{settings}");
        assert!(refused.1["error"]["message"].as_str().is_some_and(|it| it.contains(word)), "{}", refused.1);
    }
    let settings = json!({"strict": true, "patchAnswer": "noContent", "discoveryNeedsToken": true,
        "uniqueExternalIds": true, "uniqueGroupNames": false, "requestsPerSecond": 5});
    let changed = api.ok("PATCH", "/provost/v1/tenants/contoso", json!({"settings": settings})).await;
    assert_eq!(changed["settings"], settings);
    for wrong in [
        json!({"expires": "2026-03-01T08:00:00Z"}),
        json!({"expires": "tomorrow"}),
        json!({"scope": "all"}),
        json!({"label": 5}),
        json!({"label": "\u{1b}[2J"}),
        json!({"label": "x".repeat(257)}),
    ] {
        assert_eq!(api.no("POST", tokens, wrong.clone()).await.0, 400, "{wrong}");
    }
    let wanted = json!({"label": "Okta", "scope": "readOnly", "expires": "2027-01-01T00:00:00Z"});
    let id = api.ok("POST", tokens, wanted).await["id"].clone();
    let shown = api.get(tokens).await["value"][0].clone();
    assert_eq!((&shown["id"], &shown["label"], &shown["scope"]), (&id, &json!("Okta"), &json!("readOnly")));
    assert_eq!(shown["expires"], "2027-01-01T00:00:00Z");
    let status = api.get("/provost/v1/status").await;
    assert_eq!((&status["tenants"], &status["sendsMail"]), (&json!(1), &json!(false)));
    let requests = "/provost/v1/tenants/contoso/requests";
    assert_eq!(api.get(requests).await["value"][0]["status"], 200);
    api.ok("DELETE", "/provost/v1/tenants/contoso", Value::Null).await;
    assert_eq!(api.notes.0.lock()[..], ["forget"]);
    for path in ["/provost/v1/tenants/contoso", requests] {
        assert_eq!(api.no("GET", path, Value::Null).await.0, 404);
    }
}

#[tokio::test]
async fn schema_extensions_have_addresses() {
    let api = Api::new().await;
    api.ok("POST", "/provost/v1/tenants", json!({"name": "contoso"})).await;
    let schemas = "/provost/v1/tenants/contoso/schemas";
    assert_eq!(api.get(schemas).await["value"][0]["id"], "urn:a:b");
    let new = json!({"id": "urn:a:b", "attributes": [{"name": "x"}]});
    assert_eq!(api.call("POST", schemas, new.clone()).await, (StatusCode::CREATED, new.clone()));
    assert_eq!(api.call("PUT", &format!("{schemas}/urn:a%2Fb"), new.clone()).await, (StatusCode::OK, new));
    let missing = (404, "Request_ResourceNotFound".to_owned());
    assert_eq!(api.no("GET", &format!("{schemas}/urn:a:b"), Value::Null).await, missing);
    assert_eq!(api.no("GET", "/provost/v1/tenants/nobody/schemas", Value::Null).await, missing);
    let conflict = (409, "Request_Conflict".to_owned());
    assert_eq!(api.no("POST", schemas, json!({"id": "urn:a:taken"})).await, conflict);
    let bad = (400, "Request_BadRequest".to_owned());
    assert_eq!(api.no("POST", schemas, json!({"id": "urn:a:bad"})).await, bad);
    for text in ["", "[]", "{", "{\"id\": \"urn:a:b\", \"ID\": \"urn:a:c\"}", &"[".repeat(10_000)] {
        assert_eq!(api.raw("POST", schemas, text.to_owned()).await.0, StatusCode::BAD_REQUEST, "{text}");
    }
    api.ok("DELETE", &format!("{schemas}/urn:a%2Fb"), Value::Null).await;
    assert_eq!(api.notes.0.lock()[..], ["delete urn:a/b by Global Administrator"]);
}

#[tokio::test]
async fn a_tenant_is_found_by_name_and_renamed() {
    let api = Api::new().await;
    for name in ["fabrikam", "contoso", "contoso-2"] {
        api.ok("POST", "/provost/v1/tenants", json!({"name": name})).await;
    }
    let first = api.get("/provost/v1/tenants?contains=CONT&$top=1&$count=true").await;
    assert_eq!((&first["value"][0]["name"], &first["@odata.count"]), (&json!("contoso"), &json!(2)));
    let next = api.get(&link(&first, "@odata.nextLink").expect("there is more")).await;
    assert_eq!((&next["value"][0]["name"], next.get("@odata.nextLink")), (&json!("contoso-2"), None));

    let path = "/provost/v1/tenants/fabrikam";
    let (status, refused) = api.call("PATCH", path, json!({"name": "contoso"})).await;
    assert_eq!((status.as_u16(), &refused["error"]["innerError"]["target"]), (400, &json!("name")));
    for wrong in [json!({"name": "Not A Label"}), json!({"name": 1}), json!({"name": "a", "settings": {}})] {
        assert_eq!(api.no("PATCH", path, wrong).await.0, 400);
    }
    let renamed = api.ok("PATCH", path, json!({"name": "litware"})).await;
    assert_eq!(renamed["pathBaseUrl"], "http://127.0.0.1:8080/tenants/litware/api/scim/v2");
    assert_eq!(api.no("GET", path, Value::Null).await.0, 404);
    let audits = api.get("/provost/v1/tenants/litware/audits").await;
    let change = &audits["value"][0]["targetResources"][0]["modifiedProperties"][0];
    assert_eq!(change, &json!({"displayName": "name", "oldValue": "fabrikam", "newValue": "litware"}));
}

#[tokio::test]
async fn what_clients_have_provisioned_is_read_page_by_page() {
    let api = Api::new().await;
    api.ok("POST", "/provost/v1/tenants", json!({"name": "contoso"})).await;
    let users = "/provost/v1/tenants/contoso/users";
    let first = api.get(&format!("{users}?contains=%20ada%20&$top=5&$count=true")).await;
    assert_eq!(
        (&first["value"][0]["displayName"], &first["@odata.count"]),
        (&json!("User Some(\"ada\") after '', 5 at most"), &json!(2))
    );
    let next = api.get(&link(&first, "@odata.nextLink").expect("there is more")).await;
    assert_eq!(next["value"][0]["displayName"], "User Some(\"ada\") after 'here', 5 at most");
    let groups = api.get("/provost/v1/tenants/contoso/groups").await;
    assert_eq!(groups["value"][0]["displayName"], "Group None after '', 100 at most");
    let members = "/provost/v1/tenants/contoso/groups/7/members";
    let first = api.get(&format!("{members}?contains=ada&$top=5&$count=true")).await;
    assert_eq!(first["value"][0]["displayName"], "7 Some(\"ada\") after '', 5 at most");
    let next = api.get(&link(&first, "@odata.nextLink").expect("there is more")).await;
    assert_eq!(next["value"][0]["displayName"], "7 Some(\"ada\") after 'here', 5 at most");
    assert_eq!(api.get(&format!("{users}/1")).await["id"], "1");
    assert_eq!(api.no("GET", &format!("{users}/2"), Value::Null).await.0, 404);
    assert_eq!(api.no("GET", &format!("{users}?$filter=a%20eq%201"), Value::Null).await.0, 400);
}
