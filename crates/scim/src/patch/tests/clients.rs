//! What the clients in the field send.

use super::*;

#[test]
fn entra_legacy_operations() {
    let operations = json!([
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "w@x"},
        {"op": "Remove", "path": "title"}
    ]);
    let after = patched(json!({"active": true, "title": "t"}), operations.clone());
    assert_eq!(after, json!({"active": false, "emails": [{"type": "work", "value": "w@x"}]}));
    let met = quirks(json!({}), operations);
    assert!(met.contains(&Quirk::OperationCase("Replace".into())));
    assert!(met.contains(&Quirk::BooleanAsString("active".into())));
}

#[test]
fn entra_dotted_and_qualified_keys() {
    let operations = json!([{"op": "replace", "value": {
        "displayName": "d", "name.givenName": "g", "name.familyName": "f",
        "emails[type eq \"work\"].value": "w@x", "addresses[type eq \"work\"].locality": "Oslo",
        format!("{}:department", urn::ENTERPRISE_USER): "dep",
        format!("{}:manager", urn::ENTERPRISE_USER): "m1"
    }}]);
    assert_eq!(
        patched(json!({}), operations.clone()),
        json!({
            "displayName": "d", "name": {"givenName": "g", "familyName": "f"},
            "emails": [{"type": "work", "value": "w@x"}], "addresses": [{"type": "work", "locality": "Oslo"}],
            urn::ENTERPRISE_USER: {"department": "dep", "manager": {"value": "m1"}}
        })
    );
    let met = quirks(json!({}), operations);
    assert!(met.contains(&Quirk::DottedKey("name.givenName".into())));
    assert!(met.contains(&Quirk::FilterKey("emails[type eq \"work\"].value".into())));
}

#[test]
fn elements_are_created_from_their_filter() {
    let replace = |path: &str| patched(json!({}), json!([{"op": "replace", "path": path, "value": "v"}]));
    assert_eq!(
        replace("roles[primary eq \"True\"].value"),
        json!({"roles": [{"primary": true, "value": "v"}]})
    );
    assert_eq!(
        replace("phoneNumbers[type eq \"work\" and display eq \"desk\"].value"),
        json!({"phoneNumbers": [{"type": "work", "display": "desk", "value": "v"}]})
    );
    let start = json!({"emails": [{"type": "home", "value": "h", "primary": true}]});
    let both =
        patched(start, json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "w"}]));
    assert_eq!(
        both["emails"],
        json!([{"type": "home", "value": "h", "primary": true}, {"type": "work", "value": "w"}])
    );
}

#[test]
fn roles_by_primary_as_a_string() {
    let start = json!({"roles": [{"value": "old", "primary": true}]});
    let operations = json!([{"op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "new"}]);
    assert_eq!(patched(start, operations)["roles"], json!([{"value": "new", "primary": true}]));
}

#[test]
fn manager_in_every_shape() {
    let path = format!("{}:manager", urn::ENTERPRISE_USER);
    let start = json!({urn::ENTERPRISE_USER: {"manager": {"value": "m", "$ref": "https://x/Users/m"}}});
    let set = |value: Value| {
        let after = patched(start.clone(), json!([{"op": "replace", "path": path, "value": value}]));
        after.get(urn::ENTERPRISE_USER).cloned()
    };
    let other = Some(json!({"manager": {"value": "n"}}));
    for value in [json!("n"), json!({"value": "n"}), json!([{"value": "n"}]), json!(["n"])] {
        assert_eq!(set(value.clone()), other, "{value}");
    }
    for value in [json!(""), json!(null), json!([]), json!({"value": ""})] {
        assert_eq!(set(value.clone()), None, "{value}");
    }
    let by_value = json!([{"op": "add", "path": format!("{path}.value"), "value": "n"}]);
    assert_eq!(patched(start, by_value)[urn::ENTERPRISE_USER], json!({"manager": {"value": "n"}}));
}

#[test]
fn okta_without_a_path() {
    let deactivate = json!([{"op": "replace", "value": {"active": false}}]);
    assert_eq!(patched(json!({"active": true}), deactivate), json!({"active": false}));
    let (resource, edits) = group(json!([{"op": "replace", "value": {"id": "g1", "displayName": "new"}}]));
    assert_eq!(resource["displayName"], "new");
    assert_eq!(edits, []);
}

#[test]
fn bodies_without_schemas_and_with_odd_keys() {
    let parsed =
        PatchRequest::parse(json!({"operations": {"OP": "ADD", "Path": "", "VALUE": {"title": "t"}}}))
            .unwrap();
    assert_eq!(parsed.operations.len(), 1);
    let found: Vec<_> = parsed.quirks.iter().map(Quirk::code).collect();
    assert_eq!(found, ["patch-schemas", "single-for-list", "operation-case", "empty-path"]);
}

#[test]
fn passwords_are_thrown_away() {
    assert_eq!(patched(json!({}), json!([{"op": "replace", "path": "password", "value": "x"}])), json!({}));
    assert_eq!(patched(json!({}), json!([{"op": "add", "value": {"password": "x"}}])), json!({}));
}
