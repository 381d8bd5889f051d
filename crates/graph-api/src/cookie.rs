//! The cookie of a session.

use axum::http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Addresses;

/// The name over TLS: browsers then take it only from this very host, and for all of its paths (RFC 6265bis, section
/// 4.1.3.2).
const OVER_TLS: &str = "__Host-provost_session";
const PLAIN: &str = "provost_session";

fn is_tls(addresses: &Addresses) -> bool {
    addresses.public_url.starts_with("https://")
}

/// What the cookie is called.
pub(crate) fn name(addresses: &Addresses) -> &'static str {
    if is_tls(addresses) { OVER_TLS } else { PLAIN }
}

/// The session that a browser shows.
pub(crate) fn session(headers: &HeaderMap, addresses: &Addresses) -> Option<SecretString> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name(addresses)).map(|(_, value)| SecretString::from(value))
}

/// What has a browser keep a session until it is closed, or forget it.
pub(crate) fn set(session: Option<&SecretString>, addresses: &Addresses) -> Option<HeaderValue> {
    let (value, end) = match session {
        Some(session) => (session.expose_secret(), ""),
        None => ("", "; Max-Age=0"),
    };
    let secure = if is_tls(addresses) { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{end}", name(addresses));
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(public_url: &str) -> Addresses {
        Addresses { public_url: public_url.to_owned(), domain: "localhost".to_owned() }
    }

    #[test]
    fn over_tls_the_cookie_is_of_this_host_alone() {
        let kept = SecretString::from("s");
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; provost_session=one"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-provost_session=two"));
        for (url, expected, found) in [
            ("https://x", "__Host-provost_session=s; Path=/; HttpOnly; SameSite=Strict; Secure", "two"),
            ("http://x", "provost_session=s; Path=/; HttpOnly; SameSite=Strict", "one"),
        ] {
            let value = set(Some(&kept), &at(url)).expect("a value");
            assert!(value.is_sensitive() && value == expected, "{value:?}");
            assert_eq!(session(&headers, &at(url)).expect("a cookie").expose_secret(), found);
        }
    }
}
