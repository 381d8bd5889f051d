use std::collections::BTreeSet;

use model::{FlowBehavior, FlowType, MappingSource, TargetActions};
use proptest::prelude::*;

use super::import::Imported;
use super::*;

fn again(mappings: &[ObjectMapping]) -> Imported {
    import(&export("x", mappings, &[])).expect("what goes out comes in")
}

#[test]
fn what_goes_out_comes_in() {
    for template in directory::templates() {
        let mut mappings = template.object_mappings.clone();
        mappings[0].scoping_filters = vec![ScopingFilter {
            name: "Engineers".to_owned(),
            clauses: vec![ScopingClause {
                attribute: "department".to_owned(),
                operator: ClauseOperator::RegexMatch,
                value: "Eng.*".to_owned(),
            }],
        }];
        mappings[1].target_actions.delete = false;
        let imported = again(&mappings);
        assert_eq!((imported.mappings, imported.notes.to_header()), (mappings, None));
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z]{1,8}", "[ -~äß€]{0,12}"]
}

fn any_source() -> impl Strategy<Value = MappingSource> {
    let expressions = expression::functions().iter().map(|it| it.example.to_owned()).collect::<Vec<_>>();
    let constant = prop_oneof![
        text().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from)
    ];
    prop_oneof![
        "[a-zA-Z]{1,12}".prop_map(MappingSource::Direct),
        constant.prop_map(MappingSource::Constant),
        prop::sample::select(expressions).prop_map(MappingSource::Expression),
        text()
            .prop_filter("an expression has a text", |it| !it.trim().is_empty())
            .prop_map(MappingSource::Expression),
        Just(MappingSource::None),
    ]
}

fn attribute() -> impl Strategy<Value = AttributeMapping> {
    let flow = prop::sample::select(vec![
        FlowType::Always,
        FlowType::ObjectAddOnly,
        FlowType::MultiValueAddOnly,
        FlowType::ValueAddOnly,
        FlowType::AttributeAddOnly,
    ]);
    let default = prop::option::of(text().prop_filter("none is null", |it| !it.is_empty()));
    let rest = (any_source(), default, flow, any::<bool>(), 0..5_u32, any::<bool>());
    ("[a-zA-Z.]{1,12}", rest).prop_map(|(target, (source, default, flow, always, priority, null))| {
        AttributeMapping {
            target_attribute_name: target,
            source,
            default_value: default,
            flow_type: flow,
            flow_behavior: if always { FlowBehavior::FlowAlways } else { FlowBehavior::FlowWhenChanged },
            matching_priority: priority,
            flow_null: null,
        }
    })
}

fn filter() -> impl Strategy<Value = ScopingFilter> {
    let operator = prop::sample::select(ClauseOperator::ALL.to_vec());
    let clause = ("[a-zA-Z]{1,8}", operator, text()).prop_map(|(attribute, operator, value)| ScopingClause {
        attribute,
        operator,
        value,
    });
    (text(), prop::collection::vec(clause, 0..4)).prop_map(|(name, clauses)| ScopingFilter { name, clauses })
}

fn any_mapping() -> impl Strategy<Value = ObjectMapping> {
    let actions = (any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(create, update, delete)| TargetActions { create, update, delete });
    let of = prop::sample::select(vec![ObjectType::User, ObjectType::Group]);
    let lists = (prop::collection::vec(filter(), 0..4), prop::collection::vec(attribute(), 0..8));
    (text(), of, any::<bool>(), actions, lists).prop_map(
        |(name, of, enabled, actions, (filters, attributes))| ObjectMapping {
            name,
            source_object: of,
            enabled,
            target_actions: actions,
            scoping_filters: filters,
            attribute_mappings: attributes,
        },
    )
}

proptest! {
    #[test]
    fn whatever_goes_out_comes_in_and_goes_out_the_same(mappings in prop::collection::vec(any_mapping(), 1..4)) {
        let shown = export("x", &mappings, &[]);
        let imported = import(&shown).expect("what goes out comes in");
        prop_assert_eq!(imported.notes.to_header(), None);
        prop_assert_eq!(&imported.mappings, &mappings);
        prop_assert_eq!(export("x", &imported.mappings, &[]), shown);
    }
}

/// A schema with a change at a place of its first rule.
fn changed(place: &str, value: Value) -> Value {
    let mut schema = export("x", &directory::templates()[0].object_mappings, &[]);
    *schema["synchronizationRules"][0].pointer_mut(place).expect("there is such a place") = value;
    schema
}

