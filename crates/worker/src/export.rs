//! Matching and the requests of single objects.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::{Decision, MatchingValue};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use model::{
    Link, LinkOrigin, LinkState, ObjectType, Outcome, ProvisioningAction, ProvisioningStatus, Shadow,
    StepType,
};
use scim_client::{ErrorCode, Failure, Operation, PageToken, Resource, Select, difference, document};
use serde_json::{Map, Value, json};

use crate::batch::Mode;
use crate::context::{CONCURRENCY, Context, Rule};
use crate::error::{Stop, finding, information, of_the_endpoint};
use crate::links;
use crate::work::{Export, Work, Write};

/// How long requests in flight are waited for when the work is stopped.
const PATIENCE: Duration = Duration::from_secs(3);

/// What became of the search for the object at that place; `None` where there was nothing to search by.
type Search = (usize, Option<Result<Found, Failure>>);

/// What matching found.
enum Found {
    Nobody,
    Account(Box<Resource>, MatchingValue),
    Several(MatchingValue, usize),
}

impl Context {
    /// Finds the accounts of the objects that have none yet, and decides between matching and creation.
    pub(crate) async fn match_all(&self, rule: &Rule, works: &mut [Work], fresh: bool) -> Result<(), Stop> {
        let mut searches: Vec<BoxFuture<'_, Search>> = Vec::new();
        for (index, work) in works.iter().enumerate() {
            let Decision::Provision(desired) = &work.decision else { continue };
            let wanted = rule.mapping.matching(desired);
            let search = async move {
                let found =
                    if wanted.is_empty() { None } else { Some(self.search(rule, &wanted, fresh).await) };
                (index, found)
            };
            searches.push(search.boxed());
        }
        let searches = futures::stream::iter(searches).buffer_unordered(CONCURRENCY);
        let found: Vec<Search> = self.unless_stopped(searches.collect()).await?;
        let mut found: HashMap<usize, Result<Found, Failure>> =
            found.into_iter().filter_map(|(index, found)| Some((index, found?))).collect();
        let mut taken = HashMap::new();
        for (index, work) in works.iter_mut().enumerate() {
            if !matches!(work.decision, Decision::Provision(_)) {
                continue;
            }
            match found.remove(&index) {
                None => {
                    let reason = "the object has no value for any matching attribute";
                    let advice = "Give the object a value, or match by another attribute.";
                    work.step(StepType::Matching, ProvisioningStatus::Skipped, reason, json!({}));
                    work.skip(reason, rule.hash, Some(finding("ImportSkipped", reason, advice)));
                }
                Some(Err(failure)) => {
                    // Whoever may not search cannot do anything.
                    if failure.code == ErrorCode::InsufficientRights {
                        return Err(Stop::Target(failure));
                    }
                    work.refused(self, ProvisioningAction::Other, of_the_endpoint(failure));
                    if let Some(failure) = work.fatal.take() {
                        return Err(Stop::Target(failure));
                    }
                }
                Some(Ok(Found::Nobody)) => Self::will_create(rule, work),
                Some(Ok(Found::Several(by, count))) => self.several(work, &by, count),
                Some(Ok(Found::Account(resource, by))) => {
                    let id = resource.id.clone();
                    let other = taken.insert(id, work.id);
                    self.adopt(rule, work, *resource, &by, other).await?;
                }
            }
        }
        Ok(())
    }

    async fn search(&self, rule: &Rule, wanted: &[MatchingValue], fresh: bool) -> Result<Found, Failure> {
        for by in wanted {
            let mut accounts = self.accounts(rule, by, fresh).await?;
            if accounts.len() > 1 {
                return Ok(Found::Several(by.clone(), accounts.len()));
            }
            if let Some(account) = accounts.pop() {
                return Ok(Found::Account(Box::new(account), by.clone()));
            }
        }
        Ok(Found::Nobody)
    }

    fn several(&self, work: &mut Work, by: &MatchingValue, count: usize) {
        let reason = format!("{count} accounts in the target have {} \"{}\"", by.path, by.value);
        work.step(
            StepType::Matching,
            ProvisioningStatus::Failure,
            reason.clone(),
            json!({"attribute": by.path}),
        );
        let advice =
            "Remove or rename the surplus accounts in the target, or match by an attribute that is unique.";
        work.fail(self, ProvisioningAction::Other, finding("DuplicateTargetEntries", reason, advice));
    }

