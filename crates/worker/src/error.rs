//! What can go wrong around a cycle.

use engine::ConfigurationError;
use model::ErrorInformation;
use scim_client::{ErrorCode, Failure};
use uuid::Uuid;

/// Why something that was asked of the worker did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such job in the directory.
    #[error("there is no synchronization job {0}")]
    UnknownJob(Uuid),
    /// The job's application is gone.
    #[error("the service principal {0} of the job does not exist")]
    UnknownServicePrincipal(Uuid),
    /// Another process works on the job.
    #[error(
        "another process runs a cycle of this job; it is free again when that cycle ends, or 30 seconds after that process died"
    )]
    Busy,
    /// This process does something else in the job's target.
    #[error("a cycle of this job or a comparison with its target is running")]
    Occupied,
    /// The object mappings cannot be used.
    #[error("the job's configuration cannot be used: {0}")]
    Configuration(#[from] ConfigurationError),
    /// Nothing maps objects of that type.
    #[error("the job does not provision objects of this type")]
    NotMapped,
    /// The target cannot be used.
    #[error("{}", .0.reason)]
    Target(ErrorInformation),
    /// The directory cannot be read.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Something kept in the store cannot be understood.
    #[error("{0} cannot be read")]
    Damaged(String),
    /// The plan does not fit into memory.
    #[error("the next cycle changes more objects than a plan holds (about {})", store::MOST_WRITTEN / 2)]
    PlanTooLarge,
    /// The work was stopped: the job was paused, the process ends, or the lease was lost.
    #[error("the work was stopped before its end")]
    Stopped,
}

/// Why a cycle ends before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Paused, or the process ends.
    Cancelled,
    /// The target is not usable at all.
    Target(Failure),
    /// Anything else.
    Other(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(store::Error::Fenced { .. }) | Error::Stopped => Self::Cancelled,
            other => Self::Other(other),
        }
    }
}

impl From<store::Error> for Stop {
    fn from(error: store::Error) -> Self {
        Error::Store(error).into()
    }
}

impl From<source::Error> for Stop {
    fn from(error: source::Error) -> Self {
        Error::Source(error).into()
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled => Self::Stopped,
            Stop::Target(failure) => Self::Target(information(&failure)),
            Stop::Other(error) => error,
        }
    }
}

/// A failure of the target as logs show it.
pub(crate) fn information(failure: &Failure) -> ErrorInformation {
    ErrorInformation {
        error_code: failure.code.as_str().to_owned(),
        error_category: if failure.retryable { "nonServiceFailure" } else { "failure" }.to_owned(),
        reason: failure.reason.to_string(),
        recommended_action: failure.recommended_action.to_string(),
    }
}

/// An error that Provost itself finds.
pub(crate) fn finding(code: &str, reason: impl Into<String>, action: &str) -> ErrorInformation {
    ErrorInformation {
        error_code: code.to_owned(),
        error_category: "failure".to_owned(),
        reason: reason.into(),
        recommended_action: action.to_owned(),
    }
}

/// What needs an administrator: the job goes into quarantine.
const QUARANTINES: [ErrorCode; 7] = [
    ErrorCode::Unauthorized,
    ErrorCode::InsufficientRights,
    ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible,
    ErrorCode::InvalidConfiguration,
    ErrorCode::AddressForbidden,
    ErrorCode::CertificateInvalid,
    ErrorCode::Redirected,
];

/// Whether a failure of that name puts the job into quarantine.
pub(crate) fn quarantines(code: &str) -> bool {
    QUARANTINES.iter().any(|it| it.as_str() == code)
}

/// Whether a failure says that no request to this target can succeed, if it is not a single strange answer of a
/// target that otherwise works (see [`crate::context::Context::is_fatal`]). A right that is lacking may be lacking for
/// one object only; a name without an address may have one again soon.
pub(crate) fn is_fatal(code: ErrorCode) -> bool {
    code == ErrorCode::HostNotFound || (QUARANTINES.contains(&code) && code != ErrorCode::InsufficientRights)
}

/// A search that was refused: where that is not the object's fault, what it says about the target as a whole.
pub(crate) fn of_the_endpoint(failure: Failure) -> Failure {
    match failure.code {
        // A search that finds nobody is answered with an empty list, never with 404.
        ErrorCode::InvalidAnchor | ErrorCode::MethodNotAllowed => Failure {
            code: ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible,
            reason: format!("there is no SCIM endpoint at the tenant URL ({})", failure.reason).into(),
            recommended_action:
                "Check the path of the tenant URL (often /scim or /scim/v2) and the tenant's name in it."
                    .into(),
            ..failure
        },
        _ => failure,
    }
}
