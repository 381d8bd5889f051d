//! What a command answers: a document for scripts, a text for people, an exit status.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

/// The exit status of a command that failed.
pub const FAILED: u8 = 1;
/// The exit status of a command that a safety limit refused.
pub const REFUSED: u8 = 3;

/// The hint of a failure that nobody could have caused.
pub const UNFORESEEN: &str =
    "run the command again; if it fails again, this is an error of Provost: report it with these words";

/// What a command has to say.
pub struct Answer {
    /// For `--json`.
    pub json: Value,
    /// For people; printed as it is.
    pub text: String,
    /// The exit status.
    pub status: u8,
}

impl Answer {
    /// A command that did what it was asked to.
    pub fn done(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), status: 0 }
    }

    /// A command that has printed everything itself.
    pub fn silent() -> Self {
        Self::done(Value::Null, "")
    }

    /// The same answer with another exit status.
    #[must_use]
    pub fn with_status(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    /// Prints it to standard output.
    pub fn print(self, json: bool) -> ExitCode {
        if json {
            if !self.json.is_null() {
                print_line(&self.json.to_string());
            }
        } else if !self.text.is_empty() {
            print_line(self.text.trim_end_matches('\n'));
        }
        ExitCode::from(self.status)
    }
}

/// A reader that went away (`provost ... | head`) is no reason to panic, as `println!` would.
fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Why a command failed, and what to do about it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Stable, for scripts.
    pub code: String,
    /// What happened, to which object.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The exit status.
    pub status: u8,
}

impl Failure {
    /// A failure: its code, what happened to which object, and what to do about it.
    pub fn new(code: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), hint: hint.into(), status: FAILED }
    }

    /// The same failure as wrong usage.
    #[must_use]
    pub fn usage(mut self) -> Self {
        self.status = 2;
        self
    }

    /// Wrong usage, from the text that the parser of the arguments has for people: what is wrong in its first
    /// paragraph, then how it is done right.
    pub fn wrong_usage(text: &str) -> Self {
        let mut paragraphs = text.trim().split("\n\n").map(|it| {
            let words: Vec<&str> = it.split_whitespace().collect();
            words.join(" ")
        });
        let first = paragraphs.next().unwrap_or_default();
        let message = first.strip_prefix("error: ").unwrap_or(&first);
        let rest: Vec<String> = paragraphs.filter(|it| !it.starts_with("For more information")).collect();
        let hint =
            if rest.is_empty() { "--help tells what the command takes".to_owned() } else { rest.join("; ") };
        Self::new("Usage", message, hint).usage()
    }

    /// Prints it: a document to standard output with `--json`, else words to standard error.
    pub fn print(&self, json: bool) -> ExitCode {
        if json {
            let document = json!({"error": {"code": self.code, "message": self.message, "hint": self.hint}});
            print_line(&document.to_string());
        } else {
            // Like `print_line`: nobody may be there to read it.
            let _ = writeln!(std::io::stderr().lock(), "error: {}\nhint: {}", self.message, self.hint);
        }
        ExitCode::from(self.status)
    }
}

/// Words that may repeat what a stranger sent, which must not speak to the terminal.
fn printable(words: &str) -> String {
    words.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// A table for people.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_header(header);
    let mut count = 0_usize;
    for row in rows {
        table.add_row(row.map(|cell| printable(&cell)));
        count += 1;
    }
    if count == 0 {
        return "none".to_owned();
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The most letters of a cell of a table that people are to read in one line.
const CELL: usize = 100;

/// Parts of a cell, as many as fit; the others are counted.
pub fn listed(parts: &[String]) -> String {
    let mut length = 0;
    let fits = |part: &&String| {
        length += part.chars().count() + 2;
        length <= CELL
    };
    let shown: Vec<&str> = parts.iter().take_while(fits).map(String::as_str).collect();
    match (shown.len(), parts.len() - shown.len()) {
        (_, 0) => shown.join(", "),
        (0, _) => cut(&parts.join(", ")),
        (_, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The beginning of a text that is longer than a cell.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A number with what it counts: "1 change", "2 changes".
pub fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The text of a member of a document, for tables: strings as they are, nothing for null.
pub fn text(value: &Value, member: &str) -> String {
    plain(&value[member])
}

/// A value as people read it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A moment to the second, as tables show it.
pub fn moment(value: &Value, member: &str) -> String {
    let text = text(value, member);
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// One object as lines of name and value, nested ones indented. What has no value, and what is OData's, is left out.
pub fn sheet(value: &Value) -> String {
    let mut out = String::new();
    lines(value, 0, &mut out);
    out
}

fn lines(value: &Value, depth: usize, out: &mut String) {
    let Value::Object(members) = value else {
        let _ = writeln!(out, "{:indent$}{}", "", plain(value), indent = depth * 2);
        return;
    };
    for (name, value) in members {
        match value {
            _ if name.starts_with("@odata.") || plain(value).is_empty() => {}
            Value::Object(_) => {
                let _ = writeln!(out, "{:indent$}{name}:", "", indent = depth * 2);
                lines(value, depth + 1, out);
            }
            Value::Array(values) if values.iter().any(Value::is_object) => {
                let _ = writeln!(out, "{:indent$}{name}:", "", indent = depth * 2);
                for value in values {
                    lines(value, depth + 1, out);
                    out.push('\n');
                }
            }
            other => {
                let _ = writeln!(out, "{:indent$}{name}: {}", "", plain(other), indent = depth * 2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_read_in_one_line() {
        let names = |number: usize| vec!["displayName".to_owned(); number];
        assert_eq!(listed(&names(2)), "displayName, displayName");
        let many = listed(&names(20));
        assert!(many.ends_with("displayName and 13 more") && many.chars().count() < CELL + 20, "{many}");
        let long = listed(&["é".repeat(300), "x".to_owned()]);
        assert_eq!(long, format!("{}...", "é".repeat(CELL)));
        assert_eq!(
            (counted(1, "change"), counted(0, "change")),
            ("1 change".to_owned(), "0 changes".to_owned())
        );
    }
}
