//! An endpoint that keeps the requests it gets, and answers as a test says.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method and target.
    pub line: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Received {
    /// The value of a header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// What a request is answered with.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// A status, without a body.
    Status(u16),
    /// A status with headers, each as a line, and a body.
    Full(u16, Vec<String>, String),
    /// Nothing, for ever.
    Silence,
    /// A status, and a body that never ends: a byte now and then.
    Drip(u16),
    /// A status, and more and more of a body.
    Flood(u16),
    /// The end of the connection.
    HangUp,
}

type Rule = Box<dyn FnMut(&Received) -> Reaction + Send>;

struct Held {
    received: Vec<Received>,
    rule: Rule,
}

/// A server of HTTP on a free port of this machine; ends when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    held: Arc<Mutex<Held>>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Starts a server that answers 204 until it is told otherwise.
    ///
    /// # Panics
    /// When the machine has no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let rule: Rule = Box::new(|_| Reaction::Status(204));
        let held = Arc::new(Mutex::new(Held { received: Vec::new(), rule }));
        let kept = Arc::clone(&held);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let held = Arc::clone(&kept);
                // A client that goes away ends its conversation.
                tokio::spawn(async move { drop(Box::pin(converse(stream, &held)).await) });
            }
        });
        Self { address, held, task }
    }

    /// The URL of a path of the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on requests are answered by this rule.
    pub fn answer(&self, rule: impl FnMut(&Received) -> Reaction + Send + 'static) {
        self.held.lock().rule = Box::new(rule);
    }

    /// The requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.held.lock().received.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(stream: TcpStream, held: &Mutex<Held>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await?;
            let Some((name, value)) = header.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.and_then(|(_, value)| value.parse().ok()).unwrap_or_default()];
        stream.read_exact(&mut body).await?;
        let request = Received { line: line.trim().to_owned(), headers, body: body.into() };
        let reaction = {
            let mut held = held.lock();
            let reaction = (held.rule)(&request);
            held.received.push(request);
            reaction
        };
        let head = |status: u16| format!("HTTP/1.1 {status} As told\r\n");
        match reaction {
            Reaction::Status(status @ 204) => {
                stream.write_all(format!("{}\r\n", head(status)).as_bytes()).await?;
            }
            Reaction::Status(status) => {
                stream.write_all(format!("{}content-length: 0\r\n\r\n", head(status)).as_bytes()).await?;
            }
            Reaction::Full(status, headers, body) => {
                let headers: String = headers.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
                let length = body.len();
                let answer = format!("{}{headers}content-length: {length}\r\n\r\n{body}", head(status));
                stream.write_all(answer.as_bytes()).await?;
            }
            Reaction::Silence => std::future::pending().await,
            Reaction::Drip(status) => {
                stream
                    .write_all(format!("{}content-length: 100000\r\n\r\n", head(status)).as_bytes())
                    .await?;
                loop {
                    stream.write_all(b"x").await?;
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
            }
            Reaction::Flood(status) => {
                stream.write_all(format!("{}\r\n", head(status)).as_bytes()).await?;
                let piece = [b'x'; 16 * 1024];
                loop {
                    stream.write_all(&piece).await?;
                }
            }
            Reaction::HangUp => return Ok(()),
        }
    }
}
