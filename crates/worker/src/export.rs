//! Matching and the requests of single objects.

use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::Decision;
use model::{
    Link, LinkOrigin, LinkState, ObjectType, Outcome, ProvisioningAction, ProvisioningStatus, Shadow,
    StepType,
};
use scim_client::{ErrorCode, Failure, Operation, PageToken, Resource, Select, difference, document};
use serde_json::{Map, Value, json};

use crate::batch::Mode;
use crate::context::{Context, Rule};
use crate::error::{Stop, finding, information, of_the_endpoint};
use crate::matching::Found;
use crate::prefetch::Belief;
use crate::work::{Export, Work, Write};

/// How long requests in flight are waited for when the work is stopped.
const PATIENCE: Duration = Duration::from_secs(3);

impl Context {
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
            biased;
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
            biased;
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
        work.modified.extend(rule.mapping.modified_properties(&Shadow::new(), values));
        work.link.shadow.clone_from(values);
        work.applied(&rule.fingerprint);
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
        match self.search(rule, &wanted, Belief::None).await {
            Ok(Found::Account(resource, by)) => {
                match self.adopt(rule, work, *resource, &by, None).await {
                    Ok(true) => self.plan(rule, work),
                    Ok(false) => {}
                    Err(stop) => {
                        tracing::error!(?stop, "the store failed while an account was matched");
                        work.left_behind();
                        return;
                    }
                }
                if let Export::Patch(changes) = work.export.clone() {
                    Box::pin(self.patch(rule, work, &changes)).await;
                }
            }
            Ok(Found::Several(by, count)) => self.several(work, &by, count),
            Ok(Found::Nobody) => work.contest(self, ProvisioningAction::Create, information(&failure)),
            // The account in the way may be this one's own: a proxy that sends twice answers so.
            Err(failure) => self.doubt(rule, work, &failure),
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
                work.account_gone(disables, self.clock.now());
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
            let failure = self.blamed(rule, failure).await;
            let failure = self.naming_the_holder(rule, work, failure).await;
            work.refused(self, action, failure);
            return;
        }
        work.apply_changes(rule, changes);
        work.link.state = work.next_state;
        work.link.unacknowledged = None;
        if !work.holds_back {
            work.link.due = None;
        }
        work.applied(&rule.fingerprint);
        let text = match changes.len() {
            0 => "everything is as it should be".to_owned(),
            1 => "1 attribute changed".to_owned(),
            count => format!("{count} attributes changed"),
        };
        work.step(StepType::Export, ProvisioningStatus::Success, text, json!({}));
        let (action, outcome) = match (disables, changes.is_empty(), &work.decision) {
            (true, ..) => (action, Outcome::Disabled),
            // Matched, and all is as it should be already.
            (false, true, Decision::Provision(_)) => (ProvisioningAction::Other, Outcome::Unchanged),
            _ => (action, Outcome::Updated),
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
            difference::merge(resource, changes).map_err(|error| Failure::invalid_path(&error))
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
        let now = rule.read(&resource, paths.map(String::as_str));
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
        let failure = work.redacted(self, &failure.to_string());
        tracing::warn!(object = %work.id, failure, "a request of unknown outcome is settled at the end of the cycle");
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
            Err(failure) if !self.type_is_served(rule).await => {
                work.link.unacknowledged = None;
                work.write = Write::Put;
                let failure = self.blamed(rule, failure).await;
                work.refused(self, ProvisioningAction::Delete, failure);
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

    /// A refusal, laid to the endpoint's account where 404 is answered to lists of the type too.
    pub(crate) async fn blamed(&self, rule: &Rule, failure: Failure) -> Failure {
        let list = async || self.target.list(rule.kind, Select::Only(&["id"]), PageToken::first()).await;
        if failure.is_gone() && list().await.is_err_and(|failure| failure.is_gone()) {
            return of_the_endpoint(failure);
        }
        failure
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
