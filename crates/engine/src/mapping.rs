//! Attribute mappings, compiled once and evaluated for each object.

mod difference;
mod drift;
mod evaluate;

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::{Effect, Expression, Table, Value};
use model::{
    AttributeMapping, FlowBehavior, FlowType, LookupTable, MappingSource, Mutability, ObjectMapping,
    ObjectType, TargetActions,
};
use scim::schema::Type;
use serde_json::Value as Json;

pub use difference::{Changes, redact};
pub use drift::Drifted;
pub use evaluate::{Answers, Desired, Outside, Question, Subject};
use evaluate::{convert, keeps};

use crate::view::is_soft_deleted;
use crate::{ConfigurationError, Filters, TargetList};

/// The tables of a job, as expressions read them; shared by its mappings.
#[derive(Clone, Debug, Default)]
pub struct Tables(Arc<BTreeMap<String, Table>>);

impl Tables {
    /// Tables by their names.
    pub fn new(tables: &BTreeMap<String, LookupTable>) -> Self {
        let table = |rows: &LookupTable| {
            rows.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect()
        };
        Self(Arc::new(tables.iter().map(|(name, rows)| (name.clone(), table(rows))).collect()))
    }
}

/// How one type of object is mapped, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct CompiledMapping {
    /// User or group.
    pub object_type: ObjectType,
    /// Whether objects of the type are provisioned at all.
    pub enabled: bool,
    /// Which requests may be sent.
    pub actions: TargetActions,
    /// Who passes.
    pub filters: Filters,
    attributes: Vec<Attribute>,
    /// Positions of the matching attributes, first to try first.
    matching: Vec<usize>,
    tables: Arc<BTreeMap<String, Table>>,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one attribute")]
struct Attribute {
    path: String,
    source: Source,
    kind: Type,
    default: Option<Json>,
    flow: FlowType,
    always: bool,
    flow_null: bool,
    /// Whether upper and lower case differ in comparison.
    case_exact: bool,
    /// Whether what is written can be read back.
    readable: bool,
}

#[derive(Clone, Debug)]
enum Source {
    Attribute(String),
    Constant(Json),
    Expression(Expression),
    Manager,
    Members,
    None,
}

/// One attribute to match by, and the value the account must carry there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchingValue {
    /// The target attribute path.
    pub path: String,
    /// The mapped value.
    pub value: String,
}

/// An object has no value for a target attribute because its mapping failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mapping of {path} failed: {message}")]
pub struct MappingFailure {
    /// The target attribute path.
    pub path: String,
    /// Why, and what to do about it.
    pub message: String,
}

impl CompiledMapping {
    /// Compiles a mapping for a target with these attributes, whose types the values take; refuses paths, expressions,
    /// filters and combinations that cannot work.
    pub fn compile(
        mapping: &ObjectMapping,
        target: &TargetList,
        tables: &Tables,
    ) -> Result<Self, ConfigurationError> {
        let mut attributes: Vec<Attribute> = Vec::with_capacity(mapping.attribute_mappings.len());
        for attribute in &mapping.attribute_mappings {
            let place = || format!("{}, {}", mapping.name, attribute.target_attribute_name);
            let compiled = Attribute::compile(attribute, target)
                .and_then(|compiled| compiled.check_tables(tables).map(|()| compiled))
                .map_err(|message| ConfigurationError::new(place(), message))?;
            if attributes.iter().any(|other| other.path.eq_ignore_ascii_case(&compiled.path)) {
                let place = format!("{}, {}", mapping.name, compiled.path);
                return Err(ConfigurationError::new(place, "the target attribute is mapped twice"));
            }
            attributes.push(compiled);
        }
        let mut matching: Vec<usize> = (0..attributes.len())
            .filter(|index| mapping.attribute_mappings[*index].matching_priority > 0)
            .collect();
        matching.sort_by_key(|index| mapping.attribute_mappings[*index].matching_priority);
        if mapping.enabled && matching.is_empty() {
            return Err(ConfigurationError::new(
                &mapping.name,
                "no attribute has a matching priority: give the one that identifies accounts priority 1",
            ));
        }
        for attribute in matching.iter().map(|index| &attributes[*index]) {
            attribute.check_matching().map_err(|message| {
                ConfigurationError::new(format!("{}, {}", mapping.name, attribute.path), message)
            })?;
        }
        Ok(Self {
            object_type: mapping.source_object,
            enabled: mapping.enabled,
            actions: mapping.target_actions,
            filters: Filters::compile(&mapping.name, &mapping.scoping_filters)?,
            attributes,
            matching,
            tables: Arc::clone(&tables.0),
        })
    }

    /// The target attribute that gets the manager, if one does.
    pub fn manager_path(&self) -> Option<&str> {
        self.attributes.iter().find(|a| matches!(a.source, Source::Manager)).map(|a| a.path.as_str())
    }

    /// Whether members are provisioned.
    pub fn maps_members(&self) -> bool {
        self.attributes.iter().any(|attribute| matches!(attribute.source, Source::Members))
    }

