//! What of a resource is returned (RFC 7644 section 3.9, RFC 7643 section 7 `returned`).

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::patch::PatchRequest;
use crate::path::Path;
use crate::schema::{Attribute, Definition, Located, Returned, Target};

/// Canonical names of what a request includes or excludes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Selector {
    extension: Option<String>,
    /// None for a whole schema.
    attribute: Option<String>,
    sub: Option<String>,
}

/// The `attributes` and `excludedAttributes` of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    include: Option<Vec<Selector>>,
    exclude: Vec<Selector>,
    /// Attributes that the client wrote.
    written: Vec<Selector>,
}

/// How much of an attribute is returned.
enum Extent {
    Nothing,
    /// All sub-attributes that are returned by default.
    Whole,
    /// The sub-attributes that are named, and those always returned.
    Parts,
}

impl Projection {
    /// Most names in one of the lists.
    pub const NAMES: usize = 256;

    /// Reads the two lists, comma-separated as in a query. Unknown names are ignored, so that a request for only
    /// unknown ones yields what is always returned. Where both are given the exclusion applies to the inclusion.
    pub fn parse(
        attributes: Option<&str>,
        excluded: Option<&str>,
        definition: &Definition,
    ) -> Result<Self, Error> {
        let split = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        Self::of(
            &attributes.map(split).unwrap_or_default(),
            &excluded.map(split).unwrap_or_default(),
            definition,
        )
    }

    /// Like [`Projection::parse`] from lists, as a search request has them.
    pub fn of(attributes: &[String], excluded: &[String], definition: &Definition) -> Result<Self, Error> {
        let read = |names: &[String]| -> Result<Option<Vec<Selector>>, Error> {
            let mut named = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).peekable();
            if named.peek().is_none() {
                return Ok(None);
            }
            if names.len() > Self::NAMES {
                return Err(Error::value(format!("at most {} attributes can be named", Self::NAMES)));
            }
            Ok(Some(named.filter_map(|name| select(name, definition)).collect()))
        };
        let (include, exclude) = (read(attributes)?, read(excluded)?.unwrap_or_default());
        Ok(Self { include, exclude, written: Vec::new() })
    }

    /// The same for the answer to a write of these attributes: what is returned on request is returned where the
    /// client wrote it, too (RFC 7643 section 7).
    #[must_use]
    pub fn after_writing(mut self, body: &Map<String, Value>, definition: &Definition) -> Self {
        for (key, value) in body {
            self.write(key, Some(value), definition);
        }
        self
    }

    /// Like [`Projection::after_writing`] for a PATCH.
    #[must_use]
    pub fn after_patching(mut self, request: &PatchRequest, definition: &Definition) -> Self {
        for operation in &request.operations {
            match (&operation.path, &operation.value) {
                (Some(path), value) => self.write(&path.attr.to_string(), value.as_ref(), definition),
                (None, Some(Value::Object(body))) => self = self.after_writing(body, definition),
                (None, _) => {}
            }
        }
        self
    }

    fn write(&mut self, name: &str, value: Option<&Value>, definition: &Definition) {
        match select(name, definition) {
            Some(selector @ Selector { attribute: Some(_), .. }) => {
                self.written.push(Selector { sub: None, ..selector });
            }
            Some(Selector { extension, .. }) => {
                let urn = extension.unwrap_or_else(|| definition.core().id.clone());
                for name in value.and_then(Value::as_object).into_iter().flat_map(Map::keys) {
                    self.write(&format!("{urn}:{name}"), None, definition);
                }
            }
            None => {}
        }
    }

    fn wrote(&self, located: &Located<'_>) -> bool {
        self.include.is_none() && self.written.iter().any(|selector| selector.names(located))
    }

    /// Whether the request names nothing, so that a stored body without attributes that are returned on request
    /// or never can go out as it is.
    pub fn is_default(&self) -> bool {
        self.include.is_none() && self.exclude.is_empty()
    }

    /// Whether the request has an `attributes` list.
    pub fn is_explicit(&self) -> bool {
        self.include.is_some()
    }

    /// Whether any of an attribute is returned, e.g. to know whether members must be read. Takes a path such as
    /// `members`.
    pub fn wants(&self, path: &str, definition: &Definition) -> bool {
        definition.find(path).is_some_and(|located| !matches!(self.extent(&located), Extent::Nothing))
    }

    /// The resource as it is returned: serialize it. Nothing is copied.
    pub fn view<'p>(&'p self, resource: &'p Map<String, Value>, definition: &'p Definition) -> View<'p> {
        View { projection: self, resource, definition }
    }

    /// Whether a sub-attribute of a returned attribute is returned.
    fn part(&self, located: &Located<'_>, key: &str) -> bool {
        located.attribute.sub(key).is_some_and(|sub| self.returns(located, sub))
    }

    fn returns(&self, located: &Located<'_>, sub: &Attribute) -> bool {
        let named = |selectors: &[Selector]| {
            selectors
                .iter()
                .any(|selector| selector.names(located) && selector.sub.as_deref() == Some(&sub.name))
        };
        let included = self.include.as_deref().is_some_and(named);
        let parent_whole = matches!(self.extent(located), Extent::Whole);
        match sub.returned {
            Returned::Never => false,
            Returned::Always => true,
            Returned::Request => (included || self.wrote(located)) && !named(&self.exclude),
            Returned::Default => (included || parent_whole) && !named(&self.exclude),
        }
    }

    fn extent(&self, located: &Located<'_>) -> Extent {
        match located.attribute.returned {
            Returned::Never => return Extent::Nothing,
            Returned::Always => return Extent::Whole,
            _ => {}
        }
        let whole = |selector: &&Selector| selector.sub.is_none();
        let names = |selector: &&Selector| selector.names(located);
        if self.exclude.iter().filter(names).any(|selector| whole(&selector)) {
            return Extent::Nothing;
        }
        let Some(include) = &self.include else {
            return if located.attribute.returned == Returned::Request && !self.wrote(located) {
                Extent::Nothing
            } else {
                Extent::Whole
            };
        };
        let mut extent = Extent::Nothing;
        for selector in include.iter().filter(names) {
            // Naming the whole schema is naming what it returns by default.
            if selector.attribute.is_none() && located.attribute.returned == Returned::Request {
                continue;
            }
            if selector.sub.is_none() {
                return Extent::Whole;
            }
            extent = Extent::Parts;
        }
        extent
    }
}

