//! Which server, and how it is spoken to.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{Error, Result};

/// How long the server may take with one answer.
const ANSWER: Duration = Duration::from_secs(20);

/// How what is sent is protected on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    /// TLS from the first byte.
    Tls,
    /// TLS after STARTTLS, without which nothing is sent.
    StartTls,
    /// None.
    Plain,
}

/// A mail server, and who we are there.
#[derive(Clone, Debug)]
pub struct Server {
    host: String,
    port: u16,
    protection: Protection,
    user: Option<(String, SecretString)>,
}

impl Server {
    /// Reads `smtps://USER@HOST:PORT` (TLS) or `smtp://USER@HOST:PORT` (STARTTLS; on this machine itself without). With
    /// `?tls=none` nothing is encrypted, which only a server takes that asks for no password. The password is never part
    /// of the URL, which others can see.
    pub fn parse(url: &str, password: Option<SecretString>) -> Result<Self> {
        let refused = |reason: &str| Error::Server(reason.to_owned());
        let url = Url::parse(url)
            .map_err(|error| Error::Server(format!("{error}; write it as smtps://user@mail.example.com")))?;
        if url.password().is_some() {
            return Err(refused("it holds a password, which others can see there: give the password apart"));
        }
        let host =
            url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refused("it names no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(refused("a path means nothing there"));
        }
        let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let (protection, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Protection::Tls, 465),
            ("smtp", None) if local => (Protection::Plain, 25),
            ("smtp", None) => (Protection::StartTls, 587),
            ("smtp", Some("tls=none")) => (Protection::Plain, 25),
            ("smtp" | "smtps", _) => return Err(refused("the only parameter is tls=none, of smtp://")),
            _ => return Err(refused("it begins with neither smtps:// nor smtp://")),
        };
        let name = percent_decode_str(url.username()).decode_utf8();
        let name = name.map_err(|_| refused("the user is not UTF-8"))?.into_owned();
        let user = match (name.is_empty(), password) {
            (true, None) => None,
            (false, Some(password)) => Some((name, password)),
            (false, None) => return Err(refused("it names a user, and there is no password")),
            (true, Some(_)) => return Err(refused("there is a password, and it names no user")),
        };
        if user.is_some() && protection == Protection::Plain && !local {
            return Err(refused("with tls=none the password would travel in clear: leave one of them out"));
        }
        Ok(Self { port: url.port().unwrap_or(port), host, protection, user })
    }

    pub(crate) fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>> {
        let tls = || {
            TlsParameters::new_rustls(self.host.clone())
                .map_err(|error| Error::Server(format!("TLS cannot be set up: {error}")))
        };
        let tls = match self.protection {
            Protection::Tls => Tls::Wrapper(tls()?),
            Protection::StartTls => Tls::Required(tls()?),
            Protection::Plain => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .timeout(Some(ANSWER));
        if let Some((name, password)) = &self.user {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(name.clone(), password));
        }
        Ok(builder.build())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str, password: Option<&str>) -> Result<Server> {
        Server::parse(url, password.map(SecretString::from))
    }

    #[test]
    fn what_is_not_protected_is_only_what_may_be_seen() {
        let read = |url, password| {
            let server = parse(url, password).unwrap_or_else(|error| panic!("{url}: {error}"));
            (server.to_string(), server.protection)
        };
        let secret = Some("secret");
        assert_eq!(read("smtps://u@mail.example", secret), ("mail.example:465".to_owned(), Protection::Tls));
        assert_eq!(read("smtp://u@mail.example", secret).1, Protection::StartTls);
        assert_eq!(
            read("smtp://mail.example:2525", None),
            ("mail.example:2525".to_owned(), Protection::StartTls)
        );
        assert_eq!(read("smtp://mail.example?tls=none", None).1, Protection::Plain);
        assert_eq!(read("smtp://u@127.0.0.1:1025", secret).1, Protection::Plain);
        assert_eq!(read("smtp://[::1]", None), ("::1:25".to_owned(), Protection::Plain));
        let user = parse("smtps://u%40x.example@mail.example", secret).unwrap().user;
        assert_eq!(user.map(|(name, _)| name).as_deref(), Some("u@x.example"));
    }

    #[test]
    fn urls_that_cannot_be_meant_are_refused_without_their_secrets() {
        for (url, password) in [
            ("mail.example", None),
            ("https://mail.example", None),
            ("smtp://", None),
            ("smtps://u:hunter2@mail.example", None),
            ("smtps://u@mail.example", None),
            ("smtps://mail.example", Some("hunter2")),
            ("smtps://mail.example/path", None),
            ("smtps://mail.example?tls=none", None),
            ("smtp://mail.example?tls=maybe", None),
            ("smtp://u@mail.example?tls=none", Some("hunter2")),
        ] {
            let error = parse(url, password).expect_err(url);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}: {error}");
        }
    }

    #[tokio::test]
    async fn a_server_without_tls_gets_neither_password_nor_message_where_tls_is_wanted() {
        let listening = testkit::MailServer::start().await;
        let port = listening.url().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap();
        for protection in [Protection::Tls, Protection::StartTls] {
            let user = Some(("u".to_owned(), SecretString::from("hunter2")));
            let server = Server { host: "127.0.0.1".to_owned(), port, protection, user };
            let mailer = crate::Mailer::new(&server, "a@example.com".parse().unwrap()).unwrap();
            let message = crate::Message {
                id: "1".to_owned(),
                at: jiff::Timestamp::UNIX_EPOCH,
                subject: String::new(),
                text: String::new(),
            };
            mailer.send(&["b@example.com".parse().unwrap()], &message).await.expect_err("no TLS there");
        }
        assert_eq!((listening.attempts(), listening.log_ins()), (0, 0));
    }
}
