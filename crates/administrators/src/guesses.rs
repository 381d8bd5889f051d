//! How often a name may be guessed at.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::{Error, Result};

/// Wrong guesses in a row that cost nothing: people mistype.
const FREE: u32 = 5;
/// How long a name is closed after the first guess too many; twice as long after each further one.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// The longest that a name is closed for.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// After so long without a guess the earlier ones are forgotten.
const FORGET: SignedDuration = SignedDuration::from_hours(1);
/// The most names that are remembered. For more, those that are open the longest are forgotten.
const MOST: usize = 10_000;

/// What is remembered of wrong guesses, by the name that was guessed at, whether or not anybody has it.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<HashMap<String, Guessed>>);

struct Guessed {
    count: u32,
    last: Timestamp,
    /// Until when the name is closed.
    until: Timestamp,
}

impl Guesses {
    /// Counts a guess before it is looked at, so that many at a time gain nothing. The error is
    /// [`Error::TooManyGuesses`].
    pub fn begin(&self, name: &str, now: Timestamp) -> Result<()> {
        let mut names = self.0.lock();
        if names.len() >= MOST && !names.contains_key(name) {
            make_room(&mut names, now);
        }
        let guessed = names.entry(name.to_owned()).or_insert(Guessed { count: 0, last: now, until: now });
        if now < guessed.until {
            return Err(Error::TooManyGuesses(guessed.until.duration_since(now)));
        }
        if now.duration_since(guessed.last) >= FORGET {
            guessed.count = 0;
        }
        guessed.count = guessed.count.saturating_add(1);
        guessed.last = now;
        guessed.until = now.saturating_add(pause(guessed.count)).unwrap_or(Timestamp::MAX);
        if guessed.until > now {
            tracing::warn!(?name, until = %guessed.until, "too many guesses at a password or client secret");
        }
        Ok(())
    }

    /// The guess was right.
    pub fn right(&self, name: &str) {
        self.0.lock().remove(name);
    }
}

/// How long a name is closed after so many guesses that were not right, or are not known to be yet.
fn pause(count: u32) -> SignedDuration {
    let Some(over) = count.checked_sub(FREE) else { return SignedDuration::ZERO };
    let doubled = FIRST_PAUSE.checked_mul(1 << over.min(16)).unwrap_or(LONGEST_PAUSE);
    doubled.min(LONGEST_PAUSE)
}

fn make_room(names: &mut HashMap<String, Guessed>, now: Timestamp) {
    names.retain(|_, guessed| now < guessed.until || now.duration_since(guessed.last) < FORGET);
    if names.len() < MOST {
        return;
    }
    let mut ends: Vec<Timestamp> = names.values().map(|guessed| guessed.until).collect();
    ends.sort_unstable();
    // A tenth at a time, so that it is seldom done.
    let bound = ends[MOST / 10];
    names.retain(|_, guessed| guessed.until > bound);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("an instant")
    }

    fn wait(refused: Result<()>) -> i64 {
        match refused {
            Err(Error::TooManyGuesses(wait)) => wait.as_secs(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn guesses_get_slower_and_a_right_one_ends_that() {
        let guesses = Guesses::default();
        for _ in 0..FREE {
            guesses.begin("ada", at(0)).expect("free");
        }
        assert_eq!(wait(guesses.begin("ada", at(0))), 30);
        guesses.begin("bob", at(0)).expect("another name");
        guesses.begin("ada", at(30)).expect("after the pause");
        assert_eq!(wait(guesses.begin("ada", at(31))), 59);
        let mut now = 90;
        for _ in 0..20 {
            guesses.begin("ada", at(now)).expect("after the pause");
            now += 900;
        }
        assert_eq!(wait(guesses.begin("ada", at(now - 900))), 900);
        guesses.right("ada");
        guesses.begin("ada", at(now - 899)).expect("open again");
    }

    #[test]
    fn names_are_bounded_and_closed_ones_are_kept() {
        let guesses = Guesses::default();
        for _ in 0..FREE {
            guesses.begin("ada", at(0)).expect("free");
        }
        for number in 0..2 * MOST {
            guesses.begin(&number.to_string(), at(1)).expect("a name of its own");
        }
        assert!(guesses.0.lock().len() <= MOST);
        assert_eq!(wait(guesses.begin("ada", at(1))), 29);
    }
}
