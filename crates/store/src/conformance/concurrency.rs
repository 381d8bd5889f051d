//! Many writers at once.

use super::{REALM, Subject, at, commit, group, id, member, users, version};
use crate::{EdgeKind, EdgesOf, Error, Expect, Key, KeyName, Kind, Transaction, transact};

/// Of 64 that want the same unique key one gets it, and the others learn who.
pub async fn one_of_many_wins_a_unique_key(subject: &Subject) {
    let tasks: Vec<_> = (0..64_u32)
        .map(|number| {
            let store = subject.store.clone();
            tokio::spawn(async move {
                let mut transaction = Transaction::new(at(0));
                let keys = vec![Key::unique(KeyName::UserName, "ada"), Key::lookup(KeyName::Email, "m")];
                super::put(&mut transaction, number, Expect::Absent, keys);
                (number, commit(&*store, &transaction).await)
            })
        })
        .collect();
    let mut winners = Vec::new();
    let mut named = Vec::new();
    for task in tasks {
        match task.await.expect("the task succeeds") {
            (number, Ok(_)) => winners.push(id(number)),
            (_, Err(Error::NotUnique { holder, .. })) => named.push(holder),
            (_, Err(error)) => panic!("refused otherwise: {error}"),
        }
    }
    assert_eq!((winners.len(), named.len()), (1, 63));
    assert!(named.iter().all(|holder| *holder == winners[0]));
    let store = &*subject.store;
    let found = store.find(REALM, Kind::User, &Key::lookup(KeyName::Email, "m"), 99).await;
    assert_eq!(found.expect("the read succeeds").len(), 1, "the refused ones left no keys");
    assert_eq!(store.count(REALM, Kind::User).await.expect("the read succeeds"), 1);
}

/// Read, decide, write: no increment is lost, through [`transact`].
pub async fn increments_are_not_lost(subject: &Subject) {
    super::write(&*subject.store, |t| {
        t.put(REALM, Kind::User, id(1), Expect::Absent, "0", vec![]);
    })
    .await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = subject.store.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    let attempt = async || {
                        let object = store.get(REALM, Kind::User, id(1)).await?.expect("the object exists");
                        let number: u32 = String::from_utf8_lossy(&object.body).parse().expect("a number");
                        let mut transaction = Transaction::new(at(0));
                        let expect = Expect::Version(object.version);
                        transaction.put(REALM, Kind::User, id(1), expect, (number + 1).to_string(), vec![]);
                        Ok::<_, Error>((transaction, ()))
                    };
                    transact(&*store, attempt).await.expect("the increment commits");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task succeeds");
    }
    let object = super::get(&*subject.store, Kind::User, 1).await.expect("the object exists");
    assert_eq!((object.body.as_ref(), object.version), (&b"80"[..], 81));
}

/// Members added to one group by many at once are all there.
pub async fn edges_of_one_group(subject: &Subject) {
    let store = &*subject.store;
    group(store, 500).await;
    users(store, 0..60).await;
    let tasks: Vec<_> = (0..60)
        .map(|number| {
            let store = subject.store.clone();
            tokio::spawn(async move {
                super::write(&*store, |t| {
                    t.add_edge(member(500, number));
                })
                .await
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task succeeds");
    }
    assert_eq!(version(store, Kind::Group, 500).await, 61);
    assert_eq!(super::ends(store, EdgeKind::Member, EdgesOf::From(id(500)), 7).await.len(), 60);
}
