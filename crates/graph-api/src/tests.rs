//! The API as a client sees it, over the store in memory.

mod api;
mod batch;
mod configuration;
mod delta;
mod expressions;
mod forms;
mod keeping;
mod query;
mod reevaluation;
mod roles;
mod sign_in;
mod standing;
mod target;
mod tenants;
mod webhooks;

use crate::openapi::Described;
use api::Api;
use axum::http::StatusCode;
use model::{Principal, ProvisioningAction, ProvisioningEntry, ProvisioningStatus};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn only_an_administrator_gets_in() {
    let mut api = Api::new().await;
    assert_eq!(api.get("/beta/users").await["value"], json!([]));
    let token = std::mem::take(&mut api.token);
    let refused = (401, "InvalidAuthenticationToken".to_owned());
    for path in ["/v1.0/users", "/beta/nothing", "/provost/v1/tenants"] {
        assert_eq!(api.no("GET", path, Value::Null).await, refused);
    }
    api.token = token[..token.len() - 1].to_owned();
    assert_eq!(api.no("GET", "/v1.0/users", Value::Null).await, refused);
    assert_eq!(api.raw("GET", "/healthz", "").await.0, StatusCode::OK);
    assert_eq!(api.raw("GET", "/readyz", "").await.0, StatusCode::OK);
    assert!(api.get("/openapi.json").await["paths"]["/v1.0/users"]["get"].is_object());
}

