//! Names of tenants: a label of the host name `NAME.DOMAIN`.

use crate::{Error, Result};

/// Names that a host of the installation may need for itself, or that would mislead.
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "app",
    "auth",
    "dashboard",
    "directory",
    "docs",
    "graph",
    "health",
    "help",
    "internal",
    "localhost",
    "login",
    "mail",
    "metrics",
    "oauth",
    "provost",
    "root",
    "scim",
    "smtp",
    "status",
    "support",
    "system",
    "tenant",
    "tenants",
    "test",
    "www",
];

/// Checks that a name can be a tenant's: a DNS label (RFC 1035 section 2.3.1, digits first allowed by RFC 1123) in
/// lower case that is not reserved. The error is [`Error::InvalidName`].
pub fn check_name(name: &str) -> Result<()> {
    reason(name)
        .map_or(Ok(()), |reason| Err(Error::InvalidName { name: name.chars().take(80).collect(), reason }))
}

fn reason(name: &str) -> Option<&'static str> {
    let label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 63 {
        return Some("it must have 1 to 63 characters");
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some("it must be in lower case");
    }
    if !name.bytes().all(label) {
        return Some(
            "it may have only the letters a to z, digits and hyphens, since it becomes part of a host name",
        );
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Some("it must not begin or end with a hyphen");
    }
    if name.get(2..4) == Some("--") {
        return Some("hyphens in the third and fourth place are reserved for international domain names");
    }
    RESERVED
        .contains(&name)
        .then_some("it is reserved; choose another one, e.g. the name of the organization")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_pass_and_others_say_why() {
        for good in ["contoso", "a", "7eleven", "a-b", &"x".repeat(63)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for (bad, word) in [
            ("", "1 to 63"),
            (&*"x".repeat(64), "1 to 63"),
            ("Contoso", "lower case"),
            ("con.toso", "letters"),
            ("contösö", "letters"),
            ("-a", "hyphen"),
            ("a-", "hyphen"),
            ("xn--a", "international"),
            ("www", "reserved"),
        ] {
            let error = check_name(bad).unwrap_err().to_string();
            assert!(error.contains(word), "{bad}: {error}");
        }
    }
}
