//! The schemas of what the service provider says about itself (RFC 7643 section 8.7.2, with its verified errata, and
//! RFC 9865 section 4).

use super::{Attribute, Mutability, Returned, Schema, Type, Uniqueness};
use crate::urn;

fn schema(id: &str, name: &str, description: &str, attributes: Vec<Attribute>) -> Schema {
    let attributes = attributes.into_iter().map(read_only).collect();
    Schema { id: id.to_owned(), name: name.to_owned(), description: description.to_owned(), attributes }
}

/// Nothing of these resources can be written.
fn read_only(attribute: Attribute) -> Attribute {
    let sub_attributes = attribute.sub_attributes.into_iter().map(read_only).collect();
    Attribute { mutability: Mutability::ReadOnly, sub_attributes, ..attribute }
}

fn flag(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::Boolean, description)
}

fn number(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::Integer, description)
}

fn link(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::Reference, description).refers_to(&["external"])
}

fn uri(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::Reference, description).refers_to(&["uri"]).exact()
}

/// Whether a feature is supported, with its limits.
fn feature(name: &str, description: &str, limits: Vec<Attribute>) -> Attribute {
    let supported = flag("supported", "Whether the service provider supports it").required();
    let parts = std::iter::once(supported).chain(limits).collect();
    Attribute::complex(name, description, parts).required()
}

fn pagination() -> Attribute {
    Attribute::complex(
        "pagination",
        "How lists are paged",
        vec![
            flag("cursor", "Whether there are pages by cursor").required(),
            flag("index", "Whether there are pages by index").required(),
            Attribute::string("defaultPaginationMethod", "The method where the request names none")
                .canonical(&["cursor", "index"]),
            number("defaultPageSize", "Resources of a page where the request has no count"),
            number("maxPageSize", "Most resources of a page"),
            number("cursorTimeout", "Seconds for which a cursor is good at least"),
        ],
    )
}

fn authentication_schemes() -> Attribute {
    Attribute::complex(
        "authenticationSchemes",
        "Ways to authenticate",
        vec![
            Attribute::string("type", "Kind of the scheme").required().canonical(&[
                "oauth",
                "oauth2",
                "oauthbearertoken",
                "httpbasic",
                "httpdigest",
            ]),
            Attribute::string("name", "Name of the scheme").required(),
            Attribute::string("description", "Description of the scheme").required(),
            link("specUri", "URL of the scheme's specification"),
            link("documentationUri", "URL of the scheme's documentation"),
            flag("primary", "Whether this is the preferred scheme"),
        ],
    )
    .multi()
    .required()
}

/// The schema of the service provider's configuration.
pub fn service_provider_config() -> Schema {
    schema(
        urn::SERVICE_PROVIDER_CONFIG,
        "Service Provider Configuration",
        "What the service provider supports",
        vec![
            link("documentationUri", "URL of documentation for people"),
            feature("patch", "PATCH", vec![]),
            feature(
                "bulk",
                "Bulk requests",
                vec![
                    number("maxOperations", "Most operations of a request").required(),
                    number("maxPayloadSize", "Largest body in bytes").required(),
                ],
            ),
            feature(
                "filter",
                "Filters",
                vec![number("maxResults", "Most resources of an answer").required()],
            ),
            feature("changePassword", "Changes of a password", vec![]),
            feature("sort", "Sorting", vec![]),
            feature("etag", "Entity tags", vec![]),
            pagination(),
            authentication_schemes(),
        ],
    )
}

/// The schema of resource types.
pub fn resource_type() -> Schema {
    schema(
        urn::RESOURCE_TYPE,
        "ResourceType",
        "A kind of resource with its endpoint and schemas",
        vec![
            Attribute::string("id", "Identifier of the resource type"),
            Attribute::string("name", "Name of the resource type").required(),
            Attribute::string("description", "Description of the resource type"),
            Attribute::new("endpoint", Type::Reference, "Path of the resources below the base URL")
                .refers_to(&["uri"])
                .required(),
            uri("schema", "URN of the core schema").required(),
            Attribute::complex(
                "schemaExtensions",
                "Extensions of the core schema",
                vec![
                    uri("schema", "URN of the extension").required(),
                    flag("required", "Whether each resource must have the extension").required(),
                ],
            )
            .multi()
            .required(),
        ],
    )
}

fn words<W: Copy>(all: &[W], word: impl Fn(W) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| word(*one)).collect()
}

/// The characteristics of an attribute, those of its sub-attributes with them where it may have some.
fn characteristics(types: &[Type], sub_attributes: Option<Attribute>) -> Vec<Attribute> {
    let mutabilities =
        [Mutability::ReadOnly, Mutability::ReadWrite, Mutability::Immutable, Mutability::WriteOnly];
    let returned = [Returned::Always, Returned::Never, Returned::Default, Returned::Request];
    let uniqueness = [Uniqueness::None, Uniqueness::Server, Uniqueness::Global];
    let mut all = vec![
        Attribute::string("name", "Name of the attribute").required().exact(),
        Attribute::string("type", "Data type of the attribute")
            .required()
            .canonical(&words(types, Type::as_str)),
        flag("multiValued", "Whether the value is a list").required(),
        Attribute::string("description", "What the attribute is for").exact(),
        flag("required", "Whether a resource must have the attribute"),
        Attribute::string("canonicalValues", "Suggested values").multi().exact(),
        flag("caseExact", "Whether upper and lower case differ in comparison"),
        Attribute::string("mutability", "Who may write the attribute and when")
            .exact()
            .canonical(&words(&mutabilities, Mutability::as_str)),
        Attribute::string("returned", "When the attribute is returned")
            .exact()
            .canonical(&words(&returned, Returned::as_str)),
        Attribute::string("uniqueness", "Where a value must be unique")
            .exact()
            .canonical(&words(&uniqueness, Uniqueness::as_str)),
        Attribute::string("referenceTypes", "What a reference may refer to").multi().exact(),
    ];
    all.extend(sub_attributes);
    all
}

/// The schema of schemas, the one whose sub-attributes have sub-attributes.
pub fn schema_of_schemas() -> Schema {
    let simple = [
        Type::String,
        Type::Boolean,
        Type::Decimal,
        Type::Integer,
        Type::DateTime,
        Type::Reference,
        Type::Binary,
    ];
    let all: Vec<Type> = simple.into_iter().chain([Type::Complex]).collect();
    let parts = characteristics(&simple, None);
    let sub_attributes = Attribute::complex("subAttributes", "Parts of a complex attribute", parts).multi();
    schema(
        urn::SCHEMA,
        "Schema",
        "Attributes and their characteristics",
        vec![
            Attribute::string("id", "URN of the schema").required(),
            Attribute::string("name", "Name of the schema").required(),
            Attribute::string("description", "Description of the schema"),
            Attribute::complex("attributes", "The attributes", characteristics(&all, Some(sub_attributes)))
                .multi()
                .required(),
        ],
    )
}
