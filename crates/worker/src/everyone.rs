//! Every object of a type, page by page.
//!
//! A page is read while the one before it is worked on, and written while the one after it is. Who waits for a manager
//! in the same page comes with the next: so a page is one wave, and each wave waits for the disk once.

use std::collections::HashSet;

use model::{DirectoryObject, JobState, ObjectType};
use store::{Cursor, Kind};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::Error;
use crate::batch::{Batch, Mode, WAVES};
use crate::context::{Context, Rule};
use crate::error::Stop;
use crate::links::{self, Checkpoint};
use crate::work::Work;

/// Pages between two checkpoints: what was done since the last is looked at once more after an interruption.
const PAGES: usize = 8;

/// Pages' worth of objects that are worked on together at most, with managers who were brought along.
const MOST_TOGETHER: usize = 4;

const MODE: Mode = Mode { everyone: true, remove: false, explain: false };

/// Objects of a page, and what was known of them when it was read.
struct Ready {
    ids: Vec<Uuid>,
    works: Vec<Work>,
    next: Option<Cursor>,
    /// [`crate::behind::Behind::visits`] at that time.
    visits: u64,
}

impl Context {
    /// Looks at every object of a type, from the checkpoint on.
    pub(crate) async fn everyone(
        &self,
        state: &mut JobState,
        checkpoint: &mut Checkpoint,
        object_type: ObjectType,
    ) -> Result<(), Stop> {
        let Some(rule) = self.rule(object_type) else { return Ok(()) };
        let all = self.source.count(object_type).await?;
        let known = if checkpoint.sweep { self.store.count(self.realm(), Kind::Link).await? } else { 0 };
        let users = object_type == ObjectType::User;
        self.prefetch(rule, all.saturating_sub(known), users).await?;
        if users && rule.index.lock().as_ref().is_some_and(|index| index.len() > 0) {
            checkpoint.confirm = true;
            self.pass(state, checkpoint).await?;
        }
        self.behind.begin();
        let cursor = checkpoint.cursor.as_deref().and_then(links::read_bytes).map(Cursor);
        let mut page = self.read_page(rule, cursor).await?;
        let mut batch = Batch::of(Vec::new());
        for pages in 1.. {
            self.check()?;
            let (ids, next) = (std::mem::take(&mut page.ids), page.next.clone());
            let ahead = next.clone().map(|cursor| self.read_ahead(object_type, cursor));
            let last = next.is_none() || pages % PAGES == 0 || !users;
            self.process_page(rule, page, &mut batch, last).await?;
            if !users {
                self.sync_groups(&ids).await?;
            }
            let Some(ahead) = ahead else { break };
            page =
                ahead.await.map_err(|panic| Error::Damaged(format!("the reading of a page: {panic}")))??;
            checkpoint.cursor = next.map(|cursor| links::store_bytes(&cursor.0));
            if last {
                self.pass(state, checkpoint).await?;
            }
        }
        *rule.index.lock() = None;
        if std::mem::take(&mut checkpoint.confirm) {
            self.confirm(rule, checkpoint.started).await?;
        }
        Ok(())
    }

    /// Reads a page on another processor.
    fn read_ahead(&self, object_type: ObjectType, cursor: Cursor) -> AbortOnDropHandle<Result<Ready, Stop>> {
        let context = self.me.upgrade();
        AbortOnDropHandle::new(tokio::spawn(async move {
            let context = context.ok_or(Stop::Cancelled)?;
            let rule = context.rule(object_type).ok_or(Stop::Cancelled)?;
            context.read_page(rule, Some(cursor)).await
        }))
    }

    /// Reads a page, and what is known of its objects, while the page before it may still be worked on.
    async fn read_page(&self, rule: &Rule, cursor: Option<Cursor>) -> Result<Ready, Stop> {
        let visits = self.behind.visits();
        let page = self.source.page(rule.object_type, cursor, self.page).await?;
        let ids = page.objects.iter().map(|object| object.id).collect();
        let some = |object: DirectoryObject| (object.id, Some(object));
        let objects = page.objects.into_iter().map(some).collect();
        let works = self.prepare(rule, rule.object_type, objects, MODE).await?;
        Ok(Ready { ids, works, next: page.next, visits })
    }

    /// Brings the objects of a page in line, and those that were left of the pages before it; but for those, unless it is
    /// the `last` for now, that have to wait for their managers.
    async fn process_page(
        &self,
        rule: &Rule,
        page: Ready,
        batch: &mut Batch,
        last: bool,
    ) -> Result<(), Stop> {
        let _alone = self.gate.lock().await;
        batch.works.extend(page.works.into_iter().filter(|work| !self.behind.was_brought(work.id)));
        if page.visits != self.behind.visits() {
            // Somebody else may have worked on them.
            let works = std::mem::take(&mut batch.works);
            let objects = works.into_iter().map(|work| (work.id, work.object)).collect();
            batch.works = self.prepare(rule, rule.object_type, objects, MODE).await?;
        }
        if rule.mapping.manager_path().is_some() {
            self.bring_managers(rule, &mut batch.works).await?;
        }
        self.first_wave(rule, batch, MODE).await?;
        if last || batch.works.len() > self.page {
            self.waves(rule, batch, MODE, &mut Vec::new()).await?;
        }
        Ok(())
    }

    /// Managers who come later in the order of the source are created along with their reports: a reference that
    /// has to wait costs a second request.
    async fn bring_managers(&self, rule: &Rule, works: &mut Vec<Work>) -> Result<(), Stop> {
        let most = MOST_TOGETHER * self.page;
        let mut known: HashSet<Uuid> = works.iter().map(|work| work.id).collect();
        let mut below = 0;
        for _ in 0..WAVES {
            let managers = works[below..].iter().filter_map(|work| work.manager);
            let unknown: Vec<Uuid> =
                managers.filter(|id| known.insert(*id) && !self.behind.knows(*id)).collect();
            let unknown = &unknown[..unknown.len().min(most.saturating_sub(works.len()))];
            let stored = self.store.exist(self.realm(), Kind::Link, unknown).await?;
            let missing: Vec<Uuid> =
                unknown.iter().zip(stored).filter(|(_, linked)| !linked).map(|(id, _)| *id).collect();
            if missing.is_empty() {
                break;
            }
            let found = self.source.get(ObjectType::User, &missing).await?;
            let objects = missing.into_iter().zip(found).filter(|(_, object)| object.is_some()).collect();
            below = works.len();
            let managers = self.prepare(rule, ObjectType::User, objects, MODE).await?;
            works.extend(managers.into_iter().filter(|work| work.entitlement.in_scope()));
            self.behind.brought(works[below..].iter().map(|work| work.id));
        }
        Ok(())
    }
}
