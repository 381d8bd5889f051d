//! Bodies of POST and PUT, made canonical and checked (RFC 7644 sections 3.3 and 3.5.1).

use serde_json::{Map, Value};

use super::{Cleaner, get};
use crate::error::Error;
use crate::patch::{Member, parse_members};
use crate::path::AttrPath;
use crate::quirk::{Quirk, Quirks};
use crate::schema::{Definition, Located, Mutability, Returned, Target, Type};

/// What a body is for.
#[derive(Debug, Clone, Copy)]
pub enum Mode<'c> {
    /// POST.
    Create,
    /// PUT over the stored resource.
    Replace {
        /// The resource as stored.
        current: &'c Map<String, Value>,
    },
}

/// A body that may be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The resource: canonical names, typed values, in the order sent; without the edge attribute and without
    /// `password`. On replace the read-only attributes of the stored resource (`id`, `meta`) are carried over.
    pub resource: Map<String, Value>,
    /// Values of the attribute that the caller keeps as rows; none where the body does not have it. In a PUT
    /// "none" means: without members, as the RFC has it.
    pub members: Option<Vec<Member>>,
    /// Deviations that were accepted.
    pub quirks: Quirks,
}

impl Definition {
    /// Makes a body canonical and checks it. In `strict` mode unknown attributes and schemas are refused.
    /// Errors: `invalidValue` (type, required), `mutability` (immutable changed), `invalidSyntax` (unknown).
    pub fn accept(&self, body: Map<String, Value>, mode: Mode<'_>, strict: bool) -> Result<Accepted, Error> {
        let mut quirks = Quirks::new();
        let mut accepting = Accepting {
            definition: self,
            cleaner: Cleaner { strict, quirks: &mut quirks },
            create: matches!(mode, Mode::Create),
            resource: Map::new(),
            members: None,
        };
        let schemas = accepting.schemas(&body)?;
        accepting.resource.insert("schemas".into(), schemas);
        for (key, value) in body {
            accepting.entry(&key, value)?;
        }
        let Accepting { mut resource, members, .. } = accepting;
        if let Mode::Replace { current } = mode {
            keep_fixed(self, &mut resource, current)?;
        }
        for urn in list_schemas(self, &mut resource) {
            quirks.at(Quirk::SchemaNotListed, &urn);
        }
        check_required(self, &resource)?;
        Ok(Accepted { resource, members, quirks })
    }
}

struct Accepting<'a, 'q> {
    definition: &'a Definition,
    cleaner: Cleaner<'q>,
    create: bool,
    resource: Map<String, Value>,
    members: Option<Vec<Member>>,
}

impl Accepting<'_, '_> {
    /// The `schemas` list in canonical case, without unknown ones.
    fn schemas(&mut self, body: &Map<String, Value>) -> Result<Value, Error> {
        let sent = match get(body, "schemas") {
            Some(Value::Array(values)) => values.as_slice(),
            Some(single @ Value::String(_)) => std::slice::from_ref(single),
            _ => &[],
        };
        if sent.is_empty() {
            self.cleaner.quirks.note(Quirk::SchemasMissing);
            return Ok(Value::Array(vec![self.definition.core().id.as_str().into()]));
        }
        let mut kept: Vec<Value> = Vec::new();
        for value in sent {
            let urn = value.as_str().unwrap_or_default();
            let Some(known) = self.definition.schemas().find(|schema| schema.id.eq_ignore_ascii_case(urn))
            else {
                if self.cleaner.strict {
                    let shown: String = urn.chars().take(200).collect();
                    return Err(Error::value(format!(
                        "schemas names \"{shown}\", which the resource type {} does not have",
                        self.definition.name()
                    )));
                }
                self.cleaner.quirks.at(Quirk::SchemaUnknown, urn);
                continue;
            };
            if known.id != urn {
                self.cleaner.quirks.at(Quirk::NameCase, urn);
            }
            let id = Value::from(known.id.as_str());
            if !kept.contains(&id) {
                kept.push(id);
            }
        }
        Ok(Value::Array(kept))
    }

    fn entry(&mut self, key: &str, value: Value) -> Result<(), Error> {
        if key.eq_ignore_ascii_case("schemas") {
            return Ok(());
        }
        let definition = self.definition;
        if let Some(attribute) = definition.attribute(key) {
            if attribute.name != key {
                self.cleaner.quirks.at(Quirk::NameCase, key);
            }
            return self.place(&Located { extension: None, attribute, sub: None }, value);
        }
        let Some(target) = AttrPath::parse(key).ok().and_then(|path| definition.resolve(&path)) else {
            return self.cleaner.unknown(key);
        };
        match target {
            Target::Attribute(located) => {
                let quirk = if key.contains(':') { Quirk::QualifiedKey } else { Quirk::DottedKey };
                self.cleaner.quirks.at(quirk, key);
                self.place(&located, value)
            }
            Target::Core => {
                self.cleaner.quirks.at(Quirk::QualifiedKey, key);
                let Value::Object(parts) = value else { return Ok(()) };
                // One level only: a core object within a core object is an unknown attribute.
                for (name, value) in parts {
                    match definition.find(&name) {
                        Some(located) if located.extension.is_none() => self.place(&located, value)?,
                        _ => self.cleaner.unknown(&name)?,
                    }
                }
                Ok(())
            }
            Target::Extension(schema) => {
                if schema.id != key {
                    self.cleaner.quirks.at(Quirk::NameCase, key);
                }
                self.extension(&schema.id, value)
            }
        }
    }

