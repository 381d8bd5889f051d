//! A small HTTP server on loopback that answers as each test says.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scim_client::{Auth, Config, Retry, Target};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Such as `GET`.
    pub method: String,
    /// Path and query, still encoded.
    pub target: String,
    /// Header lines, lower case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    /// The decoded value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        let url = url::Url::parse("http://x").expect("a URL").join(&self.target).expect("a path");
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// What to do with a request.
pub enum Reply {
    /// Status, extra header lines, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Close the connection without an answer.
    Hang,
    /// Keep silent for ever.
    Silence,
    /// An announced length that never comes.
    Endless,
}

pub fn json(status: u16, body: &Value) -> Reply {
    Reply::Answer(status, vec![("content-type", "application/scim+json".to_owned())], body.to_string())
}

type Script = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

/// The server; it ends with the test's runtime.
pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Starts a server; the script gets each request's number, from 0, and the request.
    pub async fn start(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, script).await
    }

    /// The same by TLS.
    pub async fn start_tls(
        config: Arc<rustls::ServerConfig>,
        script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(TlsAcceptor::from(config)), script).await
    }

    async fn listen(
        tls: Option<TlsAcceptor>,
        script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (all, script): (_, Arc<Script>) = (Arc::clone(&seen), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, all) = (Arc::clone(&script), Arc::clone(&all));
                let Some(tls) = tls.clone() else {
                    tokio::spawn(serve(stream, script, all));
                    continue;
                };
                tokio::spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, script, all).await;
                    }
                });
            }
        });
        Self { port, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }

    pub fn config(&self) -> Config {
        let mut config = Config::new(
            format!("http://contoso.localhost:{}/scim/v2/", self.port),
            Auth::Bearer("s3cret".to_owned().into()),
        );
        config.retry = Retry { first_pause: Duration::from_millis(2), ..Retry::default() };
        config
    }

    pub fn target(&self) -> Target {
        Target::new(&self.config()).expect("good settings")
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: Arc<Script>,
    all: Arc<Mutex<Vec<Seen>>>,
) {
    while let Some(request) = read(&mut stream).await {
        let number = {
            let mut all = all.lock().expect("not poisoned");
            all.push(request.clone());
            all.len() - 1
        };
        let answer = match script(number, &request) {
            Reply::Hang => return,
            Reply::Silence => std::future::pending().await,
            Reply::Endless => {
                let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
                let mut sent = stream.write_all(head.as_bytes()).await;
                while sent.is_ok() {
                    sent = stream.write_all(chunk.as_bytes()).await;
                }
                return;
            }
            Reply::Answer(status, headers, body) => {
                let mut text = format!("HTTP/1.1 {status} X\r\n");
                for (name, value) in headers {
                    write!(text, "{name}: {value}\r\n").expect("writing to a string");
                }
                if status != 204 {
                    write!(text, "content-length: {}\r\n", body.len()).expect("writing to a string");
                }
                text + "\r\n" + &body
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap_or(0));
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => body.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
    Some(Seen { method, target, headers, body: String::from_utf8(body).ok()? })
}
