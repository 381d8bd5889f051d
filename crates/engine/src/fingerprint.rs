//! Hashes of what decides about an object, by how the object stands: the same in every build of the program.
//!
//! Which setting decides about what, in short: who is in scope concerns every object; how an attribute is mapped,
//! objects that have an account or are to get one; what becomes of accounts that leave, only objects that have left.
//! Names of mappings and filters, and the order of attributes, filters and clauses, decide nothing.

use std::collections::BTreeSet;

use expression::{Effect, Expression};
use model::{
    AppRole, AttributeMapping, ClauseOperator, Deprovisioning, Fingerprint, FlowType, Job, MappingSource,
    ObjectMapping, ObjectType, Reach, ScopingClause, SyncScope,
};
use serde::Serialize;

use crate::target::types_beyond_standard;
use crate::view::is_soft_deleted;

/// What decides about objects of a type, for an application with these roles; `None` where the job does not
/// provision the type.
pub fn fingerprint(job: &Job, object_type: ObjectType, roles: &[AppRole]) -> Option<Fingerprint> {
    let mapping = job.object_mappings.iter().find(|it| it.source_object == object_type && it.enabled)?;
    let scope = scope(job, mapping, roles);
    let actions = mapping.target_actions;
    let beside = |attribute: &AttributeMapping| beside(attribute, job, roles);
    let attributes = || mapping.attribute_mappings.iter();
    let kept: BTreeSet<_> = attributes().filter_map(|it| Some((kept(it)?, beside(it)))).collect();
    let created: BTreeSet<_> = attributes().filter_map(|it| Some((created(it)?, beside(it)))).collect();
    let types = types_beyond_standard(job, mapping);
    let leaving = leaving(job.deprovisioning, object_type);
    let disables = actions.update && can_disable(mapping);
    Some(Fingerprint {
        kept: hash(&("kept", &scope, kept, &types, actions.update)),
        left: hash(&("left", &scope, leaving, disables, actions.delete)),
        absent: hash(&("absent", &scope)),
        waiting: hash(&("waiting", &scope, created, &types, matching(mapping), actions.create)),
        members: mapping.attribute_mappings.iter().any(is_members),
        reach: reach(job, object_type),
    })
}

/// Whom the scope reaches. Groups as objects are not reached through other groups.
fn reach(job: &Job, object_type: ObjectType) -> Reach {
    match job.scope {
        SyncScope::All => Reach::All,
        SyncScope::Assigned if job.nested_groups && object_type == ObjectType::User => Reach::Nested,
        SyncScope::Assigned => Reach::Assigned,
    }
}

/// Who of those that are reached is in scope.
fn scope(job: &Job, mapping: &ObjectMapping, roles: &[AppRole]) -> impl Serialize {
    let excludes = job.exclude_default_access && roles.iter().any(|role| role.is_enabled);
    let filters: BTreeSet<BTreeSet<String>> =
        mapping.scoping_filters.iter().map(|filter| filter.clauses.iter().map(clause).collect()).collect();
    (reach(job, mapping.source_object), excludes && job.scope == SyncScope::Assigned, filters)
}

fn clause(clause: &ScopingClause) -> String {
    use ClauseOperator as Op;
    let alone = matches!(clause.operator, Op::IsTrue | Op::IsFalse | Op::IsNull | Op::IsNotNull);
    text(&(&clause.attribute, clause.operator, if alone { "" } else { &clause.value }))
}

/// What becomes of accounts of a type that leave.
fn leaving(settings: Deprovisioning, object_type: ObjectType) -> impl Serialize {
    let Deprovisioning {
        out_of_scope,
        disabled,
        soft_deleted,
        hard_deleted,
        group_out_of_scope,
        unlink_matched,
    } = settings;
    let actions = match object_type {
        ObjectType::User => vec![out_of_scope, disabled, soft_deleted, hard_deleted],
        ObjectType::Group => vec![group_out_of_scope, hard_deleted],
    };
    (actions, unlink_matched)
}

/// What a mapping reads beside its source object: tables of the job, roles of the application.
fn beside(mapping: &AttributeMapping, job: &Job, roles: &[AppRole]) -> String {
    let MappingSource::Expression(text) = &mapping.source else { return String::new() };
    let Ok(expression) = Expression::parse(text) else { return String::new() };
    let tables: Vec<_> = expression.tables().map(|name| (name, job.tables.get(name))).collect();
    let named = |role: &AppRole| (role.id, role.value.clone(), role.display_name.clone());
    let roles = roles.iter().filter(|role| role.is_enabled && expression.has(Effect::Roles)).map(named);
    self::text(&(tables, roles.collect::<Vec<_>>()))
}

/// What a mapping has to say about an account that is there.
fn kept(mapping: &AttributeMapping) -> Option<String> {
    let silent = matches!(mapping.source, MappingSource::None) || is_members(mapping);
    let parts = || (path(mapping), source(mapping), mapping.flow_type, mapping.flow_null);
    (!silent).then(|| text(&parts()))
}

/// What a mapping has to say about an account that is to be matched or created.
fn created(mapping: &AttributeMapping) -> Option<String> {
    let default = mapping.default_value.as_deref().filter(|it| !it.is_empty());
    let adds_only = mapping.flow_type == FlowType::ObjectAddOnly;
    (!is_members(mapping)).then(|| text(&(path(mapping), source(mapping), default, adds_only)))
}

/// The attributes that accounts are matched by, first to try first.
fn matching(mapping: &ObjectMapping) -> Vec<&str> {
    let mut matching: Vec<_> =
        mapping.attribute_mappings.iter().filter(|attribute| attribute.matching_priority > 0).collect();
    matching.sort_by_key(|attribute| attribute.matching_priority);
    matching.into_iter().map(path).collect()
}

fn path(mapping: &AttributeMapping) -> &str {
    mapping.target_attribute_name.trim()
}

fn source(mapping: &AttributeMapping) -> MappingSource {
    match &mapping.source {
        MappingSource::Direct(name) => MappingSource::Direct(attribute(name).to_owned()),
        other => other.clone(),
    }
}

/// The name of an attribute that may be written in brackets.
fn attribute(name: &str) -> &str {
    name.trim().trim_start_matches('[').trim_end_matches(']')
}

fn is_members(mapping: &AttributeMapping) -> bool {
    matches!(&mapping.source, MappingSource::Direct(name) if attribute(name).eq_ignore_ascii_case("members"))
}

/// Whether an account can be disabled: an attribute is computed from `IsSoftDeleted`.
fn can_disable(mapping: &ObjectMapping) -> bool {
    mapping.attribute_mappings.iter().any(|mapping| match &mapping.source {
        MappingSource::Direct(name) => is_soft_deleted(attribute(name)),
        MappingSource::Expression(text) => {
            Expression::parse(text).is_ok_and(|expression| expression.attributes().any(is_soft_deleted))
        }
        MappingSource::Constant(_) | MappingSource::None => false,
    })
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("configuration is plain data")
}

/// FNV-1a, 64 bits: stable over builds and machines, which the standard library's hashers do not promise. Zero means
/// "never applied" in stored links.
pub(crate) fn hash(value: &impl Serialize) -> u64 {
    let hash = text(value)
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3_u64));
    hash.max(1)
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
pub(crate) mod tests;
