//! The parts of a server, and how they are put together. With `copies` the only place that names a concrete
//! store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use administrators::Administrators;
use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use directory::import::{ImportFolder, ImportScheduler};
use directory::{Installation, Keyring, Retention};
use intake::Intake;
use model::{Clock, Ids, Principal, Random, SystemClock};
use secrecy::ExposeSecret as _;
use store::Store;
use store_sqlite::SqliteStore;
use tenant::{Announcer, Tenants};
use tower::ServiceExt as _;
use worker::{DirectoryTargets, Worker, WorkerHandle};

use super::files::NODE_FILE;
use super::imports::Imports;
use super::metrics::Metrics;
use super::provider::Provider;
use super::runner::Runner;
use super::upkeep::{self, Upkeep};
use crate::answer::Failure;
use crate::cli::Serve;
use crate::client::TOKEN_FILE;

/// Where the key that secrets are encrypted with may be: a variable, or a file in the data directory.
pub(super) const MASTER_KEY: &str = "PROVOST_MASTER_KEY";
pub(super) const MASTER_KEY_FILE: &str = "master-key";

/// How long a request of a dead process may linger in a target: the client's time-out.
const SETTLE: Duration = Duration::from_secs(20);
/// How often the schedule is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Randomness of the operating system.
pub(super) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system gives randomness");
    }
}

/// What runs behind the listener.
pub struct Parts {
    store: Arc<SqliteStore>,
    worker: WorkerHandle,
    site: Arc<Site>,
}

/// Everything behind one listener: the service provider by host and by path, the administration API beside it.
pub struct Site {
    scim: Arc<scim_server::Service>,
    administration: Router,
    metrics: Metrics,
}

/// What everything else stands on.
pub(super) struct Base {
    pub(super) sqlite: Arc<SqliteStore>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ids: Ids,
    pub(super) installation: Installation,
    pub(super) administrators: Administrators,
}

/// What the key is derived for by which administrators' access tokens are signed.
const ADMINISTRATORS_KEY: &str = "provost administrators";

fn base(data_dir: &Path) -> Result<Base, Failure> {
    // The key first: a store without its key must be the work of somebody, not of a start that was cut off.
    let keys = keyring(data_dir, &SystemRandom)?;
    not_emptied(data_dir)?;
    open(data_dir, keys)
}

/// Opens the store of a directory, whose secrets are encrypted with that key.
pub(super) fn open(data_dir: &Path, keys: Keyring) -> Result<Base, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let ids = Ids::new(Arc::clone(&clock), Arc::clone(&random));
    let sqlite = Arc::new(SqliteStore::open(data_dir).map_err(|error| opening(data_dir, &error))?);
    let administrators = Administrators::new(
        sqlite.clone(),
        Arc::clone(&clock),
        ids.clone(),
        Arc::clone(&random),
        &keys.derive(ADMINISTRATORS_KEY),
    );
    let keys = Arc::new(keys);
    let installation =
        Installation::new(sqlite.clone(), Arc::clone(&clock), ids.clone(), Arc::clone(&random), keys);
    Ok(Base { sqlite, clock, random, ids, installation, administrators })
}

/// Refuses a store without a byte beside files that are written once the store holds something (an administrator may have
/// put the token elsewhere): a copy that went wrong, or a full disk, must not look like a new beginning.
fn not_emptied(data_dir: &Path) -> Result<(), Failure> {
    let store = store_sqlite::file_in(data_dir);
    let empty = store.metadata().is_ok_and(|about| about.len() == 0);
    if empty && [TOKEN_FILE, NODE_FILE].iter().any(|name| data_dir.join(name).exists()) {
        let words =
            format!("{} is empty, though the directory has been in use: its data is lost", store.display());
        return Err(Failure::new(
            "StoreEmpty",
            words,
            "put the file back from a backup; to begin anew without the data, delete the empty file, which makes a new store",
        ));
    }
    Ok(())
}

