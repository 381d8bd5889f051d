//! How many objects a job's configuration makes its next cycle look at, before it does.

use std::collections::{BTreeSet, HashSet};

use engine::{Affected, Reevaluation, key_ranges};
use model::{Fingerprint, Job, ObjectType};
use serde::Serialize;
use store::{EdgeKind, EdgesOf, KeyName, KeyRange, Kind, Realm, Scan};
use uuid::Uuid;

use crate::record::kind_of;
use crate::{Directory, Result};

/// Rows and ids read at once.
const PAGE: usize = 1_000;

/// What the next cycle of a job looks at because of its configuration, apart from what has changed in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reevaluated {
    /// How many users and groups.
    pub objects: u64,
    /// Whether that is every object: the next cycle is an initial one.
    pub everything: bool,
}

impl Directory {
    /// How many objects the next cycle looks at if the job is configured like this, measured against what its cycles
    /// have applied so far.
    pub async fn reevaluated(&self, job: &Job) -> Result<Reevaluated> {
        let roles = self.service_principal(job.service_principal_id).await?.app_roles;
        let state = self.job_state(job.id).await?;
        let after = engine::applied(job, &roles);
        let types = [(ObjectType::User, after.users), (ObjectType::Group, after.groups)];
        let due = Reevaluation::between(&state.applied, &after);
        let mut objects = 0;
        if state.watermark.is_none() || state.checkpoint.is_some() || due == Reevaluation::Everything {
            for (object_type, _) in types.iter().filter(|(_, fingerprint)| fingerprint.is_some()) {
                objects += self.store.count(self.realm(), kind_of(*object_type)).await?;
            }
            return Ok(Reevaluated { objects, everything: true });
        }
        for ((object_type, sets), (_, fingerprint)) in due.sets().into_iter().zip(types) {
            if let Some(fingerprint) = fingerprint {
                objects += self.count_sets(job, object_type, &fingerprint, sets).await?;
            }
        }
        Ok(Reevaluated { objects, everything: false })
    }

    async fn count_sets(
        &self,
        job: &Job,
        object_type: ObjectType,
        fingerprint: &Fingerprint,
        mut sets: BTreeSet<Affected>,
    ) -> Result<u64> {
        // Nobody is counted twice: some sets contain others.
        if sets.contains(&Affected::Linked) {
            sets.retain(|set| matches!(set, Affected::Linked | Affected::Assigned | Affected::Everyone));
        } else if sets.contains(&Affected::Memberships) {
            sets.remove(&Affected::Kept);
        }
        let mut count = 0;
        for set in sets {
            count += match set {
                Affected::Assigned => self.count_reached(job, object_type).await?,
                Affected::Everyone => self.count_new(job, object_type).await?,
                set => self.count_links(job, object_type, set, fingerprint).await?,
            };
        }
        Ok(count)
    }

    async fn count_links(
        &self,
        job: &Job,
        object_type: ObjectType,
        set: Affected,
        fingerprint: &Fingerprint,
    ) -> Result<u64> {
        let mut count = 0;
        for (from, to) in key_ranges(object_type, set, fingerprint) {
            let range =
                KeyRange { name: KeyName::Configuration, from: from.map(Into::into), to: to.map(Into::into) };
            count += self.store.count_keys(Realm(job.id), Kind::Link, range).await?;
        }
        Ok(count)
    }

    /// How many objects without a link assignments reach.
    async fn count_reached(&self, job: &Job, object_type: ObjectType) -> Result<u64> {
        let mut reached = HashSet::new();
        let mut groups = Vec::new();
        let mut after = None;
        loop {
            let (assignments, next) = self.assigned_to(job.service_principal_id, after, PAGE).await?;
            for assignment in assignments {
                match (assignment.principal_type.as_str(), object_type) {
                    ("Group", ObjectType::User) => groups.push(assignment.principal_id),
                    ("Group", ObjectType::Group) | ("User", ObjectType::User) => {
                        reached.insert(assignment.principal_id);
                    }
                    _ => {}
                }
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        self.members_below(groups, job.nested_groups, &mut reached).await?;
        self.count_unlinked(job, &reached.into_iter().collect::<Vec<_>>()).await
    }

    /// How many objects of the directory have no link.
    async fn count_new(&self, job: &Job, object_type: ObjectType) -> Result<u64> {
        let mut new = 0;
        let mut after = None;
        loop {
            let scan = Scan::first(PAGE).after(after);
            let page = self.store.scan(self.realm(), kind_of(object_type), scan).await?;
            let ids: Vec<Uuid> = page.objects.iter().map(|object| object.id).collect();
            new += self.count_unlinked(job, &ids).await?;
            after = page.next;
            if after.is_none() {
                return Ok(new);
            }
        }
    }

    async fn count_unlinked(&self, job: &Job, ids: &[Uuid]) -> Result<u64> {
        let mut unlinked = 0;
        for ids in ids.chunks(PAGE) {
            let linked = self.store.exist(Realm(job.id), Kind::Link, ids).await?;
            unlinked += linked.iter().filter(|linked| !**linked).count() as u64;
        }
        Ok(unlinked)
    }

    /// Adds the users who are members of the groups, where nested at any depth.
    async fn members_below(
        &self,
        mut groups: Vec<Uuid>,
        nested: bool,
        users: &mut HashSet<Uuid>,
    ) -> Result<()> {
        let mut seen: HashSet<Uuid> = groups.iter().copied().collect();
        while let Some(group) = groups.pop() {
            let mut after = None;
            loop {
                let of = EdgesOf::From(group);
                let page = self.store.edges(self.realm(), EdgeKind::Member, of, after, PAGE).await?;
                for (kind, id) in page.others {
                    if kind == Kind::User {
                        users.insert(id);
                    } else if nested && seen.insert(id) {
                        groups.push(id);
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }
}
