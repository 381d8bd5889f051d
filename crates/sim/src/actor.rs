//! What administrators and directories do while cycles run.

use std::sync::Arc;

use directory::{AssignmentRequest, JobChange, JobSettings};
use model::{MappingSource, ObjectType, SyncScope};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use worker::ResetScope;

use crate::world::World;

/// Few names, so that they are taken, freed and changed hands.
const NAMES: [&str; 10] =
    ["ada", "grace", "alan", "Edsger", "barbara", "donald", "tim", "linus", "ßigrid", "Ärne"];
const TITLES: [&str; 4] = ["Analyst", "Countess", "Admiral", "it's \"quoted\""];

impl World {
    /// One thing that somebody does. What cannot be done now is left.
    pub async fn act(&mut self) -> anyhow::Result<()> {
        let users: Vec<Uuid> = self.users.iter().copied().collect();
        let user = self.dice.choose(&users).copied();
        let groups: Vec<Uuid> = self.groups.iter().copied().collect();
        let group = self.dice.choose(&groups).copied();
        match (self.dice.below(100), user, group) {
            (0..=19, ..) | (_, None, _) => self.hire().await,
            (20..=34, Some(user), _) => self.edit(user).await,
            (35..=42, Some(user), _) => {
                let on = self.dice.happens(500);
                self.set(user, json!({"accountEnabled": on})).await;
            }
            (43..=47, Some(user), _) => {
                let manager =
                    self.dice.choose(&users).copied().filter(|it| *it != user && self.dice.happens(800));
                self.trace.note(format!("directory: the manager of {user} is {manager:?}"));
                drop(self.directory.set_manager(&self.by, user, manager).await);
            }
            (48..=53, Some(user), _) => self.fire(user).await,
            (54..=59, ..) | (60..=73, _, None) => self.regroup(group).await,
            (60..=73, Some(user), Some(group)) => self.members(user, group, &groups).await,
            (74..=85, Some(user), _) => {
                let principal = group.filter(|_| self.dice.happens(400)).unwrap_or(user);
                self.assign(principal).await;
            }
            (86..=88, ..) => self.configure().await?,
            (89..=92, Some(user), _) => self.demand(user, group),
            (93..=94, ..) => self.restart_job(),
            (95..=96, ..) => self.plant(),
            _ => self.disturb().await?,
        }
        self.look().await
    }

    fn name(&self) -> String {
        format!("{}@example.com", self.dice.choose(&NAMES).copied().unwrap_or_default())
    }

    async fn hire(&mut self) {
        if self.users.len() >= 14 {
            return;
        }
        let name = self.name();
        let mut attributes = Map::from_iter([
            ("userPrincipalName".to_owned(), json!(name)),
            ("displayName".to_owned(), json!(format!("The {name}"))),
            ("surname".to_owned(), json!("Byron")),
        ]);
        if self.dice.happens(500) {
            attributes.insert("mailNickname".to_owned(), json!(name.split('@').next()));
            attributes.insert("mail".to_owned(), json!(name));
        }
        let made = self.directory.create_object(&self.by, ObjectType::User, None, &attributes).await;
        self.trace.note(format!("directory: {name} comes: {:?}", made.as_ref().map(|it| it.id)));
        if let Ok(user) = made {
            self.users.insert(user.id);
            if self.dice.happens(700) {
                self.assign(user.id).await;
            }
        }
    }

    async fn set(&self, user: Uuid, change: Value) {
        let Value::Object(change) = change else { return };
        let done = self.directory.update_object(&self.by, ObjectType::User, user, &change).await;
        self.trace.note(format!("directory: {user} {change:?}: {}", done.is_ok()));
    }

    async fn edit(&self, user: Uuid) {
        let title = self.dice.choose(&TITLES).copied().filter(|_| self.dice.happens(800));
        let change = match self.dice.below(5) {
            0 => json!({"userPrincipalName": self.name()}),
            1 => json!({"displayName": format!("Number {}", self.dice.below(5))}),
            2 => json!({"surname": "King", "givenName": "Ada"}),
            _ => json!({"jobTitle": title}),
        };
        self.set(user, change).await;
    }

    async fn fire(&mut self, user: Uuid) {
        let what = match self.dice.below(3) {
            0 => self.directory.restore_user(&self.by, user).await.map(|_| "restored"),
            1 => {
                let purged = self.directory.purge_object(&self.by, ObjectType::User, user).await;
                if purged.is_ok() {
                    self.users.remove(&user);
                }
                purged.map(|()| "purged")
            }
            _ => self.directory.delete_user(&self.by, user).await.map(|()| "deleted"),
        };
        self.trace.note(format!("directory: {user} {what:?}"));
    }

    async fn regroup(&mut self, group: Option<Uuid>) {
        if let Some(group) = group.filter(|_| self.groups.len() > 3) {
            let done = self.directory.purge_object(&self.by, ObjectType::Group, group).await;
            self.trace.note(format!("directory: the group {group} goes: {}", done.is_ok()));
            if done.is_ok() {
                self.groups.remove(&group);
            }
            return;
        }
        self.groups_made += 1;
        let name = format!("Group {}", self.groups_made);
        let attributes = Map::from_iter([
            ("displayName".to_owned(), json!(name)),
            ("mailNickname".to_owned(), json!(format!("group{}", self.groups_made))),
            ("mailEnabled".to_owned(), json!(false)),
            ("securityEnabled".to_owned(), json!(true)),
        ]);
        let made = self.directory.create_object(&self.by, ObjectType::Group, None, &attributes).await;
        self.trace.note(format!("directory: {name}: {:?}", made.as_ref().map(|it| it.id)));
        if let Ok(group) = made {
            self.groups.insert(group.id);
            if self.dice.happens(600) {
                self.assign(group.id).await;
            }
        }
    }

