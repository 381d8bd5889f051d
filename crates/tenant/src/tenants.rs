//! Tenants: made, listed, changed, deleted, each with an entry in the audit log.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use model::{AuditEntry, Clock, Identity, Ids, ModifiedProperty, Principal, Random};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Expect, Key, KeyName, Kind, Object, Realm, Scan, Store, Transaction};
use uuid::Uuid;

use crate::secret::Hash;
use crate::tokens::Cached;
use crate::{Error, Result, check_name};

/// A tenant of the service provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Identifier, also of its realm.
    pub id: Uuid,
    /// A DNS label in lower case, unique in the installation.
    pub name: String,
    /// The switch "SCIM for Authentication"; while it is off, every request with a good token is answered 403.
    pub scim_for_authentication: bool,
    /// How the service provider behaves towards its clients.
    #[serde(default)]
    pub settings: Settings,
    /// When it was made.
    pub created: Timestamp,
}

impl Tenant {
    /// The realm of its users and groups.
    pub fn realm(&self) -> Realm {
        Realm(self.id)
    }
}

/// How a tenant behaves towards its clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// Whether two groups may not have the same `displayName` (without regard to case). On by default: Entra
    /// matches groups by it.
    pub unique_group_names: bool,
    /// Whether two resources of a type may not have the same `externalId`.
    pub unique_external_ids: bool,
    /// Whether unknown attributes are refused instead of ignored.
    pub strict: bool,
    /// What a PATCH is answered with.
    pub patch_answer: PatchAnswer,
    /// Whether `/Schemas`, `/ResourceTypes` and `/ServiceProviderConfig` are answered only with a token.
    pub discovery_needs_token: bool,
    /// The most requests a second, averaged over one second; further ones are answered 429.
    pub requests_per_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            unique_group_names: true,
            unique_external_ids: false,
            strict: false,
            patch_answer: PatchAnswer::ByType,
            discovery_needs_token: false,
            requests_per_second: 100_000,
        }
    }
}

/// What a PATCH is answered with, unless it asks for `attributes` (RFC 7644 section 3.5.2 allows both).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PatchAnswer {
    /// Users: 200 with the resource; groups: 204.
    #[default]
    ByType,
    /// 200 with the resource.
    Resource,
    /// 204.
    NoContent,
}

/// How long what another process changes may go unnoticed. Changes by this process are noticed at once.
pub(crate) const CACHED_FOR: Duration = Duration::from_secs(5);

/// The tenants of an installation and their tokens.
pub struct Tenants {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) cache: Arc<RwLock<Cache>>,
}

/// What was read lately. Whatever is read while a mutation goes on is used once and not kept: `generation` tells.
#[derive(Default)]
pub(crate) struct Cache {
    pub(crate) generation: u64,
    pub(crate) names: HashMap<String, (Instant, Arc<Tenant>)>,
    pub(crate) tokens: HashMap<Hash, Cached>,
}

/// The most entries of each cache.
pub(crate) const CACHE_LIMIT: usize = 50_000;

