//! Where attribute values and names come from: the seams to the source object and its schema.

use crate::Value;
use std::collections::BTreeMap;

/// The attributes of the object an expression is evaluated for.
pub trait Attributes {
    /// The value of the attribute, [`Value::Null`] when absent. `name` comes as written between the square
    /// brackets; the implementor matches it without regard to case.
    fn get(&self, name: &str) -> Value;
}

/// Matches names without regard to ASCII case; meant for tests and values typed by hand.
impl Attributes for BTreeMap<String, Value> {
    fn get(&self, name: &str) -> Value {
        if let Some(value) = BTreeMap::get(self, name) {
            return value.clone();
        }
        let found = self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or(Value::Null, |(_, value)| value.clone())
    }
}

/// The attributes that objects of the source can have.
pub trait KnownAttributes {
    /// Whether the schema has this attribute; names match without regard to case.
    fn contains(&self, name: &str) -> bool;

    /// All names, from which a suggestion is picked for an unknown one.
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_>;
}

impl<S: AsRef<str>> KnownAttributes for Vec<S> {
    fn contains(&self, name: &str) -> bool {
        self.iter().any(|known| known.as_ref().eq_ignore_ascii_case(name))
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.iter().map(AsRef::as_ref))
    }
}

impl<S: AsRef<str>, const N: usize> KnownAttributes for [S; N] {
    fn contains(&self, name: &str) -> bool {
        self.iter().any(|known| known.as_ref().eq_ignore_ascii_case(name))
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.iter().map(AsRef::as_ref))
    }
}
