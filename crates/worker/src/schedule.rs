//! When cycles of jobs start, and what surrounds one: the lease, the target, the report of one that could not begin.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engine::{drift_goes_first, next_drift};
use model::{
    Clock, CycleKind, CycleReport, CycleStatus, DriftAction, Ids, Job, JobState, Principal, Trigger,
};
use parking_lot::Mutex;
use source::Source as _;
use store::{Kind, Realm, Scan, Store};
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::conclusion::Conclusion;
use crate::context::{Configuration, Context};
use crate::elsewhere::{Elsewhere, end_when_paused};
use crate::error::{finding, information, quarantines};
use crate::lease::Keeper;
use crate::tally::Tally;
use crate::{Error, Targets, drift, links};

/// What the worker's tasks share.
pub(crate) struct Shared {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub ids: Ids,
    pub settle: Duration,
    pub page: usize,
    pub scratch: PathBuf,
    pub holder: Uuid,
    pub targets: Arc<dyn Targets>,
    pub running: Mutex<HashMap<Uuid, Running>>,
    pub elsewhere: Elsewhere,
    /// Held by whoever changes a job's state: a cycle, or a request that does so between cycles.
    pub states: Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>,
    /// Held by who plans.
    pub plans: tokio::sync::Mutex<()>,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

/// What is done in the target of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// The directory's changes go there.
    Cycle {
        /// Whether everything that failed is tried again, and not only what is due.
        retry_all: bool,
    },
    /// What is there is compared with what the job left.
    Drift {
        /// Whether it is put right.
        repair: bool,
        /// Whether the schedule asks for it.
        scheduled: bool,
    },
}

impl Errand {
    fn kind(self) -> CycleKind {
        match self {
            Self::Cycle { .. } => CycleKind::Incremental,
            Self::Drift { .. } => CycleKind::Drift,
        }
    }

    /// Whether the schedule asks for it, and nobody by hand.
    fn is_scheduled(self) -> bool {
        matches!(self, Self::Cycle { retry_all: false } | Self::Drift { scheduled: true, .. })
    }

    /// Whether it ends for what somebody asks for by hand: it is made up for.
    pub fn gives_way(self) -> bool {
        matches!(self, Self::Drift { scheduled: true, .. })
    }

    /// Whether who wants the other is served by this one.
    pub fn serves(self, other: Self) -> bool {
        match (self, other) {
            (Self::Cycle { .. }, Self::Cycle { .. }) => true,
            (Self::Drift { repair: runs, .. }, Self::Drift { repair: wanted, .. }) => runs == wanted,
            _ => false,
        }
    }
}

/// A cycle that runs in this process.
#[derive(Clone)]
pub(crate) struct Running {
    pub errand: Errand,
    pub progress: watch::Receiver<CycleReport>,
    pub cancel: CancellationToken,
    pub ended: CancellationToken,
    pub context: Arc<OnceCell<Arc<Context>>>,
}

impl Shared {
    pub fn state_lock(&self, job: Uuid) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.states.lock().entry(job).or_default())
    }
}

/// How long after a change others are waited for, which the same cycle takes.
const GATHERING: Duration = Duration::from_millis(300);

pub(crate) async fn schedule(shared: Arc<Shared>, tick: Duration) {
    let mut commits = shared.store.commits();
    let mut following = false;
    loop {
        let pause = async {
            if !following {
                tokio::time::sleep(tick).await;
            } else if tokio::time::timeout(tick, commits.changed()).await.is_ok() {
                tokio::time::sleep(GATHERING).await;
            }
            // What another process commits is seen with the next tick.
        };
        if shared.stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
        commits.mark_unchanged();
        match start_due(&shared).await {
            Ok(found) => following = found,
            Err(error) => tracing::warn!(%error, "the schedule could not be read; it is tried again"),
        }
    }
}

/// Starts a cycle of each job that is due. Returns whether any job follows the changes of its directory.
async fn start_due(shared: &Arc<Shared>) -> Result<bool, Error> {
    let mut following = false;
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
                    if !job.started {
                        continue;
                    }
                    following |= job.trigger == Trigger::OnChange;
                    if shared.running.lock().contains_key(&job.id) || shared.elsewhere.is_noted(job.id) {
                        continue;
                    }
                    if let Some((errand, why)) = due(shared, directory.id, &job).await? {
                        begin(shared, directory.id, job.id, Principal::system(why), errand);
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
            return Ok(following);
        }
    }
}

/// What a started job that does not run has to do now, and what asks for it.
async fn due(shared: &Shared, directory: Uuid, job: &Job) -> Result<Option<(Errand, &'static str)>, Error> {
    let state = links::load_state(&*shared.store, job.id).await?;
    let now = shared.clock.now();
    let cycle = if state.next_run.is_none_or(|at| at <= now) {
        Some("schedule")
    } else if job.trigger == Trigger::OnChange && is_behind(shared, directory, &state).await? {
        Some("change")
    } else {
        None
    };
    let drift = next_drift(job, &state).filter(|at| *at <= now);
    let errand = match (cycle, drift) {
        (None, Some(_)) => None,
        (Some(_), Some(due)) if drift_goes_first(due, &state) => None,
        (cycle, _) => cycle.map(|why| (Errand::Cycle { retry_all: false }, why)),
    };
    let repair = job.drift_action == DriftAction::Repair;
    let comparison = drift.map(|_| (Errand::Drift { repair, scheduled: true }, "schedule"));
    Ok(errand.or(comparison))
}

