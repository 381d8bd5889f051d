//! Applications and service principals.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::SignedDuration;
use model::{Application, ApplicationTemplate, Job, Principal, ServicePrincipal, SyncScope};
use scim::fold::fold_key;
use store::{Cursor, Expect, Key, KeyName, Kind, Order, Scan, transact};
use uuid::Uuid;

use crate::audit::{Category, Deed, identity};
use crate::record::{decode_record, encode};
use crate::references::only_one;
use crate::{Directory, Error, Result};

/// What a template of the gallery becomes.
#[derive(Clone, Debug)]
pub struct Instantiated {
    /// The application object.
    pub application: Application,
    /// The application as used in this directory.
    pub service_principal: ServicePrincipal,
    /// Its synchronization job, not started.
    pub job: Job,
}

/// Time between two cycles of a job unless it is told otherwise.
pub(crate) const DEFAULT_INTERVAL: SignedDuration = SignedDuration::from_mins(40);

impl Directory {
    /// Adds an application from the gallery: application, service principal and one job, which is not started.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a usable name.
    pub async fn instantiate(
        &self,
        by: &Principal,
        template: &ApplicationTemplate,
        name: &str,
    ) -> Result<Instantiated> {
        let name = name.trim();
        if name.is_empty() || name.len() > 256 || name.contains(char::is_control) {
            return Err(Error::invalid(
                "displayName",
                "a name of 1 to 256 bytes without control characters is required",
            ));
        }
        let app_id = self.ids.next();
        let made = Instantiated {
            application: Application {
                id: self.ids.next(),
                app_id,
                display_name: name.to_owned(),
                application_template_id: Some(template.id.clone()),
                app_roles: template.app_roles.clone(),
            },
            service_principal: ServicePrincipal {
                id: self.ids.next(),
                app_id,
                display_name: name.to_owned(),
                application_template_id: Some(template.id.clone()),
                account_enabled: true,
                app_roles: template.app_roles.clone(),
                tags: vec!["WindowsAzureActiveDirectoryIntegratedApp".to_owned()],
            },
            job: Job { service_principal_id: Uuid::nil(), ..self.new_job(Uuid::nil(), template) },
        };
        let made =
            Instantiated { job: Job { service_principal_id: made.service_principal.id, ..made.job }, ..made };
        let mut transaction = self.draft();
        transaction.put(
            self.realm(),
            Kind::Application,
            made.application.id,
            Expect::Absent,
            encode(&made.application),
            application_keys(&made.application),
        );
        transaction.put(
            self.realm(),
            Kind::ServicePrincipal,
            made.service_principal.id,
            Expect::Absent,
            encode(&made.service_principal),
            service_principal_keys(&made.service_principal),
        );
        self.put_new_job(&mut transaction, &made.job);
        let target = identity(made.service_principal.id, name, "ServicePrincipal");
        self.audit(&mut transaction, by, Deed::new("Add service principal", Category::Application, target));
        transact(self.store.as_ref(), async || Ok::<_, Error>((transaction.clone(), ()))).await?;
        Ok(made)
    }

    pub(crate) fn new_job(&self, service_principal: Uuid, template: &ApplicationTemplate) -> Job {
        Job {
            id: self.ids.next(),
            service_principal_id: service_principal,
            template_id: template.id.clone(),
            started: false,
            interval: DEFAULT_INTERVAL,
            trigger: model::Trigger::Schedule,
            scope: SyncScope::Assigned,
            nested_groups: false,
            exclude_default_access: template.exclude_default_access,
            notification_mail: None,
            notify: true,
            deprovisioning: model::Deprovisioning::default(),
            dialect: model::Dialect::default(),
            limits: template.limits,
            guards: model::Guards::default(),
            failure_limits: model::FailureLimits::default(),
            drift_interval: None,
            drift_action: model::DriftAction::Report,
            object_mappings: template.object_mappings.clone(),
            tables: BTreeMap::new(),
            target_schema: model::TargetSchema::default(),
        }
    }

    /// The service principal of that object id.
    pub async fn service_principal(&self, id: Uuid) -> Result<ServicePrincipal> {
        let object = self.store.get(self.realm(), Kind::ServicePrincipal, id).await?;
        let object = object.ok_or_else(|| Error::missing("service principal", id))?;
        decode_record("service principal", &object)
    }

