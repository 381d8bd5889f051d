//! Parts of texts and texts put together. Positions and lengths count characters, positions from 1.

use super::Kind::{Any, Integer, Text};
use super::{Function, MAX_TEXT, Signature, casing, diacritics, empty, optional, required, too_long};
use crate::evaluate::{Arguments, Halt};
use crate::value::Value;
use std::sync::Arc;

/// `vbBinaryCompare`: letters differ by case.
pub(crate) const BINARY_COMPARE: i64 = 0;
/// `vbTextCompare`: they do not.
pub(crate) const TEXT_COMPARE: i64 = 1;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        signature: Signature {
            name: "Append",
            parameters: &[required("source", Text), empty("suffix", Text)],
            repeating: 0,
            summary: "The source with the suffix behind it. An absent source stays absent.",
            example: r#"Append([userPrincipalName], ".test")"#,
        },
        call: append,
    },
    Function {
        signature: Signature {
            name: "Join",
            parameters: &[empty("separator", Text), empty("source", Any)],
            repeating: 1,
            summary: "All values of the sources, the separator between them. Absent and empty values are left \
                      out, lists contribute each of their values.",
            example: r#"Join(" ", [givenName], [surname])"#,
        },
        call: join,
    },
    Function {
        signature: Signature {
            name: "Left",
            parameters: &[required("string", Text), required("numChars", Integer)],
            repeating: 0,
            summary: "The first characters of a text: all of it if it is shorter or the number negative, the \
                      empty string if it is absent.",
            example: r#"Left("John Doe", 3)"#,
        },
        call: left,
    },
    Function {
        signature: Signature {
            name: "Mid",
            parameters: &[required("source", Text), required("start", Integer), required("length", Integer)],
            repeating: 0,
            summary: "The characters from a position, 1 being the first, as many as there are up to the length. \
                      An absent source stays absent.",
            example: "Mid([givenName], 1, 3)",
        },
        call: mid,
    },
    Function {
        signature: Signature {
            name: "InStr",
            parameters: &[
                required("value1", Text),
                required("value2", Text),
                optional("start", Integer),
                optional("compareType", Integer),
            ],
            repeating: 0,
            summary: "The position at which the first text contains the second, searched from start on; 0 if it \
                      does not. vbTextCompare ignores case, vbBinaryCompare, the default, does not.",
            example: r#"InStr("The quick brown fox", "quick")"#,
        },
        call: in_str,
    },
    Function {
        signature: Signature {
            name: "Word",
            parameters: &[
                required("string", Text),
                required("wordNumber", Integer),
                required("delimiters", Text),
            ],
            repeating: 0,
            summary: "One word of a text, 1 being the first; each character of the delimiters separates words. \
                      The empty string if there is no such word.",
            example: r#"Word("The quick brown fox", 3, " ")"#,
        },
        call: word,
    },
    Function {
        signature: Signature {
            name: "StripSpaces",
            parameters: &[required("source", Text)],
            repeating: 0,
            summary: "The source without its spaces.",
            example: "StripSpaces([displayName])",
        },
        call: strip_spaces,
    },
    Function {
        signature: Signature {
            name: "NormalizeDiacritics",
            parameters: &[required("source", Text)],
            repeating: 0,
            summary: "The source with Latin letters freed from their accents and marks, and letters like æ, ø and ß \
                      spelt out.",
            example: "NormalizeDiacritics([givenName])",
        },
        call: |args| Ok(args.text(0)?.map(diacritics::normalize).into()),
    },
    Function {
        signature: Signature {
            name: "Trim",
            parameters: &[required("source", Text)],
            repeating: 0,
            summary: "The source without white space at its ends.",
            example: "Trim([displayName])",
        },
        call: |args| Ok(args.text(0)?.map(|text| part(&text, text.trim())).into()),
    },
    Function {
        signature: Signature {
            name: "Length",
            parameters: &[required("source", Text)],
            repeating: 0,
            summary: "The number of characters; 0 if the source is absent.",
            example: "IIF(Length([employeeId]) > 8, Left([employeeId], 8), [employeeId])",
        },
        call: |args| {
            let source = args.single(0)?;
            let length = source.text().map_or(0, |text| text.chars().count());
            Ok(Value::Integer(number(length)))
        },
    },
    Function {
        signature: Signature {
            name: "Contains",
            parameters: &[required("source", Any), required("value", Text)],
            repeating: 0,
            summary: "True if the source, or one of its values, contains the text, case-sensitively.",
            example: r#"Contains([jobTitle], "Engineer")"#,
        },
        call: |args| any_value(args, |text, wanted| text.contains(wanted)),
    },
    Function {
        signature: Signature {
            name: "StartsWith",
            parameters: &[required("source", Any), required("value", Text)],
            repeating: 0,
            summary: "True if the source, or one of its values, starts with the text, case-sensitively.",
            example: r#"StartsWith([employeeId], "EXT")"#,
        },
        call: |args| any_value(args, |text, wanted| text.starts_with(wanted)),
    },
    Function {
        signature: Signature {
            name: "EndsWith",
            parameters: &[required("source", Any), required("value", Text)],
            repeating: 0,
            summary: "True if the source, or one of its values, ends with the text, case-sensitively.",
            example: r#"EndsWith([mail], "@example.com")"#,
        },
        call: |args| any_value(args, |text, wanted| text.ends_with(wanted)),
    },
];

