//! Mail by SMTP: how administrators are told what they have to know.
//!
//! A [`Mailer`] sends one [`Message`] at a time over a connection of its own: notices are few, and a server that was
//! restarted or a certificate that was renewed needs no attention here. What was sent, and whether to try again, is the
//! sender's to know.

mod server;

pub use server::Server;

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

/// The longest time that one message may take, whatever the server does.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Why a message was not sent, or cannot be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address that is none.
    #[error(
        "\"{text}\" is no mail address ({reason}): write it as admin@example.com or Name <admin@example.com>"
    )]
    Address {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The URL of a server that cannot be used.
    #[error("the URL of the mail server is not usable: {0}")]
    Server(String),
    /// The message cannot be put together.
    #[error("the message cannot be put together: {0}")]
    Message(String),
    /// The server was not reached, or did not take the message. It may the next time.
    #[error("the mail server {server} did not take the message: {reason}")]
    Refused {
        /// Its host and port.
        server: String,
        /// What it said, or why it was not reached.
        reason: String,
    },
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where mail comes from or goes to, with or without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Mailbox);

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |reason: String| Error::Address { text: text.chars().take(200).collect(), reason };
        text.trim()
            .parse()
            .map(Self)
            .map_err(|error: lettre::address::AddressError| refused(error.to_string()))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What is to be said.
#[derive(Clone, Debug)]
pub struct Message {
    /// Tells the message from every other one. The same one sent twice has the same, so that mail systems show it once.
    pub id: String,
    /// When it was written.
    pub at: Timestamp,
    /// One line; what would break it is replaced.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// Sends mail by way of one server.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    server: String,
    from: Address,
}

impl Mailer {
    /// A mailer for that server, in the name of `from`. Nothing is sent yet.
    pub fn new(server: &Server, from: Address) -> Result<Self> {
        Ok(Self { transport: server.transport()?, server: server.to_string(), from })
    }

    /// Sends a message to all of these addresses. When this returns `Ok`, the server has taken it.
    pub async fn send(&self, to: &[Address], message: &Message) -> Result<()> {
        let from = &self.from.0;
        let builder: MessageBuilder = lettre::Message::builder()
            .from(from.clone())
            .date(date(message.at))
            .message_id(Some(format!("<{}@{}>", message.id, from.email.domain())))
            .subject(one_line(&message.subject))
            .header(ContentType::TEXT_PLAIN);
        let built = to
            .iter()
            .fold(builder, |builder, address| builder.to(address.0.clone()))
            .body(message.text.clone())
            .map_err(|error| Error::Message(error.to_string()))?;
        let refused = |reason| Error::Refused { server: self.server.clone(), reason };
        match tokio::time::timeout(TIMEOUT, self.transport.send(built)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refused(told(&error))),
            Err(_) => Err(refused(format!("it did not answer in {} s", TIMEOUT.as_secs()))),
        }
    }
}

fn date(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}

/// An error with what is behind it.
fn told(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words = format!("{words}: {inner_words}");
        }
        source = inner.source();
    }
    words
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_a_name() {
        for text in ["a@example.com", " Ops <ops@example.com> ", "\"A, B\" <a@x.example>"] {
            text.parse::<Address>().unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        for text in ["", "a", "a@", "@b", "a@b\r\nBcc: c@d", "a@b,c@d"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
