//! One object on its way through a cycle.

use std::time::Instant;

use engine::{Changes, Decision, Entitlement, modified_properties};
use model::{
    DirectoryObject, ErrorInformation, Identity, Link, LinkOrigin, LinkState, ModifiedProperty, ObjectType,
    Outcome, ProvisioningAction, ProvisioningEntry, ProvisioningStatus, ProvisioningStep, Shadow, StepType,
};
use scim_client::ErrorCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::contested::Contested;
use crate::context::Context;
use crate::error::{finding, information};

/// What is sent for an object.
#[derive(Clone, Debug)]
pub(crate) enum Export {
    Nothing,
    Create(Shadow),
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
    pub manager: Option<Uuid>,
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
            manager: None,
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
        self.steps.push(ProvisioningStep {
            name: serde_json::to_value(kind)
                .ok()
                .and_then(|it| it.as_str().map(str::to_owned))
                .unwrap_or_default(),
            provisioning_step_type: kind,
            status,
            description: description.into(),
            details,
        });
    }

    /// Whether the object had an account that was gone in the target: who refers to it still means the old one.
    pub fn is_back(&self) -> bool {
        self.stored.as_ref().is_some_and(|link| link.target_id.is_none() && link.origin != LinkOrigin::None)
    }

    pub fn name(&self) -> String {
        self.object.as_ref().map_or_else(|| self.link.source_name.clone(), DirectoryObject::name)
    }

    /// Notes that the configuration and the version at hand have been applied.
    pub fn applied(&mut self, hash: u64) {
        self.link.configuration = hash;
        if let Some(object) = &self.object {
            self.link.source_version = object.version;
            self.link.source_name = object.name();
        }
    }

    /// Nothing is done for a reason worth a line, the first time.
    pub fn skip(&mut self, reason: &str, hash: u64, error: Option<ErrorInformation>) {
        let version = self.object.as_ref().map_or(0, |object| object.version);
        let known = self.had_link && self.link.configuration == hash && self.link.source_version == version;
        self.action = ProvisioningAction::Other;
        self.status = ProvisioningStatus::Skipped;
        self.error = Some(error.unwrap_or_else(|| finding("EntrySynchronizationSkipped", reason, "")));
        self.outcome = Some(Outcome::Skipped);
        self.log = !known;
        if !known || self.link.escrow.is_some() || self.link.unacknowledged.is_some() {
            self.applied(hash);
            self.link.escrow = None;
            self.write = Write::Put;
        }
    }

    /// The object could not be brought in line: it waits for another try.
    pub fn fail(&mut self, context: &Context, action: ProvisioningAction, error: ErrorInformation) {
        let now = context.clock.now();
        self.link.escrow = engine::fail(self.link.escrow.as_ref(), error.clone(), now);
        if self.link.escrow.is_none() {
            let text = "failed for 28 days and is given up; it is tried again when it changes";
            self.step(StepType::Export, ProvisioningStatus::Failure, text, json!({}));
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
        self.write = Write::Keep;
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
    pub fn apply_changes(&mut self, changes: &Changes) {
        self.modified.extend(modified_properties(&self.link.shadow, changes));
        for (path, value) in changes {
            if value.is_null() {
                self.link.shadow.remove(path);
            } else {
                self.link.shadow.insert(path.clone(), value.clone());
            }
        }
    }

    /// The log entry of what was done.
    pub fn entry(&self, context: &Context) -> ProvisioningEntry {
        let identity_type = match self.object_type {
            ObjectType::User => "User",
            ObjectType::Group => "Group",
        };
        let name = self.name();
        let mut steps = self.steps.clone();
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
