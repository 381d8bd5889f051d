//! The attributes that every resource has and no schema lists (RFC 7643 section 3.1).

use std::sync::LazyLock;

use super::{Attribute, Mutability, Returned, Type};

static COMMON: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    let meta = |name: &str, kind, description: &str| {
        Attribute::new(name, kind, description).mutability(Mutability::ReadOnly)
    };
    vec![
        Attribute::new("schemas", Type::Reference, "URNs of the schemas whose attributes are present")
            .multi()
            .required()
            .exact()
            .returned(Returned::Always),
        Attribute::string("id", "Identifier given by the service provider")
            .exact()
            .mutability(Mutability::ReadOnly)
            .returned(Returned::Always)
            .unique(super::Uniqueness::Server),
        Attribute::string("externalId", "Identifier given by the provisioning client").exact(),
        Attribute::complex(
            "meta",
            "What the service provider knows about the resource itself",
            vec![
                meta("resourceType", Type::String, "Name of the resource type").exact(),
                meta("created", Type::DateTime, "When the resource was created"),
                meta("lastModified", Type::DateTime, "When the resource was last changed"),
                meta("location", Type::Reference, "URL of the resource").exact().refers_to(&["uri"]),
                meta("version", Type::String, "Entity tag of the resource").exact(),
            ],
        )
        .mutability(Mutability::ReadOnly),
    ]
});

/// `schemas`, `id`, `externalId` and `meta`.
pub fn common_attributes() -> &'static [Attribute] {
    &COMMON
}
