//! Bodies of POST and PUT as they come in: the attribute that is kept as rows is read member by member and kept apart.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::json::{self, Budget, Names, Unambiguous};
use crate::patch::{Member, MemberReader, Members, parse_members};
use crate::quirk::{Quirk, Quirks};
use crate::schema::Definition;

/// A resource as sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Body {
    /// Its attributes, but for those that `members` has.
    pub resource: Map<String, Value>,
    /// The value of the attribute that the caller keeps as rows, where it was read apart.
    pub members: Option<Vec<Member>>,
    /// Deviations met while reading the members.
    pub quirks: Quirks,
}

impl Body {
    /// A body that was read as JSON. The error is `invalidValue`, for a member that is none.
    pub fn of(mut resource: Map<String, Value>, definition: &Definition) -> Result<Self, Error> {
        let mut quirks = Quirks::new();
        let mut members = None;
        if let Some(edge) = definition.edge()
            && let Some((name, value)) =
                resource.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(&edge.name))
            && !value.is_null()
        {
            if *name != edge.name {
                quirks.at(Quirk::NameCase, name);
            }
            let (name, value) = (name.clone(), value.take());
            resource.shift_remove(&name);
            members = Some(parse_members(value, &mut quirks)?);
        }
        Ok(Self { resource, members, quirks })
    }

    /// Reads a body. Errors: `invalidSyntax`, `invalidValue` for a member that is none.
    pub fn from_slice(body: &[u8], definition: &Definition) -> Result<Self, Error> {
        let edge = definition.edge().map(|edge| edge.name.as_str());
        let mut quirks = Quirks::new();
        let budget = Budget::default();
        let (resource, members) =
            json::read(body, Reader { edge, values: budget.values(), quirks: &mut quirks })?;
        Ok(Self { resource, members: members.transpose()?, quirks })
    }
}

struct Reader<'r, 'l> {
    edge: Option<&'r str>,
    values: Unambiguous<'l>,
    quirks: &'r mut Quirks,
}

type Parts = (Map<String, Value>, Option<Result<Vec<Member>, Error>>);

impl<'de> DeserializeSeed<'de> for Reader<'_, '_> {
    type Value = Parts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parts, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_, '_> {
    type Value = Parts;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Parts, A::Error> {
        let mut resource = Map::new();
        let mut names = Names::default();
        let mut apart = None;
        while let Some(name) = names.next(&resource, &mut entries)? {
            let value = if let Some(edge) = self.edge.filter(|edge| name.eq_ignore_ascii_case(edge)) {
                let mut reader = MemberReader::new(self.quirks);
                if !entries.next_value_seed(Members { reader: &mut reader, values: self.values })? {
                    let members = reader.finish();
                    if name != edge {
                        self.quirks.at(Quirk::NameCase, &name);
                    }
                    apart = Some((name.clone(), members));
                }
                Value::Null
            } else {
                entries.next_value_seed(self.values)?
            };
            resource.insert(name, value);
        }
        let members = apart.map(|(name, members)| {
            resource.shift_remove(&name);
            members
        });
        Ok((resource, members))
    }
}
