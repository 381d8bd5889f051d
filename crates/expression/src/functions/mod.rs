//! The function table: a module for each family, an entry for each function.

mod casing;
mod dates;
mod diacritics;
mod flow;
mod lists;
mod logic;
mod numbers;
mod replace;
mod text;

pub(crate) use casing::is_culture;
pub(crate) use dates::check as check_date;
pub(crate) use text::{BINARY_COMPARE, TEXT_COMPARE};

use crate::Value;
use crate::evaluate::{Arguments, Halt};
use serde::Serialize;
use std::fmt;
use std::sync::LazyLock;

/// A function: what it takes and what it does.
pub(crate) struct Function {
    pub(crate) signature: Signature,
    pub(crate) call: fn(&Arguments<'_>) -> Result<Value, Halt>,
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
    /// A date-time, or text that gives one.
    DateTime,
    /// `yyyy`, `m`, `ww`, `d`, `h`, `n` or `s`.
    Interval,
    /// A format of .NET for date-times.
    DateFormat,
    /// Names of .NET's `DateTimeStyles`.
    DateStyles,
    /// A regular expression of .NET.
    Pattern,
    /// The name of a table, a constant.
    Table,
    /// `[appRoleAssignments]` and nothing else.
    Roles,
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

const FAMILIES: [&[Function]; 8] = [
    logic::FUNCTIONS,
    text::FUNCTIONS,
    casing::FUNCTIONS,
    lists::FUNCTIONS,
    dates::FUNCTIONS,
    numbers::FUNCTIONS,
    flow::FUNCTIONS,
    replace::FUNCTIONS,
];

/// What an expression does beside reading attributes and yielding a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Its value depends on the time.
    Clock,
    /// Its value depends on chance.
    Random,
    /// It asks the target.
    Target,
    /// It reads the application roles assigned to the object.
    Roles,
    /// It reads application roles and leaves others in the target alone.
    KeepsRoles,
    /// It reads application roles, and the target is to have no others.
    AssertsRoles,
    /// It reads a table.
    Tables,
    /// It can leave the target attribute as it is.
    IgnoresFlow,
    /// Neither its value nor the one before may be shown in logs.
    Redacts,
}

/// What a function does beside computing.
pub(crate) fn effects(function: &str) -> &'static [Effect] {
    match function {
        "Now" => &[Effect::Clock],
        "Guid" | "RandomString" => &[Effect::Random],
        "SelectUniqueValue" => &[Effect::Target],
        "SingleAppRoleAssignment" => &[Effect::Roles],
        "AssertiveAppRoleAssignmentsComplex" => &[Effect::Roles, Effect::AssertsRoles],
        "AppRoleAssignmentsComplex" => &[Effect::Roles, Effect::KeepsRoles],
        "Lookup" => &[Effect::Tables],
        "IgnoreFlowIfNullOrEmpty" => &[Effect::IgnoresFlow],
        "Redact" => &[Effect::Redacts],
        _ => &[],
    }
}

/// The name of the function that can only be the whole of an expression.
pub(crate) const TOP_LEVEL: &str = "SelectUniqueValue";

/// An argument, as far as it is known before there is an object.
pub(crate) enum Given {
    Nothing,
    Computed,
    Constant(Value),
}

/// What no check of a single argument finds: arguments that do not belong together. The number is the argument to
/// blame, from 0.
pub(crate) fn check_together(function: &str, given: &[Given]) -> Result<(), (usize, String)> {
    match function {
        "Replace" => replace::check(given),
        "RandomString" => {
            let numbers: Option<Vec<i64>> = given
                .iter()
                .take(5)
                .map(|argument| match argument {
                    Given::Constant(value) => value.integer(),
                    Given::Nothing | Given::Computed => None,
                })
                .collect();
            match numbers.as_deref() {
                Some([length, minima @ ..]) if minima.len() == 4 => {
                    let minima = [minima[0], minima[1], minima[2], minima[3]];
                    numbers::refuse_random(*length, minima)
                        .map_err(|error| (0, format!("{function}: {error}")))
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Bytes that a function which multiplies text may yield. Without a bound, a long separator and a long list
/// would fill the memory.
const MAX_TEXT: usize = 1 << 20;

fn too_long() -> String {
    format!("the text grows longer than {MAX_TEXT} bytes")
}

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
mod documented;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
