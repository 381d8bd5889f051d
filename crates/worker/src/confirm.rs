//! Accounts that were linked as they were read by pages are confirmed to be there, all of them together.

use jiff::Timestamp;
use model::{Link, LinkOrigin, LinkState};
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{Context, Rule};
use crate::error::Stop;
use crate::links::{self, Pass};
use crate::prefetch::Belief;

impl Context {
    /// Reads once more by pages who is in the target, and matches anew whoever was linked since a time to an account
    /// that is not there any more, or is not known by the same values. Nothing has been written to such an account.
    pub(crate) async fn confirm(&self, rule: &Rule, since: Timestamp) -> Result<(), Stop> {
        *rule.index.lock() = None;
        if let Err(failure) = self.unless_stopped(self.read_again(rule)).await? {
            if self.is_fatal(&failure) {
                return Err(Stop::Target(failure));
            }
            tracing::info!(kind = ?rule.kind, %failure, "accounts are looked at one by one: the target cannot be listed");
        }
        let mut pass = Pass::whole();
        while let Some(links) = self.next_links(&mut pass).await? {
            let linked = links.iter().filter(|link| link.object_type == rule.object_type);
            let matched = linked.filter(|link| is_matched(link, since));
            let mut lost: Vec<Uuid> = Vec::new();
            for link in matched {
                if !self.is_confirmed(rule, link).await? {
                    lost.push(link.source_id);
                }
            }
            self.forget_lost(&lost, since).await?;
            self.process_ids(rule.object_type, &lost, Mode::default()).await?;
        }
        *rule.index.lock() = None;
        Ok(())
    }

    async fn is_confirmed(&self, rule: &Rule, link: &Link) -> Result<bool, Stop> {
        let known = rule.mapping.matching_sent(&link.shadow);
        let Some(by) = known.first() else { return Ok(true) };
        if rule.listed(link.target_id.as_deref().unwrap_or_default(), by) {
            return Ok(true);
        }
        // What was written since may not be in what was read.
        match self.accounts(rule, by, Belief::None).await {
            Ok(found) => Ok(found.iter().any(|account| Some(&account.id) == link.target_id.as_ref())),
            Err(failure) if self.is_fatal(&failure) => Err(Stop::Target(failure)),
            // The object is matched again, and fails as every other does then.
            Err(_) => Ok(false),
        }
    }

    async fn forget_lost(&self, lost: &[Uuid], since: Timestamp) -> Result<(), Stop> {
        if lost.is_empty() {
            return Ok(());
        }
        let _alone = self.alone().await?;
        let mut transaction = self.transaction();
        for mut link in self.links(lost).await?.into_iter().flatten().filter(|link| is_matched(link, since)) {
            tracing::warn!(object = %link.source_id, "the account that was matched is gone; the object is matched again");
            links::forget_account(&mut link);
            self.forget_memberships(&mut transaction, link.object_type, link.source_id).await?;
            links::put(&mut transaction, self.realm(), &link);
        }
        self.commit(transaction).await
    }
}

fn is_matched(link: &Link, since: Timestamp) -> bool {
    link.origin == LinkOrigin::Matched
        && link.state == LinkState::Active
        && link.created >= since
        && link.target_id.is_some()
        && link.unacknowledged.is_none()
}
