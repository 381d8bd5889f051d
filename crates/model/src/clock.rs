//! Time as a parameter.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// Tells the time. Everything that needs the current instant takes one, so that tests and plans repeat.
pub trait Clock: Send + Sync + 'static {
    /// The current instant, in whole microseconds: what stores keep, so that an instant that is answered when
    /// something is written is the one that is read later.
    fn now(&self) -> Timestamp;
}

/// The instant without what is less than a microsecond.
fn whole_microseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant)
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        whole_microseconds(Timestamp::now())
    }
}

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock that shows this instant.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(whole_microseconds(now)))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock();
        *now = whole_microseconds(now.saturating_add(by).unwrap_or(Timestamp::MAX));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_whole_microseconds() {
        assert_eq!(SystemClock.now().subsec_nanosecond() % 1000, 0);
        let clock = FixedClock::at(Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_nanos(1_500));
        assert_eq!(clock.now().as_nanosecond(), 1_000);
    }
}
