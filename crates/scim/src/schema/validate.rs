//! What an administrator's schema must satisfy before it is stored.

use super::{Attribute, Mutability, Returned, Schema, Type, common_attributes};
use crate::error::Error;
use crate::filter::Filter;
use crate::path::{AttrPath, is_attribute_name};
use crate::urn;

impl Schema {
    /// Most attributes of a schema, and most sub-attributes of an attribute.
    pub const ATTRIBUTES: usize = 256;

    /// Most attributes and sub-attributes of a schema of which an index is kept.
    pub const INDEXED: usize = 20;

    /// Checks an extension schema: a URN that is not one of the RFC's, attribute names by the grammar and each
    /// once, sub-attributes where and only where the type is complex, sane sizes, and nothing that would be promised
    /// and not kept. The error is `invalidValue` and names the attribute.
    pub fn validate(&self) -> Result<(), Error> {
        check_urn(&self.id)?;
        if self.name.chars().count() > 256 || self.description.chars().count() > DESCRIPTION {
            return Err(Error::value(format!(
                "the name of {} has at most 256 characters and its description {DESCRIPTION}",
                self.id
            )));
        }
        if self.name.chars().any(char::is_control) {
            return Err(Error::value(format!("the name of {} has a control character", self.id)));
        }
        check_list(&self.attributes, &self.id)?;
        for attribute in &self.attributes {
            check(attribute, &attribute.name)?;
            if common_attributes().iter().any(|common| common.name.eq_ignore_ascii_case(&attribute.name)) {
                return Err(Error::value(format!(
                    "the attribute {} has the name of a common attribute; choose another name",
                    attribute.name
                )));
            }
        }
        let parts = self.attributes.iter().flat_map(|attribute| &attribute.sub_attributes);
        let indexed = self.attributes.iter().chain(parts).filter(|attribute| attribute.is_indexed()).count();
        if indexed > Self::INDEXED {
            return Err(Error::value(format!(
                "{} has {indexed} attributes that are unique or indexed; at most {} can be",
                self.id,
                Self::INDEXED
            )));
        }
        Ok(())
    }

    /// Checks that a path means one thing only beside another schema: no attribute of the one, written with its URN,
    /// reads as the URN of the other. The error is `invalidValue`.
    pub fn check_beside(&self, other: &Self) -> Result<(), Error> {
        for (long, short) in [(self, other), (other, self)] {
            let Some(path) = behind(&long.id, &short.id) else { continue };
            let name = path.split('.').next().unwrap_or_default();
            let common = common_attributes().iter().any(|common| common.name.eq_ignore_ascii_case(name));
            if common || short.attribute(name).is_some() {
                return Err(Error::value(format!(
                    "{} would be both a schema and the attribute {path} of {}: choose another id or name",
                    long.id, short.id
                )));
            }
        }
        Ok(())
    }
}

/// What follows a URN and a colon.
fn behind<'u>(long: &'u str, short: &str) -> Option<&'u str> {
    let (head, rest) = long.split_at_checked(short.len())?;
    rest.strip_prefix(':').filter(|_| head.eq_ignore_ascii_case(short))
}

fn check_urn(id: &str) -> Result<(), Error> {
    let mut parts = id.split(':');
    let scheme = parts.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn"));
    let rest: Vec<&str> = parts.collect();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:$/%".contains(&byte);
    if !scheme || rest.len() < 2 || rest.iter().any(|part| part.is_empty()) || id.len() > 255 {
        return Err(Error::value(format!(
            "the schema id \"{id}\" is not a URN of at most 255 characters; use one such as \
             urn:ietf:params:scim:schemas:extension:contoso:2.0:User"
        )));
    }
    if !id.bytes().all(allowed) {
        return Err(Error::value(format!(
            "the schema id \"{id}\" has a character other than letters, digits and - . _ : $ / %"
        )));
    }
    let path = format!("{id}:a");
    let read = AttrPath::parse(&path).is_ok_and(|path| path.uri.as_deref() == Some(id));
    if !read || Filter::parse(&format!("{path} pr")).is_err() {
        return Err(Error::value(format!(
            "the schema id \"{id}\" cannot stand before an attribute in a path"
        )));
    }
    let taken = [urn::USER, urn::GROUP, urn::ENTERPRISE_USER, urn::SCHEMA, urn::RESOURCE_TYPE];
    if taken.iter().chain(&[urn::SERVICE_PROVIDER_CONFIG]).any(|taken| taken.eq_ignore_ascii_case(id)) {
        return Err(Error::value(format!("the schema id {id} belongs to the RFC; choose another")));
    }
    Ok(())
}

