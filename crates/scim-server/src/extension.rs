//! What an administrator changes of a tenant: its schema extensions, its settings.

use std::sync::Arc;

use model::Principal;
use scim::index::Indexed;
use scim::{Error, Map, Schema, urn};
use serde_json::{Value, json};
use store::{Kind, Realm};
use tenant::Tenant;
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::build::Change;
use crate::schemas::{self, Description, Extension, Index, Of, Stored, Unique};
use crate::service::Service;

/// The most extensions of a tenant, and the most indexes that are kept for them.
const MOST: (usize, usize) = (50, 100);
/// The most bytes of all of it: each process has it in memory.
const SIZE: usize = 1 << 20;

impl Extension {
    /// Reads an extension as an administrator writes it: a Schema resource (RFC 7643 section 7) with `resourceType`. The
    /// `id` may be left out where the address gives it. Errors: those of [`Schema::read`].
    fn read(mut body: Map, id: Option<&str>) -> Result<Self, Error> {
        // What a read of it has, too.
        body.shift_remove("state");
        let resource_type = match body.shift_remove("resourceType") {
            None | Some(Value::Null) => Of::default(),
            Some(value) => serde_json::from_value(value).map_err(|_| {
                Error::of(scim::ScimType::InvalidValue, "resourceType of the schema is User or Group")
            })?,
        };
        Ok(Self { schema: Schema::read(&body, id)?, resource_type })
    }

    /// The extension as an administrator reads it.
    fn shown(&self, state: &str) -> Value {
        let mut shown = json!({ "schemas": [urn::SCHEMA] });
        if let (Ok(Value::Object(own)), Value::Object(all)) = (serde_json::to_value(self), &mut shown) {
            all.extend(own);
        }
        shown["state"] = state.into();
        shown
    }

    fn has_id(&self, id: &str) -> bool {
        self.schema.id.eq_ignore_ascii_case(id)
    }
}

/// A schema extension as [`Service::put_extension`] would take and show it. Errors: those of [`Schema::read`] and
/// [`Schema::validate`].
pub fn read_extension(body: Map) -> Result<Value, Error> {
    let extension = Extension::read(body, None)?;
    extension.schema.validate()?;
    Ok(extension.shown("ready"))
}

