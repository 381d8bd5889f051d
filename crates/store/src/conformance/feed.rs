//! The feed of changes.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::{REALM, Subject, at, commit, follow, get, group, id, member, put, refused, users, write};
use crate::{Change, Changed, EdgeKind, Error, Expect, Kind, Position, Realm, Store, Transaction};

/// What happened, in order, in pieces of any size.
pub async fn entries_and_order(subject: &Subject) {
    let store = &*subject.store;
    assert!(follow(store, Position::START, 5).await.is_empty());
    let mut transaction = Transaction::new(at(7));
    put(&mut transaction, 1, Expect::Absent, vec![]);
    transaction.put(REALM, Kind::Group, id(5), Expect::Absent, "", vec![]);
    transaction.add_edge(member(5, 1)).add_edge(member(5, 1));
    commit(store, &transaction).await.expect("the commit succeeds");
    let middle = store.head(REALM).await.expect("the read succeeds");
    write(store, |t| {
        t.remove_edge(member(5, 1)).remove_edge(member(5, 1));
        put(t, 1, Expect::Present, vec![]);
        t.delete(REALM, Kind::User, id(1), Expect::Present).delete(REALM, Kind::User, id(1), Expect::Any);
        t.require(REALM, Kind::Group, id(5), Expect::Present);
    })
    .await;
    let change = |kind, number, what, second| Change { kind, id: id(number), what, at: at(second) };
    let first = [
        change(Kind::User, 1, Changed::Created, 7),
        change(Kind::Group, 5, Changed::Created, 7),
        change(Kind::Group, 5, Changed::EdgeAdded(EdgeKind::Member, Kind::User, id(1)), 7),
    ];
    let second = [
        change(Kind::Group, 5, Changed::EdgeRemoved(EdgeKind::Member, Kind::User, id(1)), 0),
        change(Kind::User, 1, Changed::Written, 0),
        change(Kind::User, 1, Changed::Deleted, 0),
    ];
    for limit in [1, 2, 6, 500] {
        let all = follow(store, Position::START, limit).await;
        assert_eq!(all, [&first[..], &second].concat(), "in pieces of {limit}");
        assert_eq!(follow(store, middle.clone(), limit).await, second);
    }
    let head = store.head(REALM).await.expect("the read succeeds");
    let nothing = store.changes(REALM, &head, 5).await.expect("the feed is read");
    assert!(nothing.changes.is_empty() && !nothing.more);
    assert_eq!(nothing.position, head);
    let other = store.head(Realm(id(9))).await.expect("the read succeeds");
    assert_eq!(other, Position::START, "each realm has a feed of its own");
    let other = store.position_since(Realm(id(9)), at(0)).await.expect("the read succeeds");
    assert_eq!(other, Position::START);
}

/// Working state and logs leave no entries; their edges neither.
pub async fn kinds_outside_the_feed(subject: &Subject) {
    let store = &*subject.store;
    let link = |number| (Kind::Link, id(number));
    let edge = crate::Edge { realm: REALM, kind: EdgeKind::ExportedMember, from: link(1), to: link(2) };
    write(store, |t| {
        for kind in Kind::ALL.iter().filter(|kind| !kind.in_feed()) {
            t.put(REALM, *kind, id(1), Expect::Absent, "", vec![]);
        }
        t.put(REALM, Kind::Link, id(2), Expect::Absent, "", vec![]).add_edge(edge);
    })
    .await;
    let cleared = write(store, |t| {
        t.remove_edge(edge)
            .add_edge(edge)
            .clear_edges(REALM, EdgeKind::ExportedMember, link(1))
            .add_edge(edge);
    })
    .await;
    assert_eq!((cleared.changed, cleared.versions), (vec![true; 4], vec![Some(6); 4]));
    let deleted = write(store, |t| {
        t.delete(REALM, Kind::Link, id(2), Expect::Present);
    });
    assert_eq!(deleted.await.position, Position::START);
    assert!(follow(store, Position::START, 50).await.is_empty());
    assert_eq!(super::version(store, Kind::Link, 1).await, 7, "versions count all the same");
}

