//! The way to the target, on which requests and answers are lost, late, doubled or garbled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::to_bytes;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, Request, StatusCode};
use scim_client::{ErrorCode, Failure, Reply, Wire};
use testkit::ScimTarget;

use crate::dice::Dice;
use crate::life::Life;
use crate::trace::Trace;
use crate::watch::Watch;

/// How often things go wrong, in a thousand requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    /// No connection.
    pub refused: usize,
    /// An error, and nothing done.
    pub error: usize,
    /// Asked to come back later.
    pub throttled: usize,
    /// Done, and the answer lost.
    pub lost: usize,
    /// Neither done nor answered.
    pub dropped: usize,
    /// Not answered in time, and done after that.
    pub late: usize,
    /// Done twice, the second answer given.
    pub doubled: usize,
    /// Done, and answered with something else than SCIM.
    pub garbled: usize,
    /// Slow.
    pub slow: usize,
}

impl Rates {
    pub fn draw(dice: &Dice) -> Self {
        let most = [0, 5, 20, 60, 150][dice.below(5)];
        let rate = || if dice.happens(500) { dice.below(most + 1) } else { 0 };
        Self {
            refused: rate(),
            error: rate(),
            throttled: rate(),
            lost: rate(),
            dropped: rate(),
            late: rate(),
            doubled: rate(),
            garbled: rate() / 4,
            slow: rate(),
        }
    }
}

/// What all connections to the target share.
pub struct Network {
    pub target: ScimTarget,
    pub rates: Rates,
    /// Whether the target takes the same name twice.
    pub lax: bool,
    /// Whether things go wrong.
    pub bad: AtomicBool,
    pub dice: Dice,
    pub trace: Trace,
    pub watch: Watch,
}

impl Network {
    async fn deliver(&self, request: &Request<Bytes>) -> (StatusCode, HeaderMap, Bytes) {
        let answer = self.target.answer(request);
        let (head, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let sent = String::from_utf8_lossy(request.body());
        self.trace.note(format!("target: {} {} {sent} -> {}", request.method(), request.uri(), head.status));
        self.watch.delivered(request, head.status).await;
        (head.status, head.headers, body)
    }
}

/// One process's connection to the target.
pub struct Connection {
    pub network: Arc<Network>,
    pub life: Arc<Life>,
}

#[async_trait::async_trait]
impl Wire for Connection {
    async fn exchange(&self, request: Request<Bytes>, timeout: Duration) -> Result<Reply, Failure> {
        self.life.step().await;
        let answer = self.answer(request, timeout).await;
        self.life.step().await;
        answer
    }
}

impl Connection {
    async fn answer(&self, request: Request<Bytes>, timeout: Duration) -> Result<Reply, Failure> {
        let network = &self.network;
        let dice = &network.dice;
        let writes = *request.method() != Method::GET;
        tokio::time::sleep(dice.milliseconds(120)).await;
        if !network.bad.load(Ordering::Relaxed) {
            let (status, headers, body) = network.deliver(&request).await;
            return Ok(Reply { status, headers, body: Some(body) });
        }
        let rates = network.rates;
        let fails = |code, outcome_unknown| Failure {
            code,
            status: None,
            scim_type: None,
            reason: "simulated".into(),
            recommended_action: "".into(),
            retryable: true,
            outcome_unknown,
            retry_after: None,
        };
        let fault = |what: &str| {
            network.trace.note(format!("network: {what}: {} {}", request.method(), request.uri()));
        };
        if dice.happens(rates.refused) {
            fault("no connection");
            return Err(fails(ErrorCode::ConnectionFailed, false));
        }
        if dice.happens(rates.error) {
            fault("500");
            return Ok(empty(StatusCode::INTERNAL_SERVER_ERROR));
        }
        if dice.happens(rates.throttled) {
            let mut reply = empty(StatusCode::TOO_MANY_REQUESTS);
            let seconds = dice.below(20);
            fault("429");
            reply.headers.insert(RETRY_AFTER, seconds.into());
            return Ok(reply);
        }
        if dice.happens(rates.dropped) {
            fault("dropped");
            tokio::time::sleep(timeout).await;
            return Err(fails(ErrorCode::Timeout, writes));
        }
        if dice.happens(rates.late) {
            fault("late");
            tokio::time::sleep(timeout).await;
            // No later than a client may assume: the time-out once more.
            let (network, late) = (Arc::clone(network), dice.milliseconds(15_000));
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                network.deliver(&request).await;
            });
            return Err(fails(ErrorCode::Timeout, writes));
        }
        if dice.happens(rates.slow) {
            tokio::time::sleep(dice.milliseconds(15_000).min(timeout)).await;
        }
        let first = network.deliver(&request).await;
        if dice.happens(rates.lost) {
            fault("answer lost");
            return Err(fails(ErrorCode::ConnectionFailed, writes));
        }
        if dice.happens(rates.garbled) {
            fault("answer garbled");
            let body = Some(Bytes::from_static(b"<html>a proxy's page</html>"));
            return Ok(Reply { status: StatusCode::OK, headers: HeaderMap::new(), body });
        }
        // A target that takes the same name twice makes two accounts of a request that comes twice: nobody's fault.
        let harmless = !self.network.lax || *request.method() != Method::POST;
        let (status, headers, body) = if dice.happens(rates.doubled) && harmless {
            fault("doubled");
            network.deliver(&request).await
        } else {
            first
        };
        Ok(Reply { status, headers, body: Some(body) })
    }
}

fn empty(status: StatusCode) -> Reply {
    Reply { status, headers: HeaderMap::new(), body: Some(Bytes::new()) }
}
