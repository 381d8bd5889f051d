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

/// Sets the parts given; those not given stay, but for a reference that belonged to another value.
pub(super) fn merge_parts(kept: &mut Map<String, Value>, parts: Map<String, Value>) {
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
        return unmatched(op, located, filter, value, elements, cleaner);
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
    let new = one(located, value, &path, cleaner)?.ok_or_else(|| {
        Error::value(format!("{path}[{filter}] takes the new value; to drop what it matches use remove"))
    })?;
    check_copies(matched.len(), Some(&new), &path)?;
    for &at in &matched {
        elements[at] = match (op, &elements[at], new.clone()) {
            (Op::Add, Value::Object(old), Value::Object(parts)) => {
                let mut kept = old.clone();
                merge_parts(&mut kept, parts);
                Value::Object(kept)
            }
            // What the filter says of the element stays true, so that the same path finds it again.
            (_, _, Value::Object(parts)) => Value::Object(completed(located, filter, parts)),
            (_, _, plain) => plain,
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

/// No element matches: nothing to remove; a value is created from the filter, where it tells how; else `noTarget`.
fn unmatched(
    op: Op,
    located: &Located<'_>,
    filter: &Filter,
    value: Option<Value>,
    elements: &mut Vec<Value>,
    cleaner: &mut Cleaner<'_>,
) -> Result<Vec<usize>, Error> {
    let path = format!("{}[{filter}]", located.with_sub(None));
    let no_target = || {
        let hint = if op == Op::Remove { "" } else { "; add the value first" };
        Error::of(ScimType::NoTarget, format!("no value matches {path}{hint}"))
    };
    if op == Op::Remove {
        if cleaner.strict {
            return Err(no_target());
        }
        cleaner.quirks.at(Quirk::NothingToRemove, &path);
        return Ok(Vec::new());
    }
    let creates = op == Op::Add || (located.sub.is_some() && !cleaner.strict);
    let said = conjuncts(filter).filter(|_| creates && located.attribute.kind == Type::Complex);
    let Some(said) = said else { return Err(no_target()) };
    // A value created without what nobody can have would not be found by the same path again.
    if let Some((unknown, _)) = said.iter().find(|(path, _)| located.attribute.sub(&path.name).is_none()) {
        return Err(Error::path(format!("{} has no sub-attribute {unknown}", located.with_sub(None))));
    }
    let parts = match located.sub {
        Some(sub) => match part_value(op, located, sub, value, cleaner)? {
            Some(value) => Map::from_iter([(sub.name.clone(), value)]),
            None => return Ok(Vec::new()),
        },
        None => match one(located, value, &path, cleaner)? {
            Some(Value::Object(parts)) => parts,
            _ => return Ok(Vec::new()),
        },
    };
    cleaner.quirks.at(Quirk::ElementCreated, &path);
    elements.push(Value::Object(completed(located, filter, parts)));
    Ok(vec![elements.len() - 1])
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
