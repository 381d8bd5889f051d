//! What each call needs, and whether a caller has it: the one place that decides.
//!
//! A call that is in no table is refused, also to a Global Administrator: whoever adds a route says here what it is about.

use administrators::{Access, Area, Caller, Permission, Scope};
use axum::http::Method;
use uuid::Uuid;

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: it is how one signs in.
    Nothing,
    /// To be an administrator, of whatever.
    SignIn,
    /// A permission where the call takes place.
    Permission(Permission),
    /// A permission anywhere; the answer has what the caller may see.
    Anywhere(Permission),
}

/// The calls of Graph's, by what they are about. An entry that names a method stands before one that does not; `$count`,
/// `$ref` and a type at the end of a path go with what they are of.
const GRAPH: &[(Area, &[&str])] = &[
    (
        Area::Directory,
        &[
            "/users",
            "/users/delta",
            "/users/{id}",
            "/users/{id}/restore",
            "/users/{id}/manager",
            "/users/{id}/directReports",
            "/users/{id}/memberOf",
            "/users/{id}/transitiveMemberOf",
            "/groups",
            "/groups/delta",
            "/groups/{id}",
            "/groups/{id}/members",
            "/groups/{id}/members/{member}",
            "/groups/{id}/transitiveMembers",
            "/groups/{id}/memberOf",
            "/groups/{id}/transitiveMemberOf",
            "/directory/deletedItems/microsoft.graph.user",
            "/directory/deletedItems/microsoft.graph.group",
            "/directory/deletedItems/graph.user",
            "/directory/deletedItems/graph.group",
            "/directory/deletedItems/{id}",
            "/directory/deletedItems/{id}/restore",
            "/directoryObjects/{id}",
            "/organization",
        ],
    ),
    (
        Area::Applications,
        &[
            "/users/{id}/appRoleAssignments",
            "/users/{id}/appRoleAssignments/{assignment}",
            "/groups/{id}/appRoleAssignments",
            "/groups/{id}/appRoleAssignments/{assignment}",
            "/applicationTemplates",
            "/applicationTemplates/{id}",
            "/applicationTemplates/{id}/instantiate",
            "/applications",
            "/applications/{id}",
            "/servicePrincipals",
            "/servicePrincipals/{id}",
            "/servicePrincipals/{id}/appRoleAssignedTo",
            "/servicePrincipals/{id}/appRoleAssignedTo/{assignment}",
            "/servicePrincipals/{id}/appRoleAssignments",
            "/servicePrincipals/{id}/appRoleAssignments/{assignment}",
            "/servicePrincipals/{id}/synchronization/templates",
            "/servicePrincipals/{id}/synchronization/templates/{template}",
            "/servicePrincipals/{id}/synchronization/secrets",
            "/servicePrincipals/{id}/synchronization/jobs",
            "/servicePrincipals/{id}/synchronization/jobs/validateCredentials",
            "/servicePrincipals/{id}/synchronization/jobs/{job}",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/start",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/pause",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/restart",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/validateCredentials",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/provisionOnDemand",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/schema",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/schema/directories",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/schema/directories/{directory}",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/schema/directories/{directory}/discover",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/schema/filterOperators",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/schema/functions",
            "/servicePrincipals/{id}/synchronization/jobs/{job}/schema/parseExpression",
            "/servicePrincipals/{id}/synchronization/templates/{template}/schema",
            "/servicePrincipals/{id}/synchronization/templates/{template}/schema/directories",
            "/servicePrincipals/{id}/synchronization/templates/{template}/schema/directories/{directory}",
            "/servicePrincipals/{id}/synchronization/templates/{template}/schema/filterOperators",
            "/servicePrincipals/{id}/synchronization/templates/{template}/schema/functions",
            "/servicePrincipals/{id}/synchronization/templates/{template}/schema/parseExpression",
        ],
    ),
    (
        Area::Logs,
        &[
            "/auditLogs/provisioning",
            "/auditLogs/provisioning/{id}",
            "/auditLogs/directoryAudits",
            "/auditLogs/directoryaudits",
        ],
    ),
];

