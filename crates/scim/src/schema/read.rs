//! A schema as an administrator writes it: unlike a foreign one it is read strictly, since a word that is misspelled
//! would silently be another rule.

use serde_json::{Map, Value};

use super::{Attribute, Mutability, Returned, Schema, Type, Uniqueness};
use crate::error::Error;
use crate::resource::kind_of;

impl Schema {
    /// Reads a Schema resource (RFC 7643 section 7), whose `id` may be left out where the address gives it. `schemas`
    /// and `meta` are not looked at. The error is `invalidValue` and names the attribute and the characteristic.
    pub fn read(body: &Map<String, Value>, id: Option<&str>) -> Result<Self, Error> {
        let whole = Object { body, place: "the schema" };
        whole.only(&["schemas", "meta", "id", "name", "description", "attributes"])?;
        let id = match (whole.text("id")?, id) {
            (Some(named), Some(id)) if !named.eq_ignore_ascii_case(id) => {
                let named = cut(named);
                return Err(Error::value(format!(
                    "the body has the id \"{named}\" and the address {}",
                    cut(id)
                )));
            }
            (Some(id), _) | (None, Some(id)) => id.to_owned(),
            (None, None) => return Err(Error::value("the schema has no id: give it a URN of your own")),
        };
        Ok(Self {
            id,
            name: whole.text("name")?.unwrap_or_default().to_owned(),
            description: whole.text("description")?.unwrap_or_default().to_owned(),
            attributes: attributes(&whole, "attributes", "")?,
        })
    }
}

/// An object of the definition, and how errors call it.
struct Object<'b> {
    body: &'b Map<String, Value>,
    place: &'b str,
}

impl<'b> Object<'b> {
    fn only(&self, known: &[&str]) -> Result<(), Error> {
        match self.body.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(Error::value(format!(
                "{} has \"{}\", which is none of {}",
                self.place,
                cut(key),
                known.join(", ")
            ))),
        }
    }

    fn value(&self, name: &str) -> Option<&'b Value> {
        self.body.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, wanted: &str, value: &Value) -> Error {
        Error::value(format!("{name} of {} is {wanted}, not {}", self.place, kind_of(value)))
    }

    fn text(&self, name: &str) -> Result<Option<&'b str>, Error> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong(name, "a string", value))
    }

    fn flag(&self, name: &str) -> Result<bool, Error> {
        let Some(value) = self.value(name) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.wrong(name, "true or false", value))
    }

    fn word<T>(&self, name: &str, parse: fn(&str) -> Option<T>, words: &str, usual: T) -> Result<T, Error> {
        let Some(value) = self.value(name) else { return Ok(usual) };
        value.as_str().and_then(parse).ok_or_else(|| self.wrong(name, &format!("one of {words}"), value))
    }

    fn list(&self, name: &str) -> Result<&'b [Value], Error> {
        let Some(value) = self.value(name) else { return Ok(&[]) };
        value.as_array().map(Vec::as_slice).ok_or_else(|| self.wrong(name, "a list", value))
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, Error> {
        let text = |value: &Value| {
            value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(name, "a list of strings", value))
        };
        self.list(name)?.iter().map(text).collect()
    }
}

fn attributes(of: &Object<'_>, name: &str, path: &str) -> Result<Vec<Attribute>, Error> {
    of.list(name)?
        .iter()
        .map(|value| match value.as_object() {
            Some(body) => attribute(body, path),
            None => Err(of.wrong(name, "a list of objects", value)),
        })
        .collect()
}

fn attribute(body: &Map<String, Value>, parent: &str) -> Result<Attribute, Error> {
    let place =
        if parent.is_empty() { "an attribute".to_owned() } else { format!("a sub-attribute of {parent}") };
    let name = Object { body, place: &place }.text("name")?.unwrap_or_default();
    if name.is_empty() {
        return Err(Error::value(format!("{place} has no name")));
    }
    let path = if parent.is_empty() { cut(name) } else { format!("{parent}.{}", cut(name)) };
    let object = Object { body, place: &path };
    object.only(&[
        "name",
        "type",
        "multiValued",
        "description",
        "required",
        "caseExact",
        "mutability",
        "returned",
        "uniqueness",
        "canonicalValues",
        "referenceTypes",
        "indexed",
        "subAttributes",
    ])?;
    let types = "string, boolean, decimal, integer, dateTime, reference, binary, complex";
    let mutabilities = "readOnly, readWrite, immutable, writeOnly";
    let returned = "always, never, default, request";
    let uniqueness = "none, server, global";
    Ok(Attribute {
        name: name.to_owned(),
        kind: object.word("type", Type::parse, types, Type::String)?,
        multi_valued: object.flag("multiValued")?,
        description: object.text("description")?.unwrap_or_default().to_owned(),
        required: object.flag("required")?,
        case_exact: object.flag("caseExact")?,
        mutability: object.word("mutability", Mutability::parse, mutabilities, Mutability::ReadWrite)?,
        returned: object.word("returned", Returned::parse, returned, Returned::Default)?,
        uniqueness: object.word("uniqueness", Uniqueness::parse, uniqueness, Uniqueness::None)?,
        canonical_values: object.texts("canonicalValues")?,
        reference_types: object.texts("referenceTypes")?,
        indexed: object.flag("indexed")?,
        sub_attributes: attributes(&object, "subAttributes", &path)?,
    })
}

/// As much of what was sent as an error repeats.
fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}
