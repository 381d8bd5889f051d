//! The document: what of the configuration goes through version control. Everything in it is referred to by name.

use std::collections::BTreeMap;

use directory::import::ImportSchedule;
use model::{AttributeType, LookupTable, Mutability, ObjectType};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;
use webhooks::EventType;

use super::mappings::Mapping;
use crate::error::ApiError;

/// The only form of the document so far.
const VERSION: u32 = 1;

/// The configuration. What is absent, a section as well as a member of an object, is left as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Document {
    /// The form that it is written in.
    pub version: u32,
    /// The file of users that is imported by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_schedule: Option<ImportSchedule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applications: Option<Vec<Application>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<Tenant>>,
}

/// An application that users are provisioned to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Application {
    pub name: String,
    /// Only where several applications have the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// The template of the gallery that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<Role>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<Vec<Job>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignments: Option<Vec<Assignment>>,
}

/// A role that an application defines, known by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Role {
    pub name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: String,
    /// Whether it can be assigned.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    #[serde(default = "people", skip_serializing_if = "is_people")]
    pub allowed_member_types: Vec<String>,
}

fn people() -> Vec<String> {
    vec!["User".to_owned()]
}

fn is_people(types: &[String]) -> bool {
    types == ["User"]
}

/// A synchronization job of an application, one for each template. Whether it runs is no configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Job {
    pub template: String,
    /// The members of `PATCH /provost/v1/jobs/{job}` that are to be changed.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// Target attributes that administrators added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Vec<Attribute>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<BTreeMap<String, LookupTable>>,
    /// All mappings and scoping filters: they are replaced as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mappings: Option<Vec<Mapping>>,
}

/// A target attribute that an administrator added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Attribute {
    pub object: ObjectType,
    pub name: String,
    #[serde(rename = "type", default)]
    pub kind: AttributeType,
    #[serde(default, skip_serializing_if = "is_default")]
    pub multi_valued: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub case_exact: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub mutability: Mutability,
    #[serde(default, skip_serializing_if = "is_default")]
    pub references: Vec<String>,
}

/// Who is assigned: a user or a group, by name, or by id where several groups have the name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Assignment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Without it the first role that can be assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A tenant of the service provider; without its tokens, which are secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tenant {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scim_for_authentication: Option<bool>,
    /// The settings of `PATCH /provost/v1/tenants/{name}` that are to be changed.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// Schema extensions, as `/provost/v1/tenants/{name}/schemas` has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schemas: Option<Vec<Map<String, Value>>>,
    /// Who is told of changes, known by the address; without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<Vec<Webhook>>,
}

/// A webhook of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Webhook {
    pub url: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: String,
    /// Types of events; none named: all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub events: Vec<EventType>,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub include_resource: bool,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
}

pub(super) fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
pub(super) fn is_true(flag: &bool) -> bool {
    *flag
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Document {
    /// A document of the present form.
    pub fn new(
        import_schedule: Option<ImportSchedule>,
        applications: Vec<Application>,
        tenants: Vec<Tenant>,
    ) -> Self {
        Self { version: VERSION, import_schedule, applications: Some(applications), tenants: Some(tenants) }
    }

    /// Reads a document. The error says where something is that is not known, and what is known there.
    pub fn read(body: &[u8]) -> Result<Self, ApiError> {
        let value = scim::json::parse(body).map_err(|error| ApiError::bad(format!("{}.", error.detail)))?;
        let document: Self = serde_path_to_error::deserialize(value).map_err(|error| {
            let place = match error.path().to_string() {
                place if place == "." => "the document".to_owned(),
                place => place,
            };
            wrong(&place, &format!("{}.", error.inner()))
        })?;
        if document.version != VERSION {
            return Err(wrong("version", &format!("this server reads version {VERSION}.")));
        }
        document.named_once()?;
        Ok(document)
    }

    /// Of two entries for one thing nobody can say which was meant.
    fn named_once(&self) -> Result<(), ApiError> {
        let key = |app: &Application| (scim::fold::fold_key(app.name.trim()), app.id);
        let applications = self.applications.iter().flatten();
        once("applications", applications.map(|app| (key(app), app.name.as_str())))?;
        for app in self.applications.iter().flatten() {
            let jobs = app.jobs.iter().flatten();
            let jobs = jobs.map(|job| (job.template.to_ascii_lowercase(), job.template.as_str()));
            once(&format!("applications[{}].jobs", app.name), jobs)?;
        }
        let tenants = self.tenants.iter().flatten();
        once("tenants", tenants.map(|tenant| (tenant.name.as_str(), tenant.name.as_str())))
    }
}

fn once<'n, K: Ord>(list: &str, entries: impl Iterator<Item = (K, &'n str)>) -> Result<(), ApiError> {
    let mut seen = std::collections::BTreeSet::new();
    for (key, name) in entries {
        if !seen.insert(key) {
            return Err(wrong(list, &format!("'{}' is named twice.", cut(name))));
        }
    }
    Ok(())
}

/// What is wrong at a place of the document.
pub(super) fn wrong(place: &str, what: &str) -> ApiError {
    ApiError::bad(format!("{place}: {what}"))
        .hint("Nothing was changed: correct the document and apply it again.")
}

/// A text of the document as messages show it.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Document::read(text.as_bytes()).expect_err("it cannot be read").message
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place_and_what_is_known() {
        let message = refused(r#"{"version": 1, "applications": [{"name": "A", "colour": 1}]}"#);
        assert!(message.starts_with("applications[0].colour: unknown field `colour`"), "{message}");
        assert!(message.contains("`assignments`"), "{message}");
        let message = refused(
            r#"{"version": 1, "applications": [{"name": "A", "jobs": [{"template": "scim", "mappings":
               [{"object": "User", "name": "u", "attributeMappings": [{"target": "userName", "matching": 1}]}]}]}]}"#,
        );
        assert!(message.contains("mappings[0].attributeMappings[0].matching"), "{message}");
        assert!(message.contains("`matchingPriority`"), "{message}");
        assert!(refused(r#"{"version": 2}"#).starts_with("version: "));
        assert!(refused(r#"{"version": 1, "version": 1}"#).contains("version"));
        let twice = r#"{"version": 1, "applications": [{"name": "a"}, {"name": "A "}]}"#;
        assert_eq!(refused(twice), "applications: 'A ' is named twice.");
    }
}
