//! Scoping filters: conditions on source attributes, compiled once.

use expression::{Attributes, Value};
use jiff::Timestamp;
use jiff::civil::Date;
use model::{ClauseOperator, ScopingClause, ScopingFilter};
use regex::{Regex, RegexBuilder};

use crate::ConfigurationError;

/// The most memory that a compiled pattern may take, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// The scoping filters of an object mapping: clauses of one filter ANDed, filters ORed; none lets everyone pass.
#[derive(Clone, Debug, Default)]
pub struct Filters(Vec<(String, Vec<Clause>)>);

#[derive(Clone, Debug)]
struct Clause {
    attribute: String,
    test: Test,
    shown: String,
}

#[derive(Clone, Debug)]
enum Test {
    Equals(String),
    NotEquals(String),
    Is(bool),
    Null(bool),
    Matches(Regex, bool),
    Greater { than: Ordered, or_equal: bool },
    Includes(String),
    EndsWith(String),
    Bits { bits: i64, set: bool },
}

/// What `Greater_Than` compares with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ordered {
    Integer(i64),
    Instant(Timestamp),
}

impl Filters {
    /// Compiles filters, and refuses patterns and values that cannot be used.
    pub fn compile(mapping: &str, filters: &[ScopingFilter]) -> Result<Self, ConfigurationError> {
        let mut compiled = Vec::with_capacity(filters.len());
        for (number, filter) in filters.iter().enumerate() {
            let name = if filter.name.is_empty() { format!("#{}", number + 1) } else { filter.name.clone() };
            let clauses = filter
                .clauses
                .iter()
                .enumerate()
                .map(|(index, clause)| {
                    Clause::compile(clause).map_err(|message| {
                        let place = format!("{mapping}, scoping filter {name}, clause {}", index + 1);
                        ConfigurationError::new(place, message)
                    })
                })
                .collect::<Result<_, _>>()?;
            compiled.push((name, clauses));
        }
        Ok(Self(compiled))
    }

