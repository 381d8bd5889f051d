//! Where jobs get their targets from.

use std::sync::Arc;

use directory::{Credentials, Directory, OauthClient, SignIn};
use model::{ErrorInformation, Job};
use scim_client::{Auth, ClientAuthentication, ClientCertificate, ClientCredentials, Config, Target};
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
}

impl DirectoryTargets {
    /// `open` gives the directory of an id.
    pub fn new(open: impl Fn(Uuid) -> Directory + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open), allow_link_local: false }
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
        let config = Config { allow_link_local: self.allow_link_local, ..config(credentials, job) };
        Target::new(&config).map_err(|failure| information(&failure))
    }
}

fn config(credentials: Credentials, job: &Job) -> Config {
    let auth = match credentials.sign_in {
        SignIn::Nothing => Auth::None,
        SignIn::Token(token) => Auth::Bearer(token),
        SignIn::Client(OauthClient { id, secret, token_url, scope, in_body }) => {
            let authentication =
                if in_body { ClientAuthentication::Post } else { ClientAuthentication::Basic };
            Auth::ClientCredentials(ClientCredentials {
                token_url,
                client_id: id,
                client_secret: secret,
                scope,
                authentication,
            })
        }
    };
    let certificate = credentials.client_certificate;
    Config {
        dialect: job.dialect,
        requests_per_minute: job.limits.requests_per_minute,
        extra_roots: credentials.trusted_certificates,
        client_certificate: certificate.map(|(chain, key)| ClientCertificate { chain, key }),
        ..Config::new(credentials.base_address, auth)
    }
}