    fn extension(&mut self, urn: &str, value: Value) -> Result<(), Error> {
        let parts = match value {
            Value::Object(parts) => parts,
            Value::Null => {
                self.cleaner.quirks.at(Quirk::NullValue, urn);
                return Ok(());
            }
            other => {
                return Err(Error::value(format!(
                    "{urn} takes an object with its attributes; the request has {}",
                    super::clean::kind_of(&other)
                )));
            }
        };
        for (name, value) in parts {
            let path = AttrPath::parse(&name).ok().filter(|path| path.uri.is_none());
            let found = path.and_then(|path| {
                let path = AttrPath { uri: Some(urn.to_owned()), ..path };
                self.definition.resolve(&path)
            });
            let Some(Target::Attribute(located)) = found else {
                self.cleaner.unknown(&format!("{urn}:{name}"))?;
                continue;
            };
            if located.leaf().name != name {
                let quirk = if located.sub.is_some() { Quirk::DottedKey } else { Quirk::NameCase };
                self.cleaner.quirks.at(quirk, &name);
            }
            self.place(&located, value)?;
        }
        Ok(())
    }

    /// Stores a value at its place, cleaned.
    fn place(&mut self, located: &Located<'_>, value: Value) -> Result<(), Error> {
        let attribute = located.attribute;
        if located.extension.is_none() {
            if attribute.name == "schemas" {
                // The list counts under its own name only: checked there, it cannot come in by another way.
                return self.cleaner.unknown("schemas");
            }
            if attribute.name == "id" && self.create {
                self.cleaner.quirks.note(Quirk::ClientId);
            }
            if self.definition.is_edge(located) {
                self.members = Some(parse_members(value, self.cleaner.quirks)?);
                return Ok(());
            }
        }
        if ignored(located) {
            return Ok(());
        }
        let path = located.with_sub(None).to_string();
        let value = match located.sub {
            None => value,
            Some(sub) => {
                let part = Value::Object(Map::from_iter([(sub.name.clone(), value)]));
                if attribute.multi_valued { Value::Array(vec![part]) } else { part }
            }
        };
        let Some(value) = self.cleaner.attribute(attribute, value, &path, located.extension.is_some())?
        else {
            return Ok(());
        };
        let home = home(&mut self.resource, located);
        match (home.get_mut(&attribute.name), value) {
            // A dotted key next to others of the same attribute adds to it.
            (Some(Value::Object(present)), Value::Object(parts)) => present.extend(parts),
            (Some(Value::Array(present)), Value::Array(values)) => {
                present.extend(values);
                super::check_elements(present.len(), &path)?;
                self.cleaner.one_primary(attribute, present, &path)?;
            }
            (_, value) => {
                home.insert(attribute.name.clone(), value);
            }
        }
        Ok(())
    }
}

/// What clients send and the server never takes from them: read-only attributes, and the password, which is not
/// kept.
pub(crate) fn ignored(located: &Located<'_>) -> bool {
    let attribute = located.attribute;
    attribute.mutability == Mutability::ReadOnly
        || (located.extension.is_none()
            && attribute.mutability == Mutability::WriteOnly
            && attribute.returned == Returned::Never)
}

/// The object that holds an attribute: the resource, or its extension object, made if need be.
pub(crate) fn home<'r>(
    resource: &'r mut Map<String, Value>,
    located: &Located<'_>,
) -> &'r mut Map<String, Value> {
    let Some(schema) = located.extension else { return resource };
    let slot = resource.entry(schema.id.clone()).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut().expect("an object was put there if there was none")
}

/// Carries read-only attributes of the stored resource over and checks the immutable ones.
fn keep_fixed(
    definition: &Definition,
    resource: &mut Map<String, Value>,
    current: &Map<String, Value>,
) -> Result<(), Error> {
    for located in all_attributes(definition) {
        let stored = match located.extension {
            None => get(current, &located.attribute.name),
            Some(schema) => get(current, &schema.id)
                .and_then(Value::as_object)
                .and_then(|object| get(object, &located.attribute.name)),
        };
        let Some(stored) = stored else { continue };
        match located.attribute.mutability {
            Mutability::ReadOnly => {
                home(resource, &located).insert(located.attribute.name.clone(), stored.clone());
            }
            Mutability::Immutable => {
                let slot = home(resource, &located).entry(located.attribute.name.clone());
                if slot.or_insert_with(|| stored.clone()) != stored {
                    return Err(Error::mutability(format!(
                        "{located} is immutable and has another value already; send the value it has, or leave it out"
                    )));
                }
            }
            _ => keep_fixed_parts(resource, &located, stored)?,
        }
    }
    Ok(())
}

