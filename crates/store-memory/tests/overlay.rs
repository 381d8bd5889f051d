//! The overlay against a store that was really written to.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use store::{
    Edge, EdgeKind, EdgesOf, Expect, Key, KeyName, KeyRange, Kind, MOST_WRITTEN, Object, Order, Overlay,
    Realm, Scan, Store, Transaction,
};
use store_memory::MemoryStore;
use uuid::Uuid;

const REALM: Realm = Realm(Uuid::from_u128(7));

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8),
    Delete(u8),
    Edge(u8, u8, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..8_u8, 0..5_u8).prop_map(|(id, key)| Step::Put(id, key)),
        1 => (0..8_u8).prop_map(Step::Delete),
        2 => (0..8_u8, 0..8_u8, any::<bool>()).prop_map(|(from, to, there)| Step::Edge(from, to, there)),
    ];
    proptest::collection::vec(step, 0..40)
}

fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

fn transaction(step: &Step, number: usize) -> Transaction {
    let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
    match *step {
        Step::Put(object, key) => {
            let keys = vec![Key::lookup(KeyName::EscrowDue, vec![key])];
            transaction.put(
                REALM,
                Kind::Link,
                id(object),
                Expect::Any,
                vec![u8::try_from(number).unwrap_or(0)],
                keys,
            );
        }
        Step::Delete(object) => {
            transaction.delete(REALM, Kind::Link, id(object), Expect::Any);
        }
        Step::Edge(from, to, there) => {
            let ends = ((Kind::Link, id(from)), (Kind::Link, id(to)));
            let edge = Edge { realm: REALM, kind: EdgeKind::ExportedMember, from: ends.0, to: ends.1 };
            if there {
                transaction.add_edge(edge)
            } else {
                transaction.remove_edge(edge)
            };
        }
    }
    transaction
}

/// Everything that a cycle reads, whatever its order; that an edge gives an object a new version is nothing to it.
async fn read_all(store: &dyn Store) -> Vec<String> {
    let mut all = vec![format!("{} objects", store.count(REALM, Kind::Link).await.expect("a count"))];
    let shown = |object: &Object| format!("{} {:?}", object.id, object.body);
    let (from, to) = (Bound::Excluded(Bytes::from_static(&[0])), Bound::Included(Bytes::from_static(&[3])));
    let range = KeyRange { name: KeyName::EscrowDue, from: from.clone(), to: to.clone() };
    for order in [Order::Creation, Order::Key { name: KeyName::EscrowDue, from, to }] {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let scan = Scan { order: order.clone(), ..Scan::first(3) }.after(after);
            let page = store.scan(REALM, Kind::Link, scan).await.expect("a page");
            found.extend(page.objects.iter().map(shown));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        found.sort();
        all.extend(found);
        all.push(String::new());
    }
    let mut ids = store.ids(REALM, Kind::Link, range.clone(), 100).await.expect("ids");
    ids.sort();
    all.push(format!("{ids:?} {}", store.count_keys(REALM, Kind::Link, range).await.expect("a count")));
    for number in 0..8 {
        all.push(format!(
            "{:?}",
            store.get(REALM, Kind::Link, id(number)).await.expect("read").as_ref().map(shown)
        ));
        for of in [EdgesOf::From(id(number)), EdgesOf::To(id(number))] {
            let mut others = Vec::new();
            let mut after = None;
            loop {
                let page = store.edges(REALM, EdgeKind::ExportedMember, of, after, 2).await.expect("edges");
                others.extend(page.others.iter().map(|(_, id)| *id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            others.sort();
            let count = store.count_edges(REALM, EdgeKind::ExportedMember, of).await.expect("a count");
            all.push(format!("{others:?} {count}"));
        }
    }
    all
}

proptest! {
    /// What is written over a store reads as if it had been written to it, and the store below stays as it was.
    #[test]
    fn it_reads_as_if_it_had_been_written(before in steps(), after in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (below, written) = (Arc::new(MemoryStore::new()), MemoryStore::new());
            let mut number = 0;
            for step in &before {
                number += 1;
                let one = below.commit(transaction(step, number)).await;
                let two = written.commit(transaction(step, number)).await;
                assert_eq!(one.is_ok(), two.is_ok());
            }
            let untouched = read_all(&*below).await;
            let overlay = Overlay::recording(Arc::<MemoryStore>::clone(&below));
            for step in &after {
                number += 1;
                // Edges end at objects that are there.
                if let Step::Edge(from, to, _) = step
                    && (overlay.get(REALM, Kind::Link, id(*from)).await.expect("read").is_none()
                        || overlay.get(REALM, Kind::Link, id(*to)).await.expect("read").is_none())
                {
                    continue;
                }
                let one = overlay.commit(transaction(step, number)).await;
                let two = written.commit(transaction(step, number)).await;
                assert_eq!(one.is_ok(), two.is_ok(), "{step:?}: {one:?} {two:?}");
            }
            assert_eq!(read_all(&overlay).await, read_all(&written).await);
            assert_eq!(read_all(&*below).await, untouched);
            // And what was recorded does the same below.
            let mut whole = Transaction::new(Timestamp::UNIX_EPOCH);
            whole.ops = overlay.take_recorded().ops;
            below.commit(whole).await.expect("it is as it was");
            assert_eq!(read_all(&*below).await, read_all(&written).await);
        });
    }
}

/// As many as fit are a whole plan; it is the next one that makes it a part.
#[tokio::test]
async fn it_is_too_much_when_something_was_refused() {
    let overlay = Overlay::over(Arc::new(MemoryStore::new()));
    let entries = |count: usize| {
        let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
        for number in 0..count {
            let id = Uuid::from_u128(number as u128);
            transaction.put(REALM, Kind::ProvisioningEntry, id, Expect::Absent, Bytes::new(), Vec::new());
        }
        transaction
    };
    overlay.commit(entries(MOST_WRITTEN)).await.expect("it fits");
    assert!(!overlay.has_refused());
    overlay.commit(entries(1)).await.expect_err("it is full");
    assert!(overlay.has_refused());
}
