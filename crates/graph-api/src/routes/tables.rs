//! `/provost/v1/jobs/{job}/tables`: the tables that expressions look values up in.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use directory::JobChange;
use model::LookupTable;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Routes;
use super::job_settings::job;
use crate::call::{Call, from_value, no_content, object};
use crate::error::{Answer, ApiError};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/jobs/{job}/tables", get(list))
        .route("/jobs/{job}/tables/{table}", get(show).put(save).delete(drop_table))
}

async fn list(call: Call, Path(id): Path<String>) -> Answer {
    let job = job(&call, &id).await?;
    let table = |(name, rows): (&String, &LookupTable)| json!({"name": name, "rows": rows.len()});
    let shown: Vec<Value> = job.tables.iter().map(table).collect();
    Ok(Json(json!({"value": shown})).into_response())
}

async fn show(call: Call, Path((id, name)): Path<(String, String)>) -> Answer {
    let job = job(&call, &id).await?;
    let rows = job.tables.get(&name).ok_or_else(|| missing(&name))?;
    Ok(Json(json!({"name": name, "rows": rows})).into_response())
}

/// A table in whole: `{"rows": {"Sales": "4711", "": "0000"}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    rows: LookupTable,
    #[serde(default, rename = "name")]
    _name: String,
}

async fn save(call: Call, Path((id, name)): Path<(String, String)>, body: Bytes) -> Answer {
    let table: Table = from_value(object(&body)?.into())?;
    let rows = table.rows.len();
    change(&call, &id, &name, Some(table.rows)).await?;
    Ok(Json(json!({"name": name, "rows": rows})).into_response())
}

async fn drop_table(call: Call, Path((id, name)): Path<(String, String)>) -> Answer {
    if !job(&call, &id).await?.tables.contains_key(&name) {
        return Err(missing(&name));
    }
    change(&call, &id, &name, None).await?;
    no_content()
}

async fn change(call: &Call, id: &str, name: &str, table: Option<LookupTable>) -> Result<(), ApiError> {
    let job = job(call, id).await?;
    let tables = BTreeMap::from([(name.to_owned(), table)]);
    call.directory.update_job(&call.by, job.id, &JobChange { tables, ..JobChange::default() }).await?;
    Ok(())
}

fn missing(name: &str) -> ApiError {
    let shown: String = name.chars().take(60).collect();
    ApiError::missing(format!("The job has no table '{shown}'."))
}
