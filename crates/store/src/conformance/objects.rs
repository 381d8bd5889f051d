//! Objects, keys, expectations.

use super::{REALM, Subject, at, commit, get, id, put, refused, users, version, write};
use crate::{Error, Expect, Key, KeyName, Kind, Position, Realm, Scan, Transaction};

/// Each expectation, met and not met, when writing, deleting and requiring.
pub async fn expectations(subject: &Subject) {
    let store = &*subject.store;
    let missing =
        |error: &Error| matches!(error, Error::Missing { kind: Kind::User, id: found } if *found == id(1));
    assert!(missing(&refused(store, |t| put(t, 1, Expect::Present, vec![])).await));
    assert!(missing(&refused(store, |t| put(t, 1, Expect::Version(1), vec![])).await));
    for expect in [Expect::Present, Expect::Version(1)] {
        let error = refused(store, |t| {
            t.delete(REALM, Kind::User, id(1), expect);
        });
        assert!(missing(&error.await));
        let error = refused(store, |t| {
            t.require(REALM, Kind::User, id(1), expect);
        });
        assert!(missing(&error.await));
    }
    let nothing = write(store, |t| {
        t.delete(REALM, Kind::User, id(1), Expect::Any).delete(REALM, Kind::User, id(1), Expect::Absent);
        t.require(REALM, Kind::User, id(1), Expect::Absent).require(REALM, Kind::User, id(1), Expect::Any);
    });
    assert_eq!(nothing.await.changed, [false; 4]);

    users(store, [1]).await;
    let error = refused(store, |t| put(t, 1, Expect::Absent, vec![])).await;
    assert!(matches!(error, Error::Exists { kind: Kind::User, id: found } if found == id(1)), "{error}");
    let error = refused(store, |t| {
        t.require(REALM, Kind::User, id(1), Expect::Absent);
    });
    assert!(matches!(error.await, Error::Exists { .. }));
    write(store, |t| put(t, 1, Expect::Version(1), vec![])).await;
    let error = refused(store, |t| put(t, 1, Expect::Version(1), vec![])).await;
    assert!(matches!(error, Error::VersionMismatch { found: 2, .. }), "{error}");
    let error = refused(store, |t| {
        t.delete(REALM, Kind::User, id(1), Expect::Version(3));
    });
    assert!(matches!(error.await, Error::VersionMismatch { found: 2, .. }));
    write(store, |t| put(t, 1, Expect::Present, vec![])).await;
    write(store, |t| put(t, 1, Expect::Any, vec![])).await;
    let deleted = write(store, |t| {
        t.require(REALM, Kind::User, id(1), Expect::Version(4));
        t.delete(REALM, Kind::User, id(1), Expect::Version(4));
    });
    assert_eq!(deleted.await.versions, [None, None]);
    assert_eq!(get(store, Kind::User, 1).await, None);
}

/// Versions count writes; creation and change have the transaction's instant.
pub async fn versions_and_times(subject: &Subject) {
    let store = &*subject.store;
    let mut create = Transaction::new(at(10));
    create.put(REALM, Kind::User, id(1), Expect::Absent, "one", vec![]);
    commit(store, &create).await.expect("the commit succeeds");
    let mut change = Transaction::new(at(20));
    change.put(REALM, Kind::User, id(1), Expect::Version(1), "two", vec![]);
    commit(store, &change).await.expect("the commit succeeds");
    let object = get(store, Kind::User, 1).await.expect("the object exists");
    assert_eq!((object.kind, object.id, object.version), (Kind::User, id(1), 2));
    assert_eq!((object.created, object.modified, object.body.as_ref()), (at(10), at(20), &b"two"[..]));

    write(store, |t| {
        t.delete(REALM, Kind::User, id(1), Expect::Any);
    })
    .await;
    users(store, [1]).await;
    assert_eq!(version(store, Kind::User, 1).await, 1, "one that comes again starts anew");
}

