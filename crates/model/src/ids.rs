//! Randomness and identifiers as parameters.

use std::sync::Arc;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::Clock;

/// A source of random bytes. The composition chooses a cryptographic one; tests a seeded one.
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);

    /// A number below `bound` (which is above zero), nearly uniform.
    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }
}

/// Makes identifiers: UUID version 7, so that what is created later sorts later.
#[derive(Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    last: Arc<Mutex<(u64, u16)>>,
}

impl Ids {
    /// Identifiers from that time and randomness.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { clock, random, last: Arc::new(Mutex::new((0, 0))) }
    }

    /// What everything is made of that has to be by chance and still repeat within a run.
    pub fn seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.random.fill(&mut seed);
        seed
    }

    /// A new identifier, greater than every one this source has made before (RFC 9562, section 6.2, method 1:
    /// a counter in the 12 bits after the version).
    pub fn next(&self) -> Uuid {
        let now = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        let (millis, counter) = {
            let mut last = self.last.lock();
            *last = match *last {
                (millis, counter) if now <= millis && counter < 0x0fff => (millis, counter + 1),
                (millis, _) if now <= millis => (millis + 1, 0),
                _ => (now, 0),
            };
            *last
        };
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes[8..]);
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        bytes[6..8].copy_from_slice(&(0x7000 | counter).to_be_bytes());
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid::from_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedClock;

    struct Zeros;
    impl Random for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn identifiers_rise_though_the_clock_stands() {
        let ids = Ids::new(Arc::new(FixedClock::at(jiff::Timestamp::UNIX_EPOCH)), Arc::new(Zeros));
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        assert_eq!(made[0].get_version_num(), 7);
    }
}
