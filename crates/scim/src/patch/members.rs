//! The attribute that the caller keeps as rows (`members` of a group): PATCH yields edits instead of touching it.

use serde_json::{Map, Value};

use super::Op;
use crate::error::Error;
use crate::filter::{Filter, Literal, Op as Compare};
use crate::quirk::{Quirk, Quirks};
use crate::resource::{get, kind_of};
use crate::schema::Located;

/// A member as sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// Identifier of the member.
    pub value: String,
    /// Name of the member, which the server knows better.
    pub display: Option<String>,
    /// `User` or `Group`, if said.
    pub kind: Option<String>,
}

/// A change of the members; apply them in order.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberEdit {
    /// Adds those that are no members yet.
    Add(Vec<Member>),
    /// Removes those that are members, by identifier.
    Remove(Vec<String>),
    /// Removes all.
    RemoveAll,
    /// Makes these the members.
    ReplaceAll(Vec<Member>),
    /// Removes those that satisfy a filter over `value`, `$ref`, `type`; resolve it by
    /// [`Filter::resolve_element`] with the edge attribute.
    RemoveMatching(Filter),
}

/// Reads a value of the edge attribute: a list, one member, plain identifiers; null is an empty list. Repeated
/// members are one.
pub(crate) fn parse_members(value: Value, quirks: &mut Quirks) -> Result<Vec<Member>, Error> {
    let values = match value {
        Value::Array(values) => values,
        Value::Null => {
            quirks.at(Quirk::NullValue, "members");
            Vec::new()
        }
        Value::String(text) if text.is_empty() => {
            quirks.at(Quirk::EmptyString, "members");
            Vec::new()
        }
        single => {
            quirks.at(Quirk::SingleForList, "members");
            vec![single]
        }
    };
    let mut seen = std::collections::HashSet::with_capacity(values.len());
    let mut members = Vec::with_capacity(values.len());
    for value in values {
        if value.is_null() {
            quirks.at(Quirk::NullValue, "members");
            continue;
        }
        let member = parse_member(value, quirks)?;
        if seen.insert(member.value.clone()) {
            members.push(member);
        }
    }
    Ok(members)
}

fn parse_member(value: Value, quirks: &mut Quirks) -> Result<Member, Error> {
    let parts = match value {
        Value::Object(parts) => parts,
        Value::String(value) if !value.is_empty() => {
            quirks.at(Quirk::PlainForComplex, "members");
            return Ok(Member { value, display: None, kind: None });
        }
        other => {
            return Err(Error::value(format!(
                "an element of members is an object with value, the id of the member; the request has {}",
                kind_of(&other)
            )));
        }
    };
    let text = |name: &str| get(&parts, name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if get(&parts, "$ref").is_some_and(Value::is_null) {
        quirks.note(Quirk::NullRef);
    }
    let value = match get(&parts, "value") {
        Some(Value::String(value)) if !value.is_empty() => value.clone(),
        Some(Value::Number(number)) => {
            quirks.at(Quirk::StringAsNumber, "members.value");
            number.to_string()
        }
        _ => by_reference(&parts, quirks)?,
    };
    Ok(Member { value, display: text("display").map(str::to_owned), kind: text("type").map(str::to_owned) })
}

/// A member told by its URL alone: the last segment is the identifier.
fn by_reference(parts: &Map<String, Value>, quirks: &mut Quirks) -> Result<String, Error> {
    let url = get(parts, "$ref").and_then(Value::as_str).unwrap_or_default();
    let id = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if id.is_empty() || !url.contains('/') {
        return Err(Error::value(
            "an element of members has no value; send the id of the member as \"value\"",
        ));
    }
    quirks.note(Quirk::MemberByRef);
    Ok(id.to_owned())
}

/// Turns an operation on the edge attribute into edits.
pub(super) fn edits(
    op: Op,
    located: &Located<'_>,
    filter: Option<&Filter>,
    value: Option<Value>,
    quirks: &mut Quirks,
) -> Result<Vec<MemberEdit>, Error> {
    if let Some(sub) = located.sub {
        if op == Op::Add && filter.is_none() && sub.name == "value" {
            return Ok(vec![MemberEdit::Add(parse_members(value.unwrap_or(Value::Null), quirks)?)]);
        }
        return Err(Error::mutability(format!(
            "{located} of a member cannot be changed; remove the member and add another"
        )));
    }
    if op == Op::Remove {
        return remove(filter, value, &located.to_string(), quirks);
    }
    let members = parse_members(value.unwrap_or(Value::Null), quirks)?;
    Ok(match (op, filter) {
        (Op::Replace, None) => vec![MemberEdit::ReplaceAll(members)],
        (Op::Replace, Some(filter)) => vec![remove_matching(filter), MemberEdit::Add(members)],
        _ if members.is_empty() => Vec::new(),
        _ => vec![MemberEdit::Add(members)],
    })
}

/// A value next to the path narrows what is removed; an empty list of it removes nobody.
fn remove(
    filter: Option<&Filter>,
    value: Option<Value>,
    path: &str,
    quirks: &mut Quirks,
) -> Result<Vec<MemberEdit>, Error> {
    if let Some(filter) = filter {
        return Ok(vec![remove_matching(filter)]);
    }
    match value {
        None | Some(Value::Null) => Ok(vec![MemberEdit::RemoveAll]),
        Some(value) => {
            quirks.at(Quirk::RemoveByValue, path);
            let ids = parse_members(value, quirks)?.into_iter().map(|member| member.value).collect();
            Ok(vec![MemberEdit::Remove(ids)])
        }
    }
}

fn remove_matching(filter: &Filter) -> MemberEdit {
    let alternatives = match filter {
        Filter::Or(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    match alternatives.iter().map(sole_id).collect::<Option<Vec<_>>>() {
        Some(ids) => MemberEdit::Remove(ids),
        None => MemberEdit::RemoveMatching(filter.clone()),
    }
}

/// The identifier of `value eq "id"`.
fn sole_id(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Compare(path, Compare::Eq, Literal::String(id))
            if path.uri.is_none() && path.sub.is_none() && path.name.eq_ignore_ascii_case("value") =>
        {
            Some(id.clone())
        }
        _ => None,
    }
}
