//! What the files and the scripted changes say about the company: the demo's own book-keeping, which knows nothing of
//! mappings and the engine.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer::{Failure, UNFORESEEN};

/// A row of the user file by column, without the empty cells.
pub type Row = BTreeMap<String, String>;

/// A user by the book.
#[derive(Clone, Debug)]
pub struct Person {
    /// The columns of the file, as changed since.
    pub row: Row,
    /// In the recycle bin.
    pub binned: bool,
    /// Gone for good.
    pub gone: bool,
    /// The columns as of the last cycle in which the user was entitled: what an account keeps once it is disabled.
    pub exported: Option<Row>,
    /// The role of an assignment of the user's own.
    pub direct_role: Option<Role>,
}

/// What an assignment is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One of the application's own.
    Proper,
    /// Default Access, which does not count here.
    DefaultAccess,
}

/// Everybody, and the groups.
#[derive(Clone, Debug, Default)]
pub struct Company {
    /// By objectId.
    pub people: BTreeMap<String, Person>,
    /// Members by the name of the group, as objectIds.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Groups that are assigned.
    pub assigned: BTreeSet<String>,
}

impl Company {
    /// Reads the two files.
    pub fn read(users: &str, groups: &str) -> Result<Self, Failure> {
        let mut company = Self::default();
        let mut by_name = BTreeMap::new();
        for row in rows(users)? {
            let id = cell(&row, "objectId")?;
            by_name.insert(cell(&row, "userPrincipalName")?.to_lowercase(), id.clone());
            company
                .people
                .insert(id, Person { row, binned: false, gone: false, exported: None, direct_role: None });
        }
        for person in company.people.values_mut() {
            // By id, so that the book stays right when a manager is renamed.
            if let Some(manager) = person.row.get("manager") {
                let id = by_name.get(&manager.to_lowercase()).cloned().ok_or_else(|| unknown(manager))?;
                person.row.insert("manager".to_owned(), id);
            }
        }
        for row in rows(groups)? {
            let member = cell(&row, "memberUserPrincipalName")?;
            let id = by_name.get(&member.to_lowercase()).cloned().ok_or_else(|| unknown(&member))?;
            company.groups.entry(cell(&row, "displayName")?).or_default().insert(id);
        }
        Ok(company)
    }

    /// Whether the user has to have a live account: is there, may sign in, and has an assignment that counts.
    pub fn entitled(&self, id: &str) -> bool {
        let Some(person) = self.people.get(id) else { return false };
        let active =
            !person.binned && !person.gone && person.get("accountEnabled").eq_ignore_ascii_case("true");
        let assigned = person.direct_role == Some(Role::Proper)
            || self
                .assigned
                .iter()
                .any(|group| self.groups.get(group).is_some_and(|members| members.contains(id)));
        active && assigned
    }

    /// Whether the tenant has to hold an account of the user, live or disabled.
    pub fn has_account(&self, id: &str) -> bool {
        self.entitled(id)
            || self.people.get(id).is_some_and(|person| person.exported.is_some() && !person.gone)
    }

    /// The columns that the user's account has to show.
    pub fn shown<'a>(&self, id: &str, person: &'a Person) -> &'a Row {
        person.exported.as_ref().filter(|_| !self.entitled(id)).unwrap_or(&person.row)
    }

    /// Notes who has an account after a cycle, and with what.
    pub fn after_cycle(&mut self) {
        let entitled: Vec<String> = self.people.keys().filter(|id| self.entitled(id)).cloned().collect();
        for id in entitled {
            if let Some(person) = self.people.get_mut(&id) {
                person.exported = Some(person.row.clone());
            }
        }
    }

    /// The ids of those who have a live account and manage nobody, in the order of their principal names.
    pub fn individuals(&self) -> Vec<String> {
        let managers: BTreeSet<&str> = self.people.values().map(|person| person.get("manager")).collect();
        let mut found: Vec<(&str, &String)> = self
            .people
            .iter()
            .filter(|(id, _)| self.entitled(id) && !managers.contains(id.as_str()))
            .map(|(id, person)| (person.get("userPrincipalName"), id))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id.clone()).collect()
    }
}

impl Person {
    /// A cell, empty when there is none.
    pub fn get(&self, column: &str) -> &str {
        self.row.get(column).map_or("", String::as_str)
    }
}

fn rows(text: &str) -> Result<Vec<Row>, Failure> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let wrong = |error: csv::Error| {
        Failure::new("DemoFile", format!("the demo's own file cannot be read: {error}"), UNFORESEEN)
    };
    let mut all = Vec::new();
    for record in reader.deserialize::<Row>() {
        let mut row = record.map_err(wrong)?;
        row.retain(|_, value| !value.is_empty());
        all.push(row);
    }
    Ok(all)
}

fn cell(row: &Row, column: &str) -> Result<String, Failure> {
    row.get(column).cloned().ok_or_else(|| {
        Failure::new("DemoFile", format!("a row of the demo's file has no {column}"), UNFORESEEN)
    })
}

fn unknown(name: &str) -> Failure {
    Failure::new("DemoFile", format!("the demo's files name {name}, who is not in them"), UNFORESEEN)
}
