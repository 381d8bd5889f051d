//! How a change of a tenant's schemas takes effect while its clients go on.
//!
//! A change that the resources must fit is first only announced: from then on each write keeps the old rules and the new
//! ones, and has the keys of both. Then the resources that were there before are looked at, some at a time, and given
//! the new keys. When all have them the change takes effect in one transaction; when one does not fit it is dropped. A
//! process that ends in between is followed by one that goes on.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use model::Principal;
use scim::{Error, Map, ScimType};
use store::{Expect, Key, KeyName, Kind, Object, Realm, Scan, Transaction};
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::document;
use crate::render::{RESOURCES, name};
use crate::schemas::{self, Description, Of, Pending, Schemas, Stored, Unique};
use crate::service::Service;

/// A change of what describes the resources of a tenant.
pub(crate) struct Change {
    pub(crate) next: Description,
    /// The types whose resources must fit before it takes effect.
    pub(crate) types: Vec<Of>,
    /// For the audit log.
    pub(crate) activity: &'static str,
    pub(crate) target: String,
}

/// Work on a tenant's resources, for all who wait for it.
pub(crate) type Work = Shared<BoxFuture<'static, Result<(), Error>>>;

/// Tries of a page whose resources others write.
const ATTEMPTS: usize = 200;

impl Service {
    /// Decides on a change and carries it out. `decide` answers none where nothing is to be done.
    pub(crate) async fn redefine(
        self: &Arc<Self>,
        tenant: Uuid,
        by: &Principal,
        decide: impl Fn(&mut Stored) -> Answer<Option<Change>> + Send + Sync,
    ) -> Answer<()> {
        let staged = loop {
            match self.stage(tenant, by, &decide).await {
                // Somebody else made the first change of the tenant.
                Err(refusal) if refusal.is_redefined() => {}
                staged => break staged?,
            }
        };
        self.tenants.invalidate();
        self.renew(tenant).await?;
        match staged {
            Some(version) => self.work(tenant, version, true).await.map_err(Refusal::from),
            None => Ok(()),
        }
    }

    /// Commits a change, or announces it: then the version of the description that does.
    async fn stage(
        self: &Arc<Self>,
        tenant: Uuid,
        by: &Principal,
        decide: &(impl Fn(&mut Stored) -> Answer<Option<Change>> + Send + Sync),
    ) -> Answer<Option<u64>> {
        let realm = Realm(tenant);
        let staged = store::transact(&*self.store, async || {
            let settings = self.tenants.get(tenant).await?.settings;
            let object = self.store.get(realm, Kind::SchemaExtension, schemas::ID).await?;
            let mut stored = object.as_ref().map(schemas::read).transpose()?.unwrap_or_default();
            stored.current.unique.get_or_insert(Unique::of(&settings));
            let mut transaction = Transaction::new(self.clock.now());
            let Some(change) = decide(&mut stored)? else { return Ok((transaction, false)) };
            if let (Some(_), Some(object)) = (&stored.pending, &object) {
                self.go_on(tenant, object.version);
                return Err(Refusal::new(
                    409,
                    "another change of this tenant's schemas or uniqueness is being carried out: try again when it is \
                     done",
                ));
            }
            let Change { next, types, activity, target } = change;
            if types.is_empty() {
                let audit = (activity, &*target, by);
                self.take_effect(&mut transaction, tenant, &mut stored, next, audit).await?;
            } else {
                let (activity, by) = (activity.to_owned(), by.clone());
                transaction.require(Realm::INSTALLATION, Kind::Tenant, tenant, Expect::Present);
                stored.pending = Some(Pending::Build { next, types, activity, target, by });
            }
            put(&mut transaction, realm, &stored, object.as_ref())?;
            Ok((transaction, stored.pending.is_some()))
        })
        .await;
        let (pending, committed) = staged?;
        Ok(committed.and_then(|committed| *committed.versions.last()?).filter(|_| pending))
    }

    /// Makes a description the current one, with an entry of the audit log.
    async fn take_effect(
        &self,
        transaction: &mut Transaction,
        tenant: Uuid,
        stored: &mut Stored,
        next: Description,
        (activity, target, by): (&str, &str, &Principal),
    ) -> Answer<()> {
        let unique = next.unique;
        stored.pending = (!next.leftovers.is_empty()).then_some(Pending::Clean);
        stored.current = next;
        let changed = self.tenants.stage(transaction, tenant, |tenant| {
            if let Some(unique) = unique {
                unique.put(&mut tenant.settings);
            }
        });
        let (tenant, changes) = changed.await?;
        let target = if target.is_empty() { &tenant.name } else { target };
        Ok(self.tenants.audit(transaction, activity, by, &tenant, target, changes)?)
    }

