//! How many requests may run at once (additive increase, multiplicative decrease), and how many in a minute.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A gate whose width follows what the target bears.
pub(crate) struct Throttle {
    gate: Arc<Semaphore>,
    state: Mutex<State>,
    most: usize,
    /// The time between the starts of two requests, where the rate is limited.
    spacing: Option<Duration>,
}

struct State {
    /// The present limit; fractions grow it by one in a round.
    limit: f64,
    /// Permits to take away as soon as they come back.
    excess: usize,
    /// When the limit was last lowered; answers to older requests do not lower it again.
    lowered: Option<Instant>,
    /// No request starts before.
    resume: Option<Instant>,
    /// No request starts before, at the rate that is allowed.
    slot: Option<Instant>,
    /// Since when the target has done nothing but ask for less.
    throttled: Option<Instant>,
}

/// The right to send one request.
pub(crate) struct Permit<'a> {
    throttle: &'a Throttle,
    inner: Option<OwnedSemaphorePermit>,
    started: Instant,
}

impl Throttle {
    pub fn new(most: usize, per_minute: Option<NonZeroU32>) -> Self {
        let most = most.clamp(1, 4_096);
        #[expect(clippy::cast_precision_loss, reason = "at most 4,096")]
        let limit = most as f64;
        let state = State { limit, excess: 0, lowered: None, resume: None, slot: None, throttled: None };
        let spacing = per_minute.map(|count| Duration::from_mins(1) / count.get());
        Self { gate: Arc::new(Semaphore::new(most)), state: Mutex::new(state), most, spacing }
    }

    /// Waits for its turn, and until a pause that the target asked for is over.
    pub async fn enter(&self) -> Permit<'_> {
        let mut slot = None;
        let mut permit = self.permit().await;
        loop {
            let now = Instant::now();
            let resume = self.state.lock().resume.filter(|resume| *resume > now);
            if let Some(resume) = resume {
                // A permit held while waiting keeps the others behind it from busy-looping on the same pause; given
                // back, it is one less where the limit has been lowered.
                tokio::time::sleep_until(resume).await;
                drop(permit);
                permit = self.permit().await;
                continue;
            }
            match *slot.get_or_insert_with(|| self.next_slot(now)) {
                Some(slot) if slot > now => tokio::time::sleep_until(slot).await,
                _ => break,
            }
        }
        permit.started = Instant::now();
        permit
    }

    async fn permit(&self) -> Permit<'_> {
        let inner = Arc::clone(&self.gate).acquire_owned().await.expect("the gate is never closed");
        Permit { throttle: self, inner: Some(inner), started: Instant::now() }
    }

    /// When the next request may start by its rate; no other starts then.
    fn next_slot(&self, now: Instant) -> Option<Instant> {
        let spacing = self.spacing?;
        let mut state = self.state.lock();
        let slot = state.slot.map_or(now, |slot| slot.max(now));
        state.slot = Some(slot + spacing);
        Some(slot)
    }

    /// The present limit.
    pub fn limit(&self) -> usize {
        whole(self.state.lock().limit)
    }
}

