//! A directory, an application with a job, and a target on a real port.

use std::sync::Arc;
use std::time::Duration;

use directory::{AssignmentRequest, Directory, Installation, JobChange, JobSettings, Keyring};
use model::{
    Clock, CycleReport, Guards, Ids, Job, JobState, ObjectType, Principal, ProvisioningEntry, Random,
    SecretKey, ServicePrincipal, StagedChange, SystemClock,
};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use store::Store;
use store_memory::MemoryStore;
use testkit::{Recorded, ScimTarget, SeededRandom, Switches};
use uuid::Uuid;
use worker::{DirectoryTargets, Options, Worker, WorkerHandle};

pub struct World {
    pub store: Arc<dyn Store>,
    pub installation: Installation,
    pub directory: Directory,
    pub target: ScimTarget,
    pub job: Job,
    pub application: ServicePrincipal,
    pub worker: WorkerHandle,
    pub by: Principal,
    clock: Arc<dyn Clock>,
    ids: Ids,
}

/// Which process the worker is.
const HOLDER: Uuid = Uuid::from_u128(1);

/// The requests that change something.
pub fn writes(requests: &[Recorded]) -> Vec<&Recorded> {
    requests.iter().filter(|request| request.method != "GET").collect()
}

impl World {
    pub async fn new(switches: Switches) -> Self {
        Self::with(switches, Arc::new(MemoryStore::new())).await
    }

    pub async fn with(switches: Switches, store: Arc<dyn Store>) -> Self {
        Self::at(switches, store, Arc::new(SystemClock)).await
    }

    /// With a clock of its own.
    pub async fn at(switches: Switches, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
        let ids = Ids::new(Arc::clone(&clock), Arc::clone(&random));
        let keys = Arc::new(Keyring::new([7; 32]));
        let installation =
            Installation::new(Arc::clone(&store), Arc::clone(&clock), ids.clone(), random, keys);
        let directory = installation.open().await.expect("a directory");
        let by = Principal::system("test");
        let template = directory::template("officespace").expect("in the gallery");
        let made = directory.instantiate(&by, template, "Floor plans").await.expect("an application");
        let target = ScimTarget::start(switches).await.expect("a port");
        let secrets = [
            (SecretKey::BaseAddress, SecretString::from(target.base_url())),
            (SecretKey::SecretToken, SecretString::from(target.token())),
        ];
        directory.set_secrets(&by, made.service_principal.id, &secrets).await.expect("secrets");
        let worker = start(&store, &installation, &ids, &clock, HOLDER);
        Self {
            store,
            installation,
            directory,
            target,
            job: made.job,
            application: made.service_principal,
            worker,
            by,
            clock,
            ids,
        }
    }

    /// Another worker takes the place of the one that has ended.
    pub fn restart(&mut self) {
        self.worker = self.another(HOLDER);
    }

    /// A worker in a process of its own, so to speak.
    pub fn another(&self, holder: Uuid) -> WorkerHandle {
        start(&self.store, &self.installation, &self.ids, &self.clock, holder)
    }

    /// Kills a cycle when the target has so many users.
    pub async fn kill_at(&self, users: usize) {
        self.kill_when(|target| target.resources("Users").len() >= users).await;
    }

    /// Starts a cycle in a process of its own, so to speak, and kills it when the target has come
    /// so far: nothing of it ends in order.
    pub async fn kill_when(&self, reached: impl Fn(&ScimTarget) -> bool) {
        self.kill(None, reached).await;
    }

    /// The same with a comparison, which repairs or does not.
    pub async fn kill_drift_when(&self, repair: bool, reached: impl Fn(&ScimTarget) -> bool) {
        self.kill(Some(repair), reached).await;
    }

