//! Reads the target and finds what differs; changes nothing.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use engine::Drifted;
use futures::StreamExt as _;
use model::{
    DriftCounts, DriftFinding, DriftKind, ErrorInformation, Link, LinkState, ObjectType, Outcome, Shadow,
};
use scim_client::{Failure, PageToken, Resource, Select, document};
use serde_json::Value;
use uuid::Uuid;

use crate::context::{CONCURRENCY, Context, Rule};
use crate::error::{Stop, information, of_the_endpoint};
use crate::links::Pass;

/// Objects with their types.
pub(super) type Objects = BTreeMap<Uuid, ObjectType>;

/// What a comparison has found so far.
#[derive(Default)]
pub(super) struct Survey {
    pub found: DriftCounts,
    pub compared: u64,
    pub repairable: u64,
    pub listed: u64,
    pub unread: u64,
    /// Why the first account that could not be read was not.
    pub error: Option<ErrorInformation>,
    pub not_listed: Vec<ObjectType>,
    /// What a repair would have to put right: accounts with other values, accounts that are gone, groups with other members.
    pub changed: Objects,
    pub gone: Objects,
    pub members: Vec<Uuid>,
    /// Groups that have lost all their members, or of which the target does not show any.
    pub silent: Vec<Uuid>,
    /// Whether the target has shown members of a group.
    pub shows_members: bool,
    /// Whether the repair as a whole was held back.
    pub refused: bool,
}

/// What has become of an account.
pub(super) enum Sight {
    /// It is there.
    There(Resource),
    /// It is gone, and others of its type are not.
    Gone,
}

/// Whether it is known what the account is meant to hold: what came of a lost answer, the next cycle finds out.
fn is_comparable(link: &Link) -> bool {
    link.target_id.is_some() && link.unacknowledged.is_none()
}

impl Context {
    /// Compares all accounts of one type. What a list shows to be in line is; everything else is read once more by itself,
    /// while nobody else works on the job.
    pub(super) async fn survey(
        &self,
        rule: &Rule,
        object_type: ObjectType,
        survey: &mut Survey,
    ) -> Result<(), Stop> {
        // A list does not tell of members.
        let by_list = !rule.mapping.maps_members();
        let in_line = self.read_list(rule, object_type, by_list, survey).await?;
        let mut all = Pass::whole();
        while let Some(links) = self.next_links(&mut all).await? {
            let open = links.into_iter().filter(|link| {
                link.object_type == object_type && is_comparable(link) && !in_line.contains(&link.source_id)
            });
            let open: Vec<Uuid> = open.map(|link| link.source_id).collect();
            // A group may have very many members: one at a time.
            for ids in open.chunks(if by_list { CONCURRENCY } else { 1 }) {
                self.check()?;
                self.inspect(rule, ids, false, survey).await?;
            }
        }
        // A target that has shown members of any group would have shown these.
        for group in std::mem::take(&mut survey.silent) {
            self.check()?;
            self.inspect(rule, &[group], true, survey).await?;
        }
        Ok(())
    }

    /// Reads all accounts of a type by pages: those that are in line, and those that are nobody's. Where the target does
    /// not list them, none is known to be in line.
    async fn read_list(
        &self,
        rule: &Rule,
        object_type: ObjectType,
        compare: bool,
        survey: &mut Survey,
    ) -> Result<HashSet<Uuid>, Stop> {
        let (mut in_line, mut strangers, hasher) = (HashSet::new(), HashSet::new(), RandomState::new());
        let mut token = PageToken::first();
        loop {
            self.check()?;
            let listed = self.unless_stopped(self.target.list(rule.kind, Select::Usual, token)).await?;
            let page = match self.heard(listed) {
                Ok(page) => page,
                // Without a list of the type, a 404 says nothing about an account.
                Err(failure) if failure.is_gone() => return Err(Stop::Target(of_the_endpoint(failure))),
                Err(failure) if self.is_fatal(&failure) => return Err(Stop::Target(failure)),
                Err(failure) => {
                    tracing::info!(kind = ?rule.kind, %failure, "accounts are read one by one: the target cannot be listed");
                    survey.not_listed.push(object_type);
                    return Ok(in_line);
                }
            };
            let mut findings = Vec::new();
            {
                // An account that is created right now has its link when that is done.
                let _alone = self.alone().await?;
                let mut known = Vec::new();
                for resource in page.resources {
                    match self.holder(object_type, &resource.id).await? {
                        Some(holder) => known.push((holder, resource)),
                        None if strangers.insert(hasher.hash_one(&resource.id)) => {
                            findings.push(stranger(object_type, &resource));
                        }
                        None => {}
                    }
                }
                if compare {
                    let ids: Vec<Uuid> = known.iter().map(|(holder, _)| *holder).collect();
                    let links = self.links(&ids).await?.into_iter();
                    for (link, (_, resource)) in links.zip(&known).filter_map(|(link, it)| Some((link?, it)))
                    {
                        let found = held(rule, &link, resource);
                        if is_comparable(&link) && rule.mapping.drift(&link, &found).is_empty() {
                            in_line.insert(link.source_id);
                        }
                    }
                    survey.compared += ids.iter().filter(|id| in_line.contains(*id)).count() as u64;
                }
                self.tally.record(
                    known
                        .iter()
                        .filter(|(id, _)| in_line.contains(id))
                        .map(|(id, _)| (*id, Outcome::Unchanged)),
                );
            }
            self.list_findings(survey, findings).await?;
            match page.next {
                Some(next) => token = next,
                None => return Ok(in_line),
            }
        }
    }

