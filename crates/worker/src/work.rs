//! One object on its way through a cycle.

use std::sync::Arc;

use engine::{Answers, Changes, Decision, Entitlement, Reference, hash_for, redact};
use expression::RoleAssignment;
use jiff::Timestamp;
use model::{
    DirectoryObject, Due, DueChange, ErrorInformation, Fingerprint, Identity, Link, LinkOrigin, LinkState,
    ModifiedProperty, ObjectType, Outcome, ProvisioningAction, ProvisioningEntry, ProvisioningStatus,
    ProvisioningStep, Shadow, StepType, Verdict,
};
use scim_client::ErrorCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use crate::contested::Contested;
use crate::context::{Context, Rule};
use crate::error::{finding, information};
use crate::links;

/// What is sent for an object.
#[derive(Clone, Debug)]
pub(crate) enum Export {
    Nothing,
    Create(Arc<Shadow>),
    Patch(Changes),
    Delete,
}

impl Export {
    /// Whether anything goes to the target.
    pub fn sends(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Patch(changes) => !changes.is_empty(),
            Self::Create(_) | Self::Delete => true,
        }
    }
}

/// What becomes of its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Keep,
    Put,
    Delete,
}

/// One object, what is known of it, and what has been done so far.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one object")]
pub(crate) struct Work {
    pub id: Uuid,
    pub object_type: ObjectType,
    pub object: Option<DirectoryObject>,
    pub entitlement: Entitlement,
    /// The application's own roles that it has, where its mapping reads them.
    pub roles: Vec<Arc<RoleAssignment>>,
    pub manager: Option<Uuid>,
    /// The manager's account.
    pub reference: Reference,
    /// What the target said about values that nobody else is to have.
    pub answers: Answers,
    pub link: Link,
    pub had_link: bool,
    pub decision: Decision,
    pub export: Export,
    /// The state that the link takes when the export succeeded.
    pub next_state: LinkState,
    pub write: Write,
    pub steps: Vec<ProvisioningStep>,
    pub action: ProvisioningAction,
    pub status: ProvisioningStatus,
    pub error: Option<ErrorInformation>,
    pub modified: Vec<ModifiedProperty>,
    pub outcome: Option<Outcome>,
    pub log: bool,
    /// Somebody asked for this object by hand: no guard holds anything back.
    pub by_hand: bool,
    /// Part of what it needs is held back by a guard.
    pub holds_back: bool,
    /// The account is gone in the target: match again.
    pub gone: bool,
    /// The work was stopped before this object was done.
    pub abandoned: bool,
    /// The target is not usable at all.
    pub fatal: Option<scim_client::Failure>,
    /// The link as it was stored, if it was.
    pub stored: Option<Link>,
    /// What the target holds, where it has just been read: more than the link remembers.
    pub found: Option<Shadow>,
    /// Nobody who is in the way now will be out of it later in this cycle.
    pub last_try: bool,
    pub began: Instant,
}

impl Work {
    /// A linked object that only its link is known of.
    pub fn bare(link: Link) -> Self {
        Self {
            id: link.source_id,
            object_type: link.object_type,
            object: None,
            entitlement: Entitlement::InScope,
            roles: Vec::new(),
            manager: None,
            reference: Reference::None,
            answers: Answers::new(),
            next_state: link.state,
            link,
            had_link: true,
            decision: Decision::Nothing,
            export: Export::Nothing,
            write: Write::Keep,
            steps: Vec::new(),
            action: ProvisioningAction::Other,
            status: ProvisioningStatus::Success,
            error: None,
            modified: Vec::new(),
            outcome: None,
            log: false,
            by_hand: false,
            holds_back: false,
            gone: false,
            abandoned: false,
            fatal: None,
            stored: None,
            found: None,
            last_try: true,
            began: Instant::now(),
        }
    }

    pub fn step(
        &mut self,
        kind: StepType,
        status: ProvisioningStatus,
        description: impl Into<String>,
        details: Value,
    ) {
        self.steps.push(step(kind, status, description, details));
    }

    /// The link of an object whose account was deleted, if it is there still and meant to have one.
    pub fn without_account(&self, fingerprint: &Fingerprint, now: Timestamp) -> Option<Link> {
        let object = self.object.as_ref().filter(|_| self.entitlement.is_meant())?;
        let link = links::new(self.id, self.object_type, object.name(), now);
        let configuration = hash_for(fingerprint, &link, self.entitlement.in_scope());
        Some(Link { configuration, source_version: object.version, ..link })
    }

    /// Whether the object had an account that was gone in the target: who refers to it still means the old one.
    pub fn is_back(&self) -> bool {
        self.stored.as_ref().is_some_and(|link| link.target_id.is_none() && link.origin != LinkOrigin::None)
    }

    pub fn name(&self) -> String {
        self.object.as_ref().map_or_else(|| self.link.source_name.clone(), DirectoryObject::name)
    }

    /// Whether the configuration has been applied to the object as it stands now.
    pub fn is_applied(&self, fingerprint: &Fingerprint) -> bool {
        self.link.configuration == hash_for(fingerprint, &self.link, self.entitlement.in_scope())
    }

