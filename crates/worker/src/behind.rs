//! What a batch came to is written while the next one is worked on.
//!
//! Whoever looks at everyone works through many batches, and each would wait for the disk. What is on its way is known
//! here until it is in the store, so that the next batch sees the links as they will be.

use model::{LinkState, ObjectType, Outcome, ProvisioningAction, ProvisioningEntry};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use tokio::sync::{MutexGuard, oneshot};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::Error;
use crate::batch::Mode;
use crate::context::{Context, commit};
use crate::error::{Stop, finding};
use crate::work::Work;

/// Accounts of managers that are remembered.
const ACCOUNTS: usize = 1 << 16;

/// What is on its way into the store, and what whoever looks at everyone remembers from batch to batch.
#[derive(Default)]
pub(crate) struct Behind(Mutex<State>);

#[derive(Default)]
struct State {
    /// The batch that is being written.
    writing: Option<Writing>,
    /// How often somebody else has worked on the job.
    visits: u64,
    /// Managers who were looked at before it was their turn.
    brought: HashSet<Uuid>,
    /// Accounts of managers, as they are in the store; for as long as nobody else works on the job.
    accounts: HashMap<Uuid, Option<String>>,
}

/// A batch on its way into the store.
pub(crate) struct Writing {
    /// The accounts of the objects in the batch.
    accounts: HashMap<Uuid, Option<String>>,
    /// Who has which account.
    holders: HashMap<(ObjectType, String), Uuid>,
    /// What the requests were noted in.
    intents: Option<Uuid>,
    /// Until this is told or dropped, it is put into words but not committed.
    go: oneshot::Sender<()>,
    written: AbortOnDropHandle<Result<Written, Stop>>,
}

/// A batch that was to be committed.
struct Written {
    entries: Vec<ProvisioningEntry>,
    committed: Committed,
}

enum Committed {
    /// What each object counts as.
    Whole(Vec<(Uuid, Outcome)>),
    /// Two objects have the same account.
    NotUnique(Vec<Work>),
}

impl State {
    /// The account of an object, if it is known whether it has one.
    fn account(&self, id: Uuid) -> Option<&Option<String>> {
        let written = self.writing.as_ref().and_then(|writing| writing.accounts.get(&id));
        written.or_else(|| self.accounts.get(&id))
    }
}

impl Behind {
    /// How often somebody else has worked on the job: what was read before the last time ended may be over.
    pub fn visits(&self) -> u64 {
        self.0.lock().visits
    }

    /// Takes note of managers who are looked at before it is their turn.
    pub fn brought(&self, managers: impl Iterator<Item = Uuid>) {
        self.0.lock().brought.extend(managers);
    }

    /// Whether an object was looked at before its turn.
    pub fn was_brought(&self, id: Uuid) -> bool {
        self.0.lock().brought.contains(&id)
    }

    /// Everyone is looked at anew.
    pub fn begin(&self) {
        self.0.lock().brought.clear();
    }

    /// Whether an object is known to have a link.
    pub fn knows(&self, id: Uuid) -> bool {
        let state = self.0.lock();
        state.brought.contains(&id) || state.account(id).is_some_and(Option::is_some)
    }

    /// The accounts of objects as far as they are known, and the other objects.
    pub fn accounts(&self, ids: &[Uuid]) -> (Vec<(Uuid, Option<String>)>, Vec<Uuid>) {
        let state = self.0.lock();
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for id in ids {
            match state.account(*id) {
                Some(account) => known.push((*id, account.clone())),
                None => unknown.push(*id),
            }
        }
        (known, unknown)
    }

    /// Remembers accounts of managers that are in the store.
    pub fn learn(&self, accounts: &[(Uuid, Option<String>)]) {
        let mut state = self.0.lock();
        if state.accounts.len() + accounts.len() > ACCOUNTS {
            state.accounts.clear();
        }
        state.accounts.extend(accounts.iter().cloned());
    }

    /// The object among those being written that has an account.
    pub fn holder(&self, object_type: ObjectType, target_id: &str) -> Option<Uuid> {
        let state = self.0.lock();
        state.writing.as_ref()?.holders.get(&(object_type, target_id.to_owned())).copied()
    }
}

/// Somebody works on a job, and nobody else does.
pub(crate) struct Alone<'a> {
    behind: &'a Behind,
    _gate: MutexGuard<'a, ()>,
}

impl Drop for Alone<'_> {
    /// Counted when it is over: what was read while it lasted may be over as well.
    fn drop(&mut self) {
        let mut state = self.behind.0.lock();
        state.visits += 1;
        state.accounts.clear();
    }
}

