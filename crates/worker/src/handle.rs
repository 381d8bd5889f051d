//! The schedule, and what can be asked of the worker.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::{
    Clock, CycleKind, CycleReport, CycleStatus, Ids, Job, JobState, ObjectType, Principal, ProvisioningEntry,
};
use parking_lot::Mutex;
use scim_client::{ConnectionReport, Diagnosis, ResourceKind};
use store::{KeyName, Kind, Realm, Scan, Store, Transaction};
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{BATCH, Configuration, Context, commit};
use crate::error::{Stop, information};
use crate::lease::Keeper;
use crate::links::{self, Pass};
use crate::tally::Tally;
use crate::{Error, Targets};

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
    /// How often the schedule is looked at; a second.
    pub tick: Duration,
}

/// What the worker's tasks share.
pub(crate) struct Shared {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub ids: Ids,
    pub settle: Duration,
    holder: Uuid,
    targets: Arc<dyn Targets>,
    running: Mutex<HashMap<Uuid, Running>>,
    /// Held by whoever changes a job's state: a cycle, or a request that does so between cycles.
    states: Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A cycle that runs in this process.
#[derive(Clone)]
struct Running {
    progress: watch::Receiver<CycleReport>,
    cancel: CancellationToken,
    ended: CancellationToken,
    context: Arc<OnceCell<Arc<Context>>>,
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

impl Shared {
    fn state_lock(&self, job: Uuid) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.states.lock().entry(job).or_default())
    }
}

impl Worker {
    /// Starts the schedule; it runs until [`WorkerHandle::shutdown`].
    pub fn start(options: Options) -> WorkerHandle {
        let shared = Arc::new(Shared {
            store: options.store,
            clock: options.clock,
            ids: options.ids,
            settle: options.settle,
            holder: options.holder,
            targets: options.targets,
            running: Mutex::default(),
            states: Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        shared.tasks.spawn(schedule(Arc::clone(&shared), options.tick));
        WorkerHandle { shared }
    }
}

async fn schedule(shared: Arc<Shared>, tick: Duration) {
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(tick) => {}
        }
        if let Err(error) = start_due(&shared).await {
            tracing::warn!(%error, "the schedule could not be read; it is tried again");
        }
    }
}