/// A refused transaction leaves no trace in the feed.
pub async fn refused_transactions_leave_nothing(subject: &Subject) {
    let store = &*subject.store;
    users(store, [1]).await;
    let head = store.head(REALM).await.expect("the read succeeds");
    refused(store, |t| {
        put(t, 2, Expect::Absent, vec![]);
        put(t, 1, Expect::Absent, vec![]);
    })
    .await;
    assert_eq!(store.head(REALM).await.expect("the read succeeds"), head);
    users(store, [3]).await;
    let seen: Vec<_> = follow(store, head, 5).await.into_iter().map(|change| change.id).collect();
    assert_eq!(seen, [id(3)]);
}

/// Pruned changes are gone; a position before them says so, later ones go on.
pub async fn pruning(subject: &Subject) {
    let store = &*subject.store;
    let mut positions = Vec::new();
    for second in 0..6 {
        let mut transaction = Transaction::new(at(second));
        put(&mut transaction, u32::try_from(second).expect("small"), Expect::Absent, vec![]);
        positions.push(commit(store, &transaction).await.expect("the commit succeeds").position);
    }
    let since = async |second| {
        let position = store.position_since(REALM, at(second)).await.expect("the read succeeds");
        follow(store, position, 9).await.len()
    };
    assert_eq!((since(-1).await, since(0).await, since(2).await, since(5).await), (6, 6, 4, 1));
    let none = store.position_since(REALM, at(6)).await.expect("the read succeeds");
    assert_eq!(none, positions[5], "after the last change there is the head");
    let prune = async |realm, before| store.prune_changes(realm, before).await.expect("pruning succeeds");
    assert_eq!(prune(Realm(id(9)), at(100)).await, 0);
    assert_eq!(prune(REALM, at(0)).await, 0);
    assert_eq!(follow(store, Position::START, 9).await.len(), 6, "nothing was pruned, nothing expired");
    assert_eq!(prune(REALM, at(3)).await, 3);
    assert_eq!(prune(REALM, at(3)).await, 0);
    for expired in [&Position::START, &positions[0], &positions[1]] {
        assert!(matches!(store.changes(REALM, expired, 9).await, Err(Error::PositionExpired)));
    }
    assert_eq!(follow(store, positions[2].clone(), 9).await.len(), 3);
    assert_eq!((since(0).await, since(4).await), (3, 2), "of those that are kept");
    assert_eq!(prune(REALM, at(100)).await, 3);
    assert_eq!(since(0).await, 0);
    assert!(matches!(store.changes(REALM, &positions[4], 9).await, Err(Error::PositionExpired)));
    assert!(follow(store, positions[5].clone(), 9).await.is_empty());
    let head = store.head(REALM).await.expect("the read succeeds");
    assert_eq!(head, positions[5], "an empty feed has not moved back");
    users(store, [50]).await;
    assert_eq!(follow(store, head, 9).await.len(), 1);
}

/// What never was a position is refused, not read as another.
pub async fn positions_of_others(subject: &Subject) {
    let store = &*subject.store;
    users(store, [1]).await;
    let read = store.changes(REALM, &Position(bytes::Bytes::from("x")), 5).await;
    assert!(matches!(read, Err(Error::InvalidCursor)));
    let ahead: Vec<u8> =
        store.head(REALM).await.expect("the read succeeds").0.iter().map(|b| b | 0x40).collect();
    let read = store.changes(REALM, &Position(ahead.into()), 5).await;
    assert!(matches!(read, Err(Error::PositionExpired)), "as after going back to a backup");
}

/// One writer: writes its own users and one that all share, many times.
async fn write_much(store: Arc<dyn Store>, writer: u32) {
    for round in 0..25_u32 {
        let own = 1000 * (writer + 1) + round;
        write(&*store, |t| put(t, own, Expect::Absent, vec![])).await;
        write(&*store, |t| {
            put(t, 1, Expect::Any, vec![]);
            put(t, own, Expect::Present, vec![]);
            t.add_edge(member(5, own));
        })
        .await;
        write(&*store, |t| {
            // All come and go with this one: an order that contradicts what happened shows.
            if (round + writer).is_multiple_of(2) {
                put(t, 2, Expect::Any, vec![]);
            } else {
                t.delete(REALM, Kind::User, id(2), Expect::Any);
            }
        })
        .await;
        if round % 3 == 0 {
            write(&*store, |t| {
                t.delete(REALM, Kind::User, id(own), Expect::Present);
            })
            .await;
        }
    }
}

