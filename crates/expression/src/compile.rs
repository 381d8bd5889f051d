//! From syntax tree to program: functions resolved, arguments counted, constants checked.

use crate::Value;
use crate::error::{Error, Span};
use crate::evaluate::{Call, Code};
use crate::functions::{self, Effect, Given, Kind, Presence, Signature};
use crate::pattern::Pattern;
use crate::suggest;
use crate::syntax::{self, Constant, Node, Tree};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// A compiled expression.
pub(crate) struct Program {
    pub(crate) source: Box<str>,
    pub(crate) code: Code,
    /// The attributes read, each once, in order of appearance.
    pub(crate) attributes: Vec<AttributeUse>,
    pub(crate) effects: BTreeSet<Effect>,
    /// The tables read.
    pub(crate) tables: BTreeSet<String>,
}

/// An attribute and where it first appears.
pub(crate) struct AttributeUse {
    pub(crate) name: Arc<str>,
    pub(crate) span: Span,
}

pub(crate) fn compile(source: &str, tree: &Tree) -> Result<Program, Error> {
    let mut compiler = Compiler {
        source,
        top: tree.span,
        attributes: Vec::new(),
        seen: HashSet::new(),
        effects: BTreeSet::new(),
        tables: BTreeSet::new(),
    };
    let code = compiler.code(tree)?;
    let Compiler { attributes, effects, tables, .. } = compiler;
    Ok(Program { source: source.into(), code, attributes, effects, tables })
}

/// What stands for the application roles assigned to the object.
const ROLES: &str = "appRoleAssignments";

struct Compiler<'a> {
    source: &'a str,
    /// The place of the whole expression.
    top: Span,
    attributes: Vec<AttributeUse>,
    seen: HashSet<Arc<str>>,
    effects: BTreeSet<Effect>,
    tables: BTreeSet<String>,
}

