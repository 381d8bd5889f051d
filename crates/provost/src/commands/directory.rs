//! What the commands on users and groups share.

use std::fmt::Write as _;

use serde_json::Value;

use crate::answer::{Answer, FAILED, plain};

/// Rows of a report shown to people; the rest is counted.
const SHOWN: usize = 20;

/// The report of an import. Rows that could not be read make the command fail, though the others are imported.
pub fn imported(report: Value, what: &str) -> Answer {
    let errors = report["errors"].as_array().cloned().unwrap_or_default();
    let mut shown = String::new();
    let mut counts = Vec::new();
    if let Some(members) = report.as_object() {
        for (name, value) in members.iter().filter(|(_, value)| value.is_number()) {
            counts.push(format!("{} {name}", plain(value)));
        }
    }
    let _ = writeln!(shown, "{what}: {}", counts.join(", "));
    for error in errors.iter().take(SHOWN) {
        let column = plain(&error["column"]);
        let place = if column.is_empty() { String::new() } else { format!(", column {column}") };
        let _ = writeln!(shown, "line {}{place}: {}", plain(&error["line"]), plain(&error["reason"]));
    }
    if errors.len() > SHOWN {
        let _ = writeln!(shown, "... and {} more rows", errors.len() - SHOWN);
    }
    let status = if errors.is_empty() {
        0
    } else {
        let atomic = report["atomic"] == true || report["imported"] == false;
        shown.push_str(if atomic {
            "hint: nothing was imported; correct the rows and import the file again\n"
        } else {
            "hint: the other rows are imported; correct these and import the file again, rows that are the same do nothing\n"
        });
        FAILED
    };
    Answer { json: report, text: shown, status }
}