/// Reads the feed until a user is deleted whom only the last transaction deletes.
async fn read_all(store: Arc<dyn Store>, limit: usize) -> Vec<Change> {
    let mut position = Position::START;
    let mut seen = Vec::new();
    let end = |change: &Change| change.what == Changed::Deleted && change.id == id(999);
    while !seen.last().is_some_and(end) {
        let read = store.changes(REALM, &position, limit).await.expect("the feed is read");
        if read.changes.is_empty() {
            tokio::task::yield_now().await;
        }
        seen.extend(read.changes);
        position = read.position;
    }
    seen
}

/// Readers that follow while many write see every change once, in an order that agrees with the objects' versions.
pub async fn following_concurrent_writers(subject: &Subject) {
    let store = subject.store.clone();
    group(&*store, 5).await;
    users(&*store, [999]).await;
    let readers: Vec<_> = [1, 7, 400].map(|limit| tokio::spawn(read_all(store.clone(), limit))).into();
    let writers: Vec<_> = (0..6).map(|writer| tokio::spawn(write_much(store.clone(), writer))).collect();
    for writer in writers {
        writer.await.expect("the writer succeeds");
    }
    write(&*store, |t| {
        t.delete(REALM, Kind::User, id(999), Expect::Present);
    })
    .await;
    let mut seen = Vec::new();
    for reader in readers {
        seen.push(reader.await.expect("the reader succeeds"));
    }
    assert!(seen.iter().all(|other| *other == seen[0]), "all readers see the same");
    assert_eq!(seen[0], follow(&*store, Position::START, 100).await, "and what there is in the end");
    check_against_versions(&*store, &seen[0]).await;
}

/// Replays the feed: what each object went through must be possible, and lead to the version it has.
async fn check_against_versions(store: &dyn Store, seen: &[Change]) {
    let mut versions: HashMap<(Kind, Uuid), u64> = HashMap::new();
    let mut members: HashMap<Uuid, bool> = HashMap::new();
    for change in seen {
        let version = versions.entry((change.kind, change.id)).or_default();
        match change.what {
            Changed::Created => {
                assert_eq!(*version, 0, "what is created was not there");
                *version = 1;
            }
            Changed::Written => {
                assert!(*version > 0, "what is written was there");
                *version += 1;
            }
            Changed::Deleted => {
                assert!(*version > 0, "what is deleted was there");
                assert_ne!(members.get(&change.id), Some(&true), "its edges were removed before");
                *version = 0;
            }
            Changed::EdgeAdded(_, _, other) => {
                *version += 1;
                assert_ne!(members.insert(other, true), Some(true), "an edge is added once");
            }
            Changed::EdgeRemoved(_, _, other) => {
                *version += 1;
                assert_eq!(members.insert(other, false), Some(true), "an edge that is removed was there");
            }
        }
    }
    assert_eq!(versions[&(Kind::User, id(1))], 150, "every write of the shared object is there");
    for ((kind, id), version) in versions {
        let found = store.get(REALM, kind, id).await.expect("the read succeeds");
        assert_eq!(found.map_or(0, |object| object.version), version, "{kind:?} {id}");
    }
    let count = store.count_edges(REALM, EdgeKind::Member, crate::EdgesOf::From(id(5))).await;
    assert_eq!(count.expect("the read succeeds"), members.values().filter(|there| **there).count() as u64);
    let shared = get(store, Kind::User, 2).await.map_or(0, |_| 1);
    assert_eq!(store.count(REALM, Kind::User).await.expect("the read succeeds"), 1 + shared + 6 * 16);
}

/// A commit wakes whoever waits for one.
pub async fn waking(subject: &Subject) {
    let store = &*subject.store;
    let mut commits = store.commits();
    commits.mark_unchanged();
    users(store, [1]).await;
    commits.changed().await.expect("the store lives");
    assert_eq!(follow(store, Position::START, 5).await.len(), 1, "what woke is there");
}
