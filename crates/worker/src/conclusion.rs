//! How a cycle ended: what the job remembers of it, the quarantine that follows, and whom it is told.

use std::ops::Bound;

use directory::disable_job;
use engine::{Before, CycleEnd, Failures, after_cycle, fewest_failures, is_large_share, too_many_failures};
use jiff::Timestamp;
use model::{
    Clock, CycleReport, CycleStatus, ErrorInformation, Ids, Job, JobNotice, JobState, Link, LinkState,
    Principal, QuarantineEvent, ServicePrincipal,
};
use store::{Expect, Fence, KeyName, KeyRange, Kind, Realm, Store, Transaction};
use uuid::Uuid;

use crate::Error;
use crate::context::{Context, commit};
use crate::error::{Stop, finding};
use crate::links::{self, Pass};

/// Where and for whom the end of a cycle is written down.
pub(crate) struct Conclusion<'a> {
    pub store: &'a dyn Store,
    pub clock: &'a dyn Clock,
    pub ids: &'a Ids,
    pub directory: Uuid,
    pub job: Uuid,
    /// Proof of the lease, where one was taken.
    pub fence: Option<Fence>,
}

impl Conclusion<'_> {
    /// Writes down how a cycle ended, all at once: report, quarantine, the mail that tells of it, and the end of a job
    /// that was in quarantine for too long. `staged`: a guard held changes back, and nothing else
    /// kept the cycle from its end; `regular` is when the next one is due by the schedule.
    pub async fn write(
        &self,
        state: &mut JobState,
        report: &CycleReport,
        staged: bool,
        regular: Timestamp,
    ) -> Result<(), Error> {
        let (earlier, failing_since) = (state.quarantine.take(), state.failing_since);
        loop {
            let stored = self.store.get(Realm(self.directory), Kind::Job, self.job).await?;
            let Some(stored) = stored else { return Ok(()) };
            let job: Job = serde_json::from_slice(&stored.body)
                .map_err(|error| Error::Damaged(format!("the job {}: {error}", self.job)))?;
            let now = self.clock.now();
            let before = Before { quarantine: earlier.as_ref(), failing_since, started: job.started };
            let after = after_cycle(before, end(report, staged), now, regular);
            state.next_run = Some(after.next_run);
            state.quarantine = after.quarantine;
            state.failing_since = after.failing_since;
            state.last_cycle = Some(report.clone());
            let mut transaction = Transaction { fence: self.fence.clone(), ..Transaction::new(now) };
            links::put_state(&mut transaction, self.job, state);
            if let (Some(event), Some(quarantine)) = (after.event, &state.quarantine) {
                let notice = JobNotice {
                    directory: self.directory,
                    job: self.job,
                    event,
                    at: now,
                    quarantine: quarantine.clone(),
                };
                let body = serde_json::to_vec(&notice).expect("a notice is plain data");
                let id = self.ids.next();
                transaction.put(Realm::INSTALLATION, Kind::Notice, id, Expect::Absent, body, Vec::new());
                let (job, reason) = (self.job, &quarantine.reason);
                tracing::warn!(%job, ?event, %reason, why = %quarantine.error.reason, "quarantine");
            }
            if after.event == Some(QuarantineEvent::Disabled) {
                let application = self.application(&job).await?;
                let by = Principal::system("quarantine");
                let version = (&job, stored.version);
                let entry = self.ids.next();
                disable_job(&mut transaction, Realm(self.directory), version, &application, &by, entry);
            }
            match commit(self.store, transaction).await {
                // Somebody changed the job meanwhile.
                Err(store::Error::VersionMismatch { .. } | store::Error::Missing { .. }) => {}
                result => return Ok(result?),
            }
        }
    }

    async fn application(&self, job: &Job) -> Result<String, Error> {
        let found =
            self.store.get(Realm(self.directory), Kind::ServicePrincipal, job.service_principal_id).await?;
        let principal = found.and_then(|found| serde_json::from_slice::<ServicePrincipal>(&found.body).ok());
        Ok(principal.map_or_else(|| job.id.to_string(), |principal| principal.display_name))
    }
}

fn end(report: &CycleReport, staged: bool) -> CycleEnd<'_> {
    match (report.status, &report.error) {
        (CycleStatus::Quarantined, Some(error)) if staged => CycleEnd::Staged(error),
        (CycleStatus::Quarantined, Some(error)) => CycleEnd::Bad(error),
        (CycleStatus::Completed, _) => CycleEnd::Good,
        (_, None) => CycleEnd::CutOff,
        (_, Some(error)) => CycleEnd::Passing(error),
    }
}

impl Context {
    /// What puts the job into quarantine for its failures, if there are many: all count that wait for another try, also
    /// those whose turn it was not in this cycle.
    pub(crate) async fn too_many_failures(&self) -> Result<Option<ErrorInformation>, Error> {
        // Most often there are few, which costs nothing to see.
        let any = KeyRange { name: KeyName::EscrowDue, from: Bound::Unbounded, to: Bound::Unbounded };
        let limits = self.job.failure_limits;
        let waiting = self.store.count_keys(self.realm(), Kind::Link, any).await?;
        // Behind one object may stand any number of references.
        let references = self.tally.references() > 0 || (waiting > 0 && limits.total.is_some());
        if waiting < fewest_failures(limits) && !references {
            return Ok(None);
        }
        let mut failures = Failures::default();
        let mut pass = Pass::any(KeyName::EscrowDue);
        while let Some(links) = self.next_links(&mut pass).await? {
            for escrow in links.iter().filter_map(|link| link.escrow.as_ref()) {
                match escrow.references {
                    Some(count) => failures.references += count,
                    None => failures.objects += 1,
                }
            }
        }
        failures.in_scope = self.in_scope(failures.objects).await?;
        Ok(too_many_failures(limits, failures).map(|reason| {
            let Failures { objects, references, .. } = failures;
            let text =
                format!("{objects} objects and {references} references failed and wait for another try");
            let advice = "Look at the failures in the provisioning log; many of one kind have one cause. If so many are \
                          to be expected, raise the limit (provost job set NAME --failures).";
            finding(reason, text, advice)
        }))
    }

    /// How many objects are in the target or should be, counted as far as it matters for so many failures: accounts that
    /// were disabled long ago must not make failures look few.
    async fn in_scope(&self, failures: u64) -> Result<u64, Stop> {
        let meant = |link: &&Link| matches!(link.state, LinkState::Active | LinkState::Pending);
        let mut count = 0;
        let mut all = Pass::whole();
        while is_large_share(self.job.failure_limits, failures, count)
            && let Some(links) = self.next_links(&mut all).await?
        {
            count += links.iter().filter(meant).count() as u64;
        }
        Ok(count)
    }
}
