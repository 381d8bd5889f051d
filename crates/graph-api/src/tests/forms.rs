//! The forms in which clients write the same call.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::api::Api;

fn names(page: &Value) -> Vec<&str> {
    page["value"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["displayName"].as_str().expect("a name"))
        .collect()
}

#[tokio::test]
async fn keys_and_functions_have_several_forms() {
    let api = Api::new().await;
    let id = api.user("o'brien@x.com").await;
    let (app, _) = api.app("scim").await;
    let client = api.get(&format!("/v1.0/servicePrincipals/{app}")).await["appId"].clone();
    let client = client.as_str().expect("an id");
    for path in [
        format!("/v1.0/users('{id}')"),
        "/v1.0/users(userPrincipalName='o%27%27brien@x.com')".to_owned(),
        "/v1.0/users/o%27brien%40x.com/".to_owned(),
    ] {
        assert_eq!(api.get(&path).await["id"], *id, "{path}");
    }
    assert_eq!(api.get(&format!("/v1.0/servicePrincipals(appId='{client}')")).await["id"], *app);
    assert_eq!(api.raw("GET", "/v1.0/users/%24count", "").await.1, "1");
    assert_eq!(api.raw("GET", "/v1.0/servicePrincipals/$count", "").await.1, "1");
    assert_eq!(api.get("/v1.0/servicePrincipals?$count=true").await["@odata.count"], 1);
}

