//! Pages of the objects of a kind.

use std::ops::Bound;

use bytes::Bytes;
use uuid::Uuid;

use super::{REALM, Subject, all, found, group, id, put, users, write};
use crate::{Cursor, Error, Expect, Key, KeyName, KeyRange, Kind, Order, PAGE_BYTES, Scan, Store};

fn ids(numbers: &[u32]) -> Vec<Uuid> {
    numbers.iter().map(|number| id(*number)).collect()
}

/// The order of creation, whatever the ids and later writes.
pub async fn in_order_of_creation(subject: &Subject) {
    let store = &*subject.store;
    users(store, [5, 1, 4]).await;
    group(store, 3).await;
    users(store, [2, 9]).await;
    write(store, |t| put(t, 5, Expect::Present, vec![])).await;
    write(store, |t| {
        t.delete(REALM, Kind::User, id(4), Expect::Present);
    })
    .await;
    for limit in [1, 2, 4, 5, 200] {
        assert_eq!(all(store, Scan::first(limit)).await, ids(&[5, 1, 2, 9]), "with pages of {limit}");
    }
    let exact = store.scan(REALM, Kind::User, Scan::first(4)).await.expect("a page");
    assert!(exact.next.is_none(), "the last page says so");
    let none = store.scan(REALM, Kind::User, Scan::first(0)).await.expect("a page");
    assert!(none.objects.is_empty() && none.next.is_none());
    assert!(store.scan(REALM, Kind::Job, Scan::first(4)).await.expect("a page").objects.is_empty());
}

/// The same from the end.
pub async fn backwards(subject: &Subject) {
    let store = &*subject.store;
    users(store, [5, 1, 4, 2]).await;
    for limit in [1, 3, 4, 9] {
        assert_eq!(
            all(store, Scan::first(limit).descending()).await,
            ids(&[2, 4, 1, 5]),
            "with pages of {limit}"
        );
    }
}

/// Objects left out first, from the start and after a cursor.
pub async fn offsets(subject: &Subject) {
    let store = &*subject.store;
    users(store, 0..6).await;
    let page = async |offset, descending, after| {
        let scan = Scan { descending, offset, ..Scan::first(2) }.after(after);
        let page = store.scan(REALM, Kind::User, scan).await.expect("a page");
        (page.objects.into_iter().map(|object| object.id).collect::<Vec<_>>(), page.next)
    };
    assert_eq!(page(3, false, None).await.0, ids(&[3, 4]));
    assert_eq!(page(1, true, None).await.0, ids(&[4, 3]));
    let (last, next) = page(5, false, None).await;
    assert_eq!((last, next), (ids(&[5]), None));
    assert!(page(6, false, None).await.0.is_empty());
    assert!(page(u64::MAX, false, None).await.0.is_empty());
    let (_, next) = page(0, false, None).await;
    assert_eq!(page(1, false, next).await.0, ids(&[3, 4]));
}

async fn named(store: &dyn Store) {
    for (number, names) in [(1, &["m"][..]), (2, &["c", "x"]), (3, &[]), (4, &["a"]), (5, &["m\0", "ma"])] {
        let keys = names.iter().map(|name| Key::lookup(KeyName::Search, *name)).collect();
        write(store, |t| put(t, number, Expect::Absent, keys)).await;
    }
    // A unique key orders like any other; another name and another kind stay out.
    write(store, |t| {
        put(t, 6, Expect::Absent, vec![Key::unique(KeyName::Search, "b"), Key::lookup(KeyName::Email, "mm")]);
        t.put(REALM, Kind::Group, id(7), Expect::Absent, "", vec![Key::lookup(KeyName::Search, "m")]);
    })
    .await;
}

