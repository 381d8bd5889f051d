//! The forms that a path takes in OData, brought to the one that the routes have.
//!
//! An entity is named by its key as a segment (`users/{id}`) or in parentheses (`users('{id}')`, and by an alternate
//! key, `servicePrincipals(appId='{id}')`), a function by its name with or without parentheses
//! (`filterOperators()`), and `$` may come percent-encoded (OData 4.01 URL Conventions, sections 4.3 and 4.4).

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tower::ServiceExt as _;

/// Everything but the characters that a segment may hold unescaped.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// The routes for paths in every form.
pub(crate) fn around(routes: Router) -> Router {
    // Around them, as a layer of theirs would see the path when it has been matched already.
    Router::new().fallback_service(routes.map_request(normalize))
}

/// The request with its path in the form that the routes have.
fn normalize(mut request: Request) -> Request {
    let Some(path) = plain(request.uri().path()) else { return request };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    // The pieces come from an address that was valid, and what was added is escaped.
    if let Ok(uri) = format!("{path}{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// The path in its plain form; `None` where it has it already.
pub(crate) fn plain(path: &str) -> Option<String> {
    let segments: Vec<String> = path.split('/').skip(1).map(segment).collect();
    let plain = format!("/{}", segments.join("/"));
    // Graph takes a slash at the end as if it were not there.
    let plain = if plain.len() > 1 { plain.trim_end_matches('/').to_owned() } else { plain };
    (plain != path).then_some(plain)
}

fn segment(text: &str) -> String {
    let Ok(decoded) = percent_decode_str(text).decode_utf8() else { return text.to_owned() };
    if let Some(name) = decoded.strip_prefix('$')
        && name.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        return decoded.into_owned();
    }
    let call = decoded.strip_suffix(')').and_then(|rest| rest.split_once('('));
    let Some((name, key)) = call.filter(|(name, _)| is_name(name)) else {
        return unqualified(&decoded).map_or_else(|| text.to_owned(), str::to_owned);
    };
    match key {
        "" => unqualified(name).unwrap_or(name).to_owned(),
        key => key_value(key).map_or_else(
            || text.to_owned(),
            |value| format!("{name}/{}", utf8_percent_encode(&value, SEGMENT)),
        ),
    }
}

/// The name of a function or action without its namespace. Types keep theirs, which tells them from properties.
fn unqualified(name: &str) -> Option<&str> {
    let name = name.strip_prefix("microsoft.graph.")?;
    (is_name(name) && !TYPES.contains(&name)).then_some(name)
}

/// The types that stand in paths.
const TYPES: &[&str] = &["user", "group"];

/// The name of an entity set or a function, which may be qualified.
fn is_name(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

/// The value of a key in parentheses: `'a''b'`, `userPrincipalName='a''b'`, or one without quotes.
pub(crate) fn key_value(key: &str) -> Option<String> {
    let value = match key.split_once('=') {
        Some((name, value)) if is_name(name) => value,
        _ => key,
    };
    let Some(quoted) = value.strip_prefix('\'') else {
        return (!value.contains(['\'', ',', '='])).then(|| value.to_owned());
    };
    let text = quoted.strip_suffix('\'')?.replace("''", "\0");
    (!text.contains('\'')).then(|| text.replace('\0', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_becomes_the_plain_one() {
        for (path, expected) in [
            ("/v1.0/users/%24count", "/v1.0/users/$count"),
            ("/v1.0/groups/1/members/2/%24ref", "/v1.0/groups/1/members/2/$ref"),
            ("/v1.0/users('a@b')", "/v1.0/users/a@b"),
            ("/v1.0/users(%27o%27%27b@x%27)/manager", "/v1.0/users/o%27b@x/manager"),
            ("/v1.0/users(userPrincipalName='a@b')", "/v1.0/users/a@b"),
            (
                "/v1.0/servicePrincipals(appId='1')/appRoleAssignedTo",
                "/v1.0/servicePrincipals/1/appRoleAssignedTo",
            ),
            ("/v1.0/users(8f0a)", "/v1.0/users/8f0a"),
            ("/beta/x/schema/functions()", "/beta/x/schema/functions"),
            ("/v1.0/users/", "/v1.0/users"),
            ("/v1.0/users/delta()", "/v1.0/users/delta"),
            ("/v1.0/users/microsoft.graph.delta()", "/v1.0/users/delta"),
            ("/v1.0/groups/microsoft.graph.delta", "/v1.0/groups/delta"),
        ] {
            assert_eq!(plain(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn the_plain_form_stays() {
        for path in [
            "/",
            "/v1.0/users/$count",
            "/v1.0/users/o%27brien%2Bx@a",
            "/v1.0/users/%ff",
            "/v1.0/users/a%2Fb",
            "/v1.0/groups/Desk%20%28A%29",
            "/v1.0/x(a='1',b='2')",
            "/v1.0/groups/1/members/microsoft.graph.user",
            "/v1.0/groups/graph.team",
        ] {
            assert_eq!(plain(path), None, "{path}");
        }
    }
}
