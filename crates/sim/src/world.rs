//! One simulation: a directory, a job, a target, and a process that works on it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use directory::{Credentials, Directory, Installation, JobChange, JobSettings, Keyring};
use jiff::SignedDuration;
use model::{
    AttributeMapping, Clock, CycleStatus, ErrorInformation, Ids, Job, MappingSource, Principal, Random,
    ServicePrincipal, SyncScope,
};
use scim_client::{Auth, Config, Target};
use store::Store;
use store_memory::{MemoryStore, Options as StoreOptions};
use testkit::{Gated, ScimTarget, SeededRandom, Switches};
use uuid::Uuid;
use worker::{Options, Targets, Worker, WorkerHandle};

use crate::dice::{Dice, VirtualClock};
use crate::life::Life;
use crate::network::{Connection, Network, Rates};
use crate::oracle::Oracle;
use crate::trace::Trace;
use crate::watch::Watch;

/// Objects of a page, for one page of everybody and for many.
const PAGES: [usize; 5] = [1, 2, 3, 5, worker::PAGE];

/// Cycles in which everything has to settle once nothing changes and nothing goes wrong any more.
const MOST_CYCLES: usize = 12;

/// How long one cycle may take then.
const CYCLE: Duration = Duration::from_hours(2);

/// A process that works on the job.
pub struct Node {
    pub handle: WorkerHandle,
    pub life: Arc<Life>,
    number: u128,
}

pub struct World {
    pub store: Arc<MemoryStore>,
    pub directory: Directory,
    pub app: ServicePrincipal,
    pub job: Uuid,
    pub by: Principal,
    pub network: Arc<Network>,
    pub trace: Trace,
    pub dice: Dice,
    pub node: Node,
    pub users: BTreeSet<Uuid>,
    pub groups: BTreeSet<Uuid>,
    pub groups_made: u32,
    /// Accounts that were made in the target by hand.
    pub planted: BTreeSet<String>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    /// Objects of a page in a cycle over everyone.
    page: usize,
}

struct Paths {
    network: Arc<Network>,
    life: Arc<Life>,
}

#[async_trait::async_trait]
impl Targets for Paths {
    async fn target(&self, _: Uuid, _: &Job, _: Option<Credentials>) -> Result<Target, ErrorInformation> {
        let connection = Connection { network: Arc::clone(&self.network), life: Arc::clone(&self.life) };
        let config = Config::new("http://target.example/scim/v2", Auth::Bearer("secret".to_owned().into()));
        Target::over(Arc::new(connection), &config).map_err(|failure| ErrorInformation {
            error_code: failure.code.as_str().to_owned(),
            reason: failure.reason.to_string(),
            recommended_action: String::new(),
            error_category: String::new(),
        })
    }
}

