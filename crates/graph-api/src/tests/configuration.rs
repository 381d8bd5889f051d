//! The configuration as one document.

use axum::http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::api::Api;
use super::reevaluation::complete;

const PATH: &str = "/provost/v1/configuration";

/// An installation with users and groups to be assigned, and no configuration.
async fn empty() -> Api {
    let api = Api::new().await;
    for name in ["ann@x.com", "bob@x.com", "carl@x.com"] {
        api.user(name).await;
    }
    for name in ["Sales", "Research"] {
        api.ok("POST", "/v1.0/groups", json!({"displayName": name})).await;
    }
    api
}

async fn exported(api: &Api) -> String {
    let (status, text) = api.raw("GET", PATH, "").await;
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

async fn apply(api: &Api, options: &str, document: &Value) -> Value {
    api.ok("POST", &format!("{PATH}?{options}"), document.clone()).await
}

fn paths(outcome: &Value) -> Vec<String> {
    let changes = outcome["changes"].as_array().expect("a list");
    changes.iter().map(|it| format!("{} {}", it["action"], it["path"]).replace('"', "")).collect()
}

#[tokio::test]
async fn a_plan_changes_nothing_and_tells_all() {
    let api = empty().await;
    let (_, job) = api.app("officespace").await;
    let mut document: Value = serde_json::from_str(&exported(&api).await).expect("JSON");
    let outcome = apply(&api, "plan=true", &document).await;
    assert_eq!((&outcome["applied"], paths(&outcome)), (&json!(false), vec![]), "{outcome}");
    assert!(outcome["toDo"][0].as_str().is_some_and(|it| it.contains("tenant URL")), "{outcome}");

    complete(&api, &job, 7).await;
    let one = &mut document["applications"][0]["jobs"][0];
    one["settings"] = json!({"interval": "PT20M"});
    let mapped = one["mappings"][0]["attributeMappings"].as_array_mut().expect("mappings");
    let title = mapped.iter_mut().find(|it| it["target"] == "title").expect("mapped");
    title["source"] = json!({"constant": "x"});
    document["applications"][0]["assignments"] =
        json!([{"group": "sales"}, {"user": "ANN@x.com", "role": "user"}]);
    document["tenants"] = json!([{"name": "contoso", "settings": {"strict": true}}]);
    let before = exported(&api).await;
    let planned = apply(&api, "plan=true", &document).await;
    assert_eq!(exported(&api).await, before);
    assert_eq!(
        paths(&planned),
        [
            "change applications[The App].jobs[officespace].settings.interval",
            "change applications[The App].jobs[officespace].mappings[User].attributeMappings[title].source",
            "add applications[The App].assignments[ann@x.com, User]",
            "add applications[The App].assignments[Sales, User]",
            "add tenants[contoso]",
        ],
        "{planned:#}"
    );
    assert_eq!(planned["changes"][0]["old"], "PT40M");
    assert_eq!(planned["changes"][0]["new"], "PT20M");
    let due =
        json!([{"application": "The App", "template": "officespace", "objects": 7, "everything": false}]);
    assert_eq!(planned["reevaluation"], due);

    let outcome = apply(&api, "", &document).await;
    assert_eq!((&outcome["applied"], &outcome["changes"]), (&json!(true), &planned["changes"]));
    let outcome = apply(&api, "", &document).await;
    assert_eq!((&outcome["applied"], paths(&outcome)), (&json!(false), vec![]), "{outcome}");
    let settings = api.get("/provost/v1/tenants/contoso").await["settings"].clone();
    assert_eq!((&settings["strict"], &settings["uniqueGroupNames"]), (&json!(true), &json!(true)));
    let audits =
        api.get("/v1.0/auditLogs/directoryAudits?$filter=category eq 'ProvisioningManagement'").await;
    assert_eq!(audits["value"][0]["initiatedBy"]["user"]["displayName"], "Global Administrator");
    assert_eq!(audits["value"][0]["activityDisplayName"], "Update provisioning configuration");
}

#[tokio::test]
async fn all_of_it_or_nothing() {
    let api = empty().await;
    let before = exported(&api).await;
    let with =
        |second: Value| json!({"version": 1, "applications": [{"name": "A", "template": "scim"}, second]});
    for (second, message) in [
        (json!({"name": "B"}), "applications[B]: there is no such application"),
        (json!({"name": "B", "template": "odd"}), "applications[B]: There is no application template 'odd'"),
        (json!({"name": " a", "template": "scim"}), "applications: ' a' is named twice"),
        (
            json!({"name": "B", "template": "scim", "colour": 1}),
            "applications[1].colour: unknown field `colour`",
        ),
        (
            json!({"name": "B", "template": "scim", "jobs": [{"template": "scim", "settings": {"colour": 1}}]}),
            "applications[B].jobs[scim]: There is no setting 'colour' here; there are: interval",
        ),
        (
            json!({"name": "B", "template": "scim", "jobs": [{"template": "scim", "settings": {"interval": "PT0S"}}]}),
            "applications[B].jobs[scim]: Invalid value specified for property 'interval'",
        ),
        (
            json!({"name": "B", "template": "scim", "assignments": [{"user": "ann@x.com"}, {"group": "Nobody"}]}),
            "applications[B].assignments[1]: there is no group 'Nobody'",
        ),
        (
            json!({"name": "B", "template": "officespace", "assignments": [{"user": "ann@x.com", "role": "King"}]}),
            "applications[B].assignments[0]: Invalid value specified for property 'appRoleId'",
        ),
    ] {
        for options in ["", "?plan=true"] {
            let (status, refused) = api.call("POST", &format!("{PATH}{options}"), with(second.clone())).await;
            let found = refused["error"]["message"].as_str().expect("a message");
            assert!(
                status == StatusCode::BAD_REQUEST || status == StatusCode::NOT_FOUND,
                "{status} {refused}"
            );
            assert!(found.starts_with(message), "{found}");
            assert_eq!(exported(&api).await, before);
        }
    }
    let wrong = json!({"version": 1, "applications": [{"name": "A", "template": "scim"}],
        "tenants": [{"name": "contoso", "settings": {"colour": 1}}]});
    assert_eq!(api.no("POST", PATH, wrong).await.0, 400);
    assert_eq!(exported(&api).await, before);
    for wrong in [
        json!({"file": "../x", "when": {"every": "PT1H"}}),
        json!({"file": "x", "when": {"every": "PT1H"}, "colour": 1}),
        json!({"file": "x", "when": "noon"}),
    ] {
        let document = json!({"version": 1, "importSchedule": wrong});
        let (status, refused) = api.call("POST", PATH, document).await;
        let message = refused["error"]["message"].as_str().expect("a message");
        assert!(status == StatusCode::BAD_REQUEST && message.starts_with("importSchedule"), "{message}");
    }
    for body in ["", "[]", "{", "{\"version\": 7}"] {
        assert_eq!(api.raw("POST", PATH, body).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[tokio::test]
async fn what_is_not_named_stays_unless_it_is_pruned() {
    let api = empty().await;
    api.app("scim").await;
    let whole = json!({"version": 1, "applications": [
        {"name": "A", "template": "officespace", "jobs": [{"template": "officespace", "tables": {"t": {"a": "b"}}}],
         "assignments": [{"user": "ann@x.com"}, {"user": "bob@x.com"}]},
    ], "tenants": [{"name": "contoso"}]});
    apply(&api, "", &whole).await;
    // Somebody who is in the recycle bin comes back with the assignment.
    let bob = api.get("/v1.0/users/bob@x.com").await["id"].as_str().expect("an id").to_owned();
    api.ok("DELETE", &format!("/v1.0/users/{bob}"), Value::Null).await;
    let part = json!({"version": 1, "applications": [
        {"name": "a", "jobs": [{"template": "officespace", "tables": {}}], "assignments": []},
    ]});
    assert_eq!(paths(&apply(&api, "", &part).await), [""; 0]);
    let pruned = apply(&api, "prune=true", &part).await;
    assert_eq!(
        paths(&pruned),
        [
            "remove applications[A].jobs[officespace].tables.t",
            "remove applications[A].assignments[ann@x.com, User]",
            "remove applications[The App]",
        ]
    );
    assert!(api.notes.0.lock().contains(&"paused".to_owned()), "a cycle of what is deleted is stopped");
    api.get("/provost/v1/tenants/contoso").await;
    api.ok("POST", &format!("/v1.0/directory/deletedItems/{bob}/restore"), Value::Null).await;
    let document: Value = serde_json::from_str(&exported(&api).await).expect("JSON");
    assert_eq!(document["applications"].as_array().map(Vec::len), Some(1));
    assert_eq!(document["applications"][0]["assignments"], json!([{"user": "bob@x.com", "role": "User"}]));
    let none = json!({"version": 1, "tenants": []});
    assert_eq!(paths(&apply(&api, "prune=true", &none).await), ["remove tenants[contoso]"]);
    assert_eq!(api.no("GET", "/provost/v1/tenants/contoso", Value::Null).await.0, 404);
}

#[tokio::test]
async fn roles_are_kept_for_who_has_them() {
    let api = empty().await;
    let with = |roles: Value, assignments: Value| {
        json!({"version": 1, "applications":
            [{"name": "A", "template": "scim", "roles": roles, "assignments": assignments}]})
    };
    let ann = |role: &str| json!([{"user": "ann@x.com", "role": role}]);
    apply(&api, "", &with(json!([{"name": "Guest"}, {"name": "Boss"}]), ann("Guest"))).await;
    // A role may go together with those who have it, and not before.
    let without = with(json!([{"name": "boss", "enabled": false}]), ann("Guest"));
    assert_eq!(api.no("POST", &format!("{PATH}?prune=true"), without).await.0, 400);
    let moved = with(json!([{"name": "Boss", "description": "Decides."}, {"name": "Chief"}]), ann("Chief"));
    let outcome = apply(&api, "prune=true", &moved).await;
    assert_eq!(
        paths(&outcome),
        [
            "add applications[A].roles[Boss].description",
            "add applications[A].roles[Chief]",
            "remove applications[A].roles[Guest]",
            "add applications[A].assignments[ann@x.com, Chief]",
            "remove applications[A].assignments[ann@x.com, Guest]",
        ]
    );
    // Who has a role that can be assigned no more keeps it.
    let closed = with(json!([{"name": "Boss"}, {"name": "Chief", "enabled": false}]), ann("Chief"));
    apply(&api, "", &closed).await;
    let document: Value = serde_json::from_str(&exported(&api).await).expect("JSON");
    assert_eq!(document["applications"][0]["assignments"], ann("Chief"));
    assert_eq!(paths(&apply(&api, "prune=true", &document).await), [""; 0]);

    let app = api.get("/v1.0/servicePrincipals/A").await;
    let (path, id) =
        (format!("/v1.0/servicePrincipals/{}", app["id"].as_str().expect("an id")), &app["appRoles"]);
    let mut roles = id.clone();
    roles[0]["description"] = json!("Decides all.");
    api.ok("PATCH", &path, json!({"appRoles": roles})).await;
    assert_eq!(api.get(&path).await["appRoles"], roles);
    let application = api.get("/v1.0/applications").await["value"][0].clone();
    assert_eq!(application["appRoles"], roles);
    let path = format!("/v1.0/applications/{}", application["id"].as_str().expect("an id"));
    assert_eq!(api.no("PATCH", &path, json!({"appRoles": []})).await.0, 400, "ann has one");
    for wrong in
        [json!({}), json!({"appRoles": roles, "displayName": "B"}), json!({"appRoles": [{"id": "x"}]})]
    {
        assert_eq!(api.no("PATCH", &path, wrong).await.0, 400);
    }
    api.ok("PATCH", &path, json!({"appRoles": roles})).await;
}

#[tokio::test]
async fn one_document_at_a_time_is_applied() {
    let api = empty().await;
    let store = api.state.directory.store();
    let (holder, now) = (api.state.directory.ids().next(), api.state.directory.clock().now());
    let minute = std::time::Duration::from_mins(1);
    let lease =
        store.acquire_lease("configuration", holder, now, minute).await.expect("asked").expect("free");
    let document = json!({"version": 1, "applications": [{"name": "A", "template": "scim"}]});
    assert_eq!(api.no("POST", PATH, document.clone()).await, (409, "Request_Conflict".to_owned()));
    apply(&api, "plan=true", &document).await;
    store.release_lease(&lease).await.expect("released");
    for applied in [true, false] {
        assert_eq!(apply(&api, "", &document).await["applied"], applied);
    }
}

#[tokio::test]
async fn names_that_several_have_are_told_apart_by_ids() {
    let api = empty().await;
    let (first, _) = api.app("scim").await;
    api.app("officespace").await;
    let twin = api.ok("POST", "/v1.0/groups", json!({"displayName": "sales"})).await["id"].clone();
    let body = json!({"principalId": twin, "resourceId": first});
    api.ok("POST", &format!("/v1.0/servicePrincipals/{first}/appRoleAssignedTo"), body).await;
    let text = exported(&api).await;
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document["applications"][0]["id"], json!(first));
    assert_eq!(document["applications"][0]["assignments"][0]["group"], twin);
    assert_eq!(paths(&apply(&api, "prune=true", &document).await), [""; 0]);
    let named = |application: Value| json!({"version": 1, "applications": [application]});
    assert_eq!(api.no("POST", PATH, named(json!({"name": "The App"}))).await.0, 400);
    assert_eq!(api.no("POST", PATH, named(json!({"name": "Other", "id": first}))).await.0, 400);
    let group = json!({"name": "The App", "id": first, "assignments": [{"group": "Sales"}]});
    assert_eq!(api.no("POST", PATH, named(group)).await.0, 400);
}

/// A job of a template with some things that are not as usual.
fn job(template: &'static str) -> impl Strategy<Value = Value> {
    let settings = prop_oneof![
        Just(json!({})),
        Just(json!({"interval": "PT5M", "scope": "all"})),
        Just(json!({"guards": {"removals": {"number": 7}}, "notificationMail": "it@x.com"})),
        Just(json!({"deprovisioning": {"outOfScope": "delete"}, "limits": {"requestsPerMinute": 9}})),
    ];
    let tables =
        prop::collection::btree_map("[a-c]", prop::collection::btree_map("[a-c]", "[x-z]", 0..3), 0..3);
    let attributes = prop::sample::subsequence(
        vec![
            json!({"object": "User", "name": "urn:a:b:User:badge", "type": "Integer"}),
            json!({"object": "User", "name": "locker", "multiValued": true, "caseExact": true}),
            json!({"object": "Group", "name": "urn:a:b:Group:floor", "mutability": "ReadOnly", "required": true}),
        ],
        0..=3,
    );
    let mappings = (any::<bool>(), any::<bool>(), 0..4_usize, any::<bool>()).prop_map(
        move |(filtered, deletes, source, reversed)| {
            let template = directory::template(template).expect("in the gallery");
            let mut all: Vec<Value> = template
                .object_mappings
                .iter()
                .map(|it| json!(crate::configuration::Mapping::from(it.clone())))
                .collect();
            if filtered {
                all[0]["scopingFilters"] = json!([{"clauses": [
                    {"attribute": "department", "operator": "EQUALS", "value": "Sales"},
                    {"attribute": "city", "operator": "IS NOT NULL"},
                ]}]);
            }
            if !deletes {
                all[1]["targetActions"] = json!({"delete": false});
            }
            let mapped = all[0]["attributeMappings"].as_array_mut().expect("mappings");
            let title = mapped.iter_mut().find(|it| it["target"] == "title").expect("mapped");
            let sources = [
                json!({"attribute": "jobTitle"}),
                json!({"constant": "a \"b\""}),
                json!({"expression": "ToUpper([displayName], )"}),
                json!("none"),
            ];
            title["source"] = sources[source].clone();
            if reversed {
                mapped.reverse();
            }
            json!(all)
        },
    );
    (settings, tables, attributes, mappings, any::<bool>()).prop_map(
        move |(settings, tables, attributes, mappings, mapped)| {
            let mut job = json!({"template": template, "settings": settings, "tables": tables, "attributes": attributes});
            if mapped {
                job["mappings"] = mappings;
            }
            job
        },
    )
}

fn application() -> impl Strategy<Value = Value> {
    let assigned = |default: &'static str| {
        prop::sample::subsequence(
            vec![
                json!({"user": "ann@x.com"}),
                json!({"user": "bob@x.com", "role": default}),
                json!({"user": "bob@x.com", "role": "Default Access"}),
                json!({"group": "Sales"}),
                json!({"group": "Research", "role": default}),
            ],
            0..=5,
        )
    };
    let roles = prop::sample::subsequence(
        vec![
            json!({"name": "Guest", "value": "guest", "description": "May look around."}),
            json!({"name": "Robot", "allowedMemberTypes": ["Application"]}),
            json!({"name": "Retired", "enabled": false}),
        ],
        0..=3,
    )
    .prop_shuffle();
    let of = move |template: &'static str, role: &'static str| {
        (prop::option::of(job(template)), assigned(role), roles.clone()).prop_map(
            move |(job, assignments, mut roles)| {
                let jobs: Vec<Value> = job.into_iter().collect();
                if role != "Default Access" {
                    roles.push(json!({"name": role}));
                }
                json!({"template": template, "roles": roles, "jobs": jobs, "assignments": assignments})
            },
        )
    };
    prop_oneof![of("scim", "Default Access"), of("officespace", "User")]
}

fn document() -> impl Strategy<Value = Value> {
    let applications = prop::collection::btree_map("[A-D]", application(), 0..4);
    let tenants = prop::collection::btree_map("[e-h]{3}", (any::<bool>(), any::<bool>(), 1..9_u32), 0..3);
    let schedule = prop_oneof![
        Just(json!({"file": "users.csv", "when": {"every": "P1D"}})),
        Just(json!({"file": "all.csv", "when": {"at": "02:30"}, "leavers": {"number": 9}, "settle": "PT1M"})),
    ];
    (schedule, applications, tenants).prop_map(|(schedule, applications, tenants)| {
        let applications: Vec<Value> = applications
            .into_iter()
            .map(|(name, mut application)| {
                application["name"] = json!(format!("{name} {}", application["template"]));
                application
            })
            .collect();
        let tenant = |(name, (on, strict, rate))| {
            json!({"name": name, "scimForAuthentication": on,
                "settings": {"strict": strict, "requestsPerSecond": rate}})
        };
        let tenants: Vec<Value> = tenants.into_iter().map(tenant).collect();
        json!({"version": 1, "importSchedule": schedule, "applications": applications, "tenants": tenants})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What was exported makes the same of an installation that has nothing, and with what it does not name removed of
    /// one that has something else.
    #[test]
    fn what_is_applied_is_exported(given in document(), other in document()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let first = empty().await;
            apply(&first, "", &given).await;
            let text = exported(&first).await;
            let document: Value = serde_json::from_str(&text).expect("JSON");
            for options in ["plan=true&prune=true", "prune=true", ""] {
                assert_eq!(paths(&apply(&first, options, &document).await), [""; 0]);
            }
            let second = empty().await;
            let planned = apply(&second, "plan=true", &document).await;
            let applied = apply(&second, "", &document).await;
            assert_eq!(&planned["changes"], &applied["changes"]);
            assert_eq!(exported(&second).await, text);

            let third = empty().await;
            apply(&third, "", &other).await;
            let planned = apply(&third, "plan=true&prune=true", &document).await;
            let applied = apply(&third, "prune=true", &document).await;
            assert_eq!(&planned["changes"], &applied["changes"]);
            assert_eq!(exported(&third).await, text);
        });
    }
}
