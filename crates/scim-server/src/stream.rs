//! Bodies that are written while they leave.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use tokio::sync::mpsc;

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
}

impl Sink {
    /// A sink that keeps everything.
    pub(crate) fn buffered() -> Self {
        Self { buffer: Vec::with_capacity(1024), sender: None }
    }

    /// Sends what has been collected, if it is enough. The error: the client is gone.
    pub(crate) async fn relieve(&mut self) -> Answer<()> {
        match &self.sender {
            Some(sender) if self.buffer.len() >= CHUNK => {
                let chunk = std::mem::take(&mut self.buffer).into();
                sender.send(Piece::More(chunk)).await.map_err(|_| Refusal::new(500, "the client is gone"))
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
    let writing = write(Sink { buffer: Vec::with_capacity(1024), sender: Some(sender.clone()) });
    tokio::spawn(async move {
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