impl Tenants {
    /// The tenants kept in a store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ids: Ids, random: Arc<dyn Random>) -> Self {
        Self { store, clock, ids, random, cache: Arc::default() }
    }

    /// The same tenants, read and written through another store, such as one over their own. What it changes is nothing to
    /// what these keep in memory.
    #[must_use]
    pub fn through(&self, store: Arc<dyn Store>) -> Self {
        let (clock, ids, random) = (Arc::clone(&self.clock), self.ids.clone(), Arc::clone(&self.random));
        Self::new(store, clock, ids, random)
    }

    /// Makes a tenant, switched on, with the default settings. Errors: [`Error::InvalidName`],
    /// [`Error::NameTaken`].
    pub async fn create(&self, name: &str, by: &Principal) -> Result<Tenant> {
        check_name(name)?;
        let tenant = Tenant {
            id: self.ids.next(),
            name: name.to_owned(),
            scim_for_authentication: true,
            settings: Settings::default(),
            created: self.clock.now(),
        };
        let mut transaction = Transaction::new(tenant.created);
        put(&mut transaction, &tenant, Expect::Absent)?;
        self.audit(&mut transaction, "Add tenant", by, &tenant, &tenant.name, Vec::new())?;
        match store::commit(self.store.as_ref(), transaction).await {
            Ok(_) => {}
            Err(store::Error::NotUnique { .. }) => return Err(Error::NameTaken(name.to_owned())),
            Err(error) => return Err(error.into()),
        }
        self.invalidate();
        Ok(tenant)
    }

    /// All tenants, in the order they were made.
    pub async fn list(&self) -> Result<Vec<Tenant>> {
        let mut tenants = Vec::new();
        let mut after = None;
        loop {
            let scan = Scan::first(1000).after(after);
            let page = self.store.scan(Realm::INSTALLATION, Kind::Tenant, scan).await?;
            for object in &page.objects {
                tenants.push(read(object)?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(tenants);
            }
        }
    }

    /// The tenant of that id. The error is [`Error::NoTenant`].
    pub async fn get(&self, id: Uuid) -> Result<Tenant> {
        let object = self.store.get(Realm::INSTALLATION, Kind::Tenant, id).await?;
        read(&object.ok_or_else(|| Error::NoTenant(id.to_string()))?)
    }

    /// The tenant of that name, from memory where it was read lately. The error is [`Error::NoTenant`].
    pub async fn by_name(&self, name: &str) -> Result<Arc<Tenant>> {
        let generation = {
            let cache = self.cache.read();
            match cache.names.get(name) {
                Some((read_at, tenant)) if read_at.elapsed() < CACHED_FOR => return Ok(Arc::clone(tenant)),
                _ => cache.generation,
            }
        };
        let key = Key::unique(KeyName::Name, name.as_bytes().to_vec());
        let found = self.store.find(Realm::INSTALLATION, Kind::Tenant, &key, 1).await?;
        let shown = || Error::NoTenant(format!("\"{}\"", name.chars().take(80).collect::<String>()));
        let tenant = Arc::new(read(found.first().ok_or_else(shown)?)?);
        let mut cache = self.cache.write();
        if cache.generation == generation {
            if cache.names.len() >= CACHE_LIMIT {
                cache.names.clear();
            }
            cache.names.insert(name.to_owned(), (Instant::now(), Arc::clone(&tenant)));
        }
        Ok(tenant)
    }

    /// Changes the switch or the settings of a tenant; its id, name and time of creation stay what they are. What is
    /// to become unique, and was not, has to be made so by the service provider before.
    pub async fn update(&self, id: Uuid, by: &Principal, change: impl Fn(&mut Tenant)) -> Result<Tenant> {
        let (tenant, _) = store::transact(&*self.store, async || {
            let mut transaction = Transaction::new(self.clock.now());
            let (tenant, changes) = self.stage(&mut transaction, id, &change).await?;
            if changes.is_empty() {
                transaction.ops.clear();
            } else {
                self.audit(&mut transaction, "Update tenant", by, &tenant, &tenant.name, changes)?;
            }
            Ok::<_, Error>((transaction, tenant))
        })
        .await?;
        self.invalidate();
        Ok(tenant)
    }

    /// Gives a tenant another name, and its service provider with it other addresses. Errors: [`Error::InvalidName`],
    /// [`Error::NameTaken`].
    pub async fn rename(&self, id: Uuid, name: &str, by: &Principal) -> Result<Tenant> {
        check_name(name)?;
        let outcome = store::transact(&*self.store, async || {
            let mut transaction = Transaction::new(self.clock.now());
            let object = self.store.get(Realm::INSTALLATION, Kind::Tenant, id).await?;
            let object = object.ok_or_else(|| Error::NoTenant(id.to_string()))?;
            let mut tenant: Tenant = read(&object)?;
            if tenant.name != name {
                let old = std::mem::replace(&mut tenant.name, name.to_owned());
                put(&mut transaction, &tenant, Expect::Version(object.version))?;
                let change = ModifiedProperty {
                    display_name: "name".to_owned(),
                    old_value: Some(old.into()),
                    new_value: Some(name.into()),
                };
                self.audit(&mut transaction, "Update tenant", by, &tenant, name, vec![change])?;
            }
            Ok::<_, Error>((transaction, tenant))
        });
        let (tenant, _) = outcome.await.map_err(|error| match error {
            Error::Store(store::Error::NotUnique { .. }) => Error::NameTaken(name.to_owned()),
            other => other,
        })?;
        self.invalidate();
        Ok(tenant)
    }

    /// Adds a change of a tenant to a transaction, which then holds only while the tenant is there and as it was; what
    /// the tenant becomes, and in what it differs. Who commits it calls [`Tenants::invalidate`].
    pub async fn stage(
        &self,
        transaction: &mut Transaction,
        id: Uuid,
        change: impl Fn(&mut Tenant),
    ) -> Result<(Tenant, Vec<ModifiedProperty>)> {
        let object = self.store.get(Realm::INSTALLATION, Kind::Tenant, id).await?;
        let object = object.ok_or_else(|| Error::NoTenant(id.to_string()))?;
        let before: Tenant = read(&object)?;
        let mut tenant = before.clone();
        change(&mut tenant);
        (tenant.id, tenant.created) = (before.id, before.created);
        tenant.name.clone_from(&before.name);
        let expect = Expect::Version(object.version);
        if tenant == before {
            transaction.require(Realm::INSTALLATION, Kind::Tenant, id, expect);
        } else {
            put(transaction, &tenant, expect)?;
        }
        let changes = differences(&before, &tenant);
        Ok((tenant, changes))
    }

    /// Deletes a tenant with its tokens, its webhooks and everything in its realm.
    pub async fn delete(&self, id: Uuid, by: &Principal) -> Result<()> {
        let (webhooks, _) = store::transact(&*self.store, async || {
            let tenant = self.get(id).await?;
            let mut transaction = Transaction::new(self.clock.now());
            for token in self.tokens(id).await? {
                transaction.delete(Realm::INSTALLATION, Kind::Token, token.id, Expect::Any);
            }
            let key = Key::lookup(KeyName::Tenant, id.as_bytes().to_vec());
            let webhooks = self.store.find(Realm::INSTALLATION, Kind::Webhook, &key, usize::MAX).await?;
            let webhooks: Vec<Uuid> = webhooks.into_iter().map(|webhook| webhook.id).collect();
            for webhook in &webhooks {
                transaction.delete(Realm::INSTALLATION, Kind::Webhook, *webhook, Expect::Any);
            }
            transaction.delete(Realm::INSTALLATION, Kind::Tenant, id, Expect::Present);
            self.audit(&mut transaction, "Delete tenant", by, &tenant, &tenant.name, Vec::new())?;
            Ok::<_, Error>((transaction, webhooks))
        })
        .await?;
        self.invalidate();
        for webhook in webhooks {
            self.store.drop_realm(Realm(webhook)).await?;
        }
        self.store.drop_realm(Realm(id)).await?;
        Ok(())
    }

    /// Forgets what is kept in memory, so that the next request reads anew.
    pub fn invalidate(&self) {
        let mut cache = self.cache.write();
        cache.generation += 1;
        cache.names.clear();
        cache.tokens.clear();
    }

    /// What was done to a tenant, by whom and when: the last entries of the audit log, the newest first.
    pub async fn audits(&self, tenant: Uuid, most: usize) -> Result<Vec<AuditEntry>> {
        let id = || Bound::Included(Bytes::copy_from_slice(tenant.as_bytes()));
        let scan = Scan::by_key(KeyName::Tenant, id(), id(), most).descending();
        let page = self.store.scan(Realm::INSTALLATION, Kind::AuditEntry, scan).await?;
        let damaged = |source| Error::Damaged { what: "entry of the audit log", source };
        page.objects.iter().map(|object| serde_json::from_slice(&object.body).map_err(damaged)).collect()
    }

    /// Adds an entry of the audit log to a transaction.
    pub fn audit(
        &self,
        transaction: &mut Transaction,
        activity: &str,
        by: &Principal,
        tenant: &Tenant,
        target: &str,
        changes: Vec<ModifiedProperty>,
    ) -> Result<()> {
        let entry = AuditEntry {
            id: self.ids.next(),
            activity_date_time: transaction.at,
            activity_display_name: activity.to_owned(),
            category: "TenantManagement".to_owned(),
            initiated_by: by.clone(),
            target: Identity {
                id: tenant.id.to_string(),
                display_name: target.to_owned(),
                identity_type: "Tenant".to_owned(),
            },
            modified_properties: changes,
        };
        let body = write("entry of the audit log", &entry)?;
        let keys = vec![Key::lookup(KeyName::Tenant, tenant.id.as_bytes().to_vec())];
        transaction.put(Realm::INSTALLATION, Kind::AuditEntry, entry.id, Expect::Absent, body, keys);
        Ok(())
    }
}

