//! `/openapi.json`.

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::Shared;

/// Method, path and summary of every call. A path under `/v1.0` is served under `/beta` alike.
const CALLS: &[(&str, &str, &str)] = &[
    ("get", "/v1.0/users", "List users"),
    ("post", "/v1.0/users", "Create a user"),
    ("get", "/v1.0/users/$count", "Count users"),
    ("get", "/v1.0/users/delta", "List all users page by page, and then what changes"),
    ("get", "/v1.0/users/{id}", "Read a user by id or principal name"),
    ("patch", "/v1.0/users/{id}", "Change a user"),
    ("delete", "/v1.0/users/{id}", "Move a user to the recycle bin"),
    ("get", "/v1.0/users/{id}/manager", "Read a user's manager"),
    ("get", "/v1.0/users/{id}/manager/$ref", "Read a reference to a user's manager"),
    ("put", "/v1.0/users/{id}/manager/$ref", "Set a user's manager"),
    ("delete", "/v1.0/users/{id}/manager/$ref", "Remove a user's manager"),
    ("get", "/v1.0/users/{id}/directReports", "List a user's reports"),
    ("get", "/v1.0/users/{id}/directReports/$count", "Count a user's reports"),
    ("get", "/v1.0/users/{id}/memberOf/$count", "Count the groups a user is a direct member of"),
    (
        "get",
        "/v1.0/users/{id}/transitiveMemberOf/$count",
        "Count the groups a user is a member of at any depth",
    ),
    ("get", "/v1.0/users/{id}/memberOf", "List the groups a user is a direct member of"),
    ("get", "/v1.0/users/{id}/transitiveMemberOf", "List the groups a user is a member of at any depth"),
    ("get", "/v1.0/users/{id}/appRoleAssignments", "List a user's assignments"),
    ("post", "/v1.0/users/{id}/appRoleAssignments", "Assign a user to an application"),
    ("get", "/v1.0/users/{id}/appRoleAssignments/{assignment}", "Read a user's assignment"),
    ("delete", "/v1.0/users/{id}/appRoleAssignments/{assignment}", "Remove a user's assignment"),
    ("get", "/v1.0/groups", "List groups"),
    ("post", "/v1.0/groups", "Create a group"),
    ("get", "/v1.0/groups/$count", "Count groups"),
    ("get", "/v1.0/groups/delta", "List all groups with their members page by page, and then what changes"),
    ("get", "/v1.0/groups/{id}", "Read a group"),
    ("patch", "/v1.0/groups/{id}", "Change a group"),
    ("delete", "/v1.0/groups/{id}", "Delete a group"),
    ("get", "/v1.0/groups/{id}/members", "List the direct members of a group"),
    ("get", "/v1.0/groups/{id}/members/$count", "Count the direct members of a group"),
    ("get", "/v1.0/groups/{id}/members/microsoft.graph.user", "List the users among the direct members"),
    ("get", "/v1.0/groups/{id}/members/$ref", "List references to the direct members"),
    ("post", "/v1.0/groups/{id}/members/$ref", "Add a member to a group"),
    ("delete", "/v1.0/groups/{id}/members/$ref", "Remove the member that @id refers to from a group"),
    ("delete", "/v1.0/groups/{id}/members/{member}/$ref", "Remove a member from a group"),
    ("get", "/v1.0/groups/{id}/transitiveMembers", "List the members of a group at any depth"),
    ("get", "/v1.0/groups/{id}/transitiveMembers/$count", "Count the members of a group at any depth"),
    ("get", "/v1.0/groups/{id}/memberOf", "List the groups a group is a direct member of"),
    ("get", "/v1.0/groups/{id}/memberOf/$count", "Count the groups a group is a direct member of"),
    ("get", "/v1.0/groups/{id}/transitiveMemberOf", "List the groups a group is a member of at any depth"),
    (
        "get",
        "/v1.0/groups/{id}/transitiveMemberOf/$count",
        "Count the groups a group is a member of at any depth",
    ),
    ("get", "/v1.0/groups/{id}/appRoleAssignments", "List a group's assignments"),
    ("post", "/v1.0/groups/{id}/appRoleAssignments", "Assign a group to an application"),
    ("delete", "/v1.0/groups/{id}/appRoleAssignments/{assignment}", "Remove a group's assignment"),
    ("get", "/v1.0/directoryObjects/{id}", "Read a user or group"),
    ("get", "/v1.0/directory/deletedItems/microsoft.graph.user", "List the recycle bin"),
    ("get", "/v1.0/directory/deletedItems/microsoft.graph.user/$count", "Count the users in the recycle bin"),
    ("get", "/v1.0/directory/deletedItems/{id}", "Read a user in the recycle bin"),
    ("delete", "/v1.0/directory/deletedItems/{id}", "Delete a user for good"),
    ("post", "/v1.0/directory/deletedItems/{id}/restore", "Restore a user"),
    ("get", "/v1.0/organization", "Read the directory"),
    ("get", "/v1.0/applicationTemplates", "List the gallery"),
    ("get", "/v1.0/applicationTemplates/$count", "Count the templates of the gallery"),
    ("get", "/v1.0/applicationTemplates/{id}", "Read a template"),
    ("post", "/v1.0/applicationTemplates/{id}/instantiate", "Add an application from the gallery"),
    ("get", "/v1.0/applications", "List applications"),
    ("get", "/v1.0/applications/$count", "Count applications"),
    ("get", "/v1.0/applications/{id}", "Read an application"),
    ("patch", "/v1.0/applications/{id}", "Change the roles of an application"),
    ("get", "/v1.0/servicePrincipals", "List service principals"),
    ("get", "/v1.0/servicePrincipals/$count", "Count service principals"),
    ("get", "/v1.0/servicePrincipals/{id}", "Read a service principal"),
    ("patch", "/v1.0/servicePrincipals/{id}", "Change the roles of its application"),
    ("delete", "/v1.0/servicePrincipals/{id}", "Remove an application with its jobs"),
    ("get", "/v1.0/servicePrincipals/{id}/appRoleAssignedTo", "List who is assigned"),
    ("post", "/v1.0/servicePrincipals/{id}/appRoleAssignedTo", "Assign a user or group"),
    ("get", "/v1.0/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", "Read an assignment"),
    ("delete", "/v1.0/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", "Remove an assignment"),
    ("get", "/v1.0/servicePrincipals/{id}/synchronization/templates", "List synchronization templates"),
    ("get", "/v1.0/servicePrincipals/{id}/synchronization/secrets", "List the names of the secrets"),
    ("put", "/v1.0/servicePrincipals/{id}/synchronization/secrets", "Write secrets"),
    ("get", "/v1.0/servicePrincipals/{id}/synchronization/jobs", "List jobs"),
    ("post", "/v1.0/servicePrincipals/{id}/synchronization/jobs", "Create a job"),
    ("get", "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}", "Read a job"),
    ("patch", "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}", "Change a job's schedule"),
    ("delete", "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}", "Delete a job"),
    ("post", "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/start", "Start a job"),
    ("post", "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/pause", "Pause a job"),
    ("post", "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/restart", "Restart a job"),
    (
        "post",
        "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/validateCredentials",
        "Test the connection to the target",
    ),
    (
        "post",
        "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/provisionOnDemand",
        "Provision one object now",
    ),
    ("get", "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema", "Read the mappings"),
    ("put", "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema", "Replace the mappings"),
    ("delete", "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema", "Reset the mappings"),
    (
        "get",
        "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema/directories",
        "List both ends' attributes",
    ),
    (
        "get",
        "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema/directories/{directory}",
        "Read the attributes of one end",
    ),
    (
        "post",
        "/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/schema/directories/{directory}/discover",
        "Ask the target for its attributes",
    ),
    ("get", "/v1.0/auditLogs/provisioning", "Read the provisioning log"),
    ("get", "/v1.0/auditLogs/provisioning/{id}", "Read an entry of the provisioning log"),
    ("get", "/v1.0/auditLogs/directoryAudits", "Read the audit log"),
    ("post", "/v1.0/$batch", "Make up to 20 calls in one"),
    ("post", "/provost/v1/users/import", "Import users from a CSV file"),
    (
        "get",
        "/provost/v1/users/import/schedule",
        "Read what file of users is imported by itself, and what came of it",
    ),
    ("put", "/provost/v1/users/import/schedule", "Have a file of users imported by itself"),
    ("delete", "/provost/v1/users/import/schedule", "Have no file imported by itself"),
    ("post", "/provost/v1/users/import/schedule/run", "Import that file now"),
    ("post", "/provost/v1/groups/import", "Import groups from a CSV file"),
    ("get", "/provost/v1/jobs", "List all jobs"),
    ("get", "/provost/v1/jobs/{job}", "Read a job with settings, mappings and state"),
    ("patch", "/provost/v1/jobs/{job}", "Change a job's settings"),
    ("get", "/provost/v1/jobs/{job}/settings", "Read a job's settings"),
    ("patch", "/provost/v1/jobs/{job}/settings", "Change a job's settings"),
    ("get", "/provost/v1/jobs/{job}/tables", "List the tables that a job's expressions look values up in"),
    ("get", "/provost/v1/jobs/{job}/tables/{table}", "Read a table"),
    ("put", "/provost/v1/jobs/{job}/tables/{table}", "Save a table whole"),
    ("delete", "/provost/v1/jobs/{job}/tables/{table}", "Delete a table that no expression uses"),
    (
        "post",
        "/provost/v1/jobs/{job}/reevaluation",
        "Tell how many objects a change of settings or schema would affect; nothing is saved",
    ),
    ("get", "/provost/v1/jobs/{job}/attributes", "List the target's attributes"),
    ("post", "/provost/v1/jobs/{job}/attributes", "Add a target attribute, or say more of one"),
    (
        "delete",
        "/provost/v1/jobs/{job}/attributes/{object}/{name}",
        "Remove a target attribute that was added",
    ),
    ("post", "/provost/v1/jobs/{job}/run", "Run a cycle now"),
    (
        "post",
        "/provost/v1/jobs/{job}/plan",
        "Tell what the next cycle would do, or a selection, also with settings that are not saved; nothing is written",
    ),
    ("get", "/provost/v1/jobs/{job}/progress", "Follow a cycle (server-sent events)"),
    (
        "post",
        "/provost/v1/jobs/{job}/drift",
        "Compare the target with what the job left there; repair it if asked to",
    ),
    ("get", "/provost/v1/jobs/{job}/drift", "Read what came of the last comparison"),
    ("get", "/provost/v1/jobs/{job}/drift/findings", "List the differences that it found"),
    ("get", "/provost/v1/jobs/{job}/staged", "List what the guards hold back, deletions first"),
    ("post", "/provost/v1/jobs/{job}/allow-deletes", "Let exactly what the guards hold back now go ahead"),
    ("get", "/provost/v1/tenants", "List tenants"),
    ("post", "/provost/v1/tenants", "Create a tenant with a token"),
    ("get", "/provost/v1/tenants/{name}", "Read a tenant"),
    ("patch", "/provost/v1/tenants/{name}", "Change a tenant"),
    ("delete", "/provost/v1/tenants/{name}", "Delete a tenant with everything in it"),
    ("get", "/provost/v1/tenants/{name}/requests", "List the last requests of a tenant's clients"),
    ("get", "/provost/v1/tenants/{name}/audits", "List what administrators did to a tenant"),
    ("get", "/provost/v1/tenants/{name}/schemas", "List a tenant's schema extensions"),
    ("post", "/provost/v1/tenants/{name}/schemas", "Add a schema extension"),
    ("get", "/provost/v1/tenants/{name}/schemas/{urn}", "Read a schema extension"),
    ("put", "/provost/v1/tenants/{name}/schemas/{urn}", "Add or replace a schema extension"),
    ("delete", "/provost/v1/tenants/{name}/schemas/{urn}", "Delete a schema extension with its values"),
    ("get", "/provost/v1/tenants/{name}/tokens", "List a tenant's tokens"),
    ("post", "/provost/v1/tenants/{name}/tokens", "Create a token"),
    ("delete", "/provost/v1/tenants/{name}/tokens/{id}", "Revoke a token"),
    ("post", "/provost/v1/tenants/{name}/tokens/{id}/rotate", "Replace a token"),
    ("get", "/provost/v1/configuration", "Read the configuration as one document"),
    (
        "post",
        "/provost/v1/configuration",
        "Make the configuration what a document says; with plan=true tell what would change, with prune=true remove \
         what is not named",
    ),
    ("get", "/provost/v1/backup", "Fetch a copy of the whole installation, without the master key"),
    ("get", "/provost/v1/status", "Read where the server stands"),
    ("get", "/provost/v1/audits", "Read what was done to tenants and administrators"),
    ("get", "/provost/v1/session", "Read who calls, and with which roles"),
    ("post", "/provost/v1/session", "Sign in"),
    ("delete", "/provost/v1/session", "Sign out"),
    ("post", "/provost/v1/session/password", "Change one's own password"),
    ("get", "/provost/v1/administrators", "List administrators"),
    ("post", "/provost/v1/administrators", "Create an administrator: a person or a tool"),
    ("get", "/provost/v1/administrators/{id}", "Read an administrator"),
    ("patch", "/provost/v1/administrators/{id}", "Change an administrator"),
    ("delete", "/provost/v1/administrators/{id}", "Delete an administrator"),
    ("get", "/provost/v1/administrators/{id}/roles", "List an administrator's roles"),
    ("post", "/provost/v1/administrators/{id}/roles", "Give an administrator a role"),
    ("delete", "/provost/v1/administrators/{id}/roles/{assignment}", "Take a role from an administrator"),
    ("get", "/provost/v1/administrators/{id}/secrets", "List a tool's client secrets"),
    ("post", "/provost/v1/administrators/{id}/secrets", "Create a client secret, which is shown once"),
    ("delete", "/provost/v1/administrators/{id}/secrets/{secret}", "Delete a client secret"),
    ("post", "/provost/v1/admin-token/reset", "Replace the administrator's token of the installation"),
];

