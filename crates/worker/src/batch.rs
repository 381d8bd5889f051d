//! A batch of objects through the whole pipeline: scoping, matching, processing, references, export.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use directory::entry_op;
use engine::{Entitlement, Reference};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use model::{DirectoryObject, ObjectType, ProvisioningEntry, ProvisioningStatus, StepType};
use serde_json::json;
use store::{Expect, Kind, Transaction};
use uuid::Uuid;

use crate::assignments::Assignments;
use crate::context::{CONCURRENCY, Context, Rule};
use crate::error::Stop;
use crate::links;
use crate::unique::Claims;
use crate::work::{Export, Work, Write};

/// How deep managers are created before their reports within a batch; below that the reference waits.
pub(crate) const WAVES: usize = 8;

/// How a batch is treated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mode {
    /// Removals are carried out; otherwise they are marked, for the guard to judge.
    pub remove: bool,
    /// Entries are made for objects that nothing happens to, too, and handed back.
    pub explain: bool,
    /// Everyone is looked at: whoever refers to a new account is looked at anyway.
    pub everyone: bool,
}

/// Objects with what is to be done about them.
pub(crate) type Objects = Vec<(Uuid, Option<DirectoryObject>)>;

/// Objects that are worked on together, wave by wave.
pub(crate) struct Batch {
    pub works: Vec<Work>,
    /// Who came a second time.
    again: HashSet<Uuid>,
}

impl Batch {
    pub fn of(works: Vec<Work>) -> Self {
        Self { works, again: HashSet::new() }
    }
}

impl Context {
    /// Brings a batch of objects of one type in line. Returns the log entries when they were asked for.
    pub async fn process(
        &self,
        object_type: ObjectType,
        objects: Objects,
        mode: Mode,
    ) -> Result<Vec<ProvisioningEntry>, Stop> {
        let Some(rule) = self.rule(object_type) else { return Ok(Vec::new()) };
        let _alone = self.alone().await?;
        let works = self.prepare(rule, object_type, objects, mode).await?;
        let mut entries = Vec::new();
        self.waves(rule, &mut Batch::of(works), mode, &mut entries).await?;
        Ok(entries)
    }

    /// Works on a batch until nobody is left in it.
    pub(crate) async fn waves(
        &self,
        rule: &Rule,
        batch: &mut Batch,
        mode: Mode,
        entries: &mut Vec<ProvisioningEntry>,
    ) -> Result<(), Stop> {
        for wave in 0.. {
            if batch.works.is_empty() {
                break;
            }
            let works = std::mem::take(&mut batch.works);
            let (now, later) = if wave < WAVES { managers_first(works) } else { (works, Vec::new()) };
            batch.works = later;
            self.wave(rule, now, batch, mode, entries).await?;
        }
        Ok(())
    }

    /// Works on those of a batch whose managers do not wait in it.
    pub(crate) async fn first_wave(&self, rule: &Rule, batch: &mut Batch, mode: Mode) -> Result<(), Stop> {
        let (now, later) = managers_first(std::mem::take(&mut batch.works));
        batch.works = later;
        self.wave(rule, now, batch, mode, &mut Vec::new()).await
    }

