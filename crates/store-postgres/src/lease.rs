//! Leases: one row each, changed by single statements.

use std::time::Duration;

use jiff::Timestamp;
use store::{Lease, Result};
use uuid::Uuid;

use crate::columns;
use crate::pool::Pool;

/// Gives the lease to the holder when it is free, expired, or the holder's already.
pub(crate) async fn acquire(
    pool: &Pool,
    name: &str,
    holder: Uuid,
    now: Timestamp,
    ttl: Duration,
) -> Result<Option<Lease>> {
    let deadline = now.checked_add(ttl).unwrap_or(Timestamp::MAX).as_microsecond();
    let rows = pool
        .rows(
            "INSERT INTO provost.lease AS held (name, holder, token, deadline) VALUES ($1, $2, 1, $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, deadline = excluded.deadline,
                 token = CASE WHEN held.holder = excluded.holder THEN held.token ELSE held.token + 1 END
             WHERE held.holder IS NULL OR held.holder = excluded.holder OR held.deadline <= $4
             RETURNING token",
            &[&name, &holder, &deadline, &now.as_microsecond()],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let deadline = Timestamp::from_microsecond(deadline).unwrap_or(Timestamp::MAX);
    Ok(Some(Lease { name: name.to_owned(), holder, token: columns::whole(row, 0)?, deadline }))
}

/// Gives a lease back, unless somebody else has it by now.
pub(crate) async fn release(pool: &Pool, lease: &Lease) -> Result<()> {
    let sql = "UPDATE provost.lease SET holder = NULL WHERE name = $1 AND token = $2";
    pool.rows(sql, &[&lease.name, &lease.token.cast_signed()]).await?;
    Ok(())
}
