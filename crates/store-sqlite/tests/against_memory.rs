//! Any transactions have the same outcome and leave the same state here as in memory.

use proptest::prelude::*;
use store_memory::MemoryStore;
use store_sqlite::SqliteStore;
use testkit::against_memory::{compare, steps, take_all};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_same_as_in_memory(steps in steps()) {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let memory = MemoryStore::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let sqlite = SqliteStore::open(dir.path()).expect("the store opens");
            take_all(&sqlite, &memory, &steps).await?;
            drop(sqlite);
            // What counts is what is on disk.
            let sqlite = SqliteStore::open(dir.path()).expect("the store opens again");
            compare(&sqlite, &memory).await
        })?;
    }
}
