//! Operations on the elements of a multi-valued attribute.

use serde_json::{Map, Value};

use super::Op;
use crate::error::{Error, ScimType};
use crate::filter::{Filter, conjuncts, literal_value};
use crate::quirk::Quirk;
use crate::resource::{Cleaner, check_copies, is_primary};
use crate::schema::{Attribute, Located, Mutability, Type};

/// Applies one operation to the elements of a list.
pub(super) fn edit(
    op: Op,
    located: &Located<'_>,
    filter: Option<&Filter>,
    value: Option<Value>,
    elements: &mut Vec<Value>,
    cleaner: &mut Cleaner<'_>,
) -> Result<(), Error> {
    let was_primary: Vec<bool> = elements.iter().map(is_primary).collect();
    let touched = match (filter, located.sub) {
        (Some(filter), _) => filtered(op, located, filter, value, elements, cleaner)?,
        (None, Some(sub)) => every(op, located, sub, value, elements, cleaner)?,
        (None, None) => whole(op, located, value, elements, cleaner)?,
    };
    move_primary(elements, &touched, &was_primary);
    Ok(())
}

/// What became primary by this operation takes it from the others.
fn move_primary(elements: &mut [Value], touched: &[usize], was_primary: &[bool]) {
    let primary = |&at: &usize| elements.get(at).is_some_and(is_primary);
    let newly = |at: &usize| !was_primary.get(*at).copied().unwrap_or(false);
    let chosen = touched.iter().copied().filter(primary).max_by_key(|at| (newly(at), std::cmp::Reverse(*at)));
    let Some(chosen) = chosen else { return };
    for (at, element) in elements.iter_mut().enumerate() {
        if at != chosen && is_primary(element) {
            element["primary"] = Value::Bool(false);
        }
    }
}

/// No filter, no sub-attribute: the list itself.
fn whole(
    op: Op,
    located: &Located<'_>,
    value: Option<Value>,
    elements: &mut Vec<Value>,
    cleaner: &mut Cleaner<'_>,
) -> Result<Vec<usize>, Error> {
    let path = located.to_string();
    let value = value.filter(|value| !(op == Op::Remove && value.is_null()));
    if op == Op::Remove && value.is_none() {
        elements.clear();
        return Ok(Vec::new());
    }
    let cleaned = cleaner.attribute(
        located.attribute,
        value.unwrap_or(Value::Null),
        &path,
        located.extension.is_some(),
    )?;
    let new = match cleaned {
        Some(Value::Array(new)) => new,
        _ => Vec::new(),
    };
    match op {
        Op::Replace => {
            *elements = new;
            Ok((0..elements.len()).collect())
        }
        Op::Add => {
            let mut touched = Vec::new();
            for value in new {
                touched.push(union(elements, value));
            }
            Ok(touched)
        }
        Op::Remove => {
            cleaner.quirks.at(Quirk::RemoveByValue, &path);
            elements.retain(|element| !new.iter().any(|given| names(given, element)));
            Ok(Vec::new())
        }
    }
}

/// Adds a value unless it is there; answers where it is.
fn union(elements: &mut Vec<Value>, value: Value) -> usize {
    let there = elements.iter().position(|element| same(element, &value));
    there.unwrap_or_else(|| {
        elements.push(value);
        elements.len() - 1
    })
}

/// Whether two elements are the same value: equal but for `primary: false`, which says nothing.
fn same(a: &Value, b: &Value) -> bool {
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return a == b };
    let part = |object: &Map<String, Value>, key: &str| match object.get(key) {
        Some(Value::Bool(false)) if key == "primary" => None,
        other => other.cloned(),
    };
    a.keys().chain(b.keys()).all(|key| part(a, key) == part(b, key))
}

/// Whether a value given to a remove names an element: all that it says is true of the element.
fn names(given: &Value, element: &Value) -> bool {
    match (given, element) {
        (Value::Object(given), Value::Object(element)) => {
            given.iter().all(|(key, value)| element.get(key) == Some(value))
        }
        (given, element) => given == element,
    }
}

/// A sub-attribute without a filter: that of every element.
fn every(
    op: Op,
    located: &Located<'_>,
    sub: &Attribute,
    value: Option<Value>,
    elements: &mut Vec<Value>,
    cleaner: &mut Cleaner<'_>,
) -> Result<Vec<usize>, Error> {
    let value = part_value(op, located, sub, value, cleaner)?;
    if elements.is_empty() && value.is_some() {
        elements.push(Value::Object(Map::new()));
    }
    let all: Vec<usize> = (0..elements.len()).collect();
    set_parts(elements, &all, located, sub, value.as_ref())?;
    Ok(all)
}

