//! Members of groups: compared as sets, page by page, sent in batches.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;

use directory::entry_op;
use futures::{FutureExt as _, StreamExt as _};
use model::{
    Link, LinkState, ModifiedProperty, ObjectType, Outcome, ProvisioningAction, ProvisioningStatus, StepType,
};
use scim_client::{ErrorCode, Failure, document};
use serde_json::{Map, Value, json};
use store::{Cursor, EdgeKind, EdgesOf, Kind};
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{Context, Rule};
use crate::error::Stop;
use crate::leaving::{is_going, is_missing};
use crate::links;
use crate::membership::member_id;
use crate::work::{Export, Work, Write};

/// Members compared at once.
const PAGE: usize = 1_000;

/// Members removed in one request: each is an operation of its own.
const REMOVALS: usize = 100;

/// Groups whose members are brought in line one after another, and so many of them side by side.
const GROUPS: usize = 128;
const GROUPS_AT_ONCE: usize = 32;

/// Names of members in one log entry.
const NAMED: usize = 100;

/// What is to change in a group, and what has been.
struct Edit {
    link: Link,
    /// Whether members leave only when the guard has let them.
    guarded: bool,
    add: Vec<(Uuid, String)>,
    remove: Vec<(Uuid, String)>,
    added: u64,
    removed: u64,
    names: Vec<ModifiedProperty>,
    /// Whether the link says that requests are under way.
    noted: bool,
    /// Members in one request while the target is felt out; `None`: as many as usual.
    size: Option<usize>,
    /// How many members the target did not take, and what it said first.
    refused: Option<(u64, Failure)>,
}

impl Edit {
    fn new(link: Link, guarded: bool) -> Self {
        Self {
            link,
            guarded,
            add: Vec::new(),
            remove: Vec::new(),
            added: 0,
            removed: 0,
            names: Vec::new(),
            noted: false,
            size: None,
            refused: None,
        }
    }

    fn gather(&mut self, id: Uuid, target_id: String, name: &str, wanted: bool) {
        let list = if wanted { &mut self.add } else { &mut self.remove };
        list.push((id, target_id));
        if self.names.len() < NAMED {
            let name = Some(Value::from(name));
            let (old_value, new_value) = if wanted { (None, name) } else { (name, None) };
            self.names.push(ModifiedProperty { display_name: "members".to_owned(), old_value, new_value });
        }
    }
}

/// What has become of a group's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    /// It is there.
    There,
    /// It is gone in the target; its link has been dropped.
    Gone,
}

impl Context {
    /// Brings all members of these groups in line, if they are in the target.
    pub async fn sync_groups(&self, groups: &[Uuid]) -> Result<(), Stop> {
        self.sync_members(groups.iter().map(|group| (*group, None)).collect(), true).await
    }

    /// Brings all members of a group in line for somebody who has judged that.
    pub async fn sync_group_on_demand(&self, group: Uuid) -> Result<(), Stop> {
        self.sync_members(vec![(group, None)], false).await
    }

    /// Brings these members of these groups in line.
    pub async fn sync_pairs(&self, pairs: BTreeMap<Uuid, Vec<Uuid>>) -> Result<(), Stop> {
        self.sync_members(pairs.into_iter().map(|(group, members)| (group, Some(members))).collect(), true)
            .await
    }

    /// Some groups at a time, of each all members or these. Groups that are gone in the target are matched or created
    /// again, once, and get all their members.
    async fn sync_members(&self, groups: Vec<(Uuid, Option<Vec<Uuid>>)>, guarded: bool) -> Result<(), Stop> {
        let Some(rule) = self.groups.as_ref().filter(|rule| rule.mapping.maps_members()) else {
            return Ok(());
        };
        for groups in groups.chunks(GROUPS) {
            let whole = groups.iter().filter(|(_, only)| only.is_none());
            self.sync_parents(&whole.map(|(group, _)| *group).collect::<Vec<_>>()).await?;
            let gone = self.sync_some(rule, groups, guarded).await?;
            if !gone.is_empty() {
                self.process_ids(ObjectType::Group, &gone, Mode::default()).await?;
                self.sync_parents(&gone).await?;
                let again: Vec<_> = gone.into_iter().map(|group| (group, None)).collect();
                self.sync_some(rule, &again, guarded).await?;
            }
        }
        Ok(())
    }

