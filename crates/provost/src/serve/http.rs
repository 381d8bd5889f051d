//! The listener: connections, their limits, and how they end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::compose::Site;
use super::connection::{answer, converse};
use super::places::{Places, Seat};

/// The longest time that a client may take to send the head of a request; also how long a kept-open connection may
/// wait for its next one.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
/// The longest time that a client may take with the handshake of TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of the head of a request at most.
const HEAD: usize = 64 << 10;
/// File descriptors that are not for connections of clients: the store, its readers, connections to targets.
const RESERVED: usize = 256;
/// The longest time that requests in flight get to end after a signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How connections are taken.
pub struct Options {
    /// Takes the handshakes, where TLS is spoken.
    pub tls: Option<TlsAcceptor>,
    /// The most connections at a time. For more, those that keep the server waiting are closed.
    pub connections: usize,
}

/// As many connections of those wanted as the process can have, which is first allowed to have as many as it may.
pub fn connections(wanted: usize) -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        // Where it is refused the limit is as it was.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        let Some(descriptors) = getrlimit(Resource::Nofile).current else { return wanted };
        let possible = usize::try_from(descriptors).unwrap_or(usize::MAX).saturating_sub(RESERVED).max(1);
        if possible < wanted {
            warn!(
                "{possible} connections at a time instead of {wanted}: the limit of open files allows no more"
            );
        }
        wanted.min(possible)
    }
    #[cfg(not(unix))]
    wanted
}

/// Serves until `shutdown`, then lets the requests in flight end.
pub async fn serve(listener: TcpListener, options: Options, site: Arc<Site>, shutdown: CancellationToken) {
    let Options { tls, connections: most } = options;
    let places = Places::new(most);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD);
    let connections = GracefulShutdown::new();
    loop {
        let (stream, seat) = match shutdown.run_until_cancelled(accept(&listener, &places)).await {
            None => break,
            Some(Ok(accepted)) => accepted,
            Some(Err(error)) => {
                // Out of file descriptors, most likely: waiting lets connections end.
                warn!(%error, "a connection could not be accepted");
                places.make_room();
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Answers are small; waiting to fill packets would only delay them.
        let _ = stream.set_nodelay(true);
        let (http, site, watcher) = (http.clone(), Arc::clone(&site), connections.watcher());
        let (tls, shutdown) = (tls.clone(), shutdown.clone());
        tokio::spawn(async move {
            let place = Arc::clone(seat.place());
            let conversation = async {
                let Some(tls) = tls else { return converse(http, stream, site, place, watcher).await };
                let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake(&tls, stream));
                match shutdown.run_until_cancelled(handshake).await {
                    Some(Ok(Ok(stream))) => converse(http, stream, site, place, watcher).await,
                    Some(Ok(Err(error))) => debug!(%error, "a handshake failed"),
                    Some(Err(_)) => debug!("a handshake took too long"),
                    None => {}
                }
            };
            tokio::select! {
                () = conversation => {}
                () = seat.lost() => debug!("a connection was closed for one that waited"),
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.shutdown()).await.is_err() {
        warn!("requests were still running {} s after the signal; they are cut off", DRAIN_TIMEOUT.as_secs());
    }
}

/// The next connection, with a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Places>) -> io::Result<(TcpStream, Seat)> {
    let (stream, _) = listener.accept().await?;
    Ok((stream, places.take().await))
}

/// Takes the handshake of TLS. Who speaks HTTP is told so in HTTP.
async fn handshake(tls: &TlsAcceptor, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    if first[0].is_ascii_uppercase() {
        let words = "this address speaks TLS: its URL begins with https://";
        stream.write_all(&answer("400", "TlsRequired", words)).await?;
        stream.shutdown().await?;
        // Until the client has read it: unread input would have the connection reset.
        tokio::io::copy(&mut stream.take(HEAD as u64), &mut tokio::io::sink()).await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "HTTP without TLS"));
    }
    tls.accept(stream).await
}
