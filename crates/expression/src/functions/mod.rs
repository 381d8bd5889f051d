//! The function table: a module for each family, an entry for each function.

mod casing;
mod diacritics;
mod lists;
mod logic;
mod text;

pub(crate) use casing::is_culture;
pub(crate) use text::{BINARY_COMPARE, TEXT_COMPARE};

use crate::Value;
use crate::error::EvalError;
use crate::evaluate::Arguments;
use serde::Serialize;
use std::fmt;
use std::sync::LazyLock;

/// A function: what it takes and what it does.
pub(crate) struct Function {
    pub(crate) signature: Signature,
    pub(crate) call: fn(&Arguments<'_>) -> Result<Value, EvalError>,
}

/// What a function is called, takes and does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// The name, case-sensitive.
    pub name: &'static str,
    /// The parameters in order.
    pub parameters: &'static [Parameter],
    /// How many parameters at the end can be given again and again, always together.
    pub repeating: usize,
    /// What the function does, in a sentence or two.
    pub summary: &'static str,
    /// An expression that uses it.
    pub example: &'static str,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// The name, for messages and documentation.
    pub name: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// Whether it can be left empty or out.
    pub presence: Presence,
}

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Any value, also several.
    Any,
    /// One value, read as text.
    Text,
    /// A whole number, or text that is one.
    Integer,
    /// A condition.
    Boolean,
    /// The name of a culture, as `tr-TR`.
    Culture,
}

/// Whether an argument can be left empty or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Presence {
    /// Must be given.
    Required,
    /// Has its place, which can be empty.
    Empty,
    /// Can be empty or out, with all behind it.
    Optional,
}

impl Signature {
    /// The fewest arguments of a call, empty ones included.
    pub fn least_arguments(&self) -> usize {
        let optional = |parameter: &&Parameter| parameter.presence == Presence::Optional;
        self.parameters.len() - self.parameters.iter().filter(optional).count()
    }

    /// The most arguments of a call; `None` if there is no limit.
    pub fn most_arguments(&self) -> Option<usize> {
        (self.repeating == 0).then_some(self.parameters.len())
    }

    /// The parameters that repeat.
    pub fn repeated(&self) -> &'static [Parameter] {
        &self.parameters[self.parameters.len() - self.repeating..]
    }

    /// Whether the repeated parameters are all there in every round.
    pub(crate) fn rounds_complete(&self, given: usize) -> bool {
        let once = self.parameters.len() - self.repeating;
        self.repeating == 0 || given < once || (given - once).is_multiple_of(self.repeating)
    }

    /// The parameter an argument belongs to; `index` counts from 0.
    pub(crate) fn parameter(&self, index: usize) -> &'static Parameter {
        let count = self.parameters.len();
        if index < count {
            return &self.parameters[index];
        }
        let rounds = self.repeating.max(1);
        &self.parameters[count - rounds + (index - count) % rounds]
    }

    /// "takes 2 arguments".
    pub(crate) fn arity(&self) -> String {
        let least = self.least_arguments();
        let arguments = |count: usize| if count == 1 { "argument" } else { "arguments" };
        match self.most_arguments() {
            None => format!("takes at least {least} {}", arguments(least)),
            Some(most) if most == least => format!("takes {least} {}", arguments(least)),
            Some(most) => format!("takes {least} to {most} arguments"),
        }
    }
}

/// As documentation writes it: `Mid(source, start, length)`, `Join(separator, source, ...)`,
/// `PCase(source, [wordSeparators])`.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (index, parameter) in self.parameters.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            match parameter.presence {
                Presence::Optional => write!(f, "{separator}[{}]", parameter.name)?,
                Presence::Required | Presence::Empty => write!(f, "{separator}{}", parameter.name)?,
            }
        }
        f.write_str(if self.repeating > 0 { ", ...)" } else { ")" })
    }
}

const FAMILIES: [&[Function]; 4] = [logic::FUNCTIONS, text::FUNCTIONS, casing::FUNCTIONS, lists::FUNCTIONS];

/// Names of the language that have no implementation so far.
pub(crate) const PLANNED: &[&str] = &[
    "AppRoleAssignmentsComplex",
    "AssertiveAppRoleAssignmentsComplex",
    "BitAnd",
    "CDate",
    "ConvertToBase64",
    "ConvertToUTF8Hex",
    "DateAdd",
    "DateDiff",
    "DateFromNum",
    "FormatDateTime",
    "Guid",
    "IgnoreFlowIfNullOrEmpty",
    "Lookup",
    "Now",
    "NumFromDate",
    "RandomString",
    "Redact",
    "Replace",
    "SelectUniqueValue",
    "SingleAppRoleAssignment",
];

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    let mut all = FAMILIES.into_iter().flatten();
    all.find(|function| function.signature.name == name)
}

/// The names of all functions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let all = FAMILIES.into_iter().flatten();
    all.map(|function| function.signature.name)
}

/// All functions in alphabetical order, for documentation and editors.
pub fn functions() -> &'static [Signature] {
    static SORTED: LazyLock<Vec<Signature>> = LazyLock::new(|| {
        let all = FAMILIES.into_iter().flatten();
        let mut signatures: Vec<Signature> = all.map(|f| f.signature.clone()).collect();
        signatures.sort_by_key(|signature| signature.name.to_ascii_lowercase());
        signatures
    });
    &SORTED
}

const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, presence: Presence::Required }
}

const fn empty(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, presence: Presence::Empty }
}

const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, presence: Presence::Optional }
}

#[cfg(test)]
mod tests;
