//! Opening, closing, refusing to open; copies.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;
use store::{Error, Expect, Key, KeyName, Kind, Realm, Scan, Store, Transaction};
use store_sqlite::{Claim, SqliteStore, file_in, restore, verify};
use uuid::Uuid;

const REALM: Realm = Realm(Uuid::from_u128(1));

fn user(number: u128) -> Transaction {
    let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
    let keys = vec![Key::unique(KeyName::UserName, number.to_string())];
    transaction.put(REALM, Kind::User, Uuid::from_u128(number), Expect::Absent, "body", keys);
    transaction
}

async fn write(store: &SqliteStore, number: u128) {
    store.commit(user(number)).await.expect("the commit succeeds");
}

async fn count(store: &SqliteStore) -> u64 {
    let counted = store.count(REALM, Kind::User).await.expect("the read succeeds");
    let listed = store.scan(REALM, Kind::User, Scan::first(1000)).await.expect("a page").objects.len();
    assert_eq!(counted, listed as u64);
    counted
}

fn open_error(dir: &Path) -> Error {
    SqliteStore::open(dir).map(|_| ()).expect_err("the store does not open")
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let nested = dir.path().join("not").join("yet");
    let store = SqliteStore::open(&nested).unwrap();
    write(&store, 1).await;
    let head = store.head(REALM).await.unwrap();
    drop(store);
    let store = SqliteStore::open(&nested).unwrap();
    assert_eq!(store.head(REALM).await.unwrap(), head);
    write(&store, 2).await;
    assert_eq!(store.changes(REALM, &head, 9).await.unwrap().changes.len(), 1);
    let taken = store.commit(user(2)).await;
    assert!(matches!(taken, Err(Error::Exists { .. })));
    store.close().await.unwrap();
    assert!(matches!(store.get(REALM, Kind::User, Uuid::from_u128(1)).await, Err(Error::Closed)));
    assert!(matches!(store.commit(user(3)).await, Err(Error::Closed)));
    store.close().await.unwrap();
    let log = nested.join("provost.db-wal");
    assert!(!log.exists() || log.metadata().unwrap().len() == 0, "closing empties the log");
    // Closed, it lets go of the directory although the value is still there.
    let again = SqliteStore::open(&nested).unwrap();
    assert_eq!(count(&again).await, 2);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let _store = SqliteStore::open(&data).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in std::fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_holder_that_is_just_ending_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let (asking, asked) = std::sync::mpsc::channel();
    let path = dir.path().to_owned();
    let next = std::thread::spawn(move || {
        asking.send(()).unwrap();
        SqliteStore::open(&path).map(drop)
    });
    asked.recv().unwrap();
    // The other one asks meanwhile; where it comes too late for that, it has nothing to wait for.
    std::thread::sleep(std::time::Duration::from_millis(100));
    drop(store);
    next.join().unwrap().unwrap();
}

