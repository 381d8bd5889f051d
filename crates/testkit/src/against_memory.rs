//! Any transactions have the same outcome and leave the same state in a store as in memory.

use std::ops::Bound;

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use store::{
    Change, Cursor, Edge, EdgeKind, EdgesOf, Error, Expect, Fence, Key, KeyName, Kind, Object, Op, Order,
    Position, Realm, Scan, Store, Transaction,
};
use store_memory::MemoryStore;
use uuid::Uuid;

const KINDS: [Kind; 3] = [Kind::User, Kind::Group, Kind::Link];
const NAMES: [KeyName; 2] = [KeyName::UserName, KeyName::Email];
const VALUES: [&str; 4] = ["", "a", "a\0", "b"];
const IDS: u128 = 4;
const REALMS: u128 = 2;

/// Something that is done to a store.
#[derive(Clone, Debug)]
pub enum Step {
    /// Any transaction, also one that is refused.
    Commit(Transaction),
    /// A realm is dropped.
    Drop(Realm),
    /// Changes are forgotten.
    Prune(Realm, Timestamp),
    /// Somebody wants the lease.
    Lease(Uuid, Timestamp),
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a valid instant")
}

fn realm() -> impl Strategy<Value = Realm> {
    // Both kinds of objects and both realms share ids: nothing may lean on ids being unique.
    (1..=REALMS).prop_map(|number| Realm(Uuid::from_u128(number)))
}

fn id() -> impl Strategy<Value = Uuid> {
    (1..=IDS).prop_map(Uuid::from_u128)
}

