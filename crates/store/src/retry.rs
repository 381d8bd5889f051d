//! The one place that tries a transaction again.

use crate::{Committed, Error, Result, Store, Transaction};

/// How often a transaction that meets others is tried. Far above what contention needs; a bound, so that a defect
/// shows as an error and not as a hang.
const ATTEMPTS: usize = 200;

/// Reads, decides and commits, again while others come in between ([`Error::Serialization`],
/// [`Error::VersionMismatch`]).
///
/// `attempt` reads what it decides by, anew each time it is called, and returns the transaction (an empty one
/// commits nothing) with what the caller wants to know. An error of `attempt` itself ends the loop.
///
/// The closure is one that returns a future and not an `AsyncFnMut`, whose futures the compiler cannot show to be
/// `Send`; most closures written `async || ...` fit as they are.
pub async fn transact<T, E, F, A>(store: &dyn Store, mut attempt: F) -> Result<(T, Option<Committed>), E>
where
    E: From<Error>,
    F: FnMut() -> A,
    A: Future<Output = Result<(Transaction, T), E>>,
{
    let mut tries = 0;
    loop {
        let (transaction, answer) = attempt().await?;
        if transaction.is_empty() {
            return Ok((answer, None));
        }
        tries += 1;
        match store.commit(transaction).await {
            Ok(committed) => return Ok((answer, Some(committed))),
            Err(Error::Serialization | Error::VersionMismatch { .. }) if tries < ATTEMPTS => {
                tokio::task::yield_now().await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Commits a transaction that rests on nothing that was read before, again while others come in between
/// ([`Error::Serialization`]).
pub async fn commit(store: &dyn Store, transaction: Transaction) -> Result<Committed> {
    let mut tries = 1;
    loop {
        match store.commit(transaction.clone()).await {
            Err(Error::Serialization) if tries < ATTEMPTS => tries += 1,
            outcome => return outcome,
        }
        tokio::task::yield_now().await;
    }
}