/// The switch and the settings that differ, for the audit log.
fn differences(before: &Tenant, after: &Tenant) -> Vec<ModifiedProperty> {
    let properties = |tenant: &Tenant| {
        let settings = serde_json::to_value(&tenant.settings).unwrap_or_default();
        let on = ("scimForAuthentication".to_owned(), Value::from(tenant.scim_for_authentication));
        let settings = settings.as_object().into_iter().flatten();
        let settings = settings.map(|(name, value)| (format!("settings.{name}"), value.clone()));
        std::iter::once(on).chain(settings).collect::<Vec<_>>()
    };
    let pairs = properties(before).into_iter().zip(properties(after));
    pairs
        .filter(|(old, new)| old != new)
        .map(|((display_name, old), (_, new))| ModifiedProperty {
            display_name,
            old_value: Some(old),
            new_value: Some(new),
        })
        .collect()
}

fn put(transaction: &mut Transaction, tenant: &Tenant, expect: Expect) -> Result<()> {
    let keys = vec![Key::unique(KeyName::Name, tenant.name.as_bytes().to_vec())];
    let body = write("tenant", tenant)?;
    transaction.put(Realm::INSTALLATION, Kind::Tenant, tenant.id, expect, body, keys);
    Ok(())
}

fn read(object: &Object) -> Result<Tenant> {
    serde_json::from_slice(&object.body).map_err(|source| Error::Damaged { what: "tenant", source })
}

pub(crate) fn write<T: Serialize>(what: &'static str, value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|source| Error::Damaged { what, source })
}
