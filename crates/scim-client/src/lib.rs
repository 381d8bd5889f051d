//! The target of a synchronization job: a SCIM client with dialects, limits, retries and explained failures.
//!
//! [`Target`] sends requests; [`document`], [`difference`] and [`path`] are pure and turn flat attribute mappings
//! into SCIM documents and PATCH operations.

mod address;
mod bulk;
mod capabilities;
mod config;
mod connection;
mod counts;
mod diagnosis;
mod dialect;
pub mod difference;
mod discovery;
pub mod document;
mod failure;
mod kind;
mod list;
mod outgoing;
pub mod path;
mod rehearsal;
mod resource;
mod target;
mod throttle;
mod token;
mod transport;
mod wire;

pub use capabilities::{Bulk, Capabilities};
pub use config::{Auth, ClientCertificate, Config, Retry};
pub use connection::retry_after;
pub use counts::RequestCounts;
pub use diagnosis::{ConnectionReport, Diagnosis, DiagnosisCode};
pub use difference::{Operation, OperationKind};
pub use discovery::{Described, ResourceSchema};
pub use failure::{ErrorCode, Failure};
pub use kind::ResourceKind;
pub use list::{Page, PageToken};
pub use outgoing::{Outgoing, check_url};
pub use resource::Resource;
pub use target::{Found, Select, Target};
pub use token::{ClientAuthentication, ClientCredentials, OauthClient};
pub use transport::Deadline;
pub use wire::{Reply, Wire};
