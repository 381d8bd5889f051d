//! What dropped realms left, removed piece by piece while there is nothing else to do.

use rusqlite::{Connection, OptionalExtension as _, params};

use store::keys;

use crate::Failure;

/// Objects and entries of the feed removed in one commit: what keeps a job waiting is some milliseconds.
const PIECE: i64 = 500;

/// Whether there is any.
pub(crate) fn any(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM garbage LIMIT 1")?.exists([])
}

/// Removes one piece, and returns whether there may be more.
pub(crate) fn collect(connection: &mut Connection) -> Result<bool, Failure> {
    let found: Option<i64> =
        connection.query_row("SELECT rid FROM garbage LIMIT 1", [], |row| row.get(0)).optional()?;
    let Some(rid) = found else { return Ok(false) };
    let transaction = connection.transaction()?;
    if !collect_objects(&transaction, rid)? && !collect_feed(&transaction, rid)? {
        transaction.execute("DELETE FROM counter WHERE realm = ?1", [rid])?;
        transaction.execute("DELETE FROM garbage WHERE rid = ?1", [rid])?;
    }
    transaction.commit()?;
    Ok(true)
}

fn collect_objects(connection: &Connection, rid: i64) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT oid, kind, keys FROM object INDEXED BY object_order WHERE realm = ?1 LIMIT ?2",
    )?;
    let rows = statement.query_map(params![rid, PIECE], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, u8>(1)?, row.get::<_, Vec<u8>>(2)?))
    })?;
    let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut remove_key = connection.prepare_cached(
        "DELETE FROM key WHERE realm = ?1 AND kind = ?2 AND name = ?3 AND value = ?4 AND oid = ?5",
    )?;
    for (oid, kind, held) in &rows {
        for key in keys::decode(held)? {
            remove_key.execute(params![rid, kind, key.name.number(), key.value.as_ref(), oid])?;
        }
        for sql in [
            "DELETE FROM edge WHERE to_oid = ?1",
            "DELETE FROM edge WHERE from_oid = ?1",
            "DELETE FROM object WHERE oid = ?1",
        ] {
            connection.prepare_cached(sql)?.execute([oid])?;
        }
    }
    Ok(!rows.is_empty())
}

fn collect_feed(connection: &Connection, rid: i64) -> Result<bool, Failure> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM feed WHERE realm = ?1 AND seq IN (SELECT seq FROM feed WHERE realm = ?1 ORDER BY seq LIMIT ?2)",
        )?
        .execute(params![rid, PIECE])?;
    Ok(removed > 0)
}
