//! What the routes need of whatever runs the jobs.

use directory::Credentials;
use futures::stream::BoxStream;
use jiff::Timestamp;
use model::{
    CycleReport, DriftFinding, ErrorInformation, Job, Linked, ObjectType, Principal, ProvisioningEntry,
    StagedChange, TargetAttributes, Waiting,
};
use store::Cursor;
use uuid::Uuid;

/// A part of a job's state that a restart forgets (Graph `synchronizationJobRestartScope`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "Graph's names")]
pub enum ResetScope {
    Watermark,
    Escrows,
    QuarantineState,
    ConnectorDataStore,
    ForceDeletes,
    Full,
}

impl ResetScope {
    /// The scope of that name, without regard to case.
    pub fn parse(name: &str) -> Option<Self> {
        [
            ("Watermark", Self::Watermark),
            ("Escrows", Self::Escrows),
            ("QuarantineState", Self::QuarantineState),
            ("ConnectorDataStore", Self::ConnectorDataStore),
            ("ForceDeletes", Self::ForceDeletes),
            ("Full", Self::Full),
        ]
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, scope)| scope)
    }
}

/// Entries of the log that were planned, one by one.
pub type PlannedEntries = Box<dyn Iterator<Item = ProvisioningEntry> + Send>;

/// Runs jobs. Failures come in words an administrator can act on.
#[async_trait::async_trait]
pub trait JobRunner: Send + Sync + 'static {
    /// Begins a cycle of a job now, started or not, or joins the one that runs; answers its report as of now. Every
    /// escrowed object is retried.
    async fn run(&self, job: Uuid, by: &Principal) -> Result<CycleReport, ErrorInformation>;

    /// The reports of the job's cycle that runs in this process, from now to its end; `None` while none does.
    fn progress(&self, job: Uuid) -> Option<BoxStream<'static, CycleReport>>;

    /// Called after a job was started: its next cycle is due now.
    async fn started(&self, job: Uuid) -> Result<(), ErrorInformation>;

    /// Called after a job was paused or deleted: returns when its cycle has stopped.
    async fn paused(&self, job: Uuid);

    /// Forgets parts of the job's state; none named: quarantine, watermark and escrows.
    async fn restart(&self, job: Uuid, scopes: &[ResetScope]) -> Result<(), ErrorInformation>;

    /// Lets the next cycle export exactly what the guards hold back now, or held back already at a moment.
    async fn allow_staged(&self, job: Uuid, until: Option<Timestamp>) -> Result<(), ErrorInformation>;

    /// A page of what the guards hold back, deletions first, from where the page before it ended; and where the next
    /// one begins.
    async fn staged(
        &self,
        job: Uuid,
        after: Option<Cursor>,
        top: usize,
    ) -> Result<(Vec<StagedChange>, Option<Cursor>), ErrorInformation>;

    /// How much the job is linked with in the target.
    async fn linked(&self, job: Uuid) -> Result<Linked, ErrorInformation>;

    /// What of the job waits for a later cycle.
    async fn waiting(&self, job: Uuid) -> Result<Waiting, ErrorInformation>;

    /// Begins to compare what the target holds with what the job left there, and puts right what differs if asked to;
    /// answers its report as of now.
    async fn drift(&self, job: Uuid, repair: bool, by: &Principal) -> Result<CycleReport, ErrorInformation>;

    /// A page of the differences that the last comparison found, from where the page before it ended; and where the next
    /// one begins.
    async fn drift_findings(
        &self,
        job: Uuid,
        after: Option<Cursor>,
        top: usize,
    ) -> Result<(Vec<DriftFinding>, Option<Cursor>), ErrorInformation>;

    /// Tries whether a SCIM endpoint answers and takes the credentials; the saved ones of the job where none are given.
    async fn test_connection(
        &self,
        job: Uuid,
        credentials: Option<Credentials>,
    ) -> Result<(), ErrorInformation>;

    /// Asks the job's target what attributes it has, with the saved credentials; `None` where it does not say.
    async fn discover(&self, job: Uuid) -> Result<Option<TargetAttributes>, ErrorInformation>;

    /// What the next cycle would do, or what provisioning these objects on demand would: the report, and the entries that
    /// the log would have, removals first. Nothing is written anywhere. `unsaved` is the job as it is to become, where that
    /// is what is planned.
    async fn plan(
        &self,
        job: Uuid,
        unsaved: Option<Job>,
        selection: Option<Vec<(ObjectType, Uuid)>>,
        by: &Principal,
    ) -> Result<(CycleReport, PlannedEntries), ErrorInformation>;

    /// Provisions one object now and tells every step; a group with its members.
    async fn provision(
        &self,
        job: Uuid,
        object: (ObjectType, Uuid),
        by: &Principal,
    ) -> Result<Vec<ProvisioningEntry>, ErrorInformation>;
}
