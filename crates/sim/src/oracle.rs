//! What should be, worked out anew and plainly from the directory: no code of the engine takes part.

use std::collections::{BTreeMap, BTreeSet};

use directory::Directory;
use model::{
    AppRoleAssignment, DEFAULT_ACCESS, DirectoryObject, Job, Link, LinkState, ObjectType, ServicePrincipal,
    SyncScope,
};
use serde_json::{Map, Value};
use store::{Kind, Realm, Scan, Store};
use uuid::Uuid;

/// More than a simulation has of anything.
const ALL: usize = 1_000;

/// Everything the directory says about one job.
pub struct Oracle {
    pub job: Job,
    pub users: BTreeMap<Uuid, DirectoryObject>,
    pub groups: BTreeMap<Uuid, DirectoryObject>,
    managers: BTreeMap<Uuid, Uuid>,
    members: BTreeMap<Uuid, BTreeSet<Uuid>>,
    assignments: Vec<AppRoleAssignment>,
    roles: bool,
}

impl Oracle {
    pub async fn read(directory: &Directory, store: &dyn Store, job: Uuid) -> anyhow::Result<Self> {
        let job = directory.job(job).await?;
        let app: ServicePrincipal = directory.service_principal(job.service_principal_id).await?;
        let all = async |object_type| -> anyhow::Result<BTreeMap<Uuid, DirectoryObject>> {
            let kind = if object_type == ObjectType::User { Kind::User } else { Kind::Group };
            let page = store.scan(directory.realm(), kind, Scan::first(ALL)).await?;
            let objects = page.objects.iter().map(directory::decode_object);
            Ok(objects.collect::<Result<Vec<_>, _>>()?.into_iter().map(|it| (it.id, it)).collect())
        };
        let (users, groups) = (all(ObjectType::User).await?, all(ObjectType::Group).await?);
        let mut managers = BTreeMap::new();
        for user in users.keys() {
            if let Some(manager) = directory.manager(*user).await? {
                managers.insert(*user, manager.id);
            }
        }
        let mut members = BTreeMap::new();
        for group in groups.keys() {
            let page = directory.members(*group, None, ALL).await?;
            members.insert(*group, page.objects.into_iter().map(|it| it.id).collect());
        }
        let assignments = directory.assigned_to(app.id, None, ALL).await?.0;
        Ok(Self { job, users, groups, managers, members, assignments, roles: !app.app_roles.is_empty() })
    }

    /// Whether assignments of an object, or of groups that it is in, let it in.
    fn assigned(&self, id: Uuid) -> bool {
        let mut reached = BTreeSet::from([id]);
        loop {
            let more: Vec<Uuid> = self
                .members
                .iter()
                .filter(|(group, members)| {
                    let nested = self.job.nested_groups || members.contains(&id);
                    nested && !reached.contains(group) && members.iter().any(|it| reached.contains(it))
                })
                .map(|(group, _)| *group)
                .collect();
            if more.is_empty() || self.groups.contains_key(&id) {
                break;
            }
            reached.extend(more);
        }
        let counts = |role: Uuid| !(self.job.exclude_default_access && self.roles && role == DEFAULT_ACCESS);
        self.assignments.iter().any(|it| reached.contains(&it.principal_id) && counts(it.app_role_id))
    }

    /// Who is to have an account now.
    pub fn entitled(&self) -> BTreeSet<Uuid> {
        let everyone = self.job.scope == SyncScope::All;
        let of = |objects: &BTreeMap<Uuid, DirectoryObject>| -> Vec<Uuid> {
            let wanted = objects.values().filter(|object| {
                object.deleted.is_none() && object.enabled() && (everyone || self.assigned(object.id))
            });
            wanted.map(|object| object.id).collect()
        };
        of(&self.users).into_iter().chain(of(&self.groups)).collect()
    }

