//! Statements that are sent together: they take one round trip.

use deadpool_postgres::ClientWrapper;
use futures::future::{BoxFuture, FutureExt as _, try_join_all};
use store::Result;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::error::of_statement;

/// A value of a statement, owned.
pub(crate) type Owned = Box<dyn ToSql + Sync + Send>;

/// Statements in the order in which the database takes them.
pub(crate) struct Pipeline<'a> {
    client: &'a ClientWrapper,
    steps: Vec<(Statement, Vec<Owned>)>,
}

impl<'a> Pipeline<'a> {
    pub fn new(client: &'a ClientWrapper) -> Self {
        Self { client, steps: Vec::new() }
    }

    /// Adds a statement.
    pub async fn add(&mut self, sql: &str, values: Vec<Owned>) -> Result<()> {
        let statement = self.client.prepare_cached(sql).await.map_err(of_statement)?;
        self.steps.push((statement, values));
        Ok(())
    }

    /// Sends them all, between `first` and `last`, and returns the rows of each. After an error the database has done
    /// nothing of what came later.
    pub async fn run(self, first: Option<&'static str>, last: Option<&'static str>) -> Result<Vec<Vec<Row>>> {
        let client = self.client;
        let plain = |sql: &'static str| -> BoxFuture<'_, _> {
            async move { client.batch_execute(sql).await.map(|()| Vec::new()) }.boxed()
        };
        let steps = self.steps.iter().map(|(statement, values)| -> BoxFuture<'_, _> {
            async move {
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
                client.query(statement, &values).await
            }
            .boxed()
        });
        // Polled in this order, and each sends before it waits.
        let all: Vec<_> = first.map(plain).into_iter().chain(steps).chain(last.map(plain)).collect();
        let mut rows = try_join_all(all).await.map_err(of_statement)?;
        if first.is_some() {
            rows.remove(0);
        }
        if last.is_some() {
            rows.pop();
        }
        Ok(rows)
    }
}
