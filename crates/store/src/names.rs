//! The names that objects, keys and edges go by in storage. Numbers are part of the stored format: they are
//! never given a second meaning.

use uuid::Uuid;

/// A space of objects of its own: the installation, a directory, a tenant, or the working state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Realm(pub Uuid);

impl Realm {
    /// The installation itself: tenants, their tokens, directories, administrators.
    pub const INSTALLATION: Self = Self(Uuid::nil());
}

macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant = $number,)* }

        impl $name {
            /// Every name, in the order of its number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number that stands for it in storage.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The name of a number read from storage.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

names! {
    /// What an object is.
    Kind {
        /// A user of a directory or of a tenant.
        User = 1,
        /// A group of a directory or of a tenant.
        Group = 2,
        /// An application object of a directory.
        Application = 3,
        /// A service principal: the application as used in a directory.
        ServicePrincipal = 4,
        /// The assignment of a user or a group to a service principal, with a role.
        AppRoleAssignment = 5,
        /// A synchronization job: configuration.
        Job = 6,
        /// The secrets of a service principal's provisioning, encrypted.
        Secrets = 7,
        /// The progress of a job: watermark, checkpoint, last cycle.
        JobState = 8,
        /// What ties a source object to its account in the target of a job.
        Link = 9,
        /// An entry of the provisioning log.
        ProvisioningEntry = 10,
        /// An entry of the audit log.
        AuditEntry = 11,
        /// A tenant of the service provider.
        Tenant = 12,
        /// A token that opens a tenant or the administration API.
        Token = 13,
        /// A directory of the installation.
        Directory = 14,
        /// A setting of the installation or a realm.
        Setting = 15,
        /// What the resources of a tenant are described by: its schema extensions and their indexes, in one object.
        SchemaExtension = 16,
        /// A mail that is to be sent.
        Notice = 17,
        /// A difference between the target of a job and what the job left there.
        DriftFinding = 18,
        /// Creations of a job that are under way, until what came of them is in its links.
        Intent = 19,
        /// An account that administers the installation or a part of it.
        Administrator = 20,
        /// The session of an administrator who signed in.
        Session = 21,
        /// A webhook of a tenant of the service provider: configuration.
        Webhook = 22,
        /// How far a webhook has come in the feed of its tenant.
        WebhookProgress = 23,
        /// An event that is sent, or was, to a webhook.
        WebhookDelivery = 24,
    }
}

impl Kind {
    /// Whether changes of such objects appear in the feed of their realm. Working state and logs do not: nobody
    /// follows them, and a cycle over a million users would fill the feed with them.
    pub const fn in_feed(self) -> bool {
        !matches!(
            self,
            Self::JobState
                | Self::Link
                | Self::ProvisioningEntry
                | Self::AuditEntry
                | Self::Token
                | Self::Setting
                | Self::Notice
                | Self::DriftFinding
                | Self::Intent
                | Self::Administrator
                | Self::Session
                | Self::Webhook
                | Self::WebhookProgress
                | Self::WebhookDelivery
        )
    }
}

names! {
    /// By what an object is found.
    KeyName {
        /// `userName` of a SCIM user, `userPrincipalName` of a directory user; folded; unique.
        UserName = 1,
        /// `externalId` of a SCIM resource.
        ExternalId = 2,
        /// Display name, folded.
        DisplayName = 3,
        /// A mail address, folded.
        Email = 4,
        /// Mail nickname, folded.
        MailNickname = 5,
        /// Employee id.
        EmployeeId = 6,
        /// The name of a tenant, a directory or a setting; unique.
        Name = 7,
        /// The hash of a token; unique.
        TokenHash = 8,
        /// The tenant that a token opens, or that a webhook or an entry of the audit log is of.
        Tenant = 9,
        /// The service principal that an assignment, a job or a log entry belongs to.
        ServicePrincipal = 10,
        /// The user or group that an assignment is for; the administrator of a session.
        Principal = 11,
        /// Service principal, principal and role of an assignment; unique.
        Assignment = 12,
        /// The application that a service principal is made from.
        Application = 13,
        /// The target id of a link, with the type of object; unique.
        TargetId = 14,
        /// Present while others that refer to the link's object have to be looked at again.
        ReferencesDue = 15,
        /// Present while the link's account waits to be disabled or deleted; value: what is to happen.
        RemovalDue = 16,
        /// When an escrowed object is to be tried again (microseconds, big-endian, sign bit flipped).
        EscrowDue = 17,
        /// Present on a link whose creation was sent and not yet answered.
        Unacknowledged = 18,
        /// When a soft-deleted object was deleted (as `EscrowDue`).
        DeletedAt = 19,
        /// The source object that a log entry is about.
        Source = 20,
        /// The status of a log entry; present on a delivery of a webhook while it waits.
        Status = 21,
        /// The cycle that a log entry belongs to.
        Cycle = 22,
        /// An attribute of a schema extension: number of the index (4 bytes, big-endian) and folded value.
        Extension = 23,
        /// A word of a directory's user or group, or what other properties begin with: folded, for search by prefix.
        Search = 24,
        /// With which configuration a link's object has been brought in line: type of object, how it stands, hash.
        Configuration = 25,
        /// The hour of a log entry that tells of a failure (as `EscrowDue`).
        FailureHour = 26,
    }
}

names! {
    /// What an edge between two objects of a realm means.
    EdgeKind {
        /// From a group to a member of it.
        Member = 1,
        /// From a user to the manager.
        Manager = 2,
        /// From a group's link to the link of a member that was exported to the target.
        ExportedMember = 3,
        /// From a group's link to the link of an exported member who is to leave it, before a guard has judged that.
        LeavingMember = 4,
        /// The same, held back by the guard.
        StagedMember = 5,
        /// The same, let through by the guard or allowed by an administrator.
        ClearedMember = 6,
    }
}