    /// What is wrong with the target, once everything has settled.
    pub async fn compare(
        &self,
        store: &dyn Store,
        accounts: &[Map<String, Value>],
        teams: &[Map<String, Value>],
        planted: &BTreeSet<String>,
    ) -> anyhow::Result<Vec<String>> {
        let page = store.scan(Realm(self.job.id), Kind::Link, Scan::first(ALL)).await?;
        let mut links: BTreeMap<Uuid, Link> = BTreeMap::new();
        for object in &page.objects {
            links.insert(object.id, serde_json::from_slice(&object.body)?);
        }
        let mut wrong = Vec::new();
        let entitled = self.entitled();
        let target_of = |id: &Uuid| links.get(id).and_then(|link| link.target_id.clone());
        let linked: BTreeMap<String, Uuid> =
            links.iter().filter_map(|(id, link)| Some((link.target_id.clone()?, *id))).collect();
        let id_of = |resource: &Map<String, Value>| resource["id"].as_str().unwrap_or_default().to_owned();
        for account in accounts.iter().chain(teams) {
            let id = id_of(account);
            // Somebody made one by hand between the search and the creation: two of a name, an administrator's to decide.
            let name = account.get("userName").and_then(Value::as_str).unwrap_or_default();
            let beside =
                || accounts.iter().any(|it| planted.contains(&id_of(it)) && is(&it["userName"], name));
            if !linked.contains_key(&id) && !planted.contains(&id) && !beside() {
                wrong.push(format!("nobody's account: {account:?}"));
            }
        }
        let mut blocked = BTreeSet::new();
        for user in self.users.values().filter(|user| entitled.contains(&user.id)) {
            let name = user.text("userPrincipalName").unwrap_or_default();
            let held = accounts.iter().filter(|it| is(&it["userName"], name)).map(id_of);
            let holders: Vec<String> = held.collect();
            let own = target_of(&user.id);
            // Somebody who is disabled keeps the name, or a stranger has it: an administrator's to decide. A second
            // account of the same person would be nobody's.
            if holders.iter().any(|id| Some(id) != own.as_ref()) {
                blocked.extend(own);
                continue;
            }
            let Some(account) = accounts.iter().find(|it| Some(id_of(it)) == own) else {
                wrong.push(format!("{name} ({}) has no account; link {:?}", user.id, links.get(&user.id)));
                continue;
            };
            let manager = self.managers.get(&user.id).filter(|it| entitled.contains(it)).and_then(target_of);
            compare_user(user, account, manager.as_deref(), &mut wrong);
        }
        for (id, link) in &links {
            let Some(account) = link.target_id.as_ref().filter(|_| !entitled.contains(id)) else { continue };
            let found = accounts.iter().find(|it| id_of(it) == *account);
            let group = teams.iter().any(|it| id_of(it) == *account);
            if group || link.state == LinkState::Active || found.is_some_and(|it| it["active"] != false) {
                wrong.push(format!("{id} ({}) is to have no account: {found:?}", link.source_name));
            }
        }
        for group in self.groups.values().filter(|group| entitled.contains(&group.id)) {
            let name = group.name();
            let Some(team) = teams.iter().find(|it| Some(id_of(it)) == target_of(&group.id)) else {
                wrong.push(format!("the group {name} is not there"));
                continue;
            };
            let members = self.members.get(&group.id).into_iter().flatten();
            let mut wanted: BTreeSet<String> =
                members.filter(|id| entitled.contains(id)).filter_map(target_of).collect();
            wanted.retain(|id| !blocked.contains(id));
            let value = |member: &Value| member["value"].as_str().map(str::to_owned);
            let mut found: BTreeSet<String> = match team.get("members") {
                Some(Value::Array(members)) => members.iter().filter_map(value).collect(),
                _ => BTreeSet::new(),
            };
            found.retain(|id| !blocked.contains(id));
            if wanted != found || !is(&team["displayName"], &name) {
                wrong.push(format!("the group {name} has {found:?}, not {wanted:?}: {team:?}"));
            }
        }
        Ok(wrong)
    }
}

fn compare_user(
    user: &DirectoryObject,
    account: &Map<String, Value>,
    manager: Option<&str>,
    wrong: &mut Vec<String>,
) {
    let text = |name: &str| user.text(name).map(Value::from).unwrap_or_default();
    let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let has = |pointer: &str| Value::Object(account.clone()).pointer(pointer).cloned().unwrap_or_default();
    let parts: Vec<&str> = ["givenName", "surname"].iter().filter_map(|it| user.text(it)).collect();
    let formatted = if parts.is_empty() { Value::Null } else { parts.join(" ").into() };
    for (path, wanted) in [
        ("/active", Value::Bool(true)),
        ("/displayName", text("displayName")),
        ("/title", text("jobTitle")),
        ("/name/familyName", text("surname")),
        ("/name/formatted", formatted),
        ("/externalId", text("mailNickname")),
    ] {
        let found = has(path);
        if found != wanted && !wanted.is_null() {
            wrong.push(format!("{path} of {} is {found}, not {wanted}", user.name()));
        }
    }
    let found = account.get(extension).and_then(|it| it["manager"]["value"].as_str());
    if found != manager && manager.is_some() {
        wrong.push(format!("the manager of {} is {found:?}, not {manager:?}", user.name()));
    }
}

fn is(value: &Value, name: &str) -> bool {
    value.as_str().is_some_and(|text| scim::fold::fold_key(text) == scim::fold::fold_key(name))
}
