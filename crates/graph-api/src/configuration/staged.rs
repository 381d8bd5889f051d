//! A document that is applied in memory, and then carried out or forgotten.

use std::collections::BTreeSet;
use std::sync::Arc;

use directory::Directory;
use model::Principal;
use store::{Lease, Overlay, Recorded, Transaction};
use tenant::Tenants;
use uuid::Uuid;
use webhooks::Webhooks;

use super::apply::{Applications, at};
use super::document::{Document, Tenant, cut};
use super::export::View;
use super::tenants::{Provider, Rehearsed};
use super::{Options, Outcome, Reevaluation, difference};
use crate::State;
use crate::error::ApiError;

/// The configuration as it is to become.
pub(super) struct Staged<'a> {
    state: &'a State,
    by: &'a Principal,
    document: &'a Document,
    options: Options,
    /// What is to be committed as a whole: all that is of the directory, and new tenants.
    overlay: Arc<Overlay>,
    directory: Directory,
    /// The tenants, with what the service provider is to change of them.
    tenants: Arc<Tenants>,
    webhooks: Webhooks,
    rehearsed: Rehearsed,
    new_tenants: BTreeSet<String>,
}

impl<'a> Staged<'a> {
    /// Applies a document in memory. Refused is what is wrong with it.
    pub async fn new(
        state: &'a State,
        by: &'a Principal,
        document: &'a Document,
        options: Options,
    ) -> Result<Self, ApiError> {
        let overlay = Arc::new(Overlay::recording(Arc::clone(state.directory.store())));
        let directory = state.directory.through(Arc::<Overlay>::clone(&overlay));
        let preview = Arc::new(Overlay::recording(Arc::<Overlay>::clone(&overlay)));
        let tenants = Arc::new(state.tenants.through(Arc::<Overlay>::clone(&preview)));
        let mut staged = Self {
            state,
            by,
            document,
            options,
            directory,
            webhooks: state.webhooks.through(preview, Arc::clone(&tenants)),
            tenants,
            overlay,
            rehearsed: Rehearsed::default(),
            new_tenants: BTreeSet::new(),
        };
        match staged.apply().await {
            Err(_) if staged.overlay.has_refused() => {
                let most = store::MOST_WRITTEN / 2;
                Err(ApiError::bad(format!("The document makes more changes than one call can (about {most}).")).hint(
                    "Nothing was changed: apply it in parts, for instance with fewer assignments, and let groups be \
                     assigned rather than users.",
                ))
            }
            outcome => outcome.map(|()| staged),
        }
    }

