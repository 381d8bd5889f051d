//! Reads of single objects, edges and the feed, and how columns become what the seam speaks of.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use store::{
    Change, Changed, Changes, Cursor, EdgeKind, EdgePage, EdgesOf, Error, Key, Kind, Object, PAGE_BYTES,
    Position, Realm, Result,
};
use uuid::Uuid;

use crate::backend;

/// The column holds what no version of the program writes.
fn damaged(column: usize, of: Type) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "a value that means nothing".into(), of)
}

pub(crate) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    let bytes = row.get_ref(column)?.as_blob()?;
    Uuid::from_slice(bytes).map_err(|_| damaged(column, Type::Blob))
}

pub(crate) fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<Kind> {
    Kind::from_number(row.get(column)?).ok_or_else(|| damaged(column, Type::Integer))
}

pub(crate) fn edge_kind(row: &Row<'_>, column: usize) -> rusqlite::Result<EdgeKind> {
    EdgeKind::from_number(row.get(column)?).ok_or_else(|| damaged(column, Type::Integer))
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(row.get(column)?).map_err(|_| damaged(column, Type::Integer))
}

/// An object from the columns id, version, created, modified, body, from `first` on.
pub(crate) fn object(row: &Row<'_>, kind: Kind, first: usize) -> rusqlite::Result<Object> {
    Ok(Object {
        kind,
        id: uuid(row, first)?,
        version: row.get::<_, i64>(first + 1)?.cast_unsigned(),
        created: instant(row, first + 2)?,
        modified: instant(row, first + 3)?,
        body: row.get_ref(first + 4)?.as_blob()?.to_vec().into(),
    })
}

/// What SQL takes as the limit, one more than asked for: whether there is more.
pub(crate) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

pub(crate) fn get(connection: &Connection, realm: Realm, kind: Kind, id: Uuid) -> Result<Option<Object>> {
    let read = || {
        connection
            .prepare_cached(
                "SELECT id, version, created, modified, body FROM object
                 WHERE realm = (SELECT rid FROM realm WHERE uuid = ?1) AND id = ?2 AND kind = ?3",
            )?
            .query_row(params![realm.0.as_bytes(), id.as_bytes(), kind.number()], |row| object(row, kind, 0))
            .optional()
    };
    read().map_err(backend)
}

