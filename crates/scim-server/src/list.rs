//! Lists: filtered, sorted, in pages by index or by cursor (RFC 7644 section 3.4.2, RFC 9865).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use scim::filter::Limits;
use scim::message::{SearchRequest, SortOrder};
use scim::{Filter, Projection, Quirks, urn};
use store::{Kind, Object, Position, Scan};
use tokio::sync::OwnedSemaphorePermit;

use crate::answer::{self, Answer, Refusal};
use crate::call::Call;
use crate::paging::{Page, Query, Spot};
use crate::plan::Plan;
use crate::render::{MEMBERSHIPS, RESOURCES, Seen};
use crate::service::Known;
use crate::stream::{self, Sink};
use crate::walk::{Place, Walk};

/// What a query found.
pub(crate) struct Found {
    pub(crate) page: Page,
    pub(crate) total: Option<u64>,
    pub(crate) next: Option<String>,
}

impl Call {
    /// Answers a query over resources of these kinds.
    pub(crate) async fn search(&self, kinds: &[Kind], search: SearchRequest) -> Answer<Response<Body>> {
        let projections = kinds
            .iter()
            .map(|kind| {
                Projection::of(&search.attributes, &search.excluded_attributes, &self.ty(*kind).definition)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let query = self.read_query(kinds, search)?;
        let (found, room) = self.answer(&query).await?;
        let start = query.cursor.is_none().then_some(query.start);
        let streams = room.is_some()
            || kinds.iter().zip(&projections).any(|(kind, projection)| {
                *kind == Kind::Group && projection.wants("members", &self.ty(*kind).definition)
            });
        let projections: Vec<_> = kinds.iter().copied().zip(projections).collect();
        let call = self.clone();
        let write = async move |mut sink: Sink| {
            if let Some(room) = room {
                sink.hold(room);
            }
            call.write_list(&mut sink, found, start, &projections).await?;
            Ok(sink)
        };
        let body = if streams {
            stream::body(write).await?
        } else {
            Body::from(write(Sink::buffered()).await?.buffer)
        };
        Ok(answer::bytes(StatusCode::OK, body))
    }

    /// What a query finds, and the room in memory that its page takes.
    async fn answer(&self, query: &Query) -> Answer<(Found, Option<OwnedSemaphorePermit>)> {
        let mut means = query.means(self.service.config.limits.work)?;
        let mut plans = Vec::with_capacity(query.kinds.len());
        for (kind, filter) in query.parts() {
            plans.push(self.plan(kind, filter, &mut means).await?);
        }
        let looked_up = plans.iter().all(|plan| matches!(plan, Plan::Found { .. }));
        let searches = query.filters.iter().any(Option::is_some) || query.sorts(&plans);
        let room = &self.service.room;
        // One resource is no more than a read of it.
        if !looked_up && means.room.is_none() {
            means.room = Some(room.to_read(searches).await?);
        }
        let found = if query.cursor.is_some() {
            self.by_cursor(query, plans).await?
        } else if query.sorts(&plans) {
            self.sorted(query, plans, None, query.start - 1).await?
        } else {
            self.by_index(query, plans).await?
        };
        let leaving = if looked_up { None } else { room.to_leave(found.page.bytes).await? };
        Ok((found, leaving))
    }

    fn read_query(&self, kinds: &[Kind], search: SearchRequest) -> Answer<Query> {
        let mut quirks = Quirks::new();
        let filter = search
            .filter
            .as_deref()
            .map(|text| Filter::parse_within(text, Limits::default(), &mut quirks))
            .transpose()
            .map_err(scim::Error::from)?;
        let filters = kinds
            .iter()
            .map(|kind| {
                let resolve =
                    |filter: &Filter| filter.resolve_noting(&self.ty(*kind).definition, &mut quirks);
                filter.as_ref().map(resolve).transpose()
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.note(&quirks);
        let limits = &self.service.config.limits;
        let count = search.count.map_or(limits.page, |count| usize::try_from(count).unwrap_or(0));
        let descending = search.sort_order == Some(SortOrder::Descending);
        // As its schema spells it, so that an order that the store keeps is recognized by any name.
        let canonical = |path: String| match kinds {
            [kind] => self.ty(*kind).definition.find_read(&path).map_or(path, |located| located.to_string()),
            _ => path,
        };
        let sort_by = search.sort_by.map(canonical);
        let mut hasher = DefaultHasher::new();
        (self.tenant.id, kinds, &search.filter, &sort_by, descending).hash(&mut hasher);
        Ok(Query {
            kinds: kinds.to_vec(),
            filters,
            sort_by,
            descending,
            start: search.start_index.map_or(1, |start| u64::try_from(start).unwrap_or(1)).max(1),
            count: count.min(limits.max_page),
            cursor: search.cursor,
            mark: hasher.finish(),
        })
    }

    pub(crate) fn empty_page(&self) -> Page {
        Page { objects: Vec::new(), bytes: 0, most: self.service.config.limits.page_bytes }
    }

    /// The window that begins at `startIndex`, and how many match in all.
    async fn by_index(&self, query: &Query, plans: Vec<Plan>) -> Answer<Found> {
        let mut page = self.empty_page();
        let mut total = 0;
        for ((kind, filter), plan) in query.parts().zip(plans) {
            let skip = (query.start - 1).saturating_sub(total);
            total += match (filter, plan) {
                (None, _) => self.take_any(query, kind, skip, &mut page).await?,
                (Some(_), plan) => self.take_matches(query, kind, plan, skip, &mut page).await?,
            };
        }
        Ok(Found { page, total: Some(total), next: None })
    }

    /// Unfiltered: the count is kept by the store, and so is the way to an offset.
    async fn take_any(&self, query: &Query, kind: Kind, skip: u64, page: &mut Page) -> Answer<u64> {
        let count = self.service.store.count(self.realm(), kind).await?;
        let known = self.state.page_at(query.mark, kind, skip);
        // Who reads on is not at the end yet because others deleted what was read.
        if page.objects.len() >= query.count || (skip >= count && known.is_none()) {
            return Ok(count);
        }
        let offset = if known.is_some() { 0 } else { skip };
        let place = known.map_or(Place::Start, |known| known.place);
        let scan = Scan { offset, ..query.scan() };
        let mut walk = Walk::new(kind, None, Plan::Scan, scan, place)?;
        let taken = self.take(query, &mut walk, page).await?;
        if let Some(place) = walk.place() {
            self.state.keep_page(query.mark, kind, skip + taken, Known { place, total: None });
        }
        Ok(count)
    }

    /// Filtered: what matches is counted, but for what an index counts, and what was counted when the page before was
    /// read and cannot have changed since.
    async fn take_matches(
        &self,
        query: &Query,
        kind: Kind,
        plan: Plan,
        skip: u64,
        page: &mut Page,
    ) -> Answer<u64> {
        let filter = query.filter(kind);
        let mut exact = plan.certain();
        let looked_up = matches!(plan, Plan::Found { .. });
        let head = if looked_up { Position::START } else { self.service.store.head(self.realm()).await? };
        let known = if skip > 0 { self.state.page_at(query.mark, kind, skip) } else { None };
        let known = known.filter(|known| known.place.fits(&plan));
        let counted_then = known.as_ref().and_then(|known| known.total.as_ref());
        exact = exact.or(counted_then.filter(|(_, then)| *then == head).map(|(total, _)| *total));
        if let Some(total) = exact.filter(|total| *total <= skip && known.is_none()) {
            return Ok(total);
        }
        let goes_on = known.is_some();
        let again = (goes_on && exact.is_none()).then(|| plan.clone());
        let certain = plan.certain().is_some();
        let place = known.map_or(Place::Start, |known| known.place);
        let mut walk = Walk::new(kind, filter, plan, query.scan(), place)?;
        let mut met = if goes_on || (certain && walk.leave_out(skip)) { skip } else { 0 };
        while met < skip {
            let most = usize::try_from(skip - met).unwrap_or(usize::MAX);
            let Some(matches) = self.step_within(&mut walk, most).await? else { break };
            met += matches.len() as u64;
        }
        let taken = self.take(query, &mut walk, page).await?;
        met += taken;
        let place = walk.place();
        let total = match (exact, again) {
            (Some(total), _) => total,
            (None, None) => met + self.count_on(walk).await?,
            (None, Some(plan)) => {
                self.count_on(Walk::new(kind, filter, plan, query.scan(), Place::Start)?).await?
            }
        };
        if let Some(place) = place.filter(|_| taken > 0) {
            self.state.keep_page(query.mark, kind, skip + taken, Known { place, total: Some((total, head)) });
        }
        Ok(total)
    }

    /// Fills the page; how many that took.
    async fn take(&self, query: &Query, walk: &mut Walk<'_>, page: &mut Page) -> Answer<u64> {
        let before = page.objects.len();
        while page.objects.len() < query.count && !page.is_full() {
            let Some(matches) = self.step_within(walk, query.count - page.objects.len()).await? else {
                break;
            };
            page.extend(matches);
        }
        Ok((page.objects.len() - before) as u64)
    }

    /// How many match from there on.
    async fn count_on(&self, mut walk: Walk<'_>) -> Answer<u64> {
        let mut count = 0;
        while let Some(matches) = self.step_within(&mut walk, RESOURCES).await? {
            count += matches.len() as u64;
        }
        Ok(count)
    }

    /// A page by cursor, of as many as can be found with so much work.
    async fn by_cursor(&self, query: &Query, plans: Vec<Plan>) -> Answer<Found> {
        let spot = query.spot()?;
        let first = matches!(spot, Spot::At(0, Place::Start));
        let (from, mut place) = match spot {
            Spot::Sorted(key, id) => return self.sorted(query, plans, Some((key, id)), 0).await,
            Spot::At(0, Place::Start) if query.sorts(&plans) => {
                return self.sorted(query, plans, None, 0).await;
            }
            // Who wants no resources wants to know how many there are.
            Spot::At(0, Place::Start) if query.count == 0 => return self.by_index(query, plans).await,
            Spot::At(from, place) => (from, place),
        };
        let mut total = Some(0);
        for ((kind, filter), plan) in query.parts().zip(&plans) {
            let here = match filter {
                None => Some(self.service.store.count(self.realm(), kind).await?),
                Some(_) => plan.certain(),
            };
            total = total.zip(here).map(|(total, here)| total + here);
        }
        let mut page = self.empty_page();
        let mut work = self.service.config.limits.work;
        let mut next = None;
        for (number, ((kind, filter), plan)) in query.parts().zip(plans).enumerate().skip(from) {
            let mut walk = Walk::new(kind, filter, plan, query.scan(), place)?;
            place = Place::Start;
            while page.objects.len() < query.count && !page.is_full() && walk.looked_at < work {
                let Some(matches) = self.step(&mut walk, query.count - page.objects.len()).await? else {
                    break;
                };
                page.extend(matches);
            }
            work = work.saturating_sub(walk.looked_at);
            next = walk.place().map(|place| query.token(number, &place));
            if next.is_some() {
                break;
            }
        }
        // One page that is all there is tells the total.
        let total = total.or_else(|| (first && next.is_none()).then_some(page.objects.len() as u64));
        Ok(Found { page, total, next })
    }

    async fn write_list(
        &self,
        sink: &mut Sink,
        found: Found,
        start: Option<u64>,
        projections: &[(Kind, Projection)],
    ) -> Answer<()> {
        let failed = |error| Refusal::new(500, format!("the list cannot be written: {error}"));
        let head = &mut sink.buffer;
        head.reserve(2048);
        write!(head, r#"{{"schemas":["{}"]"#, urn::LIST_RESPONSE).map_err(failed)?;
        if let Some(total) = found.total {
            write!(head, r#","totalResults":{total}"#).map_err(failed)?;
        }
        if let Some(start) = start {
            write!(head, r#","startIndex":{start}"#).map_err(failed)?;
        }
        write!(head, r#","itemsPerPage":{}"#, found.page.objects.len()).map_err(failed)?;
        if let Some(next) = found.next {
            write!(head, r#","nextCursor":"{next}""#).map_err(failed)?;
        }
        head.extend_from_slice(br#","Resources":["#);
        let mut objects = found.page.objects.into_iter();
        let mut first = true;
        loop {
            let some: Vec<Object> = objects.by_ref().take(MEMBERSHIPS).collect();
            if some.is_empty() {
                break;
            }
            let computed = projections.iter().any(|(kind, projection)| {
                let definition = &self.ty(*kind).definition;
                projection.wants("groups", definition) || projection.wants("meta", definition)
            });
            let some = if computed {
                self.see_all(some).await?
            } else {
                some.into_iter().map(Seen::alone).collect()
            };
            for seen in some {
                let wanted = projections.iter().find(|(kind, _)| *kind == seen.object.kind);
                let Some((_, projection)) = wanted else { continue };
                if !std::mem::take(&mut first) {
                    sink.buffer.push(b',');
                }
                self.write_resource(sink, &seen, projection).await?;
                sink.relieve().await?;
            }
        }
        sink.buffer.extend_from_slice(b"]}");
        Ok(())
    }
}
