//! What is to be done about each object of a batch, and the words for it.

use engine::{Case, Decision, Entitlement, MappingFailure, Question, Reference, decide, renames};
use model::{
    Due, DueChange, ErrorInformation, LinkState, Outcome, ProvisioningAction, ProvisioningStatus, Shadow,
    StepType, Verdict,
};
use serde_json::json;

use crate::batch::Mode;
use crate::context::{Context, Rule};
use crate::error::{Stop, finding};
use crate::unique::Claims;
use crate::work::{Export, Work, Write};

impl Context {
    /// Decides about every object. Where that depends on whether others have a value, the target is asked first.
    pub(crate) async fn decide_all(
        &self,
        rule: &Rule,
        works: &mut [Work],
        mode: Mode,
        claims: &mut Claims,
    ) -> Result<(), Stop> {
        let mut undecided: Vec<&mut Work> = works.iter_mut().collect();
        while !undecided.is_empty() {
            let mut asking = Vec::new();
            for work in undecided {
                let questions = self.decide_one(rule, work, mode);
                if !questions.is_empty() {
                    asking.push((work, questions));
                }
            }
            self.answer(rule, &mut asking, claims).await?;
            let answered = asking.into_iter().map(|(work, _)| work);
            undecided = answered.filter(|work| work.outcome.is_none()).collect();
        }
        Ok(())
    }

    /// Evaluates the mapping of objects that get an account until every unique value in it is found.
    pub(crate) async fn complete(
        &self,
        rule: &Rule,
        works: &mut [&mut Work],
        claims: &mut Claims,
    ) -> Result<(), Stop> {
        let mut open: Vec<&mut Work> = works.iter_mut().map(|work| &mut **work).collect();
        loop {
            let mut asking: Vec<(&mut Work, Vec<Question>)> = Vec::new();
            for work in open {
                match &work.decision {
                    Decision::Provision(desired) if !desired.questions.is_empty() => {
                        let questions = desired.questions.clone();
                        asking.push((work, questions));
                    }
                    _ => {}
                }
            }
            if asking.is_empty() {
                return Ok(());
            }
            self.answer(rule, &mut asking, claims).await?;
            open = asking.into_iter().map(|(work, _)| work).filter(|work| work.outcome.is_none()).collect();
            for work in &mut open {
                match self.decided(rule, work) {
                    Ok(decision) => work.decision = decision,
                    Err(failure) => self.unmapped(work, &failure),
                }
            }
        }
    }

    fn decided(&self, rule: &Rule, work: &Work) -> Result<Decision, MappingFailure> {
        decide(&Case {
            object: work.object.as_ref(),
            entitlement: &work.entitlement,
            // An account that has just been found does not change what is decided about the object.
            link: work.had_link.then(|| work.stored.as_ref().unwrap_or(&work.link)),
            manager: &work.reference,
            mapping: &rule.mapping,
            deprovisioning: &self.job.deprovisioning,
            outside: &self.outside(&work.roles, &work.answers),
        })
    }

    fn unmapped(&self, work: &mut Work, failure: &MappingFailure) {
        let text = failure.to_string();
        Self::explain_contact(work);
        work.step(StepType::Processing, ProvisioningStatus::Failure, text.clone(), json!({}));
        let advice = "Correct the attribute mapping, or the object's value.";
        work.decision = Decision::Nothing;
        work.fail(self, ProvisioningAction::Other, finding("EntrySynchronizationError", text, advice));
    }

