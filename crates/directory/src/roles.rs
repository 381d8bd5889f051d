//! The roles that an application defines.

use std::collections::HashSet;

use model::{AppRole, Application, DEFAULT_ACCESS, Principal, ServicePrincipal};
use scim::fold::fold_key;
use serde_json::json;
use store::{Expect, Key, KeyName, Kind, transact};
use uuid::Uuid;

use crate::applications::{application_keys, service_principal_keys};
use crate::audit::{Category, Deed, identity, property};
use crate::record::{decode_record, encode};
use crate::{Directory, Error, Result};

/// Most roles of an application: they are read with it.
const MOST: usize = 1_000;

impl Directory {
    /// Gives an application these roles in place of those that it has. A role is the same while its id is.
    ///
    /// # Errors
    /// [`Error::Invalid`] for roles that cannot be told apart, and where one is to go that somebody is assigned with.
    pub async fn set_app_roles(
        &self,
        by: &Principal,
        service_principal: Uuid,
        roles: &[AppRole],
    ) -> Result<ServicePrincipal> {
        check(roles)?;
        let (principal, _) = transact(self.store.as_ref(), async || {
            let object = self.store.get(self.realm(), Kind::ServicePrincipal, service_principal).await?;
            let object = object.ok_or_else(|| Error::missing("service principal", service_principal))?;
            let old: ServicePrincipal = decode_record("service principal", &object)?;
            let mut transaction = self.draft();
            if old.app_roles == roles {
                return Ok((transaction, old));
            }
            self.unassigned(&old, roles).await?;
            let new = ServicePrincipal { app_roles: roles.to_vec(), ..old.clone() };
            let (realm, expect) = (self.realm(), Expect::Version(object.version));
            let keys = service_principal_keys(&new);
            transaction.put(realm, Kind::ServicePrincipal, new.id, expect, encode(&new), keys);
            let client = Key::unique(KeyName::Application, new.app_id.to_string());
            for object in self.store.find(realm, Kind::Application, &client, 1).await? {
                let application: Application = decode_record("application", &object)?;
                let application = Application { app_roles: roles.to_vec(), ..application };
                let (expect, keys) = (Expect::Version(object.version), application_keys(&application));
                transaction.put(realm, Kind::Application, object.id, expect, encode(&application), keys);
            }
            let target = identity(new.id, new.display_name.clone(), "ServicePrincipal");
            let names = |roles: &[AppRole]| Some(roles.iter().map(|role| json!(role.display_name)).collect());
            let change = property("AppRoles", names(&old.app_roles), names(roles));
            let deed = Deed::new("Update application", Category::Application, target).changing(vec![change]);
            self.audit(&mut transaction, by, deed);
            Ok::<_, Error>((transaction, new))
        })
        .await?;
        Ok(principal)
    }

    /// Refuses to let a role go that an assignment has.
    async fn unassigned(&self, old: &ServicePrincipal, roles: &[AppRole]) -> Result<()> {
        let gone: Vec<&AppRole> =
            old.app_roles.iter().filter(|role| roles.iter().all(|other| other.id != role.id)).collect();
        let mut after = None;
        while !gone.is_empty() {
            let (assignments, next) = self.assigned_to(old.id, after, 1_000).await?;
            for assignment in assignments {
                if let Some(role) = gone.iter().find(|role| role.id == assignment.app_role_id) {
                    let who = &assignment.principal_display_name;
                    let reason =
                        format!("the role '{}' cannot go while {who} is assigned with it", role.display_name);
                    return Err(Error::invalid("appRoles", reason));
                }
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }
}

fn check(roles: &[AppRole]) -> Result<()> {
    let invalid = |reason: String| Err(Error::invalid("appRoles", reason));
    if roles.len() > MOST {
        return invalid(format!("an application has at most {MOST} roles"));
    }
    let (mut ids, mut names) = (HashSet::new(), HashSet::new());
    for role in roles {
        let name = role.display_name.trim();
        let fits = |text: &str| text.len() <= 256 && !text.contains(char::is_control);
        if name.is_empty()
            || !fits(name)
            || role.value.as_deref().is_some_and(|value| value.is_empty() || !fits(value))
        {
            return invalid(
                "a displayName, and a value, has 1 to 256 bytes without control characters".to_owned(),
            );
        }
        if role.description.len() > 1_024 || role.allowed_member_types.len() > 10 {
            return invalid(format!("the description of '{name}' is longer than 1,024 bytes"));
        }
        // By its value a role is found as well as by its name.
        let mut own: HashSet<String> = HashSet::from([fold_key(name)]);
        own.extend(role.value.as_deref().map(fold_key));
        let taken = ["default access", "msiam_access", "default"].iter().any(|name| own.contains(*name));
        if taken || role.id == DEFAULT_ACCESS || Uuid::try_parse(name).is_ok() {
            return invalid(format!("'{name}' would be taken for another role, or for Default Access"));
        }
        if !ids.insert(role.id) || !own.into_iter().all(|name| names.insert(name)) {
            return invalid(format!(
                "two roles cannot be told apart: '{name}' has the id, name or value of another"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AssignmentRequest;
    use crate::tests::{admin, directory, user};

    fn role(number: u128, name: &str, value: Option<&str>) -> AppRole {
        AppRole {
            id: Uuid::from_u128(number),
            display_name: name.to_owned(),
            value: value.map(str::to_owned),
            description: String::new(),
            is_enabled: true,
            allowed_member_types: vec!["User".to_owned()],
        }
    }

    #[tokio::test]
    async fn roles_come_and_go_unless_somebody_has_them() {
        let directory = directory().await;
        let template = crate::template("scim").expect("in the gallery");
        let made = directory.instantiate(&admin(), template, "Desks").await.expect("made");
        let app = made.service_principal.id;
        let roles = [role(1, "User", Some("user")), role(2, "Boss", None)];
        let set = async |roles: &[AppRole]| directory.set_app_roles(&admin(), app, roles).await;
        assert_eq!(set(&roles).await.expect("they can be told apart").app_roles, roles);
        let application = directory.application(made.application.id).await.expect("there");
        assert_eq!(application.app_roles, roles);
        assert_eq!(directory.find_service_principal("desks").await.expect("found by name").id, app);

        let ann = user(&directory, "ann@x.com").await;
        let request = AssignmentRequest { resource: app, principal: ann.id, role: Some("boss") };
        directory.assign(&admin(), request).await.expect("assigned");
        let error = set(&roles[..1]).await.expect_err("ann has it").to_string();
        assert!(error.contains("'Boss'") && error.contains("ann"), "{error}");
        let renamed = [roles[0].clone(), role(2, "Chief", None), role(3, "Guest", None)];
        set(&renamed).await.expect("it is the same role");
        set(&renamed[..2]).await.expect("nobody is a guest");
        for wrong in [
            vec![role(1, "A", None), role(1, "B", None), role(2, "C", None)],
            vec![role(1, "A", None), role(2, "a ", None)],
            vec![role(1, "A", Some("x")), role(2, "X", None)],
            vec![role(1, "default ACCESS", None), role(2, "C", None)],
            vec![role(0, "A", None), role(2, "C", None)],
            vec![role(1, " ", None), role(2, "C", None)],
        ] {
            assert!(matches!(set(&wrong).await, Err(Error::Invalid { .. })), "{wrong:?}");
        }
    }
}