/// Starts a cycle of each job that is due.
async fn start_due(shared: &Arc<Shared>) -> Result<(), Error> {
    let mut after = None;
    loop {
        let scan = Scan::first(100).after(after);
        let directories = shared.store.scan(Realm::INSTALLATION, Kind::Directory, scan).await?;
        for directory in &directories.objects {
            let mut after = None;
            loop {
                let scan = Scan::first(100).after(after);
                let jobs = shared.store.scan(Realm(directory.id), Kind::Job, scan).await?;
                for object in &jobs.objects {
                    let job: Result<Job, _> = serde_json::from_slice(&object.body);
                    let Ok(job) = job else {
                        tracing::error!(job = %object.id, "the job cannot be read");
                        continue;
                    };
                    if job.started
                        && !shared.running.lock().contains_key(&job.id)
                        && is_due(shared, job.id).await?
                    {
                        begin(shared, directory.id, job.id, Principal::system("schedule"), false);
                    }
                }
                after = jobs.next;
                if after.is_none() {
                    break;
                }
            }
        }
        after = directories.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn is_due(shared: &Shared, job: Uuid) -> Result<bool, Error> {
    let state = links::load_state(&*shared.store, job).await?;
    Ok(state.next_run.is_none_or(|at| at <= shared.clock.now()))
}

/// Starts a cycle, or joins the one that runs.
fn begin(shared: &Arc<Shared>, directory: Uuid, job: Uuid, by: Principal, retry_all: bool) -> Running {
    let mut all = shared.running.lock();
    if let Some(running) = all.get(&job) {
        return running.clone();
    }
    let report = Tally::begin(shared.ids.next(), CycleKind::Incremental, shared.clock.now());
    let (sender, progress) = watch::channel(report);
    let running = Running {
        progress,
        cancel: shared.stop.child_token(),
        ended: CancellationToken::new(),
        context: Arc::new(OnceCell::new()),
    };
    all.insert(job, running.clone());
    let (shared, task) = (Arc::clone(shared), running.clone());
    let tasks = shared.tasks.clone();
    let state = shared.state_lock(job);
    tasks.spawn(async move {
        let _mine = state.lock().await;
        let tally = Arc::new(Tally::new(sender));
        let work = run_cycle(&shared, directory, job, &task, Arc::clone(&tally), by, retry_all);
        let caught = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(work)).await;
        let report = match caught {
            Ok(Ok(report)) => report,
            Ok(Err(error)) => failed(&shared, job, &tally, error).await,
            Err(_) => {
                let error = Error::Damaged("an invariant of the program broke; the cycle".to_owned());
                failed(&shared, job, &tally, error).await
            }
        };
        tracing::info!(%job, status = ?report.status, counts = ?report.counts, "the cycle ended");
        shared.running.lock().remove(&job);
        tally.publish(report);
        task.ended.cancel();
    });
    running
}

async fn run_cycle(
    shared: &Arc<Shared>,
    directory: Uuid,
    job: Uuid,
    running: &Running,
    tally: Arc<Tally>,
    by: Principal,
    retry_all: bool,
) -> Result<CycleReport, Error> {
    let context = Arc::new(open(shared, directory, job, tally, running.cancel.clone(), by).await?);
    let _ = running.context.set(Arc::clone(&context));
    let result = context.cycle(retry_all).await;
    context.lease.release().await;
    result
}

/// Takes the lease, and makes everything ready that work on a job needs.
async fn open(
    shared: &Arc<Shared>,
    directory: Uuid,
    job: Uuid,
    tally: Arc<Tally>,
    cancel: CancellationToken,
    by: Principal,
) -> Result<Context, Error> {
    let configuration = Configuration::load(&*shared.store, Realm(directory), job).await?;
    let target = shared.targets.target(directory, &configuration.job).await.map_err(Error::Target)?;
    let keeper = Keeper::take(&shared.store, &shared.clock, job, shared.holder, cancel.clone()).await?;
    let lease = Arc::new(keeper.ok_or(Error::Busy)?);
    let capabilities = tokio::select! {
        read = target.capabilities() => read,
        () = cancel.cancelled() => {
            lease.release().await;
            return Err(Error::Stopped);
        }
    };
    let capabilities = match capabilities {
        Ok(capabilities) => capabilities,
        Err(failure) => {
            lease.release().await;
            return Err(Error::Target(information(&failure)));
        }
    };
    Ok(Context::new(shared, directory, configuration, (target, capabilities), lease, tally, cancel, by))
}

/// The report of a cycle that could not even begin.
async fn failed(shared: &Shared, job: Uuid, tally: &Tally, error: Error) -> CycleReport {
    tracing::error!(%job, %error, "the cycle could not run");
    let information = match &error {
        Error::Target(information) => Some(information.clone()),
        Error::Stopped => None,
        Error::Busy => {
            let advice = "None: that cycle does the work. Follow it where it runs.";
            Some(crate::error::finding("JobIsRunning", error.to_string(), advice))
        }
        Error::Store(_) | Error::Source(_) | Error::Damaged(_) => {
            let advice = "It is tried again in a few minutes; if it stays, look at the server's log.";
            Some(crate::error::finding("InternalServerError", error.to_string(), advice))
        }
        other => {
            let advice = "Correct the job's configuration.";
            Some(crate::error::finding("InvalidConfiguration", other.to_string(), advice))
        }
    };
    let quarantined = information.as_ref().is_some_and(|it| crate::error::quarantines(&it.error_code));
    let status = if quarantined { CycleStatus::Quarantined } else { CycleStatus::Interrupted };
    let state = links::load_state(&*shared.store, job).await;
    if state.as_ref().is_ok_and(|state| state.watermark.is_none()) {
        tally.describe(CycleKind::Initial);
    }
    let report = tally.ended(status, information.clone());
    if matches!(error, Error::Busy | Error::UnknownJob(_)) {
        return report;
    }
    let written = async {
        let mut state = state?;
        crate::cycle::conclude(&mut state, &report, false, shared.clock.now(), shared.clock.now() + RETRY);
        let mut transaction = Transaction::new(shared.clock.now());
        links::put_state(&mut transaction, job, &state);
        commit(&*shared.store, transaction).await?;
        Ok::<_, Error>(())
    };
    if let Err(error) = written.await {
        tracing::warn!(%job, %error, "how the cycle ended could not be written down");
    }
    report
}

/// When a job is tried again whose cycle could not begin, and that is not in quarantine.
const RETRY: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

impl WorkerHandle {
    /// Runs a cycle of a job now, with every escrowed object; joins the one that runs already.
    pub async fn run_now(&self, directory: Uuid, job: Uuid, by: Principal) -> Result<Progress, Error> {
        if self.shared.store.get(Realm(directory), Kind::Job, job).await?.is_none() {
            return Err(Error::UnknownJob(job));
        }
        Ok(Progress(begin(&self.shared, directory, job, by, true).progress))
    }

    /// Follows the cycle that runs; `None` when none does in this process.
    pub fn progress(&self, job: Uuid) -> Option<Progress> {
        self.shared.running.lock().get(&job).map(|running| Progress(running.progress.clone()))
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

    /// Makes a job due now, so that the schedule starts it with its next look.
    pub async fn make_due(&self, job: Uuid) -> Result<(), Error> {
        self.change_state(job, |state| state.next_run = None).await
    }

    /// Lets the removals that are staged go ahead in the next cycle.
    pub async fn allow_removals(&self, job: Uuid) -> Result<(), Error> {
        self.change_state(job, |state| {
            state.removals_allowed = true;
            state.next_run = None;
        })
        .await
    }

    /// Forgets what the scopes name, so that the next cycle starts afresh. None given means quarantine, watermark
    /// and escrows.
    pub async fn restart(&self, job: Uuid, scopes: &[ResetScope]) -> Result<(), Error> {
        let usual = [ResetScope::QuarantineState, ResetScope::Watermark, ResetScope::Escrows];
        let scopes = if scopes.is_empty() { &usual } else { scopes };
        let names = |wanted: &[ResetScope]| scopes.iter().any(|scope| wanted.contains(scope));
        let full = names(&[ResetScope::Full, ResetScope::ConnectorDataStore]);
        let escrows = full || names(&[ResetScope::Escrows]);
        self.change_state(job, |state| {
            if full || names(&[ResetScope::Watermark]) {
                state.watermark = None;
                state.checkpoint = None;
            }
            if full || names(&[ResetScope::QuarantineState]) {
                state.quarantine = None;
            }
            if names(&[ResetScope::ForceDeletes]) {
                state.removals_allowed = true;
            }
            state.next_run = None;
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

    async fn change_state(&self, job: Uuid, change: impl FnOnce(&mut JobState)) -> Result<(), Error> {
        // A cycle may start between its end and the change: whoever holds the state is alone with it.
        let lock = self.shared.state_lock(job);
        let _mine = loop {
            self.pause(job).await;
            if let Ok(mine) = lock.try_lock() {
                break mine;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        let mut state = links::load_state(&*self.shared.store, job).await?;
        change(&mut state);
        let mut transaction = Transaction::new(self.shared.clock.now());
        links::put_state(&mut transaction, job, &state);
        commit(&*self.shared.store, transaction).await?;
        Ok(())
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
        let result = on_demand(&context, object_type, id).await;
        context.lease.release().await;
        Ok(result?)
    }

    /// Asks the target for a user that cannot exist, as a cycle will ask for real ones.
    pub async fn test_connection(
        &self,
        directory: Uuid,
        job: Uuid,
    ) -> Result<Result<ConnectionReport, Diagnosis>, Error> {
        let configuration = Configuration::load(&*self.shared.store, Realm(directory), job).await?;
        let target =
            self.shared.targets.target(directory, &configuration.job).await.map_err(Error::Target)?;
        let rules = [&configuration.users, &configuration.groups];
        let rule = rules.into_iter().flatten().next();
        let kind = rule.map_or(ResourceKind::Users, |rule| rule.kind);
        let attribute = rule.and_then(|rule| rule.mapping.matching_paths().next()).unwrap_or("userName");
        let nobody = self.shared.ids.next().to_string();
        Ok(target.test_connection(kind, attribute, &nobody).await)
    }

    /// Stops all cycles where they can go on later, and returns when they have ended.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

async fn on_demand(
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
        context.sync_groups(&[id]).await?;
    }
    Ok(entries)
}
