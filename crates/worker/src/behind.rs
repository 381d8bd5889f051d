//! What a batch came to is written while the next one is worked on.
//!
//! Whoever looks at everyone works through many batches, and each would wait for the disk. What is on its way is known
//! here until it is in the store, so that the next batch sees the links as they will be.

use model::{LinkState, ObjectType, ProvisioningAction};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use store::{Expect, Kind, Transaction};
use tokio::sync::MutexGuard;
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
    /// How often somebody had the job to himself.
    visits: u64,
    /// Managers who were looked at before it was their turn.
    brought: HashSet<Uuid>,
    /// Accounts of managers, as they are in the store; for as long as nobody else works on the job.
    accounts: HashMap<Uuid, Option<String>>,
}

struct Writing {
    works: Vec<Work>,
    /// The places of objects in the batch.
    places: HashMap<Uuid, usize>,
    /// Who has which account.
    holders: HashMap<(ObjectType, String), Uuid>,
    /// What the requests were noted in.
    intents: Option<Uuid>,
    commit: AbortOnDropHandle<store::Result<()>>,
}

impl State {
    /// The account of an object, if it is known whether it has one.
    fn account(&self, id: Uuid) -> Option<&Option<String>> {
        let writing = self.writing.as_ref();
        let place = writing.and_then(|writing| writing.places.get(&id).map(|place| &writing.works[*place]));
        place.map(|work| &work.link.target_id).or_else(|| self.accounts.get(&id))
    }
}

impl Behind {
    /// How often somebody had the job to himself: what was read before the last time may be over.
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

impl Context {
    /// Nobody else works on objects meanwhile, and all that was done is in the store.
    pub(crate) async fn alone(&self) -> Result<MutexGuard<'_, ()>, Stop> {
        let alone = self.gate.lock().await;
        self.catch_up().await?;
        let mut state = self.behind.0.lock();
        state.visits += 1;
        state.accounts.clear();
        drop(state);
        Ok(alone)
    }

    /// Has a batch written, whose links and log entries are in the transaction. The one before it is in the store.
    pub(crate) fn write_behind(&self, mut transaction: Transaction, works: Vec<Work>, intents: Option<Uuid>) {
        if let Some(intents) = intents {
            transaction.delete(self.realm(), Kind::Intent, intents, Expect::Any);
        }
        let places = works.iter().enumerate().map(|(place, work)| (work.id, place)).collect();
        let holder = |work: &Work| Some(((work.object_type, work.link.target_id.clone()?), work.id));
        let holders = works.iter().filter_map(holder).collect();
        let store = self.store.clone();
        let commit = tokio::spawn(async move { commit(&*store, transaction).await });
        let commit = AbortOnDropHandle::new(commit);
        let mut state = self.behind.0.lock();
        for work in &works {
            state.accounts.remove(&work.id);
        }
        state.writing = Some(Writing { works, places, holders, intents, commit });
    }

    /// Waits until what is being written is in the store, and tells the tally.
    pub(crate) async fn catch_up(&self) -> Result<(), Stop> {
        let Some(writing) = self.behind.0.lock().writing.take() else { return Ok(()) };
        let Writing { mut works, intents, commit, .. } = writing;
        match commit.await {
            Ok(Ok(())) => {}
            Ok(Err(store::Error::NotUnique { .. })) => self.write_one_by_one(&mut works, intents).await?,
            Ok(Err(error)) => return Err(error.into()),
            Err(panic) => return Err(Error::Damaged(format!("the writing of a batch: {panic}")).into()),
        }
        self.tally.record(works.iter().filter_map(|work| Some((work.id, work.outcome?))));
        Ok(())
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
        if let Some(intents) = intents {
            transaction.delete(self.realm(), Kind::Intent, intents, Expect::Any);
        }
        self.commit(transaction).await
    }
}
