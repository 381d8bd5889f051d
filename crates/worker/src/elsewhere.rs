//! Jobs that other processes may be at work on: several share a store, and each looks after all jobs.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use model::Job;
use parking_lot::Mutex;
use store::{Kind, Realm, Store};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often a cycle looks whether its job was paused elsewhere, and the schedule whether one that ran elsewhere still
/// does.
const LOOK: Duration = Duration::from_secs(5);

/// Jobs that another process was at work on when this one wanted to be.
#[derive(Default)]
pub(crate) struct Elsewhere(Mutex<HashMap<Uuid, Instant>>);

impl Elsewhere {
    /// Another process has the lease of that job.
    pub fn note(&self, job: Uuid) {
        self.0.lock().insert(job, Instant::now());
    }

    /// Whether that is too lately known to be looked at again.
    pub fn is_noted(&self, job: Uuid) -> bool {
        let mut all = self.0.lock();
        all.retain(|_, noted| noted.elapsed() < LOOK);
        all.contains_key(&job)
    }
}

/// Cancels what runs for a job that was started once it no longer is, whichever process was told so.
pub(crate) async fn end_when_paused(
    store: &dyn Store,
    directory: Uuid,
    job: &Job,
    cancel: &CancellationToken,
) -> Infallible {
    while job.started && !cancel.is_cancelled() {
        sleep(LOOK).await;
        // While the store does not answer, nobody knows.
        let Ok(found) = store.get(Realm(directory), Kind::Job, job.id).await else { continue };
        let started = |body: &[u8]| serde_json::from_slice(body).is_ok_and(|job: Job| job.started);
        if !found.is_some_and(|found| started(&found.body)) {
            tracing::info!(job = %job.id, "the job was paused; its cycle ends");
            cancel.cancel();
        }
    }
    pending().await
}
