//! What users and groups have in common: how they are shown, listed and counted.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use directory::{AttributeKind, ObjectPage, SEARCHED, Selection};
use model::{AppRoleAssignment, DirectoryObject, ObjectType};
use serde_json::Value;
use store::{Cursor, KeyName};

use crate::call::Call;
use crate::error::{Answer, ApiError};
use crate::odata::{Expand, Filter, Operator, Part, Query, Search};
use crate::{page, render};

/// Properties that are no attributes.
const OTHERS: &[&str] = &["id", "createdDateTime", "deletedDateTime", "onPremisesExtensionAttributes"];
/// Properties that users have in Graph and never here: whoever selects one gets null.
const NEVER_OF_USERS: &[&str] = &[
    "assignedLicenses",
    "assignedPlans",
    "authorizationInfo",
    "customSecurityAttributes",
    "employeeOrgData",
    "externalUserStateChangeDateTime",
    "identities",
    "isManagementRestricted",
    "isResourceAccount",
    "lastPasswordChangeDateTime",
    "licenseAssignmentStates",
    "mailboxSettings",
    "onPremisesLastSyncDateTime",
    "onPremisesProvisioningErrors",
    "passwordProfile",
    "provisionedPlans",
    "refreshTokensValidFromDateTime",
    "securityIdentifier",
    "serviceProvisioningErrors",
    "signInActivity",
    "signInSessionsValidFromDateTime",
];
/// The same of groups.
const NEVER_OF_GROUPS: &[&str] = &[
    "assignedLabels",
    "assignedLicenses",
    "creationOptions",
    "expirationDateTime",
    "hasMembersWithLicenseErrors",
    "isManagementRestricted",
    "licenseProcessingState",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesNetBiosName",
    "onPremisesProvisioningErrors",
    "onPremisesSecurityIdentifier",
    "organizationId",
    "renewedDateTime",
    "resourceBehaviorOptions",
    "securityIdentifier",
    "serviceProvisioningErrors",
    "uniqueName",
    "writebackConfiguration",
];
/// Most objects of a relation that are expanded, as Graph has it.
pub(super) const MAX_EXPANDED: usize = 20;

/// The entity set that objects of a type are in.
pub(super) const fn set_of(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::User => "users",
        ObjectType::Group => "groups",
    }
}

/// An answer with one object, with what `$expand` asks for.
pub(super) async fn show(call: &Call, found: &DirectoryObject) -> Answer {
    call.query.only(&[Part::Expand])?;
    check(&call.query, found.object_type)?;
    let shown = expanded(call, found).await?;
    call.found(set_of(found.object_type), shown)
}

/// The object with what `$expand` asks for.
async fn expanded(call: &Call, found: &DirectoryObject) -> Result<Value, ApiError> {
    let mut shown = render::object(found);
    for expand in &call.query.expand {
        shown[&expand.relation] = expand.of(related(call, found, expand).await?);
    }
    Ok(shown)
}

async fn related(call: &Call, found: &DirectoryObject, expand: &Expand) -> Result<Value, ApiError> {
    let (directory, id) = (&call.directory, found.id);
    let objects = match (expand.relation.as_str(), found.object_type) {
        ("manager", ObjectType::User) => {
            return Ok(directory.manager(id).await?.as_ref().map_or(Value::Null, render::typed));
        }
        ("appRoleAssignments", _) => {
            let (assignments, _) = directory.assignments_of(id, None, MAX_EXPANDED).await?;
            return Ok(assignments.iter().map(assignment).collect());
        }
        ("memberOf", _) => directory.member_of(id, None, MAX_EXPANDED).await?.objects,
        ("transitiveMemberOf", _) => directory.transitive_member_of(id, None, MAX_EXPANDED).await?.objects,
        ("directReports", ObjectType::User) => directory.reports(id, None, MAX_EXPANDED).await?.objects,
        ("members", ObjectType::Group) => directory.members(id, None, MAX_EXPANDED).await?.objects,
        ("transitiveMembers", ObjectType::Group) => {
            directory.transitive_members(id, None, MAX_EXPANDED).await?.objects
        }
        (other, _) => {
            let shown: String = other.chars().take(60).collect();
            return Err(ApiError::unsupported(format!("'$expand={shown}' is not supported here.")));
        }
    };
    Ok(objects.iter().map(render::typed).collect())
}

/// An assignment as Graph shows it.
pub(super) fn assignment(assignment: &AppRoleAssignment) -> Value {
    serde_json::to_value(assignment).unwrap_or_default()
}

/// A page of users or groups, as the query asks for it.
pub(super) async fn list(call: &Call, object_type: ObjectType) -> Answer {
    let query = &call.query;
    query.only(&[Part::Filter, Part::Search, Part::OrderBy, Part::Expand])?;
    let found = selected(call, object_type, query.after.clone(), query.limit()).await?;
    let count = if query.count { Some(count_of(call, object_type).await?) } else { None };
    let mut shown = Vec::with_capacity(found.objects.len());
    for object in &found.objects {
        shown.push(expanded(call, object).await?);
    }
    Ok(page::list(call, set_of(object_type), shown, found.next.as_ref(), count))
}

/// The number of users or groups as plain text.
pub(super) async fn count(call: &Call, object_type: ObjectType) -> Answer {
    call.query.only(&[Part::Filter, Part::Search])?;
    Ok(plain(count_of(call, object_type).await?))
}

