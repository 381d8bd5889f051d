//! Pages of the objects of a kind.

use std::ops::Bound;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use store::{Cursor, Error, KeyName, Kind, Object, Order, Page, Realm, Result, Scan};

use crate::{backend, read};

/// One page, read in one statement.
pub(crate) fn page(connection: &Connection, realm: Realm, kind: Kind, scan: &Scan) -> Result<Page> {
    let after = scan.after.as_ref().map(read_cursor).transpose()?;
    let query = match &scan.order {
        Order::Creation => by_creation(after.map(|(oid, _)| oid), scan.descending),
        Order::Key { name, from, to } => by_key(*name, from, to, after, scan.descending),
    };
    let mut rows = run(connection, realm, kind, scan, query).map_err(backend)?;
    let more = rows.len() > scan.limit;
    rows.truncate(scan.limit);
    let next = rows.last().filter(|_| more).map(|(spot, _)| write_cursor(spot));
    Ok(Page { objects: rows.into_iter().map(|(_, object)| object).collect(), next })
}

/// A place in a scan: the object's number, and the value of the key (empty in order of creation).
type Spot = (i64, Vec<u8>);

struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    /// Adds a value, and returns how SQL refers to it.
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        // The first four are the same in every scan.
        format!("?{}", self.values.len() + 4)
    }
}

fn by_creation(after: Option<i64>, descending: bool) -> Query {
    let (compare, direction) = if descending { ("<", "DESC") } else { (">", "ASC") };
    let mut query = Query { sql: String::new(), values: Vec::new() };
    let bound = after.map(|oid| format!("AND oid {compare} {}", query.value(oid))).unwrap_or_default();
    query.sql = format!(
        "SELECT oid, x'', id, version, created, modified, body FROM object INDEXED BY object_order
         WHERE realm = (SELECT rid FROM realm WHERE uuid = ?1) AND kind = ?2 {bound}
         ORDER BY oid {direction} LIMIT ?3 OFFSET ?4"
    );
    query
}

fn by_key(
    name: KeyName,
    from: &Bound<bytes::Bytes>,
    to: &Bound<bytes::Bytes>,
    after: Option<Spot>,
    descending: bool,
) -> Query {
    let mut lowest = match from {
        Bound::Included(from) => Some(from.to_vec()),
        Bound::Excluded(from) => Some(next_after(from)),
        Bound::Unbounded => None,
    };
    // Both ends as "below this value".
    let mut highest = match to {
        Bound::Included(to) => Some(next_after(to)),
        Bound::Excluded(to) => Some(to.to_vec()),
        Bound::Unbounded => None,
    };
    let mut query = Query { sql: String::new(), values: Vec::new() };
    let mut bounds = String::new();
    // A cursor within the range replaces the bound that it has passed, so that the index is entered there; one
    // outside was tampered with, and must not read beyond the range.
    if let Some((oid, value)) = after {
        let outside = lowest.as_ref().is_some_and(|lowest| value < *lowest)
            || highest.as_ref().is_some_and(|highest| value >= *highest);
        let compare = if descending { "<" } else { ">" };
        if !outside {
            *(if descending { &mut highest } else { &mut lowest }) = None;
        }
        let (value, oid) = (query.value(value), query.value(oid));
        bounds = format!("AND (key.value, key.oid) {compare} ({value}, {oid})");
    }
    if let Some(lowest) = lowest {
        bounds = format!("{bounds} AND key.value >= {}", query.value(lowest));
    }
    if let Some(highest) = highest {
        bounds = format!("{bounds} AND key.value < {}", query.value(highest));
    }
    let direction = if descending { "DESC" } else { "ASC" };
    query.sql = format!(
        "SELECT key.oid, key.value, id, version, created, modified, body
         FROM key CROSS JOIN object ON object.oid = key.oid
         WHERE key.realm = (SELECT rid FROM realm WHERE uuid = ?1) AND key.kind = ?2 AND key.name = {}
         {bounds} ORDER BY key.value {direction}, key.oid {direction} LIMIT ?3 OFFSET ?4",
        name.number()
    );
    query
}

/// The least value above this one.
fn next_after(value: &[u8]) -> Vec<u8> {
    [value, &[0]].concat()
}

fn run(
    connection: &Connection,
    realm: Realm,
    kind: Kind,
    scan: &Scan,
    query: Query,
) -> rusqlite::Result<Vec<(Spot, Object)>> {
    let mut values = vec![
        Value::Blob(realm.0.as_bytes().to_vec()),
        Value::Integer(kind.number().into()),
        Value::Integer(read::one_more(scan.limit)),
        Value::Integer(i64::try_from(scan.offset).unwrap_or(i64::MAX)),
    ];
    values.extend(query.values);
    connection
        .prepare_cached(&query.sql)?
        .query_map(params_from_iter(values), |row| {
            Ok(((row.get(0)?, row.get(1)?), read::object(row, kind, 2)?))
        })?
        .collect()
}

fn write_cursor((oid, value): &Spot) -> Cursor {
    Cursor([&oid.to_be_bytes(), value.as_slice()].concat().into())
}

fn read_cursor(cursor: &Cursor) -> Result<Spot> {
    let (oid, value) = cursor.0.split_first_chunk::<8>().ok_or(Error::InvalidCursor)?;
    Ok((i64::from_be_bytes(*oid), value.to_vec()))
}