    async fn members(&self, user: Uuid, group: Uuid, groups: &[Uuid]) {
        let nested = self.dice.choose(groups).copied().filter(|it| *it != group && self.dice.happens(150));
        let member = nested.map_or((ObjectType::User, user), |group| (ObjectType::Group, group));
        let leaves = self.dice.happens(400);
        self.trace.note(format!(
            "directory: {} {} {group}",
            member.1,
            if leaves { "leaves" } else { "joins" }
        ));
        if leaves {
            drop(self.directory.remove_member(&self.by, group, member.1).await);
        } else {
            drop(self.directory.add_members(&self.by, group, &[member]).await);
        }
    }

    async fn assign(&self, principal: Uuid) {
        if self.dice.happens(350) {
            let all = self.directory.assigned_to(self.app.id, None, 1_000).await;
            let of_principal: Vec<Uuid> = all
                .map(|(all, _)| {
                    all.iter().filter(|it| it.principal_id == principal).map(|it| it.id).collect()
                })
                .unwrap_or_default();
            if let Some(id) = self.dice.choose(&of_principal) {
                self.trace.note(format!("directory: {principal} is unassigned"));
                drop(self.directory.unassign(&self.by, *id).await);
            }
            return;
        }
        let roles: Vec<&str> = self.app.app_roles.iter().map(|role| role.display_name.as_str()).collect();
        let role = self.dice.choose(&roles).copied().filter(|_| self.dice.happens(900));
        let request = AssignmentRequest { resource: self.app.id, principal, role };
        let done = self.directory.assign(&self.by, request).await;
        self.trace.note(format!("directory: {principal} is assigned as {role:?}: {}", done.is_ok()));
    }

    async fn configure(&self) -> anyhow::Result<()> {
        let job = self.directory.job(self.job).await?;
        let mut change = JobChange::default();
        let mut settings = JobSettings::of(&job);
        match self.dice.below(4) {
            0 => {
                let all = settings.scope == SyncScope::All;
                settings.scope = if all { SyncScope::Assigned } else { SyncScope::All };
            }
            1 => settings.nested_groups = !settings.nested_groups,
            2 => settings.exclude_default_access = !settings.exclude_default_access,
            _ => {
                let mut mappings = job.object_mappings.clone();
                let title = mappings[0]
                    .attribute_mappings
                    .iter_mut()
                    .find(|it| it.target_attribute_name == "nickName");
                if let Some(title) = title {
                    let text =
                        ["[jobTitle]", "Guid()", r#"SelectUniqueValue("a", "b", Guid())"#, "[surname]"];
                    let text = self.dice.choose(&text).copied().unwrap_or_default();
                    title.source = MappingSource::Expression(text.to_owned());
                }
                change.object_mappings = Some(mappings);
            }
        }
        change.settings = Some(settings);
        let done = self.directory.update_job(&self.by, self.job, &change).await;
        self.trace.note(format!("directory: the job is changed: {change:?}: {}", done.is_ok()));
        Ok(())
    }

    /// Provisions one object now, as far as the process lives to do it.
    fn demand(&self, user: Uuid, group: Option<Uuid>) {
        let subject = match group.filter(|_| self.dice.happens(300)) {
            Some(group) => (ObjectType::Group, group),
            None => (ObjectType::User, user),
        };
        self.trace.note(format!("admin: provision {} on demand", subject.1));
        let (handle, directory, job, by) =
            (self.node.handle.clone(), self.directory.id(), self.job, self.by.clone());
        let network = Arc::clone(&self.network);
        tokio::spawn(async move {
            if let Ok(entries) = handle.provision_on_demand(directory, job, subject, by).await {
                network.watch.told(subject.1, entries.len());
            }
        });
    }

    fn restart_job(&self) {
        let scopes: &[ResetScope] = match self.dice.below(5) {
            0 => &[ResetScope::Full],
            1 => &[ResetScope::Watermark],
            2 => &[ResetScope::ConnectorDataStore],
            3 => &[ResetScope::Escrows],
            _ => &[],
        };
        self.trace.note(format!("admin: restart {scopes:?}"));
        let (handle, job) = (self.node.handle.clone(), self.job);
        let scopes = scopes.to_vec();
        tokio::spawn(async move { handle.restart(job, &scopes).await });
    }

    /// Somebody makes an account in the target by hand.
    fn plant(&mut self) {
        let name = self.name();
        let there = self.network.target.resources("Users");
        if there.iter().any(|it| it["userName"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(&name))) {
            return;
        }
        let account = json!({"userName": name, "active": true, "title": "by hand"});
        let id = self.network.target.plant("Users", account);
        self.trace.note(format!("target: {name} is made by hand: {id}"));
        self.planted.insert(id);
    }
}
