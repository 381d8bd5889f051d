//! Chance that repeats, and the time of the simulation.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::{Clock, Random as _};
use testkit::SeededRandom;
use tokio::time::Instant;

/// What happens by chance in one simulation.
pub struct Dice(SeededRandom);

impl Dice {
    /// Dice of a seed; each purpose has its own, so that one does not move the others.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(SeededRandom::new(seed.wrapping_mul(0x0001_0000_0000_01b3).wrapping_add(purpose)))
    }

    /// A number below `bound`.
    pub fn below(&self, bound: usize) -> usize {
        usize::try_from(self.0.below(u64::try_from(bound.max(1)).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// Whether something happens that happens so many times in a thousand.
    pub fn happens(&self, in_thousand: usize) -> bool {
        self.below(1_000) < in_thousand
    }

    /// One of several.
    pub fn choose<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// A time up to this many milliseconds.
    pub fn milliseconds(&self, most: usize) -> Duration {
        Duration::from_millis(u64::try_from(self.below(most)).unwrap_or(0))
    }
}

/// The time of the simulation, which passes when everybody waits.
pub struct VirtualClock {
    began: Instant,
}

impl VirtualClock {
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX);
        let passed = SignedDuration::from_micros(i64::try_from(passed.as_micros()).unwrap_or(i64::MAX));
        // A day in 2026.
        let start = Timestamp::from_second(1_790_000_000).unwrap_or(Timestamp::UNIX_EPOCH);
        start.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }
}
