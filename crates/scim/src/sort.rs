//! Order of resources for `sortBy` (RFC 7644 section 3.4.2.3).

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::filter::value::{Num, boolean, instant, number};
use crate::fold;
use crate::resource::get;
use crate::schema::{Located, Type};

/// Bytes of a text that count for its order: sorting keeps a key for each of very many resources.
const BEGINNING: usize = 256;

/// The value by which a resource is sorted. Ordered within one attribute: resources without a value come last in
/// ascending order, as the RFC has it; texts are compared by their first 256 bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SortKey(Key);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Key {
    Bool(bool),
    Number(Num),
    Instant(jiff::Timestamp),
    Text(String),
    Absent,
}

impl SortKey {
    /// The key of a resource that cannot have the attribute.
    pub const ABSENT: Self = Self(Key::Absent);

    /// How many bytes it takes in memory.
    pub fn size(&self) -> usize {
        let text = if let Key::Text(text) = &self.0 { text.capacity() } else { 0 };
        size_of::<Self>() + text
    }

    /// The key of a resource: of a list the primary element's value, else the first one's.
    pub fn of(resource: &Map<String, Value>, by: &Located<'_>) -> Self {
        let object = match by.extension {
            None => Some(resource),
            Some(schema) => get(resource, &schema.id).and_then(Value::as_object),
        };
        let top = object.and_then(|object| get(object, &by.attribute.name));
        let element = match top {
            Some(Value::Array(elements)) => {
                elements.iter().find(|element| crate::resource::is_primary(element)).or(elements.first())
            }
            other => other,
        };
        let sub = by.sub.or_else(|| by.attribute.value_sub());
        let value = match (element, sub) {
            (Some(Value::Object(parts)), Some(sub)) => get(parts, &sub.name),
            (other, _) => other,
        };
        Self(value.and_then(|value| key(sub.unwrap_or(by.attribute), value)).unwrap_or(Key::Absent))
    }
}

fn key(attribute: &crate::schema::Attribute, value: &Value) -> Option<Key> {
    match attribute.kind {
        Type::Boolean => boolean(value).map(Key::Bool),
        Type::Integer | Type::Decimal => number(value).map(|number| Key::Number(Num::of(&number))),
        Type::DateTime => value.as_str().and_then(instant).map(Key::Instant),
        Type::Complex => None,
        _ if attribute.case_exact => {
            value.as_str().map(|text| Key::Text(fold::compose(beginning(text)).into_owned()))
        }
        _ => value.as_str().map(|text| Key::Text(fold::fold_key(beginning(text)))),
    }
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(BEGINNING)]
}

impl Eq for SortKey {}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |key: &Key| match key {
            Key::Bool(_) => 0,
            Key::Number(_) => 1,
            Key::Instant(_) => 2,
            Key::Text(_) => 3,
            Key::Absent => 4,
        };
        match (&self.0, &other.0) {
            (Key::Bool(a), Key::Bool(b)) => a.cmp(b),
            (Key::Number(a), Key::Number(b)) => a.compare(*b).unwrap_or(Ordering::Equal),
            (Key::Instant(a), Key::Instant(b)) => a.cmp(b),
            (Key::Text(a), Key::Text(b)) => a.cmp(b),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Definition;

    #[test]
    fn sorts_by_primary_and_without_case_and_absent_last() {
        let user = Definition::user(&[]);
        let key = |body: Value, path: &str| SortKey::of(body.as_object().unwrap(), &user.find(path).unwrap());
        assert!(key(json!({"userName": "b"}), "userName") > key(json!({"userName": "A"}), "userName"));
        assert!(key(json!({}), "userName") > key(json!({"userName": "z"}), "userName"));
        let emails = json!({"emails": [{"value": "z@x"}, {"value": "a@x", "primary": true}]});
        assert_eq!(key(emails, "emails"), key(json!({"emails": [{"value": "A@x"}]}), "emails.value"));
        let meta = |text: &str| json!({"meta": {"created": text}});
        let created = "meta.created";
        let long = |end: &str| json!({"userName": "\u{e4}".repeat(BEGINNING) + end});
        assert_eq!(key(long("a"), "userName"), key(long("b"), "userName"));
        assert!(key(long("a"), "userName").size() < 2 * BEGINNING);
        assert!(key(json!({}), "userName") == SortKey::ABSENT);
        let printed = serde_json::to_string(&key(json!({"userName": "B"}), "userName")).unwrap();
        assert_eq!(
            serde_json::from_str::<SortKey>(&printed).unwrap(),
            key(json!({"userName": "b"}), "userName")
        );
        assert!(key(meta("2026-01-01T00:00:00+02:00"), created) < key(meta("2026-01-01T00:00:00Z"), created));
    }
}