    /// Makes requests of this process see what was committed.
    async fn renew(self: &Arc<Self>, tenant: Uuid) -> Answer<()> {
        let state = self.states.read().get(&tenant).map(Arc::clone);
        if let Some(state) = state {
            self.read_schemas(&state, tenant).await?;
        }
        Ok(())
    }

    /// Goes on with work that nobody in this process does.
    pub(crate) fn go_on(self: &Arc<Self>, tenant: Uuid, version: u64) {
        drop(self.work(tenant, version, false));
    }

    /// The work that was announced by a version of the description. It goes on when nobody waits for it.
    fn work(self: &Arc<Self>, tenant: Uuid, version: u64, exactly: bool) -> Work {
        let mut works = self.works.lock();
        if let Some((of, work)) = works.get(&tenant)
            && (*of == version || !exactly)
        {
            return work.clone();
        }
        let service = Arc::clone(self);
        let task = tokio::spawn(async move {
            let done = AssertUnwindSafe(service.carry_out(tenant, version)).catch_unwind().await;
            let done = done.unwrap_or_else(|_| {
                Err(Refusal::new(500, "the change met a defect of the service; its log says more"))
            });
            let mut works = service.works.lock();
            if works.get(&tenant).is_some_and(|(of, _)| *of == version) {
                works.remove(&tenant);
            }
            done.map_err(|refusal| {
                tracing::warn!(%tenant, error = %refusal.error, "a change of a tenant's schemas was not carried out");
                refusal.error
            })
        });
        let ended = |_| {
            Err(Error::new(503, "the service is shutting down: it goes on with the change when it is back"))
        };
        let work = async move { task.await.unwrap_or_else(ended) }.boxed().shared();
        works.insert(tenant, (version, work.clone()));
        work
    }

    async fn carry_out(self: &Arc<Self>, tenant: Uuid, mut version: u64) -> Answer<()> {
        loop {
            let object = self.store.get(Realm(tenant), Kind::SchemaExtension, schemas::ID).await?;
            let object = object.filter(|object| object.version == version).ok_or_else(superseded)?;
            let schemas = Schemas::read(Some(&object))?;
            let done = match &schemas.stored.pending {
                None => return Ok(()),
                Some(Pending::Build { types, .. }) => self.each(tenant, &schemas, types).await,
                Some(Pending::Clean) => self.each(tenant, &schemas, &schemas.stored.current.leftovers).await,
            };
            let fits = match done {
                Ok(()) => Ok(()),
                Err(refusal) if refusal.error.status == 409 => Err(refusal),
                // The store failed, or is being closed: who comes next goes on.
                Err(refusal) => return Err(refusal),
            };
            version = self.conclude(tenant, &object, fits.is_ok()).await?;
            self.tenants.invalidate();
            self.renew(tenant).await?;
            fits?;
        }
    }

    /// Ends a work: what was announced takes effect, or is dropped. The version of the description that is left.
    async fn conclude(&self, tenant: Uuid, object: &Object, fits: bool) -> Answer<u64> {
        let concluded = store::transact(&*self.store, async || {
            let now = self.store.get(Realm(tenant), Kind::SchemaExtension, schemas::ID).await?;
            now.filter(|now| now.version == object.version).ok_or_else(superseded)?;
            let mut stored = schemas::read(object)?;
            let mut transaction = Transaction::new(self.clock.now());
            match stored.pending.take() {
                Some(Pending::Build { next, activity, target, by, .. }) if fits => {
                    let audit = (&*activity, &*target, &by);
                    self.take_effect(&mut transaction, tenant, &mut stored, next, audit).await?;
                }
                Some(Pending::Clean) => stored.current.leftovers.clear(),
                _ => {}
            }
            put(&mut transaction, Realm(tenant), &stored, Some(object))?;
            Ok::<_, Refusal>((transaction, ()))
        })
        .await;
        let ((), committed) = concluded?;
        committed.and_then(|committed| *committed.versions.last()?).ok_or_else(superseded)
    }