    /// Groups side by side; those that are gone in the target. All come to an end, however one of them does.
    async fn sync_some(
        &self,
        rule: &Rule,
        groups: &[(Uuid, Option<Vec<Uuid>>)],
        guarded: bool,
    ) -> Result<Vec<Uuid>, Stop> {
        self.check()?;
        let _alone = self.alone().await?;
        let each = groups.iter().map(|(group, only)| {
            let end = self.sync_group(rule, *group, only.as_deref(), guarded);
            end.map(|end| (*group, end)).boxed()
        });
        let ends: Vec<(Uuid, Result<Account, Stop>)> =
            futures::stream::iter(each.collect::<Vec<_>>()).buffer_unordered(GROUPS_AT_ONCE).collect().await;
        let mut gone = Vec::new();
        for (group, end) in ends {
            if end? == Account::Gone {
                gone.push(group);
            }
        }
        Ok(gone)
    }

    async fn sync_group(
        &self,
        rule: &Rule,
        group: Uuid,
        only: Option<&[Uuid]>,
        guarded: bool,
    ) -> Result<Account, Stop> {
        let Some(stored) = self.store.get(self.realm(), Kind::Link, group).await? else {
            return Ok(Account::There);
        };
        let link = links::decode(&stored)?;
        // What came of an earlier request is found out at the end of the cycle; all members are compared then.
        if link.state != LinkState::Active || link.unacknowledged.is_some() {
            return Ok(Account::There);
        }
        let Some(target_id) = link.target_id.clone() else { return Ok(Account::There) };
        let mut edit = Edit::new(link, guarded);
        let result = if let Some(members) = only {
            self.edit_some(rule, group, &target_id, members, &mut edit).await?
        } else {
            self.take_over_members(rule, &edit.link).await?;
            self.edit_all(rule, group, &target_id, &mut edit).await?
        };
        self.finish_group(rule, only.is_none(), edit, result).await
    }

    async fn edit_some(
        &self,
        rule: &Rule,
        group: Uuid,
        target_id: &str,
        members: &[Uuid],
        edit: &mut Edit,
    ) -> Result<Result<(), Failure>, Stop> {
        for ids in members.chunks(PAGE) {
            let wanted = self.source.has_members(group, ids).await?;
            let exported = self.store.has_edges(self.realm(), EdgeKind::ExportedMember, group, ids).await?;
            self.compare(edit, ids, &wanted, &exported).await?;
            if let Err(failure) = self.send_members(rule, group, target_id, edit).await? {
                return Ok(Err(failure));
            }
        }
        Ok(Ok(()))
    }