    /// Decides about one object, or says what has to be asked first.
    fn decide_one(&self, rule: &Rule, work: &mut Work, mode: Mode) -> Vec<Question> {
        let decision = match self.decided(rule, work) {
            Ok(Decision::Ask(questions)) => return questions,
            Ok(decision) => decision,
            Err(failure) => {
                self.unmapped(work, &failure);
                return Vec::new();
            }
        };
        let manager = &work.reference.clone();
        let silent = matches!(decision, Decision::Nothing | Decision::Remember(_) | Decision::Ignore);
        if mode.explain || !silent {
            Self::explain(work, &decision, manager);
        }
        if mode.explain {
            Self::tell_what_waits(work);
        }
        work.by_hand = mode.remove;
        let verdict = self.verdict(rule, work, &decision);
        let due = *manager == Reference::Pending;
        if work.link.manager_due && !mode.everyone {
            work.link.manager_due = false;
            work.write = Write::Put;
        }
        match &decision {
            Decision::Provision(_) => work.link.manager_due = due,
            Decision::Ask(_) => {}
            Decision::Update { .. } | Decision::Disable { .. } | Decision::Delete
                if verdict == Verdict::Waiting => {}
            Decision::Update { changes, returns, kept } => {
                let mut changes = changes.clone();
                if let Some(Due { change: DueChange::Rename(held), verdict: Verdict::Staged, .. }) =
                    &work.link.due
                {
                    changes.retain(|path, _| !held.contains_key(path));
                    work.holds_back = true;
                }
                // Nothing but what is held back: nothing is sent, and nothing changes.
                if changes.is_empty() && work.holds_back && !returns {
                    work.decision = decision;
                    return Vec::new();
                }
                work.export = Export::Patch(changes);
                work.link.kept.clone_from(kept);
                work.next_state = LinkState::Active;
                work.link.manager_due = due && mode.everyone;
                if *returns {
                    work.link.referrers_due = true;
                }
            }
            Decision::Disable { .. } | Decision::Delete if verdict == Verdict::Staged => {}
            Decision::Disable { changes, kept } => {
                work.export = Export::Patch(changes.clone());
                work.link.kept.clone_from(kept);
                work.next_state = LinkState::Disabled;
                work.link.referrers_due = true;
            }
            Decision::Delete => work.export = Export::Delete,
            Decision::Release => {
                work.link.state = LinkState::Released;
                work.link.referrers_due = true;
                work.link.escrow = None;
                work.applied(&rule.fingerprint);
                let reason = work.entitlement.reason().to_owned();
                work.skip(&reason, &rule.fingerprint, None);
                work.log = true;
                work.write = Write::Put;
            }
            Decision::Unlink => {
                let text = "the account was there before and is left alone; it is no longer linked";
                work.step(StepType::Export, ProvisioningStatus::Success, text, json!({}));
                work.succeed(ProvisioningAction::Other, Outcome::Skipped);
                work.write = Write::Delete;
            }
            Decision::Skip(reason) => {
                let error = Self::out_of_scope(work);
                work.skip(reason, &rule.fingerprint, Some(error));
            }
            Decision::Ignore => {
                if mode.explain {
                    work.status = ProvisioningStatus::Skipped;
                    work.error = Some(Self::out_of_scope(work));
                }
                work.outcome =
                    Some(if work.object.is_some() { Outcome::Skipped } else { Outcome::Unchanged });
                work.write = if work.had_link { Write::Delete } else { Write::Keep };
            }
            Decision::Nothing | Decision::Remember(_) => {
                if let Decision::Remember(kept) = &decision {
                    work.link.kept.clone_from(kept);
                    work.write = Write::Put;
                }
                work.outcome = Some(if work.entitlement.in_scope() || work.object.is_none() {
                    Outcome::Unchanged
                } else {
                    Outcome::Skipped
                });
                if due && mode.everyone && !work.link.manager_due {
                    work.link.manager_due = true;
                    work.write = Write::Put;
                }
                if work.link.escrow.take().is_some() || !work.is_applied(&rule.fingerprint) {
                    work.applied(&rule.fingerprint);
                    work.write = Write::Put;
                }
            }
        }
        work.decision = decision;
        Vec::new()
    }

    /// What the guard says about what was decided; what it has not judged yet waits in the link. Whoever asks for one
    /// object by hand has judged it.
    fn verdict(&self, rule: &Rule, work: &mut Work, decision: &Decision) -> Verdict {
        let (change, reason) = match decision {
            Decision::Disable { .. } => (DueChange::Disable, work.entitlement.reason().to_owned()),
            Decision::Delete => (DueChange::Delete, work.entitlement.reason().to_owned()),
            Decision::Update { changes, .. } => {
                let renamed = renames(&rule.mapping, changes, &work.link.shadow);
                let reason = rename_reason(&renamed);
                (DueChange::Rename(renamed), reason)
            }
            _ => (DueChange::Rename(Shadow::new()), String::new()),
        };
        if matches!(&change, DueChange::Rename(renamed) if renamed.is_empty()) {
            // Only the target can say that the account is there again.
            if work.link.due.as_ref().is_some_and(|due| due.change == DueChange::Recreate) {
                return Verdict::Cleared;
            }
            if let Some(due) = work.link.due.take() {
                // It may have left its groups already.
                work.link.referrers_due |= due.change == DueChange::Delete && due.verdict == Verdict::Cleared;
                work.link.counted = None;
                work.write = Write::Put;
            }
            return Verdict::Cleared;
        }
        let known = work.link.due.as_ref().filter(|due| due.change == change);
        let verdict = match known {
            _ if work.by_hand => Verdict::Cleared,
            Some(due) => due.verdict,
            None => Verdict::Waiting,
        };
        if known.is_none_or(|due| due.verdict != verdict) {
            work.link.due = Some(Due { change, reason, since: self.clock.now(), verdict });
            work.write = Write::Put;
        }
        verdict
    }

