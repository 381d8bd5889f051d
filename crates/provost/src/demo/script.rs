//! The day between the two cycles: each change goes through the command line's code and into the book.

use std::path::Path;

use crate::answer::Failure;
use crate::cli::{App, Group, User};
use crate::client::Client;
use crate::commands::{app, group, user};

use super::company::{Company, Person, Row};
use super::{Narrator, assignment, file, held};

/// Makes every change. Answers the principal name of a user whose log is worth reading.
pub async fn changes(
    client: &Client,
    narrator: &Narrator,
    dir: &Path,
    company: &mut Company,
) -> Result<String, Failure> {
    let mut day = Day::begin(client, narrator, company);
    let shown = day.names().await?;
    day.attributes().await?;
    day.leavers().await?;
    day.joiners(dir).await?;
    day.groups().await?;
    Ok(shown)
}

struct Day<'a> {
    client: &'a Client,
    narrator: &'a Narrator,
    company: &'a mut Company,
    /// People to whom something may happen today, each once.
    pool: Vec<String>,
}

impl<'a> Day<'a> {
    fn begin(client: &'a Client, narrator: &'a Narrator, company: &'a mut Company) -> Self {
        // Not in a row, so that cultures and departments mix.
        let all = company.individuals();
        let stride = 37;
        let mut pool: Vec<String> = Vec::with_capacity(all.len());
        for start in 0..stride {
            pool.extend(all.iter().skip(start).step_by(stride).cloned());
        }
        Self { client, narrator, company, pool }
    }

    fn take(&mut self, count: usize) -> Vec<String> {
        let at = self.pool.len().saturating_sub(count);
        self.pool.split_off(at)
    }

    /// One in a hundred, but some in a small company too.
    fn share(&self, least: usize) -> usize {
        (self.company.people.len() / 100).clamp(least, 100)
    }

    fn name(&self, id: &str) -> String {
        self.company
            .people
            .get(id)
            .map(|person| person.get("userPrincipalName").to_owned())
            .unwrap_or_default()
    }

    fn book(&mut self, id: &str, change: impl FnOnce(&mut Person)) {
        if let Some(person) = self.company.people.get_mut(id) {
            change(person);
        }
    }

    /// Sets columns at the server and in the book; an empty value clears.
    async fn set(&mut self, id: &str, columns: &[(&str, &str)]) -> Result<(), Failure> {
        let attributes = columns.iter().map(|(column, value)| format!("{column}={value}")).collect();
        user::run(self.client, User::Set { user: self.name(id), attributes }).await?;
        self.book(id, |person| {
            for (column, value) in columns {
                if value.is_empty() {
                    person.row.remove(*column);
                } else {
                    person.row.insert((*column).to_owned(), (*value).to_owned());
                }
            }
        });
        Ok(())
    }

    async fn names(&mut self) -> Result<String, Failure> {
        let married = self.take(5);
        for id in &married {
            let given = self
                .company
                .people
                .get(id)
                .map(|person| person.get("givenName").to_owned())
                .unwrap_or_default();
            let surname = "Núñez-O'Connor";
            self.set(id, &[("surname", surname), ("displayName", &format!("{given} {surname}"))]).await?;
        }
        let shown = married.first().map(|id| self.name(id)).unwrap_or_default();
        let renamed = self.take(1);
        for id in &renamed {
            self.set(id, &[("userPrincipalName", "renamed.person+new@contoso.example")]).await?;
        }
        self.narrator.say(&format!("{} people changed their name, one the principal name", married.len()));
        Ok(shown)
    }

    async fn attributes(&mut self) -> Result<(), Failure> {
        let promoted = self.take(self.share(3));
        for id in &promoted {
            self.set(id, &[("jobTitle", "Promoted; \"Principal\" & Lead")]).await?;
        }
        let unreachable = self.take(3);
        for id in &unreachable {
            self.set(id, &[("mobile", ""), ("telephoneNumber", "+49 89 0000")]).await?;
        }
        let moved = self.take(5);
        let boss = self
            .company
            .people
            .iter()
            .find(|(_, person)| person.get("jobTitle").starts_with("Chief Executive"));
        let boss = boss.map(|(id, person)| (id.clone(), person.get("userPrincipalName").to_owned()));
        if let Some((boss, boss_name)) = boss {
            for id in &moved {
                let attributes = vec![format!("manager={boss_name}")];
                user::run(self.client, User::Set { user: self.name(id), attributes }).await?;
                self.book(id, |person| drop(person.row.insert("manager".to_owned(), boss.clone())));
            }
        }
        self.narrator.say(&format!(
            "{} titles changed, {} people lost their mobile, {} have another manager",
            promoted.len(),
            unreachable.len(),
            moved.len()
        ));
        Ok(())
    }