    /// Reads what is known of the objects: links, entitlement, manager.
    pub(crate) async fn prepare(
        &self,
        rule: &Rule,
        object_type: ObjectType,
        objects: Objects,
        mode: Mode,
    ) -> Result<Vec<Work>, Stop> {
        let ids: Vec<Uuid> = objects.iter().map(|(id, _)| *id).collect();
        let stored = self.links(&ids).await?;
        // Whoever asks for one object means as of now; a cycle goes by what it has read.
        let assignments =
            if mode.explain { Arc::new(Assignments::load(self).await?) } else { self.assignments().await? };
        let assignments = &*assignments;
        let last_try = mode.explain || self.settled.load(Ordering::Relaxed);
        let mut judged: Vec<BoxFuture<'_, Result<Work, Stop>>> = Vec::with_capacity(objects.len());
        for ((id, object), stored) in objects.into_iter().zip(stored) {
            judged.push(
                async move {
                    let (entitlement, roles) = match &object {
                        None => (Entitlement::gone(), Vec::new()),
                        Some(object) => {
                            let roles = assignments.roles_of(self, object_type, id).await?;
                            (self.scope.judge(object, &roles, &rule.mapping.filters), roles)
                        }
                    };
                    let roles = if rule.mapping.reads_roles() { self.roles(&roles) } else { Vec::new() };
                    let had_link = stored.is_some();
                    let link = stored.clone().unwrap_or_else(|| {
                        let name = object.as_ref().map_or_else(|| id.to_string(), DirectoryObject::name);
                        links::new(id, object_type, name, self.clock.now())
                    });
                    let bare = Work::bare(link);
                    Ok::<_, Stop>(Work { object, entitlement, roles, had_link, stored, last_try, ..bare })
                }
                .boxed(),
            );
        }
        let judged = futures::stream::iter(judged).buffered(CONCURRENCY).collect::<Vec<_>>().await;
        let mut works = judged.into_iter().collect::<Result<Vec<Work>, Stop>>()?;
        if rule.mapping.manager_path().is_some() {
            let mut led: Vec<&mut Work> =
                works.iter_mut().filter(|work| work.entitlement.in_scope()).collect();
            let ids: Vec<Uuid> = led.iter().map(|work| work.id).collect();
            for (work, manager) in led.iter_mut().zip(self.source.managers(&ids).await?) {
                work.manager = manager;
            }
        }
        Ok(works)
    }

    /// One wave: decide, match, write down what is about to be created, send, write down what came of it. Objects that
    /// have to come again join the batch.
    async fn wave(
        &self,
        rule: &Rule,
        mut works: Vec<Work>,
        batch: &mut Batch,
        mode: Mode,
        entries: &mut Vec<ProvisioningEntry>,
    ) -> Result<(), Stop> {
        self.check()?;
        let managers = self.managers(&works).await?;
        let mut again = Vec::new();
        works.retain_mut(|work| {
            // A request of unknown outcome is settled by looking in the target, at the end, and only there.
            let known = work.link.unacknowledged.is_none();
            if !known && mode.explain {
                let text = "an earlier request got no answer; the next cycle finds out what came of it";
                work.step(StepType::Matching, ProvisioningStatus::Skipped, text, json!({}));
                entries.push(work.entry(self));
            }
            known
        });
        for work in &mut works {
            let manager = |id| managers.get(&id).cloned().unwrap_or(Reference::Pending);
            work.reference = work.manager.map_or(Reference::None, manager);
        }
        let mut claims = Claims::new();
        self.decide_all(rule, &mut works, mode, &mut claims).await?;
        self.match_all(rule, &mut works, mode, &mut claims).await?;
        if mode.everyone {
            for work in works.iter_mut().filter(|work| work.object_type == ObjectType::User) {
                work.link.referrers_due = work.is_back();
            }
        }
        // Two objects of one wave with the same matching value: the second has to find the first.
        let mut claimed: HashSet<(String, String)> = HashSet::new();
        works.retain_mut(|work| {
            let Export::Create(values) = &work.export else { return true };
            let wanted = rule.mapping.matching_sent(values);
            let first = wanted
                .first()
                .is_none_or(|it| claimed.insert((it.path.clone(), scim::fold::fold_key(&it.value))));
            if !first {
                again.push((work.id, work.object.take()));
            }
            first
        });
        again.extend(self.export_all(rule, works, mode, entries).await?);
        // An account that is gone in the target is matched again, once.
        again.retain(|(id, _)| batch.again.insert(*id));
        if !again.is_empty() {
            self.catch_up().await?;
            batch.works.extend(self.prepare(rule, rule.object_type, again, mode).await?);
        }
        Ok(())
    }

    /// Writes down what is about to be sent, sends it, and writes down what came of it.
    pub(crate) async fn export_all(
        &self,
        rule: &Rule,
        mut works: Vec<Work>,
        mode: Mode,
        entries: &mut Vec<ProvisioningEntry>,
    ) -> Result<Objects, Stop> {
        self.leave_groups(&mut works).await?;
        let intents = self.note_all(rule, &mut works).await?;
        let (together, others) = self.divide(works);
        let mut sent: Vec<BoxFuture<'_, Result<Vec<Work>, Stop>>> =
            Vec::with_capacity(together.len() + others.len());
        for works in together {
            sent.push(self.created_together(rule.object_type, works, mode).boxed());
        }
        for work in others {
            sent.push(self.export_one(rule, work, mode).map(|work| Ok(vec![work])).boxed());
        }
        let sent: Vec<_> = futures::stream::iter(sent).buffer_unordered(CONCURRENCY).collect().await;
        let sent: Vec<Vec<Work>> = sent.into_iter().collect::<Result<_, _>>()?;
        let works = sent.into_iter().flatten().collect();
        self.finish(rule, works, intents, mode, entries).await
    }

