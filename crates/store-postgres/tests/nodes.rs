//! Several nodes on one database: how they open it, meet in it, and get over its absence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use jiff::Timestamp;
use secrecy::SecretString;
use store::{
    Change, Error, Expect, Key, KeyName, KeyRange, Kind, Position, Realm, Scan, Store, Transaction, transact,
};
use store_postgres::{Address, PostgresStore};
use testkit::Postgres;
use tokio::time::sleep;
use uuid::Uuid;

const REALM: Realm = Realm(Uuid::from_u128(1));

/// How long anything may take before the test fails instead of waiting on.
const LIMIT: Duration = Duration::from_mins(1);

fn address(url: &str) -> Address {
    Address::parse(&SecretString::from(url), None).expect("an address")
}

async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(&address(url)).await.expect("the store opens")
}

async fn open_error(url: &str) -> Error {
    PostgresStore::open(&address(url)).await.map(|_| ()).expect_err("the store does not open")
}

fn user(number: u128) -> Transaction {
    let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
    let keys = vec![Key::unique(KeyName::UserName, number.to_string())];
    transaction.put(REALM, Kind::User, Uuid::from_u128(number), Expect::Absent, "body", keys);
    transaction
}

async fn count(store: &PostgresStore) -> u64 {
    store.count(REALM, Kind::User).await.expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_make_the_tables_once() {
    let url = Postgres::shared().database();
    let nodes = join_all((0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { open(&url).await })
    }));
    let nodes: Vec<_> = nodes.await.into_iter().map(|node| node.expect("the task succeeds")).collect();
    store::commit(&nodes[0], user(1)).await.expect("the commit succeeds");
    for node in &nodes {
        assert_eq!(count(node).await, 1);
    }
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_alone() {
    let url = Postgres::shared().database();
    let store = open(&url).await;
    store.commit(user(1)).await.expect("the commit succeeds");
    store.close().await.expect("it closes");
    assert!(matches!(store.get(REALM, Kind::User, Uuid::nil()).await, Err(Error::Closed)));
    assert!(matches!(store.commit(user(2)).await, Err(Error::Closed)));
    let database = url.rsplit('/').next().expect("a name");
    Postgres::shared().sql(database, "UPDATE provost.format SET number = 99");
    let error = open_error(&url).await;
    assert!(matches!(error, Error::TooNew { found: 99, known: 1 }), "{error}");
    assert_eq!(Postgres::shared().sql(database, "SELECT number FROM provost.format"), "99");
}

#[tokio::test]
async fn who_may_not_make_tables_is_told_what_is_missing() {
    let url = Postgres::shared().database();
    let database = url.rsplit('/').next().expect("a name");
    Postgres::shared().sql(database, "CREATE USER reader PASSWORD 'other-horse'");
    let reader = url.replace("provost:", "reader:").replace(Postgres::shared().password(), "other-horse");
    let error = open_error(&reader).await.to_string();
    assert!(error.contains("GRANT CREATE ON DATABASE"), "{error}");
    let error = open_error(&reader.replace("other-horse", "wrong-horse")).await;
    assert!(matches!(&error, Error::Unavailable(words) if words.contains("password")), "{error}");
    assert!(!error.to_string().contains("wrong-horse"), "{error}");
}

/// Creates users and counts in a shared one, as one of several nodes.
async fn write_much(store: Arc<PostgresStore>, node: u128, rounds: u128) {
    for round in 0..rounds {
        store::commit(&*store, user(1000 * (node + 1) + round)).await.expect("the commit succeeds");
        transact(&*store, async || {
            let shared = store.get(REALM, Kind::User, Uuid::from_u128(1)).await?.expect("it exists");
            let number: u32 = String::from_utf8_lossy(&shared.body).parse().expect("a number");
            let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
            let expect = Expect::Version(shared.version);
            transaction.put(REALM, Kind::User, shared.id, expect, (number + 1).to_string(), vec![]);
            Ok::<_, Error>((transaction, ()))
        })
        .await
        .expect("the increment commits");
    }
}

