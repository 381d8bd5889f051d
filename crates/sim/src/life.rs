//! A process that can die or freeze between any two steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use testkit::Gate;
use tokio::time::Instant;

/// How long a process lives. Whatever it does goes through [`Life::step`], which a dead one never leaves.
pub struct Life {
    /// Steps until it dies; below zero it is dead.
    left: AtomicI64,
    frozen_until: Mutex<Option<Instant>>,
}

impl Life {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(i64::MAX), frozen_until: Mutex::new(None) })
    }

    /// Dies after so many more steps.
    pub fn end_after(&self, steps: u32) {
        self.left.store(i64::from(steps), Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        self.left.load(Ordering::Relaxed) < 0
    }

    /// Stands still for a while, as a machine that is suspended.
    pub fn freeze(&self, time: Duration) {
        *self.frozen_until.lock() = Some(Instant::now() + time);
    }

    /// One step; the point at which death comes.
    pub async fn step(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            self.left.store(-1, Ordering::Relaxed);
            std::future::pending::<()>().await;
        }
    }
}

/// A process may die before a call of the store, or after it without having seen the answer; a frozen one stands still.
#[async_trait::async_trait]
impl Gate for Life {
    async fn pass(&self) {
        let until = *self.frozen_until.lock();
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
        self.step().await;
    }
}
