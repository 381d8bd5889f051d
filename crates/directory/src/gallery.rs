//! The gallery: applications that a directory can provision, with the roles and mappings they start with.

use std::num::NonZeroU32;
use std::sync::LazyLock;

use model::{
    AppRole, ApplicationTemplate, AttributeMapping, FlowBehavior, FlowType, MappingSource, ObjectMapping,
    ObjectType, TargetActions, TargetLimits,
};
use uuid::{Uuid, uuid};

/// The templates of the gallery.
pub fn templates() -> &'static [ApplicationTemplate] {
    static TEMPLATES: LazyLock<Vec<ApplicationTemplate>> =
        LazyLock::new(|| vec![office_space(), scim(), aws_identity_center(), slack()]);
    &TEMPLATES
}

/// The template of that id, without regard to case.
pub fn template(id: &str) -> Option<&'static ApplicationTemplate> {
    templates().iter().find(|template| template.id.eq_ignore_ascii_case(id))
}

fn scim() -> ApplicationTemplate {
    ApplicationTemplate {
        id: "scim".to_owned(),
        display_name: "SCIM application".to_owned(),
        publisher: "Provost".to_owned(),
        description: "Any application that speaks SCIM 2.0: give its tenant URL and a token.".to_owned(),
        home_page_url: None,
        categories: vec!["general".to_owned()],
        app_roles: Vec::new(),
        exclude_default_access: false,
        tenant_url_example: "https://app.example.com/scim/v2".to_owned(),
        limits: TargetLimits::default(),
        object_mappings: default_mappings(),
    }
}

fn office_space() -> ApplicationTemplate {
    ApplicationTemplate {
        id: "officespace".to_owned(),
        display_name: "OfficeSpace Software".to_owned(),
        publisher: "OfficeSpace Software".to_owned(),
        description:
            "Desks, rooms and moves of a workplace. The application defines its own roles; who has only \
                      Default Access is not provisioned."
                .to_owned(),
        home_page_url: Some("https://www.officespacesoftware.com/".to_owned()),
        categories: vec!["productivity".to_owned(), "facilities".to_owned()],
        app_roles: vec![
            role(uuid!("5c3f6a2e-7a34-4b0c-9a6e-2b8f1f3d0a01"), "User", "Finds colleagues and books desks."),
            role(
                uuid!("5c3f6a2e-7a34-4b0c-9a6e-2b8f1f3d0a02"),
                "Manager",
                "Plans the seats of a department.",
            ),
            role(
                uuid!("5c3f6a2e-7a34-4b0c-9a6e-2b8f1f3d0a03"),
                "Admin",
                "Administers floors, people and moves.",
            ),
        ],
        exclude_default_access: true,
        tenant_url_example: "https://contoso.officespacesoftware.com/api/scim/v2".to_owned(),
        limits: TargetLimits::default(),
        object_mappings: default_mappings(),
    }
}

/// Its developer guide ("IAM Identity Center SCIM implementation"): a group changes by 100 members at most in a request,
/// an e-mail address is primary, and of addresses of each kind there is one.
fn aws_identity_center() -> ApplicationTemplate {
    let one_of_each = |mapping: &AttributeMapping| {
        !["mobile", "fax"].iter().any(|kind| mapping.target_attribute_name.contains(&format!("\"{kind}\"")))
    };
    let mut users = user_mappings();
    users.retain(one_of_each);
    for mapping in &mut users {
        let primary = "[type eq \"work\" and primary eq true]";
        if mapping.target_attribute_name.starts_with("emails[") {
            mapping.target_attribute_name = format!("emails{primary}.value");
        }
    }
    ApplicationTemplate {
        id: "aws-iam-identity-center".to_owned(),
        display_name: "AWS IAM Identity Center".to_owned(),
        publisher: "Amazon Web Services".to_owned(),
        description:
            "Accounts and groups for access to AWS. Each user needs a given name, a surname and a display \
                      name."
                .to_owned(),
        home_page_url: Some("https://aws.amazon.com/iam/identity-center/".to_owned()),
        categories: vec!["developer tools".to_owned(), "security".to_owned()],
        app_roles: Vec::new(),
        exclude_default_access: false,
        tenant_url_example: "https://scim.us-east-1.amazonaws.com/TENANT/scim/v2".to_owned(),
        limits: TargetLimits { members_per_request: NonZeroU32::new(100), ..TargetLimits::default() },
        object_mappings: mappings(users),
    }
}

