//! JSON as SCIM has it: an object has each name once, in whatever case (RFC 7643 section 2.1).

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::Error;

/// Values in a body at most, each name of an object counted as one: a byte of JSON can take a hundred in memory.
const VALUES: usize = 2_000_000;

/// Reads a body. A name that stands twice in an object is refused: of two values nobody can say which was meant, and
/// a proxy that checks the first lets the second through. The error is `invalidSyntax`; more than 128 levels and
/// more than two million values are refused too.
pub fn parse(body: &[u8]) -> Result<Value, Error> {
    read(body, Budget::default().values())
}

/// Reads a body as [`parse`] does, by a seed that leaves to [`Budget::values`] what it does not read itself.
pub(crate) fn read<'de, S: DeserializeSeed<'de>>(body: &'de [u8], seed: S) -> Result<S::Value, Error> {
    // A byte order mark may be ignored (RFC 8259 section 8.1), and some libraries write one.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = seed.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| Error::syntax(format!("the body is not JSON as it must be: {error}")))
}

/// How many values there may still be in a body.
pub(crate) struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(VALUES))
    }
}

impl Budget {
    /// A seed for values.
    pub(crate) fn values(&self) -> Unambiguous<'_> {
        Unambiguous { left: &self.0 }
    }
}

/// A value whose objects have each name once.
#[derive(Clone, Copy)]
pub(crate) struct Unambiguous<'l> {
    /// How many values there may still be.
    left: &'l Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Unambiguous<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left =
            self.left.get().checked_sub(1).ok_or_else(|| {
                D::Error::custom(format!("it has more than {VALUES} values: send it in parts"))
            })?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unambiguous<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let mut names = Names::default();
        while let Some(name) = names.next(&object, &mut entries)? {
            object.insert(name, entries.next_value_seed(self)?);
        }
        Ok(Value::Object(object))
    }
}

/// The names of an object as they come in. Few are compared one by one, which is what nearly every object needs.
#[derive(Default)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    const FEW: usize = 16;

    /// The next name, which the object must not have yet.
    pub(crate) fn next<'de, A: MapAccess<'de>>(
        &mut self,
        object: &Map<String, Value>,
        entries: &mut A,
    ) -> Result<Option<String>, A::Error> {
        let Some(name) = entries.next_key::<String>()? else { return Ok(None) };
        if self.insert(object, &name) {
            return Ok(Some(name));
        }
        let shown: String = name.chars().take(80).collect();
        Err(A::Error::custom(format!("an object has the name \"{shown}\" twice")))
    }

    /// Whether a name is new to an object.
    fn insert(&mut self, object: &Map<String, Value>, name: &str) -> bool {
        if object.len() < Self::FEW {
            return !object.keys().any(|other| other.eq_ignore_ascii_case(name));
        }
        if self.0.is_empty() {
            self.0.extend(object.keys().map(|other| other.to_ascii_lowercase()));
        }
        self.0.insert(name.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::ScimType;

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let many = (0..40).map(|number| format!("\"n{number}\":0")).collect::<Vec<_>>().join(",");
        for body in [
            r#"{"userName":"a","userName":"b"}"#.to_owned(),
            r#"{"userName":"a","USERNAME":"b"}"#.to_owned(),
            r#"{"userName":"a","user\u004eame":"b"}"#.to_owned(),
            r#"{"emails":[{"value":"a","value":"b"}]}"#.to_owned(),
            format!(r#"{{{many},"N7":1}}"#),
            format!(r#"{{{many},"x":1,"X":1}}"#),
        ] {
            let error = parse(body.as_bytes()).expect_err(&body);
            assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax));
            assert!(error.detail.contains("twice"), "{error}");
        }
        assert!(parse(format!(r#"{{{many},"x":1}}"#).as_bytes()).is_ok());
        assert_eq!(parse(br#"[{"a":1},{"a":2}]"#).unwrap(), json!([{"a": 1}, {"a": 2}]));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(900), "]".repeat(900));
        for body in ["", "{", "[1] x", "nul", "\"\u{1}\"", "1e999", &deep] {
            assert_eq!(
                parse(body.as_bytes()).unwrap_err().scim_type,
                Some(ScimType::InvalidSyntax),
                "{body}"
            );
        }
        assert!(parse(b"\"\xff\"").is_err());
    }

    proptest! {
        #[test]
        fn what_is_unambiguous_is_read_as_ever(text in "[\\[\\]{}:,\"a-c0-2.\\-e]{0,16}") {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).expect("it is JSON"));
            }
        }
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let value = json!({"a": [null, true, -7, 18_446_744_073_709_551_615_u64, 1.5, "ü\n"], "b": {}});
        assert_eq!(parse(value.to_string().as_bytes()).unwrap(), value);
    }
}
