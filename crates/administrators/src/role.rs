//! Roles: what each permits, and where.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What an administrator is there for, by the names of Entra ID where it has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Runs the installation: its tenants, its copies, its health. Sees no directory.
    Operator,
    /// Everything within the scope.
    GlobalAdministrator,
    /// Applications, their jobs, assignments and secrets; reads users, groups and logs.
    ApplicationAdministrator,
    /// The same: it differs in Entra ID by the application proxy, which there is none of here.
    CloudApplicationAdministrator,
    /// Reads logs and where the jobs stand.
    ReportsReader,
    /// One tenant of the service provider: its settings, tokens and schema extensions.
    TenantAdministrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Operator,
        Self::GlobalAdministrator,
        Self::ApplicationAdministrator,
        Self::CloudApplicationAdministrator,
        Self::ReportsReader,
        Self::TenantAdministrator,
    ];

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "Operator",
            Self::GlobalAdministrator => "Global Administrator",
            Self::ApplicationAdministrator => "Application Administrator",
            Self::CloudApplicationAdministrator => "Cloud Application Administrator",
            Self::ReportsReader => "Reports Reader",
            Self::TenantAdministrator => "Tenant Administrator",
        }
    }

    /// Whether the role means anything in a scope.
    pub const fn fits(self, scope: Scope) -> bool {
        match self {
            Self::Operator => matches!(scope, Scope::Installation),
            Self::GlobalAdministrator
            | Self::ApplicationAdministrator
            | Self::CloudApplicationAdministrator => !matches!(scope, Scope::Tenant { .. }),
            Self::ReportsReader => true,
            Self::TenantAdministrator => matches!(scope, Scope::Tenant { .. }),
        }
    }

    /// Whether the role permits something, wherever it holds.
    pub fn permits(self, permission: Permission) -> bool {
        use Area::{
            Applications, Backup, Directory, InstallationLogs, Logs, Status, Tenant, TenantLogs, Tenants,
        };
        let Permission { area, access } = permission;
        match self {
            Self::GlobalAdministrator => true,
            Self::Operator => {
                matches!(area, Status | Tenants | Tenant | TenantLogs | InstallationLogs | Backup)
            }
            Self::ApplicationAdministrator | Self::CloudApplicationAdministrator => {
                area == Applications || (matches!(area, Directory | Logs | Status) && access == Access::Read)
            }
            Self::ReportsReader => {
                matches!(area, Logs | Status | TenantLogs | InstallationLogs) && access == Access::Read
            }
            Self::TenantAdministrator => matches!(area, Tenant | TenantLogs),
        }
    }
}

/// Where a role holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Scope {
    /// Everywhere.
    Installation,
    /// In one directory.
    Directory {
        /// Its id.
        id: Uuid,
    },
    /// In one tenant of the service provider.
    Tenant {
        /// Its id.
        id: Uuid,
    },
}

impl Scope {
    /// Whether what holds here holds there.
    pub fn covers(self, other: Self) -> bool {
        self == Self::Installation || self == other
    }
}

/// A role given to an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAssignment {
    /// Identifier, to take it back by.
    pub id: Uuid,
    /// The role.
    pub role: Role,
    /// Where it holds.
    pub scope: Scope,
}

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// Users, groups, memberships, managers, the recycle bin.
    Directory,
    /// Applications, assignments, jobs, mappings, secrets.
    Applications,
    /// The provisioning log and the audit log of a directory.
    Logs,
    /// Where jobs and the server stand.
    Status,
    /// Which tenants there are.
    Tenants,
    /// One tenant: settings, tokens, schema extensions.
    Tenant,
    /// What happened at one tenant.
    TenantLogs,
    /// The configuration of the installation as one document.
    Configuration,
    /// Copies of the installation.
    Backup,
    /// What was done to tenants and administrators.
    InstallationLogs,
    /// Administrators, their roles and their secrets.
    Administrators,
}

/// Whether a call changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// It reads.
    Read,
    /// It may write, or have a target asked.
    Write,
}

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Permission {
    /// What it is about.
    pub area: Area,
    /// Whether it changes it.
    pub access: Access,
}

impl Permission {
    /// To read.
    pub const fn read(area: Area) -> Self {
        Self { area, access: Access::Read }
    }

    /// To change.
    pub const fn write(area: Area) -> Self {
        Self { area, access: Access::Write }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_global_administrator_makes_administrators() {
        for role in Role::ALL {
            let may = role.permits(Permission::write(Area::Administrators));
            assert_eq!(may, role == Role::GlobalAdministrator, "{}", role.name());
        }
    }

    #[test]
    fn a_scope_covers_itself_and_the_installation_all() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let scopes = [
            Scope::Installation,
            Scope::Directory { id: one },
            Scope::Directory { id: two },
            Scope::Tenant { id: one },
        ];
        for (at, scope) in scopes.into_iter().enumerate() {
            for (other_at, other) in scopes.into_iter().enumerate() {
                assert_eq!(scope.covers(other), at == 0 || at == other_at, "{scope:?} {other:?}");
            }
        }
    }
}
