//! What the commands on users and groups share.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::answer::{Answer, FAILED, Failure, REFUSED, plain};
use crate::client::Client;
use crate::progress;

/// Rows of a report shown to people; the rest is counted.
const SHOWN: usize = 20;

/// Sends a file to be imported, and waits for the report.
pub async fn send(client: &Client, path: &str, file: &Path, body: Vec<u8>) -> Result<Value, Failure> {
    progress::wait(format!("importing {}", file.display()), client.post_csv(path, body)).await
}

/// The report of an import. Rows that could not be read make the command fail, though the others are imported; users
/// whom the guard of a snapshot keeps make it end as refused.
pub fn imported(report: Value, what: &str, dry_run: bool) -> Answer {
    let count = |name: &str| report[name].as_u64().unwrap_or(0);
    let mut shown = format!("{what}{}: ", if dry_run { " (dry run, nothing is written)" } else { "" });
    let words = [
        ("created", "created"),
        ("updated", "updated"),
        ("unchanged", "unchanged"),
        ("deleted", "moved to the recycle bin"),
        ("membersAdded", "members added"),
        ("failed", "failed"),
    ];
    let counts: Vec<String> = words
        .into_iter()
        .filter(|(name, _)| report[*name].is_number())
        .map(|(name, words)| format!("{} {words}", count(name)))
        .collect();
    let _ = writeln!(shown, "{}", counts.join(", "));
    let ignored = plain(&report["ignoredColumns"]);
    if !ignored.is_empty() {
        let _ = writeln!(shown, "columns that mean nothing here: {ignored}");
    }
    let failed = count("failed");
    if failed > 0 {
        failures(&report, dry_run, &mut shown);
    }
    let held = count("held");
    if held > 0 {
        let _ = writeln!(shown, "{held} users are not in the file and stay all the same");
        shown.push_str(if failed > 0 {
            "hint: nobody is removed while rows cannot be read\n"
        } else {
            "hint: they are too many for one snapshot; look who they are (--dry-run --json), and if the file is right \
             let as many go with --allow-leavers\n"
        });
    }
    let status = match (failed, held) {
        (0, 0) => 0,
        (0, _) => REFUSED,
        _ => FAILED,
    };
    Answer { json: report, text: shown, status }
}

fn failures(report: &Value, dry_run: bool, shown: &mut String) {
    let errors = report["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    for error in errors.iter().take(SHOWN) {
        let column = plain(&error["column"]);
        let place = if column.is_empty() { String::new() } else { format!(", column {column}") };
        let _ = writeln!(shown, "line {}{place}: {}", plain(&error["line"]), plain(&error["reason"]));
    }
    if errors.len() > SHOWN {
        let _ = writeln!(shown, "... and {} more rows; --json names them", errors.len() - SHOWN);
    }
    shown.push_str(if dry_run {
        "hint: correct the rows; an import would leave them out\n"
    } else if report["imported"] == false {
        "hint: nothing was imported; correct the rows and import the file again\n"
    } else {
        "hint: the other rows are imported; correct these and import the file again, rows that are the same do nothing\n"
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_exit_status_says_how_an_import_ended() {
        let status = |failed: u64, held: u64| {
            let report =
                json!({"created": 1, "failed": failed, "held": held, "imported": true, "errors": []});
            imported(report, "users", false).status
        };
        assert_eq!([status(0, 0), status(2, 0), status(0, 3), status(2, 3)], [0, 1, 3, 1]);
    }
}
