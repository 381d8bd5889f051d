//! PATCH bodies as they come in: what is set at the path `members` is read member by member and kept apart.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::members::{Member, MemberReader, Members};
use crate::error::Error;
use crate::json::{self, Budget, Names, Unambiguous};
use crate::quirk::Quirks;

/// Members by the position of their operation; what is wrong with them is said where the operation is.
pub(super) type Apart = HashMap<usize, Result<Vec<Member>, Error>>;

/// Reads a body. An operation whose `path` comes after its `value` has its members in it as others have values.
pub(super) fn patch(body: &[u8], quirks: &mut Quirks) -> Result<(Value, Apart), Error> {
    let budget = Budget::default();
    let mut apart = Apart::new();
    let value = json::read(body, Part { of: Of::Body, values: budget.values(), quirks, apart: &mut apart })?;
    Ok((value, apart))
}

/// What a part of the body is.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Body,
    Operations,
    Operation(usize),
}

struct Part<'r, 'l> {
    of: Of,
    values: Unambiguous<'l>,
    quirks: &'r mut Quirks,
    apart: &'r mut Apart,
}

impl Part<'_, '_> {
    fn inner(&mut self, of: Of) -> Part<'_, '_> {
        Part { of, values: self.values, quirks: self.quirks, apart: self.apart }
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What is of another shape than a PATCH body is read as any value, and refused later.
impl<'de> Visitor<'de> for Part<'_, '_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.values.expecting(formatter)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        loop {
            let next = if self.of == Of::Operations {
                elements.next_element_seed(self.inner(Of::Operation(values.len())))?
            } else {
                elements.next_element_seed(self.values)?
            };
            let Some(value) = next else { return Ok(Value::Array(values)) };
            values.push(value);
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        // One operation may stand where a list belongs.
        if self.of == Of::Operations {
            self.of = Of::Operation(0);
        }
        let mut object = Map::new();
        let mut names = Names::default();
        let mut apart = None;
        while let Some(name) = names.next(&object, &mut entries)? {
            let value = match self.of {
                Of::Body if name.eq_ignore_ascii_case("Operations") => {
                    entries.next_value_seed(self.inner(Of::Operations))?
                }
                Of::Operation(position) if name.eq_ignore_ascii_case("value") && is_members(&object) => {
                    let mut reader = MemberReader::new(self.quirks);
                    let members = Members { reader: &mut reader, values: self.values };
                    if !entries.next_value_seed(members)? {
                        self.apart.insert(position, reader.finish());
                        apart = Some(name.clone());
                    }
                    Value::Null
                }
                _ => entries.next_value_seed(self.values)?,
            };
            object.insert(name, value);
        }
        if let Some(name) = apart {
            object.shift_remove(&name);
        }
        Ok(Value::Object(object))
    }
}

/// Whether an operation that has been read so far is one on the members.
fn is_members(operation: &Map<String, Value>) -> bool {
    let path = operation.iter().find(|(name, _)| name.eq_ignore_ascii_case("path"));
    path.and_then(|(_, path)| path.as_str()).is_some_and(|path| path.trim().eq_ignore_ascii_case("members"))
}