/// The calls of our own.
const OURS: &[(Area, &[&str])] = &[
    (
        Area::Directory,
        &["/users/import", "/users/import/schedule", "/users/import/schedule/run", "/groups/import"],
    ),
    (Area::Configuration, &["/configuration"]),
    (Area::Backup, &["/backup"]),
    (
        Area::Applications,
        &[
            "/jobs/{job}",
            "/jobs/{job}/settings",
            "/jobs/{job}/tables",
            "/jobs/{job}/tables/{table}",
            "/jobs/{job}/attributes",
            "/jobs/{job}/attributes/{object}/{name}",
            "/jobs/{job}/reevaluation",
            "/jobs/{job}/run",
            "/jobs/{job}/plan",
            "/jobs/{job}/scope",
            "/jobs/{job}/drift",
            "/jobs/{job}/allow-deletes",
            "/jobs/{job}/allowDeletes",
        ],
    ),
    (Area::Status, &["/status", "/jobs", "GET /jobs/{job}", "/jobs/{job}/progress"]),
    (
        Area::Logs,
        &[
            "/failures",
            "GET /jobs/{job}/drift",
            "/jobs/{job}/drift/findings",
            "/jobs/{job}/staged",
            "/provisioningLog",
        ],
    ),
    (Area::Tenants, &["/tenants", "DELETE /tenants/{name}"]),
    (
        Area::Tenant,
        &[
            "/tenants/{name}",
            "/tenants/{name}/schemas",
            "/tenants/{name}/schemas/{urn}",
            "/tenants/{name}/users",
            "/tenants/{name}/users/{id}",
            "/tenants/{name}/groups",
            "/tenants/{name}/groups/{id}",
            "/tenants/{name}/groups/{id}/members",
            "/tenants/{name}/tokens",
            "/tenants/{name}/tokens/{id}",
            "/tenants/{name}/tokens/{id}/rotate",
            "/tenants/{name}/webhooks",
            "/tenants/{name}/webhooks/{id}",
            "/tenants/{name}/webhooks/{id}/rotateSecret",
            "/tenants/{name}/webhooks/{id}/test",
            "/tenants/{name}/webhooks/{id}/replay",
            "/tenants/{name}/webhooks/{id}/deliveries",
            "/tenants/{name}/webhooks/{id}/deliveries/{delivery}/resend",
        ],
    ),
    (Area::TenantLogs, &["/tenants/{name}/requests", "/tenants/{name}/audits"]),
    (Area::InstallationLogs, &["/audits"]),
    (
        Area::Administrators,
        &[
            "/administrators",
            "/administrators/{id}",
            "/administrators/{id}/roles",
            "/administrators/{id}/roles/{assignment}",
            "/administrators/{id}/secrets",
            "/administrators/{id}/secrets/{secret}",
            "/admin-token/reset",
        ],
    ),
];

/// What a call needs, by its method and the path of its route; `None` for one that is in no table.
pub(crate) fn needs(method: &Method, route: &str) -> Option<Needs> {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    if let Some(path) = route.strip_prefix("/provost/v1") {
        return match (method, path) {
            ("POST", "/session") | ("GET", "/setup") => Some(Needs::Nothing),
            (_, "/session" | "/session/password") => Some(Needs::SignIn),
            ("GET", "/tenants") => Some(Needs::Anywhere(Permission::read(Area::Tenant))),
            _ => permission(OURS, method, path),
        };
    }
    let path = route.strip_prefix("/v1.0").or_else(|| route.strip_prefix("/beta"))?;
    if path == "/$batch" {
        // Each of its calls needs what it needs.
        return Some(Needs::SignIn);
    }
    permission(GRAPH, method, path)
}

/// The collection or object of which a path asks for the number, the references, or those of a type.
fn whole(mut path: &str) -> &str {
    while let Some(of) = ["/$count", "/$ref", "/{type}"].iter().find_map(|form| path.strip_suffix(form)) {
        path = of;
    }
    path
}

fn permission(table: &[(Area, &[&str])], method: &str, path: &str) -> Option<Needs> {
    let path = whole(path);
    let area =
        |entry: &str| table.iter().find(|(_, entries)| entries.contains(&entry)).map(|(area, _)| *area);
    let area = area(&format!("{method} {path}")).or_else(|| area(path))?;
    let access = if method == "GET" { Access::Read } else { Access::Write };
    Some(Needs::Permission(Permission { area, access }))
}

/// Where calls of an area take place, in that directory and, where the call names one, in that tenant. A tenant that is
/// not there is the installation's business: nobody else is told.
pub(crate) fn place(area: Area, directory: Uuid, tenant: Option<Uuid>) -> Scope {
    match area {
        Area::Directory | Area::Applications | Area::Logs | Area::Status => {
            Scope::Directory { id: directory }
        }
        Area::Tenant | Area::TenantLogs => tenant.map_or(Scope::Installation, |id| Scope::Tenant { id }),
        Area::Tenants
        | Area::InstallationLogs
        | Area::Configuration
        | Area::Backup
        | Area::Administrators => Scope::Installation,
    }
}

/// Whether a caller has what a call needs.
pub(crate) fn allows(needs: Needs, caller: &Caller, place: Scope) -> bool {
    match needs {
        Needs::Nothing | Needs::SignIn => true,
        Needs::Permission(permission) => caller.may(permission, place),
        Needs::Anywhere(permission) => caller.may_anywhere(permission),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_classified_needs_what_nobody_has() {
        for route in ["/v1.0/nothing", "/provost/v1/users", "/beta/tenants", "/users", "/provost/v1"] {
            assert_eq!(needs(&Method::GET, route), None, "{route}");
        }
        let write = Needs::Permission(Permission::write(Area::Applications));
        assert_eq!(needs(&Method::POST, "/provost/v1/jobs/{job}/drift"), Some(write));
        let read = Needs::Permission(Permission::read(Area::Logs));
        assert_eq!(needs(&Method::HEAD, "/provost/v1/jobs/{job}/drift"), Some(read));
    }

    #[test]
    fn no_call_is_classified_twice() {
        for table in [GRAPH, OURS] {
            let mut entries: Vec<&str> =
                table.iter().flat_map(|(_, entries)| entries.iter().copied()).collect();
            let all = entries.len();
            entries.sort_unstable();
            entries.dedup();
            assert_eq!(entries.len(), all);
        }
    }
}
