//! Puts right what a comparison found: links take note of what the target really holds, and the objects go the usual way.

use engine::{Planned, enough, judge, let_through, pass};
use model::{ErrorInformation, Escrow, GuardKind, JobState, Link, LinkState, ObjectType};
use uuid::Uuid;

use super::survey::{Objects, Sight, Survey, held};
use crate::batch::Mode;
use crate::context::{BATCH, Context, Rule};
use crate::error::{Stop, finding};
use crate::links;

const ADVICE: &str = "Check the tenant URL: an empty or another tenant looks like this. If they are really to be created \
                      again, raise the limit (provost job set NAME --threshold) and repair again.";

impl Context {
    /// Returns why a guard holds something back.
    pub(super) async fn repair(
        &self,
        state: &mut JobState,
        survey: &mut Survey,
    ) -> Result<Option<ErrorInformation>, Stop> {
        if let Some(refusal) = self.judge_gone(state, survey.gone.len() as u64).await? {
            survey.refused = true;
            return Ok(Some(refusal));
        }
        for object_type in [ObjectType::User, ObjectType::Group] {
            let Some(rule) = self.rule(object_type) else { continue };
            let all = survey.gone.iter().chain(&survey.changed).filter(|(_, it)| **it == object_type);
            let ids: Vec<Uuid> = all.map(|(id, _)| *id).collect();
            for ids in ids.chunks(BATCH) {
                self.check()?;
                self.relearn(rule, ids, &survey.gone).await?;
                self.process_ids(object_type, ids, Mode::default()).await?;
            }
            if object_type == ObjectType::Group {
                for group in &survey.members {
                    self.check()?;
                    self.relearn_members(rule, *group).await?;
                }
            }
        }
        self.rest(state).await
    }

    /// Accounts that are gone count as removals do: many at once are no accident of single accounts.
    async fn judge_gone(&self, state: &mut JobState, due: u64) -> Result<Option<ErrorInformation>, Stop> {
        if due == 0 {
            return Ok(None);
        }
        let (kind, now) = (GuardKind::Removals, self.clock.now());
        let earlier = let_through(&state.guards, kind, now);
        let most = enough(kind, self.job.guards.of(kind), due.saturating_add(earlier));
        let planned = Planned { due, earlier, of: self.accounts_linked(None, most).await? };
        if let Some(refusal) = judge(&self.job.guards, &[(kind, planned)].into()).first() {
            let reason = format!(
                "{due} accounts and groups of this job are gone in the target; more than {} in a day are not matched or \
                 created again without being asked",
                refusal.limit
            );
            return Ok(Some(finding("TooManyAccountsGone", reason, ADVICE)));
        }
        pass(&mut state.guards, kind, due, now);
        self.save(state).await?;
        Ok(None)
    }

    /// Has links remember what the target really holds. Each waits for its turn, also in the next cycle should this run end
    /// before it comes.
    async fn relearn(&self, rule: &Rule, ids: &[Uuid], gone: &Objects) -> Result<(), Stop> {
        let _alone = self.alone().await?;
        let settled = |link: &Link| link.target_id.is_some() && link.unacknowledged.is_none();
        let links: Vec<Link> = self.links(ids).await?.into_iter().flatten().filter(settled).collect();
        let mut transaction = self.transaction();
        for (mut link, sight) in self.look(rule, links).await? {
            match sight {
                Ok(Sight::Gone) if gone.contains_key(&link.source_id) => {
                    links::forget_account(&mut link);
                    self.forget_memberships(&mut transaction, link.object_type, link.source_id).await?;
                }
                Ok(Sight::There(resource)) => {
                    let drifted = rule.mapping.drift(&link, &held(rule, &link, &resource));
                    if drifted.is_empty() {
                        continue;
                    }
                    for drifted in drifted {
                        if drifted.found.is_null() {
                            link.shadow.remove(&drifted.path);
                        } else {
                            link.shadow.insert(drifted.path, drifted.found);
                        }
                    }
                    link.target_version.clone_from(&resource.etag);
                    // Whether it is disabled is decided by what it holds.
                    if link.state == LinkState::Disabled {
                        link.state = LinkState::Active;
                    }
                }
                // Not counted as gone when that was judged, or not to be read now: left for another run.
                Ok(Sight::Gone) | Err(_) => continue,
            }
            link.escrow = Some(self.waiting(link.escrow.take()));
            links::put(&mut transaction, self.realm(), &link);
        }
        self.commit(transaction).await
    }

    fn waiting(&self, earlier: Option<Escrow>) -> Escrow {
        let now = self.clock.now();
        if let Some(earlier) = earlier {
            return Escrow { due: now, ..earlier };
        }
        let reason = "the account was changed or deleted in the target";
        let error = finding("Drift", reason, "None: the next cycle puts it right.");
        Escrow { since: now, attempts: 0, cycle: None, due: now, error, references: None }
    }
}
