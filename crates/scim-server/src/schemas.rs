//! What the resources of a tenant are described by: the schema extensions, the indexes kept for them, and which common
//! attributes are unique.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Principal;
use parking_lot::Mutex;
use scim::index::Indexed;
use scim::schema::Returned;
use scim::{Attribute, Definition, Map, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Expect, Key, KeyName, Kind, Object, Realm, Transaction};
use tenant::Settings;
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::document;
use crate::service::{Service, State};

/// The object of a tenant's realm that holds all of it. A write of a resource holds only while it is the version that the
/// resource was checked by and its keys were made by, so that none misses a rule or an index that came in between.
pub(crate) const ID: Uuid = Uuid::nil();

/// How long it may go unnoticed that another process replaced it: by who only reads, since a write finds out.
const CACHED_FOR: Duration = Duration::from_secs(5);

/// The resource type that an extension belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Of {
    /// Users.
    #[default]
    User,
    /// Groups.
    Group,
}

impl Of {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::User => Kind::User,
            Self::Group => Kind::Group,
        }
    }
}

/// A schema extension of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extension {
    /// The schema.
    #[serde(flatten)]
    pub(crate) schema: Schema,
    /// The resource type that it belongs to.
    #[serde(default)]
    pub(crate) resource_type: Of,
}

/// An index. Its number is in the keys, and is never given to another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    pub(crate) number: u32,
    pub(crate) of: Of,
    #[serde(flatten)]
    pub(crate) what: Indexed,
}

impl Index {
    fn key(&self, text: &str) -> Key {
        let mut value = self.number.to_be_bytes().to_vec();
        value.extend_from_slice(text.as_bytes());
        Key { name: KeyName::Extension, value: value.into(), unique: self.what.unique }
    }

    fn keys(&self, resource: &Map) -> Vec<Key> {
        self.what.values(resource).iter().map(|(text, _)| self.key(text)).collect()
    }
}

/// Which common attributes are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unique {
    pub(crate) group_names: bool,
    pub(crate) external_ids: bool,
}

impl Unique {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self { group_names: settings.unique_group_names, external_ids: settings.unique_external_ids }
    }

    pub(crate) fn put(self, settings: &mut Settings) {
        settings.unique_group_names = self.group_names;
        settings.unique_external_ids = self.external_ids;
    }

    fn or(self, other: Self) -> Self {
        Self {
            group_names: self.group_names || other.group_names,
            external_ids: self.external_ids || other.external_ids,
        }
    }
}

/// All that describes the resources of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    pub(crate) extensions: Vec<Extension>,
    pub(crate) indexes: Vec<Index>,
    /// As the settings of the tenant have it, where it was never changed.
    pub(crate) unique: Option<Unique>,
    /// The types whose documents may hold what no schema has any more.
    pub(crate) leftovers: Vec<Of>,
}

/// What is to be done with the resources that are there, before or after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "work")]
pub(crate) enum Pending {
    /// They are checked by the next description and get its keys; then it takes effect, or never. Until then each write
    /// keeps the rules of both.
    Build {
        next: Description,
        /// The types whose resources are looked at.
        types: Vec<Of>,
        /// For the audit log.
        activity: String,
        target: String,
        by: Principal,
    },
    /// What is left over is taken out of them.
    Clean,
}

/// The object as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stored {
    pub(crate) current: Description,
    pub(crate) pending: Option<Pending>,
    /// How many numbers were given to indexes.
    pub(crate) numbers: u32,
}

impl Stored {
    pub(crate) fn next(&self) -> Option<&Description> {
        match &self.pending {
            Some(Pending::Build { next, .. }) => Some(next),
            _ => None,
        }
    }
}

/// A resource type of a tenant.
pub(crate) struct Type {
    pub(crate) definition: Definition,
    /// Whether a stored document may leave as it is when a request names no attributes.
    pub(crate) plain: bool,
    /// Whether documents may hold what the definition does not have.
    pub(crate) leftovers: bool,
}

