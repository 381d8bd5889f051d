//! What an import could not carry over: where it stands, and why.

use std::fmt::Write as _;

use serde::Serialize;

/// Longest place that is told, in characters.
const LONGEST: usize = 160;

/// A part of a schema that has no place in a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Note {
    /// Where the first part of its kind stands, e.g. `synchronizationRules[0].metadata`.
    pub path: String,
    /// Why it is not carried over.
    pub reason: &'static str,
    /// How many more there are that are not carried over for the same reason.
    pub further: usize,
}

/// The parts that were not carried over, by reason: as many as there are reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    /// Notes a part.
    pub fn add(&mut self, path: &str, reason: &'static str) {
        if let Some(note) = self.0.iter_mut().find(|note| note.reason == reason) {
            note.further += 1;
        } else {
            let path = path.chars().take(LONGEST).collect();
            self.0.push(Note { path, reason, further: 0 });
        }
    }

    /// The notes as JSON in ASCII, for a header; `None` where everything was carried over.
    pub fn to_header(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let text = serde_json::to_string(&self.0).unwrap_or_default();
        let mut ascii = String::with_capacity(text.len());
        for letter in text.chars() {
            if matches!(letter, ' '..='~') {
                ascii.push(letter);
            } else {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    // Writing to a string cannot fail.
                    let _ = write!(ascii, "\\u{unit:04x}");
                }
            }
        }
        Some(ascii)
    }

    #[cfg(test)]
    pub fn all(&self) -> &[Note] {
        &self.0
    }
}