    fn provider(&self) -> Provider<'a> {
        Provider { seam: self.state.provider.as_ref(), by: self.by, prune: self.options.prune }
    }

    async fn apply(&mut self) -> Result<(), ApiError> {
        if let Some(schedule) = &self.document.import_schedule {
            let set = self.directory.set_import_schedule(self.by, schedule).await;
            set.map_err(|error| at("importSchedule", error.into()))?;
        }
        if let Some(applications) = &self.document.applications {
            let prune = self.options.prune;
            Applications { directory: &self.directory, by: self.by, prune }.apply(applications).await?;
        }
        let Some(wanted) = &self.document.tenants else { return Ok(()) };
        let made = self.state.tenants.through(Arc::<Overlay>::clone(&self.overlay));
        for tenant in wanted {
            match made.by_name(&tenant.name).await {
                Err(tenant::Error::NoTenant(_)) => {
                    made.create(&tenant.name, self.by).await?;
                    self.new_tenants.insert(tenant.name.clone());
                }
                other => drop(other?),
            }
        }
        self.rehearsed = self.provider().rehearse(&self.tenants, &self.webhooks, wanted).await?;
        Ok(())
    }

    /// What it comes to, compared with the configuration as it is.
    pub async fn outcome(&self) -> Result<Outcome, ApiError> {
        let before = super::export(self.state).await?;
        let view = View {
            directory: &self.directory,
            tenants: &self.tenants,
            webhooks: &self.webhooks,
            provider: self.state.provider.as_ref(),
            planned: &self.rehearsed.extensions,
        };
        let after = view.export().await?;
        let value = |document: &Document| serde_json::to_value(document).unwrap_or_default();
        Ok(Outcome {
            applied: false,
            changes: difference::between(&value(&before), &value(&after)),
            reevaluation: self.reevaluation().await?,
            to_do: self.to_do().await?,
        })
    }

    /// How many objects are looked at because of each job that is configured anew.
    async fn reevaluation(&self) -> Result<Vec<Reevaluation>, ApiError> {
        let mut all = Vec::new();
        for job in self.directory.jobs().await? {
            let application = self.directory.service_principal(job.service_principal_id).await?;
            match self.state.directory.job(job.id).await {
                Ok(old) => {
                    // What is mapped from roles is evaluated anew with others.
                    let before = self.state.directory.service_principal(old.service_principal_id).await?;
                    if old == job && before.app_roles == application.app_roles {
                        continue;
                    }
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
            let due = self.directory.reevaluated(&job).await?;
            all.push(Reevaluation { application: application.display_name, template: job.template_id, due });
        }
        Ok(all)
    }

    async fn to_do(&self) -> Result<Vec<String>, ApiError> {
        let mut all = Vec::new();
        for application in self.document.applications.iter().flatten() {
            let found =
                application.id.map_or_else(|| application.name.trim().to_owned(), |id| id.to_string());
            let found = self.directory.find_service_principal(&found).await?;
            if self.directory.jobs_of(found.id).await?.is_empty() {
                continue;
            }
            // A secret that cannot be read is for its own command to tell.
            if let Err(directory::Error::NoSecret(what)) = self.directory.credentials(found.id).await {
                all.push(format!(
                    "application '{}': the {what} is to be set (provost app set), and then the job to be started \
                     (provost job start)",
                    cut(&found.display_name)
                ));
            }
        }
        for name in &self.new_tenants {
            all.push(format!("tenant '{name}': its clients need a token (provost token create {name})"));
        }
        for (name, url) in &self.rehearsed.webhooks {
            all.push(format!(
                "tenant '{name}': the application at {} needs the secret of its webhook (provost tenant webhook rotate)",
                cut(url)
            ));
        }
        Ok(all)
    }

    /// Does what was rehearsed. Tenants whose resources can stand in the way come first, so that a refusal comes before
    /// all else.
    pub async fn carry_out(self, lease: &Lease) -> Result<(), ApiError> {
        let (new, old): (Vec<&Tenant>, Vec<&Tenant>) =
            self.document.tenants.iter().flatten().partition(|it| self.new_tenants.contains(&it.name));
        self.serve(&old).await?;
        for job in self.jobs_removed().await? {
            self.state.runner.paused(job).await;
        }
        let store = self.state.directory.store();
        let Recorded { ops, dropped } = self.overlay.take_recorded();
        if !ops.is_empty() {
            let now = self.state.directory.clock().now();
            let mut transaction = Transaction::new(now).fenced(lease.fence());
            transaction.ops = ops;
            store::commit(&**store, transaction).await.map_err(refused)?;
        }
        for realm in dropped {
            store.drop_realm(realm).await?;
        }
        self.state.tenants.invalidate();
        self.serve(&new).await?;
        if let Some(wanted) = self.document.tenants.as_ref().filter(|_| self.options.prune) {
            for tenant in self.provider().pruned(&self.state.tenants, wanted).await? {
                self.state.tenants.delete(tenant.id, self.by).await?;
                self.state.provider.forget(tenant.id);
            }
        }
        Ok(())
    }

    async fn serve(&self, tenants: &[&Tenant]) -> Result<(), ApiError> {
        for (number, tenant) in tenants.iter().enumerate() {
            self.provider().apply(&self.state.tenants, &self.state.webhooks, tenant).await.map_err(
                |error| {
                    let before: Vec<&str> = tenants[..number].iter().map(|it| it.name.as_str()).collect();
                    if before.is_empty() {
                        return error;
                    }
                    let done = before.join(", ");
                    error.hint(format!(
                        "The tenants before it are as the document says already ({done}); apply it again."
                    ))
                },
            )?;
        }
        Ok(())
    }

    /// The jobs that there are and that are to be gone.
    async fn jobs_removed(&self) -> Result<Vec<Uuid>, ApiError> {
        let stay: BTreeSet<Uuid> = self.directory.jobs().await?.iter().map(|job| job.id).collect();
        let there = self.state.directory.jobs().await?;
        Ok(there.iter().map(|job| job.id).filter(|id| !stay.contains(id)).collect())
    }
}

/// A commit that was refused because the configuration is not what it was when the document was applied in memory.
fn refused(error: store::Error) -> ApiError {
    use store::Error;
    match error {
        Error::Serialization
        | Error::VersionMismatch { .. }
        | Error::NotUnique { .. }
        | Error::Exists { .. }
        | Error::Missing { .. }
        | Error::Fenced { .. } => directory::Error::Changed("configuration").into(),
        other => other.into(),
    }
}
