//! The configuration as it is, as a document.

use std::collections::{BTreeMap, HashMap};

use directory::{Directory, JobSettings};
use model::{AppRole, AppRoleAssignment, DEFAULT_ACCESS, ObjectType, ServicePrincipal};
use scim::fold::fold_key;
use serde_json::{Map, Value};
use tenant::Tenants;
use uuid::Uuid;
use webhooks::Webhooks;

use super::document::{Application, Assignment, Attribute, Document, Job, Role, Tenant};
use crate::ServiceProvider;
use crate::error::ApiError;

/// Rows read at once.
const PAGE: usize = 1_000;

/// Where a configuration is read from.
pub(crate) struct View<'v> {
    pub directory: &'v Directory,
    pub tenants: &'v Tenants,
    pub webhooks: &'v Webhooks,
    pub provider: &'v dyn ServiceProvider,
    /// Schema extensions of tenants as they are to become, in place of those that they have.
    pub planned: &'v BTreeMap<Uuid, Vec<Value>>,
}

impl View<'_> {
    /// The whole configuration; equal ones give equal documents.
    pub async fn export(&self) -> Result<Document, ApiError> {
        let principals = all_applications(self.directory).await?;
        let mut names: HashMap<String, usize> = HashMap::new();
        for principal in &principals {
            *names.entry(fold_key(&principal.display_name)).or_default() += 1;
        }
        let mut applications = Vec::with_capacity(principals.len());
        for principal in &principals {
            let ambiguous = names.get(&fold_key(&principal.display_name)).is_some_and(|count| *count > 1);
            applications.push(self.application(principal, ambiguous).await?);
        }
        applications.sort_by_cached_key(|it| (fold_key(&it.name), it.name.clone(), it.id));
        let mut tenants = Vec::new();
        for tenant in self.tenants.list().await? {
            tenants.push(self.tenant(&tenant).await?);
        }
        tenants.sort_by(|one, other| one.name.cmp(&other.name));
        let scheduled = self.directory.import_schedule().await?;
        Ok(Document::new(scheduled.map(|it| it.schedule), applications, tenants))
    }

    async fn application(
        &self,
        principal: &ServicePrincipal,
        ambiguous: bool,
    ) -> Result<Application, ApiError> {
        let mut jobs: Vec<Job> = self.directory.jobs_of(principal.id).await?.into_iter().map(job).collect();
        jobs.sort_by(|one, other| one.template.cmp(&other.template));
        let mut assignments = Vec::new();
        let mut groups = Groups::default();
        for assignment in all_assignments(self.directory, principal.id).await? {
            assignments.extend(self.assignment(principal, &assignment, &mut groups).await?);
        }
        assignments.sort_by_cached_key(|it: &Assignment| {
            let folded = |name: &Option<String>| name.as_deref().map(fold_key);
            (folded(&it.group), folded(&it.user), it.group.clone(), it.user.clone(), it.role.clone())
        });
        Ok(Application {
            name: principal.display_name.clone(),
            id: ambiguous.then_some(principal.id),
            template: principal.application_template_id.clone(),
            roles: Some(principal.app_roles.iter().map(role).collect()),
            jobs: Some(jobs),
            assignments: Some(assignments),
        })
    }

    /// An assignment by names; `None` for one of a user in the recycle bin, whose name may be somebody else's by now.
    async fn assignment(
        &self,
        principal: &ServicePrincipal,
        assignment: &AppRoleAssignment,
        groups: &mut Groups,
    ) -> Result<Option<Assignment>, ApiError> {
        let object = match self.directory.any_object(assignment.principal_id).await {
            Ok(object) if object.deleted.is_none() => object,
            Ok(_) => return Ok(None),
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (user, group) = match object.object_type {
            ObjectType::User => {
                let name = object.text("userPrincipalName").map(str::to_owned);
                (Some(name.unwrap_or_else(|| object.id.to_string())), None)
            }
            ObjectType::Group => (None, Some(groups.reference(self.directory, &object).await?)),
        };
        Ok(Some(Assignment { user, group, role: Some(role_name(principal, assignment.app_role_id)) }))
    }

    async fn tenant(&self, tenant: &tenant::Tenant) -> Result<Tenant, ApiError> {
        let schemas = match self.planned.get(&tenant.id) {
            Some(planned) => planned.clone(),
            None => self.provider.extensions(tenant.id).await?,
        };
        let mut schemas: Vec<Map<String, Value>> = schemas.into_iter().filter_map(definition).collect();
        schemas.sort_by_key(|schema| schema.get("id").and_then(Value::as_str).unwrap_or_default().to_owned());
        Ok(Tenant {
            name: tenant.name.clone(),
            scim_for_authentication: Some(tenant.scim_for_authentication),
            settings: members(&tenant.settings),
            schemas: Some(schemas),
            webhooks: Some(super::webhooks::export(self.webhooks, tenant.id).await?),
        })
    }
}

