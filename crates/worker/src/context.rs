//! What a cycle works with.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use engine::{Answers, CompiledMapping, Outside, Scope, Tables, TargetList, fingerprint};
use expression::RoleAssignment;
use jiff::Timestamp;
use model::{
    AppRole, Applied, Clock, Fingerprint, Ids, Job, JobState, Link, ObjectType, Outcome, Principal,
    ServicePrincipal, Shadow,
};
use parking_lot::Mutex;
use scim_client::path::Path;
use scim_client::{Capabilities, ErrorCode, Failure, Resource, ResourceKind, Target, document};
use source::Source;
use store::{Kind, Realm, Store, Transaction};
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::assignments::Assignments;
use crate::behind::Behind;
use crate::contested::Contested;
use crate::error::{Stop, is_fatal};
use crate::index::Index;
use crate::lease::Keeper;
use crate::links::Account;
use crate::schedule::Shared;
use crate::tally::Tally;
use crate::{Error, links};

/// Source objects read, decided and exported together.
pub(crate) const BATCH: usize = 512;

/// Requests in flight at once; the client lowers it when the target asks for that.
pub(crate) const CONCURRENCY: usize = 32;

/// So many strange answers in a row are not the fault of the objects asked for.
const MOST_STRANGE: u32 = 20;

/// Members in one request where nothing is known of the target.
const MEMBERS: usize = 1_000;

/// So many versions that were over for nothing are the target's way: those that links remember say nothing then.
const MOST_DOUBTS: u32 = 16;

/// One type of object: how it is mapped, and the hashes of what decides about it.
pub(crate) struct Rule {
    pub object_type: ObjectType,
    pub mapping: CompiledMapping,
    /// The mapping's target attribute paths, parsed.
    paths: HashMap<String, Path>,
    pub fingerprint: Fingerprint,
    pub kind: ResourceKind,
    /// What the target holds, by the values that it is searched by, where it was worth reading it whole.
    pub index: Mutex<Option<Index>>,
}

/// A job ready to be worked on.
pub(crate) struct Context {
    /// For work that goes on beside what begins it.
    pub me: Weak<Self>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub ids: Ids,
    pub source: Arc<dyn Source>,
    pub target: Target,
    /// Whether the target takes filters.
    pub filters: bool,
    /// Whether the target takes PATCH; found out where it does not say.
    pub patches: AtomicBool,
    /// Whether it has taken one.
    pub patched: AtomicBool,
    /// Whether the target keeps versions and takes `If-Match`.
    pub etags: bool,
    /// How often a version that a link remembers may still turn out to be over without what was written being over:
    /// some targets give a resource a new version when others change.
    pub version_doubts: AtomicU32,
    /// Answers in a row that were not SCIM, or what an endpoint that is not there gives.
    strange: AtomicU32,
    pub directory: Uuid,
    pub job: Job,
    pub service_principal: ServicePrincipal,
    pub scope: Scope,
    pub users: Option<Rule>,
    pub groups: Option<Rule>,
    assignments: RwLock<Option<Arc<Assignments>>>,
    pub lease: Arc<Keeper>,
    pub cancel: CancellationToken,
    pub tally: Arc<Tally>,
    pub cycle_id: Mutex<Uuid>,
    pub initiator: Principal,
    /// When the lease was taken: whoever sent requests before has stopped by then.
    pub since: Timestamp,
    /// How long a request may linger after whoever sent it has died or given up.
    pub settle: Duration,
    /// Objects of a page where everyone is looked at.
    pub page: usize,
    /// Where files go that nobody else sees.
    pub scratch: PathBuf,
    /// Members in one request; halved when the target says that it is too much.
    pub members_at_once: AtomicUsize,
    /// Batches are worked on one at a time, also by provision on demand.
    pub gate: tokio::sync::Mutex<()>,
    /// What the last batch came to, on its way into the store.
    pub behind: Behind,
    /// Objects that met others in the target, to be tried again when the others have been dealt with.
    pub contested: Mutex<Vec<Contested>>,
    /// Whether they have been dealt with: who meets another now has failed.
    pub settled: AtomicBool,
    /// The application's roles, in the order in which it defines them.
    roles: Vec<(Uuid, Arc<RoleAssignment>)>,
    /// What chance is made of in mappings.
    seed: [u8; 32],
}

impl Rule {
    /// What a resource has at these paths.
    pub fn read<'a>(&self, resource: &Resource, paths: impl Iterator<Item = &'a str>) -> Shadow {
        let read = |path: &str| match self.paths.get(path) {
            Some(parsed) => document::get_path(&resource.attributes, parsed),
            None => document::get(&resource.attributes, path),
        };
        paths.filter_map(|path| Some((path.to_owned(), read(path)?.clone()))).collect()
    }
}

/// The configuration of a job, compiled.
pub(crate) struct Configuration {
    pub job: Job,
    pub service_principal: ServicePrincipal,
    pub scope: Scope,
    pub users: Option<Rule>,
    pub groups: Option<Rule>,
}

