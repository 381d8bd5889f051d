//! Sends the events of all webhooks, each by a task of its own.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, warn};
use uuid::Uuid;

use crate::Webhooks;
use crate::courier::{self, Pools};

/// How often it is looked for webhooks that were made or enabled.
const EVERY: Duration = Duration::from_secs(1);
/// Requests to endpoints at a time.
const QUICK: usize = 128;
/// Requests at a time to endpoints that fail or are slow: they hold up each other, and no other ones.
const SLOW: usize = 32;

/// Sends the events of all webhooks. Of several processes one sends those of a webhook.
pub struct Deliverer {
    webhooks: Arc<Webhooks>,
    /// Which process this is.
    holder: Uuid,
    pools: Arc<Pools>,
}

impl Deliverer {
    /// Sends in the name of that process.
    pub fn new(webhooks: Arc<Webhooks>, holder: Uuid) -> Self {
        let pools = Arc::new(Pools { quick: Semaphore::new(QUICK), slow: Semaphore::new(SLOW) });
        Self { webhooks, holder, pools }
    }

    /// Sends for ever. What is under way when this is dropped is sent again by whoever comes next.
    pub async fn run(self) {
        let mut tasks: JoinSet<crate::Result<()>> = JoinSet::new();
        let mut running: HashMap<Id, Uuid> = HashMap::new();
        let mut due = interval(EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            while let Some(ended) = tasks.try_join_next_with_id() {
                let (task, outcome) = match ended {
                    Ok((task, Ok(()))) => (task, None),
                    Ok((task, Err(error))) => (task, Some(error.to_string())),
                    Err(error) => {
                        error!(%error, "the task that sends a webhook's events ended with a defect");
                        (error.id(), None)
                    }
                };
                let webhook = running.remove(&task);
                if let Some(error) = outcome {
                    warn!(error, ?webhook, "the events of a webhook could not be sent; it is tried again");
                }
            }
            match self.webhooks.enabled().await {
                Ok(enabled) => {
                    let busy: HashSet<Uuid> = running.values().copied().collect();
                    for id in enabled.into_iter().filter(|id| !busy.contains(id)) {
                        let (webhooks, pools) = (Arc::clone(&self.webhooks), Arc::clone(&self.pools));
                        let task = tasks.spawn(courier::run(webhooks, pools, id, self.holder));
                        running.insert(task.id(), id);
                    }
                }
                Err(error) => warn!(%error, "webhooks could not be looked for; it is tried again"),
            }
        }
    }
}
