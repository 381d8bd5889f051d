//! The values an expression reads and yields.

use crate::{RoleAssignment, datetime};
use jiff::Timestamp;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

/// A value. Null (absent) and the empty string differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Value {
    /// Absent.
    #[default]
    Null,
    /// Text.
    String(Arc<str>),
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A point in time; reads as UTC.
    DateTime(Timestamp),
    /// An application role; where text is wanted, its value.
    Role(Arc<RoleAssignment>),
    /// The values of a multi-valued attribute. An empty list counts as null.
    List(Vec<Value>),
}

impl Value {
    /// The value where a string is wanted: text as it is, `True` or `False`, the decimal form, a date-time as
    /// `M/d/yyyy h:mm:ss tt` in UTC. A list of one reads as its value; null, the empty list and longer
    /// lists have no text.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::Boolean(true) => Some(Cow::Borrowed("True")),
            Self::Boolean(false) => Some(Cow::Borrowed("False")),
            Self::Integer(number) => Some(Cow::Owned(number.to_string())),
            Self::DateTime(time) => Some(Cow::Owned(datetime::general(*time))),
            Self::Role(role) => Some(Cow::Borrowed(role.text())),
            Self::List(values) => match values.as_slice() {
                [one] => one.text(),
                _ => None,
            },
        }
    }

    /// Like [`Value::text`], without a copy of text that is already shared.
    pub(crate) fn into_text(self) -> Option<Arc<str>> {
        match self {
            Self::String(text) => Some(text),
            other => other.text().map(|text| Arc::from(&*text)),
        }
    }

    /// Appends the text to `out`, if the value has one.
    pub(crate) fn write_text(&self, out: &mut String) {
        match self {
            Self::Integer(number) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{number}");
            }
            other => {
                if let Some(text) = other.text() {
                    out.push_str(&text);
                }
            }
        }
    }

    /// Whether the value is absent: null or a list without values.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::List(values) => values.is_empty(),
            _ => false,
        }
    }

    /// Whether the value is absent or the empty string.
    pub fn is_null_or_empty(&self) -> bool {
        match self {
            Self::String(text) => text.is_empty(),
            Self::List(values) => values.iter().all(Value::is_null_or_empty),
            other => other.is_null(),
        }
    }

    /// How many values there are: none for null, one for a single value.
    pub fn count(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::List(values) => values.len(),
            _ => 1,
        }
    }

    /// The value read as a condition: null, empty text, zero and `False` are false; other numbers and `True`
    /// (in any case) are true. `None` when the value is neither.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Self::Null => Some(false),
            Self::Boolean(flag) => Some(*flag),
            Self::Integer(number) => Some(*number != 0),
            Self::String(text) => truth_of(text),
            Self::DateTime(_) | Self::Role(_) => None,
            Self::List(values) => match values.as_slice() {
                [] => Some(false),
                [one] => one.truth(),
                _ => None,
            },
        }
    }

    /// The value read as a whole number: a number, or text that is one.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::String(text) => text.trim().parse().ok(),
            Self::List(values) => match values.as_slice() {
                [one] => one.integer(),
                _ => None,
            },
            Self::Null | Self::Boolean(_) | Self::DateTime(_) | Self::Role(_) => None,
        }
    }

    /// The point in time, if the value is one; text is not read.
    pub(crate) fn date_time(&self) -> Option<Timestamp> {
        match self {
            Self::DateTime(time) => Some(*time),
            Self::List(values) => match values.as_slice() {
                [one] => one.date_time(),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value as JSON; a date-time as RFC 3339 text, a role as an element of SCIM's `roles`.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::String(text) => serde_json::Value::from(&**text),
            Self::Boolean(flag) => serde_json::Value::from(*flag),
            Self::Integer(number) => serde_json::Value::from(*number),
            Self::DateTime(time) => serde_json::Value::from(time.to_string()),
            Self::Role(role) => role.to_json(),
            Self::List(values) => values.iter().map(Value::to_json).collect(),
        }
    }
}

fn truth_of(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("false") {
        Some(false)
    } else if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.parse::<i64>().ok().map(|number| number != 0)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(Arc::from(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(Arc::from(text))
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::DateTime(time)
    }
}

impl From<Vec<Value>> for Value {
    fn from(values: Vec<Value>) -> Self {
        Self::List(values)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Numbers beyond an `i64` and fractions become their decimal text. A complex value stands for its `value`
/// member, as in multi-valued SCIM attributes; without one it becomes its JSON text.
impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Boolean(*flag),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Self::Integer(number),
                None => Self::from(number.to_string()),
            },
            Json::String(text) => Self::from(text.as_str()),
            Json::Array(values) => Self::List(values.iter().map(Self::from).collect()),
            Json::Object(members) => match members.get("value") {
                Some(value) => Self::from(value),
                None => Self::from(json.to_string()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_as_text() {
        let time: Timestamp = "2021-07-02T15:03:08Z".parse().unwrap();
        let text = |value: Value| value.text().map(Cow::into_owned);
        assert_eq!(text(Value::Null), None);
        assert_eq!(text(Value::from("")).as_deref(), Some(""));
        assert_eq!(text(Value::from(true)).as_deref(), Some("True"));
        assert_eq!(text(Value::from(false)).as_deref(), Some("False"));
        assert_eq!(text(Value::from(-7)).as_deref(), Some("-7"));
        assert_eq!(text(Value::from(time)).as_deref(), Some("7/2/2021 3:03:08 PM"));
        let midnight: Timestamp = "0987-12-31T00:00:00Z".parse().unwrap();
        assert_eq!(text(Value::from(midnight)).as_deref(), Some("12/31/0987 12:00:00 AM"));
        assert_eq!(text(Value::from(vec![Value::from("a")])).as_deref(), Some("a"));
        assert_eq!(text(Value::from(vec![Value::from("a"), Value::from("b")])), None);
    }

    #[test]
    fn converts_from_and_to_json() {
        let same = json!([null, "a", true, 5, ["b"]]);
        assert_eq!(Value::from(&same).to_json(), same);
        assert_eq!(Value::from(&json!(1.5)), Value::from("1.5"));
        assert_eq!(Value::from(&json!(u64::MAX)), Value::from("18446744073709551615"));
        assert_eq!(
            Value::from(&json!({"value": "a@example.com", "type": "work"})),
            Value::from("a@example.com")
        );
        assert_eq!(Value::from(&json!({"a": 1})), Value::from(r#"{"a":1}"#));
    }

    #[test]
    fn knows_absence_from_emptiness() {
        assert!(Value::Null.is_null() && Value::List(vec![]).is_null());
        assert!(!Value::from("").is_null() && Value::from("").is_null_or_empty());
        assert!(Value::from(vec![Value::from("")]).is_null_or_empty());
        assert!(!Value::from(false).is_null_or_empty());
    }
}