    fn will_create(rule: &Rule, work: &mut Work) {
        let Decision::Provision(desired) = &work.decision else { return };
        if !rule.mapping.actions.create {
            let reason = "no account matches, and creating accounts is switched off for this object mapping";
            work.skip(reason, rule.hash, None);
            return;
        }
        work.export = Export::Create(rule.mapping.creation(desired));
        work.next_state = LinkState::Active;
        work.step(StepType::Matching, ProvisioningStatus::Success, "no account matches", json!({}));
    }

    /// Links the account that was found, unless it is somebody else's.
    pub(crate) async fn adopt(
        &self,
        rule: &Rule,
        work: &mut Work,
        resource: Resource,
        by: &MatchingValue,
        other: Option<uuid::Uuid>,
    ) -> Result<(), Stop> {
        let holder = self.holder(work.object_type, &resource.id).await?;
        let holder = holder.or(other).filter(|holder| *holder != work.id);
        if let Some(holder) = holder {
            let reason = format!(
                "the account with {} \"{}\" is already the account of the object {holder}",
                by.path, by.value
            );
            work.step(
                StepType::Matching,
                ProvisioningStatus::Failure,
                reason.clone(),
                json!({"targetId": resource.id}),
            );
            let advice = "Give the two objects different values for the matching attribute.";
            work.contest(self, ProvisioningAction::Other, finding("DuplicateSourceEntries", reason, advice));
            return Ok(());
        }
        let text = format!("matched by {} \"{}\"", by.path, by.value);
        work.step(StepType::Matching, ProvisioningStatus::Success, text, json!({"targetId": resource.id}));
        let found = read_paths(&resource, rule.mapping.paths());
        work.found = Some(found.clone());
        work.link.target_id = Some(resource.id);
        work.link.target_version = resource.etag;
        work.link.origin =
            if work.link.unacknowledged.is_some() { LinkOrigin::Created } else { LinkOrigin::Matched };
        work.link.referrers_due = true;
        work.next_state = LinkState::Active;
        if let Decision::Provision(desired) = &work.decision {
            let mut changes = rule.mapping.changes_on_match(desired, &found);
            if !rule.mapping.actions.update {
                changes.clear();
            }
            work.link.shadow = rule.mapping.remember_match(desired, found);
            work.export = Export::Patch(changes);
        } else {
            work.link.shadow = found;
        }
        Ok(())
    }

    /// Sends what one object needs.
    pub(crate) async fn export_one(&self, rule: &Rule, mut work: Work, mode: Mode) -> Work {
        let export = work.export.clone();
        if matches!(export, Export::Nothing) {
            return work;
        }
        if export.sends() && self.cancel.is_cancelled() {
            work.withdraw();
            work.abandoned = true;
            return work;
        }
        let patience = self.out_of_patience();
        let sent = async {
            match &export {
                Export::Create(values) => self.create(rule, &mut work, values, mode).await,
                Export::Patch(changes) => self.patch(rule, &mut work, changes).await,
                Export::Delete => self.delete(rule, &mut work).await,
                Export::Nothing => {}
            }
        };
        let stopped = tokio::select! {
            () = sent => false,
            () = patience => true,
        };
        if stopped {
            work.left_behind();
        }
        work
    }

