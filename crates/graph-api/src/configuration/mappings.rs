//! Mappings and scoping filters as the document has them: the model's, with nothing that is as usual, and nothing that is
//! not known.

use model::{
    AttributeMapping, ClauseOperator, FlowBehavior, FlowType, MappingSource, ObjectMapping, ObjectType,
    ScopingClause, ScopingFilter, TargetActions,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::{is_default, is_true, yes};

/// How one type of object is mapped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Mapping {
    pub object: ObjectType,
    pub name: String,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub target_actions: Actions,
    #[serde(default, skip_serializing_if = "is_default")]
    pub scoping_filters: Vec<Filter>,
    pub attribute_mappings: Vec<Attribute>,
}

/// Which requests may be sent; all of them unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Actions {
    create: bool,
    update: bool,
    delete: bool,
}

impl Default for Actions {
    fn default() -> Self {
        Self { create: true, update: true, delete: true }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Filter {
    #[serde(default, skip_serializing_if = "is_default")]
    name: String,
    clauses: Vec<Clause>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Clause {
    attribute: String,
    operator: ClauseOperator,
    #[serde(default, skip_serializing_if = "is_default")]
    value: String,
}

/// How one target attribute gets its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Attribute {
    pub target: String,
    pub source: Source,
    #[serde(default, skip_serializing_if = "is_default")]
    default_value: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    flow_type: FlowType,
    #[serde(default, skip_serializing_if = "is_default")]
    flow_behavior: FlowBehavior,
    #[serde(default, skip_serializing_if = "is_default")]
    matching_priority: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    flow_null: bool,
}

/// Where the value comes from: `{"attribute": "mail"}`, `{"expression": "..."}`, `{"constant": true}`, or `"none"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Source {
    Attribute(String),
    Expression(String),
    Constant(Value),
    None,
}

impl From<ObjectMapping> for Mapping {
    fn from(mapping: ObjectMapping) -> Self {
        let ObjectMapping {
            name,
            source_object,
            enabled,
            target_actions,
            scoping_filters,
            attribute_mappings,
        } = mapping;
        let TargetActions { create, update, delete } = target_actions;
        Self {
            object: source_object,
            name,
            enabled,
            target_actions: Actions { create, update, delete },
            scoping_filters: scoping_filters.into_iter().map(Into::into).collect(),
            attribute_mappings: attribute_mappings.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Mapping> for ObjectMapping {
    fn from(mapping: Mapping) -> Self {
        let Mapping { object, name, enabled, target_actions, scoping_filters, attribute_mappings } = mapping;
        let Actions { create, update, delete } = target_actions;
        Self {
            name,
            source_object: object,
            enabled,
            target_actions: TargetActions { create, update, delete },
            scoping_filters: scoping_filters.into_iter().map(Into::into).collect(),
            attribute_mappings: attribute_mappings.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ScopingFilter> for Filter {
    fn from(ScopingFilter { name, clauses }: ScopingFilter) -> Self {
        let clause = |ScopingClause { attribute, operator, value }: ScopingClause| Clause {
            attribute,
            operator,
            value,
        };
        Self { name, clauses: clauses.into_iter().map(clause).collect() }
    }
}

impl From<Filter> for ScopingFilter {
    fn from(Filter { name, clauses }: Filter) -> Self {
        let clause =
            |Clause { attribute, operator, value }: Clause| ScopingClause { attribute, operator, value };
        Self { name, clauses: clauses.into_iter().map(clause).collect() }
    }
}

impl From<AttributeMapping> for Attribute {
    fn from(mapping: AttributeMapping) -> Self {
        let AttributeMapping {
            target_attribute_name: target,
            source,
            default_value,
            flow_type,
            flow_behavior,
            matching_priority,
            flow_null,
        } = mapping;
        let source = match source {
            MappingSource::Direct(name) => Source::Attribute(name),
            MappingSource::Expression(text) => Source::Expression(text),
            MappingSource::Constant(value) => Source::Constant(value),
            MappingSource::None => Source::None,
        };
        Self { target, source, default_value, flow_type, flow_behavior, matching_priority, flow_null }
    }
}

impl From<Attribute> for AttributeMapping {
    fn from(mapping: Attribute) -> Self {
        let Attribute {
            target,
            source,
            default_value,
            flow_type,
            flow_behavior,
            matching_priority,
            flow_null,
        } = mapping;
        let source = match source {
            Source::Attribute(name) => MappingSource::Direct(name),
            Source::Expression(text) => MappingSource::Expression(text),
            Source::Constant(value) => MappingSource::Constant(value),
            Source::None => MappingSource::None,
        };
        Self {
            target_attribute_name: target,
            source,
            default_value,
            flow_type,
            flow_behavior,
            matching_priority,
            flow_null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_out_comes_in() {
        for template in directory::templates() {
            for mapping in &template.object_mappings {
                let text = serde_json::to_string(&Mapping::from(mapping.clone())).expect("JSON");
                let back: Mapping = serde_json::from_str(&text).expect("the same form");
                assert_eq!(&ObjectMapping::from(back), mapping, "{text}");
            }
        }
    }
}
