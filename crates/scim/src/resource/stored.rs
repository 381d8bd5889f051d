//! Stored documents beside a definition that is newer than they are.

use serde_json::{Map, Value};

use super::accept::{all_attributes, check_values};
use super::{Cleaner, kind_of};
use crate::error::Error;
use crate::quirk::Quirks;
use crate::schema::{Attribute, Definition, Located, Mutability, Type};

impl Definition {
    /// Checks what a stored resource has of an extension: types, canonical values, required attributes. What the
    /// definition does not have is none of its business. The error is that of a body with these values.
    pub fn check_extension(&self, urn: &str, resource: &Map<String, Value>) -> Result<(), Error> {
        let Some(Value::Object(parts)) = resource.get(urn) else { return Ok(()) };
        let mut quirks = Quirks::new();
        let mut cleaner = Cleaner { strict: false, quirks: &mut quirks };
        let mut of_extension =
            all_attributes(self).filter(|located| located.extension.is_some_and(|schema| schema.id == urn));
        of_extension.try_for_each(|located| {
            if let Some(value) = parts.get(&located.attribute.name) {
                check_type(&located, value, &mut cleaner)?;
            }
            check_values(self, &located, resource)
        })
    }

    /// Takes out of a stored document what this definition does not have: what is left of an extension or attribute
    /// that was deleted.
    pub fn forget_unknown(&self, resource: &mut Map<String, Value>) {
        resource.retain(|key, value| {
            if self.attribute(key).is_some_and(|attribute| attribute.name == *key) {
                return true;
            }
            let extension = self.extension(key).filter(|extension| extension.schema.id == *key);
            let (Some(_), Value::Object(parts)) = (extension, value) else { return false };
            parts.retain(|name, value| match self.extension_attribute(key, name) {
                Some((_, attribute)) if attribute.name == *name => {
                    forget_unknown_parts(attribute, value);
                    true
                }
                _ => false,
            });
            !parts.is_empty()
        });
        let present: Vec<String> = resource.keys().cloned().collect();
        if let Some(Value::Array(listed)) = resource.get_mut("schemas") {
            listed.retain(|urn| {
                urn.as_str().is_some_and(|urn| self.is_core(urn) || present.iter().any(|key| key == urn))
            });
        }
    }
}

fn check_type(located: &Located<'_>, value: &Value, cleaner: &mut Cleaner<'_>) -> Result<(), Error> {
    let attribute = located.attribute;
    // What is stored may be of a time when clients wrote it, and have parts that are gone.
    let mut known = value.clone();
    forget_unknown_parts(attribute, &mut known);
    let parts = attribute.sub_attributes.iter().cloned();
    let written = Attribute {
        sub_attributes: parts.map(|sub| sub.mutability(Mutability::ReadWrite)).collect(),
        ..attribute.clone()
    };
    let cleaned = cleaner.attribute(&written, known.clone(), &located.to_string(), true)?;
    if cleaned.is_none_or(|cleaned| cleaned == known) {
        return Ok(());
    }
    Err(Error::value(format!(
        "{located} takes {} of type {}; the resource has {}",
        if attribute.multi_valued { "a list" } else { "one value" },
        attribute.kind,
        kind_of(value)
    )))
}

fn forget_unknown_parts(attribute: &Attribute, value: &mut Value) {
    if attribute.kind != Type::Complex {
        return;
    }
    match value {
        Value::Array(elements) => {
            for element in elements {
                forget_unknown_parts(attribute, element);
            }
        }
        Value::Object(parts) => {
            parts.retain(|name, _| attribute.sub(name).is_some_and(|sub| sub.name == *name));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Schema;

    #[test]
    fn a_stored_value_fits_a_newer_definition_or_is_told() {
        let urn = "urn:example:x";
        let check = |attributes: Value, own: Value| {
            let schema = json!({"id": urn, "attributes": attributes});
            let schema = Schema::read(schema.as_object().expect("an object"), None).expect("a schema");
            let resource = Map::from_iter([(urn.to_owned(), own)]);
            let checked = Definition::user(&[schema]).check_extension(urn, &resource);
            checked.map_err(|error| error.detail)
        };
        let car = json!([{"name": "car", "type": "complex", "subAttributes": [
            {"name": "plate", "mutability": "readOnly"}]}]);
        assert_eq!(check(car, json!({"car": {"plate": "p", "gone": 1}, "other": 2})), Ok(()));
        assert_eq!(check(json!([{"name": "a", "type": "decimal"}]), json!({"a": 1.5})), Ok(()));
        for (attribute, value, word) in [
            (json!({"name": "a", "type": "integer"}), json!("5"), "one value of type integer"),
            (json!({"name": "a", "multiValued": true}), json!("5"), "a list of type string"),
            (json!({"name": "a"}), json!(["x", "y"]), "one value"),
            (json!({"name": "a", "type": "dateTime"}), json!("soon"), "dateTime"),
            (json!({"name": "a", "canonicalValues": ["x"]}), json!("y"), "takes one of x"),
        ] {
            let refused = check(json!([attribute]), json!({"a": value})).expect_err("it does not fit");
            assert!(refused.contains(word), "{refused}");
        }
        assert!(check(json!([{"name": "b", "required": true}]), json!({"a": 1})).is_err());
    }
}