/// Writes the administrator's token to where the other commands look for it, for its owner only.
pub fn write_token(data_dir: &Path, token: &str) -> Result<(), Failure> {
    super::files::write_secret(&data_dir.join(TOKEN_FILE), format!("{token}\n").as_bytes())
}

pub(super) fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        "Store",
        error.to_string(),
        "see that the disk of the data directory has space and can be written; what is committed is kept",
    )
}

/// Makes a new administrator's token on a data directory that no server uses.
pub async fn reset_admin_token(data_dir: &Path) -> Result<(), Failure> {
    if !store_sqlite::file_in(data_dir).exists() {
        return Err(Failure::new(
            "NoStore",
            format!("{} is no data directory of a server", data_dir.display()),
            "point --data-dir at the one that the server is started with",
        ));
    }
    let base = base(data_dir)?;
    let by = Principal::system("provost admin-token reset");
    let token = base.administrators.reset_admin_token(&by).await.map_err(|error| failed(&error))?;
    write_token(data_dir, token.0.expose_secret())?;
    base.sqlite.close().await.map_err(closing)
}

/// Opens the store and puts everything together.
pub async fn parts(data_dir: &Path, options: &Serve, url: &str) -> Result<(Parts, Upkeep), Failure> {
    let recipients = upkeep::recipients(&options.mail)?;
    let imports = ImportFolder::new(super::files::import_dir(data_dir, options.import_dir.as_deref())?);
    let Base { sqlite, clock, random, ids, installation, administrators } = base(data_dir)?;
    let store: Arc<dyn Store> = sqlite.clone();
    let directory = installation.open().await.map_err(|error| failed(&error))?;
    if let Some(token) = administrators.open().await.map_err(|error| failed(&error))? {
        write_token(data_dir, token.0.expose_secret())?;
    }
    let tenants =
        Arc::new(Tenants::new(Arc::clone(&store), Arc::clone(&clock), ids.clone(), Arc::clone(&random)));
    let intake = Intake::default();
    let mut scim = scim_server::Service::new(
        Arc::clone(&store),
        Arc::clone(&tenants),
        Arc::clone(&clock),
        ids.clone(),
        scim_server::Config {
            domain: Some(options.domain.clone()),
            public_url: options.public_url.clone(),
            limits: scim_server::Limits::default(),
            keep_changes: options.keep_changes,
            intake: intake.clone(),
        },
    );
    if options.tls_cert.is_some() {
        scim = scim.over_tls();
    }
    let scim = Arc::new(scim);
    let node = super::files::node_id(data_dir, &ids)?;
    let public_url = options.public_url.clone().unwrap_or_else(|| url.to_owned());
    let mailer = recipients.as_ref().map(|recipients| recipients.mailer.clone());
    let upkeep = Upkeep {
        scim: Arc::clone(&scim),
        imports: Imports {
            scheduler: ImportScheduler::new(directory.clone(), imports.clone()),
            directory: directory.clone(),
            recipients: upkeep::recipients(&options.mail)?,
            server: public_url.clone(),
        },
        announcer: Announcer::new(Arc::clone(&tenants), recipients, node),
        notices: worker::Announcer::new(
            Arc::clone(&store),
            Arc::clone(&clock),
            node,
            mailer,
            public_url.clone(),
        ),
        installation: installation.clone(),
        retention: Retention {
            provisioning_log: options.keep_log,
            audit_log: options.keep_audit,
            ..Retention::default()
        },
    };
    let directories = installation.clone();
    let worker = Worker::start(worker::Options {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        ids: ids.clone(),
        holder: node,
        targets: Arc::new(
            DirectoryTargets::new(move |id| directories.directory(id))
                .allow_link_local(options.allow_link_local),
        ),
        settle: SETTLE,
        page: worker::PAGE,
        scratch: data_dir.to_owned(),
        tick: TICK,
    });
    let administration = graph_api::router(graph_api::State {
        installation,
        administrators: Arc::new(administrators),
        tenants,
        provider: Arc::new(Provider(Arc::clone(&scim))),
        runner: Arc::new(Runner::new(worker.clone(), directory.id())),
        directory,
        addresses: graph_api::Addresses {
            domain: domain_with_port(&options.domain, &public_url),
            public_url,
        },
        intake,
        backups: graph_api::Backups::in_folder(data_dir),
        imports,
    });
    let site = Arc::new(Site { scim, administration, metrics: Metrics::default() });
    Ok((Parts { store: sqlite, worker, site }, upkeep))
}

