//! SCIM resources as JSON, read and built through flat attribute paths.
//!
//! Names of attributes and schema URNs are compared without regard to case (RFC 7643 section 2.1), so that a
//! target which answers `username` is read all the same.

use serde_json::{Map, Value};

use crate::kind::ResourceKind;
use crate::path::{Clause, Error, Path};

/// Multi-valued attributes of the core schemas (RFC 7643 sections 4.1.2 and 4.2); a path into them without a
/// filter means the first value.
const MULTI_VALUED: [&str; 10] = [
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
    "groups",
    "entitlements",
    "roles",
    "x509Certificates",
    "members",
];

/// A resource's body for POST: `schemas`, `meta.resourceType` and what the flat paths say. Null values are left out.
pub fn build<'a>(
    kind: ResourceKind,
    values: impl IntoIterator<Item = (&'a str, Value)>,
) -> Result<Map<String, Value>, Error> {
    let mut document = Map::new();
    document.insert("schemas".into(), Value::Array(vec![kind.schema().into()]));
    for (path, value) in values {
        set(&mut document, path, value)?;
    }
    let meta = document.entry("meta").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(meta) = meta {
        meta.insert("resourceType".into(), kind.name().into());
    }
    Ok(document)
}

/// Sets what a path names, creating what lies on the way; null removes it. Under an extension the URN is added to
/// `schemas`; the enterprise `manager` given as a plain id becomes `{"value": id}`.
pub fn set(document: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), Error> {
    set_path(document, &Path::parse(path)?, value);
    Ok(())
}

/// As [`set`], of a path already parsed.
pub fn set_path(document: &mut Map<String, Value>, path: &Path, value: Value) {
    if value.is_null() {
        remove(document, path);
        return;
    }
    let container = match &path.extension {
        None => document,
        Some(urn) => {
            add_schema(document, urn);
            object(slot(document, urn))
        }
    };
    let value = wrap_manager(path, value);
    let slot = slot(container, &path.attribute);
    let target = if !path.filter.is_empty() {
        element(slot, &path.filter)
    } else if path.sub.is_some() && (slot.is_array() || is_multi_valued(path)) {
        element(slot, &[])
    } else {
        slot
    };
    match (&path.sub, value) {
        (Some(sub), value) => *self::slot(object(target), sub) = value,
        (None, Value::Object(fields)) if !path.filter.is_empty() => object(target).extend(fields),
        (None, value) if !path.filter.is_empty() => *self::slot(object(target), "value") = value,
        (None, value) => *target = value,
    }
}

/// A plain value of the enterprise `manager` stands for the manager's id (RFC 7643 section 4.3).
pub(crate) fn wrap_manager(path: &Path, value: Value) -> Value {
    if path.is_manager() && !value.is_object() {
        return Value::Object(Map::from_iter([("value".to_owned(), value)]));
    }
    value
}

/// Removes what a path names; an object or list that becomes empty by it goes too, and so does a value of a
/// multi-valued attribute of which only the path's own filter is left.
pub fn remove(document: &mut Map<String, Value>, path: &Path) {
    match &path.extension {
        None => remove_within(document, path),
        Some(urn) => {
            let Some(key) = key_of(document, urn) else { return };
            if let Some(Value::Object(extension)) = document.get_mut(&key) {
                remove_within(extension, path);
                if extension.is_empty() {
                    document.shift_remove(&key);
                    drop_schema(document, urn);
                }
            }
        }
    }
}

fn remove_within(container: &mut Map<String, Value>, path: &Path) {
    let Some(key) = key_of(container, &path.attribute) else { return };
    let Some(value) = container.get_mut(&key) else { return };
    match (value, &path.sub) {
        (Value::Array(elements), sub) if !path.filter.is_empty() || sub.is_some() => {
            elements.retain_mut(|element| {
                let Value::Object(fields) = element else { return true };
                if !holds(fields, &path.filter) {
                    return true;
                }
                let Some(sub) = sub else { return false };
                remove_field(fields, sub);
                fields.keys().any(|name| !path.filter.iter().any(|c| c.attribute.eq_ignore_ascii_case(name)))
            });
            if elements.is_empty() {
                container.shift_remove(&key);
            }
        }
        (Value::Object(fields), Some(sub)) => {
            remove_field(fields, sub);
            if fields.is_empty() {
                container.shift_remove(&key);
            }
        }
        (_, Some(_)) => {}
        (_, None) => {
            container.shift_remove(&key);
        }
    }
}

/// What a path names in a resource: the first value where a multi-valued attribute has several. The enterprise
/// `manager` reads as the manager's id. None where the path is not valid.
pub fn get<'a>(document: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    get_path(document, &Path::parse(path).ok()?)
}

/// As [`get`], of a path already parsed.
pub fn get_path<'a>(document: &'a Map<String, Value>, path: &Path) -> Option<&'a Value> {
    values(document, path).next()
}