impl Service {
    /// Whether a tenant has users or groups.
    pub async fn holds_resources(&self, tenant: Uuid) -> Result<bool, Error> {
        for kind in [Kind::User, Kind::Group] {
            let count = self.store.count(Realm(tenant), kind).await;
            if count.map_err(|error| Refusal::from(error).error)? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The schema extensions of a tenant, in the order they were made. `state` is `ready`, or `building` for one that is
    /// to take effect when the resources that are there have been looked at.
    pub async fn list_extensions(&self, tenant: Uuid) -> Result<Vec<Value>, Error> {
        let stored = self.stored(tenant).await.map_err(|refusal| refusal.error)?;
        let next = stored.next().map_or(&[][..], |next| &next.extensions);
        let building = next.iter().filter(|next| !stored.current.extensions.contains(next));
        let ready = stored.current.extensions.iter();
        let ready = ready.filter(|old| !building.clone().any(|next| next.has_id(&old.schema.id)));
        Ok(ready.map(|it| it.shown("ready")).chain(building.clone().map(|it| it.shown("building"))).collect())
    }

    /// One of them. The error is 404.
    pub async fn extension(&self, tenant: Uuid, id: &str) -> Result<Value, Error> {
        let all = self.list_extensions(tenant).await?;
        let same = |shown: &Value| shown["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(id));
        all.into_iter().find(same).ok_or_else(|| Refusal::not_found("schema extension", id).error)
    }

    async fn stored(&self, tenant: Uuid) -> Answer<Stored> {
        let object = self.store.get(Realm(tenant), Kind::SchemaExtension, schemas::ID).await?;
        Ok(object.as_ref().map(schemas::read).transpose()?.unwrap_or_default())
    }

    /// Adds a schema extension, or replaces the one of an `id`; what it is now, and whether it was added. It takes effect
    /// when each resource that has values of it fits it and is found by its indexes, and this returns then.
    ///
    /// Errors: those of [`Schema::read`] and [`Schema::validate`]; 409 when no `id` is given and the URN is taken, when two
    /// resources have the same value of what is to be unique, when a resource does not fit, and while another change
    /// goes on.
    pub async fn put_extension(
        self: &Arc<Self>,
        tenant: Uuid,
        body: Map,
        id: Option<&str>,
        by: &Principal,
    ) -> Result<(Value, bool), Error> {
        let extension = Extension::read(body, id)?;
        extension.schema.validate()?;
        let added = std::sync::atomic::AtomicBool::new(false);
        let order = std::sync::atomic::Ordering::Relaxed;
        let decide = |stored: &mut Stored| {
            let old = stored.current.extensions.iter().position(|it| it.has_id(&extension.schema.id));
            added.store(old.is_none(), order);
            match old {
                Some(_) if id.is_none() => Err(Refusal::new(
                    409,
                    format!("the tenant has a schema {} already: replace or delete it", extension.schema.id),
                )),
                old => replace(stored, old, &extension),
            }
        };
        self.redefine(tenant, by, decide).await.map_err(|refusal| refusal.error)?;
        Ok((self.extension(tenant, &extension.schema.id).await?, added.load(order)))
    }

    /// Removes a schema extension, and then what resources have of it; this returns when that is done. The error is 404,
    /// and 409 while another change goes on.
    pub async fn delete_extension(
        self: &Arc<Self>,
        tenant: Uuid,
        id: &str,
        by: &Principal,
    ) -> Result<(), Error> {
        let decide = |stored: &mut Stored| {
            let mut next = stored.current.clone();
            let at = next.extensions.iter().position(|it| it.has_id(id));
            let at = at.ok_or_else(|| Refusal::not_found("schema extension", id))?;
            let old = next.extensions.remove(at);
            next.indexes.retain(|index| index.what.schema != old.schema.id);
            next.leftovers.push(old.resource_type);
            let activity = "Delete schema extension";
            Ok(Some(Change { next, types: Vec::new(), activity, target: old.schema.id }))
        };
        self.redefine(tenant, by, decide).await.map_err(|refusal| refusal.error)
    }

    /// Changes the switch or the settings of a tenant. What is to be unique from now on becomes so when no two resources
    /// have the same value, and this returns then.
    ///
    /// Errors: 404; 409 when two resources have the same value, which changes nothing, and while another change goes on.
    pub async fn update_tenant(
        self: &Arc<Self>,
        tenant: Uuid,
        by: &Principal,
        change: &(dyn Fn(&mut Tenant) + Send + Sync),
    ) -> Result<Tenant, Error> {
        let mut wanted = self.tenants.get(tenant).await.map_err(|error| Refusal::from(error).error)?;
        change(&mut wanted);
        let wanted = Unique::of(&wanted.settings);
        let decide = |stored: &mut Stored| {
            let now = stored.current.unique.unwrap_or(wanted);
            if now == wanted && stored.next().is_none_or(|next| next.unique == Some(wanted)) {
                return Ok(None);
            }
            let types = if wanted.external_ids && !now.external_ids {
                vec![Of::User, Of::Group]
            } else if wanted.group_names && !now.group_names {
                vec![Of::Group]
            } else {
                Vec::new()
            };
            let next = Description { unique: Some(wanted), ..stored.current.clone() };
            Ok(Some(Change { next, types, activity: "Update tenant", target: String::new() }))
        };
        self.redefine(tenant, by, decide).await.map_err(|refusal| refusal.error)?;
        // What is unique was changed above, where somebody else may have changed it again.
        let rest = |tenant: &mut Tenant| {
            let unique = Unique::of(&tenant.settings);
            change(tenant);
            unique.put(&mut tenant.settings);
        };
        self.tenants.update(tenant, by, rest).await.map_err(|error| Refusal::from(error).error)
    }
}

/// The change that puts an extension in the place of an old one, if there is one.
fn replace(stored: &mut Stored, old: Option<usize>, extension: &Extension) -> Answer<Option<Change>> {
    let current = &stored.current;
    let mut extension = extension.clone();
    let mut next = current.clone();
    let mut types = Vec::new();
    if let Some(at) = old {
        let old = &current.extensions[at];
        // Documents have its values under the URN as it was written first.
        extension.schema.id.clone_from(&old.schema.id);
        if extension == *old && stored.pending.is_none() {
            return Ok(None);
        }
        check_spelling(&old.schema, &extension.schema)?;
        if old.resource_type != extension.resource_type || loses_attributes(&old.schema, &extension.schema) {
            next.leftovers.push(old.resource_type);
        }
        let same_type = old.resource_type == extension.resource_type;
        if same_type && old.schema.attributes != extension.schema.attributes {
            types.push(old.resource_type);
        }
        next.extensions[at] = extension.clone();
    } else {
        if next.extensions.len() >= MOST.0 {
            return Err(Refusal::new(400, format!("a tenant has at most {} schema extensions", MOST.0)));
        }
        next.extensions.push(extension.clone());
    }
    let standard = [scim::schema::user(), scim::schema::group(), scim::schema::enterprise_user()];
    let others = current.extensions.iter().map(|other| &other.schema);
    for other in standard.iter().chain(others.filter(|other| other.id != extension.schema.id)) {
        extension.schema.check_beside(other)?;
    }
    let of = extension.resource_type;
    let wanted = Indexed::all(&extension.schema);
    next.indexes.retain(|index| {
        index.what.schema != extension.schema.id || (index.of == of && wanted.contains(&index.what))
    });
    for what in wanted {
        if !next.indexes.iter().any(|index| index.of == of && index.what == what) {
            next.indexes.push(Index { number: stored.numbers, of, what });
            stored.numbers += 1;
        }
    }
    if next.indexes.len() > MOST.1 {
        return Err(Refusal::new(
            400,
            format!("the schemas of a tenant have at most {} unique or indexed attributes in all", MOST.1),
        ));
    }
    let size = serde_json::to_vec(&next).map_or(usize::MAX, |bytes| bytes.len());
    if size > SIZE {
        return Err(Refusal::new(
            400,
            format!(
                "the schemas of a tenant would have {size} bytes; at most {SIZE} are kept: shorten descriptions"
            ),
        ));
    }
    let activity = if old.is_some() { "Update schema extension" } else { "Add schema extension" };
    Ok(Some(Change { next, types, activity, target: extension.schema.id }))
}

/// Names compare without regard to case, and documents have them as they were first written.
fn check_spelling(old: &Schema, new: &Schema) -> Answer<()> {
    for attribute in &new.attributes {
        let Some(known) = old.attribute(&attribute.name) else { continue };
        let parts = attribute.sub_attributes.iter().filter_map(|sub| Some((sub, known.sub(&sub.name)?)));
        for (new, old) in std::iter::once((attribute, known)).chain(parts) {
            if new.name != old.name {
                return Err(Refusal::of(
                    scim::ScimType::InvalidValue,
                    format!(
                        "{} is called {} already, and names are the same in any case: keep its spelling",
                        new.name, old.name
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn loses_attributes(old: &Schema, new: &Schema) -> bool {
    old.attributes.iter().any(|old| {
        let new = new.attribute(&old.name);
        new.is_none_or(|new| old.sub_attributes.iter().any(|sub| new.sub(&sub.name).is_none()))
    })
}
