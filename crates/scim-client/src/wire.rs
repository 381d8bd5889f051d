//! The seam to the network: one request out, one answer back.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};

use crate::config::Config;
use crate::connection::{self, explain};
use crate::failure::Failure;

/// What a target answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; none where it is larger than the target's settings allow.
    pub body: Option<Bytes>,
}

/// Carries requests to a target. HTTP does in production; a simulation has its own.
#[async_trait]
pub trait Wire: Send + Sync + 'static {
    /// Sends a request, whose URL is absolute, and reads the answer within the time given.
    ///
    /// # Errors
    /// There is no whole answer: why, and whether the request may have been carried out all the same
    /// ([`Failure::outcome_unknown`]).
    async fn exchange(&self, request: Request<Bytes>, timeout: Duration) -> Result<Reply, Failure>;
}

/// The target in the words of messages about it.
pub(crate) const WHOM: &str = "the target";

/// HTTP over TCP and TLS.
pub(crate) struct Http {
    client: reqwest::Client,
    /// Bytes of a body at most.
    limit: usize,
    /// Who is reached, in the words of messages.
    whom: &'static str,
}

impl Http {
    pub fn new(config: &Config, local: bool, whom: &'static str) -> Result<Self, Failure> {
        Ok(Self { client: connection::client(config, local)?, limit: config.max_response, whom })
    }
}

#[async_trait]
impl Wire for Http {
    async fn exchange(&self, request: Request<Bytes>, timeout: Duration) -> Result<Reply, Failure> {
        let writes = *request.method() != Method::GET;
        let failed = |error| explain(error, self.whom, writes);
        let empty = request.body().is_empty();
        let mut request = reqwest::Request::try_from(request).map_err(failed)?;
        if empty {
            *request.body_mut() = None;
        }
        *request.timeout_mut() = Some(timeout);
        let mut response = self.client.execute(request).await.map_err(failed)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let body = connection::read(&mut response, self.limit).await;
        let body = body.map_err(|error| Failure { status: Some(status.as_u16()), ..failed(error) })?;
        Ok(Reply { status, headers, body })
    }
}