impl Configuration {
    pub async fn load(store: &dyn Store, directory: Realm, job: Uuid) -> Result<Self, Error> {
        let found = store.get(directory, Kind::Job, job).await?.ok_or(Error::UnknownJob(job))?;
        let job: Job = serde_json::from_slice(&found.body)
            .map_err(|error| Error::Damaged(format!("the job {job}: {error}")))?;
        let id = job.service_principal_id;
        let found = store.get(directory, Kind::ServicePrincipal, id).await?;
        let found = found.ok_or(Error::UnknownServicePrincipal(id))?;
        let service_principal: ServicePrincipal = serde_json::from_slice(&found.body)
            .map_err(|error| Error::Damaged(format!("the service principal {id}: {error}")))?;
        let has_roles = service_principal.app_roles.iter().any(|role| role.is_enabled);
        let tables = Tables::new(&job.tables);
        let rule = |object_type: ObjectType| -> Result<Option<Rule>, Error> {
            let mapping = job.object_mappings.iter().find(|it| it.source_object == object_type && it.enabled);
            let fingerprint = fingerprint(&job, object_type, &service_principal.app_roles);
            let (Some(mapping), Some(fingerprint)) = (mapping, fingerprint) else { return Ok(None) };
            let mapping = CompiledMapping::compile(mapping, &TargetList::of(&job, object_type), &tables)?;
            let parsed = |path: &str| Some((path.to_owned(), Path::parse(path).ok()?));
            Ok(Some(Rule {
                object_type,
                paths: mapping.paths().filter_map(parsed).collect(),
                mapping,
                fingerprint,
                kind: match object_type {
                    ObjectType::User => ResourceKind::Users,
                    ObjectType::Group => ResourceKind::Groups,
                },
                index: Mutex::new(None),
            }))
        };
        let (users, groups) = (rule(ObjectType::User)?, rule(ObjectType::Group)?);
        Ok(Self { scope: Scope::new(&job, has_roles), users, groups, service_principal, job })
    }
}

