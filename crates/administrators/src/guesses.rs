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
    /// Wrong ones in a row.
    count: u32,
    last: Timestamp,
    /// Until when the name is closed.
    until: Timestamp,
}

impl Guessed {
    fn count(&mut self, name: &str, now: Timestamp) {
        if now.duration_since(self.last) >= FORGET {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.last = now;
        self.until = now.saturating_add(pause(self.count)).unwrap_or(Timestamp::MAX);
        if self.until > now {
            tracing::warn!(?name, until = %self.until, "too many guesses at a password or client secret");
        }
    }
}

/// A guess that is being looked at.
#[must_use]
pub(crate) struct Guess {
    name: String,
    /// Whether it counts already.
    counted: bool,
}

impl Guesses {
    /// A guess that is to be looked at. After those that are free it counts as wrong from now on, so that many at a time
    /// gain nothing; before, somebody may sign in many times at once. The error is [`Error::TooManyGuesses`].
    pub fn begin(&self, name: &str, now: Timestamp) -> Result<Guess> {
        let mut names = self.0.lock();
        let mut guess = Guess { name: name.to_owned(), counted: false };
        let Some(guessed) = names.get_mut(name) else { return Ok(guess) };
        if now < guessed.until {
            return Err(Error::TooManyGuesses(guessed.until.duration_since(now)));
        }
        if guessed.count >= FREE {
            guessed.count(name, now);
            guess.counted = true;
        }
        Ok(guess)
    }

    /// The guess was wrong.
    pub fn wrong(&self, guess: Guess, now: Timestamp) {
        let Guess { name, counted } = guess;
        if counted {
            return;
        }
        let mut names = self.0.lock();
        if names.len() >= MOST && !names.contains_key(&name) {
            make_room(&mut names, now);
        }
        let new = Guessed { count: 0, last: now, until: now };
        names.entry(name.clone()).or_insert(new).count(&name, now);
    }

    /// The guess was right: all is forgotten.
    pub fn right(&self, guess: Guess) {
        let Guess { name, .. } = guess;
        self.0.lock().remove(&name);
    }
}

/// How long a name is closed after so many wrong guesses.
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

    fn wrong(guesses: &Guesses, name: &str, seconds: i64) {
        let guess = guesses.begin(name, at(seconds)).unwrap_or_else(|error| panic!("{seconds}: {error}"));
        guesses.wrong(guess, at(seconds));
    }

    fn wait(guesses: &Guesses, name: &str, seconds: i64) -> i64 {
        match guesses.begin(name, at(seconds)) {
            Err(Error::TooManyGuesses(wait)) => wait.as_secs(),
            Err(error) => panic!("{error}"),
            Ok(_) => 0,
        }
    }

    #[test]
    fn guesses_get_slower_and_a_right_one_ends_that() {
        let guesses = Guesses::default();
        for _ in 0..FREE {
            wrong(&guesses, "ada", 0);
        }
        assert_eq!(wait(&guesses, "ada", 0), 30);
        wrong(&guesses, "bob", 0);
        wrong(&guesses, "ada", 30);
        assert_eq!(wait(&guesses, "ada", 31), 59);
        let mut now = 90;
        for _ in 0..20 {
            wrong(&guesses, "ada", now);
            now += 900;
        }
        assert_eq!(wait(&guesses, "ada", now - 900), 900);
        let guess = guesses.begin("ada", at(now)).expect("after the pause");
        assert_eq!(wait(&guesses, "ada", now), 900, "one at a time");
        guesses.right(guess);
        assert_eq!(wait(&guesses, "ada", now), 0);
        // An hour without one, and the earlier ones are forgotten.
        for _ in 1..FREE {
            wrong(&guesses, "eve", 0);
        }
        wrong(&guesses, "eve", 3600);
        assert_eq!(wait(&guesses, "eve", 3600), 0);
    }

    #[test]
    fn who_knows_the_password_signs_in_many_times_at_once() {
        let guesses = Guesses::default();
        let begun: Vec<Guess> = (0..30).map(|_| guesses.begin("ada", at(0)).expect("open")).collect();
        for guess in begun {
            guesses.right(guess);
        }
        let begun: Vec<Guess> = (0..30).map(|_| guesses.begin("ada", at(0)).expect("open")).collect();
        for guess in begun {
            guesses.wrong(guess, at(0));
        }
        assert_eq!(wait(&guesses, "ada", 0), 900);
    }

    #[test]
    fn names_are_bounded_and_closed_ones_are_kept() {
        let guesses = Guesses::default();
        for _ in 0..FREE {
            wrong(&guesses, "ada", 0);
        }
        for number in 0..2 * MOST {
            wrong(&guesses, &number.to_string(), 1);
        }
        assert!(guesses.0.lock().len() <= MOST);
        assert_eq!(wait(&guesses, "ada", 1), 29);
    }
}
