//! The objects that calls take and answer, as JSON Schema, from a short form.
//!
//! In `schemas.txt` a line is an object: `Name = property:type ...`. A type is `text` (which may be left out), `int`, `flag`,
//! `map` (an object of any members), `any`, another object, or one of these in brackets: a list. A property may be null or
//! absent unless `!` stands after its name. Objects may have more members than are named.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// The objects by name.
pub(super) static ALL: LazyLock<Map<String, Value>> =
    LazyLock::new(|| include_str!("schemas.txt").lines().filter_map(object).collect());

/// A reference to an object.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn object(line: &str) -> Option<(String, Value)> {
    let (name, properties) = line.split_once(" = ")?;
    let mut shown = Map::new();
    let mut required = Vec::new();
    for property in properties.split_whitespace() {
        let (name, kind) = property.split_once(':').unwrap_or((property, "text"));
        let (name, needed) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
        if needed {
            required.push(name);
        }
        shown.insert(name.to_owned(), if needed { schema(kind) } else { or_null(schema(kind)) });
    }
    Some((name.to_owned(), json!({"type": "object", "properties": shown, "required": required})))
}

fn schema(kind: &str) -> Value {
    if let Some(element) = kind.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return json!({"type": "array", "items": schema(element)});
    }
    match kind {
        "text" => json!({"type": "string"}),
        "int" => json!({"type": "integer"}),
        "flag" => json!({"type": "boolean"}),
        "map" => json!({"type": "object"}),
        "any" => json!({}),
        name => reference(name),
    }
}

fn or_null(mut schema: Value) -> Value {
    let Some(kind) = schema.get("type").cloned() else {
        // A schema that takes anything takes null.
        let any = schema.as_object().is_some_and(Map::is_empty);
        return if any { schema } else { json!({"anyOf": [schema, {"type": "null"}]}) };
    };
    schema["type"] = json!([kind, "null"]);
    schema
}
