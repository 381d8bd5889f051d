//! What the next cycle would do: the cycle itself, over a store that keeps nothing and a target that is rehearsed with.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use directory::{Credentials, put_job};
use model::{
    CycleKind, CycleReport, ErrorInformation, Job, ObjectType, Principal, ProvisioningAction,
    ProvisioningEntry,
};
use parking_lot::Mutex;
use scim_client::Target;
use store::{Expect, Overlay, Realm, Store as _, Transaction};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::elsewhere::Elsewhere;
use crate::error::Stop;
use crate::handle::on_demand;
use crate::schedule::{Shared, open};
use crate::tally::Tally;
use crate::{Error, Targets};

/// What a cycle would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The report that the cycle would have: counts, and what a guard says.
    pub report: CycleReport,
    /// What the log would have, removals first, and of a selection also why nothing is to be done; values that may not be shown are concealed as there. What would be
    /// created has a made-up identifier in the target.
    pub entries: PlannedEntries,
}

/// Entries of the log that was not written, decoded one by one: there may be very many.
#[derive(Clone, Debug, Default)]
pub struct PlannedEntries(Vec<Bytes>);

impl PlannedEntries {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for PlannedEntries {
    type Item = ProvisioningEntry;
    type IntoIter = std::iter::FilterMap<std::vec::IntoIter<Bytes>, fn(Bytes) -> Option<ProvisioningEntry>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().filter_map(|body| decode(&body))
    }
}

/// An entry, which this process has just encoded, and decoded once before it became part of a plan.
fn decode(body: &Bytes) -> Option<ProvisioningEntry> {
    directory::decode_entry(body).ok()
}

/// Targets that are read and not written to.
struct Rehearsed(Arc<dyn Targets>);

#[async_trait::async_trait]
impl Targets for Rehearsed {
    async fn target(
        &self,
        directory: Uuid,
        job: &Job,
        credentials: Option<Credentials>,
    ) -> Result<Target, ErrorInformation> {
        Ok(self.0.target(directory, job, credentials).await?.rehearsing())
    }
}

/// Rehearses the next cycle, or what provisioning these objects on demand would do; where the job is given as it is to
/// become, with its configuration. Takes no lease: a cycle that runs is not disturbed, and what it has done before the
/// plan comes to it is not in the plan.
pub(crate) async fn plan(
    shared: &Shared,
    (directory, job): (Uuid, Uuid),
    unsaved: Option<&Job>,
    selection: Option<&[(ObjectType, Uuid)]>,
    by: Principal,
) -> Result<Plan, Error> {
    // What a plan holds is bounded, and so is how many there are.
    let _alone = shared.plans.lock().await;
    let overlay = Arc::new(Overlay::over(Arc::clone(&shared.store)));
    if let Some(unsaved) = unsaved {
        let mut transaction = Transaction::new(shared.clock.now());
        put_job(&mut transaction, Realm(directory), unsaved, Expect::Any);
        overlay.commit(transaction).await?;
    }
    let rehearsal = Shared {
        store: Arc::<Overlay>::clone(&overlay),
        clock: Arc::clone(&shared.clock),
        ids: shared.ids.clone(),
        settle: shared.settle,
        page: shared.page,
        scratch: shared.scratch.clone(),
        holder: shared.holder,
        targets: Arc::new(Rehearsed(Arc::clone(&shared.targets))),
        running: Mutex::default(),
        elsewhere: Elsewhere::default(),
        states: Mutex::default(),
        plans: tokio::sync::Mutex::default(),
        stop: shared.stop.child_token(),
        tasks: TaskTracker::new(),
    };
    let report = Tally::begin(shared.ids.next(), CycleKind::Incremental, shared.clock.now());
    let tally = Arc::new(Tally::new(watch::channel(report).0));
    let cancel = rehearsal.stop.child_token();
    let context = open(&rehearsal, directory, job, Arc::clone(&tally), cancel, by).await?;
    let mut explained = Vec::new();
    let worked = match selection {
        None => context.cycle(true).await,
        Some(objects) => {
            let work = async {
                for (object_type, id) in objects {
                    explained.extend(on_demand(&context, *object_type, *id).await?);
                }
                Ok::<_, Stop>(tally.ended(model::CycleStatus::Completed, None))
            };
            work.await.map_err(Error::from)
        }
    };
    context.lease.release().await;
    if overlay.has_refused() {
        return Err(Error::PlanTooLarge);
    }
    let mut logged: HashSet<Uuid> = HashSet::new();
    let mut entries = Vec::new();
    for body in overlay.take_entries() {
        let entry = decode(&body).ok_or_else(|| Error::Damaged("an entry of the plan".to_owned()))?;
        logged.insert(entry.id);
        entries.push((order(&entry), body));
    }
    let explained = explained.iter().filter(|entry| !logged.contains(&entry.id));
    entries.extend(explained.filter_map(|it| Some((order(it), serde_json::to_vec(it).ok()?.into()))));
    entries.sort();
    let entries = PlannedEntries(entries.into_iter().map(|(_, body)| body).collect());
    Ok(Plan { report: worked?, entries })
}

fn order(entry: &ProvisioningEntry) -> (u8, bool, String, String) {
    let action = match entry.provisioning_action {
        ProvisioningAction::Delete => 0,
        ProvisioningAction::StagedDelete => 1,
        ProvisioningAction::Disable => 2,
        ProvisioningAction::Create => 3,
        ProvisioningAction::Update => 4,
        ProvisioningAction::Other => 5,
    };
    let renamed = entry.modified_properties.iter().any(|it| it.display_name == "userName");
    let source = &entry.source_identity;
    (action, !renamed, source.display_name.clone(), source.id.clone())
}
