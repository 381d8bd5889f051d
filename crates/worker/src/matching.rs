//! Which account in the target is it, and what does that mean for the object?

use std::collections::HashMap;
use std::sync::Arc;

use engine::{Decision, MatchingValue, renames};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use model::{
    Due, DueChange, LinkOrigin, LinkState, ProvisioningAction, ProvisioningStatus, StepType, Verdict,
};
use scim_client::{ErrorCode, Failure, Resource};
use serde_json::json;
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{CONCURRENCY, Context, Rule};
use crate::decision::rename_reason;
use crate::error::{Stop, finding, of_the_endpoint};
use crate::prefetch::Belief;
use crate::unique::Claims;
use crate::work::{Export, Work};

/// What became of the search for the object at that place; `None` where there was nothing to search by.
type Search = (usize, Option<Result<Found, Failure>>);

/// What matching found.
pub(crate) enum Found {
    Nobody,
    Account(Box<Resource>, MatchingValue),
    Several(MatchingValue, usize),
}

impl Context {
    /// Finds the accounts of the objects that have none yet, and decides between matching and creation.
    pub(crate) async fn match_all(
        &self,
        rule: &Rule,
        works: &mut [Work],
        mode: Mode,
        claims: &mut Claims,
    ) -> Result<(), Stop> {
        let mut searches: Vec<BoxFuture<'_, Search>> = Vec::new();
        for (index, work) in works.iter().enumerate() {
            let Decision::Provision(desired) = &work.decision else { continue };
            let wanted = rule.mapping.matching(desired);
            // Of the links of this pass over everyone, those that are new are confirmed at its end.
            let belief = if mode.everyone && !work.had_link { Belief::AsRead(desired) } else { Belief::Hint };
            let search = async move {
                let found =
                    if wanted.is_empty() { None } else { Some(self.search(rule, &wanted, belief).await) };
                (index, found)
            };
            searches.push(search.boxed());
        }
        let searches = futures::stream::iter(searches).buffer_unordered(CONCURRENCY);
        let found: Vec<Search> = self.unless_stopped(searches.collect()).await?;
        let mut found: HashMap<usize, Result<Found, Failure>> =
            found.into_iter().filter_map(|(index, found)| Some((index, found?))).collect();
        let mut taken = HashMap::new();
        let mut wanted = vec![false; works.len()];
        for (index, work) in works.iter_mut().enumerate() {
            if !matches!(work.decision, Decision::Provision(_)) {
                continue;
            }
            match found.remove(&index) {
                None => {
                    let paths: Vec<&str> = rule.mapping.matching_paths().collect();
                    let reason =
                        &format!("the object has no value for any matching attribute ({})", paths.join(", "));
                    let advice = "Give the object a value, or match by another attribute.";
                    work.step(StepType::Matching, ProvisioningStatus::Skipped, reason.as_str(), json!({}));
                    work.skip(reason, &rule.fingerprint, Some(finding("ImportSkipped", reason, advice)));
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
                Some(Ok(Found::Nobody)) => wanted[index] = Self::may_create(rule, work),
                Some(Ok(Found::Several(by, count))) => self.several(work, &by, count),
                Some(Ok(Found::Account(resource, by))) => {
                    let id = resource.id.clone();
                    let other = taken.insert(id, work.id);
                    wanted[index] = self.adopt(rule, work, *resource, &by, other).await?;
                }
            }
        }
        // Only now is it known whose account may have a unique value already: the object's own.
        let mut found: Vec<&mut Work> =
            works.iter_mut().zip(wanted).filter(|(_, wanted)| *wanted).map(|(work, _)| work).collect();
        self.complete(rule, &mut found, claims).await?;
        for work in found {
            self.plan(rule, work);
        }
        Ok(())
    }

    pub(crate) async fn search(
        &self,
        rule: &Rule,
        wanted: &[MatchingValue],
        belief: Belief<'_>,
    ) -> Result<Found, Failure> {
        for by in wanted {
            let mut accounts = self.accounts(rule, by, belief).await?;
            if accounts.len() > 1 {
                return Ok(Found::Several(by.clone(), accounts.len()));
            }
            if let Some(account) = accounts.pop() {
                return Ok(Found::Account(Box::new(account), by.clone()));
            }
        }
        Ok(Found::Nobody)
    }

    pub(crate) fn several(&self, work: &mut Work, by: &MatchingValue, count: usize) {
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

    fn may_create(rule: &Rule, work: &mut Work) -> bool {
        if rule.mapping.actions.create {
            work.step(StepType::Matching, ProvisioningStatus::Success, "no account matches", json!({}));
        } else {
            let reason = "no account matches, and creating accounts is switched off for this object mapping";
            work.skip(reason, &rule.fingerprint, None);
        }
        rule.mapping.actions.create
    }

    /// What is sent for an object whose account has been looked for: a creation, or what differs in the one found.
    pub(crate) fn plan(&self, rule: &Rule, work: &mut Work) {
        let Decision::Provision(desired) = &work.decision else { return };
        work.next_state = LinkState::Active;
        work.link.kept.clone_from(&desired.kept);
        match &work.found {
            None => work.export = Export::Create(Arc::new(rule.mapping.creation(desired))),
            Some(found) => {
                let mut changes = rule.mapping.changes_on_match(desired, found);
                if !rule.mapping.actions.update {
                    changes.clear();
                }
                work.link.shadow = rule.mapping.remember_match(desired, found.clone());
                // A mistake in what is matched by would rename everybody at first sight.
                let renamed = renames(&rule.mapping, &changes, found);
                if !work.by_hand && !renamed.is_empty() {
                    changes.retain(|path, _| !renamed.contains_key(path));
                    let reason = rename_reason(&renamed);
                    let (change, since) = (DueChange::Rename(renamed), self.clock.now());
                    work.link.due = Some(Due { change, reason, since, verdict: Verdict::Waiting });
                    work.holds_back = true;
                }
                work.export = Export::Patch(changes);
            }
        }
    }

    /// Links the account that was found, unless it is somebody else's; whether it was.
    pub(crate) async fn adopt(
        &self,
        rule: &Rule,
        work: &mut Work,
        resource: Resource,
        by: &MatchingValue,
        other: Option<Uuid>,
    ) -> Result<bool, Stop> {
        let holder = self.holder(work.object_type, &resource.id).await?;
        let holder = holder.or(other).filter(|holder| *holder != work.id);
        if let Some(holder) = holder {
            let account = self.links(&[holder]).await?.pop().flatten();
            let left = account.filter(|link| matches!(link.state, LinkState::Disabled | LinkState::Released));
            let (whose, advice) = match left {
                // Never handed over by itself: it may hold what the newcomer is not to see.
                Some(link) => (
                    format!("{} ({holder}), who has left", link.source_name),
                    "Delete the one who has left for good in the directory, or give the newcomer another \
                     value for the matching attribute.",
                ),
                None => (
                    format!("the object {holder}"),
                    "Give the two objects different values for the matching attribute.",
                ),
            };
            let reason =
                format!("the account with {} \"{}\" is already the account of {whose}", by.path, by.value);
            work.step(
                StepType::Matching,
                ProvisioningStatus::Failure,
                reason.clone(),
                json!({"targetId": resource.id}),
            );
            work.contest(self, ProvisioningAction::Other, finding("DuplicateSourceEntries", reason, advice));
            return Ok(false);
        }
        let text = format!("matched by {} \"{}\"", by.path, by.value);
        work.step(StepType::Matching, ProvisioningStatus::Success, text, json!({"targetId": resource.id}));
        let found = match &work.decision {
            Decision::Provision(desired) => rule.read(&resource, rule.mapping.paths_of(desired)),
            _ => rule.read(&resource, rule.mapping.paths()),
        };
        work.link.shadow = found.clone();
        work.found = Some(found);
        work.link.target_id = Some(resource.id);
        work.link.target_version = resource.etag;
        work.link.origin =
            if work.link.unacknowledged.is_some() { LinkOrigin::Created } else { LinkOrigin::Matched };
        work.link.referrers_due = true;
        Ok(true)
    }
}