/// The value for a sub-attribute, cleaned; none to remove it.
fn part_value(
    op: Op,
    located: &Located<'_>,
    sub: &Attribute,
    value: Option<Value>,
    cleaner: &mut Cleaner<'_>,
) -> Result<Option<Value>, Error> {
    if op == Op::Remove {
        if sub.required {
            return Err(Error::mutability(format!("{located} is required and cannot be removed")));
        }
        return Ok(None);
    }
    let path = located.with_sub(Some(sub)).to_string();
    cleaner.attribute(sub, value.unwrap_or(Value::Null), &path, located.extension.is_some())
}

/// Sets a sub-attribute of the elements at the positions; elements with nothing left go.
fn set_parts(
    elements: &mut Vec<Value>,
    positions: &[usize],
    located: &Located<'_>,
    sub: &Attribute,
    value: Option<&Value>,
) -> Result<(), Error> {
    check_copies(positions.len(), value, &located.attribute.name)?;
    for &at in positions {
        let Some(Value::Object(parts)) = elements.get_mut(at) else { continue };
        let old = parts.get(&sub.name);
        if sub.mutability == Mutability::Immutable && old.is_some() && old != value {
            let path = located.with_sub(Some(sub));
            return Err(Error::mutability(format!("{path} is immutable; remove the value and add another")));
        }
        set_part(parts, sub, value.cloned());
    }
    elements.retain(|element| element.as_object().is_none_or(|parts| !parts.is_empty()));
    Ok(())
}

/// Sets or removes one part of a complex value. A reference that belonged to another value goes.
pub(super) fn set_part(parts: &mut Map<String, Value>, sub: &Attribute, value: Option<Value>) {
    if sub.name == "value" && parts.get("value") != value.as_ref() {
        parts.shift_remove("$ref");
    }
    match value {
        Some(value) => drop(parts.insert(sub.name.clone(), value)),
        None => drop(parts.shift_remove(&sub.name)),
    }
}

pub(super) fn immutable(path: &Located<'_>) -> Error {
    Error::mutability(format!("{path} is immutable and has another value already"))
}

/// Whether the parts of a value that may be set once are as they were.
pub(super) fn check_parts(located: &Located<'_>, old: &Value, new: Option<&Value>) -> Result<(), Error> {
    let fixed = |sub: &&Attribute| sub.mutability == Mutability::Immutable;
    for sub in located.attribute.sub_attributes.iter().filter(fixed) {
        let stored = old.get(&sub.name);
        if stored.is_some() && stored != new.and_then(|new| new.get(&sub.name)) {
            return Err(immutable(&located.with_sub(Some(sub))));
        }
    }
    Ok(())
}

/// The parts that a complex value names, or nothing where it is none but a plain one or nothing.
pub(super) fn named_parts<'a>(attribute: &'a Attribute, value: &Value) -> Option<Vec<&'a Attribute>> {
    let value = match value {
        Value::Array(values) if values.len() == 1 => &values[0],
        other => other,
    };
    let parts = value.as_object()?;
    let writable = |part: &&Attribute| part.mutability != Mutability::ReadOnly;
    Some(parts.keys().filter_map(|key| attribute.sub(key)).filter(writable).collect())
}

/// A complex value with the parts given; those that were named without a value go, those not named stay.
pub(super) fn merged(old: Option<Value>, named: &[&Attribute], given: Option<Value>) -> Option<Value> {
    let mut kept = match old {
        Some(Value::Object(old)) => old,
        _ => Map::new(),
    };
    let parts = match given {
        Some(Value::Object(parts)) => parts,
        _ => Map::new(),
    };
    for part in named.iter().filter(|part| !parts.contains_key(&part.name)) {
        set_part(&mut kept, part, None);
    }
    merge_parts(&mut kept, parts);
    (!kept.is_empty()).then_some(Value::Object(kept))
}

/// Sets the parts given; those not given stay, but for a reference that belonged to another value.
fn merge_parts(kept: &mut Map<String, Value>, parts: Map<String, Value>) {
    if parts.get("value").is_some_and(|value| kept.get("value") != Some(value)) {
        kept.shift_remove("$ref");
    }
    kept.extend(parts);
}

