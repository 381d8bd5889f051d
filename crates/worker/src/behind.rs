//! What a batch came to is written while the next one is worked on.
//!
//! Whoever looks at everyone works through many batches, and each would wait for the disk. What is on its way is known
//! here until it is in the store, so that the next batch sees the links as they will be.

use model::{LinkState, ObjectType, ProvisioningAction};
use parking_lot::Mutex;
use std::collections::HashMap;
use store::{Expect, Kind, Transaction};
use tokio::sync::MutexGuard;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::Error;
use crate::batch::Mode;
use crate::context::{Context, commit};
use crate::error::{Stop, finding};
use crate::work::Work;

/// A batch that is being written; nothing, or one.
#[derive(Default)]
pub(crate) struct Behind(Mutex<Option<Writing>>);

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

impl Behind {
    /// Whether what became of an object is being written.
    pub fn holds(&self, id: Uuid) -> bool {
        self.0.lock().as_ref().is_some_and(|writing| writing.places.contains_key(&id))
    }

    /// The account of an object that is being written.
    pub fn account(&self, id: Uuid) -> Option<String> {
        let writing = self.0.lock();
        let writing = writing.as_ref()?;
        writing.works[*writing.places.get(&id)?].link.target_id.clone()
    }

    /// The object among those being written that has an account.
    pub fn holder(&self, object_type: ObjectType, target_id: &str) -> Option<Uuid> {
        let writing = self.0.lock();
        writing.as_ref()?.holders.get(&(object_type, target_id.to_owned())).copied()
    }
}

impl Context {
    /// Nobody else works on objects meanwhile, and all that was done is in the store.
    pub(crate) async fn alone(&self) -> Result<MutexGuard<'_, ()>, Stop> {
        let alone = self.gate.lock().await;
        self.catch_up().await?;
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
        *self.behind.0.lock() = Some(Writing { works, places, holders, intents, commit });
    }

    /// Waits until what is being written is in the store, and tells the tally.
    pub(crate) async fn catch_up(&self) -> Result<(), Stop> {
        let Some(writing) = self.behind.0.lock().take() else { return Ok(()) };
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