/// Keys not given any more find nothing; others do.
pub async fn keys_are_replaced(subject: &Subject) {
    let store = &*subject.store;
    let ada = Key::unique(KeyName::UserName, "ada");
    let mail = |value: &'static str| Key::lookup(KeyName::Email, value);
    write(store, |t| put(t, 1, Expect::Absent, vec![ada.clone(), mail("a"), mail("b"), mail("b")])).await;
    write(store, |t| put(t, 2, Expect::Absent, vec![mail("b")])).await;
    let found = async |key: &Key| -> Vec<_> {
        let objects = store.find(REALM, Kind::User, key, 10).await.expect("the read succeeds");
        objects.into_iter().map(|object| object.id).collect()
    };
    assert_eq!(found(&mail("b")).await, [id(1), id(2)], "in order of creation");
    assert_eq!(found(&Key::lookup(KeyName::UserName, "ada")).await, [id(1)], "by name and value alone");
    let one = store.find(REALM, Kind::User, &mail("b"), 1).await.expect("the read succeeds");
    assert_eq!(one.len(), 1);

    let countess = Key::unique(KeyName::UserName, "countess");
    write(store, |t| put(t, 1, Expect::Present, vec![countess.clone(), mail("b"), mail("c")])).await;
    assert!(found(&ada).await.is_empty());
    assert!(found(&mail("a")).await.is_empty());
    assert_eq!(found(&countess).await, [id(1)]);
    assert_eq!(found(&mail("b")).await, [id(1), id(2)]);
    assert_eq!(found(&mail("c")).await, [id(1)]);

    write(store, |t| {
        t.delete(REALM, Kind::User, id(1), Expect::Present);
    })
    .await;
    assert_eq!(found(&mail("b")).await, [id(2)]);
    assert!(found(&countess).await.is_empty());
}

/// Keys alone can be given anew: nobody sees a change of the document, and all that holds of keys holds of them.
pub async fn other_keys_for_the_same_document(subject: &Subject) {
    let store = &*subject.store;
    let name = |value: &'static str| Key::unique(KeyName::UserName, value);
    let mail = |value: &'static str| Key::lookup(KeyName::Email, value);
    let rekey = |t: &mut Transaction, number, expect, keys| {
        t.rekey(REALM, Kind::User, id(number), expect, keys);
    };
    write(store, |t| put(t, 1, Expect::Absent, vec![name("ada"), mail("a")])).await;
    write(store, |t| put(t, 2, Expect::Absent, vec![mail("b")])).await;
    let before = get(store, Kind::User, 1).await;
    let head = store.head(REALM).await.expect("the read succeeds");
    let keys = vec![name("countess"), mail("b"), mail("b")];
    let done = write(store, |t| {
        t.at = at(60);
        rekey(t, 1, Expect::Version(1), keys);
    });
    let done = done.await;
    assert_eq!((done.versions, done.changed), (vec![Some(1)], vec![true]));
    assert_eq!(get(store, Kind::User, 1).await, before);
    let later = store.changes(REALM, &head, 10).await.expect("the feed is read");
    assert!(later.changes.is_empty(), "{later:?}");
    for (key, found) in [
        (name("ada"), vec![]),
        (mail("a"), vec![]),
        (name("countess"), vec![id(1)]),
        (mail("b"), vec![id(1), id(2)]),
    ] {
        let objects = store.find(REALM, Kind::User, &key, 10).await.expect("the read succeeds");
        assert_eq!(objects.iter().map(|object| object.id).collect::<Vec<_>>(), found, "{key:?}");
    }
    let taken = refused(store, |t| rekey(t, 2, Expect::Present, vec![name("countess")])).await;
    assert!(matches!(taken, Error::NotUnique { holder, .. } if holder == id(1)), "{taken}");
    let changed = refused(store, |t| rekey(t, 1, Expect::Version(2), vec![])).await;
    assert!(matches!(changed, Error::VersionMismatch { found: 1, .. }), "{changed}");
    let missing = refused(store, |t| rekey(t, 3, Expect::Version(1), vec![])).await;
    assert!(matches!(missing, Error::Missing { .. }), "{missing}");
    let nobody = write(store, |t| rekey(t, 3, Expect::Any, vec![name("countess")])).await;
    assert_eq!((nobody.versions, nobody.changed), (vec![None], vec![false]));
    // Within a transaction it is one step among others.
    let both = write(store, |t| {
        rekey(t, 1, Expect::Version(1), vec![]);
        put(t, 2, Expect::Version(1), vec![name("countess")]);
        rekey(t, 2, Expect::Version(2), vec![name("ada")]);
    });
    assert_eq!(both.await.versions, [Some(1), Some(2), Some(2)]);
    write(store, |t| put(t, 1, Expect::Present, vec![name("countess")])).await;
}

