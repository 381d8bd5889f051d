//! Conditions, choices and conversions.

use super::Kind::{Any, Boolean, Text};
use super::{Function, Signature, empty, required};
use crate::evaluate::{Arguments, Halt};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        signature: Signature {
            name: "Switch",
            parameters: &[
                required("source", Text),
                empty("defaultValue", Any),
                empty("key", Text),
                empty("value", Any),
            ],
            repeating: 2,
            summary: "The value behind the first key that equals the source, case-sensitively; otherwise the \
                      default, or null without one. An absent source equals the key \"\".",
            example: r#"Switch([state], "Australia/Sydney", "QLD", "Australia/Brisbane")"#,
        },
        call: switch,
    },
    Function {
        signature: Signature {
            name: "IIF",
            parameters: &[
                required("condition", Boolean),
                empty("valueIfTrue", Any),
                empty("valueIfFalse", Any),
            ],
            repeating: 0,
            summary: "The second argument if the condition holds, else the third.",
            example: r#"IIF([country] = "USA", [country], [department])"#,
        },
        call: |args| args.value(if args.truth(0)? { 1 } else { 2 }),
    },
    Function {
        signature: Signature {
            name: "Coalesce",
            parameters: &[required("source", Any)],
            repeating: 1,
            summary: "The first argument that is not null; null if all are.",
            example: "Coalesce([mail], [userPrincipalName])",
        },
        call: coalesce,
    },
    Function {
        signature: Signature {
            name: "Not",
            parameters: &[required("source", Any)],
            repeating: 0,
            summary: "False if the source is True, otherwise True, also for an absent source.",
            example: "Not([IsSoftDeleted])",
        },
        call: |args| Ok(Value::Boolean(args.single(0)?.truth() != Some(true))),
    },
    Function {
        signature: Signature {
            name: "And",
            parameters: &[required("condition", Boolean)],
            repeating: 1,
            summary: "True if all conditions hold; those behind the first that does not are not evaluated.",
            example: r#"And([country] = "USA", [state] = "CA")"#,
        },
        call: |args| all(args, true),
    },
    Function {
        signature: Signature {
            name: "Or",
            parameters: &[required("condition", Boolean)],
            repeating: 1,
            summary: "True if one of the conditions holds; those behind it are not evaluated.",
            example: r#"Or([country] = "USA", [country] = "Canada")"#,
        },
        call: |args| all(args, false),
    },
    Function {
        signature: Signature {
            name: "IsNull",
            parameters: &[required("expression", Any)],
            repeating: 0,
            summary: "True if the value is absent. The empty string is not.",
            example: "IsNull([displayName])",
        },
        call: |args| Ok(Value::Boolean(args.peek(0)?.is_null())),
    },
    Function {
        signature: Signature {
            name: "IsNullOrEmpty",
            parameters: &[required("expression", Any)],
            repeating: 0,
            summary: "True if the value is absent or the empty string.",
            example: "IsNullOrEmpty([displayName])",
        },
        call: |args| Ok(Value::Boolean(args.peek(0)?.is_null_or_empty())),
    },
    Function {
        signature: Signature {
            name: "IsPresent",
            parameters: &[required("expression", Any)],
            repeating: 0,
            summary: "True if the value is neither absent nor the empty string.",
            example: "IIF(IsPresent([manager]), [manager], [director])",
        },
        call: |args| Ok(Value::Boolean(!args.peek(0)?.is_null_or_empty())),
    },
    Function {
        signature: Signature {
            name: "IsString",
            parameters: &[required("expression", Any)],
            repeating: 0,
            summary: "True if the value is text, not a number, a boolean, a date-time or absent.",
            example: "IsString([employeeId])",
        },
        call: |args| Ok(Value::Boolean(is_string(&*args.peek(0)?))),
    },
    Function {
        signature: Signature {
            name: "CBool",
            parameters: &[required("expression", Any)],
            repeating: 0,
            summary: "The value as a boolean: True for True and for numbers other than zero, False for False, \
                      zero and absence.",
            example: "CBool([mail] = [userPrincipalName])",
        },
        call: |args| args.truth(0).map(Value::Boolean),
    },
    Function {
        signature: Signature {
            name: "CStr",
            parameters: &[required("value", Any)],
            repeating: 0,
            summary: "The value as text; null stays null.",
            example: "CStr([employeeNumber])",
        },
        call: |args| args.text(0).map(Value::from),
    },
];

fn switch(args: &Arguments<'_>) -> Result<Value, Halt> {
    let source = args.single(0)?;
    let source = source.text().unwrap_or_default();
    for key in (2..args.len()).step_by(2) {
        let candidate = args.single(key)?;
        if candidate.text().unwrap_or_default() == source {
            return args.value(key + 1);
        }
    }
    args.value(1)
}

fn coalesce(args: &Arguments<'_>) -> Result<Value, Halt> {
    for index in 0..args.len() {
        let value = args.peek(index)?;
        if !value.is_null() {
            return Ok(value.into_owned());
        }
    }
    Ok(Value::Null)
}

/// Whether every condition reads as `wanted`; the answer is `wanted` then.
fn all(args: &Arguments<'_>, wanted: bool) -> Result<Value, Halt> {
    for index in 0..args.len() {
        if args.truth(index)? != wanted {
            return Ok(Value::Boolean(!wanted));
        }
    }
    Ok(Value::Boolean(wanted))
}

fn is_string(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::List(values) => matches!(values.as_slice(), [one] if is_string(one)),
        _ => false,
    }
}
