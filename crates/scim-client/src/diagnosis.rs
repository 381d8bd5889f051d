//! Test Connection: does this target take provisioning, and if not, why and what to do.

use std::fmt;

use crate::capabilities::Capabilities;
use crate::failure::{ErrorCode, Failure};
use crate::kind::ResourceKind;
use crate::path::Path;
use crate::target::Target;

/// What Test Connection found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DiagnosisCode {
    /// The tenant URL, token or another setting cannot work.
    InvalidSettings,
    /// The host name is unknown.
    HostNotFound,
    /// Nothing listens at host and port, or a firewall is in between.
    Refused,
    /// TLS failed; mostly an untrusted certificate.
    Tls,
    /// No answer in time.
    Timeout,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404: the path of the tenant URL is wrong.
    NotFound,
    /// The answer is a web page or something else that is not SCIM.
    NotScim,
    /// The target points elsewhere.
    Redirect,
    /// 429.
    Throttled,
    /// 5xx.
    ServerError,
    /// The address may not be a target.
    AddressForbidden,
    /// The target refuses to filter by the matching attribute.
    FilterUnsupported,
    /// The target answers a filter with resources that do not satisfy it.
    FilterIgnored,
    /// The target refuses the request for another reason.
    Refusal,
}

/// A finding with what it means and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{message} {hint}")]
pub struct Diagnosis {
    /// The stable name.
    pub code: DiagnosisCode,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// A connection that works.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ConnectionReport {
    /// What the target can do.
    pub capabilities: Capabilities,
    /// What works only with detours.
    pub warnings: Vec<Diagnosis>,
}

impl fmt::Display for DiagnosisCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

impl From<Failure> for Diagnosis {
    fn from(failure: Failure) -> Self {
        use DiagnosisCode as Code;
        let (code, hint) = match failure.code {
            ErrorCode::InvalidConfiguration => (Code::InvalidSettings, None),
            ErrorCode::HostNotFound => (Code::HostNotFound, None),
            ErrorCode::ConnectionFailed => (Code::Refused, None),
            ErrorCode::CertificateInvalid => (Code::Tls, None),
            ErrorCode::Timeout | ErrorCode::DeadlineExceeded => (Code::Timeout, None),
            ErrorCode::AddressForbidden => (Code::AddressForbidden, None),
            ErrorCode::Redirected => (Code::Redirect, None),
            ErrorCode::Unauthorized if failure.status.is_none() => (Code::Unauthorized, None),
            ErrorCode::Unauthorized => (
                Code::Unauthorized,
                Some(
                    "Copy the secret token from the application's administration page again; it may have been \
                     rotated, cut off, or belong to another tenant.",
                ),
            ),
            ErrorCode::InsufficientRights => (Code::Forbidden, None),
            ErrorCode::InvalidAnchor | ErrorCode::MethodNotAllowed => (
                Code::NotFound,
                Some(
                    "The host answers, but not as SCIM at this path. Check the path of the tenant URL (often /scim or \
                     /scim/v2) and the tenant's name in it. A query that finds nobody has to be answered with 200 and \
                     an empty list.",
                ),
            ),
            ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible => (Code::NotScim, None),
            ErrorCode::TooManyRequests => (Code::Throttled, None),
            ErrorCode::InternalServerError | ErrorCode::ServiceUnavailable | ErrorCode::NotImplemented => {
                (Code::ServerError, None)
            }
            ErrorCode::InvalidFilter => (Code::FilterUnsupported, None),
            _ => (Code::Refusal, None),
        };
        let hint = hint.map_or_else(|| failure.recommended_action.into_owned(), str::to_owned);
        Self { code, message: failure.reason.into(), hint }
    }
}

impl Target {
    /// Asks for a resource that cannot exist, by the matching attribute, as the first cycle will ask for real ones.
    /// A target whose filters do not work is usable, with a warning: resources are listed and matched here.
    pub async fn test_connection(
        &self,
        kind: ResourceKind,
        matching_attribute: &str,
        impossible_value: &str,
    ) -> Result<ConnectionReport, Diagnosis> {
        let this = self.impatient();
        let mut warnings = Vec::new();
        match this.find(kind, matching_attribute, impossible_value).await {
            Ok(found) if found.filter_ignored => warnings.push(ignored(matching_attribute)),
            Ok(found) if !found.resources.is_empty() => {
                // A value that cannot exist was found: whoever made it up was wrong, or the target echoes queries.
                warnings.push(ignored(matching_attribute));
            }
            Ok(_) => {}
            Err(failure) if failure.refuses_filter() && Path::parse(matching_attribute).is_ok() => {
                // Only the filter, or every query?
                this.probe_list(kind).await?;
                warnings.push(unsupported(matching_attribute, &failure));
            }
            Err(failure) => return Err(failure.into()),
        }
        // Some targets guard this endpoint in other ways; users and groups have just been read with this token.
        let capabilities = match this.capabilities().await {
            Ok(found) => found,
            Err(failure) if failure.status.is_some() => Capabilities::default(),
            Err(failure) => return Err(failure.into()),
        };
        if !capabilities.filter && warnings.is_empty() {
            warnings.push(Diagnosis {
                code: DiagnosisCode::FilterUnsupported,
                message: "The target says that it does not support filters.".to_owned(),
                hint: FILTER_HINT.to_owned(),
            });
        }
        Ok(ConnectionReport { capabilities, warnings })
    }
}

const FILTER_HINT: &str = "Matching reads the whole list instead, which takes longer on a large target; another matching \
                           attribute may help.";

fn ignored(attribute: &str) -> Diagnosis {
    Diagnosis {
        code: DiagnosisCode::FilterIgnored,
        message: format!(
            "Asked for a {attribute} that nobody has, the target returned resources: it ignores filters."
        ),
        hint: FILTER_HINT.to_owned(),
    }
}

fn unsupported(attribute: &str, failure: &Failure) -> Diagnosis {
    Diagnosis {
        code: DiagnosisCode::FilterUnsupported,
        message: format!("The target does not filter by {attribute}: {}", failure.reason),
        hint: FILTER_HINT.to_owned(),
    }
}
