//! Where jobs get their targets from.

use std::sync::Arc;

use directory::Directory;
use model::{ErrorInformation, Job};
use scim_client::{Auth, Config, Target};
use uuid::Uuid;

use crate::error::{finding, information};

/// Makes the target of a job, with its credentials.
#[async_trait::async_trait]
pub trait Targets: Send + Sync + 'static {
    /// The target of a job of a directory.
    async fn target(&self, directory: Uuid, job: &Job) -> Result<Target, ErrorInformation>;
}

/// Targets with the credentials that the directory keeps.
pub struct DirectoryTargets {
    open: Arc<dyn Fn(Uuid) -> Directory + Send + Sync>,
}

impl DirectoryTargets {
    /// `open` gives the directory of an id.
    pub fn new(open: impl Fn(Uuid) -> Directory + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open) }
    }
}

#[async_trait::async_trait]
impl Targets for DirectoryTargets {
    async fn target(&self, directory: Uuid, job: &Job) -> Result<Target, ErrorInformation> {
        let credentials =
            (self.open)(directory).credentials(job.service_principal_id).await.map_err(|error| {
                let advice =
                    "Enter the tenant URL and the secret token in the application's provisioning settings.";
                finding("InvalidConfiguration", error.to_string(), advice)
            })?;
        let auth = credentials.secret_token.map_or(Auth::None, Auth::Bearer);
        Target::new(&Config::new(credentials.base_address, auth)).map_err(|failure| information(&failure))
    }
}
