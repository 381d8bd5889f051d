use model::{AttributeMapping, LinkOrigin, MappingSource};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::mapping::tests::{attribute, compiled, direct, usual};

fn link(state: LinkState, shadow: Json) -> Link {
    let shadow = serde_json::from_value(shadow).expect("an object");
    let link = json!({
        "sourceId": uuid::Uuid::from_u128(1), "objectType": "User", "sourceName": "ada", "targetId": "t1",
        "origin": "created", "state": "active", "configuration": 1, "sourceVersion": 1,
        "created": "2026-01-01T00:00:00Z",
    });
    let link: Link = serde_json::from_value(link).expect("a link");
    assert_eq!(link.origin, LinkOrigin::Created);
    Link { state, shadow, ..link }
}

/// The paths that differ in an active account.
fn differ(mapping: &CompiledMapping, expected: Json, found: Json) -> Vec<String> {
    let found: Shadow = serde_json::from_value(found).expect("an object");
    let drifted = mapping.drift(&link(LinkState::Active, expected), &found);
    drifted.into_iter().map(|it| it.path).collect()
}

fn flowing(flow_type: FlowType, mapping: AttributeMapping) -> CompiledMapping {
    compiled(vec![direct("userName", "userPrincipalName"), AttributeMapping { flow_type, ..mapping }])
}