    /// Whether an object passes; if not, the first clause of each filter that it fails, in words.
    pub fn judge(&self, object: &dyn Attributes) -> Result<(), String> {
        let mut failed = Vec::new();
        for (name, clauses) in &self.0 {
            match clauses.iter().find(|clause| !clause.holds(object)) {
                None => return Ok(()),
                Some(clause) => failed.push(format!("{name}: {}", clause.shown)),
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
    }
}

impl Clause {
    fn compile(clause: &ScopingClause) -> Result<Self, String> {
        use ClauseOperator as Op;
        if clause.attribute.trim().is_empty() {
            return Err("no attribute is named".to_owned());
        }
        let value = clause.value.as_str();
        let test = match clause.operator {
            Op::Equals => Test::Equals(value.to_owned()),
            Op::NotEquals => Test::NotEquals(value.to_owned()),
            Op::IsTrue => Test::Is(true),
            Op::IsFalse => Test::Is(false),
            Op::IsNull => Test::Null(true),
            Op::IsNotNull => Test::Null(false),
            Op::RegexMatch => Test::Matches(pattern(value)?, true),
            Op::NotRegexMatch => Test::Matches(pattern(value)?, false),
            Op::GreaterThan => Test::Greater { than: ordered_constant(value)?, or_equal: false },
            Op::GreaterThanOrEquals => Test::Greater { than: ordered_constant(value)?, or_equal: true },
            Op::Includes => Test::Includes(value.to_owned()),
            Op::EndsWith => Test::EndsWith(value.to_owned()),
            Op::BitsSet => Test::Bits { bits: bits(value)?, set: true },
            Op::BitsNotSet => Test::Bits { bits: bits(value)?, set: false },
        };
        let operator = serde_json::to_value(clause.operator).ok();
        let operator = operator.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        let shown = match test {
            Test::Is(_) | Test::Null(_) => format!("{} {operator}", clause.attribute),
            _ => format!("{} {operator} \"{value}\"", clause.attribute),
        };
        Ok(Self { attribute: clause.attribute.clone(), test, shown })
    }

    fn holds(&self, object: &dyn Attributes) -> bool {
        let value = object.get(&self.attribute);
        if let Test::Null(wanted) = self.test {
            return value.is_null() == wanted;
        }
        match &value {
            Value::List(values) => values.iter().any(|value| self.test.holds(value)),
            single => self.test.holds(single),
        }
    }
}

impl Test {
    /// Of a single value. On null everything is false.
    fn holds(&self, value: &Value) -> bool {
        let Some(text) = value.text() else { return false };
        match self {
            Self::Equals(wanted) => same(value, &text, wanted),
            Self::NotEquals(wanted) => !same(value, &text, wanted),
            Self::Is(wanted) => text.trim().eq_ignore_ascii_case(if *wanted { "true" } else { "false" }),
            Self::Null(wanted) => !wanted,
            Self::Matches(pattern, wanted) => pattern.is_match(&text) == *wanted,
            Self::Greater { than, or_equal } => match (ordered(value, &text), than) {
                (Some(Ordered::Integer(one)), Ordered::Integer(two)) => {
                    one > *two || (*or_equal && one == *two)
                }
                (Some(Ordered::Instant(one)), Ordered::Instant(two)) => {
                    one > *two || (*or_equal && one == *two)
                }
                _ => false,
            },
            Self::Includes(part) => text.contains(part.as_str()),
            Self::EndsWith(end) => text.ends_with(end.as_str()),
            Self::Bits { bits, set } => {
                text.trim().parse::<i64>().is_ok_and(|number| (number & bits == *bits) == *set)
            }
        }
    }
}

/// Case counts, but a boolean has no case of its own.
fn same(value: &Value, text: &str, wanted: &str) -> bool {
    match value {
        Value::Boolean(_) => text.eq_ignore_ascii_case(wanted),
        _ => text == wanted,
    }
}

/// A pattern has to match the whole value.
fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!(r"\A(?:{text})\z"))
        .size_limit(PATTERN_SIZE)
        .build()
        .map_err(|error| format!("the pattern \"{text}\" cannot be used: {error}"))
}

fn bits(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("\"{text}\" is not a whole number, which a bit test needs"))
}

fn ordered_constant(text: &str) -> Result<Ordered, String> {
    ordered_text(text).ok_or_else(|| {
        format!("\"{text}\" is neither a whole number nor a date such as 2026-01-31 or 2026-01-31T08:00:00Z")
    })
}

fn ordered(value: &Value, text: &str) -> Option<Ordered> {
    match value {
        Value::Integer(number) => Some(Ordered::Integer(*number)),
        Value::DateTime(instant) => Some(Ordered::Instant(*instant)),
        _ => ordered_text(text),
    }
}