impl World {
    pub async fn new(seed: u64, trace: Trace) -> anyhow::Result<Self> {
        let dice = Dice::new(seed, 1);
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new());
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(seed));
        let ids = Ids::new(Arc::clone(&clock), Arc::clone(&random));
        let store = Arc::new(MemoryStore::with(StoreOptions {
            seed,
            reorder: dice.happens(300),
            fail_serialization_every: dice.happens(300).then_some(7),
        }));
        let keys = Arc::new(Keyring::new([7; 32]));
        let shared: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
        let installation = Installation::new(shared, Arc::clone(&clock), ids.clone(), random, keys);
        let directory = installation.open().await?;
        let by = Principal::system("simulation");
        let template = directory::template("officespace").context("a template")?;
        let made = directory.instantiate(&by, template, "Floor plans").await?;
        let switches = Switches {
            accept_duplicates: dice.happens(200),
            ignore_filter: dice.happens(100),
            refuse_patch: dice.happens(100),
            strict: dice.happens(500),
            etags: dice.happens(200),
            bulk: dice.happens(300).then_some(4),
            ..Switches::default()
        };
        trace.note(format!("the target: {switches:?}"));
        let network = Arc::new(Network {
            lax: switches.accept_duplicates,
            target: ScimTarget::detached(switches),
            rates: Rates::draw(&dice),
            bad: AtomicBool::new(true),
            dice: Dice::new(seed, 2),
            trace: trace.clone(),
            watch: Watch::new(Arc::clone(&store), made.job.id),
        });
        trace.note(format!("the network: {:?}", network.rates));
        let page = Dice::new(seed, 3).choose(&PAGES).copied().unwrap_or(worker::PAGE);
        let node = start(&store, &clock, &ids, &network, 1, page);
        let mut world = Self {
            store,
            directory,
            app: made.service_principal,
            job: made.job.id,
            by,
            network,
            trace,
            dice,
            node,
            page,
            users: BTreeSet::new(),
            groups: BTreeSet::new(),
            groups_made: 0,
            planted: BTreeSet::new(),
            clock,
            ids,
        };
        world.begin(&made.job).await?;
        Ok(world)
    }

    /// The job as an administrator leaves it when he goes: started, a cycle every five minutes.
    async fn begin(&mut self, job: &Job) -> anyhow::Result<()> {
        let mut settings = JobSettings::of(job);
        settings.interval = SignedDuration::from_mins(5);
        settings.nested_groups = self.dice.happens(500);
        settings.scope = if self.dice.happens(300) { SyncScope::All } else { SyncScope::Assigned };
        let mut mappings = job.object_mappings.clone();
        let nick_name = AttributeMapping {
            target_attribute_name: "nickName".to_owned(),
            source: MappingSource::Expression("[jobTitle]".to_owned()),
            matching_priority: 0,
            ..mappings[0].attribute_mappings[1].clone()
        };
        mappings[0].attribute_mappings.push(nick_name);
        let change = JobChange {
            started: Some(true),
            settings: Some(settings),
            object_mappings: Some(mappings),
            ..JobChange::default()
        };
        self.directory.update_job(&self.by, self.job, &change).await?;
        Ok(())
    }

    /// Takes note of who is entitled after something has been done.
    pub async fn look(&self) -> anyhow::Result<()> {
        let oracle = Oracle::read(&self.directory, &*self.store, self.job).await?;
        self.network.watch.entitled(&oracle.entitled());
        Ok(())
    }

    /// A crash, a freeze with another process taking over, an orderly restart, a pause.
    pub async fn disturb(&mut self) -> anyhow::Result<()> {
        match self.dice.below(4) {
            0 | 1 => {
                let steps = u32::try_from(self.dice.below(400)).unwrap_or(0);
                self.trace.note(format!("process: dies after {steps} steps"));
                self.node.life.end_after(steps);
            }
            2 => {
                let time = Duration::from_secs(30) + self.dice.milliseconds(120_000);
                self.trace.note(format!("process: stands still for {time:?}; another one starts"));
                self.node.life.freeze(time);
                self.replace();
            }
            _ => {
                self.trace.note("process: ends in order and starts again");
                let ended = tokio::time::timeout(Duration::from_mins(5), self.node.handle.shutdown()).await;
                if ended.is_err() && !self.node.life.is_over() {
                    anyhow::bail!("the process did not end within five minutes");
                }
                self.node.life.end_after(0);
                self.revive();
            }
        }
        Ok(())
    }

    /// The same process again, after its death.
    pub fn revive(&mut self) {
        let number = self.node.number;
        self.trace.note(format!("process: {number} starts"));
        self.node = start(&self.store, &self.clock, &self.ids, &self.network, number, self.page);
    }

    fn replace(&mut self) {
        let number = self.node.number + 1;
        self.node = start(&self.store, &self.clock, &self.ids, &self.network, number, self.page);
    }

    /// Nothing changes and nothing goes wrong any more: everything has to come to rest, and be as it should be.
    pub async fn settle(&mut self) -> anyhow::Result<Vec<String>> {
        self.network.bad.store(false, Ordering::Relaxed);
        // A frozen process may wake up until now, and what is on the wire may land.
        tokio::time::sleep(Duration::from_mins(4)).await;
        self.node.life.end_after(0);
        self.revive();
        let mut quiet = false;
        for cycle in 0..MOST_CYCLES {
            let before = self.network.watch.writes();
            let running = self.node.handle.run_now(self.directory.id(), self.job, self.by.clone()).await?;
            let report = tokio::time::timeout(CYCLE, running.end()).await.context("a cycle does not end")?;
            let writes = self.network.watch.writes() - before;
            self.trace.note(format!("cycle {cycle}: {writes} writes, {report:?}"));
            if report.counts.staged > 0 {
                self.node.handle.allow_staged(self.job, None).await?;
            } else if report.status == CycleStatus::Completed && writes == 0 && report.counts.failed == 0 {
                quiet = true;
                break;
            }
            // Names that somebody else keeps fail for good; nothing may be written on their account.
            quiet = report.status == CycleStatus::Completed && writes == 0;
            if quiet && cycle > 2 {
                break;
            }
            tokio::time::sleep(Duration::from_mins(2)).await;
        }
        let oracle = Oracle::read(&self.directory, &*self.store, self.job).await?;
        let target = &self.network.target;
        let mut wrong = oracle
            .compare(&*self.store, &target.resources("Users"), &target.resources("Groups"), &self.planted)
            .await?;
        if !quiet {
            wrong.push(format!("after {MOST_CYCLES} cycles there are still writes"));
        }
        wrong.extend(self.network.watch.violations());
        Ok(wrong)
    }
}

fn start(
    store: &Arc<MemoryStore>,
    clock: &Arc<dyn Clock>,
    ids: &Ids,
    network: &Arc<Network>,
    number: u128,
    page: usize,
) -> Node {
    let life = Life::new();
    let mortal = Gated { store: Arc::clone(store), gate: Arc::clone(&life) };
    let handle = Worker::start(Options {
        store: Arc::new(mortal),
        clock: Arc::clone(clock),
        ids: ids.clone(),
        holder: Uuid::from_u128(number),
        targets: Arc::new(Paths { network: Arc::clone(network), life: Arc::clone(&life) }),
        settle: Duration::from_secs(20),
        page,
        scratch: std::env::temp_dir(),
        tick: Duration::from_secs(10),
    });
    Node { handle, life, number }
}
