//! Import of users.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use model::{DirectoryObject, ModifiedProperty, ObjectType, Principal};
use scim::fold::fold_key;
use serde_json::{Map, Value};
use store::{Expect, Kind, Transaction, transact};
use uuid::Uuid;

use super::columns::{Header, Meaning, id};
use super::managers::{Cell, Deferred, RowManager, unknown_manager};
use super::names::in_order;
use super::records::Record;
use super::{BATCH, Options, PlannedAction, PlannedChange, Report, broken, open};
use crate::attributes::{merge, read_boolean};
use crate::audit::{Category, Deed, differences, identity_of, property};
use crate::record::encode_object;
use crate::{Directory, Error, Result};

/// One row, understood.
#[derive(Clone, Debug)]
pub(super) struct Row {
    line: u64,
    pub id: Option<Uuid>,
    pub name: Option<String>,
    change: Map<String, Value>,
    manager: Cell,
}

/// What the rows before have taken.
#[derive(Default)]
struct Seen {
    names: HashMap<String, u64>,
    ids: HashMap<Uuid, u64>,
    /// The users that the rows are about.
    present: HashSet<Uuid>,
    /// In a dry run: the names of users that would have been created.
    planned: HashSet<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Created,
    Updated,
    Unchanged,
}

/// What a batch comes to.
#[derive(Default)]
struct Batch {
    outcomes: Vec<Outcome>,
    failures: Vec<(u64, Error)>,
    deferred: Vec<Deferred>,
    present: Vec<Uuid>,
    /// Only of a dry run.
    changes: Vec<PlannedChange>,
}

/// What a row comes to.
struct Written {
    user: DirectoryObject,
    outcome: Outcome,
    changes: Vec<ModifiedProperty>,
}

impl Directory {
    /// Imports users from the file of "Download users" or the template for bulk creation of the Entra admin center,
    /// with commas, semicolons or tabs between the values. Users are found by object id, else by principal name.
    ///
    /// # Errors
    /// [`Error::File`] when the file as a whole cannot be read: nothing, or only the rows before, were imported.
    pub async fn import_users(
        &self,
        by: &Principal,
        file: impl Read + Send,
        options: Options,
    ) -> Result<Report> {
        let mut records = open(file)?;
        let header = Header::read(&mut records, ObjectType::User)?;
        let mut report = Report { ignored_columns: header.ignored(), ..Report::default() };
        let mut seen = Seen::default();
        let mut deferred = Vec::new();
        let mut rows = Vec::new();
        let mut first = true;
        loop {
            let record = records.next(Some(header.columns.len())).map_err(broken)?;
            let end = record.is_none();
            match record {
                Some(Record::Cells { cells, .. })
                    if std::mem::take(&mut first) && header.template && is_example(&cells) => {}
                Some(Record::Cells { line, cells }) => {
                    rows.extend(seen.admit(&header, line, &cells, &mut report));
                }
                Some(Record::Broken { line, reason }) => report.fail(line, "", reason),
                None => {}
            }
            if (rows.len() >= BATCH && !options.atomic) || end {
                if !rows.is_empty() {
                    let rows = std::mem::take(&mut rows);
                    deferred.extend(
                        self.import_batch(by, &rows, &header, options, &mut seen, &mut report).await?,
                    );
                }
                if end {
                    break;
                }
            }
        }
        for late in deferred.chunks(BATCH) {
            self.late_managers(by, late, options, &seen.planned, &mut report).await?;
        }
        if let Some(leavers) = options.snapshot {
            leavers.check()?;
            self.remove_absent(by, &seen.present, leavers, options, &mut report).await?;
        }
        report.finish(options);
        Ok(report)
    }

    /// Applies rows in one transaction, or one by one where the transaction as a whole is refused.
    async fn import_batch(
        &self,
        by: &Principal,
        rows: &[Row],
        header: &Header,
        options: Options,
        seen: &mut Seen,
        report: &mut Report,
    ) -> Result<Vec<Deferred>> {
        let already_failed = report.failed > 0;
        let shared = &*seen;
        let attempt = transact(self.store().as_ref(), async || {
            let (mut transaction, batch) = self.draft_rows(by, rows, shared, options).await?;
            if options.dry_run || (options.atomic && (already_failed || !batch.failures.is_empty())) {
                transaction.ops.clear();
            }
            Ok::<_, Error>((transaction, batch))
        });
        let batch = match attempt.await {
            Ok((batch, _)) => batch,
            Err(Error::Store(
                store::Error::NotUnique { .. } | store::Error::Exists { .. } | store::Error::Missing { .. },
            )) if rows.len() > 1 && !options.atomic => {
                let mut deferred = Vec::new();
                for row in rows {
                    let one = Box::pin(self.import_batch(
                        by,
                        std::slice::from_ref(row),
                        header,
                        options,
                        seen,
                        report,
                    ));
                    deferred.extend(one.await?);
                }
                return Ok(deferred);
            }
            Err(Error::Store(error @ (store::Error::NotUnique { .. } | store::Error::Exists { .. }))) => {
                let row = &rows[0];
                let name = row.name.clone().unwrap_or_default();
                let id = row.id.unwrap_or_default();
                let error = crate::objects::explain(Error::Store(error), ObjectType::User, id, &name);
                Batch { failures: vec![(row.line, error)], ..Batch::default() }
            }
            Err(error) => return Err(error),
        };
        for outcome in batch.outcomes {
            match outcome {
                Outcome::Created => report.created += 1,
                Outcome::Updated => report.updated += 1,
                Outcome::Unchanged => report.unchanged += 1,
            }
        }
        report.foresee(batch.changes);
        for (line, error) in batch.failures {
            let error = match error {
                Error::Invalid { attribute, reason } => {
                    Error::Invalid { attribute: header.column_of(&attribute), reason }
                }
                other => other,
            };
            report.fail_with(line, error);
        }
        if options.snapshot.is_some() {
            seen.present.extend(batch.present);
        }
        if options.dry_run {
            seen.planned.extend(rows.iter().filter_map(|row| row.name.as_deref().map(fold_key)));
        }
        Ok(batch.deferred)
    }

