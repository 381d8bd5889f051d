//! The places of connections: how many there are, and who loses one when others wait.
//!
//! A connection for which the server waits holds its place only as long as nobody else needs it. Where every place is
//! taken, those that have kept the server waiting longest are closed: they sent nothing, half a request or half a body,
//! or had their answer and stay for the next request. One whose request is being worked on is never closed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tracing::warn;

/// How long a connection has to keep the server waiting before it can lose its place: a client that has just connected
/// gets the time to send its request.
const GRACE: Duration = Duration::from_millis(500);
/// How soon it is looked again, where none could lose its place.
const LOOK: Duration = Duration::from_millis(50);
/// The part of all places that is emptied at a time. Looking costs as much as there are places.
const PART: usize = 64;
/// The log is told at most so often.
const TOLD: Duration = Duration::from_mins(1);

/// The server works on a request of the connection.
const WORKING: u64 = u64::MAX;
/// The connection has lost its place.
const LOST: u64 = u64::MAX - 1;

/// All places.
pub struct Places {
    most: usize,
    free: Arc<Semaphore>,
    began: Instant,
    taken: Mutex<Taken>,
    told: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    places: HashMap<u64, Arc<Place>>,
}

/// The place of one connection.
pub struct Place {
    /// Microseconds from the beginning until the server had to wait for the client, or [`WORKING`], or [`LOST`].
    waiting_since: AtomicU64,
    began: Instant,
    lost: Notify,
}

/// Holds a place until it is dropped.
pub struct Seat {
    places: Arc<Places>,
    number: u64,
    place: Arc<Place>,
    _free: OwnedSemaphorePermit,
}

impl Places {
    pub fn new(most: usize) -> Arc<Self> {
        let most = most.min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            most,
            free: Arc::new(Semaphore::new(most)),
            began: Instant::now(),
            taken: Mutex::default(),
            told: Mutex::default(),
        })
    }

    /// A place, as soon as there is one.
    pub async fn take(self: &Arc<Self>) -> Seat {
        let free = loop {
            if let Ok(free) = Arc::clone(&self.free).try_acquire_owned() {
                break free;
            }
            self.tell();
            self.make_room();
            if let Ok(Ok(free)) = timeout(LOOK, Arc::clone(&self.free).acquire_owned()).await {
                break free;
            }
        };
        let place = Arc::new(Place {
            waiting_since: AtomicU64::new(micros(self.began)),
            began: self.began,
            lost: Notify::new(),
        });
        let mut taken = self.taken.lock();
        let number = taken.next;
        taken.next += 1;
        taken.places.insert(number, Arc::clone(&place));
        drop(taken);
        Seat { places: Arc::clone(self), number, place, _free: free }
    }

    /// Takes their places from those who have kept the server waiting longest.
    pub fn make_room(&self) {
        let latest = micros(self.began).saturating_sub(micros_of(GRACE));
        let mut waiting: Vec<_> = {
            let taken = self.taken.lock();
            let since = |place: &Arc<Place>| (place.waiting_since.load(Ordering::Relaxed), Arc::clone(place));
            taken.places.values().map(since).filter(|(since, _)| *since <= latest).collect()
        };
        let number = 1 + self.most / PART;
        if waiting.len() > number {
            waiting.select_nth_unstable_by_key(number, |(since, _)| *since);
            waiting.truncate(number);
        }
        for (since, place) in waiting {
            place.lose(since);
        }
    }

    fn tell(&self) {
        let mut told = self.told.lock();
        if told.is_none_or(|told| told.elapsed() >= TOLD) {
            *told = Some(Instant::now());
            warn!(
                "all {} connections that may be open are open: those that keep the server waiting are closed for \
                 the next ones (--max-connections)",
                self.most
            );
        }
    }
}

impl Place {
    /// The server begins to work for the connection. False where the place is lost: the connection ends, and nothing
    /// that it asks for may be begun.
    pub fn work(&self) -> bool {
        let kept = |since| (since != LOST).then_some(WORKING);
        self.waiting_since.fetch_update(Ordering::AcqRel, Ordering::Acquire, kept).is_ok()
    }

    /// The server has to wait for the client.
    pub fn wait(&self) {
        let now = micros(self.began);
        let _ = self.waiting_since.compare_exchange(WORKING, now, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Takes the place away unless the server has stopped waiting meanwhile.
    fn lose(&self, since: u64) {
        if self.waiting_since.compare_exchange(since, LOST, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.lost.notify_one();
        }
    }
}

impl Seat {
    pub fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// Waits until the place is taken away.
    pub async fn lost(&self) {
        self.place.lost.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.places.taken.lock().places.remove(&self.number);
    }
}

fn micros(since: Instant) -> u64 {
    micros_of(since.elapsed())
}

fn micros_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(LOST - 1)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_keeps_the_server_waiting_longest_loses_the_place() {
        let places = Places::new(3);
        let first = places.take().await;
        advance(Duration::from_secs(1)).await;
        let (second, working) = (places.take().await, places.take().await);
        advance(Duration::from_millis(1)).await;
        assert!(first.place().work());
        first.place().wait();
        advance(GRACE).await;
        assert!(working.place().work());
        let seat = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take().await }
        });
        second.lost().await;
        assert!(!second.place().work(), "too late");
        drop(second);
        let newest = seat.await.expect("a place");
        assert!(first.place().work(), "one place was enough");

        // Who works is left alone, for as long as it takes, and so is who has just come.
        let next = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take().await }
        });
        newest.lost().await;
        advance(Duration::from_mins(5)).await;
        assert!(!next.is_finished());
        working.place().wait();
        working.lost().await;
        drop(working);
        next.await.expect("a place");
    }
}
