//! Connections to the database.

use std::time::Duration;

use deadpool_postgres::{Client, Hook, HookError, Manager, ManagerConfig, RecyclingMethod, Runtime};
use store::{Error, Result};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::Address;
use crate::error::{of_pool, of_statement};

/// Connections of one node at most. PostgreSQL comes with room for a hundred of all nodes.
const CONNECTIONS: usize = 16;

/// How long a connection is waited for, and how long the making of one may take.
const WAIT: Duration = Duration::from_secs(10);

/// Settings of each connection.
const SETTINGS: [&str; 2] = [
    // A machine that is cut off in a transaction must not keep the locks that it has there: the database would otherwise
    // wait for it for hours. Nor is a lock waited for as long.
    "SET idle_in_transaction_session_timeout = '15s'; SET lock_timeout = '30s'",
    // All that is looked up is looked up by an index. Without this, statements that were planned while the tables were
    // small would read the whole of them until the next statistics.
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off",
];

/// A value of a statement.
pub(crate) type Value<'a> = &'a (dyn ToSql + Sync);

#[derive(Clone)]
pub(crate) struct Pool(deadpool_postgres::Pool);

impl Pool {
    /// Connections are made when they are needed.
    pub fn new(address: &Address) -> Result<Self> {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(address.config.clone(), address.tls.clone(), config);
        let settings = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move {
                for settings in SETTINGS {
                    match client.batch_execute(settings).await {
                        // Another database than PostgreSQL may not know them.
                        Err(error) if error.as_db_error().is_none() => return Err(HookError::Backend(error)),
                        _ => {}
                    }
                }
                Ok(())
            })
        });
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .post_create(settings)
            .build()
            .map_err(|error| Error::Backend(error.to_string()))?;
        Ok(Self(pool))
    }

    /// A connection. One that was lost is replaced.
    pub async fn get(&self) -> Result<Client> {
        self.0.get().await.map_err(|error| of_pool(&error))
    }

    /// Reads in one statement; once more where the connection turns out to be gone.
    pub async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        match self.rows_once(sql, values).await {
            Err(Error::Unavailable(_)) => self.rows_once(sql, values).await,
            outcome => outcome,
        }
    }

    async fn rows_once(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let client = self.get().await?;
        let statement = client.prepare_cached(sql).await.map_err(of_statement)?;
        client.query(&statement, values).await.map_err(of_statement)
    }

    pub fn close(&self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transaction_that_is_left_lying_gives_its_locks_back() {
        let url = testkit::Postgres::shared().database();
        let address = Address::parse(&url.into(), None).expect("an address");
        let pool = Pool::new(&address).expect("a pool");
        let setting = async |name: &str| -> String {
            let rows = pool.rows(&format!("SHOW {name}"), &[]).await.expect("a row");
            rows[0].get(0)
        };
        assert_eq!(setting("idle_in_transaction_session_timeout").await, "15s");
        assert_eq!(setting("lock_timeout").await, "30s");
        assert_eq!(setting("enable_hashjoin").await, "off");
    }
}
