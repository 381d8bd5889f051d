//! What the target says of a group's members.

use std::collections::HashSet;

use model::{Link, LinkOrigin, ObjectType};
use scim_client::{Resource, Select, document};
use serde_json::Value;
use store::{Cursor, EdgeKind, EdgesOf};
use uuid::Uuid;

use crate::context::{BATCH, Context, Rule};
use crate::error::Stop;

impl Context {
    /// Takes over the members that a matched group has already, as far as they are members in the directory: they
    /// are not added once more. Others are left alone, as long as this job has not added them.
    pub(crate) async fn take_over_members(&self, rule: &Rule, link: &Link) -> Result<(), Stop> {
        let (group, Some(id)) = (link.source_id, &link.target_id) else { return Ok(()) };
        if link.origin != LinkOrigin::Matched {
            return Ok(());
        }
        let of = EdgesOf::From(group);
        if self.store.count_edges(self.realm(), EdgeKind::ExportedMember, of).await? > 0 {
            return Ok(());
        }
        let first = self.source.members(group, None, 1).await?;
        if first.others.is_empty() {
            return Ok(());
        }
        let read = self.unless_stopped(self.target.get(rule.kind, id, Select::Everything)).await?;
        let held = match self.heard(read) {
            Ok(resource) => held(&resource).unwrap_or_default(),
            Err(failure) => {
                tracing::info!(%group, %failure, "the members of a matched group cannot be read: all are added");
                return Ok(());
            }
        };
        let mut after = None;
        while !held.is_empty() {
            let page = self.source.members(group, after, BATCH).await?;
            let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
            let mut transaction = self.transaction();
            for account in self.accounts_of(&ids).await?.into_iter().flatten() {
                if account.target_id.is_some_and(|id| held.contains(&id)) {
                    transaction.add_edge(self.member_edge(
                        EdgeKind::ExportedMember,
                        group,
                        account.source_id,
                    ));
                }
            }
            self.commit(transaction).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Brings what is remembered of a group's members in line with what the target says, as far as it says it.
    pub(crate) async fn learn_members(&self, group: Uuid, resource: &Resource) -> Result<(), Stop> {
        let Some(mut held) = held(resource) else { return Ok(()) };
        let edge = |id: Uuid| self.member_edge(EdgeKind::ExportedMember, group, id);
        let mut transaction = self.transaction();
        let mut after: Option<Cursor> = None;
        loop {
            let of = EdgesOf::From(group);
            let page = self.store.edges(self.realm(), EdgeKind::ExportedMember, of, after, BATCH).await?;
            let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
            let accounts = self.accounts_of(&ids).await?;
            for (id, account) in ids.into_iter().zip(accounts) {
                let target_id = account.and_then(|it| it.target_id);
                if !target_id.is_some_and(|target_id| held.remove(&target_id)) {
                    transaction.remove_edge(edge(id));
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for target_id in held {
            for object_type in [ObjectType::User, ObjectType::Group] {
                if let Some(holder) = self.holder(object_type, &target_id).await? {
                    transaction.add_edge(edge(holder));
                }
            }
        }
        self.commit(transaction).await
    }
}

/// The ids of a group's members, where the target tells them.
fn held(group: &Resource) -> Option<HashSet<String>> {
    match document::member(&group.attributes, "members")? {
        Value::Array(members) => Some(members.iter().filter_map(member_id).collect()),
        _ => None,
    }
}

/// The id in an element of `members`.
pub(crate) fn member_id(member: &Value) -> Option<String> {
    match document::member(member.as_object()?, "value")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
