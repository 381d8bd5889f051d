//! Members of groups: compared as sets, page by page, sent in batches.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use directory::entry_op;
use model::{
    Link, LinkState, ModifiedProperty, ObjectType, ProvisioningAction, ProvisioningStatus, StepType,
};
use scim_client::{ErrorCode, Failure, ResourceKind, Select, difference, document};
use serde_json::{Value, json};
use store::{Cursor, Edge, EdgeKind, EdgesOf, KeyName, Kind, Op, Transaction};
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{Context, Rule};
use crate::error::{Stop, is_fatal};
use crate::links::{self, Due};
use crate::tally::Outcome;
use crate::work::Work;

/// Members compared at once.
const PAGE: usize = 1_000;

/// Members removed in one request: each is an operation of its own.
const REMOVALS: usize = 100;

/// Names of members in one log entry.
const NAMED: usize = 100;

/// What is to change in a group, and what has been.
#[derive(Default)]
struct Edit {
    add: Vec<(Uuid, String)>,
    remove: Vec<(Uuid, String)>,
    added: u64,
    removed: u64,
    names: Vec<ModifiedProperty>,
}

impl Context {
    /// Brings all members of these groups in line, if they are in the target.
    pub async fn sync_groups(&self, groups: &[Uuid]) -> Result<(), Stop> {
        let Some(rule) = self.groups.as_ref().filter(|rule| rule.mapping.maps_members()) else {
            return Ok(());
        };
        for group in groups {
            self.check()?;
            let _alone = self.gate.lock().await;
            self.sync_group(rule, *group, None).await?;
        }
        Ok(())
    }

    /// Brings these members of these groups in line.
    pub async fn sync_pairs(&self, pairs: HashMap<Uuid, Vec<Uuid>>) -> Result<(), Stop> {
        let Some(rule) = self.groups.as_ref().filter(|rule| rule.mapping.maps_members()) else {
            return Ok(());
        };
        for (group, members) in pairs {
            self.check()?;
            let _alone = self.gate.lock().await;
            self.sync_group(rule, group, Some(&members)).await?;
        }
        Ok(())
    }

