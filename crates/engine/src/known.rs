//! The attributes that source objects can have, and the check of a whole configuration against them.

use expression::{Expression, KnownAttributes, nearest};
use model::{Job, MappingSource, ObjectMapping, ObjectType};

use crate::{CompiledMapping, ConfigurationError, Tables, TargetList};

const USER: &[&str] = &[
    "accountEnabled",
    "ageGroup",
    "businessPhones",
    "city",
    "companyName",
    "consentProvidedForMinor",
    "country",
    "createdDateTime",
    "creationType",
    "department",
    "displayName",
    "employeeHireDate",
    "employeeId",
    "employeeLeaveDateTime",
    "employeeOrgData",
    "employeeType",
    "externalUserState",
    "facsimileTelephoneNumber",
    "faxNumber",
    "givenName",
    "id",
    "imAddresses",
    "IsSoftDeleted",
    "jobTitle",
    "mail",
    "mailNickname",
    "manager",
    "mobile",
    "mobilePhone",
    "objectId",
    "officeLocation",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesImmutableId",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "originalUserPrincipalName",
    "otherMails",
    "passwordPolicies",
    "physicalDeliveryOfficeName",
    "postalCode",
    "preferredLanguage",
    "proxyAddresses",
    "state",
    "streetAddress",
    "surname",
    "telephoneNumber",
    "usageLocation",
    "userPrincipalName",
    "userType",
];

const GROUP: &[&str] = &[
    "classification",
    "createdDateTime",
    "description",
    "displayName",
    "groupTypes",
    "id",
    "IsSoftDeleted",
    "mail",
    "mailEnabled",
    "mailNickname",
    "members",
    "membershipRule",
    "objectId",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "preferredLanguage",
    "proxyAddresses",
    "securityEnabled",
    "visibility",
];

/// The attributes that objects of a type can have, besides extension attributes.
pub fn known_attributes(object_type: ObjectType) -> &'static [&'static str] {
    match object_type {
        ObjectType::User => USER,
        ObjectType::Group => GROUP,
    }
}

/// Whether objects of a type can have an attribute, extension attributes included; in any case.
pub fn is_known_attribute(object_type: ObjectType, name: &str) -> bool {
    Known(known_attributes(object_type)).contains(name)
}

/// The attributes of a type, with every directory extension (`extension_...`, `extensionAttribute1` to 15).
struct Known(&'static [&'static str]);

impl KnownAttributes for Known {
    fn contains(&self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
            || lower.starts_with("extension_")
            || lower
                .strip_prefix("extensionattribute")
                .is_some_and(|number| number.parse::<u8>().is_ok_and(|number| (1..=15).contains(&number)))
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.0.iter().copied())
    }
}

/// Checks that a job's mappings can be used at all: everything that compiling them refuses.
pub fn compile(job: &Job) -> Result<(), ConfigurationError> {
    let tables = Tables::new(&job.tables);
    for mapping in &job.object_mappings {
        CompiledMapping::compile(mapping, &TargetList::of(job, mapping.source_object), &tables)?;
    }
    Ok(())
}

/// Checks all object mappings of a job as they are about to be saved: everything that compiling them refuses, and
/// source and target attributes that do not exist or cannot be written so.
pub fn validate(job: &Job) -> Result<(), ConfigurationError> {
    compile(job)?;
    for mapping in &job.object_mappings {
        let target = TargetList::of(job, mapping.source_object);
        check_attributes(mapping)?;
        for attribute in &mapping.attribute_mappings {
            target.check(attribute).map_err(|message| {
                let place = format!("{}, {}", mapping.name, attribute.target_attribute_name);
                ConfigurationError::new(place, message)
            })?;
        }
    }
    for object_type in [ObjectType::User, ObjectType::Group] {
        if job.object_mappings.iter().filter(|mapping| mapping.source_object == object_type).count() > 1 {
            return Err(ConfigurationError::new(
                format!("{object_type:?}"),
                "there are several object mappings of this type of object; keep one",
            ));
        }
    }
    Ok(())
}

fn check_attributes(mapping: &ObjectMapping) -> Result<(), ConfigurationError> {
    let known = Known(known_attributes(mapping.source_object));
    for attribute in &mapping.attribute_mappings {
        // A direct mapping is the expression [attribute]: one check, one wording.
        let text = match &attribute.source {
            MappingSource::Expression(text) => text.clone(),
            MappingSource::Direct(name) if name.starts_with('[') => name.clone(),
            MappingSource::Direct(name) => format!("[{name}]"),
            MappingSource::Constant(_) | MappingSource::None => continue,
        };
        Expression::parse(&text).and_then(|expression| expression.check(&known)).map_err(|error| {
            let place = format!("{}, {}", mapping.name, attribute.target_attribute_name);
            ConfigurationError::new(place, error.to_string())
        })?;
    }
    for filter in &mapping.scoping_filters {
        for clause in &filter.clauses {
            if !known.contains(&clause.attribute) {
                let hint = nearest(&clause.attribute, known.names())
                    .map_or_else(String::new, |near| format!(": did you mean {near}?"));
                return Err(ConfigurationError::new(
                    format!("{}, scoping filter {}", mapping.name, filter.name),
                    format!("the source has no attribute {}{hint}", clause.attribute),
                ));
            }
        }
    }
    Ok(())
}
