//! Edges between objects.

use super::{REALM, Subject, ends, follow, get, group, id, member, put, refused, users, version, write};
use crate::{Changed, Edge, EdgeKind, EdgesOf, Error, Expect, Kind};

fn manager(user: u32, of: u32) -> Edge {
    Edge { realm: REALM, kind: EdgeKind::Manager, from: (Kind::User, id(user)), to: (Kind::User, id(of)) }
}

/// An edge change is a change of the object where it starts, and only the first time.
pub async fn adding_and_removing(subject: &Subject) {
    let store = &*subject.store;
    users(store, [1, 2]).await;
    group(store, 5).await;
    let add = |edge| {
        move |t: &mut crate::Transaction| {
            t.add_edge(edge);
        }
    };
    let remove = |edge| {
        move |t: &mut crate::Transaction| {
            t.remove_edge(edge);
        }
    };
    assert_eq!(write(store, add(member(5, 1))).await.changed, [true]);
    assert_eq!(write(store, add(member(5, 1))).await.changed, [false]);
    let second = write(store, add(member(5, 2))).await;
    assert_eq!((second.changed, second.versions), (vec![true], vec![Some(3)]));
    assert_eq!((version(store, Kind::Group, 5).await, version(store, Kind::User, 1).await), (3, 1));
    assert_eq!(write(store, remove(member(5, 1))).await.changed, [true]);
    let again = write(store, remove(member(5, 1))).await;
    assert_eq!((again.changed, again.versions), (vec![false], vec![Some(4)]));
    // One between objects that are not there is as absent as any.
    let absent = write(store, remove(member(6, 1))).await;
    assert_eq!((absent.changed, absent.versions), (vec![false], vec![None]));
    write(store, remove(member(5, 66))).await;
    assert_eq!(ends(store, EdgeKind::Member, EdgesOf::From(id(5)), 9).await, [(Kind::User, id(2))]);
    assert_eq!(ends(store, EdgeKind::Member, EdgesOf::To(id(2)), 9).await, [(Kind::Group, id(5))]);
    assert!(ends(store, EdgeKind::Manager, EdgesOf::From(id(5)), 9).await.is_empty());
    // Written again, an object keeps its edges.
    write(store, |t| put(t, 2, Expect::Present, vec![])).await;
    assert_eq!(ends(store, EdgeKind::Member, EdgesOf::From(id(5)), 9).await.len(), 1);
}

/// Both ends must exist, also when they are made in the same transaction.
pub async fn edges_need_both_ends(subject: &Subject) {
    let store = &*subject.store;
    users(store, [1]).await;
    group(store, 5).await;
    for (edge, kind, missing) in [(member(5, 2), Kind::User, 2), (member(6, 1), Kind::Group, 6)] {
        let error = refused(store, |t| {
            t.add_edge(edge);
        });
        let error = error.await;
        assert!(matches!(error, Error::Missing { kind: k, id: found } if k == kind && found == id(missing)));
    }
    let error = refused(store, |t| {
        t.delete(REALM, Kind::User, id(1), Expect::Present).add_edge(member(5, 1));
    });
    assert!(matches!(error.await, Error::Missing { .. }));
    write(store, |t| {
        t.put(REALM, Kind::Group, id(6), Expect::Absent, "", vec![]);
        put(t, 3, Expect::Absent, vec![]);
        t.add_edge(member(6, 3)).add_edge(manager(3, 3));
    })
    .await;
    assert_eq!(
        ends(store, EdgeKind::Manager, EdgesOf::To(id(3)), 9).await,
        [(Kind::User, id(3))],
        "to itself"
    );
    write(store, |t| {
        t.delete(REALM, Kind::User, id(3), Expect::Version(2));
    })
    .await;
}

