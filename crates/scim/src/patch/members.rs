//! The attribute that the caller keeps as rows (`members` of a group): PATCH yields edits instead of touching it.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Op;
use crate::error::Error;
use crate::filter::{Filter, Literal, Op as Compare};
use crate::json::Unambiguous;
use crate::quirk::{Quirk, Quirks};
use crate::resource::{get, kind_of};
use crate::schema::Located;

/// A member as sent: its identifier. Name and type the server knows better.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// Identifier of the member.
    pub value: String,
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
    let mut reader = MemberReader::new(quirks);
    match value {
        Value::Array(values) => values.into_iter().for_each(|value| reader.element(value)),
        single => reader.single(single),
    }
    reader.finish()
}

/// Reads members one by one, so that a list of a hundred thousand is never in memory as JSON.
pub(crate) struct MemberReader<'q> {
    quirks: &'q mut Quirks,
    members: Vec<Member>,
    error: Option<Error>,
}

impl<'q> MemberReader<'q> {
    pub(crate) fn new(quirks: &'q mut Quirks) -> Self {
        Self { quirks, members: Vec::new(), error: None }
    }

    fn element(&mut self, value: Value) {
        if self.error.is_some() {
            return;
        }
        if value.is_null() {
            self.quirks.at(Quirk::NullValue, "members");
            return;
        }
        match parse_member(value, self.quirks) {
            Ok(member) => self.members.push(member),
            Err(error) => self.error = Some(error),
        }
    }

    /// What stands where a list belongs.
    fn single(&mut self, value: Value) {
        match value {
            Value::Null => self.quirks.at(Quirk::NullValue, "members"),
            Value::String(text) if text.is_empty() => self.quirks.at(Quirk::EmptyString, "members"),
            single => {
                self.quirks.at(Quirk::SingleForList, "members");
                self.element(single);
            }
        }
    }

    pub(crate) fn finish(mut self) -> Result<Vec<Member>, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut seen = HashSet::with_capacity(self.members.len());
        let first: Vec<bool> = self.members.iter().map(|member| seen.insert(member.value.as_str())).collect();
        drop(seen);
        let mut first = first.into_iter();
        self.members.retain(|_| first.next().unwrap_or_default());
        self.members.shrink_to_fit();
        Ok(self.members)
    }
}

/// Reads the value of the edge attribute from the body itself; whether it was null, which is left to the caller.
pub(crate) struct Members<'r, 'q, 'l> {
    pub(crate) reader: &'r mut MemberReader<'q>,
    pub(crate) values: Unambiguous<'l>,
}

impl<'de> DeserializeSeed<'de> for Members<'_, '_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members<'_, '_, '_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of members")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        while let Some(element) = elements.next_element_seed(self.values)? {
            self.reader.element(element);
        }
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        self.reader.single(value.into());
        Ok(false)
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        self.reader.single(value.into());
        Ok(false)
    }

    fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
        self.reader.single(value.into());
        Ok(false)
    }

    fn visit_f64<E>(self, value: f64) -> Result<bool, E> {
        self.reader.single(value.into());
        Ok(false)
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        self.reader.single(text.into());
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<bool, A::Error> {
        let value = self.values.visit_map(entries)?;
        self.reader.single(value);
        Ok(false)
    }
}

fn parse_member(value: Value, quirks: &mut Quirks) -> Result<Member, Error> {
    let parts = match value {
        Value::Object(parts) => parts,
        Value::String(value) if !value.is_empty() => {
            quirks.at(Quirk::PlainForComplex, "members");
            return Ok(Member { value });
        }
        other => {
            return Err(Error::value(format!(
                "an element of members is an object with value, the id of the member; the request has {}",
                kind_of(&other)
            )));
        }
    };
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
    Ok(Member { value })
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
    value: Given<'_>,
    quirks: &mut Quirks,
) -> Result<Vec<MemberEdit>, Error> {
    if let Some(sub) = located.sub {
        if op == Op::Add && filter.is_none() && sub.name == "value" {
            return Ok(vec![MemberEdit::Add(value.members(quirks)?)]);
        }
        return Err(Error::mutability(format!(
            "{located} of a member cannot be changed; remove the member and add another"
        )));
    }
    if op == Op::Remove {
        return remove(filter, value, &located.to_string(), quirks);
    }
    let members = value.members(quirks)?;
    Ok(match (op, filter) {
        (Op::Replace, None) => vec![MemberEdit::ReplaceAll(members)],
        (Op::Replace, Some(filter)) => vec![remove_matching(filter), MemberEdit::Add(members)],
        _ if members.is_empty() => Vec::new(),
        _ => vec![MemberEdit::Add(members)],
    })
}

/// The value of an operation.
pub(super) enum Given<'r> {
    Json(Option<Value>),
    /// That of the edge attribute, read already.
    Members(&'r [Member]),
}

impl Given<'_> {
    fn members(self, quirks: &mut Quirks) -> Result<Vec<Member>, Error> {
        match self {
            Self::Json(value) => parse_members(value.unwrap_or(Value::Null), quirks),
            Self::Members(members) => Ok(members.to_vec()),
        }
    }
}

/// A value next to the path narrows what is removed; an empty list of it removes nobody.
fn remove(
    filter: Option<&Filter>,
    value: Given<'_>,
    path: &str,
    quirks: &mut Quirks,
) -> Result<Vec<MemberEdit>, Error> {
    if let Some(filter) = filter {
        return Ok(vec![remove_matching(filter)]);
    }
    match value {
        Given::Json(None | Some(Value::Null)) => Ok(vec![MemberEdit::RemoveAll]),
        value => {
            quirks.at(Quirk::RemoveByValue, path);
            let ids = value.members(quirks)?.into_iter().map(|member| member.value).collect();
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
