//! What every backend promises, as tests: [`crate::conformance_tests!`] makes one test of each case.
//!
//! The cases lean on nothing but the seam: commits may be refused with [`Error::Serialization`] at any time (the
//! cases try again), and changes may show in the feed only after concurrent commits have ended.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Change, Committed, Edge, EdgeKind, EdgesOf, Error, Expect, Key, Kind, Object, Page, Position, Realm,
    Result, Scan, Store, Transaction,
};

pub mod concurrency;
pub mod edges;
pub mod feed;
pub mod leases;
pub mod objects;
pub mod scans;

/// A store under test, with what must live as long.
pub struct Subject {
    /// The store; empty at the start of a case.
    pub store: Arc<dyn Store>,
    _guard: Box<dyn Any + Send + Sync>,
}

impl Subject {
    /// A store.
    pub fn new(store: impl Store) -> Self {
        Self::keeping(store, ())
    }

    /// A store, and for instance the directory that it is in.
    pub fn keeping(store: impl Store, guard: impl Any + Send + Sync) -> Self {
        Self { store: Arc::new(store), _guard: Box::new(guard) }
    }
}

/// One `#[tokio::test]` for each case, given an expression that makes a fresh [`Subject`].
#[macro_export]
macro_rules! conformance_tests {
    ($subject:expr) => {
        $crate::conformance_tests! { @cases $subject =>
            objects: expectations, versions_and_times, keys_are_replaced, other_keys_for_the_same_document,
                unique_keys, unique_keys_within_a_kind,
                all_or_nothing, later_operations_see_earlier_ones, what_a_commit_answers, counts, realms_are_apart,
                dropped_realms, bodies_of_any_bytes, backups;
            edges: adding_and_removing, edges_need_both_ends, deleting_removes_both_sides, clearing, pages_of_edges, edges_of_each,
                asking_for_edges;
            scans: in_order_of_creation, backwards, offsets, by_key, by_key_with_equal_values, cursors_of_others,
                pages_while_writing, large_objects_make_short_pages, ids_by_key;
            feed: entries_and_order, kinds_outside_the_feed, refused_transactions_leave_nothing, pruning,
                positions_of_others, following_concurrent_writers, waking;
            leases: taking_over, fencing, giving_back;
            concurrency: one_of_many_wins_a_unique_key, increments_are_not_lost, edges_of_one_group;
        }
    };
    (@cases $subject:expr => $($module:ident: $($case:ident),+;)+) => {
        $(mod $module {
            #[allow(unused_imports, reason = "the expression may need names of the file that it stands in")]
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let subject: $crate::conformance::Subject = $subject;
                $crate::conformance::$module::$case(&subject).await;
            })+
        })+
    };
}

/// The realm that most cases work in.
pub(crate) const REALM: Realm = Realm(Uuid::from_u128(0x0123_4567_89ab_7def_8123_4567_89ab_cdef));

/// A user's id; ids of other numbers are others.
pub(crate) fn id(number: u32) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number))
}

/// An instant so many seconds after a fixed one.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a valid instant")
}

pub(crate) fn member(group: u32, user: u32) -> Edge {
    Edge { realm: REALM, kind: EdgeKind::Member, from: (Kind::Group, id(group)), to: (Kind::User, id(user)) }
}

/// Commits, again while the backend asks for it.
pub(crate) async fn commit(store: &dyn Store, transaction: &Transaction) -> Result<Committed> {
    for _ in 0..1000 {
        match store.commit(transaction.clone()).await {
            Err(Error::Serialization) => tokio::task::yield_now().await,
            other => return other,
        }
    }
    panic!("a thousand times in a row the transaction met another one");
}

/// Commits what must succeed.
pub(crate) async fn write(store: &dyn Store, build: impl FnOnce(&mut Transaction)) -> Committed {
    let mut transaction = Transaction::new(at(0));
    build(&mut transaction);
    commit(store, &transaction).await.expect("the commit succeeds")
}

/// Commits what must be refused.
pub(crate) async fn refused(store: &dyn Store, build: impl FnOnce(&mut Transaction)) -> Error {
    let mut transaction = Transaction::new(at(0));
    build(&mut transaction);
    commit(store, &transaction).await.expect_err("the commit is refused")
}

/// Creates or writes a user with its number as the body.
pub(crate) fn put(transaction: &mut Transaction, number: u32, expect: Expect, keys: Vec<Key>) {
    transaction.put(REALM, Kind::User, id(number), expect, number.to_string(), keys);
}

/// Creates users with these numbers, one transaction each, in this order.
pub(crate) async fn users(store: &dyn Store, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        write(store, |t| put(t, number, Expect::Absent, vec![])).await;
    }
}

/// Creates a group without members.
pub(crate) async fn group(store: &dyn Store, number: u32) {
    write(store, |t| {
        t.put(REALM, Kind::Group, id(number), Expect::Absent, "", vec![]);
    })
    .await;
}

pub(crate) async fn get(store: &dyn Store, kind: Kind, number: u32) -> Option<Object> {
    store.get(REALM, kind, id(number)).await.expect("the read succeeds")
}

pub(crate) async fn version(store: &dyn Store, kind: Kind, number: u32) -> u64 {
    get(store, kind, number).await.expect("the object exists").version
}

/// The ids of all pages of a scan.
pub(crate) async fn all(store: &dyn Store, scan: Scan) -> Vec<Uuid> {
    found(store, scan).await.into_iter().map(|(_, id)| id).collect()
}

/// The ids of all pages of a scan, each with the value that it was found by.
pub(crate) async fn found(store: &dyn Store, scan: Scan) -> Vec<(Bytes, Uuid)> {
    let mut found = Vec::new();
    let mut after = scan.after.clone();
    loop {
        let Page { objects, values, next } =
            store.scan(REALM, Kind::User, scan.clone().after(after)).await.expect("the page is read");
        assert!(objects.len() <= scan.limit, "a page is no longer than its limit");
        assert!(!objects.is_empty() || next.is_none(), "a page that says there is more is not empty");
        assert_eq!(objects.len(), values.len(), "each object is found by a value");
        found.extend(values.into_iter().zip(objects.into_iter().map(|object| object.id)));
        after = next;
        if after.is_none() {
            return found;
        }
    }
}

/// The other ends of all pages of edges.
pub(crate) async fn ends(store: &dyn Store, edge: EdgeKind, of: EdgesOf, limit: usize) -> Vec<(Kind, Uuid)> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.edges(REALM, edge, of, after, limit).await.expect("the page is read");
        assert!(page.others.len() <= limit, "a page is no longer than its limit");
        found.extend(page.others);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

/// The changes after a position, to the end.
pub(crate) async fn follow(store: &dyn Store, mut position: Position, limit: usize) -> Vec<Change> {
    let mut found = Vec::new();
    loop {
        let read = store.changes(REALM, &position, limit).await.expect("the feed is read");
        found.extend(read.changes);
        position = read.position;
        if !read.more {
            return found;
        }
    }
}