fn ordered_text(text: &str) -> Option<Ordered> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(Ordered::Integer(number));
    }
    if let Ok(instant) = text.parse() {
        return Some(Ordered::Instant(instant));
    }
    let date: Date = text.parse().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok().map(Ordered::Instant)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn passes(attribute: &str, operator: ClauseOperator, value: &str, object: Value) -> bool {
        let clause = ScopingClause { attribute: attribute.into(), operator, value: value.into() };
        let filters = [ScopingFilter { name: String::new(), clauses: vec![clause] }];
        let object = BTreeMap::from([("a".to_owned(), object)]);
        Filters::compile("users", &filters).expect("a valid filter").judge(&object).is_ok()
    }

    #[test]
    fn operators_hold_as_published() {
        use ClauseOperator as Op;
        let text = |text: &str| Value::from(text);
        for (operator, value, object, expected) in [
            (Op::Equals, "New York", text("New York"), true),
            (Op::Equals, "new york", text("New York"), false),
            (Op::NotEquals, "London", text("New York"), true),
            (Op::IsTrue, "", Value::Boolean(true), true),
            (Op::IsFalse, "", text("False"), true),
            (Op::IsFalse, "", Value::Boolean(true), false),
            (Op::IsNull, "", Value::Null, true),
            (Op::IsNotNull, "", text(""), true),
            (Op::RegexMatch, "(1425).*", text("1425-x"), true),
            (Op::RegexMatch, "425", text("1425"), false),
            (Op::NotRegexMatch, "a|b", text("ab"), true),
            (Op::GreaterThan, "10", text("9"), false),
            (Op::GreaterThan, "10", Value::Integer(11), true),
            (Op::GreaterThanOrEquals, "2026-01-31", text("2026-01-31T00:00:00Z"), true),
            (Op::GreaterThan, "2026-01-31", text("2026-01-31T00:00:00Z"), false),
            (Op::GreaterThan, "10", text("ten"), false),
            (Op::Includes, "ork", text("New York"), true),
            (Op::EndsWith, "York", text("New York"), true),
            (Op::BitsSet, "2", Value::Integer(514), true),
            (Op::BitsNotSet, "2", Value::Integer(514), false),
            (Op::BitsNotSet, "2", Value::Integer(512), true),
        ] {
            assert_eq!(
                passes("a", operator, value, object.clone()),
                expected,
                "{operator:?} {value} {object:?}"
            );
        }
    }

    #[test]
    fn on_null_everything_but_is_null_is_false() {
        use ClauseOperator as Op;
        for operator in [
            Op::Equals,
            Op::NotEquals,
            Op::IsTrue,
            Op::IsFalse,
            Op::IsNotNull,
            Op::RegexMatch,
            Op::NotRegexMatch,
            Op::GreaterThan,
            Op::GreaterThanOrEquals,
            Op::Includes,
            Op::EndsWith,
            Op::BitsSet,
            Op::BitsNotSet,
        ] {
            assert!(!passes("a", operator, "1", Value::Null), "{operator:?}");
        }
    }

    #[test]
    fn any_value_of_several_satisfies() {
        let many = Value::List(vec![Value::from("a"), Value::from("b")]);
        assert!(passes("a", ClauseOperator::Equals, "b", many.clone()));
        assert!(!passes("a", ClauseOperator::Equals, "c", many));
    }

    #[test]
    fn clauses_and_filters_or() {
        let clause = |attribute: &str, value: &str| ScopingClause {
            attribute: attribute.into(),
            operator: ClauseOperator::Equals,
            value: value.into(),
        };
        let filters = [
            ScopingFilter { name: "one".into(), clauses: vec![clause("a", "1"), clause("b", "2")] },
            ScopingFilter { name: "two".into(), clauses: vec![clause("c", "3")] },
        ];
        let filters = Filters::compile("users", &filters).expect("valid");
        let object = |pairs: &[(&str, &str)]| -> BTreeMap<String, Value> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
        };
        assert!(filters.judge(&object(&[("a", "1"), ("b", "2")])).is_ok());
        assert!(filters.judge(&object(&[("c", "3")])).is_ok());
        let why = filters.judge(&object(&[("a", "1")])).expect_err("fails both");
        assert_eq!(why, "one: b EQUALS \"2\"; two: c EQUALS \"3\"");
        assert!(Filters::default().judge(&object(&[])).is_ok());
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for (operator, value) in [
            (ClauseOperator::RegexMatch, "("),
            (ClauseOperator::RegexMatch, "(a{1000}){1000}"),
            (ClauseOperator::GreaterThan, "tall"),
            (ClauseOperator::BitsSet, ""),
        ] {
            let clause = ScopingClause { attribute: "a".into(), operator, value: value.into() };
            let filters = [ScopingFilter { name: "f".into(), clauses: vec![clause] }];
            let error = Filters::compile("users", &filters).expect_err("refused");
            assert!(error.to_string().starts_with("users, scoping filter f, clause 1: "), "{error}");
        }
    }
}
