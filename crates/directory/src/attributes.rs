//! The attributes that users and groups have, and the values they take.

use model::{ObjectType, alias};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// What values an attribute takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeKind {
    /// A text.
    Text,
    /// True or false.
    Boolean,
    /// A list of texts.
    Texts,
    /// A date and time as text (RFC 3339), or a date.
    Instant,
}

use AttributeKind::{Boolean, Instant, Text, Texts};

impl AttributeKind {
    /// The value that a text means, in a cell of a file or on a command line: null where it is empty, `True`, `Yes` and
    /// the like for a boolean, parts separated by `;` for a list. The error says what is wrong with it.
    pub fn read(self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Value::Null);
        }
        Ok(match self {
            Boolean => Value::Bool(read_boolean(text)?),
            Texts => {
                let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
                Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
            }
            Text | Instant => Value::String(text.to_owned()),
        })
    }
}

/// Whether a text says yes.
pub(crate) fn read_boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        other => Err(format!(
            "'{}' is neither True nor False (nor Yes or No)",
            other.chars().take(40).collect::<String>()
        )),
    }
}

/// The attributes of users, by Graph's names.
pub const USER_ATTRIBUTES: &[(&str, AttributeKind)] = &[
    ("aboutMe", Text),
    ("accountEnabled", Boolean),
    ("ageGroup", Text),
    ("birthday", Instant),
    ("businessPhones", Texts),
    ("city", Text),
    ("companyName", Text),
    ("consentProvidedForMinor", Text),
    ("costCenter", Text),
    ("country", Text),
    ("creationType", Text),
    ("department", Text),
    ("displayName", Text),
    ("division", Text),
    ("employeeHireDate", Instant),
    ("employeeId", Text),
    ("employeeLeaveDateTime", Instant),
    ("employeeType", Text),
    ("externalUserState", Text),
    ("faxNumber", Text),
    ("givenName", Text),
    ("hireDate", Instant),
    ("imAddresses", Texts),
    ("interests", Texts),
    ("jobTitle", Text),
    ("legalAgeGroupClassification", Text),
    ("mail", Text),
    ("mailNickname", Text),
    ("mobilePhone", Text),
    ("mySite", Text),
    ("officeLocation", Text),
    ("onPremisesDistinguishedName", Text),
    ("onPremisesDomainName", Text),
    ("onPremisesImmutableId", Text),
    ("onPremisesSamAccountName", Text),
    ("onPremisesSecurityIdentifier", Text),
    ("onPremisesSyncEnabled", Boolean),
    ("onPremisesUserPrincipalName", Text),
    ("originalUserPrincipalName", Text),
    ("otherMails", Texts),
    ("passwordPolicies", Text),
    ("postalCode", Text),
    ("preferredDataLocation", Text),
    ("preferredLanguage", Text),
    ("preferredName", Text),
    ("proxyAddresses", Texts),
    ("responsibilities", Texts),
    ("schools", Texts),
    ("showInAddressList", Boolean),
    ("skills", Texts),
    ("state", Text),
    ("streetAddress", Text),
    ("surname", Text),
    ("usageLocation", Text),
    ("userPrincipalName", Text),
    ("userType", Text),
];

/// The attributes of groups, by Graph's names.
pub const GROUP_ATTRIBUTES: &[(&str, AttributeKind)] = &[
    ("classification", Text),
    ("description", Text),
    ("displayName", Text),
    ("groupTypes", Texts),
    ("isAssignableToRole", Boolean),
    ("mail", Text),
    ("mailEnabled", Boolean),
    ("mailNickname", Text),
    ("membershipRule", Text),
    ("membershipRuleProcessingState", Text),
    ("onPremisesSamAccountName", Text),
    ("onPremisesSyncEnabled", Boolean),
    ("preferredDataLocation", Text),
    ("preferredLanguage", Text),
    ("proxyAddresses", Texts),
    ("resourceProvisioningOptions", Texts),
    ("securityEnabled", Boolean),
    ("theme", Text),
    ("visibility", Text),
];

/// Longest text of an attribute, in bytes.
const MAX_TEXT: usize = 4096;
/// Most values of an attribute.
const MAX_VALUES: usize = 250;
/// Most attributes of an object.
const MAX_ATTRIBUTES: usize = 300;

/// The canonical name and the kind of values of an attribute, found under Graph's or Entra's name for it in any
/// case; `None` for one that objects of the type do not have.
pub fn known_attribute(object_type: ObjectType, name: &str) -> Option<(String, AttributeKind)> {
    let table = match object_type {
        ObjectType::User => USER_ATTRIBUTES,
        ObjectType::Group => GROUP_ATTRIBUTES,
    };
    let wanted = alias(name);
    let wanted = wanted.strip_suffix("[0]").unwrap_or(wanted);
    if let Some((canonical, kind)) = table.iter().find(|(known, _)| known.eq_ignore_ascii_case(wanted)) {
        return Some(((*canonical).to_owned(), *kind));
    }
    if object_type == ObjectType::User {
        let number = wanted
            .get(..EXTENSION.len())
            .filter(|start| start.eq_ignore_ascii_case(EXTENSION))
            .and_then(|_| wanted[EXTENSION.len()..].parse::<u8>().ok());
        if let Some(number @ 1..=15) = number {
            return Some((format!("{EXTENSION}{number}"), Text));
        }
    }
    directory_extension(wanted).then(|| (wanted.to_owned(), Text))
}

