//! A mail server that keeps what it is sent, and refuses on demand.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A message as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Headers and body, with line feeds alone at the ends of lines.
    pub text: String,
}

impl ReceivedMail {
    /// The value of a header, unfolded; empty where there is none.
    pub fn header(&self, name: &str) -> String {
        let head = self.text.split("\n\n").next().unwrap_or_default().replace("\n ", " ");
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        let value = lines.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        value.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    }

    /// What follows the headers, with soft line ends of quoted-printable taken out.
    pub fn body(&self) -> String {
        self.text.split_once("\n\n").map_or("", |(_, body)| body).replace("=\n", "")
    }
}

#[derive(Default)]
struct Held {
    received: Vec<ReceivedMail>,
    /// What the next messages are answered with instead of being taken.
    refusal: Option<String>,
    attempts: usize,
    log_ins: usize,
}

/// A server of SMTP on a free port of this machine, without TLS; ends when it is dropped.
pub struct MailServer {
    address: SocketAddr,
    held: Arc<Mutex<Held>>,
    task: JoinHandle<()>,
}

impl MailServer {
    /// Starts a server.
    ///
    /// # Panics
    /// When the machine has no free port.
    pub async fn start() -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.expect("a free port"))
    }

    fn listen(listener: TcpListener) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        let held: Arc<Mutex<Held>> = Arc::default();
        let kept = Arc::clone(&held);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let held = Arc::clone(&kept);
                // A client that goes away ends its conversation.
                tokio::spawn(async move { drop(converse(stream, &held).await) });
            }
        });
        Self { address, held, task }
    }

    /// The URL of the server.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The messages taken so far.
    pub fn received(&self) -> Vec<ReceivedMail> {
        self.held.lock().received.clone()
    }

    /// How many messages were offered, taken or not.
    pub fn attempts(&self) -> usize {
        self.held.lock().attempts
    }

    /// How often a client logged in.
    pub fn log_ins(&self) -> usize {
        self.held.lock().log_ins
    }

    /// From now on messages are answered with this line, or taken again.
    pub fn refuse(&self, answer: Option<&str>) {
        self.held.lock().refusal = answer.map(str::to_owned);
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What stands in angle brackets.
fn path(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(path, _)| path).to_owned()
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: S, held: &Mutex<Held>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 testkit\r\n").await?;
    let (mut from, mut to) = (String::new(), Vec::new());
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.to_ascii_uppercase();
        let answer = match command.as_str() {
            it if it.starts_with("EHLO") => {
                "250-testkit\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n".to_owned()
            }
            it if it.starts_with("AUTH") => {
                held.lock().log_ins += 1;
                "235 welcome\r\n".to_owned()
            }
            it if it.starts_with("MAIL FROM:") => {
                from = path(&line);
                "250 ok\r\n".to_owned()
            }
            it if it.starts_with("RCPT TO:") => {
                to.push(path(&line));
                "250 ok\r\n".to_owned()
            }
            it if it.starts_with("DATA") => {
                stream.write_all(b"354 go on\r\n").await?;
                let text = data(&mut stream).await?;
                let mail = ReceivedMail { from: from.clone(), to: std::mem::take(&mut to), text };
                let mut held = held.lock();
                held.attempts += 1;
                if let Some(refusal) = &held.refusal {
                    format!("{refusal}\r\n")
                } else {
                    held.received.push(mail);
                    "250 taken\r\n".to_owned()
                }
            }
            it if it.starts_with("QUIT") => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            it if it.starts_with("RSET") || it.starts_with("NOOP") => "250 ok\r\n".to_owned(),
            _ => "502 what?\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// The lines up to the one that is a dot, without the dots that were put before lines with one.
async fn data<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line).trim_end_matches(['\r', '\n']));
        text.push('\n');
    }
}
