//! Webhooks of the service provider: what happens to a tenant's users and groups is told to endpoints that administrators
//! name, as Standard Webhooks has it (<https://www.standardwebhooks.com>).
//!
//! What there is to tell is the feed of the tenant's realm, the same that `GET /changes` reads. Each webhook has a place in
//! it, and a realm of its own for that place and for the deliveries. An event is written down, with the identifier that each
//! try of it carries, before it is sent for the first time; the place moves in the same transaction. So nothing is lost with
//! a process, and what is sent once more is known by its identifier.
//!
//! [`Webhooks`] is what administrators do with them; a [`Deliverer`] sends. [`signature`], `event`, `backoff` and `lanes` are
//! pure.

mod administration;
mod backoff;
mod courier;
mod deliverer;
mod delivery;
mod error;
mod event;
mod lanes;
mod lease;
mod records;
mod replay;
mod send;
pub mod signature;
#[cfg(test)]
mod tests;
mod webhook;

pub use administration::{Changed, Created, NewWebhook, Shown, Webhooks, WebhooksOptions};
pub use deliverer::Deliverer;
pub use delivery::{Delivery, DeliveryState, Try};
pub use error::{Error, Result};
pub use event::{Event, EventType, Member, ResourceType};
pub use replay::From;
pub use send::Resources;
pub use signature::Secret;
pub use webhook::{Disabled, MAX_WEBHOOKS, Progress, Webhook};
