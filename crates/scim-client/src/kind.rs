//! The types of resources.

/// The two resource types that are provisioned (RFC 7643 sections 4.1 and 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum ResourceKind {
    /// `/Users`
    Users,
    /// `/Groups`
    Groups,
}

impl ResourceKind {
    /// The endpoint's last segment: `Users` or `Groups`.
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Groups => "Groups",
        }
    }

    /// The value of `meta.resourceType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "User",
            Self::Groups => "Group",
        }
    }

    /// The core schema's URN.
    pub fn schema(self) -> &'static str {
        match self {
            Self::Users => "urn:ietf:params:scim:schemas:core:2.0:User",
            Self::Groups => "urn:ietf:params:scim:schemas:core:2.0:Group",
        }
    }
}
