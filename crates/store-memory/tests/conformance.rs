//! The suite of the seam, on the store as it is, and on one that behaves like many writers.

mod in_order {
    use store::conformance::Subject;
    use store_memory::MemoryStore;

    store::conformance_tests!(Subject::new(MemoryStore::new()));
}

mod out_of_order {
    use store::conformance::Subject;
    use store_memory::{MemoryStore, Options};

    store::conformance_tests!(Subject::new(MemoryStore::with(Options {
        seed: 7,
        reorder: true,
        fail_serialization_every: Some(5),
    })));
}
