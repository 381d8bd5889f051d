//! What is done to realms as a whole: forgetting old changes, dropping, and removing what dropped ones left.

use std::sync::Arc;

use deadpool_postgres::{Client, Transaction};
use jiff::Timestamp;
use store::{Realm, Result};
use tokio::sync::Notify;
use tokio_postgres::IsolationLevel;
use tokio_util::task::AbortOnDropHandle;

use crate::columns::get as column;
use crate::error::of_statement;
use crate::pool::Pool;

/// Entries of a feed, objects and edges removed in one commit.
const PIECE: i64 = 5000;

/// A transaction that waits for locks and goes on with what it finds then: the row of the realm is all that it rests on.
async fn begin(client: &mut Client) -> Result<Transaction<'_>> {
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    transaction.start().await.map_err(of_statement)
}

/// The number of a realm, which is locked.
async fn lock(transaction: &Transaction<'_>, realm: Realm) -> Result<Option<i64>> {
    let sql = "SELECT rid FROM provost.realm WHERE uuid = $1 FOR UPDATE";
    let found = transaction.query_opt(sql, &[&realm.0]).await.map_err(of_statement)?;
    found.map(|row| column(&row, 0)).transpose()
}

/// Forgets the changes before an instant, up to the first that was not, and returns how many.
pub(crate) async fn prune(pool: &Pool, realm: Realm, before: Timestamp) -> Result<u64> {
    let mut pruned = 0;
    loop {
        let (removed, more) = prune_piece(pool, realm, before).await?;
        pruned += removed;
        if !more {
            return Ok(pruned);
        }
    }
}

async fn prune_piece(pool: &Pool, realm: Realm, before: Timestamp) -> Result<(u64, bool)> {
    let mut client = pool.get().await?;
    let transaction = begin(&mut client).await?;
    let Some(rid) = lock(&transaction, realm).await? else { return Ok((0, false)) };
    let sql = "SELECT seq, at FROM provost.feed WHERE realm = $1 ORDER BY seq LIMIT $2";
    let rows = transaction.query(sql, &[&rid, &PIECE]).await.map_err(of_statement)?;
    let (mut last, mut more) = (None, false);
    for row in &rows {
        more = column::<i64>(row, 1)? < before.as_microsecond();
        if !more {
            break;
        }
        last = Some(column::<i64>(row, 0)?);
    }
    let Some(last) = last else { return Ok((0, false)) };
    let sql = "DELETE FROM provost.feed WHERE realm = $1 AND seq <= $2";
    let removed = transaction.execute(sql, &[&rid, &last]).await.map_err(of_statement)?;
    let sql = "UPDATE provost.realm SET horizon = $2 WHERE rid = $1";
    transaction.execute(sql, &[&rid, &last]).await.map_err(of_statement)?;
    transaction.commit().await.map_err(of_statement)?;
    Ok((removed, more))
}

/// Gives the realm a new number: everything under the old one is unreachable at once, and collected later.
pub(crate) async fn drop_realm(pool: &Pool, realm: Realm) -> Result<()> {
    let mut client = pool.get().await?;
    let transaction = begin(&mut client).await?;
    let Some(rid) = lock(&transaction, realm).await? else { return Ok(()) };
    let sql =
        "UPDATE provost.realm SET rid = nextval('provost.rid'), horizon = head, next_oid = 1 WHERE rid = $1";
    transaction.execute(sql, &[&rid]).await.map_err(of_statement)?;
    let sql = "INSERT INTO provost.garbage(rid) VALUES ($1)";
    transaction.execute(sql, &[&rid]).await.map_err(of_statement)?;
    transaction.commit().await.map_err(of_statement)
}

/// Removes in the background what dropped realms left, also what other nodes did not come to remove.
pub(crate) struct Sweeper {
    due: Arc<Notify>,
    task: parking_lot::Mutex<Option<AbortOnDropHandle<()>>>,
}

impl Sweeper {
    pub fn start(pool: Pool) -> Self {
        let due = Arc::new(Notify::new());
        let waiting = Arc::clone(&due);
        let task = tokio::spawn(async move {
            loop {
                while sweep_piece(&pool).await.unwrap_or_else(|error| {
                    // Tried again after the next start, or when the next realm is dropped.
                    tracing::warn!(%error, "cannot remove what a dropped realm left");
                    false
                }) {}
                waiting.notified().await;
            }
        });
        Self { due, task: parking_lot::Mutex::new(Some(AbortOnDropHandle::new(task))) }
    }

    pub fn wake(&self) {
        self.due.notify_one();
    }

    pub fn end(&self) {
        self.task.lock().take();
    }
}

/// Removes one piece, and returns whether there may be more. Nodes that do so at once do no harm: each statement removes
/// what is there.
async fn sweep_piece(pool: &Pool) -> Result<bool> {
    let Some(row) = pool.rows("SELECT rid FROM provost.garbage LIMIT 1", &[]).await?.pop() else {
        return Ok(false);
    };
    let rid: i64 = column(&row, 0)?;
    let client = pool.get().await?;
    for (table, columns) in [
        ("key", "kind, name, value, oid"),
        ("edge", "from_oid, kind, to_oid"),
        ("object", "oid"),
        ("feed", "seq"),
    ] {
        let sql = format!(
            "DELETE FROM provost.{table} WHERE realm = $1 AND ({columns}) IN
             (SELECT {columns} FROM provost.{table} WHERE realm = $1 LIMIT $2)"
        );
        let statement = client.prepare_cached(&sql).await.map_err(of_statement)?;
        if client.execute(&statement, &[&rid, &PIECE]).await.map_err(of_statement)? > 0 {
            return Ok(true);
        }
    }
    for sql in ["DELETE FROM provost.counter WHERE realm = $1", "DELETE FROM provost.garbage WHERE rid = $1"]
    {
        client.execute(sql, &[&rid]).await.map_err(of_statement)?;
    }
    Ok(true)
}
