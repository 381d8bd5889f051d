//! Reads of single objects, edges and the feed. Each is one statement, and so of one instant.

use jiff::Timestamp;
use store::{
    Change, Changes, Cursor, EdgeKind, EdgePage, EdgesOf, Error, Key, Kind, Object, PAGE_BYTES, Position,
    Realm, Result,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{self, get as column, limit as at_most, one_more};
use crate::long;
use crate::pool::Pool;

fn number(kind: Kind) -> i16 {
    kind.number().into()
}

pub(crate) async fn get(pool: &Pool, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>> {
    let rows = pool
        .rows(
            "SELECT id, version, created, modified, body FROM provost.object
             WHERE realm = (SELECT rid FROM provost.realm WHERE uuid = $1) AND id = $2 AND kind = $3",
            &[&realm.0, &id, &number(kind)],
        )
        .await?;
    rows.first().map(|row| columns::object(row, kind, 0)).transpose()
}

/// The objects of the first of these ids, until their bodies fill a page.
pub(crate) async fn get_many(
    pool: &Pool,
    realm: Realm,
    kind: Kind,
    ids: &[Uuid],
) -> Result<Vec<Option<Object>>> {
    let rows = pool
        .rows(
            "SELECT ord, id, version, created, modified, body FROM (
                 SELECT ord, object.id, version, created, modified, body,
                     sum(octet_length(body)) OVER (ORDER BY ord) - octet_length(body) AS earlier
                 FROM unnest($3::uuid[]) WITH ORDINALITY AS asked(id, ord)
                 JOIN provost.object ON object.id = asked.id AND kind = $2
                     AND realm = (SELECT rid FROM provost.realm WHERE uuid = $1)
             ) AS measured WHERE earlier < $4::bigint ORDER BY ord",
            &[&realm.0, &number(kind), &ids, &at_most(PAGE_BYTES)],
        )
        .await?;
    let (mut objects, mut bytes) = (Vec::with_capacity(ids.len()), 0);
    for row in &rows {
        let place = usize::try_from(column::<i64>(row, 0)? - 1).unwrap_or_default();
        objects.resize(place, None);
        let object = columns::object(row, kind, 1)?;
        bytes += object.body.len();
        objects.push(Some(object));
    }
    if bytes < PAGE_BYTES {
        objects.resize(ids.len(), None);
    }
    Ok(objects)
}

/// For each of so many places whether the rows name it, counted from 1.
fn named(rows: &[Row], places: usize) -> Result<Vec<bool>> {
    let mut found = vec![false; places];
    for row in rows {
        let place = usize::try_from(column::<i64>(row, 0)?).unwrap_or_default();
        if let Some(place) = place.checked_sub(1).and_then(|place| found.get_mut(place)) {
            *place = true;
        }
    }
    Ok(found)
}

pub(crate) async fn exist(pool: &Pool, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>> {
    let rows = pool
        .rows(
            "SELECT ord FROM unnest($3::uuid[]) WITH ORDINALITY AS asked(id, ord)
             JOIN provost.object ON object.id = asked.id AND kind = $2
                 AND realm = (SELECT rid FROM provost.realm WHERE uuid = $1)",
            &[&realm.0, &number(kind), &ids],
        )
        .await?;
    named(&rows, ids.len())
}

pub(crate) async fn find(
    pool: &Pool,
    realm: Realm,
    kind: Kind,
    key: &Key,
    limit: usize,
) -> Result<Vec<Object>> {
    let rows = pool
        .rows(
            "SELECT id, version, created, modified, body FROM provost.key
             JOIN provost.object ON object.realm = key.realm AND object.oid = key.oid
             WHERE key.realm = (SELECT rid FROM provost.realm WHERE uuid = $1)
               AND key.kind = $2 AND key.name = $3 AND key.value = $4
             ORDER BY key.oid LIMIT $5",
            &[
                &realm.0,
                &number(kind),
                &i16::from(key.name.number()),
                &&*long::indexed(&key.value),
                &at_most(limit),
            ],
        )
        .await?;
    rows.iter().map(|row| columns::object(row, kind, 0)).collect()
}

pub(crate) async fn count(pool: &Pool, realm: Realm, kind: Kind) -> Result<u64> {
    let rows = pool
        .rows(
            "SELECT n FROM provost.counter
             WHERE realm = (SELECT rid FROM provost.realm WHERE uuid = $1) AND kind = $2",
            &[&realm.0, &number(kind)],
        )
        .await?;
    rows.first().map_or(Ok(0), |row| columns::whole(row, 0))
}

/// The statement that finds a page of edges of the object `of`: those after its number and another's.
macro_rules! edges_of {
    ($given:literal, $other:literal) => {
        concat!(
            "SELECT edge.",
            $other,
            " AS oid, object.kind, object.id FROM provost.edge
             JOIN provost.object ON object.realm = edge.realm AND object.oid = edge.",
            $other,
            "
             WHERE edge.realm = of.realm AND edge.",
            $given,
            " = of.oid AND edge.kind = $3
        "
        )
    };
}

/// A page of edges: of one object, but for ids that objects of different kinds share.
pub(crate) async fn edges(
    pool: &Pool,
    realm: Realm,
    edge: EdgeKind,
    of: EdgesOf,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<EdgePage> {
    macro_rules! page {
        ($given:literal, $other:literal) => {
            concat!(
                "SELECT of.oid, other.oid, other.kind, other.id FROM (
                     SELECT realm, oid FROM provost.object
                     WHERE realm = (SELECT rid FROM provost.realm WHERE uuid = $1) AND id = $2 AND oid >= $4
                 ) AS of CROSS JOIN LATERAL (",
                edges_of!($given, $other),
                "AND edge.", $other, " > CASE WHEN of.oid = $4 THEN $5::bigint ELSE 0 END
                 ORDER BY edge.", $other, " LIMIT $6) AS other ORDER BY of.oid, other.oid LIMIT $6"
            )
        };
    }
    let (first, second) = after.map(|cursor| read_pair(&cursor.0)).transpose()?.unwrap_or((0, 0));
    let (id, sql) = match of {
        EdgesOf::From(id) => (id, page!("from_oid", "to_oid")),
        EdgesOf::To(id) => (id, page!("to_oid", "from_oid")),
    };
    let edge = i16::from(edge.number());
    let rows = pool.rows(sql, &[&realm.0, &id, &edge, &first, &second, &one_more(limit)]).await?;
    let found = rows.iter().map(|row| edge_row(row, 0)).collect::<Result<Vec<_>>>()?;
    Ok(edge_page(found, limit))
}

struct EdgeRow {
    of: i64,
    other: i64,
    name: (Kind, Uuid),
}

fn edge_row(row: &Row, first: usize) -> Result<EdgeRow> {
    Ok(EdgeRow {
        of: column(row, first)?,
        other: column(row, first + 1)?,
        name: (columns::kind(row, first + 2)?, column(row, first + 3)?),
    })
}

fn edge_page(found: Vec<EdgeRow>, limit: usize) -> EdgePage {
    let next = match found.get(..limit) {
        Some([.., last]) if found.len() > limit => Some(Cursor(write_pair(last.of, last.other).into())),
        _ => None,
    };
    EdgePage { others: found.into_iter().take(limit).map(|row| row.name).collect(), next }
}

/// The first page of the edges of each of these objects of one kind.
pub(crate) async fn edges_of_each(
    pool: &Pool,
    (realm, kind): (Realm, Kind),
    edge: EdgeKind,
    of: &[EdgesOf],
    limit: usize,
) -> Result<Vec<EdgePage>> {
    let mut pages: Vec<EdgePage> = of.iter().map(|_| EdgePage { others: Vec::new(), next: None }).collect();
    for starting in [true, false] {
        // Which places ask for this end, so that one statement answers them.
        let asked: Vec<(usize, Uuid)> = of
            .iter()
            .enumerate()
            .filter_map(|(place, of)| match of {
                EdgesOf::From(id) => starting.then_some((place, *id)),
                EdgesOf::To(id) => (!starting).then_some((place, *id)),
            })
            .collect();
        if asked.is_empty() {
            continue;
        }
        let mut found: Vec<Vec<EdgeRow>> = asked.iter().map(|_| Vec::new()).collect();
        for row in first_edges(pool, (realm, kind), edge, &asked, starting, limit).await? {
            let ord = usize::try_from(column::<i64>(&row, 0)? - 1).unwrap_or_default();
            if let Some(found) = found.get_mut(ord) {
                found.push(edge_row(&row, 1)?);
            }
        }
        for ((place, _), rows) in asked.into_iter().zip(found) {
            pages[place] = edge_page(rows, limit);
        }
    }
    Ok(pages)
}

async fn first_edges(
    pool: &Pool,
    (realm, kind): (Realm, Kind),
    edge: EdgeKind,
    asked: &[(usize, Uuid)],
    starting: bool,
    limit: usize,
) -> Result<Vec<Row>> {
    macro_rules! each {
        ($given:literal, $other:literal) => {
            concat!(
                "SELECT ord, of.oid, other.oid, other.kind, other.id
                 FROM unnest($2::uuid[]) WITH ORDINALITY AS asked(id, ord)
                 JOIN provost.object AS of ON of.id = asked.id AND of.kind = $4
                     AND of.realm = (SELECT rid FROM provost.realm WHERE uuid = $1)
                 CROSS JOIN LATERAL (",
                edges_of!($given, $other),
                "ORDER BY edge.",
                $other,
                " LIMIT $5) AS other ORDER BY ord, other.oid"
            )
        };
    }
    let sql = if starting { each!("from_oid", "to_oid") } else { each!("to_oid", "from_oid") };
    let ids: Vec<Uuid> = asked.iter().map(|(_, id)| *id).collect();
    let edge = i16::from(edge.number());
    pool.rows(sql, &[&realm.0, &ids, &edge, &number(kind), &one_more(limit)]).await
}

pub(crate) async fn has_edges(
    pool: &Pool,
    realm: Realm,
    edge: EdgeKind,
    from: Uuid,
    to: &[Uuid],
) -> Result<Vec<bool>> {
    let rows = pool
        .rows(
            "SELECT ord FROM unnest($3::uuid[]) WITH ORDINALITY AS asked(id, ord) WHERE EXISTS (
                 SELECT 1 FROM provost.object AS other
                 JOIN provost.object AS of ON of.realm = other.realm AND of.id = $2
                 JOIN provost.edge ON edge.realm = of.realm AND from_oid = of.oid AND edge.kind = $4
                     AND to_oid = other.oid
                 WHERE other.realm = (SELECT rid FROM provost.realm WHERE uuid = $1) AND other.id = asked.id)",
            &[&realm.0, &from, &to, &i16::from(edge.number())],
        )
        .await?;
    named(&rows, to.len())
}

pub(crate) async fn count_edges(pool: &Pool, realm: Realm, edge: EdgeKind, of: EdgesOf) -> Result<u64> {
    macro_rules! count {
        ($given:literal) => {
            concat!(
                "SELECT count(*) FROM provost.object AS of
                 JOIN provost.edge ON edge.realm = of.realm AND edge.",
                $given,
                " = of.oid AND edge.kind = $3
                 WHERE of.realm = (SELECT rid FROM provost.realm WHERE uuid = $1) AND of.id = $2"
            )
        };
    }
    let (id, sql) = match of {
        EdgesOf::From(id) => (id, count!("from_oid")),
        EdgesOf::To(id) => (id, count!("to_oid")),
    };
    let rows = pool.rows(sql, &[&realm.0, &id, &i16::from(edge.number())]).await?;
    rows.first().map_or(Ok(0), |row| columns::whole(row, 0))
}

pub(crate) async fn head(pool: &Pool, realm: Realm) -> Result<Position> {
    let rows = pool.rows("SELECT head FROM provost.realm WHERE uuid = $1", &[&realm.0]).await?;
    rows.first().map_or(Ok(Position::START), |row| Ok(position(column(row, 0)?)))
}

/// The position before the first change since an instant.
pub(crate) async fn position_since(pool: &Pool, realm: Realm, at: Timestamp) -> Result<Position> {
    let rows = pool
        .rows(
            "SELECT coalesce((SELECT min(seq) - 1 FROM provost.feed
                 WHERE feed.realm = rid AND seq > horizon AND at >= $2), head)
             FROM provost.realm WHERE uuid = $1",
            &[&realm.0, &at.as_microsecond()],
        )
        .await?;
    rows.first().map_or(Ok(Position::START), |row| Ok(position(column(row, 0)?)))
}

