//! Resources: what a body must satisfy before it is stored, and what of it goes out again.

mod accept;
mod body;
mod clean;
mod project;
mod stored;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub use accept::{Accepted, Mode};
pub(crate) use accept::{check_required, drop_unused_schemas, home, ignored, list_schemas};
pub use body::Body;
pub(crate) use clean::{Cleaner, is_primary, kind_of};
pub use project::{Projection, View};

use crate::error::Error;
use crate::schema::Located;

/// Most elements of a multi-valued attribute that is kept in the document (members are not). It bounds the work
/// of a PATCH, which looks for each value among those present.
pub const ELEMENTS: usize = 2000;

pub(crate) fn check_elements(count: usize, path: &str) -> Result<(), Error> {
    if count > ELEMENTS {
        return Err(Error::value(format!(
            "{path} can have at most {ELEMENTS} values; it would have {count}"
        )));
    }
    Ok(())
}

/// Most bytes that one value takes when an operation copies it into many elements: a small PATCH must not grow a
/// thousandfold.
const COPIED: usize = 1 << 20;

pub(crate) fn check_copies(count: usize, value: Option<&Value>, path: &str) -> Result<(), Error> {
    if count > 1 && value.map_or(0, weight).saturating_mul(count) > COPIED {
        return Err(Error::value(format!(
            "{path} would copy the value into {count} elements, together more than {COPIED} bytes"
        )));
    }
    Ok(())
}

/// About how many bytes a value takes.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Object(parts) => parts.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// The value under a name in any case; the case of the schema is found by hash.
pub fn get<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Calls `test` with each value below a top-level attribute until one satisfies it: the elements of a list, their
/// sub-attribute if one is named. A plain element is its own `value`.
pub(crate) fn any_value(top: &Value, sub: Option<&str>, test: &mut dyn FnMut(&Value) -> bool) -> bool {
    match (top, sub) {
        (Value::Array(elements), _) => elements.iter().any(|element| match element {
            // A list within a list has no meaning in SCIM; looking no deeper bounds the work.
            Value::Array(_) => false,
            _ => any_value(element, sub, test),
        }),
        (Value::Object(parts), Some(sub)) => {
            get(parts, sub).is_some_and(|value| any_value(value, None, test))
        }
        (plain, Some(sub)) => sub == "value" && test(plain),
        (value, None) => test(value),
    }
}

impl Located<'_> {
    /// Calls `each` with each value that a resource has at this place: every element of a list, its sub-attribute
    /// if the path names one, else its `value` if the attribute is complex and has one.
    pub fn for_each(&self, resource: &Map<String, Value>, mut each: impl FnMut(&Value)) {
        let object = match self.extension {
            None => Some(resource),
            Some(schema) => get(resource, &schema.id).and_then(Value::as_object),
        };
        let Some(top) = object.and_then(|object| get(object, &self.attribute.name)) else { return };
        let sub = self.sub.or_else(|| self.attribute.value_sub()).map(|sub| sub.name.as_str());
        any_value(top, sub, &mut |value| {
            if !value.is_null() {
                each(value);
            }
            false
        });
    }

    /// The strings that a resource has at this place, e.g. to index them.
    pub fn strings(&self, resource: &Map<String, Value>) -> Vec<String> {
        let mut found = Vec::new();
        self.for_each(resource, |value| {
            if let Value::String(text) = value {
                found.push(text.clone());
            }
        });
        found
    }
}
