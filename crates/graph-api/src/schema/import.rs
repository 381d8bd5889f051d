//! Graph's `synchronizationSchema` as what a job has. What would change who is provisioned, or how, is refused where it
//! cannot be carried over; everything else that cannot is noted.

use directory::TargetChange;
use model::{
    AttributeMapping, ClauseOperator, ObjectMapping, ObjectType, ScopingClause, ScopingFilter, TargetActions,
};
use serde_json::Value;

use super::node::{Node, cut, is_empty};
use super::notes::Notes;
use super::source;
use crate::directories::{self, SOURCE, TARGET, word};

/// What a schema says.
#[derive(Debug)]
pub(crate) struct Imported {
    /// How users and groups are mapped.
    pub mappings: Vec<ObjectMapping>,
    /// What the target has for attributes.
    pub target: Vec<TargetChange>,
    /// What it says besides.
    pub notes: Notes,
}

const UNKNOWN: &str = "not known here";
const METADATA: &str = "metadata is for the service that exported it";
const NAMES: &str = "a job names and numbers its rule, directories and objects itself";

/// Reads a schema in Graph's form. The error says what is wrong where.
pub(crate) fn import(schema: &Value) -> Result<Imported, String> {
    let schema = Node::whole(schema);
    let mut notes = Notes::default();
    known(&schema, &["id", "version", "directories", "synchronizationRules"], &mut notes)?;
    let rules = schema.list("synchronizationRules")?;
    let rule = rules.first().ok_or("The schema has no synchronizationRules.")?;
    if let Some(second) = rules.iter().skip(1).find(|rule| !is_empty(&rule.value["objectMappings"])) {
        return Err(second
            .wrong("a job has one rule, with all its object mappings: merge them or leave this one out"));
    }
    for unused in rules.iter().skip(1) {
        notes.add(&unused.path, "a rule without object mappings");
    }
    let mappings = read_rule(rule, &mut notes)?;
    let target = directories::import(schema.value)?;
    note_directories(&schema, rule, &mut notes)?;
    Ok(Imported { mappings, target, notes })
}

fn read_rule(rule: &Node<'_>, notes: &mut Notes) -> Result<Vec<ObjectMapping>, String> {
    let members = [
        "id",
        "name",
        "priority",
        "editable",
        "metadata",
        "sourceDirectoryName",
        "targetDirectoryName",
        "objectMappings",
        "containerFilter",
        "groupFilter",
    ];
    known(rule, &members, notes)?;
    note_metadata(rule, notes)?;
    for filter in ["containerFilter", "groupFilter"] {
        if let Some(filter) = rule.member(filter).filter(|filter| !is_empty(filter.value)) {
            return Err(
                filter.wrong("a job has scoping filters and assignments instead: say there who is in scope")
            );
        }
    }
    if rule.text("targetDirectoryName")? == Some(SOURCE) {
        return Err(rule.wrong("a job writes into an application, and this rule into the directory"));
    }
    for (name, ours) in [("id", "rule"), ("name", super::RULE), ("targetDirectoryName", TARGET)] {
        if let Some(named) = rule.member(name).filter(|it| it.value != ours) {
            notes.add(&named.path, NAMES);
        }
    }
    let mappings = rule.list("objectMappings")?;
    if mappings.is_empty() {
        return Err(rule.wrong("the rule has no objectMappings"));
    }
    mappings.iter().map(|mapping| read_object_mapping(mapping, notes)).collect()
}

fn read_object_mapping(mapping: &Node<'_>, notes: &mut Notes) -> Result<ObjectMapping, String> {
    let members = [
        "enabled",
        "flowTypes",
        "name",
        "metadata",
        "scope",
        "sourceObjectName",
        "targetObjectName",
        "attributeMappings",
    ];
    known(mapping, &members, notes)?;
    note_metadata(mapping, notes)?;
    let source = mapping.required("sourceObjectName")?;
    let source_object = object_type(source).ok_or_else(|| {
        mapping.wrong(&format!("sourceObjectName is 'User' or 'Group', not '{}'", cut(source)))
    })?;
    if let Some(target) = mapping.text("targetObjectName")? {
        let last = target.rsplit(':').next().unwrap_or(target);
        if object_type(last).is_some_and(|of| of != source_object) {
            return Err(mapping.wrong(&format!("{source_object:?}s are not written as '{}'", cut(target))));
        }
        if target != super::target_name(source_object) {
            notes.add(&format!("{}.targetObjectName", mapping.path), NAMES);
        }
    }
    let name = mapping.text("name")?.map_or_else(|| format!("Provision {source_object:?}s"), str::to_owned);
    let attributes = mapping.list("attributeMappings")?;
    Ok(ObjectMapping {
        name,
        source_object,
        enabled: mapping.flag("enabled")?.unwrap_or(true),
        target_actions: actions(mapping)?,
        scoping_filters: read_scope(mapping, notes)?,
        attribute_mappings: attributes
            .iter()
            .map(|attribute| read_attribute_mapping(attribute, notes))
            .collect::<Result<_, _>>()?,
    })
}

