//! One connection: what its client may keep the server waiting for, and what is answered where there is no request.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, StatusCode, Version};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tracing::debug;

use super::compose::Site;
use super::places::Place;

/// How long a client may leave an answer unread.
const READ_WITHIN: Duration = Duration::from_secs(30);
/// How much is still read, and for how long, of what a client sends after a refusal that ends the connection. Without
/// that the connection is reset, and the client may never see the answer.
const LINGER: usize = 16 << 20;
const LINGER_WITHIN: Duration = Duration::from_secs(2);

/// Serves the requests of one connection.
pub async fn converse<S>(
    http: http1::Builder,
    stream: S,
    site: Arc<Site>,
    place: Arc<Place>,
    watcher: Watcher,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let (site, place) = (Arc::clone(&site), Arc::clone(&place));
        async move {
            if !place.work() {
                return pending().await;
            }
            let turn = Turn(place);
            if names_no_host(&request) {
                let words =
                    "a request of HTTP/1.1 has one Host header: which service is meant cannot be told";
                let body = Body::from(refusal("400", "BadRequest", words));
                let mut response = hyper::Response::new(Answered { body, _turn: turn });
                *response.status_mut() = StatusCode::BAD_REQUEST;
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SCIM_JSON));
                return Ok(response);
            }
            let request = request.map(|body| Body::new(Asked { body, place: Arc::clone(&turn.0) }));
            let response = site.answer(request).await;
            Ok::<_, Infallible>(response.map(|body| Answered { body, _turn: turn }))
        }
    });
    let connection = http.serve_connection(TokioIo::new(Client::new(stream)), service);
    if let Err(error) = watcher.watch(connection).await {
        debug!(%error, "a connection ended early");
    }
}

/// Whether a request lacks the Host header, or has several (RFC 9112 section 3.2).
fn names_no_host<B>(request: &hyper::Request<B>) -> bool {
    let named = request.headers().get_all(HOST).iter().count();
    named > 1 || (named == 0 && request.version() == Version::HTTP_11)
}

/// The time in which the server works on a request.
struct Turn(Arc<Place>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// The body of a request: while it does not come the server waits.
struct Asked {
    body: Incoming,
    place: Arc<Place>,
}

impl HttpBody for Asked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) if self.place.work() => Poll::Ready(frame),
            _ => {
                self.place.wait();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer: the request is worked on until its end.
struct Answered {
    body: Body,
    _turn: Turn,
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The stream of a client who has to read what it is answered. Where hyper refuses by itself what it cannot read as a
/// request, without a word, the reason is added.
struct Client<S> {
    stream: S,
    unread: Option<Pin<Box<Sleep>>>,
    refusal: Option<Refusal>,
}

/// An answer in place of one of hyper's.
struct Refusal {
    answer: Vec<u8>,
    written: usize,
    /// Bytes that hyper may still send before it ends.
    lingered: usize,
    until: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    fn new(stream: S) -> Self {
        Self { stream, unread: None, refusal: None }
    }

    /// What came of writing, or that the client has not read for too long.
    fn read_in_time<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.unread = None;
            return written;
        }
        let unread = self.unread.get_or_insert_with(|| Box::pin(tokio::time::sleep(READ_WITHIN)));
        ready!(unread.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
    }

    /// Writes what explains the refusal that hyper writes.
    fn refuse(&mut self, cx: &mut Context<'_>, silent: &[u8]) -> Poll<io::Result<usize>> {
        let answer = explained(silent);
        let refusal =
            self.refusal.get_or_insert_with(|| Refusal { answer, written: 0, lingered: 0, until: None });
        while refusal.written < refusal.answer.len() {
            let rest = &refusal.answer[refusal.written..];
            refusal.written += ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
        }
        Poll::Ready(Ok(silent.len()))
    }
}

/// Whether that is the beginning of an answer that hyper gives by itself: ours have a body.
fn is_silent(head: &[u8]) -> bool {
    let refused = [&b"HTTP/1.1 400 "[..], b"HTTP/1.1 414 ", b"HTTP/1.1 431 "];
    refused.iter().any(|line| head.starts_with(line)) && head.windows(SILENT.len()).any(|part| part == SILENT)
}

const SILENT: &[u8] = b"content-length: 0\r\n";

/// The answer in place of one without a word.
fn explained(silent: &[u8]) -> Vec<u8> {
    let status = std::str::from_utf8(silent.get(9..12).unwrap_or_default()).unwrap_or("400");
    let (code, words) = match status {
        "414" => ("UriTooLong", "the URL is too long: send a long query as POST to .search"),
        "431" => (
            "RequestHeaderFieldsTooLarge",
            "the request line and the headers are too many or larger than 64 KiB: send fewer, and a long query as \
             POST to .search",
        ),
        _ => (
            "BadRequest",
            "this is no request as HTTP/1.1 has it: its first line, a header or the length of its body is malformed",
        ),
    };
    answer(status, code, words)
}

/// A whole answer that ends its connection.
pub fn answer(status: &str, code: &str, words: &str) -> Vec<u8> {
    let body = refusal(status, code, words);
    let length = body.len();
    format!(
        "HTTP/1.1 {status} {code}\r\ncontent-type: {SCIM_JSON}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A refusal in words, for whichever kind of client: it is a SCIM error and an error as Graph has it.
fn refusal(status: &str, code: &str, words: &str) -> String {
    let body = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status,
        "detail": words,
        "error": {"code": code, "message": words},
    });
    body.to_string()
}

const SCIM_JSON: &str = "application/scim+json";

impl<S: AsyncRead + Unpin> AsyncRead for Client<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Client<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = if is_silent(bytes) {
            self.refuse(cx, bytes)
        } else {
            Pin::new(&mut self.stream).poll_write(cx, bytes)
        };
        self.read_in_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match parts.first() {
            Some(head) if is_silent(head) => self.refuse(cx, head),
            _ => Pin::new(&mut self.stream).poll_write_vectored(cx, parts),
        };
        self.read_in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.read_in_time(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(refusal) = &mut this.refusal else { return Pin::new(&mut this.stream).poll_shutdown(cx) };
        let until = if let Some(until) = &mut refusal.until {
            until
        } else {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            refusal.until.insert(Box::pin(tokio::time::sleep(LINGER_WITHIN)))
        };
        let mut scratch = [0; 8192];
        loop {
            let mut into = ReadBuf::new(&mut scratch);
            if pin!(&mut *until).poll(cx).is_ready() || refusal.lingered >= LINGER {
                return Poll::Ready(Ok(()));
            }
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut into))?;
            if into.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            refusal.lingered += into.filled().len();
        }
    }
}
