//! Bits, encodings and chance.

use super::Kind::{Integer, Text};
use super::{Function, Signature, optional, required};
use crate::evaluate::{Arguments, Halt};
use crate::value::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        signature: Signature {
            name: "BitAnd",
            parameters: &[required("value1", Integer), required("value2", Integer)],
            repeating: 0,
            summary: "The bits that both numbers have. An absent number gives null.",
            example: "BitAnd([extensionAttribute1], &H2)",
        },
        call: |args| {
            let (first, second) = (args.optional_integer(0)?, args.optional_integer(1)?);
            Ok(first.zip(second).map(|(first, second)| first & second).into())
        },
    },
    Function {
        signature: Signature {
            name: "ConvertToBase64",
            parameters: &[required("source", Text)],
            repeating: 0,
            summary: "The source as UTF-16, low bytes first, in base 64.",
            example: r#"ConvertToBase64("Hello world!")"#,
        },
        call: |args| {
            let source = args.text(0)?;
            Ok(source
                .map(|text| {
                    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                    STANDARD.encode(bytes)
                })
                .into())
        },
    },
    Function {
        signature: Signature {
            name: "ConvertToUTF8Hex",
            parameters: &[required("source", Text)],
            repeating: 0,
            summary: "The source as UTF-8, two hexadecimal digits for each byte.",
            example: r#"ConvertToUTF8Hex("Hello world!")"#,
        },
        call: |args| {
            let source = args.text(0)?;
            Ok(source
                .map(|text| {
                    let mut hex = String::with_capacity(2 * text.len());
                    for byte in text.bytes() {
                        // Writing to a string cannot fail.
                        let _ = write!(hex, "{byte:02X}");
                    }
                    hex
                })
                .into())
        },
    },
    Function {
        signature: Signature {
            name: "Guid",
            parameters: &[],
            repeating: 0,
            summary: "A new random GUID.",
            example: "Guid()",
        },
        call: |args| Ok(guid(args)),
    },
    Function {
        signature: Signature {
            name: "RandomString",
            parameters: &[
                required("length", Integer),
                required("minimumNumbers", Integer),
                required("minimumSpecialCharacters", Integer),
                required("minimumCapital", Integer),
                required("minimumLowerCase", Integer),
                optional("charactersToAvoid", Text),
            ],
            repeating: 0,
            summary: "A random text of 1 to 256 characters with at least as many digits, special characters, capital and \
                      small letters as are asked for; the others are letters and digits.",
            example: r#"Redact(RandomString(16, 2, 2, 2, 2, "?,"))"#,
        },
        call: random_string,
    },
];

fn guid(args: &Arguments<'_>) -> Value {
    let mut bytes = [0; 16];
    args.fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut guid = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            guid.push('-');
        }
        // Writing to a string cannot fail.
        let _ = write!(guid, "{byte:02x}");
    }
    Value::from(guid)
}

const LONGEST: i64 = 256;
const DIGITS: &str = "0123456789";
const SPECIAL: &str = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";

/// Why these numbers make no random text.
pub(crate) fn refuse_random(length: i64, minima: [i64; 4]) -> Result<(), &'static str> {
    if !(1..=LONGEST).contains(&length) {
        return Err("the length must be between 1 and 256");
    }
    if minima.iter().any(|minimum| *minimum < 0) {
        return Err("the numbers of characters must not be negative");
    }
    if minima.iter().fold(0_i64, |sum, minimum| sum.saturating_add(*minimum)) > length {
        return Err("more characters are asked for than the length allows");
    }
    Ok(())
}

fn random_string(args: &Arguments<'_>) -> Result<Value, Halt> {
    let length = args.integer(0)?;
    let minima = [args.integer(1)?, args.integer(2)?, args.integer(3)?, args.integer(4)?];
    refuse_random(length, minima).map_err(|error| args.error(error))?;
    let avoided = args.text(5)?.unwrap_or_default();
    let allowed = |set: &str| -> Vec<char> { set.chars().filter(|c| !avoided.contains(*c)).collect() };
    let mut text: Vec<char> = Vec::new();
    for (set, minimum) in [DIGITS, SPECIAL, CAPITALS, SMALL].into_iter().zip(minima) {
        let set = allowed(set);
        if set.is_empty() && minimum > 0 {
            return Err(args.fault(5, "leaves no character of a kind that is asked for"));
        }
        text.extend((0..minimum).map(|_| set[below(args, set.len())]));
    }
    let others = allowed(&[DIGITS, CAPITALS, SMALL].concat());
    while i64::try_from(text.len()).is_ok_and(|count| count < length) {
        if others.is_empty() {
            return Err(args.fault(5, "leaves no letter or digit to fill the text with"));
        }
        text.push(others[below(args, others.len())]);
    }
    for last in (1..text.len()).rev() {
        text.swap(last, below(args, last + 1));
    }
    Ok(Value::from(text.into_iter().collect::<String>()))
}

/// A random number below `bound`, each with the same chance. `bound` is 256 at most.
fn below(args: &Arguments<'_>, bound: usize) -> usize {
    // Bytes beyond the last multiple of the bound would favour small numbers.
    let fair = 256 - 256 % bound.clamp(1, 256);
    loop {
        let mut byte = [0];
        args.fill(&mut byte);
        if usize::from(byte[0]) < fair {
            return usize::from(byte[0]) % bound.max(1);
        }
    }
}