fn object_type(name: &str) -> Option<ObjectType> {
    match name.to_ascii_lowercase().as_str() {
        "user" => Some(ObjectType::User),
        "group" => Some(ObjectType::Group),
        _ => None,
    }
}

fn actions(mapping: &Node<'_>) -> Result<TargetActions, String> {
    let Some(text) = mapping.text("flowTypes")? else { return Ok(TargetActions::ALL) };
    let mut actions = TargetActions { create: false, update: false, delete: false };
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name.to_ascii_lowercase().as_str() {
            "add" => actions.create = true,
            "update" => actions.update = true,
            "delete" => actions.delete = true,
            "none" => {}
            _ => {
                let words = format!("flowTypes are Add, Update and Delete, not '{}'", cut(name));
                return Err(mapping.wrong(&words));
            }
        }
    }
    Ok(actions)
}

fn read_scope(mapping: &Node<'_>, notes: &mut Notes) -> Result<Vec<ScopingFilter>, String> {
    let Some(scope) = mapping.member("scope") else { return Ok(Vec::new()) };
    known(&scope, &["groups", "categoryFilterGroups", "inputFilterGroups"], notes)?;
    for experimental in ["categoryFilterGroups", "inputFilterGroups"] {
        if let Some(group) = scope.list(experimental)?.first() {
            return Err(
                group.wrong("a job has filters only in groups, which also say who leaves: move it there")
            );
        }
    }
    let mut filters = Vec::new();
    for group in scope.list("groups")? {
        known(&group, &["name", "clauses"], notes)?;
        let clauses = group.list("clauses")?;
        filters.push(ScopingFilter {
            name: group.text("name")?.unwrap_or_default().to_owned(),
            clauses: clauses.iter().map(|clause| read_clause(clause, notes)).collect::<Result<_, _>>()?,
        });
    }
    Ok(filters)
}

fn read_clause(clause: &Node<'_>, notes: &mut Notes) -> Result<ScopingClause, String> {
    known(clause, &["operatorName", "sourceOperandName", "targetOperand"], notes)?;
    let name = clause.required("operatorName")?;
    let operator = operator(name).ok_or_else(|| {
        clause.wrong(&format!("there is no operator '{}': filterOperators lists them", cut(name)))
    })?;
    let attribute = clause.required("sourceOperandName")?.to_owned();
    let values = match clause.member("targetOperand") {
        Some(operand) => {
            known(&operand, &["values"], notes)?;
            operand.list("values")?
        }
        None => Vec::new(),
    };
    let value = match values.as_slice() {
        [] if operator.takes_value() => {
            return Err(clause.wrong("targetOperand has no value to compare with"));
        }
        [] => "",
        [value] => value.value.as_str().ok_or_else(|| value.wrong("must be a text"))?,
        [_, second, ..] => return Err(second.wrong("a clause has one value: make a group for each")),
    };
    Ok(ScopingClause { attribute, operator, value: value.to_owned() })
}

/// The operator of a name, however it is written: words come with blanks or underscores, in upper case or not.
fn operator(name: &str) -> Option<ClauseOperator> {
    let plain = |name: &str| name.trim().replace('_', " ").to_ascii_lowercase();
    ClauseOperator::ALL.into_iter().find(|operator| plain(&super::operator_name(*operator)) == plain(name))
}

