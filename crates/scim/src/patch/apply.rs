//! Operations on the document: where they point, and single-valued attributes.

use serde_json::{Map, Value};

use super::members::{self, Given, MemberEdit};
use super::{Op, Operation, PatchRequest, element, place};
use crate::error::Error;
use crate::filter::Filter;
use crate::path::Path;
use crate::quirk::{Quirk, Quirks};
use crate::resource::{self, Cleaner};
use crate::schema::{Attribute, Definition, Located, Mutability, Target, Type};

/// What a PATCH did.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// Whether the document differs from what it was; the edits are apart.
    pub changed: bool,
    /// Changes of the attribute that the caller keeps as rows, in order.
    pub edits: Vec<MemberEdit>,
    /// Deviations that were accepted, those of parsing included.
    pub quirks: Quirks,
}

/// Applies all operations of a request, or none: on an error the resource is as it was. In `strict` mode unknown
/// attributes, and filters that match nothing, are errors.
///
/// Errors: `invalidPath`, `noTarget`, `mutability`, `invalidValue`, `invalidSyntax`, `invalidFilter`, each with
/// the number of the operation.
pub fn apply(
    resource: &mut Map<String, Value>,
    request: &PatchRequest,
    definition: &Definition,
    strict: bool,
) -> Result<Applied, Error> {
    let mut quirks = request.quirks.clone();
    let mut document = resource.clone();
    let mut edits = Vec::new();
    for (position, operation) in request.operations.iter().enumerate() {
        let mut patch = Patch {
            definition,
            cleaner: Cleaner { strict, quirks: &mut quirks },
            document: &mut document,
            edits: &mut edits,
        };
        patch.operation(operation).map_err(|error| error.at(&place(position)))?;
    }
    resource::list_schemas(definition, &mut document);
    resource::drop_unused_schemas(definition, &mut document, resource);
    resource::check_required(definition, &document)?;
    let changed = document != *resource;
    if changed {
        *resource = document;
    }
    Ok(Applied { changed, edits, quirks })
}

struct Patch<'a, 'q> {
    definition: &'a Definition,
    cleaner: Cleaner<'q>,
    document: &'a mut Map<String, Value>,
    edits: &'a mut Vec<MemberEdit>,
}

/// How strictly a place is taken: a path was meant, a key may just be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    ByPath,
    ByKey,
}

impl Patch<'_, '_> {
    fn operation(&mut self, operation: &Operation) -> Result<(), Error> {
        let Some(path) = &operation.path else {
            return self.merge(operation.op, operation.value.clone());
        };
        if let Some(members) = &operation.members
            && let Some(Target::Attribute(located)) = self.definition.resolve(&path.attr)
            && self.definition.is_edge(&located)
        {
            let given = Given::Members(members);
            let filter = path.filter.as_ref();
            self.edits.extend(members::edits(operation.op, &located, filter, given, self.cleaner.quirks)?);
            return Ok(());
        }
        let target = self.definition.resolve(&path.attr).or_else(|| {
            let target = self.definition.resolve_dotted(&path.attr)?;
            self.cleaner.quirks.at(Quirk::DottedKey, &path.attr.to_string());
            Some(target)
        });
        match target {
            None => Err(Error::path(format!(
                "no schema of the resource type {} has the attribute {}",
                self.definition.name(),
                path.attr
            ))),
            Some(target) => self.target(operation.op, target, path, operation.value.clone(), Named::ByPath),
        }
    }

    fn target(
        &mut self,
        op: Op,
        target: Target<'_>,
        path: &Path,
        value: Option<Value>,
        named: Named,
    ) -> Result<(), Error> {
        match target {
            Target::Core if op == Op::Remove => {
                Err(Error::path(format!("{} is the core schema, which cannot be removed", path.attr)))
            }
            Target::Core => self.merge(op, value),
            Target::Extension(_) if path.filter.is_some() => {
                Err(Error::path(format!("{} is a schema and cannot have a filter", path.attr)))
            }
            Target::Extension(schema) => self.extension(op, &schema.id, value),
            Target::Attribute(located) => self.attribute(op, &located, path.filter.as_ref(), value, named),
        }
    }

