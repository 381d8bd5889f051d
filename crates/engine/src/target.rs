//! The attributes that a target has: what RFC 7643 defines, what the target said, what administrators added.

use std::collections::{HashMap, HashSet};

use model::{
    AttributeOrigin, AttributeType, Job, Mutability, ObjectMapping, ObjectType, TargetAttribute, TargetSchema,
};
use scim::schema::{Type, common_attributes};
use scim::{Attribute, Definition, Path};

use crate::ConfigurationError;

/// URNs of core schemas begin so; their attributes go by their names alone.
pub(crate) const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:";

/// The attributes of one type of object in the target, each under one name.
#[derive(Clone, Debug)]
pub struct TargetList {
    entries: Vec<Listed>,
    /// Positions by [`attribute_key`].
    index: HashMap<String, usize>,
    /// Positions of sub-attributes by the key of their attribute.
    parts: HashMap<String, Vec<usize>>,
}

/// An attribute with how it came to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The attribute.
    pub attribute: TargetAttribute,
    /// Who said so last.
    pub origin: AttributeOrigin,
}

impl TargetList {
    /// The list of a job.
    pub fn of(job: &Job, object_type: ObjectType) -> Self {
        Self::new(&job.target_schema, object_type)
    }

    /// The list that follows from what is known of a target.
    ///
    /// What RFC 7643 says of its own attributes (type, plurality, who writes them) stands whatever the target says:
    /// many describe them wrongly, and work. An administrator has the last word about every attribute.
    pub fn new(known: &TargetSchema, object_type: ObjectType) -> Self {
        let mut list = Self::standard(object_type);
        for attribute in known.discovered.of(object_type) {
            let attribute = match list.get(&attribute_key(&attribute.name)) {
                Some(known) => TargetAttribute {
                    case_exact: attribute.case_exact,
                    required: attribute.required,
                    ..known.attribute.clone()
                },
                None => attribute.clone(),
            };
            list.put(attribute, AttributeOrigin::Discovered);
        }
        for attribute in known.added.of(object_type) {
            list.put(attribute.clone(), AttributeOrigin::Added);
        }
        list
    }

    /// What RFC 7643 defines: the core schema, and of users the enterprise extension.
    pub fn standard(object_type: ObjectType) -> Self {
        let definition = match object_type {
            ObjectType::User => Definition::user(&[]),
            ObjectType::Group => Definition::group(&[]),
        };
        let mut attributes = described(common_attributes(), None);
        attributes.extend(described(&definition.core().attributes, None));
        for extension in definition.extensions() {
            attributes.extend(described(&extension.schema.attributes, Some(&extension.schema.id)));
        }
        let mut list = Self { entries: Vec::new(), index: HashMap::new(), parts: HashMap::new() };
        for mut attribute in attributes {
            if attribute.name == "schemas" {
                // It follows from what else an object has.
                attribute.mutability = Mutability::ReadOnly;
            }
            list.put(attribute, AttributeOrigin::Default);
        }
        list
    }

    /// The attributes: those of the RFC, then those that the target and administrators added.
    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.entries.iter()
    }

    /// The attribute of that name, in any case and with or without the URN of a core schema.
    pub fn attribute(&self, name: &str) -> Option<&Listed> {
        self.get(&attribute_key(name))
    }

    /// What a path names: the very path where it is listed, else the attribute or sub-attribute, whatever filter stands
    /// between them.
    pub fn find(&self, path: &Path) -> Option<&Listed> {
        let filtered = path.filter.as_ref().and_then(|_| self.get(&attribute_key(&path.to_string())));
        filtered.or_else(|| self.get(&attribute_key(&path.attr.to_string())))
    }

    /// The type of the values that are written to a path. What is not known takes anything.
    pub(crate) fn kind(&self, path: &Path) -> Type {
        self.find(path).map_or(Type::Complex, |listed| match listed.attribute.kind {
            AttributeType::String => Type::String,
            AttributeType::Boolean => Type::Boolean,
            AttributeType::Integer => Type::Integer,
            AttributeType::Decimal => Type::Decimal,
            AttributeType::DateTime => Type::DateTime,
            AttributeType::Reference => Type::Reference,
            AttributeType::Binary => Type::Binary,
            AttributeType::Complex => Type::Complex,
        })
    }

    /// The sub-attributes of a complex attribute, each with its own name.
    pub(crate) fn parts(&self, of: &TargetAttribute) -> Vec<(&str, &Listed)> {
        let positions = self.parts.get(&attribute_key(&of.name)).into_iter().flatten();
        let listed = positions.map(|position| &self.entries[*position]);
        listed.filter_map(|listed| Some((split_part(&listed.attribute.name)?.1, listed))).collect()
    }

    fn get(&self, key: &str) -> Option<&Listed> {
        self.index.get(key).map(|position| &self.entries[*position])
    }

    fn put(&mut self, attribute: TargetAttribute, origin: AttributeOrigin) {
        let key = attribute_key(&attribute.name);
        let listed = Listed { attribute, origin };
        if let Some(position) = self.index.get(&key) {
            self.entries[*position] = listed;
        } else {
            if let Some((parent, _)) = split_part(&key) {
                self.parts.entry(parent.to_owned()).or_default().push(self.entries.len());
            }
            self.index.insert(key, self.entries.len());
            self.entries.push(listed);
        }
    }
}

