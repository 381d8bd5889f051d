//! From a flat difference, path to value, to the fewest PATCH operations that a strict server takes.
//!
//! Operations are dialect-free; [`crate::dialect`] writes them down.

use serde_json::{Map, Value};

use crate::document;
use crate::path::{Error, Path};

/// What an operation does (RFC 7644 section 3.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Adds a value; to a single-valued attribute it is the same as replacing.
    Add,
    /// Replaces what is there.
    Replace,
    /// Removes what the path names.
    Remove,
}

/// One operation of a PATCH request.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What to do.
    pub kind: OperationKind,
    /// Where; none means the resource itself, with an object as value.
    pub path: Option<String>,
    /// With what; none for removals, but of members by value.
    pub value: Option<Value>,
}

impl Operation {
    /// An `add`.
    pub fn add(path: impl Into<String>, value: Value) -> Self {
        Self { kind: OperationKind::Add, path: Some(path.into()), value: Some(value) }
    }

    /// A `replace`.
    pub fn replace(path: impl Into<String>, value: Value) -> Self {
        Self { kind: OperationKind::Replace, path: Some(path.into()), value: Some(value) }
    }

    /// A `remove`.
    pub fn remove(path: impl Into<String>) -> Self {
        Self { kind: OperationKind::Remove, path: Some(path.into()), value: None }
    }
}

/// The flat values of `new` that differ from `old`, in the order of `new`; absent and null are the same. Paths that
/// only `old` has are not touched: nothing says what they should be.
pub fn changes(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    new.iter()
        .filter(|(path, value)| old.get(*path).unwrap_or(&Value::Null) != *value)
        .map(|(path, value)| (path.clone(), value.clone()))
        .collect()
}

/// The operations that turn `old` (the flat values last known to be in the target) into `old` with `changes`
/// (path to new value, null clears).
///
/// An attribute without a filter is replaced or removed by its own path. For a value of a multi-valued attribute,
/// `emails[type eq "work"].value`: where the target has no such value yet, one `add` to `emails` carries it whole,
/// because a filter that finds nothing is an error (RFC 7644 section 3.5.2.3); where its last known sub-attribute is
/// cleared, the value itself is removed, so that no empty `{"type":"work"}` stays behind.
pub fn operations(old: &Map<String, Value>, changes: &Map<String, Value>) -> Result<Vec<Operation>, Error> {
    let changed = changes
        .iter()
        .map(|(path, value)| Ok((Path::parse(path)?, value)))
        .collect::<Result<Vec<_>, Error>>()?;
    // Only filtered changes need to know their siblings.
    let known = if changed.iter().any(|(path, _)| !path.filter.is_empty()) {
        old.iter()
            .filter(|(_, value)| !value.is_null())
            .filter_map(|(path, _)| Path::parse(path).ok())
            .filter(|path| !path.filter.is_empty())
            .collect()
    } else {
        Vec::new()
    };
    let mut operations = Vec::with_capacity(changed.len());
    for (index, (path, value)) in changed.iter().enumerate() {
        if path.filter.is_empty() {
            operations.push(plain(path, value));
        } else if !changed[..index].iter().any(|(earlier, _)| earlier.same_element(path)) {
            let members: Vec<_> =
                changed[index..].iter().filter(|(later, _)| later.same_element(path)).collect();
            element(path, &members, &known, &mut operations);
        }
    }
    Ok(operations)
}

fn plain(path: &Path, value: &Value) -> Operation {
    if value.is_null() {
        return Operation::remove(path.to_string());
    }
    Operation::replace(path.to_string(), document::wrap_manager(path, value.clone()))
}

/// All changes of one value of a multi-valued attribute.
fn element(path: &Path, changes: &[&(Path, &Value)], known: &[Path], operations: &mut Vec<Operation>) {
    let siblings: Vec<&Path> = known.iter().filter(|known| known.same_element(path)).collect();
    let remains = |known: &Path| {
        !changes
            .iter()
            .any(|(changed, value)| value.is_null() && same_sub(changed.sub.as_deref(), known.sub.as_deref()))
    };
    let any_new = changes.iter().any(|(_, value)| !value.is_null());
    if siblings.is_empty() {
        if any_new {
            operations.push(Operation::add(path.attribute_path(), Value::Array(vec![whole(changes)])));
        }
        return;
    }
    if !any_new && !siblings.iter().any(|known| remains(known)) {
        operations.push(Operation::remove(path.element_path()));
        return;
    }
    // Writes first: a value that lost its last sub-attribute could be gone before the write finds it.
    let (clear, write): (Vec<_>, Vec<_>) = changes.iter().copied().partition(|(_, value)| value.is_null());
    operations.extend(write.into_iter().chain(clear).map(|(path, value)| plain(path, value)));
}

fn same_sub(one: Option<&str>, two: Option<&str>) -> bool {
    one.unwrap_or("value").eq_ignore_ascii_case(two.unwrap_or("value"))
}

/// A new value with everything the changes say about it.
fn whole(changes: &[&(Path, &Value)]) -> Value {
    let mut fields = Map::new();
    for (path, value) in changes.iter().filter(|(_, value)| !value.is_null()) {
        if fields.is_empty() {
            fields = document::fields_of(&path.filter);
        }
        match (&path.sub, value) {
            (Some(sub), value) => {
                fields.insert(sub.clone(), (*value).clone());
            }
            (None, Value::Object(more)) => fields.extend(more.clone()),
            (None, value) => {
                fields.insert("value".to_owned(), (*value).clone());
            }
        }
    }
    Value::Object(fields)
}

