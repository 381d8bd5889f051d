//! Query options: what they do, and that nothing is left out silently.

use serde_json::{Value, json};

use super::api::{Api, link};

fn names(page: &Value) -> Vec<&str> {
    let list = page["value"].as_array().expect("a list");
    list.iter().map(|it| it["displayName"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn an_option_that_a_list_does_not_take_is_refused() {
    let api = Api::new().await;
    let ann = api.user("ann@x.com").await;
    let unsupported = (400, "Request_UnsupportedQuery".to_owned());
    for path in [
        "users?$apply=x".to_owned(),
        "users?$skip=1".to_owned(),
        "users?$format=xml".to_owned(),
        "users?$search=\"city:bonn\"".to_owned(),
        "users?$expand=owners".to_owned(),
        "users?$expand=manager($filter=id eq 1)".to_owned(),
        "users/$count?$orderby=displayName".to_owned(),
        format!("users/{ann}?$filter=id eq 'x'"),
        format!("users/{ann}/memberOf?$orderby=displayName"),
        "servicePrincipals?$orderby=displayName".to_owned(),
        "auditLogs/provisioning?$search=ann".to_owned(),
        "organization?$filter=id eq 'x'".to_owned(),
        format!("users/{ann}/appRoleAssignments?$orderby=id"),
        "directory/deletedItems/graph.user?$expand=manager".to_owned(),
    ] {
        assert_eq!(api.no("GET", &format!("/v1.0/{path}"), Value::Null).await, unsupported, "{path}");
    }
    let bad = (400, "Request_BadRequest".to_owned());
    for path in
        ["users?$select=shoeSize", "groups?$select=userPrincipalName", "users?$skip=-1", "users?$search=\"a"]
    {
        assert_eq!(api.no("GET", &format!("/v1.0/{path}"), Value::Null).await, bad, "{path}");
    }
    let shown = api.get("/v1.0/users?$format=json&$select=id,City,assignedLicenses&$skip=0").await;
    assert_eq!(shown["value"], json!([{"id": ann, "City": null, "assignedLicenses": null}]));
}

#[tokio::test]
async fn relations_are_filtered_counted_and_paged() {
    let api = Api::new().await;
    let mut ids = Vec::new();
    for name in ["ann", "bob", "carl"] {
        ids.push(api.user(&format!("{name}@x.com")).await);
    }
    let bind =
        |ids: &[String]| json!(ids.iter().map(|id| format!("directoryObjects/{id}")).collect::<Vec<_>>());
    let inner = json!({"displayName": "Inner", "members@odata.bind": bind(&ids[1..])});
    let inner = api.ok("POST", "/v1.0/groups", inner).await["id"].as_str().expect("an id").to_owned();
    let outer = json!({"displayName": "Outer", "members@odata.bind": bind(&[ids[0].clone(), inner.clone()])});
    let outer = api.ok("POST", "/v1.0/groups", outer).await["id"].as_str().expect("an id").to_owned();

    let group = format!("/v1.0/groups/{outer}");
    for (path, expected) in [
        ("members/$count", "2"),
        ("members/microsoft.graph.user/$count", "1"),
        ("transitiveMembers/$count", "4"),
        ("transitiveMembers/graph.user/$count", "3"),
        ("transitiveMembers/$count?$filter=startsWith(displayName,'c')", "1"),
    ] {
        assert_eq!(api.raw("GET", &format!("{group}/{path}"), "").await.1, expected, "{path}");
    }
    assert_eq!(names(&api.get(&format!("{group}/members?$filter=displayName eq 'ann'")).await), ["ann"]);
    assert_eq!(names(&api.get(&format!("{group}/members?$search=\"displayName:inn\"")).await), ["Inner"]);
    assert_eq!(api.raw("GET", &format!("/v1.0/users/{}/transitiveMemberOf/$count", ids[2]), "").await.1, "2");
    let above = api.get(&format!("/v1.0/groups/{inner}/transitiveMemberOf?$count=true")).await;
    assert_eq!((names(&above), &above["@odata.count"]), (vec!["Outer"], &json!(1)));

    let (mut path, mut seen) =
        (format!("{group}/transitiveMembers/graph.user?$top=1&$count=true"), Vec::new());
    loop {
        let page = api.get(&path).await;
        assert_eq!(page["@odata.count"], 3);
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = link(&page, "@odata.nextLink") else { break };
        path = next;
    }
    assert_eq!(seen, ["ann", "bob", "carl"]);

    let named = format!("{group}/members/$ref?@id=https://x/v1.0/directoryObjects/{}", ids[0]);
    api.ok("DELETE", &named, Value::Null).await;
    assert_eq!(names(&api.get(&format!("{group}/members")).await), ["Inner"]);
    assert_eq!(api.no("DELETE", &format!("{group}/members/$ref"), Value::Null).await.0, 400);
}

#[tokio::test]
async fn related_objects_are_expanded_with_what_is_selected_of_them() {
    let api = Api::new().await;
    let (ann, bob) = (api.user("ann@x.com").await, api.user("bob@x.com").await);
    let (app, _) = api.app("scim").await;
    let manager = json!({"@odata.id": format!("users/{bob}")});
    api.ok("PUT", &format!("/v1.0/users/{ann}/manager/$ref"), manager).await;
    let body = json!({"principalId": ann, "resourceId": app, "appRoleId": uuid::Uuid::nil()});
    api.ok("POST", &format!("/v1.0/users/{ann}/appRoleAssignments"), body).await;
    let path = "?$select=displayName&$expand=manager($select=displayName),appRoleAssignments";
    let shown = api.get(&format!("/v1.0/users/{ann}{path}")).await;
    let expected = json!({"@odata.type": "#microsoft.graph.user", "id": bob, "displayName": "bob"});
    assert_eq!((&shown["manager"], &shown["displayName"]), (&expected, &json!("ann")));
    assert_eq!(shown["appRoleAssignments"][0]["resourceId"], *app);
    let principal = api.get(&format!("/v1.0/servicePrincipals/{app}?$expand=appRoleAssignedTo")).await;
    assert_eq!(principal["appRoleAssignedTo"][0]["principalId"], *ann);
    assert_eq!(api.raw("GET", "/v1.0/applicationTemplates/$count?$search=\"scim\"", "").await.1, "1");
    let skipped = api.get("/v1.0/applicationTemplates?$orderby=displayName&$skip=3").await;
    assert_eq!(names(&skipped), ["Slack"]);
    let listed = api.get(&format!("/v1.0/users{path}&$filter=userPrincipalName eq 'bob@x.com'")).await;
    assert_eq!(
        listed["value"],
        json!([{"id": bob, "manager": null, "appRoleAssignments": [], "displayName": "bob"}])
    );
}

#[tokio::test]
async fn lists_within_objects_are_filtered_by_any() {
    let api = Api::new().await;
    let ann = api.user("ann@x.com").await;
    api.user("bob@x.com").await;
    let change = json!({"businessPhones": ["+1 555"], "otherMails": ["ann@home.example", "a@b.example"]});
    api.ok("PATCH", &format!("/v1.0/users/{ann}"), change).await;
    for (filter, expected) in [
        ("businessPhones/any(p:startsWith(p,'%2B1'))", vec!["ann"]),
        ("otherMails/$count eq 2 and not(businessPhones/any(p:p eq '0'))", vec!["ann"]),
        ("otherMails/$count eq 0", vec!["bob"]),
    ] {
        assert_eq!(names(&api.get(&format!("/v1.0/users?$filter={filter}")).await), expected, "{filter}");
    }
    let all = "otherMails/all(m:m eq 'x')";
    assert_eq!(api.no("GET", &format!("/v1.0/users?$filter={all}"), Value::Null).await.0, 400);
    for (target, expected) in
        [(format!("t/id eq '{ann}'"), 2), ("startsWith(t/displayName,'bob')".to_owned(), 1)]
    {
        let log = format!("targetResources/any(t:{target}) and category eq 'UserManagement'");
        let found = api.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={log}")).await;
        assert_eq!(found["value"].as_array().map(Vec::len), Some(expected), "{log}");
    }
}
