//! Any transactions have the same outcome and leave the same state here as in memory, also when they are committed
//! together.

use futures::future::join_all;
use proptest::prelude::*;
use secrecy::SecretString;
use store::{Store as _, Transaction};
use store_memory::MemoryStore;
use store_postgres::{Address, PostgresStore};
use testkit::Postgres;
use testkit::against_memory::{Step, compare, steps, take_all};

fn run<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(task)
}

async fn open() -> PostgresStore {
    let url = SecretString::from(Postgres::shared().database());
    PostgresStore::open(&Address::parse(&url, None).expect("an address")).await.expect("the store opens")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_same_as_in_memory(steps in steps()) {
        run(async {
            let (postgres, memory) = (open().await, MemoryStore::new());
            take_all(&postgres, &memory, &steps).await?;
            compare(&postgres, &memory).await
        })?;
    }

    /// What gathers while one commit is under way is decided together; a refusal in the middle leaves no trace.
    #[test]
    fn the_same_when_many_are_committed_together(steps in steps()) {
        run(async {
            let (postgres, memory) = (open().await, MemoryStore::new());
            let transactions: Vec<Transaction> = steps
                .into_iter()
                .filter_map(|step| if let Step::Commit(transaction) = step { Some(transaction) } else { None })
                .collect();
            // They reach the writer in this order, while it waits for its connection.
            let together = join_all(transactions.iter().map(|it| postgres.commit(it.clone()))).await;
            for (transaction, here) in transactions.iter().zip(together) {
                let told = |outcome: store::Result<store::Committed>| match outcome {
                    Ok(done) => format!("{:?} {:?}", done.versions, done.changed),
                    Err(error) => format!("{error:?}"),
                };
                prop_assert_eq!(told(here), told(memory.commit(transaction.clone()).await), "{:?}", transaction);
            }
            compare(&postgres, &memory).await
        })?;
    }
}
