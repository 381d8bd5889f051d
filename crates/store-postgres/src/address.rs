//! Where the database is, and how it is reached.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::tls::{Tls, Verify};

/// How long one host may take with the making of a connection, unless the address says otherwise.
const CONNECT: Duration = Duration::from_secs(5);
/// How long what was sent may stay unacknowledged before the connection counts as lost, unless the address says otherwise.
const SILENCE: Duration = Duration::from_secs(15);

/// The address of a database. Neither its `Display` nor its `Debug` tells the password.
#[derive(Clone)]
pub struct Address {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
}

impl Address {
    /// Reads a URL as libpq does: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`. A password given apart
    /// counts where the URL has none.
    ///
    /// # Errors
    /// What is wrong, for people; it repeats nothing of the URL but the names of its parameters.
    pub fn parse(url: &SecretString, password: Option<&SecretString>) -> Result<Self, String> {
        let url = url.expose_secret().trim();
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err("it does not begin with postgres://".into());
        }
        // The part that is verified here is libpq's, which the driver does not know.
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut kept, mut mode, mut authorities) = (Vec::new(), None, None);
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let decoded = url::form_urlencoded::parse(part.as_bytes()).next();
            let (name, value) = decoded.unwrap_or_default();
            match &*name {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" if value == "system" => authorities = None,
                "sslrootcert" => authorities = Some(PathBuf::from(value.into_owned())),
                _ => kept.push(part),
            }
        }
        let (ssl, verify) = match mode.as_deref() {
            Some("disable") => (SslMode::Disable, Verify::Nothing),
            None | Some("prefer") => (SslMode::Prefer, Verify::Nothing),
            Some("require") => (SslMode::Require, Verify::Nothing),
            Some("verify-ca") => (SslMode::Require, Verify::Authority),
            Some("verify-full") => (SslMode::Require, Verify::Host),
            Some(_) => {
                return Err("sslmode is none of disable, prefer, require, verify-ca, verify-full".into());
            }
        };
        // As libpq: whoever names an authority wants it asked.
        let verify = match verify {
            Verify::Nothing if ssl == SslMode::Require && authorities.is_some() => Verify::Authority,
            verify => verify,
        };
        let tls = Tls::new(verify, authorities.as_deref())?;
        let url = format!("{base}?{}", kept.join("&"));
        let mut config: Config = url.parse().map_err(|error| crate::error::chain(&error))?;
        config.ssl_mode(ssl);
        if config.get_hosts().is_empty() {
            return Err("it names no host".into());
        }
        if let (None, Some(password)) = (config.get_password(), password) {
            config.password(password.expose_secret());
        }
        if config.get_application_name().is_none() {
            config.application_name("provost");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        Ok(Self { config, tls })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        for (place, host) in self.config.get_hosts().iter().enumerate() {
            let port = ports.get(place).or(ports.first()).copied().unwrap_or(5432);
            let separator = if place == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(formatter, "{separator}{name}:{port}")?,
                #[cfg(unix)]
                Host::Unix(path) => write!(formatter, "{separator}{}:{port}", path.display())?,
            }
        }
        write!(formatter, "/{}", self.config.get_dbname().or(self.config.get_user()).unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, String> {
        Address::parse(&SecretString::from(url), None)
    }

    #[test]
    fn the_password_is_not_shown() {
        let address =
            parse("postgres://provost:hun%24ter2@db.example.com,other:5433/prod?sslmode=require").unwrap();
        assert_eq!(address.config.get_password(), Some(&b"hun$ter2"[..]));
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
        for shown in [format!("{address}"), format!("{address:?}")] {
            assert!(shown.contains("db.example.com:5432,other:5433/prod"), "{shown}");
            assert!(!shown.contains("ter2"), "{shown}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, words) in [
            ("mysql://root:hunter2@db/prod", "postgres://"),
            ("postgres://root:hunter2@db/prod?sslmode=hunter2", "sslmode"),
            ("postgres://root:hunter2@db:hunter2/prod", "port"),
            ("postgres://root:hunter2@db/prod?hunter2=hunter2&sslmode=disable", "unknown option"),
            ("postgres://root:hunter2@db/prod?sslmode=verify-ca", "sslrootcert"),
            ("postgres://root:hunter2@db/prod?sslmode=verify-full&sslrootcert=no/such/file", "no/such/file"),
            ("postgres:///prod", "host"),
        ] {
            let error = parse(url).expect_err(url);
            assert!(error.contains(words), "{error}");
            assert!(!error.contains("root:"), "{error}");
        }
    }

    #[test]
    fn a_password_given_apart_counts_where_there_is_none() {
        let apart = SecretString::from("apart");
        let password = |url: &str| {
            let address = Address::parse(&SecretString::from(url), Some(&apart)).unwrap();
            address.config.get_password().map(<[u8]>::to_vec)
        };
        assert_eq!(password("postgres://provost@db/prod"), Some(b"apart".to_vec()));
        assert_eq!(password("postgresql://provost:own@db/prod"), Some(b"own".to_vec()));
    }
}