/// Values in the range, in their order, forwards and backwards, for every kind of bound.
pub async fn by_key(subject: &Subject) {
    let store = &*subject.store;
    named(store).await;
    let everything: [(&[u8], u32); 7] =
        [(b"a", 4), (b"b", 6), (b"c", 2), (b"m", 1), (b"m\0", 5), (b"ma", 5), (b"x", 2)];
    let bounds = |value: &'static str| {
        [Bound::Included(Bytes::from(value)), Bound::Excluded(Bytes::from(value)), Bound::Unbounded]
    };
    for from in bounds("b").into_iter().chain(bounds("m")) {
        for to in bounds("m").into_iter().chain(bounds("n")) {
            let above = |value: &[u8]| match &from {
                Bound::Included(from) => value >= from,
                Bound::Excluded(from) => value > from,
                Bound::Unbounded => true,
            };
            let below = |value: &[u8]| match &to {
                Bound::Included(to) => value <= to,
                Bound::Excluded(to) => value < to,
                Bound::Unbounded => true,
            };
            let mut expected: Vec<(Bytes, Uuid)> = everything
                .iter()
                .filter(|(value, _)| above(value) && below(value))
                .map(|(value, n)| (Bytes::from_static(value), id(*n)))
                .collect();
            let range = KeyRange { name: KeyName::Search, from: from.clone(), to: to.clone() };
            let counted = store.count_keys(REALM, Kind::User, range).await.expect("a number");
            assert_eq!(counted, expected.len() as u64, "{from:?} to {to:?}");
            for limit in [1, 2, 9] {
                let scan = Scan::by_key(KeyName::Search, from.clone(), to.clone(), limit);
                assert_eq!(found(store, scan.clone()).await, expected, "{from:?} to {to:?}");
                expected.reverse();
                assert_eq!(found(store, scan.descending()).await, expected, "{from:?} to {to:?} backwards");
                expected.reverse();
            }
        }
    }
    let late = Scan { offset: 5, ..Scan::by_key(KeyName::Search, Bound::Unbounded, Bound::Unbounded, 9) };
    assert_eq!(all(store, late).await, ids(&[5, 2]));
}

/// Equal values come in order of creation, and pages may end among them.
pub async fn by_key_with_equal_values(subject: &Subject) {
    let store = &*subject.store;
    for number in [9, 3, 7, 1, 8, 2] {
        let value = if number == 7 { "z" } else { "same" };
        write(store, |t| put(t, number, Expect::Absent, vec![Key::lookup(KeyName::Status, value)])).await;
    }
    for limit in [1, 2, 3, 9] {
        let scan = Scan::by_key(KeyName::Status, Bound::Unbounded, Bound::Unbounded, limit);
        assert_eq!(all(store, scan.clone()).await, ids(&[9, 3, 1, 8, 2, 7]));
        assert_eq!(all(store, scan.descending()).await, ids(&[7, 2, 8, 1, 3, 9]));
        let same = Bound::Included(Bytes::from("same"));
        let scan = Scan::by_key(KeyName::Status, same.clone(), same, limit);
        assert_eq!(all(store, scan.clone()).await, ids(&[9, 3, 1, 8, 2]));
        assert_eq!(all(store, scan.descending()).await, ids(&[2, 8, 1, 3, 9]));
    }
}

/// A cursor of anything else is refused, or reads some page within the range.
pub async fn cursors_of_others(subject: &Subject) {
    let store = &*subject.store;
    named(store).await;
    for bytes in [&b""[..], b"\x01", b"seven b"] {
        for scan in [Scan::first(3), Scan::by_key(KeyName::Search, Bound::Unbounded, Bound::Unbounded, 3)] {
            let scan = scan.after(Some(Cursor(Bytes::from(bytes))));
            let read = store.scan(REALM, Kind::User, scan).await;
            assert!(matches!(read, Err(Error::InvalidCursor)), "{bytes:?}: {read:?}");
        }
    }
    for bytes in [&[0xff_u8; 9][..], &[0; 8], b"eight bytes and more"] {
        for descending in [false, true] {
            let c = || Bound::Included(Bytes::from("c"));
            let order = Order::Key { name: KeyName::Search, from: c(), to: c() };
            let scan = Scan { order, descending, ..Scan::first(3) }.after(Some(Cursor(Bytes::from(bytes))));
            match store.scan(REALM, Kind::User, scan).await {
                Ok(page) => assert!(page.objects.iter().all(|object| object.id == id(2)), "within the range"),
                Err(error) => assert!(matches!(error, Error::InvalidCursor)),
            }
        }
    }
}