impl Type {
    fn new(description: &Description, of: Of) -> Self {
        let extensions = description.extensions.iter().filter(|extension| extension.resource_type == of);
        let schemas: Vec<Schema> = extensions.map(|extension| extension.schema.clone()).collect();
        let definition = match of {
            Of::User => Definition::user(&schemas),
            Of::Group => Definition::group(&schemas),
        };
        // The password of the core schema is never in a document.
        let core = definition.core().attributes.iter().filter(|attribute| attribute.name != "password");
        let own = definition.extensions().iter().flat_map(|extension| &extension.schema.attributes);
        let leftovers = description.leftovers.contains(&of);
        Self { plain: !leftovers && core.chain(own).all(leaves_by_default), definition, leftovers }
    }
}

fn leaves_by_default(attribute: &Attribute) -> bool {
    matches!(attribute.returned, Returned::Default | Returned::Always)
        && attribute.sub_attributes.iter().all(leaves_by_default)
}

/// The description of a tenant's resources, ready for use.
pub(crate) struct Schemas {
    /// The version of the object; none where there is none yet.
    pub(crate) version: Option<u64>,
    pub(crate) stored: Stored,
    pub(crate) user: Type,
    pub(crate) group: Type,
    /// The types by the next description.
    next: Option<(Type, Type)>,
    read_at: Mutex<Instant>,
}

impl Schemas {
    pub(crate) fn read(object: Option<&Object>) -> Answer<Self> {
        let stored = object.map(read).transpose()?.unwrap_or_default();
        let types =
            |description: &Description| (Type::new(description, Of::User), Type::new(description, Of::Group));
        let (user, group) = types(&stored.current);
        let next = stored.next().map(types);
        let version = object.map(|object| object.version);
        Ok(Self { version, user, group, next, stored, read_at: Mutex::new(Instant::now()) })
    }

    pub(crate) fn ty(&self, kind: Kind) -> &Type {
        if kind == Kind::Group { &self.group } else { &self.user }
    }

    /// The indexes that are complete.
    fn complete(&self, kind: Kind) -> impl Iterator<Item = &Index> {
        self.stored.current.indexes.iter().filter(move |index| index.of.kind() == kind)
    }

    /// The indexes that each write keeps: those that are complete, and those that are being built.
    fn kept(&self, kind: Kind) -> impl Iterator<Item = &Index> {
        let built = self.stored.next().map_or(&[][..], |next| &next.indexes);
        let built = built.iter().filter(move |index| index.of.kind() == kind);
        let current = &self.stored.current.indexes;
        self.complete(kind).chain(built.filter(|index| !current.contains(index)))
    }

    /// The index that answers an equality, if it is complete, with the key to look for.
    pub(crate) fn look_up(&self, kind: Kind, path: &str, value: &scim::filter::Literal) -> Option<Key> {
        let index = self.complete(kind).find(|index| index.what.path() == path)?;
        Some(index.key(&index.what.sought(value)?))
    }

    /// Whether an equality finds one resource or none.
    pub(crate) fn is_unique(&self, kind: Kind, path: &str) -> bool {
        self.complete(kind).any(|index| index.what.unique && index.what.path() == path)
    }

    /// The keys of a resource.
    pub(crate) fn keys(&self, kind: Kind, resource: &Map, settings: &Settings) -> Vec<Key> {
        let current = self.unique(settings);
        let next = self.stored.next().and_then(|next| next.unique).unwrap_or(current);
        let mut keys = document::keys(kind, resource, current.or(next));
        keys.extend(self.kept(kind).flat_map(|index| index.keys(resource)));
        keys
    }

