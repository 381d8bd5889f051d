//! A process that is killed in the middle of writing: all that it said was durable is there, each transaction whole
//! or not at all.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use store::{Edge, EdgeKind, EdgesOf, Expect, Key, KeyName, Kind, Position, Realm, Scan, Store, Transaction};
use store_sqlite::SqliteStore;
use uuid::Uuid;

const REALM: Realm = Realm(Uuid::from_u128(1));
const DIRECTORY: &str = "STORE_KILLED_TEST_DIRECTORY";

/// A user and a group with the user as its member: three things that belong together.
fn pair(number: u128) -> Transaction {
    let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
    let (user, group) = ((Kind::User, Uuid::from_u128(number)), (Kind::Group, Uuid::from_u128(number)));
    let keys = vec![Key::unique(KeyName::UserName, number.to_string())];
    transaction.put(REALM, user.0, user.1, Expect::Absent, vec![b'x'; 1000], keys);
    transaction.put(REALM, group.0, group.1, Expect::Absent, "", vec![]);
    transaction.add_edge(Edge { realm: REALM, kind: EdgeKind::Member, from: group, to: user });
    transaction
}

/// Not a test of its own: the process that is killed. Writes without end, and says what is durable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the test below"]
async fn the_process_that_is_killed() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let store = Arc::new(SqliteStore::open(dir.as_ref()).expect("the store opens"));
    let first = u128::from(store.count(REALM, Kind::User).await.expect("the read succeeds")) * 1000;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..100_000 {
                    let number = first + number * 8 + task;
                    store.commit(pair(number)).await.expect("the commit succeeds");
                    println!("durable {number}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task succeeds");
    }
}

/// Runs the process until it has said that so many are durable, kills it, and returns which.
fn kill_after(dir: &std::path::Path, count: usize) -> Vec<u128> {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", "the_process_that_is_killed", "--nocapture"])
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the process starts");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let mut durable = Vec::new();
    for line in output.lines() {
        let line = line.expect("a line");
        // The first may follow what the test runner prints.
        if let Some((_, number)) = line.split_once("durable ") {
            durable.push(number.parse().expect("a number"));
        }
        if durable.len() == count {
            child.kill().expect("the process is killed");
        }
    }
    child.wait().expect("the process has ended");
    assert!(durable.len() >= count, "it wrote until it was killed");
    durable
}

#[tokio::test]
async fn what_was_durable_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut durable = Vec::new();
    for count in [1, 150, 400] {
        durable.extend(kill_after(dir.path(), count));
        let store = SqliteStore::open(dir.path()).unwrap();
        for number in &durable {
            let found = store.get(REALM, Kind::User, Uuid::from_u128(*number)).await.unwrap();
            assert!(found.is_some(), "{number} was durable");
        }
        // Nothing is there by half.
        let mut users = 0;
        let mut after = None;
        loop {
            let page = store.scan(REALM, Kind::User, Scan::first(100).after(after)).await.unwrap();
            for user in &page.objects {
                users += 1;
                let group =
                    store.get(REALM, Kind::Group, user.id).await.unwrap().expect("the group of the user");
                assert_eq!(group.version, 2);
                let edges =
                    store.edges(REALM, EdgeKind::Member, EdgesOf::To(user.id), None, 9).await.unwrap();
                assert_eq!(edges.others, [(Kind::Group, user.id)]);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert!(users >= durable.len() as u64);
        assert_eq!(store.count(REALM, Kind::User).await.unwrap(), users);
        assert_eq!(store.count(REALM, Kind::Group).await.unwrap(), users);
        let seen = store.changes(REALM, &Position::START, 100_000).await.unwrap().changes.len();
        assert_eq!(seen as u64, 3 * users);
    }
}
