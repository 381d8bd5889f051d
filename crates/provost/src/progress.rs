//! What is shown while something takes long: a cycle's progress, from the server's events; that an import runs.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use serde_json::Value;

use crate::answer::Failure;
use crate::client::Client;

/// The longest event that is read: a cycle report has a few hundred bytes.
const EVENT_BYTES: usize = 1 << 20;

/// Follows a job's cycle to its end and returns its report. On a terminal a bar on standard error shows objects done
/// of total, rate and time left.
pub async fn follow(client: &Client, job: &str) -> Result<Value, Failure> {
    let path = format!("/provost/v1/jobs/{job}/progress");
    let bar = spinner("the cycle starts".to_owned());
    let mut failures = 0;
    loop {
        match stream(client, &path, &bar).await {
            Ok(Some(report)) => {
                bar.finish_and_clear();
                return Ok(report);
            }
            // The connection ended before the cycle: ask again where it is.
            Ok(None) if failures < 5 => failures += 1,
            Ok(None) => {
                bar.abandon();
                return Err(Failure::new(
                    "NoProgress",
                    "the server ends its progress reports early",
                    "see `provost job status` for how far the cycle is",
                ));
            }
            Err(failure) => {
                bar.abandon();
                return Err(failure);
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn stream(client: &Client, path: &str, bar: &ProgressBar) -> Result<Option<Value>, Failure> {
    let mut response = client.events(path).await?;
    let mut buffer = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        buffer.extend_from_slice(&chunk);
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            let Some(report) = data(&line) else { continue };
            show(bar, report["total"].as_u64().unwrap_or(0), report["done"].as_u64().unwrap_or(0));
            if report["status"] != "running" && !report["cycleId"].is_null() {
                return Ok(Some(report));
            }
        }
        if buffer.len() > EVENT_BYTES {
            return Err(Failure::new(
                "NotProvost",
                "the server sent an event that is no progress report",
                "check that the address is a Provost server's, of the version of this command",
            ));
        }
    }
    Ok(None)
}

/// The document in a `data:` line.
fn data(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line.strip_prefix(b"data:")?).ok()
}

/// Waits for an answer that tells nothing on its way. On a terminal it is shown that something happens, and for how
/// long.
pub async fn wait<T>(words: String, work: impl Future<Output = T>) -> T {
    let bar = spinner(words);
    let done = work.await;
    bar.finish_and_clear();
    done
}

/// Something happens, of which no more is known; hidden where standard error is no terminal.
fn spinner(words: String) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length().with_message(words);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed} so far") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Shows how far it is; before it is known how much there is to do, only that it runs.
fn show(bar: &ProgressBar, total: u64, done: u64) {
    if total == 0 || bar.is_hidden() {
        return;
    }
    if bar.length().is_none() {
        bar.set_style(counting());
    }
    bar.set_length(total);
    bar.set_position(done);
}

/// Objects done of total, rate, time left.
fn counting() -> ProgressStyle {
    let template = "{bar:40} {human_pos} of {human_len} objects, {rate}, {eta} left, {elapsed} so far";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{:.0} a second", state.per_sec());
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_lines_are_read() {
        assert_eq!(data(b"data: {\"done\":1}\n"), Some(serde_json::json!({"done": 1})));
        assert_eq!(data(b": a comment\n"), None);
        assert_eq!(data(b"event: progress\n"), None);
    }
}