impl Permit<'_> {
    /// The target answered well: a little more may run.
    pub fn succeeded(&self) {
        let mut state = self.throttle.state.lock();
        state.throttled = None;
        if whole(state.limit) >= self.throttle.most {
            return;
        }
        let before = whole(state.limit);
        state.limit += 1.0 / state.limit;
        if whole(state.limit) > before {
            match state.excess.checked_sub(1) {
                Some(less) => state.excess = less,
                None => self.throttle.gate.add_permits(1),
            }
        }
    }

    /// The target answered, though not well.
    pub fn answered(&self) {
        self.throttle.state.lock().throttled = None;
    }

    /// The target asked for less: half as much may run, and nothing for a while. False if it has done nothing else
    /// for longer than there is patience: then nobody waits for it any more.
    pub fn throttled(&self, pause: Duration, patience: Duration) -> bool {
        let now = Instant::now();
        let mut state = self.throttle.state.lock();
        let since = *state.throttled.get_or_insert(now);
        let patient = now.duration_since(since) < patience;
        let resume = now + if patient { pause.min(patience) } else { Duration::ZERO };
        state.resume = Some(state.resume.map_or(resume, |known| known.max(resume)));
        if state.lowered.is_some_and(|lowered| lowered > self.started) {
            return patient;
        }
        state.lowered = Some(now);
        let before = whole(state.limit);
        state.limit = (state.limit / 2.0).max(1.0);
        let less = before - whole(state.limit);
        let taken = self.throttle.gate.forget_permits(less);
        state.excess += less - taken;
        patient
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.throttle.state.lock();
        if state.excess > 0
            && let Some(permit) = self.inner.take()
        {
            state.excess -= 1;
            permit.forget();
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 4,096")]
fn whole(limit: f64) -> usize {
    // Sums of fractions may end a hair below the whole number.
    (limit + 1e-9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn patience_ends_for_everybody_and_comes_back_with_a_good_answer() {
        let throttle = Throttle::new(4, None);
        assert!(throttle.enter().await.throttled(Duration::from_secs(40), PATIENCE));
        assert!(throttle.enter().await.throttled(Duration::from_secs(40), PATIENCE));
        let before = Instant::now();
        assert!(!throttle.enter().await.throttled(Duration::from_secs(40), PATIENCE));
        throttle.enter().await.succeeded();
        assert_eq!(before.elapsed(), Duration::from_secs(40));
        assert!(throttle.enter().await.throttled(Duration::ZERO, PATIENCE));
    }

    #[tokio::test(start_paused = true)]
    async fn halves_once_for_a_round_and_grows_back() {
        let throttle = Throttle::new(8, None);
        let mut permits = Vec::new();
        for _ in 0..8 {
            permits.push(throttle.enter().await);
        }
        tokio::time::advance(Duration::from_millis(1)).await;
        for permit in &permits {
            permit.throttled(Duration::ZERO, PATIENCE);
        }
        assert_eq!(throttle.limit(), 4);
        drop(permits);
        assert_eq!(throttle.gate.available_permits(), 4);
        for _ in 0..100 {
            throttle.enter().await.succeeded();
        }
        assert_eq!(throttle.limit(), 8);
        assert_eq!(throttle.gate.available_permits(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn never_below_one() {
        let throttle = Throttle::new(3, None);
        for _ in 0..10 {
            let permit = throttle.enter().await;
            tokio::time::advance(Duration::from_millis(1)).await;
            permit.throttled(Duration::ZERO, PATIENCE);
        }
        assert_eq!((throttle.limit(), throttle.gate.available_permits()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_waits_for_the_pause() {
        let throttle = Throttle::new(4, None);
        throttle.enter().await.throttled(Duration::from_secs(7), PATIENCE);
        let before = Instant::now();
        drop(throttle.enter().await);
        assert_eq!(before.elapsed(), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_in_a_minute_than_allowed() {
        let throttle = Throttle::new(8, NonZeroU32::new(600));
        let began = Instant::now();
        futures::future::join_all((0..601).map(async |_| drop(throttle.enter().await))).await;
        assert_eq!(began.elapsed(), Duration::from_mins(1));
        // What was not used is not made up for.
        tokio::time::advance(Duration::from_mins(5)).await;
        let began = Instant::now();
        futures::future::join_all((0..11).map(async |_| drop(throttle.enter().await))).await;
        assert_eq!(began.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_comes_on_top_of_the_rate() {
        let throttle = Throttle::new(4, NonZeroU32::new(60));
        let began = Instant::now();
        throttle.enter().await.throttled(Duration::from_secs(7), PATIENCE);
        drop(throttle.enter().await);
        drop(throttle.enter().await);
        assert_eq!(began.elapsed(), Duration::from_secs(8));
    }
}
