//! The few document operations that the target needs, written apart from the crate `scim` on purpose: a defect
//! there must not hide itself here.

use serde_json::{Map, Value, json};

const SCHEMA_PREFIX: &str = "urn:ietf:params:scim:schemas:";

/// A PATCH path in its parts: `urn`, `attribute`, `[sub eq "value"]`, `.sub`.
struct Path<'a> {
    urn: Option<&'a str>,
    attribute: &'a str,
    filter: Option<(&'a str, &'a str)>,
    sub: Option<&'a str>,
}

fn parse(path: &str) -> Option<Path<'_>> {
    let (urn, rest) = match path.strip_prefix(SCHEMA_PREFIX) {
        Some(_) => {
            let end = path.find('[').unwrap_or(path.len());
            let colon = path[..end].rfind(':')?;
            (Some(&path[..colon]), &path[colon + 1..])
        }
        None => (None, path),
    };
    if let Some(open) = rest.find('[') {
        let close = rest.rfind(']')?;
        let (name, value) = rest[open + 1..close].split_once(" eq ")?;
        let sub = rest[close + 1..].strip_prefix('.');
        let value = value.trim().trim_matches('"');
        return Some(Path { urn, attribute: &rest[..open], filter: Some((name.trim(), value)), sub });
    }
    let (attribute, sub) = rest.split_once('.').map_or((rest, None), |(a, s)| (a, Some(s)));
    Some(Path { urn, attribute, filter: None, sub })
}

/// Whether `attribute eq "value"` holds, for top-level attributes, sub-attributes and value paths; without case.
pub fn equals(resource: &Map<String, Value>, attribute: &str, value: &str) -> bool {
    let Some(path) = parse(attribute) else { return false };
    let holder = match path.urn.filter(|urn| !urn.ends_with(":core:2.0:User") && !urn.ends_with("Group")) {
        Some(urn) => resource.get(urn).and_then(Value::as_object),
        None => Some(resource),
    };
    let Some(found) = holder.and_then(|holder| holder.get(path.attribute)) else { return false };
    let same = |candidate: &Value| match candidate {
        Value::String(text) => text.to_lowercase() == value.to_lowercase(),
        Value::Bool(flag) => flag.to_string() == value,
        _ => false,
    };
    let within = |element: &Value| {
        path.filter.is_none_or(|(name, wanted)| element.get(name).and_then(Value::as_str) == Some(wanted))
            && same(path.sub.or(element.is_object().then_some("value")).map_or(element, |sub| &element[sub]))
    };
    match found {
        Value::Array(elements) => elements.iter().any(within),
        single => within(single),
    }
}

/// Whether a value path (`emails[type eq "work"]`) finds anything.
pub fn any(resource: &Map<String, Value>, path: &str) -> bool {
    let Some(Path { urn: None, attribute, filter: Some((name, wanted)), .. }) = parse(path) else {
        return true;
    };
    let elements = resource.get(attribute).and_then(Value::as_array);
    elements.into_iter().flatten().any(|element| element[name].as_str() == Some(wanted))
}

/// Applies one PATCH operation; the message says what is wrong with it.
pub fn patch(resource: &mut Map<String, Value>, operation: &Value) -> Result<(), String> {
    let op = operation["op"].as_str().unwrap_or_default();
    if !["add", "replace", "remove"].contains(&op) {
        return Err(format!("op {op:?} is none of add, replace, remove"));
    }
    let value = operation.get("value").cloned();
    let Some(path) = operation["path"].as_str() else {
        let Some(Value::Object(values)) = value else {
            return Err("a path-less operation needs an object".into());
        };
        resource.extend(values);
        return Ok(());
    };
    let path = parse(path).ok_or_else(|| format!("path {path:?} is not understood"))?;
    if op != "remove" && value.is_none() {
        return Err(format!("{op} of {} has no value", path.attribute));
    }
    let holder = match path.urn {
        Some(urn) if urn.contains(":extension:") => resource
            .entry(urn)
            .or_insert_with(|| json!({}))
            .as_object_mut()
            .ok_or_else(|| format!("{urn} is not an object"))?,
        _ => resource,
    };
    apply(holder, &path, op, value)
}

fn apply(
    holder: &mut Map<String, Value>,
    path: &Path<'_>,
    op: &str,
    value: Option<Value>,
) -> Result<(), String> {
    match (path.filter, path.sub) {
        (Some((name, wanted)), sub) => {
            let list = holder.entry(path.attribute).or_insert_with(|| json!([]));
            let list = list.as_array_mut().ok_or_else(|| format!("{} is not a list", path.attribute))?;
            let matches = |element: &Value| element[name].as_str() == Some(wanted);
            match (value, sub) {
                (None, None) => list.retain(|element| !matches(element)),
                (None, Some(sub)) => {
                    for element in list.iter_mut().filter(|e| matches(e)).filter_map(Value::as_object_mut) {
                        element.shift_remove(sub);
                    }
                    list.retain(|element| {
                        element.as_object().is_none_or(|e| e.keys().any(|key| key != name))
                    });
                }
                (Some(value), sub) => {
                    if !list.iter().any(matches) {
                        list.push(json!({ name: wanted }));
                    }
                    for element in list.iter_mut().filter(|e| matches(e)) {
                        match sub {
                            Some(sub) => element[sub] = value.clone(),
                            None => *element = value.clone(),
                        }
                    }
                }
            }
        }
        (None, Some(sub)) => {
            let complex = holder.entry(path.attribute).or_insert_with(|| json!({}));
            let complex =
                complex.as_object_mut().ok_or_else(|| format!("{} is not complex", path.attribute))?;
            match value {
                Some(value) => drop(complex.insert(sub.to_owned(), value)),
                None => drop(complex.shift_remove(sub)),
            }
        }
        (None, None) => match (op, value, holder.get_mut(path.attribute)) {
            ("remove", None, _) => drop(holder.shift_remove(path.attribute)),
            ("remove", Some(_), _) => return Err("remove takes no value; use a filter in the path".into()),
            ("add", Some(Value::Array(new)), Some(Value::Array(old))) => {
                for element in new {
                    if !old.iter().any(|present| present["value"] == element["value"]) {
                        old.push(element);
                    }
                }
            }
            (_, Some(value), _) => drop(holder.insert(path.attribute.to_owned(), value)),
            (_, None, _) => {}
        },
    }
    Ok(())
}
