//! Members of groups, compared with those that were exported.

use std::collections::HashSet;

use model::{DriftKind, Link, LinkOrigin, ObjectType};
use scim_client::{Resource, document};
use serde_json::{Value, json};
use store::{EdgeKind, EdgesOf};
use uuid::Uuid;

use super::survey::{Sight, Survey, finding};
use crate::context::{BATCH, Context, Rule};
use crate::error::Stop;
use crate::links;
use crate::membership::member_id;

/// A group's members as the target has them and as they were exported.
struct Members {
    /// Exported, and not there.
    missing: Vec<Link>,
    /// There, and not exported: their accounts, and whose they are.
    added: Vec<(String, Option<Uuid>)>,
}

impl Context {
    /// Whether the target tells of the group's members; if so, what differs is noted.
    pub(super) async fn compare_members(
        &self,
        rule: &Rule,
        group: &Link,
        resource: &Resource,
        survey: &mut Survey,
    ) -> Result<bool, Stop> {
        let held = member_ids(resource);
        survey.shows_members |= !held.is_empty();
        if held.is_empty() && !survey.shows_members {
            let of = EdgesOf::From(group.source_id);
            let exported = self.store.edges(self.realm(), EdgeKind::ExportedMember, of, None, 1).await?;
            if !exported.others.is_empty() {
                survey.silent.push(group.source_id);
            }
            return Ok(exported.others.is_empty());
        }
        let mut members = self.difference_of_members(group, held).await?;
        // Whose account is gone is no member of anything.
        members.missing.retain(|member| !survey.gone.contains_key(&member.source_id));
        let update = rule.mapping.actions.update;
        let mut findings = Vec::new();
        for member in &members.missing {
            let found = finding(group, DriftKind::MemberMissing, update);
            findings.push((found, member.target_id.clone(), Some(member.source_name.clone())));
        }
        for (target_id, holder) in members.added {
            let ours = holder.is_some() && group.origin == LinkOrigin::Created;
            let name = match holder {
                Some(holder) => self.links(&[holder]).await?.pop().flatten().map(|link| link.source_name),
                None => None,
            };
            findings.push((finding(group, DriftKind::MemberAdded, ours && update), Some(target_id), name));
        }
        if findings.iter().any(|(finding, ..)| finding.repairable) {
            survey.members.push(group.source_id);
        }
        let findings = findings.into_iter().map(|(mut finding, target_id, name)| {
            let member = json!({"value": target_id, "display": name});
            finding.attribute = Some("members".to_owned());
            *(if finding.kind == DriftKind::MemberMissing {
                &mut finding.expected
            } else {
                &mut finding.found
            }) = member;
            finding
        });
        let findings = findings.collect();
        self.list_findings(survey, findings).await?;
        Ok(true)
    }

    async fn difference_of_members(&self, group: &Link, mut held: HashSet<String>) -> Result<Members, Stop> {
        let mut missing = Vec::new();
        let mut after = None;
        loop {
            let of = EdgesOf::From(group.source_id);
            let page = self.store.edges(self.realm(), EdgeKind::ExportedMember, of, after, BATCH).await?;
            let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
            for link in self.links(&ids).await?.into_iter().flatten() {
                if !link.target_id.as_ref().is_some_and(|id| held.remove(id)) {
                    missing.push(link);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut added = Vec::with_capacity(held.len());
        for target_id in held {
            let mut holder = None;
            for object_type in [ObjectType::User, ObjectType::Group] {
                holder = holder.or(self.holder(object_type, &target_id).await?);
            }
            added.push((target_id, holder));
        }
        added.sort_unstable();
        Ok(Members { missing, added })
    }

    /// Remembers what the target has of a group's members, so that all are compared with the directory at the end of the
    /// run: members of ours that are not in a group of ours leave it again, those of a group that was there before this job
    /// stay, and strangers are nobody's business.
    pub(super) async fn relearn_members(&self, rule: &Rule, group: Uuid) -> Result<(), Stop> {
        let _alone = self.alone().await?;
        let Some(link) = self.links(&[group]).await?.pop().flatten() else { return Ok(()) };
        if link.target_id.is_none() || link.unacknowledged.is_some() {
            return Ok(());
        }
        let Some((mut link, Ok(Sight::There(resource)))) = self.look(rule, vec![link]).await?.pop() else {
            return Ok(());
        };
        let members = self.difference_of_members(&link, member_ids(&resource)).await?;
        let mut transaction = self.transaction();
        for member in members.missing {
            transaction.remove_edge(self.member_edge(EdgeKind::ExportedMember, group, member.source_id));
        }
        if link.origin == LinkOrigin::Created {
            for holder in members.added.into_iter().filter_map(|(_, holder)| holder) {
                transaction.add_edge(self.member_edge(EdgeKind::ExportedMember, group, holder));
            }
        }
        link.referrers_due = true;
        link.target_version.clone_from(&resource.etag);
        links::put(&mut transaction, self.realm(), &link);
        self.commit(transaction).await
    }
}

fn member_ids(resource: &Resource) -> HashSet<String> {
    match document::member(&resource.attributes, "members") {
        Some(Value::Array(members)) => members.iter().filter_map(member_id).collect(),
        _ => HashSet::new(),
    }
}