#[tokio::test]
async fn users_come_and_go() {
    let api = Api::new().await;
    let id = api.user("Zoë@example.com").await;
    let shown = api.get("/v1.0/users/zo%C3%AB@example.com").await;
    assert_eq!(shown["id"], *id);
    assert_eq!(shown["@odata.context"], "http://127.0.0.1:8080/v1.0/$metadata#users/$entity");
    assert!(shown.get("passwordProfile").is_none() && shown["jobTitle"].is_null());

    let path = format!("/v1.0/users/{id}");
    api.ok(
        "PATCH",
        &path,
        json!({"jobTitle": "Chief", "onPremisesExtensionAttributes": {"extensionAttribute3": "x"}}),
    )
    .await;
    let shown = api.get(&format!("{path}?$select=jobTitle,onPremisesExtensionAttributes")).await;
    assert_eq!(shown["jobTitle"], "Chief");
    assert_eq!(shown["onPremisesExtensionAttributes"], json!({"extensionAttribute3": "x"}));
    assert!(shown.get("surname").is_none());

    let bad = (400, "Request_BadRequest".to_owned());
    let again = json!({"userPrincipalName": "ZOË@example.com", "displayName": "x"});
    assert_eq!(api.no("POST", "/v1.0/users", again).await, bad);
    assert_eq!(api.no("PATCH", &path, json!({"shoeSize": 3})).await, bad);
    assert_eq!(api.raw("POST", "/v1.0/users", "{").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(api.raw("POST", "/v1.0/users", "[".repeat(10_000)).await.0, StatusCode::BAD_REQUEST);

    let missing = (404, "Request_ResourceNotFound".to_owned());
    api.ok("DELETE", &path, Value::Null).await;
    assert_eq!(api.no("GET", &path, Value::Null).await, missing);
    let bin = api.get("/v1.0/directory/deletedItems/graph.user").await;
    assert_eq!(bin["value"][0]["@odata.type"], "#microsoft.graph.user");
    api.ok("POST", &format!("/v1.0/directory/deletedItems/{id}/restore"), Value::Null).await;
    api.get(&path).await;
    api.ok("DELETE", &path, Value::Null).await;
    api.ok("DELETE", &format!("/v1.0/directory/deletedItems/{id}"), Value::Null).await;
    assert_eq!(api.no("GET", &format!("/v1.0/directory/deletedItems/{id}"), Value::Null).await, missing);
    let log = api.get("/v1.0/auditLogs/directoryAudits?$filter=category eq 'UserManagement'").await;
    assert_eq!(log["value"][0]["activityDisplayName"], "Hard Delete user");
    assert_eq!(log["value"][0]["initiatedBy"]["user"]["displayName"], "Global Administrator");
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let api = Api::new().await;
    for name in ["ann@x.com", "anna@x.com", "bob@x.com", "carl@x.com"] {
        api.user(name).await;
    }
    let mut path = "/v1.0/users?$top=3&$select=userPrincipalName&$count=true".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = api.get(&path).await;
        assert_eq!(page["@odata.count"], 4);
        seen.extend(
            page["value"].as_array().expect("a list").iter().map(|it| it["userPrincipalName"].clone()),
        );
        let Some(next) = page["@odata.nextLink"].as_str() else { break };
        path = next.strip_prefix("http://127.0.0.1:8080").expect("absolute").to_owned();
    }
    assert_eq!(json!(seen), json!(["ann@x.com", "anna@x.com", "bob@x.com", "carl@x.com"]));
    assert_eq!(api.raw("GET", "/v1.0/users/$count", "").await.1, "4");
    for (filter, names) in [
        ("startswith(displayName,'AN') or displayName eq 'carl'", json!(["ann", "anna", "carl"])),
        ("startsWith(userPrincipalName,'ann')", json!(["ann", "anna"])),
        ("userPrincipalName eq 'BOB@x.com' and accountEnabled eq true", json!(["bob"])),
        ("mail eq 'nobody'", json!([])),
    ] {
        let found = api.get(&format!("/v1.0/users?$filter={filter}")).await;
        let found: Vec<&Value> =
            found["value"].as_array().expect("a list").iter().map(|it| &it["displayName"]).collect();
        assert_eq!(json!(found), names, "{filter}");
    }
    assert_eq!(api.get("/v1.0/users?$search=\"displayName:CAR\"").await["value"][0]["displayName"], "carl");
    let first = api.get("/v1.0/users?$orderby=displayName&$top=1").await;
    assert_eq!(first["value"][0]["displayName"], "ann");
    for path in ["$filter=x", "$top=0", "$skiptoken=AAAA!", "$orderby=city"] {
        let (status, _) = api.call("GET", &format!("/v1.0/users?{path}"), Value::Null).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn groups_have_members_and_users_a_manager() {
    let api = Api::new().await;
    let (ann, bob) = (api.user("ann@x.com").await, api.user("bob@x.com").await);
    let bound = json!({"displayName": "Team", "members@odata.bind": [format!("https://x/v1.0/users/{ann}")]});
    let team = api.ok("POST", "/v1.0/groups", bound).await;
    let team = team["id"].as_str().expect("an id");
    let reference = json!({"@odata.id": format!("https://x/v1.0/directoryObjects/{bob}")});
    let members = format!("/v1.0/groups/{team}/members");
    api.ok("POST", &format!("{members}/$ref"), reference.clone()).await;
    let bad = (400, "Request_BadRequest".to_owned());
    assert_eq!(api.no("POST", &format!("{members}/$ref"), reference.clone()).await, bad);
    assert_eq!(api.no("POST", &format!("{members}/$ref"), json!({})).await, bad);
    let listed = api.get(&format!("{members}?$count=true")).await;
    assert_eq!((&listed["@odata.count"], listed["value"].as_array().expect("a list").len()), (&json!(2), 2));
    assert_eq!(api.raw("GET", &format!("{members}/$count"), "").await.1, "2");
    assert_eq!(api.get(&format!("/v1.0/users/{ann}/memberOf")).await["value"][0]["displayName"], "Team");
    assert_eq!(api.get("/v1.0/groups/team/transitiveMembers").await["value"][1]["id"], *bob);
    api.ok("DELETE", &format!("{members}/{bob}/$ref"), Value::Null).await;
    assert_eq!(api.no("DELETE", &format!("{members}/{bob}/$ref"), Value::Null).await.0, 404);

    let manager = format!("/v1.0/users/{ann}/manager");
    assert_eq!(api.no("GET", &manager, Value::Null).await.0, 404);
    api.ok("PUT", &format!("{manager}/$ref"), reference).await;
    assert_eq!(api.get(&manager).await["userPrincipalName"], "bob@x.com");
    assert_eq!(api.get(&format!("/v1.0/users/{ann}?$expand=manager")).await["manager"]["id"], *bob);
    assert_eq!(api.get(&format!("/v1.0/users/{bob}/directReports")).await["value"][0]["id"], *ann);
    api.ok("DELETE", &format!("{manager}/$ref"), Value::Null).await;
    api.ok("DELETE", &format!("/v1.0/groups/{team}"), Value::Null).await;
    assert_eq!(api.raw("GET", "/v1.0/groups/$count", "").await.1, "0");
}

#[tokio::test]
async fn applications_come_from_the_gallery_and_are_assigned() {
    let api = Api::new().await;
    let found = api.get("/v1.0/applicationTemplates?$search=\"office\"").await;
    assert_eq!(found["value"][0]["id"], "officespace");
    assert_eq!(api.no("POST", "/v1.0/applicationTemplates/x/instantiate", json!({})).await.0, 404);
    let (app, _) = api.app("officespace").await;
    let ann = api.user("ann@x.com").await;
    let roles = api.get(&format!("/v1.0/servicePrincipals/{app}")).await["appRoles"].clone();
    let path = format!("/v1.0/servicePrincipals/{app}/appRoleAssignedTo");
    let body = json!({"principalId": ann, "resourceId": app, "appRoleId": roles[0]["id"]});
    let made = api.ok("POST", &path, body.clone()).await;
    assert_eq!((&made["principalType"], &made["principalDisplayName"]), (&json!("User"), &json!("ann")));
    assert_eq!(api.no("POST", &path, body).await.0, 400);
    let wrong = json!({"principalId": ann, "resourceId": app, "appRoleId": Uuid::from_u128(5)});
    assert_eq!(api.no("POST", &path, wrong).await.0, 400);
    assert_eq!(api.get(&path).await["value"].as_array().expect("a list").len(), 1);
    assert_eq!(
        api.get(&format!("/v1.0/users/{ann}/appRoleAssignments")).await["value"][0]["resourceId"],
        *app
    );
    let id = made["id"].as_str().expect("an id");
    api.ok("DELETE", &format!("{path}/{id}"), Value::Null).await;
    assert_eq!(api.no("DELETE", &format!("{path}/{id}"), Value::Null).await.0, 404);
    let (second, _) = api.app("scim").await;
    assert_eq!(api.no("GET", "/v1.0/servicePrincipals/The App", Value::Null).await.0, 400);
    let named = api.get("/v1.0/servicePrincipals?$filter=displayName eq 'the app'").await;
    assert_eq!(named["value"].as_array().expect("a list").len(), 2);
    api.ok("DELETE", &format!("/v1.0/servicePrincipals/{second}"), Value::Null).await;
    assert_eq!(api.get("/v1.0/servicePrincipals/The App").await["id"], *app);
}

#[tokio::test]
async fn jobs_are_configured_and_run() {
    let api = Api::new().await;
    let (app, job) = api.app("scim").await;
    let base = format!("/v1.0/servicePrincipals/{app}/synchronization");
    let again = api.ok("POST", &format!("{base}/jobs"), json!({"templateId": "scim"})).await;
    assert_eq!((&again["id"], &again["status"]["code"]), (&json!(job), &json!("NotRun")));
    assert_eq!(api.get(&format!("{base}/templates")).await["value"][0]["id"], "scim");

    let path = format!("{base}/jobs/{job}");
    assert_eq!(
        api.no("POST", &format!("{path}/start"), Value::Null).await,
        (400, "CredentialsMissing".to_owned())
    );
    let secrets = json!({"value": [
        {"key": "BaseAddress", "value": "https://t.example.com/scim"},
        {"key": "SecretToken", "value": "sesame"},
        {"key": "SyncAll", "value": "true"},
    ]});
    api.ok("PUT", &format!("{base}/secrets"), secrets).await;
    let (_, shown) = api.raw("GET", &format!("{base}/secrets"), "").await;
    assert!(
        shown.contains("SecretToken") && !shown.contains("sesame") && !shown.contains("t.example"),
        "{shown}"
    );
    assert_eq!(
        api.no("PUT", &format!("{base}/secrets"), json!({"value": [{"key": "X", "value": "y"}]})).await.0,
        400
    );
    let ours = format!("/provost/v1/jobs/{job}");
    let shown = api.get(&ours).await;
    assert_eq!((&shown["scope"], &shown["tenantUrl"]), (&json!("all"), &json!("https://t.example.com/scim")));
    for url in ["https://user:sesame@t.example.com/scim", "https://t.example.com/scim?token=sesame"] {
        api.ok("PUT", &format!("{base}/secrets"), json!({"value": [{"key": "BaseAddress", "value": url}]}))
            .await;
        assert_eq!(api.get(&ours).await["tenantUrl"], Value::Null, "it may hold a secret");
    }

    api.ok("POST", &format!("{path}/start"), Value::Null).await;
    assert_eq!(api.get(&path).await["schedule"]["state"], "Active");
    api.ok("POST", &format!("{path}/pause"), Value::Null).await;
    api.ok("POST", &format!("{path}/restart"), json!({"criteria": {"resetScope": "Watermark, Escrows"}}))
        .await;
    assert_eq!(
        api.no("POST", &format!("{path}/restart"), json!({"criteria": {"resetScope": "Moon"}})).await.0,
        400
    );
    api.ok("POST", &format!("{path}/validateCredentials"), json!({"useSavedCredentials": true})).await;
    let given = json!({"useSavedCredentials": false, "credentials": [{"key": "BaseAddress", "value": "https://nowhere"}]});
    assert_eq!(
        api.no("POST", &format!("{path}/validateCredentials"), given).await,
        (400, "HostNotFound".to_owned())
    );

    assert_eq!(api.raw("GET", &format!("{ours}/progress"), "").await.1, "");
    let (status, begun) = api.call("POST", &format!("{ours}/run"), Value::Null).await;
    assert_eq!((status, &begun["cycleId"]), (StatusCode::ACCEPTED, &json!(Uuid::from_u128(9))));
    let (_, events) = api.raw("GET", &format!("{ours}/progress"), "").await;
    let events: Vec<Value> = events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).expect("JSON"))
        .collect();
    assert_eq!((events.len(), &events[1]["status"]), (2, &json!("completed")));
    api.ok("POST", &format!("{ours}/allow-deletes"), Value::Null).await;

    let changed = api
        .ok(
            "PATCH",
            &ours,
            json!({"interval": "PT5S", "guards": {"removals": {"number": 7}}, "scope": "assigned"}),
        )
        .await;
    assert_eq!(changed["interval"], "PT5S");
    assert_eq!(changed["guards"]["removals"], json!({"enabled": true, "number": 7, "percent": null}));
    let leaving = json!({"hardDeleted": "nothing", "unlinkMatched": true});
    let changed = api
        .ok("PATCH", &ours, json!({"deprovisioning": leaving, "guards": {"renames": {"enabled": false}}}))
        .await;
    assert_eq!(changed["deprovisioning"]["hardDeleted"], "nothing");
    assert_eq!(changed["deprovisioning"]["outOfScope"], "disable");
    assert_eq!(
        (&changed["guards"]["removals"]["number"], &changed["guards"]["renames"]["enabled"]),
        (&json!(7), &json!(false))
    );
    let first = api.get(&format!("{ours}/staged?$top=1")).await;
    assert_eq!(first["value"][0]["action"], "disable");
    let next = first["@odata.nextLink"].as_str().expect("more").split_once(":8080").expect("a host").1;
    assert_eq!(api.get(next).await["value"][0]["displayName"], "user 2");
    assert_eq!(api.no("GET", &format!("{ours}/drift"), Value::Null).await.0, 404);
    let (status, begun) = api.call("POST", &format!("{ours}/drift"), json!({"repair": true})).await;
    assert_eq!(
        (status, &begun["status"], &begun["jobId"]),
        (StatusCode::ACCEPTED, &json!("running"), &json!(job))
    );
    for wrong in [json!({"repair": "yes"}), json!({"mend": true})] {
        assert_eq!(api.no("POST", &format!("{ours}/drift"), wrong).await.0, 400);
    }
    let first = api.get(&format!("{ours}/drift/findings?$top=1")).await;
    assert_eq!(first["value"][0]["kind"], "unknownAccount");
    let next = first["@odata.nextLink"].as_str().expect("more").split_once(":8080").expect("a host").1;
    assert_eq!(api.get(next).await["value"][0]["targetId"], "2");
    for wrong in [
        json!({"interval": "PT0S"}),
        json!({"scope": "some"}),
        json!({"colour": 1}),
        json!({"guards": {"removals": {"number": -1}}}),
        json!({"guards": {"removals": {"percent": 101}}}),
        json!({"guards": {"removals": {"most": 1}}}),
        json!({"deprovisioning": {"outOfScpoe": "delete"}}),
        json!({"deprovisioning": {"groupOutOfScope": "disable"}}),
        json!({"notificationMail": "x"}),
    ] {
        assert_eq!(api.no("PATCH", &format!("{ours}/settings"), wrong).await.0, 400);
    }
    assert_eq!(api.get(&format!("{ours}/settings")).await["interval"], "PT5S");

    let ann = api.user("ann@x.com").await;
    let subjects = json!({"parameters": [{"subjects": [{"objectId": ann, "objectTypeName": "User"}]}]});
    let answer = api.ok("POST", &format!("{path}/provisionOnDemand"), subjects).await;
    assert!(answer["value"].as_str().is_some_and(|text| text.contains("\"steps\"")), "{answer}");
    assert_eq!(api.no("POST", &format!("{path}/provisionOnDemand"), json!({})).await.0, 400);
    let expected = [
        "started",
        "paused",
        "restart [Watermark, Escrows]",
        "run by Global Administrator",
        "allow",
        "drift true by Global Administrator",
        "provision User",
    ];
    assert_eq!(*api.notes.0.lock(), expected);
    api.ok("DELETE", &path, Value::Null).await;
    assert_eq!(api.no("GET", &ours, Value::Null).await.0, 404);
}