#[test]
fn a_second_opener_is_told_who_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let Error::Locked(message) = open_error(dir.path()) else { panic!("refused otherwise") };
    for part in
        ["provost.lock", &std::process::id().to_string(), "--data-dir", &dir.path().display().to_string()]
    {
        assert!(message.contains(part), "{part:?} is missing in: {message}");
    }
    drop(store);
    SqliteStore::open(dir.path()).unwrap();
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(dir.path()).unwrap());
    Connection::open(file_in(dir.path())).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = open_error(dir.path());
    assert!(matches!(error, Error::TooNew { found: 99, known: 1 }), "{error}");
    let connection = Connection::open(file_in(dir.path())).unwrap();
    let format: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(format, 99);
}

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = file_in(dir.path());
    let text = "this is no database at all, but long enough to have a header of one".repeat(20);
    std::fs::write(&path, &text).unwrap();
    let error = open_error(dir.path()).to_string();
    assert!(error.contains("provost.db") && error.contains("no SQLite database"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    std::fs::remove_file(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs(x); PRAGMA user_version = 1")
        .unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = open_error(dir.path()).to_string();
    assert!(error.contains("another program") && error.contains("--data-dir"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let error = open_error(&file);
    assert!(matches!(&error, Error::Backend(message) if message.contains("provost.db")), "{error}");
}

#[tokio::test]
async fn a_backup_of_a_running_store_restores() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("one")).unwrap();
    for number in 0..20 {
        write(&store, number).await;
    }
    let head = store.head(REALM).await.unwrap();
    let copy = dir.path().join("copy");
    store.backup(&copy).await.unwrap();
    write(&store, 99).await;
    let ahead = store.head(REALM).await.unwrap();

    let two = dir.path().join("two");
    restore(&copy, &two).unwrap();
    let restored = SqliteStore::open(&two).unwrap();
    assert_eq!((count(&store).await, count(&restored).await), (21, 20));
    assert_eq!(restored.head(REALM).await.unwrap(), head);
    // Whoever has read further than the backup must notice.
    assert!(matches!(restored.changes(REALM, &ahead, 9).await, Err(Error::PositionExpired)));
    write(&restored, 50).await;

    let error = restore(&copy, &two).unwrap_err().to_string();
    assert!(error.contains("a store already"), "{error}");
    let empty = dir.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    assert!(restore(&empty, &dir.path().join("three")).is_err());
    assert!(restore(&dir.path().join("nowhere"), &dir.path().join("three")).is_err());
    assert!(!dir.path().join("three").exists());
}

#[tokio::test]
async fn a_backup_while_others_write_is_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(SqliteStore::open(&dir.path().join("one")).unwrap());
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 0..200 {
                write(&store, number).await;
            }
        }
    });
    let copy = dir.path().join("copy");
    store.backup(&copy).await.unwrap();
    writer.await.unwrap();
    let two = dir.path().join("two");
    restore(&copy, &two).unwrap();
    let restored = SqliteStore::open(&two).unwrap();
    let there = count(&restored).await;
    let seen = restored.changes(REALM, &store::Position::START, 1000).await.unwrap().changes.len();
    assert_eq!(seen as u64, there, "feed, objects and counters are of the same moment");
}

#[tokio::test]
async fn a_backup_takes_the_place_of_a_store_that_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let store = SqliteStore::open(&one).unwrap();
    write(&store, 1).await;
    assert!(matches!(Claim::take(&one), Err(Error::Locked(_))), "while it is in use");
    store.close().await.unwrap();
    let copy = dir.path().join("copy");
    Claim::take(&one).unwrap().backup(&copy).unwrap();
    verify(&copy).unwrap();

    let other = SqliteStore::open(&two).unwrap();
    for number in 10..15 {
        write(&other, number).await;
    }
    other.close().await.unwrap();
    let claim = Claim::take(&two).unwrap();
    let staged = dir.path().join("staged");
    restore(&copy, &staged).unwrap();
    let error = claim.install(&staged, false).unwrap_err().to_string();
    assert!(error.contains("a store already"), "{error}");
    let kept = claim.install(&staged, true).unwrap().expect("there was one");
    drop(claim);
    let restored = SqliteStore::open(&two).unwrap();
    assert_eq!(count(&restored).await, 1);
    let back = dir.path().join("back");
    restore(&kept, &back).unwrap();
    assert_eq!(count(&SqliteStore::open(&back).unwrap()).await, 5);
}

#[tokio::test]
async fn a_damaged_backup_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("one")).unwrap();
    for number in 0..500 {
        write(&store, number).await;
    }
    let copy = dir.path().join("copy");
    store.backup(&copy).await.unwrap();
    verify(&copy).unwrap();
    let whole = std::fs::read(&copy).unwrap();
    let mut damaged = whole.clone();
    // Pages in the middle, of a table or an index.
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8192].fill(0xa5);
    for bytes in [damaged, whole[..whole.len() / 2].to_vec(), b"SQLite format 3".to_vec(), Vec::new()] {
        std::fs::write(&copy, bytes).unwrap();
        assert!(verify(&copy).is_err());
    }
}
