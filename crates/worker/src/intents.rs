//! What is about to be sent is noted before; who finds the note asks the target what came of it.

use model::Link;
use store::{Expect, Kind, Scan};
use uuid::Uuid;

use crate::Error;
use crate::context::{Context, Rule};
use crate::error::Stop;
use crate::links;
use crate::work::{Export, Work};

/// Notes read at once.
const NOTES: usize = 16;

impl Context {
    /// Notes all that is about to be sent: changes in the links of their objects, creations of objects without one
    /// together. Returns what the latter are noted in, which goes when what came of them is in their links.
    pub(crate) async fn note_all(&self, rule: &Rule, works: &mut [Work]) -> Result<Option<Uuid>, Stop> {
        let mut transaction = self.transaction();
        let mut creations: Vec<&Link> = Vec::new();
        for work in works.iter_mut().filter(|work| work.export.sends()) {
            self.note(rule, work);
            if work.is_new() {
                creations.push(&work.link);
            } else {
                links::put(&mut transaction, self.realm(), &work.link);
            }
        }
        let mut intents = None;
        if !creations.is_empty() {
            let id = self.ids.next();
            let body = serde_json::to_vec(&creations).expect("links are plain data");
            transaction.put(self.realm(), Kind::Intent, id, Expect::Any, body, Vec::new());
            intents = Some(id);
        }
        self.commit(transaction).await?;
        Ok(intents)
    }

    /// Gives the objects of creations that were under way when work on the job ended their links, which say that the
    /// outcome is unknown.
    pub(crate) async fn take_up(&self) -> Result<(), Error> {
        loop {
            let found = self.store.scan(self.realm(), Kind::Intent, Scan::first(NOTES)).await?.objects;
            if found.is_empty() {
                return Ok(());
            }
            let mut transaction = self.transaction();
            for object in found {
                let noted: Vec<Link> = serde_json::from_slice(&object.body)
                    .map_err(|error| Error::Damaged(format!("the creations {}: {error}", object.id)))?;
                let ids: Vec<Uuid> = noted.iter().map(|link| link.source_id).collect();
                let known = self.store.exist(self.realm(), Kind::Link, &ids).await?;
                for (link, _) in noted.iter().zip(known).filter(|(_, known)| !known) {
                    links::put(&mut transaction, self.realm(), link);
                }
                transaction.delete(self.realm(), Kind::Intent, object.id, Expect::Any);
            }
            crate::context::commit(&*self.store, transaction).await?;
        }
    }
}

impl Work {
    /// Whether it is an account for an object that nothing is known of yet.
    pub fn is_new(&self) -> bool {
        !self.had_link && matches!(self.export, Export::Create(_))
    }
}
