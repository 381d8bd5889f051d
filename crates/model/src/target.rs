//! What is known of a target: its secrets, the form of requests that it understands, its limits.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// The names of the values kept encrypted: those of Graph's `synchronizationSecret`, and ours for what Graph has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SecretKey {
    /// The tenant URL.
    BaseAddress,
    /// A bearer token.
    SecretToken,
    /// Graph's settings of mail and of the deletion threshold, JSON.
    SyncNotificationSettings,
    /// Whether everyone is provisioned.
    SyncAll,
    /// Whether accounts that leave the scope stay as they are.
    SkipOutOfScopeDeletions,
    /// The client at the target's authorization server (RFC 6749 section 4.4); where it is there, tokens are fetched.
    Oauth2ClientId,
    /// The client's secret.
    Oauth2ClientSecret,
    /// The token endpoint.
    Oauth2TokenExchangeUri,
    /// Ours: the scope that tokens are asked for.
    Oauth2Scope,
    /// Ours: `client_secret_basic` or `client_secret_post`.
    Oauth2ClientAuthentication,
    /// Ours: roots to trust besides the system's, PEM.
    TrustedCertificates,
    /// Ours: the certificate that is shown to the target, with those that vouch for it, PEM.
    ClientCertificate,
    /// Ours: the certificate's private key, PEM.
    ClientCertificateKey,
}

impl SecretKey {
    /// All keys.
    pub const ALL: [Self; 13] = [
        Self::BaseAddress,
        Self::SecretToken,
        Self::Oauth2ClientId,
        Self::Oauth2ClientSecret,
        Self::Oauth2TokenExchangeUri,
        Self::Oauth2Scope,
        Self::Oauth2ClientAuthentication,
        Self::TrustedCertificates,
        Self::ClientCertificate,
        Self::ClientCertificateKey,
        Self::SyncAll,
        Self::SkipOutOfScopeDeletions,
        Self::SyncNotificationSettings,
    ];
}

/// The form of requests that a target understands. The Entra dialects exist so that people can test their endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// RFC 7644 to the letter: lower-case `op`, typed values, one path for each change.
    #[default]
    #[serde(rename = "rfc")]
    Rfc,
    /// As Entra ID sends with the flag `aadOptscim062020`: several changes in one operation without a path, its keys
    /// dotted and qualified with URNs.
    #[serde(rename = "entra-2020")]
    Entra2020,
    /// As Entra ID sends without the flag: `Add`, `Replace`, `Remove`, booleans as text, members removed by value.
    #[serde(rename = "entra-legacy")]
    EntraLegacy,
}

/// What a target takes at most. Nothing: as much as it says itself, and less when it refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct TargetLimits {
    /// Members added to or removed from a group in one request.
    pub members_per_request: Option<NonZeroU32>,
    /// Requests in a minute.
    pub requests_per_minute: Option<NonZeroU32>,
}
