//! How many lists are in memory at a time, so that a crowd of large ones does not exhaust it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::{Answer, Refusal};

/// Queries that are read at a time: those that may look at everything, and pages of what needs no looking for. Apart, so
/// that a page does not wait for searches.
const SEARCHES: usize = 8;
const PAGES: usize = 8;
/// Large pages that wait for their clients to take them.
const LEAVING: usize = 8;
/// Bytes of a large page.
const LARGE: usize = 256 << 10;
/// How long a query waits for others.
const WAIT: Duration = Duration::from_secs(30);

/// Where there is room, or not.
pub(crate) struct Room {
    searches: Arc<Semaphore>,
    pages: Arc<Semaphore>,
    leaving: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        let of = |permits| Arc::new(Semaphore::new(permits));
        Self { searches: of(SEARCHES), pages: of(PAGES), leaving: of(LEAVING) }
    }
}

impl Room {
    /// Room to read a query in. To be kept until it is read and [`Self::to_leave`] has answered.
    pub(crate) async fn to_read(&self, searches: bool) -> Answer<OwnedSemaphorePermit> {
        take(if searches { &self.searches } else { &self.pages }).await
    }

    /// Room for a page of so many bytes until it has left; a small one needs none. Who waits here keeps others from
    /// reading, and who has left waits for nobody.
    pub(crate) async fn to_leave(&self, bytes: usize) -> Answer<Option<OwnedSemaphorePermit>> {
        if bytes < LARGE { Ok(None) } else { take(&self.leaving).await.map(Some) }
    }
}

async fn take(room: &Arc<Semaphore>) -> Answer<OwnedSemaphorePermit> {
    let permit = tokio::time::timeout(WAIT, Arc::clone(room).acquire_owned()).await;
    let busy =
        "too many large lists are read at the moment: try again in some seconds, or ask for smaller pages";
    permit.ok().and_then(Result::ok).ok_or_else(|| Refusal::busy(busy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn large_pages_wait_for_each_other_and_small_ones_for_nobody() {
        let room = Room::default();
        let mut held = Vec::new();
        for _ in 0..LEAVING {
            held.push(room.to_leave(LARGE).await.expect("there is room"));
        }
        assert_eq!(room.to_leave(LARGE).await.expect_err("no room").error.status, 503);
        assert!(room.to_leave(LARGE - 1).await.is_ok());
        held.pop();
        assert!(room.to_leave(LARGE).await.is_ok());
        let mut searches = Vec::new();
        for _ in 0..SEARCHES {
            searches.push(room.to_read(true).await.expect("there is room"));
        }
        assert!(room.to_read(true).await.is_err());
        assert!(room.to_read(false).await.is_ok(), "a page does not wait for searches");
    }
}
