//! What the routes need of the service provider that runs beside them.

use serde_json::Value;
use uuid::Uuid;

/// The service provider as its administrators see it.
pub trait ServiceProvider: Send + Sync + 'static {
    /// The last requests of a tenant, as documents, the newest first.
    fn requests(&self, tenant: Uuid) -> Vec<Value>;

    /// Called after a tenant was deleted: forgets what is kept of it in memory.
    fn forget(&self, tenant: Uuid);
}
