//! One resource type with its schemas, and the look-up of names in it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{Attribute, ResourceType, Schema, SchemaExtension, common_attributes, standard};
use crate::path::AttrPath;

/// An extension schema of a resource type.
#[derive(Debug, Clone)]
pub struct Extension {
    /// The schema.
    pub schema: Arc<Schema>,
    /// Whether each resource must have its object.
    pub required: bool,
}

/// Where a top-level attribute is defined.
#[derive(Debug, Clone, Copy)]
enum Slot {
    Common(usize),
    Core(usize),
}

/// A resource type: its core schema and its extensions, indexed by name. Cheap to share in an `Arc`; build it once
/// per tenant and type.
#[derive(Debug, Clone)]
pub struct Definition {
    name: String,
    endpoint: String,
    description: String,
    core: Arc<Schema>,
    extensions: Vec<Extension>,
    /// Attribute kept by the caller as rows rather than in the document, e.g. `members`.
    edge: Option<String>,
    /// Common and core attributes by canonical and by lower-case name.
    slots: HashMap<Box<str>, Slot>,
    /// Position in `extensions` by canonical and by lower-case URN.
    urns: HashMap<Box<str>, usize>,
    /// Attributes of each extension by canonical and by lower-case name.
    extension_slots: Vec<HashMap<Box<str>, usize>>,
}

/// An attribute found in a definition.
#[derive(Debug, Clone, Copy)]
pub struct Located<'d> {
    /// The extension that defines it; none for common and core attributes.
    pub extension: Option<&'d Schema>,
    /// The top-level attribute.
    pub attribute: &'d Attribute,
    /// Its sub-attribute, where the path names one.
    pub sub: Option<&'d Attribute>,
}

/// What a path without a filter names.
#[derive(Debug, Clone, Copy)]
pub enum Target<'d> {
    /// All attributes of the core schema: a bare core URN.
    Core,
    /// All attributes of an extension: its bare URN.
    Extension(&'d Schema),
    /// An attribute or sub-attribute.
    Attribute(Located<'d>),
}

impl<'d> Target<'d> {
    /// The attribute, where it is one.
    fn attribute(self) -> Option<Located<'d>> {
        match self {
            Self::Attribute(located) => Some(located),
            Self::Core | Self::Extension(_) => None,
        }
    }
}

impl<'d> Located<'d> {
    /// The innermost attribute named: the sub-attribute where there is one.
    pub fn leaf(&self) -> &'d Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// The same attribute with another sub-attribute.
    #[must_use]
    pub fn with_sub(self, sub: Option<&'d Attribute>) -> Self {
        Self { sub, ..self }
    }
}

impl fmt::Display for Located<'_> {
    /// The canonical path: URN of an extension, attribute, sub-attribute.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(extension) = self.extension {
            write!(f, "{}:", extension.id)?;
        }
        f.write_str(&self.attribute.name)?;
        if let Some(sub) = self.sub {
            write!(f, ".{}", sub.name)?;
        }
        Ok(())
    }
}

fn insert<V: Copy>(map: &mut HashMap<Box<str>, V>, name: &str, value: V) {
    map.entry(name.into()).or_insert(value);
    map.entry(name.to_ascii_lowercase().into()).or_insert(value);
}

/// Canonical names are found without an allocation, others by their lower case.
fn find<V: Copy>(map: &HashMap<Box<str>, V>, name: &str) -> Option<V> {
    if let Some(value) = map.get(name) {
        return Some(*value);
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return map.get(name.to_ascii_lowercase().as_str()).copied();
    }
    None
}

impl Definition {
    /// A resource type of a core schema and extensions. Of attributes or extensions with the same name the first
    /// counts; check an administrator's schema with [`Schema::validate`] before it is stored.
    pub fn new(name: &str, endpoint: &str, core: Schema, extensions: Vec<Extension>) -> Self {
        let mut slots = HashMap::new();
        for (position, attribute) in common_attributes().iter().enumerate() {
            insert(&mut slots, &attribute.name, Slot::Common(position));
        }
        for (position, attribute) in core.attributes.iter().enumerate() {
            insert(&mut slots, &attribute.name, Slot::Core(position));
        }
        let mut kept: Vec<Extension> = Vec::new();
        let mut urns = HashMap::new();
        let mut extension_slots = Vec::new();
        for extension in extensions {
            let id = &extension.schema.id;
            if find(&urns, id).is_some() || id.eq_ignore_ascii_case(&core.id) {
                continue;
            }
            insert(&mut urns, id, kept.len());
            let mut names = HashMap::new();
            for (position, attribute) in extension.schema.attributes.iter().enumerate() {
                insert(&mut names, &attribute.name, position);
            }
            extension_slots.push(names);
            kept.push(extension);
        }
        Self {
            name: name.to_owned(),
            endpoint: endpoint.to_owned(),
            description: core.description.clone(),
            core: Arc::new(core),
            extensions: kept,
            edge: None,
            slots,
            urns,
            extension_slots,
        }
    }

    /// The user type: core, enterprise and the tenant's own extensions.
    pub fn user(extensions: &[Schema]) -> Self {
        let enterprise = standard::enterprise_user();
        let all = std::iter::once(&enterprise).chain(extensions);
        let all = all.map(|schema| Extension { schema: Arc::new(schema.clone()), required: false });
        Self::new("User", "/Users", standard::user(), all.collect())
    }

    /// The group type: core and the tenant's own extensions; `members` are rows of the caller.
    pub fn group(extensions: &[Schema]) -> Self {
        let all = extensions.iter();
        let all = all.map(|schema| Extension { schema: Arc::new(schema.clone()), required: false });
        Self::new("Group", "/Groups", standard::group(), all.collect()).with_edge("members")
    }

