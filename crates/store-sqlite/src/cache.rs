//! What the writer keeps in memory of the store: numbers given out, realms, counters. All of it is written with the
//! commit that changed it, and read anew after a commit that failed.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, params};
use store::{Kind, Realm};

/// Above so many realms the cache starts anew.
const REALMS: usize = 10_000;

/// A realm as the writer sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealmRow {
    pub rid: i64,
    /// The last place of its feed.
    pub head: i64,
}

pub(crate) struct Cache {
    next_oid: i64,
    next_rid: i64,
    feed_head: i64,
    numbers_changed: bool,
    realms: HashMap<Realm, RealmRow>,
    /// Written by the transaction that runs.
    new_realms: Vec<Realm>,
    counts: HashMap<(i64, Kind), i64>,
    counts_changed: HashSet<(i64, Kind)>,
    dropped: bool,
}

impl Cache {
    pub fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |name: &str| -> rusqlite::Result<i64> {
            let found = connection
                .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
                .optional()?;
            Ok(found.unwrap_or_default())
        };
        Ok(Self {
            next_oid: number("next_oid")?.max(1),
            next_rid: number("next_rid")?.max(1),
            feed_head: number("feed_head")?,
            numbers_changed: false,
            realms: HashMap::new(),
            new_realms: Vec::new(),
            counts: HashMap::new(),
            counts_changed: HashSet::new(),
            dropped: false,
        })
    }

    /// The savepoint of a transaction ends; when it was refused, the realms that it began are gone.
    pub fn end(&mut self, refused: bool) {
        for realm in self.new_realms.drain(..) {
            if refused {
                self.realms.remove(&realm);
            }
        }
    }

    /// A number for a new object. One that a refused transaction took is lost, which does no harm.
    pub fn new_oid(&mut self) -> i64 {
        self.numbers_changed = true;
        self.next_oid += 1;
        self.next_oid - 1
    }

    /// The next place in the feed. As with [`Self::new_oid`].
    pub fn new_seq(&mut self) -> i64 {
        self.numbers_changed = true;
        self.feed_head += 1;
        self.feed_head
    }

    /// The realm, written to the store when it is new.
    pub fn realm(&mut self, connection: &Connection, realm: Realm) -> rusqlite::Result<RealmRow> {
        if let Some(row) = self.realms.get(&realm) {
            return Ok(*row);
        }
        let uuid = realm.0.as_bytes();
        let found = connection
            .prepare_cached(
                "SELECT rid, max(horizon, coalesce((SELECT max(seq) FROM feed WHERE feed.realm = rid), 0))
                 FROM realm WHERE uuid = ?1",
            )?
            .query_row([uuid], |row| Ok(RealmRow { rid: row.get(0)?, head: row.get(1)? }))
            .optional()?;
        let row = if let Some(row) = found {
            row
        } else {
            let rid = self.new_rid();
            connection
                .prepare_cached("INSERT INTO realm(uuid, rid) VALUES (?1, ?2)")?
                .execute(params![uuid, rid])?;
            self.new_realms.push(realm);
            RealmRow { rid, head: 0 }
        };
        if self.realms.len() >= REALMS {
            self.realms.clear();
        }
        self.realms.insert(realm, row);
        Ok(row)
    }

    pub fn new_rid(&mut self) -> i64 {
        self.numbers_changed = true;
        self.next_rid += 1;
        self.next_rid - 1
    }

    /// Forgets a realm that was dropped.
    pub fn forget(&mut self, realm: Realm, rid: i64) {
        self.dropped = true;
        self.realms.remove(&realm);
        self.counts.retain(|(of, _), _| *of != rid);
        self.counts_changed.retain(|(of, _)| *of != rid);
    }

    /// Whether a realm was dropped since this was last asked.
    pub fn take_dropped(&mut self) -> bool {
        std::mem::take(&mut self.dropped)
    }

    /// Forgets everything but the numbers given out.
    pub fn forget_all(&mut self) {
        self.realms.clear();
        self.new_realms.clear();
        self.counts.clear();
        self.counts_changed.clear();
    }

    /// The realm's feed now ends here.
    pub fn set_head(&mut self, realm: Realm, head: i64) {
        if let Some(row) = self.realms.get_mut(&realm) {
            row.head = head;
        }
    }

    /// Adds to the counter of a kind.
    pub fn add(&mut self, connection: &Connection, rid: i64, kind: Kind, delta: i64) -> rusqlite::Result<()> {
        let count = match self.counts.entry((rid, kind)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let found = connection
                    .prepare_cached("SELECT n FROM counter WHERE realm = ?1 AND kind = ?2")?
                    .query_row(params![rid, kind.number()], |row| row.get(0))
                    .optional()?;
                unknown.insert(found.unwrap_or_default())
            }
        };
        *count += delta;
        self.counts_changed.insert((rid, kind));
        Ok(())
    }

    /// Writes what changed, within the transaction that is about to be committed.
    pub fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if std::mem::take(&mut self.numbers_changed) {
            let mut write =
                connection.prepare_cached("INSERT OR REPLACE INTO meta(name, value) VALUES (?1, ?2)")?;
            write.execute(params!["next_oid", self.next_oid])?;
            write.execute(params!["next_rid", self.next_rid])?;
            write.execute(params!["feed_head", self.feed_head])?;
        }
        for (rid, kind) in self.counts_changed.drain() {
            connection
                .prepare_cached("INSERT OR REPLACE INTO counter(realm, kind, n) VALUES (?1, ?2, ?3)")?
                .execute(params![rid, kind.number(), self.counts.get(&(rid, kind))])?;
        }
        if self.counts.len() >= REALMS {
            self.counts.clear();
        }
        Ok(())
    }
}
