//! The attribute-mapping expression language: parse, check, compile, evaluate, without I/O.
//!
//! The language is the one of expression mappings in application provisioning:
//! `Function(argument, ...)`, `[attribute]`, `"text"`, whole numbers, and comparisons in conditions.
//! [`Expression::parse`] does everything that needs no object: syntax, function names, arity, constant
//! types. What it returns can be evaluated, with an [`Environment`] for what is outside of the object: time, chance,
//! the target. [`Expression::check`] adds what depends on the source schema.
//!
//! ```
//! use expression::{Expression, Isolated, Outcome, Value};
//! use std::collections::BTreeMap;
//!
//! let expression = Expression::parse(r#"ToLower(Join(".", [givenName], [surname]))"#).unwrap();
//! let user = BTreeMap::from([
//!     ("givenName".to_owned(), Value::from("Ada")),
//!     ("surname".to_owned(), Value::from("Lovelace")),
//! ]);
//! assert_eq!(expression.evaluate(&user, &Isolated), Ok(Outcome::Value(Value::from("ada.lovelace"))));
//! ```

mod attributes;
mod compile;
mod datetime;
mod environment;
mod error;
mod evaluate;
mod functions;
mod parts;
mod pattern;
mod suggest;
mod syntax;
mod value;

pub use attributes::{Attributes, KnownAttributes};
pub use environment::{Environment, Isolated, RoleAssignment, Surroundings, Table};
pub use error::{Error, EvalError, Span};
pub use evaluate::Outcome;
pub use functions::{Effect, Kind, Parameter, Presence, Signature, functions};
pub use parts::{Part, PartKind, put_together, take_apart};
pub use suggest::nearest;
pub use value::Value;

use compile::Program;
use evaluate::{Context, Halt};
use std::fmt;
use std::sync::Arc;

/// A compiled expression: immutable, cheap to clone, shared between threads.
#[derive(Clone)]
pub struct Expression(Arc<Program>);

impl Expression {
    /// Reads and compiles an expression. Fails on syntax, unknown functions, a wrong number of arguments
    /// and constants of a wrong type; never on attribute names, for which there is [`Expression::check`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let tree = syntax::parse(text)?;
        Ok(Self(Arc::new(compile::compile(text, &tree)?)))
    }

    /// Checks that the source schema has every attribute the expression reads.
    pub fn check(&self, known: &dyn KnownAttributes) -> Result<(), Error> {
        for attribute in &self.0.attributes {
            if known.contains(&attribute.name) {
                continue;
            }
            let mut error = Error::new(
                self.source(),
                attribute.span,
                format!("the source has no attribute [{}]", attribute.name),
            );
            if let Some(near) = nearest(&attribute.name, known.names()) {
                error = error.with_hint(format!("did you mean [{near}]?"));
            }
            return Err(error);
        }
        Ok(())
    }

    /// Computes the value for one object.
    pub fn evaluate(
        &self,
        attributes: &dyn Attributes,
        environment: &dyn Environment,
    ) -> Result<Outcome, EvalError> {
        let context = Context::new(attributes, environment, self.has(Effect::Redacts));
        match self.0.code.evaluate(&context) {
            Ok(value) => Ok(Outcome::Value(value.into_owned())),
            Err(Halt::Ignore) => Ok(Outcome::Ignore),
            Err(Halt::Ask(candidate)) => Ok(Outcome::Ask(candidate)),
            Err(Halt::Error(error)) => Err(error),
        }
    }

    /// Whether a function in the expression has this effect.
    pub fn has(&self, effect: Effect) -> bool {
        self.0.effects.contains(&effect)
    }

    /// The names of the tables the expression reads.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.0.tables.iter().map(String::as_str)
    }

    /// The names of the attributes the expression reads, as written, each once, in order of appearance.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.attributes.iter().map(|attribute| &*attribute.name)
    }

    /// The text the expression was parsed from, unchanged.
    pub fn source(&self) -> &str {
        &self.0.source
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source()).finish()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.source())
    }
}

impl std::str::FromStr for Expression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

/// Equal when written alike; two ways to write the same mapping are two expressions.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Expression {}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
