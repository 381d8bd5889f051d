//! How a filter is answered: by a look-up, or by looking at everything.

use std::collections::BTreeSet;

use scim::filter::{Comparison, Compiled, Literal, Op};
use scim::{Map, ScimType};
use serde_json::{Value, json};
use store::{EdgeKind, EdgesOf, Key, KeyRange, Kind, Object};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::call::Call;
use crate::document;
use crate::render::{PAGE, RESOURCES, Seen};

/// Nearly all look-ups find one resource or none, which then is all that they read.
const FEW: usize = 2;

/// Where the resources that may match come from.
#[derive(Clone)]
pub(crate) enum Plan {
    /// Any may match; without a filter all do.
    Scan,
    /// These, fewer than [`FEW`].
    Found {
        objects: Vec<Object>,
        /// Whether all of them match, so that no filter need be applied.
        certain: bool,
    },
    /// Those with a key of one value, in the order of the store.
    Keyed(KeyRange),
    /// Those with these ids, in ascending order, no more than [`Means::most`].
    Ids {
        ids: Vec<Uuid>,
        /// As above.
        certain: bool,
    },
}

impl Plan {
    const NOTHING: Self = Self::Found { objects: Vec::new(), certain: false };

    /// How many resources match, where the index tells.
    pub(crate) fn certain(&self) -> Option<u64> {
        match self {
            Self::Found { objects, certain: true } => Some(objects.len() as u64),
            Self::Ids { ids, certain: true } => Some(ids.len() as u64),
            _ => None,
        }
    }

    fn ids(self) -> Option<Vec<Uuid>> {
        match self {
            Self::Scan | Self::Keyed(_) => None,
            Self::Found { objects, .. } => Some(objects.into_iter().map(|object| object.id).collect()),
            Self::Ids { ids, .. } => Some(ids),
        }
    }
}

/// How a query may be answered, and the room that it takes.
pub(crate) struct Means {
    /// Whether the page goes on where another one ended that looked at everything.
    pub(crate) scans: bool,
    /// Ids at most that a look-up may find.
    pub(crate) most: usize,
    /// Whether pages go on within the order of the store, so that nothing but the page needs be read.
    pub(crate) by_cursor: bool,
    /// Whether a page before did.
    pub(crate) keyed: bool,
    /// Room to read more than a few resources in, once it was needed.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

impl Call {
    pub(crate) async fn plan(
        &self,
        kind: Kind,
        filter: Option<&Compiled>,
        means: &mut Means,
    ) -> Answer<Plan> {
        let Some(filter) = filter.filter(|_| !means.scans) else { return Ok(Plan::Scan) };
        // Keys compare exactly as the filter compares their values.
        if let Some(comparison) = filter.only_comparison()
            && let Some(plan) = self.by_key(kind, &comparison, true, means).await?
        {
            return Ok(plan);
        }
        let mut alternatives = filter.alternatives();
        if alternatives.len() == 1 {
            return self.narrow(kind, alternatives.remove(0), means).await;
        }
        (means.by_cursor, means.keyed) = (false, false);
        // Each once, and in the order in which a page goes on after an id.
        let mut union = BTreeSet::new();
        for comparisons in alternatives {
            match self.narrow(kind, comparisons, means).await?.ids() {
                Some(ids) => union.extend(ids),
                None => return Ok(Plan::Scan),
            }
            if union.len() > means.most {
                return Ok(Plan::Scan);
            }
        }
        Ok(Plan::Ids { ids: union.into_iter().collect(), certain: false })
    }

    /// The resources of the first of these ids, and of how many ids these are.
    pub(crate) async fn get_some(&self, kind: Kind, ids: &[Uuid]) -> Answer<(Vec<Object>, usize)> {
        let ids = &ids[..ids.len().min(RESOURCES)];
        let found = self.service.store.get_many(self.realm(), kind, ids).await?;
        let length = found.len();
        Ok((found.into_iter().flatten().collect(), length))
    }

    /// The resources that satisfy one of these comparisons, which a match has to satisfy all.
    async fn narrow(
        &self,
        kind: Kind,
        mut comparisons: Vec<Comparison<'_>>,
        means: &mut Means,
    ) -> Answer<Plan> {
        // The surest first: an id is one resource, an edge may be a hundred thousand, a beginning any number.
        comparisons.sort_by_key(|comparison| match comparison.path {
            _ if comparison.op == Op::Sw => 4,
            "id" => 0,
            "userName" => 1,
            path if self.schemas.is_unique(kind, path) => 1,
            path if path.starts_with("groups") || path.starts_with("members") => 3,
            _ => 2,
        });
        for comparison in comparisons {
            if let Some(plan) = self.look_up(kind, &comparison, means).await? {
                return Ok(plan);
            }
        }
        Ok(Plan::Scan)
    }