/// The elements that a filter matches, with or without a sub-attribute.
fn filtered(
    op: Op,
    located: &Located<'_>,
    filter: &Filter,
    value: Option<Value>,
    elements: &mut Vec<Value>,
    cleaner: &mut Cleaner<'_>,
) -> Result<Vec<usize>, Error> {
    let compiled = filter.resolve_element(located, cleaner.quirks)?;
    let matched: Vec<usize> =
        (0..elements.len()).filter(|&at| compiled.matches_value(&elements[at])).collect();
    if matched.is_empty() {
        let Some(created) = unmatched(op, located, filter, value, cleaner)? else { return Ok(Vec::new()) };
        // A value that the same path would not find again is not what was meant.
        if !compiled.matches_value(&created) {
            return Err(no_target(op, located, filter));
        }
        elements.push(created);
        return Ok(vec![elements.len() - 1]);
    }
    if let Some(sub) = located.sub {
        let value = part_value(op, located, sub, value, cleaner)?;
        set_parts(elements, &matched, located, sub, value.as_ref())?;
        return Ok(matched);
    }
    if op == Op::Remove {
        let mut at = 0;
        elements.retain(|_| {
            at += 1;
            !matched.contains(&(at - 1))
        });
        return Ok(Vec::new());
    }
    let path = located.to_string();
    let named = value.as_ref().and_then(|value| named_parts(located.attribute, value));
    if let (Op::Add, Some(named)) = (op, named) {
        let parts = one(located, value, &path, cleaner)?;
        for &at in &matched {
            let old = elements[at].take();
            let new = merged(Some(old.clone()), &named, parts.clone());
            check_parts(located, &old, new.as_ref())?;
            elements[at] = new.unwrap_or_default();
        }
        elements.retain(|element| !element.is_null());
        return Ok(matched);
    }
    let new = one(located, value, &path, cleaner)?.ok_or_else(|| {
        Error::value(format!("{path}[{filter}] takes the new value; to drop what it matches use remove"))
    })?;
    check_copies(matched.len(), Some(&new), &path)?;
    for &at in &matched {
        elements[at] = match new.clone() {
            // What the filter says of the element stays true, so that the same path finds it again.
            Value::Object(parts) => Value::Object(completed(located, filter, parts)),
            plain => plain,
        };
    }
    Ok(matched)
}

/// One element as sent; a list of one is taken as its element.
fn one(
    located: &Located<'_>,
    value: Option<Value>,
    path: &str,
    cleaner: &mut Cleaner<'_>,
) -> Result<Option<Value>, Error> {
    let value = match value.unwrap_or(Value::Null) {
        Value::Array(mut values) if values.len() == 1 => {
            cleaner.quirks.at(Quirk::ListForSingle, path);
            values.remove(0)
        }
        other => other,
    };
    cleaner.single(located.attribute, value, path, located.extension.is_some())
}

fn no_target(op: Op, located: &Located<'_>, filter: &Filter) -> Error {
    let hint = if op == Op::Remove { "" } else { "; add the value first" };
    Error::of(ScimType::NoTarget, format!("no value matches {}[{filter}]{hint}", located.with_sub(None)))
}

/// No element matches: nothing to remove; the value to create from the filter, where it tells how; else `noTarget`.
fn unmatched(
    op: Op,
    located: &Located<'_>,
    filter: &Filter,
    value: Option<Value>,
    cleaner: &mut Cleaner<'_>,
) -> Result<Option<Value>, Error> {
    let path = format!("{}[{filter}]", located.with_sub(None));
    if op == Op::Remove {
        if cleaner.strict {
            return Err(no_target(op, located, filter));
        }
        cleaner.quirks.at(Quirk::NothingToRemove, &path);
        return Ok(None);
    }
    let creates = op == Op::Add || (located.sub.is_some() && !cleaner.strict);
    let said = conjuncts(filter).filter(|_| creates && located.attribute.kind == Type::Complex);
    let Some(said) = said else { return Err(no_target(op, located, filter)) };
    // Of what no schema has nothing can be created.
    if let Some((unknown, _)) = said.iter().find(|(path, _)| located.attribute.sub(&path.name).is_none()) {
        return Err(Error::path(format!("{} has no sub-attribute {unknown}", located.with_sub(None))));
    }
    let parts = match located.sub {
        Some(sub) => match part_value(op, located, sub, value, cleaner)? {
            Some(value) => Map::from_iter([(sub.name.clone(), value)]),
            None => return Ok(None),
        },
        None => match one(located, value, &path, cleaner)? {
            Some(Value::Object(parts)) => parts,
            _ => return Ok(None),
        },
    };
    cleaner.quirks.at(Quirk::ElementCreated, &path);
    Ok(Some(Value::Object(completed(located, filter, parts))))
}

/// The parts with what a filter of equalities says of them, unless they say otherwise.
fn completed(located: &Located<'_>, filter: &Filter, parts: Map<String, Value>) -> Map<String, Value> {
    let mut whole = Map::new();
    for (path, literal) in conjuncts(filter).unwrap_or_default() {
        let Some(sub) = located.attribute.sub(&path.name) else { continue };
        if sub.mutability == Mutability::ReadOnly || parts.contains_key(&sub.name) {
            continue;
        }
        if let Some(value) = literal_value(sub, literal) {
            whole.insert(sub.name.clone(), value);
        }
    }
    whole.extend(parts);
    whole
}
