//! Replacements: `$1`, `${name}` and the other substitutions of .NET.

use super::Pattern;
use fancy_regex::Captures;

/// A replacement, taken apart for one pattern.
pub(crate) struct Substitution<'a> {
    parts: Vec<Part<'a>>,
}

enum Part<'a> {
    Text(&'a str),
    Group(usize),
    Before,
    Behind,
    LastGroup,
    Whole,
}

impl<'a> Substitution<'a> {
    /// Reads a replacement. What refers to no group of the pattern is text, as in .NET.
    pub(crate) fn new(text: &'a str, pattern: &Pattern) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            parts.push(Part::Text(&rest[..at]));
            let (part, length) = reference(&rest[at..], pattern);
            parts.push(part);
            rest = &rest[at + length..];
        }
        parts.push(Part::Text(rest));
        Self { parts }
    }

    /// Appends the replacement of one match.
    pub(crate) fn write(&self, out: &mut String, text: &str, captures: &Captures<'_, str>) {
        let whole = captures.get(0).map_or(0..0, |found| found.range());
        let group = |index: usize| captures.get(index).map_or("", |found| found.as_str());
        for part in &self.parts {
            out.push_str(match part {
                Part::Text(text) => text,
                Part::Group(index) => group(*index),
                Part::Before => &text[..whole.start],
                Part::Behind => &text[whole.end..],
                Part::LastGroup => group(captures.len().saturating_sub(1)),
                Part::Whole => text,
            });
        }
    }
}

/// What a dollar sign introduces, and how long it is.
fn reference<'a>(rest: &'a str, pattern: &Pattern) -> (Part<'a>, usize) {
    let bytes = rest.as_bytes();
    match bytes.get(1) {
        Some(b'$') => (Part::Text("$"), 2),
        Some(b'&') => (Part::Group(0), 2),
        Some(b'`') => (Part::Before, 2),
        Some(b'\'') => (Part::Behind, 2),
        Some(b'+') => (Part::LastGroup, 2),
        Some(b'_') => (Part::Whole, 2),
        Some(b'{') => {
            let closed = rest.find('}').and_then(|end| Some((pattern.group(&rest[2..end])?, end + 1)));
            match closed {
                Some((index, length)) => (Part::Group(index), length),
                None => (Part::Text(&rest[..1]), 1),
            }
        }
        // All digits make the number, so `$1x` is group 1 and an x, and `$12` is not group 1 and a 2.
        Some(b'0'..=b'9') => {
            let length = 1 + bytes[1..].iter().take_while(|digit| digit.is_ascii_digit()).count();
            match pattern.group(&rest[1..length]) {
                Some(index) => (Part::Group(index), length),
                None => (Part::Text(&rest[..length]), length),
            }
        }
        _ => (Part::Text(&rest[..1]), 1),
    }
}
