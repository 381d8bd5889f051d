//! Values as their attributes want them: types, single and multiple, sub-attributes, absent ones.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::filter::value::{binary, boolean, instant, number};
use crate::quirk::{Quirk, Quirks};
use crate::resource::check_elements;
use crate::schema::{Attribute, Mutability, Type};

/// Cleans values of one request and keeps the deviations it met.
pub(crate) struct Cleaner<'q> {
    /// Refuse what a tolerant server repairs: unknown attributes, several primaries.
    pub(crate) strict: bool,
    pub(crate) quirks: &'q mut Quirks,
}

impl Cleaner<'_> {
    /// The value as it is stored; none where it means "absent". `path` is the canonical path, for errors.
    /// With `enforced` the canonical values are the only ones.
    pub(crate) fn attribute(
        &mut self,
        attribute: &Attribute,
        value: Value,
        path: &str,
        enforced: bool,
    ) -> Result<Option<Value>, Error> {
        if attribute.multi_valued {
            return self.list(attribute, value, path, enforced);
        }
        let value = match value {
            Value::Array(mut values) if values.len() <= 1 => {
                let quirk = if values.is_empty() { Quirk::NullValue } else { Quirk::ListForSingle };
                self.quirks.at(quirk, path);
                values.pop().unwrap_or(Value::Null)
            }
            Value::Array(values) => {
                return Err(Error::value(format!(
                    "{path} takes one value; the request has {}",
                    values.len()
                )));
            }
            other => other,
        };
        self.single(attribute, value, path, enforced)
    }

    fn list(
        &mut self,
        attribute: &Attribute,
        value: Value,
        path: &str,
        enforced: bool,
    ) -> Result<Option<Value>, Error> {
        let values = match value {
            Value::Array(values) => values,
            Value::Null => {
                self.quirks.at(Quirk::NullValue, path);
                return Ok(None);
            }
            Value::String(text) if text.is_empty() => {
                self.quirks.at(Quirk::EmptyString, path);
                return Ok(None);
            }
            single => {
                self.quirks.at(Quirk::SingleForList, path);
                vec![single]
            }
        };
        check_elements(values.len(), path)?;
        let mut kept = Vec::with_capacity(values.len());
        for value in values {
            if let Some(value) = self.single(attribute, value, path, enforced)? {
                kept.push(value);
            }
        }
        self.one_primary(attribute, &mut kept, path)?;
        if kept.is_empty() {
            self.quirks.at(Quirk::NullValue, path);
            return Ok(None);
        }
        Ok(Some(Value::Array(kept)))
    }

    /// At most one element is primary: the first.
    pub(crate) fn one_primary(
        &mut self,
        attribute: &Attribute,
        values: &mut [Value],
        path: &str,
    ) -> Result<(), Error> {
        if attribute.sub("primary").is_none() {
            return Ok(());
        }
        let mut primaries = values.iter_mut().filter(|value| is_primary(value));
        primaries.next();
        for value in primaries {
            if self.strict {
                return Err(Error::value(format!(
                    "more than one value of {path} is primary; at most one may be"
                )));
            }
            self.quirks.at(Quirk::SeveralPrimary, path);
            value["primary"] = Value::Bool(false);
        }
        Ok(())
    }

    /// One value, or one element of a list.
    pub(crate) fn single(
        &mut self,
        attribute: &Attribute,
        value: Value,
        path: &str,
        enforced: bool,
    ) -> Result<Option<Value>, Error> {
        if value.is_null() {
            self.quirks.at(Quirk::NullValue, path);
            return Ok(None);
        }
        if attribute.kind == Type::Complex {
            return self.complex(attribute, value, path, enforced);
        }
        if value.as_str() == Some("") && !matches!(attribute.kind, Type::String) {
            self.quirks.at(Quirk::EmptyString, path);
            return Ok(None);
        }
        let value = self.typed(attribute, value, path)?;
        if enforced {
            check_canonical(attribute, &value, path)?;
        }
        Ok(Some(value))
    }

    fn complex(
        &mut self,
        attribute: &Attribute,
        value: Value,
        path: &str,
        enforced: bool,
    ) -> Result<Option<Value>, Error> {
        let parts = match value {
            Value::Object(parts) => parts,
            Value::String(text) if text.is_empty() => {
                self.quirks.at(Quirk::EmptyString, path);
                return Ok(None);
            }
            plain @ (Value::String(_) | Value::Number(_)) if attribute.value_sub().is_some() => {
                self.quirks.at(Quirk::PlainForComplex, path);
                Map::from_iter([("value".to_owned(), plain)])
            }
            other => {
                let subs: Vec<&str> = attribute.sub_attributes.iter().map(|sub| sub.name.as_str()).collect();
                return Err(Error::value(format!(
                    "{path} takes an object with {}; the request has {}",
                    subs.join(", "),
                    kind_of(&other)
                )));
            }
        };
        let mut kept = Map::new();
        for (key, value) in parts {
            self.part(attribute, &key, value, path, enforced, &mut kept)?;
        }
        // An object that says nothing but `manager: {"value": ""}` has no value.
        if attribute.value_sub().is_some()
            && kept.len() == 1
            && kept.get("value").and_then(Value::as_str) == Some("")
        {
            self.quirks.at(Quirk::EmptyString, path);
            return Ok(None);
        }
        Ok((!kept.is_empty()).then_some(Value::Object(kept)))
    }

    fn part(
        &mut self,
        attribute: &Attribute,
        key: &str,
        value: Value,
        path: &str,
        enforced: bool,
        kept: &mut Map<String, Value>,
    ) -> Result<(), Error> {
        let Some(sub) = attribute.sub(key) else {
            return self.unknown(&format!("{path}.{key}"));
        };
        if sub.name != key {
            self.quirks.at(Quirk::NameCase, key);
        }
        // The server's own parts of a value (the name of a manager, say) come back in every PUT.
        if sub.mutability == Mutability::ReadOnly {
            return Ok(());
        }
        if let Some(value) = self.attribute(sub, value, &format!("{path}.{}", sub.name), enforced)? {
            kept.insert(sub.name.clone(), value);
        }
        Ok(())
    }

    /// An attribute that no schema has: ignored, or refused in strict mode.
    pub(crate) fn unknown(&mut self, path: &str) -> Result<(), Error> {
        if self.strict {
            let shown: String = path.chars().take(200).collect();
            return Err(Error::syntax(format!(
                "no schema of this resource type has the attribute {shown}; leave it out, or add it to an extension"
            )));
        }
        self.quirks.at(Quirk::UnknownAttribute, path);
        Ok(())
    }

    fn typed(&mut self, attribute: &Attribute, value: Value, path: &str) -> Result<Value, Error> {
        let wrong = |value: &Value| {
            Error::value(format!(
                "{path} takes a value of type {}; the request has {}",
                attribute.kind,
                kind_of(value)
            ))
        };
        match attribute.kind {
            Type::Complex => Err(wrong(&value)),
            Type::String | Type::Reference => match value {
                Value::String(_) => Ok(value),
                Value::Number(number) if !is_exact(&number) => Err(Error::value(format!(
                    "{path} takes a string; the request has a number too large to be kept digit by digit: send it \
                     in quotes"
                ))),
                Value::Number(_) | Value::Bool(_) if !self.strict => {
                    self.quirks.at(Quirk::StringAsNumber, path);
                    Ok(Value::String(value.to_string()))
                }
                other => Err(wrong(&other)),
            },
            Type::Boolean => {
                let read = boolean(&value).ok_or_else(|| wrong(&value))?;
                if value.is_string() {
                    self.quirks.at(Quirk::BooleanAsString, path);
                }
                Ok(Value::Bool(read))
            }
            Type::Integer | Type::Decimal => {
                let read = number(&value).ok_or_else(|| wrong(&value))?;
                let fraction = read.as_f64().is_some_and(|number| number.fract() != 0.0);
                if attribute.kind == Type::Integer && fraction {
                    return Err(Error::value(format!("{path} takes a whole number; the request has {read}")));
                }
                if value.is_string() {
                    self.quirks.at(Quirk::NumberAsString, path);
                }
                if attribute.kind == Type::Decimal {
                    return Ok(Value::Number(read));
                }
                whole(read)
                    .map(Value::Number)
                    .ok_or_else(|| Error::value(format!("{path} takes a whole number of at most 64 bits")))
            }
            Type::DateTime => match value.as_str().and_then(instant) {
                Some(_) => Ok(value),
                None => Err(Error::value(format!(
                    "{path} takes a dateTime such as 2026-11-24T08:00:00Z; the request has {}",
                    kind_of(&value)
                ))),
            },
            Type::Binary => match value.as_str().and_then(binary) {
                Some(_) => Ok(value),
                None => {
                    Err(Error::value(format!("{path} takes base64; the request has {}", kind_of(&value))))
                }
            },
        }
    }
}

