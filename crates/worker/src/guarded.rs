//! What the guards judge: gathered in the course of a cycle, judged at its end, then carried out or held back.

use std::collections::BTreeMap;

use directory::entry_op;
use engine::{Planned, Refusal, enough, hold, judge, let_through, pass};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use model::{
    Due, DueChange, ErrorInformation, GuardKind, JobState, Link, LinkState, ObjectType, Outcome,
    ProvisioningAction, ProvisioningStatus, StepType, Verdict,
};
use scim_client::Select;
use serde_json::json;
use store::{KeyName, Kind};
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{BATCH, CONCURRENCY, Context};
use crate::error::{Stop, finding};
use crate::links::{self, ByType, Pass};
use crate::work::Work;

const ADVICE: &str = "Read what is held back (provost job staged NAME). Allow it (provost job allow-deletes NAME), or \
                      repair what caused it: what is no longer due leaves the list.";

/// The accounts that something is due for.
#[derive(Default)]
struct Gathered {
    /// Let through before, and not carried out yet.
    cleared: Vec<(ObjectType, Uuid)>,
    /// To be judged.
    open: BTreeMap<GuardKind, Vec<(ObjectType, Uuid)>>,
    /// How many of these are gone in the target.
    gone: u64,
}

impl Context {
    /// Judges what has gathered, and carries it out or holds it back. Returns why something is held back.
    pub(crate) async fn guarded(&self, state: &mut JobState) -> Result<Option<ErrorInformation>, Stop> {
        self.found_again().await?;
        let mut due = self.due().await?;
        let mut refusals = Vec::new();
        for kind in [GuardKind::Removals, GuardKind::Renames] {
            let open = due.open.remove(&kind).unwrap_or_default();
            let mut refused = self.judge_one(state, kind, open.len() as u64).await?;
            if kind == GuardKind::Removals && !open.is_empty() {
                refused.extend(self.judge_source().await?);
            }
            if refused.is_empty() {
                pass(&mut state.guards, kind, open.len() as u64, self.clock.now());
                // Before anything is let through: what a crash interrupts counts rather twice than not at all.
                if !open.is_empty() {
                    self.save(state).await?;
                    self.clear(&open).await?;
                }
                due.cleared.extend(open);
            } else {
                let gone = if kind == GuardKind::Removals { due.gone } else { 0 };
                if let Some(error) = explanation(&refused).map(|error| or_gone(error, gone, open.len())) {
                    self.hold_back(&open, &error).await?;
                }
            }
            refusals.extend(refused);
        }
        self.carry_out(&due.cleared).await?;
        refusals.extend(self.guarded_members(state).await?);
        let removals = refusals.iter().find(|it| it.kind == GuardKind::Removals);
        let gone = if removals.is_some() { due.gone } else { 0 };
        let removals = removals.map_or(0, |it| usize::try_from(it.planned.due).unwrap_or(usize::MAX));
        Ok(explanation(&refusals).map(|error| or_gone(error, gone, removals)))
    }

    /// Accounts that were gone and are there again, as in a target that was repaired, get what they had missed.
    async fn found_again(&self) -> Result<(), Stop> {
        let mut pass = Pass::exactly(KeyName::RemovalDue, links::RECREATION_DUE);
        while let Some(mut links) = self.next_links(&mut pass).await? {
            links.retain(|link| {
                link.unacknowledged.is_none()
                    && link.due.as_ref().is_some_and(|due| due.verdict != Verdict::Waiting)
            });
            let mut looks: Vec<BoxFuture<'_, Option<(ObjectType, Uuid)>>> = Vec::with_capacity(links.len());
            for link in &links {
                looks.push(
                    self.is_there(link)
                        .map(|there| there.then_some((link.object_type, link.source_id)))
                        .boxed(),
                );
            }
            let looks = futures::stream::iter(looks).buffer_unordered(CONCURRENCY);
            let found: Vec<_> = self.unless_stopped(looks.collect::<Vec<_>>()).await?;
            let found: Vec<_> = found.into_iter().flatten().collect();
            for (object_type, ids) in by_type(&found) {
                self.no_longer_gone(&ids).await?;
                self.process_ids(object_type, &ids, Mode::default()).await?;
            }
        }
        Ok(())
    }

    async fn is_there(&self, link: &Link) -> bool {
        let (Some(rule), Some(id)) = (self.rule(link.object_type), link.target_id.as_deref()) else {
            return false;
        };
        self.target.get(rule.kind, id, Select::Only(&["id"])).await.is_ok()
    }

