//! Bodies of requests: how large one may be, how slowly it may come, and how many large ones there are at a time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// How long a body may take at least; each [`PACE`] that has come gives one second more.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes that a client has to send in a second.
const PACE: usize = 64 << 10;
/// Bytes of a body that waits for nobody.
const SMALL: usize = 32 << 10;
/// Bytes of all larger bodies that are in memory at a time, the rest of each included that is still to come.
const ARRIVING: usize = 64 << 20;
/// Bytes of all larger bodies that are worked on at a time: reading JSON takes a multiple of them, and a processor.
const WORKED_ON: usize = 16 << 20;
/// What the bytes of large bodies are counted in.
const UNIT: usize = 1 << 10;
/// How long a large body waits for others.
const WAIT: Duration = Duration::from_secs(30);
/// How much of a body that nobody wants is taken off a connection, and for how long.
const DRAINED: usize = 64 << 20;
const DRAINED_WITHIN: Duration = Duration::from_secs(10);

/// Why a body was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is larger than it may be.
    #[error("the body is larger than the {0} bytes that are taken here")]
    TooLarge(usize),
    /// It comes too slowly, or not at all.
    #[error("the body did not arrive within {0} seconds: send it again, faster or in smaller parts")]
    TooSlow(u64),
    /// The client broke off, or what it sends is no body.
    #[error("the body did not arrive whole: {0}")]
    Broken(axum::Error),
    /// Too many large bodies are worked on.
    #[error("too many large requests are worked on at the moment: try again in some seconds")]
    Busy,
}

impl Fault {
    /// The status of an answer that says so.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge(_) => 413,
            Self::TooSlow(_) => 408,
            Self::Broken(_) => 400,
            Self::Busy => 503,
        }
    }
}

/// Where bodies come in.
#[derive(Clone, Debug)]
pub struct Intake {
    arriving: Arc<Semaphore>,
    worked_on: Arc<Semaphore>,
}

impl Default for Intake {
    fn default() -> Self {
        let units = |bytes| Arc::new(Semaphore::new(bytes / UNIT));
        Self { arriving: units(ARRIVING), worked_on: units(WORKED_ON) }
    }
}

/// A large body and its shares of what all may take, which it gives back when the last part of it is dropped.
struct Held {
    bytes: Bytes,
    _shares: [OwnedSemaphorePermit; 2],
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Intake {
    /// Reads a body of at most `limit` bytes. To be kept for as long as what was made of it is worked on: that is what
    /// bounds the memory of all requests together.
    pub async fn read(&self, body: &mut Body, limit: usize) -> Result<Bytes, Fault> {
        let announced = body.size_hint().upper().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced.is_some_and(|length| length > limit) {
            return Err(Fault::TooLarge(limit));
        }
        let mut arrival = Arrival::new(body);
        let mut all = BytesMut::new();
        let mut share = None;
        while let Some(part) = arrival.next().await? {
            let length = all.len() + part.len();
            if length > limit {
                return Err(Fault::TooLarge(limit));
            }
            if length > SMALL && share.is_none() {
                let waiting = Instant::now();
                share = Some(share_of(&self.arriving, ARRIVING, announced.unwrap_or(limit)).await?);
                arrival.since += waiting.elapsed();
                all.reserve(announced.unwrap_or(length) - all.len());
            }
            if all.is_empty() && share.is_none() && arrival.body.is_end_stream() {
                return Ok(part);
            }
            all.extend_from_slice(&part);
        }
        let bytes = all.freeze();
        let Some(share) = share else { return Ok(bytes) };
        let turn = share_of(&self.worked_on, WORKED_ON, bytes.len()).await?;
        Ok(Bytes::from_owner(Held { bytes, _shares: [share, turn] }))
    }
}

/// A share for that many bytes, taken whole: who had a part of it would wait for those who have the others.
async fn share_of(all: &Arc<Semaphore>, most: usize, bytes: usize) -> Result<OwnedSemaphorePermit, Fault> {
    let units = u32::try_from(bytes.min(most).div_ceil(UNIT)).unwrap_or(u32::MAX);
    let share = timeout(WAIT, Arc::clone(all).acquire_many_owned(units)).await;
    share.map_err(|_| Fault::Busy)?.map_err(|_| Fault::Busy)
}

/// A body on its way in, part by part, with the time that it may take.
pub struct Arrival<'b> {
    body: &'b mut Body,
    since: Instant,
    arrived: usize,
}

impl<'b> Arrival<'b> {
    /// Begins now.
    pub fn new(body: &'b mut Body) -> Self {
        Self { body, since: Instant::now(), arrived: 0 }
    }

    /// The next part; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let allowed = PATIENCE + Duration::from_secs((self.arrived / PACE) as u64);
        loop {
            let frame = timeout_at(self.since + allowed, self.body.frame());
            let Some(frame) = frame.await.map_err(|_| Fault::TooSlow(allowed.as_secs()))? else {
                return Ok(None);
            };
            // What is no data are trailers, which say nothing here.
            if let Ok(data) = frame.map_err(Fault::Broken)?.into_data() {
                self.arrived += data.len();
                return Ok(Some(data));
            }
        }
    }
}

/// Takes what is left of a body off the connection, within limits. A connection that is closed while the client still
/// sends is reset, and most clients then report the reset and not the answer.
pub async fn drain(body: &mut Body) {
    if body.is_end_stream() {
        return;
    }
    let all = async {
        let mut left = DRAINED;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // What did not come in time is given up like what is too much.
    let _ = timeout(DRAINED_WITHIN, all).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream::{self, StreamExt as _};

    use super::*;

    fn parts(number: usize, size: usize, every: Duration) -> Body {
        let part = Bytes::from(vec![b' '; size]);
        let parts = stream::iter(0..number).then(move |_| {
            let part = part.clone();
            async move {
                tokio::time::sleep(every).await;
                Ok::<_, Infallible>(part)
            }
        });
        Body::from_stream(parts)
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_a_second_is_given_up_and_a_slow_line_is_not() {
        let intake = Intake::default();
        let trickle = intake.read(&mut parts(1000, 1, Duration::from_secs(1)), 1 << 20).await;
        assert!(matches!(trickle, Err(Fault::TooSlow(20))), "{trickle:?}");
        let slow = intake.read(&mut parts(10, PACE, Duration::from_secs(2)), 1 << 20).await;
        assert_eq!(slow.expect("it comes fast enough").len(), 10 * PACE);
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_wait_for_each_other_and_small_ones_for_nobody() {
        let intake = Intake::default();
        let read = async |size| intake.read(&mut Body::from(vec![b' '; size]), WORKED_ON).await;
        let first = read(WORKED_ON).await.expect("there is room");
        assert_eq!(first.len(), WORKED_ON);
        assert!(matches!(read(SMALL + 1).await, Err(Fault::Busy)));
        assert_eq!(read(SMALL).await.expect("small").len(), SMALL);
        let part = first.slice(..1);
        drop(first);
        assert!(matches!(read(SMALL + 1).await, Err(Fault::Busy)), "a part of it is still held");
        drop(part);
        assert!(read(WORKED_ON).await.is_ok());
        assert!(matches!(read(WORKED_ON + 1).await, Err(Fault::TooLarge(WORKED_ON))));
    }
}