/// Its documentation ("SCIM API rate limits"): 600 writes a minute in an organization, more reads. Accounts are found by
/// `userName`, of at most 21 characters, or by e-mail address.
fn slack() -> ApplicationTemplate {
    let phone = |kind: &str| format!("phoneNumbers[type eq \"{kind}\"].value");
    let users = vec![
        matching("mailNickname", "userName"),
        AttributeMapping { matching_priority: 2, ..matching("mail", "emails[type eq \"work\"].value") },
        expression(r#"Switch([IsSoftDeleted], , "False", "True", "True", "False")"#, "active"),
        direct("displayName", "displayName"),
        direct("givenName", "name.givenName"),
        direct("surname", "name.familyName"),
        direct("jobTitle", "title"),
        direct("preferredLanguage", "preferredLanguage"),
        direct("telephoneNumber", &phone("work")),
        direct("mobile", &phone("mobile")),
        direct("objectId", "externalId"),
        direct("employeeId", &format!("{ENTERPRISE}:employeeNumber")),
        direct("department", &format!("{ENTERPRISE}:department")),
        direct("manager", &format!("{ENTERPRISE}:manager")),
    ];
    ApplicationTemplate {
        id: "slack".to_owned(),
        display_name: "Slack".to_owned(),
        publisher: "Slack Technologies".to_owned(),
        description: "Messages. Each user needs a mail address; a user name has at most 21 characters."
            .to_owned(),
        home_page_url: Some("https://slack.com/".to_owned()),
        categories: vec!["collaboration".to_owned(), "productivity".to_owned()],
        app_roles: Vec::new(),
        exclude_default_access: false,
        tenant_url_example: "https://api.slack.com/scim/v2".to_owned(),
        limits: TargetLimits { requests_per_minute: NonZeroU32::new(600), ..TargetLimits::default() },
        object_mappings: mappings(users),
    }
}

fn role(id: Uuid, name: &str, description: &str) -> AppRole {
    AppRole {
        id,
        display_name: name.to_owned(),
        value: Some(name.to_lowercase()),
        description: description.to_owned(),
        is_enabled: true,
        allowed_member_types: vec!["User".to_owned()],
    }
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn default_mappings() -> Vec<ObjectMapping> {
    mappings(user_mappings())
}

/// Users with these mappings, and groups as everywhere.
fn mappings(users: Vec<AttributeMapping>) -> Vec<ObjectMapping> {
    vec![
        ObjectMapping {
            name: "Provision Users".to_owned(),
            source_object: ObjectType::User,
            enabled: true,
            target_actions: TargetActions::ALL,
            scoping_filters: Vec::new(),
            attribute_mappings: users,
        },
        ObjectMapping {
            name: "Provision Groups".to_owned(),
            source_object: ObjectType::Group,
            enabled: true,
            target_actions: TargetActions::ALL,
            scoping_filters: Vec::new(),
            attribute_mappings: vec![
                matching("displayName", "displayName"),
                direct("objectId", "externalId"),
                direct("members", "members"),
            ],
        },
    ]
}

fn user_mappings() -> Vec<AttributeMapping> {
    let address = |part: &str| format!("addresses[type eq \"work\"].{part}");
    let phone = |kind: &str| format!("phoneNumbers[type eq \"{kind}\"].value");
    vec![
        matching("userPrincipalName", "userName"),
        expression(r#"Switch([IsSoftDeleted], , "False", "True", "True", "False")"#, "active"),
        direct("displayName", "displayName"),
        direct("jobTitle", "title"),
        direct("mail", "emails[type eq \"work\"].value"),
        direct("preferredLanguage", "preferredLanguage"),
        direct("givenName", "name.givenName"),
        direct("surname", "name.familyName"),
        expression(r#"Join(" ", [givenName], [surname])"#, "name.formatted"),
        direct("physicalDeliveryOfficeName", &address("formatted")),
        direct("streetAddress", &address("streetAddress")),
        direct("city", &address("locality")),
        direct("state", &address("region")),
        direct("postalCode", &address("postalCode")),
        direct("country", &address("country")),
        direct("telephoneNumber", &phone("work")),
        direct("mobile", &phone("mobile")),
        direct("facsimileTelephoneNumber", &phone("fax")),
        direct("mailNickname", "externalId"),
        direct("employeeId", &format!("{ENTERPRISE}:employeeNumber")),
        direct("department", &format!("{ENTERPRISE}:department")),
        direct("manager", &format!("{ENTERPRISE}:manager")),
    ]
}

fn mapping(source: MappingSource, target: &str) -> AttributeMapping {
    AttributeMapping {
        target_attribute_name: target.to_owned(),
        source,
        default_value: None,
        flow_type: FlowType::Always,
        flow_behavior: FlowBehavior::FlowWhenChanged,
        matching_priority: 0,
        flow_null: true,
    }
}

fn direct(source: &str, target: &str) -> AttributeMapping {
    mapping(MappingSource::Direct(source.to_owned()), target)
}

fn expression(source: &str, target: &str) -> AttributeMapping {
    mapping(MappingSource::Expression(source.to_owned()), target)
}

fn matching(source: &str, target: &str) -> AttributeMapping {
    AttributeMapping { matching_priority: 1, flow_null: false, ..direct(source, target) }
}