/// A unique key has one holder at a time, whom the refusal names.
pub async fn unique_keys(subject: &Subject) {
    let store = &*subject.store;
    let name = |value: &'static str| vec![Key::unique(KeyName::UserName, value)];
    write(store, |t| put(t, 1, Expect::Absent, name("ada"))).await;
    write(store, |t| put(t, 2, Expect::Absent, name("grace"))).await;
    for (number, expect) in [(3, Expect::Absent), (2, Expect::Present)] {
        let error = refused(store, |t| put(t, number, expect, name("ada"))).await;
        let Error::NotUnique { kind: Kind::User, name: KeyName::UserName, value, holder } = error else {
            panic!("refused otherwise: {error}");
        };
        assert_eq!((holder, value.as_ref()), (id(1), &b"ada"[..]));
    }
    write(store, |t| put(t, 1, Expect::Present, name("ada"))).await;
    // A lookup key of the same value stands in nobody's way: a deleted user keeps one.
    write(store, |t| put(t, 1, Expect::Present, vec![Key::lookup(KeyName::UserName, "ada")])).await;
    write(store, |t| put(t, 2, Expect::Present, name("ada"))).await;
    let error = refused(store, |t| put(t, 1, Expect::Present, name("ada"))).await;
    assert!(matches!(error, Error::NotUnique { holder, .. } if holder == id(2)), "{error}");
    // A deleted holder frees the key, also within the transaction.
    write(store, |t| {
        t.delete(REALM, Kind::User, id(2), Expect::Present);
        put(t, 1, Expect::Present, name("ada"));
    })
    .await;
}

/// Uniqueness is per kind, realm and name of the key.
pub async fn unique_keys_within_a_kind(subject: &Subject) {
    let store = &*subject.store;
    let key = |name| vec![Key::unique(name, "x")];
    write(store, |t| {
        t.put(REALM, Kind::User, id(1), Expect::Absent, "", key(KeyName::Name));
        t.put(REALM, Kind::Group, id(1), Expect::Absent, "", key(KeyName::Name));
        t.put(REALM, Kind::User, id(2), Expect::Absent, "", key(KeyName::UserName));
        t.put(Realm(id(9)), Kind::User, id(1), Expect::Absent, "", key(KeyName::Name));
    })
    .await;
    let error = refused(store, |t| {
        t.put(REALM, Kind::Group, id(2), Expect::Absent, "", key(KeyName::Name));
    });
    assert!(matches!(error.await, Error::NotUnique { kind: Kind::Group, .. }));
}

/// A transaction that fails at its end has done nothing.
pub async fn all_or_nothing(subject: &Subject) {
    let store = &*subject.store;
    let name = |value: &'static str| vec![Key::unique(KeyName::UserName, value)];
    write(store, |t| put(t, 1, Expect::Absent, name("ada"))).await;
    write(store, |t| {
        put(t, 2, Expect::Absent, vec![]);
        t.put(REALM, Kind::Group, id(5), Expect::Absent, "", vec![]).add_edge(super::member(5, 2));
    })
    .await;
    let new_realm = Realm(id(77));
    let error = refused(store, |t| {
        put(t, 1, Expect::Present, name("changed"));
        put(t, 3, Expect::Absent, name("ada"));
        t.delete(REALM, Kind::User, id(2), Expect::Present);
        t.add_edge(super::member(5, 1));
        t.put(new_realm, Kind::User, id(1), Expect::Absent, "", vec![]);
        t.require(REALM, Kind::User, id(99), Expect::Present);
    });
    assert!(matches!(error.await, Error::Missing { id: found, .. } if found == id(99)));
    assert_eq!(version(store, Kind::User, 1).await, 1);
    assert_eq!(version(store, Kind::Group, 5).await, 2);
    assert_eq!(get(store, Kind::User, 3).await, None);
    let found = store.find(REALM, Kind::User, &name("ada")[0], 9).await.expect("the read succeeds");
    assert_eq!(found.iter().map(|object| object.id).collect::<Vec<_>>(), [id(1)]);
    assert!(
        store.find(REALM, Kind::User, &name("changed")[0], 9).await.expect("the read succeeds").is_empty()
    );
    assert_eq!(store.count(REALM, Kind::User).await.expect("the read succeeds"), 2);
    let has = store.has_edges(REALM, crate::EdgeKind::Member, id(5), &[id(2), id(1)]).await;
    assert_eq!(has.expect("the read succeeds"), [true, false]);
    // A realm that the refused transaction was the first to write to works as if it had not been.
    assert_eq!(store.count(new_realm, Kind::User).await.expect("the read succeeds"), 0);
    write(store, |t| {
        t.put(new_realm, Kind::User, id(1), Expect::Absent, "", vec![]);
    })
    .await;
    assert!(store.get(new_realm, Kind::User, id(1)).await.expect("the read succeeds").is_some());
}

