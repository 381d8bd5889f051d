//! Mappings as Graph's `synchronizationSchema`, out and in.

mod import;
mod node;
mod notes;
mod source;

pub(crate) use import::import;
pub(crate) use source::part;

use model::{AttributeMapping, ClauseOperator, ObjectMapping, ObjectType, ScopingClause, ScopingFilter};
use serde_json::{Value, json};

use crate::directories::{SOURCE, TARGET};

/// The name of a job's one rule.
const RULE: &str = "Provost to SCIM";

/// The schema of a job with those mappings between those directories.
pub(crate) fn export(template: &str, mappings: &[ObjectMapping], directories: &[Value]) -> Value {
    json!({
        "id": template,
        "version": "1",
        "provisioningTaskItems": [],
        "directories": directories,
        "synchronizationRules": [{
            "id": "rule",
            "name": RULE,
            "priority": 1,
            "editable": true,
            "sourceDirectoryName": SOURCE,
            "targetDirectoryName": TARGET,
            "metadata": [],
            "objectMappings": mappings.iter().map(object_mapping).collect::<Vec<_>>(),
        }],
    })
}

fn object_mapping(mapping: &ObjectMapping) -> Value {
    let actions = mapping.target_actions;
    let flow = [(actions.create, "Add"), (actions.update, "Update"), (actions.delete, "Delete")];
    let flow: Vec<&str> = flow.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    json!({
        "enabled": mapping.enabled,
        "flowTypes": if flow.is_empty() { "None".to_owned() } else { flow.join(", ") },
        "name": mapping.name,
        "sourceObjectName": mapping.source_object,
        "targetObjectName": target_name(mapping.source_object),
        "metadata": [],
        "scope": scope(&mapping.scoping_filters),
        "attributeMappings": mapping.attribute_mappings.iter().map(attribute_mapping).collect::<Vec<_>>(),
    })
}

/// The name of a type of object in the target.
pub(crate) const fn target_name(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::User => scim::urn::ENTERPRISE_USER,
        ObjectType::Group => scim::urn::GROUP,
    }
}

fn scope(filters: &[ScopingFilter]) -> Value {
    if filters.is_empty() {
        return Value::Null;
    }
    let clause = |it: &ScopingClause| {
        json!({
            "operatorName": it.operator,
            "sourceOperandName": it.attribute,
            "targetOperand": {"values": operand(it)},
        })
    };
    let group = |it: &ScopingFilter| json!({"name": it.name, "clauses": it.clauses.iter().map(clause).collect::<Vec<_>>()});
    json!({
        "groups": filters.iter().map(group).collect::<Vec<_>>(),
        "categoryFilterGroups": [],
        "inputFilterGroups": [],
    })
}

/// The values that a clause compares with; operators that take none may have been given one.
fn operand(clause: &ScopingClause) -> &[String] {
    let unused = clause.value.is_empty() && !clause.operator.takes_value();
    if unused { &[] } else { std::slice::from_ref(&clause.value) }
}

/// The name of an operator in Graph.
pub(crate) fn operator_name(operator: ClauseOperator) -> String {
    // It is written as its name.
    serde_json::to_value(operator).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn attribute_mapping(mapping: &AttributeMapping) -> Value {
    json!({
        "targetAttributeName": mapping.target_attribute_name,
        "source": source::export(&mapping.source),
        "defaultValue": mapping.default_value.as_ref().filter(|it| !it.is_empty()),
        "flowType": mapping.flow_type,
        "flowBehavior": mapping.flow_behavior,
        "matchingPriority": mapping.matching_priority,
        "exportMissingReferences": false,
        "flowNull": mapping.flow_null,
    })
}

#[cfg(test)]
mod tests;
