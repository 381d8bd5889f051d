//! Who may call what: each documented call with each role, over HTTP.

use administrators::{NewAccount, Role, Scope};
use model::Principal;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::Api;
use crate::openapi;

/// O: Operator, G: Global Administrator, A: Application Administrator, C: Cloud Application Administrator, R: Reports
/// Reader (of the directory), T: Tenant Administrator (of the tenant that is called).
const LETTERS: [(char, Role); 6] = [
    ('O', Role::Operator),
    ('G', Role::GlobalAdministrator),
    ('A', Role::ApplicationAdministrator),
    ('C', Role::CloudApplicationAdministrator),
    ('R', Role::ReportsReader),
    ('T', Role::TenantAdministrator),
];

/// The roles that may make a call.
const MAY: &[(&str, &str)] = &[
    ("GAC", "get /v1.0/users"),
    ("G", "post /v1.0/users"),
    ("GAC", "get /v1.0/users/$count"),
    ("GAC", "get /v1.0/users/delta"),
    ("GAC", "get /v1.0/users/{id}"),
    ("G", "patch /v1.0/users/{id}"),
    ("G", "delete /v1.0/users/{id}"),
    ("GAC", "get /v1.0/users/{id}/manager"),
    ("GAC", "get /v1.0/users/{id}/manager/$ref"),
    ("G", "put /v1.0/users/{id}/manager/$ref"),
    ("G", "delete /v1.0/users/{id}/manager/$ref"),
    ("GAC", "get /v1.0/users/{id}/directReports"),
    ("GAC", "get /v1.0/users/{id}/memberOf"),
    ("GAC", "get /v1.0/users/{id}/transitiveMemberOf"),
    ("GAC", "get /v1.0/users/{id}/directReports/$count"),
    ("GAC", "get /v1.0/users/{id}/memberOf/$count"),
    ("GAC", "get /v1.0/users/{id}/transitiveMemberOf/$count"),
    ("GAC", "get /v1.0/users/{id}/appRoleAssignments"),
    ("GAC", "post /v1.0/users/{id}/appRoleAssignments"),
    ("GAC", "get /v1.0/users/{id}/appRoleAssignments/{assignment}"),
    ("GAC", "delete /v1.0/users/{id}/appRoleAssignments/{assignment}"),
    ("GAC", "get /v1.0/groups"),
    ("G", "post /v1.0/groups"),
    ("GAC", "get /v1.0/groups/$count"),
    ("GAC", "get /v1.0/groups/delta"),
    ("GAC", "get /v1.0/groups/{id}"),
    ("G", "patch /v1.0/groups/{id}"),
    ("G", "delete /v1.0/groups/{id}"),
    ("GAC", "get /v1.0/groups/{id}/members"),
    ("GAC", "get /v1.0/groups/{id}/members/$count"),
    ("GAC", "get /v1.0/groups/{id}/members/microsoft.graph.user"),
    ("GAC", "get /v1.0/groups/{id}/members/$ref"),
    ("G", "post /v1.0/groups/{id}/members/$ref"),
    ("G", "delete /v1.0/groups/{id}/members/$ref"),
    ("G", "delete /v1.0/groups/{id}/members/{member}/$ref"),
    ("GAC", "get /v1.0/groups/{id}/transitiveMembers/$count"),
    ("GAC", "get /v1.0/groups/{id}/memberOf/$count"),
    ("GAC", "get /v1.0/groups/{id}/transitiveMemberOf"),
    ("GAC", "get /v1.0/groups/{id}/transitiveMemberOf/$count"),
    ("GAC", "get /v1.0/groups/{id}/transitiveMembers"),
    ("GAC", "get /v1.0/groups/{id}/memberOf"),
    ("GAC", "get /v1.0/groups/{id}/appRoleAssignments"),
    ("GAC", "post /v1.0/groups/{id}/appRoleAssignments"),
    ("GAC", "delete /v1.0/groups/{id}/appRoleAssignments/{assignment}"),
    ("GAC", "get /v1.0/directoryObjects/{id}"),
    ("GAC", "get /v1.0/directory/deletedItems/microsoft.graph.user"),
    ("GAC", "get /v1.0/directory/deletedItems/microsoft.graph.user/$count"),
    ("GAC", "get /v1.0/directory/deletedItems/{id}"),
    ("G", "delete /v1.0/directory/deletedItems/{id}"),
    ("G", "post /v1.0/directory/deletedItems/{id}/restore"),
    ("GAC", "get /v1.0/organization"),
    ("GAC", "get /v1.0/applicationTemplates"),
    ("GAC", "get /v1.0/applicationTemplates/$count"),
    ("GAC", "get /v1.0/applicationTemplates/{id}"),
    ("GAC", "post /v1.0/applicationTemplates/{id}/instantiate"),
    ("GAC", "get /v1.0/applications"),
    ("GAC", "get /v1.0/applications/$count"),
    ("GAC", "get /v1.0/applications/{id}"),
    ("GAC", "patch /v1.0/applications/{id}"),
    ("GAC", "get /v1.0/servicePrincipals"),
    ("GAC", "get /v1.0/servicePrincipals/$count"),
    ("GAC", "get /v1.0/servicePrincipals/{id}"),
    ("GAC", "patch /v1.0/servicePrincipals/{id}"),
    ("GAC", "delete /v1.0/servicePrincipals/{id}"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/appRoleAssignedTo"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/appRoleAssignedTo"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/appRoleAssignedTo/{assignment}"),
    ("GAC", "delete /v1.0/servicePrincipals/{id}/appRoleAssignedTo/{assignment}"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/templates"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/secrets"),
    ("GAC", "put /v1.0/servicePrincipals/{id}/synchronization/secrets"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/jobs"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/synchronization/jobs"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}"),
    ("GAC", "patch /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}"),
    ("GAC", "delete /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/start"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/pause"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/restart"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/validateCredentials"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/provisionOnDemand"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema"),
    ("GAC", "put /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema"),
    ("GAC", "delete /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema/directories"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema/directories/{directory}"),
    (
        "GAC",
        "post /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema/directories/{directory}/discover",
    ),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/templates/{template}"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/templates/{template}/schema"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/templates/{template}/schema/directories"),
    (
        "GAC",
        "get /v1.0/servicePrincipals/{id}/synchronization/templates/{template}/schema/directories/{directory}",
    ),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/templates/{template}/schema/filterOperators"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/templates/{template}/schema/functions"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/synchronization/templates/{template}/schema/parseExpression"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/synchronization/jobs/validateCredentials"),
    ("GAC", "patch /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema/filterOperators"),
    ("GAC", "get /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema/functions"),
    ("GAC", "post /v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema/parseExpression"),
    ("OGACRT", "post /v1.0/$batch"),
    ("GACR", "get /v1.0/auditLogs/provisioning"),
    ("GACR", "get /v1.0/auditLogs/provisioning/{id}"),
    ("GACR", "get /v1.0/auditLogs/directoryAudits"),
    ("GACR", "get /provost/v1/provisioningLog"),
    ("GAC", "post /provost/v1/jobs/{job}/scope"),
    ("G", "post /provost/v1/users/import"),
    ("G", "post /provost/v1/groups/import"),
    ("GAC", "get /provost/v1/users/import/schedule"),
    ("G", "put /provost/v1/users/import/schedule"),
    ("G", "delete /provost/v1/users/import/schedule"),
    ("G", "post /provost/v1/users/import/schedule/run"),
    ("G", "get /provost/v1/configuration"),
    ("G", "post /provost/v1/configuration"),
    ("OG", "get /provost/v1/backup"),
    ("OGACR", "get /provost/v1/jobs"),
    ("OGACR", "get /provost/v1/jobs/{job}"),
    ("GAC", "patch /provost/v1/jobs/{job}"),
    ("GAC", "get /provost/v1/jobs/{job}/settings"),
    ("GAC", "patch /provost/v1/jobs/{job}/settings"),
    ("GAC", "get /provost/v1/jobs/{job}/tables"),
    ("GAC", "get /provost/v1/jobs/{job}/tables/{table}"),
    ("GAC", "put /provost/v1/jobs/{job}/tables/{table}"),
    ("GAC", "delete /provost/v1/jobs/{job}/tables/{table}"),
    ("GAC", "post /provost/v1/jobs/{job}/reevaluation"),
    ("GAC", "get /provost/v1/jobs/{job}/attributes"),
    ("GAC", "post /provost/v1/jobs/{job}/attributes"),
    ("GAC", "delete /provost/v1/jobs/{job}/attributes/{object}/{name}"),
    ("GAC", "post /provost/v1/jobs/{job}/run"),
    ("GAC", "post /provost/v1/jobs/{job}/plan"),
    ("OGACR", "get /provost/v1/jobs/{job}/progress"),
    ("GAC", "post /provost/v1/jobs/{job}/drift"),
    ("GACR", "get /provost/v1/jobs/{job}/drift"),
    ("GACR", "get /provost/v1/jobs/{job}/drift/findings"),
    ("GACR", "get /provost/v1/jobs/{job}/staged"),
    ("GAC", "post /provost/v1/jobs/{job}/allow-deletes"),
    ("OGT", "get /provost/v1/tenants"),
    ("OG", "post /provost/v1/tenants"),
    ("OGT", "get /provost/v1/tenants/{name}"),
    ("OGT", "patch /provost/v1/tenants/{name}"),
    ("OG", "delete /provost/v1/tenants/{name}"),
    ("OGT", "get /provost/v1/tenants/{name}/requests"),
    ("OGT", "get /provost/v1/tenants/{name}/audits"),
    ("OGT", "get /provost/v1/tenants/{name}/users"),
    ("OGT", "get /provost/v1/tenants/{name}/users/{id}"),
    ("OGT", "get /provost/v1/tenants/{name}/groups"),
    ("OGT", "get /provost/v1/tenants/{name}/groups/{id}"),
    ("OGT", "get /provost/v1/tenants/{name}/groups/{id}/members"),
    ("OGT", "get /provost/v1/tenants/{name}/schemas"),
    ("OGT", "post /provost/v1/tenants/{name}/schemas"),
    ("OGT", "get /provost/v1/tenants/{name}/schemas/{urn}"),
    ("OGT", "put /provost/v1/tenants/{name}/schemas/{urn}"),
    ("OGT", "delete /provost/v1/tenants/{name}/schemas/{urn}"),
    ("OGT", "get /provost/v1/tenants/{name}/tokens"),
    ("OGT", "post /provost/v1/tenants/{name}/tokens"),
    ("OGT", "delete /provost/v1/tenants/{name}/tokens/{id}"),
    ("OGT", "post /provost/v1/tenants/{name}/tokens/{id}/rotate"),
    ("OGT", "get /provost/v1/tenants/{name}/webhooks"),
    ("OGT", "post /provost/v1/tenants/{name}/webhooks"),
    ("OGT", "get /provost/v1/tenants/{name}/webhooks/{id}"),
    ("OGT", "patch /provost/v1/tenants/{name}/webhooks/{id}"),
    ("OGT", "delete /provost/v1/tenants/{name}/webhooks/{id}"),
    ("OGT", "post /provost/v1/tenants/{name}/webhooks/{id}/rotateSecret"),
    ("OGT", "post /provost/v1/tenants/{name}/webhooks/{id}/test"),
    ("OGT", "post /provost/v1/tenants/{name}/webhooks/{id}/replay"),
    ("OGT", "get /provost/v1/tenants/{name}/webhooks/{id}/deliveries"),
    ("OGT", "post /provost/v1/tenants/{name}/webhooks/{id}/deliveries/{delivery}/resend"),
    ("OGACR", "get /provost/v1/status"),
    ("GACR", "get /provost/v1/failures"),
    ("OG", "get /provost/v1/audits"),
    ("OGACRT", "get /provost/v1/session"),
    ("OGACRT", "post /provost/v1/session"),
    ("OGACRT", "delete /provost/v1/session"),
    ("OGACRT", "post /provost/v1/session/password"),
    ("OGACRT", "get /provost/v1/setup"),
    ("G", "get /provost/v1/administrators"),
    ("G", "post /provost/v1/administrators"),
    ("G", "get /provost/v1/administrators/{id}"),
    ("G", "patch /provost/v1/administrators/{id}"),
    ("G", "delete /provost/v1/administrators/{id}"),
    ("G", "get /provost/v1/administrators/{id}/roles"),
    ("G", "post /provost/v1/administrators/{id}/roles"),
    ("G", "delete /provost/v1/administrators/{id}/roles/{assignment}"),
    ("G", "get /provost/v1/administrators/{id}/secrets"),
    ("G", "post /provost/v1/administrators/{id}/secrets"),
    ("G", "delete /provost/v1/administrators/{id}/secrets/{secret}"),
    ("G", "post /provost/v1/admin-token/reset"),
];

impl Api {
    /// An access token of a new tool with that role.
    async fn token_of(&self, role: Role, scope: Scope) -> String {
        let (administrators, by) = (&self.state.administrators, Principal::system("test"));
        let made = administrators.create("tool", NewAccount::Tool, &by).await.expect("made");
        administrators.grant(made.id, role, scope, &by).await.expect("it fits");
        let secret = administrators.create_secret(made.id, "", None, &by).await.expect("made").secret;
        let token = administrators.issue_access_token(&made.id.to_string(), &secret).await.expect("right");
        token.secret.expose_secret().to_owned()
    }

    async fn tenant(&self, name: &str) -> Uuid {
        let made = self.ok("POST", "/provost/v1/tenants", json!({"name": name})).await;
        made["id"].as_str().expect("an id").parse().expect("a GUID")
    }

    async fn is_denied(&self, method: &str, path: &str) -> bool {
        let (status, text) = self.raw(&method.to_uppercase(), path, "").await;
        assert_ne!(status.as_u16(), 401, "{method} {path}: {text}");
        let denied = text.contains("Authorization_RequestDenied");
        assert_eq!(denied, status.as_u16() == 403, "{method} {path}: {status} {text}");
        denied
    }
}

#[tokio::test]
async fn each_call_is_for_the_roles_that_the_table_says() {
    let documented: Vec<String> =
        openapi::calls().iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    let listed: Vec<&str> = MAY.iter().map(|(_, call)| *call).collect();
    for call in &documented {
        assert!(listed.contains(&call.as_str()), "{call} is in no row of this table");
    }
    assert_eq!(listed.len(), documented.len(), "a row of this table is no call, or is there twice");
    for (letter, role) in LETTERS {
        let mut api = Api::new().await;
        let tenant = api.tenant("contoso").await;
        let scope = match role {
            Role::Operator | Role::GlobalAdministrator => Scope::Installation,
            Role::TenantAdministrator => Scope::Tenant { id: tenant },
            _ => Scope::Directory { id: api.state.directory.id() },
        };
        api.token = api.token_of(role, scope).await;
        // What there is no more when it was done comes last.
        let (last, first): (Vec<_>, Vec<_>) =
            MAY.iter().partition(|(_, call)| *call == "delete /provost/v1/tenants/{name}");
        for (letters, call) in first.into_iter().chain(last) {
            let (method, path) = call.split_once(' ').expect("a method and a path");
            let path = path.replace("/tenants/{name}", "/tenants/contoso").replace(['{', '}'], "");
            let denied = api.is_denied(method, &path).await;
            assert_eq!(!denied, letters.contains(letter), "{} on {call}", role.name());
            if let Some(rest) = path.strip_prefix("/v1.0") {
                assert_eq!(api.is_denied(method, &format!("/beta{rest}")).await, denied, "{call}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_role_there_is_nothing_but_who_one_is() {
    let mut api = Api::new().await;
    let (administrators, by) = (&api.state.administrators, Principal::system("test"));
    let made = administrators.create("tool", NewAccount::Tool, &by).await.expect("made");
    let secret = administrators.create_secret(made.id, "", None, &by).await.expect("made").secret;
    let token = administrators.issue_access_token(&made.id.to_string(), &secret).await.expect("right");
    api.token = token.secret.expose_secret().to_owned();
    let me = api.get("/provost/v1/session").await;
    assert_eq!(
        (&me["id"], &me["roles"], &me["credential"]),
        (&json!(made.id), &json!([]), &json!("accessToken"))
    );
    let anyones =
        |path: &str| path.contains("/session") || path.ends_with("/$batch") || path.ends_with("/setup");
    for call in openapi::calls().iter().filter(|call| !anyones(call.path)) {
        let path = call.path.replace(['{', '}'], "");
        assert!(api.is_denied(call.method, &path).await, "{} {path}", call.method);
    }
}

#[tokio::test]
async fn a_batch_is_no_way_around() {
    let mut api = Api::new().await;
    api.token = api.token_of(Role::ReportsReader, Scope::Installation).await;
    let calls = json!({"requests": [
        {"id": "1", "method": "GET", "url": "/auditLogs/provisioning"},
        {"id": "2", "method": "GET", "url": "/users"},
    ]});
    let answers = api.ok("POST", "/v1.0/$batch", calls).await;
    let statuses: Vec<&Value> =
        answers["responses"].as_array().expect("a list").iter().map(|answer| &answer["status"]).collect();
    assert_eq!(statuses, [200, 403]);
}

#[tokio::test]
async fn roles_hold_where_they_were_given() {
    let mut api = Api::new().await;
    let contoso = api.tenant("contoso").await;
    let directory = Scope::Directory { id: api.state.directory.id() };
    let elsewhere = Scope::Directory { id: Uuid::from_u128(9) };
    let calls = [
        "/v1.0/users",
        "/v1.0/auditLogs/provisioning",
        "/provost/v1/audits",
        "/provost/v1/tenants/contoso/audits",
        "/provost/v1/administrators",
    ];
    for (role, scope, may) in [
        (Role::GlobalAdministrator, Scope::Installation, [true, true, true, true, true]),
        (Role::GlobalAdministrator, directory, [true, true, false, false, false]),
        (Role::GlobalAdministrator, elsewhere, [false; 5]),
        (Role::ApplicationAdministrator, Scope::Installation, [true, true, false, false, false]),
        (Role::ReportsReader, Scope::Installation, [false, true, true, true, false]),
        (Role::ReportsReader, directory, [false, true, false, false, false]),
        (Role::ReportsReader, Scope::Tenant { id: contoso }, [false, false, false, true, false]),
    ] {
        api.token = api.token_of(role, scope).await;
        for (path, may) in calls.into_iter().zip(may) {
            assert_eq!(!api.is_denied("get", path).await, may, "{} of {scope:?} on {path}", role.name());
        }
    }
}

#[tokio::test]
async fn a_tenant_administrator_sees_one_tenant() {
    let mut api = Api::new().await;
    let contoso = api.tenant("contoso").await;
    let fabrikam = api.tenant("fabrikam").await;
    let admin = std::mem::take(&mut api.token);
    api.token = api.token_of(Role::TenantAdministrator, Scope::Tenant { id: contoso }).await;
    let tenants = api.get("/provost/v1/tenants").await;
    assert_eq!(tenants["value"].as_array().expect("a list").len(), 1);
    assert_eq!(tenants["value"][0]["name"], "contoso");
    let denied = (403, "Authorization_RequestDenied".to_owned());
    for other in ["fabrikam", "nobody", &fabrikam.to_string(), "%00"] {
        for path in [
            "",
            "/tokens",
            "/requests",
            "/audits",
            "/users",
            "/groups/1",
            "/schemas",
            "/schemas/urn:a:b",
            "/webhooks",
        ] {
            let path = format!("/provost/v1/tenants/{other}{path}");
            assert_eq!(api.no("GET", &path, Value::Null).await, denied, "{path}");
        }
        let path = format!("/provost/v1/tenants/{other}");
        assert_eq!(api.no("PATCH", &path, json!({"scimForAuthentication": false})).await, denied);
        assert_eq!(api.no("POST", &format!("{path}/tokens"), json!({})).await, denied);
    }
    // Nor is it told whether there are others.
    let hint = async |tenant: &str| {
        let (_, refused) = api.call("GET", &format!("/provost/v1/tenants/{tenant}"), Value::Null).await;
        (refused["error"]["message"].clone(), refused["error"]["innerError"]["hint"].clone())
    };
    assert_eq!(hint("fabrikam").await, hint("nobody").await);
    let own = "/provost/v1/tenants/contoso";
    let faster = json!({"settings": {"strict": true, "requestsPerSecond": 1_000_000}});
    assert_eq!(api.no("PATCH", own, faster).await, denied);
    api.ok("PATCH", own, json!({"settings": {"strict": true}})).await;
    // By its id, and in its administrator's name.
    let made = api.ok("POST", &format!("/provost/v1/tenants/{contoso}/tokens"), json!({"label": "x"})).await;
    assert!(made["token"].is_string());
    let audits = api.get("/provost/v1/tenants/contoso/audits").await;
    assert_eq!(audits["value"][0]["initiatedBy"]["user"]["displayName"], "tool");
    assert_eq!(api.no("DELETE", "/provost/v1/tenants/contoso", Value::Null).await, denied);
    let (_, refused) = api.call("GET", "/v1.0/users", Value::Null).await;
    let hint = refused["error"]["innerError"]["hint"].as_str().expect("a hint");
    assert!(hint.contains("Application Administrator") && !hint.contains("Tenant Admin"), "{hint}");

    // Of a tenant that is gone nothing is left, also where another has its name.
    let token = std::mem::replace(&mut api.token, admin);
    api.ok("DELETE", "/provost/v1/tenants/contoso", Value::Null).await;
    api.tenant("contoso").await;
    api.token = token;
    assert_eq!(api.get("/provost/v1/tenants").await["value"], json!([]));
    assert_eq!(api.no("GET", "/provost/v1/tenants/contoso", Value::Null).await, denied);
}
