//! The storage seam in memory, for tests. It keeps nothing when it is dropped, and can be asked to behave like a
//! backend with many writers: to commit concurrent transactions in another order than they came in, to show them
//! in the feed only when nothing earlier can come any more, and to refuse transactions that met others.

mod apply;
mod read;
mod state;

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;
use store::{
    Changes, Committed, Cursor, EdgeKind, EdgePage, EdgesOf, Error, Key, KeyRange, Kind, Lease, Object, Page,
    Position, Realm, Result, Scan, Store, Transaction,
};
use tokio::sync::watch;
use uuid::Uuid;

use state::{LeaseRow, State};

/// How the store behaves towards concurrent transactions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Where the order of concurrent transactions comes from; the same seed and calls give the same order.
    pub seed: u64,
    /// Commit concurrent transactions in another order than they came in and are answered in. Two that touch the
    /// same object in an order that the feed would contradict meet [`Error::Serialization`].
    pub reorder: bool,
    /// Answer [`Error::Serialization`] to every so many-th commit (1: to all).
    pub fail_serialization_every: Option<u32>,
}

/// A store in memory.
pub struct MemoryStore {
    options: Options,
    state: Mutex<State>,
    random: Mutex<u64>,
    commits: watch::Sender<u64>,
    calls: Mutex<u32>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store that commits in the order of the calls.
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// An empty store that behaves as asked.
    pub fn with(options: Options) -> Self {
        Self {
            options,
            state: Mutex::default(),
            random: Mutex::new(options.seed),
            commits: watch::Sender::new(0),
            calls: Mutex::new(0),
        }
    }

    /// Lets other tasks run, zero to three times.
    async fn step_aside(&self) {
        for _ in 0..self.draw() % 4 {
            tokio::task::yield_now().await;
        }
    }

    /// The next number of a splitmix64 sequence.
    fn draw(&self) -> u64 {
        let mut random = self.random.lock();
        *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fails_on_request(&self) -> bool {
        let Some(every) = self.options.fail_serialization_every else { return false };
        let mut calls = self.calls.lock();
        *calls = calls.wrapping_add(1);
        calls.is_multiple_of(every.max(1))
    }
}

/// Holds a place in the feed until the transaction is committed or given up, also by dropping the call.
struct Ticket<'a> {
    state: &'a Mutex<State>,
    number: u64,
}

impl<'a> Ticket<'a> {
    fn take(state: &'a Mutex<State>) -> Self {
        let mut locked = state.lock();
        locked.last_ticket += 1;
        let number = locked.last_ticket;
        locked.in_flight.insert(number);
        Self { state, number }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.state.lock().in_flight.remove(&self.number);
    }
}