/// As [`CALLS`]: what tools get access tokens by, for which they need none.
const SIGN_IN: &[(&str, &str, &str)] = &[
    (
        "post",
        "/{directory}/oauth2/v2.0/token",
        "Get an access token with client credentials (RFC 6749, section 4.4)",
    ),
    ("get", "/{directory}/v2.0/.well-known/openid-configuration", "Read where access tokens are got"),
];

pub(super) async fn document(State(state): State<Shared>) -> Json<Value> {
    let mut paths: Map<String, Value> = Map::new();
    let open = |path: &str, method: &str| {
        path.starts_with("/{") || (path, method) == ("/provost/v1/session", "post")
    };
    for (method, path, summary) in CALLS.iter().chain(SIGN_IN) {
        let parameters: Vec<Value> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let mut call = json!({
            "summary": summary,
            "parameters": parameters,
            "responses": {
                "2XX": {"description": "Done"},
                "default": {
                    "description": "Refused or failed",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                },
            },
        });
        if open(path, method) {
            call["security"] = json!([]);
        }
        let entry = paths.entry((*path).to_owned()).or_insert_with(|| json!({}));
        entry[*method] = call;
    }
    Json(json!({
        "openapi": "3.1.0",
        "info": {"title": "Provost", "version": env!("CARGO_PKG_VERSION")},
        "servers": [{"url": state.addresses.public_url}],
        "security": [{"bearer": []}, {"clientCredentials": []}, {"session": [], "csrf": []}],
        "paths": paths,
        "components": {
            "securitySchemes": security_schemes(&state),
            "schemas": {"Error": {
                "type": "object",
                "required": ["error"],
                "properties": {"error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {
                        "code": {"type": "string"},
                        "message": {"type": "string"},
                        "innerError": {"type": "object"},
                    },
                }},
            }},
        },
    }))
}

/// How callers show who they are.
fn security_schemes(state: &Shared) -> Value {
    let token_url = format!("{}/{}/oauth2/v2.0/token", state.addresses.public_url, super::DIRECTORY_NAME);
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The administrator's token of the installation, or an access token",
        },
        "clientCredentials": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": {}}},
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": crate::cookie::name(&state.addresses),
            "description": "The session of a person who signed in",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "The session's csrfToken, for all but GET",
        },
    })
}

#[cfg(test)]
pub(crate) fn calls() -> &'static [(&'static str, &'static str, &'static str)] {
    CALLS
}
