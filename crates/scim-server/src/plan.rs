//! How a filter is answered: by a look-up, or by looking at everything.

use scim::filter::{Compiled, Equality, Literal};
use scim::{Map, ScimType};
use serde_json::{Value, json};
use store::{EdgeKind, EdgesOf, Key, Kind, Object};
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::document;
use crate::render::{PAGE, Seen};
use crate::serve::Call;

/// Most look-ups find one resource or none: a store reads so few without handing the work to another thread.
const FEW: usize = 100;

/// Where the resources that may match come from.
pub(crate) enum Plan {
    /// All resources match.
    All,
    /// These match, and no others.
    Exactly(Vec<Object>),
    /// These, if the filter admits them.
    These(Vec<Object>),
    /// Those with these ids, which may be a hundred thousand.
    Ids(Vec<Uuid>),
    /// Any may match.
    Scan,
}

impl Call {
    pub(crate) async fn plan(&self, kind: Kind, filter: Option<&Compiled>) -> Answer<Plan> {
        let Some(filter) = filter else { return Ok(Plan::All) };
        // Keys are equal exactly where the filter finds their values equal.
        if let Some(equality) = filter.only_equality()
            && let Some(objects) = self.by_key(kind, &equality).await?
        {
            return Ok(Plan::Exactly(objects));
        }
        let mut alternatives = filter.alternatives();
        if alternatives.len() == 1 {
            return Ok(self.narrow(kind, alternatives.remove(0)).await?.unwrap_or(Plan::Scan));
        }
        let mut found = Vec::new();
        for equalities in alternatives {
            match self.narrow(kind, equalities).await? {
                Some(Plan::These(objects)) => found.extend(objects),
                Some(Plan::Ids(ids)) => {
                    for chunk in ids.chunks(PAGE) {
                        found.extend(self.get_many(kind, chunk).await?);
                    }
                }
                Some(Plan::All | Plan::Exactly(_) | Plan::Scan) | None => return Ok(Plan::Scan),
            }
        }
        // As a scan would come across them, each once.
        found.sort_by_key(|object: &Object| (object.created, object.id));
        found.dedup_by_key(|object| object.id);
        Ok(Plan::These(found))
    }

    /// The resources of these ids that there are.
    pub(crate) async fn get_many(&self, kind: Kind, ids: &[Uuid]) -> Answer<Vec<Object>> {
        Ok(self.service.store.get_many(self.realm(), kind, ids).await?.into_iter().flatten().collect())
    }

    /// The resources that satisfy one of these equalities, which a match has to satisfy all; `None` where no index
    /// serves any of them.
    async fn narrow(&self, kind: Kind, mut equalities: Vec<Equality<'_>>) -> Answer<Option<Plan>> {
        // The surest first: an id is one resource, an edge may be a hundred thousand.
        equalities.sort_by_key(|equality| match equality.path {
            "id" => 0,
            "userName" => 1,
            path if self.schemas.is_unique(kind, path) => 1,
            path if path.starts_with("groups") || path.starts_with("members") => 3,
            _ => 2,
        });
        for equality in equalities {
            if let Some(plan) = self.look_up(kind, &equality).await? {
                return Ok(Some(plan));
            }
        }
        Ok(None)
    }

    /// The resources that satisfy an equality, where there is an index for it.
    async fn look_up(&self, kind: Kind, equality: &Equality<'_>) -> Answer<Option<Plan>> {
        if let Some(key) = self.schemas.look_up(kind, equality.path, equality.value) {
            return Ok(Some(Plan::These(self.found(kind, &key).await?)));
        }
        let Literal::String(value) = equality.value else { return Ok(None) };
        let store = &self.service.store;
        let id = Uuid::parse_str(value).ok();
        match (kind, equality.path) {
            (_, "id") => {
                let Some(id) = id else { return Ok(Some(Plan::These(Vec::new()))) };
                let found = store.get(self.realm(), kind, id).await?;
                Ok(Some(Plan::These(found.into_iter().collect())))
            }
            (Kind::Group, "members" | "members.value") => {
                let Some(id) = id else { return Ok(Some(Plan::These(Vec::new()))) };
                self.across(kind, EdgesOf::To(id)).await.map(Some)
            }
            (Kind::User, "groups" | "groups.value") => {
                let Some(id) = id else { return Ok(Some(Plan::These(Vec::new()))) };
                self.across(kind, EdgesOf::From(id)).await.map(Some)
            }
            _ => Ok(self.by_key(kind, equality).await?.map(Plan::These)),
        }
    }

