//! How what is known of a job's target attributes changes.

use engine::{TargetList, attribute_key};
use jiff::Timestamp;
use model::{AttributeOrigin, AttributeType, ObjectType, TargetAttribute, TargetAttributes, TargetSchema};

use crate::{Error, Result};

/// A change of what is known of a job's target attributes.
#[derive(Clone, Debug)]
pub enum TargetChange {
    /// What the target says now, in place of what it said before. What administrators added stays.
    Discovered(TargetAttributes),
    /// An administrator adds an attribute, or knows one better.
    Add(ObjectType, TargetAttribute),
    /// An administrator takes back what one added.
    Remove(ObjectType, String),
    /// The attributes of a type as a synchronization schema lists them, in place of what administrators added; with the
    /// origin where the schema says it.
    Replace(ObjectType, Vec<(TargetAttribute, Option<AttributeOrigin>)>),
}

impl TargetChange {
    pub(crate) fn apply(&self, known: &mut TargetSchema, now: Timestamp) -> Result<()> {
        match self {
            Self::Discovered(found) => {
                known.discovered.clone_from(found);
                known.discovered_at = Some(now);
            }
            Self::Add(object_type, attribute) => {
                let added = known.added.of_mut(*object_type);
                let key = attribute_key(&attribute.name);
                match added.iter_mut().find(|other| attribute_key(&other.name) == key) {
                    Some(there) => there.clone_from(attribute),
                    None => added.push(attribute.clone()),
                }
            }
            Self::Remove(object_type, name) => {
                let key = attribute_key(name);
                let added = known.added.of_mut(*object_type);
                let before = added.len();
                added.retain(|attribute| attribute_key(&attribute.name) != key);
                if added.len() == before {
                    return Err(not_added(known, *object_type, name));
                }
            }
            Self::Replace(object_type, given) => replace(known, *object_type, given),
        }
        Ok(())
    }
}

fn not_added(known: &TargetSchema, object_type: ObjectType, name: &str) -> Error {
    let list = TargetList::new(known, object_type);
    match list.attribute(name).map(|listed| listed.origin) {
        None => Error::missing("target attribute", name),
        Some(AttributeOrigin::Discovered) => Error::invalid(
            "name",
            format!("{name} was described by the target; only what an administrator added can be removed"),
        ),
        Some(_) => Error::invalid(
            "name",
            format!("{name} is defined by RFC 7643; only what an administrator added can be removed"),
        ),
    }
}

/// What is known already is not added once more, so that a schema that was exported changes nothing. Names that no
/// mapping can have are left out: schemas of targets that are not SCIM have them.
fn replace(
    known: &mut TargetSchema,
    object_type: ObjectType,
    given: &[(TargetAttribute, Option<AttributeOrigin>)],
) {
    let mut base = known.clone();
    base.added.of_mut(object_type).clear();
    let list = TargetList::new(&base, object_type);
    let mut added = Vec::new();
    for (attribute, origin) in given {
        let Ok(path) = scim::Path::parse(&attribute.name) else { continue };
        let there = list.find(&path).map(|listed| &listed.attribute);
        match (origin, there) {
            (Some(AttributeOrigin::Added), _) => added.push(attribute.clone()),
            (Some(_), Some(there)) if same(there, attribute) => {}
            (Some(AttributeOrigin::Discovered), None) => {
                base.discovered.of_mut(object_type).push(attribute.clone());
            }
            // Graph has no name for what is complex, and other services say little of the rest.
            (None, Some(there)) if there.kind == attribute.kind || there.kind == AttributeType::Complex => {}
            _ => added.push(attribute.clone()),
        }
    }
    *base.added.of_mut(object_type) = added;
    *known = base;
}

/// Whether two say the same of an attribute, also where one names a value of a list of it.
fn same(one: &TargetAttribute, other: &TargetAttribute) -> bool {
    *one == TargetAttribute { name: one.name.clone(), ..other.clone() }
}

#[cfg(test)]
mod tests {
    use model::Mutability;
    use proptest::prelude::*;

    use super::*;

    fn attributes() -> impl Strategy<Value = Vec<TargetAttribute>> {
        let name = prop_oneof![
            Just("userName".to_owned()),
            Just("name.givenName".to_owned()),
            Just("urn:ietf:params:scim:schemas:core:2.0:User:title".to_owned()),
            Just("emails[type eq \"work\"].value".to_owned()),
            "urn:a:b:User:[a-c](\\.[a-b])?",
            "[a-c](\\.[a-b])?",
        ];
        let kind = prop_oneof![
            Just(AttributeType::String),
            Just(AttributeType::Integer),
            Just(AttributeType::Complex)
        ];
        let one = (name, kind, any::<bool>(), any::<bool>()).prop_map(|(name, kind, exact, fixed)| {
            TargetAttribute {
                case_exact: exact,
                mutability: if fixed { Mutability::ReadOnly } else { Mutability::ReadWrite },
                ..TargetAttribute::new(name, kind)
            }
        });
        prop::collection::vec(one, 0..6).prop_map(|mut all| {
            let mut seen = std::collections::HashSet::new();
            all.retain(|attribute| seen.insert(attribute_key(&attribute.name)));
            all
        })
    }

    proptest! {
        #[test]
        fn a_list_that_comes_back_changes_nothing(mut discovered in attributes(), added in attributes()) {
            // A target describes attributes, and no values of lists.
            discovered.retain(|attribute| !attribute.name.contains('['));
            let of = |user| TargetAttributes { user, group: Vec::new() };
            let known =
                TargetSchema { discovered: of(discovered), added: of(added), ..TargetSchema::default() };
            let list = |known: &TargetSchema| TargetList::new(known, ObjectType::User).iter().cloned().collect::<Vec<_>>();
            let shown = list(&known).into_iter().map(|it| (it.attribute, Some(it.origin))).collect();
            let mut after = known.clone();
            TargetChange::Replace(ObjectType::User, shown).apply(&mut after, Timestamp::UNIX_EPOCH).expect("applies");
            prop_assert!(list(&after) == list(&known), "{:?} became {:?}", known, after);
            // Nor in a job that knows nothing.
            let shown = list(&known).into_iter().map(|it| (it.attribute, Some(it.origin))).collect();
            let mut new = TargetSchema::default();
            TargetChange::Replace(ObjectType::User, shown).apply(&mut new, Timestamp::UNIX_EPOCH).expect("applies");
            let attributes = |known: &TargetSchema| {
                let mut all: Vec<_> = list(known).into_iter().map(|it| it.attribute).collect();
                all.sort_by(|one, other| one.name.cmp(&other.name));
                all
            };
            prop_assert!(attributes(&new) == attributes(&known), "{:?} became {:?}", known, new);
        }
    }
}
