//! `$filter`: comparisons, `startsWith`, `endsWith`, `contains`, `in`, `any`, `and`, `or`, `not`.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use scim::fold::fold_key;
use serde_json::Value;

use crate::error::ApiError;

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Compare(Comparison),
    /// Whether a list has a value that satisfies the filter, or any value at all. Paths within start at the value.
    Any(String, Option<Box<Self>>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

/// A property compared with a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// Names separated by `/`, the last of which may be `$count`; empty for the value of a list itself.
    pub path: String,
    pub operator: Operator,
    pub value: Value,
}

/// How a property is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    StartsWith,
    EndsWith,
    Contains,
}

impl Filter {
    /// Whether an object in JSON satisfies the filter.
    pub fn matches(&self, object: &Value) -> bool {
        match self {
            Self::Compare(comparison) => comparison.matches(object),
            Self::Any(path, condition) => match looked_up(object, path).as_ref() {
                Value::Array(values) => values
                    .iter()
                    .any(|value| condition.as_ref().is_none_or(|condition| condition.matches(value))),
                _ => false,
            },
            Self::And(parts) => parts.iter().all(|part| part.matches(object)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(object)),
            Self::Not(part) => !part.matches(object),
        }
    }

    /// The comparisons that all must hold, where the filter has that form at its top.
    pub fn conjuncts(&self) -> Vec<&Comparison> {
        match self {
            Self::Compare(comparison) => vec![comparison],
            Self::And(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            Self::Any(..) | Self::Or(_) | Self::Not(_) => Vec::new(),
        }
    }

    /// Refuses a property that the objects never have: the filter would find nothing, or everything.
    pub fn check(&self, is_property: &dyn Fn(&str) -> bool) -> Result<(), ApiError> {
        match self {
            Self::Compare(Comparison { path, .. }) | Self::Any(path, _) => {
                if is_property(path.split('/').next().unwrap_or(path)) {
                    return Ok(());
                }
                let shown: String = path.chars().take(60).collect();
                Err(ApiError::bad(format!(
                    "Invalid filter clause: Could not find a property named '{shown}'."
                )))
            }
            Self::And(parts) | Self::Or(parts) => parts.iter().try_for_each(|part| part.check(is_property)),
            Self::Not(part) => part.check(is_property),
        }
    }

    /// As [`Self::check`], with the names of the properties that there are.
    pub fn check_names(&self, properties: &[&str]) -> Result<(), ApiError> {
        self.check(&|name| properties.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }
}

impl Comparison {
    fn matches(&self, object: &Value) -> bool {
        match looked_up(object, &self.path).as_ref() {
            Value::Array(values) => values.iter().any(|value| self.holds(value)),
            value => self.holds(value),
        }
    }

    fn holds(&self, found: &Value) -> bool {
        match self.operator {
            Operator::Equal => equal(found, &self.value),
            Operator::NotEqual => !equal(found, &self.value),
            Operator::StartsWith => self.texts(found, |text, part| text.starts_with(part)),
            Operator::EndsWith => self.texts(found, |text, part| text.ends_with(part)),
            Operator::Contains => self.texts(found, |text, part| text.contains(part)),
            Operator::Greater => self.order(found, Ordering::is_gt),
            Operator::GreaterOrEqual => self.order(found, Ordering::is_ge),
            Operator::Less => self.order(found, Ordering::is_lt),
            Operator::LessOrEqual => self.order(found, Ordering::is_le),
        }
    }

    fn texts(&self, found: &Value, test: impl Fn(&str, &str) -> bool) -> bool {
        match (found, &self.value) {
            (Value::String(found), Value::String(part)) => test(&fold_key(found), &fold_key(part)),
            _ => false,
        }
    }

    fn order(&self, found: &Value, test: impl Fn(Ordering) -> bool) -> bool {
        let order = match (found, &self.value) {
            (Value::String(left), Value::String(right)) => {
                match (left.parse::<Timestamp>(), right.parse::<Timestamp>()) {
                    (Ok(left), Ok(right)) => Some(left.cmp(&right)),
                    _ => Some(fold_key(left).cmp(&fold_key(right))),
                }
            }
            (Value::Number(left), Value::Number(right)) => {
                left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right))
            }
            _ => None,
        };
        order.is_some_and(test)
    }
}

/// What stands at a path, without regard to the case of names; null where nothing does.
fn looked_up<'v>(object: &'v Value, path: &str) -> Cow<'v, Value> {
    let mut found = object;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        match found {
            Value::Array(values) if name.eq_ignore_ascii_case("$count") => {
                return Cow::Owned(values.len().into());
            }
            Value::Null if name.eq_ignore_ascii_case("$count") => return Cow::Owned(0.into()),
            _ => {}
        }
        let members = found.as_object();
        let value = members.and_then(|members| {
            members.get(name).or_else(|| {
                members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            })
        });
        found = value.unwrap_or(&Value::Null);
    }
    Cow::Borrowed(found)
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => fold_key(left) == fold_key(right),
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_hold_or_not() {
        let object = json!({"displayName": "Ann O'Neill", "accountEnabled": true, "created": "2026-03-01T00:00:00Z",
            "source": {"id": "7"}, "phones": ["1", "2"], "mail": null,
            "parts": [{"kind": "a", "number": 5}]});
        for (filter, holds) in [
            ("displayName eq 'ANN o''neill'", true),
            ("startswith(displayName,'ann') and accountEnabled eq true", true),
            ("startsWith(displayName, 'bob') or (source/id eq '7' and not (mail ne null))", true),
            ("created ge 2026-02-28T00:00:00Z and created lt 2026-03-01T00:00:00Z", false),
            ("phones eq '2'", true),
            ("displayName in ('x', 'Ann O''Neill')", true),
            ("endswith(displayName,'neill') eq true", true),
            ("accountEnabled ne true", false),
            ("contains(tolower(displayName), 'neill') and toUpper(source/id) eq '7'", true),
            ("phones/any(p:p eq '2')", true),
            ("phones/any(p: startsWith(p, '3')) or parts/any(x:x/kind eq 'A' and x/number gt 4)", true),
            ("parts/any(x:x/kind eq 'a' and x/number gt 5)", false),
            ("not(phones/any(p:p eq '1'))", false),
            ("phones/$count eq 2 and mail/$count eq 0 and phones/any()", true),
            ("mail/any()", false),
        ] {
            assert_eq!(Filter::parse(filter).expect(filter).matches(&object), holds, "{filter}");
        }
    }

    #[test]
    fn bad_filters_are_refused() {
        let deep = format!("{}a eq 1{}", "(".repeat(5000), ")".repeat(5000));
        let nots = format!("{} a eq 1", "not ".repeat(5000));
        let long = ["a eq 1"; 500].join(" or ");
        for filter in [
            "a",
            "a eq",
            "a eq 'x",
            "a like 'x'",
            "(a eq 1",
            "a eq 1)",
            "f(a,'x')",
            "a in ()",
            "tolower(a",
            "tolower('a') eq 'b'",
            "phones/all(p:p eq '1')",
            "phones/any(p)",
            "phones/any(p:q eq '1')",
            "phones/any(p:p/any(q:q eq '1'))",
            &deep,
            &nots,
            &long,
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }
}
