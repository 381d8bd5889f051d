use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::error::ScimType;
use crate::filter::Filter;
use crate::schema::{Attribute, Definition, Mutability, Schema};
use crate::urn;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn acme() -> Schema {
    Schema {
        id: "urn:acme:1.0:User".into(),
        name: "Acme".into(),
        description: String::new(),
        attributes: vec![
            Attribute::string("badge", "").mutability(Mutability::Immutable),
            Attribute::string("tags", "").multi(),
            Attribute::string("grade", "").required(),
            Attribute::complex(
                "keys",
                "",
                vec![
                    Attribute::string("value", "").mutability(Mutability::Immutable),
                    Attribute::string("type", ""),
                ],
            )
            .multi(),
        ],
    }
}

fn request(operations: Value) -> Result<PatchRequest, Error> {
    let body = [("schemas", json!([urn::PATCH_OP])), ("Operations", operations)];
    PatchRequest::parse(body.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

struct Done {
    resource: Value,
    changed: bool,
    quirks: Vec<Quirk>,
}

fn run(start: Value, operations: Value, strict: bool) -> Result<Done, Error> {
    let mut body = object(json!({"schemas": [urn::USER], "userName": "a"}));
    body.extend(object(start));
    let before = body.clone();
    let result = apply(&mut body, &request(operations)?, &Definition::user(&[acme()]), strict);
    match result {
        Ok(applied) => {
            assert_eq!(applied.changed, before != body);
            let quirks = applied.quirks.into_iter().collect();
            Ok(Done { resource: Value::Object(body), changed: applied.changed, quirks })
        }
        Err(error) => {
            assert_eq!(before, body, "an error must leave the resource alone");
            Err(error)
        }
    }
}

/// The resource after the operations, without schemas and userName.
fn patched(start: Value, operations: Value) -> Value {
    let mut resource = run(start, operations, false).unwrap().resource;
    let body = resource.as_object_mut().unwrap();
    body.shift_remove("schemas");
    body.shift_remove("userName");
    resource
}

fn refused(start: Value, operations: Value) -> ScimType {
    let shown = operations.to_string();
    match run(start, operations, false) {
        Ok(done) => panic!("{shown} gave {}", done.resource),
        Err(error) => error.scim_type.expect("a keyword"),
    }
}

fn quirks(start: Value, operations: Value) -> Vec<Quirk> {
    run(start, operations, false).unwrap().quirks
}

#[test]
fn add_sets_merges_and_unites() {
    let name = json!({"name": {"familyName": "f", "givenName": "g"}});
    assert_eq!(
        patched(json!({}), json!([{"op": "add", "path": "nickName", "value": "n"}])),
        json!({"nickName": "n"})
    );
    assert_eq!(
        patched(name.clone(), json!([{"op": "add", "path": "name", "value": {"givenName": "h"}}])),
        json!({"name": {"familyName": "f", "givenName": "h"}})
    );
    assert_eq!(
        patched(name, json!([{"op": "add", "value": {"name": {"givenName": "h"}, "title": "t"}}])),
        json!({"name": {"familyName": "f", "givenName": "h"}, "title": "t"})
    );
    let emails = json!({"emails": [{"value": "a", "type": "work"}]});
    let twice =
        json!([{"op": "add", "path": "emails", "value": [{"type": "work", "value": "a"}, {"value": "b"}]}]);
    assert_eq!(patched(emails, twice), json!({"emails": [{"value": "a", "type": "work"}, {"value": "b"}]}));
    let tags = json!({"urn:acme:1.0:User": {"grade": "g", "tags": ["x"]}});
    let more = json!([{"op": "add", "path": "urn:acme:1.0:User:tags", "value": ["x", "y"]}]);
    assert_eq!(patched(tags, more)["urn:acme:1.0:User"]["tags"], json!(["x", "y"]));
}

#[test]
fn parts_named_without_a_value_go_and_parts_not_named_stay() {
    let name = json!({"familyName": "f", "givenName": "g"});
    let start = json!({ "name": name });
    for op in ["add", "replace"] {
        let with = |value: Value| {
            let by_path = patched(start.clone(), json!([{"op": op, "path": "name", "value": value}]));
            let by_key = patched(start.clone(), json!([{"op": op, "value": {"name": value}}]));
            assert_eq!(by_path, by_key);
            by_path.get("name").cloned()
        };
        assert_eq!(with(json!({})), Some(name.clone()));
        assert_eq!(with(json!({"unheardOf": 1})), Some(name.clone()));
        assert_eq!(with(json!({"GivenName": null})), Some(json!({"familyName": "f"})));
        assert_eq!(
            with(json!({"givenName": null, "familyName": "h", "middleName": []})),
            Some(json!({"familyName": "h"}))
        );
        assert_eq!(with(json!({"familyName": null, "givenName": null})), None);
        assert_eq!(with(json!(null)), None);
    }
    let email = json!({"value": "a", "type": "work", "display": "d"});
    let add = |value: Value| {
        let add = json!([{"op": "add", "path": "emails[type eq \"work\"]", "value": value}]);
        patched(json!({"emails": [email, {"value": "b"}]}), add)["emails"].clone()
    };
    assert_eq!(add(json!({})), json!([email, {"value": "b"}]));
    assert_eq!(add(json!({"display": null})), json!([{"value": "a", "type": "work"}, {"value": "b"}]));
    assert_eq!(add(json!({"value": null, "type": null, "display": null})), json!([{"value": "b"}]));
}

#[test]
fn a_dot_behind_the_urn_of_a_schema_is_read_as_a_colon() {
    let set = |path: &str| {
        let path = format!("{}{path}", urn::ENTERPRISE_USER);
        run(json!({}), json!([{"op": "replace", "path": path, "value": "m"}]), false)
    };
    for (path, expected) in [
        (".manager", json!({"manager": {"value": "m"}})),
        (".manager.value", json!({"manager": {"value": "m"}})),
        (".department", json!({"department": "m"})),
    ] {
        let done = set(path).unwrap();
        assert_eq!(done.resource[urn::ENTERPRISE_USER], expected, "{path}");
        assert!(done.quirks.iter().any(|quirk| quirk.code() == "dotted-key"), "{path}");
    }
    assert_eq!(set(".unheardOf").err().unwrap().scim_type, Some(ScimType::InvalidPath));
}

#[test]
fn nothing_new_is_no_change() {
    let start = json!({"title": "t", "emails": [{"value": "a", "primary": true}]});
    for operations in [
        json!([{"op": "add", "path": "title", "value": "t"}]),
        json!([{"op": "add", "path": "emails", "value": {"primary": true, "value": "a"}}]),
        json!([{"op": "remove", "path": "nickName"}]),
        json!([{"op": "replace", "value": {"title": "x"}}, {"op": "replace", "path": "title", "value": "t"}]),
        json!([{"op": "remove", "path": "emails[value eq \"zz\"]"}]),
        json!([{"op": "remove", "path": "schemas[value eq \"urn:acme:1.0:User\"]"}]),
        json!([{"op": "remove", "path": urn::ENTERPRISE_USER}]),
    ] {
        assert!(!run(start.clone(), operations.clone(), false).unwrap().changed, "{operations}");
    }
}

#[test]
fn replace_follows_the_paths() {
    let start = json!({
        "emails": [{"value": "a", "type": "work", "primary": true}, {"value": "b", "type": "home"}],
        "addresses": [{"type": "work", "locality": "Oslo", "country": "NO"}]
    });
    let one = |path: &str, value: Value| {
        patched(start.clone(), json!([{"op": "replace", "path": path, "value": value}]))
    };
    assert_eq!(one("emails", json!([{"value": "c"}]))["emails"], json!([{"value": "c"}]));
    assert_eq!(one("emails[type eq \"home\"].value", json!("c"))["emails"][1]["value"], "c");
    assert_eq!(
        one("addresses[type eq \"work\"]", json!({"locality": "Bergen"}))["addresses"],
        json!([{"type": "work", "locality": "Bergen"}])
    );
    let types = one("emails.type", json!("other"));
    assert_eq!(
        (&types["emails"][0]["type"], &types["emails"][1]["type"]),
        (&json!("other"), &json!("other"))
    );
    assert_eq!(one("emails", json!([])), json!({"addresses": start["addresses"]}));
    assert_eq!(one("urn:ietf:params:scim:schemas:core:2.0:User:title", json!("t"))["title"], "t");
}

#[test]
fn remove_follows_the_paths() {
    let start = json!({
        "title": "t", "name": {"givenName": "g"}, "roles": [{"value": "x"}],
        "emails": [{"value": "a", "type": "work"}, {"value": "b", "type": "home"}, {"type": "void"}]
    });
    let left = |path: &str| patched(start.clone(), json!([{"op": "remove", "path": path}]));
    assert_eq!(left("title").get("title"), None);
    assert_eq!(left("name.givenName").get("name"), None);
    assert_eq!(left("emails").get("emails"), None);
    assert_eq!(
        left("emails[type eq \"work\" or type eq \"void\"]")["emails"],
        json!([{"value": "b", "type": "home"}])
    );
    assert_eq!(left("emails[type eq \"work\"].type")["emails"][0], json!({"value": "a"}));
    assert_eq!(left("emails.type")["emails"], json!([{"value": "a"}, {"value": "b"}]));
    assert_eq!(left("roles[value eq \"x\"]").get("roles"), None);
    let by_value = json!([{"op": "remove", "path": "emails", "value": [{"value": "a"}]}]);
    assert_eq!(patched(start.clone(), by_value.clone())["emails"].as_array().unwrap().len(), 2);
    assert!(quirks(start, by_value).contains(&Quirk::RemoveByValue("emails".into())));
}

#[test]
fn extensions_come_and_go_with_their_urn() {
    let department = format!("{}:department", urn::ENTERPRISE_USER);
    let done = run(json!({}), json!([{"op": "add", "path": department, "value": "d"}]), false).unwrap();
    assert_eq!(done.resource["schemas"], json!([urn::USER, urn::ENTERPRISE_USER]));
    let start =
        json!({"schemas": [urn::USER, urn::ENTERPRISE_USER], urn::ENTERPRISE_USER: {"department": "d"}});
    for path in [department.as_str(), urn::ENTERPRISE_USER] {
        let done = run(start.clone(), json!([{"op": "remove", "path": path}]), false).unwrap();
        assert_eq!(done.resource, json!({"schemas": [urn::USER], "userName": "a"}), "{path}");
    }
    let whole = json!([{"op": "replace", "path": urn::ENTERPRISE_USER, "value": {"Division": "v"}}]);
    assert_eq!(
        patched(start.clone(), whole)[urn::ENTERPRISE_USER],
        json!({"department": "d", "division": "v"})
    );
    let key =
        json!([{"op": "replace", "value": {urn::ENTERPRISE_USER: {"department": "e"}, department: "f"}}]);
    assert_eq!(patched(start, key)[urn::ENTERPRISE_USER], json!({"department": "f"}));
}

#[test]
fn primary_moves_to_the_newest() {
    let start = json!({"emails": [{"value": "a", "primary": true}, {"value": "b"}]});
    let primaries = |operations: Value| -> Vec<bool> {
        let after = patched(start.clone(), operations);
        after["emails"].as_array().unwrap().iter().map(|e| e["primary"] == true).collect()
    };
    assert_eq!(
        primaries(json!([{"op": "add", "path": "emails", "value": {"value": "c", "primary": true}}])),
        [false, false, true]
    );
    assert_eq!(
        primaries(json!([{"op": "replace", "path": "emails[value eq \"b\"].primary", "value": "True"}])),
        [false, true]
    );
    assert_eq!(primaries(json!([{"op": "replace", "path": "emails.primary", "value": true}])), [false, true]);
    assert_eq!(
        primaries(json!([{"op": "add", "path": "emails", "value": {"value": "a", "primary": true}}])),
        [true, false]
    );
    assert_eq!(
        primaries(json!([{"op": "add", "path": "emails", "value": {"value": "c"}}])),
        [true, false, false]
    );
}

#[test]
fn errors_have_the_keyword_of_the_rfc() {
    let emails = json!({"emails": [{"value": "a", "type": "work"}]});
    let op = |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
    for (start, operations, expected) in [
        (json!({}), json!([{"op": "remove"}]), ScimType::NoTarget),
        (
            emails.clone(),
            op("replace", "emails[type eq \"home\"]", json!({"value": "b"})),
            ScimType::NoTarget,
        ),
        (emails.clone(), op("replace", "emails[value co \"z\"].value", json!("b")), ScimType::NoTarget),
        (emails.clone(), op("replace", "emails[value eq \"z\"].value", json!("b")), ScimType::NoTarget),
        (emails.clone(), op("add", "emails[type eq \"home\"]", json!({"type": "other"})), ScimType::NoTarget),
        (emails.clone(), op("replace", "emails[kind eq \"z\"].value", json!("b")), ScimType::InvalidPath),
        (json!({}), op("replace", "shoeSize", json!(1)), ScimType::InvalidPath),
        (json!({}), op("replace", "name.shoe", json!(1)), ScimType::InvalidPath),
        (json!({}), op("replace", "urn:x:y:z", json!(1)), ScimType::InvalidPath),
        (json!({}), op("add", "emails[", json!(1)), ScimType::InvalidPath),
        (json!({}), op("add", "title[value eq \"x\"]", json!(1)), ScimType::InvalidPath),
        (json!({}), op("add", "7", json!(1)), ScimType::InvalidPath),
        (json!({}), json!([{"op": "add", "path": 7, "value": 1}]), ScimType::InvalidPath),
        (json!({}), op("replace", "id", json!("x")), ScimType::Mutability),
        (json!({}), op("add", "groups", json!([{"value": "g"}])), ScimType::Mutability),
        (json!({}), op("replace", "meta.created", json!("x")), ScimType::Mutability),
        (json!({}), json!([{"op": "remove", "path": "userName"}]), ScimType::Mutability),
        (json!({}), json!([{"op": "remove", "path": "schemas"}]), ScimType::Mutability),
        (json!({}), op("replace", "userName", json!("")), ScimType::InvalidValue),
        (json!({}), op("replace", "userName", json!(null)), ScimType::InvalidValue),
        (json!({}), op("replace", "active", json!("maybe")), ScimType::InvalidValue),
        (json!({}), json!([{"op": "replace", "path": "title"}]), ScimType::InvalidValue),
        (json!({}), json!([{"op": "replace", "value": "x"}]), ScimType::InvalidValue),
        (json!({}), op("move", "title", json!("x")), ScimType::InvalidSyntax),
        (json!({}), json!([]), ScimType::InvalidSyntax),
        (json!({}), json!(["x"]), ScimType::InvalidSyntax),
        (json!({}), op("add", "urn:acme:1.0:User:badge", json!("x")), ScimType::InvalidValue),
    ] {
        assert_eq!(refused(start, operations.clone()), expected, "{operations}");
    }
    assert_eq!(PatchRequest::parse(json!([])).unwrap_err().scim_type, Some(ScimType::InvalidSyntax));
    assert_eq!(PatchRequest::from_slice(b"{").unwrap_err().scim_type, Some(ScimType::InvalidSyntax));
    let many = vec![json!({"op": "remove", "path": "title"}); PatchRequest::OPERATIONS + 1];
    assert_eq!(request(many.into()).unwrap_err().scim_type, Some(ScimType::InvalidSyntax));
}

#[test]
fn lists_are_bounded() {
    let values: Vec<Value> =
        (0..crate::resource::ELEMENTS).map(|n| json!({"value": n.to_string()})).collect();
    let add = json!([{"op": "add", "path": "roles", "value": values}, {"op": "add", "path": "roles", "value": "x"}]);
    assert_eq!(refused(json!({}), add), ScimType::InvalidValue);
}

#[test]
fn immutable_values_are_set_once() {
    let path = "urn:acme:1.0:User:badge";
    let set = |value: &str| json!([{"op": "replace", "path": path, "value": value}]);
    let schemas = json!([urn::USER, "urn:acme:1.0:User"]);
    let empty = json!({"urn:acme:1.0:User": {"grade": "g"}});
    let start = json!({"schemas": schemas, "urn:acme:1.0:User": {"grade": "g", "badge": "b"}});
    assert_eq!(patched(empty, set("b"))["urn:acme:1.0:User"]["badge"], "b");
    assert!(!run(start.clone(), json!([{"op": "add", "path": path, "value": "b"}]), false).unwrap().changed);
    assert_eq!(refused(start.clone(), set("c")), ScimType::Mutability);
    assert_eq!(refused(start, json!([{"op": "remove", "path": path}])), ScimType::Mutability);
    let keys = "urn:acme:1.0:User:keys[type eq \"door\"]";
    let start = json!({"schemas": schemas,
        "urn:acme:1.0:User": {"grade": "g", "keys": [{"value": "1", "type": "door"}]}});
    for (path, value) in [
        (keys.to_owned(), json!({"value": "2"})),
        (keys.to_owned(), json!({"value": null})),
        (format!("{keys}.value"), json!("2")),
    ] {
        let add = json!([{"op": "add", "path": path, "value": value}]);
        assert_eq!(refused(start.clone(), add.clone()), ScimType::Mutability, "{add}");
    }
    let same = json!([{"op": "add", "path": keys, "value": {"value": "1", "type": "gate"}}]);
    assert_eq!(patched(start, same)["urn:acme:1.0:User"]["keys"], json!([{"value": "1", "type": "gate"}]));
}

#[test]
fn all_operations_or_none() {
    let error = run(
        json!({"title": "t"}),
        json!([{"op": "replace", "path": "title", "value": "x"}, {"op": "replace", "path": "nope", "value": 1}]),
        false,
    );
    assert!(error.err().unwrap().detail.starts_with("operation 2: "));
}

#[test]
fn strict_refuses_what_is_tolerated_otherwise() {
    let strict = |operations: Value| run(json!({}), operations, true).err().and_then(|error| error.scim_type);
    assert_eq!(strict(json!([{"op": "replace", "value": {"shoe": 1}}])), Some(ScimType::InvalidSyntax));
    assert_eq!(strict(json!([{"op": "replace", "value": {"id": "1"}}])), Some(ScimType::Mutability));
    let work = "emails[type eq \"work\"]";
    assert_eq!(strict(json!([{"op": "remove", "path": work}])), Some(ScimType::NoTarget));
    assert_eq!(
        strict(json!([{"op": "replace", "path": format!("{work}.value"), "value": "x"}])),
        Some(ScimType::NoTarget)
    );
    assert_eq!(strict(json!([{"op": "add", "path": format!("{work}.value"), "value": "x"}])), None);
}

mod clients;
mod members;
mod reference;

fn group(operations: Value) -> (Value, Vec<MemberEdit>) {
    let mut body = object(json!({"schemas": [urn::GROUP], "displayName": "g"}));
    let applied = apply(&mut body, &request(operations).unwrap(), &Definition::group(&[]), false).unwrap();
    (Value::Object(body), applied.edits)
}

fn member(value: &str) -> Member {
    Member { value: value.into() }
}

#[test]
fn members_become_edits() {
    let edits = |operations: Value| {
        let (resource, edits) = group(operations);
        assert_eq!(resource, json!({"schemas": [urn::GROUP], "displayName": "g"}));
        edits
    };
    let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        edits(json!([
            {"op": "Add", "path": "members", "value": [{"value": "1", "$ref": null}, {"value": "2"}, {"value": "1"}]},
            {"op": "Remove", "path": "Members", "value": [{"value": "3", "$ref": null}]},
            {"op": "remove", "path": "members[value eq \"4\"]"},
            {"op": "remove", "path": "members[value eq \"5\" or value eq \"6\"]"},
            {"op": "replace", "path": "members", "value": [{"value": "7"}]},
            {"op": "add", "value": {"members": [{"value": "8"}]}},
            {"op": "replace", "value": {"members": []}},
            {"op": "remove", "path": "members"},
            {"op": "remove", "path": "members", "value": []},
            {"op": "add", "path": "members", "value": []},
            {"op": "remove", "path": "members[type eq \"Group\"]"}
        ])),
        [
            MemberEdit::Add(vec![member("1"), member("2")]),
            MemberEdit::Remove(ids(&["3"])),
            MemberEdit::Remove(ids(&["4"])),
            MemberEdit::Remove(ids(&["5", "6"])),
            MemberEdit::ReplaceAll(vec![member("7")]),
            MemberEdit::Add(vec![member("8")]),
            MemberEdit::ReplaceAll(vec![]),
            MemberEdit::RemoveAll,
            MemberEdit::Remove(vec![]),
            MemberEdit::RemoveMatching(Filter::parse("type eq \"Group\"").unwrap()),
        ]
    );
    let mut body = object(json!({"displayName": "g"}));
    let bad =
        request(json!([{"op": "replace", "path": "members[value eq \"1\"].value", "value": "2"}])).unwrap();
    let error = apply(&mut body, &bad, &Definition::group(&[]), false).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::Mutability));
}

