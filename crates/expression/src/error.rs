//! Errors that point into the expression, and their rendering with a caret.

use serde::Serialize;
use std::fmt::Write as _;

/// A range of bytes of the expression's text, on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

/// Why a text is not a valid expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("line {line}, column {column}: {message}{}", .hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default())]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// Line of the error, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The part of the text that is wrong.
    pub span: Span,
    /// What to do about it, where that can be told.
    pub hint: Option<String>,
}

impl Error {
    pub(crate) fn new(source: &str, span: Span, message: impl Into<String>) -> Self {
        let place = Place::of(source, span);
        Self { message: message.into(), line: place.line, column: place.column, span, hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error as a compiler shows it: the line of `source` and a caret under the place. `source` is the
    /// text that was parsed.
    pub fn render(&self, source: &str) -> String {
        render(source, self.span, &self.message, self.hint.as_deref())
    }
}

/// Why an expression has no value for one object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{function}: {message}")]
pub struct EvalError {
    /// The function that failed.
    pub function: &'static str,
    /// What is wrong with its arguments and what to do about it.
    pub message: String,
    /// Where the expression calls the function.
    pub span: Span,
}

impl EvalError {
    /// The error with the line of the expression and a caret under the failing call.
    pub fn render(&self, source: &str) -> String {
        render(source, self.span, &self.to_string(), None)
    }
}

/// Where a span starts, for people.
struct Place<'a> {
    line: usize,
    column: usize,
    /// The whole line, without its end.
    text: &'a str,
    /// Length in characters of the part of the span on this line, at least 1.
    width: usize,
}

impl<'a> Place<'a> {
    fn of(source: &'a str, span: Span) -> Self {
        // A span of another text must not bring rendering down.
        let start = floor(source, span.start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let end = floor(source, span.end).clamp(start, line_end);
        Self {
            line: source[..start].matches('\n').count() + 1,
            column: source[line_start..start].chars().count() + 1,
            text: source[line_start..line_end].trim_end_matches('\r'),
            width: source[start..end].chars().count().max(1),
        }
    }
}

fn floor(source: &str, offset: usize) -> usize {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Characters shown before and after the start of the error when a line is long.
const CONTEXT: usize = 60;

fn render(source: &str, span: Span, message: &str, hint: Option<&str>) -> String {
    let place = Place::of(source, span);
    let before = place.column - 1;
    let skipped = before.saturating_sub(CONTEXT);
    let shown: String = place
        .text
        .chars()
        .skip(skipped)
        .take(2 * CONTEXT)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let cut = place.text.chars().nth(skipped + 2 * CONTEXT).is_some();
    let (opening, closing) = (if skipped > 0 { "…" } else { "" }, if cut { "…" } else { "" });
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let pad = " ".repeat(before - skipped + usize::from(skipped > 0));
    let carets = "^".repeat(place.width.min(2 * CONTEXT - (before - skipped)));
    let mut text = format!(
        "error: {message}\n{margin}--> {}:{}\n{margin} |\n{number} | {opening}{shown}{closing}\n{margin} | {pad}{carets}\n",
        place.line, place.column,
    );
    if let Some(hint) = hint {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{margin} = help: {hint}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    #[test]
    fn points_at_the_place() {
        let source = "Join(\"ü\",\n\t[a], Uper([b]))";
        let start = source.find("Uper").unwrap();
        let error =
            Error::new(source, span(start, start + 4), "no such function").with_hint("did you mean ToUpper?");
        assert_eq!((error.line, error.column), (2, 7));
        assert_eq!(
            error.render(source),
            "error: no such function\n --> 2:7\n  |\n2 |  [a], Uper([b]))\n  |       ^^^^\n  = help: did you mean ToUpper?\n"
        );
        assert_eq!(error.to_string(), "line 2, column 7: no such function (did you mean ToUpper?)");
    }

    #[test]
    fn cuts_long_lines() {
        let source = format!("{}!{}", "a".repeat(500), "b".repeat(500));
        let text = Error::new(&source, span(500, 501), "here").render(&source);
        let lines: Vec<&str> = text.lines().collect();
        let caret = lines[4].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[3].chars().nth(caret), Some('!'));
        assert!(lines[3].chars().count() < 140);
    }

    #[test]
    fn survives_a_foreign_text() {
        let error = Error::new("Join()", span(4, 6), "x");
        assert!(error.render("ü").contains('^'));
        assert!(error.render("").contains('^'));
        assert!(error.render("äää").contains('^'));
    }
}
