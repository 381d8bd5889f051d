//! Leases and fences.

use std::time::Duration;

use uuid::Uuid;

use super::{Subject, at, commit, get, id, put, version};
use crate::{Error, Expect, Kind, Lease, Store, Transaction};

const MINUTE: Duration = Duration::from_mins(1);

async fn acquire(store: &dyn Store, holder: Uuid, second: i64) -> Option<Lease> {
    store.acquire_lease("job", holder, at(second), MINUTE).await.expect("the call succeeds")
}

/// A lease is its holder's until it runs out; the token rises when somebody else gets it.
pub async fn taking_over(subject: &Subject) {
    let store = &*subject.store;
    let (one, two) = (id(1), id(2));
    let first = acquire(store, one, 0).await.expect("it is free");
    assert_eq!((first.holder, first.deadline, first.name.as_str()), (one, at(60), "job"));
    assert_eq!(acquire(store, two, 59).await, None);
    let other = store.acquire_lease("other", two, at(0), MINUTE).await.expect("the call succeeds");
    assert!(other.is_some(), "each name is a lease of its own");
    let renewed = acquire(store, one, 30).await.expect("it is the holder's");
    assert_eq!((renewed.token, renewed.deadline), (first.token, at(90)));
    assert_eq!(acquire(store, two, 89).await, None);
    let taken = acquire(store, two, 90).await.expect("it has run out");
    assert!(taken.token > first.token);
    assert_eq!(acquire(store, one, 91).await, None);
    let long = store.acquire_lease("long", one, at(0), Duration::MAX).await.expect("the call succeeds");
    assert!(long.is_some_and(|lease| lease.deadline > at(1_000_000)), "no length overflows");
}

/// A fenced transaction fails once somebody else holds the lease, and only then.
pub async fn fencing(subject: &Subject) {
    let store = &*subject.store;
    let attempt = async |lease: &Lease, number| {
        let mut transaction = Transaction::new(at(0)).fenced(lease.fence());
        put(&mut transaction, number, Expect::Any, vec![]);
        commit(store, &transaction).await.map(|_| ())
    };
    let never = Lease { name: "never".into(), holder: id(1), token: 1, deadline: at(9) };
    assert!(matches!(attempt(&never, 1).await, Err(Error::Fenced { lease }) if lease == "never"));
    let first = acquire(store, id(1), 0).await.expect("it is free");
    attempt(&first, 1).await.expect("the lease is held");
    let second = acquire(store, id(2), 61).await.expect("it has run out");
    assert!(matches!(attempt(&first, 1).await, Err(Error::Fenced { .. })));
    assert!(matches!(attempt(&first, 2).await, Err(Error::Fenced { .. })));
    assert_eq!((version(store, Kind::User, 1).await, get(store, Kind::User, 2).await), (1, None));
    attempt(&second, 1).await.expect("the lease is held");
    let far = Lease { token: u64::MAX, ..second };
    assert!(matches!(attempt(&far, 1).await, Err(Error::Fenced { .. })));
}

/// A lease given back is free at once, and fences what was still to come.
pub async fn giving_back(subject: &Subject) {
    let store = &*subject.store;
    let first = acquire(store, id(1), 0).await.expect("it is free");
    store.release_lease(&first).await.expect("the call succeeds");
    let mut transaction = Transaction::new(at(0)).fenced(first.fence());
    put(&mut transaction, 1, Expect::Any, vec![]);
    assert!(matches!(commit(store, &transaction).await, Err(Error::Fenced { .. })));
    let second = acquire(store, id(2), 1).await.expect("it was given back");
    assert!(second.token > first.token);
    store.release_lease(&first).await.expect("the call succeeds");
    assert_eq!(acquire(store, id(1), 2).await, None, "an old lease gives nothing back");
    store.release_lease(&second).await.expect("the call succeeds");
    let again = acquire(store, id(2), 3).await.expect("it was given back");
    assert!(again.token > second.token, "also to the same holder: what it fenced stays fenced");
}
