//! Where a value comes from, as Graph's `attributeMappingSource`.

use expression::{Part, PartKind, put_together, take_apart};
use model::MappingSource;
use serde_json::{Value, json};

use super::node::{Node, cut};

/// Longest expression that is also shown by its parts, in bytes: they repeat its text at each depth.
const LONGEST_IN_PARTS: usize = 16 * 1024;

/// A source in Graph's form.
pub(super) fn export(source: &MappingSource) -> Value {
    match source {
        MappingSource::Direct(name) => shown("Attribute", name, &format!("[{name}]"), &[]),
        MappingSource::Constant(value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let mut constant = shown("Constant", &text, &quoted(&text), &[]);
            if !value.is_string() {
                constant["constant"] = value.clone();
            }
            constant
        }
        MappingSource::Expression(text) => {
            let part =
                Some(text).filter(|it| it.len() <= LONGEST_IN_PARTS).and_then(|it| take_apart(it).ok());
            let name = text.split('(').next().unwrap_or_default().trim();
            let (name, parameters) = part
                .map_or_else(|| (name.to_owned(), Vec::new()), |part| (part.name.clone(), parameters(&part)));
            shown("Function", &name, text, &parameters)
        }
        MappingSource::None => Value::Null,
    }
}

/// A part of an expression in Graph's form.
pub(crate) fn part(part: &Part) -> Value {
    let kind = match part.kind {
        PartKind::Attribute => "Attribute",
        PartKind::Constant => "Constant",
        PartKind::Function => "Function",
    };
    shown(kind, &part.name, &part.text, &parameters(part))
}

fn parameters(of: &Part) -> Vec<Value> {
    of.arguments.iter().map(|(key, argument)| json!({"key": key, "value": part(argument)})).collect()
}

fn shown(kind: &str, name: &str, expression: &str, parameters: &[Value]) -> Value {
    json!({"type": kind, "name": name, "expression": expression, "parameters": parameters})
}

/// A text as the expression language writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A source from Graph's form. Of an expression and its parts the expression counts.
pub(super) fn import(source: &Node<'_>) -> Result<MappingSource, String> {
    source.members()?;
    let name = source.text("name")?;
    let written = source.text("expression")?.filter(|text| !text.trim().is_empty());
    Ok(match source.text("type")?.unwrap_or("Attribute") {
        "Attribute" => {
            let in_brackets =
                |text: &str| text.trim().strip_prefix('[')?.strip_suffix(']').map(str::to_owned);
            let name = name.map(str::to_owned).or_else(|| written.and_then(in_brackets));
            let name = name.filter(|it| !it.trim().is_empty());
            MappingSource::Direct(name.ok_or_else(|| source.wrong("the source names no attribute"))?)
        }
        "Constant" => MappingSource::Constant(match (source.member("constant"), name, written) {
            (Some(constant), ..) => constant.value.clone(),
            (None, Some(name), _) => name.into(),
            (None, None, Some(text)) => match take_apart(text) {
                Ok(Part { kind: PartKind::Constant, name, .. }) => name.into(),
                _ => return Err(source.wrong("the expression of a Constant must be one")),
            },
            (None, None, None) => return Err(source.wrong("the constant has no name, which is its value")),
        }),
        "Function" => MappingSource::Expression(match written {
            Some(text) => text.to_owned(),
            None => from_parts(source, 0)?,
        }),
        other => {
            let words = format!("type is Attribute, Constant or Function, not '{}'", cut(other));
            return Err(source.wrong(&words));
        }
    })
}

/// How deep parts may lie within each other.
const DEEPEST: usize = 100;

/// The expression of a part that may be given by its parts alone.
fn from_parts(part: &Node<'_>, depth: usize) -> Result<String, String> {
    if depth > DEEPEST {
        return Err(part.wrong("the parts of the expression lie too deep within each other"));
    }
    if let Some(text) = part.text("expression")?.filter(|text| !text.trim().is_empty()) {
        return Ok(text.to_owned());
    }
    let name = part.required("name")?;
    Ok(match part.text("type")?.unwrap_or("Attribute") {
        "Attribute" => format!("[{name}]"),
        "Constant" => quoted(name),
        _ => {
            let mut arguments = Vec::new();
            for pair in part.list("parameters")? {
                let value = pair.member("value").ok_or_else(|| pair.wrong("value is missing"))?;
                arguments.push((pair.required("key")?.to_owned(), from_parts(&value, depth + 1)?));
            }
            put_together(name, &arguments).map_err(|error| part.wrong(&error))?
        }
    })
}