/// Operations take effect in order.
pub async fn later_operations_see_earlier_ones(subject: &Subject) {
    let store = &*subject.store;
    let name = |value: &'static str| vec![Key::unique(KeyName::UserName, value)];
    write(store, |t| {
        put(t, 1, Expect::Absent, name("ada"));
        put(t, 1, Expect::Version(1), name("grace"));
        put(t, 2, Expect::Absent, name("ada"));
        t.delete(REALM, Kind::User, id(1), Expect::Version(2));
        put(t, 1, Expect::Absent, name("grace"));
    })
    .await;
    assert_eq!(version(store, Kind::User, 1).await, 1);
    let scan = super::all(store, Scan::first(10)).await;
    assert_eq!(scan, [id(2), id(1)], "created again is created later");
    // Names cannot be swapped in one step: each step must hold.
    let error = refused(store, |t| {
        put(t, 1, Expect::Present, name("ada"));
        put(t, 2, Expect::Present, name("grace"));
    });
    assert!(matches!(error.await, Error::NotUnique { holder, .. } if holder == id(2)));
}

/// Versions after the whole transaction, and whether each operation changed anything.
pub async fn what_a_commit_answers(subject: &Subject) {
    let store = &*subject.store;
    let edge = super::member(5, 1);
    let answer = write(store, |t| {
        put(t, 1, Expect::Absent, vec![]);
        t.put(REALM, Kind::Group, id(5), Expect::Absent, "", vec![]);
        t.add_edge(edge).add_edge(edge);
        put(t, 2, Expect::Absent, vec![]);
        t.delete(REALM, Kind::User, id(2), Expect::Present);
        t.require(REALM, Kind::Group, id(5), Expect::Version(2));
        put(t, 1, Expect::Present, vec![]);
    })
    .await;
    assert_eq!(answer.versions, [Some(2), Some(2), Some(2), Some(2), None, None, Some(2), Some(2)]);
    assert_eq!(answer.changed, [true, true, true, false, true, true, false, true]);
    assert_eq!(answer.position, store.head(REALM).await.expect("the read succeeds"));
    let none = Transaction::new(at(1));
    let answer = commit(store, &none).await.expect("an empty transaction commits");
    assert!(answer.versions.is_empty() && answer.changed.is_empty());
}

/// Counters are exact, through creation, change, deletion and refusal.
pub async fn counts(subject: &Subject) {
    let store = &*subject.store;
    let count = async |kind| store.count(REALM, kind).await.expect("the read succeeds");
    assert_eq!(count(Kind::User).await, 0);
    users(store, 0..5).await;
    super::group(store, 50).await;
    users_again(store).await;
    assert_eq!((count(Kind::User).await, count(Kind::Group).await, count(Kind::Link).await), (4, 1, 0));
    let other = store.count(Realm(id(3)), Kind::User).await;
    assert_eq!(other.expect("the read succeeds"), 0);
}

async fn users_again(store: &dyn crate::Store) {
    write(store, |t| put(t, 0, Expect::Present, vec![])).await;
    refused(store, |t| {
        put(t, 7, Expect::Absent, vec![]);
        put(t, 0, Expect::Absent, vec![]);
    })
    .await;
    write(store, |t| {
        t.delete(REALM, Kind::User, id(0), Expect::Present).delete(REALM, Kind::User, id(0), Expect::Any);
    })
    .await;
}

/// The same id and kind in two realms are two objects.
pub async fn realms_are_apart(subject: &Subject) {
    let store = &*subject.store;
    let other = Realm(id(9));
    users(store, [1, 2]).await;
    write(store, |t| {
        t.put(other, Kind::User, id(1), Expect::Absent, "other", vec![]);
    })
    .await;
    let many = store.get_many(other, Kind::User, &[id(2), id(1), id(1)]).await.expect("the read succeeds");
    let bodies: Vec<_> = many.into_iter().map(|object| object.map(|object| object.body)).collect();
    assert_eq!(bodies, [None, Some("other".into()), Some("other".into())]);
    let many: Vec<_> = (0..300).map(|number| id(number % 3)).collect();
    let read = store.get_many(REALM, Kind::User, &many).await.expect("the read succeeds");
    assert!(read.iter().zip(0..).all(|(object, number)| object.is_some() == (number % 3 != 0)));
    assert_eq!(read.len(), 300);
    write(store, |t| {
        t.delete(other, Kind::User, id(1), Expect::Present);
    })
    .await;
    assert_eq!(version(store, Kind::User, 1).await, 1);
}