#[test]
fn values_are_compared_as_the_target_does() {
    let mapping = compiled(vec![
        direct("userName", "userPrincipalName"),
        direct("externalId", "mailNickname"),
        direct("active", "accountEnabled"),
        direct("title", "jobTitle"),
        direct("emails", "otherMails"),
        direct("nickName", "employeeId"),
        direct("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "manager"),
    ]);
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    for (path, expected, found) in [
        ("userName", json!("Ada@Example.com"), json!("ada@example.COM")),
        ("title", json!("Straße"), json!("STRASSE")),
        ("active", json!(true), json!("True")),
        ("nickName", json!("17"), json!(17)),
        ("emails", json!(["a", "b"]), json!(["B", "a"])),
        ("emails", json!([{"value": "a"}]), json!([{"Value": "A", "type": "work", "primary": false}])),
        ("title", json!(""), json!(null)),
        ("emails", json!([]), json!(null)),
    ] {
        assert!(
            differ(&mapping, json!({path: expected}), json!({path: found})).is_empty(),
            "{path} {expected} {found}"
        );
    }
    for (path, expected, found) in [
        ("externalId", json!("ada"), json!("ADA")),
        (manager, json!("t2"), json!("T2")),
        ("active", json!(true), json!("yes")),
        ("active", json!(true), json!(false)),
        ("title", json!("Countess"), json!(null)),
        ("title", json!("Countess"), json!({"value": "Countess"})),
        ("emails", json!(["a", "a"]), json!(["a", "b"])),
        ("emails", json!(["a"]), json!(["a", "b"])),
        ("emails", json!([{"value": "a", "type": "work"}]), json!([{"value": "a"}])),
    ] {
        assert_eq!(
            differ(&mapping, json!({path: expected}), json!({path: found})),
            [path],
            "{expected} {found}"
        );
    }
    // What this job did not leave there, and what it no longer maps, is none of its business.
    assert!(differ(&mapping, json!({}), json!({"title": "Boss"})).is_empty());
    assert!(
        differ(&mapping, json!({"displayName": "ada", "title": null}), json!({"title": "Boss"})).is_empty()
    );
}

#[test]
fn what_would_not_be_written_is_no_difference() {
    let title = || direct("title", "jobTitle");
    let (expected, other) = (|| json!({"title": "Countess"}), || json!({"title": "Boss"}));
    for (flow, changed, missing) in [
        (FlowType::Always, true, true),
        (FlowType::ObjectAddOnly, false, false),
        (FlowType::ValueAddOnly, false, true),
        (FlowType::AttributeAddOnly, false, true),
    ] {
        let mapping = flowing(flow, title());
        assert_eq!(!differ(&mapping, expected(), other()).is_empty(), changed, "{flow:?}");
        assert_eq!(!differ(&mapping, expected(), json!({})).is_empty(), missing, "{flow:?}");
    }
    let added = flowing(FlowType::MultiValueAddOnly, direct("emails", "otherMails"));
    assert!(differ(&added, json!({"emails": ["a"]}), json!({"emails": ["b", "A"]})).is_empty());
    assert_eq!(differ(&added, json!({"emails": ["a", "b"]}), json!({"emails": ["b"]})), ["emails"]);
    let fixed = flowing(FlowType::Always, attribute("title", MappingSource::None));
    assert!(differ(&fixed, expected(), other()).is_empty());
    // Nobody can read a password.
    let secret = flowing(FlowType::Always, direct("password", "employeeId"));
    assert!(differ(&secret, json!({"password": "x"}), json!({})).is_empty());
}

#[test]
fn of_a_disabled_account_counts_what_disables_it() {
    let (mapping, shadow) = (usual(), json!({"userName": "ada", "active": false, "title": "Countess"}));
    let found: Shadow = serde_json::from_value(json!({"userName": "x", "active": true})).expect("values");
    let of = |state| mapping.drift(&link(state, shadow.clone()), &found).into_iter().map(|it| it.path);
    assert_eq!(of(LinkState::Disabled).collect::<Vec<_>>(), ["active"]);
    assert_eq!(of(LinkState::Active).collect::<Vec<_>>(), ["active", "title", "userName"]);
    assert_eq!(of(LinkState::Released).count() + of(LinkState::Pending).count(), 0);
}

#[test]
fn secrets_are_not_shown() {
    let redacted = attribute("title", MappingSource::Expression("Redact([jobTitle])".into()));
    let mapping = compiled(vec![direct("userName", "userPrincipalName"), redacted]);
    let drifted = |path: &str, found| Drifted { path: path.into(), expected: json!("a"), found };
    assert_eq!(mapping.shown(&drifted("title", json!("b"))), (json!("[Redact]"), json!("[Redact]")));
    assert_eq!(mapping.shown(&drifted("title", Json::Null)), (json!("[Redact]"), Json::Null));
    assert_eq!(mapping.shown(&drifted("userName", json!("b"))), (json!("a"), json!("b")));
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        "[a-cA-CßÄä ]{0,4}".prop_map(Json::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-c]", inner, 0..3).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_does_not_differ(value in value()) {
        let mapping = flowing(FlowType::Always, direct("emails", "otherMails"));
        let written = differ(&mapping, json!({"emails": value}), json!({"emails": value}));
        prop_assert!(written.is_empty());
        if let Json::Array(mut values) = value.clone() {
            values.reverse();
            let in_another_order = differ(&mapping, json!({"emails": value}), json!({"emails": values}));
            prop_assert!(in_another_order.is_empty());
        }
    }

    /// After the link has taken note of what was found, nothing differs.
    #[test]
    fn what_was_found_does_not_differ(expected in value(), found in value()) {
        let mapping = flowing(FlowType::Always, direct("emails", "otherMails"));
        let mut link = link(LinkState::Active, json!({"emails": expected}));
        let there: Shadow = [("emails".to_owned(), found)].into();
        for drifted in mapping.drift(&link, &there) {
            link.shadow.insert(drifted.path, drifted.found);
        }
        prop_assert!(mapping.drift(&link, &there).is_empty());
    }

    #[test]
    fn another_text_differs(expected in "[a-z]{1,5}", found in "[a-z]{1,5}") {
        let mapping = flowing(FlowType::Always, direct("title", "jobTitle"));
        let drifted = differ(&mapping, json!({"title": expected}), json!({"title": found}));
        prop_assert_eq!(drifted.is_empty(), expected == found);
    }
}
