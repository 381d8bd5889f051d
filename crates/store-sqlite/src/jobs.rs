//! What the writer does besides transactions: leases, pruning, dropping realms.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};
use store::{Lease, Realm};
use uuid::Uuid;

use crate::Failure;
use crate::read;
use crate::writer::Work;

/// Entries of a feed pruned in one commit.
const PIECE: i64 = 5000;

/// Gives the lease to the holder when it is free, expired, or the holder's already.
pub(crate) fn acquire(
    work: &Work<'_>,
    name: &str,
    holder: Uuid,
    now: Timestamp,
    ttl: std::time::Duration,
) -> Result<Option<Lease>, Failure> {
    let deadline = now.checked_add(ttl).unwrap_or(Timestamp::MAX).as_microsecond();
    let found: Option<(Option<Vec<u8>>, i64, i64)> = work
        .connection
        .prepare_cached("SELECT holder, token, deadline FROM lease WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let token = match found {
        None => 1,
        Some((Some(current), token, _)) if current == holder.as_bytes() => token,
        Some((Some(_), _, until)) if until > now.as_microsecond() => return Ok(None),
        Some((_, token, _)) => token + 1,
    };
    work.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO lease(name, holder, token, deadline) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![name, holder.as_bytes(), token, deadline])?;
    let deadline = Timestamp::from_microsecond(deadline).unwrap_or(Timestamp::MAX);
    Ok(Some(Lease { name: name.to_owned(), holder, token: token.cast_unsigned(), deadline }))
}

/// Gives a lease back, unless somebody else has it by now.
pub(crate) fn release(work: &Work<'_>, lease: &Lease) -> Result<(), Failure> {
    work.connection
        .prepare_cached("UPDATE lease SET holder = NULL WHERE name = ?1 AND token = ?2")?
        .execute(params![lease.name, lease.token.cast_signed()])?;
    Ok(())
}

/// Removes one piece of the old changes of a realm; returns how many, and whether there are more.
pub(crate) fn prune(work: &Work<'_>, realm: Realm, before: Timestamp) -> Result<(u64, bool), Failure> {
    let found: Option<i64> = work
        .connection
        .prepare_cached("SELECT rid FROM realm WHERE uuid = ?1")?
        .query_row([realm.0.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(rid) = found else { return Ok((0, false)) };
    let mut statement =
        work.connection.prepare_cached("SELECT seq, at FROM feed WHERE realm = ?1 ORDER BY seq LIMIT ?2")?;
    let mut last = None;
    let mut more = false;
    for row in
        statement.query_map(params![rid, PIECE], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?
    {
        let (seq, at) = row?;
        more = at < before.as_microsecond();
        if !more {
            break;
        }
        last = Some(seq);
    }
    let Some(last) = last else { return Ok((0, false)) };
    let removed = work
        .connection
        .prepare_cached("DELETE FROM feed WHERE realm = ?1 AND seq <= ?2")?
        .execute(params![rid, last])?;
    work.connection
        .prepare_cached("UPDATE realm SET horizon = ?2 WHERE rid = ?1")?
        .execute(params![rid, last])?;
    Ok((removed as u64, more))
}

/// Gives the realm a new number: everything under the old one is unreachable at once, and collected later.
pub(crate) fn drop_realm(work: &mut Work<'_>, realm: Realm) -> Result<(), Failure> {
    let Some((rid, head)) = read::rid_and_head(work.connection, realm)? else { return Ok(()) };
    let new = work.cache.new_rid();
    work.connection
        .prepare_cached("UPDATE realm SET rid = ?2, horizon = ?3 WHERE rid = ?1")?
        .execute(params![rid, new, head])?;
    work.connection.prepare_cached("INSERT INTO garbage(rid) VALUES (?1)")?.execute([rid])?;
    work.cache.forget(realm, rid);
    Ok(())
}
