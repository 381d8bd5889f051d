//! References between the operations of a bulk request: `bulkId:name` (RFC 7644 section 3.7.2).

use serde_json::Value;

use crate::Map;

const PREFIX: &str = "bulkId:";

/// The `bulkId` that a text refers to.
pub fn bulk_reference(text: &str) -> Option<&str> {
    text.split_at_checked(PREFIX.len())
        .and_then(|(prefix, id)| (prefix.eq_ignore_ascii_case(PREFIX) && !id.is_empty()).then_some(id))
}

/// The names to which a body (or a path's last segment) refers as `bulkId:name`, each once, in order.
pub fn bulk_references<'v>(data: &'v Value, path: &'v str) -> Vec<&'v str> {
    let mut found: Vec<&'v str> = path.rsplit('/').next().and_then(bulk_reference).into_iter().collect();
    collect(data, &mut found);
    let mut seen = std::collections::HashSet::new();
    found.retain(|name| seen.insert(*name));
    found
}

fn collect<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => {
            found.extend(bulk_reference(text));
            found.extend(within_filter(text).map(|(_, name)| name));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(parts) => parts.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// References in the filter of a PATCH path: `members[value eq "bulkId:x"]`. Range of the quoted text and name.
fn within_filter(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find("\"bulkId:")? + 1;
        let end = start + text[start..].find('"')?;
        from = end + 1;
        bulk_reference(&text[start..end]).map(|name| (start..end, name))
    })
}

/// Puts identifiers in place of `bulkId:name`; answers the names that `lookup` does not know.
pub fn resolve_references(data: &mut Value, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut unknown = Vec::new();
    resolve(data, lookup, &mut unknown);
    unknown
}

fn resolve(value: &mut Value, lookup: &dyn Fn(&str) -> Option<String>, unknown: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = bulk_reference(text) {
                match lookup(name) {
                    Some(id) => *text = id,
                    None => unknown.push(name.to_owned()),
                }
                return;
            }
            let mut resolved = text.clone();
            let found: Vec<_> = within_filter(text).map(|(range, name)| (range, name.to_owned())).collect();
            for (range, name) in found.into_iter().rev() {
                match lookup(&name) {
                    Some(id) => resolved.replace_range(range, &id),
                    None => unknown.push(name),
                }
            }
            *text = resolved;
        }
        Value::Array(values) => values.iter_mut().for_each(|value| resolve(value, lookup, unknown)),
        Value::Object(parts) => parts.values_mut().for_each(|value| resolve(value, lookup, unknown)),
        _ => {}
    }
}

/// Takes the attributes out of a resource that refer to what is `pending`, so that it can be created without them: from
/// extensions single attributes, from the rest whole ones. What they hold can be added later.
pub fn defer_references(data: &mut Value, pending: &dyn Fn(&str) -> bool) -> Map {
    let Value::Object(parts) = data else { return Map::new() };
    let waits = |value: &Value| bulk_references(value, "").into_iter().any(pending);
    let waiting: Vec<String> =
        parts.iter().filter(|(_, value)| waits(value)).map(|(key, _)| key.clone()).collect();
    let mut deferred = Map::new();
    for key in waiting {
        let is_extension = key.contains(':');
        let inner = parts.get_mut(&key).filter(|value| is_extension && value.is_object());
        let later = match inner {
            Some(extension) => Some(Value::Object(defer_references(extension, pending))),
            None => parts.shift_remove(&key),
        };
        deferred.extend(later.map(|later| (key, later)));
    }
    deferred
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_and_resolved() {
        let mut data = json!({"members": [{"value": "bulkId:a"}, {"value": "BULKID:b"}, {"value": "bulkId:a"}],
            "Operations": [{"path": "members[value eq \"bulkId:c\" or value eq \"bulkId:d\"]"}], "x": "bulkId:"});
        assert_eq!(bulk_references(&data, "/Groups/bulkId:g"), ["g", "a", "b", "c", "d"]);
        let unknown = resolve_references(&mut data, &|name| (name != "b").then(|| format!("id-{name}")));
        assert_eq!(unknown, ["b"]);
        assert_eq!(data["members"][0]["value"], "id-a");
        assert_eq!(data["Operations"][0]["path"], "members[value eq \"id-c\" or value eq \"id-d\"]");
    }

    #[test]
    fn what_waits_is_taken_out() {
        let urn = crate::urn::ENTERPRISE_USER;
        let mut data = json!({"userName": "u", "title": "bulkId:known", urn: {
            "department": "d", "manager": {"value": "bulkId:boss"}}, "members": [{"value": "bulkId:a"}, {"value": "1"}]});
        let deferred = defer_references(&mut data, &|name| name != "known");
        assert_eq!(data, json!({"userName": "u", "title": "bulkId:known", urn: {"department": "d"}}));
        assert_eq!(
            Value::Object(deferred),
            json!({urn: {"manager": {"value": "bulkId:boss"}}, "members": [{"value": "bulkId:a"}, {"value": "1"}]})
        );
        assert!(defer_references(&mut json!("bulkId:a"), &|_| true).is_empty());
    }
}