/// A part of a text; the text itself, without a copy, if that is all of it.
fn part(whole: &Arc<str>, part: &str) -> Arc<str> {
    if part.len() == whole.len() { whole.clone() } else { Arc::from(part) }
}

/// A count of things in memory as a number of the language.
pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn append(args: &Arguments<'_>) -> Result<Value, Halt> {
    let Some(source) = args.text(0)? else {
        return Ok(Value::Null);
    };
    let suffix = args.single(1)?;
    let suffix = suffix.text().unwrap_or_default();
    if suffix.is_empty() {
        return Ok(Value::String(source));
    }
    let mut text = String::with_capacity(source.len() + suffix.len());
    text.push_str(&source);
    text.push_str(&suffix);
    Ok(Value::from(text))
}

fn join(args: &Arguments<'_>) -> Result<Value, Halt> {
    let separator = args.single(0)?;
    let separator = separator.text().unwrap_or_default();
    let mut joined = String::with_capacity(64);
    for index in 1..args.len() {
        if !join_value(&mut joined, &separator, &*args.peek(index)?) {
            return Err(args.error(too_long()));
        }
    }
    Ok(Value::from(joined))
}

/// Adds a value, or each of a list; false if the text grew too long.
fn join_value(joined: &mut String, separator: &str, value: &Value) -> bool {
    if let Value::List(values) = value {
        return values.iter().all(|value| join_value(joined, separator, value));
    }
    if value.is_null_or_empty() {
        return true;
    }
    if !joined.is_empty() {
        joined.push_str(separator);
    }
    value.write_text(joined);
    joined.len() <= MAX_TEXT
}

/// The byte offset behind the first `count` characters, or the end.
fn offset(text: &str, count: usize) -> usize {
    if text.is_ascii() {
        return count.min(text.len());
    }
    let found = text.char_indices().nth(count);
    found.map_or(text.len(), |(at, _)| at)
}

fn left(args: &Arguments<'_>) -> Result<Value, Halt> {
    let count = args.integer(1)?;
    let Some(text) = args.text(0)? else {
        return Ok(Value::from(""));
    };
    let end = usize::try_from(count).map_or(text.len(), |count| offset(&text, count));
    Ok(Value::String(part(&text, &text[..end])))
}

fn mid(args: &Arguments<'_>) -> Result<Value, Halt> {
    let start = usize::try_from(args.integer(1)?)
        .ok()
        .and_then(|start| start.checked_sub(1))
        .ok_or_else(|| args.fault(1, "must be 1, for the first character, or more"))?;
    let length = usize::try_from(args.integer(2)?).map_err(|_| args.fault(2, "must not be negative"))?;
    let Some(text) = args.text(0)? else {
        return Ok(Value::Null);
    };
    let rest = &text[offset(&text, start)..];
    Ok(Value::String(part(&text, &rest[..offset(rest, length)])))
}

fn in_str(args: &Arguments<'_>) -> Result<Value, Halt> {
    let compare = args.optional_integer(3)?.unwrap_or(BINARY_COMPARE);
    if compare != BINARY_COMPARE && compare != TEXT_COMPARE {
        return Err(args.fault(3, "must be vbBinaryCompare or vbTextCompare"));
    }
    let start = args.optional_integer(2)?.unwrap_or(1);
    let skipped = usize::try_from(start.saturating_sub(1)).unwrap_or(0);
    let (Some(text), Some(wanted)) = (args.text(0)?, args.text(1)?) else {
        return Ok(Value::Integer(0));
    };
    let (text, wanted) =
        if compare == TEXT_COMPARE { (casing::fold(&text), casing::fold(&wanted)) } else { (text, wanted) };
    if skipped > 0 && text.chars().nth(skipped - 1).is_none() {
        return Ok(Value::Integer(0));
    }
    let from = offset(&text, skipped);
    let found = text[from..].find(&*wanted);
    Ok(Value::Integer(found.map_or(0, |at| number(text[..from + at].chars().count() + 1))))
}

fn word(args: &Arguments<'_>) -> Result<Value, Halt> {
    let wanted = args.integer(1)?;
    let delimiters = args.single(2)?;
    let delimiters = delimiters.text().unwrap_or_default();
    let text = args.text(0)?.unwrap_or_default();
    let found = usize::try_from(wanted).ok().and_then(|wanted| wanted.checked_sub(1)).and_then(|skipped| {
        let words = text.split(|c| delimiters.contains(c));
        words.filter(|word| !word.is_empty()).nth(skipped)
    });
    Ok(Value::String(part(&text, found.unwrap_or_default())))
}

fn strip_spaces(args: &Arguments<'_>) -> Result<Value, Halt> {
    Ok(match args.text(0)? {
        Some(text) if text.contains(' ') => Value::from(text.replace(' ', "")),
        other => Value::from(other),
    })
}

/// Whether a value of the first argument relates to the text of the second as asked.
fn any_value(args: &Arguments<'_>, relates: impl Fn(&str, &str) -> bool) -> Result<Value, Halt> {
    let source = args.peek(0)?;
    let wanted = args.single(1)?;
    let found = match (&*source, wanted.text()) {
        (_, None) => false,
        (Value::List(values), Some(wanted)) => {
            values.iter().filter_map(Value::text).any(|text| relates(&text, &wanted))
        }
        (single, Some(wanted)) => single.text().is_some_and(|text| relates(&text, &wanted)),
    };
    Ok(Value::Boolean(found))
}