/// A value as text, for comparing; lists and objects have none.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// All values that a path names in a resource; nulls do not count.
pub fn values<'a>(document: &'a Map<String, Value>, path: &Path) -> impl Iterator<Item = &'a Value> {
    let container = match &path.extension {
        None => Some(document),
        Some(urn) => member(document, urn).and_then(Value::as_object),
    };
    let value = container.and_then(|fields| member(fields, &path.attribute));
    let sub = match value {
        Some(Value::Object(_)) if path.is_manager() => Some("value"),
        _ => path.sub.as_deref(),
    };
    let candidates = match value {
        None => &[],
        Some(Value::Array(elements)) if sub.is_some() || !path.filter.is_empty() => elements.as_slice(),
        Some(single) => std::slice::from_ref(single),
    };
    candidates
        .iter()
        .filter(|candidate| {
            path.filter.is_empty() || candidate.as_object().is_some_and(|fields| holds(fields, &path.filter))
        })
        .filter_map(move |candidate| match sub {
            None => Some(candidate),
            Some(sub) => candidate.as_object().and_then(|fields| member(fields, sub)),
        })
        .filter(|value| !value.is_null())
}

/// A member of a JSON object by its name in any case.
pub fn member<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields
        .get(name)
        .or_else(|| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Whether two strings are the same to a SCIM server: case counts for `id` and `externalId` only (RFC 7643
/// sections 3.1 and 7), and canonically equivalent Unicode is equal.
pub fn same_text(path: &Path, one: &str, two: &str) -> bool {
    let exact = path.extension.is_none()
        && path.sub.is_none()
        && ["id", "externalId"].iter().any(|name| path.attribute.eq_ignore_ascii_case(name));
    one == two || (!exact && caseless::canonical_caseless_match_str(one, two))
}

fn is_multi_valued(path: &Path) -> bool {
    path.extension.is_none() && MULTI_VALUED.iter().any(|name| path.attribute.eq_ignore_ascii_case(name))
}

fn key_of(fields: &Map<String, Value>, name: &str) -> Option<String> {
    if fields.contains_key(name) {
        return Some(name.to_owned());
    }
    fields.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()
}

fn slot<'a>(fields: &'a mut Map<String, Value>, name: &str) -> &'a mut Value {
    let key = key_of(fields, name).unwrap_or_else(|| name.to_owned());
    fields.entry(key).or_insert(Value::Null)
}

/// The value as an object; anything else that was there gives way.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was just made an object")
}

/// The element that satisfies all clauses, added (with what the clauses say) if there is none.
fn element<'a>(value: &'a mut Value, clauses: &[Clause]) -> &'a mut Value {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    let elements = value.as_array_mut().expect("it was just made a list");
    let found = elements.iter().position(|element| match element {
        Value::Object(fields) => holds(fields, clauses),
        _ => false,
    });
    let index = found.unwrap_or_else(|| {
        elements.push(Value::Object(fields_of(clauses)));
        elements.len() - 1
    });
    &mut elements[index]
}

/// The members that a new element needs to satisfy the clauses.
pub(crate) fn fields_of(clauses: &[Clause]) -> Map<String, Value> {
    clauses.iter().map(|clause| (clause.attribute.clone(), clause.value.clone())).collect()
}

fn holds(fields: &Map<String, Value>, clauses: &[Clause]) -> bool {
    clauses.iter().all(|clause| {
        let value = member(fields, &clause.attribute).unwrap_or(&Value::Null);
        match (value, &clause.value) {
            (Value::String(one), Value::String(two)) => {
                one == two || caseless::canonical_caseless_match_str(one, two)
            }
            // Some targets write booleans as strings.
            (Value::String(text), Value::Bool(flag)) => text.eq_ignore_ascii_case(&flag.to_string()),
            (one, two) => one == two,
        }
    })
}

fn remove_field(fields: &mut Map<String, Value>, name: &str) {
    if let Some(key) = key_of(fields, name) {
        fields.shift_remove(&key);
    }
}

pub(crate) fn add_schema(document: &mut Map<String, Value>, urn: &str) {
    let schemas = slot(document, "schemas");
    if !schemas.is_array() {
        *schemas = Value::Array(Vec::new());
    }
    let schemas = schemas.as_array_mut().expect("it was just made a list");
    if !schemas.iter().any(|known| known.as_str().is_some_and(|known| known.eq_ignore_ascii_case(urn))) {
        schemas.push(urn.into());
    }
}

