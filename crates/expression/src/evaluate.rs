//! Running a program against the attributes of one object.

use crate::error::{EvalError, Span};
use crate::functions::Function;
use crate::syntax::Operator;
use crate::{Attributes, Value};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// A part of a compiled expression.
pub(crate) enum Code {
    Constant(Value),
    Attribute(Arc<str>),
    Compare(Box<Code>, Operator, Box<Code>),
    Call(Call),
}

pub(crate) struct Call {
    pub(crate) function: &'static Function,
    /// `None` where an argument was left empty.
    pub(crate) arguments: Box<[Option<Code>]>,
    pub(crate) span: Span,
}

impl Code {
    /// The value; constants are lent, so that a comparison with one costs nothing.
    pub(crate) fn evaluate(&self, attributes: &dyn Attributes) -> Result<Cow<'_, Value>, EvalError> {
        match self {
            Self::Constant(value) => Ok(Cow::Borrowed(value)),
            Self::Attribute(name) => Ok(Cow::Owned(attributes.get(name))),
            Self::Compare(left, operator, right) => {
                let left = left.evaluate(attributes)?;
                let right = right.evaluate(attributes)?;
                Ok(Cow::Owned(Value::Boolean(holds(&left, *operator, &right))))
            }
            Self::Call(call) => {
                let arguments = Arguments { call, attributes };
                (call.function.call)(&arguments).map(Cow::Owned)
            }
        }
    }
}

fn holds(left: &Value, operator: Operator, right: &Value) -> bool {
    let ordering = compare(left, right);
    match operator {
        Operator::Equal => ordering == Some(Ordering::Equal),
        Operator::NotEqual => ordering != Some(Ordering::Equal),
        Operator::Less => ordering == Some(Ordering::Less),
        Operator::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => ordering == Some(Ordering::Greater),
        Operator::GreaterOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// How two values of a condition relate; `None` when they are of kinds that have no order, which makes every
/// comparison but `<>` false. Numbers and date-times compare as such, also with text that reads as a number;
/// booleans with text in any case; all else as text, character by character. An absent value counts as empty
/// text, so that `[a] = ""` asks for both.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::List(values), other) if values.len() < 2 => {
            compare(values.first().unwrap_or(&Value::Null), other)
        }
        (other, Value::List(values)) if values.len() < 2 => {
            compare(other, values.first().unwrap_or(&Value::Null))
        }
        (Value::List(left), Value::List(right)) => (left == right).then_some(Ordering::Equal),
        (Value::List(_), _) | (_, Value::List(_)) => None,
        (Value::DateTime(left), Value::DateTime(right)) => Some(left.cmp(right)),
        (Value::Integer(_), _) | (_, Value::Integer(_)) => Some(left.integer()?.cmp(&right.integer()?)),
        (Value::Boolean(flag), Value::String(text)) | (Value::String(text), Value::Boolean(flag)) => {
            same_truth(*flag, text)
        }
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Null, Value::String(text)) if text.is_empty() => Some(Ordering::Equal),
        (Value::String(text), Value::Null) if text.is_empty() => Some(Ordering::Equal),
        (Value::Boolean(left), Value::Boolean(right)) => (left == right).then_some(Ordering::Equal),
        (Value::Null, _) | (_, Value::Null) => None,
        _ => (left.text()? == right.text()?).then_some(Ordering::Equal),
    }
}

fn same_truth(flag: bool, text: &str) -> Option<Ordering> {
    let name = if flag { "true" } else { "false" };
    text.eq_ignore_ascii_case(name).then_some(Ordering::Equal)
}

/// The arguments of one call, evaluated when a function asks for them and not before.
pub(crate) struct Arguments<'a> {
    call: &'a Call,
    attributes: &'a dyn Attributes,
}

impl<'a> Arguments<'a> {
    pub(crate) fn len(&self) -> usize {
        self.call.arguments.len()
    }

    /// Whether there is such an argument and it is not left empty.
    pub(crate) fn is_given(&self, index: usize) -> bool {
        matches!(self.call.arguments.get(index), Some(Some(_)))
    }

    /// The value of an argument, lent if it is a constant; null if it is not given.
    pub(crate) fn peek(&self, index: usize) -> Result<Cow<'a, Value>, EvalError> {
        match self.call.arguments.get(index) {
            Some(Some(code)) => code.evaluate(self.attributes),
            _ => Ok(Cow::Owned(Value::Null)),
        }
    }

    /// The value of an argument; null if it is not given.
    pub(crate) fn value(&self, index: usize) -> Result<Value, EvalError> {
        self.peek(index).map(Cow::into_owned)
    }

    /// An argument as text; `None` if it is absent. Several values are an error.
    pub(crate) fn text(&self, index: usize) -> Result<Option<Arc<str>>, EvalError> {
        let value = self.single(index)?;
        Ok(value.into_owned().into_text())
    }

    /// An argument of which there may be one value at most, lent if it is a constant.
    pub(crate) fn single(&self, index: usize) -> Result<Cow<'a, Value>, EvalError> {
        let value = self.peek(index)?;
        match value.count() {
            0 | 1 => Ok(value),
            count => Err(self.fault(
                index,
                &format!("holds {count} values where one is wanted; use Item to pick one or Join to put them together"),
            )),
        }
    }

    /// An argument as a whole number; `None` if it is absent or empty text.
    pub(crate) fn optional_integer(&self, index: usize) -> Result<Option<i64>, EvalError> {
        let value = self.single(index)?;
        if value.is_null_or_empty() {
            return Ok(None);
        }
        let number = value.integer();
        number.map(Some).ok_or_else(|| {
            let shown = shorten(&value.text().unwrap_or_default());
            self.fault(index, &format!("is \"{shown}\", not a whole number"))
        })
    }

    /// An argument as a whole number, which must be there.
    pub(crate) fn integer(&self, index: usize) -> Result<i64, EvalError> {
        self.optional_integer(index)?
            .ok_or_else(|| self.fault(index, "is absent where a whole number is wanted"))
    }

    /// An argument as a condition; absent is false.
    pub(crate) fn truth(&self, index: usize) -> Result<bool, EvalError> {
        let value = self.single(index)?;
        value.truth().ok_or_else(|| {
            let shown = shorten(&value.text().unwrap_or_default());
            self.fault(index, &format!("is \"{shown}\", neither True nor False nor a number"))
        })
    }

    /// An error of this call.
    pub(crate) fn error(&self, message: impl Into<String>) -> EvalError {
        EvalError {
            function: self.call.function.signature.name,
            message: message.into(),
            span: self.call.span,
        }
    }

    /// An error of one argument; `what` completes the sentence that the argument starts.
    pub(crate) fn fault(&self, index: usize, what: &str) -> EvalError {
        let name = self.call.function.signature.parameter(index).name;
        self.error(format!("argument {} ({name}) {what}", index + 1))
    }
}

/// The beginning of a text, for messages.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
