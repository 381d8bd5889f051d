//! `/users`, and what lists of users and groups have in common.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use directory::Selection;
use model::{DirectoryObject, ObjectType};
use scim::fold::fold_key;
use serde_json::{Map, Value};
use store::KeyName;

use super::Routes;
use crate::call::{Call, key_of_reference, no_content, object};
use crate::error::{Answer, ApiError};
use crate::odata::{Operator, Query};
use crate::{page, render};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/users", get(list).post(create))
        .route("/users/$count", get(count))
        .route("/users/{id}", get(show).patch(update).delete(delete))
        .route("/users/{id}/restore", post(super::deleted::restore))
}

async fn list(call: Call) -> Answer {
    list_objects(&call, ObjectType::User, "users").await
}

async fn count(call: Call) -> Answer {
    count_objects(&call, ObjectType::User).await
}

async fn create(call: Call, body: Bytes) -> Answer {
    let mut attributes = object(&body)?;
    let manager = bound_manager(&call, &mut attributes).await?;
    attributes.remove("passwordProfile");
    let user = call.directory.create_object(&call.by, ObjectType::User, None, &attributes).await?;
    if let Some(manager) = manager {
        call.directory.set_manager(&call.by, user.id, Some(manager)).await?;
    }
    Ok(call.created("users", render::object(&user)))
}

/// The user that `manager@odata.bind` names, taken out of the body.
async fn bound_manager(
    call: &Call,
    attributes: &mut Map<String, Value>,
) -> Result<Option<uuid::Uuid>, ApiError> {
    let Some(reference) = attributes.remove("manager@odata.bind") else { return Ok(None) };
    let key = reference.as_str().and_then(key_of_reference).unwrap_or_default();
    Ok(Some(call.directory.user(&key).await?.id))
}

async fn show(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    let shown = expanded(&call, &user).await?;
    call.found("users", shown)
}

async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let mut change = object(&body)?;
    let manager = bound_manager(&call, &mut change).await?;
    change.remove("passwordProfile");
    let user = call.directory.user(&id).await?;
    call.directory.update_object(&call.by, ObjectType::User, user.id, &change).await?;
    if let Some(manager) = manager {
        call.directory.set_manager(&call.by, user.id, Some(manager)).await?;
    }
    no_content()
}

async fn delete(call: Call, Path(id): Path<String>) -> Answer {
    let user = call.directory.user(&id).await?;
    call.directory.delete_user(&call.by, user.id).await?;
    no_content()
}

/// The object with what `$expand` asks for.
pub(super) async fn expanded(call: &Call, found: &DirectoryObject) -> Result<Value, ApiError> {
    let mut shown = render::object(found);
    for name in &call.query.expand {
        let related = match (name.split('(').next().unwrap_or(name), found.object_type) {
            ("manager", ObjectType::User) => {
                let manager = call.directory.manager(found.id).await?;
                manager.map_or(Value::Null, |manager| render::typed(&manager))
            }
            // Graph expands at most 20 of a collection.
            ("memberOf", _) => many(&call.directory.member_of(found.id, None, 20).await?.objects),
            ("directReports", ObjectType::User) => {
                many(&call.directory.reports(found.id, None, 20).await?.objects)
            }
            ("members", ObjectType::Group) => {
                many(&call.directory.members(found.id, None, 20).await?.objects)
            }
            (other, _) => {
                let shown: String = other.chars().take(60).collect();
                return Err(ApiError::unsupported(format!("'$expand={shown}' is not supported here.")));
            }
        };
        shown[name.split('(').next().unwrap_or(name)] = related;
    }
    Ok(shown)
}

fn many(objects: &[DirectoryObject]) -> Value {
    objects.iter().map(render::typed).collect()
}

/// A page of users or groups, as the query asks for it.
pub(super) async fn list_objects(call: &Call, object_type: ObjectType, what: &str) -> Answer {
    let query = &call.query;
    let selection = selection(query, object_type)?;
    let keep = |object: &DirectoryObject| keeps(query, object);
    let found = call
        .directory
        .list_objects(object_type, &selection, query.after.clone(), query.limit(), keep)
        .await?;
    let count = if query.count { Some(count_of(call, object_type).await?) } else { None };
    let mut shown = Vec::with_capacity(found.objects.len());
    for object in &found.objects {
        shown.push(if query.expand.is_empty() {
            render::object(object)
        } else {
            expanded(call, object).await?
        });
    }
    Ok(page::list(call, what, shown, found.next.as_ref(), count))
}

/// The number of users or groups as plain text.
pub(super) async fn count_objects(call: &Call, object_type: ObjectType) -> Answer {
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
    let selection = selection(query, object_type)?;
    let keep = |object: &DirectoryObject| keeps(query, object);
    let mut count = 0;
    let mut after = None;
    loop {
        let found = call.directory.list_objects(object_type, &selection, after, 1000, keep).await?;
        count += found.objects.len() as u64;
        if found.next.is_none() {
            return Ok(count);
        }
        after = found.next;
    }
}

/// Whether an object satisfies filter and search.
fn keeps(query: &Query, object: &DirectoryObject) -> bool {
    let found = query.search.as_ref().is_none_or(|text| {
        ["displayName", "userPrincipalName", "mail", "mailNickname", "description"]
            .iter()
            .any(|name| object.text(name).is_some_and(|value| fold_key(value).contains(text.as_str())))
    });
    found && query.filter.as_ref().is_none_or(|filter| filter.matches(&render::object(object)))
}

/// Refuses a filter that names a property which the objects never have: it would find nothing, or everybody.
pub(super) fn check_filter(query: &Query, object_type: ObjectType) -> Result<(), ApiError> {
    const OTHERS: &[&str] = &["id", "createdDateTime", "deletedDateTime", "onPremisesExtensionAttributes"];
    let known = |name: &str| {
        OTHERS.iter().any(|other| other.eq_ignore_ascii_case(name))
            || directory::known_attribute(object_type, name)
                .is_some_and(|(canonical, _)| canonical.eq_ignore_ascii_case(name))
    };
    let unknown = query
        .filter
        .as_ref()
        .and_then(|filter| filter.property(&|path| !known(path.split('/').next().unwrap_or(path))));
    match unknown {
        None => Ok(()),
        Some(path) => {
            let shown: String = path.chars().take(60).collect();
            Err(ApiError::bad(format!("Invalid filter clause: Could not find a property named '{shown}'.")))
        }
    }
}

/// The cheapest way to the objects that the query asks for.
fn selection(query: &Query, object_type: ObjectType) -> Result<Selection, ApiError> {
    check_filter(query, object_type)?;
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
    let conjuncts = query.filter.as_ref().map(crate::odata::Filter::conjuncts).unwrap_or_default();
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
