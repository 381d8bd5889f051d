//! Makes the applications of a directory what a document says, by the calls that make single changes.

use std::collections::{BTreeMap, BTreeSet};

use directory::{AssignmentRequest, Directory, JobChange, JobSettings, TargetChange, choose_role};
use model::{AppRole, AppRoleAssignment, ObjectType, Principal, ServicePrincipal, TargetAttribute};
use scim::fold::fold_key;
use uuid::Uuid;

use super::document::{Application, Assignment, Attribute, Job, Role, cut, wrong};
use super::export::{all_applications, all_assignments};
use crate::error::ApiError;
use crate::routes::{merged_settings, template};

/// Changes applications, in the name of whoever asks.
pub(super) struct Applications<'a> {
    pub directory: &'a Directory,
    pub by: &'a Principal,
    /// Whether what the document does not name is removed, of what it has a list of.
    pub prune: bool,
}

impl Applications<'_> {
    /// Makes them what the document says.
    pub async fn apply(&self, applications: &[Application]) -> Result<(), ApiError> {
        let mut named = BTreeSet::new();
        for application in applications {
            let place = format!("applications[{}]", cut(&application.name));
            let applied = self.application(application, &place).await;
            named.insert(applied.map_err(|error| at(&place, error))?);
        }
        if self.prune {
            for other in all_applications(self.directory).await? {
                if !named.contains(&other.id) {
                    self.directory.delete_service_principal(self.by, other.id).await?;
                }
            }
        }
        Ok(())
    }

    async fn application(&self, application: &Application, place: &str) -> Result<Uuid, ApiError> {
        let found = self.find(application).await?;
        let is_new = found.is_none();
        let mut principal = match found {
            Some(principal) => principal,
            None => self.create(application, place).await?,
        };
        if let Some(wanted) = &application.roles {
            // New roles first: people may change to them from those that go.
            principal = self.roles(&principal, wanted, false).await?;
        }
        if let Some(jobs) = &application.jobs {
            self.jobs(&principal, jobs, self.prune || is_new, place).await?;
        }
        if let Some(assignments) = &application.assignments {
            self.assignments(&principal, assignments, place).await?;
        }
        if let Some(wanted) = application.roles.as_ref().filter(|_| self.prune || is_new) {
            self.roles(&principal, wanted, true).await?;
        }
        Ok(principal.id)
    }

    async fn find(&self, application: &Application) -> Result<Option<ServicePrincipal>, ApiError> {
        let wanted = application.id.map_or_else(|| application.name.trim().to_owned(), |id| id.to_string());
        let found = match self.directory.find_service_principal(&wanted).await {
            Ok(found) => found,
            Err(error) if error.is_not_found() && application.id.is_none() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if fold_key(&found.display_name) != fold_key(application.name.trim()) {
            return Err(ApiError::bad(format!(
                "the application of this id is called '{}'.",
                cut(&found.display_name)
            )));
        }
        match (&application.template, &found.application_template_id) {
            (Some(wanted), Some(its)) if !wanted.eq_ignore_ascii_case(its) => Err(ApiError::bad(format!(
                "it was made from the template '{its}', and cannot become one of '{}'.",
                cut(wanted)
            ))
            .hint("Give it another name in the document, or delete the one that there is first.")),
            _ => Ok(Some(found)),
        }
    }

    async fn create(&self, application: &Application, place: &str) -> Result<ServicePrincipal, ApiError> {
        let wanted = application.template.as_deref().ok_or_else(|| {
            wrong(place, "there is no such application, and none can be made without its template.")
        })?;
        let made = self.directory.instantiate(self.by, template(wanted)?, &application.name).await?;
        Ok(made.service_principal)
    }

    /// Gives an application the roles that are wanted, beside those that it has or in place of them.
    async fn roles(
        &self,
        principal: &ServicePrincipal,
        wanted: &[Role],
        only: bool,
    ) -> Result<ServicePrincipal, ApiError> {
        let there = &principal.app_roles;
        let is = |role: &AppRole, name: &str| fold_key(&role.display_name) == fold_key(name.trim());
        let mut roles: Vec<AppRole> = wanted
            .iter()
            .map(|role| AppRole {
                id: there
                    .iter()
                    .find(|it| is(it, &role.name))
                    .map_or_else(|| self.directory.ids().next(), |it| it.id),
                display_name: role.name.trim().to_owned(),
                value: role.value.clone(),
                description: role.description.clone(),
                is_enabled: role.enabled,
                allowed_member_types: role.allowed_member_types.clone(),
            })
            .collect();
        if !only {
            roles.extend(there.iter().filter(|it| !wanted.iter().any(|role| is(it, &role.name))).cloned());
        }
        Ok(self.directory.set_app_roles(self.by, principal.id, &roles).await?)
    }

    async fn jobs(
        &self,
        principal: &ServicePrincipal,
        jobs: &[Job],
        prune: bool,
        place: &str,
    ) -> Result<(), ApiError> {
        let there = self.directory.jobs_of(principal.id).await?;
        let is_of = |job: &Job, other: &model::Job| job.template.eq_ignore_ascii_case(&other.template_id);
        for job in jobs {
            let place = format!("{place}.jobs[{}]", cut(&job.template));
            let old = if let Some(old) = there.iter().find(|other| is_of(job, other)) {
                old.clone()
            } else {
                let template = template(&job.template).map_err(|error| at(&place, error))?;
                self.directory.create_job(self.by, principal.id, template).await?
            };
            let change = self.job_change(job, &old).map_err(|error| at(&place, error))?;
            let updated = self.directory.update_job(self.by, old.id, &change).await;
            updated.map_err(|error| at(&place, error.into()))?;
        }
        for other in there.iter().filter(|other| prune && !jobs.iter().any(|job| is_of(job, other))) {
            self.directory.delete_job(self.by, other.id).await?;
        }
        Ok(())
    }

    /// What is to be changed of a job. What stays as it is is not named: it was right once, and is not checked again.
    fn job_change(&self, job: &Job, old: &model::Job) -> Result<JobChange, ApiError> {
        let settings = merged_settings(old, job.settings.clone())?;
        let mappings: Option<Vec<model::ObjectMapping>> =
            job.mappings.as_ref().map(|mappings| mappings.iter().cloned().map(Into::into).collect());
        let mut tables = BTreeMap::new();
        for (name, rows) in job.tables.iter().flatten() {
            if old.tables.get(name) != Some(rows) {
                tables.insert(name.clone(), Some(rows.clone()));
            }
        }
        if let Some(given) = job.tables.as_ref().filter(|_| self.prune) {
            let gone = old.tables.keys().filter(|name| !given.contains_key(*name));
            tables.extend(gone.map(|name| (name.clone(), None)));
        }
        Ok(JobChange {
            settings: (settings != JobSettings::of(old)).then_some(settings),
            object_mappings: mappings.filter(|mappings| *mappings != old.object_mappings),
            tables,
            target: job.attributes.as_ref().map_or_else(Vec::new, |given| self.attributes(given, old)),
            ..JobChange::default()
        })
    }

    fn attributes(&self, given: &[Attribute], old: &model::Job) -> Vec<TargetChange> {
        let mut changes = Vec::new();
        for attribute in given {
            let wanted = target_attribute(attribute);
            if !old.target_schema.added.of(attribute.object).contains(&wanted) {
                changes.push(TargetChange::Add(attribute.object, wanted));
            }
        }
        for object in [ObjectType::User, ObjectType::Group] {
            let key = |name: &str| engine::attribute_key(name);
            let is_named = |other: &TargetAttribute| {
                given.iter().any(|it| it.object == object && key(&it.name) == key(&other.name))
            };
            let gone = old.target_schema.added.of(object).iter().filter(|it| self.prune && !is_named(it));
            changes.extend(gone.map(|attribute| TargetChange::Remove(object, attribute.name.clone())));
        }
        changes
    }

    async fn assignments(
        &self,
        principal: &ServicePrincipal,
        wanted: &[Assignment],
        place: &str,
    ) -> Result<(), ApiError> {
        let there = all_assignments(self.directory, principal.id).await?;
        let key = |it: &AppRoleAssignment| (it.principal_id, it.app_role_id);
        let existing: BTreeSet<(Uuid, Uuid)> = there.iter().map(key).collect();
        let mut named = BTreeSet::new();
        for (number, assignment) in wanted.iter().enumerate() {
            let place = format!("{place}.assignments[{number}]");
            let who = self.assignee(assignment).await.map_err(|error| at(&place, error))?;
            let role = role_of(principal, assignment.role.as_deref());
            let role = role.map_err(|error| at(&place, error.into()))?;
            if named.insert((who, role)) && !existing.contains(&(who, role)) {
                let role = role.to_string();
                let request =
                    AssignmentRequest { resource: principal.id, principal: who, role: Some(role.as_str()) };
                self.directory.assign(self.by, request).await.map_err(|error| at(&place, error.into()))?;
            }
        }
        for other in there.iter().filter(|it| self.prune && !named.contains(&key(it))) {
            // Who is in the recycle bin is in no document, and comes back with the assignments.
            if self.directory.any_object(other.principal_id).await.is_ok_and(|it| it.deleted.is_none()) {
                self.directory.unassign(self.by, other.id).await?;
            }
        }
        Ok(())
    }

    async fn assignee(&self, assignment: &Assignment) -> Result<Uuid, ApiError> {
        let found = match (&assignment.user, &assignment.group) {
            (Some(user), None) => self.directory.user(user).await,
            (None, Some(group)) => self.directory.group(group).await,
            _ => return Err(ApiError::bad("it must name either a user or a group.")),
        };
        found.map(|object| object.id).map_err(|error| match error {
            directory::Error::NotFound { what, id } => {
                ApiError::bad(format!("there is no {what} '{}' in the directory.", cut(&id)))
                    .hint("Nothing was changed: import users and groups first, or correct the name.")
            }
            other => other.into(),
        })
    }
}

/// The role that is meant; one that can be assigned no more is found for those who have it.
fn role_of(principal: &ServicePrincipal, wanted: Option<&str>) -> directory::Result<Uuid> {
    choose_role(principal, wanted).or_else(|error| {
        let is =
            |role: &&AppRole| wanted.is_some_and(|wanted| fold_key(&role.display_name) == fold_key(wanted));
        principal.app_roles.iter().find(is).map(|role| role.id).ok_or(error)
    })
}

fn target_attribute(attribute: &Attribute) -> TargetAttribute {
    let Attribute { object: _, name, kind, multi_valued, case_exact, required, mutability, references } =
        attribute;
    TargetAttribute {
        name: name.clone(),
        kind: *kind,
        multi_valued: *multi_valued,
        case_exact: *case_exact,
        required: *required,
        mutability: *mutability,
        references: references.clone(),
    }
}

/// An error with the place of the document that it is about.
pub(super) fn at(place: &str, error: ApiError) -> ApiError {
    if error.message.starts_with("applications[") || error.message.starts_with("tenants[") {
        return error;
    }
    ApiError { message: format!("{place}: {}", error.message), ..error }
}