#[async_trait::async_trait]
impl Store for MemoryStore {
    async fn get(&self, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>> {
        Ok(self.state.lock().objects.get(&(realm, kind, id)).map(|stored| stored.object.clone()))
    }

    async fn get_many(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<Option<Object>>> {
        Ok(read::get_many(&self.state.lock(), realm, kind, ids))
    }

    async fn exist(&self, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>> {
        let state = self.state.lock();
        Ok(ids.iter().map(|id| state.objects.contains_key(&(realm, kind, *id))).collect())
    }

    async fn find(&self, realm: Realm, kind: Kind, key: &Key, limit: usize) -> Result<Vec<Object>> {
        Ok(read::find(&self.state.lock(), realm, kind, key, limit))
    }

    async fn ids(&self, realm: Realm, kind: Kind, range: KeyRange, limit: usize) -> Result<Vec<Uuid>> {
        Ok(read::ids(&self.state.lock(), realm, kind, &range, limit))
    }

    async fn scan(&self, realm: Realm, kind: Kind, scan: Scan) -> Result<Page> {
        read::scan(&self.state.lock(), realm, kind, &scan)
    }

    async fn count(&self, realm: Realm, kind: Kind) -> Result<u64> {
        Ok(self.state.lock().counts.get(&(realm, kind)).copied().unwrap_or_default())
    }

    async fn count_keys(&self, realm: Realm, kind: Kind, range: KeyRange) -> Result<u64> {
        Ok(read::count_keys(&self.state.lock(), realm, kind, &range))
    }

    async fn edges(
        &self,
        realm: Realm,
        edge: EdgeKind,
        of: EdgesOf,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<EdgePage> {
        read::edges(&self.state.lock(), realm, edge, of, after.as_ref(), limit)
    }

    async fn edges_of_each(
        &self,
        realm: Realm,
        edge: EdgeKind,
        kind: Kind,
        of: &[EdgesOf],
        limit: usize,
    ) -> Result<Vec<EdgePage>> {
        let state = self.state.lock();
        Ok(of.iter().map(|of| read::first_edges(&state, (realm, kind), edge, *of, limit)).collect())
    }

    async fn has_edges(&self, realm: Realm, edge: EdgeKind, from: Uuid, to: &[Uuid]) -> Result<Vec<bool>> {
        let state = self.state.lock();
        let from = state.seqs(realm, from);
        let has = |to: &Uuid| {
            let to = state.seqs(realm, *to);
            from.iter().any(|from| to.iter().any(|to| state.edges_from.contains(&(*from, edge, *to))))
        };
        Ok(to.iter().map(has).collect())
    }

    async fn count_edges(&self, realm: Realm, edge: EdgeKind, of: EdgesOf) -> Result<u64> {
        Ok(read::count_edges(&self.state.lock(), realm, edge, of))
    }

    async fn head(&self, realm: Realm) -> Result<Position> {
        Ok(state::position(self.state.lock().head(realm)))
    }

    async fn changes(&self, realm: Realm, after: &Position, limit: usize) -> Result<Changes> {
        read::changes(&self.state.lock(), realm, after, limit)
    }

    async fn position_since(&self, realm: Realm, at: Timestamp) -> Result<Position> {
        Ok(read::position_since(&self.state.lock(), realm, at))
    }

    async fn prune_changes(&self, realm: Realm, before: Timestamp) -> Result<u64> {
        let mut state = self.state.lock();
        let readable = (realm, (0, 0))..(realm, state.readable_before());
        let old: Vec<_> = state
            .feed
            .range(readable)
            .take_while(|(_, change)| change.at < before)
            .map(|(at, _)| *at)
            .collect();
        for place in &old {
            state.feed.remove(place);
        }
        if let Some((_, last)) = old.last() {
            state.horizon.insert(realm, *last);
        }
        Ok(old.len() as u64)
    }

    async fn commit(&self, transaction: Transaction) -> Result<Committed> {
        if self.fails_on_request() {
            return Err(Error::Serialization);
        }
        let outcome = if self.options.reorder {
            let ticket = Ticket::take(&self.state);
            self.step_aside().await;
            apply::commit(&mut self.state.lock(), ticket.number, &transaction)
        } else {
            let mut state = self.state.lock();
            state.last_ticket += 1;
            let ticket = state.last_ticket;
            apply::commit(&mut state, ticket, &transaction)
        };
        if outcome.is_ok() || self.options.reorder {
            // Also a refused one can be what readers of the feed waited for.
            self.commits.send_modify(|count| *count += 1);
        }
        if self.options.reorder {
            self.step_aside().await;
        }
        outcome
    }

    async fn drop_realm(&self, realm: Realm) -> Result<()> {
        self.state.lock().drop_realm(realm);
        self.commits.send_modify(|count| *count += 1);
        Ok(())
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Lease>> {
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let deadline = now.checked_add(ttl).unwrap_or(Timestamp::MAX);
        let deadline = Timestamp::from_microsecond(deadline.as_microsecond()).unwrap_or(deadline);
        let mut state = self.state.lock();
        let row = state.leases.entry(name.to_owned()).or_insert(LeaseRow {
            holder: None,
            token: 0,
            deadline: Timestamp::MIN,
        });
        match row.holder {
            Some(current) if current == holder => {}
            Some(_) if row.deadline > now => return Ok(None),
            _ => {
                row.token += 1;
                row.holder = Some(holder);
            }
        }
        row.deadline = deadline;
        Ok(Some(Lease { name: name.to_owned(), holder, token: row.token, deadline }))
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        if let Some(row) = self.state.lock().leases.get_mut(&lease.name)
            && row.token == lease.token
        {
            row.holder = None;
        }
        Ok(())
    }

    /// Writes a listing of the objects: there is nothing to restore a store in memory from, but the file must not
    /// exist before and does afterwards, as with every backend.
    async fn backup(&self, to: &std::path::Path) -> Result<()> {
        use std::io::Write as _;
        let failed =
            |error: std::io::Error| Error::Backend(format!("cannot write {}: {error}", to.display()));
        let mut file = std::fs::File::create_new(to).map_err(failed)?;
        let state = self.state.lock();
        for (realm, kind, seq) in &state.order {
            let object = state.names.get(seq).and_then(|name| state.objects.get(name));
            let body = object.map_or_else(Bytes::new, |stored| stored.object.body.clone());
            writeln!(file, "{} {kind:?} {}", realm.0, String::from_utf8_lossy(&body)).map_err(failed)?;
        }
        Ok(())
    }
}