    async fn sync_group(&self, rule: &Rule, group: Uuid, only: Option<&[Uuid]>) -> Result<(), Stop> {
        let Some(stored) = self.store.get(self.realm(), Kind::Link, group).await? else { return Ok(()) };
        let link = links::decode(&stored)?;
        let Some(target_id) = link.target_id.clone().filter(|_| link.state == LinkState::Active) else {
            return Ok(());
        };
        let mut edit = Edit::default();
        let result = match only {
            Some(members) => self.edit_some(rule, group, &target_id, members, &mut edit).await?,
            None => self.edit_all(rule, group, &target_id, &mut edit).await?,
        };
        self.finish_group(rule, link, only.is_none(), edit, result).await
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
            let accounts = self.store.get_many(self.realm(), Kind::Link, ids).await?;
            for (((id, wanted), exported), account) in ids.iter().zip(wanted).zip(exported).zip(accounts) {
                let Some(account) = account else { continue };
                Self::compare(edit, *id, wanted, exported, &links::decode(&account)?);
            }
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
        let mut after = None;
        loop {
            let page = self.source.members(group, after, PAGE).await?;
            let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
            let exported = self.store.has_edges(self.realm(), EdgeKind::ExportedMember, group, &ids).await?;
            let accounts = self.store.get_many(self.realm(), Kind::Link, &ids).await?;
            for ((id, exported), account) in ids.iter().zip(exported).zip(accounts) {
                let Some(account) = account else { continue };
                Self::compare(edit, *id, true, exported, &links::decode(&account)?);
            }
            if let Err(failure) = self.send_members(rule, group, target_id, edit).await? {
                return Ok(Err(failure));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        // Those who were exported and are no longer members.
        let mut after: Option<Cursor> = None;
        loop {
            let of = EdgesOf::From(group);
            let page = self.store.edges(self.realm(), EdgeKind::ExportedMember, of, after, PAGE).await?;
            let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
            let wanted = self.source.has_members(group, &ids).await?;
            let gone: Vec<Uuid> =
                ids.iter().zip(wanted).filter(|(_, wanted)| !wanted).map(|(id, _)| *id).collect();
            let accounts = self.store.get_many(self.realm(), Kind::Link, &gone).await?;
            for (id, account) in gone.iter().zip(accounts) {
                let Some(account) = account else { continue };
                Self::compare(edit, *id, false, true, &links::decode(&account)?);
            }
            if let Err(failure) = self.send_members(rule, group, target_id, edit).await? {
                return Ok(Err(failure));
            }
            after = page.next;
            if after.is_none() {
                return Ok(Ok(()));
            }
        }
    }

    /// A member is wanted in the target while its account is active.
    fn compare(edit: &mut Edit, id: Uuid, member: bool, exported: bool, account: &Link) {
        let Some(target_id) = &account.target_id else { return };
        let wanted = member && account.state == LinkState::Active;
        if wanted == exported {
            return;
        }
        let list = if wanted { &mut edit.add } else { &mut edit.remove };
        list.push((id, target_id.clone()));
        if edit.names.len() < NAMED {
            let name = Some(Value::from(account.source_name.as_str()));
            let (old_value, new_value) = if wanted { (None, name) } else { (name, None) };
            edit.names.push(ModifiedProperty { display_name: "members".to_owned(), old_value, new_value });
        }
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
            let adds = !edit.add.is_empty();
            let most =
                self.members_at_once.load(Ordering::Relaxed).min(if adds { usize::MAX } else { REMOVALS });
            let list = if adds { &mut edit.add } else { &mut edit.remove };
            let count = most.min(list.len());
            let part = list[list.len() - count..].to_vec();
            match self.patch_members(rule, target_id, &part, adds).await {
                Ok(()) => {}
                Err(failure)
                    if count > 1
                        && matches!(
                            failure.code,
                            ErrorCode::PayloadTooLarge | ErrorCode::UnprocessableEntity
                        ) =>
                {
                    self.members_at_once.store(count / 2, Ordering::Relaxed);
                    continue;
                }
                Err(failure) => return Ok(Err(failure)),
            }
            list.truncate(list.len() - count);
            let mut transaction = self.transaction();
            for (id, _) in &part {
                let edge = Edge {
                    realm: self.realm(),
                    kind: EdgeKind::ExportedMember,
                    from: (Kind::Link, group),
                    to: (Kind::Link, *id),
                };
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

    async fn patch_members(
        &self,
        rule: &Rule,
        target_id: &str,
        part: &[(Uuid, String)],
        adds: bool,
    ) -> Result<(), Failure> {
        let ids = part.iter().map(|(_, id)| id.as_str());
        if self.capabilities.patch {
            let operations =
                if adds { vec![difference::add_members(ids)] } else { difference::remove_members(ids) };
            return self.target.patch(rule.kind, target_id, &operations, None).await.map(|_| ());
        }
        let mut resource = self.target.get(ResourceKind::Groups, target_id, Select::Everything).await?;
        let mut members: Vec<Value> = match document::member(&resource.attributes, "members") {
            Some(Value::Array(members)) => members.clone(),
            _ => Vec::new(),
        };
        let touched: std::collections::HashSet<&str> = ids.collect();
        members.retain(|member| !member["value"].as_str().is_some_and(|id| touched.contains(id)));
        if adds {
            members.extend(touched.iter().map(|id| json!({"value": id})));
        }
        resource.attributes.insert("members".to_owned(), Value::Array(members));
        self.target.replace(rule.kind, target_id, &resource.attributes, None).await.map(|_| ())
    }

    async fn finish_group(
        &self,
        rule: &Rule,
        link: Link,
        whole: bool,
        edit: Edit,
        result: Result<(), Failure>,
    ) -> Result<(), Stop> {
        let due = link.referrers_due;
        let group = link.source_id;
        let mut work = Work::bare(link);
        work.modified = edit.names;
        if edit.added + edit.removed > 0 {
            let text = format!("{} members added, {} removed", edit.added, edit.removed);
            work.step(StepType::Export, ProvisioningStatus::Success, text, json!({}));
            work.succeed(ProvisioningAction::Update, Outcome::Updated);
        }
        if whole && due && result.is_ok() {
            work.link.referrers_due = false;
            work.write = crate::work::Write::Put;
        }
        if let Err(failure) = result {
            if is_fatal(&failure) {
                return Err(Stop::Target(failure));
            }
            // All members are compared again when the group is tried again.
            work.link.referrers_due = true;
            if failure.is_gone() && self.type_is_served(rule).await {
                work.gone = true;
                work.link.target_id = None;
                work.link.state = LinkState::Pending;
                work.link.shadow.clear();
            }
            work.refused(self, ProvisioningAction::Update, failure);
        }
        let mut transaction = self.transaction();
        if work.gone {
            self.forget_memberships(&mut transaction, ObjectType::Group, group).await?;
        }
        if work.write == crate::work::Write::Put {
            links::put(&mut transaction, self.realm(), &work.link);
        }
        if work.log {
            transaction.ops.push(entry_op(&work.entry(self)));
        }
        self.commit(transaction).await?;
        self.tally.record(work.outcome.map(|outcome| (group, outcome)));
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
            let from = (Kind::Link, id);
            transaction.ops.push(Op::ClearEdges { realm, edge: EdgeKind::ExportedMember, from });
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

    /// Looks again at whatever refers to objects whose accounts came, left or went.
    pub async fn references(&self) -> Result<(), Stop> {
        let mut due = Due::exactly(KeyName::ReferencesDue, links::MANAGER_DUE);
        while let Some(links) = self.next_due(&mut due).await? {
            self.process_ids(ObjectType::User, &sources(&links), Mode::default()).await?;
        }
        let mut due = Due::exactly(KeyName::ReferencesDue, links::USER_REFERRERS_DUE);
        while let Some(links) = self.next_due(&mut due).await? {
            self.referrers(&links).await?;
        }
        let mut due = Due::exactly(KeyName::ReferencesDue, links::GROUP_MEMBERS_DUE);
        while let Some(links) = self.next_due(&mut due).await? {
            self.sync_groups(&sources(&links)).await?;
        }
        Ok(())
    }

    async fn referrers(&self, due: &[Link]) -> Result<(), Stop> {
        let mut pairs: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for link in due {
            self.check()?;
            let id = link.source_id;
            if self.users.as_ref().is_some_and(|rule| rule.mapping.manager_path().is_some()) {
                let mut after = None;
                loop {
                    let page = self.source.reports(id, after, PAGE).await?;
                    let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
                    let stored = self.store.get_many(self.realm(), Kind::Link, &ids).await?;
                    let linked: Vec<Uuid> = stored.iter().flatten().map(|link| link.id).collect();
                    self.process_ids(ObjectType::User, &linked, Mode::default()).await?;
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
            }
            let mut groups = self.source.groups_of(id).await?;
            let page =
                self.store.edges(self.realm(), EdgeKind::ExportedMember, EdgesOf::To(id), None, PAGE).await?;
            groups.extend(page.others.into_iter().map(|(_, group)| group));
            groups.sort_unstable();
            groups.dedup();
            for group in groups {
                pairs.entry(group).or_default().push(id);
            }
        }
        self.sync_pairs(pairs).await?;
        let ids = sources(due);
        let _alone = self.gate.lock().await;
        let mut transaction = self.transaction();
        for stored in self.store.get_many(self.realm(), Kind::Link, &ids).await?.iter().flatten() {
            let mut link = links::decode(stored)?;
            if link.state != LinkState::Pending {
                link.referrers_due = false;
                links::put(&mut transaction, self.realm(), &link);
            }
        }
        self.commit(transaction).await
    }
}

fn sources(links: &[Link]) -> Vec<Uuid> {
    links.iter().map(|link| link.source_id).collect()
}