    /// The operations that the rows come to, as the directory is now.
    async fn draft_rows(
        &self,
        by: &Principal,
        rows: &[Row],
        seen: &Seen,
        options: Options,
    ) -> Result<(Transaction, Batch)> {
        let mut transaction = self.draft();
        let mut batch = Batch::default();
        let mut written: Vec<(&Row, Written)> = Vec::with_capacity(rows.len());
        let mut known = self.rows_by_id(rows).await?;
        let mut freed: HashSet<String> = HashSet::new();
        for row in in_order(rows, &known) {
            let found = row.id.and_then(|id| known.remove(&id));
            let old = found.as_ref().and_then(|user| user.text("userPrincipalName")).map(fold_key);
            match self.draft_row(&mut transaction, by, row, found, &freed).await {
                Ok(one) => {
                    let new = one.user.text("userPrincipalName").map(fold_key);
                    freed.extend(old.filter(|old| Some(old) != new.as_ref()));
                    written.push((row, one));
                }
                Err(error @ (Error::Store(_) | Error::Damaged { .. })) => return Err(error),
                Err(error) => batch.failures.push((row.line, error)),
            }
        }
        let mut managers: HashMap<String, Option<Uuid>> = written
            .iter()
            .filter_map(|(_, Written { user, .. })| {
                user.text("userPrincipalName").map(|name| (fold_key(name), Some(user.id)))
            })
            .collect();
        for (row, Written { user, mut outcome, mut changes }) in written {
            match self.row_manager(&row.manager, &mut managers).await? {
                RowManager::Keep => {}
                RowManager::Set(manager) if manager == Some(user.id) => {
                    let reason = "nobody is their own manager: leave the cell empty";
                    batch.failures.push((row.line, Error::invalid("manager", reason)));
                }
                // Who is new has no manager yet: nothing to read, nothing to remove.
                RowManager::Set(None) if outcome == Outcome::Created => {}
                RowManager::Set(manager) => {
                    let old = if outcome == Outcome::Created {
                        Vec::new()
                    } else {
                        self.managers_of(user.id).await?
                    };
                    let changed = self.draft_edge(&mut transaction, by, &user, &old, manager);
                    if changed && options.dry_run {
                        changes.push(self.manager_change(&row.manager, old.first().copied()).await?);
                    }
                    if changed && outcome == Outcome::Unchanged {
                        outcome = Outcome::Updated;
                    }
                }
                RowManager::Later(name) if options.atomic => {
                    batch.failures.push((row.line, unknown_manager(&name)));
                }
                RowManager::Later(name) if seen.planned.contains(&fold_key(&name)) => {}
                RowManager::Later(manager) => batch.deferred.push(Deferred {
                    line: row.line,
                    user: user.id,
                    manager,
                    unchanged: outcome == Outcome::Unchanged,
                }),
            }
            if options.dry_run && outcome != Outcome::Unchanged {
                let created = outcome == Outcome::Created;
                batch.changes.push(PlannedChange {
                    line: row.line,
                    action: if created { PlannedAction::Create } else { PlannedAction::Update },
                    name: user.name(),
                    modified_properties: changes,
                });
            }
            batch.outcomes.push(outcome);
            batch.present.push(user.id);
        }
        Ok((transaction, batch))
    }

