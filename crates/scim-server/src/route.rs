//! From host and path to a tenant and a place in its service.

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::uri::Uri;

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route<'u> {
    /// The name of the tenant, in lower case.
    pub(crate) tenant: String,
    /// Whether the tenant was told by the host name.
    pub(crate) by_host: bool,
    /// What the path says after the base.
    pub(crate) place: Place<'u>,
}

/// A place in the service of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'u> {
    Root,
    Search,
    Users,
    Groups,
    User(&'u str),
    Group(&'u str),
    UsersSearch,
    GroupsSearch,
    Schemas(Option<&'u str>),
    ResourceTypes(Option<&'u str>),
    ServiceProviderConfig,
    Me,
    Bulk,
    Changes,
    WrongVersion,
    Unknown,
}

/// The host that a request names, without user and port; `None` when it names none or an impossible one.
pub(crate) fn host<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    let authority = uri
        .authority()
        .map(axum::http::uri::Authority::as_str)
        .or_else(|| headers.get(HOST)?.to_str().ok())?;
    let possible =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']' | b'_');
    (!authority.is_empty() && authority.len() <= 255 && authority.bytes().all(possible)).then_some(authority)
}

/// Finds the tenant and the place; `None` where the path is not one of the service provider's.
pub(crate) fn route<'u>(path: &'u str, host: Option<&str>, domain: Option<&str>) -> Option<Route<'u>> {
    if let Some(rest) = strip(path, "/tenants/") {
        let (name, rest) = rest.split_once('/')?;
        let place = place(service(rest)?);
        return Some(Route { tenant: name.to_ascii_lowercase(), by_host: false, place });
    }
    let place = place(service(path.strip_prefix('/')?)?);
    let name = host.zip(domain).and_then(|(host, domain)| {
        // The final dot of a full name says nothing more.
        let host = host.split(':').next()?.trim_end_matches('.').to_ascii_lowercase();
        let name = host.strip_suffix(&domain.to_ascii_lowercase())?.strip_suffix('.')?;
        (!name.is_empty() && !name.contains('.')).then(|| name.to_owned())
    })?;
    Some(Route { tenant: name, by_host: true, place })
}

/// What follows the base of the service.
fn service(path: &str) -> Option<&str> {
    let rest = strip(path, "api/scim")?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// What follows a prefix, in any case.
pub(crate) fn strip<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let (head, rest) = path.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Empty segments count for nothing, so that a base URL may end in a slash. The version may be left out
/// (RFC 7644 section 3.13).
fn place(path: &str) -> Place<'_> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut next = segments.next();
    match next {
        Some(version) if version.eq_ignore_ascii_case("v2") => next = segments.next(),
        Some(version) if is_version(version) => return Place::WrongVersion,
        _ => {}
    }
    let Some(first) = next else { return Place::Root };
    let second = segments.next();
    if segments.next().is_some() {
        return Place::Unknown;
    }
    let is = |known: &str| first.eq_ignore_ascii_case(known);
    let searched = second.is_some_and(|second| second.eq_ignore_ascii_case(".search"));
    match second {
        _ if is("Users") && searched => Place::UsersSearch,
        _ if is("Groups") && searched => Place::GroupsSearch,
        Some(id) if is("Users") => Place::User(id),
        Some(id) if is("Groups") => Place::Group(id),
        None if is("Users") => Place::Users,
        None if is("Groups") => Place::Groups,
        None if is(".search") => Place::Search,
        None if is("Me") => Place::Me,
        None if is("Bulk") => Place::Bulk,
        None if is("changes") => Place::Changes,
        None if is("ServiceProviderConfig") || is("ServiceProviderConfigs") => Place::ServiceProviderConfig,
        id if is("Schemas") => Place::Schemas(id),
        id if is("ResourceTypes") => Place::ResourceTypes(id),
        _ => Place::Unknown,
    }
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix(['v', 'V'])
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_path(path: &str) -> Option<(String, Place<'_>)> {
        route(path, None, None).map(|route| (route.tenant, route.place))
    }

    #[test]
    fn tenants_are_found_by_path_and_by_host() {
        let contoso = |place| Some(("contoso".to_owned(), place));
        assert_eq!(by_path("/tenants/contoso/api/scim/v2/Users"), contoso(Place::Users));
        assert_eq!(by_path("/tenants/Contoso/api/scim//Users/"), contoso(Place::Users));
        assert_eq!(by_path("/tenants/contoso/api/scim/v2/Users/7"), contoso(Place::User("7")));
        assert_eq!(by_path("/tenants/contoso/api/scim/v2/users/.search"), contoso(Place::UsersSearch));
        assert_eq!(by_path("/tenants/contoso/api/scim/v1/Users"), contoso(Place::WrongVersion));
        assert_eq!(by_path("/tenants/contoso/api/scim/v2"), contoso(Place::Root));
        assert_eq!(by_path("/tenants/contoso/api/scim/v2/Users/7/x"), contoso(Place::Unknown));
        assert_eq!(by_path("/tenants/contoso/api/scimx"), None);
        assert_eq!(by_path("/api/scim/v2/Users"), None);
        let found =
            |host| route("/api/scim/v2/Groups", Some(host), Some("Example.com")).map(|route| route.tenant);
        assert_eq!(found("Contoso.example.com:8443").as_deref(), Some("contoso"));
        assert_eq!(found("contoso.EXAMPLE.com.:8443").as_deref(), Some("contoso"));
        assert_eq!(found("a.b.example.com"), None);
        assert_eq!(found("example.com"), None);
        assert_eq!(found("evilexample.com"), None);
    }
}
