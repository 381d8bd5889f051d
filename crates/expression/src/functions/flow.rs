//! What is decided with the outside: whether and where a value flows, roles, tables, uniqueness in the target.

use super::Kind::{Any, Roles, Table, Text};
use super::{Function, Signature, optional, required};
use crate::evaluate::{Arguments, Halt};
use crate::value::Value;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        signature: Signature {
            name: "IgnoreFlowIfNullOrEmpty",
            parameters: &[required("expression", Any)],
            repeating: 0,
            summary: "The value; where it is absent or the empty string, the target attribute is left as it is, whatever \
                      else the expression does.",
            example: "IgnoreFlowIfNullOrEmpty([department])",
        },
        call: |args| {
            let value = args.value(0)?;
            if value.is_null_or_empty() { Err(Halt::Ignore) } else { Ok(value) }
        },
    },
    Function {
        signature: Signature {
            name: "Redact",
            parameters: &[required("value", Any)],
            repeating: 0,
            summary: "The value; logs show [Redact] in place of anything the expression yields.",
            example: "Redact([userPrincipalName])",
        },
        call: |args| args.value(0),
    },
    Function {
        signature: Signature {
            name: "SelectUniqueValue",
            parameters: &[required("uniqueValueRule", Text), required("uniqueValueRule", Text)],
            repeating: 1,
            summary: "The first of the values that no object of the target has. Values that are absent or empty are passed \
                      over. Only at the top of an expression.",
            example: r#"SelectUniqueValue(Join("@", [mailNickname], "example.com"), Join("@", [employeeId], "example.com"))"#,
        },
        call: select_unique_value,
    },
    Function {
        signature: Signature {
            name: "SingleAppRoleAssignment",
            parameters: &[required("appRoleAssignments", Roles)],
            repeating: 0,
            summary: "The value of the first application role assigned to the object; null without one.",
            example: "SingleAppRoleAssignment([appRoleAssignments])",
        },
        call: |args| Ok(args.environment().roles().first().map(|role| Value::from(role.text())).into()),
    },
    Function {
        signature: Signature {
            name: "AppRoleAssignmentsComplex",
            parameters: &[required("appRoleAssignments", Roles)],
            repeating: 0,
            summary: "All application roles assigned to the object, as elements of SCIM's roles. Roles that the target has \
                      beside them stay.",
            example: "AppRoleAssignmentsComplex([appRoleAssignments])",
        },
        call: |args| Ok(roles(args)),
    },
    Function {
        signature: Signature {
            name: "AssertiveAppRoleAssignmentsComplex",
            parameters: &[required("appRoleAssignments", Roles)],
            repeating: 0,
            summary: "All application roles assigned to the object, as elements of SCIM's roles. Roles that the target has \
                      beside them are removed.",
            example: "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])",
        },
        call: |args| Ok(roles(args)),
    },
    Function {
        signature: Signature {
            name: "Lookup",
            parameters: &[required("source", Text), required("table", Table), optional("defaultValue", Any)],
            repeating: 0,
            summary: "The value that a table kept with the job has for the source, case-sensitively; otherwise the default, \
                      or null without one. An absent source is looked up as \"\".",
            example: r#"Lookup([department], "costCentres", "0000")"#,
        },
        call: lookup,
    },
];

fn roles(args: &Arguments<'_>) -> Value {
    let roles = args.environment().roles();
    Value::List(roles.iter().map(|role| Value::Role(Arc::clone(role))).collect())
}

fn select_unique_value(args: &Arguments<'_>) -> Result<Value, Halt> {
    let mut tried = 0;
    for index in 0..args.len() {
        let Some(candidate) = args.text(index)?.filter(|text| !text.is_empty()) else { continue };
        tried += 1;
        match args.environment().is_taken(&candidate) {
            Some(false) => return Ok(Value::String(candidate)),
            Some(true) => {}
            None => return Err(Halt::Ask(candidate)),
        }
    }
    Err(args.error(match tried {
        0 => "none of the rules yields a value".to_owned(),
        1 => "the target has the value that the rules yield already; add a rule".to_owned(),
        _ => format!("the target has all {tried} values that the rules yield already; add a rule"),
    }))
}

fn lookup(args: &Arguments<'_>) -> Result<Value, Halt> {
    let name = args.text(1)?.unwrap_or_default();
    let Some(table) = args.environment().table(&name) else {
        return Err(
            args.fault(1, &format!("names the table {}, which the job does not have", args.shown(&name)))
        );
    };
    let source = args.single(0)?;
    let source = source.text().unwrap_or_default();
    match table.get(&*source) {
        Some(value) => Ok(value.clone()),
        None => args.value(2),
    }
}