/// A part of the feed.
pub(crate) async fn changes(pool: &Pool, realm: Realm, after: &Position, limit: usize) -> Result<Changes> {
    let from = place(after)?;
    let rows = pool
        .rows(
            "SELECT horizon, head, seq, entry.kind, id, at, what, edge_kind, other_kind, other_id
             FROM provost.realm LEFT JOIN LATERAL (
                 SELECT * FROM provost.feed WHERE feed.realm = rid AND seq > $2 ORDER BY seq LIMIT $3
             ) AS entry ON true WHERE uuid = $1 ORDER BY seq",
            &[&realm.0, &from, &one_more(limit)],
        )
        .await?;
    let (horizon, head) = match rows.first() {
        Some(realm) => (column::<i64>(realm, 0)?, column::<i64>(realm, 1)?),
        None => (0, 0),
    };
    // A position that was never given out comes from another store, or from later than a backup.
    if from < horizon || from > head {
        return Err(Error::PositionExpired);
    }
    let mut last = after.clone();
    let mut found = Vec::with_capacity(rows.len().min(limit));
    // Without an entry there is one row, of the realm alone.
    let entries = rows.iter().filter(|row| !matches!(column::<Option<i64>>(row, 2), Ok(None)));
    let more = entries.clone().count() > limit;
    for row in entries.take(limit) {
        last = position(column(row, 2)?);
        found.push(Change {
            kind: columns::kind(row, 3)?,
            id: column(row, 4)?,
            at: columns::instant(row, 5)?,
            what: columns::changed(row, 6)?,
        });
    }
    Ok(Changes { changes: found, position: last, more })
}

/// A place in the feed as a position: 8 bytes, big-endian; nothing for the start.
pub(crate) fn position(place: i64) -> Position {
    if place == 0 { Position::START } else { Position(place.to_be_bytes().to_vec().into()) }
}

fn place(position: &Position) -> Result<i64> {
    if position.0.is_empty() {
        return Ok(0);
    }
    let bytes = position.0.as_ref().try_into().map_err(|_| Error::InvalidCursor)?;
    Some(i64::from_be_bytes(bytes)).filter(|place| *place > 0).ok_or(Error::InvalidCursor)
}

fn write_pair(first: i64, second: i64) -> Vec<u8> {
    [first.to_be_bytes(), second.to_be_bytes()].concat()
}

fn read_pair(bytes: &[u8]) -> Result<(i64, i64)> {
    let (first, rest) = bytes.split_first_chunk::<8>().ok_or(Error::InvalidCursor)?;
    let second = rest.try_into().map_err(|_| Error::InvalidCursor)?;
    Ok((i64::from_be_bytes(*first), i64::from_be_bytes(second)))
}