    async fn kill(&self, drift: Option<bool>, reached: impl Fn(&ScimTarget) -> bool) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (store, installation, ids, clock) =
            (Arc::clone(&self.store), self.installation.clone(), self.ids.clone(), Arc::clone(&self.clock));
        let (directory, job, by) = (self.directory.id(), self.job.id, self.by.clone());
        runtime.spawn(async move {
            let worker = start(&store, &installation, &ids, &clock, HOLDER);
            // One that the process before it still got in the way of is followed by another.
            loop {
                let progress = match drift {
                    None => worker.run_now(directory, job, by.clone()).await,
                    Some(repair) => worker.drift(directory, job, repair, by.clone()).await,
                };
                progress.expect("a job").end().await;
            }
        });
        while !reached(&self.target) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        runtime.shutdown_background();
    }

    pub async fn user(&self, name: &str, attributes: Value) -> Uuid {
        let Value::Object(mut attributes) = attributes else { panic!("an object") };
        attributes.insert("userPrincipalName".into(), json!(format!("{name}@example.com")));
        attributes.entry("displayName").or_insert_with(|| json!(name));
        let user = self.directory.create_object(&self.by, ObjectType::User, None, &attributes).await;
        user.expect("a user").id
    }

    pub async fn group(&self, name: &str, members: &[Uuid]) -> Uuid {
        let attributes = Map::from_iter([
            ("displayName".to_owned(), json!(name)),
            ("mailNickname".to_owned(), json!(name)),
            ("mailEnabled".to_owned(), json!(false)),
            ("securityEnabled".to_owned(), json!(true)),
        ]);
        let group = self.directory.create_object(&self.by, ObjectType::Group, None, &attributes).await;
        let group = group.expect("a group").id;
        self.add(group, members).await;
        group
    }

    pub async fn add(&self, group: Uuid, members: &[Uuid]) {
        let members: Vec<_> = members.iter().map(|id| (ObjectType::User, *id)).collect();
        self.directory.add_members(&self.by, group, &members).await.expect("members");
    }

    pub async fn set(&self, user: Uuid, change: Value) {
        let Value::Object(change) = change else { panic!("an object") };
        self.directory.update_object(&self.by, ObjectType::User, user, &change).await.expect("a change");
    }

    pub async fn assign(&self, principal: Uuid) -> Uuid {
        let request = AssignmentRequest { resource: self.application.id, principal, role: None };
        self.directory.assign(&self.by, request).await.expect("assigned").id
    }

    /// Changes the settings of the job.
    pub async fn settings(&self, change: impl FnOnce(&mut JobSettings)) {
        let mut settings = JobSettings::of(&self.directory.job(self.job.id).await.expect("a job"));
        change(&mut settings);
        let change = JobChange { settings: Some(settings), ..JobChange::default() };
        self.directory.update_job(&self.by, self.job.id, &change).await.expect("settings");
    }

    pub async fn guards(&self, change: impl FnOnce(&mut Guards)) {
        self.settings(|settings| change(&mut settings.guards)).await;
    }

    /// Everything that is held back.
    pub async fn staged(&self) -> Vec<StagedChange> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.worker.staged(self.directory.id(), self.job.id, after, 3).await.expect("a list");
            all.extend(page.0);
            after = page.1;
            if after.is_none() {
                return all;
            }
        }
    }

    /// Lets the job run by itself.
    pub async fn start(&self) {
        let change = JobChange { started: Some(true), ..JobChange::default() };
        self.directory.update_job(&self.by, self.job.id, &change).await.expect("started");
        self.worker.make_due(self.job.id).await.expect("due");
    }

    pub async fn secret(&self, key: SecretKey, value: &str) {
        let secrets = [(key, SecretString::from(value))];
        self.directory.set_secrets(&self.by, self.application.id, &secrets).await.expect("secrets");
    }

    pub async fn state(&self) -> JobState {
        self.worker.state(self.job.id).await.expect("a state")
    }

    pub async fn run(&self) -> CycleReport {
        let progress = self.worker.run_now(self.directory.id(), self.job.id, self.by.clone()).await;
        tokio::time::timeout(Duration::from_mins(1), progress.expect("a job").end()).await.expect("an end")
    }

    /// The account with this user name in the target.
    pub fn account(&self, name: &str) -> Option<Map<String, Value>> {
        let name = format!("{name}@example.com");
        let mut found: Vec<_> =
            self.target.resources("Users").into_iter().filter(|it| it["userName"] == name.as_str()).collect();
        assert!(found.len() <= 1, "{name} is there {} times", found.len());
        found.pop()
    }

    /// The user names of the members of a group in the target, sorted.
    pub fn members(&self, group: &str) -> Vec<String> {
        let groups = self.target.resources("Groups");
        let group = groups.iter().find(|it| it["displayName"] == group).expect("the group");
        let users = self.target.resources("Users");
        let mut names: Vec<String> = group
            .get("members")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|member| {
                let user = users.iter().find(|user| user["id"] == member["value"])?;
                Some(user["userName"].as_str()?.trim_end_matches("@example.com").to_owned())
            })
            .collect();
        names.sort();
        names
    }

    pub async fn log(&self, user: Uuid) -> Vec<ProvisioningEntry> {
        let key = store::Key::lookup(store::KeyName::Source, user.to_string());
        let realm = self.directory.realm();
        let found = self.store.find(realm, store::Kind::ProvisioningEntry, &key, 100).await.expect("the log");
        found.iter().map(|object| directory::read_entry(object).expect("an entry")).collect()
    }
}

fn start(
    store: &Arc<dyn Store>,
    installation: &Installation,
    ids: &Ids,
    clock: &Arc<dyn Clock>,
    holder: Uuid,
) -> WorkerHandle {
    let installation = installation.clone();
    Worker::start(Options {
        store: Arc::clone(store),
        clock: Arc::clone(clock),
        ids: ids.clone(),
        holder,
        targets: Arc::new(DirectoryTargets::new(move |id| installation.directory(id))),
        settle: Duration::from_millis(300),
        page: worker::PAGE,
        scratch: std::env::temp_dir(),
        tick: Duration::from_millis(50),
    })
}