    /// The managers of a wave's objects, as references.
    async fn managers(&self, works: &[Work]) -> Result<HashMap<Uuid, Reference>, Stop> {
        let mut ids: Vec<Uuid> = works.iter().filter_map(|work| work.manager).collect();
        ids.sort_unstable();
        ids.dedup();
        let (known, unknown) = self.behind.accounts(&ids);
        let found = self.accounts_of(&unknown).await?.into_iter().map(|it| it.and_then(|it| it.target_id));
        let found: Vec<(Uuid, Option<String>)> = unknown.into_iter().zip(found).collect();
        self.behind.learn(&found);
        let reference = |target_id: Option<String>| target_id.map_or(Reference::Pending, Reference::Target);
        Ok(known.into_iter().chain(found).map(|(id, target_id)| (id, reference(target_id))).collect())
    }

    /// Has links and log entries written; waits for that unless everyone is looked at, where the next wave begins
    /// meanwhile. Returns the objects that have to come again.
    async fn finish(
        &self,
        rule: &Rule,
        mut works: Vec<Work>,
        intents: Option<Uuid>,
        mode: Mode,
        entries: &mut Vec<ProvisioningEntry>,
    ) -> Result<Objects, Stop> {
        for work in &works {
            if let Some(id) = &work.link.target_id {
                rule.learn(id, &work.export);
            }
        }
        let fatal = works.iter_mut().find_map(|work| work.fatal.take());
        let abandoned = works.iter().any(|work| work.abandoned);
        let gone = works.iter().filter(|work| work.gone);
        let gone = gone.map(|work| (work.id, work.object.clone())).collect();
        let writing = self.put_into_words(works, intents, mode);
        self.catch_up().await?;
        if mode.everyone {
            self.write_behind(writing);
        } else {
            entries.extend(self.written(writing).await?);
        }
        match fatal {
            Some(failure) => Err(Stop::Target(failure)),
            None if abandoned => Err(Stop::Cancelled),
            None => Ok(gone),
        }
    }

    /// Adds the link and the log entry of an object to a transaction; the entry, where it was asked for.
    pub(crate) async fn write_down(
        &self,
        transaction: &mut Transaction,
        work: &mut Work,
        mode: Mode,
    ) -> Result<Option<ProvisioningEntry>, Stop> {
        match work.write {
            Write::Keep => {}
            Write::Put => self.put_link(transaction, &mut work.link, work.outcome),
            Write::Delete => {
                transaction.delete(self.realm(), Kind::Link, work.id, Expect::Any);
                // Found again when a change of configuration brings it back into scope.
                if let Some(rule) = self.rule(work.object_type)
                    && let Some(link) = work.without_account(&rule.fingerprint, self.clock.now())
                {
                    links::put(transaction, self.realm(), &link);
                }
            }
        }
        if work.gone {
            self.forget_memberships(transaction, work.object_type, work.id).await?;
        }
        if !work.log && !mode.explain {
            return Ok(None);
        }
        let entry = work.entry(self);
        if work.log {
            transaction.ops.push(entry_op(&entry));
        }
        Ok(mode.explain.then_some(entry))
    }
}

/// Those whose manager does not wait in the same batch, and those who come after them.
fn managers_first(works: Vec<Work>) -> (Vec<Work>, Vec<Work>) {
    let unlinked: HashSet<Uuid> = works
        .iter()
        .filter(|work| work.link.target_id.is_none() && work.entitlement.in_scope())
        .map(|work| work.id)
        .collect();
    let waits = |work: &Work| {
        work.manager.is_some_and(|manager| manager != work.id && unlinked.contains(&manager))
            && work.link.unacknowledged.is_none()
    };
    let (later, now): (Vec<Work>, Vec<Work>) = works.into_iter().partition(waits);
    // A circle of managers: somebody has to be the first.
    if now.is_empty() { (later, Vec::new()) } else { (now, later) }
}
