//! What cannot be seen from outside: a disk that is full, what is left of dropped realms, connections.

use rusqlite::Connection;
use store::Expect;

use super::*;

const REALM: Realm = Realm(Uuid::from_u128(1));

fn put(transaction: &mut Transaction, number: u128, size: usize) {
    let keys = vec![Key::unique(store::KeyName::UserName, number.to_string())];
    transaction.put(REALM, Kind::User, Uuid::from_u128(number), Expect::Absent, vec![7; size], keys);
}

fn one(number: u128, size: usize) -> Transaction {
    let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
    put(&mut transaction, number, size);
    transaction
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_not_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with(dir.path(), Some(100)).unwrap();
    let mut written = 0;
    let error = loop {
        match store.commit(one(written, 10_000)).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the disk fills up");
    };
    assert!(matches!(&error, Error::Backend(message) if message.contains("full")), "{error}");
    assert!(written > 5);
    let count = async || store.count(REALM, Kind::User).await.unwrap();
    assert_eq!(u128::from(count().await), written, "the refused one is not counted");
    // It goes on with what fits, and counts on from what is there.
    let mut make_room = Transaction::new(Timestamp::UNIX_EPOCH);
    for number in 0..3 {
        make_room.delete(REALM, Kind::User, Uuid::from_u128(number), Expect::Present);
    }
    store.commit(make_room).await.unwrap();
    store.commit(one(written, 10_000)).await.unwrap();
    assert_eq!(u128::from(count().await), written - 2);
    let listed = store.scan(REALM, Kind::User, Scan::first(100)).await.unwrap().objects.len();
    assert_eq!(listed as u128, written - 2);
}

#[tokio::test]
async fn what_dropped_realms_leave_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let group = (Kind::Group, Uuid::from_u128(5));
    let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
    transaction.put(REALM, group.0, group.1, Expect::Absent, "", vec![]);
    for number in 0..1200 {
        put(&mut transaction, number, 10);
        let to = (Kind::User, Uuid::from_u128(number));
        transaction.add_edge(store::Edge { realm: REALM, kind: EdgeKind::Member, from: group, to });
    }
    store.commit(transaction).await.unwrap();
    store.drop_realm(REALM).await.unwrap();
    store.commit(one(1, 10)).await.unwrap();
    // The writer removes while it has nothing else to do; it stops at the latest when it is opened again.
    for _ in 0..10_000 {
        let left = store.pool.read(|connection| garbage::any(connection).map_err(backend)).unwrap();
        if !left {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    store.close().await.unwrap();
    let connection = Connection::open(file_in(dir.path())).unwrap();
    for (table, rows) in [("garbage", 0), ("object", 1), ("key", 1), ("edge", 0), ("feed", 1), ("counter", 1)]
    {
        let sql = format!("SELECT count(*) FROM {table}");
        let found: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, rows, "rows of {table}");
    }
}

#[tokio::test]
async fn many_reads_at_once_do_not_keep_many_connections() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
    store.commit(one(1, 10)).await.unwrap();
    let readers: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.scan(REALM, Kind::User, Scan::first(500)).await })
        })
        .collect();
    for reader in readers {
        assert_eq!(reader.await.unwrap().unwrap().objects.len(), 1);
    }
    assert!(store.pool.idle() <= BLOCKING);
}

#[tokio::test]
async fn a_call_that_was_given_up_still_counts_when_it_was_sent() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    for number in 0..20 {
        // Polled once, then dropped: sent or not, the next call must not be disturbed.
        let call = store.commit(one(number, 10));
        let _ = tokio::time::timeout(Duration::ZERO, call).await;
    }
    store.commit(one(100, 10)).await.unwrap();
    let listed = store.scan(REALM, Kind::User, Scan::first(100)).await.unwrap().objects.len() as u64;
    assert_eq!(store.count(REALM, Kind::User).await.unwrap(), listed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_between_writes_do_not_keep_the_log_from_starting_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                while let Ok(found) = store.get(REALM, Kind::User, Uuid::from_u128(0)).await {
                    tokio::time::sleep(Duration::from_micros(20)).await;
                    drop(found);
                }
            })
        })
        .collect();
    for number in 0..1_500 {
        store.commit(one(number, 20_000)).await.unwrap();
    }
    let log = std::fs::metadata(dir.path().join(format!("{FILE}-wal"))).unwrap().len();
    store.close().await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(log < 20 << 20, "the log has {} MiB", log >> 20);
}

#[test]
fn no_read_sees_less_than_one_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("any.db");
    let writer = Connection::open(&path).unwrap();
    writer.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)).unwrap();
    writer.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
    let pool = Pool::new(path);
    let rows = |connection: &Connection| {
        let count = connection.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
        count.map_err(backend)
    };
    // One read within another: two connections, each of which keeps its snapshot.
    let both = || pool.read(|outer| Ok((rows(outer)?, pool.read(rows)?))).unwrap();
    assert_eq!(both(), (0, 0));
    assert_eq!(pool.idle(), 2);
    let under_way = pool.commit();
    assert_eq!(both(), (0, 0));
    writer.execute("INSERT INTO t VALUES (1)", []).unwrap();
    assert_eq!(both(), (1, 1), "once it can be seen, it is seen by all");
    drop(under_way);
    assert_eq!(both(), (1, 1));
}