/// The objects of the first of these ids, until their bodies fill a page.
pub(crate) fn get_many(
    connection: &Connection,
    realm: Realm,
    kind: Kind,
    ids: &[Uuid],
) -> Result<Vec<Option<Object>>> {
    let (mut objects, mut bytes) = (Vec::with_capacity(ids.len()), 0);
    for id in ids {
        let object = get(connection, realm, kind, *id)?;
        bytes += object.as_ref().map_or(0, |object| object.body.len());
        objects.push(object);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(objects)
}

pub(crate) fn exist(connection: &Connection, realm: Realm, kind: Kind, ids: &[Uuid]) -> Result<Vec<bool>> {
    let read = || {
        let mut statement = connection.prepare_cached(
            "SELECT 1 FROM object
             WHERE realm = (SELECT rid FROM realm WHERE uuid = ?1) AND id = ?2 AND kind = ?3",
        )?;
        ids.iter()
            .map(|id| statement.exists(params![realm.0.as_bytes(), id.as_bytes(), kind.number()]))
            .collect()
    };
    rusqlite::Result::map_err(read(), backend)
}

pub(crate) fn find(
    connection: &Connection,
    realm: Realm,
    kind: Kind,
    key: &Key,
    limit: usize,
) -> Result<Vec<Object>> {
    let read = || {
        connection
            .prepare_cached(
                "SELECT id, version, created, modified, body FROM key CROSS JOIN object ON object.oid = key.oid
                 WHERE key.realm = (SELECT rid FROM realm WHERE uuid = ?1)
                   AND key.kind = ?2 AND key.name = ?3 AND key.value = ?4
                 ORDER BY key.oid LIMIT ?5",
            )?
            .query_map(
                params![
                    realm.0.as_bytes(),
                    kind.number(),
                    key.name.number(),
                    key.value.as_ref(),
                    i64::try_from(limit).unwrap_or(i64::MAX)
                ],
                |row| object(row, kind, 0),
            )?
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(backend)
}

pub(crate) fn count(connection: &Connection, realm: Realm, kind: Kind) -> Result<u64> {
    let read = || {
        connection
            .prepare_cached(
                "SELECT n FROM counter WHERE realm = (SELECT rid FROM realm WHERE uuid = ?1) AND kind = ?2",
            )?
            .query_row(params![realm.0.as_bytes(), kind.number()], |row| row.get::<_, i64>(0))
            .optional()
    };
    Ok(read().map_err(backend)?.map_or(0, i64::cast_unsigned))
}

/// The numbers of the objects with that id, whatever their kind, in order of creation: one, but for ids that
/// objects of different kinds share.
fn oids(connection: &Connection, realm: Realm, id: Uuid) -> rusqlite::Result<Vec<i64>> {
    let mut oids = connection
        .prepare_cached(
            "SELECT oid FROM object WHERE realm = (SELECT rid FROM realm WHERE uuid = ?1) AND id = ?2",
        )?
        .query_map(params![realm.0.as_bytes(), id.as_bytes()], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    oids.sort_unstable();
    Ok(oids)
}

/// A page of edges.
pub(crate) fn edges(
    connection: &Connection,
    realm: Realm,
    kind: EdgeKind,
    of: EdgesOf,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<EdgePage> {
    let after = after.map(|cursor| read_pair(&cursor.0)).transpose()?.unwrap_or((0, 0));
    let found = edge_rows(connection, realm, kind, of, after, limit).map_err(backend)?;
    Ok(edge_page(found, limit))
}

fn edge_page(found: Vec<EdgeRow>, limit: usize) -> EdgePage {
    let next = match found.get(..limit) {
        Some([.., last]) if found.len() > limit => Some(Cursor(write_pair(last.of, last.other).into())),
        _ => None,
    };
    EdgePage { others: found.into_iter().take(limit).map(|row| row.name).collect(), next }
}

/// The first page of the edges of one object of a kind.
pub(crate) fn first_edges(
    connection: &Connection,
    (realm, of_kind): (Realm, Kind),
    edge: EdgeKind,
    of: EdgesOf,
    limit: usize,
) -> Result<EdgePage> {
    let (id, sql) = match of {
        EdgesOf::From(id) => (
            id,
            "SELECT object.oid, to_oid, other.kind, other.id FROM object
             CROSS JOIN edge ON from_oid = object.oid AND edge.kind = ?4
             CROSS JOIN object AS other ON other.oid = to_oid
             WHERE object.realm = (SELECT rid FROM realm WHERE uuid = ?1) AND object.id = ?2
               AND object.kind = ?3 ORDER BY to_oid LIMIT ?5",
        ),
        EdgesOf::To(id) => (
            id,
            "SELECT object.oid, from_oid, other.kind, other.id FROM object
             CROSS JOIN edge INDEXED BY edge_to ON to_oid = object.oid AND edge.kind = ?4
             CROSS JOIN object AS other ON other.oid = from_oid
             WHERE object.realm = (SELECT rid FROM realm WHERE uuid = ?1) AND object.id = ?2
               AND object.kind = ?3 ORDER BY from_oid LIMIT ?5",
        ),
    };
    let read = || {
        connection
            .prepare_cached(sql)?
            .query_map(
                params![realm.0.as_bytes(), id.as_bytes(), of_kind.number(), edge.number(), one_more(limit)],
                |row| {
                    Ok(EdgeRow { of: row.get(0)?, other: row.get(1)?, name: (kind(row, 2)?, uuid(row, 3)?) })
                },
            )?
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    Ok(edge_page(read().map_err(backend)?, limit))
}

struct EdgeRow {
    of: i64,
    other: i64,
    name: (Kind, Uuid),
}

/// Up to one row more than `limit`.
fn edge_rows(
    connection: &Connection,
    realm: Realm,
    edge: EdgeKind,
    of: EdgesOf,
    after: (i64, i64),
    limit: usize,
) -> rusqlite::Result<Vec<EdgeRow>> {
    let (id, sql) = match of {
        EdgesOf::From(id) => (
            id,
            "SELECT to_oid, object.kind, object.id FROM edge CROSS JOIN object ON object.oid = to_oid
             WHERE from_oid = ?1 AND edge.kind = ?2 AND to_oid > ?3 ORDER BY to_oid LIMIT ?4",
        ),
        EdgesOf::To(id) => (
            id,
            "SELECT from_oid, object.kind, object.id FROM edge INDEXED BY edge_to
             CROSS JOIN object ON object.oid = from_oid
             WHERE to_oid = ?1 AND edge.kind = ?2 AND from_oid > ?3 ORDER BY from_oid LIMIT ?4",
        ),
    };
    let mut found = Vec::new();
    for oid in oids(connection, realm, id)?.into_iter().filter(|oid| *oid >= after.0) {
        let from = if oid == after.0 { after.1 } else { 0 };
        let wanted = one_more(limit).saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![oid, edge.number(), from, wanted], |row| {
            Ok(EdgeRow { of: oid, other: row.get(0)?, name: (kind(row, 1)?, uuid(row, 2)?) })
        })?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

pub(crate) fn has_edges(
    connection: &Connection,
    realm: Realm,
    edge: EdgeKind,
    from: Uuid,
    to: &[Uuid],
) -> Result<Vec<bool>> {
    let read = || {
        let from = oids(connection, realm, from)?;
        let mut statement = connection
            .prepare_cached("SELECT 1 FROM edge WHERE from_oid = ?1 AND kind = ?2 AND to_oid = ?3")?;
        let mut found = Vec::with_capacity(to.len());
        for to in to {
            let mut has = false;
            for to in oids(connection, realm, *to)? {
                for from in &from {
                    has = has || statement.exists(params![from, edge.number(), to])?;
                }
            }
            found.push(has);
        }
        Ok(found)
    };
    read().map_err(backend)
}

pub(crate) fn count_edges(connection: &Connection, realm: Realm, edge: EdgeKind, of: EdgesOf) -> Result<u64> {
    let (id, sql) = match of {
        EdgesOf::From(id) => (id, "SELECT count(*) FROM edge WHERE from_oid = ?1 AND kind = ?2"),
        EdgesOf::To(id) => {
            (id, "SELECT count(*) FROM edge INDEXED BY edge_to WHERE to_oid = ?1 AND kind = ?2")
        }
    };
    let read = || {
        let mut count = 0_i64;
        for oid in oids(connection, realm, id)? {
            count += connection
                .prepare_cached(sql)?
                .query_row(params![oid, edge.number()], |row| row.get::<_, i64>(0))?;
        }
        Ok(count)
    };
    read().map(i64::cast_unsigned).map_err(backend)
}

/// Number and horizon of a realm and the last place of its feed.
struct Feed {
    rid: i64,
    horizon: i64,
    head: i64,
}

fn feed(connection: &Connection, realm: Realm) -> rusqlite::Result<Option<Feed>> {
    connection
        .prepare_cached(
            "SELECT rid, horizon, max(horizon, coalesce((SELECT max(seq) FROM feed WHERE feed.realm = rid), 0))
             FROM realm WHERE uuid = ?1",
        )?
        .query_row([realm.0.as_bytes()], |row| {
            Ok(Feed { rid: row.get(0)?, horizon: row.get(1)?, head: row.get(2)? })
        })
        .optional()
}

/// Number of a realm, and the last place of its feed.
pub(crate) fn rid_and_head(connection: &Connection, realm: Realm) -> rusqlite::Result<Option<(i64, i64)>> {
    Ok(feed(connection, realm)?.map(|feed| (feed.rid, feed.head)))
}

pub(crate) fn head(connection: &Connection, realm: Realm) -> Result<Position> {
    Ok(position(feed(connection, realm).map_err(backend)?.map_or(0, |feed| feed.head)))
}

/// The position before the first change since an instant.
pub(crate) fn position_since(connection: &Connection, realm: Realm, at: Timestamp) -> Result<Position> {
    let read = || {
        let Some(feed) = feed(connection, realm)? else { return Ok(0) };
        let first: Option<i64> = connection
            .prepare_cached("SELECT min(seq) FROM feed WHERE realm = ?1 AND seq > ?2 AND at >= ?3")?
            .query_row(params![feed.rid, feed.horizon, at.as_microsecond()], |row| row.get(0))?;
        Ok(first.map_or(feed.head, |seq| seq - 1))
    };
    read().map(position).map_err(backend)
}

/// A part of the feed.
pub(crate) fn changes(
    connection: &Connection,
    realm: Realm,
    after: &Position,
    limit: usize,
) -> Result<Changes> {
    let from = place(after)?;
    let nothing = Changes { changes: Vec::new(), position: after.clone(), more: false };
    let found = feed(connection, realm).map_err(backend)?;
    if found.as_ref().is_some_and(|feed| from < feed.horizon) {
        return Err(Error::PositionExpired);
    }
    let Some(feed) = found.filter(|feed| from < feed.head) else {
        // A position that was never given out comes from another store, or from later than a backup.
        let given_out = from == 0 || from <= feed_head(connection).map_err(backend)?;
        return if given_out { Ok(nothing) } else { Err(Error::PositionExpired) };
    };
    let mut rows = change_rows(connection, feed.rid, from, limit).map_err(backend)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let position = rows.last().map_or(nothing.position, |(seq, _)| position(*seq));
    Ok(Changes { changes: rows.into_iter().map(|(_, change)| change).collect(), position, more })
}

fn feed_head(connection: &Connection) -> rusqlite::Result<i64> {
    let found = connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'feed_head'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Up to one row more than `limit`.
fn change_rows(
    connection: &Connection,
    rid: i64,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<(i64, Change)>> {
    connection
        .prepare_cached(
            "SELECT seq, kind, id, at, what, edge_kind, other_kind, other_id FROM feed
             WHERE realm = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?
        .query_map(params![rid, after, one_more(limit)], |row| {
            let what = match row.get::<_, u8>(4)? {
                CREATED => Changed::Created,
                WRITTEN => Changed::Written,
                DELETED => Changed::Deleted,
                EDGE_ADDED => Changed::EdgeAdded(edge_kind(row, 5)?, kind(row, 6)?, uuid(row, 7)?),
                EDGE_REMOVED => Changed::EdgeRemoved(edge_kind(row, 5)?, kind(row, 6)?, uuid(row, 7)?),
                _ => return Err(damaged(4, Type::Integer)),
            };
            Ok((row.get(0)?, Change { kind: kind(row, 1)?, id: uuid(row, 2)?, what, at: instant(row, 3)? }))
        })?
        .collect()
}

const WRITTEN: u8 = 1;
const DELETED: u8 = 2;
const EDGE_ADDED: u8 = 3;
const EDGE_REMOVED: u8 = 4;
const CREATED: u8 = 5;

/// What happened as the feed stores it, with the other end of an edge.
pub(crate) fn changed_numbers(what: Changed) -> (u8, Option<(EdgeKind, Kind, Uuid)>) {
    match what {
        Changed::Created => (CREATED, None),
        Changed::Written => (WRITTEN, None),
        Changed::Deleted => (DELETED, None),
        Changed::EdgeAdded(edge, kind, id) => (EDGE_ADDED, Some((edge, kind, id))),
        Changed::EdgeRemoved(edge, kind, id) => (EDGE_REMOVED, Some((edge, kind, id))),
    }
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