    /// Whether an account can be disabled: an attribute is computed from `IsSoftDeleted`.
    pub fn can_disable(&self) -> bool {
        self.attributes.iter().any(Attribute::reads_soft_deleted)
    }

    /// The target attribute paths that are written, members left out.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(|a| !matches!(a.source, Source::Members)).map(|a| a.path.as_str())
    }

    /// Whether the roles of an object decide about its values.
    pub fn reads_roles(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute.has(Effect::Roles))
    }

    /// The target attribute paths by whose values accounts are looked for: those that match, and those whose values
    /// nobody else is to have.
    pub fn asked_paths(&self) -> impl Iterator<Item = &str> {
        let unique = self.attributes.iter().filter(|it| it.has(Effect::Target)).map(|it| it.path.as_str());
        self.matching_paths().chain(unique)
    }

    /// Whether there are values that may not be shown.
    pub fn redacts_any(&self) -> bool {
        self.attributes.iter().any(Attribute::redacts)
    }

    /// The target attribute paths that accounts are matched by, first to try first.
    pub fn matching_paths(&self) -> impl Iterator<Item = &str> {
        self.matching.iter().map(|index| self.attributes[*index].path.as_str())
    }
}

impl Attribute {
    fn compile(mapping: &AttributeMapping, target: &TargetList) -> Result<Self, String> {
        let path = mapping.target_attribute_name.trim();
        if path.is_empty() || path.len() > 500 {
            return Err("the target attribute's name is empty or longer than 500 characters".to_owned());
        }
        let parsed = scim::Path::parse(path).map_err(|error| error.detail.clone())?;
        let kind = target.kind(&parsed);
        let known = target.find(&parsed).map(|listed| &listed.attribute);
        let source = match &mapping.source {
            MappingSource::Direct(name) => match name.trim().trim_start_matches('[').trim_end_matches(']') {
                "" => return Err("no source attribute is named".to_owned()),
                name if name.eq_ignore_ascii_case("manager") => Source::Manager,
                name if name.eq_ignore_ascii_case("members") => Source::Members,
                name => Source::Attribute(name.to_owned()),
            },
            MappingSource::Constant(value) => {
                Source::Constant(convert(&Value::from(value), kind)?.unwrap_or_default())
            }
            MappingSource::Expression(text) => {
                Source::Expression(Expression::parse(text).map_err(|error| error.to_string())?)
            }
            MappingSource::None => Source::None,
        };
        let default = match &mapping.default_value {
            Some(text) if !text.is_empty() => convert(&Value::from(text.as_str()), kind)?,
            _ => None,
        };
        Ok(Self {
            path: path.to_owned(),
            source,
            kind,
            default,
            flow: mapping.flow_type,
            always: mapping.flow_behavior == FlowBehavior::FlowAlways,
            flow_null: mapping.flow_null,
            case_exact: known.is_some_and(|attribute| attribute.case_exact),
            readable: known.is_none_or(|attribute| attribute.mutability != Mutability::WriteOnly),
        })
    }

    fn has(&self, effect: Effect) -> bool {
        matches!(&self.source, Source::Expression(expression) if expression.has(effect))
    }

    /// Whether values of the attribute may not be shown.
    fn redacts(&self) -> bool {
        self.has(Effect::Redacts)
    }

    /// Whether the target is to have no roles but those that are mapped.
    fn asserts_roles(&self) -> bool {
        self.has(Effect::AssertsRoles)
    }

    /// An account is found by values that are the same each time and known before it is found.
    fn check_matching(&self) -> Result<(), String> {
        match &self.source {
            Source::Manager | Source::Members => Err("a reference cannot be matched by".to_owned()),
            Source::None => Err("an attribute without a source cannot be matched by".to_owned()),
            Source::Expression(expression) if keeps(expression) => {
                let what = if expression.has(Effect::Target) {
                    "a value that is chosen to be unlike any in the target"
                } else {
                    "a value of time or chance"
                };
                Err(format!("{what} cannot be matched by: give the matching priority to another attribute"))
            }
            _ => Ok(()),
        }
    }

    fn check_tables(&self, tables: &Tables) -> Result<(), String> {
        let Source::Expression(expression) = &self.source else { return Ok(()) };
        match expression.tables().find(|name| !tables.0.contains_key(*name)) {
            None => Ok(()),
            Some(name) if tables.0.is_empty() => {
                Err(format!("Lookup names the table \"{name}\", but the job has no tables"))
            }
            Some(name) => {
                let known: Vec<&str> = tables.0.keys().map(String::as_str).collect();
                Err(format!(
                    "Lookup names the table \"{name}\", which the job does not have; it has {}",
                    known.join(", ")
                ))
            }
        }
    }

    fn reads_soft_deleted(&self) -> bool {
        match &self.source {
            Source::Attribute(name) => is_soft_deleted(name),
            Source::Expression(expression) => expression.attributes().any(is_soft_deleted),
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
mod outside_tests;