const EXTENSION: &str = "extensionAttribute";

/// `extension_{32 hexadecimal digits}_{name}`: a property that an application added to the directory.
fn directory_extension(name: &str) -> bool {
    let Some((app, property)) = name.strip_prefix("extension_").and_then(|rest| rest.split_once('_')) else {
        return false;
    };
    app.len() == 32
        && app.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (1..=100).contains(&property.len())
        && property.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The object's attributes after a change: names made canonical, values checked, `null` removing a value.
///
/// # Errors
/// [`Error::Invalid`] with the attribute that is unknown, read-only or of another type.
pub(crate) fn merge(
    object_type: ObjectType,
    old: &Map<String, Value>,
    change: &Map<String, Value>,
) -> Result<Map<String, Value>> {
    let mut new = old.clone();
    for (name, value) in change {
        set(object_type, &mut new, name, value)?;
    }
    if new.len() > MAX_ATTRIBUTES {
        return Err(Error::invalid("attributes", format!("an object has at most {MAX_ATTRIBUTES} of them")));
    }
    check_required(object_type, &new)?;
    Ok(new)
}

fn set(object_type: ObjectType, new: &mut Map<String, Value>, name: &str, value: &Value) -> Result<()> {
    if name == "onPremisesExtensionAttributes"
        && let Value::Object(extensions) = value
    {
        for (name, value) in extensions {
            if !name.starts_with(EXTENSION) {
                return Err(unknown(object_type, name));
            }
            set(object_type, new, name, value)?;
        }
        return Ok(());
    }
    let (canonical, kind) = known_attribute(object_type, name).ok_or_else(|| unknown(object_type, name))?;
    match checked(&canonical, kind, value)? {
        Some(value) => new.insert(canonical, value),
        None => new.shift_remove(&canonical),
    };
    Ok(())
}

fn unknown(object_type: ObjectType, name: &str) -> Error {
    let shown: String = name.chars().take(100).collect();
    let reason = match shown.as_str() {
        "id" | "objectId" | "createdDateTime" | "deletedDateTime" => "it is read-only".to_owned(),
        _ => format!("a {} has no such attribute", crate::record::what_of(object_type)),
    };
    Error::Invalid { attribute: shown, reason }
}

/// The value as it is stored: `None` for null, an empty text or an empty list.
fn checked(name: &str, kind: AttributeKind, value: &Value) -> Result<Option<Value>> {
    let wrong = |expected: &str| Error::invalid(name, format!("the value must be {expected}"));
    match (kind, value) {
        (_, Value::Null) => Ok(None),
        (Boolean, Value::Bool(_)) => Ok(Some(value.clone())),
        (Boolean, _) => Err(wrong("true or false")),
        (Text, Value::String(text)) => Ok(text_value(name, text)?.map(Value::String)),
        (Text, _) => Err(wrong("a text")),
        (Instant, Value::String(text)) => match text_value(name, text)? {
            Some(text)
                if text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::Date>().is_ok() =>
            {
                Ok(Some(Value::String(text)))
            }
            Some(_) => Err(wrong("a date and time such as 2026-03-01T00:00:00Z, or a date")),
            None => Ok(None),
        },
        (Instant, _) => Err(wrong("a date and time as text")),
        (Texts, Value::Array(values)) => {
            if values.len() > MAX_VALUES {
                return Err(wrong(&format!("a list of at most {MAX_VALUES} texts")));
            }
            let mut list = Vec::with_capacity(values.len());
            for value in values {
                let text = value.as_str().ok_or_else(|| wrong("a list of texts"))?;
                list.extend(text_value(name, text)?.map(Value::String));
            }
            Ok((!list.is_empty()).then_some(Value::Array(list)))
        }
        (Texts, _) => Err(wrong("a list of texts")),
    }
}

fn text_value(name: &str, text: &str) -> Result<Option<String>> {
    if text.len() > MAX_TEXT {
        return Err(Error::invalid(name, format!("the value is longer than {MAX_TEXT} bytes")));
    }
    if text.contains('\0') {
        return Err(Error::invalid(name, "the value contains a NUL character"));
    }
    Ok((!text.trim().is_empty()).then(|| text.to_owned()))
}

fn check_required(object_type: ObjectType, attributes: &Map<String, Value>) -> Result<()> {
    let required: &[&str] = match object_type {
        ObjectType::User => &["userPrincipalName", "displayName"],
        ObjectType::Group => &["displayName"],
    };
    if let Some(name) = required.iter().find(|name| !attributes.contains_key(**name)) {
        return Err(Error::invalid(*name, "a value is required"));
    }
    match attributes.get("userPrincipalName").and_then(Value::as_str) {
        Some(name) if object_type == ObjectType::User => check_principal_name(name),
        _ => Ok(()),
    }
}

/// A principal name looks like a mail address: something, `@`, a domain.
fn check_principal_name(name: &str) -> Result<()> {
    let fits = name.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if !fits || name.chars().any(|char| char.is_whitespace() || char.is_control()) || name.len() > 1024 {
        let shown: String = name.chars().take(100).collect();
        return Err(Error::invalid(
            "userPrincipalName",
            format!("'{shown}' is not of the form name@domain without spaces"),
        ));
    }
    Ok(())
}
