//! Pages of the objects of a kind.

use std::ops::Bound;

use bytes::Bytes;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use store::{Cursor, Error, KeyName, KeyRange, Kind, Order, PAGE_BYTES, Page, Realm, Result, Scan};
use uuid::Uuid;

use crate::{backend, read};

/// One page, read in one statement.
pub(crate) fn page(connection: &Connection, realm: Realm, kind: Kind, scan: &Scan) -> Result<Page> {
    let after = scan.after.as_ref().map(read_cursor).transpose()?;
    let query = match &scan.order {
        Order::Creation => by_creation(after.map(|(oid, _)| oid), scan.descending),
        Order::Key { name, from, to } => by_key(*name, from, to, after, scan.descending),
    };
    run(connection, realm, kind, scan, &query).map_err(backend)
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

    /// All values, in their order.
    fn with(&self, realm: Realm, kind: Kind, limit: i64, offset: i64) -> Vec<Value> {
        let mut values = vec![
            Value::Blob(realm.0.as_bytes().to_vec()),
            Value::Integer(kind.number().into()),
            Value::Integer(limit),
            Value::Integer(offset),
        ];
        values.extend(self.values.iter().cloned());
        values
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

/// The ids of what carries a key in a range, read in one statement.
pub(crate) fn ids(
    connection: &Connection,
    realm: Realm,
    kind: Kind,
    range: &KeyRange,
    limit: usize,
) -> Result<Vec<Uuid>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (lowest, highest) = ends(&range.from, &range.to);
    let mut query = Query { sql: String::new(), values: Vec::new() };
    let bounds = bounds(&mut query, lowest, highest);
    query.sql = format!(
        "SELECT DISTINCT id FROM key CROSS JOIN object ON object.oid = key.oid
         WHERE key.realm = (SELECT rid FROM realm WHERE uuid = ?1) AND key.kind = ?2 AND key.name = {}
         {bounds} LIMIT ?3 OFFSET ?4",
        range.name.number()
    );
    let values = query.with(realm, kind, limit, 0);
    let read = || {
        connection
            .prepare_cached(&query.sql)?
            .query_map(params_from_iter(values), |row| read::uuid(row, 0))?
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(backend)
}

/// How many keys lie in a range.
pub(crate) fn count(connection: &Connection, realm: Realm, kind: Kind, range: &KeyRange) -> Result<u64> {
    let (lowest, highest) = ends(&range.from, &range.to);
    let mut query = Query { sql: String::new(), values: Vec::new() };
    let bounds = bounds(&mut query, lowest, highest);
    query.sql = format!(
        "SELECT count(*) FROM key WHERE realm = (SELECT rid FROM realm WHERE uuid = ?1) AND kind = ?2
           AND name = {} {bounds} LIMIT ?3 OFFSET ?4",
        range.name.number()
    );
    let values = query.with(realm, kind, 1, 0);
    let read = || {
        connection.prepare_cached(&query.sql)?.query_row(params_from_iter(values), |row| row.get::<_, i64>(0))
    };
    Ok(i64::cast_unsigned(read().map_err(backend)?))
}

/// The ends of a range as the lowest value in it and the lowest above it.
fn ends(from: &Bound<Bytes>, to: &Bound<Bytes>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let lowest = match from {
        Bound::Included(from) => Some(from.to_vec()),
        Bound::Excluded(from) => Some(next_after(from)),
        Bound::Unbounded => None,
    };
    let highest = match to {
        Bound::Included(to) => Some(next_after(to)),
        Bound::Excluded(to) => Some(to.to_vec()),
        Bound::Unbounded => None,
    };
    (lowest, highest)
}

fn bounds(query: &mut Query, lowest: Option<Vec<u8>>, highest: Option<Vec<u8>>) -> String {
    let lowest = lowest.map(|lowest| format!(" AND key.value >= {}", query.value(lowest)));
    let highest = highest.map(|highest| format!(" AND key.value < {}", query.value(highest)));
    lowest.into_iter().chain(highest).collect()
}

fn by_key(
    name: KeyName,
    from: &Bound<Bytes>,
    to: &Bound<Bytes>,
    after: Option<Spot>,
    descending: bool,
) -> Query {
    let (mut lowest, mut highest) = ends(from, to);
    let mut query = Query { sql: String::new(), values: Vec::new() };
    let mut passed = String::new();
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
        passed = format!("AND (key.value, key.oid) {compare} ({value}, {oid})");
    }
    let bounds = bounds(&mut query, lowest, highest);
    let direction = if descending { "DESC" } else { "ASC" };
    query.sql = format!(
        "SELECT key.oid, key.value, id, version, created, modified, body
         FROM key CROSS JOIN object ON object.oid = key.oid
         WHERE key.realm = (SELECT rid FROM realm WHERE uuid = ?1) AND key.kind = ?2 AND key.name = {}
         {passed}{bounds} ORDER BY key.value {direction}, key.oid {direction} LIMIT ?3 OFFSET ?4",
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
    query: &Query,
) -> rusqlite::Result<Page> {
    let mut statement = connection.prepare_cached(&query.sql)?;
    let offset = i64::try_from(scan.offset).unwrap_or(i64::MAX);
    let parameters = query.with(realm, kind, read::one_more(scan.limit), offset);
    let mut rows = statement.query(params_from_iter(parameters))?;
    let (mut objects, mut values, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut last = 0;
    let spot = |oid: i64, values: &[Bytes]| values.last().map(|value| write_cursor(oid, value));
    while let Some(row) = rows.next()? {
        // The body of this one is not even looked at.
        if objects.len() == scan.limit || bytes >= PAGE_BYTES {
            let next = spot(last, &values);
            return Ok(Page { objects, values, next });
        }
        let object = read::object(row, kind, 2)?;
        bytes += object.body.len();
        objects.push(object);
        values.push(Bytes::from(row.get::<_, Vec<u8>>(1)?));
        last = row.get(0)?;
    }
    Ok(Page { objects, values, next: None })
}

fn write_cursor(oid: i64, value: &[u8]) -> Cursor {
    Cursor([&oid.to_be_bytes(), value].concat().into())
}

fn read_cursor(cursor: &Cursor) -> Result<Spot> {
    let (oid, value) = cursor.0.split_first_chunk::<8>().ok_or(Error::InvalidCursor)?;
    Ok((i64::from_be_bytes(*oid), value.to_vec()))
}
