//! Creations whose answer was lost: looked for in the target before anything is sent again.

use std::time::Duration;

use directory::entry_op;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use model::{Link, LinkState, ObjectType, ProvisioningAction, ProvisioningStatus, StepType};
use serde_json::json;
use store::{KeyName, Kind};
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{BATCH, CONCURRENCY, Context, Rule};
use crate::error::{Stop, finding};
use crate::links::{self, Due};
use crate::tally::Outcome;
use crate::work::{Export, Work, Write};

/// The longest wait for a creation of unknown outcome, in times of the settling time: a clock may be wrong.
const SETTLING: u32 = 2;

impl Context {
    /// Looks in the target for creations whose outcome is unknown, once no request of theirs can land any more.
    pub(crate) async fn settle(&self, last: bool) -> Result<(), Stop> {
        let mut waiting: Vec<Link> = Vec::new();
        let mut due = Due::any(KeyName::Unacknowledged);
        while let Some(links) = self.next_due(&mut due).await? {
            waiting.extend(links);
        }
        let Some(latest) = waiting.iter().filter_map(|link| link.unacknowledged).max() else { return Ok(()) };
        let settled =
            latest.max(self.since).saturating_add(jiff_duration(self.settle)).unwrap_or(Timestamp::MAX);
        let pause = Duration::try_from(settled.duration_since(self.clock.now())).unwrap_or(Duration::ZERO);
        if !pause.is_zero() {
            tracing::info!(
                objects = waiting.len(),
                seconds = pause.as_secs(),
                "waiting for creations of unknown outcome"
            );
            tokio::select! {
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
                if last {
                    self.give_up_settling(&ids).await?;
                }
            }
        }
        Ok(())
    }

    async fn look_for(&self, rule: &Rule, links: &[Link]) -> Result<(), Stop> {
        let _alone = self.gate.lock().await;
        let mut transaction = self.transaction();
        let mut outcomes = Vec::new();
        let mut fatal = None;
        let mut searches: Vec<BoxFuture<'_, Result<Work, Stop>>> = Vec::with_capacity(links.len());
        for link in links {
            let mut work = Work::bare(link.clone());
            let search = async move {
                self.check()?;
                self.look_for_one(rule, &mut work).await?;
                Ok(work)
            };
            searches.push(search.boxed());
        }
        let found: Vec<_> = futures::stream::iter(searches).buffer_unordered(CONCURRENCY).collect().await;
        for work in found {
            let mut work = work?;
            if let Some(failure) = work.fatal.take() {
                fatal = Some(failure);
                continue;
            }
            if work.write == Write::Put {
                links::put(&mut transaction, self.realm(), &work.link);
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

    async fn look_for_one(&self, rule: &Rule, work: &mut Work) -> Result<(), Stop> {
        let wanted = rule.mapping.matching_sent(&work.link.shadow);
        for by in &wanted {
            let mut found = match self.accounts(rule, by, true).await {
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
            self.adopt(rule, work, account, by, None).await?;
            if work.outcome.is_none() {
                work.link.unacknowledged = None;
                work.link.state = LinkState::Active;
                // As it is in the target: whatever differs is sent like any change.
                let found = std::mem::take(&mut work.link.shadow).into_iter().collect();
                work.apply_changes(&found);
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

    /// Creations that are of unknown outcome still wait for the next cycle, as failures.
    async fn give_up_settling(&self, ids: &[Uuid]) -> Result<(), Stop> {
        let mut transaction = self.transaction();
        let mut failed = Vec::new();
        for stored in self.store.get_many(self.realm(), Kind::Link, ids).await?.iter().flatten() {
            let link = links::decode(stored)?;
            if link.unacknowledged.is_none() || link.escrow.is_some() {
                continue;
            }
            let mut work = Work::bare(link);
            let reason = "the target did not say whether the account was created";
            let advice = "None: the next cycle looks for the account before it creates it again.";
            work.fail(self, ProvisioningAction::Create, finding("Timeout", reason, advice));
            links::put(&mut transaction, self.realm(), &work.link);
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