    /// Why the object is to have no account.
    fn out_of_scope(work: &Work) -> ErrorInformation {
        finding("EntrySynchronizationSkipped", work.entitlement.reason(), work.entitlement.advice())
    }

    /// Why cycles may have done nothing about the object lately.
    fn tell_what_waits(work: &mut Work) {
        let whole = |at: jiff::Timestamp| at.round(jiff::Unit::Second).unwrap_or(at);
        if let Some(escrow) = &work.link.escrow {
            let text = format!(
                "failed in {} tries since {}, last with {}: {}; without a change cycles try again after {}",
                escrow.attempts,
                whole(escrow.since),
                escrow.error.error_code,
                escrow.error.reason,
                whole(escrow.due),
            );
            work.step(StepType::Processing, ProvisioningStatus::Warning, text, json!({"due": escrow.due}));
        }
        if let Some(Due { reason, since, verdict: Verdict::Staged, .. }) = &work.link.due {
            let text = format!(
                "held back by a guard in cycles since {} ({reason}), until somebody allows it (provost job allow-deletes \
                 NAME); on demand it is carried out",
                whole(*since),
            );
            work.step(StepType::Processing, ProvisioningStatus::Warning, text, json!({"since": since}));
        }
    }

    /// The steps up to the processing, in words; once, however often an object is decided about.
    pub(crate) fn explain_contact(work: &mut Work) {
        if work.steps.iter().any(|step| step.provisioning_step_type == StepType::Import) {
            return;
        }
        let done = ProvisioningStatus::Success;
        let (scoping, text) = match &work.entitlement {
            Entitlement::InScope => (done, "in scope".to_owned()),
            Entitlement::OutOfScope { reason, .. } => (ProvisioningStatus::Skipped, reason.clone()),
        };
        let import = match &work.object {
            Some(object) => format!("read version {} from the directory", object.version),
            None => "the object no longer exists in the directory".to_owned(),
        };
        work.step(StepType::Import, done, import, json!({}));
        work.step(StepType::Scoping, scoping, text, json!({"inScope": work.entitlement.in_scope()}));
        if work.link.target_id.is_some() {
            let details = json!({"targetId": work.link.target_id});
            work.step(StepType::Matching, done, "linked to its account already", details);
        }
    }

    /// The steps up to the export, in words.
    fn explain(work: &mut Work, decision: &Decision, manager: &Reference) {
        Self::explain_contact(work);
        let done = ProvisioningStatus::Success;
        let processing = match decision {
            Decision::Provision(_) => "an account is to be there".to_owned(),
            Decision::Update { changes, .. } | Decision::Disable { changes, .. } => match changes.len() {
                1 => "1 attribute differs from what was exported last".to_owned(),
                count => format!("{count} attributes differ from what was exported last"),
            },
            Decision::Delete => "the account is to be deleted".to_owned(),
            Decision::Release => "the account is left as it is".to_owned(),
            Decision::Unlink => "the account is let go of".to_owned(),
            Decision::Skip(_) | Decision::Ignore => "there is no account, and none is wanted".to_owned(),
            Decision::Ask(_) => "the target is asked which values are free".to_owned(),
            Decision::Nothing | Decision::Remember(_) => {
                "nothing differs from what was exported last".to_owned()
            }
        };
        work.step(StepType::Processing, done, processing, json!({}));
        match manager {
            Reference::None => {}
            Reference::Pending => {
                let text = "the manager is not in the target yet; it is filled in when it is";
                work.step(StepType::ReferenceResolution, ProvisioningStatus::Skipped, text, json!({}));
            }
            Reference::Target(id) => {
                let text = "the manager is in the target";
                work.step(StepType::ReferenceResolution, done, text, json!({"manager": id}));
            }
        }
    }
}

/// Why an account gets other values by which it is known.
pub(crate) fn rename_reason(renamed: &Shadow) -> String {
    let paths: Vec<&str> = renamed.keys().map(String::as_str).collect();
    format!("another value of {}", paths.join(", "))
}
