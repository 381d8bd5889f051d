//! Who met another writer of the same resource waits for a turn.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use uuid::Uuid;

/// Locks that resources share by their ids. Enough of them that two resources rarely wait for each other.
const LOCKS: usize = 1024;

/// The turns of the writers of this process. Versions keep writers apart, in this process and others; turns only keep
/// those of a resource that many write at once from failing against each other over and over.
pub(crate) struct Turns(Box<[tokio::sync::Mutex<()>]>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..LOCKS).map(|_| tokio::sync::Mutex::default()).collect())
    }
}

impl Turns {
    /// The turn of one writer of a resource.
    pub(crate) fn of(&self, resource: Uuid) -> Turn<'_> {
        // The end of an id is random.
        let number = resource.as_u128() % LOCKS as u128;
        let lock = &self.0[usize::try_from(number).unwrap_or_default()];
        Turn { lock, tried: AtomicBool::new(false), held: Mutex::new(None) }
    }
}

/// A writer's turn, until it is dropped.
pub(crate) struct Turn<'t> {
    lock: &'t tokio::sync::Mutex<()>,
    tried: AtomicBool,
    held: Mutex<Option<tokio::sync::MutexGuard<'t, ()>>>,
}

impl Turn<'_> {
    /// To be called before each attempt. The first is free, since most writers meet nobody, and members of a group are
    /// added side by side; later ones wait until those who wait already are done.
    pub(crate) async fn attempt(&self) {
        if self.tried.swap(true, Ordering::Relaxed) && self.held.lock().is_none() {
            let guard = self.lock.lock().await;
            *self.held.lock() = Some(guard);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_first_attempt_is_free_and_later_ones_wait() {
        let (turns, resource) = (Turns::default(), Uuid::from_u128(7));
        let (first, second) = (turns.of(resource), turns.of(resource));
        for turn in [&first, &second, &first, &first] {
            assert!(turn.attempt().now_or_never().is_some());
        }
        assert!(second.attempt().now_or_never().is_none());
        assert!(turns.of(Uuid::from_u128(8)).attempt().now_or_never().is_some());
        drop(first);
        assert!(second.attempt().now_or_never().is_some());
    }
}
