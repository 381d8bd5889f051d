//! Assignments of users and groups to applications.

use model::{AppRoleAssignment, DEFAULT_ACCESS, ObjectType, Principal, ServicePrincipal};
use serde_json::Value;
use store::{Cursor, Expect, Key, KeyName, Kind, Object, Order, Scan, transact};
use uuid::Uuid;

use crate::audit::{Category, Deed, identity, property};
use crate::record::{decode_record, encode};
use crate::{Directory, Error, Result};

/// An assignment that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct AssignmentRequest<'a> {
    /// The service principal.
    pub resource: Uuid,
    /// The user or group.
    pub principal: Uuid,
    /// A role of the application by id, value or display name; `None` chooses its first enabled role, or Default
    /// Access where it defines none.
    pub role: Option<&'a str>,
}

impl Directory {
    /// Assigns a user or group to an application.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a role that the application does not define; [`Error::Conflict`] when the same
    /// assignment exists.
    pub async fn assign(&self, by: &Principal, request: AssignmentRequest<'_>) -> Result<AppRoleAssignment> {
        let resource = self.service_principal(request.resource).await?;
        let role = choose_role(&resource, request.role)?;
        let id = self.ids.next();
        let outcome = transact(self.store.as_ref(), async || {
            let principal = self.any_object(request.principal).await?;
            if principal.deleted.is_some() {
                return Err(Error::missing("user or group", request.principal));
            }
            let display = principal.text("displayName").map_or_else(|| principal.name(), str::to_owned);
            let assignment = AppRoleAssignment {
                id,
                app_role_id: role,
                principal_id: principal.id,
                principal_type: match principal.object_type {
                    ObjectType::User => "User".to_owned(),
                    ObjectType::Group => "Group".to_owned(),
                },
                principal_display_name: display,
                resource_id: resource.id,
                resource_display_name: resource.display_name.clone(),
            };
            let mut transaction = self.draft();
            let kind = crate::record::kind_of(principal.object_type);
            transaction.require(self.realm(), kind, principal.id, Expect::Present);
            transaction.require(self.realm(), Kind::ServicePrincipal, resource.id, Expect::Present);
            let keys = vec![
                Key::lookup(KeyName::ServicePrincipal, resource.id.to_string()),
                Key::lookup(KeyName::Principal, principal.id.to_string()),
                Key::unique(KeyName::Assignment, assignment_key(resource.id, principal.id, role)),
            ];
            let body = encode(&assignment);
            transaction.put(self.realm(), Kind::AppRoleAssignment, id, Expect::Absent, body, keys);
            let activity = "Add app role assignment to service principal";
            self.audit(&mut transaction, by, deed(activity, &assignment));
            Ok::<_, Error>((transaction, assignment))
        })
        .await;
        match outcome {
            Ok((assignment, _)) => Ok(assignment),
            Err(Error::Store(store::Error::NotUnique { holder, .. })) => Err(Error::Conflict {
                what: "assignment",
                attribute: "principalId",
                value: request.principal.to_string(),
                holder,
            }),
            Err(error) => Err(error),
        }
    }

    /// Removes an assignment.
    pub async fn unassign(&self, by: &Principal, id: Uuid) -> Result<()> {
        transact(self.store.as_ref(), async || {
            let assignment = self.assignment(id).await?;
            let mut transaction = self.draft();
            transaction.delete(self.realm(), Kind::AppRoleAssignment, id, Expect::Present);
            let activity = "Remove app role assignment from service principal";
            self.audit(&mut transaction, by, deed(activity, &assignment));
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(())
    }

    /// The assignment of that id.
    pub async fn assignment(&self, id: Uuid) -> Result<AppRoleAssignment> {
        let object = self.store.get(self.realm(), Kind::AppRoleAssignment, id).await?;
        decode_record("assignment", &object.ok_or_else(|| Error::missing("assignment", id))?)
    }

    /// One page of the assignments to an application.
    pub async fn assigned_to(
        &self,
        service_principal: Uuid,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<AppRoleAssignment>, Option<Cursor>)> {
        self.assignments(KeyName::ServicePrincipal, service_principal, after, limit).await
    }

    /// One page of the assignments of a user or group.
    pub async fn assignments_of(
        &self,
        principal: Uuid,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<AppRoleAssignment>, Option<Cursor>)> {
        self.assignments(KeyName::Principal, principal, after, limit).await
    }

    async fn assignments(
        &self,
        name: KeyName,
        of: Uuid,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<AppRoleAssignment>, Option<Cursor>)> {
        let page = self
            .store
            .scan(self.realm(), Kind::AppRoleAssignment, exactly(name, of.to_string(), limit).after(after))
            .await?;
        let found =
            page.objects.iter().map(|object| decode_record("assignment", object)).collect::<Result<_>>()?;
        Ok((found, page.next))
    }

    /// Every assignment that carries the key.
    pub(crate) async fn assignment_objects(&self, key: &Key) -> Result<Vec<Object>> {
        Ok(self.store.find(self.realm(), Kind::AppRoleAssignment, key, usize::MAX >> 1).await?)
    }
}

/// A scan of the objects with one value of a key, in order of creation.
pub(crate) fn exactly(name: KeyName, value: impl Into<String>, limit: usize) -> Scan {
    let value = std::ops::Bound::Included(bytes::Bytes::from(value.into()));
    Scan { order: Order::Key { name, from: value.clone(), to: value }, ..Scan::first(limit) }
}

fn assignment_key(resource: Uuid, principal: Uuid, role: Uuid) -> String {
    format!("{resource}/{principal}/{role}")
}

fn deed(activity: &'static str, assignment: &AppRoleAssignment) -> Deed {
    let target = identity(assignment.resource_id, &assignment.resource_display_name, "ServicePrincipal");
    let text = |text: String| Some(Value::String(text));
    Deed::new(activity, Category::Application, target).changing(vec![
        property("AppRole.Id", None, text(assignment.app_role_id.to_string())),
        property("Principal.ObjectID", None, text(assignment.principal_id.to_string())),
        property("Principal.DisplayName", None, text(assignment.principal_display_name.clone())),
    ])
}

/// The role of an application that is meant by an id, a value or a display name; without one its first enabled role, or
/// Default Access where it defines none.
///
/// # Errors
/// [`Error::Invalid`] for one that it does not define, or that cannot be assigned.
pub fn choose_role(resource: &ServicePrincipal, wanted: Option<&str>) -> Result<Uuid> {
    let enabled = || resource.app_roles.iter().filter(|role| role.is_enabled);
    let Some(wanted) = wanted else {
        return Ok(enabled().next().map_or(DEFAULT_ACCESS, |role| role.id));
    };
    let id = Uuid::try_parse(wanted).ok();
    if id == Some(DEFAULT_ACCESS)
        || ["Default Access", "msiam_access", "default"].iter().any(|name| name.eq_ignore_ascii_case(wanted))
    {
        return Ok(DEFAULT_ACCESS);
    }
    let fits = |role: &&model::AppRole| match id {
        Some(id) => role.id == id,
        None => {
            role.display_name.eq_ignore_ascii_case(wanted)
                || role.value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        }
    };
    enabled().find(fits).map(|role| role.id).ok_or_else(|| {
        let known: Vec<&str> = enabled().map(|role| role.display_name.as_str()).collect();
        let shown: String = wanted.chars().take(100).collect();
        Error::invalid(
            "appRoleId",
            format!(
                "the application has no role '{shown}' that can be assigned; it has: Default Access{}{}",
                if known.is_empty() { "" } else { ", " },
                known.join(", ")
            ),
        )
    })
}