impl Parts {
    /// What is served.
    pub fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site)
    }

    /// Lets running cycles checkpoint. Whoever follows one is told, so that the connections can end.
    pub async fn checkpoint(&self) {
        self.worker.shutdown().await;
    }

    /// Answers the requests that wait for changes.
    pub fn end_waits(&self) {
        self.site.scim.end_waits();
    }

    /// Closes the store.
    pub async fn close(self) -> Result<(), Failure> {
        self.store.close().await.map_err(closing)
    }
}

impl Site {
    /// Answers a request.
    pub async fn answer(&self, request: Request) -> Response {
        let path = request.uri().path();
        if path == "/metrics" {
            return ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], self.metrics.text())
                .into_response();
        }
        if web_console::is_console(path) {
            let nonce = console_nonce(&SystemRandom);
            return web_console::answer(request.method(), path, request.headers(), &nonce);
        }
        if path == "/" {
            return Redirect::temporary(web_console::PATH).into_response();
        }
        // Straight to the service provider, whose requests are many and small: a router costs as much as some of them.
        let scim = scim_server::is_scim(path);
        let response = if scim {
            scim_server::serve(Arc::clone(&self.scim), request).await
        } else {
            match self.administration.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        };
        self.metrics.count(scim, response.status());
        response
    }
}

/// What the style elements of one answer have to show.
fn console_nonce(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
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

#[expect(clippy::needless_pass_by_value, reason = "it is an error mapper")]
pub(super) fn closing(error: store::Error) -> Failure {
    Failure::new(
        "Store",
        format!("the store did not close well: {error}"),
        "what is committed is kept: start the server again, and see that the disk has space",
    )
}

/// The key of a data directory, which is made where there is no store yet.
pub(super) fn keyring(data_dir: &Path, random: &dyn Random) -> Result<Keyring, Failure> {
    let file = data_dir.join(MASTER_KEY_FILE);
    let keys = match std::env::var(MASTER_KEY) {
        Ok(text) => Keyring::parse(&text),
        Err(_) if !file.exists() && store_sqlite::file_in(data_dir).exists() => {
            let file = file.display();
            let words = format!("{file} is missing: without it the secrets in the store cannot be read");
            return Err(Failure::new(
                "MasterKey",
                words,
                format!(
                    "put it back from a backup, or set PROVOST_MASTER_KEY; if it is lost, make a new one with \
                 `openssl rand -base64 32 > {file}` and save the tokens of the applications again with `provost app set`"
                ),
            ));
        }
        Err(_) => Keyring::load_or_create(&file, random),
    };
    keys.map_err(|error| {
        Failure::new("MasterKey", error.to_string(), "this user needs the right to the data directory and to master-key in it; keep a copy of that file")
    })
}

pub(super) fn opening(data_dir: &Path, error: &store::Error) -> Failure {
    let place = data_dir.display();
    match error {
        store::Error::Locked(words) => Failure::new(
            "Locked",
            words.clone(),
            "the other commands reach the server that runs with the same --data-dir",
        ),
        store::Error::TooNew { .. } => Failure::new(
            "TooNew",
            format!("{place}: {error}"),
            "start the version of provost that last used this directory, or a newer one",
        ),
        _ => Failure::new(
            "Store",
            format!("the store in {place} cannot be opened: {error}"),
            "nothing was changed: give this user the right to write there, or room on the disk; a file that is damaged \
             has to come back from a copy, or move it away to begin anew",
        ),
    }
}
