//! Who is assigned to the application, directly and through groups.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use model::ObjectType;
use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use crate::Error;
use crate::context::Context;

const PAGE: usize = 1_000;

/// A set of roles, by its number in [`RoleSets`]: a million users have few different ones.
type Roles = u32;

/// The sets of roles that somebody has, each once; the first is the empty one.
struct RoleSets {
    sets: Vec<Arc<[Uuid]>>,
    numbers: HashMap<Arc<[Uuid]>, Roles>,
    unions: HashMap<(Roles, Roles), Roles>,
}

impl RoleSets {
    fn new() -> Self {
        let empty: Arc<[Uuid]> = Arc::new([]);
        Self { sets: vec![Arc::clone(&empty)], numbers: HashMap::from([(empty, 0)]), unions: HashMap::new() }
    }

    fn number(&mut self, set: BTreeSet<Uuid>) -> Roles {
        let set: Arc<[Uuid]> = set.into_iter().collect();
        if let Some(number) = self.numbers.get(&set) {
            return *number;
        }
        let number = Roles::try_from(self.sets.len()).expect("fewer sets than users, fewer users than fit");
        self.sets.push(Arc::clone(&set));
        self.numbers.insert(set, number);
        number
    }

    fn with(&mut self, roles: Roles, role: Uuid) -> Roles {
        let one = self.number(BTreeSet::from([role]));
        self.union(roles, one)
    }

    fn union(&mut self, one: Roles, two: Roles) -> Roles {
        if one == two {
            return one;
        }
        let pair = (one.min(two), one.max(two));
        if let Some(known) = self.unions.get(&pair) {
            return *known;
        }
        let both = self.of(one).iter().chain(self.of(two)).copied().collect();
        let number = self.number(both);
        self.unions.insert(pair, number);
        number
    }

    fn of(&self, roles: Roles) -> &[Uuid] {
        &self.sets[roles as usize]
    }
}

/// The assignments of an application.
pub(crate) struct Assignments {
    sets: Mutex<RoleSets>,
    users: HashMap<Uuid, Roles>,
    pub groups: HashMap<Uuid, Roles>,
    nested: bool,
    /// Roles through groups, of everyone; made when everyone is looked at.
    expanded: RwLock<Option<HashMap<Uuid, Roles>>>,
}

impl Assignments {
    pub async fn load(context: &Context) -> Result<Self, Error> {
        let mut sets = RoleSets::new();
        let (mut users, mut groups) = (HashMap::new(), HashMap::new());
        let mut after = None;
        loop {
            let page = context.source.assignments(context.service_principal.id, after).await?;
            for assignment in page.assignments {
                let of = if assignment.principal_type == "Group" { &mut groups } else { &mut users };
                let roles: &mut Roles = of.entry(assignment.principal_id).or_default();
                *roles = sets.with(*roles, assignment.app_role_id);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let nested = context.job.nested_groups;
        Ok(Self { sets: Mutex::new(sets), users, groups, nested, expanded: RwLock::new(None) })
    }

    fn names(&self, roles: Roles) -> Vec<Uuid> {
        self.sets.lock().of(roles).to_vec()
    }

    fn union(&self, one: Roles, two: Roles) -> Roles {
        self.sets.lock().union(one, two)
    }

    /// Reads the members of all assigned groups, before everyone is looked at.
    pub async fn expand(&self, context: &Context) -> Result<(), Error> {
        let mut expanded: HashMap<Uuid, Roles> = HashMap::new();
        for (group, roles) in &self.groups {
            for user in self.members_below(context, *group).await? {
                let of_user = expanded.entry(user).or_default();
                *of_user = self.union(*of_user, *roles);
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
            let through_groups = expanded.get(&id).copied().unwrap_or_default();
            return Ok(self.names(self.union(direct, through_groups)));
        }
        let mut roles = direct;
        let mut seen = HashSet::new();
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            for group in context.source.groups_of(id).await? {
                if seen.insert(group) {
                    roles = self.union(roles, self.groups.get(&group).copied().unwrap_or_default());
                    if self.nested {
                        waiting.push(group);
                    }
                }
            }
        }
        Ok(self.names(roles))
    }
}
