//! The parts of a server, and how they are put together.

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
use directory::{Installation, Retention};
use intake::Intake;
use keyring::Keyring;
use model::{Clock, Ids, Principal, Random, SystemClock};
use scim_client::Outgoing;
use secrecy::ExposeSecret as _;
use store::Store;
use tenant::{Announcer, Tenants};
use tower::ServiceExt as _;
use webhooks::{Deliverer, Webhooks, WebhooksOptions};
use worker::{DirectoryTargets, Worker, WorkerHandle};

use super::backend::{self, Backend};
use super::imports::Imports;
use super::metrics::Metrics;
use super::provider::{Provider, TenantResources};
use super::runner::Runner;
use super::upkeep::{self, Upkeep};
use crate::answer::Failure;
use crate::cli::{Database, Serve};
use crate::client::TOKEN_FILE;

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

/// Bytes of an endpoint's answer at most; more of it is not read.
const WEBHOOK_ANSWER: usize = 64 * 1024;

/// What carries events to the endpoints of webhooks.
fn webhook_wire(allow_link_local: bool) -> Result<Outgoing, Failure> {
    Outgoing::new("address of the webhook", "the endpoint", WEBHOOK_ANSWER, allow_link_local)
        .map_err(|error| failed(&error))
}

/// What runs behind the listener.
pub struct Parts {
    backend: Backend,
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
    pub(super) backend: Backend,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ids: Ids,
    keys: Arc<Keyring>,
    pub(super) installation: Installation,
    pub(super) administrators: Administrators,
}

/// What the key is derived for by which administrators' access tokens are signed.
const ADMINISTRATORS_KEY: &str = "provost administrators";
/// What the key is derived for by which nodes find out that they share the master key.
const FINGERPRINT: &str = "provost installation";

async fn base(data_dir: &Path, database: &Database) -> Result<Base, Failure> {
    if let Some(url) = database.url()? {
        let keys = backend::shared_keyring(data_dir)?;
        let print = keys.derive(FINGERPRINT);
        let base = open(Backend::postgres(data_dir, url, database).await?, keys);
        same_key(&base, &print, database.replace_master_key).await?;
        return Ok(base);
    }
    // The key first: a store without its key must be the work of somebody, not of a start that was cut off.
    let keys = backend::keyring(data_dir, &SystemRandom)?;
    backend::not_emptied(data_dir)?;
    Ok(open(Backend::sqlite(data_dir)?, keys))
}

/// What stands on a store, whose secrets are encrypted with that key.
pub(super) fn open(backend: Backend, keys: Keyring) -> Base {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let ids = Ids::new(Arc::clone(&clock), Arc::clone(&random));
    let administrators = Administrators::new(
        backend.store(),
        Arc::clone(&clock),
        ids.clone(),
        Arc::clone(&random),
        &keys.derive(ADMINISTRATORS_KEY),
    );
    let keys = Arc::new(keys);
    let installation = Installation::new(
        backend.store(),
        Arc::clone(&clock),
        ids.clone(),
        Arc::clone(&random),
        Arc::clone(&keys),
    );
    Base { backend, clock, random, ids, keys, installation, administrators }
}

/// Refuses a node whose master key is not that of the installation: what it encrypts nobody else could read.
async fn same_key(base: &Base, print: &[u8], replace: bool) -> Result<(), Failure> {
    let same = base.installation.same_key(print, replace).await.map_err(|error| failed(&error))?;
    if same {
        return Ok(());
    }
    Err(Failure::new(
        "MasterKey",
        "the master key is not the one that this installation is used with",
        "start each node with the same PROVOST_MASTER_KEY (or DATA_DIR/master-key); if that is lost, start one once with \
         --replace-master-key, and save the secrets of the applications again with `provost app set`",
    ))
}

/// Writes the administrator's token to where the other commands look for it, for its owner only.
pub fn write_token(data_dir: &Path, token: &str) -> Result<(), Failure> {
    super::files::write_secret(&data_dir.join(TOKEN_FILE), format!("{token}\n").as_bytes())
}

pub(super) fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        "Store",
        error.to_string(),
        "see that the disk of the store has space and can be written; what is committed is kept",
    )
}

/// Makes a new administrator's token on a data directory that no server uses, or in a database.
pub async fn reset_admin_token(data_dir: &Path, database: &Database) -> Result<(), Failure> {
    if database.url.is_none() && !super::copies::holds_store(data_dir) {
        return Err(Failure::new(
            "NoStore",
            format!("{} is no data directory of a server", data_dir.display()),
            "point --data-dir at the one that the server is started with",
        ));
    }
    let base = base(data_dir, database).await?;
    let by = Principal::system("provost admin-token reset");
    let token = base.administrators.reset_admin_token(&by).await.map_err(|error| failed(&error))?;
    write_token(data_dir, token.0.expose_secret())?;
    base.backend.close().await
}

/// Opens the store and puts everything together.
pub async fn parts(data_dir: &Path, options: &Serve, url: &str) -> Result<(Parts, Upkeep), Failure> {
    let recipients = upkeep::recipients(&options.mail)?;
    let imports = ImportFolder::new(super::files::import_dir(data_dir, options.import_dir.as_deref())?);
    let Base { backend, clock, random, ids, keys, installation, administrators } =
        base(data_dir, &options.database).await?;
    let store: Arc<dyn Store> = backend.store();
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
    let webhooks = Arc::new(Webhooks::new(WebhooksOptions {
        store: Arc::clone(&store),
        tenants: Arc::clone(&tenants),
        clock: Arc::clone(&clock),
        ids: ids.clone(),
        random: Arc::clone(&random),
        keys,
        wire: Arc::new(webhook_wire(options.allow_link_local)?),
        resources: Arc::new(TenantResources { scim: Arc::clone(&scim), public_url: public_url.clone() }),
        allow_link_local: options.allow_link_local,
    }));
    let mailer = recipients.as_ref().map(|recipients| recipients.mailer.clone());
    let sends_mail = mailer.is_some();
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
        deliverer: Deliverer::new(Arc::clone(&webhooks), node),
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
        webhooks,
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
        sends_mail,
    });
    let site = Arc::new(Site { scim, administration, metrics: Metrics::default() });
    Ok((Parts { backend, worker, site }, upkeep))
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
        self.backend.close().await
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