/// A whole number without the fraction or exponent that it was sent with (RFC 7643 section 2.3.4).
fn whole(number: serde_json::Number) -> Option<serde_json::Number> {
    if !number.is_f64() {
        return Some(number);
    }
    let digits = format!("{:.0}", number.as_f64()?);
    digits.parse::<i64>().ok().map(Into::into)
}

/// Whether a number still has the digits that were sent: beyond 64 bits it was read as a double.
fn is_exact(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|double| double.abs() < 9e15)
}

fn check_canonical(attribute: &Attribute, value: &Value, path: &str) -> Result<(), Error> {
    let Some(text) = value.as_str().filter(|_| !attribute.canonical_values.is_empty()) else { return Ok(()) };
    let same = |known: &String| {
        if attribute.case_exact {
            known == text
        } else {
            crate::fold::fold_key(known) == crate::fold::fold_key(text)
        }
    };
    if attribute.canonical_values.iter().any(same) {
        return Ok(());
    }
    let shown: String = text.chars().take(200).collect();
    let known = attribute.canonical_values.join(", ");
    Err(Error::value(format!("{path} takes one of {known}; the request has {shown}")))
}

pub(crate) fn is_primary(value: &Value) -> bool {
    value.get("primary").and_then(boolean) == Some(true)
}

/// What a value is, for an error message, without repeating a megabyte of it.
pub(crate) fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) if text.chars().count() > 60 => {
            format!("the string \"{}...\"", text.chars().take(60).collect::<String>())
        }
        Value::String(text) => format!("the string \"{text}\""),
        Value::Array(values) => format!("a list of {}", values.len()),
        Value::Object(_) => "an object".into(),
    }
}
