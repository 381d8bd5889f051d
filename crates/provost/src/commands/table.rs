//! `provost job table`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{job_of, read_file};
use crate::answer::{self, Answer, Failure, text};
use crate::cli::Table;
use crate::client::{Client, escape};

/// Runs the command.
pub async fn run(client: &Client, command: Table) -> Result<Answer, Failure> {
    match command {
        Table::List { name } => {
            let list = client.get(&address(client, &name, "").await?).await?;
            let tables = list["value"].as_array().into_iter().flatten();
            let rows = tables.map(|table| [text(table, "name"), table["rows"].to_string()]);
            let shown = answer::table(["TABLE", "ROWS"], rows);
            Ok(Answer::done(list, shown))
        }
        Table::Show { name, table } => {
            let found = client.get(&address(client, &name, &table).await?).await?;
            let rows = found["rows"].as_object().cloned().unwrap_or_default();
            let cell = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let rows = rows.iter().map(|(key, value)| [key.clone(), cell(value)]);
            let shown = answer::table(["LOOKED UP", "VALUE"], rows);
            Ok(Answer::done(found, shown))
        }
        Table::Set { name, table, file } => {
            let rows = read(&file)?;
            let saved = client.put(&address(client, &name, &table).await?, &json!({"rows": rows})).await?;
            let shown =
                format!("the table {table} has {} rows; the next cycle looks values up in it", rows.len());
            Ok(Answer::done(saved, shown))
        }
        Table::Delete { name, table } => {
            client.delete(&address(client, &name, &table).await?).await?;
            Ok(Answer::done(json!({"name": table, "deleted": true}), format!("the table {table} is deleted")))
        }
    }
}

async fn address(client: &Client, name: &str, table: &str) -> Result<String, Failure> {
    let (_, job) = job_of(client, name).await?;
    let tables = format!("/provost/v1/jobs/{job}/tables");
    Ok(if table.is_empty() { tables } else { format!("{tables}/{}", escape(table)) })
}

fn read(file: &Path) -> Result<Map<String, Value>, Failure> {
    let wrong = |what: String| {
        Failure::new(
            "BadFile",
            format!("{}: {what}", file.display()),
            "every line has two columns: what is looked up, and its value",
        )
    };
    let bytes = read_file(file)?;
    // Spreadsheets put a byte order mark in front.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut rows = Map::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let (Some(key), Some(value), 2) = (record.get(0), record.get(1), record.len()) else {
            return Err(wrong(format!("line {line} has {} columns", record.len())));
        };
        if rows.insert(key.to_owned(), value.into()).is_some() {
            return Err(wrong(format!("line {line}: \"{key}\" is there already")));
        }
    }
    Ok(rows)
}
