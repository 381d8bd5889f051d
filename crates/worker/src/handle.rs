//! What can be asked of the worker.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use directory::Credentials;
use jiff::Timestamp;
use model::{
    Clock, CycleKind, CycleReport, CycleStatus, DriftFinding, Ids, Job, JobState, Linked, ObjectType,
    Principal, ProvisioningEntry, StagedChange, TargetAttribute, TargetAttributes, Waiting,
};
use parking_lot::Mutex;
use scim_client::{ConnectionReport, Diagnosis, ResourceKind, ResourceSchema};
use store::{Cursor, KeyName, Kind, Realm, Store, Transaction};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{BATCH, Configuration, Context, commit};
use crate::elsewhere::Elsewhere;
use crate::error::{Stop, information};
use crate::lease::Keeper;
use crate::links::{self, Pass};
use crate::plan::{self, Plan};
use crate::schedule::{Errand, Shared, begin, open, schedule};
use crate::tally::Tally;
use crate::{Error, Targets, drift, staged, waiting};

/// Objects that are worked on together where everyone is looked at: more wait for the disk less often, and need more memory.
pub const PAGE: usize = 1_024;

/// What a worker needs.
pub struct Options {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes identifiers of cycles and log entries.
    pub ids: Ids,
    /// Who holds the leases: the same after a restart with the same data directory, so that a restart need not
    /// wait for the dead process's lease.
    pub holder: Uuid,
    /// Makes the targets of jobs.
    pub targets: Arc<dyn Targets>,
    /// How long a request may linger after whoever sent it has died or given up; 20 seconds, the client's time-out.
    pub settle: Duration,
    /// How many objects are worked on together where everyone is looked at; [`PAGE`].
    pub page: usize,
    /// A directory for files that only this process sees, and that go with it: what large targets hold.
    pub scratch: PathBuf,
    /// How often the schedule is looked at; a second.
    pub tick: Duration,
}

/// Follows a cycle: the report as it grows; the last one has a status other than `Running`.
#[derive(Clone, Debug)]
pub struct Progress(watch::Receiver<CycleReport>);

impl Progress {
    /// The report as of now.
    pub fn current(&self) -> CycleReport {
        self.0.borrow().clone()
    }

    /// The next report; `None` when the cycle has ended and its last report was seen.
    pub async fn next(&mut self) -> Option<CycleReport> {
        if self.0.changed().await.is_err() && !self.0.has_changed().unwrap_or(false) {
            return None;
        }
        Some(self.0.borrow_and_update().clone())
    }

    /// The last report.
    pub async fn end(mut self) -> CycleReport {
        while self.0.borrow_and_update().status == CycleStatus::Running {
            if self.0.changed().await.is_err() {
                break;
            }
        }
        self.0.borrow().clone()
    }
}

impl From<Progress> for watch::Receiver<CycleReport> {
    fn from(progress: Progress) -> Self {
        progress.0
    }
}

/// What a restart forgets (Graph `synchronizationJobRestartCriteria`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Graph's names")]
pub enum ResetScope {
    Full,
    Watermark,
    Escrows,
    QuarantineState,
    ConnectorDataStore,
    ForceDeletes,
}

/// Runs the cycles of all jobs of an installation.
pub struct Worker;

/// Asks things of a running worker. Cheap to clone.
#[derive(Clone)]
pub struct WorkerHandle {
    shared: Arc<Shared>,
}

