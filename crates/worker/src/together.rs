//! Creations that are sent together, where the target takes bulk requests.

use futures::StreamExt as _;
use model::ObjectType;
use scim_client::document;
use serde_json::{Map, Value};
use tokio_util::task::AbortOnDropHandle;

use crate::Error;
use crate::batch::Mode;
use crate::context::{CONCURRENCY, Context, Rule};
use crate::error::Stop;
use crate::work::{Export, Work};

/// In so many requests what can be created together is sent at least: one is put into words while another is under way,
/// unless they would be smaller than this.
const REQUESTS: usize = 4;
const SMALL: usize = 64;

impl Context {
    /// Those that are created together, as many at a time as the target takes, and all others.
    pub(crate) fn divide(&self, works: Vec<Work>) -> (Vec<Vec<Work>>, Vec<Work>) {
        let Some(most) = self.target.together() else { return (Vec::new(), works) };
        let (mut creations, mut others): (Vec<_>, Vec<_>) =
            works.into_iter().partition(|work| matches!(work.export, Export::Create(_)));
        let most = most.min(creations.len().div_ceil(REQUESTS).max(SMALL));
        let mut together = Vec::new();
        while creations.len() > 1 {
            let rest = creations.split_off(most.min(creations.len()));
            together.push(std::mem::replace(&mut creations, rest));
        }
        others.append(&mut creations);
        (together, others)
    }

    /// Creates the accounts of these objects on a task of its own: what is sent is put into words, and what comes back
    /// is read, on all processors.
    pub(crate) async fn created_together(
        &self,
        object_type: ObjectType,
        works: Vec<Work>,
        mode: Mode,
    ) -> Result<Vec<Work>, Stop> {
        let context = self.me.upgrade().ok_or(Stop::Cancelled)?;
        let create = async move {
            match context.rule(object_type) {
                Some(rule) => context.create_together(rule, works, mode).await,
                None => works,
            }
        };
        let created = AbortOnDropHandle::new(tokio::spawn(create)).await;
        created.map_err(|panic| Error::Damaged(format!("the creation of accounts: {panic}")).into())
    }

    /// Creates the accounts of these objects; what becomes of each is as if it had been sent by itself.
    async fn create_together(&self, rule: &Rule, works: Vec<Work>, mode: Mode) -> Vec<Work> {
        let mut ready = Vec::with_capacity(works.len());
        let mut documents: Vec<Map<String, Value>> = Vec::with_capacity(works.len());
        let mut done = Vec::new();
        for mut work in works {
            let Export::Create(values) = work.export.clone() else {
                done.push(work);
                continue;
            };
            if self.cancel.is_cancelled() {
                work.withdraw();
                work.abandoned = true;
                done.push(work);
                continue;
            }
            match document::build(
                rule.kind,
                values.iter().map(|(path, value)| (path.as_str(), value.clone())),
            ) {
                Ok(document) => {
                    documents.push(document);
                    ready.push((work, values));
                }
                Err(error) => {
                    self.not_buildable(&mut work, &error);
                    done.push(work);
                }
            }
        }
        let sent = tokio::select! {
            biased;
            sent = self.target.create_together(rule.kind, &documents) => Some(sent),
            () = self.out_of_patience() => None,
        };
        let Some(sent) = sent else {
            done.extend(ready.into_iter().map(|(mut work, _)| {
                work.left_behind();
                work
            }));
            return done;
        };
        let ends = ready.into_iter().zip(sent).map(async |((mut work, values), sent)| {
            let sent = self.heard(sent);
            self.create_answered(rule, &mut work, &values, sent, mode).await;
            work
        });
        let ended: Vec<Work> = futures::stream::iter(ends).buffer_unordered(CONCURRENCY).collect().await;
        done.extend(ended);
        done
    }
}