/// Pages that follow each other neither lose nor repeat an object while others are written and deleted.
pub async fn pages_while_writing(subject: &Subject) {
    let store = &*subject.store;
    users(store, 0..20).await;
    let mut seen = Vec::new();
    let mut after = None;
    for step in 0.. {
        let page = store.scan(REALM, Kind::User, Scan::first(3).after(after)).await.expect("a page");
        let last = page.objects.last().map(|object| object.id);
        seen.extend(page.objects.into_iter().map(|object| object.id));
        after = page.next;
        if after.is_none() {
            break;
        }
        if step < 8 {
            // Created, changed, and the very object deleted that the cursor stands on.
            users(store, [100 + step]).await;
            write(store, |t| {
                put(t, 19, Expect::Present, vec![]);
                t.delete(
                    REALM,
                    Kind::User,
                    last.expect("a page before the last has objects"),
                    Expect::Present,
                );
            })
            .await;
        }
    }
    let stable: Vec<_> = seen.iter().copied().filter(|seen| *seen < id(100)).collect();
    assert_eq!(stable, (0..20).map(id).collect::<Vec<_>>());
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), seen.len(), "none comes twice");
}

/// Pages of large objects end early, and lose nothing.
pub async fn large_objects_make_short_pages(subject: &Subject) {
    let store = &*subject.store;
    let third = Bytes::from(vec![b'x'; PAGE_BYTES / 3 + 1]);
    for number in 0..8 {
        let key = Key::lookup(KeyName::Search, number.to_string());
        write(store, |t| {
            t.put(REALM, Kind::User, id(number), Expect::Absent, third.clone(), vec![key]);
        })
        .await;
    }
    let mut expected: Vec<Uuid> = (0..8).map(id).collect();
    for scan in [Scan::first(200), Scan::by_key(KeyName::Search, Bound::Unbounded, Bound::Unbounded, 200)] {
        assert_eq!(all(store, scan.clone()).await, expected);
        let page = store.scan(REALM, Kind::User, scan.clone()).await.expect("a page");
        assert_eq!(page.objects.len(), 3, "up to the object that fills the page");
        expected.reverse();
        assert_eq!(all(store, scan.descending()).await, expected);
        expected.reverse();
    }
    let last = Scan { offset: 5, ..Scan::first(200) };
    let page = store.scan(REALM, Kind::User, last).await.expect("a page");
    assert!(page.objects.len() == 3 && page.next.is_none(), "what fills the last page ends it too");
    let asked: Vec<Uuid> = [99, 7, 98, 0, 3, 5, 1].map(id).to_vec();
    let some = store.get_many(REALM, Kind::User, &asked).await.expect("objects");
    let found: Vec<_> = some.iter().map(|object| object.as_ref().map(|object| object.id)).collect();
    assert_eq!(found, [None, Some(id(7)), None, Some(id(0)), Some(id(3))], "the first of them");
    let whole = store.get_all(REALM, Kind::User, &asked).await.expect("objects");
    assert_eq!(whole.len(), asked.len());
    assert!(whole.iter().zip(&asked).all(|(object, id)| object.as_ref().is_none_or(|o| o.id == *id)));
}

/// The ids in a range of keys, each once, and whether objects exist.
pub async fn ids_by_key(subject: &Subject) {
    let store = &*subject.store;
    named(store).await;
    let sorted = async |range, limit| {
        let mut ids = store.ids(REALM, Kind::User, range, limit).await.expect("ids");
        ids.sort();
        ids
    };
    let all = KeyRange { name: KeyName::Search, from: Bound::Unbounded, to: Bound::Unbounded };
    assert_eq!(sorted(all.clone(), 9).await, ids(&[1, 2, 4, 5, 6]));
    assert_eq!(sorted(all, 2).await.len(), 2);
    assert_eq!(sorted(KeyRange::exactly(Key::lookup(KeyName::Search, "m")), 9).await, ids(&[1]));
    assert_eq!(sorted(KeyRange::beginning_with(KeyName::Search, b"m"), 9).await, ids(&[1, 5]));
    assert_eq!(sorted(KeyRange::beginning_with(KeyName::Search, b"m\xff\xff"), 9).await, ids(&[]));
    assert_eq!(sorted(KeyRange::beginning_with(KeyName::Search, b""), 9).await.len(), 5);
    let exist = store.exist(REALM, Kind::User, &ids(&[6, 7, 99, 1])).await.expect("whether they exist");
    assert_eq!(exist, [true, false, false, true]);
    assert!(store.exist(REALM, Kind::User, &[]).await.expect("nothing").is_empty());
}