    /// An operation without a path: each key of the value is one.
    fn merge(&mut self, op: Op, value: Option<Value>) -> Result<(), Error> {
        let Some(Value::Object(parts)) = value else {
            return Err(Error::value(format!("{op} of the whole resource takes an object of attributes")));
        };
        for (key, value) in parts {
            let definition = self.definition;
            if let Some(attribute) = definition.attribute(&key) {
                if attribute.name != key {
                    self.cleaner.quirks.at(Quirk::NameCase, &key);
                }
                let located = Located { extension: None, attribute, sub: None };
                self.attribute(op, &located, None, Some(value), Named::ByKey)?;
                continue;
            }
            let parsed = Path::parse_noting(&key, self.cleaner.quirks).ok();
            let Some((path, target)) = parsed.and_then(|path| {
                let target = definition.resolve(&path.attr)?;
                Some((path, target))
            }) else {
                self.cleaner.unknown(&key)?;
                continue;
            };
            match target {
                Target::Core | Target::Extension(_) => {}
                Target::Attribute(_) if path.filter.is_some() => {
                    self.cleaner.quirks.at(Quirk::FilterKey, &key);
                }
                Target::Attribute(_) if key.contains(':') => {
                    self.cleaner.quirks.at(Quirk::QualifiedKey, &key);
                }
                Target::Attribute(_) => {
                    self.cleaner.quirks.at(Quirk::DottedKey, &key);
                }
            }
            self.target(op, target, &path, Some(value), Named::ByKey)?;
        }
        Ok(())
    }

    /// A whole extension: each attribute of the value, or all of what is there.
    fn extension(&mut self, op: Op, urn: &str, value: Option<Value>) -> Result<(), Error> {
        let definition = self.definition;
        if op == Op::Remove || value.as_ref().is_none_or(Value::is_null) {
            let Some(extension) = definition.extension(urn) else { return Ok(()) };
            let present: Vec<Located<'_>> = match self.document.get(urn).and_then(Value::as_object) {
                None => Vec::new(),
                Some(parts) => parts
                    .keys()
                    .filter_map(|name| definition.extension_attribute(urn, name))
                    .filter(|(_, attribute)| attribute.mutability != Mutability::ReadOnly)
                    .map(|(schema, attribute)| Located { extension: Some(schema), attribute, sub: None })
                    .collect(),
            };
            if extension.required {
                return Err(Error::mutability(format!("the schema {urn} is required and cannot be removed")));
            }
            return present.iter().try_for_each(|located| self.single(Op::Remove, located, None));
        }
        let Some(Value::Object(parts)) = value else {
            return Err(Error::value(format!("{urn} takes an object with its attributes")));
        };
        for (name, value) in parts {
            let path =
                Path::parse_noting(&name, self.cleaner.quirks).ok().filter(|path| path.attr.uri.is_none());
            let found = path.and_then(|mut path| {
                path.attr.uri = Some(urn.to_owned());
                match definition.resolve(&path.attr)? {
                    Target::Attribute(located) => Some((located, path.filter)),
                    _ => None,
                }
            });
            match found {
                Some((located, filter)) => {
                    self.attribute(op, &located, filter.as_ref(), Some(value), Named::ByKey)?;
                }
                None => self.cleaner.unknown(&format!("{urn}:{name}"))?,
            }
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        op: Op,
        located: &Located<'_>,
        filter: Option<&Filter>,
        value: Option<Value>,
        named: Named,
    ) -> Result<(), Error> {
        let attribute = located.attribute;
        if located.extension.is_none() && attribute.name == "schemas" {
            if op == Op::Remove && filter.is_none() && value.is_none() {
                return Err(required(located));
            }
            // The list follows from what is present.
            return Ok(());
        }
        if self.definition.is_edge(located) {
            let edits = members::edits(op, located, filter, Given::Json(value), self.cleaner.quirks)?;
            self.edits.extend(edits);
            return Ok(());
        }
        let read_only = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
        if read_only(attribute) || located.sub.is_some_and(read_only) {
            if named == Named::ByPath || self.cleaner.strict {
                return Err(Error::mutability(format!(
                    "{located} is read-only; the service provider sets it"
                )));
            }
            let quirk = if attribute.name == "id" {
                Quirk::ClientId
            } else {
                Quirk::ReadOnlyIgnored(located.to_string())
            };
            self.cleaner.quirks.note(quirk);
            return Ok(());
        }
        if resource::ignored(located) {
            return Ok(());
        }
        if attribute.multi_valued {
            return self.multi(op, located, filter, value);
        }
        if filter.is_some() {
            return Err(Error::path(format!("{located} has one value; a filter has no place there")));
        }
        self.single(op, located, value)
    }

