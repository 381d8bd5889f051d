//! What the administrators of a job are told by mail.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Quarantine;

/// A mail that is to be sent: written together with what it tells of, deleted once it was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobNotice {
    /// The directory of the job.
    pub directory: Uuid,
    /// The job.
    pub job: Uuid,
    /// What happened.
    pub event: QuarantineEvent,
    /// When.
    pub at: Timestamp,
    /// The quarantine as of then.
    pub quarantine: Quarantine,
}

/// What happens to a job with its quarantine that its administrators have to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QuarantineEvent {
    /// The job is in quarantine from now on.
    Entered,
    /// It still is, for another reason.
    ReasonChanged,
    /// It was for so long that it runs no longer.
    Disabled,
}