    /// Reads accounts one by one and compares them. Groups that show no members wait for the last look, when it is known
    /// whether others show theirs.
    async fn inspect(&self, rule: &Rule, ids: &[Uuid], last: bool, survey: &mut Survey) -> Result<(), Stop> {
        let _alone = self.alone().await?;
        let links: Vec<Link> = self.links(ids).await?.into_iter().flatten().filter(is_comparable).collect();
        for (link, sight) in self.look(rule, links).await? {
            let resource = match sight {
                Ok(Sight::There(resource)) => resource,
                Ok(Sight::Gone) => {
                    survey.compared += 1;
                    survey.gone.insert(link.source_id, link.object_type);
                    // Whoever has left keeps the link alone, without an account.
                    let repairable = link.state != LinkState::Active || rule.mapping.actions.create;
                    let finding = finding(&link, DriftKind::AccountGone, repairable);
                    self.list_findings(survey, vec![finding]).await?;
                    continue;
                }
                Err(failure) if self.is_fatal(&failure) => return Err(Stop::Target(failure)),
                Err(failure) => {
                    tracing::warn!(object = %link.source_id, %failure, "an account could not be read");
                    survey.unread += 1;
                    survey.error.get_or_insert_with(|| information(&failure));
                    self.tally.record([(link.source_id, Outcome::Failed)]);
                    continue;
                }
            };
            if rule.mapping.maps_members() && link.state == LinkState::Active {
                let told = self.compare_members(rule, &link, &resource, survey).await?;
                if !told && !last {
                    continue;
                }
            }
            let drifted = rule.mapping.drift(&link, &held(rule, &link, &resource));
            let findings = drifted.iter().map(|drifted| changed(rule, &link, drifted)).collect();
            if !drifted.is_empty() && rule.mapping.actions.update {
                survey.changed.insert(link.source_id, link.object_type);
            }
            self.list_findings(survey, findings).await?;
            survey.compared += 1;
            self.tally.record([(link.source_id, Outcome::Unchanged)]);
        }
        Ok(())
    }

    /// Reads the accounts of links. One that is not there counts as gone only while a list of its type succeeds.
    pub(super) async fn look(
        &self,
        rule: &Rule,
        links: Vec<Link>,
    ) -> Result<Vec<(Link, Result<Sight, Failure>)>, Stop> {
        let select = if rule.mapping.maps_members() { Select::Everything } else { Select::Usual };
        let read = links.into_iter().map(async |link| {
            let id = link.target_id.as_deref().unwrap_or_default();
            let read = self.heard(self.target.get(rule.kind, id, select).await);
            (link, read)
        });
        let read = futures::stream::iter(read).buffered(CONCURRENCY);
        let read: Vec<(Link, Result<Resource, Failure>)> = self.unless_stopped(read.collect()).await?;
        let missing = |(_, read): &(_, Result<_, Failure>)| read.as_ref().is_err_and(Failure::is_gone);
        let served = read.iter().any(missing) && self.type_is_served(rule).await;
        let mut seen = Vec::with_capacity(read.len());
        for (link, read) in read {
            let sight = match read {
                Ok(resource) => Ok(Sight::There(resource)),
                Err(failure) if failure.is_gone() && served => Ok(Sight::Gone),
                Err(failure) => Err(self.blamed(rule, failure).await),
            };
            seen.push((link, sight));
        }
        Ok(seen)
    }
}

/// What an account holds of what its link remembers.
pub(super) fn held(rule: &Rule, link: &Link, resource: &Resource) -> Shadow {
    rule.read(resource, link.shadow.keys().map(String::as_str))
}

/// A difference of a linked account, without values.
pub(super) fn finding(link: &Link, kind: DriftKind, repairable: bool) -> DriftFinding {
    DriftFinding {
        kind,
        object_type: link.object_type,
        source_id: Some(link.source_id),
        display_name: link.source_name.clone(),
        target_id: link.target_id.clone().unwrap_or_default(),
        attribute: None,
        expected: Value::Null,
        found: Value::Null,
        repairable,
    }
}

fn changed(rule: &Rule, link: &Link, drifted: &Drifted) -> DriftFinding {
    let (expected, found) = rule.mapping.shown(drifted);
    let attribute = Some(drifted.path.clone());
    let repairable = rule.mapping.actions.update;
    DriftFinding { attribute, expected, found, ..finding(link, DriftKind::ChangedAttribute, repairable) }
}

fn stranger(object_type: ObjectType, resource: &Resource) -> DriftFinding {
    let names = ["userName", "displayName", "externalId"];
    let name = names.iter().find_map(|name| document::member(&resource.attributes, name)?.as_str());
    DriftFinding {
        kind: DriftKind::UnknownAccount,
        object_type,
        source_id: None,
        display_name: name.unwrap_or_default().chars().take(256).collect(),
        target_id: resource.id.chars().take(1_000).collect(),
        attribute: None,
        expected: Value::Null,
        found: Value::Null,
        repairable: false,
    }
}
