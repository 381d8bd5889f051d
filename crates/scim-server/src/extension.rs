//! Schema extensions that an administrator defines for the users of a tenant.

use model::Principal;
use scim::{Schema, fold};
use store::{Expect, Key, KeyName, Kind, Realm, Scan, Store, Transaction};
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::service::Service;

/// The most extensions of a tenant.
const MOST: usize = 50;

impl Service {
    /// The schema extensions of a tenant, in the order they were made.
    pub async fn list_extensions(&self, tenant: Uuid) -> Result<Vec<Schema>, scim::Error> {
        all(&*self.store, Realm(tenant)).await.map_err(|refusal| refusal.error)
    }

    /// Adds a schema extension, or replaces the one with its URN; requests from now on see it. What is stored stays
    /// as it is until the resource is written again.
    ///
    /// Errors: those of [`Schema::validate`], and 400 when the tenant has too many or the URN is a standard one.
    pub async fn put_extension(
        &self,
        tenant: Uuid,
        schema: &Schema,
        by: &Principal,
    ) -> Result<(), scim::Error> {
        schema.validate()?;
        let own = [scim::urn::USER, scim::urn::GROUP, scim::urn::ENTERPRISE_USER];
        if own.iter().any(|urn| urn.eq_ignore_ascii_case(&schema.id)) {
            let detail = format!("{} is a schema of the standard: choose a URN of your own", schema.id);
            return Err(scim::Error::new(400, detail));
        }
        let body = serde_json::to_vec(schema).map_err(|error| scim::Error::new(500, error.to_string()))?;
        let fresh = self.ids.next();
        let written = store::transact(&*self.store, async || {
            let realm = Realm(tenant);
            let found = self.store.find(realm, Kind::SchemaExtension, &key(&schema.id), 1).await?;
            if found.is_empty() && self.store.count(realm, Kind::SchemaExtension).await? >= MOST as u64 {
                return Err(Refusal::new(
                    400,
                    format!("a tenant has at most {MOST} schema extensions: remove one first"),
                ));
            }
            let (id, expect) = found
                .first()
                .map_or((fresh, Expect::Absent), |object| (object.id, Expect::Version(object.version)));
            let mut transaction = Transaction::new(self.clock.now());
            let keys = vec![key(&schema.id)];
            transaction.put(realm, Kind::SchemaExtension, id, expect, body.clone(), keys);
            Ok((transaction, ()))
        })
        .await;
        written.map_err(|refusal: Refusal| refusal.error)?;
        tracing::info!(%tenant, urn = schema.id, by = by.display_name, "schema extension written");
        self.forget(tenant);
        Ok(())
    }

    /// Removes a schema extension. Values under it stay with their resources until these are replaced. The error
    /// is 404.
    pub async fn delete_extension(&self, tenant: Uuid, urn: &str, by: &Principal) -> Result<(), scim::Error> {
        let realm = Realm(tenant);
        let removed = store::transact(&*self.store, async || {
            let found = self.store.find(realm, Kind::SchemaExtension, &key(urn), 1).await?;
            let object = found.first().ok_or_else(|| Refusal::not_found("schema extension", urn))?;
            let mut transaction = Transaction::new(self.clock.now());
            transaction.delete(realm, Kind::SchemaExtension, object.id, Expect::Present);
            Ok((transaction, ()))
        })
        .await;
        removed.map_err(|refusal: Refusal| refusal.error)?;
        tracing::info!(%tenant, urn, by = by.display_name, "schema extension deleted");
        self.forget(tenant);
        Ok(())
    }
}

/// The URN, by which names compare without regard to case.
fn key(urn: &str) -> Key {
    Key::unique(KeyName::Name, fold::fold_key(urn).into_bytes())
}

pub(crate) async fn all(store: &dyn Store, realm: Realm) -> Answer<Vec<Schema>> {
    let mut objects = Vec::new();
    let mut after = None;
    loop {
        let page = store.scan(realm, Kind::SchemaExtension, Scan::first(MOST).after(after)).await?;
        objects.extend(page.objects);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let read = |object: &store::Object| {
        serde_json::from_slice(&object.body).map_err(|error| {
            tracing::error!(%error, id = %object.id, "a stored schema extension cannot be read");
            Refusal::new(500, format!("the stored schema extension {} is damaged", object.id))
        })
    };
    objects.iter().map(read).collect()
}
