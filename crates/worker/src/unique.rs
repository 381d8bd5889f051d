//! Values that no other account has: the target is asked, and what this batch is about to give counts too.

use std::collections::{BTreeSet, HashMap};

use engine::{Decision, MatchingValue, Question};
use futures::StreamExt as _;
use model::ProvisioningAction;
use scim_client::Failure;
use uuid::Uuid;

use crate::context::{CONCURRENCY, Context, Rule};
use crate::error::{Stop, of_the_endpoint};
use crate::prefetch::Belief;
use crate::work::Work;

/// The values that objects of a wave are about to get, by target attribute path and folded value.
pub(crate) type Claims = HashMap<(String, String), Uuid>;

impl Context {
    /// Finds out for each object whether others have the values it asks about, and notes the answers with it. Who
    /// cannot be answered for has failed.
    pub(crate) async fn answer(
        &self,
        rule: &Rule,
        asking: &mut [(&mut Work, Vec<Question>)],
        claims: &mut Claims,
    ) -> Result<(), Stop> {
        let all: BTreeSet<Question> = asking.iter().flat_map(|(_, questions)| questions).cloned().collect();
        let asked = futures::stream::iter(all.into_iter().map(|question| async move {
            let wanted = MatchingValue { path: question.path.clone(), value: question.value.clone() };
            let accounts = self.accounts(rule, &wanted, Belief::Hint).await;
            let ids = accounts.map(|found| found.into_iter().map(|it| it.id).collect::<Vec<_>>());
            (question, ids)
        }))
        .buffer_unordered(CONCURRENCY);
        let answered: Vec<_> = self.unless_stopped(asked.collect()).await?;
        let holders: HashMap<Question, Result<Vec<String>, Failure>> = answered.into_iter().collect();
        for (work, questions) in asking {
            for question in questions.iter() {
                let ids = match &holders[question] {
                    Ok(ids) => ids,
                    Err(failure) => {
                        let failure = of_the_endpoint(failure.clone());
                        Self::explain_contact(work);
                        work.decision = Decision::Nothing;
                        work.refused(self, ProvisioningAction::Other, failure);
                        if let Some(failure) = work.fatal.take() {
                            return Err(Stop::Target(failure));
                        }
                        break;
                    }
                };
                let own = work.link.target_id.as_deref();
                let held = ids.iter().any(|id| own != Some(id));
                let key = (question.path.clone(), scim::fold::fold_key(&question.value));
                let taken = held || *claims.entry(key).or_insert(work.id) != work.id;
                work.answers.insert(question.clone(), taken);
            }
        }
        Ok(())
    }
}