/// Reads the feed as it grows until it has so many entries.
async fn read_all(store: Arc<PostgresStore>, entries: usize) -> Vec<Change> {
    let (mut position, mut seen) = (Position::START, Vec::new());
    let started = Instant::now();
    while seen.len() < entries {
        assert!(started.elapsed() < LIMIT, "{} of {entries} entries were seen", seen.len());
        let read = store.changes(REALM, &position, 7).await.expect("the feed is read");
        seen.extend(read.changes);
        position = read.position;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_of_several_writing_nodes_loses_nothing() {
    const NODES: u128 = 3;
    const ROUNDS: u128 = 40;
    let url = Postgres::shared().database();
    let nodes = join_all((0..NODES).map(|_| open(&url))).await;
    let nodes: Vec<_> = nodes.into_iter().map(Arc::new).collect();
    let mut first = Transaction::new(Timestamp::UNIX_EPOCH);
    first.put(REALM, Kind::User, Uuid::from_u128(1), Expect::Absent, "0", vec![]);
    store::commit(&*nodes[0], first).await.expect("the commit succeeds");
    let entries = usize::try_from(1 + 2 * NODES * ROUNDS).expect("few");
    let readers: Vec<_> = nodes.iter().map(|node| tokio::spawn(read_all(node.clone(), entries))).collect();
    let writers: Vec<_> = (0..)
        .zip(&nodes)
        .map(|(number, node)| tokio::spawn(write_much(node.clone(), number, ROUNDS)))
        .collect();
    for writer in writers {
        writer.await.expect("the writer succeeds");
    }
    let mut seen = Vec::new();
    for reader in readers {
        seen.push(reader.await.expect("the reader succeeds"));
    }
    assert!(seen.iter().all(|other| *other == seen[0]), "all see the same, in the same order");
    let mut created: Vec<Uuid> =
        seen[0].iter().map(|change| change.id).filter(|id| id.as_u128() != 1).collect();
    created.sort_unstable();
    created.dedup();
    assert_eq!(created.len() as u128, NODES * ROUNDS, "each that was created is there once");
    let shared =
        nodes[1].get(REALM, Kind::User, Uuid::from_u128(1)).await.expect("a read").expect("it exists");
    assert_eq!(String::from_utf8_lossy(&shared.body), (NODES * ROUNDS).to_string(), "no increment is lost");
    // In the order of creation, whichever node created.
    let page = nodes[2].scan(REALM, Kind::User, Scan::first(1000)).await.expect("a page");
    let feed: Vec<Uuid> =
        seen[0].iter().filter(|it| it.what == store::Changed::Created).map(|it| it.id).collect();
    assert_eq!(page.objects.iter().map(|object| object.id).collect::<Vec<_>>(), feed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_taken_over_on_another_node_fences() {
    let url = Postgres::shared().database();
    let (one, two) = (open(&url).await, open(&url).await);
    let at = |second| Timestamp::from_second(second).expect("an instant");
    let minute = Duration::from_mins(1);
    let first =
        one.acquire_lease("job", Uuid::from_u128(1), at(0), minute).await.expect("asked").expect("free");
    assert_eq!(two.acquire_lease("job", Uuid::from_u128(2), at(30), minute).await.expect("asked"), None);
    let mut fenced = user(1).fenced(first.fence());
    store::commit(&one, fenced.clone()).await.expect("it is held");
    let second =
        two.acquire_lease("job", Uuid::from_u128(2), at(60), minute).await.expect("asked").expect("over");
    assert!(second.token > first.token);
    fenced.ops = user(2).ops;
    assert!(matches!(store::commit(&one, fenced).await, Err(Error::Fenced { .. })));
    assert_eq!(count(&two).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_away_is_used_again() {
    let database = Postgres::start();
    let store = Arc::new(open(&database.database()).await);
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let (mut done, mut number, mut failed) = (Vec::new(), 0, 0);
            let started = Instant::now();
            // Until it has written again after failures.
            while failed == 0 || done.last().is_none_or(|last| *last < number - 20) {
                assert!(started.elapsed() < LIMIT, "waited too long");
                number += 1;
                match store.commit(user(number)).await {
                    Ok(_) => done.push(number),
                    Err(Error::Unavailable(_)) => failed += 1,
                    Err(error) => panic!("failed otherwise: {error}"),
                }
            }
            done
        })
    };
    while count(&store).await < 50 {
        sleep(Duration::from_millis(5)).await;
    }
    database.stop();
    let error = store.get(REALM, Kind::User, Uuid::from_u128(1)).await.expect_err("nobody answers");
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(!error.to_string().contains(database.password()), "{error}");
    database.resume();
    let done = writer.await.expect("it writes on");
    for number in done {
        let found = store.get(REALM, Kind::User, Uuid::from_u128(number)).await.expect("a read");
        assert!(found.is_some(), "{number} was acknowledged");
    }
}

#[tokio::test]
async fn long_values_of_keys_are_found_too() {
    let store = open(&Postgres::shared().database()).await;
    let value = |last: u8| {
        // Nothing that compresses.
        let mut state = 1_u32;
        let mut bytes: Vec<u8> = (0..9000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        bytes.push(last);
        bytes
    };
    for last in [1, 2] {
        let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
        let keys = vec![Key::unique(KeyName::ExternalId, value(last))];
        transaction.put(REALM, Kind::User, Uuid::from_u128(last.into()), Expect::Absent, "", keys);
        store.commit(transaction).await.expect("the commit succeeds");
    }
    let mut third = Transaction::new(Timestamp::UNIX_EPOCH);
    let key = Key::unique(KeyName::ExternalId, value(2));
    third.put(REALM, Kind::User, Uuid::from_u128(3), Expect::Absent, "", vec![key.clone()]);
    let taken = store.commit(third).await.expect_err("it is taken");
    assert!(
        matches!(&taken, Error::NotUnique { holder, value: taken, .. } if holder.as_u128() == 2 && *taken == value(2)),
        "{taken}"
    );
    let found = store.find(REALM, Kind::User, &key, 9).await.expect("a read");
    assert_eq!(found.iter().map(|object| object.id.as_u128()).collect::<Vec<_>>(), [2]);
    let exactly = store.ids(REALM, Kind::User, KeyRange::exactly(key), 9).await.expect("a read");
    assert_eq!(exactly, [Uuid::from_u128(2)]);
    let both = KeyRange::beginning_with(KeyName::ExternalId, &value(1)[..20]);
    assert_eq!(store.count_keys(REALM, Kind::User, both).await.expect("a number"), 2);
}

/// One that the database does not take stands in nobody's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_together_fails_alone() {
    let url = Postgres::shared().database();
    let store = open(&url).await;
    let database = url.rsplit('/').next().expect("a name");
    let sql = "ALTER TABLE provost.object ADD CHECK (octet_length(body) < 1000)";
    Postgres::shared().sql(database, sql);
    let mut refused = user(99);
    refused.put(REALM, Kind::User, Uuid::from_u128(98), Expect::Absent, vec![0_u8; 1000], vec![]);
    let all = (0..20).map(user).chain([refused]).chain((20..40).map(user));
    let outcomes = join_all(all.map(|transaction| store.commit(transaction))).await;
    let failed: Vec<_> = (0..).zip(&outcomes).filter(|(_, outcome)| outcome.is_err()).collect();
    assert!(matches!(failed[..], [(20, Err(Error::Backend(_)))]), "{failed:?}");
    assert_eq!(count(&store).await, 40);
}

#[tokio::test]
async fn what_a_dropped_realm_left_is_removed() {
    let url = Postgres::shared().database();
    let store = open(&url).await;
    for number in 0..10 {
        store.commit(user(number)).await.expect("the commit succeeds");
    }
    store.drop_realm(REALM).await.expect("it is dropped");
    let database = url.rsplit('/').next().expect("a name");
    let left = || {
        let tables = ["object", "key", "feed", "counter", "garbage"];
        tables.map(|table| Postgres::shared().sql(database, &format!("TABLE provost.{table}"))).concat()
    };
    let started = Instant::now();
    while !left().is_empty() {
        assert!(started.elapsed() < LIMIT, "waited too long: {}", left());
        sleep(Duration::from_millis(20)).await;
    }
}
