//! What a server does by itself, apart from requests and cycles.

use std::sync::Arc;
use std::time::Duration;

use directory::{Installation, Retention};
use mail::{Address, Mailer};
use scim_server::Service;
use secrecy::{ExposeSecret as _, SecretString};
use tenant::{Announcer, Recipients};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use webhooks::Deliverer;

use super::imports::Imports;
use crate::answer::Failure;
use crate::cli::Mail;

/// How often changes and log entries that are too old are forgotten.
const FORGET_EVERY: Duration = Duration::from_hours(1);
/// How often it is looked for tokens that expire.
const ANNOUNCE_EVERY: Duration = Duration::from_mins(10);
/// How soon again after a mail that could not be sent.
const RETRY: Duration = Duration::from_mins(1);

/// Where the password of the mail server may be.
const PASSWORD: &str = "PROVOST_SMTP_PASSWORD";

/// How often it is looked for mail about jobs.
const NOTICES_EVERY: Duration = Duration::from_secs(5);

/// The tasks.
pub struct Upkeep {
    pub scim: Arc<Service>,
    pub announcer: Announcer,
    pub imports: Imports,
    pub notices: worker::Announcer,
    pub deliverer: Deliverer,
    pub installation: Installation,
    pub retention: Retention,
}

impl Upkeep {
    /// Works until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { scim, announcer, imports, notices, deliverer, installation, retention } = self;
        let all = async {
            tokio::join!(
                forget(&scim, &installation, &retention),
                announce(announcer),
                notify(notices),
                Box::pin(imports.run()),
                deliverer.run()
            )
        };
        shutdown.run_until_cancelled(all).await;
    }
}

async fn forget(scim: &Service, installation: &Installation, retention: &Retention) {
    let mut due = interval(FORGET_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        match scim.prune_changes().await {
            Ok(count) => debug!(count, "forgot changes that are too old"),
            Err(error) => warn!(%error, "old changes could not be forgotten; it is tried again in an hour"),
        }
        match installation.forget(retention).await {
            Ok(forgotten) => debug!(?forgotten, "forgot log entries and changes that are too old"),
            Err(error) => {
                warn!(%error, "old log entries could not be forgotten; it is tried again in an hour");
            }
        }
    }
}

async fn announce(mut announcer: Announcer) {
    let mut retry = RETRY;
    loop {
        let pause = match announcer.announce().await {
            Ok(_) => {
                retry = RETRY;
                ANNOUNCE_EVERY
            }
            Err(error) => {
                let pause = retry;
                retry = (retry * 2).min(ANNOUNCE_EVERY);
                let minutes = pause.as_secs() / 60;
                warn!(
                    "tokens that expire could not be announced; it is tried again in {minutes} min: {error}"
                );
                pause
            }
        };
        sleep(pause).await;
    }
}

async fn notify(mut notices: worker::Announcer) {
    loop {
        let pause = match notices.announce().await {
            Ok(_) => NOTICES_EVERY,
            Err(error) => {
                warn!(%error, "mail about jobs could not be looked for; it is tried again in a minute");
                RETRY
            }
        };
        sleep(pause).await;
    }
}

/// Where mail goes by the options; `None` where none is wanted.
pub fn recipients(options: &Mail) -> Result<Option<Recipients>, Failure> {
    let (Some(url), Some(from)) = (&options.smtp_url, &options.from) else { return Ok(None) };
    let password = match &options.smtp_password_file {
        Some(file) => Some(crate::commands::read_password(file)?),
        None => std::env::var(PASSWORD).ok().map(SecretString::from),
    };
    let password = password.filter(|password| !password.expose_secret().is_empty());
    let refused = |error: mail::Error| {
        Failure::new("Mail", error.to_string(), format!(
                "mail needs --smtp-url smtps://USER@HOST, --mail-from and --mail-to, and the password in {PASSWORD} or \
                 --smtp-password-file"
            ))
            .usage()
    };
    let to: Result<Vec<Address>, _> = options.to.iter().map(|text| text.parse()).collect();
    let server = mail::Server::parse(url, password).map_err(refused)?;
    let mailer = Mailer::new(&server, from.parse().map_err(refused)?).map_err(refused)?;
    Ok(Some(Recipients { mailer, to: to.map_err(refused)? }))
}