fn read_attribute_mapping(mapping: &Node<'_>, notes: &mut Notes) -> Result<AttributeMapping, String> {
    let members = [
        "defaultValue",
        "exportMissingReferences",
        "flowBehavior",
        "flowNull",
        "flowType",
        "matchingPriority",
        "source",
        "targetAttributeName",
    ];
    known(mapping, &members, notes)?;
    if mapping.flag("exportMissingReferences")? == Some(true) {
        notes.add(&mapping.path, "exportMissingReferences is for the service that exported it");
    }
    let named = |what: &str, error: String| mapping.wrong(&format!("{what}: {error}"));
    let matching_priority = match mapping.member("matchingPriority") {
        None => 0,
        Some(number) => number
            .value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| number.wrong("must be a whole number, 0 for none"))?,
    };
    let source = mapping.member("source").map(|source| source::import(&source)).transpose()?;
    Ok(AttributeMapping {
        target_attribute_name: mapping.required("targetAttributeName")?.to_owned(),
        source: source.unwrap_or(model::MappingSource::None),
        default_value: mapping.text("defaultValue")?.filter(|it| !it.is_empty()).map(str::to_owned),
        flow_type: word("flowType", &mapping.value["flowType"])
            .map_err(|error| named("flowType", error))?
            .unwrap_or_default(),
        flow_behavior: word("flowBehavior", &mapping.value["flowBehavior"])
            .map_err(|error| named("flowBehavior", error))?
            .unwrap_or_default(),
        matching_priority,
        flow_null: mapping.flag("flowNull")?.unwrap_or(false),
    })
}

/// Notes members that nothing here reads. Annotations are about the document and not part of it.
fn known(part: &Node<'_>, names: &[&str], notes: &mut Notes) -> Result<(), String> {
    for (name, value) in part.members()? {
        if !names.contains(&name.as_str()) && !name.contains('@') && !is_empty(value) {
            let dot = if part.path.is_empty() { "" } else { "." };
            notes.add(&format!("{}{dot}{name}", part.path), UNKNOWN);
        }
    }
    Ok(())
}

/// Entries of `metadata` that say what holds here anyway.
const AS_USUAL: [(&str, &str); 6] = [
    ("IsCustomerDefined", ""),
    ("DisableMonitoringForChanges", "false"),
    ("Disposition", "normal"),
    ("ExcludeFromReporting", "false"),
    ("EscrowBehavior", "default"),
    ("Unsynchronized", "false"),
];

fn note_metadata(part: &Node<'_>, notes: &mut Notes) -> Result<(), String> {
    for entry in part.list("metadata")? {
        let (key, value) = (entry.text("key")?.unwrap_or_default(), entry.text("value")?.unwrap_or_default());
        let plain = value.trim_matches('"').to_ascii_lowercase();
        let usual = AS_USUAL.iter().find(|(name, _)| *name == key);
        if usual.is_none_or(|(_, usual)| !usual.is_empty() && *usual != plain) {
            notes.add(&entry.path, METADATA);
        }
    }
    Ok(())
}

/// Notes what directories say beyond the target's attributes.
fn note_directories(schema: &Node<'_>, rule: &Node<'_>, notes: &mut Notes) -> Result<(), String> {
    let target = rule.text("targetDirectoryName")?.unwrap_or(TARGET);
    let mapped = rule.list("objectMappings")?;
    for directory in schema.list("directories")? {
        let name = directory.text("name")?.unwrap_or_default();
        for object in directory.list("objects")? {
            let of = object.text("name")?.unwrap_or_default();
            let by = |it: &Node<'_>, member| {
                it.value[member].as_str().is_some_and(|it| it.eq_ignore_ascii_case(of))
            };
            if name != target {
                note_source(name, &object, notes)?;
            } else if mapped.iter().any(|it| by(it, "targetObjectName")) {
                for attribute in object.list("attributes")? {
                    note_attribute(&attribute, notes)?;
                }
            } else {
                notes.add(&object.path, "objects of the target that no mapping writes");
            }
        }
    }
    Ok(())
}

fn note_source(directory: &str, object: &Node<'_>, notes: &mut Notes) -> Result<(), String> {
    let of = object.text("name")?.and_then(object_type).filter(|_| directory == SOURCE);
    let Some(of) = of else {
        notes.add(&object.path, "the source is the directory of this installation, with users and groups");
        return Ok(());
    };
    for attribute in object.list("attributes")? {
        let name = attribute.text("name")?.unwrap_or_default();
        if !engine::is_known_attribute(of, name) {
            notes.add(&attribute.path, "an attribute that objects of the directory do not have");
        }
    }
    Ok(())
}

fn note_attribute(attribute: &Node<'_>, notes: &mut Notes) -> Result<(), String> {
    known(attribute, &directories::MEMBERS, notes)?;
    note_metadata(attribute, notes)?;
    for member in ["defaultValue", "apiExpressions"] {
        if let Some(said) = attribute.member(member).filter(|it| !is_empty(it.value)) {
            notes.add(&said.path, "mappings say what is written, and how");
        }
    }
    Ok(())
}
