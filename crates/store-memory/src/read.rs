//! Reads of the state.

use std::collections::BTreeSet;
use std::ops::Bound;

use bytes::Bytes;
use jiff::Timestamp;
use store::{
    Changes, Cursor, EdgeKind, EdgePage, EdgesOf, Error, Key, KeyName, KeyRange, Kind, Object, Order,
    PAGE_BYTES, Page, Position, Realm, Result, Scan,
};
use uuid::Uuid;

use crate::state::{self, State, ends};

fn object(state: &State, seq: u64) -> Option<Object> {
    state.names.get(&seq).and_then(|name| state.objects.get(name)).map(|stored| stored.object.clone())
}

pub(crate) fn find(state: &State, realm: Realm, kind: Kind, key: &Key, limit: usize) -> Vec<Object> {
    let from = (realm, kind, key.name, key.value.clone(), 0);
    let to = (realm, kind, key.name, key.value.clone(), u64::MAX);
    state.keys.range(from..=to).filter_map(|((.., seq), _)| object(state, *seq)).take(limit).collect()
}

/// A place in a scan: the value of the key (empty in order of creation) and the object.
type Spot = (Bytes, u64);

pub(crate) fn scan(state: &State, realm: Realm, kind: Kind, scan: &Scan) -> Result<Page> {
    let spots = match &scan.order {
        Order::Creation => state
            .order
            .range((realm, kind, 0)..=(realm, kind, u64::MAX))
            .map(|(_, _, seq)| (Bytes::new(), *seq))
            .collect(),
        Order::Key { name, from, to } => in_range(state, realm, kind, *name, from, to),
    };
    let after = scan.after.as_ref().map(read_spot).transpose()?;
    let mut spots: Box<dyn Iterator<Item = Spot>> =
        if scan.descending { Box::new(spots.into_iter().rev()) } else { Box::new(spots.into_iter()) };
    if let Some(after) = after {
        let descending = scan.descending;
        spots = Box::new(spots.filter(move |spot| if descending { *spot < after } else { *spot > after }));
    }
    let mut spots = spots.skip(usize::try_from(scan.offset).unwrap_or(usize::MAX));
    let (mut objects, mut values, mut bytes, mut last) = (Vec::new(), Vec::new(), 0, None);
    while objects.len() < scan.limit && bytes < PAGE_BYTES {
        let Some(spot) = spots.next() else { break };
        let Some(object) = object(state, spot.1) else { continue };
        bytes += object.body.len();
        objects.push(object);
        values.push(spot.0.clone());
        last = Some(spot);
    }
    let next = last.filter(|_| spots.next().is_some()).map(|last| write_spot(&last));
    Ok(Page { objects, values, next })
}

pub(crate) fn ids(state: &State, realm: Realm, kind: Kind, range: &KeyRange, limit: usize) -> Vec<Uuid> {
    let spots = in_range(state, realm, kind, range.name, &range.from, &range.to);
    let ids: BTreeSet<Uuid> =
        spots.iter().filter_map(|(_, seq)| state.names.get(seq)).map(|(_, _, id)| *id).collect();
    ids.into_iter().take(limit).collect()
}

pub(crate) fn count_keys(state: &State, realm: Realm, kind: Kind, range: &KeyRange) -> u64 {
    in_range(state, realm, kind, range.name, &range.from, &range.to).len() as u64
}

