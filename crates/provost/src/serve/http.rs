//! The listener: connections, their limits, and how they end.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// The longest time that a client may take to send the head of a request; also how long a kept-open connection may
/// wait for its next one.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
/// The longest time that a client may take with the handshake of TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest time that requests in flight get to end after a signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until `shutdown`, then lets the requests in flight end. With an acceptor, by TLS.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Router,
    shutdown: CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connections = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: waiting lets connections end.
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        // Answers are small; waiting to fill packets would only delay them.
        let _ = stream.set_nodelay(true);
        let (http, app, watcher) = (http.clone(), app.clone(), connections.watcher());
        let Some(tls) = tls.clone() else {
            tokio::spawn(converse(http, stream, app, watcher));
            continue;
        };
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream));
            match shutdown.run_until_cancelled(handshake).await {
                Some(Ok(Ok(stream))) => converse(http, stream, app, watcher).await,
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

/// Serves the requests of one connection.
async fn converse<S>(http: http1::Builder, stream: S, app: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    if let Err(error) = watcher.watch(connection).await {
        debug!(%error, "a connection ended early");
    }
}
