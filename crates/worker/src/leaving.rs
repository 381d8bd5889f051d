//! Members who are to leave groups though their accounts stay: judged apart, before any of them leaves.
//!
//! An edge from the group's link to the member's says how far the judgement has come. A membership that ends because
//! the account does is part of that removal, and judged with it.

use std::collections::BTreeMap;

use engine::{Planned, Refusal, enough, hold, judge, let_through, pass};
use model::{
    Due, DueChange, GuardKind, JobState, Link, LinkState, MembersDue, ModifiedProperty, ObjectType,
    ProvisioningStatus, StepType, Verdict,
};
use serde_json::{Value, json};
use store::{Cursor, Edge, EdgeKind, EdgesOf, KeyName, Kind, Transaction};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Stop;
use crate::guarded::explanation;
use crate::links::{self, Account, Pass};
use crate::work::Work;

/// Members looked at once.
const PAGE: usize = 1_000;

/// Names of members in one log entry.
const NAMED: usize = 100;

/// Every edge that says that a member is to leave.
const LEAVING: [EdgeKind; 3] = [EdgeKind::LeavingMember, EdgeKind::StagedMember, EdgeKind::ClearedMember];

impl Context {
    pub(crate) fn member_edge(&self, kind: EdgeKind, group: Uuid, member: Uuid) -> Edge {
        Edge { realm: self.realm(), kind, from: (Kind::Link, group), to: (Kind::Link, member) }
    }

    /// Of members who are no longer wanted in a group, those who may go; the others wait for the guard.
    pub(crate) async fn may_leave(&self, group: &mut Link, members: &[Account]) -> Result<Vec<bool>, Stop> {
        let ids: Vec<Uuid> = members.iter().map(|member| member.source_id).collect();
        let id = group.source_id;
        let mut may = vec![false; ids.len()];
        let mut staged = vec![false; ids.len()];
        if group.members_due.is_some() {
            may = self.store.has_edges(self.realm(), EdgeKind::ClearedMember, id, &ids).await?;
            staged = self.store.has_edges(self.realm(), EdgeKind::StagedMember, id, &ids).await?;
        }
        let mut transaction = self.transaction();
        for ((member, may), staged) in members.iter().zip(&mut may).zip(staged) {
            *may |= !stays(member.state, member.due.as_ref());
            if !*may && !staged {
                transaction.add_edge(self.member_edge(EdgeKind::LeavingMember, id, member.source_id));
            }
        }
        if !transaction.is_empty() && group.members_due.is_none() {
            group.members_due = Some(MembersDue::default());
            links::put(&mut transaction, self.realm(), group);
        }
        self.commit(transaction).await?;
        Ok(may)
    }

    /// Judges the members who are to leave groups, and lets them go or holds them back.
    pub(crate) async fn guarded_members(&self, state: &mut JobState) -> Result<Vec<Refusal>, Stop> {
        const KIND: GuardKind = GuardKind::Memberships;
        let mut groups = Vec::new();
        let mut found = Pass::exactly(KeyName::RemovalDue, links::LEAVING_DUE);
        while let Some(links) = self.next_links(&mut found).await? {
            groups.extend(links.iter().map(|link| link.source_id));
        }
        let mut due = 0;
        for group in &groups {
            due += self.still_leaving(*group).await?;
        }
        let earlier = let_through(&state.guards, KIND, self.clock.now());
        let most = enough(KIND, self.job.guards.memberships, due.saturating_add(earlier));
        let planned = Planned { due, earlier, of: self.exported_members(most).await? };
        let refused = judge(&self.job.guards, &[(KIND, planned)].into());
        if refused.is_empty() {
            pass(&mut state.guards, KIND, due, self.clock.now());
            if due > 0 {
                self.save(state).await?;
            }
        } else {
            hold(&mut state.guards, KIND, earlier);
        }
        for group in groups {
            if refused.is_empty() {
                let _alone = self.alone().await?;
                self.move_edges(group, EdgeKind::LeavingMember, EdgeKind::ClearedMember).await?;
                self.move_edges(group, EdgeKind::StagedMember, EdgeKind::ClearedMember).await?;
            } else {
                self.stage_members(group, &refused).await?;
            }
            self.let_go(group).await?;
        }
        Ok(refused)
    }