    async fn edit_all(
        &self,
        rule: &Rule,
        group: Uuid,
        target_id: &str,
        edit: &mut Edit,
    ) -> Result<Result<(), Failure>, Stop> {
        // First those who were exported and are no longer members: in a group that is new there is nobody.
        let mut after: Option<Cursor> = None;
        loop {
            let of = EdgesOf::From(group);
            let page = self.store.edges(self.realm(), EdgeKind::ExportedMember, of, after, PAGE).await?;
            let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
            let wanted = self.source.has_members(group, &ids).await?;
            let gone: Vec<Uuid> =
                ids.iter().zip(wanted).filter(|(_, wanted)| !wanted).map(|(id, _)| *id).collect();
            let (wanted, exported) = (vec![false; gone.len()], vec![true; gone.len()]);
            self.compare(edit, &gone, &wanted, &exported).await?;
            if let Err(failure) = self.send_members(rule, group, target_id, edit).await? {
                return Ok(Err(failure));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut after = None;
        loop {
            let page = self.source.members(group, after, PAGE).await?;
            let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
            let exported = self.store.has_edges(self.realm(), EdgeKind::ExportedMember, group, &ids).await?;
            self.compare(edit, &ids, &vec![true; ids.len()], &exported).await?;
            if let Err(failure) = self.send_members(rule, group, target_id, edit).await? {
                return Ok(Err(failure));
            }
            after = page.next;
            if after.is_none() {
                return Ok(Ok(()));
            }
        }
    }

    /// Gathers which of these objects have to come or to go. A member is wanted in the target while its account is
    /// active; one whose account is left as it is stays.
    async fn compare(
        &self,
        edit: &mut Edit,
        ids: &[Uuid],
        members: &[bool],
        exported: &[bool],
    ) -> Result<(), Stop> {
        let accounts = self.accounts_of(ids).await?;
        let mut leaving = Vec::new();
        for ((account, member), exported) in accounts.into_iter().zip(members).zip(exported) {
            let Some(account) = account else { continue };
            let wanted = *member
                && match account.state {
                    // Gone in the target: it comes when it is there again.
                    LinkState::Active if is_missing(account.due.as_ref()) => *exported,
                    LinkState::Active => !is_going(account.due.as_ref()),
                    // Left as it is.
                    LinkState::Released => *exported,
                    LinkState::Pending | LinkState::Disabled => false,
                };
            match &account.target_id {
                Some(target_id) if wanted && !exported => {
                    edit.gather(account.source_id, target_id.clone(), &account.source_name, true);
                }
                Some(_) if !wanted && *exported => leaving.push(account),
                _ => {}
            }
        }
        let may = if edit.guarded && !leaving.is_empty() {
            let before = edit.link.members_due;
            let may = self.may_leave(&mut edit.link, &leaving).await?;
            // The link was written without the note, which nothing on the wire needs now.
            edit.noted &= edit.link.members_due == before;
            may
        } else {
            vec![true; leaving.len()]
        };
        for (account, _) in leaving.into_iter().zip(may).filter(|(_, may)| *may) {
            let links::Account { source_id, source_name, target_id, .. } = account;
            edit.gather(source_id, target_id.unwrap_or_default(), &source_name, false);
        }
        Ok(())
    }

    /// Sends what has gathered, and writes down what the target has acknowledged.
    async fn send_members(
        &self,
        rule: &Rule,
        group: Uuid,
        target_id: &str,
        edit: &mut Edit,
    ) -> Result<Result<(), Failure>, Stop> {
        while !edit.add.is_empty() || !edit.remove.is_empty() {
            self.check()?;
            self.note_members(edit).await?;
            let adds = !edit.add.is_empty();
            let usual = self.members_at_once.load(Ordering::Relaxed);
            let most = edit.size.unwrap_or(usual).min(if adds { usize::MAX } else { REMOVALS });
            let list = if adds { &mut edit.add } else { &mut edit.remove };
            let count = most.min(list.len());
            let part = list[list.len() - count..].to_vec();
            match self.unless_stopped(self.patch_members(rule, target_id, &part, adds)).await? {
                Ok(version) => edit.link.target_version = version,
                // That says nothing about the members: where everything is answered so, nobody has left.
                Err(failure) if failure.is_gone() && !self.type_is_served(rule).await => {
                    return Ok(Err(self.blamed(rule, failure).await));
                }
                Err(failure) if !concerns_members(&failure) || self.is_gone(rule, &edit.link).await => {
                    return Ok(Err(failure));
                }
                Err(_) if count > 1 => {
                    edit.size = Some(count / 2);
                    continue;
                }
                // Nothing to remove: as it should be.
                Err(failure) if !adds && is_not_there(&failure) => {}
                Err(failure) => {
                    list.truncate(list.len() - 1);
                    edit.size = None;
                    let count = edit.refused.as_ref().map_or(0, |(count, _)| *count);
                    let first = edit.refused.take().map_or(failure, |(_, first)| first);
                    edit.refused = Some((count + 1, first));
                    continue;
                }
            }
            list.truncate(list.len() - count);
            let mut transaction = self.transaction();
            for (id, _) in &part {
                let edge = self.member_edge(EdgeKind::ExportedMember, group, *id);
                if adds {
                    transaction.add_edge(edge);
                } else {
                    transaction.remove_edge(edge);
                }
            }
            self.commit(transaction).await?;
            *(if adds { &mut edit.added } else { &mut edit.removed }) += count as u64;
        }
        Ok(Ok(()))
    }

    /// Notes that requests about the members are about to be sent: whoever finds the note asks the target.
    async fn note_members(&self, edit: &mut Edit) -> Result<(), Stop> {
        if edit.noted {
            return Ok(());
        }
        edit.noted = true;
        let noted = Link { unacknowledged: Some(self.clock.now()), ..edit.link.clone() };
        self.put_alone(&noted).await
    }

    async fn patch_members(
        &self,
        rule: &Rule,
        target_id: &str,
        part: &[(Uuid, String)],
        adds: bool,
    ) -> Result<Option<String>, Failure> {
        let ids = || part.iter().map(|(_, id)| id.as_str());
        let operations =
            if adds { self.target.add_members(ids()) } else { self.target.remove_members(ids()) };
        let merge = |resource: &mut Map<String, Value>| {
            let mut members: Vec<Value> = match document::member(resource, "members") {
                Some(Value::Array(members)) => members.clone(),
                _ => Vec::new(),
            };
            let touched: HashSet<&str> = ids().collect();
            members.retain(|member| !member_id(member).is_some_and(|id| touched.contains(id.as_str())));
            if adds {
                members.extend(ids().map(|id| json!({"value": id})));
            }
            resource.insert("members".to_owned(), Value::Array(members));
            Ok(())
        };
        // Whoever else changes the members, these come or go: no version matters.
        self.change(rule, target_id, &operations, None, merge).await
    }

    async fn finish_group(
        &self,
        rule: &Rule,
        whole: bool,
        edit: Edit,
        result: Result<(), Failure>,
    ) -> Result<Account, Stop> {
        let Edit { link, guarded, added, removed, names, noted, size, refused, .. } = edit;
        let (due, group) = (link.referrers_due, link.source_id);
        let mut work = Work::bare(link);
        work.modified = names;
        if noted {
            work.write = Write::Put;
        }
        if added + removed > 0 {
            let text = format!("{added} members added, {removed} removed");
            work.step(StepType::Export, ProvisioningStatus::Success, text, json!({}));
            work.succeed(ProvisioningAction::Update, Outcome::Updated);
        }
        let failed_references = refused.as_ref().filter(|_| result.is_ok()).map(|(count, _)| *count);
        let result = match (result, refused) {
            (Ok(()), Some((count, failure))) => {
                let reason =
                    format!("{count} members were not taken; of one the target says: {}", failure.reason);
                Err(Failure { reason: reason.into(), ..failure })
            }
            (result, _) => {
                if let (Ok(()), Some(size)) = (&result, size) {
                    self.members_at_once.store(size, Ordering::Relaxed);
                }
                result
            }
        };
        let mut account = Account::There;
        match result {
            Ok(()) => {
                if whole && due {
                    work.link.referrers_due = false;
                    work.write = Write::Put;
                }
            }
            Err(failure) if self.is_fatal(&failure) => return Err(Stop::Target(failure)),
            Err(failure) if failure.outcome_unknown => {
                tracing::warn!(%group, %failure, "a request of unknown outcome is settled at the end of the cycle");
                work.link.unacknowledged = Some(self.clock.now());
            }
            Err(failure) if failure.is_gone() && self.is_gone(rule, &work.link).await => {
                tracing::warn!(%group, "the group is gone in the target; it is matched again");
                work.by_hand = !guarded;
                work.account_gone(false, self.clock.now());
                if work.gone {
                    account = Account::Gone;
                }
                work.log = false;
            }
            Err(failure) => {
                // All members are compared again when the group is tried again.
                work.link.referrers_due = true;
                work.not_taken(self, ProvisioningAction::Update, &failure);
                if let (Some(count), Some(escrow)) = (failed_references, &mut work.link.escrow) {
                    escrow.references = Some(count);
                    self.tally.references_failed(count);
                }
            }
        }
        let mut transaction = self.transaction();
        if account == Account::Gone {
            self.forget_memberships(&mut transaction, ObjectType::Group, group).await?;
        }
        if work.write == Write::Put {
            self.put_link(&mut transaction, &mut work.link, work.outcome);
        }
        if work.log {
            transaction.ops.push(entry_op(&work.entry(self)));
        }
        self.commit(transaction).await?;
        self.tally.record(work.outcome.map(|outcome| (group, outcome)));
        Ok(account)
    }

    /// Takes accounts that are about to be deleted out of their groups: not every target does so itself. That is part
    /// of the deletion, and judged with it; a group that does not let go of its member keeps no deletion back.
    pub(crate) async fn leave_groups(&self, works: &mut [Work]) -> Result<(), Stop> {
        let Some(rule) = self.groups.as_ref().filter(|rule| rule.mapping.maps_members()) else {
            return Ok(());
        };
        let mut leaving: BTreeMap<Uuid, Vec<(Uuid, String, String)>> = BTreeMap::new();
        let mut intents = self.transaction();
        for work in works.iter_mut().filter(|work| matches!(work.export, Export::Delete)) {
            let groups = self.groups_in_target(work.id).await?;
            if !groups.is_empty() {
                // Should it stay after all, it comes back to them.
                for link in [Some(&mut work.link), work.stored.as_mut()].into_iter().flatten() {
                    link.referrers_due = true;
                }
                links::put(&mut intents, self.realm(), &work.link);
            }
            for group in groups {
                let target_id = work.link.target_id.clone().unwrap_or_default();
                leaving.entry(group).or_default().push((work.id, target_id, work.name()));
            }
        }
        self.commit(intents).await?;
        let ids: Vec<Uuid> = leaving.keys().copied().collect();
        for link in self.links(&ids).await?.into_iter().flatten() {
            let usable = link.state == LinkState::Active && link.unacknowledged.is_none();
            let Some(target_id) = link.target_id.clone().filter(|_| usable && !is_going(link.due.as_ref()))
            else {
                continue;
            };
            let group = link.source_id;
            let mut edit = Edit::new(link, false);
            for (id, target_id, name) in leaving.remove(&group).into_iter().flatten() {
                edit.gather(id, target_id, &name, false);
            }
            let result = match self.send_members(rule, group, &target_id, &mut edit).await? {
                // With the group, the membership is gone. What becomes of the group is for whoever comes for it.
                Err(failure) if failure.is_gone() => Ok(()),
                result => result,
            };
            self.finish_group(rule, false, edit, result).await?;
        }
        Ok(())
    }
}

/// Whether a refusal may be about the members in a request, or about how many there are.
fn concerns_members(failure: &Failure) -> bool {
    !failure.outcome_unknown
        && matches!(
            failure.code,
            ErrorCode::PayloadTooLarge
                | ErrorCode::UnprocessableEntity
                | ErrorCode::SchemaAttributeNotFound
                | ErrorCode::MissingValues
                | ErrorCode::InvalidAnchor
        )
}

/// Whether the target says that what is to be removed is not there.
fn is_not_there(failure: &Failure) -> bool {
    failure.is_gone() || failure.scim_type.as_deref() == Some("noTarget")
}
