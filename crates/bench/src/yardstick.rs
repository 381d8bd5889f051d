//! What the service provider is held against: the same HTTP library that only says hello, and the same store that
//! only commits.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use jiff::Timestamp;
use store::{Expect, Key, KeyName, Kind, Realm, Store as _, Transaction};
use store_sqlite::SqliteStore;
use uuid::Uuid;

use crate::load::{self, Rate};

/// Answers every request with the bytes of a file, until it is killed.
pub async fn hello(body: &Path) -> Result<()> {
    let body = Bytes::from(std::fs::read(body)?);
    let answer = async move || ([(CONTENT_TYPE, "application/scim+json")], body);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().fallback(answer)).await?;
    Ok(())
}

/// Durable commits of new users by so many tasks: the bytes and the keys that the service provider stores for them,
/// through the same group-committing writer.
pub async fn commits(tasks: usize, time: Duration, body: &[u8]) -> Result<Rate> {
    let dir = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::open(dir.path())?);
    let body = Bytes::copy_from_slice(body);
    let rate = load::together(tasks, time, |task, until| {
        let (store, body) = (Arc::clone(&store), body.clone());
        tokio::spawn(async move {
            let mut done = 0_u64;
            while Instant::now() < until {
                let name = format!("{task}-{done}@contoso.example");
                let keys = vec![
                    Key::unique(KeyName::UserName, name.clone()),
                    Key::lookup(KeyName::ExternalId, format!("{task}-{done}")),
                    Key::lookup(KeyName::DisplayName, format!("given {done} family {task}")),
                    Key::lookup(KeyName::Email, name),
                ];
                let mut transaction = Transaction::new(Timestamp::UNIX_EPOCH);
                // Ids that rise over all tasks, as those of the service provider do.
                let id = Uuid::from_u128((u128::from(done) << 64) | task as u128);
                transaction.put(
                    Realm(Uuid::from_u128(1)),
                    Kind::User,
                    id,
                    Expect::Absent,
                    body.clone(),
                    keys,
                );
                store.commit(transaction).await?;
                done += 1;
            }
            Ok(done)
        })
    })
    .await?;
    store.close().await?;
    Ok(rate)
}
