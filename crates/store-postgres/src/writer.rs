//! The one task of a node that writes: it takes what has gathered, decides it in memory, commits once, and answers.

use std::collections::HashSet;

use deadpool_postgres::ClientWrapper;
use store::{Committed, Error, Op, Realm, Result, Transaction};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::draft::Draft;
use crate::error::of_statement;
use crate::needs::Needs;
use crate::pipeline::Pipeline;
use crate::pool::Pool;
use crate::write;

/// Transactions taken into one commit, and bytes of documents in them: what bounds the time that the first one waits for
/// its answer, and what is in memory. A larger one is committed alone.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 8 << 20;

/// Above so many realms the memory of which exist starts anew.
const REALMS: usize = 100_000;

type Answer = oneshot::Sender<Result<Committed>>;

/// A transaction, and where its answer goes.
pub(crate) struct Job {
    transaction: Transaction,
    answer: Answer,
}

impl Job {
    /// A job, and where its answer comes.
    pub fn new(transaction: Transaction) -> (Self, oneshot::Receiver<Result<Committed>>) {
        let (answer, receiver) = oneshot::channel();
        (Self { transaction, answer }, receiver)
    }
}

/// Commits until nobody can send transactions any more and all are answered.
pub(crate) async fn run(pool: Pool, mut jobs: mpsc::Receiver<Job>, commits: watch::Sender<u64>) {
    let mut writer = Writer { pool, known: HashSet::new() };
    while let Some(first) = jobs.recv().await {
        let (transactions, answers) = gather(first, &mut jobs);
        let outcomes = writer.batch(&transactions).await;
        if outcomes.iter().any(Result::is_ok) {
            commits.send_modify(|count| *count += 1);
        }
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever asked may have gone away.
            let _ = answer.send(outcome);
        }
    }
}

/// What has gathered, up to the limits.
fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>) -> (Vec<Transaction>, Vec<Answer>) {
    let (mut transactions, mut answers, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut job = first;
    loop {
        bytes += weight(&job.transaction);
        transactions.push(job.transaction);
        answers.push(job.answer);
        if transactions.len() >= BATCH || bytes >= BATCH_BYTES {
            return (transactions, answers);
        }
        match jobs.try_recv() {
            Ok(next) => job = next,
            Err(_) => return (transactions, answers),
        }
    }
}

fn weight(transaction: &Transaction) -> usize {
    let bytes = |op: &Op| match op {
        Op::Put { body, .. } => body.len() + 256,
        _ => 64,
    };
    transaction.ops.iter().map(bytes).sum()
}

struct Writer {
    pool: Pool,
    /// Realms that have a row.
    known: HashSet<Realm>,
}

impl Writer {
    /// The outcome of each transaction, when all that succeed are durable.
    async fn batch(&mut self, transactions: &[Transaction]) -> Vec<Result<Committed>> {
        match self.commit(transactions).await {
            Ok(outcomes) => outcomes,
            // One that the database cannot take must not stand in the way of the others.
            Err(Error::Backend(_)) if transactions.len() > 1 => {
                let mut outcomes = Vec::with_capacity(transactions.len());
                for transaction in transactions {
                    let alone = self.commit(std::slice::from_ref(transaction)).await;
                    outcomes.push(alone.and_then(|mut it| it.pop().unwrap_or(Err(Error::Closed))));
                }
                outcomes
            }
            Err(error) => {
                if !matches!(error, Error::Serialization) {
                    tracing::error!(%error, transactions = transactions.len(), "cannot commit");
                }
                transactions.iter().map(|_| Err(copy(&error))).collect()
            }
        }
    }

    async fn commit(&mut self, transactions: &[Transaction]) -> Result<Vec<Result<Committed>>> {
        let client = self.pool.get().await?;
        let needs = Needs::of(transactions);
        self.make_realms(&client, &needs).await?;
        let outcome = commit(&client, needs, transactions).await;
        if outcome.is_err() {
            // Where the transaction is over already this is a warning, and where the connection is gone, nothing.
            let _ = client.batch_execute("ROLLBACK").await;
        }
        outcome
    }

    /// Gives the realms that are written to for the first time their rows. A transaction that is refused afterwards leaves
    /// a realm without anything in it, as any is before.
    async fn make_realms(&mut self, client: &ClientWrapper, needs: &Needs) -> Result<()> {
        let new: Vec<Uuid> =
            needs.written.iter().filter(|it| !self.known.contains(it)).map(|it| it.0).collect();
        if new.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO provost.realm(uuid, rid)
                   SELECT asked.uuid, nextval('provost.rid') FROM unnest($1::uuid[]) AS asked(uuid)
                   ON CONFLICT (uuid) DO NOTHING";
        let statement = client.prepare_cached(sql).await.map_err(of_statement)?;
        client.execute(&statement, &[&new]).await.map_err(of_statement)?;
        if self.known.len() >= REALMS {
            self.known.clear();
        }
        self.known.extend(new.into_iter().map(Realm));
        Ok(())
    }
}

async fn commit(
    client: &ClientWrapper,
    needs: Needs,
    transactions: &[Transaction],
) -> Result<Vec<Result<Committed>>> {
    let mut draft = Draft::new(needs.read(client).await?);
    let outcomes = transactions.iter().map(|transaction| draft.apply(transaction)).collect();
    let mut pipeline = Pipeline::new(client);
    write::add(&draft, &mut pipeline).await?;
    // Also where nothing is to be written: that what was read still holds is only known after the commit.
    pipeline.run(None, Some("COMMIT")).await?;
    Ok(outcomes)
}

/// The same error for each of those that it concerns.
fn copy(error: &Error) -> Error {
    match error {
        Error::Serialization => Error::Serialization,
        Error::Closed => Error::Closed,
        Error::Unavailable(words) => Error::Unavailable(words.clone()),
        other => Error::Backend(other.to_string()),
    }
}
