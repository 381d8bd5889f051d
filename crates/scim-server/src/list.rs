//! Lists: filtered, sorted, in pages by index or by cursor (RFC 7644 section 3.4.2, RFC 9865).

use std::cmp::Reverse;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::ops::Bound;
use std::vec;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use scim::filter::{Compiled, Limits};
use scim::message::{SearchRequest, SortOrder};
use scim::sort::SortKey;
use scim::{Filter, Map, Projection, Quirks, ScimType, urn};
use store::{Cursor, KeyName, Kind, Object, Order, Scan};
use uuid::Uuid;

use crate::answer::{self, Answer, Refusal};
use crate::plan::{Plan, too_many};
use crate::render::{MEMBERSHIPS, RESOURCES, Seen};
use crate::serve::Call;
use crate::stream::{self, Sink};

/// A query, read.
struct Query {
    kinds: Vec<Kind>,
    /// For each kind.
    filters: Vec<Option<Compiled>>,
    sort_by: Option<String>,
    descending: bool,
    start: u64,
    count: usize,
    cursor: Option<String>,
    /// Tells queries apart, so that a cursor is used with its own.
    mark: u64,
}

/// What a query found.
struct Found {
    objects: Vec<Object>,
    total: Option<u64>,
    next: Option<String>,
}

/// Matches while they are counted: those of one window are kept.
struct Window {
    skip: u64,
    left: usize,
    total: u64,
    page: Page,
}

/// The resources of a page, which ends early when it grows too large (RFC 7644 section 3.4.2.4 lets it).
struct Page {
    objects: Vec<Object>,
    bytes_left: usize,
}

impl Page {
    fn push(&mut self, object: Object) {
        self.bytes_left = self.bytes_left.saturating_sub(object.body.len());
        self.objects.push(object);
    }

    fn is_full(&self) -> bool {
        self.bytes_left == 0
    }
}

impl Window {
    fn offer(&mut self, object: Object) {
        self.total += 1;
        if self.total > self.skip && self.left > 0 && !self.page.is_full() {
            self.left -= 1;
            self.page.push(object);
        }
    }
}

/// Objects that may match, in pages: what a look-up found, or everything.
struct Candidates {
    found: Option<Vec<Object>>,
    ids: vec::IntoIter<Uuid>,
    scan: Option<Scan>,
    looked_at: usize,
    /// Whether all of them match, so that no filter need be applied.
    certain: bool,
}