    async fn no_longer_gone(&self, ids: &[Uuid]) -> Result<(), Stop> {
        let _alone = self.alone().await?;
        let mut transaction = self.transaction();
        for mut link in self.links(ids).await?.into_iter().flatten() {
            if link.due.take_if(|due| due.change == DueChange::Recreate).is_some() {
                // Groups may have been looked at meanwhile.
                link.referrers_due = true;
                links::put(&mut transaction, self.realm(), &link);
            }
        }
        self.commit(transaction).await
    }

    /// Drops the links to accounts that are gone, as far as that may be.
    async fn drop_gone(&self, ids: &[Uuid]) -> Result<(), Stop> {
        let _alone = self.alone().await?;
        let mut transaction = self.transaction();
        for mut link in self.links(ids).await?.into_iter().flatten() {
            let goes = |due: &Due| due.change == DueChange::Recreate && due.verdict == Verdict::Cleared;
            if link.due.as_ref().is_some_and(goes) {
                links::forget_account(&mut link);
                self.forget_memberships(&mut transaction, link.object_type, link.source_id).await?;
                links::put(&mut transaction, self.realm(), &link);
            }
        }
        self.commit(transaction).await
    }

    async fn due(&self) -> Result<Gathered, Stop> {
        let mut gathered = Gathered::default();
        for value in [links::DELETION_DUE, links::DISABLING_DUE, links::RENAMING_DUE, links::RECREATION_DUE] {
            let mut pass = Pass::exactly(KeyName::RemovalDue, value);
            while let Some(links) = self.next_links(&mut pass).await? {
                for link in links {
                    let Some(due) = &link.due else { continue };
                    if due.change == DueChange::Recreate && due.verdict != Verdict::Cleared {
                        gathered.gone += 1;
                    }
                    let list = match due.verdict {
                        Verdict::Cleared => &mut gathered.cleared,
                        Verdict::Waiting | Verdict::Staged => {
                            gathered.open.entry(due.change.kind()).or_default()
                        }
                    };
                    list.push((link.object_type, link.source_id));
                }
            }
        }
        Ok(gathered)
    }

    /// Judges so many changes of a kind of accounts, and remembers when they are held back.
    async fn judge_one(&self, state: &mut JobState, kind: GuardKind, due: u64) -> Result<Vec<Refusal>, Stop> {
        let earlier = let_through(&state.guards, kind, self.clock.now());
        let most = enough(kind, self.job.guards.of(kind), due.saturating_add(earlier));
        let planned = Planned { due, earlier, of: self.accounts_linked(None, most).await? };
        let refused = judge(&self.job.guards, &[(kind, planned)].into());
        if !refused.is_empty() {
            hold(&mut state.guards, kind, earlier);
        }
        Ok(refused)
    }

    /// Whether the source has far fewer users than there are accounts of users.
    async fn judge_source(&self) -> Result<Vec<Refusal>, Stop> {
        let users = self.source.count(ObjectType::User).await?;
        let all = users.saturating_add(self.source.count(ObjectType::Group).await?);
        // As a rule every link has its object, and nothing has to be counted.
        if self.store.count(self.realm(), Kind::Link).await? <= all {
            return Ok(Vec::new());
        }
        let of = self.accounts_linked(Some(ObjectType::User), u64::MAX).await?;
        let planned = Planned { due: of.saturating_sub(users), earlier: 0, of };
        Ok(judge(&self.job.guards, &[(GuardKind::Source, planned)].into()))
    }

    /// How many objects have an account that is not disabled, counted as far as is enough: leavers of old do not widen
    /// the limits.
    pub(crate) async fn accounts_linked(
        &self,
        of_type: Option<ObjectType>,
        enough: u64,
    ) -> Result<u64, Stop> {
        let mut linked = 0;
        let mut scan = Pass::any(KeyName::TargetId);
        while linked < enough
            && let Some(links) = self.next_links(&mut scan).await?
        {
            let counted = |link: &&Link| {
                link.state == LinkState::Active && of_type.is_none_or(|it| it == link.object_type)
            };
            linked += links.iter().filter(counted).count() as u64;
        }
        Ok(linked)
    }