impl Worker {
    /// Starts the schedule; it runs until [`WorkerHandle::shutdown`].
    pub fn start(options: Options) -> WorkerHandle {
        let shared = Arc::new(Shared {
            store: options.store,
            clock: options.clock,
            ids: options.ids,
            settle: options.settle,
            page: options.page.max(1),
            scratch: options.scratch,
            holder: options.holder,
            targets: options.targets,
            running: Mutex::default(),
            elsewhere: Elsewhere::default(),
            states: Mutex::default(),
            plans: tokio::sync::Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        shared.tasks.spawn(schedule(Arc::clone(&shared), options.tick));
        WorkerHandle { shared }
    }
}

impl WorkerHandle {
    /// Runs a cycle of a job now, with every escrowed object; joins the one that runs already.
    pub async fn run_now(&self, directory: Uuid, job: Uuid, by: Principal) -> Result<Progress, Error> {
        if self.shared.store.get(Realm(directory), Kind::Job, job).await?.is_none() {
            return Err(Error::UnknownJob(job));
        }
        self.begin(directory, job, by, Errand::Cycle { retry_all: true }).await
    }

    /// Compares what the target holds with what the job left there, and puts right what differs if asked to; joins the
    /// comparison that runs already.
    pub async fn drift(
        &self,
        directory: Uuid,
        job: Uuid,
        repair: bool,
        by: Principal,
    ) -> Result<Progress, Error> {
        if self.shared.store.get(Realm(directory), Kind::Job, job).await?.is_none() {
            return Err(Error::UnknownJob(job));
        }
        self.begin(directory, job, by, Errand::Drift { repair, scheduled: false }).await
    }

    async fn begin(
        &self,
        directory: Uuid,
        job: Uuid,
        by: Principal,
        errand: Errand,
    ) -> Result<Progress, Error> {
        loop {
            let running = begin(&self.shared, directory, job, by.clone(), errand);
            if running.errand.serves(errand) {
                return Ok(Progress(running.progress));
            }
            if !running.errand.gives_way() {
                return Err(Error::Occupied);
            }
            running.cancel.cancel();
            running.ended.cancelled().await;
        }
    }

    /// A page of the differences that the last comparison found, from where the page before it ended; and where the
    /// next one begins.
    pub async fn drift_findings(
        &self,
        job: Uuid,
        after: Option<Cursor>,
        top: usize,
    ) -> Result<(Vec<DriftFinding>, Option<Cursor>), Error> {
        drift::findings(&self.shared, job, after, top).await
    }

    /// Follows the cycle that runs; `None` when none does in this process.
    pub fn progress(&self, job: Uuid) -> Option<Progress> {
        self.shared.running.lock().get(&job).map(|running| Progress(running.progress.clone()))
    }

    /// What of a job waits for a later cycle.
    pub async fn waiting(&self, directory: Uuid, job: Uuid) -> Result<Waiting, Error> {
        waiting::waiting(&self.shared, (directory, job)).await
    }

    /// How much a job is linked with in the target.
    pub async fn linked(&self, job: Uuid) -> Result<Linked, Error> {
        links::linked(&*self.shared.store, job).await
    }

    /// Where a job stands.
    pub async fn state(&self, job: Uuid) -> Result<JobState, Error> {
        links::load_state(&*self.shared.store, job).await
    }

    /// Stops the cycle that runs, and returns when it has ended. It goes on where it was with the next cycle.
    pub async fn pause(&self, job: Uuid) {
        let running = self.shared.running.lock().get(&job).cloned();
        if let Some(running) = running {
            running.cancel.cancel();
            running.ended.cancelled().await;
        }
    }

    /// Makes a job due now, so that the schedule starts it with its next look. One that was disabled after too long a
    /// quarantine has all the time again.
    pub async fn make_due(&self, job: Uuid) -> Result<(), Error> {
        let now = self.shared.clock.now();
        let changed = self.change_state(job, async |state| {
            state.failing_since = None;
            state.quarantine.take_if(|quarantine| engine::outlasted(quarantine, now));
            state.next_run = None;
            Ok(())
        });
        match changed.await {
            // Another process is at it now.
            Err(Error::Busy) => Ok(()),
            changed => changed,
        }
    }

    /// Lets what the guards hold back now, or held back already at a moment, go ahead in the next cycle; all else is
    /// judged anew.
    pub async fn allow_staged(&self, job: Uuid, until: Option<Timestamp>) -> Result<(), Error> {
        self.change_state(job, async |state| {
            state.next_run = None;
            staged::allow(&self.shared, job, until, state).await
        })
        .await
    }

    /// A page of what the guards hold back, deletions first, from where the page before it ended; and where the next
    /// one begins.
    pub async fn staged(
        &self,
        directory: Uuid,
        job: Uuid,
        after: Option<Cursor>,
        top: usize,
    ) -> Result<(Vec<StagedChange>, Option<Cursor>), Error> {
        staged::list(&self.shared, (directory, job), after, top).await
    }

    /// Forgets what the scopes name, so that the next cycle starts afresh. None given means quarantine, watermark
    /// and escrows.
    pub async fn restart(&self, job: Uuid, scopes: &[ResetScope]) -> Result<(), Error> {
        let usual = [ResetScope::QuarantineState, ResetScope::Watermark, ResetScope::Escrows];
        let scopes = if scopes.is_empty() { &usual } else { scopes };
        let names = |wanted: &[ResetScope]| scopes.iter().any(|scope| wanted.contains(scope));
        let full = names(&[ResetScope::Full, ResetScope::ConnectorDataStore]);
        let escrows = full || names(&[ResetScope::Escrows]);
        self.change_state(job, async |state| {
            if full || names(&[ResetScope::Watermark]) {
                state.watermark = None;
                state.checkpoint = None;
            }
            if full {
                state.members_taken = None;
            }
            if full || names(&[ResetScope::QuarantineState]) {
                state.quarantine = None;
                state.failing_since = None;
            }
            if names(&[ResetScope::ForceDeletes]) {
                staged::allow(&self.shared, job, None, state).await?;
            }
            state.next_run = None;
            Ok(())
        })
        .await?;
        if escrows { self.release_escrows(job).await } else { Ok(()) }
    }

    async fn release_escrows(&self, job: Uuid) -> Result<(), Error> {
        let now = self.shared.clock.now();
        let mut waiting = Pass::any(KeyName::EscrowDue);
        while let Some(links) = waiting.next(&*self.shared.store, Realm(job), BATCH).await? {
            let mut transaction = Transaction::new(now);
            for mut link in links {
                if let Some(escrow) = &mut link.escrow {
                    escrow.due = escrow.due.min(now);
                    links::put(&mut transaction, Realm(job), &link);
                }
            }
            commit(&*self.shared.store, transaction).await?;
        }
        Ok(())
    }

    async fn change_state(
        &self,
        job: Uuid,
        change: impl AsyncFnOnce(&mut JobState) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // A cycle may start between its end and the change: whoever holds the state is alone with it.
        let lock = self.shared.state_lock(job);
        let _mine = loop {
            self.pause(job).await;
            if let Ok(mine) = lock.try_lock() {
                break mine;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        let Shared { store, clock, holder, .. } = &*self.shared;
        let lost = CancellationToken::new();
        let lease = Keeper::take(store, clock, job, *holder, lost).await?.ok_or(Error::Busy)?;
        let changed = async {
            let mut state = links::load_state(&**store, job).await?;
            change(&mut state).await?;
            let mut transaction = Transaction::new(clock.now()).fenced(lease.fence());
            links::put_state(&mut transaction, job, &state);
            Ok(commit(&**store, transaction).await?)
        };
        let changed = changed.await;
        lease.release().await;
        changed
    }

    /// Brings one object in line now, also while a cycle runs, and tells every step. A removal it needs is carried
    /// out. For a group, its members too.
    pub async fn provision_on_demand(
        &self,
        directory: Uuid,
        job: Uuid,
        (object_type, id): (ObjectType, Uuid),
        by: Principal,
    ) -> Result<Vec<ProvisioningEntry>, Error> {
        let lock = self.shared.state_lock(job);
        // One works on a job at a time; a cycle that runs lets others in between its batches.
        let _mine = loop {
            let running = self.shared.running.lock().get(&job).cloned();
            if let Some(context) = running.and_then(|running| running.context.get().cloned()) {
                match on_demand(&context, object_type, id).await {
                    // The cycle ended meanwhile, and its lease with it.
                    Err(Stop::Cancelled) if !self.shared.stop.is_cancelled() => {}
                    result => return Ok(result?),
                }
            }
            if let Ok(mine) = lock.try_lock() {
                break mine;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        let report = Tally::begin(self.shared.ids.next(), CycleKind::Incremental, self.shared.clock.now());
        let tally = Arc::new(Tally::new(watch::channel(report).0));
        let cancel = self.shared.stop.child_token();
        let context = open(&self.shared, directory, job, tally, cancel, by).await?;
        let result = async {
            let mut state = links::load_state(&*self.shared.store, job).await?;
            context.begin_applying(&mut state).await?;
            on_demand(&context, object_type, id).await
        };
        let result = result.await;
        context.lease.release().await;
        Ok(result?)
    }

    /// What the next cycle would do, or what provisioning these objects on demand would; nothing is written, here or in
    /// the target. A cycle that runs is not disturbed. `unsaved` is the job as it is to become, where its configuration is
    /// not the one that is kept.
    pub async fn plan(
        &self,
        directory: Uuid,
        job: Uuid,
        unsaved: Option<&Job>,
        selection: Option<&[(ObjectType, Uuid)]>,
        by: Principal,
    ) -> Result<Plan, Error> {
        plan::plan(&self.shared, (directory, job), unsaved, selection, by).await
    }

    /// Asks the target for a user that cannot exist, as a cycle will ask for real ones; with these credentials, or
    /// else with those that are kept.
    pub async fn test_connection(
        &self,
        directory: Uuid,
        job: Uuid,
        credentials: Option<Credentials>,
    ) -> Result<Result<ConnectionReport, Diagnosis>, Error> {
        let configuration = Configuration::load(&*self.shared.store, Realm(directory), job).await?;
        let target = self
            .shared
            .targets
            .target(directory, &configuration.job, credentials)
            .await
            .map_err(Error::Target)?;
        let rules = [&configuration.users, &configuration.groups];
        let rule = rules.into_iter().flatten().next();
        let kind = rule.map_or(ResourceKind::Users, |rule| rule.kind);
        let attribute = rule.and_then(|rule| rule.mapping.matching_paths().next()).unwrap_or("userName");
        let nobody = self.shared.ids.next().to_string();
        Ok(target.test_connection(kind, attribute, &nobody).await)
    }

    /// Asks a job's target what attributes it has; `None` where it does not say.
    pub async fn discover(&self, directory: Uuid, job: Uuid) -> Result<Option<TargetAttributes>, Error> {
        let configuration = Configuration::load(&*self.shared.store, Realm(directory), job).await?;
        let target =
            self.shared.targets.target(directory, &configuration.job, None).await.map_err(Error::Target)?;
        let found = target.describe().await.map_err(|failure| Error::Target(information(&failure)))?;
        Ok(found.map(|found| TargetAttributes {
            user: attributes(&found.users),
            group: attributes(&found.groups),
        }))
    }

    /// Stops all cycles where they can go on later, and returns when they have ended.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

fn attributes(of: &ResourceSchema) -> Vec<TargetAttribute> {
    let own = engine::described(&of.attributes, None);
    let extensions = of.extensions.iter().flat_map(|it| engine::described(&it.attributes, Some(&it.id)));
    own.into_iter().chain(extensions).collect()
}

pub(crate) async fn on_demand(
    context: &Context,
    object_type: ObjectType,
    id: Uuid,
) -> Result<Vec<ProvisioningEntry>, Stop> {
    if context.rule(object_type).is_none() {
        return Err(Stop::Other(Error::NotMapped));
    }
    let object = context.source.get(object_type, &[id]).await?.pop().flatten();
    let mode = Mode { remove: true, explain: true, everyone: false };
    let entries = context.process(object_type, vec![(id, object)], mode).await?;
    if object_type == ObjectType::Group {
        context.sync_group_on_demand(id).await?;
    }
    Ok(entries)
}