    /// Looks at each resource of these types.
    async fn each(&self, tenant: Uuid, schemas: &Schemas, types: &[Of]) -> Answer<()> {
        let settings = self.tenants.get(tenant).await?.settings;
        for of in types {
            let mut after = None;
            loop {
                let scan = Scan::first(RESOURCES).after(after);
                let page = self.store.scan(Realm(tenant), of.kind(), scan).await?;
                self.page(Realm(tenant), schemas, &settings, page.objects).await?;
                after = page.next;
                if after.is_none() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Gives some resources their keys or takes out of them what is left over, anew while others write them.
    async fn page(
        &self,
        realm: Realm,
        schemas: &Schemas,
        settings: &tenant::Settings,
        mut objects: Vec<Object>,
    ) -> Answer<()> {
        let Some(kind) = objects.first().map(|object| object.kind) else { return Ok(()) };
        let ids: Vec<Uuid> = objects.iter().map(|object| object.id).collect();
        for _ in 0..ATTEMPTS {
            let mut transaction = Transaction::new(self.clock.now());
            let mut written = Vec::new();
            for object in &objects {
                written.extend(step(&mut transaction, realm, schemas, settings, object)?);
            }
            if transaction.is_empty() {
                return Ok(());
            }
            schemas.require(&mut transaction, realm);
            match self.store.commit(transaction).await {
                Ok(_) => return Ok(()),
                Err(store::Error::VersionMismatch { kind: Kind::SchemaExtension, .. }) => {
                    return Err(superseded());
                }
                Err(
                    store::Error::Serialization
                    | store::Error::VersionMismatch { .. }
                    | store::Error::Missing { kind: Kind::User | Kind::Group, .. },
                ) => {
                    tokio::task::yield_now().await;
                    objects = self.store.get_all(realm, kind, &ids).await?.into_iter().flatten().collect();
                }
                Err(store::Error::NotUnique { name, value, holder, .. }) => {
                    return Err(held_twice(schemas, kind, (name, &value), holder, &written));
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(store::Error::Serialization.into())
    }
}

/// A resource with the keys that it is given.
type Written = (Uuid, Map, Vec<Key>);

/// What is to be done with one resource. The error is 409 where it does not fit.
fn step(
    transaction: &mut Transaction,
    realm: Realm,
    schemas: &Schemas,
    settings: &tenant::Settings,
    object: &Object,
) -> Answer<Option<Written>> {
    let (kind, id) = (object.kind, object.id);
    let before = document::parse(object)?;
    let expect = Expect::Version(object.version);
    if schemas.stored.pending == Some(Pending::Clean) {
        let mut resource = before.clone();
        schemas.ty(kind).definition.forget_unknown(&mut resource);
        if resource != before {
            let keys = schemas.keys(kind, &resource, settings);
            // It becomes smaller: no limit need be asked.
            let body = document::bytes(resource, usize::MAX)?;
            transaction.put(realm, kind, id, expect, body, keys);
        }
        return Ok(None);
    }
    schemas.check_next(kind, &before).map_err(|refusal| {
        let what = name(kind);
        Refusal::new(409, format!("the {what} {id} does not fit: {}: change it first", refusal.error.detail))
    })?;
    let keys = schemas.keys(kind, &before, settings);
    if keys == schemas.keys_without_next(kind, &before, settings) {
        return Ok(None);
    }
    transaction.rekey(realm, kind, id, expect, keys.clone());
    Ok(Some((id, before, keys)))
}

fn held_twice(
    schemas: &Schemas,
    kind: Kind,
    (key, value): (KeyName, &[u8]),
    holder: Uuid,
    written: &[Written],
) -> Refusal {
    let has = |keys: &[Key]| keys.iter().any(|own| own.unique && own.name == key && own.value == value);
    let other = written.iter().find(|(id, _, keys)| *id != holder && has(keys));
    let empty = Map::new();
    let resource = other.map_or(&empty, |(_, resource, _)| resource);
    let (attribute, shown) = schemas.behind(key, value, resource);
    let (what, other) = (name(kind), other.map(|(id, _, _)| id.to_string()).unwrap_or_default());
    let detail = format!(
        "{attribute} cannot be made unique: the {what} {holder} and the {what} {other} both have \"{shown}\": change \
         one of the two or delete it, and try again"
    );
    Refusal::of(ScimType::Uniqueness, detail)
}

fn superseded() -> Refusal {
    Refusal::new(503, "another process changes the schemas of this tenant: read them again to see what holds")
}

fn put(transaction: &mut Transaction, realm: Realm, stored: &Stored, before: Option<&Object>) -> Answer<()> {
    let body = serde_json::to_vec(stored)
        .map_err(|error| Refusal::new(500, format!("the schemas cannot be stored: {error}")))?;
    let expect = before.map_or(Expect::Absent, |object| Expect::Version(object.version));
    transaction.put(realm, Kind::SchemaExtension, schemas::ID, expect, body, Vec::new());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Clock, FixedClock, Ids};
    use serde_json::json;
    use store::Store as _;
    use store_memory::MemoryStore;
    use tenant::Tenants;

    use super::*;
    use crate::service::Config;

    struct Zero;

    impl model::Random for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    /// A process that begins on the store of one that ended.
    fn process(store: &Arc<MemoryStore>) -> Arc<Service> {
        let clock = Arc::new(FixedClock::at("2026-11-24T00:00:00Z".parse().expect("an instant")));
        let ids = Ids::new(Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(Zero));
        let tenants = Tenants::new(store.clone(), clock.clone(), ids.clone(), Arc::new(Zero));
        Arc::new(Service::new(store.clone(), Arc::new(tenants), clock, ids, Config::default()))
    }

    #[tokio::test]
    async fn a_change_that_was_cut_short_is_gone_on_with() {
        let store = Arc::new(MemoryStore::new());
        let service = process(&store);
        let by = Principal::system("test");
        let tenant = service.tenants.create("contoso", &by).await.expect("a tenant");
        let urn = "urn:example:x";
        let schema = |badge: serde_json::Value| {
            let schema = json!({"id": urn, "attributes": [badge]});
            schema.as_object().expect("an object").clone()
        };
        let put = |body| service.put_extension(tenant.id, body, Some(urn), &by);
        put(schema(json!({"name": "badge"}))).await.expect("an extension");
        for (number, badge) in [(1, "A"), (2, "B")] {
            let body = json!({"userName": badge, urn: {"badge": badge}}).to_string();
            let mut transaction = Transaction::new(service.clock.now());
            let id = Uuid::from_u128(number);
            transaction.put(tenant.realm(), Kind::User, id, Expect::Absent, body, Vec::new());
            store.commit(transaction).await.expect("a user");
        }
        // Announced, and then the process ends: nobody carries it out.
        let object = store.get(tenant.realm(), Kind::SchemaExtension, schemas::ID).await.expect("read");
        let object = object.expect("it is there");
        let mut stored = schemas::read(&object).expect("read");
        let mut next = stored.current.clone();
        next.extensions[0].schema.attributes[0].indexed = true;
        let what = scim::index::Indexed::all(&next.extensions[0].schema).remove(0);
        next.indexes.push(schemas::Index { number: 0, of: Of::User, what });
        let (activity, target) = ("Update schema extension".to_owned(), urn.to_owned());
        let types = vec![Of::User];
        stored.pending = Some(Pending::Build { next, types, activity, target, by: by.clone() });
        let mut transaction = Transaction::new(service.clock.now());
        put_stored(&mut transaction, &tenant, &stored, &object);
        store.commit(transaction).await.expect("announced");

        let second = process(&store);
        let shown = second.list_extensions(tenant.id).await.expect("a list");
        assert_eq!((shown.len(), &shown[0]["state"]), (1, &json!("building")));
        let busy = second.delete_extension(tenant.id, urn, &by).await.expect_err("a change goes on");
        assert_eq!(busy.status, 409);
        // Who meets it goes on with it: a request that needs the schemas, or another change.
        let state = second.state(&tenant);
        let look = || async {
            let schemas = second.read_schemas(&state, tenant.id).await.expect("schemas");
            let literal = scim::filter::Literal::String("b".to_owned());
            schemas.look_up(Kind::User, &format!("{urn}:badge"), &literal)
        };
        let mut key = look().await;
        assert!(key.is_none(), "an index that is not complete is not asked");
        for _ in 0..1000 {
            if key.is_some() {
                break;
            }
            tokio::task::yield_now().await;
            key = look().await;
        }
        let key = key.expect("it is complete at last");
        let found = store.find(tenant.realm(), Kind::User, &key, 10).await.expect("read");
        assert_eq!(found.iter().map(|user| user.id).collect::<Vec<_>>(), [Uuid::from_u128(2)]);
        assert_eq!(second.list_extensions(tenant.id).await.expect("a list")[0]["state"], "ready");
        let audits = second.tenants.audits(tenant.id, 1).await.expect("audits");
        assert_eq!(audits[0].activity_display_name, "Update schema extension");
    }

    fn put_stored(transaction: &mut Transaction, tenant: &tenant::Tenant, stored: &Stored, before: &Object) {
        put(transaction, tenant.realm(), stored, Some(before)).expect("it can be stored");
    }
}
