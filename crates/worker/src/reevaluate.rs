//! What a change of configuration can affect, and nothing else, looked at again.
//!
//! A link says by its hash what it has been brought in line with: a pass that was interrupted goes on with the links
//! that are left, and objects that the feed of changes has brought along are not looked at twice.

use engine::{Affected, Reevaluation, key_ranges};
use model::{JobState, ObjectType, Outcome};
use store::{KeyName, KeyRange, Kind};
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{BATCH, Context, Rule};
use crate::error::Stop;
use crate::links::Pass;
use crate::references::sources;

impl Context {
    /// Notes in the job's state that objects are brought in line with this configuration from now on: should it be
    /// taken back before a cycle has ended, they are looked at again.
    pub(crate) async fn begin_applying(&self, state: &mut JobState) -> Result<(), Stop> {
        let applied = self.applied();
        // Whoever has applied nothing so far looks at everything.
        if state.applied.is_empty() || state.applied.contains(&applied) {
            return Ok(());
        }
        state.applied.push(applied);
        self.save(state).await
    }

    /// Looks at what the change of configuration can affect.
    pub(crate) async fn reevaluate(&self, due: &Reevaluation) -> Result<(), Stop> {
        let mut links = 0;
        for (object_type, sets) in due.sets() {
            for set in sets {
                links += self.count_links(object_type, set).await?;
            }
        }
        self.tally.expect(self.tally.report().done + links);
        // So many are cheaper judged in memory.
        if links > BATCH as u64 {
            self.assignments().await?.expand(self).await?;
        }
        for (object_type, sets) in due.sets() {
            for set in sets {
                tracing::info!(job = %self.job.id, ?object_type, ?set, "looked at again: the configuration has changed");
                self.look_again(object_type, set).await?;
            }
        }
        Ok(())
    }

    async fn look_again(&self, object_type: ObjectType, set: Affected) -> Result<(), Stop> {
        let Some(rule) = self.rule(object_type) else { return Ok(()) };
        match set {
            Affected::Unlinked => {
                if self.count_links(object_type, set).await? > 2 * BATCH as u64 {
                    let entitled = self.count_entitled(rule, object_type, set).await?;
                    self.prefetch(rule, entitled, false).await?;
                }
                self.look_at_links(object_type, set).await
            }
            Affected::Left | Affected::Kept | Affected::Linked => self.look_at_links(object_type, set).await,
            Affected::Assigned => {
                let reached = self.assignments().await?.reached(self, object_type).await?;
                if object_type == ObjectType::User {
                    self.prepare_for_many(&reached).await?;
                }
                self.look_at_unlinked(object_type, &reached).await
            }
            Affected::Everyone => {
                self.prefetch(rule, self.source.count(object_type).await?, false).await?;
                let mut after = None;
                loop {
                    let page = self.source.page(object_type, after, BATCH).await?;
                    let ids: Vec<Uuid> = page.objects.iter().map(|object| object.id).collect();
                    self.look_at_unlinked(object_type, &ids).await?;
                    after = page.next;
                    if after.is_none() {
                        return Ok(());
                    }
                }
            }
            Affected::Memberships => {
                for mut pass in self.passes(object_type, set) {
                    while let Some(links) = self.next_links(&mut pass).await? {
                        self.sync_groups(&sources(&links)).await?;
                    }
                }
                Ok(())
            }
        }
    }

    async fn look_at_links(&self, object_type: ObjectType, set: Affected) -> Result<(), Stop> {
        for mut pass in self.passes(object_type, set) {
            while let Some(mut links) = self.next_links(&mut pass).await? {
                // Whoever has failed in this cycle waits for another try like everything else.
                links.retain(|link| self.tally.outcome(link.source_id) != Some(Outcome::Failed));
                self.process_ids(object_type, &sources(&links), Mode::default()).await?;
            }
        }
        Ok(())
    }

    /// Looks at those of the objects that have no link.
    async fn look_at_unlinked(&self, object_type: ObjectType, ids: &[Uuid]) -> Result<(), Stop> {
        for ids in ids.chunks(BATCH) {
            let linked = self.store.exist(self.realm(), Kind::Link, ids).await?;
            let new: Vec<Uuid> =
                ids.iter().zip(linked).filter(|(_, linked)| !linked).map(|(id, _)| *id).collect();
            self.process_ids(object_type, &new, Mode::default()).await?;
        }
        Ok(())
    }

    /// How many of the links' objects are in scope now: so many are to be matched.
    async fn count_entitled(&self, rule: &Rule, object_type: ObjectType, set: Affected) -> Result<u64, Stop> {
        let assignments = self.assignments().await?;
        let mut entitled = 0;
        for mut pass in self.passes(object_type, set) {
            while let Some(links) = self.next_links(&mut pass).await? {
                let objects = self.source.get(object_type, &sources(&links)).await?;
                for object in objects.into_iter().flatten() {
                    let roles = assignments.roles_of(self, object_type, object.id).await?;
                    let judged = self.scope.judge(&object, &roles, &rule.mapping.filters);
                    entitled += u64::from(judged.in_scope());
                }
            }
        }
        Ok(entitled)
    }

    fn passes(&self, object_type: ObjectType, set: Affected) -> Vec<Pass> {
        let ranges = self.rule(object_type).map(|rule| key_ranges(object_type, set, &rule.fingerprint));
        ranges.unwrap_or_default().into_iter().map(Pass::configured).collect()
    }

    async fn count_links(&self, object_type: ObjectType, set: Affected) -> Result<u64, Stop> {
        let Some(rule) = self.rule(object_type) else { return Ok(0) };
        let mut count = 0;
        for (from, to) in key_ranges(object_type, set, &rule.fingerprint) {
            let range =
                KeyRange { name: KeyName::Configuration, from: from.map(Into::into), to: to.map(Into::into) };
            count += self.store.count_keys(self.realm(), Kind::Link, range).await?;
        }
        Ok(count)
    }
}
