//! Managers of imported users.

use std::collections::{HashMap, HashSet};

use model::{DirectoryObject, ObjectType, Principal};
use scim::fold::fold_key;
use serde_json::Value;
use store::{Edge, EdgeKind, EdgesOf, Expect, Kind, Transaction, transact};
use uuid::Uuid;

use super::{Options, Report};
use crate::audit::{Category, Deed, identity_of, property};
use crate::{Directory, Error, Result};

/// What a row says about the manager.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// There is no such column.
    Silent,
    /// Nobody.
    Empty,
    /// This principal name.
    Named(String),
}

/// A manager that was not there yet when the user's row was imported.
pub(super) struct Deferred {
    pub line: u64,
    pub user: Uuid,
    pub manager: String,
    pub unchanged: bool,
}

/// What is to happen to a user's manager.
pub(super) enum RowManager {
    /// Nothing.
    Keep,
    /// It is to be this one, or nobody.
    Set(Option<Uuid>),
    /// It is to be the user of this principal name, who is not there yet.
    Later(String),
}

pub(super) fn unknown_manager(name: &str) -> Error {
    let shown: String = name.chars().take(100).collect();
    Error::invalid(
        "manager",
        format!(
            "no user has the userPrincipalName '{shown}', neither in the directory nor in the file: the user has no \
             new manager; correct the cell or add the manager, and import the row again"
        ),
    )
}

impl Directory {
    pub(super) async fn row_manager(
        &self,
        cell: &Cell,
        known: &mut HashMap<String, Option<Uuid>>,
    ) -> Result<RowManager> {
        let name = match cell {
            Cell::Silent => return Ok(RowManager::Keep),
            Cell::Empty => return Ok(RowManager::Set(None)),
            Cell::Named(name) => name,
        };
        let key = fold_key(name);
        let found = match known.get(&key) {
            Some(found) => *found,
            None => self.user_by_name(name).await?.map(|user| user.id),
        };
        known.insert(key, found);
        Ok(found.map_or_else(|| RowManager::Later(name.clone()), |id| RowManager::Set(Some(id))))
    }

    pub(super) async fn managers_of(&self, user: Uuid) -> Result<Vec<Uuid>> {
        let there = self.store().edges(self.realm(), EdgeKind::Manager, EdgesOf::From(user), None, 2).await?;
        Ok(there.others.into_iter().map(|(_, id)| id).collect())
    }

    /// Adds the operations that change a manager, if that is a change; both ends are known to exist after the
    /// transaction's writes.
    pub(super) fn draft_edge(
        &self,
        transaction: &mut Transaction,
        by: &Principal,
        user: &DirectoryObject,
        there: &[Uuid],
        manager: Option<Uuid>,
    ) -> bool {
        let old = there.first().copied();
        if old == manager {
            return false;
        }
        let edge = |to| Edge {
            realm: self.realm(),
            kind: EdgeKind::Manager,
            from: (Kind::User, user.id),
            to: (Kind::User, to),
        };
        for id in there {
            transaction.remove_edge(edge(*id));
        }
        if let Some(id) = manager {
            transaction.add_edge(edge(id));
        }
        let text = |id: Uuid| Value::String(id.to_string());
        let change = property("manager", old.map(text), manager.map(text));
        let deed = Deed::new("Update user", Category::User, identity_of(user)).changing(vec![change]);
        self.audit(transaction, by, deed);
        true
    }

    /// Sets managers whose rows came later than the users'.
    pub(super) async fn late_managers(
        &self,
        by: &Principal,
        late: &[Deferred],
        options: Options,
        planned: &HashSet<String>,
        report: &mut Report,
    ) -> Result<()> {
        let (found, _) = transact(self.store().as_ref(), async || {
            let mut transaction = self.draft();
            let (mut failures, mut changed, mut managers) = (Vec::new(), 0, HashMap::new());
            let ids: Vec<Uuid> = late.iter().map(|it| it.user).collect();
            let users = self.find_objects(ObjectType::User, &ids).await?;
            for (late, user) in late.iter().zip(users) {
                let key = fold_key(&late.manager);
                if options.dry_run && planned.contains(&key) {
                    continue;
                }
                let manager = match managers.get(&key) {
                    Some(manager) => *manager,
                    None => self.user_by_name(&late.manager).await?.map(|user| user.id),
                };
                managers.insert(key, manager);
                let Some(manager) = manager else {
                    failures.push((late.line, unknown_manager(&late.manager)));
                    continue;
                };
                // Who is gone again needs no manager; in a dry run it may not have come.
                let Some(user) = user else { continue };
                transaction.require(self.realm(), Kind::User, manager, Expect::Present);
                let old = self.managers_of(user.id).await?;
                let edge = self.draft_edge(&mut transaction, by, &user, &old, Some(manager));
                changed += u64::from(edge && late.unchanged);
            }
            if options.dry_run {
                transaction.ops.clear();
            }
            Ok::<_, Error>((transaction, (failures, changed)))
        })
        .await?;
        let (failures, changed) = found;
        report.unchanged = report.unchanged.saturating_sub(changed);
        report.updated += changed;
        for (line, error) in failures {
            report.fail_with(line, error);
        }
        Ok(())
    }
}
