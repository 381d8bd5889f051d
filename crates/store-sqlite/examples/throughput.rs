//! How fast the store is here: `cargo run --release -p store-sqlite --example throughput -- [DIRECTORY] [OBJECTS]`.
//! Durable puts of 1 KB objects with three keys at 1, 16 and 64 tasks, then reads, then what it costs in memory.

use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;
use store::{Edge, EdgeKind, EdgesOf, Expect, Key, KeyName, Kind, Position, Realm, Scan, Store, Transaction};
use store_sqlite::SqliteStore;
use uuid::Uuid;

const REALM: Realm = Realm(Uuid::from_u128(1));
const GROUP: Uuid = Uuid::from_u128(2);

fn id(number: u64) -> Uuid {
    // As version 7 ids do: they rise, and end in what looks random.
    let end = u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) & 0x3fff_ffff_ffff_ffff;
    Uuid::from_u128((0x0190_0000_0000_0000_u128 + u128::from(number / 16)) << 64 | 7 << 76 | 1 << 63 | end)
}

fn put(transaction: &mut Transaction, number: u64) {
    let keys = vec![
        Key::unique(KeyName::UserName, format!("user{number}@example.com")),
        Key::lookup(KeyName::ExternalId, format!("e{number:08}")),
        Key::lookup(KeyName::Email, format!("mail{number}@example.com")),
    ];
    transaction.put(REALM, Kind::User, id(number), Expect::Absent, Bytes::from(vec![b'x'; 1024]), keys);
}

async fn puts(store: &Arc<SqliteStore>, tasks: u64, first: u64, each: u64) {
    let started = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..each {
                    let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
                    put(&mut transaction, first + number * tasks + task);
                    store.commit(transaction).await.expect("the commit succeeds");
                }
            })
        })
        .collect();
    for task in running {
        task.await.expect("the task succeeds");
    }
    report(&format!("durable puts, {tasks} tasks"), tasks * each, started);
}

fn report(what: &str, count: u64, started: Instant) {
    let elapsed = started.elapsed();
    let micros = elapsed.as_micros() / u128::from(count.max(1));
    println!(
        "{what:32} {count:>9} in {elapsed:>10.2?}  {:>9}/s  {micros:>6} us each",
        per_second(count, started)
    );
}

fn per_second(count: u64, started: Instant) -> u128 {
    u128::from(count) * 1_000_000 / started.elapsed().as_micros().max(1)
}

fn memory() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    for line in status.lines().filter(|line| line.starts_with("Rss")) {
        println!("{line}");
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().map_or_else(|| std::env::temp_dir().join("store-throughput"), PathBuf::from);
    let objects: u64 = arguments.next().and_then(|number| number.parse().ok()).unwrap_or(200_000);
    let _ = std::fs::remove_dir_all(&dir);
    let store = Arc::new(SqliteStore::open(&dir).expect("the store opens"));

    let mut next = 0;
    for (tasks, each) in [(1, 2_000), (16, 4_000), (64, 2_000)] {
        puts(&store, tasks, next, each).await;
        next += tasks * each;
    }
    let started = Instant::now();
    let before = next;
    while next < objects {
        let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
        for _ in 0..500 {
            put(&mut transaction, next);
            next += 1;
        }
        store.commit(transaction).await.expect("the commit succeeds");
    }
    report("puts, 500 a transaction", next - before, started);
    members(&store, next.min(100_000)).await;
    reads(&store, next).await;
    memory();
    let started = Instant::now();
    store.drop_realm(REALM).await.expect("the realm is dropped");
    report("dropping the realm", 1, started);
    let started = Instant::now();
    store.close().await.expect("the store closes");
    report("closing", 1, started);
    let _ = std::fs::remove_dir_all(&dir);
}

async fn members(store: &SqliteStore, count: u64) {
    let started = Instant::now();
    let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
    transaction.put(REALM, Kind::Group, GROUP, Expect::Absent, "", vec![]);
    for number in 0..count {
        transaction.add_edge(Edge {
            realm: REALM,
            kind: EdgeKind::Member,
            from: (Kind::Group, GROUP),
            to: (Kind::User, id(number)),
        });
    }
    store.commit(transaction).await.expect("the commit succeeds");
    report("members of one group", count, started);
}

async fn reads(store: &SqliteStore, count: u64) {
    let some = |step: u64| step.wrapping_mul(2_654_435_761) % count;
    let started = Instant::now();
    for step in 0..100_000 {
        let found = store.get(REALM, Kind::User, id(some(step))).await.expect("the read succeeds");
        assert!(found.is_some());
    }
    report("get", 100_000, started);

    let started = Instant::now();
    for step in 0..100_000 {
        let key = Key::unique(KeyName::UserName, format!("user{}@example.com", some(step)));
        let found = store.find(REALM, Kind::User, &key, 2).await.expect("the read succeeds");
        assert_eq!(found.len(), 1);
    }
    report("find", 100_000, started);

    let started = Instant::now();
    let mut after = None;
    let mut seen = 0;
    loop {
        let page = store.scan(REALM, Kind::User, Scan::first(1000).after(after)).await.expect("a page");
        seen += page.objects.len() as u64;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    report("scan, pages of 1000", seen, started);

    let started = Instant::now();
    let scan = Scan { offset: count - 10, ..Scan::first(10) };
    store.scan(REALM, Kind::User, scan).await.expect("a page");
    report("the last ten by offset", 1, started);
    let started = Instant::now();
    let (from, to) = (Bound::Included(Bytes::from("user1")), Bound::Excluded(Bytes::from("user2")));
    let scan = Scan { offset: count / 20, ..Scan::by_key(KeyName::UserName, from, to, 10) };
    store.scan(REALM, Kind::User, scan).await.expect("a page");
    report("ten by key, by offset", 1, started);

    let started = Instant::now();
    let mut after = None;
    let mut seen = 0;
    loop {
        let page =
            store.edges(REALM, EdgeKind::Member, EdgesOf::From(GROUP), after, 1000).await.expect("a page");
        seen += page.others.len() as u64;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    report("members, pages of 1000", seen, started);

    let started = Instant::now();
    let mut position = Position::START;
    let mut seen = 0;
    loop {
        let read = store.changes(REALM, &position, 1000).await.expect("the feed is read");
        seen += read.changes.len() as u64;
        position = read.position;
        if !read.more {
            break;
        }
    }
    report("feed, pieces of 1000", seen, started);
}
