//! Filters (RFC 7644 section 3.4.2.2): the language, its canonical form, and evaluation.

mod compile;
mod eval;
pub(crate) mod parse;
#[cfg(test)]
mod tests;
pub(crate) mod value;

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Number, Value};

pub use compile::{Comparison, Compiled};
pub(crate) use compile::{conjuncts, literal_value};

use crate::error::{Error, ScimType};
use crate::path::AttrPath;
use crate::quirk::Quirks;
use crate::schema::Definition;
use crate::words::words;

words! {
    /// A comparison operator.
    Op {
        /// Equal.
        Eq = "eq",
        /// Not equal.
        Ne = "ne",
        /// Contains.
        Co = "co",
        /// Starts with.
        Sw = "sw",
        /// Ends with.
        Ew = "ew",
        /// Greater than.
        Gt = "gt",
        /// Greater than or equal to.
        Ge = "ge",
        /// Less than.
        Lt = "lt",
        /// Less than or equal to.
        Le = "le",
    }
}

/// The value that an attribute is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`: no value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A JSON number.
    Number(Number),
    /// A JSON string, unescaped.
    String(String),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::String(value) => f.write_str(&Value::from(value.as_str()).to_string()),
        }
    }
}

/// A filter as written. `And` and `Or` hold two or more parts and never one of their own kind, so that a chain of
/// a thousand terms is wide and not deep.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All hold.
    And(Vec<Filter>),
    /// One holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// An attribute compared with a value.
    Compare(AttrPath, Op, Literal),
    /// An attribute has a value: `pr`.
    Present(AttrPath),
    /// One element of an attribute satisfies the filter: `emails[type eq "work" and value co "@x"]`.
    Element(AttrPath, Box<Filter>),
}

/// What a filter may be, so that no input costs more than it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes.
    pub length: usize,
    /// Parentheses, `not` and brackets within one another.
    pub depth: usize,
}

impl Default for Limits {
    /// 16 KiB, 32 levels.
    fn default() -> Self {
        Self { length: 16 * 1024, depth: 32 }
    }
}

/// Where a filter or path is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {position}: {message}")]
pub struct ParseError {
    /// Position in characters, from 1.
    pub position: usize,
    /// What was expected and what was found.
    pub message: String,
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::of(ScimType::InvalidFilter, format!("the filter is malformed at {error}"))
    }
}

impl Filter {
    /// Reads a filter within the default [`Limits`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_within(text, Limits::default(), &mut Quirks::new())
    }

    /// Reads a filter and notes deviations from the grammar.
    pub fn parse_within(text: &str, limits: Limits, quirks: &mut Quirks) -> Result<Self, ParseError> {
        let mut parser = parse::Parser::new(text, limits)?;
        let filter = parser.filter()?;
        parser.end("and, or, or the end of the filter")?;
        quirks.extend(parser.quirks);
        Ok(filter)
    }

    /// An equality, e.g. to look a resource up.
    pub fn eq(path: AttrPath, value: &str) -> Self {
        Self::Compare(path, Op::Eq, Literal::String(value.to_owned()))
    }

    /// All of the filters; `And` within is flattened. None for an empty list.
    pub fn all(filters: Vec<Self>) -> Option<Self> {
        let mut flat = Vec::new();
        for filter in filters {
            match filter {
                Self::And(parts) => flat.extend(parts),
                other => flat.push(other),
            }
        }
        if flat.len() > 1 { Some(Self::And(flat)) } else { flat.pop() }
    }

    /// One of the filters; `Or` within is flattened. None for an empty list.
    pub fn any(filters: Vec<Self>) -> Option<Self> {
        let mut flat = Vec::new();
        for filter in filters {
            match filter {
                Self::Or(parts) => flat.extend(parts),
                other => flat.push(other),
            }
        }
        if flat.len() > 1 { Some(Self::Or(flat)) } else { flat.pop() }
    }

    /// Whether a resource satisfies the filter. For more than one resource [`Filter::resolve`] first.
    /// A filter that its attributes' types do not admit matches nothing.
    pub fn matches(&self, resource: &Map<String, Value>, definition: &Definition) -> bool {
        self.resolve(definition).is_ok_and(|compiled| compiled.matches(resource))
    }
}

impl FromStr for Filter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => join(f, parts, " and ", |part| matches!(part, Self::Or(_))),
            Self::Or(parts) => join(f, parts, " or ", |_| false),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Compare(path, op, value) => write!(f, "{path} {op} {value}"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Element(path, inner) => write!(f, "{path}[{inner}]"),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Filter],
    word: &str,
    grouped: fn(&Filter) -> bool,
) -> fmt::Result {
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            f.write_str(word)?;
        }
        if grouped(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}