/// What groups are called in the document: by name where only one has it.
#[derive(Default)]
struct Groups(BTreeMap<Uuid, String>);

impl Groups {
    async fn reference(
        &mut self,
        directory: &Directory,
        group: &model::DirectoryObject,
    ) -> Result<String, ApiError> {
        if let Some(known) = self.0.get(&group.id) {
            return Ok(known.clone());
        }
        let name = group.text("displayName").unwrap_or_default();
        let reference = match directory.group(name).await {
            Ok(found) if found.id == group.id => name.to_owned(),
            Ok(_) | Err(directory::Error::Ambiguous { .. } | directory::Error::NotFound { .. }) => {
                group.id.to_string()
            }
            Err(error) => return Err(error.into()),
        };
        self.0.insert(group.id, reference.clone());
        Ok(reference)
    }
}

/// Every service principal, in order of creation.
pub(super) async fn all_applications(directory: &Directory) -> Result<Vec<ServicePrincipal>, ApiError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (found, next) = directory.service_principals(None, after, PAGE).await?;
        all.extend(found);
        after = next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Every assignment to an application.
pub(super) async fn all_assignments(
    directory: &Directory,
    application: Uuid,
) -> Result<Vec<AppRoleAssignment>, ApiError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (found, next) = directory.assigned_to(application, after, PAGE).await?;
        all.extend(found);
        after = next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

fn job(job: model::Job) -> Job {
    let attribute = |object: ObjectType| {
        move |it: &model::TargetAttribute| Attribute {
            object,
            name: it.name.clone(),
            kind: it.kind,
            multi_valued: it.multi_valued,
            case_exact: it.case_exact,
            required: it.required,
            mutability: it.mutability,
            references: it.references.clone(),
        }
    };
    let added = &job.target_schema.added;
    let users = added.user.iter().map(attribute(ObjectType::User));
    let mut attributes: Vec<Attribute> =
        users.chain(added.group.iter().map(attribute(ObjectType::Group))).collect();
    attributes.sort_by_cached_key(|it| (it.object == ObjectType::Group, it.name.clone()));
    Job {
        settings: members(&JobSettings::of(&job)),
        template: job.template_id,
        attributes: Some(attributes),
        tables: Some(job.tables),
        mappings: Some(job.object_mappings.into_iter().map(Into::into).collect()),
    }
}

fn role(role: &AppRole) -> Role {
    Role {
        name: role.display_name.clone(),
        value: role.value.clone(),
        description: role.description.clone(),
        enabled: role.is_enabled,
        allowed_member_types: role.allowed_member_types.clone(),
    }
}

fn members<T: serde::Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// A schema extension without what is not of its definition.
fn definition(shown: Value) -> Option<Map<String, Value>> {
    let Value::Object(mut members) = shown else { return None };
    members.shift_remove("state");
    members.shift_remove("schemas");
    Some(members)
}

/// What a role is called; by its id where the application does not define it any more.
fn role_name(principal: &ServicePrincipal, role: Uuid) -> String {
    if role == DEFAULT_ACCESS {
        return "Default Access".to_owned();
    }
    let found = principal.app_roles.iter().find(|it| it.id == role);
    found.map_or_else(|| role.to_string(), |role| role.display_name.clone())
}