    /// Writes down that the guard let these through.
    async fn clear(&self, objects: &[(ObjectType, Uuid)]) -> Result<(), Stop> {
        for objects in objects.chunks(BATCH) {
            self.check()?;
            let ids: Vec<Uuid> = objects.iter().map(|(_, id)| *id).collect();
            let _alone = self.alone().await?;
            let mut transaction = self.transaction();
            for mut link in self.links(&ids).await?.into_iter().flatten() {
                if let Some(due) = &mut link.due {
                    due.verdict = Verdict::Cleared;
                    links::put(&mut transaction, self.realm(), &link);
                }
            }
            self.commit(transaction).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, objects: &[(ObjectType, Uuid)]) -> Result<(), Stop> {
        if objects.is_empty() {
            return Ok(());
        }
        // As of now, and at once: memberships read one after the other may have missed somebody who moved.
        self.forget_assignments().await;
        for (object_type, ids) in by_type(objects) {
            for ids in ids.chunks(BATCH) {
                self.drop_gone(ids).await?;
                self.process_ids(object_type, ids, Mode::default()).await?;
                if object_type == ObjectType::User {
                    self.managers_left(ids).await?;
                }
            }
        }
        Ok(())
    }

    /// The reports of accounts that were deleted have to be looked at again.
    async fn managers_left(&self, ids: &[Uuid]) -> Result<(), Stop> {
        for id in ids.iter().filter(|id| self.tally.outcome(**id) == Some(Outcome::Deleted)) {
            let mut after = None;
            loop {
                let page = self.source.reports(*id, after, BATCH).await?;
                let reports: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
                let _alone = self.alone().await?;
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

    /// Stages changes; what else the accounts need goes out.
    async fn hold_back(&self, objects: &[(ObjectType, Uuid)], error: &ErrorInformation) -> Result<(), Stop> {
        for (object_type, ids) in by_type(objects) {
            for ids in ids.chunks(BATCH) {
                self.check()?;
                let mut renamed = Vec::new();
                {
                    let _alone = self.alone().await?;
                    let mut transaction = self.transaction();
                    for link in self.links(ids).await?.into_iter().flatten() {
                        renamed.extend(self.stage(&mut transaction, link, error));
                    }
                    self.commit(transaction).await?;
                }
                self.tally.record(ids.iter().map(|id| (*id, Outcome::Staged)));
                self.process_ids(object_type, &renamed, Mode::default()).await?;
            }
        }
        Ok(())
    }

    /// Holds one change back, with a line in the log the first time. Returns the object where a name is held back, and
    /// something else may have to go out.
    fn stage(
        &self,
        transaction: &mut store::Transaction,
        mut link: Link,
        error: &ErrorInformation,
    ) -> Option<Uuid> {
        // Or brought in line on demand meanwhile, or held back before.
        let due = link.due.as_mut().filter(|due| due.verdict == Verdict::Waiting)?;
        due.verdict = Verdict::Staged;
        due.since = self.clock.now();
        let due = due.clone();
        let mut work = Work::bare(link);
        let text = match &due.change {
            DueChange::Disable => "the account would be disabled",
            DueChange::Delete => "the account would be deleted",
            DueChange::Rename(_) => "the account would be renamed",
            DueChange::Recreate => "the account would be matched or created again",
        };
        if let (DueChange::Rename(values), Some(rule)) = (&due.change, self.rule(work.object_type)) {
            work.modified = rule.mapping.modified_properties(&work.link.shadow, values);
        }
        let text = format!("{text}: {}", due.reason);
        work.step(StepType::Export, ProvisioningStatus::Skipped, text, json!({}));
        self.log_staged(transaction, &mut work, error);
        matches!(due.change, DueChange::Rename(_)).then_some(work.id)
    }

    /// Writes a link with something that is held back, and the line in the log about it.
    pub(crate) fn log_staged(
        &self,
        transaction: &mut store::Transaction,
        work: &mut Work,
        error: &ErrorInformation,
    ) {
        work.action = ProvisioningAction::StagedDelete;
        work.status = ProvisioningStatus::Skipped;
        work.error = Some(error.clone());
        self.put_link(transaction, &mut work.link, Some(Outcome::Staged));
        transaction.ops.push(entry_op(&work.entry(self)));
    }
}

/// Why something is held back.
pub(crate) fn explanation(refusals: &[Refusal]) -> Option<ErrorInformation> {
    // A source that has lost its users explains the removals.
    let first = refusals.iter().find(|it| it.kind == GuardKind::Source).or(refusals.first())?;
    let reasons: Vec<String> = refusals.iter().map(Refusal::reason).collect();
    Some(finding(first.code(), reasons.join("; "), ADVICE))
}

/// The same, where it is accounts gone in the target that are past the limit: they count with the removals.
fn or_gone(error: ErrorInformation, gone: u64, all: usize) -> ErrorInformation {
    if gone == 0 {
        return error;
    }
    let most = gone.saturating_mul(2) > all as u64;
    let reason = format!(
        "{}; {gone} of them are gone in the target, and would be matched or created again",
        error.reason
    );
    let error_code = if most { "TooManyAccountsGone".to_owned() } else { error.error_code };
    ErrorInformation { error_code, reason, ..error }
}

fn by_type(objects: &[(ObjectType, Uuid)]) -> ByType {
    [ObjectType::User, ObjectType::Group].map(|object_type| {
        let of_type = objects.iter().filter(|(it, _)| *it == object_type);
        (object_type, of_type.map(|(_, id)| *id).collect())
    })
}