/// The objects of the first of these ids, until their bodies fill a page.
pub(crate) fn get_many(state: &State, realm: Realm, kind: Kind, ids: &[Uuid]) -> Vec<Option<Object>> {
    let (mut objects, mut bytes) = (Vec::new(), 0);
    for id in ids {
        let object = state.objects.get(&(realm, kind, *id)).map(|stored| stored.object.clone());
        bytes += object.as_ref().map_or(0, |object| object.body.len());
        objects.push(object);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    objects
}

fn in_range(
    state: &State,
    realm: Realm,
    kind: Kind,
    name: KeyName,
    from: &Bound<Bytes>,
    to: &Bound<Bytes>,
) -> Vec<Spot> {
    let start = (realm, kind, name, Bytes::new(), 0);
    let above = |value: &Bytes| match from {
        Bound::Included(from) => value >= from,
        Bound::Excluded(from) => value > from,
        Bound::Unbounded => true,
    };
    let below = |value: &Bytes| match to {
        Bound::Included(to) => value <= to,
        Bound::Excluded(to) => value < to,
        Bound::Unbounded => true,
    };
    state
        .keys
        .range(start..)
        .take_while(|((r, k, n, ..), _)| (*r, *k, *n) == (realm, kind, name))
        .filter(|((.., value, _), _)| above(value) && below(value))
        .map(|((.., value, seq), _)| (value.clone(), *seq))
        .collect()
}

fn write_spot((value, seq): &Spot) -> Cursor {
    let mut bytes = seq.to_be_bytes().to_vec();
    bytes.extend_from_slice(value);
    Cursor(bytes.into())
}

fn read_spot(cursor: &Cursor) -> Result<Spot> {
    let (seq, value) = cursor.0.split_first_chunk::<8>().ok_or(Error::InvalidCursor)?;
    Ok((Bytes::copy_from_slice(value), u64::from_be_bytes(*seq)))
}

fn side(state: &State, of: EdgesOf) -> (&BTreeSet<(u64, EdgeKind, u64)>, Uuid) {
    match of {
        EdgesOf::From(id) => (&state.edges_from, id),
        EdgesOf::To(id) => (&state.edges_to, id),
    }
}

pub(crate) fn edges(
    state: &State,
    realm: Realm,
    kind: EdgeKind,
    of: EdgesOf,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<EdgePage> {
    let (set, id) = side(state, of);
    let after = after
        .map(|cursor| {
            let (of, rest) = cursor.0.split_first_chunk::<8>().ok_or(Error::InvalidCursor)?;
            let other: [u8; 8] = rest.try_into().map_err(|_| Error::InvalidCursor)?;
            Ok::<_, Error>((u64::from_be_bytes(*of), u64::from_be_bytes(other)))
        })
        .transpose()?
        .unwrap_or_default();
    Ok(edge_page(state, set, state.seqs(realm, id), kind, after, limit))
}

/// The first page of the edges of an object of a kind.
pub(crate) fn first_edges(
    state: &State,
    (realm, kind): (Realm, Kind),
    edge: EdgeKind,
    of: EdgesOf,
    limit: usize,
) -> EdgePage {
    let (set, id) = side(state, of);
    let seq = state.objects.get(&(realm, kind, id)).map(|stored| stored.seq);
    edge_page(state, set, seq, edge, (0, 0), limit)
}

fn edge_page(
    state: &State,
    set: &BTreeSet<(u64, EdgeKind, u64)>,
    seqs: impl IntoIterator<Item = u64>,
    kind: EdgeKind,
    after: (u64, u64),
    limit: usize,
) -> EdgePage {
    let mut pairs = seqs
        .into_iter()
        .flat_map(|of| ends(set, of, kind).into_iter().map(move |other| (of, other)))
        .filter(|pair| *pair > after);
    let taken: Vec<(u64, u64)> = pairs.by_ref().take(limit).collect();
    let next = match taken.last() {
        Some((of, other)) if pairs.next().is_some() => {
            Some(Cursor([of.to_be_bytes(), other.to_be_bytes()].concat().into()))
        }
        _ => None,
    };
    let name = |seq| state.names.get(seq).map(|(_, kind, id)| (*kind, *id));
    EdgePage { others: taken.iter().filter_map(|(_, other)| name(other)).collect(), next }
}

pub(crate) fn count_edges(state: &State, realm: Realm, kind: EdgeKind, of: EdgesOf) -> u64 {
    let (set, id) = side(state, of);
    state.seqs(realm, id).into_iter().map(|seq| ends(set, seq, kind).len() as u64).sum()
}

/// The position before the first change since an instant.
pub(crate) fn position_since(state: &State, realm: Realm, at: Timestamp) -> Position {
    let mut before = state.horizon.get(&realm).copied().unwrap_or_default();
    for ((_, place), change) in state.feed.range((realm, (0, 0))..(realm, state.readable_before())) {
        if change.at >= at {
            return state::position(before);
        }
        before = *place;
    }
    state::position(before)
}

pub(crate) fn changes(state: &State, realm: Realm, after: &Position, limit: usize) -> Result<Changes> {
    let from = state::place(after)?;
    let horizon = state.horizon.get(&realm).copied().unwrap_or_default();
    if from < horizon || from.0 > state.last_ticket {
        return Err(Error::PositionExpired);
    }
    let end = (realm, state.readable_before());
    let start = (realm, from);
    if start >= end {
        return Ok(Changes { changes: Vec::new(), position: after.clone(), more: false });
    }
    let mut entries = state.feed.range((Bound::Excluded(start), Bound::Excluded(end)));
    let taken: Vec<_> = entries.by_ref().take(limit).collect();
    let position = taken.last().map_or_else(|| after.clone(), |((_, place), _)| state::position(*place));
    let more = entries.next().is_some();
    Ok(Changes { changes: taken.into_iter().map(|(_, change)| change.clone()).collect(), position, more })
}
