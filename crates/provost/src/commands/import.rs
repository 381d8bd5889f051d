//! `provost user import-schedule`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::answer::{Answer, FAILED, Failure, REFUSED, moment, plain, text};
use crate::cli::{ImportSchedule, SetImport};
use crate::client::Client;
use crate::progress;

const PATH: &str = "/provost/v1/users/import/schedule";

/// Runs the command.
pub async fn run(client: &Client, command: ImportSchedule) -> Result<Answer, Failure> {
    match command {
        ImportSchedule::Show => Ok(shown(client.get(PATH).await?)),
        ImportSchedule::Set(options) => Ok(shown(client.put(PATH, &schedule(&options)).await?)),
        ImportSchedule::Off => {
            client.delete(PATH).await?;
            Ok(Answer::done(json!({"schedule": null}), "no file is imported by itself any more"))
        }
        ImportSchedule::Run { allow_leavers } => {
            let allowed = allow_leavers.map_or_else(String::new, |number| format!("?allowLeavers={number}"));
            let path = format!("{PATH}/run{allowed}");
            let run = progress::wait("importing".to_owned(), client.post(&path, &Value::Null)).await?;
            let status = match run["outcome"].as_str() {
                Some("held") => REFUSED,
                Some("failed") => FAILED,
                _ => 0,
            };
            let words = ended(&run);
            Ok(Answer::done(run, words).with_status(status))
        }
    }
}

fn schedule(options: &SetImport) -> Value {
    let when = match (options.every, options.at) {
        (Some(every), _) => json!({"every": every.to_string()}),
        (None, at) => json!({"at": at, "timeZone": options.time_zone}),
    };
    json!({
        "file": options.file,
        "when": when,
        "leavers": {"number": options.max_leavers, "percent": options.max_leavers_percent},
        "settle": options.settle.to_string(),
    })
}

/// What is imported when, and what came of it.
fn shown(answer: Value) -> Answer {
    let schedule = &answer["schedule"];
    let folder = text(&answer, "folder");
    if schedule.is_null() {
        let words = format!("no file is imported by itself; one would be read from {folder}");
        return Answer::done(answer, words);
    }
    let when = match &schedule["when"]["every"] {
        Value::String(every) => format!("every {every}"),
        _ => format!("daily at {} ({})", text(&schedule["when"], "at"), text(&schedule["when"], "timeZone")),
    };
    let leavers = &schedule["leavers"];
    let mut words = format!(
        "file     {} in {folder}\nwhen     {when}\nleavers  at most {} and {} % at once\nnext     {}\n",
        text(schedule, "file"),
        plain(&leavers["number"]),
        plain(&leavers["percent"]),
        moment(&answer, "next")
    );
    if !answer["last"].is_null() {
        let _ = writeln!(words, "last     {}", ended(&answer["last"]));
    }
    if !answer["unchanged"].is_null() {
        let _ = writeln!(words, "         {} the file was the same still", moment(&answer, "unchanged"));
    }
    Answer::done(answer, words)
}

fn ended(run: &Value) -> String {
    let words = format!("{} {}: {}", moment(run, "ended"), text(run, "outcome"), text(run, "message"));
    if run["outcome"] == "held" {
        let held = plain(&run["held"]);
        return format!(
            "{words}\nhint: if the file is right, `provost user import-schedule run --allow-leavers {held}`"
        );
    }
    words
}
