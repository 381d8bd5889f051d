//! The service provider as the administration API and webhooks ask for it.

use std::sync::Arc;

use graph_api::{Asked, Resources, ServiceProvider, TenantChange};
use model::{ObjectType, Principal};
use scim::Map;
use serde_json::Value;
use tenant::Tenant;
use uuid::Uuid;
use webhooks::ResourceType;

/// The service provider of this process.
pub struct Provider(pub Arc<scim_server::Service>);

#[async_trait::async_trait]
impl ServiceProvider for Provider {
    fn requests(&self, tenant: Uuid) -> Vec<Value> {
        let shown = |request| serde_json::to_value(request).unwrap_or_default();
        self.0.requests(tenant).iter().rev().map(shown).collect()
    }

    fn forget(&self, tenant: Uuid) {
        self.0.forget(tenant);
    }

    async fn update(
        &self,
        tenant: Uuid,
        by: &Principal,
        change: TenantChange<'_>,
    ) -> Result<Tenant, scim::Error> {
        self.0.update_tenant(tenant, by, change).await
    }

    async fn extensions(&self, tenant: Uuid) -> Result<Vec<Value>, scim::Error> {
        self.0.list_extensions(tenant).await
    }

    async fn extension(&self, tenant: Uuid, id: &str) -> Result<Value, scim::Error> {
        self.0.extension(tenant, id).await
    }

    async fn put_extension(
        &self,
        tenant: Uuid,
        body: Map,
        id: Option<&str>,
        by: &Principal,
    ) -> Result<(Value, bool), scim::Error> {
        self.0.put_extension(tenant, body, id, by).await
    }

    fn read_extension(&self, body: Map) -> Result<Value, scim::Error> {
        scim_server::read_extension(body)
    }

    async fn resources(
        &self,
        tenant: Tenant,
        object_type: ObjectType,
        asked: Asked<'_>,
    ) -> Result<Resources, scim::Error> {
        let Asked { search, after, limit, base } = asked;
        let found = self.0.find_resources(tenant, object_type, base, search, (after, limit)).await?;
        Ok(resources(found))
    }

    async fn resource(
        &self,
        tenant: Tenant,
        object_type: ObjectType,
        base: &str,
        id: &str,
    ) -> Result<Value, scim::Error> {
        self.0.read_resource(tenant, object_type, base, id).await
    }

    async fn members(&self, tenant: Tenant, group: &str, asked: Asked<'_>) -> Result<Resources, scim::Error> {
        let Asked { search, after, limit, base } = asked;
        let found = self.0.find_members(tenant, base, group, search, (after, limit)).await?;
        Ok(resources(found))
    }

    async fn holds_resources(&self, tenant: Uuid) -> Result<bool, scim::Error> {
        self.0.holds_resources(tenant).await
    }

    async fn delete_extension(&self, tenant: Uuid, id: &str, by: &Principal) -> Result<(), scim::Error> {
        self.0.delete_extension(tenant, id, by).await
    }
}

/// Resources as they come with the events of webhooks.
pub struct TenantResources {
    pub scim: Arc<scim_server::Service>,
    /// Where the server is reached from outside.
    pub public_url: String,
}

impl TenantResources {
    fn base(&self, tenant: &Tenant) -> String {
        format!("{}/tenants/{}/api/scim/v2", self.public_url, tenant.name)
    }
}

#[async_trait::async_trait]
impl webhooks::Resources for TenantResources {
    fn location(&self, tenant: &Tenant, resource_type: ResourceType, id: Uuid) -> String {
        format!("{}/{}s/{id}", self.base(tenant), resource_type.name())
    }

    async fn resource(
        &self,
        tenant: &Tenant,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<Value>, String> {
        let object_type = match resource_type {
            ResourceType::User => ObjectType::User,
            ResourceType::Group => ObjectType::Group,
        };
        let base = self.base(tenant);
        match self.scim.read_resource(tenant.clone(), object_type, &base, &id.to_string()).await {
            Ok(mut resource) => {
                if let Some(members) = resource.as_object_mut() {
                    // Whoever wants them has them from the events, one by one.
                    members.remove("members");
                }
                Ok(Some(resource))
            }
            Err(error) if error.status == 404 => Ok(None),
            Err(error) => Err(format!("The resource cannot be read: {}.", error.detail)),
        }
    }
}

fn resources(found: scim_server::Found) -> Resources {
    Resources { resources: found.resources, total: found.total_results, next: found.next_cursor }
}
