use model::{DirectoryObject, Shadow};
use serde_json::json;

use super::*;
use crate::{Reference, SourceView};

fn compile(mapping: &ObjectMapping) -> Result<CompiledMapping, ConfigurationError> {
    CompiledMapping::compile(mapping, &TargetList::standard(mapping.source_object), &Tables::default())
}

pub(crate) fn attribute(path: &str, source: MappingSource) -> AttributeMapping {
    AttributeMapping {
        target_attribute_name: path.into(),
        source,
        default_value: None,
        flow_type: FlowType::Always,
        flow_behavior: FlowBehavior::FlowWhenChanged,
        matching_priority: u32::from(path == "userName" || path == "displayName"),
        flow_null: true,
    }
}

pub(crate) fn direct(path: &str, name: &str) -> AttributeMapping {
    attribute(path, MappingSource::Direct(name.into()))
}

pub(crate) fn users(attributes: Vec<AttributeMapping>) -> ObjectMapping {
    ObjectMapping {
        name: "users".into(),
        source_object: ObjectType::User,
        enabled: true,
        target_actions: TargetActions::ALL,
        scoping_filters: Vec::new(),
        attribute_mappings: attributes,
    }
}

pub(crate) fn compiled(attributes: Vec<AttributeMapping>) -> CompiledMapping {
    compile(&users(attributes)).expect("a valid mapping")
}

/// What the mapping computes of an object that nothing else is known of.
fn seen(
    mapping: &CompiledMapping,
    object: &DirectoryObject,
    soft_deleted: bool,
    manager: &Reference,
) -> Result<Desired, MappingFailure> {
    let outside = Outside::default();
    let view = SourceView::new(object, soft_deleted);
    mapping.evaluate(&Subject { id: object.id, object: view, manager, link: None, outside: &outside })
}