/// An attribute's path and the sub-attribute at its end. Dots of a URN and of a filter are none before a sub-attribute.
pub(crate) fn split_part(name: &str) -> Option<(&str, &str)> {
    let (start, part) = name.rsplit_once('.')?;
    (!part.contains([':', '[', ']', '"'])).then_some((start, part))
}

/// By what a path is found: one form for all ways to write it.
pub fn attribute_key(path: &str) -> String {
    let path = Path::parse(path).map_or_else(|_| path.to_owned(), |path| path.to_string());
    let mut key = path.to_ascii_lowercase();
    if let Some(rest) = key.strip_prefix(CORE).and_then(|rest| rest.split_once(':')) {
        key = rest.1.to_owned();
    }
    key
}

/// Attributes of a schema as a list has them, sub-attributes after the attribute; `urn` is that of an extension.
pub fn described(attributes: &[Attribute], urn: Option<&str>) -> Vec<TargetAttribute> {
    let mut all = Vec::new();
    for attribute in attributes {
        let name = match urn {
            Some(urn) => format!("{urn}:{}", attribute.name),
            None => attribute.name.clone(),
        };
        all.push(one(name.clone(), attribute));
        // What only the target writes, it writes in all its parts.
        let fixed = attribute.mutability == scim::schema::Mutability::ReadOnly;
        all.extend(attribute.sub_attributes.iter().map(|part| {
            let part = one(format!("{name}.{}", part.name), part);
            TargetAttribute { mutability: if fixed { Mutability::ReadOnly } else { part.mutability }, ..part }
        }));
    }
    all
}

fn one(name: String, attribute: &Attribute) -> TargetAttribute {
    use scim::schema::Mutability as Of;
    TargetAttribute {
        name,
        kind: match attribute.kind {
            Type::String => AttributeType::String,
            Type::Boolean => AttributeType::Boolean,
            Type::Decimal => AttributeType::Decimal,
            Type::Integer => AttributeType::Integer,
            Type::DateTime => AttributeType::DateTime,
            Type::Reference => AttributeType::Reference,
            Type::Binary => AttributeType::Binary,
            Type::Complex => AttributeType::Complex,
        },
        multi_valued: attribute.multi_valued,
        case_exact: attribute.case_exact,
        required: attribute.required,
        mutability: match attribute.mutability {
            Of::ReadWrite => Mutability::ReadWrite,
            Of::ReadOnly => Mutability::ReadOnly,
            Of::Immutable => Mutability::Immutable,
            Of::WriteOnly => Mutability::WriteOnly,
        },
        references: attribute.reference_types.clone(),
    }
}

/// The types of mapped attributes where they are others than the RFC's: what of the list decides about an object.
pub(crate) fn types_beyond_standard(job: &Job, mapping: &ObjectMapping) -> Vec<(String, AttributeType)> {
    if job.target_schema.is_empty() {
        return Vec::new();
    }
    let object_type = mapping.source_object;
    let (list, standard) = (TargetList::of(job, object_type), TargetList::standard(object_type));
    let mapped = mapping.attribute_mappings.iter();
    mapped
        .filter_map(|attribute| {
            let path = Path::parse(attribute.target_attribute_name.trim()).ok()?;
            let kind = list.find(&path)?.attribute.kind;
            (Some(kind) != standard.find(&path).map(|listed| listed.attribute.kind))
                .then(|| (path.to_string(), kind))
        })
        .collect()
}

/// The most attributes, sub-attributes included, that are kept of users or of groups beside the RFC's.
pub const MOST_ATTRIBUTES: usize = 1_000;

/// Checks what is about to be kept of a target's attributes: names that can be mapped to, each once, not too many.
pub fn check_target_schema(known: &TargetSchema) -> Result<(), ConfigurationError> {
    for object_type in [ObjectType::User, ObjectType::Group] {
        for attributes in [known.discovered.of(object_type), known.added.of(object_type)] {
            if attributes.len() > MOST_ATTRIBUTES {
                let what = format!("{object_type:?}");
                return Err(ConfigurationError::new(
                    what,
                    format!("there are more than {MOST_ATTRIBUTES} attributes beside the RFC's"),
                ));
            }
            let mut seen = HashSet::new();
            for attribute in attributes {
                let name = attribute.name.as_str();
                let refuse = |message: String| {
                    let shown: String = name.chars().take(200).collect();
                    Err(ConfigurationError::new(format!("{object_type:?}, {shown}"), message))
                };
                if name.is_empty() || name.len() > 500 {
                    return refuse("a name has 1 to 500 characters".to_owned());
                }
                match Path::parse(name) {
                    Err(error) => return refuse(error.detail),
                    Ok(path) if path.attr.name.is_empty() => {
                        return refuse("the URN of a schema is no attribute: add :NAME".to_owned());
                    }
                    Ok(_) => {}
                }
                if !seen.insert(attribute_key(name)) {
                    return refuse("it is listed twice".to_owned());
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