/// A number as Graph's `$count` answers it.
pub(super) fn plain(count: u64) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain")], count.to_string()).into_response()
}

async fn count_of(call: &Call, object_type: ObjectType) -> Result<u64, ApiError> {
    let query = &call.query;
    if query.filter.is_none() && query.search.is_none() {
        return Ok(call.directory.count_objects(object_type).await?);
    }
    let mut count = 0;
    let mut after = None;
    loop {
        let found = selected(call, object_type, after, 1000).await?;
        count += found.objects.len() as u64;
        if found.next.is_none() {
            return Ok(count);
        }
        after = found.next;
    }
}

/// Users or groups that the query asks for, by the cheapest way to them.
async fn selected(
    call: &Call,
    object_type: ObjectType,
    after: Option<Cursor>,
    limit: usize,
) -> Result<ObjectPage, ApiError> {
    let (query, directory) = (&call.query, &call.directory);
    let selection = selection(query, object_type)?;
    let keep = |object: &DirectoryObject| keeps(query, object);
    let beginnings = query.search.as_ref().and_then(Search::beginnings);
    Ok(match (selection, beginnings) {
        (Selection::Live, Some(beginnings)) => {
            directory.search_objects(object_type, beginnings, after, limit, keep).await?
        }
        (selection, _) => directory.list_objects(object_type, &selection, after, limit, keep).await?,
    })
}

/// Whether an object satisfies filter and search.
pub(super) fn keeps(query: &Query, object: &DirectoryObject) -> bool {
    if query.filter.is_none() && query.search.is_none() {
        return true;
    }
    let shown = render::object(object);
    query.filter.as_ref().is_none_or(|filter| filter.matches(&shown))
        && query.search.as_ref().is_none_or(|search| search.matches(&shown, SEARCHED))
}

/// Refuses filters, searches and selections that name a property which the objects never have: they would find nothing, or
/// everybody, or show nothing.
pub(super) fn check(query: &Query, object_type: ObjectType) -> Result<(), ApiError> {
    query.filter.as_ref().map_or(Ok(()), |filter| filter.check(&|name| is_property(object_type, name)))?;
    check_selection(query.selection(), object_type)?;
    query.search.as_ref().map_or(Ok(()), |search| search.check(SEARCHED))
}

/// Refuses a selection of a property that objects of the type do not have, in Graph either.
pub(super) fn check_selection(selection: &[String], object_type: ObjectType) -> Result<(), ApiError> {
    let never = match object_type {
        ObjectType::User => NEVER_OF_USERS,
        ObjectType::Group => NEVER_OF_GROUPS,
    };
    let unknown = |path: &&String| {
        let name = path.split('/').next().unwrap_or(path);
        !is_property(object_type, name) && !never.iter().any(|it| it.eq_ignore_ascii_case(name))
    };
    match selection.iter().find(unknown) {
        None => Ok(()),
        Some(path) => {
            let shown: String = path.chars().take(60).collect();
            let kind = &render::type_of(object_type)[1..];
            Err(ApiError::bad(format!(
                "Parsing OData Select and Expand failed: Could not find a property named '{shown}' on type '{kind}'."
            )))
        }
    }
}

/// Whether objects of the type may have a property of that name, without regard to case.
fn is_property(object_type: ObjectType, name: &str) -> bool {
    let attribute: Option<(String, AttributeKind)> = directory::known_attribute(object_type, name);
    OTHERS.iter().any(|other| other.eq_ignore_ascii_case(name))
        || attribute.is_some_and(|(canonical, _)| canonical.eq_ignore_ascii_case(name))
}

/// How the objects that filter and order ask for are found.
fn selection(query: &Query, object_type: ObjectType) -> Result<Selection, ApiError> {
    check(query, object_type)?;
    if let Some(order) = &query.order_by {
        let by = match key_of(&order.property, object_type) {
            Some(key @ (KeyName::DisplayName | KeyName::UserName)) => Some(key),
            None if order.property.eq_ignore_ascii_case("createdDateTime") => None,
            _ => {
                return Err(ApiError::unsupported(
                    "'$orderby' supports displayName, userPrincipalName and createdDateTime.",
                ));
            }
        };
        return Ok(Selection::Ordered { by, descending: order.descending });
    }
    let conjuncts = query.filter.as_ref().map(Filter::conjuncts).unwrap_or_default();
    let indexed = |wanted: Operator| {
        conjuncts.iter().find_map(|it| match (&it.value, key_of(&it.path, object_type)) {
            (Value::String(value), Some(key)) if it.operator == wanted && !value.is_empty() => {
                Some((key, value.clone()))
            }
            _ => None,
        })
    };
    Ok(indexed(Operator::Equal)
        .map(|(key, value)| Selection::Equal(key, value))
        .or_else(|| indexed(Operator::StartsWith).map(|(key, value)| Selection::Prefix(key, value)))
        .unwrap_or(Selection::Live))
}

fn key_of(property: &str, object_type: ObjectType) -> Option<KeyName> {
    match (property.to_ascii_lowercase().as_str(), object_type) {
        ("displayname", _) => Some(KeyName::DisplayName),
        ("mail", _) => Some(KeyName::Email),
        ("mailnickname", _) => Some(KeyName::MailNickname),
        ("userprincipalname", ObjectType::User) => Some(KeyName::UserName),
        ("employeeid", ObjectType::User) => Some(KeyName::EmployeeId),
        _ => None,
    }
}