impl Context {
    #[expect(clippy::too_many_arguments, reason = "one caller, which has just made each of them")]
    pub fn new(
        shared: &Shared,
        directory: Uuid,
        configuration: Configuration,
        (target, capabilities): (Target, Capabilities),
        known: &JobState,
        lease: Arc<Keeper>,
        tally: Arc<Tally>,
        cancel: CancellationToken,
        initiator: Principal,
    ) -> Arc<Self> {
        let cycle_id = tally.report().cycle_id;
        let members_at_once = members_at_once(&configuration.job, known.members_taken);
        let of_lease = Arc::clone(&lease);
        // No request outlasts the lease, as it is renewed.
        let target = target.with_deadline(Arc::new(move || of_lease.deadline()));
        let roles = configuration.service_principal.app_roles.iter().filter(|role| role.is_enabled);
        let roles = roles.map(|role| (role.id, Arc::new(assigned(role)))).collect();
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            store: Arc::clone(&shared.store),
            clock: Arc::clone(&shared.clock),
            ids: shared.ids.clone(),
            source: Arc::new(source::BuiltIn::new(Arc::clone(&shared.store), Realm(directory))),
            target,
            filters: capabilities.filter,
            patches: AtomicBool::new(capabilities.patch),
            patched: AtomicBool::new(false),
            etags: capabilities.etag,
            version_doubts: AtomicU32::new(MOST_DOUBTS),
            // One is enough until the target has shown that it works, as by telling what it can.
            strange: AtomicU32::new(if capabilities.discovered { 0 } else { MOST_STRANGE }),
            directory,
            scope: configuration.scope,
            users: configuration.users,
            groups: configuration.groups,
            job: configuration.job,
            service_principal: configuration.service_principal,
            assignments: RwLock::new(None),
            lease,
            cancel,
            tally,
            cycle_id: Mutex::new(cycle_id),
            initiator,
            since: shared.clock.now(),
            settle: shared.settle,
            page: shared.page,
            scratch: shared.scratch.clone(),
            members_at_once: AtomicUsize::new(members_at_once),
            gate: tokio::sync::Mutex::new(()),
            behind: Behind::default(),
            contested: Mutex::default(),
            settled: AtomicBool::new(false),
            roles,
            seed: known.chance.unwrap_or_else(|| shared.ids.seed()),
        })
    }

    /// The application's own roles among those with these ids.
    pub fn roles(&self, ids: &[Uuid]) -> Vec<Arc<RoleAssignment>> {
        let own = self.roles.iter().filter(|(id, _)| ids.contains(id));
        own.map(|(_, role)| Arc::clone(role)).collect()
    }

    /// What mappings may ask for beside the object that has these roles.
    pub fn outside<'a>(&self, roles: &'a [Arc<RoleAssignment>], answers: &'a Answers) -> Outside<'a> {
        Outside { now: self.clock.now(), seed: self.seed, roles, answers }
    }

    /// The members in one request that the target took after it had refused more, if it ever did.
    pub fn members_taken(&self) -> Option<usize> {
        let taken = self.members_at_once.load(Ordering::Relaxed);
        (taken < members_at_once(&self.job, None)).then_some(taken)
    }

    pub fn realm(&self) -> Realm {
        Realm(self.job.id)
    }

    pub fn rule(&self, object_type: ObjectType) -> Option<&Rule> {
        match object_type {
            ObjectType::User => self.users.as_ref(),
            ObjectType::Group => self.groups.as_ref(),
        }
    }

    /// The configuration that is applied.
    pub fn applied(&self) -> Applied {
        let of = |rule: &Option<Rule>| rule.as_ref().map(|rule| rule.fingerprint);
        Applied { users: of(&self.users), groups: of(&self.groups) }
    }

    /// Takes note of what came of a request: one that was answered well shows that the target works.
    pub fn heard<T>(&self, answer: Result<T, Failure>) -> Result<T, Failure> {
        if answer.is_ok() {
            self.strange.store(0, Ordering::Relaxed);
        }
        answer
    }

    /// Whether a failure says that no request to this target can succeed: the cycle ends. A target that has proven
    /// to work may give a strange answer or drop a connection now and then; many in a row mean that it is no longer
    /// there.
    pub fn is_fatal(&self, failure: &Failure) -> bool {
        match failure.code {
            ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible
            | ErrorCode::ConnectionFailed => self.strange.fetch_add(1, Ordering::Relaxed) >= MOST_STRANGE,
            code => is_fatal(code),
        }
    }

    pub fn transaction(&self) -> Transaction {
        Transaction::new(self.clock.now()).fenced(self.lease.fence())
    }

    /// Writes down a link, with what the object counts as in this cycle.
    pub fn put_link(&self, transaction: &mut Transaction, link: &mut Link, outcome: Option<Outcome>) {
        if let Some(outcome) = outcome.filter(|outcome| *outcome > Outcome::Skipped) {
            link.counted = Some(self.tally.counted(link.source_id, outcome));
        }
        links::put(transaction, self.realm(), link);
    }

    /// The links of objects, in their order; nothing for those that have none.
    pub async fn links(&self, ids: &[Uuid]) -> Result<Vec<Option<Link>>, Stop> {
        let stored = self.store.get_all(self.realm(), Kind::Link, ids).await?;
        Ok(stored
            .iter()
            .map(|stored| stored.as_ref().map(links::decode).transpose())
            .collect::<Result<_, _>>()?)
    }

    /// As [`Self::links`], of each only what those who refer to the object need to know.
    pub async fn accounts_of(&self, ids: &[Uuid]) -> Result<Vec<Option<Account>>, Stop> {
        let stored = self.store.get_all(self.realm(), Kind::Link, ids).await?;
        Ok(stored
            .iter()
            .map(|stored| stored.as_ref().map(links::decode_account).transpose())
            .collect::<Result<_, _>>()?)
    }

    /// The object that an account of the target is linked to.
    pub async fn holder(&self, object_type: ObjectType, target_id: &str) -> Result<Option<Uuid>, Stop> {
        if let Some(holder) = self.behind.holder(object_type, target_id) {
            return Ok(Some(holder));
        }
        let key = links::target_key(object_type, target_id);
        let found = self.store.find(self.realm(), Kind::Link, &key, 1).await?;
        Ok(found.first().map(|link| link.id))
    }

    /// Writes down a link and nothing else.
    pub async fn put_alone(&self, link: &Link) -> Result<(), Stop> {
        let mut transaction = self.transaction();
        links::put(&mut transaction, self.realm(), link);
        self.commit(transaction).await
    }

    pub async fn commit(&self, transaction: Transaction) -> Result<(), Stop> {
        commit(&*self.store, transaction).await?;
        Ok(())
    }

    pub fn check(&self) -> Result<(), Stop> {
        if self.cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }

    /// The assignments to the application, read when first needed.
    pub async fn assignments(&self) -> Result<Arc<Assignments>, Stop> {
        if let Some(known) = &*self.assignments.read().await {
            return Ok(Arc::clone(known));
        }
        let mut known = self.assignments.write().await;
        if let Some(known) = &*known {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(Assignments::load(self).await?);
        Ok(Arc::clone(known.insert(read)))
    }

    /// Reads the assignments anew when they are needed next.
    pub async fn forget_assignments(&self) {
        *self.assignments.write().await = None;
    }
}

fn assigned(role: &AppRole) -> RoleAssignment {
    RoleAssignment {
        id: role.id.to_string(),
        value: role.value.clone().unwrap_or_default(),
        display_name: role.display_name.clone(),
    }
}

/// Members in one request: as the job says, and no more than the target has taken before.
fn members_at_once(job: &Job, taken: Option<usize>) -> usize {
    let set = job.limits.members_per_request;
    let most = set.map_or(MEMBERS, |most| usize::try_from(most.get()).unwrap_or(usize::MAX));
    taken.map_or(most, |taken| taken.clamp(1, most))
}

/// Commits, again while the transaction meets others, where there is anything to commit: its content does not depend on
/// what they did.
pub(crate) async fn commit(store: &dyn Store, transaction: Transaction) -> store::Result<()> {
    if transaction.is_empty() { Ok(()) } else { store::commit(store, transaction).await.map(drop) }
}
