//! The generator of load: connections that send one request after another and read the answers, with as little work
//! of their own as that takes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// One kept-open connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer: its status and its body as bytes on the wire (with the frames of a chunked one).
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(1 << 16) })
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.more().await?;
            if let Some(at) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head])?;
        let status = text.get(9..12).context("no status in the answer")?.parse()?;
        let header = |name: &str| {
            text.lines().find_map(|line| {
                let (found, value) = line.split_once(':')?;
                found.eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        if let Some(length) = header("content-length") {
            let end = head + length.parse::<usize>()?;
            while self.buffer.len() < end {
                self.more().await?;
            }
        } else if header("transfer-encoding").is_some() {
            while !self.buffer.ends_with(b"0\r\n\r\n") {
                self.more().await?;
            }
        }
        Ok(Answer { status, body: &self.buffer[head..] })
    }

    async fn more(&mut self) -> Result<()> {
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
        Ok(())
    }
}

/// What a load achieved.
pub struct Rate {
    pub requests: u64,
    pub took: Duration,
}

impl Rate {
    /// A duration, in microseconds a request.
    pub fn each(&self, all: Duration) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
        let requests = self.requests.max(1) as f64;
        all.as_secs_f64() * 1e6 / requests
    }

    pub fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
        let requests = self.requests as f64;
        requests / self.took.as_secs_f64()
    }
}

/// Keeps so many connections busy for a time. The n-th request of a connection is what `request` makes of the number
/// of the connection and n; every answer must have the status.
pub async fn http(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    status: u16,
    request: impl Fn(usize, u64) -> Vec<u8> + Send + Sync + 'static,
) -> Result<Rate> {
    let request = Arc::new(request);
    together(connections, time, |number, until| {
        let request = Arc::clone(&request);
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut done = 0;
            while Instant::now() < until {
                let bytes = request(number, done);
                let answer = connection.send(&bytes).await?;
                if answer.status != status {
                    let (sent, got) = (String::from_utf8_lossy(&bytes), String::from_utf8_lossy(answer.body));
                    bail!("answered {} instead of {status}: {got}\nto: {sent}", answer.status);
                }
                done += 1;
            }
            Ok(done)
        })
    })
    .await
}

/// Keeps so many tasks busy for a time: `start` begins the one of a number, which ends after the instant with how
/// much it did.
pub async fn together(
    tasks: usize,
    time: Duration,
    start: impl Fn(usize, Instant) -> JoinHandle<Result<u64>>,
) -> Result<Rate> {
    let begun = Instant::now();
    let mut running = Vec::with_capacity(tasks);
    for number in 0..tasks {
        running.push(start(number, begun + time));
    }
    let mut requests = 0;
    for task in running {
        requests += task.await??;
    }
    Ok(Rate { requests, took: begun.elapsed() })
}
