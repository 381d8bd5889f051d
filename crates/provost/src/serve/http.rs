//! The listener: connections, their limits, and how they end.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::compose::Site;

/// The longest time that a client may take to send the head of a request; also how long a kept-open connection may
/// wait for its next one.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
/// The longest time that a client may take with the handshake of TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// File descriptors that are not for connections of clients: the store, its readers, connections to targets.
const RESERVED: usize = 256;
/// The longest time that requests in flight get to end after a signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How connections are taken.
pub struct Options {
    /// Takes the handshakes, where TLS is spoken.
    pub tls: Option<TlsAcceptor>,
    /// The most connections at a time. More wait, not accepted yet, until one of them ends.
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
    let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let mut crowded = false;
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connections = GracefulShutdown::new();
    loop {
        let (stream, place) =
            match shutdown.run_until_cancelled(accept(&listener, &places, &mut crowded)).await {
                None => break,
                Some(Ok(accepted)) => accepted,
                Some(Err(error)) => {
                    // Out of file descriptors, most likely: waiting lets connections end.
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
        // Answers are small; waiting to fill packets would only delay them.
        let _ = stream.set_nodelay(true);
        let (http, site, watcher) = (http.clone(), Arc::clone(&site), connections.watcher());
        let Some(tls) = tls.clone() else {
            tokio::spawn(async move {
                let _place = place;
                converse(http, stream, site, watcher).await;
            });
            continue;
        };
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let _place = place;
            let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream));
            match shutdown.run_until_cancelled(handshake).await {
                Some(Ok(Ok(stream))) => converse(http, stream, site, watcher).await,
                Some(Ok(Err(error))) => debug!(%error, "a handshake failed"),
                Some(Err(_)) => debug!("a handshake took too long"),
                None => {}
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.shutdown()).await.is_err() {
        warn!("requests were still running {} s after the signal; they are cut off", DRAIN_TIMEOUT.as_secs());
    }
}

/// The next connection, once there is a place for it. Says so when a time begins in which there is none.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    crowded: &mut bool,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let was_crowded = std::mem::replace(crowded, places.available_permits() == 0);
    if *crowded && !was_crowded {
        warn!("every connection that may be open is open: the next ones wait (--max-connections)");
    }
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

/// Serves the requests of one connection.
async fn converse<S>(http: http1::Builder, stream: S, site: Arc<Site>, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let answer = service_fn(|request: Request<Incoming>| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request.map(Body::new)).await) }
    });
    let connection = http.serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = watcher.watch(connection).await {
        debug!(%error, "a connection ended early");
    }
}
