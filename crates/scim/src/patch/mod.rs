//! PATCH (RFC 7644 section 3.5.2): requests, and what they do to a resource.

mod apply;
mod element;
mod members;
mod read;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub use apply::{Applied, apply};
pub use members::{Member, MemberEdit};
pub(crate) use members::{MemberReader, Members, parse_members};

use crate::error::Error;
use crate::path::{AttrPath, Path};
use crate::quirk::{Quirk, Quirks};
use crate::resource::{get, kind_of};
use crate::urn;
use crate::words::words;
use read::Apart;

words! {
    /// What an operation does.
    Op {
        /// Adds values, or sets an attribute.
        Add = "add",
        /// Replaces values.
        Replace = "replace",
        /// Removes values.
        Remove = "remove",
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What it does.
    pub op: Op,
    /// Where; none for the resource itself.
    pub path: Option<Path>,
    /// The value; none where the request has none (`null` is a value), and where `members` has it.
    pub value: Option<Value>,
    /// The value of an operation on `members`, where it was read apart.
    pub members: Option<Vec<Member>>,
}

/// A parsed PATCH body.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchRequest {
    /// The operations in order.
    pub operations: Vec<Operation>,
    /// Deviations met while parsing; [`apply`] reports them again with its own.
    pub quirks: Quirks,
}

impl PatchRequest {
    /// Most operations of one request.
    pub const OPERATIONS: usize = 1000;

    /// Reads a body from bytes. Errors: `invalidSyntax`, and those of [`PatchRequest::parse`].
    pub fn from_slice(body: &[u8]) -> Result<Self, Error> {
        let mut quirks = Quirks::new();
        let (body, apart) = read::patch(body, &mut quirks)?;
        Self::with(body, apart, quirks)
    }

    /// Reads a body. Errors: `invalidSyntax` (structure, unknown `op`, too many operations), `invalidPath`,
    /// `noTarget` (remove without a path), `invalidValue` (no value to add or replace).
    pub fn parse(body: Value) -> Result<Self, Error> {
        Self::with(body, Apart::default(), Quirks::new())
    }

    /// As [`Self::parse`], with the members that were read apart, by the position of their operation.
    fn with(body: Value, mut apart: Apart, mut quirks: Quirks) -> Result<Self, Error> {
        let Value::Object(mut body) = body else {
            return Err(Error::syntax(format!("a PATCH body is an object, not {}", kind_of(&body))));
        };
        let named = match get(&body, "schemas") {
            Some(Value::Array(list)) => {
                list.iter().any(|id| id.as_str().is_some_and(|id| id.eq_ignore_ascii_case(urn::PATCH_OP)))
            }
            _ => false,
        };
        if !named {
            quirks.note(Quirk::PatchSchemas);
        }
        let operations = match take(&mut body, "Operations") {
            Some(Value::Array(operations)) => operations,
            Some(single @ Value::Object(_)) => {
                quirks.at(Quirk::SingleForList, "Operations");
                vec![single]
            }
            _ => return Err(Error::syntax("a PATCH body has a list \"Operations\"; the request has none")),
        };
        if operations.is_empty() || operations.len() > Self::OPERATIONS {
            return Err(Error::syntax(format!(
                "a PATCH body has 1 to {} operations; the request has {}",
                Self::OPERATIONS,
                operations.len()
            )));
        }
        let read = |(position, operation)| {
            let members = apart.remove(&position).transpose();
            let operation = members.and_then(|members| parse_operation(operation, members, &mut quirks));
            operation.map_err(|error| error.at(&place(position)))
        };
        let operations = operations.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { operations, quirks })
    }
}

/// How errors name an operation: from 1.
fn place(position: usize) -> String {
    format!("operation {}", position + 1)
}

/// Takes the value under a name in any case.
fn take(object: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.shift_remove(&key)
}

fn parse_operation(
    operation: Value,
    mut members: Option<Vec<Member>>,
    quirks: &mut Quirks,
) -> Result<Operation, Error> {
    let Value::Object(mut operation) = operation else {
        return Err(Error::syntax(format!("an operation is an object, not {}", kind_of(&operation))));
    };
    let word = take(&mut operation, "op").unwrap_or(Value::Null);
    let Some(op) = word.as_str().and_then(Op::parse) else {
        return Err(Error::syntax(format!(
            "op is add, replace or remove; the request has {}",
            kind_of(&word)
        )));
    };
    if word.as_str() != Some(op.as_str()) {
        quirks.at(Quirk::OperationCase, word.as_str().unwrap_or_default());
    }
    let path = match take(&mut operation, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => {
            quirks.note(Quirk::EmptyPath);
            None
        }
        Some(Value::String(text)) => Some(Path::parse_noting(&text, quirks)?),
        Some(other) => {
            return Err(Error::path(format!("path is a string; the request has {}", kind_of(&other))));
        }
    };
    let mut value = take(&mut operation, "value");
    let on_members = |path: &Path| path.filter.is_none() && path.attr == AttrPath::of("members");
    if path.as_ref().is_some_and(on_members)
        && let Some(whole) = value.take_if(|value| !value.is_null())
    {
        // As lists are that come in by themselves: as JSON a list takes many times as much.
        members = Some(parse_members(whole, quirks)?);
    }
    match (op, &path, &value) {
        (Op::Remove, None, _) => Err(Error::of(
            crate::ScimType::NoTarget,
            "a remove operation must have a path that says what to remove",
        )),
        (Op::Add | Op::Replace, _, None) if members.is_none() => {
            Err(Error::value(format!("{op} must have a value; to clear an attribute use remove")))
        }
        (Op::Add | Op::Replace, None, Some(value)) if !value.is_object() => Err(Error::value(format!(
            "{op} without a path takes an object of attributes as its value, not {}",
            kind_of(value)
        ))),
        _ => Ok(Operation { op, path, value, members }),
    }
}