    /// The same type with a top-level core attribute that the caller keeps as rows instead of in the document.
    #[must_use]
    pub fn with_edge(self, attribute: &str) -> Self {
        Self { edge: Some(attribute.to_owned()), ..self }
    }

    /// Name, e.g. `User`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Path below the base URL, e.g. `/Users`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The core schema.
    pub fn core(&self) -> &Schema {
        &self.core
    }

    /// The extensions.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The core schema, then the extensions.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        std::iter::once(&*self.core).chain(self.extensions.iter().map(|extension| &*extension.schema))
    }

    /// The attribute that the caller keeps as rows.
    pub fn edge(&self) -> Option<&Attribute> {
        self.edge.as_deref().and_then(|name| self.attribute(name))
    }

    /// Whether a path names the attribute that the caller keeps as rows.
    pub fn is_edge(&self, located: &Located<'_>) -> bool {
        located.extension.is_none() && self.edge.as_deref() == Some(located.attribute.name.as_str())
    }

    /// A common or core attribute by its name in any case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.slots, name).map(|slot| match slot {
            Slot::Common(position) => &common_attributes()[position],
            Slot::Core(position) => &self.core.attributes[position],
        })
    }

    /// An extension by its URN in any case.
    pub fn extension(&self, urn: &str) -> Option<&Extension> {
        find(&self.urns, urn).map(|position| &self.extensions[position])
    }

    /// An attribute of an extension; both names in any case.
    pub fn extension_attribute(&self, urn: &str, name: &str) -> Option<(&Schema, &Attribute)> {
        let position = find(&self.urns, urn)?;
        let schema = &*self.extensions[position].schema;
        find(&self.extension_slots[position], name).map(|at| (schema, &schema.attributes[at]))
    }

    /// Whether a URN, in any case, is that of the core schema.
    pub fn is_core(&self, urn: &str) -> bool {
        self.core.id.eq_ignore_ascii_case(urn)
    }

    /// What a path names; none where no schema has it.
    pub fn resolve(&self, path: &AttrPath) -> Option<Target<'_>> {
        let Some(uri) = path.uri.as_deref() else {
            return Some(Target::Attribute(Self::locate(None, self.attribute(&path.name)?, path)?));
        };
        // A bare URN reads as URN and name: only the schemas tell which it is.
        let whole: Cow<'_, str> =
            if path.name.is_empty() { Cow::Borrowed(uri) } else { Cow::Owned(path.to_string()) };
        if self.is_core(&whole) {
            return Some(Target::Core);
        }
        if let Some(extension) = self.extension(&whole) {
            return Some(Target::Extension(&extension.schema));
        }
        if self.is_core(uri) {
            return Some(Target::Attribute(Self::locate(None, self.attribute(&path.name)?, path)?));
        }
        let (schema, attribute) = self.extension_attribute(uri, &path.name)?;
        Some(Target::Attribute(Self::locate(Some(schema), attribute, path)?))
    }

    /// What a path names where nothing is written: a bare name that the core schema does not have is looked for in
    /// the extensions, since clients leave their URNs out (Entra asks for `manager eq "id"`).
    pub fn resolve_read(&self, path: &AttrPath) -> Option<Target<'_>> {
        let in_extension = || {
            let mut extensions = self.extensions.iter().filter(|_| path.uri.is_none());
            extensions.find_map(|extension| {
                let (schema, attribute) = self.extension_attribute(&extension.schema.id, &path.name)?;
                Some(Target::Attribute(Self::locate(Some(schema), attribute, path)?))
            })
        };
        self.resolve(path).or_else(in_extension)
    }

    /// What a path names that has a dot behind the URN of a schema, where a colon belongs.
    pub fn resolve_dotted(&self, path: &AttrPath) -> Option<Target<'_>> {
        let whole = path.to_string();
        self.schemas().find_map(|schema| {
            let (urn, rest) = whole.split_at_checked(schema.id.len())?;
            let name = rest.strip_prefix('.').filter(|_| urn.eq_ignore_ascii_case(&schema.id))?;
            let path = AttrPath { uri: Some(urn.to_owned()), ..AttrPath::parse(name).ok()? };
            self.resolve(&path)
        })
    }

    fn locate<'d>(
        extension: Option<&'d Schema>,
        attribute: &'d Attribute,
        path: &AttrPath,
    ) -> Option<Located<'d>> {
        let sub = match &path.sub {
            Some(name) => Some(attribute.sub(name)?),
            None => None,
        };
        Some(Located { extension, attribute, sub })
    }

    /// An attribute or sub-attribute by its path as text, e.g. `emails.value` or `urn:...:User:department`.
    pub fn find(&self, path: &str) -> Option<Located<'_>> {
        self.resolve(&AttrPath::parse(path).ok()?).and_then(Target::attribute)
    }

    /// Like [`Definition::find`] where nothing is written: an extension's attribute is found without its URN.
    pub fn find_read(&self, path: &str) -> Option<Located<'_>> {
        self.resolve_read(&AttrPath::parse(path).ok()?).and_then(Target::attribute)
    }

    /// The resource type as `/ResourceTypes` answers it.
    pub fn resource_type(&self) -> ResourceType {
        let extensions = self.extensions.iter();
        ResourceType {
            id: self.name.clone(),
            name: self.name.clone(),
            endpoint: self.endpoint.clone(),
            description: self.description.clone(),
            schema: self.core.id.clone(),
            schema_extensions: extensions
                .map(|extension| SchemaExtension {
                    schema: extension.schema.id.clone(),
                    required: extension.required,
                })
                .collect(),
        }
    }
}
