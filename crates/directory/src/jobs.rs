//! Synchronization jobs: their configuration, and their progress as far as it can be read.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use model::{ApplicationTemplate, Job, JobState, LookupTable, ObjectMapping, Principal};
use serde_json::Value;
use store::{Expect, Key, KeyName, Kind, Realm, Scan, Transaction, transact};
use uuid::Uuid;

use crate::audit::{self, Category, Deed, identity, property};
use crate::record::{decode_record, encode};
use crate::{Directory, Error, JobSettings, Result, TargetChange};

/// A change of a job: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct JobChange {
    /// Whether the job runs by itself.
    pub started: Option<bool>,
    /// Its settings.
    pub settings: Option<JobSettings>,
    /// The settings that these were made from: it must have them still.
    pub settings_read: Option<JobSettings>,
    /// The [`schema_tag`] of what its mappings were made from: it must have it still.
    pub schema_read: Option<String>,
    /// Its mappings.
    pub object_mappings: Option<Vec<ObjectMapping>>,
    /// Tables to be kept from now on, and those to be dropped (`None`), by name.
    pub tables: BTreeMap<String, Option<LookupTable>>,
    /// What is known of its target's attributes, changed one after the other.
    pub target: Vec<TargetChange>,
}

/// Bytes of all tables of a job together: they are read with its settings.
const TABLES_SIZE: usize = 512 << 10;

impl JobChange {
    /// The job as the change makes it. Mappings and filters are compiled first; nothing is saved.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what is wrong where; [`Error::Changed`] when it was made from what is no longer so.
    fn apply(&self, old: &Job, now: Timestamp) -> Result<Job> {
        if self.settings_read.as_ref().is_some_and(|read| *read != JobSettings::of(old)) {
            return Err(Error::Changed("settings of the job"));
        }
        if self.schema_read.as_ref().is_some_and(|read| *read != schema_tag(old)) {
            return Err(Error::Changed("mappings, filters or attributes of the job"));
        }
        let mut job = old.clone();
        if let Some(settings) = &self.settings {
            settings.check()?;
            settings.clone().apply(&mut job);
        }
        change_tables(&mut job.tables, &self.tables)?;
        for change in &self.target {
            change.apply(&mut job.target_schema, now)?;
        }
        if !self.target.is_empty() {
            engine::check_target_schema(&job.target_schema)
                .map_err(|error| Error::invalid("targetAttributes", error.to_string()))?;
        }
        if let Some(mappings) = &self.object_mappings {
            job.object_mappings.clone_from(mappings);
            engine::validate(&job).map_err(|error| Error::invalid("objectMappings", error.to_string()))?;
        } else if !self.target.is_empty() || !self.tables.is_empty() {
            // What was right must not become wrong, and what ran must run.
            let what = if self.target.is_empty() { "tables" } else { "targetAttributes" };
            let check = if engine::validate(old).is_ok() { engine::validate } else { engine::compile };
            check(&job).map_err(|error| Error::invalid(what, error.to_string()))?;
        }
        job.started = self.started.unwrap_or(job.started);
        Ok(job)
    }
}

/// Stands for a job's mappings, scoping filters and attributes as they are: another text for others.
pub fn schema_tag(job: &Job) -> String {
    let schema =
        serde_json::to_vec(&(&job.object_mappings, &job.target_schema)).expect("a schema is plain data");
    BASE64.encode(&digest(&SHA256, &schema).as_ref()[..16])
}

/// Writes a job of a directory in a transaction, with the keys that it is found by. Whoever changes one for people calls
/// [`Directory::update_job`].
pub fn put_job(transaction: &mut Transaction, realm: Realm, job: &Job, expect: Expect) {
    let keys = vec![Key::lookup(KeyName::ServicePrincipal, job.service_principal_id.to_string())];
    transaction.put(realm, Kind::Job, job.id, expect, encode(job), keys);
}