impl Context {
    /// Nobody else works on objects meanwhile, and all that was done is in the store.
    pub(crate) async fn alone(&self) -> Result<Alone<'_>, Stop> {
        let gate = self.gate.lock().await;
        self.catch_up().await?;
        Ok(Alone { behind: &self.behind, _gate: gate })
    }

    /// Waits until all that was done is in the store; whoever works on the job meanwhile comes to an end first, for what
    /// he has written is for him to wait for.
    pub(crate) async fn all_written(&self) -> Result<(), Stop> {
        let _gate = self.gate.lock().await;
        self.catch_up().await
    }

    /// Begins to put the links and log entries of a batch into words. They are committed after the next intents, which are
    /// waited for; but at once after a batch without any, and when somebody waits for them.
    pub(crate) fn put_into_words(&self, works: Vec<Work>, intents: Option<Uuid>, mode: Mode) -> Writing {
        let account = |work: &Work| work.link.target_id.clone();
        let accounts = works.iter().map(|work| (work.id, account(work))).collect();
        let holder = |work: &Work| Some(((work.object_type, account(work)?), work.id));
        let holders = works.iter().filter_map(holder).collect();
        let (go, told) = oneshot::channel();
        let context = self.me.upgrade();
        let written = tokio::spawn(async move {
            let context = context.ok_or(Stop::Cancelled)?;
            context.write(works, intents, mode, told).await
        });
        Writing { accounts, holders, intents, go, written: AbortOnDropHandle::new(written) }
    }

    /// Has a batch written while others are worked on; the one before it is in the store.
    pub(crate) fn write_behind(&self, writing: Writing) {
        let mut state = self.behind.0.lock();
        for id in writing.accounts.keys() {
            state.accounts.remove(id);
        }
        let waits = writing.intents.is_some();
        state.writing = Some(writing);
        drop(state);
        if !waits {
            self.go_on_behind();
        }
    }

    async fn write(
        &self,
        mut works: Vec<Work>,
        intents: Option<Uuid>,
        mode: Mode,
        told: oneshot::Receiver<()>,
    ) -> Result<Written, Stop> {
        let mut transaction = self.transaction();
        let mut entries = Vec::new();
        for work in &mut works {
            entries.extend(self.write_down(&mut transaction, work, mode).await?);
        }
        self.no_longer_noted(&mut transaction, intents);
        let _ = told.await;
        let committed = match commit(&*self.store, transaction).await {
            // The objects are let go of here, beside the next batch.
            Ok(()) => Committed::Whole(outcomes(&works)),
            Err(store::Error::NotUnique { .. }) => Committed::NotUnique(works),
            Err(error) => return Err(error.into()),
        };
        Ok(Written { entries, committed })
    }

    /// Has what is being written committed; nobody waits for that.
    pub(crate) fn go_on_behind(&self) {
        let mut state = self.behind.0.lock();
        if let Some(writing) = &mut state.writing {
            let _ = std::mem::replace(&mut writing.go, oneshot::channel().0).send(());
        }
    }

    /// Waits until what is being written is in the store.
    pub(crate) async fn catch_up(&self) -> Result<(), Stop> {
        let writing = self.behind.0.lock().writing.take();
        match writing {
            Some(writing) => self.written(writing).await.map(drop),
            None => Ok(()),
        }
    }

    /// Waits until a batch is in the store, and tells the tally; the log entries, where they were asked for.
    pub(crate) async fn written(&self, writing: Writing) -> Result<Vec<ProvisioningEntry>, Stop> {
        let Writing { intents, go, written, .. } = writing;
        let _ = go.send(());
        let written = match written.await {
            Ok(written) => written?,
            Err(panic) => return Err(Error::Damaged(format!("the writing of a batch: {panic}")).into()),
        };
        let outcomes = match written.committed {
            Committed::Whole(outcomes) => outcomes,
            Committed::NotUnique(mut works) => {
                self.write_one_by_one(&mut works, intents).await?;
                outcomes(&works)
            }
        };
        self.tally.record(outcomes);
        Ok(written.entries)
    }

    /// The target gave two objects the same account: the one that comes second fails, the others are written.
    async fn write_one_by_one(&self, works: &mut [Work], intents: Option<Uuid>) -> Result<(), Stop> {
        for work in works {
            let mut transaction = self.transaction();
            self.write_down(&mut transaction, work, Mode::default()).await?;
            match self.commit(transaction).await {
                Err(Stop::Other(Error::Store(store::Error::NotUnique { holder, .. }))) => {
                    let id = work.link.target_id.take().unwrap_or_default();
                    work.link.state = LinkState::Pending;
                    work.link.shadow.clear();
                    work.link.referrers_due = false;
                    work.modified.clear();
                    let reason = format!("the target answered with the account {id} of the object {holder}");
                    let advice = "Give the two objects different values for the matching attribute.";
                    let error = finding("DuplicateSourceEntries", reason, advice);
                    work.contest(self, ProvisioningAction::Create, error);
                    let mut transaction = self.transaction();
                    self.write_down(&mut transaction, work, Mode::default()).await?;
                    self.commit(transaction).await?;
                }
                result => result?,
            }
        }
        let mut transaction = self.transaction();
        self.no_longer_noted(&mut transaction, intents);
        self.commit(transaction).await
    }
}

fn outcomes(works: &[Work]) -> Vec<(Uuid, Outcome)> {
    works.iter().filter_map(|work| Some((work.id, work.outcome?))).collect()
}
