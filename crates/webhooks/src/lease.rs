//! That one process sends a webhook's events: a lease, which is renewed with each look at the feed.

use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use parking_lot::Mutex;
use store::{Fence, Lease, Store};
use tokio::time::Instant;
use uuid::Uuid;

use crate::Result;

/// How long a lease lasts without renewal: longer than a look at the feed and a request together.
const TTL: Duration = Duration::from_secs(45);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(5);

/// A lease held.
pub(crate) struct Held {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lease: Lease,
    renewed: Instant,
    deadline: Deadline,
}

/// Until when the lease holds for certain.
#[derive(Clone)]
pub(crate) struct Deadline(Arc<Mutex<Instant>>);

impl Deadline {
    pub fn get(&self) -> Instant {
        *self.0.lock()
    }
}

impl Held {
    /// Takes a lease; `None` while another process holds it. A holder's own is given back first: it is that of an earlier,
    /// dead process, which must not share the fencing token.
    pub async fn take(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        name: String,
        holder: Uuid,
    ) -> Result<Option<Self>> {
        let Some(earlier) = store.acquire_lease(&name, holder, clock.now(), TTL).await? else {
            return Ok(None);
        };
        store.release_lease(&earlier).await?;
        let renewed = Instant::now();
        let Some(lease) = store.acquire_lease(&name, holder, clock.now(), TTL).await? else {
            return Ok(None);
        };
        let deadline = Deadline(Arc::new(Mutex::new(renewed + TTL)));
        Ok(Some(Self { store, clock, lease, renewed, deadline }))
    }

    /// What fences writes.
    pub fn fence(&self) -> Fence {
        self.lease.fence()
    }

    pub fn deadline(&self) -> Deadline {
        self.deadline.clone()
    }

    /// Renews it when it is time to; whether it is still held.
    pub async fn renew(&mut self) -> Result<bool> {
        let now = Instant::now();
        if now.duration_since(self.renewed) < RENEW {
            return Ok(true);
        }
        let Lease { name, holder, token, .. } = &self.lease;
        match self.store.acquire_lease(name, *holder, self.clock.now(), TTL).await? {
            Some(renewed) if renewed.token == *token => {
                self.lease = renewed;
                self.renewed = now;
                *self.deadline.0.lock() = now + TTL;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Gives it back.
    pub async fn release(&self) {
        if let Err(error) = self.store.release_lease(&self.lease).await {
            tracing::debug!(%error, lease = self.lease.name, "the lease could not be given back; it expires by itself");
        }
    }
}