impl Selector {
    fn names(&self, located: &Located<'_>) -> bool {
        self.extension.as_deref() == located.extension.map(|schema| schema.id.as_str())
            && self.attribute.as_ref().is_none_or(|name| *name == located.attribute.name)
    }
}

fn select(name: &str, definition: &Definition) -> Option<Selector> {
    // Microsoft's tests ask for `emails[type eq "work"]`: the attribute is meant.
    Some(match definition.resolve_read(&Path::parse(name).ok()?.attr)? {
        Target::Core => Selector { extension: None, attribute: None, sub: None },
        Target::Extension(schema) => {
            Selector { extension: Some(schema.id.clone()), attribute: None, sub: None }
        }
        Target::Attribute(located) => Selector {
            extension: located.extension.map(|schema| schema.id.clone()),
            attribute: Some(located.attribute.name.clone()),
            sub: located.sub.map(|sub| sub.name.clone()),
        },
    })
}

/// A resource seen through a projection.
#[derive(Debug, Clone, Copy)]
pub struct View<'p> {
    projection: &'p Projection,
    resource: &'p Map<String, Value>,
    definition: &'p Definition,
}

/// An attribute's value seen through a projection.
struct ValueView<'p> {
    projection: &'p Projection,
    located: Located<'p>,
    value: &'p Value,
}

struct ExtensionView<'p>(Vec<(&'p str, ValueView<'p>)>);

impl<'p> View<'p> {
    fn attribute(self, located: Located<'p>, value: &'p Value) -> Option<ValueView<'p>> {
        let view = ValueView { projection: self.projection, located, value };
        let shown = !matches!(self.projection.extent(&located), Extent::Nothing) && view.shows();
        shown.then_some(view)
    }
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.resource {
            if let Some(attribute) = self.definition.attribute(key) {
                if let Some(view) = self.attribute(Located { extension: None, attribute, sub: None }, value) {
                    map.serialize_entry(key, &view)?;
                }
                continue;
            }
            let (Some(extension), Value::Object(parts)) = (self.definition.extension(key), value) else {
                continue;
            };
            let schema = &*extension.schema;
            let parts: Vec<_> = parts
                .iter()
                .filter_map(|(name, value)| {
                    let (_, attribute) = self.definition.extension_attribute(&schema.id, name)?;
                    let located = Located { extension: Some(schema), attribute, sub: None };
                    Some((name.as_str(), self.attribute(located, value)?))
                })
                .collect();
            if !parts.is_empty() {
                map.serialize_entry(key, &ExtensionView(parts))?;
            }
        }
        map.end()
    }
}

impl Serialize for ExtensionView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl ValueView<'_> {
    /// Whether anything of the value is left.
    fn shows(&self) -> bool {
        if self.located.attribute.sub_attributes.is_empty() {
            return true;
        }
        match self.value {
            Value::Array(elements) => elements.iter().any(|element| self.shows_element(element)),
            single => self.shows_element(single),
        }
    }

    fn shows_element(&self, element: &Value) -> bool {
        match element {
            Value::Object(parts) => parts.keys().any(|key| self.projection.part(&self.located, key)),
            _ => true,
        }
    }
}

impl Serialize for ValueView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.located.attribute.sub_attributes.is_empty() {
            return self.value.serialize(serializer);
        }
        match self.value {
            Value::Array(elements) => {
                let mut seq = serializer.serialize_seq(None)?;
                for value in elements.iter().filter(|element| self.shows_element(element)) {
                    seq.serialize_element(&ValueView { value, ..*self })?;
                }
                seq.end()
            }
            Value::Object(parts) => {
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in parts.iter().filter(|(key, _)| self.projection.part(&self.located, key)) {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}
