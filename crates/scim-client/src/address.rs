//! The target's base URL, and the addresses that its host may have.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::config::invalid;
use crate::failure::{ErrorCode, Failure};

/// A checked base URL, and what of it each request needs.
#[derive(Clone)]
pub(crate) struct BaseUrl {
    /// Scheme, host, port and path, without a slash at the end.
    pub prefix: String,
    /// A query that every request carries, without its question mark.
    pub query: Option<String>,
    /// True if the host is this machine; a proxy is not asked then.
    pub local: bool,
}

/// A URL that requests may be sent to.
pub(crate) struct Place {
    pub url: Url,
    /// True if the host is this machine.
    pub local: bool,
}

/// Checks a URL that an administrator typed, and explains what is wrong with it; `what` names it.
pub(crate) fn check(what: &str, text: &str, allow_link_local: bool) -> Result<Place, Failure> {
    let text = text.trim();
    let refuse = |why: &str| Err(invalid(&format!("The {what} {why}")));
    if text.is_empty() {
        return refuse("is empty; it looks like https://host/path.");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refuse("contains a space or a control character.");
    }
    let Some((scheme, _)) = text.find("://").map(|end| text.split_at(end)) else {
        return refuse("has no scheme; put https:// in front of it.");
    };
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return refuse("has a scheme that is neither https nor http.");
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return refuse(&format!("is not a valid URL: {error}.")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("contains a user name or password; put credentials into the application's secrets.");
    }
    if url.fragment().is_some() {
        return refuse("contains `#`; a fragment never reaches a server.");
    }
    let local = match url.host() {
        Some(Host::Domain(name)) => is_local_name(name),
        Some(Host::Ipv4(address)) => check_address(address.into(), allow_link_local)?,
        Some(Host::Ipv6(address)) => check_address(address.into(), allow_link_local)?,
        None => return refuse("has no host name."),
    };
    Ok(Place { url, local })
}

impl BaseUrl {
    /// Checks what an administrator typed, and explains what is wrong with it.
    pub fn parse(text: &str, allow_link_local: bool) -> Result<Self, Failure> {
        let Place { url, local } = check("tenant URL", text, allow_link_local)?;
        let path = url.path().trim_end_matches('/');
        let last = path.rsplit('/').next().unwrap_or_default();
        if let Some(end) = ["Users", "Groups", "ServiceProviderConfig", "Schemas", "ResourceTypes", "Bulk"]
            .iter()
            .find(|end| last.eq_ignore_ascii_case(end))
        {
            return Err(invalid(&format!(
                "The tenant URL ends in /{end}; leave that out, it is added to each request."
            )));
        }
        if url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("aadOptscim062020")) {
            return Err(invalid(
                "The tenant URL carries the flag aadOptscim062020. The form of requests is a setting of the job here; \
                 remove the flag from the URL and set the dialect to entra-2020.",
            ));
        }
        let query = url.query().filter(|query| !query.is_empty()).map(str::to_owned);
        Ok(Self { prefix: format!("{}{path}", url.origin().ascii_serialization()), query, local })
    }
}

/// Whether a literal address is this machine.
fn check_address(address: IpAddr, allow_link_local: bool) -> Result<bool, Failure> {
    if !allow_link_local && is_forbidden(address) {
        return Err(Failure::new(ErrorCode::AddressForbidden, Forbidden(address.to_string()).to_string()));
    }
    let address = address.to_canonical();
    Ok(address.is_loopback() || address.is_unspecified())
}

/// RFC 6761 section 6.3: `localhost` and everything below it is this machine.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let suffix = name.len().checked_sub("localhost".len()).and_then(|start| name.get(start..));
    suffix.is_some_and(|end| end.eq_ignore_ascii_case("localhost"))
        && (name.len() == "localhost".len() || name[..name.len() - "localhost".len()].ends_with('.'))
}

/// Link-local addresses, and the fixed addresses at which clouds hand secrets to their machines.
fn is_forbidden(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_forbidden_v4(address),
        IpAddr::V6(address) => {
            let segments = address.segments();
            let embedded = match segments {
                // NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056) and the old IPv4-compatible form carry an IPv4 address.
                [0x64, 0xff9b, 0 | 1, _, _, _, high, low]
                | [0x2002, high, low, ..]
                | [0, 0, 0, 0, 0, 0, high, low] => Some((high, low)),
                _ => None,
            };
            address.is_unicast_link_local()
                || address == Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)
                || address == Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254)
                || embedded.is_some_and(|(high, low)| {
                    is_forbidden_v4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)))
                })
        }
    }
}

fn is_forbidden_v4(address: Ipv4Addr) -> bool {
    address.is_link_local()
        || address == Ipv4Addr::new(100, 100, 100, 200)
        || address == Ipv4Addr::new(168, 63, 129, 16)
        || address == Ipv4Addr::new(192, 0, 0, 192)
}

