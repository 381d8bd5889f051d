//! Lists in an order that no index has.

use std::cmp::Ordering;

use scim::ScimType;
use scim::sort::SortKey;
use store::{Kind, Scan};
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::call::Call;
use crate::list::Found;
use crate::paging::{Page, Query};
use crate::plan::Plan;
use crate::render::{RESOURCES, Seen};
use crate::walk::{Place, Walk};

/// Bytes of the keys of one query.
const KEYS: usize = 32 << 20;

/// A resource by its place in the order.
struct Ranked {
    key: SortKey,
    id: Uuid,
    kind: Kind,
}

/// The first resources of an order, as many as a window needs: the others are only counted.
struct Ranking<'q> {
    query: &'q Query,
    ranked: Vec<Ranked>,
    /// How many are needed.
    most: usize,
    bytes: usize,
}

impl Ranking<'_> {
    fn compare(&self, a: (&SortKey, Uuid), b: (&SortKey, Uuid)) -> Ordering {
        let keys = if self.query.descending { b.0.cmp(a.0) } else { a.0.cmp(b.0) };
        keys.then(a.1.cmp(&b.1))
    }

    /// The error is `tooMany`: the window is so far down the order that what comes before it does not fit into memory.
    fn push(&mut self, ranked: Ranked) -> Answer<()> {
        self.bytes += size_of::<(Uuid, Kind)>() + ranked.key.size();
        self.ranked.push(ranked);
        if self.bytes < KEYS && self.ranked.len() / 2 < self.most.max(RESOURCES) {
            return Ok(());
        }
        self.cut();
        if self.bytes < KEYS / 2 {
            return Ok(());
        }
        Err(Refusal::of(
            ScimType::TooMany,
            "so much cannot be sorted at once: read by cursor, narrow the query with a filter, or sort by userName, \
             a group's displayName or meta.created",
        ))
    }

    /// Leaves only what is needed, in order.
    fn cut(&mut self) {
        let mut ranked = std::mem::take(&mut self.ranked);
        ranked.sort_unstable_by(|a, b| self.compare((&a.key, a.id), (&b.key, b.id)));
        ranked.truncate(self.most);
        self.bytes = ranked.iter().map(|ranked| size_of::<(Uuid, Kind)>() + ranked.key.size()).sum();
        self.ranked = ranked;
    }
}

impl Call {
    /// By an attribute without an index, or what a look-up found: the keys of all matches are compared, those after a
    /// resource, then one window of them is read.
    pub(crate) async fn sorted(
        &self,
        query: &Query,
        plans: Vec<Plan>,
        after: Option<(SortKey, Uuid)>,
        skip: u64,
    ) -> Answer<Found> {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        // One more than is shown tells whether there is more.
        let most = skip.saturating_add(query.count).saturating_add(1);
        let mut ranking = Ranking { query, ranked: Vec::new(), most, bytes: 0 };
        let mut total = 0;
        for ((kind, filter), plan) in query.parts().zip(plans) {
            let by = query.sort_by.as_deref().and_then(|path| self.ty(kind).definition.find_read(path));
            let by_meta = by.is_some_and(|by| by.attribute.name == "meta");
            let mut walk = Walk::new(kind, filter, plan, Scan::first(RESOURCES), Place::Start)?;
            while let Some(matches) = self.step_within(&mut walk, RESOURCES).await? {
                for (object, resource) in matches {
                    total += 1;
                    let id = object.id;
                    let resource = match resource {
                        _ if by_meta => self.whole(&Seen::alone(object))?,
                        Some(resource) => resource,
                        None => self.bare(&object)?,
                    };
                    let key = by.as_ref().map_or(SortKey::ABSENT, |by| SortKey::of(&resource, by));
                    let passed = after
                        .as_ref()
                        .is_some_and(|(last, last_id)| ranking.compare((&key, id), (last, *last_id)).is_le());
                    if !passed {
                        ranking.push(Ranked { key, id, kind })?;
                    }
                }
            }
        }
        ranking.cut();
        self.window(query, ranking.ranked, skip, total).await
    }

    async fn window(&self, query: &Query, ranked: Vec<Ranked>, skip: usize, total: u64) -> Answer<Found> {
        let mut page: Page = self.empty_page();
        let mut next = None;
        let mut last: Option<Ranked> = None;
        for (number, ranked) in ranked.into_iter().skip(skip).enumerate() {
            if number >= query.count || page.is_full() {
                next = last.as_ref().map(|last| query.token_after(&last.key, last.id)).transpose()?;
                break;
            }
            if let Some(object) = self.service.store.get(self.realm(), ranked.kind, ranked.id).await? {
                page.push(object);
            }
            last = Some(ranked);
        }
        let next = next.filter(|_| query.cursor.is_some());
        Ok(Found { page, total: Some(total), next })
    }
}
