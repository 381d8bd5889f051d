//! What an account holds otherwise than the job left it.

use jiff::Timestamp;
use model::{FlowType, Link, LinkState, Shadow};
use scim::fold::fold_key;
use scim::schema::Type;
use serde_json::Value as Json;

use super::difference::REDACTED;
use super::evaluate::elements;
use super::{Attribute, CompiledMapping, Source};

/// One attribute with another value than the job left there; null for none.
#[derive(Clone, Debug, PartialEq)]
pub struct Drifted {
    /// The target attribute path.
    pub path: String,
    /// What was exported or read last.
    pub expected: Json,
    /// What is there.
    pub found: Json,
}

impl CompiledMapping {
    /// What differs in an account; `found` holds what the target has at the paths of the link's shadow.
    ///
    /// Values that are the same by the rules of the schema (case, booleans and numbers as text, the order of lists,
    /// members of complex values that the target adds) do not differ, nor do attributes that the job would not write
    /// now: those that are written once, those to which values are only added, and of a disabled account all but what
    /// disables it.
    pub fn drift(&self, link: &Link, found: &Shadow) -> Vec<Drifted> {
        let concerns = |attribute: &Attribute| match link.state {
            LinkState::Active => true,
            LinkState::Disabled => attribute.reads_soft_deleted(),
            LinkState::Pending | LinkState::Released => false,
        };
        let mut drifted = Vec::new();
        for (path, expected) in link.shadow.iter().filter(|(_, value)| !value.is_null()) {
            let found = found.get(path).unwrap_or(&Json::Null);
            let attribute = self.attributes.iter().find(|it| it.writes(path)).filter(|it| concerns(it));
            if attribute.is_some_and(|attribute| attribute.drifts(expected, found)) {
                drifted.push(Drifted {
                    path: path.clone(),
                    expected: expected.clone(),
                    found: found.clone(),
                });
            }
        }
        drifted
    }

    /// The values of a difference, the expected one first, as they may be shown.
    pub fn shown(&self, drifted: &Drifted) -> (Json, Json) {
        let hidden = self.attributes.iter().any(|it| it.writes(&drifted.path) && it.redacts());
        let show = |value: &Json| if hidden && !value.is_null() { REDACTED.into() } else { value.clone() };
        (show(&drifted.expected), show(&drifted.found))
    }
}

impl Attribute {
    /// Whether the values at that path are the attribute's.
    fn writes(&self, path: &str) -> bool {
        self.path == path || path.starts_with(&elements(&self.path))
    }

    /// Whether its value is an id of the target.
    fn is_reference(&self) -> bool {
        matches!(self.source, Source::Manager)
    }

    fn drifts(&self, expected: &Json, found: &Json) -> bool {
        if !self.readable || matches!(self.source, Source::Members | Source::None) {
            return false;
        }
        match self.flow {
            FlowType::ObjectAddOnly => false,
            FlowType::ValueAddOnly | FlowType::AttributeAddOnly => is_nothing(found) && !is_nothing(expected),
            FlowType::MultiValueAddOnly => match (expected, found) {
                (Json::Array(expected), Json::Array(found)) => {
                    !expected.iter().all(|one| found.iter().any(|other| self.same(one, other)))
                }
                _ => !self.same(expected, found),
            },
            FlowType::Always => !self.same(expected, found),
        }
    }

    /// Whether a target that compares by the attribute's schema takes two values for the same.
    fn same(&self, expected: &Json, found: &Json) -> bool {
        match (expected, found) {
            _ if is_nothing(expected) || is_nothing(found) => is_nothing(expected) && is_nothing(found),
            (Json::String(one), Json::String(other)) => {
                one == other
                    || (!self.case_exact && !self.is_reference() && fold_key(one) == fold_key(other))
                    || (self.kind == Type::DateTime && same_moment(one, other))
            }
            (Json::Array(one), Json::Array(other)) => {
                one.len() == other.len() && pairs(one, other, |one, other| self.same(one, other))
            }
            // What the target adds to a complex value is its own.
            (Json::Object(one), Json::Object(other)) => one.iter().all(|(name, value)| {
                let there =
                    other.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value);
                self.same(value, there.unwrap_or(&Json::Null))
            }),
            (Json::Number(one), Json::Number(other)) => one == other || one.as_f64() == other.as_f64(),
            // Booleans and numbers as text.
            (one, other) => match (text(one), text(other)) {
                (Some(one), Some(other)) => one.eq_ignore_ascii_case(&other),
                _ => false,
            },
        }
    }
}

/// RFC 7643 section 2.5: null, an empty list and no value at all are the same state; an empty text is no value either.
fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// Whether the values of one list are those of the other in some order.
fn pairs(one: &[Json], other: &[Json], same: impl Fn(&Json, &Json) -> bool) -> bool {
    let mut left: Vec<&Json> = other.iter().collect();
    one.iter().all(|value| {
        let position = left.iter().position(|it| same(value, it));
        position.map(|position| left.swap_remove(position)).is_some()
    })
}

fn same_moment(one: &str, other: &str) -> bool {
    matches!((one.parse::<Timestamp>(), other.parse::<Timestamp>()), (Ok(one), Ok(other)) if one == other)
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "drift_tests.rs"]
mod tests;
