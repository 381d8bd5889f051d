//! Where jobs get their targets from.

use std::collections::HashMap;
use std::sync::Arc;

use directory::{Credentials, Directory, SignIn};
use model::{ErrorInformation, Job};
use parking_lot::Mutex;
use scim_client::{
    Auth, ClientAuthentication, ClientCertificate, ClientCredentials, Config, OauthClient, Target,
};
use uuid::Uuid;

use crate::error::{finding, information};

/// Makes the target of a job, with its credentials.
#[async_trait::async_trait]
pub trait Targets: Send + Sync + 'static {
    /// The target of a job of a directory, with these credentials or else with those that are kept.
    async fn target(
        &self,
        directory: Uuid,
        job: &Job,
        credentials: Option<Credentials>,
    ) -> Result<Target, ErrorInformation>;
}

/// Targets with the credentials that the directory keeps.
pub struct DirectoryTargets {
    open: Arc<dyn Fn(Uuid) -> Directory + Send + Sync>,
    allow_link_local: bool,
    /// By job, who signs in to its target: the token is still good in the next cycle.
    clients: Mutex<HashMap<Uuid, OauthClient>>,
}

impl DirectoryTargets {
    /// `open` gives the directory of an id.
    pub fn new(open: impl Fn(Uuid) -> Directory + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open), allow_link_local: false, clients: Mutex::default() }
    }

    /// Whether targets may be at link-local and cloud metadata addresses.
    #[must_use]
    pub fn allow_link_local(self, allow: bool) -> Self {
        Self { allow_link_local: allow, ..self }
    }
}

#[async_trait::async_trait]
impl Targets for DirectoryTargets {
    async fn target(
        &self,
        directory: Uuid,
        job: &Job,
        credentials: Option<Credentials>,
    ) -> Result<Target, ErrorInformation> {
        let credentials = match credentials {
            Some(credentials) => credentials,
            None => (self.open)(directory).credentials(job.service_principal_id).await.map_err(|error| {
                let advice =
                    "Enter the tenant URL and the secret token in the application's provisioning settings.";
                finding("InvalidConfiguration", error.to_string(), advice)
            })?,
        };
        let auth = self.auth(job.id, credentials.sign_in);
        let certificate = credentials.client_certificate;
        let config = Config {
            dialect: job.dialect,
            requests_per_minute: job.limits.requests_per_minute,
            allow_link_local: self.allow_link_local,
            extra_roots: credentials.trusted_certificates,
            client_certificate: certificate.map(|(chain, key)| ClientCertificate { chain, key }),
            ..Config::new(credentials.base_address, auth)
        };
        Target::new(&config).map_err(|failure| information(&failure))
    }
}

impl DirectoryTargets {
    fn auth(&self, job: Uuid, sign_in: SignIn) -> Auth {
        let mut clients = self.clients.lock();
        let client = match sign_in {
            SignIn::Client(client) => client,
            other => {
                clients.remove(&job);
                return if let SignIn::Token(token) = other { Auth::Bearer(token) } else { Auth::None };
            }
        };
        let credentials = ClientCredentials {
            token_url: client.token_url,
            client_id: client.id,
            client_secret: client.secret,
            scope: client.scope,
            authentication: if client.in_body {
                ClientAuthentication::Post
            } else {
                ClientAuthentication::Basic
            },
        };
        let known = clients.get(&job).filter(|known| known.has(&credentials)).cloned();
        let client = known.unwrap_or_else(|| OauthClient::new(credentials));
        clients.insert(job, client.clone());
        Auth::ClientCredentials(client)
    }
}
