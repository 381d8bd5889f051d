//! The parts of a server, and how they are put together. The only place that names a concrete store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use directory::{Installation, Keyring};
use model::{Clock, Ids, Random, SystemClock};
use store::Store;
use store_sqlite::SqliteStore;
use tenant::Tenants;
use tower::ServiceExt as _;
use worker::{DirectoryTargets, Worker, WorkerHandle};

use super::metrics::Metrics;
use super::runner::Runner;
use crate::answer::Failure;
use crate::cli::Serve;

/// How long a request of a dead process may linger in a target: the client's time-out.
const SETTLE: Duration = Duration::from_secs(20);
/// How often the schedule is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Randomness of the operating system.
struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system gives randomness");
    }
}

/// What runs behind the listener.
pub struct Parts {
    store: Arc<SqliteStore>,
    worker: WorkerHandle,
    routes: Arc<Routes>,
}

/// Where a request can go.
struct Routes {
    scim: Router,
    administration: Router,
    metrics: Metrics,
}

/// Opens the store and puts everything together.
pub async fn parts(data_dir: &Path, options: &Serve, url: &str) -> Result<Parts, Failure> {
    let sqlite = Arc::new(SqliteStore::open(data_dir).map_err(|error| opening(data_dir, &error))?);
    let store: Arc<dyn Store> = sqlite.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let ids = Ids::new(Arc::clone(&clock), Arc::clone(&random));
    let keys = Arc::new(keyring(data_dir, random.as_ref())?);
    let installation =
        Installation::new(Arc::clone(&store), Arc::clone(&clock), ids.clone(), Arc::clone(&random), keys);
    let (directory, token) =
        installation.open().await.map_err(|error| Failure::new("Store", error.to_string()))?;
    if let Some(token) = token {
        let file = super::token_file(data_dir);
        token.write_to(&file).map_err(|error| {
            Failure::new(
                "File",
                format!("the administrator's token cannot be written to {}: {error}", file.display()),
            )
        })?;
    }
    let tenants =
        Arc::new(Tenants::new(Arc::clone(&store), Arc::clone(&clock), ids.clone(), Arc::clone(&random)));
    let scim = scim_server::router(Arc::new(scim_server::Service::new(
        Arc::clone(&store),
        Arc::clone(&tenants),
        Arc::clone(&clock),
        ids.clone(),
        scim_server::Config {
            domain: Some(options.domain.clone()),
            public_url: options.public_url.clone(),
            limits: scim_server::Limits::default(),
        },
    )));
    let directories = installation.clone();
    let worker = Worker::start(worker::Options {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        ids: ids.clone(),
        holder: super::files::node_id(data_dir, &ids)?,
        targets: Arc::new(DirectoryTargets::new(move |id| directories.directory(id))),
        settle: SETTLE,
        tick: TICK,
    });
    let public_url = options.public_url.clone().unwrap_or_else(|| url.to_owned());
    let administration = graph_api::router(graph_api::State {
        installation,
        tenants,
        runner: Arc::new(Runner::new(worker.clone(), directory.id())),
        directory,
        addresses: graph_api::Addresses {
            domain: domain_with_port(&options.domain, &public_url),
            public_url,
        },
    });
    let routes = Arc::new(Routes { scim, administration, metrics: Metrics::default() });
    Ok(Parts { store: sqlite, worker, routes })
}

impl Parts {
    /// Everything behind one listener: the service provider by host and by path, the administration API beside it.
    pub fn router(&self) -> Router {
        Router::new().route("/metrics", get(metrics)).fallback(dispatch).with_state(Arc::clone(&self.routes))
    }

    /// Lets running cycles checkpoint. Whoever follows one is told, so that the connections can end.
    pub async fn checkpoint(&self) {
        self.worker.shutdown().await;
    }

    /// Closes the store.
    pub async fn close(self) -> Result<(), Failure> {
        self.store
            .close()
            .await
            .map_err(|error| Failure::new("Store", format!("the store did not close well: {error}")))
    }
}

async fn dispatch(State(routes): State<Arc<Routes>>, request: Request) -> Response {
    let scim = scim_server::is_scim(request.uri().path());
    let router = if scim { routes.scim.clone() } else { routes.administration.clone() };
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    routes.metrics.count(scim, response.status());
    response
}

async fn metrics(State(routes): State<Arc<Routes>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], routes.metrics.text()).into_response()
}

/// The domain of tenants' host names with the port by which clients reach the server, where that is not the scheme's.
fn domain_with_port(domain: &str, public_url: &str) -> String {
    let authority = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
    match authority.trim_end_matches('/').rsplit_once(':') {
        Some((_, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{domain}:{port}")
        }
        _ => domain.to_owned(),
    }
}

fn keyring(data_dir: &Path, random: &dyn Random) -> Result<Keyring, Failure> {
    let keys = match std::env::var("PROVOST_MASTER_KEY") {
        Ok(text) => Keyring::parse(&text),
        Err(_) => Keyring::load_or_create(&data_dir.join("master-key"), random),
    };
    keys.map_err(|error| Failure::new("MasterKey", error.to_string()))
}

fn opening(data_dir: &Path, error: &store::Error) -> Failure {
    let place = data_dir.display();
    match error {
        store::Error::Locked(words) => Failure::new("Locked", words.clone())
            .hint("the other commands reach the server that runs with the same --data-dir"),
        store::Error::TooNew { .. } => Failure::new("TooNew", format!("{place}: {error}"))
            .hint("start the version of provost that last used this directory, or a newer one"),
        _ => Failure::new("Store", format!("the store in {place} cannot be opened: {error}"))
            .hint("check that the disk has room and that this user may write there; nothing was changed"),
    }
}