    /// The service principal of that object id, application (client) id or display name.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] when several have the name.
    pub async fn find_service_principal(&self, id_or_name: &str) -> Result<ServicePrincipal> {
        let key = match Uuid::try_parse(id_or_name) {
            Ok(id) => match self.service_principal(id).await {
                Err(Error::NotFound { .. }) => Key::unique(KeyName::Application, id.to_string()),
                other => return other,
            },
            Err(_) => Key::lookup(KeyName::DisplayName, fold_key(id_or_name)),
        };
        let found = self.store.find(self.realm(), Kind::ServicePrincipal, &key, 20).await?;
        let found: Vec<ServicePrincipal> =
            found.iter().map(|object| decode_record("service principal", object)).collect::<Result<_>>()?;
        only_one("service principal", id_or_name, found, |it| it.id)
    }

    /// One page of the service principals in order of creation, or those with that display name.
    pub async fn service_principals(
        &self,
        name: Option<&str>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<ServicePrincipal>, Option<Cursor>)> {
        self.named(Kind::ServicePrincipal, "service principal", name, after, limit).await
    }

    /// One page of the applications in order of creation, or those with that display name.
    pub async fn applications(
        &self,
        name: Option<&str>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<Application>, Option<Cursor>)> {
        self.named(Kind::Application, "application", name, after, limit).await
    }

    /// The application of that object id.
    pub async fn application(&self, id: Uuid) -> Result<Application> {
        let object = self.store.get(self.realm(), Kind::Application, id).await?;
        decode_record("application", &object.ok_or_else(|| Error::missing("application", id))?)
    }

    async fn named<T: serde::de::DeserializeOwned>(
        &self,
        kind: Kind,
        what: &'static str,
        name: Option<&str>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<T>, Option<Cursor>)> {
        let mut scan = Scan::first(limit).after(after);
        if let Some(name) = name {
            let value = Bound::Included(bytes::Bytes::from(fold_key(name)));
            scan.order = Order::Key { name: KeyName::DisplayName, from: value.clone(), to: value };
        }
        let page = self.store.scan(self.realm(), kind, scan).await?;
        let found = page.objects.iter().map(|object| decode_record(what, object)).collect::<Result<_>>()?;
        Ok((found, page.next))
    }

    /// Deletes a service principal with its application, assignments, jobs and secrets. The jobs' working state is
    /// dropped; accounts in targets stay.
    pub async fn delete_service_principal(&self, by: &Principal, id: Uuid) -> Result<()> {
        let (jobs, _) = transact(self.store.as_ref(), async || {
            let principal = self.service_principal(id).await?;
            let mut transaction = self.draft();
            let own = Key::lookup(KeyName::ServicePrincipal, id.to_string());
            for assignment in self.assignment_objects(&own).await? {
                transaction.delete(self.realm(), assignment.kind, assignment.id, Expect::Any);
            }
            let jobs = self.store.find(self.realm(), Kind::Job, &own, 100).await?;
            for job in &jobs {
                transaction.delete(self.realm(), Kind::Job, job.id, Expect::Any);
            }
            let client = Key::unique(KeyName::Application, principal.app_id.to_string());
            for application in self.store.find(self.realm(), Kind::Application, &client, 1).await? {
                transaction.delete(self.realm(), Kind::Application, application.id, Expect::Any);
            }
            transaction.delete(self.realm(), Kind::Secrets, id, Expect::Any);
            transaction.delete(self.realm(), Kind::ServicePrincipal, id, Expect::Present);
            let target = identity(id, principal.display_name, "ServicePrincipal");
            self.audit(
                &mut transaction,
                by,
                Deed::new("Remove service principal", Category::Application, target),
            );
            Ok::<_, Error>((transaction, jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()))
        })
        .await?;
        for job in jobs {
            self.store.drop_realm(store::Realm(job)).await?;
        }
        Ok(())
    }
}

pub(crate) fn application_keys(application: &Application) -> Vec<Key> {
    vec![
        Key::lookup(KeyName::DisplayName, fold_key(&application.display_name)),
        Key::unique(KeyName::Application, application.app_id.to_string()),
    ]
}

pub(crate) fn service_principal_keys(principal: &ServicePrincipal) -> Vec<Key> {
    vec![
        Key::lookup(KeyName::DisplayName, fold_key(&principal.display_name)),
        Key::unique(KeyName::Application, principal.app_id.to_string()),
    ]
}