/// The reference for the property below: emails as a list of (type, value), one operation at a time, naively.
fn slow(emails: &mut Vec<(String, String)>, op: Op, kind: &str, value: &str) {
    match op {
        Op::Add | Op::Replace => {
            let mut found = false;
            for email in emails.iter_mut() {
                if email.0.to_lowercase() == kind.to_lowercase() {
                    email.1 = value.to_owned();
                    found = true;
                }
            }
            if !found {
                emails.push((kind.to_owned(), value.to_owned()));
            }
        }
        Op::Remove => emails.retain(|email| email.0.to_lowercase() != kind.to_lowercase()),
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        let key = proptest::sample::select(vec![
            "value",
            "type",
            "primary",
            "title",
            "emails",
            "active",
            urn::USER,
            "id",
        ]);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..3)
                .prop_map(|parts| Value::Object(parts.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn value_paths_agree_with_the_slow_reference(
        steps in proptest::collection::vec((0..3usize, "work|home|WORK", "[a-c]"), 0..8)
    ) {
        let mut emails = Vec::new();
        let mut operations = Vec::new();
        for (op, kind, value) in steps {
            let op = [Op::Add, Op::Replace, Op::Remove][op];
            slow(&mut emails, op, &kind, &value);
            operations.push(match op {
                Op::Remove => json!({"op": "remove", "path": format!("emails[type eq \"{kind}\"]")}),
                _ => json!({"op": op.as_str(), "path": format!("emails[type eq \"{kind}\"].value"), "value": value}),
            });
        }
        prop_assume!(!operations.is_empty());
        let expected: Vec<Value> = emails.iter().map(|(kind, value)| json!({"type": kind, "value": value})).collect();
        let after = patched(json!({}), Value::from(operations));
        prop_assert_eq!(after.get("emails").cloned().unwrap_or(json!([])), Value::from(expected));
    }

    #[test]
    fn adding_and_replacing_lists_agree_with_the_slow_reference(
        start in proptest::collection::vec("[a-c]", 0..4),
        steps in proptest::collection::vec((0..3usize, proptest::collection::vec("[a-e]", 0..3)), 1..5),
    ) {
        let mut expected: Vec<String> = Vec::new();
        for tag in &start {
            if !expected.contains(tag) {
                expected.push(tag.clone());
            }
        }
        let before = json!({"urn:acme:1.0:User": {"grade": "g", "tags": expected}});
        let mut operations = Vec::new();
        for (op, tags) in steps {
            let op = [Op::Add, Op::Replace, Op::Remove][op];
            match op {
                Op::Add => tags.iter().for_each(|tag| if !expected.contains(tag) { expected.push(tag.clone()) }),
                Op::Replace => expected.clone_from(&tags),
                Op::Remove => expected.retain(|tag| !tags.contains(tag)),
            }
            operations.push(json!({"op": op.as_str(), "path": "urn:acme:1.0:User:tags", "value": tags}));
        }
        let after = patched(before, Value::from(operations));
        let tags = after["urn:acme:1.0:User"].get("tags").cloned().unwrap_or(json!([]));
        prop_assert_eq!(tags, json!(expected));
    }

    #[test]
    fn any_operation_is_applied_whole_or_refused(
        op in "add|Replace|remove",
        path in proptest::option::of("(title|emails|emails\\.value|emails\\[type eq \"a\"\\]|emails\\[primary eq true\\]\\.value|active|name|id)"),
        value in proptest::option::of(any_value()),
        strict in any::<bool>(),
    ) {
        let mut operation = json!({"op": op});
        if let Some(path) = path {
            operation["path"] = path.into();
        }
        if let Some(value) = value {
            operation["value"] = value;
        }
        let start = json!({"emails": [{"type": "a", "value": "b", "primary": true}]});
        if let Ok(done) = run(start, json!([operation]), strict) {
            let definition = Definition::user(&[acme()]);
            let body = object(done.resource);
            let again = definition.accept(body.clone(), crate::Mode::Create, true);
            let again = again.map_err(|e| TestCaseError::fail(format!("{e}: {body:?}")))?;
            prop_assert_eq!(again.resource, body, "a patched resource is a proper one");
        }
    }
}
