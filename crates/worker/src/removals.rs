//! Removals: gathered, judged by the guard, then carried out or staged.

use directory::entry_op;
use engine::{Verdict, judge_removals};
use model::{JobState, ObjectType, Outcome, ProvisioningAction, ProvisioningStatus};
use store::KeyName;
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{BATCH, Context};
use crate::error::{Stop, finding};
use crate::links::{self, ByType, Pass};
use crate::work::Work;

/// Removals that were staged.
pub(crate) struct Staged {
    pub count: u64,
    pub limit: u64,
}

impl Context {
    /// Judges the removals that have gathered, and carries them out or stages them.
    pub(crate) async fn removals(&self, state: &JobState) -> Result<Option<Staged>, Stop> {
        let due = self.gather(Pass::any(KeyName::RemovalDue)).await?;
        let count: u64 = due.iter().map(|(_, ids)| ids.len() as u64).sum();
        if count == 0 {
            return Ok(None);
        }
        let linked = self.linked(count).await?;
        if let Verdict::Staged { limit } = judge_removals(count, linked, self.job.removal_threshold)
            && !state.removals_allowed
        {
            self.stage_all(&due).await?;
            return Ok(Some(Staged { count, limit }));
        }
        // As of now, and at once: memberships read one after the other may have missed somebody who moved.
        self.forget_assignments().await;
        for (object_type, ids) in &due {
            for ids in ids.chunks(BATCH) {
                self.process_ids(*object_type, ids, Mode { remove: true, ..Mode::default() }).await?;
                if *object_type == ObjectType::User {
                    self.managers_left(ids).await?;
                }
            }
        }
        Ok(None)
    }

    /// How many objects have an account, counted as far as so many removals ask for.
    async fn linked(&self, removals: u64) -> Result<u64, Stop> {
        let enough = removals.saturating_mul(5);
        let mut linked = 0;
        let mut scan = Pass::any(KeyName::TargetId);
        while linked < enough
            && let Some(links) = self.next_links(&mut scan).await?
        {
            linked += links.len() as u64;
        }
        Ok(linked)
    }

    /// The reports of accounts that were deleted have to be looked at again.
    async fn managers_left(&self, ids: &[Uuid]) -> Result<(), Stop> {
        for id in ids.iter().filter(|id| self.tally.outcome(**id) == Some(Outcome::Deleted)) {
            let mut after = None;
            loop {
                let page = self.source.reports(*id, after, BATCH).await?;
                let reports: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
                let _alone = self.gate.lock().await;
                let mut transaction = self.transaction();
                for mut link in self.links(&reports).await?.into_iter().flatten() {
                    link.manager_due = true;
                    links::put(&mut transaction, self.realm(), &link);
                }
                self.commit(transaction).await?;
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn stage_all(&self, due: &ByType) -> Result<(), Stop> {
        for ids in due.iter().flat_map(|(_, ids)| ids.chunks(BATCH)) {
            let _alone = self.gate.lock().await;
            let mut transaction = self.transaction();
            for link in self.links(ids).await?.into_iter().flatten() {
                let mut work = Work::bare(link);
                let known = work.link.counted.is_some_and(|counted| counted.outcome == Outcome::Staged);
                // Or brought in line on demand meanwhile.
                if known || work.link.removal_due.is_none() {
                    continue;
                }
                self.put_link(&mut transaction, &work.link, Some(Outcome::Staged));
                work.action = ProvisioningAction::StagedDelete;
                work.status = ProvisioningStatus::Skipped;
                work.error = Some(finding(
                    "TooManyDeletes",
                    "held back: the cycle would remove more accounts than its guard lets through",
                    "Allow the staged removals (provost job allow-deletes), or repair the cause.",
                ));
                transaction.ops.push(entry_op(&work.entry(self)));
            }
            self.commit(transaction).await?;
            self.tally.record(ids.iter().map(|id| (*id, Outcome::Staged)));
        }
        Ok(())
    }
}
