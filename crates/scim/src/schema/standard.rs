//! The schemas of the RFC: User, Group, EnterpriseUser (RFC 7643 sections 4 and 8.7.1).

use super::{Attribute, Mutability, Returned, Schema, Type, Uniqueness};
use crate::urn;

fn schema(id: &str, name: &str, description: &str, attributes: Vec<Attribute>) -> Schema {
    Schema { id: id.to_owned(), name: name.to_owned(), description: description.to_owned(), attributes }
}

fn reference(name: &str, description: &str, types: &[&str]) -> Attribute {
    Attribute::new(name, Type::Reference, description).refers_to(types)
}

/// A list of values with the usual sub-attributes: value, display, type, primary.
fn plural(name: &str, description: &str, value: Attribute, types: &[&str]) -> Attribute {
    Attribute::complex(
        name,
        description,
        vec![
            value,
            Attribute::string("display", "Text to show for the value"),
            Attribute::string("type", "What the value is used for").canonical(types),
            Attribute::new("primary", Type::Boolean, "Whether this is the preferred value; at most one is"),
        ],
    )
    .multi()
}

fn name() -> Attribute {
    Attribute::complex(
        "name",
        "The parts of the user's name",
        vec![
            Attribute::string("formatted", "The whole name as it is shown, with titles"),
            Attribute::string("familyName", "Family name"),
            Attribute::string("givenName", "Given name"),
            Attribute::string("middleName", "Middle names"),
            Attribute::string("honorificPrefix", "Titles before the name"),
            Attribute::string("honorificSuffix", "Titles after the name"),
        ],
    )
}

fn addresses() -> Attribute {
    Attribute::complex(
        "addresses",
        "Postal addresses",
        vec![
            Attribute::string("formatted", "The whole address as it is printed, with line breaks"),
            Attribute::string("streetAddress", "Street, house number, box"),
            Attribute::string("locality", "City or town"),
            Attribute::string("region", "State, province or region"),
            Attribute::string("postalCode", "Postal code"),
            Attribute::string("country", "Country, two letters of ISO 3166-1"),
            Attribute::string("type", "What the address is used for").canonical(&["work", "home", "other"]),
            Attribute::new("primary", Type::Boolean, "Whether this is the preferred address"),
        ],
    )
    .multi()
}

fn groups() -> Attribute {
    let computed = |attribute: Attribute| attribute.mutability(Mutability::ReadOnly);
    computed(
        Attribute::complex(
            "groups",
            "Groups of which the user is a member; change them at the groups",
            vec![
                computed(Attribute::string("value", "Identifier of the group").exact()),
                computed(reference("$ref", "URL of the group", &["Group"])),
                computed(Attribute::string("display", "Name of the group")),
                computed(
                    Attribute::string("type", "How the membership comes about")
                        .canonical(&["direct", "indirect"]),
                ),
            ],
        )
        .multi(),
    )
}

/// The core user schema.
pub fn user() -> Schema {
    let phones = ["work", "home", "mobile", "fax", "pager", "other"];
    let messengers = ["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"];
    schema(
        urn::USER,
        "User",
        "User Account",
        vec![
            Attribute::string("userName", "Name by which the user signs in")
                .required()
                .unique(Uniqueness::Server),
            name(),
            Attribute::string("displayName", "Name to show to other users"),
            Attribute::string("nickName", "Casual name"),
            reference("profileUrl", "URL of the user's page", &["external"]),
            Attribute::string("title", "Job title"),
            Attribute::string("userType", "Relation to the organization, e.g. Employee or Contractor"),
            Attribute::string("preferredLanguage", "Languages the user prefers, as in Accept-Language"),
            Attribute::string("locale", "Locale for formats, e.g. en-US"),
            Attribute::string("timezone", "Time zone of the IANA database, e.g. Europe/Oslo"),
            Attribute::new("active", Type::Boolean, "Whether the account is in use"),
            Attribute::string("password", "Password in clear text; never returned")
                .mutability(Mutability::WriteOnly)
                .returned(Returned::Never),
            plural(
                "emails",
                "Email addresses",
                Attribute::string("value", "Email address"),
                &["work", "home", "other"],
            ),
            plural("phoneNumbers", "Phone numbers", Attribute::string("value", "Phone number"), &phones),
            plural("ims", "Instant messaging addresses", Attribute::string("value", "Address"), &messengers),
            plural(
                "photos",
                "Pictures of the user",
                reference("value", "URL of the picture", &["external"]),
                &["photo", "thumbnail"],
            ),
            addresses(),
            groups(),
            plural(
                "entitlements",
                "Things the user is entitled to",
                Attribute::string("value", "Entitlement"),
                &[],
            ),
            plural("roles", "Roles of the user", Attribute::string("value", "Role"), &[]),
            plural(
                "x509Certificates",
                "Certificates of the user",
                Attribute::new("value", Type::Binary, "Certificate, DER in base64"),
                &[],
            ),
        ],
    )
}

/// The core group schema. As in RFC 7643 section 8.7.1 a member has no `display`: names belong to the members, who
/// may be a hundred thousand.
pub fn group() -> Schema {
    let fixed = |attribute: Attribute| attribute.mutability(Mutability::Immutable);
    schema(
        urn::GROUP,
        "Group",
        "Group",
        vec![
            Attribute::string("displayName", "Name of the group").required().unique(Uniqueness::Server),
            Attribute::complex(
                "members",
                "Members of the group",
                vec![
                    fixed(Attribute::string("value", "Identifier of the member").exact()),
                    fixed(reference("$ref", "URL of the member", &["User", "Group"])),
                    fixed(Attribute::string("type", "What the member is").canonical(&["User", "Group"])),
                ],
            )
            .multi(),
        ],
    )
}

/// The enterprise extension of the user schema.
pub fn enterprise_user() -> Schema {
    schema(
        urn::ENTERPRISE_USER,
        "EnterpriseUser",
        "Enterprise User",
        vec![
            Attribute::string("employeeNumber", "Number or code of the employee"),
            Attribute::string("costCenter", "Cost center"),
            Attribute::string("organization", "Organization"),
            Attribute::string("division", "Division"),
            Attribute::string("department", "Department"),
            Attribute::complex(
                "manager",
                "The user's manager",
                vec![
                    Attribute::string("value", "Identifier of the manager").exact(),
                    reference("$ref", "URL of the manager", &["User"]),
                    Attribute::string("displayName", "Name of the manager").mutability(Mutability::ReadOnly),
                ],
            ),
        ],
    )
}