    /// Notes that the configuration and the version at hand have been applied.
    pub fn applied(&mut self, fingerprint: &Fingerprint) {
        self.link.configuration = hash_for(fingerprint, &self.link, self.entitlement.in_scope());
        if let Some(object) = &self.object {
            self.link.source_version = object.version;
            self.link.source_name = object.name();
        }
    }

    /// Nothing is done for a reason worth a line, the first time.
    pub fn skip(&mut self, reason: &str, fingerprint: &Fingerprint, error: Option<ErrorInformation>) {
        let version = self.object.as_ref().map_or(0, |object| object.version);
        let known = self.had_link && self.is_applied(fingerprint) && self.link.source_version == version;
        self.action = ProvisioningAction::Other;
        self.status = ProvisioningStatus::Skipped;
        self.error = Some(error.unwrap_or_else(|| finding("EntrySynchronizationSkipped", reason, "")));
        self.outcome = Some(Outcome::Skipped);
        self.log = !known;
        let due = self.link.escrow.is_some() || self.link.unacknowledged.is_some() || self.link.manager_due;
        if !known || due {
            self.applied(fingerprint);
            // Nothing that refers to a manager has been exported.
            self.link.manager_due = false;
            self.link.escrow = None;
            self.write = Write::Put;
        }
    }

    /// The object could not be brought in line: it waits for another try.
    pub fn fail(&mut self, context: &Context, action: ProvisioningAction, error: ErrorInformation) {
        let now = context.clock.now();
        let error = self.without_secrets(context, error);
        self.link.escrow =
            engine::fail(self.link.escrow.as_ref(), error.clone(), now, *context.cycle_id.lock());
        if self.link.escrow.is_none() {
            let text = "failed for 28 days and is given up; it is tried again when it changes";
            self.step(StepType::Export, ProvisioningStatus::Failure, text, json!({}));
            // Nor for its manager's sake: it comes with the next try.
            self.link.manager_due = false;
        }
        self.action = action;
        self.status = ProvisioningStatus::Failure;
        self.error = Some(error);
        self.outcome = Some(Outcome::Failed);
        self.write = Write::Put;
        self.log = true;
    }

    /// Another account is in the way. Where that may change in this cycle, the object is tried again at its end and
    /// counts then; otherwise it has failed.
    pub fn contest(&mut self, context: &Context, action: ProvisioningAction, error: ErrorInformation) {
        let log = (self.action, self.status, self.error.clone());
        let last = self.last_try;
        self.fail(context, action, error);
        if !last {
            context.contested.lock().push(Contested::new(self));
            (self.action, self.status, self.error) = log;
            (self.log, self.outcome) = (false, None);
        }
    }

    /// A failure of the target; one that makes every further request pointless is kept apart.
    pub fn refused(&mut self, context: &Context, action: ProvisioningAction, failure: scim_client::Failure) {
        if context.is_fatal(&failure) {
            self.withdraw();
            self.fatal = Some(failure);
        } else {
            self.not_taken(context, action, &failure);
        }
    }

    /// A failure of the target that is about this object alone.
    pub fn not_taken(
        &mut self,
        context: &Context,
        action: ProvisioningAction,
        failure: &scim_client::Failure,
    ) {
        let details = json!({"status": failure.status, "scimType": failure.scim_type});
        self.step(StepType::Export, ProvisioningStatus::Failure, failure.to_string(), details);
        if failure.code == ErrorCode::EntryConflict {
            self.contest(context, action, information(failure));
        } else {
            self.fail(context, action, information(failure));
        }
    }

    /// Nothing was done: the link is again as it was, with all that was due.
    pub fn withdraw(&mut self) {
        (self.log, self.outcome) = (false, None);
        self.write = match self.stored.take() {
            Some(stored) => {
                self.link = stored;
                Write::Put
            }
            None if self.had_link => Write::Keep,
            None => Write::Delete,
        };
    }

    /// The work was stopped while a request was in flight: what came of it is found out from the note in the link.
    pub fn left_behind(&mut self) {
        self.abandoned = true;
        self.write = if self.is_new() { Write::Put } else { Write::Keep };
        self.log = false;
        self.outcome = None;
    }

    pub fn succeed(&mut self, action: ProvisioningAction, outcome: Outcome) {
        self.action = action;
        self.status = ProvisioningStatus::Success;
        self.outcome = Some(outcome);
        self.link.escrow = None;
        self.write = Write::Put;
        self.log = true;
    }

    /// Writes changes into the shadow, and notes them for the log.
    pub fn apply_changes(&mut self, rule: &Rule, changes: &Changes) {
        self.modified.extend(rule.mapping.modified_properties(&self.link.shadow, changes));
        for (path, value) in changes {
            if value.is_null() {
                self.link.shadow.remove(path);
            } else {
                self.link.shadow.insert(path.clone(), value.clone());
            }
        }
    }

