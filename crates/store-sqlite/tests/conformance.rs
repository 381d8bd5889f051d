//! The suite of the seam.

use store::conformance::Subject;
use store_sqlite::SqliteStore;

fn subject() -> Subject {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let store = SqliteStore::open(dir.path()).expect("the store opens");
    Subject::keeping(store, dir)
}

store::conformance_tests!(subject());
