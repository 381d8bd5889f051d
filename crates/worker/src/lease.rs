//! One writer per job: a lease that is renewed while a cycle runs.

use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use parking_lot::Mutex;
use store::{Fence, Lease, Store};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// How long a lease lasts without renewal.
pub(crate) const TTL: Duration = Duration::from_secs(30);

/// A lease held and renewed in the background until it is released or dropped.
pub(crate) struct Keeper {
    store: Arc<dyn Store>,
    held: Arc<Mutex<(Lease, Instant)>>,
    renewal: AbortOnDropHandle<()>,
}

impl Keeper {
    /// Takes the lease of a job; `None` while another process holds it.
    ///
    /// A holder's own lease is given back first: whoever holds it under the same name in this data directory is
    /// an earlier, dead process, and must not share the fencing token with this one. `lost` is cancelled when the
    /// lease is lost.
    pub async fn take(
        store: &Arc<dyn Store>,
        clock: &Arc<dyn Clock>,
        job: Uuid,
        holder: Uuid,
        lost: CancellationToken,
    ) -> store::Result<Option<Self>> {
        let name = format!("job/{job}");
        let Some(earlier) = store.acquire_lease(&name, holder, clock.now(), TTL).await? else {
            return Ok(None);
        };
        store.release_lease(&earlier).await?;
        let asked = Instant::now();
        let Some(lease) = store.acquire_lease(&name, holder, clock.now(), TTL).await? else {
            return Ok(None);
        };
        let held = Arc::new(Mutex::new((lease, asked + TTL)));
        let renewal = AbortOnDropHandle::new(tokio::spawn(renew(
            Arc::clone(store),
            Arc::clone(clock),
            Arc::clone(&held),
            lost,
        )));
        Ok(Some(Self { store: Arc::clone(store), held, renewal }))
    }

    /// What fences the writes of the cycle.
    pub fn fence(&self) -> Fence {
        self.held.lock().0.fence()
    }

    /// No request to the target may start or last past this instant.
    pub fn deadline(&self) -> Instant {
        self.held.lock().1
    }

    /// Gives the lease back.
    pub async fn release(&self) {
        self.renewal.abort();
        let lease = self.held.lock().0.clone();
        if let Err(error) = self.store.release_lease(&lease).await {
            tracing::warn!(%error, lease = lease.name, "the lease could not be given back; it expires by itself");
        }
    }
}

async fn renew(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    held: Arc<Mutex<(Lease, Instant)>>,
    lost: CancellationToken,
) {
    loop {
        tokio::time::sleep(TTL / 6).await;
        let (lease, deadline) = held.lock().clone();
        let asked = Instant::now();
        match store.acquire_lease(&lease.name, lease.holder, clock.now(), TTL).await {
            Ok(Some(renewed)) if renewed.token == lease.token => *held.lock() = (renewed, asked + TTL),
            Err(error) if asked < deadline => {
                tracing::warn!(%error, lease = lease.name, "the lease could not be renewed yet");
            }
            _ => {
                tracing::error!(lease = lease.name, "the lease is lost; the cycle ends");
                lost.cancel();
                return;
            }
        }
    }
}
