//! Accounts made, listed, changed, deleted, and given roles, each with an entry in the audit log.

use jiff::Timestamp;
use model::Principal;
use serde_json::{Value, json};
use store::{Expect, Kind, Realm, Scan, Transaction, transact};
use uuid::Uuid;

use crate::account::{check_sign_in_name, check_text};
use crate::record::{Deed, decode, put};
use crate::{
    Account, Administrator, AdministratorChange, Administrators, Error, NewAccount, Result, Role,
    RoleAssignment, Scope, password,
};

/// Accounts at most.
const MOST_ACCOUNTS: u64 = 10_000;
/// Roles of one account at most.
const MOST_ROLES: usize = 100;
const PAGE: usize = 1000;
const WHAT: &str = "administrator";

impl Administrators {
    /// Makes an account without a role. Errors: [`Error::Invalid`], [`Error::NameTaken`], [`Error::Busy`].
    pub async fn create(&self, display_name: &str, new: NewAccount, by: &Principal) -> Result<Administrator> {
        check_text("displayName", display_name)?;
        let account = match new {
            NewAccount::Person { sign_in_name, password } => {
                check_sign_in_name(&sign_in_name)?;
                let password = match password {
                    Some(password) => {
                        password::check(&password)?;
                        Some(self.passwords.hash(&password).await?)
                    }
                    None => None,
                };
                Account::Person { sign_in_name, password }
            }
            NewAccount::Tool => Account::Tool { secrets: Vec::new() },
        };
        if self.store.count(Realm::INSTALLATION, Kind::Administrator).await? >= MOST_ACCOUNTS {
            return Err(Error::invalid(
                "displayName",
                format!("there are {MOST_ACCOUNTS} administrators already"),
            ));
        }
        let mut transaction = Transaction::new(self.clock.now());
        let administrator = Administrator {
            id: self.ids.next(),
            display_name: display_name.to_owned(),
            enabled: true,
            created: transaction.at,
            roles: Vec::new(),
            account,
            generation: 0,
        };
        put(&mut transaction, &administrator, Expect::Absent)?;
        let about = (administrator.id, display_name);
        self.audit(&mut transaction, by, about, Deed::new("Add administrator"))?;
        store::commit(self.store.as_ref(), transaction).await.map_err(unique)?;
        Ok(administrator)
    }

