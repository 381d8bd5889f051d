//! Pages of the objects of a kind.

use std::ops::Bound;

use bytes::Bytes;
use store::{Cursor, Error, KeyName, KeyRange, Kind, Order, PAGE_BYTES, Page, Realm, Result, Scan};
use uuid::Uuid;

use crate::columns::{self, get as column, limit as at_most};
use crate::long;
use crate::pool::{Pool, Value};

/// A place in a scan: the object's number, and the value of the key (empty in order of creation).
type Spot = (i64, Vec<u8>);

/// One page, read in one statement.
pub(crate) async fn page(pool: &Pool, realm: Realm, kind: Kind, scan: &Scan) -> Result<Page> {
    let after = scan.after.as_ref().map(read_cursor).transpose()?;
    let query = match &scan.order {
        Order::Creation => by_creation(after.map(|(oid, _)| oid), scan.descending),
        Order::Key { name, from, to } => by_key(*name, from, to, after, scan.descending),
    };
    let (kind_number, limit) = (i16::from(kind.number()), at_most(scan.limit));
    let (offset, bytes) = (i64::try_from(scan.offset).unwrap_or(i64::MAX), at_most(PAGE_BYTES));
    let mut parameters: Vec<Value<'_>> = vec![&realm.0, &kind_number, &limit, &offset, &bytes];
    parameters.extend(query.values.iter().map(Parameter::value));
    let rows = pool.rows(&query.sql, &parameters).await?;
    let (mut objects, mut values, mut there) =
        (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()), 0);
    for row in &rows {
        there = column::<i64>(row, 7)?;
        objects.push(columns::object(row, kind, 2)?);
        values.push(Bytes::from(column::<Vec<u8>>(row, 1)?));
    }
    let next = match (rows.last(), values.last()) {
        (Some(row), Some(value)) if at_most(objects.len()) < there => {
            Some(write_cursor(column(row, 0)?, value))
        }
        _ => None,
    };
    Ok(Page { objects, values, next })
}

enum Parameter {
    Number(i64),
    Bytes(Vec<u8>),
}

impl Parameter {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Number(number) => number,
            Self::Bytes(bytes) => bytes,
        }
    }
}

struct Query {
    sql: String,
    values: Vec<Parameter>,
    /// How many values come before these, the same in every statement of the kind.
    before: usize,
}

impl Query {
    fn after(before: usize) -> Self {
        Self { sql: String::new(), values: Vec::new(), before }
    }

    /// Adds a value, and returns how SQL refers to it.
    fn value(&mut self, value: Parameter) -> String {
        self.values.push(value);
        format!("${}", self.before + self.values.len())
    }

    fn bounds(&mut self, lowest: Option<Vec<u8>>, highest: Option<Vec<u8>>) -> String {
        let lowest = lowest.map(|it| format!(" AND key.value >= {}", self.value(Parameter::Bytes(it))));
        let highest = highest.map(|it| format!(" AND key.value < {}", self.value(Parameter::Bytes(it))));
        lowest.into_iter().chain(highest).collect()
    }

    /// Finishes a page of what `found` finds (oid, value, and the columns of an object): without the bodies of those
    /// after a full page; the last column tells whether there are any.
    fn page(mut self, found: &str, direction: &str) -> Self {
        self.sql = format!(
            "SELECT oid, value, id, version, created, modified, body, there FROM (
                 SELECT page.*, row_number() OVER w AS place, count(*) OVER () AS there,
                     sum(octet_length(body)) OVER w - octet_length(body) AS earlier
                 FROM ({found} LIMIT $3::bigint + 1 OFFSET $4) AS page
                 WINDOW w AS (ORDER BY value {direction}, oid {direction} ROWS UNBOUNDED PRECEDING)
             ) AS measured WHERE place <= $3::bigint AND earlier < $5::bigint ORDER BY place"
        );
        self
    }
}

const OF_REALM: &str = "realm = (SELECT rid FROM provost.realm WHERE uuid = $1)";

fn direction(descending: bool) -> (&'static str, &'static str) {
    if descending { ("<", "DESC") } else { (">", "ASC") }
}