fn drop_schema(document: &mut Map<String, Value>, urn: &str) {
    if let Some(Value::Array(schemas)) = document.get_mut("schemas") {
        schemas.retain(|known| known.as_str().is_none_or(|known| !known.eq_ignore_ascii_case(urn)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    const WORK_MAIL: &str = r#"emails[type eq "work"].value"#;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(fields) => fields,
            other => panic!("not an object: {other}"),
        }
    }

    #[test]
    fn builds_a_body_from_flat_paths() {
        let body = build(
            ResourceKind::Users,
            [
                ("userName", json!("ana@contoso.com")),
                ("active", json!(true)),
                ("name.givenName", json!("Ana")),
                ("name.familyName", json!("Ruíz")),
                (WORK_MAIL, json!("ana@contoso.com")),
                (r#"addresses[type eq "work"].locality"#, json!("Łódź")),
                (r#"addresses[type eq "work"].region"#, json!("LD")),
                (r#"roles[primary eq "True"].value"#, json!("User")),
                ("title", Value::Null),
                (DEPARTMENT, json!("R&D")),
                (MANAGER, json!("42")),
            ],
        )
        .expect("valid paths");
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "userName": "ana@contoso.com",
            "active": true,
            "name": {"givenName": "Ana", "familyName": "Ruíz"},
            "emails": [{"type": "work", "value": "ana@contoso.com"}],
            "addresses": [{"type": "work", "locality": "Łódź", "region": "LD"}],
            "roles": [{"primary": true, "value": "User"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
                {"department": "R&D", "manager": {"value": "42"}},
            "meta": {"resourceType": "User"}
        });
        assert_eq!(Value::Object(body), expected);
    }

    #[test]
    fn reads_in_any_case() {
        let resource = map(json!({
            "USERNAME": "x",
            "Emails": [{"Type": "HOME", "value": "h"}, {"type": "Work", "VALUE": "w"}],
            "URN:ietf:params:scim:schemas:extension:enterprise:2.0:user": {"Manager": {"value": "7"}}
        }));
        assert_eq!(get(&resource, "userName"), Some(&json!("x")));
        assert_eq!(get(&resource, WORK_MAIL), Some(&json!("w")));
        assert_eq!(get(&resource, "emails.value"), Some(&json!("h")));
        assert_eq!(get(&resource, MANAGER), Some(&json!("7")));
        assert_eq!(get(&resource, "title"), None);
    }

    #[test]
    fn removing_leaves_no_husks() {
        let mut resource = map(json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "name": {"givenName": "A"},
            "emails": [{"type": "work", "value": "w"}, {"type": "home", "value": "h"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R"}
        }));
        for path in ["name.givenName", WORK_MAIL, DEPARTMENT, "title", "emails.nothing"] {
            set(&mut resource, path, Value::Null).expect("a valid path");
        }
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "emails": [{"type": "home", "value": "h"}]
        });
        assert_eq!(Value::Object(resource), expected);
    }

    #[test]
    fn survives_a_document_of_the_wrong_shape() {
        let mut resource =
            map(json!({"schemas": 7, "name": "x", "emails": {"a": 1}, "phoneNumbers": [1, null]}));
        for path in ["name.givenName", WORK_MAIL, DEPARTMENT, r#"phoneNumbers[type eq "fax"].value"#] {
            assert_eq!(get(&resource, path), None);
            set(&mut resource, path, json!("v")).expect("a valid path");
            assert_eq!(get(&resource, path), Some(&json!("v")), "{path}");
        }
    }

    #[test]
    fn text_is_compared_as_the_schema_says() {
        let name = Path::parse("userName").expect("valid");
        let external = Path::parse("externalId").expect("valid");
        assert!(same_text(&name, "ÁNA@x", "a\u{301}na@X"));
        assert!(!same_text(&external, "A", "a"));
        assert!(!same_text(&name, "ana", "anna"));
    }

    fn any_path() -> impl Strategy<Value = String> {
        let attribute = prop_oneof![Just("alpha"), Just("beta"), Just("emails")];
        (0..6, attribute).prop_map(|(form, name)| match form {
            0 => name.to_owned(),
            1 => format!("{name}.value"),
            2 => format!("{name}[type eq \"work\"].value"),
            3 => format!("{name}[type eq \"a\\\"b\" and primary eq true].value"),
            4 => format!("urn:example:x:2.0:User:{name}"),
            _ => format!("urn:example:x:2.0:User:{name}.display"),
        })
    }

    proptest! {
        #[test]
        fn what_is_set_is_read(before in proptest::collection::vec((any_path(), "[a-z]{0,3}"), 0..6),
                               path in any_path(), value in any::<String>()) {
            let mut document = Map::new();
            for (path, value) in before {
                set(&mut document, &path, value.into()).expect("a valid path");
            }
            set(&mut document, &path, value.clone().into()).expect("a valid path");
            prop_assert_eq!(get(&document, &path), Some(&Value::String(value)));
            set(&mut document, &path, Value::Null).expect("a valid path");
            prop_assert_eq!(get(&document, &path), None);
        }
    }
}
