//! Objects that met another account in the target: tried again when the others have moved, and untangled where they
//! stand in each other's way in a circle (two people who swap their names).

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use engine::MatchingValue;
use model::{LinkState, ObjectType};
use scim_client::{ErrorCode, Failure, document};
use serde_json::{Map, Value};
use store::Kind;
use uuid::Uuid;

use crate::batch::Mode;
use crate::context::{Context, Rule};
use crate::error::Stop;
use crate::links;
use crate::work::{Export, Work};

/// An object to be tried again.
pub(crate) struct Contested {
    object_type: ObjectType,
    id: Uuid,
    /// What its account was to become.
    claims: Map<String, Value>,
}

impl Contested {
    pub fn new(work: &Work) -> Self {
        let claims = match &work.export {
            Export::Patch(changes) => changes.clone(),
            Export::Create(_) | Export::Delete | Export::Nothing => Map::new(),
        };
        Self { object_type: work.object_type, id: work.id, claims }
    }
}

impl Context {
    /// Tries the objects again that met others; who still does then has failed.
    pub(crate) async fn try_contested(&self) -> Result<(), Stop> {
        let mut stuck = self.met();
        loop {
            self.once_more(&stuck).await?;
            let before = std::mem::replace(&mut stuck, self.met()).len();
            // In a chain, who has moved frees the name that the next one waits for.
            if stuck.is_empty() || stuck.len() >= before {
                break;
            }
        }
        self.settled.store(true, Ordering::Relaxed);
        self.untangle(&stuck).await?;
        self.once_more(&stuck).await
    }

    /// The objects that have met others since this was last asked.
    fn met(&self) -> Vec<Contested> {
        let mut met = std::mem::take(&mut *self.contested.lock());
        // An object that was looked at for two reasons may have met others twice: what it claimed last counts.
        met.reverse();
        let mut known = HashSet::new();
        met.retain(|object| known.insert(object.id));
        met
    }

    async fn once_more(&self, objects: &[Contested]) -> Result<(), Stop> {
        for object_type in [ObjectType::User, ObjectType::Group] {
            let of_type = objects.iter().filter(|object| object.object_type == object_type);
            let ids: Vec<Uuid> = of_type.map(|object| object.id).collect();
            self.process_ids(object_type, &ids, Mode::default()).await?;
        }
        Ok(())
    }

    /// Gives accounts that wait for each other in a circle passing names, so that each finds its own free.
    async fn untangle(&self, stuck: &[Contested]) -> Result<(), Stop> {
        let mut waits: HashMap<Uuid, (Uuid, MatchingValue)> = HashMap::new();
        for object in stuck {
            self.check()?;
            let Some(rule) = self.rule(object.object_type) else { continue };
            if let Some((holder, claim)) = self.in_the_way(rule, object).await? {
                waits.insert(object.id, (holder, claim));
            }
        }
        // Who waits for somebody who waits for nobody is in no circle, and would have given up the old name in vain.
        loop {
            let before = waits.len();
            let waiting: HashSet<Uuid> = waits.keys().copied().collect();
            waits.retain(|_, (holder, _)| waiting.contains(holder));
            if waits.len() == before {
                break;
            }
        }
        for object in stuck {
            if let (Some((_, claim)), Some(rule)) = (waits.remove(&object.id), self.rule(object.object_type))
            {
                self.step_aside(rule, object.id, &claim).await?;
            }
        }
        Ok(())
    }

    /// The object whose account has what this one is to get.
    async fn in_the_way(
        &self,
        rule: &Rule,
        object: &Contested,
    ) -> Result<Option<(Uuid, MatchingValue)>, Stop> {
        for path in rule.mapping.matching_paths() {
            let Some(value) = object.claims.get(path).and_then(Value::as_str) else { continue };
            let claim = MatchingValue { path: path.to_owned(), value: value.to_owned() };
            let Ok(found) = self.accounts(rule, &claim, true).await else { continue };
            for account in found {
                let holder = self.holder(object.object_type, &account.id).await?;
                if let Some(holder) = holder.filter(|holder| *holder != object.id) {
                    return Ok(Some((holder, claim)));
                }
            }
        }
        Ok(None)
    }

    /// The refusal of a name that is taken, with whose account has it, once nobody can make room any more.
    pub(crate) async fn naming_the_holder(&self, rule: &Rule, work: &Work, failure: Failure) -> Failure {
        if failure.code != ErrorCode::EntryConflict || !work.last_try {
            return failure;
        }
        let found = self.in_the_way(rule, &Contested::new(work)).await;
        let Ok(Some((holder, MatchingValue { path, value }))) = found else { return failure };
        let link = self.links(&[holder]).await.ok().and_then(|mut links| links.pop().flatten());
        let Some(link) = link else { return failure };
        let left = if link.state == LinkState::Disabled { ", who has left" } else { "" };
        let Failure { reason, .. } = &failure;
        let reason = format!(
            "{reason} ({path} \"{value}\" belongs to the account of {} ({holder}){left})",
            link.source_name
        );
        Failure { reason: reason.into(), ..failure }
    }

    async fn step_aside(&self, rule: &Rule, id: Uuid, claim: &MatchingValue) -> Result<(), Stop> {
        let _alone = self.alone().await?;
        let Some(stored) = self.store.get(self.realm(), Kind::Link, id).await? else { return Ok(()) };
        let mut link = links::decode(&stored)?;
        let Some(target_id) = link.target_id.clone() else { return Ok(()) };
        // In front, so that what has to look like an address still does.
        let passing = Value::from(format!("moving-{}-{}", id.simple(), claim.value));
        let operations =
            self.target.operations(&Map::new(), &Map::from_iter([(claim.path.clone(), passing.clone())]));
        let Ok(operations) = operations else { return Ok(()) };
        tracing::info!(object = %id, path = claim.path, "accounts wait for each other's names: one steps aside");
        let merge = |resource: &mut Map<String, Value>| {
            // A path that compiled as a mapping can be set.
            let _ = document::set(resource, &claim.path, passing.clone());
            Ok(())
        };
        let before = link.clone();
        // Until the answer is there, whoever finds the note looks what the account is called.
        link.unacknowledged = Some(self.clock.now());
        link.shadow.entry(claim.path.clone()).or_insert(Value::Null);
        self.put_alone(&link).await?;
        match self.change(rule, &target_id, &operations, None, merge).await {
            Ok(version) => {
                link.target_version = version;
                link.unacknowledged = None;
                link.shadow.insert(claim.path.clone(), passing);
                self.put_alone(&link).await
            }
            Err(failure) => {
                tracing::warn!(object = %id, %failure, "the account could not step aside");
                if failure.outcome_unknown { Ok(()) } else { self.put_alone(&before).await }
            }
        }
    }
}
