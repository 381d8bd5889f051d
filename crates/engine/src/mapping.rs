//! Attribute mappings, compiled once and evaluated for each object.

use expression::{Effect, Expression, Isolated, Outcome, Value};
use model::{
    AttributeMapping, FlowBehavior, FlowType, MappingSource, ModifiedProperty, ObjectMapping, ObjectType,
    Shadow, TargetActions,
};
use scim::schema::Type;
use serde_json::{Map, Value as Json};

use crate::view::is_soft_deleted;
use crate::{ConfigurationError, Filters, Reference, SourceView, TargetList};

/// What is to change in the target: new values by target attribute path, null clears.
pub type Changes = Map<String, Json>;

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
}

#[derive(Clone, Debug)]
struct Attribute {
    path: String,
    source: Source,
    kind: Type,
    default: Option<Json>,
    flow: FlowType,
    always: bool,
    flow_null: bool,
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

/// The values an object should have in the target, aligned with the mapping they were computed by.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired(Vec<Wanted>);

/// What a mapping wants of its target attribute.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Value(Json),
    /// No value: clear it, where the mapping does so.
    Nothing,
    /// Leave it as it is.
    Ignored,
}

impl Wanted {
    fn value(&self) -> Option<&Json> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing | Self::Ignored => None,
        }
    }
}