/// The immutable parts of a single complex value; elements of a list have no identity, so they are replaced whole.
fn keep_fixed_parts(
    resource: &mut Map<String, Value>,
    located: &Located<'_>,
    stored: &Value,
) -> Result<(), Error> {
    if located.attribute.kind != Type::Complex || located.attribute.multi_valued {
        return Ok(());
    }
    let fixed = located.attribute.sub_attributes.iter().filter(|sub| sub.mutability == Mutability::Immutable);
    for sub in fixed {
        let new = match located.extension {
            None => resource.get(&located.attribute.name),
            Some(schema) => resource.get(&schema.id).and_then(|object| object.get(&located.attribute.name)),
        };
        let new = new.and_then(|value| value.get(&sub.name));
        if let (Some(stored), Some(new)) = (stored.get(&sub.name), new)
            && stored != new
        {
            let path = located.with_sub(Some(sub)).to_string();
            return Err(Error::mutability(format!("{path} is immutable and has another value already")));
        }
    }
    Ok(())
}

/// Each top-level attribute of a resource type.
pub(crate) fn all_attributes(definition: &Definition) -> impl Iterator<Item = Located<'_>> {
    let plain = |attribute| Located { extension: None, attribute, sub: None };
    let extended = definition.extensions().iter().flat_map(|extension| {
        let schema = &*extension.schema;
        schema.attributes.iter().map(|attribute| Located { extension: Some(schema), attribute, sub: None })
    });
    crate::schema::common_attributes()
        .iter()
        .filter(|attribute| attribute.name != "schemas")
        .chain(&definition.core().attributes)
        .map(plain)
        .chain(extended)
}

/// Drops empty extension objects and makes `schemas` name the core schema and each extension that is present.
/// Answers the URNs it had to add.
pub(crate) fn list_schemas(definition: &Definition, resource: &mut Map<String, Value>) -> Vec<String> {
    let mut present = vec![definition.core().id.as_str()];
    for extension in definition.extensions() {
        let id = extension.schema.id.as_str();
        match resource.get(id) {
            Some(Value::Object(parts)) if parts.is_empty() => drop(resource.shift_remove(id)),
            Some(_) => present.push(id),
            None => {}
        }
    }
    let slot = resource.entry("schemas").or_insert_with(|| Value::Array(Vec::new()));
    if !slot.is_array() {
        *slot = Value::Array(Vec::new());
    }
    let list = slot.as_array_mut().expect("a list was put there if there was none");
    let mut added = Vec::new();
    for id in present {
        if !list.iter().any(|listed| listed.as_str() == Some(id)) {
            list.push(id.into());
            added.push(id.to_owned());
        }
    }
    added
}

/// Drops from `schemas` the extensions that were present before a change and no longer are.
pub(crate) fn drop_unused_schemas(
    definition: &Definition,
    resource: &mut Map<String, Value>,
    before: &Map<String, Value>,
) {
    let gone: Vec<&str> = definition
        .extensions()
        .iter()
        .map(|extension| extension.schema.id.as_str())
        .filter(|id| before.contains_key(*id) && !resource.contains_key(*id))
        .collect();
    if let Some(Value::Array(list)) = resource.get_mut("schemas") {
        list.retain(|listed| listed.as_str().is_none_or(|id| !gone.contains(&id)));
    }
}

/// Whether a value stands for no value of a required attribute.
pub(crate) fn missing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(values)) => values.is_empty(),
        Some(_) => false,
    }
}

/// Checks that required attributes, sub-attributes and extensions are there; the error is `invalidValue`.
pub(crate) fn check_required(definition: &Definition, resource: &Map<String, Value>) -> Result<(), Error> {
    for extension in definition.extensions() {
        if extension.required && missing(resource.get(&extension.schema.id)) {
            return Err(Error::value(format!("the schema {} is required and missing", extension.schema.id)));
        }
    }
    all_attributes(definition).try_for_each(|located| check_values(definition, &located, resource))
}

/// Checks that a top-level attribute has a value where it must, and so each of its required parts.
pub(super) fn check_values(
    definition: &Definition,
    located: &Located<'_>,
    resource: &Map<String, Value>,
) -> Result<(), Error> {
    let home = match located.extension {
        None => Some(resource),
        Some(schema) => resource.get(&schema.id).and_then(Value::as_object),
    };
    let Some(home) = home else { return Ok(()) };
    let value = home.get(&located.attribute.name);
    let fixed = located.attribute.mutability == Mutability::ReadOnly || definition.is_edge(located);
    if located.attribute.required && !fixed && missing(value) {
        return Err(Error::value(format!("{located} is required and must have a value")));
    }
    let Some(value) = value else { return Ok(()) };
    let elements = match value {
        Value::Array(values) => values.as_slice(),
        other => std::slice::from_ref(other),
    };
    for sub in located.attribute.sub_attributes.iter().filter(|sub| sub.required) {
        let lacks =
            |element: &Value| sub.mutability != Mutability::ReadOnly && missing(element.get(&sub.name));
        if elements.iter().any(lacks) {
            return Err(Error::value(format!(
                "{} is required and must have a value",
                located.with_sub(Some(sub))
            )));
        }
    }
    Ok(())
}
