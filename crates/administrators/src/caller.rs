//! Who calls, and whether they may.

use model::Principal;

use crate::{
    Administrator, Administrators, Permission, Result, RoleAssignment, Scope, Session, access_token,
};

/// Who a credential belongs to, with the roles of today.
#[derive(Clone, Debug)]
pub struct Caller {
    /// In whose name changes are made.
    pub principal: Principal,
    /// The roles.
    pub roles: Vec<RoleAssignment>,
    /// What was shown.
    pub credential: Credential,
}

/// What a caller showed.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The administrator's token of the installation, which is no account.
    AdminToken,
    /// An access token of a tool.
    AccessToken,
    /// The session of a person.
    Session(Session),
}

impl Caller {
    pub(crate) fn new(administrator: Administrator, credential: Credential) -> Self {
        let Administrator { id, display_name, roles, .. } = administrator;
        Self { principal: Principal { id: id.to_string(), display_name }, roles, credential }
    }

    /// Whether a role of the caller permits something in a scope.
    pub fn may(&self, permission: Permission, scope: Scope) -> bool {
        self.roles.iter().any(|held| held.scope.covers(scope) && held.role.permits(permission))
    }

    /// Whether a role of the caller permits something in any scope: lists show what there is of it.
    pub fn may_anywhere(&self, permission: Permission) -> bool {
        self.roles.iter().any(|held| held.role.permits(permission))
    }
}

impl Administrators {
    /// Who a bearer token belongs to; `None` for one that opens nothing. The error is [`crate::Error::Expired`], or storage.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Caller>> {
        if token.starts_with(access_token::PREFIX) {
            return self.of_access_token(token).await;
        }
        self.of_admin_token(token).await
    }
}
