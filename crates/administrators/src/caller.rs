//! Who calls, and whether they may.

use model::Principal;
use uuid::Uuid;

use crate::{Administrators, Permission, Result, RoleAssignment, Scope, Session, access_token};

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
    /// Whether a role of the caller permits something in a scope.
    pub fn may(&self, permission: Permission, scope: Scope) -> bool {
        self.roles.iter().any(|held| held.scope.covers(scope) && held.role.permits(permission))
    }

    /// Whether a role of the caller permits something in any scope: lists show what there is of it.
    pub fn may_anywhere(&self, permission: Permission) -> bool {
        self.roles.iter().any(|held| held.role.permits(permission))
    }

    /// The account, where it is one.
    pub fn account(&self) -> Option<Uuid> {
        match self.credential {
            Credential::AdminToken => None,
            Credential::AccessToken | Credential::Session(_) => Uuid::try_parse(&self.principal.id).ok(),
        }
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