/// Deleting an object removes the edges on both sides; each that ended at it is a change of where it started.
pub async fn deleting_removes_both_sides(subject: &Subject) {
    let store = &*subject.store;
    users(store, [1, 2, 3]).await;
    for number in [5, 6] {
        group(store, number).await;
        write(store, |t| {
            t.add_edge(member(number, 1)).add_edge(member(number, 2));
        })
        .await;
    }
    write(store, |t| {
        t.add_edge(manager(3, 1)).add_edge(manager(1, 2));
    })
    .await;
    let head = store.head(REALM).await.expect("the read succeeds");
    write(store, |t| {
        t.delete(REALM, Kind::User, id(1), Expect::Present);
    })
    .await;
    let mut seen: Vec<_> = follow(store, head, 2).await.into_iter().map(|c| (c.kind, c.id, c.what)).collect();
    assert_eq!(seen.pop(), Some((Kind::User, id(1), Changed::Deleted)), "the object itself comes last");
    let removed = |edge| Changed::EdgeRemoved(edge, Kind::User, id(1));
    seen.sort_by_key(|change| change.1);
    assert_eq!(
        seen,
        [
            (Kind::User, id(3), removed(EdgeKind::Manager)),
            (Kind::Group, id(5), removed(EdgeKind::Member)),
            (Kind::Group, id(6), removed(EdgeKind::Member)),
        ]
    );
    assert_eq!((version(store, Kind::Group, 5).await, version(store, Kind::User, 3).await), (4, 3));
    assert_eq!(version(store, Kind::User, 2).await, 1, "where an edge ends nothing changes");
    assert_eq!(ends(store, EdgeKind::Member, EdgesOf::From(id(5)), 9).await, [(Kind::User, id(2))]);
    assert!(ends(store, EdgeKind::Manager, EdgesOf::To(id(2)), 9).await.is_empty());
    // One that comes again with the same id has no edges.
    users(store, [1]).await;
    for kind in EdgeKind::ALL {
        assert!(ends(store, *kind, EdgesOf::To(id(1)), 9).await.is_empty());
        assert!(ends(store, *kind, EdgesOf::From(id(1)), 9).await.is_empty());
    }
}

/// Clearing removes all edges of a kind that start at an object, as one change of its version.
pub async fn clearing(subject: &Subject) {
    let store = &*subject.store;
    users(store, [1, 2]).await;
    group(store, 5).await;
    let clear = |t: &mut crate::Transaction| {
        t.clear_edges(REALM, EdgeKind::Member, (Kind::Group, id(5)));
    };
    let none = write(store, clear).await;
    assert_eq!((none.changed, none.versions), (vec![false], vec![Some(1)]));
    write(store, |t| {
        t.add_edge(member(5, 1))
            .add_edge(member(5, 2))
            .add_edge(Edge { kind: EdgeKind::ExportedMember, ..member(5, 1) });
    })
    .await;
    assert_eq!(version(store, Kind::Group, 5).await, 4);
    let head = store.head(REALM).await.expect("the read succeeds");
    let cleared = write(store, clear).await;
    assert_eq!((cleared.changed, cleared.versions), (vec![true], vec![Some(5)]));
    let seen: Vec<_> = follow(store, head, 9).await.into_iter().map(|change| change.what).collect();
    let removed = |number| Changed::EdgeRemoved(EdgeKind::Member, Kind::User, id(number));
    assert_eq!(seen, [removed(1), removed(2)]);
    assert!(ends(store, EdgeKind::Member, EdgesOf::From(id(5)), 9).await.is_empty());
    assert_eq!(
        ends(store, EdgeKind::ExportedMember, EdgesOf::From(id(5)), 9).await.len(),
        1,
        "other kinds stay"
    );
    let nobody = write(store, |t| {
        t.clear_edges(REALM, EdgeKind::Member, (Kind::Group, id(77)));
    });
    assert_eq!(nobody.await.versions, [None]);
}

/// Pages neither lose nor repeat an edge while others come and go.
pub async fn pages_of_edges(subject: &Subject) {
    let store = &*subject.store;
    users(store, 0..40).await;
    group(store, 50).await;
    let edges: Vec<u32> = (0..40).filter(|number| number % 2 == 0).collect();
    write(store, |t| {
        for number in &edges {
            t.add_edge(member(50, *number));
        }
    })
    .await;
    let expected: Vec<_> = edges.iter().map(|number| (Kind::User, id(*number))).collect();
    for limit in [1, 3, 20, 1000] {
        let mut found = ends(store, EdgeKind::Member, EdgesOf::From(id(50)), limit).await;
        found.sort();
        assert_eq!(found, expected, "with pages of {limit}");
    }
    let mut found = Vec::new();
    let mut after = None;
    for step in 0.. {
        let page =
            store.edges(REALM, EdgeKind::Member, EdgesOf::From(id(50)), after, 4).await.expect("a page");
        found.extend(page.others);
        after = page.next;
        if after.is_none() {
            break;
        }
        write(store, |t| {
            t.add_edge(member(50, step * 2 + 1));
        })
        .await;
    }
    let once = found.iter().filter(|other| expected.contains(other)).count();
    assert_eq!(once, expected.len(), "each edge that was there all along comes once");
    let mut distinct = found.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), found.len(), "none comes twice");
    let bad =
        store.edges(REALM, EdgeKind::Member, EdgesOf::From(id(50)), Some(crate::Cursor("x".into())), 4).await;
    assert!(matches!(bad, Err(Error::InvalidCursor)));
}

