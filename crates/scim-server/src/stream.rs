//! Bodies that are written while they leave.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Duration, Instant, timeout_at};

use crate::answer::{Answer, Refusal};

/// How much is collected before it is sent.
const CHUNK: usize = 64 * 1024;

enum Piece {
    More(Bytes),
    Last(Bytes),
    Failed(Refusal),
}

/// Where a body is written to. What the client does not take, waits: no more than a few chunks are in memory.
pub(crate) struct Sink {
    pub(crate) buffer: Vec<u8>,
    sender: Option<mpsc::Sender<Piece>>,
    room: Option<Leaving>,
}

/// Room that others wait for, so that the client has to take what it holds at a pace.
struct Leaving {
    _room: OwnedSemaphorePermit,
    since: Instant,
    sent: usize,
}

/// How long a body that takes room may take to leave at least; each [`PACE`] that has left gives one second more.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes that a client has to take in a second.
const PACE: usize = 64 << 10;

impl Sink {
    /// A sink that keeps everything; who writes makes room.
    pub(crate) fn buffered() -> Self {
        Self { buffer: Vec::new(), sender: None, room: None }
    }

    /// Holds the room until the body has left.
    pub(crate) fn hold(&mut self, room: OwnedSemaphorePermit) {
        self.room = Some(Leaving { _room: room, since: Instant::now(), sent: 0 });
    }

    /// Sends what has been collected, if it is enough. The error: the client is gone, or takes too long.
    pub(crate) async fn relieve(&mut self) -> Answer<()> {
        match &self.sender {
            Some(sender) if self.buffer.len() >= CHUNK => {
                let chunk: Bytes = std::mem::take(&mut self.buffer).into();
                let length = chunk.len();
                let sending = sender.send(Piece::More(chunk));
                let sent = match &mut self.room {
                    None => sending.await,
                    Some(leaving) => {
                        leaving.sent += length;
                        let allowed = PATIENCE + Duration::from_secs((leaving.sent / PACE) as u64);
                        let slow = |_| Refusal::new(500, "the client does not take the answer");
                        timeout_at(leaving.since + allowed, sending).await.map_err(slow)?
                    }
                };
                sent.map_err(|_| Refusal::new(500, "the client is gone"))
            }
            _ => Ok(()),
        }
    }
}

/// A body that `write` writes. One that fits into a chunk has a known length; a failure before the first chunk left
/// is an answer of its own, one after it breaks the body off, so that nobody takes half a body for a whole one.
pub(crate) async fn body<F, W>(write: W) -> Answer<Body>
where
    W: FnOnce(Sink) -> F,
    F: Future<Output = Answer<Sink>> + Send + 'static,
{
    let (sender, mut receiver) = mpsc::channel(2);
    let writing = write(Sink { sender: Some(sender.clone()), ..Sink::buffered() });
    tokio::spawn(async move {
        // The room is given back before the last chunk has left.
        let piece = match writing.await {
            Ok(sink) => Piece::Last(sink.buffer.into()),
            Err(refusal) => Piece::Failed(refusal),
        };
        // A client that is gone is owed nothing.
        drop(sender.send(piece).await);
    });
    match receiver.recv().await {
        Some(Piece::Last(whole)) => Ok(whole.into()),
        Some(Piece::Failed(refusal)) => Err(refusal),
        None => Err(Refusal::new(500, "the answer could not be written")),
        Some(Piece::More(first)) => {
            let rest = stream::unfold(Some((first, receiver)), |state| async {
                let (chunk, mut receiver) = state?;
                match receiver.recv().await {
                    Some(Piece::More(next)) => Some((Ok(chunk), Some((next, receiver)))),
                    Some(Piece::Last(last)) => Some((Ok(Bytes::from([chunk, last].concat())), None)),
                    Some(Piece::Failed(refusal)) => Some((Err(Arc::new(refusal.error)), None)),
                    None => Some((Err(Arc::new(scim::Error::new(500, "the body broke off"))), None)),
                }
            });
            Ok(Body::from_stream(rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_a_large_page_too_slowly_makes_room_for_others() {
        let rooms = Arc::new(Semaphore::new(1));
        let large = async |rooms: &Arc<Semaphore>| {
            let room = Arc::clone(rooms).acquire_owned().await.expect("room");
            body(async move |mut sink: Sink| {
                sink.hold(room);
                for _ in 0..64 {
                    sink.buffer.resize(CHUNK, b' ');
                    sink.relieve().await?;
                }
                Ok(sink)
            })
            .await
            .expect("a body")
        };
        let mut slow = large(&rooms).await.into_data_stream();
        assert!(slow.next().await.expect("a chunk").is_ok());
        // Nobody takes more of it: the next one waits until it is given up.
        let begun = Instant::now();
        let steady = large(&rooms).await;
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        let mut taken = 0;
        let mut parts = steady.into_data_stream();
        while let Some(part) = parts.next().await {
            taken += part.expect("all of it").len();
            tokio::time::sleep(Duration::from_millis(900)).await;
        }
        assert_eq!(taken, 64 * CHUNK);
        let rest: Vec<_> = slow.collect().await;
        assert!(rest.last().expect("an end").is_err(), "half a body is not taken for a whole one");
    }
}
