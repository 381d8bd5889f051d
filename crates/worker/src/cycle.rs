//! A cycle from its start to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Duration;

use engine::Reevaluation;
use jiff::Timestamp;
use model::{CycleKind, CycleReport, CycleStatus, ErrorInformation, JobState, Link, ObjectType, Outcome};
use source::Change;
use store::{Key, KeyName, Kind};
use uuid::Uuid;

use crate::Error;
use crate::batch::{Mode, Objects};
use crate::conclusion::Conclusion;
use crate::context::{BATCH, Context};
use crate::error::{Stop, finding, information, quarantines};
use crate::links::{self, ByType, Checkpoint, Pass, Phase};

/// How long a cycle that is stopped may take to come to an orderly end, whatever the target does: a second longer than
/// requests in flight are waited for.
const PATIENCE: Duration = Duration::from_secs(4);

/// Changes read at once.
const CHANGES: usize = 4_000;

impl Context {
    /// Runs a cycle and writes down how it ended.
    pub async fn cycle(&self, retry_all: bool) -> Result<CycleReport, Error> {
        let mut state = links::load_state(&*self.store, self.job.id).await?;
        let result = self.in_time(Box::pin(self.run(&mut state, retry_all))).await;
        let result = self.all_written().await.and(result);
        let staged = matches!(result, Ok(Some(_)));
        let (status, error) = self.ending(result);
        let (status, error) = match status {
            CycleStatus::Completed => match self.too_many_failures().await? {
                Some(many) => (CycleStatus::Quarantined, Some(many)),
                None => (status, error),
            },
            _ => (status, error),
        };
        let report = self.tally.ended(status, error);
        match self.conclude(&mut state, &report, staged).await {
            Ok(()) | Err(Error::Store(store::Error::Fenced { .. })) => Ok(report),
            Err(error) => Err(error),
        }
    }

