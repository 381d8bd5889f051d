//! The stored format: tables, format versions, and what is refused when a database is opened.

use std::time::Duration;

use store::{Error, Result};
use tokio_postgres::error::SqlState;

use crate::columns::get as column;
use crate::error::of_statement;
use crate::pool::Pool;

/// What makes format n of format n - 1, in order; the first makes format 1 of an empty database. Steps that have been
/// released are never changed.
const STEPS: &[&str] = &[include_str!("format_1.sql")];

/// How often the first tables are tried while other nodes make them at the same moment.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Brings the database to the newest format. Nodes that do so at once wait for each other.
///
/// # Errors
/// [`Error::TooNew`] when a newer program has been there; the database is left as it is.
pub(crate) async fn prepare(pool: &Pool) -> Result<()> {
    for _ in 1..ATTEMPTS {
        match migrate(pool, STEPS).await {
            // Another node was faster.
            Err(Error::Serialization) => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
    migrate(pool, STEPS).await
}

async fn migrate(pool: &Pool, steps: &[&str]) -> Result<()> {
    let mut client = pool.get().await?;
    let sql = "SELECT to_regclass('provost.format') IS NOT NULL";
    let there = client.query_one(sql, &[]).await.map_err(of_statement)?;
    if !column::<bool>(&there, 0)? {
        // Even with IF NOT EXISTS, of two that make the same at once one is refused.
        let sql = "CREATE SCHEMA IF NOT EXISTS provost;
                   CREATE TABLE IF NOT EXISTS provost.format(name text NOT NULL PRIMARY KEY, number bigint NOT NULL);
                   INSERT INTO provost.format VALUES ('format', 0) ON CONFLICT DO NOTHING";
        client.batch_execute(sql).await.map_err(made_at_once)?;
    }
    let transaction = client.transaction().await.map_err(of_statement)?;
    let sql = "SELECT number FROM provost.format WHERE name = 'format' FOR UPDATE";
    let row = transaction.query_one(sql, &[]).await.map_err(of_statement)?;
    let format: i64 = column(&row, 0)?;
    let known = steps.len();
    let found = usize::try_from(format).unwrap_or_default();
    if found > known {
        let number = |format| u32::try_from(format).unwrap_or(u32::MAX);
        return Err(Error::TooNew { found: number(found), known: number(known) });
    }
    if found < known {
        for step in &steps[found..] {
            transaction.batch_execute(step).await.map_err(of_statement)?;
        }
        let sql = "UPDATE provost.format SET number = $1 WHERE name = 'format'";
        transaction.execute(sql, &[&crate::columns::limit(known)]).await.map_err(of_statement)?;
        tracing::info!(from = found, to = known, "brought the database to the newest format");
    }
    transaction.commit().await.map_err(of_statement)
}

fn made_at_once(error: tokio_postgres::Error) -> Error {
    match error.code() {
        Some(&SqlState::DUPLICATE_TABLE | &SqlState::DUPLICATE_SCHEMA | &SqlState::DUPLICATE_OBJECT) => {
            Error::Serialization
        }
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Error::Backend(format!(
            "the database refuses: {}: its user needs the right to make a schema there (GRANT CREATE ON DATABASE)",
            crate::error::chain(&error)
        )),
        _ => of_statement(error),
    }
}
