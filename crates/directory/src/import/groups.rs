//! Import of groups and their members.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use model::{DirectoryObject, ModifiedProperty, ObjectType, Principal};
use scim::fold::fold_key;
use serde_json::{Map, Value};
use store::{EdgeKind, Expect, KeyName, Kind, Transaction, transact};
use uuid::Uuid;

use super::columns::{Header, Meaning, id};
use super::records::Record;
use super::{BATCH, Options, PlannedAction, PlannedChange, Report, broken, open};
use crate::attributes::merge;
use crate::audit::{Category, Deed, differences, identity_of, property};
use crate::record::encode_object;
use crate::{Directory, Error, Result};

/// One row, understood.
struct Row {
    line: u64,
    id: Option<Uuid>,
    change: Map<String, Value>,
    member: Option<String>,
}

impl Row {
    /// By what rows of the same group are known in the file.
    fn group_key(&self) -> String {
        let text = |name: &str| self.change.get(name).and_then(Value::as_str).map(fold_key);
        self.id.map_or_else(
            || {
                format!(
                    "{}\0{}",
                    text("displayName").unwrap_or_default(),
                    text("mailNickname").unwrap_or_default()
                )
            },
            |id| id.to_string(),
        )
    }
}

/// What a batch comes to.
#[derive(Default)]
struct Batch {
    groups: HashMap<String, (Uuid, String)>,
    created: u64,
    updated: u64,
    unchanged: u64,
    members: u64,
    /// Group and member of each membership that the batch adds.
    added: HashSet<(Uuid, Uuid)>,
    failures: Vec<(u64, Error)>,
    /// What a dry run says.
    changes: Vec<PlannedChange>,
}

impl Batch {
    fn foresee(&mut self, line: u64, action: PlannedAction, name: &str, changes: Vec<ModifiedProperty>) {
        self.changes.push(PlannedChange {
            line,
            action,
            name: name.to_owned(),
            modified_properties: changes,
        });
    }
}

impl Directory {
    /// Imports groups from a file with one row for each membership: displayName, mailNickname, description,
    /// memberUserPrincipalName. A group is found by object id, else by display name (and mail nickname where
    /// several have the name); memberships that the file does not name stay.
    ///
    /// # Errors
    /// [`Error::File`] when the file as a whole cannot be read.
    pub async fn import_groups(
        &self,
        by: &Principal,
        file: impl Read + Send,
        options: Options,
    ) -> Result<Report> {
        let mut records = open(file)?;
        let header = Header::read(&mut records, ObjectType::Group)?;
        let mut report =
            Report { ignored_columns: header.ignored(), members_added: Some(0), ..Report::default() };
        let mut known: HashMap<String, (Uuid, String)> = HashMap::new();
        let mut rows = Vec::new();
        loop {
            let record = records.next(Some(header.columns.len())).map_err(broken)?;
            let end = record.is_none();
            match record {
                Some(Record::Cells { line, cells }) => match read_row(&header, line, &cells) {
                    Ok(row) => rows.push(row),
                    Err((column, reason)) => report.fail(line, column, reason),
                },
                Some(Record::Broken { line, reason }) => report.fail(line, "", reason),
                None => {}
            }
            if (rows.len() >= BATCH && !options.atomic) || end {
                let batch = std::mem::take(&mut rows);
                self.import_memberships(by, &batch, options, &mut known, &mut report).await?;
            }
            if end {
                report.finish(options);
                return Ok(report);
            }
        }
    }

    async fn import_memberships(
        &self,
        by: &Principal,
        rows: &[Row],
        options: Options,
        known: &mut HashMap<String, (Uuid, String)>,
        report: &mut Report,
    ) -> Result<()> {
        let already_failed = report.failed > 0;
        let before = &*known;
        let (batch, _) = transact(self.store().as_ref(), async || {
            let (mut transaction, batch) = self.draft_memberships(by, rows, before).await?;
            if options.dry_run || (options.atomic && (already_failed || !batch.failures.is_empty())) {
                transaction.ops.clear();
            }
            Ok::<_, Error>((transaction, batch))
        })
        .await?;
        known.extend(batch.groups);
        report.created += batch.created;
        report.updated += batch.updated;
        report.unchanged += batch.unchanged;
        if options.dry_run {
            report.foresee(batch.changes);
        }
        report.members_added = Some(report.members_added.unwrap_or(0) + batch.members);
        for (line, error) in batch.failures {
            report.fail_with(line, error);
        }
        Ok(())
    }

    async fn draft_memberships(
        &self,
        by: &Principal,
        rows: &[Row],
        before: &HashMap<String, (Uuid, String)>,
    ) -> Result<(Transaction, Batch)> {
        let mut transaction = self.draft();
        let mut batch = Batch::default();
        for row in rows {
            match self.draft_membership(&mut transaction, by, row, before, &mut batch).await {
                Ok(()) => {}
                Err(error @ (Error::Store(_) | Error::Damaged { .. })) => return Err(error),
                Err(error) => batch.failures.push((row.line, error)),
            }
        }
        Ok((transaction, batch))
    }

