//! Which client sent a request.

use axum::http::Method;

/// What the `User-Agent` of a client has in it, in lower case, and how the client is called. The first that fits counts:
/// products before the libraries that they are made with.
const AGENTS: [(&str, &str); 31] = [
    ("scim2-tester", "scim2-tester"),
    ("scim2-cli", "scim2-cli"),
    ("scim2-client", "scim2-tester or another user of scim2-client"),
    ("provost/", "Provost"),
    ("okta", "Okta"),
    ("onelogin", "OneLogin"),
    ("pingone", "PingOne"),
    ("pingfederate", "PingFederate"),
    ("pingidentity", "Ping Identity"),
    ("jumpcloud", "JumpCloud"),
    ("microsoft", "Microsoft Entra ID"),
    ("azure", "Microsoft Entra ID"),
    ("entra", "Microsoft Entra ID"),
    ("sailpoint", "SailPoint"),
    ("rippling", "Rippling"),
    ("workday", "Workday"),
    ("cyberark", "CyberArk"),
    ("duo", "Duo"),
    ("google", "Google Workspace"),
    ("keycloak", "Keycloak"),
    ("authentik", "authentik"),
    ("postman", "Postman"),
    ("insomnia", "Insomnia"),
    ("curl/", "curl"),
    ("python-requests", "python-requests"),
    ("python-httpx", "python-httpx"),
    ("go-http-client", "a client written in Go"),
    ("okhttp", "a client written in Java"),
    ("java", "a client written in Java"),
    ("node", "a client written in JavaScript"),
    ("mozilla/", "a browser"),
];

/// The name of the client, by its `User-Agent` or else by what it does; `unknown` where neither tells.
pub(super) fn recognized(
    agent: &str,
    method: &Method,
    target: &str,
    quirks: &[(&'static str, String)],
) -> String {
    let lower = agent.to_ascii_lowercase();
    if let Some((_, name)) = AGENTS.iter().find(|(part, _)| lower.contains(part)) {
        return (*name).to_owned();
    }
    if let Some(name) = by_habit(method, target, quirks) {
        return format!("{name} (by its requests)");
    }
    let product = agent.split([' ', '/', '(']).next().unwrap_or_default();
    if product.is_empty() { "unknown".to_owned() } else { product.chars().take(60).collect() }
}

/// What only one client does.
fn by_habit(method: &Method, target: &str, quirks: &[(&'static str, String)]) -> Option<&'static str> {
    let target = target.to_ascii_lowercase();
    let has = |code: &str| quirks.iter().any(|(other, _)| *other == code);
    let entra = target.contains("aadoptscim062020")
        // Entra looks for groups by name and never reads their members.
        || (target.contains("/groups?excludedattributes=members&filter="))
        // It writes Add, Replace, Remove.
        || (method == Method::PATCH && has("operation-case"));
    // Okta asks for pages of 100 from 1 with each look-up.
    let okta = target.contains("filter=username") && target.ends_with("&startindex=1&count=100");
    match (entra, okta) {
        (true, _) => Some("Microsoft Entra ID"),
        (_, true) => Some("Okta"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_known_by_their_agent_or_their_habits() {
        let by_agent = |agent| recognized(agent, &Method::GET, "/Users", &[]);
        for (agent, name) in [
            ("Okta SCIM Client 1.0.0", "Okta"),
            ("OneLogin SCIM Client", "OneLogin"),
            ("JumpCloud-SCIM/2.0", "JumpCloud"),
            ("PingOne", "PingOne"),
            ("curl/8.5.0", "curl"),
            ("PostmanRuntime/7.36.0", "Postman"),
            ("python-requests/2.31.0", "python-requests"),
            (concat!("Provost/", env!("CARGO_PKG_VERSION")), "Provost"),
            ("HrSync/2 (+https://hr.example)", "HrSync"),
            ("", "unknown"),
        ] {
            assert_eq!(by_agent(agent), name);
        }
        let entra = "Microsoft Entra ID (by its requests)";
        let quirk = [("operation-case", String::new())];
        assert_eq!(recognized("", &Method::PATCH, "/Users/1", &quirk), entra);
        assert_eq!(recognized("", &Method::GET, "/Users?aadOptscim062020", &[]), entra);
        let look_up = "/Groups?excludedAttributes=members&filter=displayName%20eq%20%22x%22";
        assert_eq!(recognized("", &Method::GET, look_up, &[]), entra);
        let look_up = "/Users?filter=userName%20eq%20%22a%22&startIndex=1&count=100";
        assert_eq!(recognized("", &Method::GET, look_up, &[]), "Okta (by its requests)");
        assert_eq!(recognized("curl/8", &Method::PATCH, "/Users/1", &quirk), "curl");
    }
}
