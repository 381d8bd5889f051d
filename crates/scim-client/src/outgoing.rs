//! Requests to addresses that administrators typed and that are no targets, such as those of webhooks: by the same rules about
//! addresses, and with the same explanations.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;

use crate::address;
use crate::config::{Auth, Config};
use crate::failure::Failure;
use crate::wire::{Http, Reply, Wire};

/// A URL that an administrator typed, in its normal form; `what` names it.
///
/// # Errors
/// It is none of HTTP, has credentials in it, or leads to an address that is not allowed.
pub fn check_url(what: &str, url: &str, allow_link_local: bool) -> Result<String, Failure> {
    address::check(what, url, allow_link_local).map(|place| place.url.to_string())
}

/// Carries requests to any such address. Connections are kept for a while; redirects are not followed.
pub struct Outgoing {
    /// To this machine, which no proxy is asked for.
    near: Http,
    far: Http,
    what: &'static str,
    allow_link_local: bool,
}

impl Outgoing {
    /// `what` names the address and `whom` who is behind it, in the words of messages; a body has at most `max_response`
    /// bytes.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(
        what: &'static str,
        whom: &'static str,
        max_response: usize,
        allow_link_local: bool,
    ) -> Result<Self, Failure> {
        let config = Config { max_response, allow_link_local, ..Config::new("", Auth::None) };
        let http = |local| Http::new(&config, local, whom);
        Ok(Self { near: http(true)?, far: http(false)?, what, allow_link_local })
    }
}

#[async_trait]
impl Wire for Outgoing {
    async fn exchange(&self, request: Request<Bytes>, timeout: Duration) -> Result<Reply, Failure> {
        let place = address::check(self.what, &request.uri().to_string(), self.allow_link_local)?;
        let http = if place.local { &self.near } else { &self.far };
        http.exchange(request, timeout).await
    }
}