fn by_creation(after: Option<i64>, descending: bool) -> Query {
    let (compare, direction) = direction(descending);
    let mut query = Query::after(5);
    let bound = after.map(|oid| format!("AND oid {compare} {}", query.value(Parameter::Number(oid))));
    let found = format!(
        "SELECT oid, ''::bytea AS value, id, version, created, modified, body FROM provost.object
         WHERE {OF_REALM} AND kind = $2 {} ORDER BY oid {direction}",
        bound.unwrap_or_default()
    );
    query.page(&found, direction)
}

fn by_key(
    name: KeyName,
    from: &Bound<Bytes>,
    to: &Bound<Bytes>,
    after: Option<Spot>,
    descending: bool,
) -> Query {
    let (mut lowest, mut highest) = long::ends(from, to);
    let (compare, direction) = direction(descending);
    let mut query = Query::after(5);
    let mut passed = String::new();
    // A cursor within the range replaces the bound that it has passed, so that the index is entered there; one
    // outside was tampered with, and must not read beyond the range.
    if let Some((oid, value)) = after {
        let outside = lowest.as_ref().is_some_and(|lowest| value < *lowest)
            || highest.as_ref().is_some_and(|highest| value >= *highest);
        if !outside {
            *(if descending { &mut highest } else { &mut lowest }) = None;
        }
        let (value, oid) = (query.value(Parameter::Bytes(value)), query.value(Parameter::Number(oid)));
        passed = format!("AND (key.value, key.oid) {compare} ({value}, {oid})");
    }
    let bounds = query.bounds(lowest, highest);
    let found = format!(
        "SELECT key.oid, key.value, id, version, created, modified, body FROM provost.key
         JOIN provost.object ON object.realm = key.realm AND object.oid = key.oid
         WHERE key.{OF_REALM} AND key.kind = $2 AND key.name = {}
         {passed}{bounds} ORDER BY key.value {direction}, key.oid {direction}",
        name.number()
    );
    query.page(&found, direction)
}

/// The keys in a range, as the end of a statement.
fn in_range(query: &mut Query, range: &KeyRange) -> String {
    let (lowest, highest) = long::ends(&range.from, &range.to);
    let bounds = query.bounds(lowest, highest);
    format!("key.{OF_REALM} AND key.kind = $2 AND key.name = {} {bounds}", range.name.number())
}

/// The ids of what carries a key in a range.
pub(crate) async fn ids(
    pool: &Pool,
    realm: Realm,
    kind: Kind,
    range: &KeyRange,
    limit: usize,
) -> Result<Vec<Uuid>> {
    let mut query = Query::after(3);
    let sql = format!(
        "SELECT DISTINCT id FROM provost.key
         JOIN provost.object ON object.realm = key.realm AND object.oid = key.oid WHERE {} LIMIT $3",
        in_range(&mut query, range)
    );
    let (kind, limit) = (i16::from(kind.number()), at_most(limit));
    let mut values: Vec<Value<'_>> = vec![&realm.0, &kind, &limit];
    values.extend(query.values.iter().map(Parameter::value));
    pool.rows(&sql, &values).await?.iter().map(|row| column(row, 0)).collect()
}

/// How many keys lie in a range.
pub(crate) async fn count(pool: &Pool, realm: Realm, kind: Kind, range: &KeyRange) -> Result<u64> {
    let mut query = Query::after(2);
    let sql = format!("SELECT count(*) FROM provost.key WHERE {}", in_range(&mut query, range));
    let kind = i16::from(kind.number());
    let mut values: Vec<Value<'_>> = vec![&realm.0, &kind];
    values.extend(query.values.iter().map(Parameter::value));
    pool.rows(&sql, &values).await?.first().map_or(Ok(0), |row| columns::whole(row, 0))
}

fn write_cursor(oid: i64, value: &[u8]) -> Cursor {
    Cursor([&oid.to_be_bytes(), value].concat().into())
}

fn read_cursor(cursor: &Cursor) -> Result<Spot> {
    let (oid, value) = cursor.0.split_first_chunk::<8>().ok_or(Error::InvalidCursor)?;
    Ok((i64::from_be_bytes(*oid), value.to_vec()))
}
