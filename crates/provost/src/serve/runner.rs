//! The worker as the administration API asks for it.

use directory::Credentials;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use graph_api::{JobRunner, PlannedEntries, ResetScope};
use jiff::Timestamp;
use model::{
    CycleReport, DriftFinding, ErrorInformation, Job, Linked, ObjectType, Principal, ProvisioningEntry,
    StagedChange, TargetAttributes, Waiting,
};
use scim_client::Diagnosis;
use store::Cursor;
use uuid::Uuid;
use worker::WorkerHandle;

/// Runs the jobs of one directory.
pub struct Runner {
    handle: WorkerHandle,
    directory: Uuid,
}

impl Runner {
    /// The jobs of that directory, run by that worker.
    pub fn new(handle: WorkerHandle, directory: Uuid) -> Self {
        Self { handle, directory }
    }
}

#[async_trait::async_trait]
impl JobRunner for Runner {
    async fn run(&self, job: Uuid, by: &Principal) -> Result<CycleReport, ErrorInformation> {
        let progress = self.handle.run_now(self.directory, job, by.clone()).await.map_err(information)?;
        Ok(progress.current())
    }

    fn progress(&self, job: Uuid) -> Option<BoxStream<'static, CycleReport>> {
        let progress = self.handle.progress(job)?;
        let now = futures::stream::iter([progress.current()]);
        let rest = futures::stream::unfold(progress, async |mut progress| {
            let report = progress.next().await?;
            Some((report, progress))
        });
        Some(now.chain(rest).boxed())
    }

    async fn started(&self, job: Uuid) -> Result<(), ErrorInformation> {
        self.handle.make_due(job).await.map_err(information)
    }

    async fn paused(&self, job: Uuid) {
        self.handle.pause(job).await;
    }

    async fn restart(&self, job: Uuid, scopes: &[ResetScope]) -> Result<(), ErrorInformation> {
        let scopes: Vec<worker::ResetScope> = scopes.iter().copied().map(scope).collect();
        self.handle.restart(job, &scopes).await.map_err(information)
    }

    async fn allow_staged(&self, job: Uuid, until: Option<Timestamp>) -> Result<(), ErrorInformation> {
        self.handle.allow_staged(job, until).await.map_err(information)
    }

    async fn staged(
        &self,
        job: Uuid,
        after: Option<Cursor>,
        top: usize,
    ) -> Result<(Vec<StagedChange>, Option<Cursor>), ErrorInformation> {
        self.handle.staged(self.directory, job, after, top).await.map_err(information)
    }

    async fn linked(&self, job: Uuid) -> Result<Linked, ErrorInformation> {
        self.handle.linked(job).await.map_err(information)
    }

    async fn waiting(&self, job: Uuid) -> Result<Waiting, ErrorInformation> {
        self.handle.waiting(self.directory, job).await.map_err(information)
    }

    async fn drift(&self, job: Uuid, repair: bool, by: &Principal) -> Result<CycleReport, ErrorInformation> {
        let progress =
            self.handle.drift(self.directory, job, repair, by.clone()).await.map_err(information)?;
        Ok(progress.current())
    }

    async fn drift_findings(
        &self,
        job: Uuid,
        after: Option<Cursor>,
        top: usize,
    ) -> Result<(Vec<DriftFinding>, Option<Cursor>), ErrorInformation> {
        self.handle.drift_findings(job, after, top).await.map_err(information)
    }

    async fn test_connection(
        &self,
        job: Uuid,
        credentials: Option<Credentials>,
    ) -> Result<(), ErrorInformation> {
        let tested = self.handle.test_connection(self.directory, job, credentials).await;
        let tested = tested.map_err(information)?;
        tested.map(drop).map_err(diagnosed)
    }

    async fn discover(&self, job: Uuid) -> Result<Option<TargetAttributes>, ErrorInformation> {
        self.handle.discover(self.directory, job).await.map_err(information)
    }

    async fn plan(
        &self,
        job: Uuid,
        unsaved: Option<Job>,
        selection: Option<Vec<(ObjectType, Uuid)>>,
        by: &Principal,
    ) -> Result<(CycleReport, PlannedEntries), ErrorInformation> {
        let plan =
            self.handle.plan(self.directory, job, unsaved.as_ref(), selection.as_deref(), by.clone()).await;
        plan.map(|plan| (plan.report, Box::new(plan.entries.into_iter()) as PlannedEntries))
            .map_err(information)
    }

    async fn provision(
        &self,
        job: Uuid,
        object: (ObjectType, Uuid),
        by: &Principal,
    ) -> Result<Vec<ProvisioningEntry>, ErrorInformation> {
        self.handle.provision_on_demand(self.directory, job, object, by.clone()).await.map_err(information)
    }
}

fn diagnosed(diagnosis: Diagnosis) -> ErrorInformation {
    ErrorInformation {
        error_code: diagnosis.code.to_string(),
        error_category: "failure".to_owned(),
        reason: diagnosis.message,
        recommended_action: diagnosis.hint,
    }
}

fn scope(scope: ResetScope) -> worker::ResetScope {
    match scope {
        ResetScope::Watermark => worker::ResetScope::Watermark,
        ResetScope::Escrows => worker::ResetScope::Escrows,
        ResetScope::QuarantineState => worker::ResetScope::QuarantineState,
        ResetScope::ConnectorDataStore => worker::ResetScope::ConnectorDataStore,
        ResetScope::ForceDeletes => worker::ResetScope::ForceDeletes,
        ResetScope::Full => worker::ResetScope::Full,
    }
}

fn information(error: worker::Error) -> ErrorInformation {
    let (code, action) = match error {
        worker::Error::Target(information) => return information,
        worker::Error::UnknownJob(_) | worker::Error::UnknownServicePrincipal(_) => {
            ("Request_ResourceNotFound", "Look up the id with `provost app list`.")
        }
        worker::Error::Busy | worker::Error::Occupied => {
            ("Conflict", "Wait for its end (provost job status NAME), or pause the job.")
        }
        worker::Error::Configuration(_) | worker::Error::NotMapped => {
            ("InvalidConfiguration", "Correct the job's attribute mappings.")
        }
        worker::Error::PlanTooLarge => {
            ("Request_BadRequest", "Plan a selection (provost job plan NAME --user UPN --group GROUP).")
        }
        worker::Error::Stopped => ("Interrupted", "Run the job again; it goes on where it was."),
        worker::Error::Source(_) | worker::Error::Store(_) | worker::Error::Damaged(_) => {
            ("InternalServerError", "See the server's log; nothing that was acknowledged is lost.")
        }
    };
    ErrorInformation {
        error_code: code.to_owned(),
        error_category: "failure".to_owned(),
        reason: error.to_string(),
        recommended_action: action.to_owned(),
    }
}