#[tokio::test]
async fn references_are_absolute_or_relative_and_read_back() {
    let api = Api::new().await;
    let (ann, bob) = (api.user("ann@x.com").await, api.user("bob@x.com").await);
    let manager = format!("/v1.0/users/{ann}/manager/$ref");
    for reference in [
        format!("https://graph.microsoft.com/v1.0/users/{bob}"),
        format!("users/{bob}"),
        format!("http://x/v1.0/users('{bob}')"),
        "http://x/v1.0/users/bob%40x.com".to_owned(),
    ] {
        api.ok("PUT", &manager, json!({"@odata.id": reference})).await;
        let found = api.get(&manager).await;
        assert_eq!(found["@odata.id"], format!("http://127.0.0.1:8080/v1.0/directoryObjects/{bob}"));
        api.ok("DELETE", &manager.replace('$', "%24"), Value::Null).await;
    }
    let bound = json!({"displayName": "Team", "members@odata.bind": [format!("users('{ann}')")]});
    let team = api.ok("POST", "/v1.0/groups", bound).await;
    let members = format!("/v1.0/groups/{}/members", team["id"].as_str().expect("an id"));
    let references = api.get(&format!("{members}/$ref")).await;
    assert_eq!(
        references["value"][0]["@odata.id"],
        format!("http://127.0.0.1:8080/v1.0/directoryObjects/{ann}")
    );
    assert_eq!(names(&api.get(&format!("{members}/microsoft.graph.user")).await), ["ann"]);
    assert_eq!(names(&api.get(&format!("{members}/graph.group")).await), [""; 0]);
    assert_eq!(names(&api.get(&format!("/v1.0/users/{ann}/memberOf/graph.group")).await), ["Team"]);
    assert_eq!(api.no("GET", &format!("{members}/graph.device"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn lists_are_ordered_both_ways() {
    let api = Api::new().await;
    for name in ["bob@x.com", "ann@x.com", "carl@x.com"] {
        api.user(name).await;
    }
    for (order, expected) in [
        ("displayName", ["ann", "bob", "carl"]),
        ("displayName desc", ["carl", "bob", "ann"]),
        ("userPrincipalName asc", ["ann", "bob", "carl"]),
        ("createdDateTime desc", ["carl", "ann", "bob"]),
    ] {
        let mut path = format!("/v1.0/users?$orderby={order}&$top=2");
        let mut seen = Vec::new();
        loop {
            let page = api.get(&path).await;
            seen.extend(names(&page).into_iter().map(str::to_owned));
            let Some(next) = page["@odata.nextLink"].as_str() else { break };
            path = next.strip_prefix("http://127.0.0.1:8080").expect("absolute").to_owned();
        }
        assert_eq!(seen, expected, "{order}");
    }
    for order in ["city", "displayName up", "displayName,mail"] {
        let (status, _) = api.call("GET", &format!("/v1.0/users?$orderby={order}"), Value::Null).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{order}");
    }
}

#[tokio::test]
async fn a_filter_on_a_property_that_is_not_there_is_refused() {
    let api = Api::new().await;
    api.user("ann@x.com").await;
    for filter in ["depratment ne 'Sales'", "not (shoeSize eq 5)", "displayName eq 'ann' or x/y eq 'z'"] {
        for list in ["users", "groups", "directory/deletedItems/graph.user"] {
            let path = format!("/v1.0/{list}?$filter={filter}");
            let refused = (400, "Request_BadRequest".to_owned());
            assert_eq!(api.no("GET", &path, Value::Null).await, refused, "{path}");
        }
    }
    let path = "/v1.0/users?$filter=contains(tolower(userPrincipalName),'ann') and id ne 'x' and \
                onPremisesExtensionAttributes/extensionAttribute1 ne 'x'";
    assert_eq!(names(&api.get(path).await), ["ann"]);
}

#[tokio::test]
async fn the_recycle_bin_is_counted() {
    let api = Api::new().await;
    let (ann, bob) = (api.user("ann@x.com").await, api.user("bob@x.com").await);
    for id in [&ann, &bob] {
        api.ok("DELETE", &format!("/v1.0/users/{id}"), Value::Null).await;
    }
    let bin = "/v1.0/directory/deletedItems";
    assert_eq!(api.get(&format!("{bin}/graph.user?$count=true&$top=1")).await["@odata.count"], 2);
    assert_eq!(api.raw("GET", &format!("{bin}/microsoft.graph.user/$count"), "").await.1, "2");
    assert_eq!(api.raw("GET", &format!("{bin}/graph.group/$count"), "").await.1, "0");
    assert_eq!(api.get(&format!("{bin}/{ann}/graph.user")).await["displayName"], "ann");
    assert_eq!(api.no("GET", &format!("{bin}/{ann}/graph.group"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn an_assignment_is_read_from_both_ends() {
    let api = Api::new().await;
    let (ann, (app, job)) = (api.user("ann@x.com").await, api.app("scim").await);
    let body = json!({"principalId": ann, "resourceId": app, "appRoleId": uuid::Uuid::nil()});
    let made = api.ok("POST", &format!("/v1.0/users/{ann}/appRoleAssignments"), body).await;
    let id = made["id"].as_str().expect("an id");
    for end in
        [format!("users/{ann}/appRoleAssignments"), format!("servicePrincipals/{app}/appRoleAssignedTo")]
    {
        assert_eq!(api.get(&format!("/v1.0/{end}/{id}")).await["id"], *id);
    }
    let bob = api.user("bob@x.com").await;
    let list = format!("/v1.0/servicePrincipals/{app}/appRoleAssignedTo");
    let body = json!({"principalId": bob, "resourceId": app, "appRoleId": uuid::Uuid::nil()});
    api.ok("POST", &list, body).await;
    assert_eq!(api.get(&format!("{list}?$count=true&$top=1")).await["@odata.count"], 2);
    let filtered = api.get(&format!("{list}?$count=true&$filter=principalId eq {bob}")).await;
    assert_eq!((&filtered["@odata.count"], &filtered["value"][0]["principalId"]), (&json!(1), &json!(bob)));
    let base = format!("/v1.0/servicePrincipals/{app}/synchronization/jobs");
    assert_eq!(api.no("GET", &format!("{base}/SCIM.abc.def"), Value::Null).await.0, 404);
    let wrong = json!({"criteria": {"resetScope": 5}});
    assert_eq!(api.no("POST", &format!("{base}/{job}/restart"), wrong).await.0, 400);
}

#[tokio::test]
async fn the_gallery_is_ordered_and_paged() {
    let api = Api::new().await;
    let first = api.get("/v1.0/applicationTemplates?$top=2&$orderby=displayName desc&$count=true").await;
    assert_eq!((names(&first), &first["@odata.count"]), (vec!["Slack", "SCIM application"], &json!(4)));
    let next = first["@odata.nextLink"].as_str().expect("more");
    let second = api.get(next.strip_prefix("http://127.0.0.1:8080").expect("absolute")).await;
    assert_eq!(names(&second), ["OfficeSpace Software", "AWS IAM Identity Center"]);
    assert!(second.get("@odata.nextLink").is_none());
    let path = "/v1.0/applicationTemplates?$skiptoken=eHg";
    assert_eq!(api.no("GET", path, Value::Null).await.0, 400);
}

#[tokio::test]
async fn the_audit_log_is_filtered_and_ordered() {
    let api = Api::new().await;
    api.user("ann@x.com").await;
    let id = api.user("bob@x.com").await;
    api.ok("PATCH", &format!("/v1.0/users/{id}"), json!({"jobTitle": "Chief"})).await;
    let log = async |query: &str| {
        let page = api.get(&format!("/v1.0/auditLogs/directoryAudits?{query}")).await;
        let list = page["value"].as_array().expect("a list").clone();
        list.into_iter()
            .map(|it| it["activityDisplayName"].as_str().expect("a text").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(log("$orderby=activityDateTime desc").await, ["Update user", "Add user", "Add user"]);
    assert_eq!(log("$orderby=activityDateTime asc&$top=2").await, ["Add user", "Add user"]);
    assert_eq!(log("$filter=activityDisplayName eq 'update user'").await, ["Update user"]);
    let either = "$filter=activityDisplayName eq 'Update user' or startswith(activityDisplayName,'Add')";
    assert_eq!(log(either).await.len(), 3);
    for wrong in ["$orderby=category", "$filter=colour eq 'red'"] {
        let path = format!("/v1.0/auditLogs/directoryAudits?{wrong}");
        assert_eq!(api.no("GET", &path, Value::Null).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_refusal_names_its_property_and_an_import_says_what_it_would_change() {
    let api = Api::new().await;
    api.user("ada@contoso.example").await;
    let twice = json!({"userPrincipalName": "ADA@contoso.example", "displayName": "Ada"});
    let (_, refused) = api.call("POST", "/v1.0/users", twice).await;
    assert_eq!(refused["error"]["innerError"]["target"], "userPrincipalName");

    let file = "userPrincipalName,displayName,manager\nada@contoso.example,Ada Lovelace,grace@contoso.example\ngrace@contoso.example,Grace,\n";
    let (_, text) = api.raw("POST", "/provost/v1/users/import?dryRun=true", file).await;
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let changes = report["changes"].as_array().expect("a list");
    let told: Vec<_> = changes.iter().map(|it| (it["action"].as_str(), it["line"].as_u64())).collect();
    assert_eq!(told, [(Some("update"), Some(2)), (Some("create"), Some(3))]);
    let named = |name: &str| {
        let properties = changes[0]["modifiedProperties"].as_array().expect("a list");
        properties.iter().find(|it| it["displayName"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(
        (&named("displayName")["oldValue"], &named("displayName")["newValue"], &named("manager")["newValue"]),
        (&json!("ada"), &json!("Ada Lovelace"), &json!("grace@contoso.example"))
    );
    let (_, text) = api.raw("POST", "/provost/v1/users/import", file).await;
    assert!(!text.contains("changes"), "{text}");
    let groups = "displayName,memberUserPrincipalName\nSales,ada@contoso.example\n";
    let (_, text) = api.raw("POST", "/provost/v1/groups/import?dryRun=true", groups).await;
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let member = json!([{"displayName": "member", "oldValue": null, "newValue": "ada@contoso.example"}]);
    assert_eq!(
        (&report["changes"][1]["action"], &report["changes"][1]["modifiedProperties"]),
        (&json!("addMember"), &member)
    );
}

#[tokio::test]
async fn whoever_asks_for_events_is_told_how_far_an_import_is() {
    let api = Api::new().await;
    let told = async |file: &'static str| {
        let request = Request::post("/provost/v1/users/import")
            .header("authorization", format!("Bearer {}", api.token))
            .header("accept", "text/event-stream")
            .body(Body::from(file))
            .expect("a request");
        let response = api.router.clone().oneshot(request).await.expect("infallible");
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        String::from_utf8(bytes.to_vec()).expect("UTF-8")
    };
    let text = told("userPrincipalName,displayName\nada@contoso.example,Ada\n").await;
    let last = text.trim_end().rsplit("\n\n").next().expect("an event");
    assert!(last.starts_with("event: report\ndata: {\"created\":1"), "{text}");
    let text = told("nothing\nof use\n").await;
    assert!(text.contains("event: error\ndata: {\"error\":{\"code\":\"Request_BadRequest\""), "{text}");
}