#[tokio::test]
async fn mappings_are_exported_and_imported() {
    let api = Api::new().await;
    let (app, job) = api.app("scim").await;
    let path = format!("/v1.0/servicePrincipals/{app}/synchronization/jobs/{job}/schema");
    let mut schema = api.get(&path).await;
    let attributes = &mut schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"];
    attributes[2]["source"] = json!({"type": "Function", "expression": "ToUpper([displayName], )"});
    api.ok("PUT", &path, schema.clone()).await;
    assert_eq!(
        api.get(&path).await["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][2]["source"]
            ["name"],
        "ToUpper"
    );
    schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][2]["source"]["expression"] =
        "ToUpper(".into();
    assert_eq!(api.no("PUT", &path, schema).await.0, 400);
    api.ok("DELETE", &path, Value::Null).await;
    assert_eq!(
        api.get(&path).await["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][2]["source"]
            ["name"],
        "displayName"
    );
}

#[tokio::test]
async fn files_are_imported() {
    let api = Api::new().await;
    let file = "userPrincipalName,displayName,manager\nann@x.com,Ann,bob@x.com\nbob@x.com,Bob,\nbroken,X,\n";
    let (_, dry) = api.raw("POST", "/provost/v1/users/import?dryRun=true", file).await;
    assert!(dry.contains("\"created\":2") && dry.contains("\"imported\":false"), "{dry}");
    let (status, report) = api.raw("POST", "/provost/v1/users/import?atomic=false", file).await;
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((status, &report["created"], &report["failed"]), (StatusCode::OK, &json!(2), &json!(1)));
    assert_eq!(report["errors"][0]["line"], 4);
    assert_eq!(api.get("/v1.0/users/ann@x.com/manager").await["displayName"], "Bob");
    let groups = "displayName,memberUserPrincipalName\nTeam,ann@x.com\n";
    let (_, report) = api.raw("POST", "/provost/v1/groups/import", groups).await;
    assert!(report.contains("\"membersAdded\":1"), "{report}");
    // More than an ordinary body may have.
    let mut large = String::from("userPrincipalName,displayName,jobTitle\n");
    for number in 0..2500 {
        large += &["u", &number.to_string(), "@x.com,U,", &"t".repeat(2000), "\n"].concat();
    }
    let (status, _) = api.raw("POST", "/provost/v1/users/import?dryRun=true", large.clone()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(api.raw("POST", "/v1.0/users", large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    for (path, file) in
        [("users/import", "nothing"), ("users/import?dryRun=perhaps", file), ("groups/import", "")]
    {
        assert_eq!(api.raw("POST", &format!("/provost/v1/{path}"), file).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn the_provisioning_log_is_filtered() {
    let api = Api::new().await;
    let directory = &api.state.directory;
    let mut transaction = store::Transaction::new(directory.clock().now());
    for number in 0..5u128 {
        let entry = ProvisioningEntry {
            id: directory.ids().next(),
            activity_date_time: directory.clock().now(),
            tenant_id: directory.id(),
            job_id: Uuid::from_u128(1),
            cycle_id: Uuid::from_u128(2),
            change_id: Uuid::from_u128(3),
            provisioning_action: ProvisioningAction::Create,
            provisioning_status: if number == 3 {
                ProvisioningStatus::Failure
            } else {
                ProvisioningStatus::Success
            },
            error_information: None,
            duration_in_milliseconds: 1,
            initiated_by: Principal::system("worker"),
            service_principal: model::Identity { id: Uuid::from_u128(4).to_string(), ..Default::default() },
            source_identity: model::Identity {
                id: Uuid::from_u128(10 + number).to_string(),
                display_name: format!("u{number}@x.com"),
                identity_type: "User".to_owned(),
            },
            target_identity: model::Identity::default(),
            provisioning_steps: Vec::new(),
            modified_properties: Vec::new(),
        };
        transaction.ops.push(directory::entry_op(&entry));
    }
    directory.store().commit(transaction).await.expect("commits");
    let names = async |filter: &str| {
        let page = api.get(&format!("/v1.0/auditLogs/provisioning?$filter={filter}")).await;
        let list = page["value"].as_array().expect("a list").clone();
        list.into_iter()
            .map(|it| it["sourceIdentity"]["displayName"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    let app = Uuid::from_u128(4);
    assert_eq!(names(&format!("servicePrincipal/id eq '{app}'")).await[0], "u4@x.com", "the newest first");
    assert_eq!(names("provisioningStatusInfo/status eq 'failure'").await, ["u3@x.com"]);
    assert_eq!(names(&format!("sourceIdentity/id eq '{}'", Uuid::from_u128(11))).await, ["u1@x.com"]);
    assert_eq!(
        names("sourceIdentity/displayName eq 'U2@x.com' and jobId eq '00000000-0000-0000-0000-000000000001'")
            .await,
        ["u2@x.com"]
    );
    assert!(names("activityDateTime ge 2026-03-02").await.is_empty());
    for never in [
        "activityDateTime ge 2026-03-02 and activityDateTime ge 2001-01-01",
        "activityDateTime le 2001-01-01 and activityDateTime lt 2026-03-02",
        "provisioningStatusInfo/status eq 'failure' and provisioningStatusInfo/status eq 'success'",
        "sourceIdentity/displayName eq 'u2@x.com' and sourceIdentity/id eq 'u1@x.com'",
    ] {
        assert_eq!(names(never).await, [""; 0], "{never}");
    }
    let failures = api.get("/provost/v1/failures").await["value"].clone();
    let counts: Vec<_> = failures.as_array().expect("a list").iter().map(|it| it["count"].clone()).collect();
    assert_eq!(counts, [vec![json!(0); 23], vec![json!(1)]].concat(), "one, in the hour that goes on");
    let first = api.get("/v1.0/auditLogs/provisioning?$top=2").await;
    let next = first["@odata.nextLink"]
        .as_str()
        .expect("more")
        .strip_prefix("http://127.0.0.1:8080")
        .expect("absolute");
    assert_eq!(api.get(next).await["value"][0]["sourceIdentity"]["displayName"], "u2@x.com");
    for wrong in ["statusInfo/status eq 'odd'", "x eq 'y'", "jobId eq 'z'", "activityDateTime ge 'soon'"] {
        assert_eq!(
            api.no("GET", &format!("/v1.0/auditLogs/provisioning?$filter={wrong}"), Value::Null).await.0,
            400
        );
    }
    let file = async |query: &str| api.raw("GET", &format!("/provost/v1/provisioningLog?{query}"), "").await;
    let (status, whole) = file("format=json").await;
    let whole: Value = serde_json::from_str(&whole).expect("JSON");
    assert_eq!((status, whole.as_array().map(Vec::len)), (StatusCode::OK, Some(5)));
    let found = api.get("/v1.0/auditLogs/provisioning").await;
    assert_eq!(whole, found["value"]);
    let (_, rows) = file("format=csv&$filter=contains(sourceIdentity/displayName,'3@x')").await;
    let rows: Vec<&str> = rows.lines().collect();
    assert_eq!(rows.len(), 2, "a row below the names of the columns");
    assert!(rows[1].contains("\"create\",\"failure\",\"u3@x.com\""), "{}", rows[1]);
    assert_eq!(file("format=json&$filter=x eq 'y'").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(file("format=xml").await.0, StatusCode::BAD_REQUEST);
    let none = file("format=json&$filter=activityDateTime ge 2026-03-02").await;
    assert_eq!(none, (StatusCode::OK, "[]\n".to_owned()));
}

#[tokio::test]
async fn every_documented_call_exists_and_errors_are_always_json() {
    let mut api = Api::new().await;
    let id = Uuid::from_u128(77).to_string();
    for Described { method, path, .. } in crate::openapi::calls() {
        let path = ["{id}", "{member}", "{assignment}", "{job}", "{template}", "{name}"]
            .iter()
            .fold((*path).to_owned(), |path, name| path.replace(name, &id));
        let (status, text) = api.raw(&method.to_uppercase(), &path, "").await;
        assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert!(!text.contains("for the segment"), "{method} {path}: {text}");
        if path == "/provost/v1/admin-token/reset" {
            let made: Value = serde_json::from_str(&text).expect("JSON");
            made["token"].as_str().expect("a text").clone_into(&mut api.token);
        }
        if !status.is_success() {
            let error: Value =
                serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {text}"));
            assert!(error["error"]["code"].is_string() && error["error"]["innerError"].is_object());
            assert!(status.is_client_error(), "{method} {path}: {status}");
        }
    }
    assert_eq!(api.no("GET", "/v1.0/nothing", Value::Null).await.0, 404);
    assert_eq!(api.no("GET", "/nothing", Value::Null).await.0, 404);
    let (_, refused) = api.call("GET", "/v1.0/nothing", Value::Null).await;
    assert_eq!(refused["error"]["innerError"]["date"], "2026-03-01T08:00:00");
    let (status, refused) = api.call("POST", "/v1.0/users", json!("x".repeat(5_000_000))).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (413, &json!("Request_EntityTooLarge")));
    assert_eq!(api.no("GET", "/v1.0/users/%ff", Value::Null).await.0, 400);
    assert_eq!(api.no("DELETE", "/v1.0/users", Value::Null).await.0, 405);
    for hostile in [
        "/v1.0/users/%00",
        "/v1.0/groups/%F0%9F%98%80",
        "/v1.0/users?$filter=%27",
        "/v1.0/servicePrincipals/%2e%2e",
    ] {
        let (status, _) = api.call("GET", hostile, Value::Null).await;
        assert!(status.is_client_error(), "{hostile}: {status}");
    }
}

#[tokio::test]
async fn settings_among_the_secrets_are_settings_of_the_job() {
    let api = Api::new().await;
    let (app, job) = api.app("scim").await;
    let (ours, secrets) = (
        format!("/provost/v1/jobs/{job}/settings"),
        format!("/v1.0/servicePrincipals/{app}/synchronization/secrets"),
    );
    let save = async |key: &str, value: &str| {
        api.ok("PUT", &secrets, json!({"value": [{"key": key, "value": value}]})).await;
        api.get(&ours).await
    };
    let threshold = json!({"Enabled": true, "Recipients": "it@x.com", "DeleteThresholdEnabled": true, "DeleteThresholdValue": 50});
    let settings = save("SyncNotificationSettings", &threshold.to_string()).await;
    assert_eq!(settings["guards"]["removals"], json!({"enabled": true, "number": 50, "percent": null}));
    assert_eq!((&settings["notificationMail"], &settings["notify"]), (&json!("it@x.com"), &json!(true)));
    let settings = save("SyncNotificationSettings", r#"{"Enabled": false, "Recipients": "it@x.com"}"#).await;
    assert_eq!((&settings["notificationMail"], &settings["notify"]), (&json!("it@x.com"), &json!(false)));
    let settings = save("SyncNotificationSettings", r#"{"DeleteThresholdEnabled": false}"#).await;
    assert_eq!(settings["guards"]["removals"], json!({"enabled": true, "number": null, "percent": null}));
    assert_eq!(save("SkipOutOfScopeDeletions", "True").await["deprovisioning"]["outOfScope"], "nothing");
    assert_eq!(save("SkipOutOfScopeDeletions", "False").await["deprovisioning"]["outOfScope"], "disable");
    // What was chosen otherwise is not lost by saying so again.
    api.ok("PATCH", &ours, json!({"deprovisioning": {"outOfScope": "delete"}})).await;
    assert_eq!(save("SkipOutOfScopeDeletions", "False").await["deprovisioning"]["outOfScope"], "delete");

    api.ok(
        "POST",
        &format!("/provost/v1/jobs/{job}/allowDeletes"),
        json!({"stagedUntil": "2026-03-01T10:00:00Z"}),
    )
    .await;
    assert_eq!(
        api.no(
            "POST",
            &format!("/provost/v1/jobs/{job}/allowDeletes"),
            json!({"until": "2026-03-01T10:00:00Z"})
        )
        .await
        .0,
        400
    );
    let audits = api.get("/v1.0/auditLogs/directoryAudits").await;
    let allowed = audits["value"].as_array().expect("a list").iter();
    assert_eq!(allowed.filter(|entry| entry["activityDisplayName"] == "Allow staged changes").count(), 1);
}
