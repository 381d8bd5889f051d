//! Compares what the target holds with what the job left there, and puts right what differs if that is asked for.

mod members;
mod repair;
mod survey;

use model::{CycleReport, CycleStatus, DriftFinding, DriftReport, ErrorInformation, JobState, ObjectType};
use serde_json::Value;
use store::{Cursor, Expect, Kind, Realm, Scan, Store, Transaction};
use uuid::Uuid;

use crate::context::{BATCH, Context, commit};
use crate::error::Stop;
use crate::schedule::Shared;
use crate::tally::Tally;
use crate::{Error, links};
use survey::Survey;

/// The longest value that is kept whole, in bytes.
const LONGEST: usize = 2_000;

/// The most differences that are kept to be read; all are counted.
const MOST_LISTED: u64 = 10_000;

impl Context {
    /// Compares, repairs if asked to, and writes down what came of it. A comparison alone sends nothing but questions,
    /// and leaves the job and its links as they are.
    pub async fn drift(&self, repair: bool, scheduled: bool) -> Result<CycleReport, Error> {
        let mut state = links::load_state(&*self.store, self.job.id).await?;
        let mut survey = Survey::default();
        // Should the process die, this is what is known of it: the differences found before are being replaced.
        let cut_off = self.tally.ended(CycleStatus::Interrupted, None);
        state.last_drift = Some(survey.report(&cut_off, (repair, scheduled), self.clock.now()));
        let work = Box::pin(self.compare_and_repair(&mut state, repair, &mut survey));
        let result = self.in_time(work).await;
        let staged = matches!(result, Ok(Some(_)));
        let (status, error) = self.ending(result);
        // What is wrong with the target is told; what follows from it is the business of cycles.
        let status =
            if !repair && status == CycleStatus::Quarantined { CycleStatus::Interrupted } else { status };
        let report = self.tally.ended(status, error);
        let ended = survey.report(&report, (repair, scheduled), self.clock.now());
        // One that did not come to its end is due again.
        if scheduled && ended.status != CycleStatus::Interrupted {
            state.drift_began = Some(ended.started);
        }
        state.last_drift = Some(ended);
        let written = if status == CycleStatus::Quarantined {
            self.conclude(&mut state, &report, staged && !survey.refused).await
        } else {
            let mut transaction = self.transaction();
            links::put_state(&mut transaction, self.job.id, &state);
            self.commit(transaction).await.map_err(Error::from)
        };
        match written {
            Ok(()) | Err(Error::Stopped | Error::Store(store::Error::Fenced { .. })) => Ok(report),
            Err(error) => Err(error),
        }
    }

    /// Returns why a guard holds something back.
    async fn compare_and_repair(
        &self,
        state: &mut JobState,
        repair: bool,
        survey: &mut Survey,
    ) -> Result<Option<ErrorInformation>, Stop> {
        // Somebody may provision an object by hand meanwhile.
        self.begin_applying(state).await?;
        self.save(state).await?;
        forget(&*self.store, self.realm(), || self.transaction()).await?;
        self.tally.expect(self.store.count(self.realm(), Kind::Link).await?);
        for object_type in [ObjectType::User, ObjectType::Group] {
            if let Some(rule) = self.rule(object_type) {
                self.survey(rule, object_type, survey).await?;
            }
        }
        if repair { self.repair(state, survey).await } else { Ok(None) }
    }

    /// Writes down differences, as far as there is room in the list.
    async fn list_findings(&self, survey: &mut Survey, findings: Vec<DriftFinding>) -> Result<(), Stop> {
        let mut findings = findings.into_iter().peekable();
        while findings.peek().is_some() {
            let mut transaction = self.transaction();
            for mut finding in findings.by_ref().take(BATCH) {
                survey.found.add(finding.kind);
                survey.repairable += u64::from(finding.repairable);
                if survey.listed < MOST_LISTED {
                    survey.listed += 1;
                    for value in [&mut finding.expected, &mut finding.found] {
                        shorten(value);
                    }
                    let body = serde_json::to_vec(&finding).expect("a finding is plain data");
                    let id = self.ids.next();
                    transaction.put(self.realm(), Kind::DriftFinding, id, Expect::Absent, body, Vec::new());
                }
            }
            self.commit(transaction).await?;
        }
        Ok(())
    }
}

/// Keeps of a value what is worth reading: the target may send any amount.
fn shorten(value: &mut Value) {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.len() > LONGEST {
        let kept: String = text.chars().take(LONGEST).collect();
        *value = format!("{kept} ...").into();
    }
}

impl Survey {
    fn report(
        &self,
        cycle: &CycleReport,
        (repair, scheduled): (bool, bool),
        ended: jiff::Timestamp,
    ) -> DriftReport {
        DriftReport {
            cycle_id: cycle.cycle_id,
            repair,
            scheduled,
            started: cycle.started,
            ended,
            status: cycle.status,
            compared: self.compared,
            found: self.found,
            repairable: self.repairable,
            listed: self.listed,
            unread: self.unread,
            groups_without_members: self.silent.len() as u64,
            not_listed: self.not_listed.clone(),
            repaired: if repair { cycle.counts } else { model::CycleCounts::default() },
            held_back: self.refused || cycle.counts.staged > 0,
            error: cycle.error.clone().or_else(|| self.error.clone()),
        }
    }
}

/// Forgets the differences that were found before.
async fn forget(store: &dyn Store, realm: Realm, transaction: impl Fn() -> Transaction) -> Result<(), Error> {
    loop {
        let page = store.scan(realm, Kind::DriftFinding, Scan::first(BATCH)).await?;
        if page.objects.is_empty() {
            return Ok(());
        }
        let mut transaction = transaction();
        for object in page.objects {
            transaction.delete(realm, Kind::DriftFinding, object.id, Expect::Any);
        }
        commit(store, transaction).await?;
    }
}

/// What is written down of a comparison that could not begin.
pub(crate) async fn could_not_begin(
    shared: &Shared,
    job: Uuid,
    tally: &Tally,
    error: Option<ErrorInformation>,
    asked: (bool, bool),
) -> CycleReport {
    let report = tally.ended(CycleStatus::Interrupted, error);
    let written = async {
        let now = shared.clock.now();
        forget(&*shared.store, Realm(job), || Transaction::new(now)).await?;
        let mut state = links::load_state(&*shared.store, job).await?;
        state.last_drift = Some(Survey::default().report(&report, asked, now));
        let mut transaction = Transaction::new(now);
        links::put_state(&mut transaction, job, &state);
        commit(&*shared.store, transaction).await?;
        Ok::<_, Error>(())
    };
    if let Err(error) = written.await {
        tracing::warn!(%job, %error, "that the comparison could not begin could not be written down");
    }
    report
}

/// A page of the differences that the last comparison found, from where the page before it ended, and where the next
/// one begins.
pub(crate) async fn findings(
    shared: &Shared,
    job: Uuid,
    after: Option<Cursor>,
    top: usize,
) -> Result<(Vec<DriftFinding>, Option<Cursor>), Error> {
    let page = shared.store.scan(Realm(job), Kind::DriftFinding, Scan::first(top).after(after)).await?;
    let decode = |object: &store::Object| {
        serde_json::from_slice(&object.body)
            .map_err(|error| Error::Damaged(format!("the difference {}: {error}", object.id)))
    };
    let findings = page.objects.iter().map(decode).collect::<Result<_, _>>()?;
    Ok((findings, page.next))
}