    /// What becomes of work that ends some time after it is stopped, at the latest.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        let out_of_patience = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            biased;
            result = work => result,
            // As if the process had died here: what is noted tells the next cycle what to look for.
            () = out_of_patience => Err(Stop::Cancelled),
        }
    }

    /// How work ended, and why not well.
    pub(crate) fn ending(
        &self,
        result: Result<Option<ErrorInformation>, Stop>,
    ) -> (CycleStatus, Option<ErrorInformation>) {
        match result {
            Ok(None) => (CycleStatus::Completed, None),
            Ok(Some(held_back)) => (CycleStatus::Quarantined, Some(held_back)),
            Err(Stop::Cancelled) => (CycleStatus::Interrupted, None),
            Err(Stop::Target(failure)) => {
                let status = if quarantines(failure.code.as_str()) {
                    CycleStatus::Quarantined
                } else {
                    CycleStatus::Interrupted
                };
                (status, Some(information(&failure)))
            }
            Err(Stop::Other(error)) => {
                let advice = "It is tried again in the next cycle; if it stays, look at the server's log.";
                tracing::error!(%error, job = %self.job.id, "the cycle ended early");
                (CycleStatus::Interrupted, Some(finding("InternalServerError", error.to_string(), advice)))
            }
        }
    }

    /// Writes down how the work ended, and what follows for the job.
    pub(crate) async fn conclude(
        &self,
        state: &mut JobState,
        report: &CycleReport,
        staged: bool,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let regular = report.started.saturating_add(self.job.interval).unwrap_or(Timestamp::MAX).max(now);
        state.members_taken = self.members_taken();
        if report.status == CycleStatus::Completed {
            state.chance = Some(self.ids.seed());
        }
        let conclusion = Conclusion {
            store: &*self.store,
            clock: &*self.clock,
            ids: &self.ids,
            directory: self.directory,
            job: self.job.id,
            fence: Some(self.lease.fence()),
        };
        conclusion.write(state, report, staged, regular).await
    }

    async fn run(&self, state: &mut JobState, retry_all: bool) -> Result<Option<ErrorInformation>, Stop> {
        let due = Reevaluation::between(&state.applied, &self.applied());
        let everything = state.checkpoint.is_some() || due == Reevaluation::Everything;
        if everything || !self.watermark_kept(state).await? {
            self.tally.describe(CycleKind::Initial);
            let resumes = self.everything(state).await?;
            if resumes {
                // Who was to be tried once more at the end of the cycle that was interrupted is behind its checkpoint.
                self.retry(retry_all).await?;
            }
        } else {
            self.tally.describe(CycleKind::Incremental);
            self.begin_applying(state).await?;
            self.changes(state, retry_all).await?;
            self.reevaluate(&due).await?;
        }
        let held_back = self.rest(state).await?;
        if let Some(checkpoint) = state.checkpoint.take().as_ref().and_then(Checkpoint::read) {
            state.watermark = Some(checkpoint.head);
        }
        state.applied = vec![self.applied()];
        Ok(held_back)
    }

    async fn watermark_kept(&self, state: &JobState) -> Result<bool, Stop> {
        let Some(watermark) = &state.watermark else { return Ok(false) };
        match self.source.changes(&links::read_position(watermark)?, 1).await {
            Ok(_) => Ok(true),
            Err(source::Error::PositionExpired) => {
                tracing::warn!(job = %self.job.id, "syncStateNotFound: the watermark is too old; everything is looked at");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn save(&self, state: &JobState) -> Result<(), Stop> {
        let mut transaction = self.transaction();
        links::put_state(&mut transaction, self.job.id, state);
        self.commit(transaction).await
    }

    /// Looks at every object; goes on where an interrupted cycle stopped, and says whether it did.
    async fn everything(&self, state: &mut JobState) -> Result<bool, Stop> {
        let cycle_id = *self.cycle_id.lock();
        let earlier = state.checkpoint.as_ref().and_then(Checkpoint::read);
        let earlier = earlier.filter(|it| it.configuration == self.applied());
        let resumes = earlier.is_some();
        let mut checkpoint = match earlier {
            Some(checkpoint) => {
                *self.cycle_id.lock() = checkpoint.cycle_id;
                self.tally.resume(checkpoint.cycle_id, checkpoint.counts, checkpoint.started);
                self.recount().await?;
                checkpoint
            }
            None => Checkpoint {
                cycle_id,
                configuration: self.applied(),
                phase: Phase::Users,
                cursor: None,
                head: links::store_position(&self.source.head().await?),
                sweep: self.store.count(self.realm(), Kind::Link).await? > 0,
                counts: model::CycleCounts::default(),
                confirm: false,
                started: self.tally.report().started,
            },
        };
        let mut total = 0;
        for object_type in [ObjectType::User, ObjectType::Group] {
            if self.rule(object_type).is_some() {
                total += self.source.count(object_type).await?;
            }
        }
        self.tally.expect(total);
        self.pass(state, &mut checkpoint).await?;
        self.assignments().await?.expand(self).await?;
        for (phase, object_type) in [(Phase::Users, ObjectType::User), (Phase::Groups, ObjectType::Group)] {
            if checkpoint.phase == phase {
                self.everyone(state, &mut checkpoint, object_type).await?;
                checkpoint.phase = if phase == Phase::Users { Phase::Groups } else { Phase::Sweep };
                checkpoint.cursor = None;
                self.pass(state, &mut checkpoint).await?;
            }
        }
        if checkpoint.phase == Phase::Sweep {
            if checkpoint.sweep {
                self.sweep().await?;
            }
            checkpoint.phase = Phase::Rest;
            self.pass(state, &mut checkpoint).await?;
        }
        Ok(resumes)
    }

    /// What the interrupted cycle did about each object, as the links remember it.
    async fn recount(&self) -> Result<(), Stop> {
        let cycle_id = *self.cycle_id.lock();
        let mut all = Pass::whole();
        while let Some(links) = self.next_links(&mut all).await? {
            self.tally.record(links.iter().filter_map(|link| {
                let counted = link.counted.filter(|counted| counted.cycle == cycle_id)?;
                Some((link.source_id, counted.outcome))
            }));
        }
        Ok(())
    }

    pub(crate) async fn pass(&self, state: &mut JobState, checkpoint: &mut Checkpoint) -> Result<(), Stop> {
        self.all_written().await?;
        let report = self.tally.report();
        checkpoint.counts = report.counts;
        state.checkpoint = Some(checkpoint.write());
        self.save(state).await
    }

    /// Links whose objects no longer exist.
    async fn sweep(&self) -> Result<(), Stop> {
        let mut all = Pass::whole();
        while let Some(links) = self.next_links(&mut all).await? {
            for (object_type, ids) in links::by_type(&links) {
                let found = self.source.get(object_type, &ids).await?;
                let gone: Objects =
                    ids.into_iter().zip(found).filter(|(_, object)| object.is_none()).collect();
                self.process(object_type, gone, Mode::default()).await?;
            }
        }
        Ok(())
    }

    /// Looks at everything that has a link, by what it is now.
    async fn recheck(&self) -> Result<(), Stop> {
        self.assignments().await?.expand(self).await?;
        let mut all = Pass::whole();
        while let Some(links) = self.next_links(&mut all).await? {
            for (object_type, ids) in links::by_type(&links) {
                self.process_ids(object_type, &ids, Mode::default()).await?;
            }
        }
        Ok(())
    }

    /// Processes objects by their ids.
    pub async fn process_ids(&self, object_type: ObjectType, ids: &[Uuid], mode: Mode) -> Result<(), Stop> {
        for ids in ids.chunks(BATCH) {
            self.check()?;
            let objects = self.source.get(object_type, ids).await?;
            self.process(object_type, ids.iter().copied().zip(objects).collect(), mode).await?;
        }
        Ok(())
    }

    /// Looks at what changed since the watermark, and at what waits for another try.
    async fn changes(&self, state: &mut JobState, retry_all: bool) -> Result<(), Stop> {
        let Some(watermark) = &state.watermark else { return Ok(()) };
        let mut position = links::read_position(watermark)?;
        loop {
            self.check()?;
            let page = self.source.changes(&position, CHANGES).await?;
            if !page.changes.is_empty() {
                // As of now: not older than the changes just read.
                self.forget_assignments().await;
                self.apply(&page.changes).await?;
            }
            if page.position != position {
                position = page.position;
                state.watermark = Some(links::store_position(&position));
                self.save(state).await?;
            }
            if !page.more {
                break;
            }
        }
        self.retry(retry_all).await
    }

    /// Tries again what has failed earlier, as far as it is due, or all of it.
    async fn retry(&self, all: bool) -> Result<(), Stop> {
        let until = if all { Bound::Unbounded } else { Bound::Included(Key::instant(self.clock.now())) };
        let mut waiting = self.gather(Pass::until(KeyName::EscrowDue, until)).await?;
        for (_, ids) in &mut waiting {
            // Not what has failed just now, because it had changed.
            ids.retain(|id| self.tally.outcome(*id) != Some(Outcome::Failed));
        }
        self.tally.expect(waiting.iter().map(|(_, ids)| ids.len() as u64).sum());
        for (object_type, ids) in waiting {
            self.process_ids(object_type, &ids, Mode::default()).await?;
        }
        Ok(())
    }

    async fn apply(&self, changes: &[Change]) -> Result<(), Stop> {
        let mut users = BTreeSet::new();
        let mut groups = BTreeSet::new();
        let mut pairs: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
        let mut below = BTreeSet::new();
        let mut recheck = false;
        for change in changes {
            match *change {
                Change::Written(ObjectType::User, id)
                | Change::Deleted(ObjectType::User, id)
                | Change::Manager(id) => {
                    users.insert(id);
                }
                Change::Written(ObjectType::Group, id) => {
                    groups.insert(id);
                }
                Change::Deleted(ObjectType::Group, id) => {
                    groups.insert(id);
                    recheck |= self.job.nested_groups || self.assignments().await?.groups.contains_key(&id);
                }
                Change::Member { group, member_type, member } => {
                    pairs.entry(group).or_default().insert(member);
                    match member_type {
                        ObjectType::User => {
                            users.insert(member);
                        }
                        ObjectType::Group if self.job.nested_groups => {
                            below.insert(member);
                        }
                        ObjectType::Group => {}
                    }
                }
                Change::Assigned(id) => {
                    let assignment = self.source.assignment(id).await?;
                    let ours = assignment.filter(|it| it.resource_id == self.service_principal.id);
                    match ours {
                        Some(it) if it.principal_type == "Group" => {
                            groups.insert(it.principal_id);
                            below.insert(it.principal_id);
                        }
                        Some(it) => {
                            users.insert(it.principal_id);
                        }
                        None => {}
                    }
                }
                Change::Unassigned(_) => recheck = true,
                // Whether it changed what is applied, the fingerprint of the configuration tells.
                Change::Configuration(_) => {}
            }
        }
        for group in below {
            users.extend(self.assignments().await?.members_below(self, group).await?);
        }
        self.tally.expect((users.len() + groups.len()) as u64);
        let users: Vec<Uuid> = users.into_iter().collect();
        self.prepare_for_many(&users).await?;
        self.process_ids(ObjectType::User, &users, Mode::default()).await?;
        let groups: Vec<Uuid> = groups.into_iter().collect();
        self.process_ids(ObjectType::Group, &groups, Mode::default()).await?;
        if recheck {
            self.recheck().await?;
        }
        let pairs = pairs.into_iter().map(|(group, members)| (group, members.into_iter().collect()));
        self.sync_pairs(pairs.collect()).await
    }

    /// So many users at once, mostly new, are cheaper matched and judged in memory.
    pub(crate) async fn prepare_for_many(&self, users: &[Uuid]) -> Result<(), Stop> {
        let Some(rule) = self.users.as_ref().filter(|_| users.len() > 2 * BATCH) else { return Ok(()) };
        let mut unlinked = 0;
        for ids in users.chunks(BATCH) {
            let found = self.links(ids).await?;
            unlinked += found.iter().filter(|found| found.is_none()).count() as u64;
        }
        self.assignments().await?.expand(self).await?;
        self.prefetch(rule, unlinked, false).await
    }

    /// The next links of a pass, of the types that the job maps: what is due of others waits until they are mapped
    /// again.
    pub(crate) async fn next_links(&self, pass: &mut Pass) -> Result<Option<Vec<Link>>, Stop> {
        self.check()?;
        let mut found = pass.next(&*self.store, self.realm(), BATCH).await?;
        if let Some(links) = &mut found {
            links.retain(|link| self.rule(link.object_type).is_some());
        }
        Ok(found)
    }

    /// The objects of a pass, all before anything is done about them, which may move them in its order.
    pub(crate) async fn gather(&self, mut pass: Pass) -> Result<ByType, Stop> {
        let mut all = links::by_type(&[]);
        while let Some(links) = self.next_links(&mut pass).await? {
            for ((_, all), (_, ids)) in all.iter_mut().zip(links::by_type(&links)) {
                all.extend(ids);
            }
        }
        Ok(all)
    }

    /// What every cycle ends with: requests of unknown outcome, references, what the guards judge, and once more what could not
    /// be done before.
    pub(crate) async fn rest(&self, state: &mut JobState) -> Result<Option<ErrorInformation>, Stop> {
        self.settle().await?;
        self.references().await?;
        let held_back = self.guarded(state).await?;
        self.try_contested().await?;
        self.settle().await?;
        self.references().await?;
        self.give_up_settling().await?;
        Ok(held_back)
    }
}