/// Whether there are changes in the directory that the job has not seen, and nothing keeps it from looking at them: after
/// a cycle that ended early, and in quarantine, it waits for its time.
async fn is_behind(shared: &Shared, directory: Uuid, state: &JobState) -> Result<bool, Error> {
    let waits = match &state.quarantine {
        Some(quarantine) => !quarantine.staged,
        None => state.last_cycle.as_ref().is_none_or(|last| last.status != CycleStatus::Completed),
    };
    let Some(watermark) = state.watermark.as_ref().filter(|_| !waits) else { return Ok(false) };
    let position = links::read_position(watermark)?;
    let source = source::BuiltIn::new(Arc::clone(&shared.store), Realm(directory));
    match source.changes(&position, 1).await {
        Ok(found) => Ok(found.more || !found.changes.is_empty()),
        Err(source::Error::PositionExpired) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Starts a cycle, or joins the one that runs.
pub(crate) fn begin(
    shared: &Arc<Shared>,
    directory: Uuid,
    job: Uuid,
    by: Principal,
    errand: Errand,
) -> Running {
    let mut all = shared.running.lock();
    if let Some(running) = all.get(&job) {
        return running.clone();
    }
    let report = Tally::begin(shared.ids.next(), errand.kind(), shared.clock.now());
    let (sender, progress) = watch::channel(report);
    let running = Running {
        errand,
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
        let work = run_cycle(&shared, directory, job, &task, Arc::clone(&tally), by);
        let caught = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(work)).await;
        let report = match caught {
            Ok(Ok(report)) => report,
            Ok(Err(error)) => {
                if matches!(error, Error::Busy) {
                    shared.elsewhere.note(job);
                }
                failed(&shared, directory, job, &tally, error, errand).await
            }
            Err(_) => {
                let error = Error::Damaged("an invariant of the program broke; the cycle".to_owned());
                failed(&shared, directory, job, &tally, error, errand).await
            }
        };
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
) -> Result<CycleReport, Error> {
    let context = open(shared, directory, job, tally, running.cancel.clone(), by).await?;
    let _ = running.context.set(Arc::clone(&context));
    let work = async {
        // Another process may have done it between the look at the schedule and the lease.
        if running.errand.is_scheduled() && due(shared, directory, &context.job).await?.is_none() {
            return Err(Error::Busy);
        }
        match running.errand {
            Errand::Cycle { retry_all } => context.cycle(retry_all).await,
            Errand::Drift { repair, scheduled } => context.drift(repair, scheduled).await,
        }
    };
    let result = tokio::select! {
        result = work => result,
        never = end_when_paused(&*shared.store, directory, &context.job, &running.cancel) => match never {},
    };
    context.lease.release().await;
    if let Ok(report) = &result {
        tracing::info!(%job, status = ?report.status, counts = ?report.counts, "the cycle ended");
    }
    result
}

/// Takes the lease, and makes everything ready that work on a job needs.
pub(crate) async fn open(
    shared: &Shared,
    directory: Uuid,
    job: Uuid,
    tally: Arc<Tally>,
    cancel: CancellationToken,
    by: Principal,
) -> Result<Arc<Context>, Error> {
    let configuration = Configuration::load(&*shared.store, Realm(directory), job).await?;
    let known = links::load_state(&*shared.store, job).await?;
    let target = shared.targets.target(directory, &configuration.job, None).await.map_err(Error::Target)?;
    let keeper = Keeper::take(&shared.store, &shared.clock, job, shared.holder, cancel.clone()).await?;
    let lease = Arc::new(keeper.ok_or(Error::Busy)?);
    let capabilities = tokio::select! {
        biased;
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
    let target = (target, capabilities);
    let context = Context::new(shared, directory, configuration, target, &known, lease, tally, cancel, by);
    if let Err(error) = context.take_up().await {
        context.lease.release().await;
        return Err(error);
    }
    Ok(context)
}

/// The report of a cycle that could not even begin.
async fn failed(
    shared: &Shared,
    directory: Uuid,
    job: Uuid,
    tally: &Tally,
    error: Error,
    errand: Errand,
) -> CycleReport {
    if matches!(error, Error::Busy) {
        tracing::debug!(%job, "another process does the work");
    } else {
        tracing::error!(%job, %error, "the cycle could not run");
    }
    let information = match &error {
        Error::Target(information) => Some(information.clone()),
        Error::Stopped => None,
        Error::Busy => {
            let advice = "None: that cycle does the work. Follow it where it runs.";
            Some(finding("JobIsRunning", error.to_string(), advice))
        }
        Error::Store(_) | Error::Source(_) | Error::Damaged(_) => {
            let advice = "It is tried again in a few minutes; if it stays, look at the server's log.";
            Some(finding("InternalServerError", error.to_string(), advice))
        }
        other => {
            let advice = "Correct the job's configuration.";
            Some(finding("InvalidConfiguration", other.to_string(), advice))
        }
    };
    if let Errand::Drift { repair, scheduled } = errand
        && !matches!(error, Error::Busy | Error::UnknownJob(_))
    {
        return drift::could_not_begin(shared, job, tally, information, (repair, scheduled)).await;
    }
    let quarantined = information.as_ref().is_some_and(|it| quarantines(&it.error_code));
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
        let conclusion = Conclusion {
            store: &*shared.store,
            clock: &*shared.clock,
            ids: &shared.ids,
            directory,
            job,
            fence: None,
        };
        conclusion.write(&mut state?, &report, false, shared.clock.now() + RETRY).await
    };
    if let Err(error) = written.await {
        tracing::warn!(%job, %error, "how the cycle ended could not be written down");
    }
    report
}

/// When a job is tried again whose cycle could not begin, and that is not in quarantine.
const RETRY: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);