    /// What becomes of requests, unless the work is stopped and they linger, as where their rate is limited.
    pub(crate) async fn unless_stopped<T>(&self, requests: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            done = requests => Ok(done),
            () = self.out_of_patience() => Err(Stop::Cancelled),
        }
    }

    /// When requests in flight are no longer waited for.
    pub(crate) async fn out_of_patience(&self) {
        self.cancel.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    }

    async fn create(&self, rule: &Rule, work: &mut Work, values: &Shadow, mode: Mode) {
        let document =
            document::build(rule.kind, values.iter().map(|(path, value)| (path.as_str(), value.clone())));
        match document {
            Ok(document) => {
                let sent = self.heard(self.target.create(rule.kind, &document).await);
                self.create_answered(rule, work, values, sent, mode).await;
            }
            Err(error) => self.not_buildable(work, &error),
        }
    }

    pub(crate) fn not_buildable(&self, work: &mut Work, error: &scim_client::path::Error) {
        let action = "Correct the target attribute's name in the attribute mappings.";
        work.link.unacknowledged = None;
        work.link.shadow.clear();
        work.fail(
            self,
            ProvisioningAction::Create,
            finding("SchemaAttributeNotFound", error.to_string(), action),
        );
    }

    /// What a creation came to.
    pub(crate) async fn create_answered(
        &self,
        rule: &Rule,
        work: &mut Work,
        values: &Shadow,
        sent: Result<Resource, Failure>,
        mode: Mode,
    ) {
        match sent {
            Ok(resource) => {
                work.link.target_version = resource.etag;
                Self::created(rule, work, values, resource.id, mode);
            }
            Err(failure) if failure.outcome_unknown => self.doubt(rule, work, &failure),
            Err(failure) if failure.code == ErrorCode::EntryConflict => {
                work.link.unacknowledged = None;
                work.link.shadow.clear();
                self.conflict(rule, work, failure).await;
            }
            Err(failure) => {
                work.link.unacknowledged = None;
                work.link.shadow.clear();
                work.write = Write::Put;
                work.refused(self, ProvisioningAction::Create, failure);
            }
        }
    }

    fn created(rule: &Rule, work: &mut Work, values: &Shadow, id: String, mode: Mode) {
        work.step(StepType::Export, ProvisioningStatus::Success, "created", json!({"targetId": id}));
        work.link.target_id = Some(id);
        work.link.state = LinkState::Active;
        work.link.unacknowledged = None;
        // Whoever looks at everyone meets those who refer to a new account, but not those met before that refer to
        // an account that is gone.
        work.link.referrers_due = work.object_type == ObjectType::Group || !mode.everyone || work.is_back();
        work.link.origin = LinkOrigin::Created;
        work.link.shadow = Shadow::new();
        let values: Map<String, Value> =
            values.iter().map(|(path, value)| (path.clone(), value.clone())).collect();
        work.apply_changes(&values);
        work.applied(rule.hash);
        work.succeed(ProvisioningAction::Create, Outcome::Created);
    }

    /// The target says there is such an account: match again, by all matching attributes, then update.
    async fn conflict(&self, rule: &Rule, work: &mut Work, failure: Failure) {
        work.step(
            StepType::Export,
            ProvisioningStatus::Warning,
            failure.to_string(),
            json!({"status": failure.status}),
        );
        let Decision::Provision(desired) = &work.decision else { return };
        let wanted = rule.mapping.matching(desired);
        match self.search(rule, &wanted, true).await {
            Ok(Found::Account(resource, by)) => {
                if let Err(stop) = self.adopt(rule, work, *resource, &by, None).await {
                    tracing::error!(?stop, "the store failed while an account was matched");
                    work.abandoned = true;
                    return;
                }
                if work.outcome != Some(Outcome::Failed)
                    && let Export::Patch(changes) = work.export.clone()
                {
                    Box::pin(self.patch(rule, work, &changes)).await;
                }
            }
            Ok(Found::Several(by, count)) => self.several(work, &by, count),
            Ok(Found::Nobody) => work.contest(self, ProvisioningAction::Create, information(&failure)),
            Err(failure) => work.refused(self, ProvisioningAction::Create, failure),
        }
    }

    async fn patch(&self, rule: &Rule, work: &mut Work, changes: &Map<String, Value>) {
        let disables = work.next_state == LinkState::Disabled;
        let action = if disables { ProvisioningAction::Disable } else { ProvisioningAction::Update };
        if !changes.is_empty()
            && let Err(failure) = self.send_changes(rule, work, changes).await
        {
            if failure.is_gone() && self.is_gone(rule, &work.link).await {
                tracing::warn!(object = %work.id, "the account is gone in the target; the object is matched again");
                links::forget_account(&mut work.link);
                work.write = Write::Put;
                work.gone = true;
                return;
            }
            if failure.outcome_unknown {
                self.doubt(rule, work, &failure);
                return;
            }
            work.link.unacknowledged = None;
            // What was due because of the new state is due when it is reached.
            if work.link.state != LinkState::Active || disables {
                work.link.referrers_due = false;
            }
            work.write = Write::Put;
            work.refused(self, action, failure);
            return;
        }
        work.apply_changes(changes);
        work.link.state = work.next_state;
        work.link.unacknowledged = None;
        work.link.removal_due = None;
        work.applied(rule.hash);
        let text = format!("{} attributes changed", changes.len());
        work.step(StepType::Export, ProvisioningStatus::Success, text, json!({}));
        let outcome = match (disables, changes.is_empty(), &work.decision) {
            (true, ..) => Outcome::Disabled,
            // Matched, and all is as it should be already.
            (false, true, Decision::Provision(_)) => Outcome::Unchanged,
            _ => Outcome::Updated,
        };
        work.succeed(action, outcome);
    }

    async fn send_changes(
        &self,
        rule: &Rule,
        work: &mut Work,
        changes: &Map<String, Value>,
    ) -> Result<(), Failure> {
        let id = work.link.target_id.clone().unwrap_or_default();
        let operations = |before: &Shadow, changes: &Map<String, Value>| {
            let before = before.iter().map(|(path, value)| (path.clone(), value.clone())).collect();
            self.target.operations(&before, changes)
        };
        let merge = |resource: &mut Map<String, Value>| {
            difference::merge(resource, changes).map_err(|error| path_failure(&error.to_string()))
        };
        let first = operations(work.found.as_ref().unwrap_or(&work.link.shadow), changes)?;
        let trusted = self.version_doubts.load(Ordering::Relaxed) > 0;
        let version = work.link.target_version.as_deref().filter(|_| trusted);
        let failure = match self.change(rule, &id, &first, version, merge).await {
            Err(failure) if may_be_stale(&failure) => failure,
            result => {
                work.link.target_version = result?;
                return Ok(());
            }
        };
        // Somebody else may have changed what the operations build on: look, and say it anew where that differs.
        let resource = self.heard(self.target.get(rule.kind, &id, Select::Usual).await)?;
        let paths = work.link.shadow.keys().chain(changes.keys());
        let now = read_paths(&resource, paths.map(String::as_str));
        let left: Map<String, Value> = changes
            .iter()
            .filter(|(path, value)| now.get(*path).unwrap_or(&Value::Null) != *value)
            .map(|(path, value)| (path.clone(), value.clone()))
            .collect();
        let second = operations(&now, &left)?;
        work.link.target_version = resource.etag;
        if second.is_empty() {
            return Ok(());
        }
        if second == first {
            if failure.code != ErrorCode::PreconditionFailed {
                return Err(failure);
            }
            let less = |doubts: u32| doubts.checked_sub(1);
            let _ = self.version_doubts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
        let version = work.link.target_version.as_deref();
        work.link.target_version = self.change(rule, &id, &second, version, merge).await?;
        Ok(())
    }

    /// Changes a resource: by PATCH where the target takes it, else by PUT of the whole with the change in it. The
    /// new version, if the target tells. A PATCH is for that version alone, if one is given.
    pub(crate) async fn change(
        &self,
        rule: &Rule,
        id: &str,
        operations: &[Operation],
        version: Option<&str>,
        merge: impl Fn(&mut Map<String, Value>) -> Result<(), Failure> + Send,
    ) -> Result<Option<String>, Failure> {
        let version = version.filter(|_| self.etags);
        if self.patches.load(Ordering::Relaxed) {
            match self.heard(self.target.patch(rule.kind, id, operations, version).await) {
                Err(failure)
                    if matches!(failure.code, ErrorCode::MethodNotAllowed | ErrorCode::NotImplemented) =>
                {
                    tracing::warn!(%failure, "the target does not take PATCH: whole resources are replaced");
                    self.patches.store(false, Ordering::Relaxed);
                }
                // Either the resource is not there, or the method: reading it tells.
                Err(failure) if failure.is_gone() && !self.patched.load(Ordering::Relaxed) => {}
                result => {
                    if result.is_ok() {
                        self.patched.store(true, Ordering::Relaxed);
                    }
                    return result;
                }
            }
        }
        let mut again = true;
        loop {
            let mut resource = self.heard(self.target.get(rule.kind, id, Select::Everything).await)?;
            merge(&mut resource.attributes)?;
            let version = resource.etag.as_deref().filter(|_| self.etags);
            match self.heard(self.target.replace(rule.kind, id, &resource.attributes, version).await) {
                // Somebody else was quicker.
                Err(failure) if failure.code == ErrorCode::PreconditionFailed && again => again = false,
                Err(failure) => return Err(failure),
                Ok(version) => {
                    self.patches.store(false, Ordering::Relaxed);
                    return Ok(version);
                }
            }
        }
    }

    /// Nobody knows whether a request was carried out: found out at the end of the cycle, when it cannot land any
    /// more.
    fn doubt(&self, rule: &Rule, work: &mut Work, failure: &Failure) {
        tracing::warn!(object = %work.id, %failure, "a request of unknown outcome is settled at the end of the cycle");
        self.note(rule, work);
        work.write = Write::Put;
    }

    /// Notes in the link that a request is about to be sent, with what it takes to find out later what came of it.
    pub(crate) fn note(&self, rule: &Rule, work: &mut Work) {
        work.link.unacknowledged = Some(self.clock.now());
        match &work.export {
            Export::Create(values) => {
                work.link.state = LinkState::Pending;
                // Enough to find the account by, should the answer be lost.
                let matching = rule.mapping.matching_paths();
                work.link.shadow =
                    matching.filter_map(|path| Some((path.to_owned(), values.get(path)?.clone()))).collect();
            }
            // A null says that the path was written to.
            Export::Patch(changes) => {
                for path in changes.keys() {
                    work.link.shadow.entry(path.clone()).or_insert(Value::Null);
                }
            }
            Export::Delete | Export::Nothing => {}
        }
    }

    async fn delete(&self, rule: &Rule, work: &mut Work) {
        let id = work.link.target_id.clone().unwrap_or_default();
        match self.heard(self.target.delete(rule.kind, &id, None).await) {
            Err(failure) if failure.outcome_unknown => self.doubt(rule, work, &failure),
            Err(failure) if !failure.is_gone() => {
                work.link.unacknowledged = None;
                work.write = Write::Put;
                work.refused(self, ProvisioningAction::Delete, failure);
            }
            Err(_) if !self.type_is_served(rule).await => {
                work.link.unacknowledged = None;
                let reason = "the target answers 404 to everything";
                let advice = "Check the tenant URL.";
                work.fail(self, ProvisioningAction::Delete, finding("InvalidAnchor", reason, advice));
            }
            _ => {
                work.step(StepType::Export, ProvisioningStatus::Success, "deleted", json!({"targetId": id}));
                work.succeed(ProvisioningAction::Delete, Outcome::Deleted);
                work.write = Write::Delete;
            }
        }
    }

    /// Whether the account behind a link is gone, and not something else that a request named or the whole endpoint.
    pub(crate) async fn is_gone(&self, rule: &Rule, link: &Link) -> bool {
        let id = link.target_id.as_deref().unwrap_or_default();
        let found = self.target.get(rule.kind, id, Select::Only(&["id"])).await;
        found.is_err_and(|failure| failure.is_gone()) && self.type_is_served(rule).await
    }

    /// Whether a list of that type succeeds: only then does 404 mean that one account is gone.
    pub(crate) async fn type_is_served(&self, rule: &Rule) -> bool {
        self.target.list(rule.kind, Select::Only(&["id"]), PageToken::first()).await.is_ok()
    }
}

/// Whether a refusal may come from operations that build on what is no longer there. A version that is over says so,
/// also where an earlier attempt of the same request made it so.
fn may_be_stale(failure: &Failure) -> bool {
    failure.code == ErrorCode::PreconditionFailed
        || matches!(failure.code, ErrorCode::SchemaAttributeNotFound | ErrorCode::UnprocessableEntity)
            && failure.status.is_some()
            && !failure.outcome_unknown
}

/// What a resource has at these paths.
pub(crate) fn read_paths<'a>(resource: &Resource, paths: impl Iterator<Item = &'a str>) -> Shadow {
    paths
        .filter_map(|path| Some((path.to_owned(), document::get(&resource.attributes, path)?.clone())))
        .collect()
}

fn path_failure(reason: &str) -> Failure {
    Failure {
        code: ErrorCode::SchemaAttributeNotFound,
        status: None,
        scim_type: None,
        reason: reason.into(),
        recommended_action: "Correct the target attribute's name in the attribute mappings.".into(),
        retryable: false,
        outcome_unknown: false,
        retry_after: None,
    }
}
