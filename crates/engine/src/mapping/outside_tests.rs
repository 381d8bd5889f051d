//! Mappings that ask for more than the object: time, chance, roles, tables, the target.

use std::sync::Arc;

use expression::RoleAssignment;
use model::{
    AttributeMapping, DirectoryObject, FlowType, Link, LookupTable, MappingSource, ObjectMapping, Shadow,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{attribute, compiled, direct, user, users};
use super::*;
use crate::decide::tests::new_link;
use crate::{Reference, SourceView};

fn expression(path: &str, text: &str) -> AttributeMapping {
    attribute(path, MappingSource::Expression(text.into()))
}

fn ada(title: &str) -> DirectoryObject {
    user(json!({"mail": "ada@example.com", "jobTitle": title}))
}

fn evaluate(
    mapping: &CompiledMapping,
    object: &DirectoryObject,
    link: Option<&Link>,
    outside: &Outside<'_>,
) -> Desired {
    let object_view = SourceView::new(object, false);
    let subject = Subject { id: object.id, object: object_view, manager: &Reference::None, link, outside };
    mapping.evaluate(&subject).expect("evaluates")
}

/// A link of an account that has what was desired.
fn linked(mapping: &CompiledMapping, desired: &Desired) -> Link {
    let mut link = new_link(mapping.creation(desired));
    link.kept.clone_from(&desired.kept);
    link
}

fn of_second<'a>(second: i64, seed: u8) -> Outside<'a> {
    let now = jiff::Timestamp::from_second(second).expect("an instant");
    Outside { now, seed: [seed; 32], ..Outside::default() }
}

#[test]
fn time_and_chance_stand_still_until_another_input_changes() {
    let mapping = compiled(vec![
        direct("userName", "mail"),
        expression("externalId", "Guid()"),
        expression("title", r#"Join(" ", [jobTitle], Now())"#),
    ]);
    let first = evaluate(&mapping, &ada("Countess"), None, &of_second(0, 1));
    let link = linked(&mapping, &first);
    assert_eq!(link.shadow["title"], "Countess 1/1/1970 12:00:00 AM");
    let later = evaluate(&mapping, &ada("Countess"), Some(&link), &of_second(86_400, 2));
    assert_eq!(later, first);
    let changed = evaluate(&mapping, &ada("Analyst"), Some(&link), &of_second(86_400, 2));
    let changes = mapping.changes_on_update(&changed, &link.shadow);
    assert_eq!(Value::Object(changes), json!({"title": "Analyst 1/2/1970 12:00:00 AM"}));
    // A mapping that reads otherwise is another one.
    let other = compiled(vec![direct("userName", "mail"), expression("externalId", "ToUpper(Guid())")]);
    let other = evaluate(&other, &ada("Countess"), Some(&link), &of_second(86_400, 2));
    assert_ne!(other.kept["externalId"].value, link.shadow["externalId"]);
}

#[test]
fn chance_differs_by_object_and_attribute_and_repeats_with_its_seed() {
    let mapping = compiled(vec![
        direct("userName", "mail"),
        expression("externalId", "Guid()"),
        expression("nickName", "Guid()"),
    ]);
    let of = |id: u128, seed| {
        let object = DirectoryObject { id: uuid::Uuid::from_u128(id), ..ada("") };
        mapping.creation(&evaluate(&mapping, &object, None, &of_second(0, seed)))
    };
    let one = of(1, 1);
    assert_ne!(one["externalId"], one["nickName"]);
    assert_ne!(one["externalId"], of(2, 1)["externalId"]);
    assert_ne!(one["externalId"], of(1, 2)["externalId"]);
    assert_eq!(one, of(1, 1));
}

#[test]
fn a_unique_value_is_asked_for_until_one_is_free_and_then_kept() {
    let mapping = compiled(vec![
        direct("userName", "mail"),
        expression("nickName", r#"SelectUniqueValue("ada", "ada1", Join("", "ada", [jobTitle]))"#),
    ]);
    let mut answers = Answers::new();
    let mut asked = Vec::new();
    let desired = loop {
        let outside = Outside { answers: &answers, ..Outside::default() };
        let desired = evaluate(&mapping, &ada("x"), None, &outside);
        let Some(question) = desired.questions.first().cloned() else { break desired };
        assert!(!mapping.creation(&desired).contains_key("nickName"), "not before it is known to be free");
        asked.push(question.value.clone());
        let taken = question.value == "ada";
        answers.insert(question, taken);
    };
    assert_eq!(asked, ["ada", "ada1"]);
    assert_eq!(mapping.creation(&desired)["nickName"], "ada1");
    let link = linked(&mapping, &desired);
    let later = evaluate(&mapping, &ada("x"), Some(&link), &Outside::default());
    assert_eq!((later.questions.len(), &later.kept), (0, &link.kept));
    // Another input changes, or the account never got the value: asked again.
    let changed = evaluate(&mapping, &ada("y"), Some(&link), &Outside::default());
    assert_eq!(changed.questions[0].value, "ada");
    let without = Link { shadow: Shadow::new(), ..link };
    let never = evaluate(&mapping, &ada("x"), Some(&without), &Outside::default());
    assert_eq!(never.questions[0].value, "ada");
}

fn role(value: &str) -> Arc<RoleAssignment> {
    Arc::new(RoleAssignment { id: String::new(), value: value.into(), display_name: value.to_uppercase() })
}

fn with_roles(mapping: &CompiledMapping, roles: &[&str], link: Option<&Link>) -> Desired {
    let roles: Vec<_> = roles.iter().map(|value| role(value)).collect();
    evaluate(mapping, &ada(""), link, &Outside { roles: &roles, ..Outside::default() })
}

#[test]
fn roles_that_are_not_ours_stay() {
    let mapping = compiled(vec![
        direct("userName", "mail"),
        expression("roles", "AppRoleAssignmentsComplex([appRoleAssignments])"),
    ]);
    assert!(mapping.reads_roles());
    let desired = with_roles(&mapping, &["admin", "reader"], None);
    let shadow = mapping.creation(&desired);
    let admin = json!({"value": "admin", "display": "ADMIN", "type": "WindowsAzureActiveDirectoryRole", "primary": false});
    assert_eq!(shadow[r#"roles[value eq "admin"]"#], admin);
    assert_eq!(mapping.paths_of(&desired).count(), 4);
    let link = new_link(shadow);
    let fewer = with_roles(&mapping, &["reader", "writer"], Some(&link));
    let changes = mapping.changes_on_update(&fewer, &link.shadow);
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[r#"roles[value eq "admin"]"#], Value::Null);
    assert_eq!(changes[r#"roles[value eq "writer"]"#]["value"], "writer");
    let none = with_roles(&mapping, &[], Some(&link));
    assert!(mapping.changes_on_update(&none, &link.shadow).values().all(Value::is_null));
}

#[test]
fn asserted_roles_are_all_that_there_are() {
    let mut roles = expression("roles", "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])");
    roles.flow_null = false;
    let mapping = compiled(vec![direct("userName", "mail"), roles]);
    let found = Shadow::from([
        ("userName".to_owned(), json!("ada@example.com")),
        ("roles".to_owned(), json!([{"value": "theirs"}])),
    ]);
    let desired = with_roles(&mapping, &["admin"], None);
    let changes = mapping.changes_on_match(&desired, &found);
    assert_eq!(changes["roles"][0]["value"], "admin");
    assert_eq!(changes["roles"].as_array().map(Vec::len), Some(1));
    let none = with_roles(&mapping, &[], None);
    assert_eq!(Value::Object(mapping.changes_on_match(&none, &found)), json!({"roles": null}));
    assert_eq!(Value::Object(mapping.changes_on_update(&none, &found)), json!({"roles": null}));
}

#[test]
fn one_role_is_a_text() {
    let path = r#"roles[primary eq "True"].value"#;
    let source = "SingleAppRoleAssignment([appRoleAssignments])";
    let mapping = compiled(vec![direct("userName", "mail"), expression(path, source)]);
    assert_eq!(mapping.creation(&with_roles(&mapping, &["admin", "reader"], None))[path], "admin");
}

#[test]
fn tables_are_looked_up() {
    let table = LookupTable::from([("Countess".to_owned(), "4711".to_owned())]);
    let tables = Tables::new(&BTreeMap::from([("centres".to_owned(), table)]));
    let centre = expression("title", r#"Lookup([jobTitle], "centres", "none")"#);
    let mapping = CompiledMapping::compile(
        &users(vec![direct("userName", "mail"), centre]),
        &TargetList::standard(ObjectType::User),
        &tables,
    );
    let mapping = mapping.expect("valid");
    let title = |title: &str| {
        mapping.creation(&evaluate(&mapping, &ada(title), None, &Outside::default()))["title"].clone()
    };
    assert_eq!((title("Countess"), title("Analyst")), (json!("4711"), json!("none")));
}

#[test]
fn redacted_values_are_shown_nowhere() {
    let mapping = compiled(vec![
        direct("userName", "mail"),
        expression("nickName", "Redact([jobTitle])"),
        expression("active", "Redact([jobTitle])"),
    ]);
    let before = Shadow::from([("nickName".to_owned(), json!("hunter1"))]);
    let changes =
        Changes::from_iter([("nickName".to_owned(), json!("hunter2")), ("title".into(), json!("x"))]);
    let shown = mapping.modified_properties(&before, &changes);
    assert_eq!(shown[0].old_value, Some(json!("[Redact]")));
    assert_eq!(shown[0].new_value, Some(json!("[Redact]")));
    assert_eq!(shown[1].new_value, Some(json!("x")));
    let secrets = mapping.secrets(before.iter().chain(&changes));
    assert_eq!(
        redact(r#"nickName "hunter2" is taken (was hunter1)"#, &secrets),
        r#"nickName "[Redact]" is taken (was [Redact])"#
    );
    assert_eq!(redact("a cat sat", &["a".to_owned()]), "[Redact] cat sat");
    let object = ada("hunter2");
    let subject = Subject {
        id: object.id,
        object: SourceView::new(&object, false),
        manager: &Reference::None,
        link: None,
        outside: &Outside::default(),
    };
    let failure = mapping.evaluate(&subject).expect_err("no boolean").to_string();
    assert!(failure.contains("active") && !failure.contains("hunter2"), "{failure}");
}

/// Mappings with every effect, for objects that change.
fn any_mapping() -> impl Strategy<Value = ObjectMapping> {
    let texts = [
        "Guid()",
        "Now()",
        r#"Join("", [jobTitle], RandomString(8, 1, 1, 1, 1, ""))"#,
        "AppRoleAssignmentsComplex([appRoleAssignments])",
        "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])",
        "SingleAppRoleAssignment([appRoleAssignments])",
        "IgnoreFlowIfNullOrEmpty([jobTitle])",
        "Redact([jobTitle])",
        r#"SelectUniqueValue([jobTitle], Join("", [jobTitle], "1"), Guid())"#,
        "[jobTitle]",
    ];
    let paths = ["roles", "title", "nickName", "externalId", r#"emails[type eq "work"].value"#];
    let flows =
        [FlowType::Always, FlowType::ObjectAddOnly, FlowType::MultiValueAddOnly, FlowType::ValueAddOnly];
    let one =
        (proptest::sample::select(texts.to_vec()), proptest::sample::select(flows.to_vec()), any::<bool>());
    proptest::collection::vec(one, paths.len()).prop_map(move |chosen| {
        let mut attributes = vec![direct("userName", "mail")];
        for (path, (text, flow, null)) in paths.iter().zip(chosen) {
            attributes.push(AttributeMapping { flow_type: flow, flow_null: null, ..expression(path, text) });
        }
        users(attributes)
    })
}

proptest! {
    /// Whatever the mapping asks for: what was exported once stays as it is in every later run, and a change of the
    /// object is settled by one export.
    #[test]
    fn every_mapping_settles(
        mapping in any_mapping(),
        runs in proptest::collection::vec(("[a-c]{0,2}", proptest::collection::btree_set("[x-z]", 0..3)), 1..6),
        taken in any::<bool>(),
    ) {
        let mapping = CompiledMapping::compile(&mapping, &TargetList::standard(ObjectType::User), &Tables::default()).expect("valid");
        let mut link: Option<Link> = None;
        for (run, (title, roles)) in runs.iter().enumerate() {
            let object = ada(title);
            let roles: Vec<_> = roles.iter().map(|value| role(value)).collect();
            for repeat in 0..2_u8 {
                let seed = u8::try_from(run).expect("few") * 2 + repeat;
                let mut answers = Answers::new();
                let desired = loop {
                    let outside = Outside { roles: &roles, answers: &answers, ..of_second(i64::from(seed), seed) };
                    let desired = evaluate(&mapping, &object, link.as_ref(), &outside);
                    let Some(question) = desired.questions.first().cloned() else { break desired };
                    let first = question.value == *title;
                    answers.insert(question, taken && first);
                };
                let Some(link) = &mut link else {
                    link = Some(linked(&mapping, &desired));
                    continue;
                };
                let changes = mapping.changes_on_update(&desired, &link.shadow);
                prop_assert!(repeat == 0 || changes.is_empty(), "{:?}", changes);
                prop_assert!(repeat == 0 || desired.kept == link.kept);
                for (path, value) in changes {
                    match value {
                        Value::Null => drop(link.shadow.remove(&path)),
                        value => drop(link.shadow.insert(path, value)),
                    }
                }
                link.kept = desired.kept;
            }
        }
    }
}