    fn multi(
        &mut self,
        op: Op,
        located: &Located<'_>,
        filter: Option<&Filter>,
        value: Option<Value>,
    ) -> Result<(), Error> {
        let home = resource::home(self.document, located);
        let name = &located.attribute.name;
        // Taken out: copies of a long list for each of many operations would cost more than the operations. On an error
        // the whole document is thrown away.
        let mut elements = match home.get_mut(name).map(Value::take) {
            Some(Value::Array(elements)) => elements,
            None | Some(Value::Null) => Vec::new(),
            Some(single) => vec![single],
        };
        let immutable = located.attribute.mutability == Mutability::Immutable;
        let before = if immutable { elements.clone() } else { Vec::new() };
        element::edit(op, located, filter, value, &mut elements, &mut self.cleaner)?;
        resource::check_elements(elements.len(), name)?;
        if immutable && !before.is_empty() && before != elements {
            return Err(Error::mutability(format!("{located} is immutable and has values already")));
        }
        if elements.is_empty() {
            if located.attribute.required && op == Op::Remove {
                return Err(required(located));
            }
            home.shift_remove(name);
        } else {
            home.insert(name.clone(), Value::Array(elements));
        }
        Ok(())
    }

    fn single(&mut self, op: Op, located: &Located<'_>, value: Option<Value>) -> Result<(), Error> {
        let attribute = located.attribute;
        let path = located.to_string();
        let enforced = located.extension.is_some();
        let value = value.unwrap_or(Value::Null);
        let named = (op != Op::Remove && located.leaf().kind == Type::Complex)
            .then(|| element::named_parts(attribute, &value))
            .flatten();
        let value = match op {
            Op::Remove => None,
            Op::Add | Op::Replace => self.cleaner.attribute(located.leaf(), value, &path, enforced)?,
        };
        if op == Op::Remove {
            self.removable(located)?;
        }
        let home = resource::home(self.document, located);
        let old = home.get(&attribute.name).cloned();
        let new = match (located.sub, value) {
            (Some(sub), value) => with_part(old.clone(), sub, value),
            (None, value) => match named {
                Some(named) => element::merged(old.clone(), &named, value),
                None => value,
            },
        };
        if old == new {
            return Ok(());
        }
        check_immutable(located, old.as_ref(), new.as_ref())?;
        match new {
            Some(new) => drop(home.insert(attribute.name.clone(), new)),
            None => drop(home.shift_remove(&attribute.name)),
        }
        Ok(())
    }

    /// A remove of a required attribute is `mutability`, a replace with nothing `invalidValue`.
    fn removable(&self, located: &Located<'_>) -> Result<(), Error> {
        if located.leaf().required && !(located.sub.is_some() && self.absent(located)) {
            return Err(required(located));
        }
        Ok(())
    }

    fn absent(&self, located: &Located<'_>) -> bool {
        let mut found = false;
        located.with_sub(None).for_each(self.document, |_| found = true);
        !found
    }
}

fn required(located: &Located<'_>) -> Error {
    Error::mutability(format!("{located} is required and cannot be removed; replace it instead"))
}

fn check_immutable(located: &Located<'_>, old: Option<&Value>, new: Option<&Value>) -> Result<(), Error> {
    let Some(old) = old else { return Ok(()) };
    if located.attribute.mutability == Mutability::Immutable {
        return Err(element::immutable(located));
    }
    element::check_parts(located, old, new)
}

/// A complex value with one part set or removed; none when nothing is left.
fn with_part(old: Option<Value>, sub: &Attribute, value: Option<Value>) -> Option<Value> {
    let mut parts = match old {
        Some(Value::Object(parts)) => parts,
        _ => Map::new(),
    };
    element::set_part(&mut parts, sub, value);
    (!parts.is_empty()).then_some(Value::Object(parts))
}