    /// The account is gone in the target: the object is matched again when the guard has judged that; at once where
    /// somebody has, or where no account is wanted.
    pub fn account_gone(&mut self, unwanted: bool, now: Timestamp) {
        self.write = Write::Put;
        if self.by_hand || unwanted {
            links::forget_account(&mut self.link);
            self.gone = true;
            return;
        }
        let due =
            self.link.due.take().filter(|due| due.change == DueChange::Recreate).unwrap_or_else(|| Due {
                change: DueChange::Recreate,
                reason: "gone in the target".to_owned(),
                since: now,
                verdict: Verdict::Waiting,
            });
        self.link.due = Some(due);
        self.link.unacknowledged = None;
    }

    /// The values of the object that may not be shown.
    fn secrets(&self, context: &Context) -> Vec<String> {
        let Some(rule) = context.rule(self.object_type).filter(|rule| rule.mapping.redacts_any()) else {
            return Vec::new();
        };
        let created = match &self.decision {
            Decision::Provision(desired) => rule.mapping.creation(desired),
            _ => Shadow::new(),
        };
        let known = [Some(&self.link.shadow), self.stored.as_ref().map(|it| &it.shadow), self.found.as_ref()];
        let known = known.into_iter().flatten().chain([&created]).flatten();
        match &self.export {
            Export::Create(values) => rule.mapping.secrets(known.chain(&**values)),
            Export::Patch(changes) => rule.mapping.secrets(known.chain(changes)),
            Export::Delete | Export::Nothing => rule.mapping.secrets(known),
        }
    }

    /// A text without the values that may not be shown.
    pub fn redacted(&self, context: &Context, text: &str) -> String {
        redact(text, &self.secrets(context))
    }

    fn without_secrets(&self, context: &Context, value: ErrorInformation) -> ErrorInformation {
        let secrets = self.secrets(context);
        if secrets.is_empty() { value } else { concealed(value, &secrets) }
    }

    /// The log entry of what was done.
    pub fn entry(&self, context: &Context) -> ProvisioningEntry {
        let entry = self.full_entry(context);
        let secrets = self.secrets(context);
        if secrets.is_empty() { entry } else { concealed(entry, &secrets) }
    }

    /// When what has failed is tried again.
    fn outlook(&self) -> Option<ProvisioningStep> {
        let escrow = self.link.escrow.as_ref().filter(|_| self.status == ProvisioningStatus::Failure)?;
        let due = escrow.due.round(jiff::Unit::Second).unwrap_or(escrow.due);
        let text = format!(
            "waits after try {} until {due} for the next, or until the object or the job's configuration changes",
            escrow.attempts
        );
        Some(step(StepType::Export, ProvisioningStatus::Failure, text, json!({"due": due})))
    }

    fn full_entry(&self, context: &Context) -> ProvisioningEntry {
        let identity_type = match self.object_type {
            ObjectType::User => "User",
            ObjectType::Group => "Group",
        };
        let name = self.name();
        let mut steps = self.steps.clone();
        steps.extend(self.outlook());
        steps.sort_by_key(|step| step.provisioning_step_type as u8);
        ProvisioningEntry {
            id: context.ids.next(),
            activity_date_time: context.clock.now(),
            tenant_id: context.directory,
            job_id: context.job.id,
            cycle_id: *context.cycle_id.lock(),
            change_id: context.ids.next(),
            provisioning_action: self.action,
            provisioning_status: self.status,
            error_information: self.error.clone(),
            duration_in_milliseconds: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            initiated_by: context.initiator.clone(),
            service_principal: Identity {
                id: context.service_principal.id.to_string(),
                display_name: context.service_principal.display_name.clone(),
                identity_type: "ServicePrincipal".to_owned(),
            },
            source_identity: Identity {
                id: self.id.to_string(),
                display_name: name.clone(),
                identity_type: identity_type.to_owned(),
            },
            target_identity: Identity {
                id: self.link.target_id.clone().unwrap_or_default(),
                display_name: name,
                identity_type: identity_type.to_owned(),
            },
            provisioning_steps: steps,
            modified_properties: self.modified.clone(),
        }
    }
}

/// A document without the values that may not be shown, wherever they stand in its texts.
fn concealed<T: Serialize + DeserializeOwned>(document: T, secrets: &[String]) -> T {
    fn conceal(value: &mut Value, secrets: &[String]) {
        match value {
            Value::String(text) => *text = redact(text, secrets),
            Value::Array(values) => values.iter_mut().for_each(|value| conceal(value, secrets)),
            Value::Object(fields) => fields.values_mut().for_each(|value| conceal(value, secrets)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut value = serde_json::to_value(&document).unwrap_or_default();
    conceal(&mut value, secrets);
    serde_json::from_value(value).unwrap_or(document)
}

/// A step of the log.
fn step(
    kind: StepType,
    status: ProvisioningStatus,
    description: impl Into<String>,
    details: Value,
) -> ProvisioningStep {
    ProvisioningStep {
        name: serde_json::to_value(kind)
            .ok()
            .and_then(|it| it.as_str().map(str::to_owned))
            .unwrap_or_default(),
        provisioning_step_type: kind,
        status,
        description: description.into(),
        details,
    }
}