/// A dropped realm is empty, its positions expire, and it can begin anew.
pub async fn dropped_realms(subject: &Subject) {
    let store = &*subject.store;
    let name = || vec![Key::unique(KeyName::UserName, "ada"), Key::lookup(KeyName::Email, "m")];
    store.drop_realm(REALM).await.expect("dropping nothing succeeds");
    for round in 0..2 {
        write(store, |t| {
            put(t, 1, Expect::Absent, name());
            t.put(REALM, Kind::Group, id(5), Expect::Absent, "", vec![]).add_edge(super::member(5, 1));
            t.put(Realm(id(9)), Kind::User, id(100 + round), Expect::Absent, "", vec![]);
        })
        .await;
        let before = store.head(REALM).await.expect("the read succeeds");
        store.drop_realm(REALM).await.expect("the realm is dropped");
        assert_eq!(store.count(REALM, Kind::User).await.expect("the read succeeds"), 0);
        assert_eq!(get(store, Kind::User, 1).await, None);
        assert!(super::all(store, Scan::first(5)).await.is_empty());
        assert!(store.find(REALM, Kind::User, &name()[1], 5).await.expect("the read succeeds").is_empty());
        let ends = super::ends(store, crate::EdgeKind::Member, crate::EdgesOf::To(id(1)), 5).await;
        assert!(ends.is_empty());
        let start = store.changes(REALM, &Position::START, 5).await;
        assert!(matches!(start, Err(Error::PositionExpired)));
        let now = store.head(REALM).await.expect("the read succeeds");
        assert!(super::follow(store, now, 5).await.is_empty());
        users(store, [2]).await;
        let seen = store.changes(REALM, &before, 5).await;
        assert!(!seen.is_ok_and(|seen| seen.changes.is_empty()), "an old position does not hide new changes");
        write(store, |t| {
            t.delete(REALM, Kind::User, id(2), Expect::Present);
        })
        .await;
    }
    assert_eq!(store.count(Realm(id(9)), Kind::User).await.expect("the read succeeds"), 2, "others stay");
}

/// Bodies and key values are bytes, not text, and may be empty or large.
pub async fn bodies_of_any_bytes(subject: &Subject) {
    let store = &*subject.store;
    let large: Vec<u8> = (0..=255_u8).cycle().take(300_000).collect();
    let keys = vec![Key::lookup(KeyName::Email, vec![0xff, 0, 1]), Key::unique(KeyName::Name, "")];
    write(store, |t| {
        t.put(REALM, Kind::User, id(1), Expect::Absent, large.clone(), keys.clone());
        t.put(REALM, Kind::User, id(2), Expect::Absent, "", vec![]);
    })
    .await;
    assert_eq!(get(store, Kind::User, 1).await.expect("it exists").body, large);
    assert!(get(store, Kind::User, 2).await.expect("it exists").body.is_empty());
    for key in &keys {
        assert_eq!(store.find(REALM, Kind::User, key, 5).await.expect("the read succeeds").len(), 1);
    }
}

/// A backup goes to a file that does not exist yet, where the backend makes backups.
pub async fn backups(subject: &Subject) {
    let store = &*subject.store;
    users(store, [1]).await;
    let dir = std::env::temp_dir().join(format!("store-conformance-{}-{:p}", std::process::id(), subject));
    std::fs::create_dir_all(&dir).expect("a directory can be made");
    let file = dir.join("backup");
    match store.backup(&file).await {
        Err(Error::Unsupported(instead)) => {
            assert!(!instead.is_empty() && !file.exists(), "it says what to do instead");
            return std::fs::remove_dir_all(&dir).expect("the directory can be removed");
        }
        written => written.expect("the backup is written"),
    }
    assert!(std::fs::metadata(&file).expect("the file exists").len() > 0);
    assert!(matches!(store.backup(&file).await, Err(Error::Backend(_))), "nothing is written over");
    std::fs::remove_dir_all(&dir).expect("the directory can be removed");
}