/// The system's resolver with `*.localhost` at loopback, and without forbidden addresses.
pub(crate) struct Resolver {
    pub allow_link_local: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow = self.allow_link_local;
        Box::pin(async move {
            let name = name.as_str();
            if is_local_name(name) {
                let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
                return Ok(Box::new(loopback.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs);
            }
            let found = tokio::net::lookup_host((name, 0)).await;
            let addresses: Vec<SocketAddr> =
                found.map_err(|error| NotFound { host: name.to_owned(), why: error.to_string() })?.collect();
            if addresses.is_empty() {
                return Err(NotFound { host: name.to_owned(), why: "no address".to_owned() }.into());
            }
            // One forbidden address among others is as suspicious as only forbidden ones.
            if !allow && addresses.iter().any(|address| is_forbidden(address.ip())) {
                return Err(Forbidden(name.to_owned()).into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The host name has no address.
#[derive(Debug)]
pub(crate) struct NotFound {
    host: String,
    why: String,
}

impl fmt::Display for NotFound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "The host name {} could not be resolved ({}).", self.host, self.why)
    }
}

impl std::error::Error for NotFound {}

/// The host has an address that targets may not have.
#[derive(Debug)]
pub(crate) struct Forbidden(String);

impl fmt::Display for Forbidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is (or resolves to) a link-local or cloud metadata address.", self.0)
    }
}

impl std::error::Error for Forbidden {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> Failure {
        BaseUrl::parse(url, false).err().unwrap_or_else(|| panic!("{url} was taken"))
    }

    #[test]
    fn takes_good_urls() {
        let url = BaseUrl::parse(" HTTPS://Contoso.example.com:443/api/scim/v2/ ", false).expect("good");
        assert_eq!(url.prefix, "https://contoso.example.com/api/scim/v2");
        assert!(!url.local && url.query.is_none());
        let url = BaseUrl::parse("http://contoso.localhost:8080/scim?tenant=a%26b", false).expect("good");
        assert_eq!((url.prefix.as_str(), url.local), ("http://contoso.localhost:8080/scim", true));
        assert_eq!(url.query.as_deref(), Some("tenant=a%26b"));
        assert_eq!(BaseUrl::parse("http://[::1]:1/", false).expect("good").prefix, "http://[::1]:1");
    }

    #[test]
    fn explains_bad_urls() {
        for (url, word) in [
            ("", "empty"),
            ("contoso.example.com/scim", "https://"),
            ("contoso.example.com:8080/scim", "https://"),
            ("ftp://contoso.example.com", "neither"),
            ("https://contoso .example.com", "space"),
            ("https://", "host"),
            ("https://me:secret@contoso.example.com", "secrets"),
            ("https://contoso.example.com/scim#x", "#"),
            ("https://contoso.example.com/scim/users/", "/Users"),
            ("https://contoso.example.com/scim?aadOptscim062020", "aadOptscim062020"),
            ("https://contoso.example.com:99999/", "port"),
        ] {
            let failure = refused(url);
            assert_eq!(failure.code, ErrorCode::InvalidConfiguration);
            assert!(failure.reason.contains(word), "{url}: {failure}");
            assert!(!failure.reason.contains("me:"), "{failure}");
        }
    }

    #[test]
    fn refuses_metadata_addresses_in_every_spelling() {
        for host in [
            "169.254.169.254",
            "0xA9FEA9FE",
            "2852039166",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::169.254.169.254]",
            "[2002:a9fe:a9fe::1]",
            "[::169.254.169.254]",
            "[fe80::a9fe:a9fe]",
            "0251.0376.0251.0376",
            "169.254.43518",
            "0xa9.0xfe.0xa9.0xfe",
            "169.254.169.254.",
            "%31%36%39.254.169.254",
            "１６９.254.169.254",
            "192.0.0.192",
            "168.63.129.16",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "100.100.100.200",
        ] {
            let url = format!("http://{host}/latest");
            assert_eq!(refused(&url).code, ErrorCode::AddressForbidden, "{url}");
            assert!(BaseUrl::parse(&url, true).is_ok(), "{url}");
        }
        assert!(BaseUrl::parse("http://10.0.0.7/scim", false).is_ok());
    }

    #[tokio::test]
    async fn names_lead_to_no_forbidden_address_either() {
        // What the system answers to a name that is an address is that address.
        for name in ["169.254.169.254", "0xa9fea9fe", "::ffff:169.254.169.254", "fd00:ec2::254"] {
            let resolve =
                |allow_link_local| Resolver { allow_link_local }.resolve(name.parse().expect("a name"));
            let error = resolve(false).await.err().unwrap_or_else(|| panic!("{name} was resolved"));
            assert!(error.downcast_ref::<Forbidden>().is_some(), "{name}: {error}");
            assert!(resolve(true).await.is_ok(), "{name}");
        }
        for name in ["localhost", "Contoso.LOCALHOST", "contoso.localhost."] {
            let resolver = Resolver { allow_link_local: false };
            let mut found = resolver.resolve(name.parse().expect("a name")).await.expect("this machine");
            assert!(found.all(|address| address.ip().is_loopback()), "{name}");
        }
    }

    #[test]
    fn local_names() {
        for name in ["localhost", "contoso.localhost", "LOCALHOST", "a.b.localhost."] {
            assert!(is_local_name(name), "{name}");
        }
        for name in ["notlocalhost", "localhost.example.com", "", "ü"] {
            assert!(!is_local_name(name), "{name}");
        }
    }
}
