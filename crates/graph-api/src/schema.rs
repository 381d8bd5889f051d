//! Mappings as Graph's `synchronizationSchema`, out and in.

use model::{
    AttributeMapping, ClauseOperator, FlowBehavior, FlowType, MappingSource, ObjectMapping, ObjectType,
    ScopingClause, ScopingFilter, TargetActions,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::directories::{SOURCE, TARGET};

/// The schema of a job with those mappings between those directories.
pub(crate) fn export(template: &str, mappings: &[ObjectMapping], directories: &[Value]) -> Value {
    json!({
        "id": template,
        "version": "1",
        "provisioningTaskItems": [],
        "directories": directories,
        "synchronizationRules": [{
            "id": "rule",
            "name": "Provost to SCIM",
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
            "targetOperand": {"values": [it.value]},
        })
    };
    let group = |it: &ScopingFilter| json!({"name": it.name, "clauses": it.clauses.iter().map(clause).collect::<Vec<_>>()});
    json!({
        "groups": filters.iter().map(group).collect::<Vec<_>>(),
        "categoryFilterGroups": [],
        "inputFilterGroups": [],
    })
}

fn attribute_mapping(mapping: &AttributeMapping) -> Value {
    json!({
        "targetAttributeName": mapping.target_attribute_name,
        "source": source(&mapping.source),
        "defaultValue": mapping.default_value,
        "flowType": mapping.flow_type,
        "flowBehavior": mapping.flow_behavior,
        "matchingPriority": mapping.matching_priority,
        "exportMissingReferences": false,
        "flowNull": mapping.flow_null,
    })
}

fn source(source: &MappingSource) -> Value {
    let (kind, name, expression) = match source {
        MappingSource::Direct(name) => ("Attribute", name.clone(), format!("[{name}]")),
        MappingSource::Constant(value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            ("Constant", text.clone(), format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
        }
        MappingSource::Expression(text) => {
            let name = text.split('(').next().unwrap_or_default().trim().to_owned();
            ("Function", name, text.clone())
        }
        MappingSource::None => return Value::Null,
    };
    json!({"type": kind, "name": name, "expression": expression, "parameters": []})
}

/// The mappings of a schema in Graph's form. The error says what is wrong where.
pub(crate) fn import(schema: &Value) -> Result<Vec<ObjectMapping>, String> {
    let rules = schema["synchronizationRules"].as_array().ok_or("The schema has no synchronizationRules.")?;
    let rule = rules.first().ok_or("synchronizationRules is empty.")?;
    let mappings =
        rule["objectMappings"].as_array().ok_or("The synchronization rule has no objectMappings.")?;
    let mut read = Vec::new();
    for (at, mapping) in mappings.iter().enumerate() {
        read.push(read_object_mapping(mapping).map_err(|error| format!("objectMappings[{at}]: {error}"))?);
    }
    Ok(read)
}

fn read_object_mapping(mapping: &Value) -> Result<ObjectMapping, String> {
    let source = mapping["sourceObjectName"].as_str().unwrap_or_default();
    let source_object = match source.to_ascii_lowercase().as_str() {
        "user" => ObjectType::User,
        "group" => ObjectType::Group,
        _ => return Err(format!("sourceObjectName is 'User' or 'Group', not '{}'.", cut(source))),
    };
    let mut attribute_mappings = Vec::new();
    for (at, one) in mapping["attributeMappings"].as_array().into_iter().flatten().enumerate() {
        let one = read_attribute_mapping(one).map_err(|error| format!("attributeMappings[{at}]: {error}"))?;
        attribute_mappings.push(one);
    }
    Ok(ObjectMapping {
        name: mapping["name"].as_str().map_or_else(|| format!("Provision {source}s"), str::to_owned),
        source_object,
        enabled: mapping["enabled"].as_bool().unwrap_or(true),
        target_actions: actions(&mapping["flowTypes"])?,
        scoping_filters: read_scope(&mapping["scope"])?,
        attribute_mappings,
    })
}

fn actions(value: &Value) -> Result<TargetActions, String> {
    let Some(text) = value.as_str() else { return Ok(TargetActions::ALL) };
    let mut actions = TargetActions { create: false, update: false, delete: false };
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name.to_ascii_lowercase().as_str() {
            "add" => actions.create = true,
            "update" => actions.update = true,
            "delete" => actions.delete = true,
            "none" => {}
            _ => return Err(format!("flowTypes are Add, Update and Delete, not '{}'.", cut(name))),
        }
    }
    Ok(actions)
}

fn read_scope(scope: &Value) -> Result<Vec<ScopingFilter>, String> {
    let mut filters = Vec::new();
    for group in scope["groups"].as_array().into_iter().flatten() {
        let mut clauses = Vec::new();
        for clause in group["clauses"].as_array().into_iter().flatten() {
            let operator: ClauseOperator = named("operatorName", &clause["operatorName"])?;
            let attribute =
                clause["sourceOperandName"].as_str().ok_or("A clause has no sourceOperandName.")?;
            let value = clause["targetOperand"]["values"].get(0).and_then(Value::as_str).unwrap_or_default();
            clauses.push(ScopingClause {
                attribute: attribute.to_owned(),
                operator,
                value: value.to_owned(),
            });
        }
        filters.push(ScopingFilter { name: group["name"].as_str().unwrap_or_default().to_owned(), clauses });
    }
    Ok(filters)
}

fn read_attribute_mapping(mapping: &Value) -> Result<AttributeMapping, String> {
    let target = mapping["targetAttributeName"].as_str().ok_or("targetAttributeName is missing.")?;
    let optional = |name: &str| Some(&mapping[name]).filter(|value| !value.is_null());
    let flow_type = optional("flowType").map_or(Ok(FlowType::default()), |it| named("flowType", it))?;
    let flow_behavior =
        optional("flowBehavior").map_or(Ok(FlowBehavior::default()), |it| named("flowBehavior", it))?;
    Ok(AttributeMapping {
        target_attribute_name: target.to_owned(),
        source: read_source(&mapping["source"])?,
        default_value: mapping["defaultValue"].as_str().filter(|it| !it.is_empty()).map(str::to_owned),
        flow_type,
        flow_behavior,
        matching_priority: mapping["matchingPriority"]
            .as_u64()
            .and_then(|it| u32::try_from(it).ok())
            .unwrap_or(0),
        flow_null: mapping["flowNull"].as_bool().unwrap_or(false),
    })
}

fn read_source(source: &Value) -> Result<MappingSource, String> {
    if source.is_null() {
        return Ok(MappingSource::None);
    }
    let text = |name: &str| source[name].as_str().map(str::to_owned);
    match source["type"].as_str().unwrap_or_default() {
        "Attribute" => {
            let name =
                text("name").or_else(|| text("expression").map(|it| it.trim_matches(['[', ']']).to_owned()));
            Ok(MappingSource::Direct(name.ok_or("The source has no name.")?))
        }
        "Constant" => Ok(MappingSource::Constant(Value::String(text("name").unwrap_or_default()))),
        "Function" => {
            Ok(MappingSource::Expression(text("expression").ok_or("The source has no expression.")?))
        }
        other => Err(format!("The source's type is Attribute, Constant or Function, not '{}'.", cut(other))),
    }
}

fn named<T: DeserializeOwned>(what: &str, value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone())
        .map_err(|_| format!("{what} cannot be {}.", cut(&value.to_string())))
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(import(&export("x", &mappings, &[])), Ok(mappings));
        }
    }

    #[test]
    fn mistakes_are_named() {
        let mut schema = export("x", &directory::templates()[0].object_mappings, &[]);
        schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][2]["flowType"] =
            "Never".into();
        let error = import(&schema).expect_err("there is no such flow");
        assert!(error.contains("objectMappings[0]: attributeMappings[2]: flowType"), "{error}");
        assert!(import(&json!({})).is_err());
    }
}