/// Makes a job of a directory, as it was read in this version, run by itself no longer, in a transaction that says why;
/// the entry of the audit log gets that id. For the end of a cycle: people use [`Directory::update_job`].
pub fn disable_job(
    transaction: &mut Transaction,
    directory: Realm,
    (job, version): (&Job, u64),
    application: &str,
    by: &Principal,
    audit_entry: Uuid,
) {
    let disabled = Job { started: false, ..job.clone() };
    put_job(transaction, directory, &disabled, Expect::Version(version));
    let target = identity(job.id, application, "SynchronizationJob");
    let deed = Deed::new("Disable provisioning", Category::Provisioning, target);
    audit::write(transaction, directory, audit_entry, by, deed.changing(changed(job, &disabled)));
}

impl Directory {
    /// Adds a job, with the chance that its plans and its first cycle draw from.
    pub(crate) fn put_new_job(&self, transaction: &mut Transaction, job: &Job) {
        put_job(transaction, self.realm(), job, Expect::Absent);
        let state = JobState { chance: Some(self.ids.seed()), ..JobState::default() };
        transaction.put(Realm(job.id), Kind::JobState, job.id, Expect::Absent, encode(&state), Vec::new());
    }

    /// The job as a change would make it, checked and not saved.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what is wrong where.
    pub fn planned(&self, job: &Job, change: &JobChange) -> Result<Job> {
        change.apply(job, self.clock.now())
    }

    /// Adds a job, not started, to a service principal.
    pub async fn create_job(
        &self,
        by: &Principal,
        service_principal: Uuid,
        template: &ApplicationTemplate,
    ) -> Result<Job> {
        let principal = self.service_principal(service_principal).await?;
        let job = self.new_job(service_principal, template);
        let mut transaction = self.draft();
        transaction.require(self.realm(), Kind::ServicePrincipal, service_principal, Expect::Present);
        self.put_new_job(&mut transaction, &job);
        let target = identity(job.id, principal.display_name, "SynchronizationJob");
        self.audit(
            &mut transaction,
            by,
            Deed::new("Add provisioning configuration", Category::Provisioning, target),
        );
        transact(self.store.as_ref(), async || Ok::<_, Error>((transaction.clone(), ()))).await?;
        Ok(job)
    }

    /// The job of that id.
    pub async fn job(&self, id: Uuid) -> Result<Job> {
        let object = self.store.get(self.realm(), Kind::Job, id).await?;
        decode_record("job", &object.ok_or_else(|| Error::missing("job", id))?)
    }

    /// The jobs of a service principal, in order of creation.
    pub async fn jobs_of(&self, service_principal: Uuid) -> Result<Vec<Job>> {
        let key = Key::lookup(KeyName::ServicePrincipal, service_principal.to_string());
        let found = self.store.find(self.realm(), Kind::Job, &key, 100).await?;
        found.iter().map(|object| decode_record("job", object)).collect()
    }

