//! Requests whose answer was lost: the target is asked what came of them before anything is sent again.

use std::collections::HashSet;
use std::time::Duration;

use directory::entry_op;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use model::{
    DueChange, Link, LinkState, ObjectType, Outcome, ProvisioningAction, ProvisioningStatus, Shadow, StepType,
};
use scim_client::Select;
use serde_json::{Value, json};
use store::{KeyName, Kind};
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{BATCH, CONCURRENCY, Context, Rule};
use crate::error::{Stop, finding};
use crate::links::Pass;
use crate::prefetch::Belief;
use crate::work::{Export, Work, Write};

/// The longest wait for a request of unknown outcome, in times of the settling time: a clock may be wrong.
const SETTLING: u32 = 2;

impl Context {
    /// Looks in the target for what came of requests of unknown outcome, once none of them can land any more, and
    /// goes on from there.
    pub(crate) async fn settle(&self) -> Result<(), Stop> {
        let mut waiting = self.unacknowledged().await?;
        // What could not be looked at before in this cycle waits for the next, as a failure.
        waiting.retain(|link| self.tally.outcome(link.source_id) != Some(Outcome::Failed));
        let Some(latest) = waiting.iter().filter_map(|link| link.unacknowledged).max() else { return Ok(()) };
        let settled =
            latest.max(self.since).saturating_add(jiff_duration(self.settle)).unwrap_or(Timestamp::MAX);
        let pause = Duration::try_from(settled.duration_since(self.clock.now())).unwrap_or(Duration::ZERO);
        if !pause.is_zero() {
            tracing::info!(
                objects = waiting.len(),
                seconds = pause.as_secs(),
                "waiting for requests of unknown outcome"
            );
            tokio::select! {
                biased;
                () = tokio::time::sleep(pause.min(self.settle * SETTLING)) => {}
                () = self.cancel.cancelled() => return Err(Stop::Cancelled),
            }
        }
        for object_type in [ObjectType::User, ObjectType::Group] {
            let Some(rule) = self.rule(object_type) else { continue };
            let links: Vec<Link> =
                waiting.iter().filter(|link| link.object_type == object_type).cloned().collect();
            for links in links.chunks(BATCH) {
                self.check()?;
                let ids: Vec<Uuid> = links.iter().map(|link| link.source_id).collect();
                self.look_for(rule, links).await?;
                self.process_ids(object_type, &ids, Mode::default()).await?;
            }
        }
        Ok(())
    }

    async fn unacknowledged(&self) -> Result<Vec<Link>, Stop> {
        let mut waiting = Vec::new();
        let mut pass = Pass::any(KeyName::Unacknowledged);
        while let Some(links) = self.next_links(&mut pass).await? {
            waiting.extend(links);
        }
        Ok(waiting)
    }

    async fn look_for(&self, rule: &Rule, links: &[Link]) -> Result<(), Stop> {
        let _alone = self.alone().await?;
        let mut transaction = self.transaction();
        let mut outcomes = Vec::new();
        let mut fatal = None;
        let mut searches: Vec<BoxFuture<'_, Result<Work, Stop>>> = Vec::with_capacity(links.len());
        for link in links {
            let mut work = Work::bare(link.clone());
            let search = async move {
                self.check()?;
                if work.link.target_id.is_some() {
                    self.look_at_one(rule, &mut work).await?;
                } else {
                    self.look_for_one(rule, &mut work).await?;
                }
                Ok(work)
            };
            searches.push(search.boxed());
        }
        let searches = futures::stream::iter(searches).buffer_unordered(CONCURRENCY);
        let found: Vec<_> = self.unless_stopped(searches.collect()).await?;
        let mut claimed = HashSet::new();
        for work in found {
            let mut work = work?;
            // Of two that found the same account, the second looks again when the first has it.
            if work.link.target_id.as_ref().is_some_and(|id| !claimed.insert(id.clone())) {
                continue;
            }
            if let Some(failure) = work.fatal.take() {
                fatal = Some(failure);
                continue;
            }
            if work.gone {
                self.forget_memberships(&mut transaction, work.object_type, work.id).await?;
            }
            match work.write {
                Write::Keep => {}
                Write::Put => self.put_link(&mut transaction, &mut work.link, work.outcome),
                Write::Delete => {
                    transaction.delete(self.realm(), Kind::Link, work.id, store::Expect::Any);
                }
            }
            if work.log {
                transaction.ops.push(entry_op(&work.entry(self)));
            }
            outcomes.extend(work.outcome.map(|outcome| (work.id, outcome)));
        }
        self.commit(transaction).await?;
        self.tally.record(outcomes);
        fatal.map_or(Ok(()), |failure| Err(Stop::Target(failure)))
    }