#[test]
fn what_would_be_done_otherwise_is_refused_with_its_place() {
    let group = |clause: Value| json!({"groups": [{"name": "x", "clauses": [clause]}]});
    let clause = |operator: &str, values: Value| json!({"operatorName": operator, "sourceOperandName": "city", "targetOperand": {"values": values}});
    for (place, value, wanted) in [
        (
            "/objectMappings/0/attributeMappings/2/flowType",
            json!("Never"),
            "objectMappings[0].attributeMappings[2]: flowType",
        ),
        (
            "/objectMappings/0/attributeMappings/0/matchingPriority",
            json!(-1),
            "attributeMappings[0].matchingPriority",
        ),
        ("/objectMappings/0/attributeMappings/0/defaultValue", json!(1), "attributeMappings[0].defaultValue"),
        ("/objectMappings/0/attributeMappings/0/source", json!("mail"), "attributeMappings[0].source"),
        (
            "/objectMappings/0/attributeMappings/0/source",
            json!({"type": "Function"}),
            "attributeMappings[0].source",
        ),
        ("/objectMappings/0/flowTypes", json!("Add, Move"), "not 'Move'"),
        ("/objectMappings/0/targetObjectName", json!("Group"), "not written as 'Group'"),
        ("/objectMappings/0/sourceObjectName", json!("Device"), "not 'Device'"),
        ("/objectMappings/0/enabled", json!("yes"), "objectMappings[0].enabled"),
        ("/objectMappings/0/scope", group(clause("LIKE", json!(["x"]))), "scope.groups[0].clauses[0]"),
        (
            "/objectMappings/0/scope",
            group(clause("EQUALS", json!(["x", "y"]))),
            "clauses[0].targetOperand.values[1]",
        ),
        ("/objectMappings/0/scope", group(clause("EQUALS", json!([]))), "no value to compare with"),
        ("/objectMappings/0/scope", json!({"inputFilterGroups": [{}]}), "scope.inputFilterGroups[0]"),
        ("/objectMappings/0/scope", json!({"categoryFilterGroups": [{}]}), "scope.categoryFilterGroups[0]"),
        ("/targetDirectoryName", json!(SOURCE), "writes into an application"),
        ("/objectMappings", json!([]), "no objectMappings"),
    ] {
        let error = import(&changed(place, value.clone())).expect_err(place);
        assert!(error.contains(wanted), "{place} {value}: {error}");
    }
    let mut two = changed("/name", json!(RULE));
    let rule = two["synchronizationRules"][0].clone();
    two["synchronizationRules"].as_array_mut().expect("a list").push(rule);
    assert!(import(&two).expect_err("two rules").starts_with("synchronizationRules[1]"));
    let mut contained = changed("/name", json!(RULE));
    contained["synchronizationRules"][0]["containerFilter"] = json!({"includedContainers": ["OU=Sales"]});
    assert!(import(&contained).expect_err("a scope").contains("containerFilter"));
    assert!(import(&json!({})).is_err() && import(&json!([])).is_err());
}

#[test]
fn what_changes_nothing_is_noted_once_for_each_reason() {
    let mut schema = changed("/name", json!("USER_OUTBOUND_USER"));
    let mapping = &mut schema["synchronizationRules"][0]["objectMappings"][0];
    mapping["metadata"] = json!([
        {"key": "Disposition", "value": "\"Normal\""},
        {"key": "EscrowBehavior", "value": "\"None\""},
        {"key": "Vendor", "value": "x"},
    ]);
    mapping["färbung"] = json!("blue");
    mapping["later"] = json!(null);
    mapping["name@odata.type"] = json!("#String");
    mapping["attributeMappings"][1]["exportMissingReferences"] = json!(true);
    let notes = import(&schema).expect("it runs all the same").notes;
    let places: BTreeSet<(&str, usize)> = notes.all().iter().map(|it| (&*it.path, it.further)).collect();
    let mapping = "synchronizationRules[0].objectMappings[0]";
    assert_eq!(
        places,
        BTreeSet::from([
            ("synchronizationRules[0].name", 0),
            (&*format!("{mapping}.metadata[1]"), 1),
            (&*format!("{mapping}.färbung"), 0),
            (&*format!("{mapping}.attributeMappings[1]"), 0),
        ])
    );
    let header = notes.to_header().expect("there are notes");
    assert!(header.is_ascii() && header.contains("f\\u00e4rbung"), "{header}");
    let read: Value = serde_json::from_str(&header).expect("JSON");
    assert_eq!(read.as_array().map(Vec::len), Some(4));
}

#[test]
fn sources_are_read_as_they_are_written_by_hand_too() {
    let read = |source: Value| {
        let schema = changed("/objectMappings/0/attributeMappings/0/source", source);
        import(&schema).map(|it| it.mappings[0].attribute_mappings[0].source.clone())
    };
    let expression = |text: &str| Ok(MappingSource::Expression(text.to_owned()));
    assert_eq!(read(json!({"expression": "[mail]"})), Ok(MappingSource::Direct("mail".to_owned())));
    assert_eq!(
        read(json!({"type": "Constant", "expression": "\"a\\\"b\""})),
        Ok(MappingSource::Constant(json!("a\"b")))
    );
    let attribute = json!({"type": "Attribute", "name": "mail"});
    let number = |text: &str| json!({"type": "Constant", "name": text});
    let parts = json!([
        {"key": "length", "value": number("8")},
        {"key": "source", "value": attribute},
        {"key": "start", "value": number("1")},
    ]);
    let by_parts = json!({"type": "Function", "name": "Mid", "parameters": parts});
    assert_eq!(read(by_parts.clone()), expression(r#"Mid([mail], "1", "8")"#));
    let mut both = by_parts;
    both["expression"] = "ToLower([mail])".into();
    assert_eq!(read(both), expression("ToLower([mail])"));
    assert!(read(json!({"type": "Function", "name": "Mid", "parameters": [{"key": "x"}]})).is_err());
}