    /// The keys that a resource has without what is being built.
    pub(crate) fn keys_without_next(&self, kind: Kind, resource: &Map, settings: &Settings) -> Vec<Key> {
        let mut keys = document::keys(kind, resource, self.unique(settings));
        keys.extend(self.complete(kind).flat_map(|index| index.keys(resource)));
        keys
    }

    fn unique(&self, settings: &Settings) -> Unique {
        self.stored.current.unique.unwrap_or_else(|| Unique::of(settings))
    }

    /// Checks a resource by the schemas that are to take effect.
    pub(crate) fn check_next(&self, kind: Kind, resource: &Map) -> Answer<()> {
        let (Some((user, group)), Some(next)) = (&self.next, self.stored.next()) else { return Ok(()) };
        let definition = if kind == Kind::Group { &group.definition } else { &user.definition };
        let mut own = next.extensions.iter().filter(|extension| extension.resource_type.kind() == kind);
        own.try_for_each(|extension| Ok(definition.check_extension(&extension.schema.id, resource)?))
    }

    /// The attribute behind a unique key, and the value of it that a resource has.
    pub(crate) fn behind(&self, key: KeyName, value: &[u8], resource: &Map) -> (String, String) {
        let (path, found) = match value.split_first_chunk::<4>() {
            Some((number, text)) if key == KeyName::Extension => {
                let number = u32::from_be_bytes(*number);
                let all = [Kind::User, Kind::Group].into_iter().flat_map(|kind| self.kept(kind));
                match all.into_iter().find(|index| index.number == number) {
                    Some(index) => {
                        let mut values = index.what.values(resource).into_iter();
                        let found = values.find(|(own, _)| own.as_bytes() == text);
                        (index.what.path(), found.map(|(_, value)| value))
                    }
                    None => (document::attribute_of(key).to_owned(), None),
                }
            }
            _ => {
                let attribute = document::attribute_of(key);
                (attribute.to_owned(), resource.get(attribute).cloned())
            }
        };
        let shown = match found {
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        (path, shown.chars().take(200).collect())
    }

    /// Makes a transaction hold only while this is the description.
    pub(crate) fn require(&self, transaction: &mut Transaction, realm: Realm) {
        let expect = self.version.map_or(Expect::Absent, Expect::Version);
        transaction.require(realm, Kind::SchemaExtension, ID, expect);
    }
}

/// The stored description.
pub(crate) fn read(object: &Object) -> Answer<Stored> {
    serde_json::from_slice(&object.body).map_err(|error| {
        tracing::error!(%error, "the stored schemas of a tenant cannot be read");
        Refusal::new(500, "the stored schemas of the tenant are damaged")
    })
}

impl Service {
    /// The description of a tenant's resources, from memory where it was read lately.
    pub(crate) async fn schemas(self: &Arc<Self>, state: &State, tenant: Uuid) -> Answer<Arc<Schemas>> {
        let known = state.schemas.read().clone();
        match known {
            Some(known) if known.read_at.lock().elapsed() < CACHED_FOR => Ok(known),
            _ => self.read_schemas(state, tenant).await,
        }
    }

    /// The same as the store has it.
    pub(crate) async fn read_schemas(self: &Arc<Self>, state: &State, tenant: Uuid) -> Answer<Arc<Schemas>> {
        let object = self.store.get(Realm(tenant), Kind::SchemaExtension, ID).await?;
        let version = object.as_ref().map(|object| object.version);
        let known = state.schemas.read().clone().filter(|known| known.version == version);
        let read = if let Some(known) = known {
            *known.read_at.lock() = Instant::now();
            known
        } else {
            let read = Arc::new(Schemas::read(object.as_ref())?);
            let mut known = state.schemas.write();
            // Of two that read side by side the older one comes last.
            if known.as_ref().is_none_or(|known| known.version < version) {
                *known = Some(Arc::clone(&read));
            }
            read
        };
        if let (Some(_), Some(version)) = (&read.stored.pending, version) {
            self.go_on(tenant, version);
        }
        Ok(read)
    }
}