pub(crate) fn usual() -> CompiledMapping {
    let active = r#"Switch([IsSoftDeleted], , "False", "True", "True", "False")"#;
    compiled(vec![
        direct("userName", "userPrincipalName"),
        attribute("active", MappingSource::Expression(active.into())),
        direct("title", "jobTitle"),
        direct(r#"emails[type eq "work"].value"#, "mail"),
        attribute("name.formatted", MappingSource::Expression(r#"Join(" ", [givenName], [surname])"#.into())),
        direct("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "manager"),
    ])
}

pub(crate) fn user(attributes: serde_json::Value) -> DirectoryObject {
    let serde_json::Value::Object(attributes) = attributes else { panic!("an object") };
    DirectoryObject {
        object_type: ObjectType::User,
        id: uuid::Uuid::from_u128(1),
        version: 1,
        created: jiff::Timestamp::UNIX_EPOCH,
        deleted: None,
        attributes,
    }
}

#[test]
fn values_take_the_type_of_the_target() {
    let mapping = usual();
    let ada =
        user(json!({"userPrincipalName": "ada@example.com", "givenName": "Ada", "surname": "Lovelace"}));
    let desired = seen(&mapping, &ada, false, &Reference::Target("m1".into())).expect("evaluates");
    assert_eq!(
        serde_json::to_value(mapping.creation(&desired)).expect("plain data"),
        json!({
            "active": true,
            "name.formatted": "Ada Lovelace",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager": "m1",
            "userName": "ada@example.com"
        })
    );
    assert_eq!(
        mapping.matching(&desired),
        [MatchingValue { path: "userName".into(), value: "ada@example.com".into() }]
    );
    let off = seen(&mapping, &ada, true, &Reference::None).expect("evaluates");
    assert_eq!(mapping.creation(&off)["active"], json!(false));
}

#[test]
fn a_difference_is_minimal_and_null_clears_where_asked() {
    let mapping = usual();
    let ada = user(json!({"userPrincipalName": "ada@example.com", "jobTitle": "Countess"}));
    let desired = seen(&mapping, &ada, false, &Reference::None).expect("evaluates");
    let mut shadow = mapping.creation(&desired);
    assert!(mapping.changes_on_update(&desired, &shadow).is_empty());
    shadow.insert("title".into(), json!("Analyst"));
    shadow.insert("name.formatted".into(), json!("A. L."));
    let changes = mapping.changes_on_update(&desired, &shadow);
    assert_eq!(
        serde_json::Value::Object(changes.clone()),
        json!({"title": "Countess", "name.formatted": null})
    );
    let logged = mapping.modified_properties(&shadow, &changes);
    assert_eq!(logged[0].old_value, Some(json!("Analyst")));
    assert_eq!((logged[1].old_value.clone(), logged[1].new_value.clone()), (Some(json!("A. L.")), None));
}

#[test]
fn what_was_only_found_is_never_cleared() {
    let mapping = usual();
    let ada = user(json!({"userPrincipalName": "ada@example.com"}));
    let desired = seen(&mapping, &ada, false, &Reference::None).expect("evaluates");
    let found = Shadow::from([
        ("userName".to_owned(), json!("Ada@example.com")),
        ("active".to_owned(), json!(true)),
        ("title".to_owned(), json!("set in the target")),
    ]);
    let changes = mapping.changes_on_match(&desired, &found);
    assert_eq!(serde_json::Value::Object(changes), json!({"userName": "ada@example.com"}));
    let mut shadow = mapping.remember_match(&desired, found);
    shadow.insert("userName".into(), json!("ada@example.com"));
    assert!(mapping.changes_on_update(&desired, &shadow).is_empty());
}

#[test]
fn flow_types_hold() {
    let with = |flow_type, default: Option<&str>, source: MappingSource| {
        let mut mapping = attribute("title", source);
        mapping.flow_type = flow_type;
        mapping.default_value = default.map(str::to_owned);
        compiled(vec![direct("userName", "userPrincipalName"), mapping])
    };
    let title = || MappingSource::Direct("jobTitle".into());
    let ada = user(json!({"userPrincipalName": "ada", "jobTitle": "Countess"}));
    let nobody = user(json!({"userPrincipalName": "ada"}));
    let of = |mapping: &CompiledMapping, user: &DirectoryObject| {
        seen(mapping, user, false, &Reference::None).expect("evaluates")
    };
    let shadow = |title: Option<&str>| -> Shadow {
        let mut shadow = Shadow::from([("userName".to_owned(), json!("ada"))]);
        shadow.extend(title.map(|title| ("title".to_owned(), json!(title))));
        shadow
    };
    let once = with(FlowType::ObjectAddOnly, None, title());
    assert_eq!(once.creation(&of(&once, &ada))["title"], "Countess");
    assert!(once.changes_on_update(&of(&once, &ada), &shadow(Some("other"))).is_empty());
    let empty = with(FlowType::ValueAddOnly, None, title());
    assert!(empty.changes_on_update(&of(&empty, &ada), &shadow(Some("other"))).is_empty());
    assert_eq!(empty.changes_on_update(&of(&empty, &ada), &shadow(None))["title"], "Countess");
    let default = with(FlowType::Always, Some("Staff"), title());
    assert_eq!(default.creation(&of(&default, &nobody))["title"], "Staff");
    let none = with(FlowType::Always, Some("Staff"), MappingSource::None);
    assert_eq!(none.changes_on_match(&of(&none, &ada), &shadow(None))["title"], "Staff");
    assert!(none.changes_on_match(&of(&none, &ada), &shadow(Some("x"))).is_empty());
    assert!(none.changes_on_update(&of(&none, &ada), &shadow(None)).is_empty());
}

#[test]
fn lists_only_grow_where_values_are_only_added() {
    assert_eq!(difference::union(&json!(["a"]), &json!(["b", "a"])), Some(json!(["a", "b"])));
    assert_eq!(difference::union(&json!(["a", "b"]), &json!(["a"])), None);
}

#[test]
fn what_cannot_work_says_where_and_why() {
    let refused = |attributes| compile(&users(attributes)).expect_err("refused").to_string();
    let expression = |text: &str| {
        vec![direct("userName", "mail"), attribute("title", MappingSource::Expression(text.into()))]
    };
    assert!(refused(expression("Join(\" \", [a]")).starts_with("users, title: line 1, column"));
    assert!(refused(vec![direct("emails[type eq", "mail")]).starts_with("users, emails[type eq: "));
    assert!(refused(vec![direct("title", "jobTitle")]).contains("matching priority"));
    assert!(refused(vec![direct("userName", "mail"), direct("username", "mail")]).contains("twice"));
    let mut constant = attribute("active", MappingSource::Constant(json!("perhaps")));
    constant.matching_priority = 0;
    assert!(refused(vec![direct("userName", "mail"), constant]).contains("neither True nor False"));
}

#[test]
fn a_flow_that_is_ignored_touches_nothing() {
    let source = MappingSource::Expression("IgnoreFlowIfNullOrEmpty([department])".into());
    let title = AttributeMapping { default_value: Some("none".to_owned()), ..attribute("title", source) };
    let mapping = compiled(vec![direct("userName", "mail"), title]);
    let desired = |attributes| {
        let object = user(attributes);
        seen(&mapping, &object, false, &Reference::None).unwrap()
    };
    let ignored = desired(json!({"mail": "ada@example.com"}));
    assert!(!mapping.creation(&ignored).contains_key("title"));
    let shadow = mapping.creation(&desired(json!({"mail": "ada@example.com", "department": "Sales"})));
    assert_eq!(shadow["title"], "Sales");
    assert_eq!(mapping.changes_on_update(&ignored, &shadow), Changes::new());
}

#[test]
fn nobody_is_found_by_a_value_that_changes() {
    for (expression, message) in [
        ("Now()", "users, userName: a value of time or chance cannot be matched by"),
        ("Guid()", "users, userName: a value of time or chance cannot be matched by"),
        ("SelectUniqueValue([mail], [surname])", "users, userName: a value that is chosen to be unlike any"),
    ] {
        let name = attribute("userName", MappingSource::Expression(expression.into()));
        let error = compile(&users(vec![name])).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn a_table_that_is_not_there_is_refused() {
    let centre = attribute("title", MappingSource::Expression("Lookup([department], \"centres\")".into()));
    let mapping = users(vec![direct("userName", "mail"), centre]);
    let refused = |tables: &[&str]| {
        let tables = tables.iter().map(|name| ((*name).to_owned(), LookupTable::new())).collect();
        CompiledMapping::compile(&mapping, &TargetList::standard(ObjectType::User), &Tables::new(&tables))
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        refused(&[]),
        Err("users, title: Lookup names the table \"centres\", but the job has no tables".to_owned())
    );
    assert!(refused(&["costs", "sites"]).is_err_and(|error| error.ends_with("it has costs, sites")));
    assert_eq!(refused(&["centres"]), Ok(()));
}

#[test]
fn a_value_of_the_wrong_type_fails_the_object_alone() {
    let mapping = compiled(vec![direct("userName", "mail"), direct("active", "jobTitle")]);
    let ada = user(json!({"mail": "a", "jobTitle": "Countess"}));
    let failure = seen(&mapping, &ada, false, &Reference::None).expect_err("fails");
    assert_eq!(failure.path, "active");
}