    /// The resources that satisfy a comparison, where there is an index for it that narrows enough.
    async fn look_up(
        &self,
        kind: Kind,
        comparison: &Comparison<'_>,
        means: &mut Means,
    ) -> Answer<Option<Plan>> {
        let Literal::String(value) = comparison.value else {
            return self.by_key(kind, comparison, false, means).await;
        };
        if comparison.op != Op::Eq {
            return self.by_key(kind, comparison, false, means).await;
        }
        let of: fn(Uuid) -> EdgesOf = match (kind, comparison.path) {
            (_, "id") => {
                let Some(id) = document::id(value) else { return Ok(Some(Plan::NOTHING)) };
                let found = self.service.store.get(self.realm(), kind, id).await?;
                return Ok(Some(Plan::Found { objects: found.into_iter().collect(), certain: false }));
            }
            (Kind::Group, "members" | "members.value") => EdgesOf::To,
            (Kind::User, "groups" | "groups.value") => EdgesOf::From,
            _ => return self.by_key(kind, comparison, false, means).await,
        };
        match document::id(value) {
            Some(id) => self.across(kind, of(id), means).await,
            None => Ok(Some(Plan::NOTHING)),
        }
    }

    /// The resources whose key satisfies a comparison, where its attribute has one.
    async fn by_key(
        &self,
        kind: Kind,
        comparison: &Comparison<'_>,
        certain: bool,
        means: &mut Means,
    ) -> Answer<Option<Plan>> {
        let Some((key, exact)) = self.key(kind, comparison) else { return Ok(None) };
        let certain = certain && exact;
        let store = &self.service.store;
        let range = if comparison.op == Op::Eq {
            if !means.keyed {
                let objects = store.find(self.realm(), kind, &key, FEW).await?;
                if objects.len() < FEW {
                    return Ok(Some(Plan::Found { objects, certain }));
                }
            }
            if means.by_cursor {
                return Ok(Some(Plan::Keyed(KeyRange::exactly(key))));
            }
            KeyRange::exactly(key)
        } else {
            KeyRange::beginning_with(key.name, &key.value)
        };
        self.room_to_search(means).await?;
        let ids = store.ids(self.realm(), kind, range, means.most + 1).await?;
        Ok(if_few(ids, certain, means))
    }

    /// The key that a comparison looks for, and whether keys compare exactly as the filter does.
    fn key(&self, kind: Kind, comparison: &Comparison<'_>) -> Option<(Key, bool)> {
        let core = match comparison.value {
            Literal::String(value) => document::key_for(kind, comparison.path, value),
            _ => None,
        };
        core.map(|key| (key, true)).or_else(|| {
            let indexed = (comparison.op == Op::Eq).then_some(comparison)?;
            Some((self.schemas.look_up(kind, indexed.path, indexed.value)?, false))
        })
    }

    /// The ids of a kind at the other end of memberships.
    async fn across(&self, kind: Kind, of: EdgesOf, means: &mut Means) -> Answer<Option<Plan>> {
        self.room_to_search(means).await?;
        let mut ids = Vec::new();
        let mut after = None;
        loop {
            let page = self.service.store.edges(self.realm(), EdgeKind::Member, of, after, PAGE).await?;
            ids.extend(page.others.iter().filter(|(other, _)| *other == kind).map(|(_, id)| *id));
            after = page.next;
            if after.is_none() || ids.len() > means.most {
                return Ok(if_few(ids, false, means));
            }
        }
    }

    async fn room_to_search(&self, means: &mut Means) -> Answer<()> {
        if means.room.is_none() {
            means.room = Some(self.service.room.to_read(true).await?);
        }
        Ok(())
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
        let ids: Vec<Uuid> = sought.into_iter().filter_map(document::id).collect();
        let found = self.service.store.has_edges(self.realm(), EdgeKind::Member, group, &ids).await?;
        let present = ids.iter().zip(found).filter(|(_, found)| *found);
        Ok(present.map(|(id, _)| json!({ "value": id.to_string() })).collect())
    }
}

/// A walk through more costs as much as one through everything, and by cursor that has no limit.
fn if_few(mut ids: Vec<Uuid>, certain: bool, means: &Means) -> Option<Plan> {
    ids.sort_unstable();
    (ids.len() <= means.most).then_some(Plan::Ids { ids, certain })
}

pub(crate) fn too_many(work: usize) -> Refusal {
    Refusal::of(
        ScimType::TooMany,
        format!(
            "the query would have to look at more than {work} resources: use eq or sw on userName, \
             externalId, displayName or emails.value or eq on an indexed attribute of an extension, add one of these \
             with and, or read by cursor"
        ),
    )
}
