//! Who is assigned to the application, directly and through groups.

use std::collections::{HashMap, HashSet};

use model::ObjectType;
use parking_lot::RwLock;
use uuid::Uuid;

use crate::Error;
use crate::context::Context;

const PAGE: usize = 1_000;

/// Roles as bits, so that a million users' roles fit into memory.
type Roles = u64;

/// The assignments of an application.
pub(crate) struct Assignments {
    /// Role of each bit; roles beyond the last bit share it.
    roles: Vec<Uuid>,
    users: HashMap<Uuid, Roles>,
    pub groups: HashMap<Uuid, Roles>,
    nested: bool,
    /// Roles through groups, of everyone; made when everyone is looked at.
    expanded: RwLock<Option<HashMap<Uuid, Roles>>>,
}

impl Assignments {
    pub async fn load(context: &Context) -> Result<Self, Error> {
        let mut this = Self {
            roles: Vec::new(),
            users: HashMap::new(),
            groups: HashMap::new(),
            nested: context.job.nested_groups,
            expanded: RwLock::new(None),
        };
        let mut after = None;
        loop {
            let page = context.source.assignments(context.service_principal.id, after).await?;
            for assignment in page.assignments {
                let bit = this.bit(assignment.app_role_id);
                let of =
                    if assignment.principal_type == "Group" { &mut this.groups } else { &mut this.users };
                *of.entry(assignment.principal_id).or_default() |= bit;
            }
            after = page.next;
            if after.is_none() {
                return Ok(this);
            }
        }
    }

    fn bit(&mut self, role: Uuid) -> Roles {
        let position = self.roles.iter().position(|known| *known == role).unwrap_or_else(|| {
            self.roles.push(role);
            self.roles.len() - 1
        });
        // Only whether a role is Default Access decides; the last bit never stands for that one alone.
        1 << position.min(63)
    }

    fn names(&self, roles: Roles) -> Vec<Uuid> {
        let named = self.roles.iter().enumerate().filter(|(bit, _)| roles & (1 << (*bit).min(63)) != 0);
        named.map(|(_, role)| *role).collect()
    }

    /// Reads the members of all assigned groups, before everyone is looked at.
    pub async fn expand(&self, context: &Context) -> Result<(), Error> {
        let mut expanded: HashMap<Uuid, Roles> = HashMap::new();
        for (group, roles) in &self.groups {
            for user in self.members_below(context, *group).await? {
                *expanded.entry(user).or_default() |= roles;
            }
        }
        *self.expanded.write() = Some(expanded);
        Ok(())
    }

    /// The objects that assignments reach, each once.
    pub async fn reached(&self, context: &Context, object_type: ObjectType) -> Result<Vec<Uuid>, Error> {
        let mut reached: HashSet<Uuid> = match object_type {
            ObjectType::Group => self.groups.keys().copied().collect(),
            ObjectType::User => self.users.keys().copied().collect(),
        };
        if object_type == ObjectType::User {
            self.expand(context).await?;
            reached.extend(self.expanded.read().iter().flat_map(HashMap::keys));
        }
        Ok(reached.into_iter().collect())
    }

    /// The users that an assignment of this group reaches.
    pub async fn members_below(&self, context: &Context, group: Uuid) -> Result<Vec<Uuid>, Error> {
        let mut seen = HashSet::from([group]);
        let mut waiting = vec![group];
        let mut users = Vec::new();
        while let Some(group) = waiting.pop() {
            let mut after = None;
            loop {
                let page = context.source.members(group, after, PAGE).await?;
                for (object_type, id) in page.others {
                    match object_type {
                        ObjectType::User => users.push(id),
                        ObjectType::Group if self.nested && seen.insert(id) => waiting.push(id),
                        ObjectType::Group => {}
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(users)
    }

    /// The roles of all assignments that reach an object.
    pub async fn roles_of(
        &self,
        context: &Context,
        object_type: ObjectType,
        id: Uuid,
    ) -> Result<Vec<Uuid>, Error> {
        let direct = match object_type {
            ObjectType::Group => return Ok(self.names(self.groups.get(&id).copied().unwrap_or_default())),
            ObjectType::User => self.users.get(&id).copied().unwrap_or_default(),
        };
        if self.groups.is_empty() {
            return Ok(self.names(direct));
        }
        if let Some(expanded) = &*self.expanded.read() {
            return Ok(self.names(direct | expanded.get(&id).copied().unwrap_or_default()));
        }
        let mut roles = direct;
        let mut seen = HashSet::new();
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            for group in context.source.groups_of(id).await? {
                if seen.insert(group) {
                    roles |= self.groups.get(&group).copied().unwrap_or_default();
                    if self.nested {
                        waiting.push(group);
                    }
                }
            }
        }
        Ok(self.names(roles))
    }
}
