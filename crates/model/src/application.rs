//! Applications, their roles, and who is assigned to them.

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use crate::{ObjectMapping, TargetLimits};

/// The role of an assignment that names none of the application's own roles: Default Access.
pub const DEFAULT_ACCESS: Uuid = uuid!("00000000-0000-0000-0000-000000000000");

/// A role that an application defines (Graph `appRole`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRole {
    /// Identifier within the application.
    pub id: Uuid,
    /// What administrators see.
    pub display_name: String,
    /// What is sent in claims and mappings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What it permits.
    #[serde(default)]
    pub description: String,
    /// Whether it can be assigned.
    #[serde(default = "yes")]
    pub is_enabled: bool,
    /// `User`, `Application` or both.
    #[serde(default)]
    pub allowed_member_types: Vec<String>,
}

fn yes() -> bool {
    true
}

/// A template of the gallery (Graph `applicationTemplate`), with what a job made from it starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationTemplate {
    /// Short, stable name, e.g. `scim`.
    pub id: String,
    /// What administrators search for.
    pub display_name: String,
    /// Who publishes the application.
    pub publisher: String,
    /// One or two sentences.
    pub description: String,
    /// Where to read about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_page_url: Option<String>,
    /// Groups it is listed under.
    pub categories: Vec<String>,
    /// Roles the application defines.
    pub app_roles: Vec<AppRole>,
    /// Whether assignments with the Default Access role count for provisioning.
    pub exclude_default_access: bool,
    /// How a tenant URL looks, to show in forms.
    pub tenant_url_example: String,
    /// What the application is known to take at most.
    #[serde(default)]
    pub limits: TargetLimits,
    /// Mappings a new job starts with.
    pub object_mappings: Vec<ObjectMapping>,
}

/// An application object (Graph `application`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Object id.
    pub id: Uuid,
    /// Client id, by which it is known outside.
    pub app_id: Uuid,
    /// Name.
    pub display_name: String,
    /// The template it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_template_id: Option<String>,
    /// Roles it defines.
    #[serde(default)]
    pub app_roles: Vec<AppRole>,
}

/// A service principal (Graph `servicePrincipal`): the application as used in this directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePrincipal {
    /// Object id.
    pub id: Uuid,
    /// The client id of its application.
    pub app_id: Uuid,
    /// Name.
    pub display_name: String,
    /// The template its application was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_template_id: Option<String>,
    /// Whether it is in use.
    #[serde(default = "yes")]
    pub account_enabled: bool,
    /// Roles it defines.
    #[serde(default)]
    pub app_roles: Vec<AppRole>,
    /// Labels, as Graph has them.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// The assignment of a user or a group to an application, with a role (Graph `appRoleAssignment`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRoleAssignment {
    /// Object id.
    pub id: Uuid,
    /// The role; [`DEFAULT_ACCESS`] for none of the application's own.
    pub app_role_id: Uuid,
    /// The user or group.
    pub principal_id: Uuid,
    /// `User` or `Group`.
    pub principal_type: String,
    /// Its name when assigned.
    pub principal_display_name: String,
    /// The service principal.
    pub resource_id: Uuid,
    /// Its name when assigned.
    pub resource_display_name: String,
}