    async fn draft_membership(
        &self,
        transaction: &mut Transaction,
        by: &Principal,
        row: &Row,
        before: &HashMap<String, (Uuid, String)>,
        batch: &mut Batch,
    ) -> Result<()> {
        let key = row.group_key();
        let known = before.get(&key).or_else(|| batch.groups.get(&key)).cloned();
        let (group, name) = if let Some(known) = known {
            known
        } else {
            let group = self.draft_group(transaction, by, row, batch).await?;
            let known = (group.id, group.name());
            batch.groups.insert(key, known.clone());
            known
        };
        let Some(member) = &row.member else { return Ok(()) };
        let user = self.user_by_name(member).await?.ok_or_else(|| {
            let shown: String = member.chars().take(100).collect();
            Error::invalid(
                "memberUserPrincipalName",
                format!(
                    "no user has the userPrincipalName '{shown}': import the users first, or correct the cell"
                ),
            )
        })?;
        // In a dry run the group may be one that does not exist; it has no members then.
        let there = self.store().has_edges(self.realm(), EdgeKind::Member, group, &[user.id]).await?;
        if there.first().copied().unwrap_or(false) || !batch.added.insert((group, user.id)) {
            return Ok(());
        }
        transaction.add_edge(self.member_edge(group, ObjectType::User, user.id));
        batch.members += 1;
        let added = vec![property("member", None, Some(Value::String(user.name())))];
        batch.foresee(row.line, PlannedAction::AddMember, &name, added);
        let shown = DirectoryObject {
            object_type: ObjectType::Group,
            id: group,
            version: 0,
            created: transaction.at,
            deleted: None,
            attributes: Map::from_iter([("displayName".to_owned(), Value::String(name))]),
        };
        self.audit_member(transaction, by, "Add member to group", &shown, &user);
        Ok(())
    }

    /// The group of a row, written if it is new or another than the row says.
    async fn draft_group(
        &self,
        transaction: &mut Transaction,
        by: &Principal,
        row: &Row,
        batch: &mut Batch,
    ) -> Result<DirectoryObject> {
        let Some(mut group) = self.group_of(row).await? else {
            let group = self.draft_new(transaction, by, ObjectType::Group, row.id, &row.change)?;
            let fresh = differences(&Map::new(), &group.attributes);
            batch.foresee(row.line, PlannedAction::Create, &group.name(), fresh);
            batch.created += 1;
            return Ok(group);
        };
        let attributes = merge(ObjectType::Group, &group.attributes, &row.change)?;
        let changes = differences(&group.attributes, &attributes);
        if changes.is_empty() {
            batch.unchanged += 1;
            return Ok(group);
        }
        group.attributes = attributes;
        batch.foresee(row.line, PlannedAction::Update, &group.name(), changes.clone());
        let (body, keys) = encode_object(ObjectType::Group, &group.attributes, None);
        transaction.put(self.realm(), Kind::Group, group.id, Expect::Version(group.version), body, keys);
        self.audit(
            transaction,
            by,
            Deed::new("Update group", Category::Group, identity_of(&group)).changing(changes),
        );
        batch.updated += 1;
        Ok(group)
    }

    async fn group_of(&self, row: &Row) -> Result<Option<DirectoryObject>> {
        if let Some(id) = row.id {
            return self.find_object(ObjectType::Group, id).await;
        }
        let text = |name: &str| row.change.get(name).and_then(Value::as_str);
        let name = text("displayName").unwrap_or_default();
        let mut found = self.groups_named(KeyName::DisplayName, name).await?;
        if found.len() > 1
            && let Some(nickname) = text("mailNickname").map(fold_key)
        {
            found.retain(|group| group.text("mailNickname").map(fold_key).as_ref() == Some(&nickname));
        }
        if found.len() > 1 {
            let ids = found.iter().map(|group| group.id).collect();
            return Err(Error::Ambiguous { what: "group", name: name.to_owned(), ids });
        }
        Ok(found.pop())
    }
}

/// Reads the cells of a row; the error is the column and what is wrong with it.
fn read_row(header: &Header, line: u64, cells: &[String]) -> Result<Row, (String, String)> {
    let mut row = Row { line, id: None, change: Map::new(), member: None };
    for ((column, meaning), cell) in header.columns.iter().zip(cells) {
        let at = |reason: String| (column.clone(), reason);
        match meaning {
            Meaning::Nothing | Meaning::Manager | Meaning::Blocked => {}
            Meaning::Id => row.id = id(cell).map_err(at)?,
            Meaning::Member => row.member = Some(cell.trim().to_owned()).filter(|name| !name.is_empty()),
            Meaning::Attribute(name, kind) => {
                let value = kind.read(cell).map_err(at)?;
                // The rows of a group after its first one often leave its cells empty.
                if !value.is_null() {
                    row.change.insert(name.clone(), value);
                }
            }
        }
    }
    if !row.change.contains_key("displayName") {
        return Err((header.column_of("displayName"), "a value is required".to_owned()));
    }
    Ok(row)
}
