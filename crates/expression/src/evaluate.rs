//! Running a program against the attributes of one object.

use crate::error::{EvalError, Span};
use crate::functions::Function;
use crate::pattern::Pattern;
use crate::syntax::Operator;
use crate::{Attributes, Environment, Value, datetime};
use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::Arc;

/// What came of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The value; null if there is none.
    Value(Value),
    /// The target attribute is to be left as it is.
    Ignore,
    /// Whether the target has this value must be known first: ask it, and evaluate anew with an
    /// [`Environment`] that knows the answer.
    Ask(Arc<str>),
}

impl Outcome {
    /// The value; `None` if the attribute is left alone or the target is to be asked.
    pub fn into_value(self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Ignore | Self::Ask(_) => None,
        }
    }
}

/// Why an evaluation ends without the value of the part that is being evaluated.
#[derive(Debug)]
pub(crate) enum Halt {
    Error(EvalError),
    Ignore,
    Ask(Arc<str>),
}

/// What every part of one evaluation sees.
pub(crate) struct Context<'a> {
    pub(crate) attributes: &'a dyn Attributes,
    pub(crate) environment: &'a dyn Environment,
    /// Values must not be shown, not even in messages.
    pub(crate) redacted: bool,
    random: RefCell<Option<ChaCha20Rng>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        attributes: &'a dyn Attributes,
        environment: &'a dyn Environment,
        redacted: bool,
    ) -> Self {
        Self { attributes, environment, redacted, random: RefCell::new(None) }
    }

    /// The next random bytes; all calls of one evaluation draw from one stream.
    fn fill(&self, bytes: &mut [u8]) {
        let mut random = self.random.borrow_mut();
        random.get_or_insert_with(|| ChaCha20Rng::from_seed(self.environment.seed())).fill_bytes(bytes);
    }
}

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
    /// The regular expression among the arguments, if it is a constant.
    pub(crate) pattern: Option<Pattern>,
    pub(crate) span: Span,
}

impl Code {
    /// The value; constants are lent, so that a comparison with one costs nothing.
    pub(crate) fn evaluate(&self, context: &Context<'_>) -> Result<Cow<'_, Value>, Halt> {
        match self {
            Self::Constant(value) => Ok(Cow::Borrowed(value)),
            Self::Attribute(name) => Ok(Cow::Owned(context.attributes.get(name))),
            Self::Compare(left, operator, right) => {
                let left = left.evaluate(context)?;
                let right = right.evaluate(context)?;
                Ok(Cow::Owned(Value::Boolean(holds(&left, *operator, &right))))
            }
            Self::Call(call) => {
                let arguments = Arguments { call, context };
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
    context: &'a Context<'a>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn len(&self) -> usize {
        self.call.arguments.len()
    }

    /// Whether there is such an argument and it is not left empty.
    pub(crate) fn is_given(&self, index: usize) -> bool {
        matches!(self.call.arguments.get(index), Some(Some(_)))
    }

    /// Whether an argument is the constant `""`.
    pub(crate) fn is_empty_constant(&self, index: usize) -> bool {
        matches!(self.call.arguments.get(index), Some(Some(Code::Constant(value))) if value.is_null_or_empty())
    }

    /// The value of an argument, lent if it is a constant; null if it is not given.
    pub(crate) fn peek(&self, index: usize) -> Result<Cow<'a, Value>, Halt> {
        match self.call.arguments.get(index) {
            Some(Some(code)) => code.evaluate(self.context),
            _ => Ok(Cow::Owned(Value::Null)),
        }
    }

    /// The value of an argument; null if it is not given.
    pub(crate) fn value(&self, index: usize) -> Result<Value, Halt> {
        self.peek(index).map(Cow::into_owned)
    }

    /// An argument as text; `None` if it is absent. Several values are an error.
    pub(crate) fn text(&self, index: usize) -> Result<Option<Arc<str>>, Halt> {
        let value = self.single(index)?;
        Ok(value.into_owned().into_text())
    }

    /// An argument of which there may be one value at most, lent if it is a constant.
    pub(crate) fn single(&self, index: usize) -> Result<Cow<'a, Value>, Halt> {
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
    pub(crate) fn optional_integer(&self, index: usize) -> Result<Option<i64>, Halt> {
        let value = self.single(index)?;
        if value.is_null_or_empty() {
            return Ok(None);
        }
        let number = value.integer();
        number.map(Some).ok_or_else(|| {
            let shown = self.shown(&value.text().unwrap_or_default());
            self.fault(index, &format!("is {shown}, not a whole number"))
        })
    }

    /// An argument as a whole number, which must be there.
    pub(crate) fn integer(&self, index: usize) -> Result<i64, Halt> {
        self.optional_integer(index)?
            .ok_or_else(|| self.fault(index, "is absent where a whole number is wanted"))
    }

    /// An argument as a condition; absent is false.
    pub(crate) fn truth(&self, index: usize) -> Result<bool, Halt> {
        let value = self.single(index)?;
        value.truth().ok_or_else(|| {
            let shown = self.shown(&value.text().unwrap_or_default());
            self.fault(index, &format!("is {shown}, neither True nor False nor a number"))
        })
    }

    /// An argument as a date-time; `None` if it is absent or empty text.
    pub(crate) fn date_time(&self, index: usize) -> Result<Option<Timestamp>, Halt> {
        let value = self.single(index)?;
        if let Some(time) = value.date_time() {
            return Ok(Some(time));
        }
        let Some(text) = value.text().filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        datetime::parse(&text).map(Some).map_err(|error| {
            let shown = self.shown(&text);
            self.fault(index, &format!("is {shown}, which is not a date-time: {error}"))
        })
    }

    /// The regular expression that is the argument of this index, compiled once if it is a constant.
    pub(crate) fn pattern(&self, index: usize) -> Result<Cow<'a, Pattern>, Halt> {
        if let Some(pattern) = &self.call.pattern {
            return Ok(Cow::Borrowed(pattern));
        }
        let text = self.text(index)?.unwrap_or_default();
        let compiled = Pattern::compile(&text);
        compiled
            .map(Cow::Owned)
            .map_err(|error| self.fault(index, &format!("is not a regular expression: {error}")))
    }

    /// What is outside of the object.
    pub(crate) fn environment(&self) -> &'a dyn Environment {
        self.context.environment
    }

    /// The next random bytes.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.context.fill(bytes);
    }

    /// A text for messages: its beginning in quotes, or nothing of it if the expression redacts.
    pub(crate) fn shown(&self, text: &str) -> String {
        if self.context.redacted { "[Redact]".to_owned() } else { format!("\"{}\"", shorten(text)) }
    }

    /// An error of this call.
    pub(crate) fn error(&self, message: impl Into<String>) -> Halt {
        Halt::Error(EvalError {
            function: self.call.function.signature.name,
            message: message.into(),
            span: self.call.span,
        })
    }

    /// An error of one argument; `what` completes the sentence that the argument starts.
    pub(crate) fn fault(&self, index: usize, what: &str) -> Halt {
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
