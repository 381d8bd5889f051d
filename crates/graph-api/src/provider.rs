//! What the routes need of the service provider that runs beside them.

use model::{ObjectType, Principal};
use scim::Map;
use serde_json::Value;
use tenant::Tenant;
use uuid::Uuid;

/// What is to be changed of a tenant: applied to it as it is when the change is committed.
pub type TenantChange<'c> = &'c (dyn Fn(&mut Tenant) + Send + Sync);

/// Which of a tenant's resources are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// A text that is part of a name, an address or an external id.
    pub search: Option<&'a str>,
    /// Where the page before ended; empty for the first one.
    pub after: &'a str,
    /// How many at most.
    pub limit: usize,
    /// The address of the tenant's service, which their own addresses begin with.
    pub base: &'a str,
}

/// Resources of a tenant, as its clients would get them.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// One page of them.
    pub resources: Vec<Value>,
    /// How many there are in all, where that is known.
    pub total: Option<u64>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The service provider as its administrators see it.
#[async_trait::async_trait]
pub trait ServiceProvider: Send + Sync + 'static {
    /// The last requests of a tenant, as documents, the newest first.
    fn requests(&self, tenant: Uuid) -> Vec<Value>;

    /// Called after a tenant was deleted: forgets what is kept of it in memory.
    fn forget(&self, tenant: Uuid);

    /// Changes the switch or the settings of a tenant. The error is 409 where the resources stand in the way of what is to
    /// be unique.
    async fn update(
        &self,
        tenant: Uuid,
        by: &Principal,
        change: TenantChange<'_>,
    ) -> Result<Tenant, scim::Error>;

    /// The schema extensions of a tenant.
    async fn extensions(&self, tenant: Uuid) -> Result<Vec<Value>, scim::Error>;

    /// The schema extension of that URN. The error is 404.
    async fn extension(&self, tenant: Uuid, id: &str) -> Result<Value, scim::Error>;

    /// Adds a schema extension, or with an `id` replaces the one that has it; what it is now, and whether it was added.
    /// The error is 400 for a definition that cannot be, 409 for one that is taken or that the resources do not fit.
    async fn put_extension(
        &self,
        tenant: Uuid,
        body: Map,
        id: Option<&str>,
        by: &Principal,
    ) -> Result<(Value, bool), scim::Error>;

    /// A schema extension as it would be shown, which is not put anywhere. The error is 400 for a definition that cannot be.
    fn read_extension(&self, body: Map) -> Result<Value, scim::Error>;

    /// Users or groups of a tenant; groups without their members. The error is 400 for a place that no page ended at.
    async fn resources(
        &self,
        tenant: Tenant,
        object_type: ObjectType,
        asked: Asked<'_>,
    ) -> Result<Resources, scim::Error>;

    /// One of them; a group of very many members without these; `base` is as in [`Asked`]. The error is 404.
    async fn resource(
        &self,
        tenant: Tenant,
        object_type: ObjectType,
        base: &str,
        id: &str,
    ) -> Result<Value, scim::Error>;

    /// The members of a group: users and groups, of each what it is known by. The error is 404, or 400 as above.
    async fn members(&self, tenant: Tenant, group: &str, asked: Asked<'_>) -> Result<Resources, scim::Error>;

    /// Whether a tenant has users or groups.
    async fn holds_resources(&self, tenant: Uuid) -> Result<bool, scim::Error>;

    /// Deletes a schema extension, and what resources have of it. The error is 404, or 409.
    async fn delete_extension(&self, tenant: Uuid, id: &str, by: &Principal) -> Result<(), scim::Error>;
}
