//! HTTP routes of the administration API, in the shape of Microsoft Graph.
//!
//! `/v1.0` and `/beta` answer alike; what Graph has no call for is under `/provost/v1`. Every call needs the bearer
//! token of an administrator, and every mutation is made in that administrator's name.

mod auth;
mod backups;
mod body;
mod call;
mod configuration;
mod cookie;
mod directories;
mod error;
mod odata;
mod openapi;
mod page;
mod path;
mod permissions;
mod provider;
mod render;
mod routes;
mod runner;
mod schema;

#[cfg(test)]
mod tests;

pub use backups::Backups;
pub use provider::{Asked, Resources, ServiceProvider, TenantChange};
pub use runner::{JobRunner, PlannedEntries, ResetScope};

use std::sync::Arc;

use administrators::Administrators;
use axum::Router;
use directory::{Directory, Installation};
use tenant::Tenants;
use webhooks::Webhooks;

/// Where the server is reached from outside.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Scheme, host and port, without a slash at the end, e.g. `http://127.0.0.1:8080`.
    pub public_url: String,
    /// The domain under which every tenant has a host name of its own, with the port where it is not the scheme's,
    /// e.g. `localhost:8080`.
    pub domain: String,
}

/// What the routes work on.
#[derive(Clone)]
pub struct State {
    /// What holds the directories.
    pub installation: Installation,
    /// Who may call.
    pub administrators: Arc<Administrators>,
    /// The directory that the calls are about.
    pub directory: Directory,
    /// Tenants of the service provider.
    pub tenants: Arc<Tenants>,
    /// Their webhooks.
    pub webhooks: Arc<Webhooks>,
    /// What serves them.
    pub provider: Arc<dyn ServiceProvider>,
    /// What runs the jobs.
    pub runner: Arc<dyn JobRunner>,
    /// Where the server is reached from outside.
    pub addresses: Addresses,
    /// Where bodies come in, shared with whatever else is served by the same process.
    pub intake: intake::Intake,
    /// Where backups are made.
    pub backups: Backups,
    /// Where files are that are imported by themselves.
    pub imports: directory::import::ImportFolder,
    /// Whether there is a mail server to send mail by.
    pub sends_mail: bool,
}

type Shared = Arc<State>;

/// The routes: `/v1.0`, `/beta`, `/provost/v1`, `/{directory}/oauth2/v2.0/token`, `/healthz`, `/readyz` and `/openapi.json`.
pub fn router(state: State) -> Router {
    routes::all(&Arc::new(state))
}