    async fn leavers(&mut self) -> Result<(), Failure> {
        let disabled = self.take(self.share(3));
        for id in &disabled {
            user::run(self.client, User::Disable { user: self.name(id) }).await?;
            self.book(id, |person| drop(person.row.insert("accountEnabled".to_owned(), "False".to_owned())));
        }
        let binned = self.take(3);
        for id in &binned {
            user::run(self.client, User::Delete { user: self.name(id), permanent: false }).await?;
            self.book(id, |person| person.binned = true);
        }
        let gone = self.take(3);
        for id in &gone {
            user::run(self.client, User::Delete { user: self.name(id), permanent: true }).await?;
            self.book(id, |person| person.gone = true);
            for members in self.company.groups.values_mut() {
                members.remove(id);
            }
        }
        self.narrator.say(&format!(
            "{} people disabled, {} in the recycle bin, {} gone for good",
            disabled.len(),
            binned.len(),
            gone.len()
        ));
        Ok(())
    }

    async fn joiners(&mut self, dir: &Path) -> Result<(), Failure> {
        let manager = self.pool.first().map(|id| self.name(id)).unwrap_or_default();
        let manager_id = self.pool.first().cloned().unwrap_or_default();
        let mut text = String::from(
            "userPrincipalName,displayName,surname,givenName,objectId,jobTitle,department,accountEnabled,manager,mailNickname\n",
        );
        let joiners = [("Zoë", "Āboliņa", "1"), ("梓萱", "王", "2"), ("Иван", "Ёлкин", "3")];
        for (given, surname, number) in joiners {
            let row = [
                ("userPrincipalName", format!("joiner{number}@contoso.example")),
                ("displayName", format!("{given} {surname}")),
                ("surname", surname.to_owned()),
                ("givenName", given.to_owned()),
                ("objectId", format!("0a0a0a0a-0000-4000-8000-00000000000{number}")),
                ("jobTitle", "Trainee".to_owned()),
                ("department", "Engineering".to_owned()),
                ("accountEnabled", "True".to_owned()),
                ("manager", manager.clone()),
                ("mailNickname", format!("joiner{number}")),
            ];
            text.push_str(&row.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(","));
            text.push('\n');
            let mut row: Row = row.into_iter().map(|(column, value)| (column.to_owned(), value)).collect();
            row.insert("manager".to_owned(), manager_id.clone());
            let person = Person { binned: false, gone: false, exported: None, direct_role: None, row };
            self.company.people.insert(person.get("objectId").to_owned(), person);
        }
        let path = file(dir, "joiners.csv", &text)?;
        let import =
            User::Import { file: path, dry_run: false, atomic: true, snapshot: false, allow_leavers: None };
        held(self.narrator, &user::run(self.client, import).await?)?;
        for (_, _, number) in joiners {
            let name = format!("joiner{number}@contoso.example");
            self.member("Engineering", &name, &format!("0a0a0a0a-0000-4000-8000-00000000000{number}"), true)
                .await?;
        }
        self.narrator.say("3 people joined, and the group Engineering with them");
        Ok(())
    }

    async fn member(&mut self, group_name: &str, user: &str, id: &str, add: bool) -> Result<(), Failure> {
        let (group, user) = (group_name.to_owned(), user.to_owned());
        let members = self.company.groups.entry(group.clone()).or_default();
        let command = if add {
            members.insert(id.to_owned());
            Group::AddMember { group, user }
        } else {
            members.remove(id);
            Group::RemoveMember { group, user }
        };
        group::run(self.client, command).await.map(drop)
    }

    async fn groups(&mut self) -> Result<(), Failure> {
        let left = self.take(4);
        let mut count = 0;
        for id in &left {
            let groups: Vec<String> = self
                .company
                .groups
                .iter()
                .filter(|(_, members)| members.contains(id))
                .map(|(name, _)| name.clone())
                .collect();
            for group in groups {
                let name = self.name(id);
                self.member(&group, &name, id, false).await?;
                count += 1;
            }
        }
        let unassigned = "Facilities";
        app::run(self.client, App::Unassign(assignment(None, Some(unassigned), None))).await?;
        self.company.assigned.remove(unassigned);
        self.narrator.say(&format!(
            "{} people left their groups ({count} memberships); the group {unassigned} is no longer assigned",
            left.len()
        ));
        Ok(())
    }
}
