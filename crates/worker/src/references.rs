//! Who refers to accounts that came, left or went: reports, and groups.

use std::collections::{BTreeMap, BTreeSet};

use model::{Link, LinkState, ObjectType};
use store::{EdgeKind, EdgesOf, KeyName};
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::Context;
use crate::error::Stop;
use crate::links::{self, Pass};

/// Referrers read at once.
const PAGE: usize = 1_000;

impl Context {
    /// Looks again at whatever refers to objects whose accounts came, left or went.
    pub async fn references(&self) -> Result<(), Stop> {
        let mut due = Pass::exactly(KeyName::ReferencesDue, links::MANAGER_DUE);
        while let Some(mut links) = self.next_links(&mut due).await? {
            // Who failed waits for the next try, and gets the manager with it.
            links.retain(|link| link.escrow.is_none());
            self.process_ids(ObjectType::User, &sources(&links), Mode::default()).await?;
        }
        let mut due = Pass::exactly(KeyName::ReferencesDue, links::USER_REFERRERS_DUE);
        while let Some(links) = self.next_links(&mut due).await? {
            self.referrers(&links).await?;
        }
        let mut due = Pass::exactly(KeyName::ReferencesDue, links::GROUP_MEMBERS_DUE);
        while let Some(mut links) = self.next_links(&mut due).await? {
            // Groups that failed wait for their next try like everything else.
            links.retain(|link| link.escrow.is_none());
            self.sync_groups(&sources(&links)).await?;
        }
        Ok(())
    }

    /// The groups that an object is a member of, in the directory or as far as the target knows.
    async fn groups_with(&self, id: Uuid) -> Result<BTreeSet<Uuid>, Stop> {
        let mut groups = self.groups_in_target(id).await?;
        groups.extend(self.source.groups_of(id).await?);
        Ok(groups)
    }

    /// The groups in the target that have an object's account as a member, as far as is known.
    pub(crate) async fn groups_in_target(&self, id: Uuid) -> Result<BTreeSet<Uuid>, Stop> {
        let mut groups = BTreeSet::new();
        let mut after = None;
        loop {
            let of = EdgesOf::To(id);
            let page = self.store.edges(self.realm(), EdgeKind::ExportedMember, of, after, PAGE).await?;
            groups.extend(page.others.into_iter().map(|(_, group)| group));
            after = page.next;
            if after.is_none() {
                return Ok(groups);
            }
        }
    }

    /// Brings groups in line that have some of these groups as members, where those got an account or lost it since; before
    /// these are brought in line themselves, which ends what is due.
    pub(crate) async fn sync_parents(&self, whole: &[Uuid]) -> Result<(), Stop> {
        if whole.is_empty() {
            return Ok(());
        }
        self.all_written().await?;
        let mut pairs: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for link in self.links(whole).await?.into_iter().flatten().filter(|link| link.referrers_due) {
            for parent in self.groups_with(link.source_id).await? {
                pairs.entry(parent).or_default().push(link.source_id);
            }
        }
        // These see each other's accounts.
        pairs.retain(|parent, _| !whole.contains(parent));
        Box::pin(self.sync_pairs(pairs)).await
    }

    async fn referrers(&self, due: &[Link]) -> Result<(), Stop> {
        let mut pairs: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for link in due {
            self.check()?;
            let id = link.source_id;
            if self.users.as_ref().is_some_and(|rule| rule.mapping.manager_path().is_some()) {
                let mut after = None;
                loop {
                    let page = self.source.reports(id, after, PAGE).await?;
                    let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
                    let linked: Vec<Link> = self.links(&ids).await?.into_iter().flatten().collect();
                    self.process_ids(ObjectType::User, &sources(&linked), Mode::default()).await?;
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
            }
            for group in self.groups_with(id).await? {
                pairs.entry(group).or_default().push(id);
            }
        }
        self.sync_pairs(pairs).await?;
        let ids = sources(due);
        let _alone = self.alone().await?;
        let mut transaction = self.transaction();
        for mut link in self.links(&ids).await?.into_iter().flatten() {
            if link.state != LinkState::Pending {
                link.referrers_due = false;
                links::put(&mut transaction, self.realm(), &link);
            }
        }
        self.commit(transaction).await
    }
}

pub(crate) fn sources(links: &[Link]) -> Vec<Uuid> {
    links.iter().map(|link| link.source_id).collect()
}