fn check_list(attributes: &[Attribute], of: &str) -> Result<(), Error> {
    if attributes.is_empty() || attributes.len() > Schema::ATTRIBUTES {
        return Err(Error::value(format!("{of} must have 1 to {} attributes", Schema::ATTRIBUTES)));
    }
    for (position, attribute) in attributes.iter().enumerate() {
        if attributes[..position].iter().any(|other| other.name.eq_ignore_ascii_case(&attribute.name)) {
            return Err(Error::value(format!("{of} has the attribute {} twice", attribute.name)));
        }
    }
    Ok(())
}

fn check(attribute: &Attribute, path: &str) -> Result<(), Error> {
    if !is_attribute_name(&attribute.name) || attribute.name.len() > 128 {
        return Err(Error::value(format!(
            "\"{path}\" is not an attribute name: a letter first, then letters, digits, - and _, at most 128"
        )));
    }
    check_sizes(attribute, path)?;
    let texts = matches!(attribute.kind, Type::String | Type::Reference);
    if attribute.is_indexed() && !texts && attribute.kind != Type::Integer {
        let what = if attribute.is_unique() { "unique" } else { "indexed" };
        return Err(Error::value(format!(
            "{path} is of type {} and cannot be {what}; an attribute of type string, integer or reference can be",
            attribute.kind
        )));
    }
    if !attribute.canonical_values.is_empty() && !texts {
        return Err(Error::value(format!("{path} has canonicalValues and is not of type string")));
    }
    if attribute.mutability == Mutability::WriteOnly && attribute.returned != Returned::Never {
        return Err(Error::value(format!("{path} is writeOnly, so that it must be returned \"never\"")));
    }
    match (attribute.kind, attribute.sub_attributes.is_empty()) {
        (Type::Complex, true) => {
            return Err(Error::value(format!("{path} is complex and has no sub-attributes")));
        }
        (Type::Complex, false) => {}
        (_, false) => return Err(Error::value(format!("{path} has sub-attributes and is not complex"))),
        (_, true) => return Ok(()),
    }
    check_list(&attribute.sub_attributes, path)?;
    for sub in &attribute.sub_attributes {
        let path = format!("{path}.{}", sub.name);
        if sub.name.eq_ignore_ascii_case("primary") && (sub.kind != Type::Boolean || sub.multi_valued) {
            return Err(Error::value(format!("{path} must be one boolean: it marks the primary value")));
        }
        if sub.kind == Type::Complex {
            return Err(Error::value(format!("{path} is complex within a complex attribute")));
        }
        check(sub, &path)?;
    }
    Ok(())
}

/// Most characters of a description.
const DESCRIPTION: usize = 1000;
/// Most canonical values or reference types, and most characters of one.
const WORDS: (usize, usize) = (500, 256);

fn check_sizes(attribute: &Attribute, path: &str) -> Result<(), Error> {
    if attribute.description.chars().count() > DESCRIPTION {
        return Err(Error::value(format!(
            "the description of {path} has more than {DESCRIPTION} characters"
        )));
    }
    let (most, longest) = WORDS;
    for (what, words) in
        [("canonicalValues", &attribute.canonical_values), ("referenceTypes", &attribute.reference_types)]
    {
        if words.len() > most || words.iter().any(|word| word.is_empty() || word.chars().count() > longest) {
            return Err(Error::value(format!(
                "{what} of {path} has at most {most} values of 1 to {longest} characters each"
            )));
        }
    }
    Ok(())
}