impl Candidates {
    fn of(plan: Plan, scan: Scan) -> Self {
        let nothing =
            Self { found: None, ids: Vec::new().into_iter(), scan: None, looked_at: 0, certain: false };
        match plan {
            Plan::Exactly(objects) => Self { found: Some(objects), certain: true, ..nothing },
            Plan::These(objects) => Self { found: Some(objects), ..nothing },
            Plan::Ids(ids) => Self { ids: ids.into_iter(), ..nothing },
            Plan::All | Plan::Scan => Self { scan: Some(Scan { limit: RESOURCES, ..scan }), ..nothing },
        }
    }
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
        let mut plans = Vec::with_capacity(kinds.len());
        for (kind, filter) in query.parts() {
            plans.push(self.plan(kind, filter).await?);
        }
        let found = if query.cursor.is_some() {
            self.by_cursor(&query, plans).await?
        } else {
            self.by_index(&query, plans, query.start - 1).await?
        };
        let start = query.cursor.is_none().then_some(query.start);
        let streams = kinds.iter().zip(&projections).any(|(kind, projection)| {
            *kind == Kind::Group && projection.wants("members", &self.ty(*kind).definition)
        });
        let projections: Vec<_> = kinds.iter().copied().zip(projections).collect();
        let call = self.clone();
        let write = async move |mut sink: Sink| {
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

    /// The window that begins after `skip` matches, and how many match in all.
    async fn by_index(&self, query: &Query, plans: Vec<Plan>, skip: u64) -> Answer<Found> {
        // What a look-up finds is in no order but that of creation.
        let looked_up =
            plans.iter().any(|plan| matches!(plan, Plan::Exactly(_) | Plan::These(_) | Plan::Ids(_)));
        if query.sort_by.is_some() && (looked_up || query.order().is_none()) {
            return self.sorted(query, plans, skip).await;
        }
        let mut window = Window { skip, left: query.count, total: 0, page: self.empty_page() };
        for ((kind, filter), plan) in query.parts().zip(plans) {
            match filter {
                Some(filter) => {
                    let mut candidates = Candidates::of(plan, query.scan());
                    while let Some(objects) = self.next(kind, &mut candidates).await? {
                        for object in objects {
                            let filter = (!candidates.certain).then_some(filter);
                            if let Some((object, _)) = self.pass(filter, object).await? {
                                window.offer(object);
                            }
                        }
                    }
                }
                None => self.take_all(&mut window, kind, query).await?,
            }
        }
        Ok(Found { objects: window.page.objects, total: Some(window.total), next: None })
    }

    /// The object where the filter, if there is one, admits it, and its resource where that was needed.
    async fn pass(&self, filter: Option<&Compiled>, object: Object) -> Answer<Option<(Object, Option<Map>)>> {
        match filter {
            None => Ok(Some((object, None))),
            Some(filter) => {
                let admitted = self.admit(filter, object).await?;
                Ok(admitted.map(|(object, resource)| (object, Some(resource))))
            }
        }
    }

    /// The next candidates. The error is `tooMany`, when there are more than the service is willing to look at.
    async fn next(&self, kind: Kind, candidates: &mut Candidates) -> Answer<Option<Vec<Object>>> {
        if let Some(found) = candidates.found.take() {
            return Ok(Some(found));
        }
        let ids: Vec<Uuid> = candidates.ids.by_ref().take(RESOURCES).collect();
        if !ids.is_empty() {
            return self.get_many(kind, &ids).await.map(Some);
        }
        let Some(scan) = candidates.scan.take() else { return Ok(None) };
        let work = self.service.config.limits.work;
        if candidates.looked_at >= work {
            return Err(too_many(work));
        }
        let page = self.service.store.scan(self.realm(), kind, scan.clone()).await?;
        candidates.looked_at += page.objects.len();
        candidates.scan = page.next.map(|next| scan.after(Some(next)));
        Ok(Some(page.objects))
    }

    fn empty_page(&self) -> Page {
        Page { objects: Vec::new(), bytes_left: self.service.config.limits.page_bytes }
    }

    /// Unfiltered: the count is kept by the store, and so is the way to an offset.
    async fn take_all(&self, window: &mut Window, kind: Kind, query: &Query) -> Answer<()> {
        let count = self.service.store.count(self.realm(), kind).await?;
        let mut skip = window.skip.saturating_sub(window.total);
        let mut known = self.state.page_at(query.mark, kind, skip);
        while window.left > 0 && skip < count && !window.page.is_full() {
            let offset = if known.is_some() { 0 } else { skip };
            let limit = window.left.min(RESOURCES);
            let scan = Scan { offset, limit, ..query.scan() }.after(known.take());
            let read = self.service.store.scan(self.realm(), kind, scan).await?;
            skip += read.objects.len() as u64;
            window.left -= read.objects.len().min(window.left);
            read.objects.into_iter().for_each(|object| window.page.push(object));
            known = read.next;
            if known.is_none() {
                break;
            }
        }
        if let Some(next) = known {
            self.state.keep_page(query.mark, kind, skip, next);
        }
        window.total += count;
        Ok(())
    }

    /// By an attribute without an index, or what a look-up found: the keys of all matches are sorted, then one window
    /// of them is read.
    async fn sorted(&self, query: &Query, plans: Vec<Plan>, skip: u64) -> Answer<Found> {
        let mut keys = Vec::new();
        for ((kind, filter), plan) in query.parts().zip(plans) {
            let by = query.sort_by.as_deref().and_then(|path| self.ty(kind).definition.find_read(path));
            let by_meta = by.is_some_and(|by| by.attribute.name == "meta");
            let mut candidates = Candidates::of(plan, Scan::first(RESOURCES));
            while let Some(objects) = self.next(kind, &mut candidates).await? {
                for object in objects {
                    let filter = filter.filter(|_| !candidates.certain);
                    let Some((object, resource)) = self.pass(filter, object).await? else { continue };
                    let id = object.id;
                    let resource = match resource {
                        _ if by_meta => self.whole(&Seen::alone(object))?,
                        Some(resource) => resource,
                        None => self.bare(&object)?,
                    };
                    keys.push((by.as_ref().map(|by| SortKey::of(&resource, by)), id, kind));
                }
            }
        }
        if query.descending {
            keys.sort_by_cached_key(|(key, id, _)| (Reverse(key.clone()), *id));
        } else {
            keys.sort_by_cached_key(|(key, id, _)| (key.clone(), *id));
        }
        let total = keys.len() as u64;
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let mut page = self.empty_page();
        for (_, id, kind) in keys.into_iter().skip(skip).take(query.count) {
            if page.is_full() {
                break;
            }
            if let Some(object) = self.service.store.get(self.realm(), kind, id).await? {
                page.push(object);
            }
        }
        Ok(Found { objects: page.objects, total: Some(total), next: None })
    }

    /// A page by cursor. Where the store keeps the order the cursor is the store's own and nothing is lost or
    /// repeated; the few results of a look-up, and those of a sort without an index, are counted off.
    async fn by_cursor(&self, query: &Query, plans: Vec<Plan>) -> Answer<Found> {
        let place = query.place()?;
        let ordered = query.sort_by.is_none() || query.order().is_some();
        let first = matches!(place, Place::Start);
        // Who wants no resources wants to know how many there are.
        let walks = ordered && !(first && query.count == 0);
        let (&[kind], [Plan::All | Plan::Scan], true) = (&query.kinds[..], &plans[..], walks) else {
            return self.counted_off(query, plans, place).await;
        };
        let mut after = match place {
            Place::Start => None,
            Place::After(cursor) => Some(cursor),
            Place::Offset(_) => return Err(foreign_cursor()),
        };
        let filter = query.filters[0].as_ref();
        let total = match filter {
            None => Some(self.service.store.count(self.realm(), kind).await?),
            Some(_) => None,
        };
        let mut page = self.empty_page();
        let mut looked_at = 0;
        let work = self.service.config.limits.work;
        while page.objects.len() < query.count && looked_at < work && !page.is_full() {
            // Never more than are still wanted, so that the cursor is right behind the last one taken.
            let limit = RESOURCES.min(query.count - page.objects.len());
            let scan = Scan { limit, ..query.scan() }.after(after.take());
            let read = self.service.store.scan(self.realm(), kind, scan).await?;
            looked_at += read.objects.len();
            for object in read.objects {
                if let Some((object, _)) = self.pass(filter, object).await? {
                    page.push(object);
                }
            }
            after = read.next;
            if after.is_none() {
                break;
            }
            // Small reads are done on this thread, which others are waiting for.
            tokio::task::yield_now().await;
        }
        // One page that is all there is tells the total.
        let total = total.or_else(|| (first && after.is_none()).then_some(page.objects.len() as u64));
        let next = after.map(|cursor| query.token(b's', &cursor.0));
        Ok(Found { objects: page.objects, total, next })
    }

    async fn counted_off(&self, query: &Query, plans: Vec<Plan>, place: Place) -> Answer<Found> {
        let skip = match place {
            Place::Start => 0,
            Place::Offset(skip) => skip,
            Place::After(_) => return Err(foreign_cursor()),
        };
        let mut found = self.by_index(query, plans, skip).await?;
        let end = skip.saturating_add(found.objects.len() as u64);
        if !found.objects.is_empty() && found.total.is_some_and(|total| end < total) {
            found.next = Some(query.token(b'o', &end.to_be_bytes()));
        }
        Ok(found)
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
        write!(head, r#","itemsPerPage":{}"#, found.objects.len()).map_err(failed)?;
        if let Some(next) = found.next {
            write!(head, r#","nextCursor":"{next}""#).map_err(failed)?;
        }
        head.extend_from_slice(br#","Resources":["#);
        let mut objects = found.objects.into_iter();
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

/// Where a cursor points.
enum Place {
    Start,
    After(Cursor),
    Offset(u64),
}

impl Query {
    /// Each kind with its filter.
    fn parts(&self) -> impl Iterator<Item = (Kind, Option<&Compiled>)> {
        self.kinds.iter().copied().zip(self.filters.iter().map(Option::as_ref))
    }

    /// The store's order that serves `sortBy`: attributes that each resource has exactly once.
    fn order(&self) -> Option<Order> {
        let by_key = |name| Some(Order::Key { name, from: Bound::Unbounded, to: Bound::Unbounded });
        let path = self.sort_by.as_deref()?;
        match self.kinds[..] {
            [_] if path == "meta.created" => Some(Order::Creation),
            [Kind::User] if path == "userName" => by_key(KeyName::UserName),
            [Kind::Group] if path == "displayName" => by_key(KeyName::DisplayName),
            _ => None,
        }
    }

    fn scan(&self) -> Scan {
        let order = self.order();
        let descending = order.is_some() && self.descending;
        Scan { order: order.unwrap_or(Order::Creation), descending, ..Scan::first(0) }
    }

    fn token(&self, kind: u8, payload: &[u8]) -> String {
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&self.mark.to_be_bytes());
        bytes.extend_from_slice(payload);
        BASE64.encode(bytes)
    }

    /// Reads the cursor of the request. The error is `invalidCursor`.
    fn place(&self) -> Answer<Place> {
        let text = self.cursor.as_deref().unwrap_or_default();
        if text.is_empty() {
            return Ok(Place::Start);
        }
        let bytes = BASE64.decode(text).map_err(|_| foreign_cursor())?;
        let (head, payload) = bytes.split_at_checked(9).ok_or_else(foreign_cursor)?;
        if head[1..] != self.mark.to_be_bytes() {
            return Err(foreign_cursor());
        }
        match head[0] {
            b's' => Ok(Place::After(Cursor(payload.to_vec().into()))),
            b'o' => {
                let offset = payload.try_into().map_err(|_| foreign_cursor())?;
                Ok(Place::Offset(u64::from_be_bytes(offset)))
            }
            _ => Err(foreign_cursor()),
        }
    }
}

fn foreign_cursor() -> Refusal {
    Refusal::of(
        ScimType::InvalidCursor,
        "the cursor does not belong to this query: repeat the filter and the order it was made with, or start \
         again with an empty cursor",
    )
}
