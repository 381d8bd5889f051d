//! How many requests were sent.

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;

/// Requests sent so far, repetitions included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestCounts {
    /// Reads.
    pub get: u64,
    /// Creations.
    pub post: u64,
    /// Replacements.
    pub put: u64,
    /// Changes.
    pub patch: u64,
    /// Deletions.
    pub delete: u64,
}

impl RequestCounts {
    /// All requests.
    pub fn total(&self) -> u64 {
        self.get + self.writes()
    }

    /// All requests that change something.
    pub fn writes(&self) -> u64 {
        self.post + self.put + self.patch + self.delete
    }
}

/// Counts requests as they are sent.
#[derive(Default)]
pub(crate) struct Counters([AtomicU64; 5]);

impl Counters {
    pub fn count(&self, method: &Method) {
        let index = match *method {
            Method::GET => 0,
            Method::POST => 1,
            Method::PUT => 2,
            Method::PATCH => 3,
            _ => 4,
        };
        self.0[index].fetch_add(1, Ordering::Relaxed);
    }

    pub fn read(&self) -> RequestCounts {
        let [get, post, put, patch, delete] =
            self.0.each_ref().map(|counter| counter.load(Ordering::Relaxed));
        RequestCounts { get, post, put, patch, delete }
    }
}