    /// All accounts, in the order they were made.
    pub async fn list(&self) -> Result<Vec<Administrator>> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let scan = Scan::first(PAGE).after(after);
            let page = self.store.scan(Realm::INSTALLATION, Kind::Administrator, scan).await?;
            for object in &page.objects {
                all.push(decode(WHAT, object)?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// The account of that id. The error is [`Error::NotFound`].
    pub async fn get(&self, id: Uuid) -> Result<Administrator> {
        Ok(self.versioned(id).await?.0)
    }

    pub(crate) async fn versioned(&self, id: Uuid) -> Result<(Administrator, u64)> {
        let object = self.store.get(Realm::INSTALLATION, Kind::Administrator, id).await?;
        let object = object.ok_or(Error::NotFound { what: WHAT, id })?;
        Ok((decode(WHAT, &object)?, object.version))
    }

    /// Changes an account. With another password, or disabled, whoever is signed in to it no longer is.
    pub async fn update(
        &self,
        id: Uuid,
        change: AdministratorChange,
        by: &Principal,
    ) -> Result<Administrator> {
        if let Some(name) = &change.display_name {
            check_text("displayName", name)?;
        }
        if let Some(name) = &change.sign_in_name {
            check_sign_in_name(name)?;
        }
        let hashed = match &change.password {
            Some(password) => {
                password::check(password)?;
                Some(self.passwords.hash(password).await?)
            }
            None => None,
        };
        let (changed, ()) = self
            .change(id, by, |administrator, _| {
                let mut deed = Deed::new("Update administrator");
                if let Some(name) = &change.display_name {
                    deed = replacing(deed, "displayName", &mut administrator.display_name, name);
                }
                if let Some(enabled) = change.enabled
                    && enabled != administrator.enabled
                {
                    deed = deed.changing("enabled", Some(json!(!enabled)), Some(json!(enabled)));
                    deed.ends_sessions |= !enabled;
                    administrator.enabled = enabled;
                }
                match &mut administrator.account {
                    Account::Person { sign_in_name, password } => {
                        if let Some(name) = &change.sign_in_name {
                            deed = replacing(deed, "signInName", sign_in_name, name);
                        }
                        if let Some(hashed) = &hashed {
                            *password = Some(hashed.clone());
                            deed = deed.changing("password", None, None).ending_sessions();
                        }
                    }
                    Account::Tool { .. } if change.sign_in_name.is_some() || hashed.is_some() => {
                        return Err(Error::invalid(
                            "password",
                            "a tool does not sign in: give it a client secret",
                        ));
                    }
                    Account::Tool { .. } => {}
                }
                Ok(((!deed.changes.is_empty()).then_some(deed), ()))
            })
            .await?;
        Ok(changed)
    }

    /// Deletes an account with its secrets and sessions. What it did stays in the audit log.
    pub async fn delete(&self, id: Uuid, by: &Principal) -> Result<()> {
        transact(&*self.store, async || {
            let (administrator, version) = self.versioned(id).await?;
            let mut transaction = Transaction::new(self.clock.now());
            transaction.delete(Realm::INSTALLATION, Kind::Administrator, id, Expect::Version(version));
            for session in self.sessions(id).await? {
                transaction.delete(Realm::INSTALLATION, Kind::Session, session.id, Expect::Any);
            }
            let about = (id, administrator.display_name.as_str());
            self.audit(&mut transaction, by, about, Deed::new("Delete administrator"))?;
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(())
    }

    /// Gives an account a role; one that it has already stays as it is. The error is [`Error::Invalid`] where the role
    /// means nothing in the scope.
    pub async fn grant(&self, id: Uuid, role: Role, scope: Scope, by: &Principal) -> Result<RoleAssignment> {
        if !role.fits(scope) {
            let reason = match role {
                Role::TenantAdministrator => "a Tenant Administrator has a tenant",
                Role::Operator => "an Operator has the whole installation",
                _ => "this role has the whole installation, or a directory",
            };
            return Err(Error::invalid("scope", reason));
        }
        let new = self.ids.next();
        let (_, assignment) = self
            .change(id, by, |administrator, _| {
                let held = administrator.roles.iter().find(|held| held.role == role && held.scope == scope);
                if let Some(held) = held {
                    return Ok((None, *held));
                }
                if administrator.roles.len() >= MOST_ROLES {
                    return Err(Error::invalid(
                        "role",
                        format!("the account has {MOST_ROLES} roles already"),
                    ));
                }
                let assignment = RoleAssignment { id: new, role, scope };
                administrator.roles.push(assignment);
                let deed = Deed::new("Add member to role").changing("role", None, Some(shown(assignment)));
                Ok((Some(deed), assignment))
            })
            .await?;
        Ok(assignment)
    }

    /// Takes a role back. The error is [`Error::NotFound`].
    pub async fn revoke(&self, id: Uuid, assignment: Uuid, by: &Principal) -> Result<()> {
        self.change(id, by, |administrator, _| {
            let at = administrator.roles.iter().position(|held| held.id == assignment);
            let at = at.ok_or(Error::NotFound { what: "role assignment", id: assignment })?;
            let held = administrator.roles.remove(at);
            let deed = Deed::new("Remove member from role").changing("role", Some(shown(held)), None);
            Ok((Some(deed), ()))
        })
        .await?;
        Ok(())
    }

    /// Reads an account, changes it and writes it with the entry of the audit log, again while others come in between.
    /// Without a deed nothing is written.
    pub(crate) async fn change<T: Send>(
        &self,
        id: Uuid,
        by: &Principal,
        change: impl Fn(&mut Administrator, Timestamp) -> Result<(Option<Deed>, T)> + Send + Sync,
    ) -> Result<(Administrator, T)> {
        let outcome = transact(&*self.store, async || {
            let (mut administrator, version) = self.versioned(id).await?;
            let mut transaction = Transaction::new(self.clock.now());
            let (deed, answer) = change(&mut administrator, transaction.at)?;
            if let Some(deed) = deed {
                administrator.generation += u64::from(deed.ends_sessions);
                put(&mut transaction, &administrator, Expect::Version(version))?;
                self.audit(&mut transaction, by, (id, &administrator.display_name), deed)?;
            }
            Ok::<_, Error>((transaction, (administrator, answer)))
        })
        .await;
        match outcome {
            Ok((changed, _)) => Ok(changed),
            Err(Error::Store(error)) => Err(unique(error)),
            Err(error) => Err(error),
        }
    }
}

fn replacing(deed: Deed, property: &str, slot: &mut String, value: &str) -> Deed {
    if slot == value {
        return deed;
    }
    let old = std::mem::replace(slot, value.to_owned());
    deed.changing(property, Some(old.into()), Some(value.into()))
}

/// A role as the audit log tells of it.
fn shown(assignment: RoleAssignment) -> Value {
    let scope = match assignment.scope {
        Scope::Installation => "the installation".to_owned(),
        Scope::Directory { id } => format!("directory {id}"),
        Scope::Tenant { id } => format!("tenant {id}"),
    };
    format!("{} of {scope}", assignment.role.name()).into()
}

/// The one unique key of an account is the name to sign in by.
fn unique(error: store::Error) -> Error {
    match error {
        store::Error::NotUnique { value, .. } => {
            Error::NameTaken(String::from_utf8_lossy(&value).into_owned())
        }
        error => error.into(),
    }
}