    /// Every job of the directory, in order of creation.
    pub async fn jobs(&self) -> Result<Vec<Job>> {
        let mut jobs = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.scan(self.realm(), Kind::Job, Scan::first(200).after(after)).await?;
            for object in &page.objects {
                jobs.push(decode_record("job", object)?);
            }
            if page.next.is_none() {
                return Ok(jobs);
            }
            after = page.next;
        }
    }

    /// The progress of a job; that of one that never ran is empty.
    pub async fn job_state(&self, id: Uuid) -> Result<JobState> {
        let object = self.store.get(Realm(id), Kind::JobState, id).await?;
        object.map_or_else(|| Ok(JobState::default()), |object| decode_record("job state", &object))
    }

    /// Changes a job. Mappings and filters are compiled first.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what is wrong where; [`Error::Changed`] when the change was made from what is no longer so.
    pub async fn update_job(&self, by: &Principal, id: Uuid, change: &JobChange) -> Result<Job> {
        let (job, _) = transact(self.store.as_ref(), async || {
            let object = self.store.get(self.realm(), Kind::Job, id).await?;
            let object = object.ok_or_else(|| Error::missing("job", id))?;
            let old: Job = decode_record("job", &object)?;
            let job = self.planned(&old, change)?;
            let mut transaction = self.draft();
            if job != old {
                put_job(&mut transaction, self.realm(), &job, Expect::Version(object.version));
                let activity = match (old.started, job.started) {
                    (false, true) => "Start provisioning",
                    (true, false) => "Pause provisioning",
                    _ => "Update provisioning configuration",
                };
                let name = self.service_principal(job.service_principal_id).await?.display_name;
                let deed =
                    Deed::new(activity, Category::Provisioning, identity(id, name, "SynchronizationJob"));
                self.audit(&mut transaction, by, deed.changing(changed(&old, &job)));
            }
            Ok::<_, Error>((transaction, job))
        })
        .await?;
        Ok(job)
    }

    /// Writes into the audit log that somebody allowed what the guards of a job hold back, all of it or what was held
    /// back at a moment.
    pub async fn note_allowed(&self, by: &Principal, id: Uuid, until: Option<Timestamp>) -> Result<()> {
        let job = self.job(id).await?;
        let name = self.service_principal(job.service_principal_id).await?.display_name;
        let mut transaction = self.draft();
        let target = identity(id, name, "SynchronizationJob");
        let until = property("stagedUntil", None, Some(until.unwrap_or(transaction.at).to_string().into()));
        let deed = Deed::new("Allow staged changes", Category::Provisioning, target).changing(vec![until]);
        self.audit(&mut transaction, by, deed);
        transact(self.store.as_ref(), async || Ok::<_, Error>((transaction.clone(), ()))).await?;
        Ok(())
    }

    /// Deletes a job and its working state. Accounts in the target stay.
    pub async fn delete_job(&self, by: &Principal, id: Uuid) -> Result<()> {
        transact(self.store.as_ref(), async || {
            let job = self.job(id).await?;
            let name = self.service_principal(job.service_principal_id).await?.display_name;
            let mut transaction = self.draft();
            transaction.delete(self.realm(), Kind::Job, id, Expect::Present);
            let target = identity(id, name, "SynchronizationJob");
            let activity = "Delete provisioning configuration";
            self.audit(&mut transaction, by, Deed::new(activity, Category::Provisioning, target));
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        self.store.drop_realm(Realm(id)).await?;
        Ok(())
    }
}

fn change_tables(
    tables: &mut BTreeMap<String, LookupTable>,
    changes: &BTreeMap<String, Option<LookupTable>>,
) -> Result<()> {
    for (name, table) in changes {
        let plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | ' ');
        if name.trim().is_empty() || name.chars().count() > 64 || !name.chars().all(plain) {
            let what = "a name has 1 to 64 letters, digits, spaces and the characters _ - .";
            return Err(Error::invalid("tables", what));
        }
        match table {
            Some(table) => drop(tables.insert(name.clone(), table.clone())),
            None => drop(tables.remove(name)),
        }
    }
    let row = |(key, value): (&String, &String)| key.len() + value.len();
    let size: usize = tables.values().flatten().map(row).sum();
    if !changes.is_empty() && size > TABLES_SIZE {
        let what = format!("the tables of a job have {size} bytes together; {TABLES_SIZE} are the most");
        return Err(Error::invalid("tables", what));
    }
    Ok(())
}

fn changed(old: &Job, new: &Job) -> Vec<model::ModifiedProperty> {
    let value = |job: &Job| {
        let mut value = serde_json::to_value(job).unwrap_or(Value::Null);
        // Which tables there are, and how many rows: their content would drown the rest.
        let rows = |(name, table): (&String, &LookupTable)| (name.clone(), Value::from(table.len()));
        value["tables"] = job.tables.iter().map(rows).collect();
        value
    };
    let (Value::Object(old), Value::Object(new)) = (value(old), value(new)) else { return Vec::new() };
    new.iter()
        .filter(|(name, value)| old.get(*name) != Some(*value))
        .map(|(name, value)| property(name, old.get(name).cloned(), Some(value.clone())))
        .collect()
}
