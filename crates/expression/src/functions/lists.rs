//! Multi-valued attributes.

use super::Kind::{Any, Integer, Text};
use super::text::number;
use super::{Function, Signature, required};
use crate::evaluate::{Arguments, Halt};
use crate::value::Value;
use std::collections::HashSet;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        signature: Signature {
            name: "Split",
            parameters: &[required("source", Text), required("delimiter", Text)],
            repeating: 0,
            summary: "The parts of a text between the delimiters, as a list, without white space around them.",
            example: r#"Split([extensionAttribute5], ",")"#,
        },
        call: split,
    },
    Function {
        signature: Signature {
            name: "Item",
            parameters: &[required("attribute", Any), required("index", Integer)],
            repeating: 0,
            summary: "One value of a list, 1 being the first; null if there is no such value.",
            example: "Item([proxyAddresses], 1)",
        },
        call: item,
    },
    Function {
        signature: Signature {
            name: "Count",
            parameters: &[required("attribute", Any)],
            repeating: 0,
            summary: "The number of values: 0 if absent, 1 for a single value.",
            example: "Count([proxyAddresses])",
        },
        call: |args| Ok(Value::Integer(number(args.peek(0)?.count()))),
    },
    Function {
        signature: Signature {
            name: "RemoveDuplicates",
            parameters: &[required("attribute", Any)],
            repeating: 0,
            summary: "The list with each value once, where it first appears. Letters differ by case.",
            example: "RemoveDuplicates([proxyAddresses])",
        },
        call: remove_duplicates,
    },
];

fn split(args: &Arguments<'_>) -> Result<Value, Halt> {
    let delimiter = args.single(1)?;
    let delimiter = delimiter.text().unwrap_or_default();
    let Some(text) = args.text(0)? else {
        return Ok(Value::Null);
    };
    Ok(Value::List(if text.trim().is_empty() {
        Vec::new()
    } else if delimiter.is_empty() {
        vec![Value::String(text)]
    } else {
        let parts = text.split(&*delimiter);
        parts.map(|part| Value::from(part.trim())).collect()
    }))
}

fn item(args: &Arguments<'_>) -> Result<Value, Halt> {
    let index = usize::try_from(args.integer(1)?).ok();
    let index = index.and_then(|index| index.checked_sub(1));
    let value = match (args.value(0)?, index) {
        (Value::List(mut values), Some(index)) if index < values.len() => Some(values.swap_remove(index)),
        (_, None) | (Value::List(_), Some(_)) => None,
        (single, Some(index)) => (index == 0).then_some(single),
    };
    Ok(value.unwrap_or_default())
}

fn remove_duplicates(args: &Arguments<'_>) -> Result<Value, Halt> {
    let Value::List(values) = args.value(0)? else {
        return args.value(0);
    };
    let mut seen = HashSet::with_capacity(values.len());
    let firsts: Vec<bool> = values.iter().map(|value| seen.insert(value)).collect();
    let kept = values.into_iter().zip(firsts);
    Ok(Value::List(kept.filter_map(|(value, first)| first.then_some(value)).collect()))
}
