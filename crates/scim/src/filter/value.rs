//! Literals typed by the attribute they are compared with, and the comparison of one JSON value.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::Op;
use crate::fold;

/// A literal ready for comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// Compared without regard to case; folded.
    Folded(String),
    /// Compared as it is; in NFC.
    Exact(String),
    Bool(bool),
    Number(Num),
    Instant(Timestamp),
    Binary(Vec<u8>),
}

/// A number that stays exact while it is whole.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Num {
    Whole(i128),
    Fraction(f64),
}

impl Num {
    pub(crate) fn of(number: &serde_json::Number) -> Self {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        whole.map_or_else(|| Self::Fraction(number.as_f64().unwrap_or(f64::NAN)), Self::Whole)
    }

    #[expect(clippy::cast_precision_loss, reason = "a fraction is compared as a double, as JSON has it")]
    fn as_f64(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Fraction(value) => value,
        }
    }

    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }
}

/// Reads a number, also one sent as a string.
pub(crate) fn number(value: &Value) -> Option<serde_json::Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => serde_json::from_str(text.trim()).ok(),
        _ => None,
    }
}

/// Reads a boolean, also one sent as a string.
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => boolean_word(text),
        _ => None,
    }
}

pub(crate) fn boolean_word(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// Reads an xsd:dateTime; one without an offset is taken as UTC.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    // The shape first: jiff also reads forms that xsd does not have.
    let bytes = text.as_bytes();
    let shaped =
        bytes.len() >= 19 && bytes[4] == b'-' && bytes[7] == b'-' && matches!(bytes[10], b'T' | b't');
    if !shaped || text.contains('[') {
        return None;
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    let zoneless: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(zoneless).ok()
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Reads base64 of either alphabet, with or without padding and line breaks.
pub(crate) fn binary(text: &str) -> Option<Vec<u8>> {
    let clean: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    GeneralPurpose::new(&alphabet::STANDARD, LENIENT).decode(clean).ok()
}

impl Operand {
    /// Compares one JSON value; a value of another type does not match (and is not equal).
    pub(super) fn test(&self, op: Op, value: &Value) -> bool {
        match self {
            Self::Folded(operand) => value.as_str().is_some_and(|text| folded(op, text, operand)),
            Self::Exact(operand) => {
                value.as_str().is_some_and(|text| strings(op, &fold::compose(text), operand))
            }
            Self::Bool(operand) => boolean(value).is_some_and(|value| match op {
                Op::Ne => value != *operand,
                _ => value == *operand,
            }),
            Self::Number(operand) => number(value)
                .and_then(|number| Num::of(&number).compare(*operand))
                .is_some_and(|ordering| ordered(op, ordering)),
            Self::Instant(operand) => {
                value.as_str().and_then(instant).is_some_and(|instant| ordered(op, instant.cmp(operand)))
            }
            Self::Binary(operand) => {
                value.as_str().and_then(binary).is_some_and(|bytes| ordered(op, bytes.cmp(operand)))
            }
        }
    }
}

fn ordered(op: Op, ordering: Ordering) -> bool {
    match op {
        Op::Eq => ordering.is_eq(),
        Op::Ne => ordering.is_ne(),
        Op::Gt => ordering.is_gt(),
        Op::Ge => ordering.is_ge(),
        Op::Lt => ordering.is_lt(),
        Op::Le => ordering.is_le(),
        Op::Co | Op::Sw | Op::Ew => false,
    }
}

fn strings(op: Op, text: &str, operand: &str) -> bool {
    match op {
        Op::Co => memchr::memmem::find(text.as_bytes(), operand.as_bytes()).is_some(),
        Op::Sw => text.starts_with(operand),
        Op::Ew => text.ends_with(operand),
        _ => ordered(op, text.cmp(operand)),
    }
}

/// The common cases of ASCII do not allocate.
fn folded(op: Op, text: &str, operand: &str) -> bool {
    if text.is_ascii() {
        let bytes = text.as_bytes();
        let key = operand.as_bytes();
        match op {
            Op::Eq => return bytes.eq_ignore_ascii_case(key),
            Op::Ne => return !bytes.eq_ignore_ascii_case(key),
            Op::Sw => return bytes.get(..key.len()).is_some_and(|head| head.eq_ignore_ascii_case(key)),
            Op::Ew => {
                let tail = bytes.len().checked_sub(key.len()).map(|from| &bytes[from..]);
                return tail.is_some_and(|tail| tail.eq_ignore_ascii_case(key));
            }
            _ => {}
        }
    }
    strings(op, &fold::fold_key(text), operand)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_and_without_offset() {
        let utc = instant("2026-11-24T00:00:00Z").unwrap();
        assert_eq!(instant("2026-11-24T01:00:00+01:00"), Some(utc));
        assert_eq!(instant("2026-11-24T00:00:00.000"), Some(utc));
        for text in [
            "",
            "2026-11-24",
            "2026-11-24 00:00:00Z",
            "yesterday",
            "2026-13-24T00:00:00Z",
            "20261124T000000Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn base64_is_read_in_either_alphabet() {
        assert_eq!(binary("-_8="), Some(vec![0xfb, 0xff]));
        assert_eq!(binary("+/8"), Some(vec![0xfb, 0xff]));
        assert_eq!(binary("?"), None);
    }

    #[test]
    fn whole_numbers_stay_exact() {
        let big = Num::Whole(i128::from(u64::MAX));
        assert_eq!(big.compare(Num::Whole(i128::from(u64::MAX) - 1)), Some(Ordering::Greater));
        assert_eq!(Num::Whole(2).compare(Num::Fraction(2.0)), Some(Ordering::Equal));
    }
}
