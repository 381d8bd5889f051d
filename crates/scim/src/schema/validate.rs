//! What an administrator's schema must satisfy before it is stored.

use super::{Attribute, Mutability, Returned, Schema, Type, Uniqueness, common_attributes};
use crate::error::Error;
use crate::path::is_attribute_name;
use crate::urn;

impl Schema {
    /// Most attributes of a schema, and most sub-attributes of an attribute.
    pub const ATTRIBUTES: usize = 256;

    /// Checks an extension schema: a URN that is not one of the RFC's, attribute names by the grammar and each
    /// once, sub-attributes where and only where the type is complex, sane sizes, and nothing that would be promised
    /// and not kept. The error is `invalidValue` and names the attribute.
    pub fn validate(&self) -> Result<(), Error> {
        check_urn(&self.id)?;
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
        Ok(())
    }
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
    if attribute.uniqueness != Uniqueness::None {
        return Err(Error::value(format!(
            "{path} is to be unique, which is not enforced for attributes of an extension; say \"none\""
        )));
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
        if sub.kind == Type::Complex {
            return Err(Error::value(format!("{path} is complex within a complex attribute")));
        }
        check(sub, &path)?;
    }
    Ok(())
}