/// The first edges of each of many objects are those that are found one by one.
pub async fn edges_of_each(subject: &Subject) {
    let store = &*subject.store;
    users(store, 0..4).await;
    for number in 50..55 {
        group(store, number).await;
        write(store, |t| {
            for user in 0..number - 50 {
                t.add_edge(member(number, user));
            }
        })
        .await;
    }
    // A group of the same id as a user is in groups of its own.
    group(store, 1).await;
    write(store, |t| {
        t.add_edge(Edge { to: (Kind::Group, id(1)), ..member(50, 1) });
    })
    .await;
    let asked: Vec<_> = [3, 0, 99, 1, 0].into_iter().map(|number| EdgesOf::To(id(number))).collect();
    let each = async |limit| {
        store.edges_of_each(REALM, EdgeKind::Member, Kind::User, &asked, limit).await.expect("a read")
    };
    let found: Vec<_> = each(100).await.into_iter().map(|page| page.others).collect();
    let groups = |numbers: std::ops::Range<u32>| numbers.map(|n| (Kind::Group, id(n))).collect::<Vec<_>>();
    assert_eq!(found, [groups(54..55), groups(51..55), vec![], groups(52..55), groups(51..55)]);
    let page = each(2).await.swap_remove(1);
    assert_eq!(page.others, groups(51..53));
    let rest =
        store.edges(REALM, EdgeKind::Member, EdgesOf::To(id(0)), page.next, 100).await.expect("a page");
    assert_eq!((rest.others, rest.next), (groups(53..55), None));
    let many: Vec<_> = asked.iter().copied().cycle().take(1000).collect();
    let read = store.edges_of_each(REALM, EdgeKind::Member, Kind::User, &many, 1).await.expect("a read");
    assert_eq!(read.len(), 1000);
    // A group of the same id as a user has members of its own.
    let asked = [54, 50, 1].map(|number| EdgesOf::From(id(number)));
    let read = store.edges_of_each(REALM, EdgeKind::Member, Kind::Group, &asked, 3).await.expect("a read");
    let users = |numbers: std::ops::Range<u32>| numbers.map(|n| (Kind::User, id(n))).collect::<Vec<_>>();
    let found: Vec<_> = read.iter().map(|page| page.others.clone()).collect();
    assert_eq!(found, [users(0..3), vec![(Kind::Group, id(1))], vec![]]);
    assert!(read[0].next.is_some() && read[1].next.is_none());
}

/// Single edges and how many there are.
pub async fn asking_for_edges(subject: &Subject) {
    let store = &*subject.store;
    users(store, [1, 2, 3]).await;
    group(store, 5).await;
    write(store, |t| {
        t.add_edge(member(5, 1)).add_edge(member(5, 3));
    })
    .await;
    let asked: Vec<_> = [3, 2, 9, 1, 3].into_iter().map(id).collect();
    let has = store.has_edges(REALM, EdgeKind::Member, id(5), &asked).await.expect("the read succeeds");
    assert_eq!(has, [true, false, false, true, true]);
    let many: Vec<_> = asked.iter().copied().cycle().take(500).collect();
    let has = store.has_edges(REALM, EdgeKind::Member, id(5), &many).await.expect("the read succeeds");
    assert_eq!(has.iter().filter(|has| **has).count(), 300);
    let has = store.has_edges(REALM, EdgeKind::Manager, id(5), &asked).await.expect("the read succeeds");
    assert_eq!(has, [false; 5]);
    let count = async |of| store.count_edges(REALM, EdgeKind::Member, of).await.expect("the read succeeds");
    assert_eq!((count(EdgesOf::From(id(5))).await, count(EdgesOf::To(id(3))).await), (2, 1));
    assert_eq!((count(EdgesOf::To(id(5))).await, count(EdgesOf::From(id(99))).await), (0, 0));
    assert!(get(store, Kind::User, 9).await.is_none());
}