    /// What became of a creation.
    async fn look_for_one(&self, rule: &Rule, work: &mut Work) -> Result<(), Stop> {
        let wanted = rule.mapping.matching_sent(&work.link.shadow);
        for by in &wanted {
            let mut found = match self.accounts(rule, by, Belief::None).await {
                Ok(found) => found,
                Err(failure) => {
                    work.refused(self, ProvisioningAction::Create, failure);
                    return Ok(());
                }
            };
            if found.len() > 1 {
                let reason =
                    format!("{} accounts in the target have {} \"{}\"", found.len(), by.path, by.value);
                let advice = "Remove the surplus accounts in the target.";
                work.fail(
                    self,
                    ProvisioningAction::Create,
                    finding("DuplicateTargetEntries", reason, advice),
                );
                return Ok(());
            }
            let Some(account) = found.pop() else { continue };
            // Somebody else got the name first: this creation has not come through.
            if self.holder(work.object_type, &account.id).await?.is_some_and(|holder| holder != work.id) {
                continue;
            }
            if self.adopt(rule, work, account, by, None).await? {
                work.link.unacknowledged = None;
                work.link.state = LinkState::Active;
                // As it is in the target: whatever differs is sent like any change.
                let found = std::mem::take(&mut work.link.shadow).into_iter().collect();
                work.apply_changes(rule, &found);
                let text = "created; the answer had been lost, and the account was found";
                work.step(StepType::Export, ProvisioningStatus::Success, text, json!({}));
                work.succeed(ProvisioningAction::Create, Outcome::Created);
            }
            return Ok(());
        }
        work.link.unacknowledged = None;
        work.link.shadow.clear();
        work.export = Export::Nothing;
        work.write = Write::Put;
        Ok(())
    }

    /// What became of a change or a deletion: the account is read, and the link remembers what it holds now.
    async fn look_at_one(&self, rule: &Rule, work: &mut Work) -> Result<(), Stop> {
        let id = work.link.target_id.clone().unwrap_or_default();
        let select = match work.object_type {
            ObjectType::User => Select::Usual,
            ObjectType::Group => Select::Everything,
        };
        let resource = match self.heard(self.target.get(rule.kind, &id, select).await) {
            Ok(resource) => resource,
            Err(failure) if failure.is_gone() && self.type_is_served(rule).await => {
                self.found_gone(work, &id);
                return Ok(());
            }
            Err(failure) => {
                let failure = self.blamed(rule, failure).await;
                work.refused(self, ProvisioningAction::Update, failure);
                return Ok(());
            }
        };
        let found = rule.read(&resource, work.link.shadow.keys().map(String::as_str));
        let known: Shadow =
            std::mem::take(&mut work.link.shadow).into_iter().filter(|(_, value)| !value.is_null()).collect();
        work.link.unacknowledged = None;
        work.write = Write::Put;
        if found != known {
            // Whether it is disabled is decided by what it holds.
            work.link.state = LinkState::Active;
            let cleared = known.keys().filter(|path| !found.contains_key(*path));
            let changes = cleared.map(|path| (path.clone(), Value::Null)).chain(found.clone()).collect();
            work.link.shadow = known;
            work.apply_changes(rule, &changes);
            work.modified.retain(|property| property.old_value != property.new_value);
            let text = "changed; the answer had been lost, and the account was read";
            work.step(StepType::Export, ProvisioningStatus::Success, text, json!({"targetId": id}));
            work.succeed(ProvisioningAction::Update, Outcome::Updated);
        }
        work.link.shadow = found;
        work.link.target_version.clone_from(&resource.etag);
        // Groups may have been looked at meanwhile, when it was not known whether the account is active.
        work.link.referrers_due = true;
        if work.object_type == ObjectType::Group {
            self.learn_members(work.id, &resource).await?;
        }
        Ok(())
    }

    fn found_gone(&self, work: &mut Work, id: &str) {
        if work.link.due.as_ref().is_some_and(|due| due.change == DueChange::Delete) {
            let text = "deleted; the answer had been lost, and the account is gone";
            work.step(StepType::Export, ProvisioningStatus::Success, text, json!({"targetId": id}));
            work.succeed(ProvisioningAction::Delete, Outcome::Deleted);
            work.write = Write::Delete;
            work.gone = true;
        } else {
            let unwanted = work.link.state == LinkState::Disabled;
            work.account_gone(unwanted, self.clock.now());
        }
    }

    /// Requests that are of unknown outcome still wait for the next cycle, as failures.
    pub(crate) async fn give_up_settling(&self) -> Result<(), Stop> {
        let waiting = self.unacknowledged().await?;
        let mut transaction = self.transaction();
        let mut failed = Vec::new();
        for link in waiting {
            let action = match link.target_id {
                Some(_) => ProvisioningAction::Update,
                None => ProvisioningAction::Create,
            };
            if self.tally.outcome(link.source_id) == Some(Outcome::Failed) {
                continue;
            }
            let mut work = Work::bare(link);
            let reason = "the target did not say whether it carried the request out";
            let advice = "None: the next cycle looks at the account before it sends anything again.";
            work.fail(self, action, finding("Timeout", reason, advice));
            self.put_link(&mut transaction, &mut work.link, work.outcome);
            transaction.ops.push(entry_op(&work.entry(self)));
            failed.push((work.id, Outcome::Failed));
        }
        self.commit(transaction).await?;
        self.tally.record(failed);
        Ok(())
    }
}

fn jiff_duration(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}
