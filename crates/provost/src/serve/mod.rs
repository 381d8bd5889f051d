//! `provost serve`: everything put together behind one listener.

mod backend;
mod compose;
mod connection;
pub mod copies;
mod files;
mod http;
mod imports;
mod metrics;
mod places;
mod provider;
mod runner;
mod tls;
mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::answer::{Answer, Failure, UNFORESEEN};
use crate::cli::Serve;

use compose::Parts;
pub use compose::{reset_admin_token, write_token};
use tls::Identity;

/// A server that runs in this process.
pub struct Server {
    url: String,
    data_dir: PathBuf,
    shutdown: CancellationToken,
    listener: JoinHandle<()>,
    parts: Parts,
}

/// Serves until a signal asks it to end.
pub async fn run(data_dir: &Path, options: &Serve) -> Result<Answer, Failure> {
    logging();
    let server = start(data_dir, options).await?;
    let signal = signalled();
    println!("listening on {}", server.url());
    signal.await;
    info!("a signal asks the server to end");
    server.stop().await?;
    Ok(Answer::silent())
}

/// Starts a server on a data directory, which one process at a time may use; what it serves may be in a database.
pub async fn start(data_dir: &Path, options: &Serve) -> Result<Server, Failure> {
    files::prepare(data_dir)?;
    let identity = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => Some(Arc::new(Identity::load(certificate, key)?)),
        _ => None,
    };
    // The address first: a port that is taken must not cost a start of the store.
    let listener = TcpListener::bind(options.listen.as_str()).await.map_err(|error| {
        Failure::new("Listen", format!("cannot listen on {}: {error}", options.listen), "another program has the port, or the address is not this machine's: choose another with --listen, \
                   for example 127.0.0.1:0 for a free port")
    })?;
    let address =
        listener.local_addr().map_err(|error| Failure::new("Listen", error.to_string(), UNFORESEEN))?;
    let url = format!("{}://{address}", if identity.is_some() { "https" } else { "http" });
    let shutdown = CancellationToken::new();
    let http = http::Options {
        tls: identity.clone().map(tls::acceptor).transpose()?,
        connections: http::connections(options.max_connections.get()),
    };
    let (parts, upkeep) = compose::parts(data_dir, options, &url).await?;
    tokio::spawn(upkeep.run(shutdown.clone()));
    let task = tokio::spawn(http::serve(listener, http, parts.site(), shutdown.clone()));
    files::write_server(data_dir, &url, identity.as_deref().map(Identity::pin))?;
    if let Some(identity) = identity {
        tokio::spawn(follow(identity, data_dir.to_owned(), url.clone(), shutdown.clone()));
    }
    Ok(Server { url, data_dir: data_dir.to_owned(), shutdown, listener: task, parts })
}

impl Server {
    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Finishes requests in flight, checkpoints running cycles, closes the store.
    pub async fn stop(self) -> Result<(), Failure> {
        self.shutdown.cancel();
        self.parts.end_waits();
        files::remove_server(&self.data_dir);
        let (ended, ()) = tokio::join!(self.listener, self.parts.checkpoint());
        self.parts.close().await?;
        ended.map_err(|error| {
            Failure::new(
                "Serve",
                format!("the listener failed: {error}"),
                "start the server again; what is committed is kept",
            )
        })
    }
}

/// Takes up new certificates until `shutdown`, and tells the other commands of each.
async fn follow(identity: Arc<Identity>, data_dir: PathBuf, url: String, shutdown: CancellationToken) {
    let renewed = |pin| {
        if let Err(failure) = files::write_server(&data_dir, &url, Some(pin)) {
            warn!("the command line will not recognize the new certificate: {}", failure.message);
        }
    };
    tokio::select! {
        () = identity.follow(renewed) => {}
        () = shutdown.cancelled() => {}
    }
}

/// Waits for SIGINT or SIGTERM. They count from the call on, not only once the future is awaited: whoever reads that the
/// server listens may ask it to end at once.
pub fn signalled() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    #[cfg(unix)]
    let interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    async move {
        #[cfg(unix)]
        if let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Logs go to standard error; `PROVOST_LOG` chooses what (`debug`, `worker=debug,info`), `PROVOST_LOG_FORMAT=json` how.
fn logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("PROVOST_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    let json = std::env::var("PROVOST_LOG_FORMAT").is_ok_and(|format| format == "json");
    // Only a second call in one process fails, and the first one holds.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}
