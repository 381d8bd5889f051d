//! What guards hold back, for an administrator to read and to allow.

use bytes::Bytes;
use jiff::Timestamp;
use model::{
    Due, DueChange, GuardKind, JobState, Link, ModifiedProperty, ObjectType, StagedAction, StagedChange,
    Verdict,
};
use serde_json::Value;
use store::{Cursor, Edge, EdgeKind, EdgesOf, KeyName, Kind, Realm, Transaction};
use uuid::Uuid;

use crate::Error;
use crate::context::{BATCH, Configuration, commit};
use crate::links::{self, Pass};
use crate::schedule::Shared;

/// Names of members shown of one group.
const NAMED: usize = 100;

/// What waits for guards, in the order in which it is shown: deletions first.
const ORDER: [&[u8]; 5] = [
    links::DELETION_DUE,
    links::DISABLING_DUE,
    links::RENAMING_DUE,
    links::RECREATION_DUE,
    links::LEAVING_DUE,
];

/// Lets everything go ahead that is held back now, or what was already at that moment: what somebody has read by then.
pub(crate) async fn allow(
    shared: &Shared,
    job: Uuid,
    until: Option<Timestamp>,
    state: &mut JobState,
) -> Result<(), Error> {
    let read = |since: Timestamp| until.is_none_or(|until| since <= until);
    let (store, realm) = (&*shared.store, Realm(job));
    for value in ORDER.into_iter().filter(|value| *value != links::LEAVING_DUE) {
        let mut pass = Pass::exactly(KeyName::RemovalDue, value);
        while let Some(links) = pass.next(store, realm, BATCH).await? {
            let mut transaction = Transaction::new(shared.clock.now());
            for mut link in links {
                let held = |due: &&mut Due| due.verdict == Verdict::Staged && read(due.since);
                if let Some(due) = link.due.as_mut().filter(held) {
                    due.verdict = Verdict::Cleared;
                    links::put(&mut transaction, realm, &link);
                }
            }
            commit(store, transaction).await?;
        }
    }
    let mut pass = Pass::exactly(KeyName::RemovalDue, links::LEAVING_DUE);
    while let Some(links) = pass.next(store, realm, BATCH).await? {
        let known = |link: &Link| link.members_due.and_then(|due| due.staged).is_some_and(read);
        for link in links.into_iter().filter(known) {
            let group = (Kind::Link, link.source_id);
            let mut after = None;
            loop {
                let of = EdgesOf::From(link.source_id);
                let page = store.edges(realm, EdgeKind::StagedMember, of, after, BATCH).await?;
                let mut transaction = Transaction::new(shared.clock.now());
                for member in page.others {
                    let edge = |kind| Edge { realm, kind, from: group, to: member };
                    transaction.remove_edge(edge(EdgeKind::StagedMember));
                    transaction.add_edge(edge(EdgeKind::ClearedMember));
                }
                commit(store, transaction).await?;
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
    }
    // Nothing is held back any longer: what comes now is judged by the day alone.
    state.guards.held.clear();
    Ok(())
}

/// A page of what is held back, from where the one before it ended, and where the next one begins.
pub(crate) async fn list(
    shared: &Shared,
    (directory, job): (Uuid, Uuid),
    after: Option<Cursor>,
    top: usize,
) -> Result<(Vec<StagedChange>, Option<Cursor>), Error> {
    let configuration = Configuration::load(&*shared.store, Realm(directory), job).await?;
    let (mut part, mut cursor) = after.as_ref().map_or((0, None), position);
    let mut found = Vec::new();
    while part < ORDER.len() {
        let mut pass = Pass::exactly(KeyName::RemovalDue, ORDER[part]).after(cursor.take());
        while let Some(links) =
            pass.next(&*shared.store, Realm(job), top.saturating_sub(found.len()).max(1)).await?
        {
            for link in &links {
                found.extend(if ORDER[part] == links::LEAVING_DUE {
                    members(shared, job, link).await?
                } else {
                    account(&configuration, link)
                });
            }
            if let Some(here) = pass.here().filter(|_| found.len() >= top) {
                return Ok((found, Some(place(part, &here.0))));
            }
        }
        part += 1;
        if found.len() >= top && part < ORDER.len() {
            return Ok((found, Some(place(part, &[]))));
        }
    }
    Ok((found, None))
}

/// A place in the list: the part, and the cursor in it.
fn place(part: usize, cursor: &[u8]) -> Cursor {
    let part = u8::try_from(part).unwrap_or(u8::MAX);
    Cursor(Bytes::from([&[part], cursor].concat()))
}

fn position(place: &Cursor) -> (usize, Option<Cursor>) {
    let Some((part, cursor)) = place.0.split_first() else { return (0, None) };
    let cursor = (!cursor.is_empty()).then(|| Cursor(place.0.slice(1..)));
    (usize::from(*part), cursor)
}

fn account(configuration: &Configuration, link: &Link) -> Option<StagedChange> {
    let due = link.due.as_ref().filter(|due| due.verdict == Verdict::Staged)?;
    let rule = match link.object_type {
        ObjectType::User => &configuration.users,
        ObjectType::Group => &configuration.groups,
    };
    let (action, modified) = match &due.change {
        DueChange::Disable => (StagedAction::Disable, Vec::new()),
        DueChange::Delete => (StagedAction::Delete, Vec::new()),
        DueChange::Recreate => (StagedAction::Recreate, Vec::new()),
        DueChange::Rename(values) => {
            let of = |rule: &crate::context::Rule| rule.mapping.modified_properties(&link.shadow, values);
            (StagedAction::Rename, rule.as_ref().map(of).unwrap_or_default())
        }
    };
    Some(StagedChange { count: 1, ..staged(link, action, due.reason.clone(), due.since, modified) })
}

async fn members(shared: &Shared, job: Uuid, link: &Link) -> Result<Option<StagedChange>, Error> {
    let (store, realm, of) = (&*shared.store, Realm(job), EdgesOf::From(link.source_id));
    let Some(since) = link.members_due.and_then(|due| due.staged) else { return Ok(None) };
    let count = store.count_edges(realm, EdgeKind::StagedMember, of).await?;
    if count == 0 {
        return Ok(None);
    }
    let page = store.edges(realm, EdgeKind::StagedMember, of, None, NAMED).await?;
    let ids: Vec<Uuid> = page.others.iter().map(|(_, id)| *id).collect();
    let accounts = store.get_all(realm, Kind::Link, &ids).await?;
    let mut modified = Vec::new();
    for account in accounts.iter().flatten() {
        modified.push(ModifiedProperty {
            display_name: "members".to_owned(),
            old_value: Some(Value::from(links::decode(account)?.source_name)),
            new_value: None,
        });
    }
    let reason = "no longer members in the directory".to_owned();
    Ok(Some(StagedChange { count, ..staged(link, StagedAction::RemoveMembers, reason, since, modified) }))
}

fn staged(
    link: &Link,
    action: StagedAction,
    reason: String,
    since: Timestamp,
    modified_properties: Vec<ModifiedProperty>,
) -> StagedChange {
    StagedChange {
        id: link.source_id,
        object_type: link.object_type,
        display_name: link.source_name.clone(),
        target_id: link.target_id.clone(),
        action,
        kind: match action {
            StagedAction::Disable | StagedAction::Delete | StagedAction::Recreate => GuardKind::Removals,
            StagedAction::Rename => GuardKind::Renames,
            StagedAction::RemoveMembers => GuardKind::Memberships,
        },
        reason,
        since,
        count: 0,
        modified_properties,
    }
}