    /// Adds the operation that writes one user. The names in `freed` were given up by earlier rows.
    async fn draft_row(
        &self,
        transaction: &mut Transaction,
        by: &Principal,
        row: &Row,
        found: Option<DirectoryObject>,
        freed: &HashSet<String>,
    ) -> Result<Written> {
        let same_name = |user: &DirectoryObject, name: &str| {
            user.deleted.is_none() && user.text("userPrincipalName").map(fold_key) == Some(fold_key(name))
        };
        let holder = match &row.name {
            // It holds the name already, so nobody else does.
            Some(name) if found.as_ref().is_some_and(|user| same_name(user, name)) => None,
            Some(name) if freed.contains(&fold_key(name)) => None,
            Some(name) => self.user_by_name(name).await?,
            None => None,
        };
        if let (Some(name), Some(holder), Some(id)) = (&row.name, &holder, row.id)
            && holder.id != id
        {
            return Err(Error::Conflict {
                what: "user",
                attribute: "userPrincipalName",
                value: name.clone(),
                holder: holder.id,
            });
        }
        let Some(mut user) = found.or(holder) else {
            let user = self.draft_new(transaction, by, ObjectType::User, row.id, &row.change)?;
            let changes = differences(&Map::new(), &user.attributes);
            return Ok(Written { user, outcome: Outcome::Created, changes });
        };
        if user.deleted.is_some() {
            let reason = "this user is in the recycle bin: restore or permanently delete it, then import the row again";
            return Err(Error::invalid("objectId", reason));
        }
        let attributes = merge(ObjectType::User, &user.attributes, &row.change)?;
        let changes = differences(&user.attributes, &attributes);
        if changes.is_empty() {
            return Ok(Written { user, outcome: Outcome::Unchanged, changes });
        }
        user.attributes = attributes;
        let (body, keys) = encode_object(ObjectType::User, &user.attributes, None);
        transaction.put(self.realm(), Kind::User, user.id, Expect::Version(user.version), body, keys);
        let deed = Deed::new("Update user", Category::User, identity_of(&user)).changing(changes.clone());
        self.audit(transaction, by, deed);
        Ok(Written { user, outcome: Outcome::Updated, changes })
    }

    /// How another manager is shown before the file is imported: by name.
    async fn manager_change(&self, new: &Cell, old: Option<Uuid>) -> Result<ModifiedProperty> {
        let old = match old {
            Some(id) => self.find_object(ObjectType::User, id).await?.map(|user| Value::String(user.name())),
            None => None,
        };
        let new = if let Cell::Named(name) = new { Some(Value::String(name.clone())) } else { None };
        Ok(property("manager", old, new))
    }

    /// The users whose ids the rows name.
    async fn rows_by_id(&self, rows: &[Row]) -> Result<HashMap<Uuid, DirectoryObject>> {
        let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.id).collect();
        let mut known = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(BATCH) {
            let found = self.find_objects(ObjectType::User, ids).await?;
            known.extend(found.into_iter().flatten().map(|user| (user.id, user)));
        }
        Ok(known)
    }
}

fn is_example(cells: &[String]) -> bool {
    cells.first().is_some_and(|cell| cell.trim_start().to_ascii_lowercase().starts_with("example"))
}

impl Seen {
    /// The row, unless it repeats an earlier one or a cell cannot be read.
    fn admit(&mut self, header: &Header, line: u64, cells: &[String], report: &mut Report) -> Option<Row> {
        let row = match read_row(header, line, cells) {
            Ok(row) => row,
            Err((column, reason)) => {
                report.fail(line, column, reason);
                return None;
            }
        };
        let again = |what: &str, first: u64| {
            format!("the row in line {first} has the same {what}: remove one of the two")
        };
        if let Some(first) = row.id.and_then(|id| self.ids.insert(id, line)) {
            report.fail(line, "objectId", again("objectId", first));
            return None;
        }
        if let Some(name) = &row.name {
            let taken = *self.names.entry(fold_key(name)).or_insert(line);
            if taken != line {
                report.fail(line, header.column_of("userPrincipalName"), again("userPrincipalName", taken));
                return None;
            }
        }
        Some(row)
    }
}

/// Reads the cells of a row; the error is the column and what is wrong with it.
fn read_row(header: &Header, line: u64, cells: &[String]) -> Result<Row, (String, String)> {
    let mut row = Row { line, id: None, name: None, change: Map::new(), manager: Cell::Silent };
    for ((column, meaning), cell) in header.columns.iter().zip(cells) {
        let at = |reason: String| (column.clone(), reason);
        match meaning {
            Meaning::Nothing | Meaning::Member => {}
            Meaning::Id => row.id = id(cell).map_err(at)?,
            Meaning::Manager => {
                row.manager = match cell.trim() {
                    "" => Cell::Empty,
                    name => Cell::Named(name.to_owned()),
                };
            }
            Meaning::Blocked if cell.trim().is_empty() => {}
            Meaning::Blocked => {
                let blocked = read_boolean(cell).map_err(at)?;
                row.change.insert("accountEnabled".to_owned(), Value::Bool(!blocked));
            }
            Meaning::Attribute(name, kind) => {
                let value = kind.read(cell).map_err(at)?;
                // Columns that every user has a value for: an empty cell says nothing.
                if value.is_null() && matches!(name.as_str(), "accountEnabled" | "userType") {
                    continue;
                }
                if name == "userPrincipalName" {
                    row.name = value.as_str().map(str::to_owned);
                }
                row.change.insert(name.clone(), value);
            }
        }
    }
    if row.name.is_none() && row.id.is_none() {
        return Err((header.column_of("userPrincipalName"), "a value is required".to_owned()));
    }
    Ok(row)
}
