//! Makes the tenants of the service provider what a document says.
//!
//! The service provider changes each by itself, as resources may stand in the way; what is known beforehand to be wrong is
//! found out first.

use std::collections::BTreeMap;

use model::Principal;
use serde_json::{Map, Value};
use tenant::Tenants;
use uuid::Uuid;
use webhooks::Webhooks;

use super::apply::at;
use super::document::{Tenant, cut};
use crate::ServiceProvider;
use crate::error::ApiError;
use crate::routes::tenant_settings;

/// Changes tenants, in the name of whoever asks.
pub(super) struct Provider<'a> {
    pub seam: &'a dyn ServiceProvider,
    pub by: &'a Principal,
    /// Whether what the document does not name is removed, of what it has a list of.
    pub prune: bool,
}

/// What a rehearsal came to.
#[derive(Default)]
pub(super) struct Rehearsed {
    /// The schema extensions that each tenant would have.
    pub extensions: BTreeMap<Uuid, Vec<Value>>,
    /// Tenant and address of the webhooks that would be new.
    pub webhooks: Vec<(String, String)>,
}

/// What of a tenant's schema extensions is to be put, and what to be deleted by its URN.
struct Extensions {
    put: Vec<Map<String, Value>>,
    delete: Vec<String>,
    /// What there is afterwards.
    all: Vec<Value>,
}

impl Provider<'_> {
    /// Rehearses what [`Self::apply`] does on tenants that are not the ones served.
    pub async fn rehearse(
        &self,
        tenants: &Tenants,
        webhooks: &Webhooks,
        wanted: &[Tenant],
    ) -> Result<Rehearsed, ApiError> {
        let mut rehearsed = Rehearsed::default();
        for tenant in wanted {
            let place = format!("tenants[{}]", cut(&tenant.name));
            let old = tenants.by_name(&tenant.name).await?;
            let change = change(&old, tenant).map_err(|error| at(&place, error))?;
            tenants.update(old.id, self.by, change).await?;
            let extensions = self.extensions(old.id, tenant).await.map_err(|error| at(&place, error))?;
            rehearsed.extensions.extend(extensions.map(|extensions| (old.id, extensions.all)));
            if let Some(hooks) = &tenant.webhooks {
                let added = super::webhooks::apply(webhooks, &old, hooks, self.prune, self.by);
                let added = added.await.map_err(|error| at(&place, error))?;
                rehearsed.webhooks.extend(added.into_iter().map(|url| (tenant.name.clone(), url)));
            }
        }
        if self.prune {
            for other in self.pruned(tenants, wanted).await? {
                tenants.delete(other.id, self.by).await?;
            }
        }
        Ok(rehearsed)
    }

    /// Makes a tenant that is served what the document says.
    pub async fn apply(
        &self,
        tenants: &Tenants,
        webhooks: &Webhooks,
        wanted: &Tenant,
    ) -> Result<(), ApiError> {
        let place = format!("tenants[{}]", cut(&wanted.name));
        self.one(tenants, webhooks, wanted).await.map_err(|error| at(&place, error))
    }

    async fn one(&self, tenants: &Tenants, webhooks: &Webhooks, wanted: &Tenant) -> Result<(), ApiError> {
        let old = tenants.by_name(&wanted.name).await?.as_ref().clone();
        let update = change(&old, wanted)?;
        let mut new = old.clone();
        update(&mut new);
        if new != old {
            self.seam.update(old.id, self.by, &update).await?;
        }
        if let Some(Extensions { put, delete, .. }) = self.extensions(old.id, wanted).await? {
            for id in delete {
                self.seam.delete_extension(old.id, &id, self.by).await?;
            }
            for schema in put {
                let id = schema.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.seam.put_extension(old.id, schema, Some(&id), self.by).await?;
            }
        }
        if let Some(hooks) = &wanted.webhooks {
            super::webhooks::apply(webhooks, &old, hooks, self.prune, self.by).await?;
        }
        Ok(())
    }

    /// What the document asks of a tenant's extensions, as far as it differs.
    async fn extensions(&self, id: Uuid, wanted: &Tenant) -> Result<Option<Extensions>, ApiError> {
        let Some(schemas) = &wanted.schemas else { return Ok(None) };
        let mut all = self.seam.extensions(id).await?;
        let (mut put, mut named) = (Vec::new(), Vec::new());
        for schema in schemas {
            let read = self.seam.read_extension(schema.clone())?;
            let id = id_of(&read).to_owned();
            match all.iter_mut().find(|it| id_of(it).eq_ignore_ascii_case(&id)) {
                Some(there) if same(there, &read) => {}
                Some(there) => {
                    // It keeps the spelling that documents have.
                    let mut read = read;
                    read["id"] = there["id"].clone();
                    *there = read;
                    put.push(schema.clone());
                }
                None => {
                    all.push(read);
                    put.push(schema.clone());
                }
            }
            named.push(id);
        }
        let is_named = |it: &Value| named.iter().any(|name| name.eq_ignore_ascii_case(id_of(it)));
        let mut delete = Vec::new();
        if self.prune {
            delete = all.iter().filter(|it| !is_named(it)).map(|it| id_of(it).to_owned()).collect();
            all.retain(is_named);
        }
        Ok(Some(Extensions { put, delete, all }))
    }

    /// The tenants that the document does not name. One that holds somebody's accounts is not for a document to delete.
    pub async fn pruned(
        &self,
        tenants: &Tenants,
        wanted: &[Tenant],
    ) -> Result<Vec<tenant::Tenant>, ApiError> {
        let mut all = tenants.list().await?;
        all.retain(|tenant| !wanted.iter().any(|it| it.name == tenant.name));
        for tenant in &all {
            if self.seam.holds_resources(tenant.id).await? {
                return Err(ApiError::bad(format!(
                    "tenants: '{}' is not named, and has users or groups: those are not deleted by a document.",
                    tenant.name
                ))
                .hint("Name it in the document, leave \"tenants\" out, or delete it first with `provost tenant delete`."));
            }
        }
        Ok(all)
    }
}

/// How a tenant becomes what the document says. What cannot be is refused.
fn change<'w>(
    old: &tenant::Tenant,
    wanted: &'w Tenant,
) -> Result<impl Fn(&mut tenant::Tenant) + Send + Sync + 'w, ApiError> {
    tenant_settings(&old.settings, &wanted.settings)?;
    Ok(|tenant: &mut tenant::Tenant| {
        tenant.scim_for_authentication =
            wanted.scim_for_authentication.unwrap_or(tenant.scim_for_authentication);
        if let Ok(settings) = tenant_settings(&tenant.settings, &wanted.settings) {
            tenant.settings = settings;
        }
    })
}

fn id_of(schema: &Value) -> &str {
    schema["id"].as_str().unwrap_or_default()
}

/// Whether two definitions say the same, whatever state they are in.
fn same(one: &Value, other: &Value) -> bool {
    let plain = |schema: &Value| {
        let mut members = schema.as_object().cloned().unwrap_or_default();
        members.shift_remove("state");
        members.shift_remove("id");
        members
    };
    plain(one) == plain(other)
}
