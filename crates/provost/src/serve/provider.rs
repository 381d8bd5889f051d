//! The service provider as the administration API asks for it.

use std::sync::Arc;

use graph_api::ServiceProvider;
use serde_json::Value;
use uuid::Uuid;

/// The service provider of this process.
pub struct Provider(pub Arc<scim_server::Service>);

impl ServiceProvider for Provider {
    fn requests(&self, tenant: Uuid) -> Vec<Value> {
        let shown = |request| serde_json::to_value(request).unwrap_or_default();
        self.0.requests(tenant).iter().rev().map(shown).collect()
    }

    fn forget(&self, tenant: Uuid) {
        self.0.forget(tenant);
    }
}