impl Compiler<'_> {
    fn error(&self, span: Span, message: impl Into<String>) -> Error {
        Error::new(self.source, span, message)
    }

    fn code(&mut self, tree: &Tree) -> Result<Code, Error> {
        Ok(match &tree.node {
            Node::Text(text) => Code::Constant(Value::from(text.as_str())),
            Node::Integer(number) => Code::Constant(Value::Integer(*number)),
            Node::Constant(constant) => Code::Constant(match constant {
                Constant::True => Value::Boolean(true),
                Constant::False => Value::Boolean(false),
                Constant::BinaryCompare => Value::Integer(functions::BINARY_COMPARE),
                Constant::TextCompare => Value::Integer(functions::TEXT_COMPARE),
            }),
            Node::Attribute(name) => Code::Attribute(self.attribute(name, tree.span)),
            Node::Compare(left, operator, right) => {
                Code::Compare(Box::new(self.code(left)?), *operator, Box::new(self.code(right)?))
            }
            Node::Call(call) => Code::Call(self.call(call, tree.span)?),
        })
    }

    fn attribute(&mut self, name: &str, span: Span) -> Arc<str> {
        if let Some(known) = self.seen.get(name) {
            return known.clone();
        }
        let name: Arc<str> = Arc::from(name);
        self.seen.insert(name.clone());
        self.attributes.push(AttributeUse { name: name.clone(), span });
        name
    }

    fn call(&mut self, call: &syntax::Call, span: Span) -> Result<Call, Error> {
        let Some(function) = functions::find(&call.name) else {
            return Err(self.unknown(&call.name, call.name_span));
        };
        let signature = &function.signature;
        if signature.name == functions::TOP_LEVEL && span != self.top {
            return Err(self
                .error(call.name_span, format!("{} can only be the whole of an expression", signature.name))
                .with_hint("move it to the outside and the function around it into each of its rules"));
        }
        self.check_count(signature, call)?;
        for (index, argument) in call.arguments.iter().enumerate() {
            self.check_argument(signature, index, argument.as_ref(), call.name_span)?;
        }
        self.check_together(signature, call)?;
        self.effects.extend(functions::effects(signature.name));
        let mut pattern = None;
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for (index, argument) in call.arguments.iter().enumerate() {
            let Some(tree) = argument else {
                arguments.push(None);
                continue;
            };
            let text = constant_of(tree).and_then(Value::into_text);
            arguments.push(match (signature.parameter(index).kind, text) {
                // The roles are no attribute of the object.
                (Kind::Roles, _) => None,
                (Kind::Pattern, Some(text)) => {
                    if !text.is_empty() {
                        pattern = Some(self.pattern(&text, tree.span)?);
                    }
                    Some(self.code(tree)?)
                }
                (Kind::Table, Some(text)) => {
                    self.tables.insert(text.to_string());
                    Some(self.code(tree)?)
                }
                _ => Some(self.code(tree)?),
            });
        }
        Ok(Call { function, arguments: arguments.into(), pattern, span })
    }

    fn pattern(&self, text: &str, span: Span) -> Result<Pattern, Error> {
        Pattern::compile(text)
            .map_err(|error| self.error(span, format!("this is not a regular expression: {error}")))
    }

    fn check_together(&self, signature: &Signature, call: &syntax::Call) -> Result<(), Error> {
        let given: Vec<Given> = call
            .arguments
            .iter()
            .map(|argument| match argument {
                None => Given::Nothing,
                Some(tree) => constant_of(tree).map_or(Given::Computed, Given::Constant),
            })
            .collect();
        functions::check_together(signature.name, &given).map_err(|(index, message)| {
            let blamed = call.arguments.get(index).and_then(Option::as_ref).filter(|_| index > 0);
            self.error(blamed.map_or(call.name_span, |tree| tree.span), message)
                .with_hint(signature.to_string())
        })
    }

    fn unknown(&self, name: &str, span: Span) -> Error {
        let error = self.error(span, format!("there is no function {name}"));
        if let Some(right) = functions::names().find(|known| known.eq_ignore_ascii_case(name)) {
            return error.with_hint(format!("did you mean {right}? Names of functions are case-sensitive"));
        }
        match suggest::nearest(name, functions::names()) {
            Some(near) => error.with_hint(format!("did you mean {near}?")),
            None => error,
        }
    }

    fn check_count(&self, signature: &Signature, call: &syntax::Call) -> Result<(), Error> {
        let given = call.arguments.len();
        let fault = if given < signature.least_arguments()
            || signature.most_arguments().is_some_and(|most| given > most)
        {
            signature.arity()
        } else if !signature.rounds_complete(given) {
            let names: Vec<&str> = signature.repeated().iter().map(|p| p.name).collect();
            format!("takes its {} together", names.join(" and "))
        } else {
            return Ok(());
        };
        let message = format!("{} {fault}, but {given} are given", signature.name);
        let message = message.replace("but 1 are", "but 1 is");
        Err(self.error(call.name_span, message).with_hint(signature.to_string()))
    }

    fn check_argument(
        &self,
        signature: &Signature,
        index: usize,
        argument: Option<&Tree>,
        name_span: Span,
    ) -> Result<(), Error> {
        let parameter = signature.parameter(index);
        let which = format!("argument {} ({}) of {}", index + 1, parameter.name, signature.name);
        let Some(tree) = argument else {
            return if parameter.presence == Presence::Required {
                Err(self
                    .error(name_span, format!("{which} cannot be left empty"))
                    .with_hint(signature.to_string()))
            } else {
                Ok(())
            };
        };
        let is_roles =
            |tree: &Tree| matches!(&tree.node, Node::Attribute(name) if name.eq_ignore_ascii_case(ROLES));
        if parameter.kind == Kind::Roles {
            return if is_roles(tree) {
                Ok(())
            } else {
                Err(self.error(tree.span, format!("{which} must be [{ROLES}]")))
            };
        }
        let constant = constant_of(tree);
        if parameter.kind == Kind::Table && !matches!(constant, Some(Value::String(_))) {
            let message = format!("{which} must be the name of a table in double quotes");
            return Err(self.error(tree.span, message));
        }
        let Some(constant) = constant else {
            return Ok(());
        };
        let text = constant.text().unwrap_or_default();
        functions::check_date(parameter.kind, &text)
            .map_err(|error| self.error(tree.span, format!("{which} {error}")))?;
        let wanted = match parameter.kind {
            Kind::Integer if constant.integer().is_none() => "a whole number",
            Kind::Boolean if constant.truth().is_none() => "a condition, True or False",
            Kind::Culture if !functions::is_culture(&text) => "the name of a culture like \"tr-TR\"",
            _ => return Ok(()),
        };
        Err(self.error(tree.span, format!("{which} must be {wanted}")))
    }
}

fn constant_of(tree: &Tree) -> Option<Value> {
    match &tree.node {
        Node::Text(text) => Some(Value::from(text.as_str())),
        Node::Integer(number) => Some(Value::Integer(*number)),
        Node::Constant(Constant::True) => Some(Value::Boolean(true)),
        Node::Constant(Constant::False) => Some(Value::Boolean(false)),
        // The comparison types are numbers to the functions that take one.
        Node::Constant(Constant::BinaryCompare | Constant::TextCompare) => Some(Value::Integer(0)),
        Node::Attribute(_) | Node::Compare(..) | Node::Call(_) => None,
    }
}
