//! What happened, in order, for the one who has to understand a failure.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The events of one simulation.
#[derive(Clone)]
pub struct Trace {
    began: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    pub fn new() -> Self {
        Self { began: Instant::now(), lines: Arc::default() }
    }

    pub fn note(&self, event: impl Into<String>) {
        let at = self.began.elapsed();
        self.lines.lock().push(format!("{:>10.3} {}", at.as_secs_f64(), event.into()));
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().clone()
    }

    /// Two runs of one seed have the same.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.lines.lock().hash(&mut hasher);
        hasher.finish()
    }
}
