//! Regular expressions with the syntax of .NET and a bound on what matching may cost.

mod class;
mod substitution;
mod translate;

pub(crate) use substitution::Substitution;

use fancy_regex::{Captures, Error, Regex, RegexBuilder, RuntimeError};
use std::ops::ControlFlow;
use translate::Groups;

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 10_000;
/// The longest text that is searched, in bytes.
const MAX_TEXT: usize = 1 << 16;
/// How many matches are looked for in one text.
const MAX_MATCHES: usize = 10_000;
/// How often the search for one match may go back and try another way.
const BACKTRACK_LIMIT: usize = 100_000;
/// Bytes that a part of a compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    groups: Groups,
}

impl Pattern {
    /// Compiles a pattern, or says what is wrong with it.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > MAX_PATTERN {
            return Err(format!("the pattern is longer than {MAX_PATTERN} bytes"));
        }
        let translated = translate::translate(text)?;
        let regex = RegexBuilder::new(&translated.pattern)
            .backtrack_limit(BACKTRACK_LIMIT)
            .delegate_size_limit(SIZE_LIMIT)
            .delegate_dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|error| describe(&error))?;
        Ok(Self { regex, groups: translated.groups })
    }

    /// The engine's number of a group, by its name or .NET's number.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        self.groups.find(name)
    }

    /// The names of the named groups.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.names.iter().map(|(name, _)| name.as_str())
    }

    /// Calls `found` for each match, from left to right, until it breaks off. As in .NET, an empty match can follow
    /// directly on another one.
    pub(crate) fn each_match(
        &self,
        text: &str,
        mut found: impl FnMut(&Captures<'_, str>) -> ControlFlow<()>,
    ) -> Result<(), String> {
        if text.len() > MAX_TEXT {
            return Err(format!("the text is longer than {MAX_TEXT} bytes, too long to search by a pattern"));
        }
        let mut from = 0;
        for _ in 0..MAX_MATCHES {
            let captures = self.regex.captures_from_pos(text, from).map_err(|error| describe(&error))?;
            let Some(captures) = captures else { return Ok(()) };
            let range = captures.get(0).map_or(0..0, |found| found.range());
            if found(&captures).is_break() {
                return Ok(());
            }
            from = range.end;
            if range.is_empty() {
                match text[range.end..].chars().next() {
                    Some(letter) => from += letter.len_utf8(),
                    None => return Ok(()),
                }
            }
        }
        Err(format!("the pattern matches more than {MAX_MATCHES} times"))
    }
}

/// An error of the engine; the pattern it saw is not the one that was written, so places in it say nothing.
fn describe(error: &Error) -> String {
    match error {
        Error::RuntimeError(RuntimeError::BacktrackLimitExceeded) => {
            "the pattern takes too many tries to match; repetitions within repetitions like (a+)+ do that"
                .to_owned()
        }
        Error::RuntimeError(_) => "the pattern takes too much memory to match".to_owned(),
        Error::CompileError(_) => {
            "the pattern is too large, or what it looks behind for is of no bounded kind".to_owned()
        }
        _ => "the pattern cannot be matched here".to_owned(),
    }
}

#[cfg(test)]
mod tests;