    /// The resources that carry the key of an equality, where its attribute is one of the core schemas and has one.
    async fn by_key(&self, kind: Kind, equality: &Equality<'_>) -> Answer<Option<Vec<Object>>> {
        let Literal::String(value) = equality.value else { return Ok(None) };
        let Some(key) = document::key_for(kind, equality.path, value) else { return Ok(None) };
        self.found(kind, &key).await.map(Some)
    }

    /// The resources that carry a key.
    async fn found(&self, kind: Kind, key: &Key) -> Answer<Vec<Object>> {
        let store = &self.service.store;
        let few = store.find(self.realm(), kind, key, FEW).await?;
        if few.len() < FEW {
            return Ok(few);
        }
        let work = self.service.config.limits.work;
        let found = store.find(self.realm(), kind, key, work + 1).await?;
        if found.len() > work { Err(too_many(work)) } else { Ok(found) }
    }

    /// The ids of a kind at the other end of memberships.
    async fn across(&self, kind: Kind, of: EdgesOf) -> Answer<Plan> {
        let mut ids = Vec::new();
        let mut after = None;
        loop {
            let page = self.service.store.edges(self.realm(), EdgeKind::Member, of, after, PAGE).await?;
            ids.extend(page.others.iter().filter(|(other, _)| *other == kind).map(|(_, id)| *id));
            if ids.len() > self.service.config.limits.work {
                return Err(too_many(self.service.config.limits.work));
            }
            after = page.next;
            if after.is_none() {
                return Ok(Plan::Ids(ids));
            }
        }
    }

    /// The object where the filter admits it, and its resource as far as that was needed.
    pub(crate) async fn admit(&self, filter: &Compiled, object: Object) -> Answer<Option<(Object, Map)>> {
        let members = if object.kind == Kind::Group && filter.mentions("members") {
            Some(self.members_for(filter, object.id).await?)
        } else {
            None
        };
        // The entity tag of a user covers the memberships; what else `meta` holds costs no look at them.
        let memberships = filter.mentions("groups") || filter.mentions_part("meta", "version");
        let resource = if object.kind == Kind::User && memberships {
            self.whole(&self.see(object.clone()).await?)?
        } else if filter.mentions("meta") {
            self.whole(&Seen::alone(object.clone()))?
        } else {
            self.bare(&object)?
        };
        let admitted = filter.matches_with(&resource, &|name| members.clone().filter(|_| name == "members"));
        Ok(admitted.then_some((object, resource)))
    }

    /// The members of a group as far as a filter asks for them: not a hundred thousand to find out about one.
    async fn members_for(&self, filter: &Compiled, group: Uuid) -> Answer<Value> {
        let Some(sought) = filter.sought("members") else {
            let members = self.current_members(group).await?;
            return Ok(members.into_iter().map(|(kind, id)| self.member_value(kind, id)).collect());
        };
        let ids: Vec<Uuid> = sought.into_iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
        let found = self.service.store.has_edges(self.realm(), EdgeKind::Member, group, &ids).await?;
        let present = ids.iter().zip(found).filter(|(_, found)| *found);
        Ok(present.map(|(id, _)| json!({ "value": id.to_string() })).collect())
    }
}

pub(crate) fn too_many(work: usize) -> Refusal {
    Refusal::of(
        ScimType::TooMany,
        format!(
            "the query would have to look at more than {work} resources: use an equality on id, userName, \
             externalId, displayName, emails.value or an indexed attribute of an extension, or add one with and"
        ),
    )
}