    /// How many members are to leave a group and have to be judged; those who are not to leave after all are
    /// forgotten.
    async fn still_leaving(&self, group: Uuid) -> Result<u64, Stop> {
        let mut due = 0;
        for kind in LEAVING {
            let mut after = None;
            loop {
                let (ids, next) = self.edge_page(group, kind, after).await?;
                let members = self.source.has_members(group, &ids).await?;
                let exported =
                    self.store.has_edges(self.realm(), EdgeKind::ExportedMember, group, &ids).await?;
                let accounts = self.links(&ids).await?;
                let mut transaction = self.transaction();
                for (((id, account), member), exported) in ids.iter().zip(accounts).zip(members).zip(exported)
                {
                    if member
                        || !exported
                        || !account.as_ref().is_some_and(|link| stays(link.state, link.due.as_ref()))
                    {
                        transaction.remove_edge(self.member_edge(kind, group, *id));
                    } else if kind != EdgeKind::ClearedMember && !waits(account.as_ref()) {
                        due += 1;
                    }
                }
                self.commit(transaction).await?;
                after = next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(due)
    }

    /// How many members have been exported, counted as far as is enough.
    async fn exported_members(&self, enough: u64) -> Result<u64, Stop> {
        let mut exported = 0;
        let mut groups = Pass::groups();
        while exported < enough
            && let Some(links) = self.next_links(&mut groups).await?
        {
            for link in links {
                let of = EdgesOf::From(link.source_id);
                exported += self.store.count_edges(self.realm(), EdgeKind::ExportedMember, of).await?;
            }
        }
        Ok(exported)
    }

    async fn edge_page(
        &self,
        group: Uuid,
        kind: EdgeKind,
        after: Option<Cursor>,
    ) -> Result<(Vec<Uuid>, Option<Cursor>), Stop> {
        self.check()?;
        let page = self.store.edges(self.realm(), kind, EdgesOf::From(group), after, PAGE).await?;
        Ok((page.others.into_iter().map(|(_, id)| id).collect(), page.next))
    }

    /// Moves the judgement of members on; who leaves with an account that waits itself stays with it. Returns whom.
    async fn move_edges(&self, group: Uuid, from: EdgeKind, to: EdgeKind) -> Result<Vec<Link>, Stop> {
        let mut moved = Vec::new();
        let mut after = None;
        loop {
            let (ids, next) = self.edge_page(group, from, after).await?;
            let mut transaction = self.transaction();
            for link in self.links(&ids).await?.into_iter().flatten() {
                if to == EdgeKind::ClearedMember && waits(Some(&link)) {
                    continue;
                }
                transaction.remove_edge(self.member_edge(from, group, link.source_id));
                transaction.add_edge(self.member_edge(to, group, link.source_id));
                moved.push(link);
            }
            self.commit(transaction).await?;
            after = next;
            if after.is_none() {
                return Ok(moved);
            }
        }
    }

    async fn stage_members(&self, group: Uuid, refused: &[Refusal]) -> Result<(), Stop> {
        let _alone = self.alone().await?;
        let moved = self.move_edges(group, EdgeKind::LeavingMember, EdgeKind::StagedMember).await?;
        let staged =
            self.store.count_edges(self.realm(), EdgeKind::StagedMember, EdgesOf::From(group)).await?;
        if staged > 0 {
            self.tally.record([(group, model::Outcome::Staged)]);
        }
        let link = self.links(&[group]).await?.pop().flatten();
        if let (Some(link), false, Some(error)) = (link, moved.is_empty(), explanation(refused)) {
            let mut work = Work::bare(link);
            work.link.members_due = Some(MembersDue { staged: Some(self.clock.now()) });
            let text = format!("{} members would be taken out, {staged} with those before", moved.len());
            work.step(StepType::Export, ProvisioningStatus::Skipped, text, json!({}));
            let named = moved.iter().take(NAMED).map(|member| ModifiedProperty {
                display_name: "members".to_owned(),
                old_value: Some(Value::from(member.source_name.as_str())),
                new_value: None,
            });
            work.modified = named.collect();
            let mut transaction = self.transaction();
            self.log_staged(&mut transaction, &mut work, &error);
            self.commit(transaction).await?;
        }
        Ok(())
    }

    /// Takes the members out who may leave. Where nobody is left who is to, the group's link says so.
    async fn let_go(&self, group: Uuid) -> Result<(), Stop> {
        let mut cleared = Vec::new();
        let mut after = None;
        loop {
            let (ids, next) = self.edge_page(group, EdgeKind::ClearedMember, after).await?;
            cleared.extend(ids);
            after = next;
            if after.is_none() {
                break;
            }
        }
        if !cleared.is_empty() {
            self.sync_pairs(BTreeMap::from([(group, cleared)])).await?;
            self.still_leaving(group).await?;
        }
        let mut left = 0;
        for kind in LEAVING {
            left += self.store.count_edges(self.realm(), kind, EdgesOf::From(group)).await?;
        }
        let _alone = self.alone().await?;
        let link = self.links(&[group]).await?.pop().flatten();
        if let Some(mut link) = link.filter(|link| left == 0 && link.members_due.is_some()) {
            link.members_due = None;
            self.put_alone(&link).await?;
        }
        Ok(())
    }

    /// The target no longer has the account: nothing of its memberships is there either.
    pub(crate) async fn forget_memberships(
        &self,
        transaction: &mut Transaction,
        object_type: ObjectType,
        id: Uuid,
    ) -> Result<(), Stop> {
        let realm = self.realm();
        if object_type == ObjectType::Group {
            for edge in [EdgeKind::ExportedMember].into_iter().chain(LEAVING) {
                transaction.clear_edges(realm, edge, (Kind::Link, id));
            }
        }
        let mut after = None;
        loop {
            let of = EdgesOf::To(id);
            let page = self.store.edges(realm, EdgeKind::ExportedMember, of, after, PAGE).await?;
            for (kind, group) in page.others {
                let (from, to) = ((kind, group), (Kind::Link, id));
                transaction.remove_edge(Edge { realm, kind: EdgeKind::ExportedMember, from, to });
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// Whether the account stays: what ends is the membership alone.
fn stays(state: LinkState, due: Option<&Due>) -> bool {
    matches!(state, LinkState::Active | LinkState::Released) && !is_going(due)
}

/// Whether the account is to be deleted, and nothing holds that back.
pub(crate) fn is_going(due: Option<&Due>) -> bool {
    due.is_some_and(|due| due.change == DueChange::Delete && due.verdict == Verdict::Cleared)
}

/// Whether the account is gone in the target, and that has not been judged.
pub(crate) fn is_missing(due: Option<&Due>) -> bool {
    due.is_some_and(|due| due.change == DueChange::Recreate)
}

/// Whether the account itself waits to be disabled or deleted.
fn waits(account: Option<&Link>) -> bool {
    account
        .and_then(|link| link.due.as_ref())
        .is_some_and(|due| due.change.kind() == GuardKind::Removals && due.verdict != Verdict::Cleared)
}
