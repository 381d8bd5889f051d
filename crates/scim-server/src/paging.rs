//! Queries as read, their pages, and the cursors in them.

use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use scim::ScimType;
use scim::filter::Compiled;
use scim::sort::SortKey;
use store::{Cursor, KeyName, Kind, Object, Order, Scan};
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::plan::{Means, Plan};
use crate::walk::{Match, Place};

/// Ids that a look-up may find where pages are read by cursor: each page finds them anew, and to look for a page among
/// everything costs no more where there are many.
const LOOKED_UP: usize = 20_000;

/// A query, read.
pub(crate) struct Query {
    pub(crate) kinds: Vec<Kind>,
    /// For each kind.
    pub(crate) filters: Vec<Option<Compiled>>,
    pub(crate) sort_by: Option<String>,
    pub(crate) descending: bool,
    pub(crate) start: u64,
    pub(crate) count: usize,
    pub(crate) cursor: Option<String>,
    /// Tells queries apart, so that a cursor is used with its own.
    pub(crate) mark: u64,
}

/// The resources of a page, which ends early when it grows too large (RFC 7644 section 3.4.2.4 lets it).
pub(crate) struct Page {
    pub(crate) objects: Vec<Object>,
    pub(crate) bytes: usize,
    pub(crate) most: usize,
}

impl Page {
    pub(crate) fn push(&mut self, object: Object) {
        self.bytes += object.body.len();
        self.objects.push(object);
    }

    pub(crate) fn extend(&mut self, matches: Vec<Match>) {
        for (object, _) in matches {
            self.push(object);
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= self.most
    }
}

/// Where a cursor points.
pub(crate) enum Spot {
    /// At a place among the resources of a kind, by its number in the query.
    At(usize, Place),
    /// Behind a resource in an order that is made anew for each page.
    Sorted(SortKey, Uuid),
}

impl Query {
    /// Each kind with its filter.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (Kind, Option<&Compiled>)> {
        self.kinds.iter().copied().zip(self.filters.iter().map(Option::as_ref))
    }

    pub(crate) fn filter(&self, kind: Kind) -> Option<&Compiled> {
        self.parts().find(|(other, _)| *other == kind)?.1
    }

    /// Whether an order is asked for that no index has: what a look-up finds is in no order but its own.
    pub(crate) fn sorts(&self, plans: &[Plan]) -> bool {
        let looked_up = plans.iter().any(|plan| !matches!(plan, Plan::Scan));
        self.sort_by.is_some() && (looked_up || self.order().is_none())
    }

    /// The store's order that serves `sortBy`: attributes that each resource has exactly once.
    pub(crate) fn order(&self) -> Option<Order> {
        let by_key = |name| Some(Order::Key { name, from: Bound::Unbounded, to: Bound::Unbounded });
        let path = self.sort_by.as_deref()?;
        match self.kinds[..] {
            [_] if path == "meta.created" => Some(Order::Creation),
            [Kind::User] if path == "userName" => by_key(KeyName::UserName),
            [Kind::Group] if path == "displayName" => by_key(KeyName::DisplayName),
            _ => None,
        }
    }

    pub(crate) fn scan(&self) -> Scan {
        let order = self.order();
        let descending = order.is_some() && self.descending;
        Scan { order: order.unwrap_or(Order::Creation), descending, ..Scan::first(0) }
    }

    /// How look-ups may be answered. The error is `invalidCursor`.
    pub(crate) fn means(&self, work: usize) -> Answer<Means> {
        let mut means = Means { scans: false, most: work, by_cursor: false, keyed: false, room: None };
        let Some(cursor) = &self.cursor else { return Ok(means) };
        // Who wants no resources wants to know how many there are.
        means.by_cursor = self.count > 0 || !cursor.is_empty();
        match self.spot()? {
            Spot::At(_, Place::Start) if means.by_cursor && self.sort_by.is_none() => {
                means.most = work.min(LOOKED_UP);
            }
            Spot::At(_, place) => {
                means.scans = matches!(place, Place::After(_));
                means.keyed = matches!(place, Place::Keyed(_));
            }
            Spot::Sorted(..) => {}
        }
        Ok(means)
    }

    /// The cursor of a place among the resources of a kind.
    pub(crate) fn token(&self, number: usize, place: &Place) -> String {
        let number = u8::try_from(number).unwrap_or_default();
        match place {
            Place::Start => self.encode(b'b', &[&[number]]),
            Place::After(cursor) => self.encode(b's', &[&[number], &cursor.0]),
            Place::Keyed(cursor) => self.encode(b'e', &[&[number], &cursor.0]),
            Place::Behind(id) => self.encode(b'i', &[&[number], id.as_bytes()]),
        }
    }

    /// The cursor of what comes after a resource with this key.
    pub(crate) fn token_after(&self, key: &SortKey, id: Uuid) -> Answer<String> {
        let key = serde_json::to_vec(key)
            .map_err(|error| Refusal::new(500, format!("the cursor cannot be written: {error}")))?;
        Ok(self.encode(b'k', &[id.as_bytes(), &key]))
    }

    fn encode(&self, kind: u8, payload: &[&[u8]]) -> String {
        BASE64.encode([&[kind], &self.mark.to_be_bytes()[..], &payload.concat()].concat())
    }

    /// Reads the cursor of the request. The error is `invalidCursor`.
    pub(crate) fn spot(&self) -> Answer<Spot> {
        let text = self.cursor.as_deref().unwrap_or_default();
        if text.is_empty() {
            return Ok(Spot::At(0, Place::Start));
        }
        let bytes = BASE64.decode(text).map_err(|_| foreign_cursor())?;
        let (head, payload) = bytes.split_at_checked(9).ok_or_else(foreign_cursor)?;
        if head[1..] != self.mark.to_be_bytes() {
            return Err(foreign_cursor());
        }
        self.read(head[0], payload).ok_or_else(foreign_cursor)
    }

    fn read(&self, kind: u8, payload: &[u8]) -> Option<Spot> {
        if kind == b'k' {
            let (id, key) = payload.split_first_chunk()?;
            return Some(Spot::Sorted(serde_json::from_slice(key).ok()?, Uuid::from_bytes(*id)));
        }
        let (number, payload) = payload.split_first()?;
        let number = usize::from(*number);
        let place = match kind {
            b'b' if payload.is_empty() => Place::Start,
            b's' => Place::After(Cursor(payload.to_vec().into())),
            b'e' => Place::Keyed(Cursor(payload.to_vec().into())),
            b'i' => Place::Behind(Uuid::from_slice(payload).ok()?),
            _ => return None,
        };
        (number < self.kinds.len()).then_some(Spot::At(number, place))
    }
}

fn foreign_cursor() -> Refusal {
    Refusal::of(
        ScimType::InvalidCursor,
        "the cursor does not belong to this query: repeat the filter and the order it was made with, or start \
         again with an empty cursor",
    )
}