impl From<Option<Json>> for Wanted {
    fn from(value: Option<Json>) -> Self {
        value.map_or(Self::Nothing, Self::Value)
    }
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
    pub fn compile(mapping: &ObjectMapping, target: &TargetList) -> Result<Self, ConfigurationError> {
        let mut attributes: Vec<Attribute> = Vec::with_capacity(mapping.attribute_mappings.len());
        for attribute in &mapping.attribute_mappings {
            let compiled = Attribute::compile(attribute, target).map_err(|message| {
                ConfigurationError::new(
                    format!("{}, {}", mapping.name, attribute.target_attribute_name),
                    message,
                )
            })?;
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
        if let Some(index) = matching.iter().find(|index| attributes[**index].is_reference()) {
            let place = format!("{}, {}", mapping.name, attributes[*index].path);
            return Err(ConfigurationError::new(place, "a reference cannot be matched by"));
        }
        Ok(Self {
            object_type: mapping.source_object,
            enabled: mapping.enabled,
            actions: mapping.target_actions,
            filters: Filters::compile(&mapping.name, &mapping.scoping_filters)?,
            attributes,
            matching,
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

    /// The target attribute paths that accounts are matched by, first to try first.
    pub fn matching_paths(&self) -> impl Iterator<Item = &str> {
        self.matching.iter().map(|index| self.attributes[*index].path.as_str())
    }

    /// Computes the values an object should have.
    pub fn evaluate(&self, object: SourceView<'_>, manager: &Reference) -> Result<Desired, MappingFailure> {
        self.attributes
            .iter()
            .map(|attribute| attribute.evaluate(object, manager))
            .collect::<Result<_, _>>()
            .map(Desired)
    }

    /// Only the values computed from `IsSoftDeleted`, of an object that may be gone.
    pub fn evaluate_disabled(&self, object: SourceView<'_>) -> Result<Desired, MappingFailure> {
        self.attributes
            .iter()
            .map(|attribute| {
                if attribute.reads_soft_deleted() {
                    attribute.evaluate(object, &Reference::None)
                } else {
                    Ok(Wanted::Nothing)
                }
            })
            .collect::<Result<_, _>>()
            .map(Desired)
    }

    /// The values to match by, first to try first; attributes without a value are left out.
    pub fn matching(&self, desired: &Desired) -> Vec<MatchingValue> {
        self.matching
            .iter()
            .filter_map(|index| {
                let value = match desired.0[*index].value()? {
                    Json::String(text) => text.clone(),
                    Json::Null | Json::Array(_) | Json::Object(_) => return None,
                    other => other.to_string(),
                };
                Some(MatchingValue { path: self.attributes[*index].path.clone(), value })
            })
            .collect()
    }

    /// The values to match by among those that were sent to create an account.
    pub fn matching_sent(&self, sent: &Shadow) -> Vec<MatchingValue> {
        let value = |index: &usize| sent.get(&self.attributes[*index].path).cloned();
        let mut desired = vec![Wanted::Nothing; self.attributes.len()];
        for index in &self.matching {
            desired[*index] = value(index).into();
        }
        self.matching(&Desired(desired))
    }

    /// What a new account gets.
    pub fn creation(&self, desired: &Desired) -> Shadow {
        self.attributes
            .iter()
            .zip(&desired.0)
            .filter_map(|(attribute, wanted)| {
                let value = match wanted {
                    Wanted::Value(value) => value,
                    Wanted::Nothing => attribute.default.as_ref()?,
                    Wanted::Ignored => return None,
                };
                Some((attribute.path.clone(), value.clone()))
            })
            .collect()
    }

    /// What differs for an account that was just matched; `found` holds what the target has at [`Self::paths`].
    pub fn changes_on_match(&self, desired: &Desired, found: &Shadow) -> Changes {
        self.changes(desired, found, |attribute| attribute.flow != FlowType::ObjectAddOnly, |_| false, true)
    }

    /// What differs for an account that is kept in step.
    pub fn changes_on_update(&self, desired: &Desired, shadow: &Shadow) -> Changes {
        let flows = |attribute: &Attribute| attribute.flow != FlowType::ObjectAddOnly;
        self.changes(desired, shadow, flows, |attribute| attribute.flow_null, false)
    }

    /// What differs for an account that is disabled: what is computed from `IsSoftDeleted`, nothing else.
    pub fn changes_on_disable(&self, desired: &Desired, shadow: &Shadow) -> Changes {
        self.changes(desired, shadow, Attribute::reads_soft_deleted, |attribute| attribute.flow_null, false)
    }

    fn changes(
        &self,
        desired: &Desired,
        shadow: &Shadow,
        flows: impl Fn(&Attribute) -> bool,
        clears: impl Fn(&Attribute) -> bool,
        first_contact: bool,
    ) -> Changes {
        let mut changes = Changes::new();
        let pairs = || self.attributes.iter().zip(&desired.0).filter(|(attribute, _)| flows(attribute));
        for (attribute, value) in pairs() {
            let current = shadow.get(&attribute.path).filter(|value| !value.is_null());
            let new = match (&attribute.source, value) {
                (Source::Members, _) => None,
                (Source::None, _) => attribute.default.clone().filter(|_| first_contact && current.is_none()),
                (_, Wanted::Value(value)) => attribute.flowing(value, current),
                (_, Wanted::Nothing) => (current.is_some() && clears(attribute)).then_some(Json::Null),
                (_, Wanted::Ignored) => None,
            };
            if let Some(new) = new {
                changes.insert(attribute.path.clone(), new);
            }
        }
        // Sent along with any change; alone it would write in every cycle.
        if !changes.is_empty() {
            for (attribute, value) in pairs().filter(|(attribute, _)| attribute.always) {
                if let Some(value) = value.value()
                    && !changes.contains_key(&attribute.path)
                {
                    changes.insert(attribute.path.clone(), value.clone());
                }
            }
        }
        changes
    }

    /// What a link remembers of an account that was matched: what was found, without values that this job does not
    /// give, so that they are never cleared.
    pub fn remember_match(&self, desired: &Desired, mut found: Shadow) -> Shadow {
        for (attribute, value) in self.attributes.iter().zip(&desired.0) {
            let kept = value.value().is_some()
                || matches!(attribute.flow, FlowType::ValueAddOnly | FlowType::AttributeAddOnly);
            if !kept {
                found.remove(&attribute.path);
            }
        }
        found
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
                let expression = Expression::parse(text).map_err(|error| error.to_string())?;
                if let Some(function) = unsupported(&expression) {
                    return Err(format!("mappings cannot use {function} yet"));
                }
                Source::Expression(expression)
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
        })
    }

    fn is_reference(&self) -> bool {
        matches!(self.source, Source::Manager | Source::Members)
    }

    fn reads_soft_deleted(&self) -> bool {
        match &self.source {
            Source::Attribute(name) => is_soft_deleted(name),
            Source::Expression(expression) => expression.attributes().any(is_soft_deleted),
            _ => false,
        }
    }

    fn evaluate(&self, object: SourceView<'_>, manager: &Reference) -> Result<Wanted, MappingFailure> {
        use expression::Attributes as _;
        let failure = |message: String| MappingFailure { path: self.path.clone(), message };
        let value = match &self.source {
            Source::Attribute(name) => object.get(name),
            Source::Expression(expression) => {
                match expression.evaluate(&object, &Isolated).map_err(|error| failure(error.to_string()))? {
                    Outcome::Value(value) => value,
                    // Compiling has refused what asks the target; were it not so, nothing must be cleared.
                    Outcome::Ignore | Outcome::Ask(_) => return Ok(Wanted::Ignored),
                }
            }
            Source::Constant(value) => return Ok((!value.is_null()).then(|| value.clone()).into()),
            Source::Manager => return Ok(manager.target().map(Json::from).into()),
            Source::Members | Source::None => return Ok(Wanted::Nothing),
        };
        convert(&value, self.kind).map(Wanted::from).map_err(failure)
    }

    /// The value to write over the current one, if any is.
    fn flowing(&self, value: &Json, current: Option<&Json>) -> Option<Json> {
        let Some(current) = current else { return Some(value.clone()) };
        match self.flow {
            FlowType::ValueAddOnly | FlowType::AttributeAddOnly => None,
            FlowType::MultiValueAddOnly => union(current, value),
            FlowType::Always | FlowType::ObjectAddOnly => (current != value).then(|| value.clone()),
        }
    }
}

/// What an expression asks for that cycles do not provide: values of time and chance would be written anew in every
/// cycle, and logs would show what is to be redacted.
fn unsupported(expression: &Expression) -> Option<&'static str> {
    let functions = [
        (Effect::Clock, "Now"),
        (Effect::Random, "Guid and RandomString"),
        (Effect::Target, "SelectUniqueValue"),
        (Effect::Roles, "a function of appRoleAssignments"),
        (Effect::Tables, "Lookup"),
        (Effect::Redacts, "Redact"),
    ];
    functions.into_iter().find(|(effect, _)| expression.has(*effect)).map(|(_, function)| function)
}

/// Both lists, the current one first; `None` if nothing would be added.
fn union(current: &Json, value: &Json) -> Option<Json> {
    let (Json::Array(current), Json::Array(new)) = (current, value) else {
        return (current != value).then(|| value.clone());
    };
    let added: Vec<_> = new.iter().filter(|value| !current.contains(value)).collect();
    (!added.is_empty()).then(|| current.iter().chain(added).cloned().collect())
}

/// A value of the source in the target attribute's type. Null, the empty string and the empty list have none.
fn convert(value: &Value, kind: Type) -> Result<Option<Json>, String> {
    if value.is_null_or_empty() {
        return Ok(None);
    }
    if let (Value::List(values), Type::Boolean | Type::Integer | Type::Decimal) = (value, kind) {
        let converted = values.iter().map(|value| convert(value, kind)).collect::<Result<Vec<_>, _>>()?;
        return Ok(Some(converted.into_iter().flatten().collect()));
    }
    let text = value.text();
    let text = text.as_deref().unwrap_or_default();
    match kind {
        Type::Boolean => match text.trim() {
            text if text.eq_ignore_ascii_case("true") || text == "1" => Ok(Some(Json::Bool(true))),
            text if text.eq_ignore_ascii_case("false") || text == "0" => Ok(Some(Json::Bool(false))),
            _ => Err(format!("\"{text}\" is neither True nor False, which the target attribute takes")),
        },
        Type::Integer => match text.trim().parse::<i64>() {
            Ok(number) => Ok(Some(number.into())),
            Err(_) => Err(format!("\"{text}\" is not a whole number, which the target attribute takes")),
        },
        Type::Decimal => match text.trim().parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
            Some(number) => Ok(Some(Json::Number(number))),
            None => Err(format!("\"{text}\" is not a number, which the target attribute takes")),
        },
        Type::String | Type::Reference if !matches!(value, Value::List(_) | Value::DateTime(_)) => {
            Ok(Some(Json::from(text)))
        }
        _ => Ok(Some(value.to_json())),
    }
}

/// The changes with the values before them, for the log.
pub fn modified_properties(before: &Shadow, changes: &Changes) -> Vec<ModifiedProperty> {
    changes
        .iter()
        .map(|(path, new)| ModifiedProperty {
            display_name: path.clone(),
            old_value: before.get(path).filter(|value| !value.is_null()).cloned(),
            new_value: Some(new.clone()).filter(|value| !value.is_null()),
        })
        .collect()
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
pub(crate) mod tests;
