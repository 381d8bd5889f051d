//! Whether an answer is one that the document tells of; for tests, which check each answer that they get.

use serde_json::Value;

use super::{CALLS, Described, Form, schemas};

/// Checks status and body of the answer to a call; calls that are not documented answer as they like.
pub(crate) fn conforms(method: &str, path: &str, status: u16, body: &str) -> Result<(), String> {
    let path = path.split('?').next().unwrap_or_default();
    let path = crate::path::plain(path).unwrap_or_else(|| path.to_owned());
    let path = path.replace("/beta/", "/v1.0/").replace("/graph.", "/microsoft.graph.");
    let Some(call) = of(&method.to_ascii_lowercase(), &path) else { return Ok(()) };
    if !(200..300).contains(&status) {
        let body = serde_json::from_str(body).map_err(|error| error.to_string())?;
        return fits(&body, &schemas::ALL["Error"], "");
    }
    if status != call.answer.status {
        return Err(format!("the document says {}", call.answer.status));
    }
    let name = match call.answer.form {
        Form::Raw(_) => return Ok(()),
        Form::Empty if body.is_empty() => return Ok(()),
        Form::Empty => return Err("the document says that there is no body".to_owned()),
        Form::Object(name) | Form::Page(name) | Form::List(name) => name,
    };
    let body: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let object = &schemas::ALL[name];
    match call.answer.form {
        Form::Object(_) => fits(&body, object, ""),
        _ => body["value"]
            .as_array()
            .ok_or("there is no value")?
            .iter()
            .try_for_each(|element| fits(element, object, "value")),
    }
}

/// The call of a path: the one with the fewest parameters.
fn of(method: &str, path: &str) -> Option<&'static Described> {
    let parts: Vec<&str> = path.split('/').collect();
    let is = |call: &&Described| {
        let mut segments = call.path.split('/').zip(&parts);
        call.path.split('/').count() == parts.len()
            && segments.all(|(segment, part)| segment.starts_with('{') || segment == *part)
    };
    CALLS
        .iter()
        .filter(|call| call.method == method)
        .filter(is)
        .min_by_key(|call| call.path.matches('{').count())
}

/// Whether a value fits a schema, of the few forms that ours have.
fn fits(value: &Value, schema: &Value, place: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return fits(value, &schemas::ALL[name], place);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let refused: Vec<String> = any.iter().filter_map(|it| fits(value, it, place).err()).collect();
        return if refused.len() < any.len() { Ok(()) } else { Err(refused.join(" or ")) };
    }
    let kinds = match &schema["type"] {
        Value::Null => return Ok(()),
        Value::Array(kinds) => kinds.as_slice(),
        one => std::slice::from_ref(one),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !kinds.iter().any(|it| it == kind) {
        return Err(format!("{place} is {kind}, and should be {}", schema["type"]));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.is_object() && value.get(name).is_none() {
            return Err(format!("{place}.{name} is missing"));
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(member) = value.get(name) {
            fits(member, schema, &format!("{place}.{name}"))?;
        }
    }
    value.as_array().into_iter().flatten().try_for_each(|element| fits(element, &schema["items"], place))
}