/// Puts the changes into a whole resource, for a target that takes PUT only; read-only `meta` is left to the target.
pub fn merge(resource: &mut Map<String, Value>, changes: &Map<String, Value>) -> Result<(), Error> {
    for (path, value) in changes {
        document::set(resource, path, value.clone())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    const MAIL: &str = r#"emails[type eq "work"].value"#;
    const STREET: &str = r#"addresses[type eq "work"].streetAddress"#;
    const CITY: &str = r#"addresses[type eq "work"].locality"#;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(fields) => fields,
            other => panic!("not an object: {other}"),
        }
    }

    fn render(old: Value, new: Value) -> Vec<Operation> {
        let (old, new) = (map(old), map(new));
        operations(&old, &changes(&old, &new)).expect("valid paths")
    }

    #[test]
    fn nothing_changed_is_no_operation() {
        assert_eq!(render(json!({"title": "a"}), json!({"title": "a", "nickName": null})), []);
    }

    #[test]
    fn one_operation_for_each_plain_path() {
        let found = render(
            json!({"title": "a", "name.givenName": "x", MANAGER: "1"}),
            json!({"title": "b", "name.givenName": null, "active": false, MANAGER: "2"}),
        );
        let expected = [
            Operation::replace("title", json!("b")),
            Operation::remove("name.givenName"),
            Operation::replace("active", json!(false)),
            Operation::replace(MANAGER, json!({"value": "2"})),
        ];
        assert_eq!(found, expected);
        assert_eq!(render(json!({MANAGER: "1"}), json!({MANAGER: null})), [Operation::remove(MANAGER)]);
    }

    #[test]
    fn a_new_value_of_a_multi_valued_attribute_comes_whole() {
        let found = render(json!({}), json!({MAIL: "m", STREET: "s", "title": "t", CITY: "c"}));
        let expected = [
            Operation::add("emails", json!([{"type": "work", "value": "m"}])),
            Operation::add("addresses", json!([{"type": "work", "streetAddress": "s", "locality": "c"}])),
            Operation::replace("title", json!("t")),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_existing_value_is_changed_in_place() {
        assert_eq!(render(json!({MAIL: "m"}), json!({MAIL: "n"})), [Operation::replace(MAIL, json!("n"))]);
        assert_eq!(render(json!({STREET: "s"}), json!({CITY: "c"})), [Operation::replace(CITY, json!("c"))]);
        assert_eq!(render(json!({STREET: "s", CITY: "c"}), json!({CITY: null})), [Operation::remove(CITY)]);
        let swap = render(json!({STREET: "s"}), json!({STREET: null, CITY: "c"}));
        assert_eq!(swap, [Operation::replace(CITY, json!("c")), Operation::remove(STREET)]);
    }

    #[test]
    fn clearing_the_last_sub_attribute_removes_the_value() {
        assert_eq!(
            render(json!({MAIL: "m"}), json!({MAIL: null})),
            [Operation::remove("emails[type eq \"work\"]")]
        );
        let both = render(json!({STREET: "s", CITY: "c"}), json!({STREET: null, CITY: null}));
        assert_eq!(both, [Operation::remove("addresses[type eq \"work\"]")]);
    }

    /// Carries operations out as a strict server does: a filter that finds nothing is an error.
    fn serve(resource: &mut Map<String, Value>, operation: &Operation) {
        let path = Path::parse(operation.path.as_deref().expect("a path")).expect("a valid path");
        if !path.filter.is_empty() {
            let element = Path { sub: None, ..path.clone() };
            assert!(document::values(resource, &element).next().is_some(), "noTarget: {path}");
        }
        match (operation.kind, operation.value.clone()) {
            (OperationKind::Add, Some(Value::Array(more))) => {
                let mut all: Vec<Value> = document::values(resource, &path)
                    .next()
                    .and_then(|list| list.as_array())
                    .cloned()
                    .unwrap_or_default();
                all.extend(more);
                document::set_path(resource, &path, Value::Array(all));
            }
            (_, value) => document::set_path(resource, &path, value.unwrap_or(Value::Null)),
        }
    }

    fn flat() -> impl Strategy<Value = Map<String, Value>> {
        let paths = vec![
            "title",
            "name.givenName",
            "active",
            MAIL,
            STREET,
            CITY,
            r#"emails[type eq "home"].value"#,
            r#"emails[type eq "home"].display"#,
            MANAGER,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        ];
        let value =
            prop_oneof![Just(Value::Null), "[ab]".prop_map(Value::from), any::<bool>().prop_map(Value::from)];
        let pairs = proptest::collection::vec(value, paths.len());
        (Just(paths), pairs)
            .prop_map(|(paths, values)| {
                paths.into_iter().map(str::to_owned).zip(values).collect::<Map<_, _>>()
            })
            .prop_map(|flat| flat.into_iter().collect())
    }

    proptest! {
        #[test]
        fn operations_carry_old_into_new(old in flat(), new in flat()) {
            use crate::ResourceKind::Users;
            let from = |flat: &Map<String, Value>| {
                document::build(Users, flat.iter().map(|(path, value)| (path.as_str(), value.clone())))
                    .expect("valid paths")
            };
            let mut resource = from(&old);
            let changed = changes(&old, &new);
            let operations = operations(&old, &changed).expect("valid paths");
            prop_assert!(operations.len() <= changed.len());
            for operation in &operations {
                serve(&mut resource, operation);
            }
            for (path, value) in &new {
                prop_assert_eq!(document::get(&resource, path).unwrap_or(&Value::Null), value, "{}", path);
            }
        }
    }
}