fn name() -> impl Strategy<Value = (Kind, Uuid)> {
    (prop::sample::select(&KINDS[..]), id())
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![
        5 => Just(Expect::Any),
        1 => Just(Expect::Present),
        1 => Just(Expect::Absent),
        1 => (1..4_u64).prop_map(Expect::Version),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    (prop::sample::select(&NAMES[..]), prop::sample::select(&VALUES[..]), any::<bool>())
        .prop_map(|(name, value, unique)| Key { name, value: Bytes::from(value), unique })
}

fn edge() -> impl Strategy<Value = Edge> {
    (realm(), prop::sample::select(EdgeKind::ALL), name(), name()).prop_map(|(realm, kind, from, to)| Edge {
        realm,
        kind,
        from,
        to,
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (realm(), name(), expect(), prop::collection::vec(key(), 0..4), any::<u8>()).prop_map(
            |(realm, (kind, id), expect, keys, body)| Op::Put {
                realm, kind, id, expect, keys, body: Bytes::from(vec![body; usize::from(body)]),
            }
        ),
        3 => (realm(), name(), expect(), prop::collection::vec(key(), 0..4))
            .prop_map(|(realm, (kind, id), expect, keys)| Op::Rekey { realm, kind, id, expect, keys }),
        2 => (realm(), name(), expect())
            .prop_map(|(realm, (kind, id), expect)| Op::Delete { realm, kind, id, expect }),
        1 => (realm(), name(), expect())
            .prop_map(|(realm, (kind, id), expect)| Op::Require { realm, kind, id, expect }),
        6 => edge().prop_map(Op::AddEdge),
        2 => edge().prop_map(Op::RemoveEdge),
        1 => (realm(), prop::sample::select(EdgeKind::ALL), name())
            .prop_map(|(realm, edge, from)| Op::ClearEdges { realm, edge, from }),
    ]
}

/// Steps that meet each other: they are about few objects, keys and edges.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..25)
}

fn step() -> impl Strategy<Value = Step> {
    let fence = prop_oneof![
        9 => Just(None),
        1 => (1..4_u64).prop_map(|token| Some(Fence { lease: "lease".into(), token })),
    ];
    prop_oneof![
        30 => (0..50_i64, fence, prop::collection::vec(op(), 1..6))
            .prop_map(|(second, fence, ops)| Step::Commit(Transaction { at: at(second), fence, ops })),
        1 => realm().prop_map(Step::Drop),
        1 => (realm(), 0..50_i64).prop_map(|(realm, second)| Step::Prune(realm, at(second))),
        2 => (id(), 0..50_i64).prop_map(|(holder, second)| Step::Lease(holder, at(second))),
    ]
}

/// What a step answers, but for positions, which are each backend's own.
async fn take(store: &dyn Store, step: &Step) -> String {
    match step {
        Step::Commit(transaction) => match store.commit(transaction.clone()).await {
            Ok(committed) => format!("{:?} {:?}", committed.versions, committed.changed),
            Err(error) => format!("{error:?}"),
        },
        Step::Drop(realm) => format!("{:?}", store.drop_realm(*realm).await),
        Step::Prune(realm, before) => format!("{:?}", store.prune_changes(*realm, *before).await),
        Step::Lease(holder, now) => {
            let ttl = std::time::Duration::from_secs(10);
            format!("{:?}", store.acquire_lease("lease", *holder, *now, ttl).await)
        }
    }
}

async fn scanned(store: &dyn Store, realm: Realm, kind: Kind, scan: Scan) -> Vec<Object> {
    let mut found = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = store.scan(realm, kind, scan.clone().after(after)).await.expect("a page");
        found.extend(page.objects);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn feed(store: &dyn Store, realm: Realm) -> Result<Vec<Change>, String> {
    let mut position = Position::START;
    let mut found = Vec::new();
    loop {
        let read = store.changes(realm, &position, 3).await.map_err(|error: Error| format!("{error:?}"))?;
        found.extend(read.changes);
        position = read.position;
        if !read.more {
            assert_eq!(position, store.head(realm).await.expect("the read succeeds"));
            return Ok(found);
        }
    }
}

/// Everything that reads can tell of a realm.
async fn state(store: &dyn Store, realm: Realm) -> Vec<String> {
    let mut lines = vec![format!("feed {:?}", feed(store, realm).await)];
    let ids: Vec<_> = (1..=IDS).map(Uuid::from_u128).collect();
    for kind in KINDS {
        lines.push(format!("{kind:?} {:?}", store.count(realm, kind).await));
        lines.push(format!("{kind:?} {:?}", store.get_many(realm, kind, &ids).await));
        for descending in [false, true] {
            let scan = Scan { descending, ..Scan::first(2) };
            lines.push(format!("{kind:?} {:?}", scanned(store, realm, kind, scan).await));
            for name in NAMES {
                for (from, to) in [
                    (Bound::Unbounded, Bound::Unbounded),
                    (Bound::Excluded("".into()), Bound::Excluded("b".into())),
                    (Bound::Included("a".into()), Bound::Included("a".into())),
                ] {
                    let order = Order::Key { name, from, to };
                    let scan = Scan { order, descending, ..Scan::first(1) };
                    lines.push(format!("{kind:?} {name:?} {:?}", scanned(store, realm, kind, scan).await));
                }
            }
        }
        for name in NAMES {
            for value in VALUES {
                lines.push(format!("{:?}", store.find(realm, kind, &Key::lookup(name, value), 9).await));
            }
        }
    }
    for edge in EdgeKind::ALL {
        for id in &ids {
            for of in [EdgesOf::From(*id), EdgesOf::To(*id)] {
                lines.push(format!("{edge:?} {of:?} {:?}", store.count_edges(realm, *edge, of).await));
                let mut after = None;
                loop {
                    let page = store.edges(realm, *edge, of, after, 1).await.expect("a page");
                    lines.push(format!("{edge:?} {of:?} {:?}", page.others));
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
            }
            lines.push(format!("{edge:?} {id} {:?}", store.has_edges(realm, *edge, *id, &ids).await));
        }
    }
    lines
}

/// Takes the steps in both stores, and sees that each answers the same.
///
/// # Errors
/// The first step that did not.
pub async fn take_all(store: &dyn Store, memory: &MemoryStore, steps: &[Step]) -> Result<(), TestCaseError> {
    for step in steps {
        prop_assert_eq!(take(store, step).await, take(memory, step).await, "after {:?}", step);
    }
    Ok(())
}

/// Sees that reads tell the same of both stores.
///
/// # Errors
/// The first difference.
pub async fn compare(store: &dyn Store, memory: &MemoryStore) -> Result<(), TestCaseError> {
    for number in 1..=REALMS {
        let realm = Realm(Uuid::from_u128(number));
        let (here, there) = (state(store, realm).await, state(memory, realm).await);
        for (here, there) in here.iter().zip(&there) {
            prop_assert_eq!(here, there);
        }
        prop_assert_eq!(here.len(), there.len());
    }
    Ok(())
}
